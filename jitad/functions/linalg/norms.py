"""numpy.linalg's norms, condition numbers and ranks on values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_array_on
from jitad.frontend.operands import as_dtype, as_shape, implements, normal_axes, normal_axis
from jitad.functions.arrays.shaping import moveaxis
from jitad.functions.elementwise import sizes
from jitad.functions.linalg.decompositions import eigvalsh
from jitad.functions.linalg.equations import floating, inv, matrices, real, swapped
from jitad.functions.reductions.reductions import is_absent, kept, max_, min_, refuse_empty, sum_
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import INT64, Shape
from jitad.ir.value import UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg import singular

# -- vectors ---------------------------------------------------------------------------------------


def _sizes(x: Value) -> Value:
    return UFUNCS[np.absolute](x)


def _norm_of_vectors(x: Value, order: Any, axes: tuple[int, ...]) -> Value:
    """The norm along axes; the 2-norm and its like have gradient 0 at 0."""
    if order in (math.inf, -math.inf):
        refuse_empty("linalg.norm", x.shape, axes)
        return (max_ if order > 0 else min_)(_sizes(x), axis=axes)
    if order is None or order == 2:
        return ew.root(sum_(sizes.squared(x), axis=axes))
    if order == 0:
        nonzero = UFUNCS[np.not_equal](x, 0)
        return sum_(ew.cast(nonzero, dtype=_sizes(x).dtype), axis=axes)
    if order == 1:
        return sum_(_sizes(x), axis=axes)
    if isinstance(order, str):
        raise ShapeError(
            f"np.linalg.norm(ord={order!r}) of vectors", remedy="'fro' and 'nuc' are of matrices"
        )
    powers = UFUNCS[np.power](_sizes(x), order)
    return sizes.nonzero_power(sum_(powers, axis=axes), 1 / order)


# -- matrices --------------------------------------------------------------------------------------


def _norm_of_matrices(x: Value, order: Any) -> Value:
    """The norm of the last two axes."""
    if order is None or order in ("fro", "f"):
        return _norm_of_vectors(x, 2, (x.ndim - 2, x.ndim - 1))
    if order in (2, -2, "nuc"):
        s = singular.svdvals(swapped(real("np.linalg.norm of singular values", x)))
        if order == "nuc":
            return mx.total(s)
        return (max_ if order == 2 else min_)(s, axis=-1)
    if order in (1, -1, math.inf, -math.inf):
        sums = sum_(_sizes(x), axis=-2 if order in (1, -1) else -1)
        refuse_empty("linalg.norm", sums.shape, (sums.ndim - 1,))
        return (max_ if order > 0 else min_)(sums, axis=-1)
    raise ShapeError(
        f"np.linalg.norm(ord={order!r}) of matrices",
        remedy="orders of matrices are None, 'fro', 'nuc', 1, -1, 2, -2, inf and -inf",
    )


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Value:
    y = as_array(x)
    y = as_dtype(y, floating(y.dtype))
    given = range(y.ndim) if axis is None else axis
    axes: tuple[int, ...] = tuple(given) if np.iterable(given) else (given,)
    if axis is None and (ord is None or (ord in ("f", "fro") and y.ndim == 2)):
        result = _norm_of_vectors(y, 2, axes)
        return kept(y.shape, result, axes, keepdims)
    if axis is None and ord == 2 and y.ndim == 1:
        return kept(y.shape, _norm_of_vectors(y, 2, axes), axes, keepdims)
    if len(axes) == 1:
        place = normal_axis(axes[0], y.ndim)
        return kept(y.shape, _norm_of_vectors(y, ord, (place,)), (place,), keepdims)
    if len(axes) != 2:
        raise ShapeError(
            f"np.linalg.norm(ord={ord!r}) over {len(axes)} axes",
            remedy="give one axis for vectors, two for matrices, or leave out ord=",
        )
    places = normal_axes(axes, y.ndim)
    moved = moveaxis(y, axes, (-2, -1))
    return kept(y.shape, _norm_of_matrices(moved, ord), places, keepdims)


# -- condition numbers, ranks ----------------------------------------------------------------------


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Value:
    """Orders other than 2 and -2 invert the matrix, so that a singular one is an error."""
    y = matrices("np.linalg.cond", x)
    if p is None or p in (2, -2):
        s = singular.svdvals(swapped(real("np.linalg.cond", y)))
        first, last = mx.part(s, 0), mx.part(s, s.shape[-1] - 1)
        return ew.div(last, first) if p == -2 else ew.div(first, last)
    return ew.mul(_norm_of_matrices(y, p), _norm_of_matrices(inv(y), p))


def tolerance(like: Value, given: Any, default: float, shape: Shape) -> Value:
    """A tolerance as one number for each matrix of a stack."""
    if is_absent(given):
        return like.builder.const(default, shape, like.dtype)
    return as_shape(as_dtype(as_array_on(like.builder, given), like.dtype), shape)


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Value:
    y = as_array(A)
    y = as_dtype(y, floating(y.dtype))
    if y.ndim < 2:
        return as_dtype(UFUNCS[np.logical_not](np.all(UFUNCS[np.equal](y, 0))), INT64)
    if tol is not None and rtol is not None:
        raise TraceError("np.linalg.matrix_rank with tol= and rtol=", remedy="give one of them")
    y = real("np.linalg.matrix_rank", y)
    s = ew.absolute(eigvalsh(y)) if hermitian else singular.svdvals(swapped(y))
    return rank_of(s, y.shape, tol, rtol)


def rank_of(s: Value, shape: Shape, tol: Any, rtol: Any) -> Value:
    """How many singular values exceed a tolerance, by default that of NumPy."""
    lead = s.shape[:-1]
    if s.shape[-1] == 0:
        return s.builder.const(0, lead, INT64)
    if tol is None:
        default = max(shape[-2:]) * float(np.finfo(s.dtype).eps)
        limit = ew.mul(max_(s, axis=-1), tolerance(s, rtol, default, lead))
    else:
        limit = tolerance(s, tol, 0.0, lead)
    return rank_above(s, limit)


def rank_above(s: Value, limit: Value) -> Value:
    """How many singular values exceed a limit, one for each matrix of a stack."""
    return sum_(ew.gt(s, mx.along_columns(limit, s.shape)), axis=-1)
