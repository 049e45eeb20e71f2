"""What a tool costs before it is fast: import, the first gradient of a process, the next one.

And its memory: what the process holds then, and what a gradient by 100,000 variables takes beyond.
Each tool has processes of its own; the best of them counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import Section, Table, main
from benchmarks.peers import discover
from benchmarks.suite.contest import SLOW_TO_START

_MODULES = {"jitad": "own", "JAX": "jax", "PyTorch": "torch", "torch.compile": "torch",
            "CasADi VM": "casadi", "CasADi C": "casadi", "autograd": "autograd",
            "Python tape": "textbook"}  # fmt: skip
_REPEATS = {"tiny": 1, "quick": 1, "full": 5}
_LENGTH = {"tiny": 100, "quick": 100_000, "full": 100_000}
_NO_LONG_CODE = "CasADi C"
"""gcc takes minutes for code of that length."""

_KEPT = {
    "jitad": lambda where: {"JITAD_CACHE_DIR": where},
    "JAX": lambda where: {
        "JAX_COMPILATION_CACHE_DIR": where,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    },
}
"""The environment in which a tool keeps what it compiles on disk."""

_ROOT = Path(__file__).parent.parent


def run(size: str) -> Section:
    """Two tables."""
    starts: list[Any] = []
    memory: list[Any] = []
    for name in (tool.name for tool in discover()[0] if tool.name in _MODULES):
        if name in SLOW_TO_START and size != "full":
            continue
        n = 100 if name == _NO_LONG_CODE else _LENGTH[size]
        runs = [_alone(name, n) for _ in range(_REPEATS[size])]
        best = {key: min(x[key] or 0.0 for x in runs) for key in runs[0]}
        if name != "Python tape":  # which comes with jitad, and needs none of it
            starts.append((name, best["import"], best["first"], best["next"]))
        rise = None if name == _NO_LONG_CODE or runs[0]["rise"] is None else best["rise"]
        memory.append((name, best["loaded"], rise))
    for name in (x for x in _KEPT if any(row[0] == x for row in starts)):
        with tempfile.TemporaryDirectory() as where:
            runs = [_alone(name, 100, **_KEPT[name](where)) for _ in range(1 + _REPEATS[size])][1:]
        best = (min(x[key] or 0.0 for x in runs) for key in ("import", "first", "next"))
        starts.append((f"{name}, kept on disk", *best))
    starts.sort(key=lambda row: row[1] + row[2])
    memory.sort(key=lambda row: row[1])
    cold = Table(
        "Start", ("tool", "import (s)", "first, cold (s)", "next, warm (s)"), starts,
        "Import and first gradient of a process, Rosenbrock's function, n = 10; then that of a new "
        "function, n = 11. Kept on disk: of a second process, which finds what the first compiled.",
        repeated=False,
    )  # fmt: skip
    held = Table(
        "Memory, in MB", ("tool", "held", "peak"), memory,
        "Held: the process after two small gradients. Peak: beyond that, in a gradient by 100,000 "
        "variables, compiled already; x and its gradient are 0.8 MB each.",
        repeated=False,
    )  # fmt: skip
    return Section([cold, held])


def _alone(name: str, n: int, **environment: str) -> dict[str, float | None]:
    command = [sys.executable, "-m", "benchmarks.suite.alone", _MODULES[name], name, str(n)]
    done = subprocess.run(
        command, cwd=_ROOT, check=True, capture_output=True, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    found: dict[str, float | None] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
