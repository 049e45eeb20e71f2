"""Linear systems by elimination, written out: of many points at once each is by itself.

A system without a solution is no error here, but says so, and its solution is NaN.

Source: Golub & Van Loan, Matrix Computations, 4th ed., sections 3.4 and 3.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.functions.control import loops

WRITTEN_OUT = 6
"""Unknowns up to which there is no loop over them."""

_LEAST = 8 * float(np.finfo(np.float64).eps)
"""Pivots, in rows that are scaled to 1, down to which a matrix is regular."""


def eliminated(matrix: Any, b: Any) -> tuple[Any, Any]:
    """x with matrix @ x = b, of shapes (n, n) and (n,), and whether the matrix is regular; where it
    is not x is NaN. Rows are scaled first, so that pivots compare."""
    size = np.max(np.abs(matrix), axis=1)
    scale = 1 / np.where(size > 0, size, 1.0)
    matrix, b = matrix * scale[:, None], b * scale
    n = b.shape[0]
    x, least = _written_out(matrix, b) if n <= WRITTEN_OUT else _in_a_loop(matrix, b)
    is_regular = least > n * _LEAST
    # A factor, and no choice: of what is not chosen an adjoint would be 0, and no NaN.
    return x * np.where(is_regular, 1.0, np.nan), is_regular


def _written_out(matrix: Any, b: Any) -> tuple[Any, Any]:
    n = b.shape[0]
    rows = [[*(matrix[i, j] for j in range(n)), b[i]] for i in range(n)]
    least: Any = np.inf
    for k in range(n):
        for i in range(k + 1, n):  # the largest comes up
            swaps = np.abs(rows[i][k]) > np.abs(rows[k][k])
            both = list(zip(rows[k], rows[i], strict=True))
            rows[k] = [np.where(swaps, y, x) for x, y in both]
            rows[i] = [np.where(swaps, x, y) for x, y in both]
        least = np.minimum(least, np.abs(rows[k][k]))
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [y - factor * x for x, y in zip(rows[k], rows[i], strict=True)]
    found: list[Any] = [None] * n
    for k in reversed(range(n)):
        rest = sum((rows[k][j] * found[j] for j in range(k + 1, n)), 0.0)
        found[k] = (rows[k][n] - rest) / rows[k][k]
    return np.stack(found), least


def _in_a_loop(matrix: Any, b: Any) -> tuple[Any, Any]:
    """Gauss and Jordan's elimination: what is left of the matrix is the unit matrix, of b x. They
    are two carries, so that the loop is seen to be linear in b."""
    n = b.shape[0]
    places = np.arange(n)

    def turn(k: Any, state: Any) -> Any:
        rows, right, least = state
        at = np.argmax(np.where(places >= k, np.abs(rows[:, k]), -1.0))
        pivot = rows[at, k]
        scaled, moved = rows[at] / pivot, right[at] / pivot
        is_at, is_k = places == at, places == k
        rows = np.where(is_at[:, None], rows[k], rows)
        right = np.where(is_at, right[k], right)
        factors = rows[:, k]
        rows = np.where(is_k[:, None], scaled, rows - factors[:, None] * scaled)
        right = np.where(is_k, moved, right - factors * moved)
        return rows, right, np.minimum(least, np.abs(pivot))

    _, x, least = loops.fori_loop(0, n, turn, (matrix, b, np.inf))
    return x, least
