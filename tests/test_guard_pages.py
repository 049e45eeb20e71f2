"""Kernels touch nothing outside of their arrays: a part of `python -m tests.guard_pages`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.guard_pages import DOORS
from tests.guarded_kinds import KINDS

NAMES = list(KINDS)
RUNS = {
    "short": (NAMES[::2], ["7"], ["call", "address"], ["--no-streams"]),
    "around lanes": (NAMES[1::2], ["17"], ["call", "address"], []),
    "on threads": (NAMES[::2], ["41"], ["address"], ["--parallel", "--no-streams"]),
    "every door": (["views", "conditions", "complex"], ["9"], list(DOORS), ["--no-streams"]),
}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no mmap that can be protected")
@pytest.mark.parametrize("name", RUNS)
def test_no_access_is_outside(name: str) -> None:
    kinds, sizes, doors, flags = RUNS[name]
    command = [sys.executable, "-m", "tests.guard_pages", "--kinds", *kinds, "--sizes", *sizes]
    found = subprocess.run(
        [*command, "--doors", *doors, *flags],
        capture_output=True, text=True, cwd=Path(__file__).parent.parent, check=False,
    )  # fmt: skip
    said = found.stdout.splitlines()
    kernels = [line for line in said if not line.startswith(" ")]
    assert said[-1:] == ["all inside"], f"{kernels[-1:]} {said[-1:]}:\n{found.stderr[-3000:]}"
