"""One fault in a copy of the package, and the tests that are run there, each in a new process.

This is no part of `__main__`, which a server of forks doesn't import: it would not find `run`.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from tests.mutants import PACKAGE, Mutant

ROOT = PACKAGE.parent
_FOLDERS = ("jitad", "tests", "benchmarks", "examples")
_COPIED = (*_FOLDERS, "pyproject.toml", "README.md", "CONTRIBUTING.md")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (?:tests/)?(.*?)(?: - |$)", re.MULTILINE)
PROCESSES = multiprocessing.get_context("forkserver")
LIBRARIES = ["numba", "scipy.special", "scipy.linalg", "scipy.stats", "pytest"]
"""Imported once, before a process for each run is forked: they take longer than most tests."""


def copied(folder: Path) -> None:
    """A copy of what tests read."""
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
        else:
            shutil.copy(ROOT / name, folder / name)


def run(folder: Path, arguments: list[str]) -> None:
    """Run pytest in a copy, in a process of its own; what it says goes to a file."""
    import pytest

    output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    os.environ["PYTHONPATH"] = sys.path[0] = str(folder)
    sys.dont_write_bytecode = True
    status = pytest.main(["-x", "-q", "-rfE", "-p", "no:cacheprovider", *arguments])
    sys.stdout.flush()
    os._exit(status)


def caught(folder: Path, tests: tuple[str, ...], limit: float) -> str:
    """The first of these tests that fails in a folder, or how it ends; "" where none does."""
    for test in tests:
        words = [f"tests/{x}" if ".py" in x else x for x in shlex.split(test)]
        process = PROCESSES.Process(target=run, args=(folder, words))
        process.start()
        process.join(limit)
        if process.is_alive():
            process.kill()
            return f"{test}, which hangs"
        if process.exitcode:
            said = (folder / "output").read_text(errors="replace")
            if process.exitcode == 5 or "ERROR: not found:" in said:
                raise ValueError(f"there is no test {test}")
            names = _FAILED.findall(said)
            if not names and process.exitcode > 0:
                raise RuntimeError(f"{test} did not run: {said}")
            return names[0] if names else f"{test}, which ends with signal {-process.exitcode}"
    return ""


def outcome(mutant: Mutant, limit: float) -> str:
    """Which test catches a fault, "" where none does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copied(folder)
        (folder / "jitad" / mutant.file).write_text(mutant.source())
        return caught(folder, mutant.tests, limit)


def clean(mutants: list[Mutant], limit: float) -> str:
    """The first of all tests that fails where no fault is planted."""
    with tempfile.TemporaryDirectory() as name:
        copied(Path(name))
        return caught(Path(name), tuple(dict.fromkeys(x for m in mutants for x in m.tests)), limit)
