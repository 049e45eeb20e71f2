"""NumPy's products of arrays on values: dot, inner, outer, tensordot, and stacks: matmul, vecdot.

Each becomes one `contract` in normal form; where nothing is to be contracted, or nothing is left
free, it becomes a product and a sum, which fuse with their neighbours.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_arrays, conjugate, refuse_out
from jitad.frontend.operands import array_dtype, as_dtype, as_shape, implements, normal_axis
from jitad.functions.arrays.shaping import expand_dims, moveaxis
from jitad.ir.errors import ShapeError
from jitad.ir.value import FUNCTIONS, UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.contraction import contract


def pair(a: Any, b: Any) -> tuple[Value, Value]:
    """Both operands on one tape, of the dtype that NumPy computes in."""
    x, y = as_arrays(a, b)
    dtype = array_dtype(x, y)
    return as_dtype(x, dtype), as_dtype(y, dtype)


def product(x: Value, y: Value, a: str, b: str, out: str) -> Value:
    """Sum over the labels that `out` lacks of x[a] y[b], from any labels to normal form."""
    x, a = prepare(x, a, b, out)
    y, b = prepare(y, b, a, out)
    sizes = _sizes(x, y, a, b)
    contracted = [label for label in a if label in b and label not in out]
    free = [label for label in out if (label in a) != (label in b)]
    if contracted and free and x.dtype.kind in "fc":
        return contract(x, y, spec=f"{a},{b}->{out}")
    order = out + "".join(contracted)
    shape = tuple(sizes[label] for label in order)
    total = ew.mul(_spread(x, a, order, shape), _spread(y, b, order, shape))
    if not contracted:
        return total
    return st.reduce_sum(total, axes=tuple(range(len(out), len(order))))


def _sizes(x: Value, y: Value, a: str, b: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for label, n in [*zip(a, x.shape, strict=True), *zip(b, y.shape, strict=True)]:
        if sizes.setdefault(label, n) != n:
            raise ShapeError(
                f"operands of shapes {x.shape} and {y.shape} do not fit: an axis of {sizes[label]}"
                f" meets one of {n}",
                remedy="check the shapes; transpose an operand with x.T",
            )
    return sizes


def prepare(x: Value, a: str, b: str, out: str) -> tuple[Value, str]:
    """Diagonals for repeated labels, sums for labels that stand nowhere else."""
    for label in dict.fromkeys(a):
        while a.count(label) > 1:
            i = a.index(label)
            j = a.index(label, i + 1)
            x = FUNCTIONS[np.diagonal](x, axis1=i, axis2=j)
            a = a[:i] + a[i + 1 : j] + a[j + 1 :] + label
    lone = tuple(i for i, label in enumerate(a) if label not in b and label not in out)
    if lone:
        x = st.reduce_sum(x, axes=lone)
        a = "".join(label for i, label in enumerate(a) if i not in lone)
    return x, a


def _spread(x: Value, a: str, order: str, shape: tuple[int, ...]) -> Value:
    """x with its axes in the order of `order`, broadcast to `shape`."""
    present = "".join(label for label in order if label in a)
    if present != a:
        x = st.transpose(x, perm=tuple(a.index(label) for label in present))
    if present != order:
        sizes = dict(zip(present, x.shape, strict=True))
        x = st.reshape(x, shape=tuple(sizes.get(label, 1) for label in order))
    return as_shape(x, shape)


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Value:
    refuse_out(out)
    x, y = pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        return UFUNCS[np.multiply](x, y)
    if y.ndim == 1:
        return tensordot(x, y, axes=((-1,), (0,)))
    return tensordot(x, y, axes=((-1,), (-2,)))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Value:
    x, y = pair(a, b)
    return product(conjugate(x).reshape(-1), y.reshape(-1), "i", "i", "")


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Value:
    x, y = pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        return UFUNCS[np.multiply](x, y)
    return tensordot(x, y, axes=((-1,), (-1,)))


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Value:
    refuse_out(out)
    x, y = pair(a, b)
    return product(x.reshape(-1), y.reshape(-1), "i", "j", "ij")


@implements(np.linalg.outer)
def outer_of_vectors(x1: Any, x2: Any, /) -> Value:
    x, y = pair(x1, x2)
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(
            f"np.linalg.outer of arrays of shapes {x.shape} and {y.shape}",
            remedy="both are of one axis; np.outer flattens its operands",
        )
    return product(x, y, "i", "j", "ij")


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Value:
    x, y = pair(a, b)
    left, right = _contracted_axes(x, y, axes)
    names = iter(string.ascii_letters)
    of_x = [next(names) for _ in range(x.ndim)]
    of_y = [next(names) for _ in range(y.ndim)]
    for i, j in zip(left, right, strict=True):
        of_y[j] = of_x[i]
    out = [label for i, label in enumerate(of_x) if i not in left]
    out += [label for j, label in enumerate(of_y) if j not in right]
    return product(x, y, "".join(of_x), "".join(of_y), "".join(out))


def _contracted_axes(x: Value, y: Value, axes: Any) -> tuple[list[int], list[int]]:
    """The axes of both operands over which tensordot sums, in pairs."""
    if np.iterable(axes):
        left, right = (list(i) if np.iterable(i) else [i] for i in axes)
    else:
        count = int(axes)
        if not 0 <= count <= min(x.ndim, y.ndim):
            raise ShapeError(
                f"np.tensordot over {count} axes of arrays of {x.ndim} and {y.ndim} axes",
                remedy="both operands have the axes that are summed over",
            )
        left, right = list(range(x.ndim - count, x.ndim)), list(range(count))
    left, right = [normal_axis(i, x.ndim) for i in left], [normal_axis(i, y.ndim) for i in right]
    if len(left) != len(right) or len(set(left)) < len(left) or len(set(right)) < len(right):
        raise ShapeError(
            f"np.tensordot over axes {axes}",
            remedy="name each axis once, and as many of one operand as of the other",
        )
    return left, right


# -- stacks of matrices and vectors, whose leading axes broadcast ----------------------------------


def stacked_product(name: str, a: Any, b: Any, of_x: str, of_y: str, out: str) -> Value:
    """The product of the last axes, which are labelled, over all leading axes broadcast."""
    x, y = pair(a, b)
    for operand, core in ((x, of_x), (y, of_y)):
        if operand.ndim < len(core):
            raise ShapeError(
                f"np.{name} of arrays of shapes {x.shape} and {y.shape}",
                remedy="use * for products with scalars; x[:, None] gives an array an axis more",
            )
    lead = max(x.ndim - len(of_x), y.ndim - len(of_y))
    stack = [c for c in string.ascii_letters if c not in "ijk"][:lead]
    x, of_x, x_out = _stacked(x, of_x, stack)
    y, of_y, y_out = _stacked(y, of_y, stack)
    batch = "".join(label for label in stack if label in x_out or label in y_out)
    result = product(x, y, of_x, of_y, batch + out)
    if len(batch) < len(stack):
        sizes = iter(result.shape)
        shape = [next(sizes) if label in batch else 1 for label in stack]
        result = st.reshape(result, shape=(*shape, *sizes))
    return result


def _stacked(x: Value, core: str, stack: list[str]) -> tuple[Value, str, str]:
    """Label the stack's axes of one operand; axes of length 1 are dropped, to broadcast."""
    count = x.ndim - len(core)
    lead = stack[len(stack) - count :] if count else []
    kept = "".join(label for label, n in zip(lead, x.shape, strict=False) if n != 1)
    shape = tuple(n for n in x.shape[:count] if n != 1) + x.shape[count:]
    x = x if shape == x.shape else st.reshape(x, shape=shape)
    return x, kept + core, kept


Labels = tuple[str, str, str]
"""The last axes of both operands and of the result, as ufunc.signature has them."""


def _ufunc(ufunc: Any, labels: Callable[[Value, Value], Labels], *, conjugated: bool) -> Any:
    """Register a ufunc of stacks; `axis`, `axes` and `keepdims` are those of every such ufunc."""

    def record(
        a: Any, b: Any, *, axis: int | None = None, axes: Any = None, keepdims: bool = False
    ) -> Value:
        x, y = pair(a, b)
        x = conjugate(x) if conjugated else x
        cores = labels(x, y)
        if axis is None and axes is None and not keepdims:
            return stacked_product(ufunc.__name__, x, y, *cores)
        places = _places(ufunc, cores, axis, axes, keepdims)
        x = moveaxis(x, places[0], tuple(range(-len(cores[0]), 0)))
        y = moveaxis(y, places[1], tuple(range(-len(cores[1]), 0)))
        result = stacked_product(ufunc.__name__, x, y, *cores)
        if keepdims:
            return expand_dims(result, places[2])
        return moveaxis(result, tuple(range(-len(cores[2]), 0)), places[2])

    UFUNCS[ufunc] = record
    return record


def _places(ufunc: Any, cores: Labels, axis: Any, axes: Any, keepdims: bool) -> list[Any]:
    """Which axes of the operands and of the result the labelled ones are."""
    kept = [1] * 3 if keepdims else [len(core) for core in cores]
    vectors = [len(core) for core in cores] == [1, 1, 0]
    if axes is None:
        place = -1 if axis is None else axis
        places = [(place,) * n for n in kept]
    else:
        places = [tuple(entry) if np.iterable(entry) else (entry,) for entry in axes]
        places += [()] * (vectors and len(places) == 2)
    single = axis is None and not keepdims
    if [len(place) for place in places] != kept or not (single or vectors):
        raise ShapeError(
            f"np.{ufunc.__name__} with axis={axis}, axes={axes}, keepdims={keepdims}",
            remedy="axes= has as many axes for each operand and for the result as the product has "
            f"there, {ufunc.signature}; axis= and keepdims= are for products of vectors",
        )
    return places


def _matmul_labels(x: Value, y: Value) -> Labels:
    """An operand of one axis is a row on the left, a column on the right."""
    of_x = "k" if x.ndim == 1 else "ik"
    of_y = "k" if y.ndim == 1 else "kj"
    return of_x, of_y, (of_x + of_y).replace("k", "")


matmul = _ufunc(np.matmul, _matmul_labels, conjugated=False)
vecdot = _ufunc(np.vecdot, lambda x, y: ("k", "k", ""), conjugated=True)
matvec = _ufunc(np.matvec, lambda x, y: ("ik", "k", "i"), conjugated=False)
vecmat = _ufunc(np.vecmat, lambda x, y: ("k", "kj", "j"), conjugated=True)
