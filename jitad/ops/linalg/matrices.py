"""Products, transposes, diagonals and triangles of stacks of matrices: the words of linear algebra.

Each function records ops on values whose last two axes are a matrix; the axes before are a stack.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.ir.op import DType, Shape
from jitad.ops import elementwise as ew
from jitad.ops.contraction import contract, labels
from jitad.ops.gathers import iota_on
from jitad.ops.joins import concatenate
from jitad.ops.reductions import reduce_sum
from jitad.ops.views import broadcast, index, reshape, spread, transpose, zeros

_STACK = "abcdefgh"


def product(x: Any, y: Any, spec: str = "ij,jk->ik") -> Any:
    """The product over equal stacks of what `spec` says about the last axes."""
    a, b, out = labels(spec)
    lead = _STACK[: len(x.shape) - len(a)]
    return contract(x, y, spec=f"{lead}{a},{lead}{b}->{lead}{out}")


def turned(x: Any) -> Any:
    """The transposed matrices."""
    rank = len(x.shape)
    return transpose(x, perm=(*range(rank - 2), rank - 1, rank - 2))


def part(x: Any, *slots: Any) -> Any:
    """x[..., slots]: one slot for each of the last axes."""
    lead = x.shape[: len(x.shape) - len(slots)]
    return index(x, slots=(*((0, n, 1) for n in lead), *slots))


def rows(x: Any, start: int, stop: int) -> Any:
    """x[..., start:stop, :]."""
    return part(x, (start, stop - start, 1), (0, x.shape[-1], 1))


def columns(x: Any, start: int, stop: int) -> Any:
    """x[..., start:stop]."""
    return part(x, (start, stop - start, 1))


def piece(x: Any, start: int, shape: Shape) -> tuple[Any, int]:
    """A matrix that is laid flat in the last axis, and where it ends."""
    stop = start + math.prod(shape)
    return reshape(columns(x, start, stop), shape=(*x.shape[:-1], *shape)), stop


def flat(x: Any, rank: int = 2) -> Any:
    """The last axes laid into one."""
    lead = len(x.shape) - rank
    return reshape(x, shape=(*x.shape[:lead], math.prod(x.shape[lead:])))


def joined(*xs: Any) -> Any:
    """Side by side along the last axis."""
    return concatenate(*xs, axis=len(xs[0].shape) - 1)


def stacked(*xs: Any) -> Any:
    """One below the other."""
    return concatenate(*xs, axis=len(xs[0].shape) - 2)


def as_row(x: Any) -> Any:
    """Vectors as matrices of one row."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def along_rows(x: Any, shape: Shape) -> Any:
    """x_j in every row i of a matrix."""
    return broadcast(as_row(x), shape=shape)


def along_columns(x: Any, shape: Shape) -> Any:
    """x_i in every column j of a matrix."""
    return broadcast(reshape(x, shape=(*x.shape, 1)), shape=shape)


def over_matrix(x: Any, shape: Shape) -> Any:
    """One number for each matrix of a stack, in all of its elements."""
    return broadcast(reshape(x, shape=(*x.shape, 1, 1)), shape=shape)


def gap(like: Any, shape: Shape) -> Any:
    """Each element's column less its row."""
    rank = len(shape)
    return ew.sub(iota_on(like, shape, rank - 1), iota_on(like, shape, rank - 2))


def eye(like: Any, shape: Shape, dtype: DType) -> Any:
    """A stack of identity matrices."""
    return ew.cast(ew.eq(gap(like, shape), 0), dtype=dtype)


def lower(x: Any, k: int = 0) -> Any:
    """The elements on and below diagonal k; zeros above."""
    return ew.where(ew.le(gap(x, x.shape), k), x, zeros(x, x.shape, x.dtype))


def upper(x: Any, k: int = 0) -> Any:
    """The elements on and above diagonal k; zeros below."""
    return ew.where(ew.ge(gap(x, x.shape), k), x, zeros(x, x.shape, x.dtype))


def symmetric(x: Any) -> Any:
    """The mean of the matrix and its transpose."""
    return ew.mul(ew.add(x, turned(x)), 0.5)


def diagonal(x: Any) -> Any:
    """The elements on the diagonals of square matrices."""
    n = x.shape[-1]
    return part(flat(x), (0, n, n + 1))


def total(x: Any, axes: int = 1) -> Any:
    """The sum over the last axes."""
    rank = len(x.shape)
    return reduce_sum(x, axes=tuple(range(rank - axes, rank)))


def difference_quotients(x: Any, y: Any) -> Any:
    """F_ij = 1 / (y_j - x_i), and 0 where both are equal, which is JAX's convention."""
    shape = (*x.shape, y.shape[-1])
    d = ew.sub(along_rows(y, shape), along_columns(x, shape))
    return inverse_or_zero(d)


def untied(differences: Any, w: Any) -> Any:
    """1 / (w_j - w_i), and 0 where values in order are equal but for rounding of the largest."""
    n = w.shape[-1]
    size = ew.maximum(ew.absolute(part(w, 0)), ew.absolute(part(w, n - 1)))
    limit = ew.mul(size, 8 * n * float(np.finfo(w.dtype).eps))
    tied = ew.le(ew.absolute(differences), over_matrix(limit, differences.shape))
    return inverse_or_zero(ew.where(tied, 0.0, differences))


def inverse_or_zero(x: Any) -> Any:
    """1 / x, and 0 where x is 0; its derivatives there are 0 as well."""
    zero = ew.eq(x, 0.0)
    return ew.where(zero, 0.0, ew.div(1.0, ew.where(zero, 1.0, x)))


def plus(*terms: Any) -> Any:
    """The sum of the terms that are not None; None where all are."""
    given = [x for x in terms if x is not None]
    result = given[0] if given else None
    for x in given[1:]:
        result = ew.add(result, x)
    return result


def minus(x: Any, y: Any) -> Any:
    """x - y, where None is zero."""
    return plus(x, None if y is None else ew.neg(y))


# -- stacks ----------------------------------------------------------------------------------------


def over_stack(function: Callable[..., np.ndarray], *xs: np.ndarray, shape: Shape) -> np.ndarray:
    """A NumPy function of single matrices, over stacks of them: arrays of that shape at the end."""
    lead = xs[0].shape[:-2]
    result = np.empty((*lead, *shape), xs[0].dtype)
    for place in np.ndindex(lead):
        result[place] = function(*(x[place] for x in xs))
    return result


def spread_all(xs: Any, batched: Any, size: int) -> list[Any]:
    """The operands, all over the new axis."""
    return [spread(x, b, size) for x, b in zip(xs, batched, strict=True)]


def batch_of_one(op: Any) -> Any:
    """The batch rule of an op on a stack of matrices: the new axis is one more of the stack."""
    return lambda xs, batched, size, **params: op()(*spread_all(xs, batched, size), **params)


def batch_of_rows(op: Any) -> Any:
    """The batch rule of an op whose last operand is right-hand sides, as rows, of one system.

    Of one system for the whole batch they are more rows of it.
    """

    def batch(xs: Any, batched: Any, size: int, **params: Any) -> Any:
        if any(batched[:-1]):
            return op()(*spread_all(xs, batched, size), **params)
        *system, b = xs
        return _as_fewer_rows(op()(*system, _as_more_rows(b), **params), size)

    return batch


def _as_more_rows(b: Any) -> Any:
    """Right-hand sides (size, stack, k, n) as rows (stack, size k, n) of the same systems."""
    rank = len(b.shape)
    moved = transpose(b, perm=(*range(1, rank - 2), 0, rank - 2, rank - 1))
    return reshape(moved, shape=(*b.shape[1:-2], b.shape[0] * b.shape[-2], b.shape[-1]))


def _as_fewer_rows(x: Any, size: int) -> Any:
    """What `_as_more_rows` has merged, apart again."""
    *lead, k, n = x.shape
    rank = len(lead)
    apart = reshape(x, shape=(*lead, size, k // size, n))
    return transpose(apart, perm=(rank, *range(rank), rank + 1, rank + 2))


def eigen_parts(v: Any) -> tuple[Any, Any]:
    """Of what a decomposition gives the eigenvectors, as rows, and the eigenvalues."""
    n = v.shape[-1]
    return rows(v, 0, n), part(v, n, (0, n, 1))
