"""SciPy's iterative solvers, run where they stand: what they find, without derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.operands import lift
from jitad.functions.control.blocks import current
from jitad.functions.control.opaque import run_outside
from jitad.ops import elementwise as ew


def _still(x: Any) -> Any:
    return ew.stop_gradient(lift(current(), x))


def solution(name: str, entries: Any, pattern: Any, b: Any, start: Any, options: Any) -> Any:
    """(x, info) of A x = b; `pattern` is None of a whole matrix."""

    def run(entries: Any, b: Any, start: Any) -> Any:
        import scipy.sparse.linalg as sla  # not where the package is imported
        from scipy.sparse import csr_array

        A: Any = entries
        if pattern is not None:
            A = csr_array((entries, (pattern.rows, pattern.columns)), shape=pattern.shape)
        return getattr(sla, name)(A, b, x0=start, **options)

    like = np.zeros(np.shape(b)), np.zeros((), np.int64)
    return run_outside(name, run, like, [_still(x) for x in (entries, b, start)])


def fit(name: str, matrix: Any, b: Any, damp: Any, count: int, options: Any) -> Any:
    """What a solver of least squares says: x, and all numbers after it."""

    def run(matrix: Any, b: Any, damp: Any) -> Any:
        import scipy.sparse.linalg as sla  # not where the package is imported

        found = getattr(sla, name)(matrix, b, float(damp), **options)
        return found[0], np.array([float(x) for x in found[1:count]])

    like = np.zeros(np.shape(matrix)[1]), np.zeros(count - 1)
    return run_outside(name, run, like, [_still(x) for x in (matrix, b, damp)])


def simplices(triangulation: Any, x: Any) -> Any:
    """In which simplex of a triangulation points lie; -1 of none."""
    return _places("find_simplex", triangulation.find_simplex, x)


def nearest(tree: Any, x: Any) -> Any:
    """Which points of a tree are the nearest ones."""
    return _places("query", lambda at: tree.query(at)[1], x)


def _places(name: str, find: Any, x: Any) -> Any:
    return run_outside(name, find, np.zeros(np.shape(x)[0], np.int64), [_still(x)])
