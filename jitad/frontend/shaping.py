"""NumPy's functions that rearrange, join and build arrays, on values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.operands import (
    array_dtype,
    as_dtype,
    as_shape,
    broadcast_shape,
    common_dtype,
    implements,
    innermost,
    lift,
    normal_axes,
    normal_axis,
    stand_in,
)
from jitad.frontend.ufuncs import align, truth
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


def _array(x: Any) -> Value:
    return lift(innermost((x,)), x)


# -- shapes ----------------------------------------------------------------------------------------


@implements(np.reshape)
def reshape(
    a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None
) -> Value:
    x = _array(a)
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
    x = _array(a)
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
    x = _array(a)
    i, j = normal_axis(axis1, x.ndim), normal_axis(axis2, x.ndim)
    perm = list(range(x.ndim))
    perm[i], perm[j] = perm[j], perm[i]
    return st.transpose(x, perm=tuple(perm))


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Value:
    return swapaxes(x, -1, -2)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Value:
    x = _array(a)
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
    x = _array(a)
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
    x = _array(a)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    axes = normal_axes(axis, x.ndim + count)
    sizes = iter(x.shape)
    shape = tuple(1 if i in axes else next(sizes) for i in range(x.ndim + count))
    return st.reshape(x, shape=shape)


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Value:
    x = _array(array)
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


# -- choices ---------------------------------------------------------------------------------------


@implements(np.where)
def where(condition: Any, x: Any = None, y: Any = None, /) -> Value:
    if x is None or y is None:
        raise TraceError(
            "np.where(condition) alone has a result whose shape depends on values",
            remedy="use np.where(condition, x, y)",
        )
    operands = (condition, x, y)
    builder = innermost(operands)
    c, x, y = (lift(builder, operand) for operand in operands)
    dtype = common_dtype(x, y)
    shape = broadcast_shape(c.shape, x.shape, y.shape)
    return ew.where(
        as_shape(truth(c), shape),
        as_shape(as_dtype(x, dtype), shape),
        as_shape(as_dtype(y, dtype), shape),
    )


@implements(np.clip)
def clip(
    a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None,
    max: Any = None,
) -> Any:  # fmt: skip
    if out is not None:
        raise TraceError("out= of a traced value", remedy="use the result that is returned")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    x = a
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Value:
    x = _array(x)
    if x.dtype.kind != "f":
        return x
    limits = np.finfo(x.dtype)
    posinf = float(limits.max) if posinf is None else posinf
    neginf = float(limits.min) if neginf is None else neginf
    finite = where(ew.isnan(x), nan, x)
    finite = where(ew.eq(x, math.inf), posinf, finite)
    return where(ew.eq(x, -math.inf), neginf, finite)


@implements(np.sinc)
def sinc(x: Any) -> Value:
    """sin(pi x) / (pi x); near 0 its Taylor series, so that derivatives are right there."""
    (x,) = align(np.sin, (x,))
    y = ew.mul(x, math.pi)
    near = ew.lt(ew.absolute(x), 1e-2)
    z = ew.where(near, ew.mul(y, y), st.zeros(y, y.shape, y.dtype))
    safe = ew.where(near, 1.0, y)
    series = _horner(z, [(-1) ** k / math.factorial(2 * k + 1) for k in range(7)])
    return ew.where(near, series, ew.div(ew.sin(safe), safe))


def _horner(z: Value, coefficients: Sequence[float]) -> Value:
    total = z.builder.const(coefficients[-1], z.shape, z.dtype)
    for c in reversed(coefficients[:-1]):
        total = ew.add(ew.mul(total, z), c)
    return total


@implements(np.round, np.around)
def round_(a: Any, decimals: int = 0, out: Any = None) -> Value:
    if out is not None:
        raise TraceError("out= of a traced value", remedy="use the result that is returned")
    x: Any = _array(a)
    if x.dtype.kind == "i" and decimals >= 0:
        return x
    if x.dtype.kind == "i":
        raise TraceError("np.round of integers to tens is not supported", remedy="cast to float")
    factor = 10.0 ** abs(decimals)
    if decimals < 0:
        return np.rint(x / factor) * factor
    return np.rint(x) if decimals == 0 else np.rint(x * factor) / factor


# -- constants of the same shape -------------------------------------------------------------------


def _like(a: Any, number: Any, dtype: Any, shape: Any) -> np.ndarray:
    dtype = a.dtype if dtype is None else dtype
    return np.full(a.shape if shape is None else shape, number, dtype)


@implements(np.zeros_like, np.empty_like)
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **_: Any
) -> np.ndarray:
    return _like(a, 0, dtype, shape)


@implements(np.ones_like)
def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **_: Any
) -> np.ndarray:
    return _like(a, 1, dtype, shape)


@implements(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
    shape: Any = None, **_: Any,
) -> Any:  # fmt: skip
    if not isinstance(fill_value, Value):
        return _like(a, fill_value, dtype, shape)
    value = as_dtype(fill_value, np.dtype(a.dtype if dtype is None else dtype))
    return broadcast_to(value, a.shape if shape is None else shape)


@implements(np.shape)
def shape_of(a: Any) -> tuple[int, ...]:
    return _array(a).shape


@implements(np.ndim)
def ndim(a: Any) -> int:
    return _array(a).ndim


@implements(np.size)
def size(a: Any, axis: int | None = None) -> int:
    x = _array(a)
    return x.size if axis is None else x.shape[axis]


@implements(np.result_type)
def result_type(*operands: Any) -> np.dtype[Any]:
    return np.result_type(*(stand_in(x) if isinstance(x, Value) else x for x in operands))


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Value:
    return _array(a)


# -- triangles and diagonals -----------------------------------------------------------------------


def _triangle(m: Any, k: int, *, upper: bool) -> Value:
    x = _array(m)
    if x.ndim < 2:
        raise ShapeError(
            f"a triangle of an array of shape {x.shape}",
            remedy="use an array of two axes or more",
        )
    row = st.iota_on(x, x.shape, x.ndim - 2)
    column = st.iota_on(x, x.shape, x.ndim - 1)
    gap = ew.sub(column, row)
    kept = ew.ge(gap, k) if upper else ew.le(gap, k)
    return ew.where(kept, x, st.zeros(x, x.shape, x.dtype))


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Value:
    return _triangle(m, k, upper=False)


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Value:
    return _triangle(m, k, upper=True)


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    x = moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    start = offset if offset >= 0 else -offset * columns
    flat = st.reshape(x, shape=(*x.shape[:-2], rows * columns))
    slots = (*((0, n, 1) for n in flat.shape[:-1]), (start, length, columns + 1))
    return st.index(flat, slots=slots)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Value:
    x = _array(v)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ShapeError(
            f"np.diag of an array of {x.ndim} axes",
            remedy="use np.diagonal for stacks of matrices",
        )
    n = x.shape[0] + abs(k)
    start = k if k >= 0 else -k * n
    flat = st.zeros(x, (n * n,), x.dtype)
    if x.shape[0]:
        flat = st.index_add(flat, x, slots=((start, x.shape[0], n + 1),))
    return st.reshape(flat, shape=(n, n))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Value:
    return diag(ravel(v), k)


@implements(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Value:
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


# -- parts -----------------------------------------------------------------------------------------


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Value:
    x = _array(m)
    axes = normal_axes(axis, x.ndim)
    slots = tuple((n - 1, n, -1) if i in axes else (0, n, 1) for i, n in enumerate(x.shape))
    return st.index(x, slots=slots)


@implements(np.split, np.array_split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Value]:
    x = _array(ary)
    place = normal_axis(axis, x.ndim)
    total = x.shape[place]
    if isinstance(indices_or_sections, int):
        each, extra = divmod(total, indices_or_sections)
        sizes = [each + 1] * extra + [each] * (indices_or_sections - extra)
        stops = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    else:
        stops = [*indices_or_sections, total]
    parts: list[Value] = []
    start = 0
    for stop in stops:
        key = (slice(None),) * place + (slice(start, stop),)
        parts.append(x[key])
        start = stop
    return parts


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Value:
    x = _array(a)
    if axis is None:
        return st.reshape(roll(ravel(x), shift, 0), shape=x.shape)
    for amount, place in np.broadcast(shift, axis):
        where_ = normal_axis(place, x.ndim)
        n = x.shape[where_]
        if n and amount % n:
            parts = split(x, [n - amount % n], where_)
            x = concatenate(parts[::-1], axis=where_)
    return x


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, **unsupported: Any) -> Value:
    if unsupported:
        raise TraceError(
            f"np.diff with {sorted(unsupported)} is not supported",
            remedy="join the ends with np.concatenate first",
        )
    x = _array(a)
    place = normal_axis(axis, x.ndim)
    for _ in range(n):
        later = (slice(None),) * place + (slice(1, None),)
        earlier = (slice(None),) * place + (slice(None, -1),)
        x = ew.sub(x[later], x[earlier])
    return x
