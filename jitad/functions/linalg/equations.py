"""numpy.linalg on values: linear equations, inverses, determinants, powers of matrices."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_arrays
from jitad.frontend.exceptions import check_matrix
from jitad.frontend.operands import array_dtype, as_dtype, as_shape, broadcast_shape, implements
from jitad.functions.products.contractions import matmul
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64, DType
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.linalg import determinants
from jitad.ops.linalg import lu as la
from jitad.ops.linalg import matrices as mx

SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))

# -- operands --------------------------------------------------------------------------------------


def floating(dtype: DType) -> DType:
    """The dtype in which NumPy computes: integers and booleans become float64."""
    return FLOAT64 if dtype.kind in "ib" else dtype


def matrices(name: str, a: Any) -> Value:
    """A stack of matrices of floating point."""
    x = as_array(a)
    if x.ndim < 2:
        raise ShapeError(
            f"{name} of an array of shape {x.shape}",
            remedy="give a matrix, or a stack of matrices in the last two axes",
        )
    return as_dtype(x, floating(x.dtype))


def square(name: str, a: Any) -> Value:
    """A stack of square matrices of floating point."""
    x = matrices(name, a)
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(
            f"{name} of matrices of shape {x.shape[-2:]}, which are not square",
            remedy="use np.linalg.pinv or np.linalg.lstsq for matrices that are not square",
        )
    return x


def real(name: str, x: Value) -> Value:
    """x itself; an error where it is complex."""
    if x.dtype.kind == "c":
        raise TraceError(
            f"{name} of a complex matrix is not supported",
            remedy="write it in real matrices: [[re, -im], [im, re]] acts as re + 1j * im",
        )
    return x


def swapped(x: Value) -> Value:
    """The last two axes exchanged: a matrix as LAPACK stores it."""
    return mx.turned(x)


def identity(x: Value, n: int) -> Value:
    """A stack of identity matrices like x."""
    return mx.eye(x, (*x.shape[:-2], n, n), x.dtype)


# -- equations -------------------------------------------------------------------------------------


def equations(name: str, a: Any, b: Any) -> tuple[Value, Value]:
    """Square matrices and what they are set against, on one tape and of one dtype."""
    x, y = as_arrays(a, b)
    dtype = floating(array_dtype(x, y))
    return as_dtype(square(name, x), dtype), as_dtype(y, dtype)


def aligned_rows(name: str, x: Value, rows: Value) -> tuple[Value, Value]:
    """Matrices and right-hand sides as rows, over one stack; rows of one matrix are gathered."""
    if rows.shape[-1] != x.shape[-1]:
        raise ShapeError(
            f"{name} of matrices of shape {x.shape[-2:]} and right-hand sides of {rows.shape[-1]}",
            remedy="each right-hand side has as many elements as the matrix has rows",
        )
    if x.ndim == 2 and rows.ndim > 2:
        return x, st.reshape(rows, shape=(math.prod(rows.shape[:-1]), rows.shape[-1]))
    lead = broadcast_shape(x.shape[:-2], rows.shape[:-2])
    return as_shape(x, (*lead, *x.shape[-2:])), as_shape(rows, (*lead, *rows.shape[-2:]))


def solve_rows(name: str, x: Value, rows: Value) -> Value:
    """The solutions, as rows, of x y = r for each row r."""
    lead = broadcast_shape(x.shape[:-2], rows.shape[:-2])
    shape = (*lead, *rows.shape[-2:])
    x, rows = aligned_rows(name, x, rows)
    factors = _regular(la.lu(x))
    return st.reshape(la.lu_solve(factors, x, rows, transposed=False), shape=shape)


def _regular(factors: Value) -> Value:
    """LU factors, of matrices that are not singular."""

    def holds() -> Any:
        return np.all(mx.diagonal(mx.rows(factors, 0, factors.shape[-1])) != 0)

    check_matrix(holds, "Singular matrix")
    return factors


def solve_general(name: str, x: Value, y: Value, vector: bool) -> Value:
    """The solution of x z = y, for a vector or for the columns of matrices."""
    if vector:
        z = solve_rows(name, x, mx.as_row(y))
        return st.reshape(z, shape=(*z.shape[:-2], z.shape[-1]))
    if y.ndim < 2:
        raise ShapeError(
            f"{name} with a right-hand side of shape {y.shape}", remedy="give a vector or a matrix"
        )
    return swapped(solve_rows(name, x, swapped(y)))


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Value:
    x, y = equations("np.linalg.solve", a, b)
    return solve_general("np.linalg.solve", x, y, y.ndim == 1)


@implements(np.linalg.inv)
def inv(a: Any) -> Value:
    x = square("np.linalg.inv", a)
    return la.lu_solve(_regular(la.lu(x)), x, identity(x, x.shape[-1]), transposed=True)


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Value:
    x, y = as_arrays(a, b)
    if axes is not None:
        moved = [i for i in range(x.ndim) if i not in axes]
        x = st.transpose(x, perm=(*moved, *axes))
    shape = x.shape[y.ndim :]
    n = math.prod(shape)
    if n != y.size or n * n != x.size:
        raise ShapeError(
            f"np.linalg.tensorsolve of arrays of shapes {x.shape} and {y.shape}",
            remedy="the first axes of a are those of b, and as many elements as b has are left",
        )
    flat = solve(st.reshape(x, shape=(n, n)), st.reshape(y, shape=(n,)))
    return st.reshape(flat, shape=shape)


# -- determinants ----------------------------------------------------------------------------------


def determinant(x: Value) -> Value:
    """Up to 3 x 3 by its expansion, which is differentiable to any order; else of LU factors."""
    n = x.shape[-1]
    if n == 0:
        return x.builder.const(1, x.shape[:-2], x.dtype)
    if n > 3:
        factors = la.lu(x)
        return determinants.determinant(determinants.value_of_determinant(factors), factors, x)
    if n == 1:
        return mx.part(x, 0, 0)
    if n == 2:
        return _minor(x, (0, 1), (0, 1))
    minors = [ew.mul(mx.part(x, 0, j), _minor(x, (1, 2), _others(j))) for j in range(3)]
    return ew.add(ew.sub(minors[0], minors[1]), minors[2])


def _others(j: int) -> tuple[int, int]:
    first, second = (k for k in range(3) if k != j)
    return first, second


def _minor(x: Value, rows: tuple[int, int], columns: tuple[int, int]) -> Value:
    (i, k), (j, m) = rows, columns
    return ew.sub(
        ew.mul(mx.part(x, i, j), mx.part(x, k, m)), ew.mul(mx.part(x, i, m), mx.part(x, k, j))
    )


@implements(np.linalg.det)
def det(a: Any) -> Value:
    """The gradient is the matrix of cofactors, which is right for singular matrices too.

    Where the rank is below n - 2, derivatives beyond the second are taken for 0.
    """
    return determinant(square("np.linalg.det", a))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """The gradient of the logarithm is A^-T, whatever the sign; of a singular matrix an error."""
    x = real("np.linalg.slogdet", square("np.linalg.slogdet", a))
    n = x.shape[-1]
    if n == 0:
        one, zero = (x.builder.const(k, x.shape[:-2], x.dtype) for k in (1, 0))
        return SlogdetResult(one, zero)
    factors = la.lu(x)
    pivots = mx.diagonal(mx.rows(factors, 0, n))
    signs = ew.mul(ew.sign(pivots), determinants.signs_of_exchanges(factors))
    negative = mx.total(ew.cast(ew.lt(signs, 0.0), dtype=np.dtype(np.int64)))
    regular = ew.eq(mx.total(ew.cast(ew.eq(signs, 0.0), dtype=x.dtype)), 0.0)
    odd = ew.cast(ew.int_mod(negative, 2), dtype=x.dtype)
    sign = ew.where(regular, ew.sub(1.0, ew.mul(odd, 2.0)), 0.0)
    logarithm = mx.total(ew.log(ew.absolute(pivots)))
    return SlogdetResult(
        ew.stop_gradient(sign), determinants.log_determinant(logarithm, factors, x)
    )


# -- powers ----------------------------------------------------------------------------------------


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Value:
    x = as_array(a)
    square("np.linalg.matrix_power", x)
    try:
        power = n.__index__()
    except AttributeError as error:
        raise TraceError(
            f"np.linalg.matrix_power to a power of type {type(n).__name__}",
            remedy="give an integer; other powers are functions of the eigenvalues",
        ) from error
    if power == 0:
        return identity(x, x.shape[-1])
    if power < 0:
        x, power = inv(x), -power
    factors: list[Value] = []
    while power:
        if power & 1:
            factors.append(x)
        power >>= 1
        x = matmul(x, x) if power else x
    return functools.reduce(matmul, factors)
