"""NumPy's functions that reshape and join arrays, on values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

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
from jitad.ir.value import Value
from jitad.ops import structural as st

# -- shapes ----------------------------------------------------------------------------------------


@implements(np.reshape)
def reshape(
    a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None
) -> Value:
    x = as_value(a)
    shape = newshape if shape is None else shape
    target = tuple(int(n) for n in shape) if isinstance(shape, (tuple, list)) else (int(shape),)
    known = math.prod(n for n in target if n != -1)
    free = target.count(-1)
    if free > 1 or (x.size % known if free and known else x.size != known or free):
        raise ShapeError(
            f"cannot reshape an array of shape {x.shape} into {target}",
            remedy="the sizes must multiply to that of the array; one of them may be -1",
        )
    target = tuple(x.size // known if n == -1 else n for n in target)
    if order == "F":
        return reshape(x.T, target[::-1]).T
    if order not in ("C", "A", "K"):
        raise ShapeError(
            f"reshape has no order {order!r}",
            remedy="use order=C or order=F",
        )
    return st.reshape(x, shape=target)


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Value:
    return reshape(a, -1, order=order)


@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Value:
    x = as_value(a)
    if axes is None:
        return st.transpose(x, perm=tuple(reversed(range(x.ndim))))
    perm = tuple(normal_axis(i, x.ndim) for i in axes)
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


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Value:
    return swapaxes(x, -1, -2)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Value:
    x = as_value(a)
    sources = source if isinstance(source, (tuple, list)) else (source,)
    targets = destination if isinstance(destination, (tuple, list)) else (destination,)
    sources = [normal_axis(i, x.ndim) for i in sources]
    targets = [normal_axis(i, x.ndim) for i in targets]
    if len(sources) != len(targets):
        raise ShapeError(
            "moveaxis needs as many sources as destinations",
            remedy="give each source its destination",
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
    target = (shape,) if isinstance(shape, int) else tuple(shape)
    if broadcast_shape(x.shape, target) != target:
        raise ShapeError(
            f"an array of shape {x.shape} does not broadcast to {target}",
            remedy="trailing axes must be equal or 1",
        )
    return as_shape(x, target)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Value, ...]:
    builder = innermost(args)
    values = [lift(builder, x) for x in args]
    shape = broadcast_shape(*(x.shape for x in values))
    return tuple(as_shape(x, shape) for x in values)


@implements(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    return _each(arys, lambda x: x if x.ndim else x.reshape(1))


@implements(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    return _each(arys, lambda x: x if x.ndim > 1 else x.reshape(1, -1))


def _each(arrays: tuple[Any, ...], function: Any) -> Any:
    builder = innermost(arrays)
    results = [function(lift(builder, x)) for x in arrays]
    return tuple(results) if len(results) > 1 else results[0]


# -- joins -----------------------------------------------------------------------------------------


def _values(arrays: Any) -> list[Value]:
    """The operands of a join, on one tape and of one dtype."""
    if isinstance(arrays, Value):
        return list(arrays)
    arrays = list(arrays)
    builder = innermost(arrays)
    values = [lift(builder, x) for x in arrays]
    dtype = array_dtype(*values)
    return [as_dtype(x, dtype) for x in values]


@implements(np.concatenate)
def concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Value:
    if out is not None:
        raise TraceError("out= of a traced value", remedy="use the result that is returned")
    values = _values(arrays)
    if dtype is not None:
        values = [as_dtype(x, np.dtype(dtype)) for x in values]
    if axis is None:
        values, axis = [x.reshape(-1) for x in values], 0
    if any(x.ndim != values[0].ndim or x.ndim == 0 for x in values):
        shapes = [x.shape for x in values]
        raise ShapeError(
            f"arrays of shapes {shapes} cannot be concatenated", remedy="use np.stack for scalars"
        )
    place = normal_axis(axis, values[0].ndim)
    return values[0] if len(values) == 1 else st.concatenate(*values, axis=place)


@implements(np.stack)
def stack(
    arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Value:
    values = _values(arrays)
    if any(x.shape != values[0].shape for x in values):
        raise ShapeError(
            f"arrays of shapes {[x.shape for x in values]} cannot be stacked",
            remedy="use np.concatenate, or make the shapes equal",
        )
    if values[0].shape == () and out is None and dtype is None:
        return st.pack(*values, shape=(len(values),))
    return concatenate([expand_dims(x, axis) for x in values], axis=axis, out=out, dtype=dtype)


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Value:
    return concatenate([atleast_2d(x) for x in _values(tup)], axis=0, dtype=dtype)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Value:
    values = [atleast_1d(x) for x in _values(tup)]
    return concatenate(values, axis=0 if values[0].ndim == 1 else 1, dtype=dtype)


@implements(np.dstack)
def dstack(tup: Any) -> Value:
    def deep(x: Value) -> Value:
        x = atleast_2d(x)
        return x if x.ndim > 2 else x.reshape(*x.shape, 1)

    values = [x.reshape(1, -1, 1) if x.ndim < 2 else deep(x) for x in _values(tup)]
    return concatenate(values, axis=2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Value:
    return concatenate([x.reshape(-1, 1) if x.ndim < 2 else x for x in _values(tup)], axis=1)
