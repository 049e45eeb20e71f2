"""scipy.linalg's solvers of linear equations, inverses, LU and Cholesky factors, on values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.linalg

from jitad.frontend.conversion import as_array, as_arrays
from jitad.frontend.operands import array_dtype, as_dtype, broadcast_shape, implements
from jitad.functions.linalg.decompositions import cholesky as numpy_cholesky
from jitad.functions.linalg.equations import (
    aligned_rows,
    determinant,
    equations,
    floating,
    identity,
    inv,
    matrices,
    real,
    solve_general,
    square,
    swapped,
)
from jitad.functions.linalg.norms import norm
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import COMPLEX128, FLOAT64, INT32, INT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.linalg import lu as la
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.matrix_functions import packed_factors, permutation
from jitad.ops.linalg.triangular import triangular_solve


def as_double(x: Value) -> Value:
    """x in double precision, in which SciPy does some of its work whatever it is given."""
    return as_dtype(x, COMPLEX128 if x.dtype.kind == "c" else FLOAT64)


# -- triangular matrices ---------------------------------------------------------------------------

_TRANSPOSED = {0: False, 1: True, 2: True, "N": False, "T": True, "C": True}


def _is_transposed(name: str, trans: Any, x: Value) -> bool:
    if trans not in _TRANSPOSED:
        raise TraceError(f"{name}(trans={trans!r})", remedy="give 0, 1, 2, 'N', 'T' or 'C'")
    if trans in (2, "C"):
        real(f"{name}(trans={trans!r})", x)
    return _TRANSPOSED[trans]


def triangular(
    x: Value, y: Value, *, lower: bool, transposed: bool = False, unit: bool = False
) -> Value:
    """The solution for a vector or for the columns of matrices."""
    name = "scipy.linalg.solve_triangular"
    rows = mx.as_row(y) if y.ndim == 1 else swapped(y)
    shape = (*broadcast_shape(x.shape[:-2], rows.shape[:-2]), *rows.shape[-2:])
    x, rows = aligned_rows(name, x, rows)
    z = triangular_solve(x, rows, lower=bool(lower), transposed=transposed, unit=bool(unit))
    z = st.reshape(z, shape=shape)
    return st.reshape(z, shape=(*z.shape[:-2], z.shape[-1])) if y.ndim == 1 else swapped(z)


@implements(scipy.linalg.solve_triangular)
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> Value:
    name = "scipy.linalg.solve_triangular"
    x, y = equations(name, a, b)
    transposed = _is_transposed(name, trans, x)
    return triangular(x, y, lower=lower, transposed=transposed, unit=unit_diagonal)


# -- square matrices -------------------------------------------------------------------------------

_GENERAL = ("gen", "general", "banded", "tridiagonal", "diagonal", None)
_SYMMETRIC = ("sym", "symmetric", "her", "hermitian")
_DEFINITE = ("pos", "positive definite")
_TRIANGULAR = {"lower triangular": True, "upper triangular": False}


def _mirrored(x: Value, lower: bool) -> Value:
    """The symmetric matrix of which one triangle is given."""
    real("scipy.linalg.solve of symmetric matrices", x)
    if lower:
        return ew.add(mx.lower(x), swapped(mx.lower(x, -1)))
    return ew.add(mx.upper(x), swapped(mx.upper(x, 1)))


@implements(scipy.linalg.solve)
def solve(
    a: Any, b: Any, lower: bool = False, assume_a: str | None = None, transposed: bool = False
) -> Value:
    """What `assume_a` says about the matrix is used where that saves work or says what is read."""
    name = "scipy.linalg.solve"
    x, y = equations(name, a, b)
    if assume_a in _TRIANGULAR:
        return triangular(x, y, lower=_TRIANGULAR[assume_a], transposed=transposed)
    if assume_a in _DEFINITE:
        factor = cholesky(x, lower)
        return cho_solve((factor, lower), y)
    if assume_a in _SYMMETRIC:
        x = _mirrored(x, lower)
    elif assume_a not in _GENERAL:
        raise TraceError(
            f"{name}(assume_a={assume_a!r})",
            remedy="give 'gen', 'sym', 'pos', 'lower triangular' or 'upper triangular'",
        )
    return solve_general(name, swapped(x) if transposed else x, y, y.ndim == 1)


@implements(scipy.linalg.inv)
def inverse(a: Any, *, assume_a: str | None = None, lower: bool = False) -> Value:
    x = square("scipy.linalg.inv", a)
    if assume_a is None:
        return inv(x)
    return solve(x, identity(x, x.shape[-1]), assume_a=assume_a, lower=lower)


@implements(scipy.linalg.det)
def det(a: Any) -> Value:
    return determinant(as_double(square("scipy.linalg.det", a)))


@implements(scipy.linalg.norm)
def norm_of(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Value:
    """What SciPy has from BLAS or LAPACK is a number of Python's."""
    x = as_array(a)
    result = norm(x, ord, axis, keepdims)
    orders = {1: (None, 2), 2: (1, math.inf)}.get(x.ndim, ())
    by_library = axis is None and not keepdims and x.size > 0 and ord in orders
    return result.tolist() if by_library else result


# -- Cholesky factors ------------------------------------------------------------------------------


@implements(scipy.linalg.cholesky)
def cholesky(a: Any, lower: bool = False) -> Value:
    return numpy_cholesky(a, upper=not lower)


@implements(scipy.linalg.cho_factor)
def cho_factor(a: Any, lower: bool = False) -> tuple[Value, bool]:
    """Zeros stand in the triangle in which SciPy leaves what was there."""
    return numpy_cholesky(a, upper=not lower), lower


@implements(scipy.linalg.cho_solve)
def cho_solve(c_and_lower: Any, b: Any) -> Value:
    factor, lower = c_and_lower
    x, y = equations("scipy.linalg.cho_solve", factor, b)
    real("scipy.linalg.cho_solve", x)
    first = triangular(x, y, lower=lower, transposed=not lower)
    return triangular(x, first, lower=lower, transposed=bool(lower))


# -- LU factors ------------------------------------------------------------------------------------


def _rows_in_order(x: Value, order: Value) -> Value:
    index = mx.along_columns(order, (*order.shape, x.shape[-1]))
    return np.take_along_axis(x, index, axis=-2)  # type: ignore[call-overload]  # traced


def _eliminated(x: Value) -> tuple[Value, Value, Value]:
    """The packed factors of the first columns, the order of the rows, and the rows in order.

    Zeros fill a tall matrix up to a square one: they exchange no rows.
    """
    m, n = x.shape[-2:]
    first = mx.columns(x, 0, min(m, n))
    if m > n:
        first = mx.joined(first, st.zeros(x, (*x.shape[:-1], m - n), x.dtype))
    factors = la.lu(swapped(first))
    order = permutation(factors)
    rows = _rows_in_order(x, order)
    k = min(m, n)
    packed = swapped(mx.part(factors, (0, k, 1), (0, k, 1)))
    return packed_factors(packed, mx.part(rows, (0, k, 1), (0, k, 1))), order, rows


@implements(scipy.linalg.lu)
def lu(a: Any, permute_l: bool = False, p_indices: bool = False) -> Any:
    """The pivots are those of the value: derivatives are those with the order of rows fixed."""
    x = matrices("scipy.linalg.lu", a)
    m, n = x.shape[-2:]
    packed, order, rows = _eliminated(x)
    k = packed.shape[-1]
    low = ew.add(mx.lower(packed, -1), identity(packed, k))
    up = mx.upper(packed)
    if m > k:
        rest = triangular_solve(
            packed, mx.rows(rows, k, m), lower=False, transposed=True, unit=False
        )
        low = mx.stacked(low, rest)
    if n > k:
        columns = swapped(mx.columns(rows, k, n))
        rest = triangular_solve(packed, columns, lower=True, transposed=False, unit=True)
        up = mx.joined(up, swapped(rest))
    back = st.argsort(order)
    if permute_l:
        return _rows_in_order(low, back), up
    if p_indices:
        return as_dtype(back, INT32), low, up
    shape = (*order.shape, m)
    place = mx.along_rows(order, shape)
    here = st.iota_on(x, shape, len(shape) - 2)
    return as_dtype(ew.eq(place, here), x.dtype), low, up


@implements(scipy.linalg.lu_factor)
def lu_factor(a: Any) -> tuple[Value, Value]:
    x = square("scipy.linalg.lu_factor", a)
    n = x.shape[-1]
    factors = la.lu(swapped(x))
    rows = _rows_in_order(x, permutation(factors))
    packed = packed_factors(swapped(mx.rows(factors, 0, n)), rows)
    pivots = ew.sub(as_dtype(mx.part(factors, n, (0, n, 1)), INT64), 1)
    return packed, as_dtype(pivots, INT32)


@implements(scipy.linalg.lu_solve)
def lu_solve(lu_and_piv: Any, b: Any, trans: Any = 0) -> Value:
    name = "scipy.linalg.lu_solve"
    factors, pivots = lu_and_piv
    x, piv, y = as_arrays(factors, pivots, b)
    dtype = floating(array_dtype(x, y))
    x, y = as_dtype(square(name, x), dtype), as_dtype(y, dtype)
    numbers = mx.as_row(ew.add(as_dtype(ew.stop_gradient(piv), x.dtype), 1))
    order = permutation(mx.stacked(ew.stop_gradient(x), numbers))
    columns = y if y.ndim > 1 else st.reshape(y, shape=(*y.shape, 1))
    lead = broadcast_shape(order.shape[:-1], columns.shape[:-2])
    order = st.broadcast(order, shape=(*lead, order.shape[-1]))
    columns = st.broadcast(columns, shape=(*lead, *columns.shape[-2:]))
    if _is_transposed(name, trans, x):
        z = triangular(x, columns, lower=False, transposed=True)
        z = triangular(x, z, lower=True, transposed=True, unit=True)
        z = _rows_in_order(z, st.argsort(order))
    else:
        z = triangular(x, _rows_in_order(columns, order), lower=True, unit=True)
        z = triangular(x, z, lower=False)
    return z if y.ndim > 1 else st.reshape(z, shape=z.shape[:-1])


def require(condition: bool, name: str, what: str, remedy: str) -> None:
    """An error where an argument asks for what is not supported."""
    if not condition:
        raise TraceError(f"{name}: {what}", remedy=remedy)


def vector(name: str, x: Any) -> Value:
    """A vector, or what is flattened into one."""
    value = as_array(x)
    if value.ndim > 1:
        raise ShapeError(f"{name} of an array of {value.ndim} axes", remedy="give a vector")
    return st.reshape(value, shape=(value.size,))
