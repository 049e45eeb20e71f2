"""scipy.linalg's matrices with a structure, on values."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from jitad.frontend.conversion import as_arrays, conjugate
from jitad.frontend.operands import array_dtype, as_dtype, implements
from jitad.functions.arrays.shaping import atleast_2d, concatenate
from jitad.ir.errors import ShapeError
from jitad.ir.value import UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.linalg import matrices as mx
from jitad.scipy.linalg.solving import vector


def _joined(*parts: Value) -> Value:
    dtype = array_dtype(*parts)
    return concatenate([as_dtype(x, dtype) for x in parts])


@implements(scipy.linalg.toeplitz)
def toeplitz(c: Any, r: Any = None) -> Value:
    """T_ij = c[i - j] on and below the diagonal, r[j - i] above it."""
    if r is None:
        column = vector("scipy.linalg.toeplitz", c)
        row = conjugate(column)
    else:
        column, row = (vector("scipy.linalg.toeplitz", x) for x in as_arrays(c, r))
    n, m = column.size, row.size
    numbers = _joined(column[::-1], row[1:])
    return numbers[n - 1 + np.arange(m) - np.arange(n)[:, None]]


@implements(scipy.linalg.hankel)
def hankel(c: Any, r: Any = None) -> Value:
    """H_ij = c[i + j] as far as c goes, then r from its second element on, or zeros."""
    if r is None:
        column = vector("scipy.linalg.hankel", c)
        row = st.zeros(column, column.shape, column.dtype)
    else:
        column, row = (vector("scipy.linalg.hankel", x) for x in as_arrays(c, r))
    numbers = _joined(column, row[1:])
    return numbers[np.arange(column.size)[:, None] + np.arange(row.size)]


@implements(scipy.linalg.circulant)
def circulant(c: Any) -> Value:
    """C_ij = c[(i - j) mod n]."""
    column = vector("scipy.linalg.circulant", c)
    place = np.arange(column.size)
    return column[(place[:, None] - place) % max(1, column.size)]


@implements(scipy.linalg.companion)
def companion(a: Any) -> Value:
    x = vector("scipy.linalg.companion", a)
    n = x.size - 1
    if n < 1:
        raise ShapeError(
            "scipy.linalg.companion of less than 2 coefficients", remedy="give at least two"
        )
    leading = st.broadcast(st.index(x, slots=(0,)), shape=(n,))
    first = ew.neg(UFUNCS[np.true_divide](mx.columns(x, 1, n + 1), leading))
    rest = mx.eye(first, (n, n), first.dtype)
    return mx.stacked(mx.as_row(first), mx.rows(rest, 0, n - 1))


@implements(scipy.linalg.block_diag)
def block_diag(*arrs: Any) -> Value:
    blocks = [atleast_2d(x) for x in as_arrays(*arrs)]
    dtype = array_dtype(*blocks)
    if any(x.ndim != 2 for x in blocks):
        raise ShapeError("scipy.linalg.block_diag of stacks", remedy="give matrices")
    shape = sum(x.shape[0] for x in blocks), sum(x.shape[1] for x in blocks)
    total = st.zeros(blocks[0], shape, dtype)
    i = j = 0
    for x in blocks:
        n, m = x.shape
        if x.size:
            total = st.index_add(total, as_dtype(x, dtype), slots=((i, n, 1), (j, m, 1)))
        i, j = i + n, j + m
    return total


@implements(scipy.linalg.khatri_rao)
def khatri_rao(a: Any, b: Any) -> Value:
    """Kronecker products of columns."""
    x, y = as_arrays(a, b)
    dtype = array_dtype(x, y)
    x, y = as_dtype(x, dtype), as_dtype(y, dtype)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ShapeError(
            f"scipy.linalg.khatri_rao of arrays of shapes {x.shape} and {y.shape}",
            remedy="give two matrices of as many columns",
        )
    (n, k), (m, _) = x.shape, y.shape
    left = st.broadcast(st.reshape(x, shape=(n, 1, k)), shape=(n, m, k))
    right = st.broadcast(st.reshape(y, shape=(1, m, k)), shape=(n, m, k))
    return st.reshape(ew.mul(left, right), shape=(n * m, k))
