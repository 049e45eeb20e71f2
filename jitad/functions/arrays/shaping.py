"""NumPy's functions that reshape and join arrays, on values."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_arrays, refuse_out
from jitad.frontend.items import item_of
from jitad.frontend.memory_order import in_memory
from jitad.frontend.operands import (
    array_dtype,
    as_dtype,
    as_shape,
    as_value,
    broadcast_shape,
    implements,
    innermost,
    lift,
    normal_axes,
    normal_axis,
)
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import DType, Shape
from jitad.ir.value import Value
from jitad.ops import structural as st

# -- shapes ----------------------------------------------------------------------------------------


def sizes_of(shape: Any) -> Shape:
    """A shape given as one number or several."""
    several = isinstance(shape, (tuple, list)) or np.ndim(shape)
    sizes: Any = shape if several else (shape,)
    try:
        return tuple(operator.index(n) for n in sizes)
    except TypeError as error:
        if isinstance(error, TraceError):
            raise
        raise ShapeError(
            f"{shape!r} is not a shape",
            remedy="give one int, or a tuple of them",
        ) from error


@implements(np.reshape)
def reshape(a: Any, /, shape: Any, order: str = "C", *, copy: Any = None) -> Value:
    x = as_value(a)
    target = sizes_of(shape)
    known = math.prod(n for n in target if n != -1)
    free = target.count(-1)
    wrong = x.size % known if free and known else x.size != known or free
    if free > 1 or wrong or any(n < -1 for n in target):
        raise ShapeError(
            f"cannot reshape an array of shape {x.shape} into {target}",
            remedy="the sizes must multiply to that of the array; one of them may be -1",
        )
    target = tuple(x.size // known if n == -1 else n for n in target)
    if order not in ("C", "F", "A"):
        raise ShapeError(
            f"reshape has no order {order!r}",
            remedy='use order="C", "F" or "A"',
        )
    if order == "F" or (order == "A" and in_memory(x).flags.fnc):
        return reshape(x.T, target[::-1]).T
    return st.reshape(x, shape=target)


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Value:
    if order != "K":
        return reshape(a, -1, order=order)
    x = as_value(a)
    steps = in_memory(x).strides
    if any(step < 0 for step in steps):
        raise TraceError(
            'ravel(order="K") of a traced array that is read backwards',
            remedy='give order="C" or "F"',
        )
    falling = sorted(range(x.ndim), key=lambda axis: -steps[axis])
    return reshape(st.transpose(x, perm=tuple(falling)), -1) if x.ndim else reshape(x, -1)


@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Value:
    x = as_value(a)
    if axes is None:
        return st.transpose(x, perm=tuple(reversed(range(x.ndim))))
    perm = tuple(normal_axis(i, x.ndim) for i in sizes_of(axes))
    if sorted(perm) != list(range(x.ndim)):
        raise ShapeError(
            f"axes {axes} do not permute an array of {x.ndim} axes",
            remedy="name each axis once",
        )
    return st.transpose(x, perm=perm)


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Value:
    x = as_value(a)
    i, j = normal_axis(axis1, x.ndim), normal_axis(axis2, x.ndim)
    perm = list(range(x.ndim))
    perm[i], perm[j] = perm[j], perm[i]
    return st.transpose(x, perm=tuple(perm))


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Value:
    return swapaxes(x, -1, -2)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Value:
    x = as_value(a)
    sources = [normal_axis(i, x.ndim) for i in sizes_of(source)]
    targets = [normal_axis(i, x.ndim) for i in sizes_of(destination)]
    if len(sources) != len(targets):
        raise ShapeError(
            "moveaxis needs as many sources as destinations",
            remedy="give each source its destination",
        )
    if len({*sources}) != len(sources) or len({*targets}) != len(targets):
        raise ShapeError(
            f"an axis stands twice in moveaxis from {source} to {destination}",
            remedy="name each axis once",
        )
    perm = [i for i in range(x.ndim) if i not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        perm.insert(target, origin)
    return st.transpose(x, perm=tuple(perm))


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Value:
    x = as_value(a)
    ones = tuple(i for i, n in enumerate(x.shape) if n == 1)
    axes = ones if axis is None else normal_axes(axis, x.ndim)
    if any(x.shape[i] != 1 for i in axes):
        raise ShapeError(
            f"cannot squeeze axes {axes} of an array of shape {x.shape}",
            remedy="only axes of length 1 can go; use reshape for others",
        )
    return st.reshape(x, shape=st.drop_axes(x.shape, axes))


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Value:
    x = as_value(a)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    axes = normal_axes(axis, x.ndim + count)
    sizes = iter(x.shape)
    shape = tuple(1 if i in axes else next(sizes) for i in range(x.ndim + count))
    return st.reshape(x, shape=shape)


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Value:
    x = as_value(array)
    target = sizes_of(shape)
    if broadcast_shape(x.shape, target) != target:
        raise ShapeError(
            f"an array of shape {x.shape} does not broadcast to {target}",
            remedy="trailing axes must be equal or 1",
        )
    return as_shape(x, target)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Value, ...]:
    values = as_arrays(*args)
    shape = broadcast_shape(*(x.shape for x in values))
    return tuple(as_shape(x, shape) for x in values)


@implements(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    return _each(arys, lambda x: x if x.ndim else x.reshape(1))


@implements(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    return _each(arys, lambda x: x if x.ndim > 1 else x.reshape(1, -1))


@implements(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    return _each(arys, _deep)


def _deep(x: Value) -> Value:
    if x.ndim > 2:
        return x
    return x.reshape(*x.shape, 1) if x.ndim == 2 else x.reshape(1, -1, 1)


def _each(arrays: tuple[Any, ...], function: Any) -> Any:
    builder = innermost(arrays)
    results = [function(lift(builder, x)) for x in arrays]
    return tuple(results) if len(results) > 1 else results[0]


# -- joins -----------------------------------------------------------------------------------------


def _values(arrays: Any, dtype: Any = None, casting: Any = None) -> list[Value]:
    """The operands of a join, on one tape and of one dtype."""
    values = as_arrays(*arrays)
    joined = array_dtype(*values) if dtype is None else np.dtype(dtype)
    return [_cast(x, joined, casting or "same_kind") for x in values]


def _cast(x: Value, dtype: DType, casting: Any) -> Value:
    if x.dtype == dtype:
        return x
    if not np.can_cast(x.dtype, dtype, casting):
        raise TraceError(
            f"an array of {x.dtype} is not joined to others as {dtype}",
            remedy="cast it with x.astype first, or give casting='unsafe'",
        )
    return as_dtype(x, dtype)


def _as_rows(arrays: Any) -> Any:
    """A list that a loop has filled as an array, of which its items are rows."""
    if not isinstance(arrays, (list, tuple)) or all(item_of(x) is None for x in arrays):
        return arrays
    shape = np.shape(arrays[0])
    return as_value(arrays) if all(np.shape(x) == shape for x in arrays) else arrays


@implements(np.concatenate)
def concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Value:
    refuse_out(out)
    arrays = _as_rows(arrays)
    if isinstance(arrays, Value) and arrays.ndim > 1:
        return _merged(_values([arrays], dtype, casting)[0], axis)
    values = _values(arrays, dtype, casting)
    if axis is None:
        values, axis = [x.reshape(-1) for x in values], 0
    first = values[0].shape
    place = normal_axis(axis, len(first)) if first else 0
    lost = [st.drop_axes(x.shape, (place,)) for x in values if x.ndim == len(first) > 0]
    if lost != lost[:1] * len(values) or not first:
        shapes = ", ".join(str(x.shape) for x in values)
        raise ShapeError(
            f"arrays of shapes {shapes} cannot be concatenated along axis {axis}",
            remedy="all other axes must be of equal lengths; use np.stack for scalars",
        )
    return values[0] if len(values) == 1 else st.concatenate(*values, axis=place)


def _merged(x: Value, axis: Any) -> Value:
    """The entries along the first axis, joined: a reshape."""
    if axis is None:
        return st.reshape(x, shape=(x.size,))
    place = normal_axis(axis, x.ndim - 1)
    rows = moveaxis(x, 0, place)
    merged = rows.shape[place] * rows.shape[place + 1]
    return st.reshape(rows, shape=(*rows.shape[:place], merged, *rows.shape[place + 2 :]))


@implements(np.stack)
def stack(
    arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Value:
    refuse_out(out)
    arrays = _as_rows(arrays)
    if isinstance(arrays, Value) and arrays.ndim:
        return moveaxis(_values([arrays], dtype, casting)[0], 0, axis)
    values = _values(arrays, dtype, casting)
    if any(x.shape != values[0].shape for x in values):
        raise ShapeError(
            f"arrays of shapes {', '.join(str(x.shape) for x in values)} cannot be stacked",
            remedy="use np.concatenate, or make the shapes equal",
        )
    if values[0].shape == ():
        normal_axis(axis, 1)
        return st.pack(*values, shape=(len(values),))
    return concatenate([expand_dims(x, axis) for x in values], axis=axis)


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Value:
    rows = _as_rows(tup)
    if isinstance(rows, Value) and rows.ndim > 1:
        tup = [rows if rows.ndim == 2 else _merged(rows, 0)]
    return concatenate([atleast_2d(x) for x in _values(tup, dtype, casting)], axis=0)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Value:
    values = [atleast_1d(x) for x in _values(tup, dtype, casting)]
    return concatenate(values, axis=0 if values[0].ndim == 1 else 1)


@implements(np.dstack)
def dstack(tup: Any) -> Value:
    return concatenate([atleast_3d(x) for x in _values(tup)], axis=2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Value:
    return concatenate([x.reshape(-1, 1) if x.ndim < 2 else x for x in _values(tup)], axis=1)


@implements(np.block)
def block(arrays: Any) -> Value:
    depth = _depth(arrays)
    leaves = _values(_leaves(arrays))
    ndim = max(depth, *(x.ndim for x in leaves)) if leaves else depth
    remaining = iter([x.reshape(*(1,) * (ndim - x.ndim), *x.shape) for x in leaves])

    def joined(items: Any, axis: int) -> Value:
        if not isinstance(items, list):
            return next(remaining)
        return concatenate([joined(item, axis + 1) for item in items], axis=axis)

    return joined(arrays, -depth)


def _leaves(items: Any) -> list[Any]:
    """The arrays in nested lists, in order."""
    return [x for item in items for x in _leaves(item)] if isinstance(items, list) else [items]


def _depth(items: Any) -> int:
    """How deep the lists of np.block are nested: the same everywhere."""
    if not isinstance(items, list):
        if isinstance(items, tuple):
            raise TraceError("np.block of a tuple", remedy="nest the blocks in lists")
        return 0
    depths = {_depth(item) for item in items}
    if len(depths) != 1:
        raise ShapeError(
            f"the lists of np.block are empty or nested to different depths {sorted(depths)}",
            remedy="give as many levels of lists to every block",
        )
    return depths.pop() + 1
