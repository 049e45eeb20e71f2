"""LLVM IR -> object code that a process has compiled before: a directory of files, by content.

A file is named after everything that its object code follows from: the text of the module, how LLVM
was asked, LLVM itself and the processor. So an entry is never stale, and processes that share the
directory need no lock: two that write the same file write the same bytes, each to a file of its
own, which then takes the name in one step. A file holds the digest of its name and content; one
that is damaged, cut short, another's or not ours is passed over, and written anew. Nothing is
executed before its digest and owner are known, nothing unpickled at all. No file is synced: what a
crash leaves has another digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from numba.misc.appdirs import user_cache_dir

VARIABLE = "JITAD_CACHE_DIR"
"""The environment's variable that names another directory, or is "off"."""

MOST = 512 << 20
"""Bytes that the files have together; the least recently used go first."""

_KEPT = MOST // 8 * 7
"""Bytes that are left when files have gone."""

_LOOK_EVERY = 64
"""One file in so many, by its name, has its writer look at how many bytes there are."""

_DIGEST = 32
"""Bytes of SHA-256, with which a file begins."""

_OF_THIS_PROCESS = re.compile(r"inttoptr \(i64 \d")

log = logging.getLogger("jitad")


class Usage(NamedTuple):
    """What the cache has on disk."""

    path: Path | None
    files: int
    bytes: int


def directory() -> Path | None:
    """Where object code is kept; None where it is not."""
    named = os.environ.get(VARIABLE, "")
    if named.lower() == "off":
        return None
    return Path(named).expanduser() if named else Path(user_cache_dir("jitad", False))


def place(text: str, *further: object) -> Path | None:
    """The file of a module's object code; None where nothing is to be kept.

    Text with an address of this process, as of a callback, is compiled by each.
    """
    where = directory()
    if where is None or _OF_THIS_PROCESS.search(text):
        return None
    name = hashlib.blake2b(text.encode(), digest_size=20)
    name.update(repr(further).encode())
    return where / f"{name.hexdigest()}.o"


def read(path: Path) -> bytes | None:
    """The object code in a file, if all of it is there and is ours."""
    try:
        content = _content(path)
    except OSError:
        return None
    if content is None:
        log.warning("%s belongs to somebody else, or is no file, and is not used", path)
        return None
    image = content[_DIGEST:]
    if content[:_DIGEST] != _digest(path, image):
        log.debug("%s is damaged, and is written anew", path)
        return None
    with contextlib.suppress(OSError):  # read-only: the file then counts as not used
        os.utime(path)
    return image


def _content(path: Path) -> bytes | None:
    """What is in a file; None where it is not ours. A pipe of that name is not waited for."""
    asked = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, os.O_RDONLY | asked)
    stats = os.fstat(descriptor)
    if not stat.S_ISREG(stats.st_mode) or not _is_ours(stats):
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        return file.read()


def _digest(path: Path, image: bytes) -> bytes:
    """What object code under a name begins with: under another it would be another kernel."""
    return hashlib.sha256(path.name.encode() + image).digest()


def write(path: Path, image: bytes) -> None:
    """Keep object code; where that fails, what has been compiled is used all the same."""
    try:
        _prepare(path.parent)
        descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with open(descriptor, "wb") as file:
                file.write(_digest(path, image) + image)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
        if int(path.stem, 16) % _LOOK_EVERY == 0:
            _bound(path.parent)
    except OSError as error:
        log.warning("compiled code cannot be kept in %s: %s", path.parent, error)


def usage() -> Usage:
    """The directory, and what is in it."""
    where = directory()
    files = [] if where is None else [stats.st_size for _, stats in _files(where)]
    return Usage(where, len(files), sum(files))


def clear() -> Usage:
    """Remove the files; what there was."""
    before = usage()
    if before.path is not None:
        for path, _ in _files(before.path):
            path.unlink(missing_ok=True)
    return before


def _prepare(where: Path) -> None:
    """Make the directory, for its owner alone; refuse somebody else's."""
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    stats = os.stat(where)
    if not _is_ours(stats):
        raise PermissionError("it belongs to another user, or others may write to it")


def _is_ours(stats: os.stat_result) -> bool:
    """Whether nobody but its owner, who we are, can write to a file or a directory."""
    if not hasattr(os, "getuid"):
        return True  # Windows: a user's profile is the user's
    return stats.st_uid == os.getuid() and not stats.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _files(where: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files that are ours to remove: object code, and parts that a killed process left."""
    with contextlib.suppress(FileNotFoundError), os.scandir(where) as found:
        for entry in found:
            if entry.name.endswith((".o", ".part")) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _bound(where: Path) -> None:
    """Remove the least recently used files, where all together have more than `MOST` bytes."""
    files = list(_files(where))
    total = sum(stats.st_size for _, stats in files)
    if total <= MOST:
        return
    for path, stats in sorted(files, key=lambda file: file[1].st_mtime):
        path.unlink(missing_ok=True)
        total -= stats.st_size
        if total <= _KEPT:
            return
