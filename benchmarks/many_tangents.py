"""Eight tangents at once through a straight-line program of 1,000 operations, or one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from benchmarks.harness import Table, main, measure, once, verdict
from benchmarks.programs import straight_line, straight_line_function, straight_line_point

_LENGTHS = {"tiny": 60, "quick": 1000, "full": 1000}
_SECONDS = {"tiny": 0.01, "quick": 0.3, "full": 2.0}
_TANGENTS = 8
_MOST = 0.5


def run(size: str) -> list[Table]:
    """The times of compiled functions, of `jitad.jvp` itself, and of compiling."""
    length = _LENGTHS[size]
    program = straight_line(length)
    x = straight_line_point()
    directions = np.random.default_rng(1).standard_normal((_TANGENTS, x.size))
    rows: list[Any] = []
    for name, make in (("jit of jvp", _compiled), ("jvp", _direct)):
        together, single = (make(straight_line_function(program)) for _ in range(2))
        compiling = once(lambda f=together: f(x, directions)), once(lambda f=single: f(x, x))
        calls: Any = {
            "one by one": (_one_by_one, (single, x, directions)),
            "together": (together, (x, directions)),
        }
        timings = measure(calls, seconds=_SECONDS[size])
        slow, fast = timings["one by one"].best, timings["together"].best
        bound = verdict(fast / slow, most=_MOST)
        rows.append((name, fast, slow, fast / slow, bound, *compiling))
    columns = ("", f"{_TANGENTS} together (s)", f"{_TANGENTS} one by one (s)", "ratio", "bound",
               "compiling together (s)", "compiling one (s)")  # fmt: skip
    title = f"{_TANGENTS} tangents through {length:,} straight-line operations"
    return [Table(title, columns, rows)]


def _compiled(function: Any) -> Any:
    return jitad.jit(lambda x, v: jitad.jvp(function, (x,), (v,)))


def _direct(function: Any) -> Any:
    return lambda x, v: jitad.jvp(function, (x,), (v,))


def _one_by_one(single: Any, x: np.ndarray, directions: np.ndarray) -> tuple[Any, np.ndarray]:
    value, tangents = None, np.empty(len(directions))
    for k, v in enumerate(directions):
        value, tangents[k] = single(x, v)
    return value, tangents


if __name__ == "__main__":
    main(run, __doc__)
