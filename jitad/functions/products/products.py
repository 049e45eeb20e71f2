"""NumPy's cross and Kronecker products, chains of matrices, and np.linalg's views, on values."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_arrays, refuse_out
from jitad.frontend.operands import implements
from jitad.functions.arrays.shaping import atleast_2d, moveaxis, reshape, stack
from jitad.functions.products.contractions import dot, pair
from jitad.ir.errors import ShapeError
from jitad.ir.value import Value

# -- cross and Kronecker products ------------------------------------------------------------------

_COMPONENTS = (2, 3) if np.lib.NumpyVersion(np.__version__) < "2.5.0" else (3,)
"""How many components NumPy's cross products are of."""


@implements(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Value:
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError("np.cross of a scalar", remedy="give vectors of 3 components")
    x, y = moveaxis(x, axisa, -1), moveaxis(y, axisb, -1)
    if x.shape[-1] not in _COMPONENTS or y.shape[-1] not in _COMPONENTS:
        raise ShapeError(
            f"np.cross of vectors of {x.shape[-1]} and {y.shape[-1]} components",
            remedy="give vectors of 3 components along their axis; of two components write "
            "a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]",
        )
    if x.shape[-1] == y.shape[-1] == 2:
        return _minor(x, y, 0, 1)
    components = [_minor(x, y, i, j) for i, j in ((1, 2), (2, 0), (0, 1))]
    return moveaxis(stack(components, axis=-1), -1, axisc)


def _minor(x: Any, y: Any, i: int, j: int) -> Any:
    """x_i y_j - x_j y_i, where the third component of a vector of two is 0."""
    dimensions = x.shape[-1], y.shape[-1]
    if i >= dimensions[0] or j >= dimensions[1]:
        return -(x[..., j] * y[..., i])
    first = x[..., i] * y[..., j]
    if j >= dimensions[0] or i >= dimensions[1]:
        return first
    return first - x[..., j] * y[..., i]


@implements(np.linalg.cross)
def cross_along(x1: Any, x2: Any, /, *, axis: int = -1) -> Value:
    result = cross(x1, x2, axis=axis)
    if any(x.shape[axis] != 3 for x in as_arrays(x1, x2)):
        raise ShapeError(
            "np.linalg.cross of vectors of two components",
            remedy="vectors have 3 components along their axis",
        )
    return result


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    x, y = pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        return np.multiply(x, y)
    rank = max(x.ndim, y.ndim)
    outer = (1,) * (rank - x.ndim) + x.shape
    inner = (1,) * (rank - y.ndim) + y.shape
    blocks = [n for size in outer for n in (size, 1)]
    tiles = [n for size in inner for n in (1, size)]
    table = np.multiply(reshape(x, blocks), reshape(y, tiles))
    return reshape(table, [n * m for n, m in zip(outer, inner, strict=True)])


# -- chains of matrices ----------------------------------------------------------------------------


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: Any = None) -> Value:
    refuse_out(out)
    chain = as_arrays(*arrays)
    if len(chain) < 2:
        raise ShapeError("np.linalg.multi_dot of one array", remedy="give two arrays or more")
    ends = [x.ndim for x in (chain[0], chain[-1])]
    if any(x.ndim != 2 for x in chain[1:-1]) or not set(ends) <= {1, 2}:
        raise ShapeError(
            f"np.linalg.multi_dot of arrays of shapes {[x.shape for x in chain]}",
            remedy="all are matrices, but that the first and the last may be vectors",
        )
    if len(chain) == 2:
        return dot(*chain)
    chain[0] = atleast_2d(chain[0])
    chain[-1] = chain[-1] if ends[1] == 2 else reshape(chain[-1], (-1, 1))
    result = _parenthesised(chain, _splits(chain), 0, len(chain) - 1)
    kept = [n for n, ndim in zip(result.shape, ends, strict=True) if ndim == 2]
    return reshape(result, kept)


def _splits(chain: list[Value]) -> dict[tuple[int, int], int]:
    """Where the chain i..j is best cut: Cormen et al., Introduction to Algorithms, section 15.2."""
    sizes = [chain[0].shape[0], *(x.shape[1] for x in chain)]
    cost = {(i, i): 0 for i in range(len(chain))}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, len(chain)):
        for i in range(len(chain) - length):
            j = i + length
            costs = [
                cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            ]
            cost[i, j] = min(costs)
            splits[i, j] = i + costs.index(cost[i, j])
    return splits


def _parenthesised(chain: list[Value], splits: dict[tuple[int, int], int], i: int, j: int) -> Value:
    if i == j:
        return chain[i]
    k = splits[i, j]
    return dot(_parenthesised(chain, splits, i, k), _parenthesised(chain, splits, k + 1, j))


# -- np.linalg's names of views of matrices --------------------------------------------------------
