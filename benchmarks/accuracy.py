"""How far each tool's gradient is from the true one, in units of the last place of float64.

The true one is computed with 60 digits, by the complex step: Im f(x + ih) / h with h = 1e-40
(W. Squire, G. Trapp, Using complex variables to estimate derivatives of real functions, SIAM
Review 40 (1998), pp. 110-112), the function being run on mpmath's complex numbers.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks import arrays, elementwise, latency, straight_line
from benchmarks.harness import Table, main, peer
from benchmarks.peers import discover
from benchmarks.suite.contest import SLOW_TO_START
from benchmarks.suite.problem import Declined, Peer, Problem

_DIGITS, _STEP = 60, "1e-40"


def run(size: str) -> list[Table]:
    """A row a tool, a column a function."""
    mpmath = peer("mpmath")
    if mpmath is None:
        return [Table("Accuracy", ("tool",), [], "mpmath is not installed, so nothing is known.")]
    problems = {
        "Rosenbrock": latency.rosenbrock(10),
        "64 points": elementwise.problems("tiny")[0],
        "straight": straight_line.problems("tiny")[0],
        "Gaussian p.": arrays.problems("tiny")[2],
    }
    true = {name: _truth(mpmath, problem) for name, problem in problems.items()}
    rows: list[Any] = []
    for tool in discover()[0]:
        if tool.name in SLOW_TO_START and size != "full":
            continue
        errors = [_error(tool, problems[name], true[name]) for name in problems]
        if any(error is not None for error in errors):
            rows.append((tool.name, *errors))
    rows.sort(key=lambda row: max(x for x in row[1:] if x is not None))
    rows = [[x if x is None or isinstance(x, str) else _short(x) for x in row] for row in rows]
    note = "The largest error of any element over the largest element, in units of 2⁻⁵²."
    return [Table("Accuracy, in last places", ("tool", *problems), rows, note)]


def _short(error: float) -> str:
    return f"{error:.1f}" if error < 100 else f"{error:,.0f}"


def _truth(mpmath: Any, problem: Problem) -> np.ndarray:
    """The gradient by complex steps."""
    names = ("sin", "cos", "exp", "log", "sqrt", "tanh")
    with mpmath.workdps(_DIGITS):
        assert problem.scalars is not None
        function = problem.scalars(SimpleNamespace(**{x: getattr(mpmath, x) for x in names}))
        step = mpmath.mpf(_STEP)
        point = [mpmath.mpf(value) for value in problem.x.tolist()]
        gradient = []
        for k in range(len(point)):
            moved = [mpmath.mpc(x, step if k == j else 0) for j, x in enumerate(point)]
            gradient.append(float(mpmath.im(function(moved)) / step))
    return np.array(gradient)


def _error(tool: Peer, problem: Problem, true: np.ndarray) -> float | None:
    """In units of the last place of the largest element."""
    try:
        ready = tool.prepare(problem)
    except Declined:
        return None
    gradient = np.asarray(ready.read(ready.function(*ready.args))[1])
    return float(np.abs(gradient - true).max() / np.abs(true).max() / np.finfo(float).eps)


if __name__ == "__main__":
    main(run, __doc__)
