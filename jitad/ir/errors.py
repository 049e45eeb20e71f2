"""The errors that users meet, and the user's source line that each of them names."""

from __future__ import annotations

import dis
import functools
import linecache
import os
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import NamedTuple

import numpy as np


class SourceLine(NamedTuple):
    """A line of the user's code: the file's name and the line's number, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}"

    def quote(self) -> str:
        """The line with its place, for an error message."""
        text = linecache.getline(self.file, self.line).strip()
        place = f'File "{self.file}", line {self.line}'
        return f"{place}: {text}" if text else place


def quoted(line: SourceLine | None) -> str:
    """The line as one of a message's; nothing where it is not known."""
    return "" if line is None else f"\n  {line.quote()}"


class JitadError(Exception):
    """Base of all errors of jitad; the message says what happened, where, and what to write."""

    def __init__(self, what: str, *, remedy: str = "", line: SourceLine | None = None) -> None:
        line = line if line is not None else user_line()
        said = f"\n  Remedy: {remedy}" if remedy else ""
        super().__init__(f"{what}{quoted(line)}{said}")
        self.what = what
        self.remedy = remedy
        self.line = line

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.remedy, self.line))


class TraceError(JitadError, TypeError):
    """The function does something with a traced value that cannot be recorded."""


class MissingAttributeError(TraceError, AttributeError):
    """A traced value has no such attribute: `hasattr` says so."""


class ShapeError(JitadError, ValueError):
    """Shapes, axes or dtypes of the operands do not fit."""


class WriteError(TraceError, ShapeError):
    """A write to an array that is an argument, or of which the trace has no memory."""


class OutOfBoundsError(ShapeError, IndexError):
    """An index lies outside of its axis."""


class OutsideError(Exception):
    """The same, where an instruction is run in NumPy that has yet to say where."""


OUTSIDE = (
    "an index of an integer array is out of bounds",
    "bring the indices into range, for example by np.clip",
)
"""What is said of it, and what to write instead."""


class OutOfMemoryError(JitadError, MemoryError):
    """There is no memory for what a kernel must keep."""


class RoomError(JitadError):
    """A list grows to more items than a program has room for: it is compiled with more."""


class DifferentiationError(JitadError, TypeError):
    """What was asked for has no derivative: an integer argument, a non-scalar under grad."""


class LinearAlgebraError(JitadError, np.linalg.LinAlgError):
    """A matrix that a factorisation refuses: singular, not positive definite."""


class NonFiniteError(JitadError, FloatingPointError):
    """While debugging: a value or a derivative became infinite or NaN."""


class CompileError(JitadError, RuntimeError):
    """A tape could not be turned into machine code."""


class ZeroDerivativeWarning(UserWarning):
    """A derivative is exactly 0: what it is by reaches the result only through conditions."""


def _rebuild(kind: type[JitadError], what: str, remedy: str, line: SourceLine | None) -> JitadError:
    return kind(what, remedy=remedy, line=line)


PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_SHOWN = tuple(os.path.join(PACKAGE, name) for name in ("textbook", "data", "__main__.py"))
"""What we wrote as a user would."""

_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_LIBRARIES = tuple(f"{os.sep}{name}{os.sep}" for name in ("numpy", "optree", "scipy", "numba"))
_is_internal: dict[str, bool] = {}
_is_users: dict[str, bool | tuple[CodeType, Callable[[FrameType], SourceLine | None]]] = {}
"""Of each file whether it is the user's, or the code in it that runs the user's, line by line, and
which line a frame of that code is at."""


def is_internal(file: str) -> bool:
    """Whether a file is ours, or that of a library that works on traced values for us."""
    internal = _is_internal.get(file)
    if internal is None:
        own = file.startswith(PACKAGE) and not file.startswith(_SHOWN)
        internal = (
            own
            or file.startswith("<__array_function__")
            or any(f"site-packages{name}" in file for name in _LIBRARIES)
        )
        _is_internal[file] = internal
    return internal


def line_in(code: CodeType, line: int) -> SourceLine | None:
    """A line of the code, where that is the user's."""
    return SourceLine(code.co_filename, line) if _is_the_users(code.co_filename) else None


def _is_the_users(file: str) -> bool:
    """Whether a file is neither ours, nor Python's, nor of a package that was installed."""
    return not is_internal(file) and not package(file)


@functools.lru_cache(maxsize=4096)
def package(file: str) -> str:
    """The installed package that a file belongs to, or "python"; "" for the user's own files."""
    for folder in ("site-packages", "dist-packages"):
        if folder in file:
            return file.split(folder)[1].split(os.sep)[1]
    return "python" if file.startswith((_STANDARD, "<frozen ", "<built-in")) else ""


def is_user_storing() -> bool:
    """Whether the user's line is at an assignment to elements, `a[i] = ...`."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # the way that logging walks
    while frame is not None:
        if not is_internal(frame.f_code.co_filename):
            return frame.f_code.co_code[frame.f_lasti] == dis.opmap["STORE_SUBSCR"]
        frame = frame.f_back
    return False


def note_lines(code: CodeType, line_of: Callable[[FrameType], SourceLine | None]) -> None:
    """Have frames of this code stand for the user's lines that they run, where these are his."""
    _is_users[code.co_filename] = (code, line_of)


def users_level() -> int:
    """How far up the stack from the caller the user's code is, as warnings count."""
    frame, level = sys._getframe(1), 1  # pyright: ignore[reportPrivateUsage]  # as above
    while frame.f_back is not None and is_internal(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return level


def user_line() -> SourceLine | None:
    """The innermost line being run that is the user's."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # the way that logging walks
    known = _is_users  # each instruction that is traced asks, so the walk is as short as can be
    while frame is not None:
        file = frame.f_code.co_filename
        users = known.get(file)
        if users is None:
            users = known[file] = _is_the_users(file)
        if users:
            if users is True:
                return SourceLine(file, frame.f_lineno)
            code, line_of = users
            found = line_of(frame) if frame.f_code is code else None
            if found is not None:
                return found
        frame = frame.f_back
    return None
