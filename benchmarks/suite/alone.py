"""One tool in a process of its own: what it takes to start, and how much memory it needs.

Imports nothing that the tool itself does not need: `python -m benchmarks.suite.alone jax JAX 1000`.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.suite.problem import Problem


def over(np: Any) -> Any:
    """Rosenbrock's function."""
    return lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def scalars(_: Any) -> Any:
    """The same of a list."""
    return lambda x: sum(
        100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a) for a, b in pairwise(x)
    )


def main(module: str, name: str, n: int) -> None:
    """Print seconds to import, to the first gradient, to that of a new function; megabytes."""
    start = time.perf_counter()
    found = importlib.import_module(f"benchmarks.peers.{module}").peers()
    tool = next(x for x in found if x.name == name)
    imported = time.perf_counter()
    _gradient(tool, 10)
    first = time.perf_counter()
    _gradient(tool, 11)
    second = time.perf_counter()
    loaded = _status("VmRSS")
    result = {"import": imported - start, "first": first - imported, "next": second - first,
              "loaded": loaded, "rise": _rise(tool, n)}  # fmt: skip
    print(json.dumps(result))


def _gradient(tool: Any, n: int) -> Any:
    x = np.linspace(0.5, 1.5, n)
    ready = tool.prepare(Problem("Rosenbrock", x, arrays=over, scalars=scalars))
    ready.function(*ready.args)
    return ready


def _rise(tool: Any, n: int) -> float | None:
    """Megabytes by which memory peaks in a call above what it was before, compiled already."""
    ready = _gradient(tool, n)
    gc.collect()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak becomes the present
    except OSError:
        return None
    before = _status("VmRSS")
    ready.function(*ready.args)
    after = _status("VmHWM")
    return None if before is None or after is None else max(0.0, after - before)


def _status(key: str) -> float | None:
    """A figure of this process in megabytes, where Linux tells it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(x for x in status.read_text().splitlines() if x.startswith(key + ":"))
    return int(line.split()[1]) / 1000


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
