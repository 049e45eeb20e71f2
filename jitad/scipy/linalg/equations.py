"""scipy.linalg's band, Toeplitz, Sylvester and Lyapunov equations on values."""

from __future__ import annotations

from typing import Any

import scipy.linalg

from jitad.frontend.conversion import as_arrays
from jitad.frontend.operands import array_dtype, as_dtype, as_shape, broadcast_shape, implements
from jitad.functions.linalg.equations import floating, identity, inv, real, square, swapped
from jitad.functions.products.contractions import matmul
from jitad.functions.products.products import kron
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.banded import band_solve
from jitad.ops.linalg.equations import schur, sylvester
from jitad.scipy.linalg.construction import toeplitz
from jitad.scipy.linalg.solving import as_double, solve

# -- band matrices ---------------------------------------------------------------------------------


def _solve_bands(name: str, lower: int, upper: int, bands: Value, y: Value) -> Value:
    n = bands.shape[-1]
    if bands.ndim < 2 or bands.shape[-2] != lower + upper + 1:
        raise ShapeError(
            f"{name} of diagonals of shape {bands.shape} for {lower} below and {upper} above",
            remedy="give one row for each diagonal, ab[u + i - j, j] = a[i, j]",
        )
    rows = mx.as_row(y) if y.ndim == 1 else swapped(y)
    if rows.shape[-1] != n:
        raise ShapeError(
            f"{name} of {n} columns and right-hand sides of {rows.shape[-1]}",
            remedy="each right-hand side has as many elements as the matrix has columns",
        )
    lead = broadcast_shape(bands.shape[:-2], rows.shape[:-2])
    stored = as_shape(swapped(bands), (*lead, n, bands.shape[-2]))
    rows = as_shape(rows, (*lead, *rows.shape[-2:]))
    z = band_solve(stored, rows, lower=lower, upper=upper, transposed=False)
    return st.reshape(z, shape=(*lead, n)) if y.ndim == 1 else swapped(z)


def _bands(name: str, ab: Any, b: Any) -> tuple[Value, Value]:
    x, y = as_arrays(ab, b)
    dtype = floating(array_dtype(x, y))
    return real(name, as_dtype(x, dtype)), as_dtype(y, dtype)


@implements(scipy.linalg.solve_banded)
def solve_banded(l_and_u: Any, ab: Any, b: Any) -> Value:
    """Time and memory in proportion to the diagonals, in all derivatives."""
    name = "scipy.linalg.solve_banded"
    lower, upper = (int(k) for k in l_and_u)
    return _solve_bands(name, lower, upper, *_bands(name, ab, b))


@implements(scipy.linalg.solveh_banded)
def solveh_banded(ab: Any, b: Any, lower: bool = False) -> Value:
    """Solved as a general band matrix: one that is not positive definite is no error."""
    name = "scipy.linalg.solveh_banded"
    half, y = _bands(name, ab, b)
    k, n = half.shape[-2] - 1, half.shape[-1]
    diagonals: list[Value] = []
    for d in range(-k, k + 1):  # d = i - j
        row = abs(d) if lower else k - abs(d)
        # What stands on the other side of the diagonal, a_ji = half[..., j + d], is moved here.
        mirrored = d < 0 if lower else d > 0
        diagonals.append(_shifted(mx.rows(half, row, row + 1), d if mirrored else 0, n))
    return _solve_bands(name, k, k, mx.stacked(*diagonals), y)


def _shifted(row: Value, by: int, n: int) -> Value:
    """A row moved to the left by so many places (to the right: negative), with zeros for what is
    left free.
    """
    if by == 0:
        return row
    free = st.zeros(row, (*row.shape[:-1], min(abs(by), n)), row.dtype)
    if by > 0:
        return mx.joined(mx.columns(row, min(by, n), n), free)
    return mx.joined(free, mx.columns(row, 0, max(n + by, 0)))


# -- Toeplitz matrices -----------------------------------------------------------------------------


def _toeplitz(given: Any, other: Any) -> tuple[Value, Value]:
    """The matrix of a column, or of a column and a row, and what it meets, in double precision."""
    parts = given if isinstance(given, tuple) else (given,)
    *parts, y = as_arrays(*parts, other)
    return as_double(toeplitz(*parts)), as_double(y)


@implements(scipy.linalg.solve_toeplitz)
def solve_toeplitz(c_or_cr: Any, b: Any) -> Value:
    """By LU factors of the whole matrix, which does without Levinson's assumptions."""
    return solve(*_toeplitz(c_or_cr, b))


@implements(scipy.linalg.matmul_toeplitz)
def matmul_toeplitz(c_or_cr: Any, x: Any) -> Value:
    return matmul(*_toeplitz(c_or_cr, x))


# -- Sylvester's and Lyapunov's equations ----------------------------------------------------------


def _together(name: str, *operands: Any) -> list[Value]:
    values = as_arrays(*operands)
    dtype = floating(array_dtype(*values))
    values = [real(name, as_dtype(x, dtype)) for x in values]
    if any(x.ndim < 2 for x in values):
        raise ShapeError(
            f"{name} of arrays of shapes {[x.shape for x in values]}", remedy="give matrices"
        )
    lead = broadcast_shape(*(x.shape[:-2] for x in values))
    return [as_shape(x, (*lead, *x.shape[-2:])) for x in values]


def _check_right_side(name: str, a: Value, b: Value, q: Value) -> None:
    if q.shape[-2:] != (a.shape[-1], b.shape[-1]):
        raise ShapeError(
            f"{name} of matrices of {a.shape[-1]} and {b.shape[-1]} rows with a right-hand side of "
            f"shape {q.shape[-2:]}",
            remedy="the right-hand side has a row for each row of a, a column for each one of b",
        )


@implements(scipy.linalg.solve_sylvester)
def solve_sylvester(a: Any, b: Any, q: Any) -> Value:
    name = "scipy.linalg.solve_sylvester"
    x, y, z = _together(name, a, b, q)
    x, y = square(name, x), square(name, y)
    _check_right_side(name, x, y, z)
    return sylvester(schur(swapped(x)), schur(swapped(y)), x, y, z)


@implements(scipy.linalg.solve_continuous_lyapunov, scipy.linalg.solve_lyapunov)
def solve_continuous_lyapunov(a: Any, q: Any) -> Value:
    name = "scipy.linalg.solve_continuous_lyapunov"
    x, z = _together(name, a, q)
    square(name, x)
    _check_right_side(name, x, x, z)
    factors = schur(swapped(x))
    return sylvester(factors, factors, x, x, z, turn_b=True)


_DIRECT = 10
"""SciPy solves discrete equations of less than that many rows as one linear system."""


@implements(scipy.linalg.solve_discrete_lyapunov)
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Value:
    """A X A^T - X + Q = 0; `bilinear` turns it into a continuous equation, as SciPy does."""
    name = "scipy.linalg.solve_discrete_lyapunov"
    x, z = (as_double(y) for y in _together(name, a, q))
    square(name, x)
    _check_right_side(name, x, x, z)
    n = x.shape[-1]
    if method not in (None, "direct", "bilinear"):
        raise TraceError(f"{name}(method={method!r})", remedy="give 'direct' or 'bilinear'")
    if x.ndim == 2 and (method == "direct" or (method is None and n < _DIRECT)):
        pairs = kron(x, x)
        system = ew.sub(identity(pairs, n * n), pairs)
        return st.reshape(solve(system, st.reshape(z, shape=(n * n,))), shape=(n, n))
    one = identity(x, n)
    right = inv(ew.add(swapped(x), one))
    b = matmul(ew.sub(swapped(x), one), right)
    c = matmul(matmul(inv(ew.add(x, one)), z), right)
    return solve_continuous_lyapunov(swapped(b), ew.mul(c, -2.0))
