"""Plant each fault in a copy of the package, and run the tests that are to catch it.

Exit status 0 where each is caught. What hangs is caught too, after the time that `--limit` says.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants import PACKAGE, Mutant, load

ROOT = PACKAGE.parent
_COPIED = ("jitad", "tests", "benchmarks", "examples", "pyproject.toml", "README.md")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (?:tests/)?(.*?)(?: - |$)", re.MULTILINE)
_PROCESSES = multiprocessing.get_context("forkserver")
_LIBRARIES = ["numba", "scipy.special", "scipy.linalg", "scipy.stats", "pytest"]
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
        process = _PROCESSES.Process(target=run, args=(folder, words))
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
            ends = f"{test}, which ends with {process.exitcode}"
            return names[0] if names else f"{ends}: {said.splitlines()[-1:]}"
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="faults whose file or description has this text")
    parser.add_argument("--list", action="store_true", help="say what there is, and plant nothing")
    parser.add_argument("--jobs", type=int, default=1, help="faults that are tried at once")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds for a run of tests")
    parser.add_argument("--clean", action="store_true", help="first run the tests without a fault")
    options = parser.parse_args()
    mutants = [x for x in load() if options.only in f"{x.file}: {x.breaks}"]
    if options.list:
        for x in mutants:
            print(f"{x.file}: {x.breaks}  [{'; '.join(x.tests)}]")
        return 0
    _PROCESSES.set_forkserver_preload(_LIBRARIES)
    if options.clean and (said := clean(mutants, options.limit)):
        print(f"without any fault {said} fails")
        return 1
    start, survivors = time.monotonic(), Counter[str]()
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = pool.map(lambda x: outcome(x, options.limit), mutants)
        for x, said in zip(mutants, outcomes, strict=True):
            survivors[x.file] += not said
            print(f"{x.file}: {x.breaks}: {said or 'SURVIVED'}", flush=True)
    lost = survivors.total()
    print(f"{len(mutants)} faults, {lost} survived, {time.monotonic() - start:.0f} s")
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
