"""The structural ops: those that move elements (views, joins), reduce, accumulate and gather.

Each is linear in its array operands, or says its tangent and pullback as calls of other ops.
Mathematics in the rules: operands x, y; result v; tangents dx; adjoint v_bar.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.errors import ShapeError
from jitad.ir.op import BOOL, INT64, DType, Elementwise, Shape, Structural, register
from jitad.ops import elementwise as ew

Slot = int | tuple[int, int, int]
"""One axis of a basic index: an int (the axis goes), or (start, length, step)."""


def zeros(like: Any, shape: Shape, dtype: DType) -> Any:
    """A constant array of zeros on the tape of `like`."""
    return like.builder.const(0, shape, dtype)


def _linear(op_name: str) -> Any:
    """The tangent of a linear op of one operand: the op itself."""
    return lambda operands, v, tangents, **params: _TABLE[op_name](tangents[0], **params)


_TABLE: dict[str, Structural] = {}


def _register(op: Structural) -> Structural:
    _TABLE[op.name] = op
    return register(op)


# -- views: every element of the result is an element of the operand -------------------------------


def _infer_broadcast(x: Any, shape: Shape) -> tuple[Shape, DType]:
    if np.broadcast_shapes(x.shape, shape) != shape:
        raise ShapeError(f"shape {x.shape} does not broadcast to {shape}")
    return shape, x.dtype


def _broadcast_axes(source: Shape, shape: Shape) -> tuple[int, ...]:
    """The axes of `shape` along which `source` is repeated."""
    lead = len(shape) - len(source)
    stretched = tuple(lead + i for i, n in enumerate(source) if n == 1 and shape[lead + i] != 1)
    return tuple(range(lead)) + stretched


def _pull_broadcast(j: int, operands: Any, v: Any, v_bar: Any, shape: Shape) -> Any:
    (x,) = operands
    reduced = reduce_sum(v_bar, axes=_broadcast_axes(x.shape, shape))
    return reduced if reduced.shape == x.shape else reshape(reduced, shape=x.shape)


def _batch_broadcast(operands: Any, batched: Any, size: int, shape: Shape) -> Any:
    (x,) = operands
    lead = len(shape) - (len(x.shape) - 1)
    aligned = reshape(x, shape=(size, *(1,) * lead, *x.shape[1:])) if lead else x
    return broadcast(aligned, shape=(size, *shape))


def _map_broadcast(indices: Any, source: Shape, shape: Shape) -> Any:
    lead = len(shape) - len(source)
    return [indices[lead + i] if n != 1 else 0 for i, n in enumerate(source)]


broadcast = _register(
    Structural(
        "broadcast",
        ("shape",),
        infer=_infer_broadcast,
        evaluate=lambda x, shape: np.broadcast_to(x, shape),
        jvp=_linear("broadcast"),
        pullback=_pull_broadcast,
        batch=_batch_broadcast,
        index_map=_map_broadcast,
    )
)


def _infer_reshape(x: Any, shape: Shape) -> tuple[Shape, DType]:
    if math.prod(x.shape) != math.prod(shape):
        raise ShapeError(f"cannot reshape an array of shape {x.shape} into {shape}")
    return shape, x.dtype


def _map_reshape(indices: Any, source: Shape, shape: Shape) -> Any:
    """Via the position in C order; axes that stay are passed through."""
    return _split(_flat(indices, shape), source) if source else []


def _flat(indices: Any, shape: Shape) -> Any:
    position: Any = 0
    for index, n in zip(indices, shape, strict=True):
        position = position * n + index if n != 1 else position
    return position


def _split(position: Any, shape: Shape) -> list[Any]:
    """The indices of the element at a position in C order."""
    live = [i for i, n in enumerate(shape) if n != 1]
    indices: list[Any] = [0] * len(shape)
    for i in reversed(live[1:]):
        indices[i] = position % shape[i]
        position = position // shape[i]
    if live:
        indices[live[0]] = position
    return indices


reshape = _register(
    Structural(
        "reshape",
        ("shape",),
        infer=_infer_reshape,
        evaluate=lambda x, shape: np.reshape(x, shape),
        jvp=_linear("reshape"),
        pullback=lambda j, xs, v, v_bar, shape: reshape(v_bar, shape=xs[0].shape),
        batch=lambda xs, batched, size, shape: reshape(xs[0], shape=(size, *shape)),
        index_map=_map_reshape,
    )
)


def _inverse(perm: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(perm)), key=perm.__getitem__))


transpose = _register(
    Structural(
        "transpose",
        ("perm",),
        infer=lambda x, perm: (tuple(x.shape[i] for i in perm), x.dtype),
        evaluate=lambda x, perm: np.transpose(x, perm),
        jvp=_linear("transpose"),
        pullback=lambda j, xs, v, v_bar, perm: transpose(v_bar, perm=_inverse(perm)),
        batch=lambda xs, batched, size, perm: transpose(xs[0], perm=(0, *(i + 1 for i in perm))),
        index_map=lambda indices, source, perm: [indices[i] for i in _inverse(perm)],
    )
)


def slot_shape(slots: tuple[Slot, ...]) -> Shape:
    """The shape of a basic index."""
    return tuple(slot[1] for slot in slots if not isinstance(slot, int))


def _np_slots(slots: tuple[Slot, ...]) -> tuple[Any, ...]:
    result: list[Any] = []
    for slot in slots:
        if isinstance(slot, int):
            result.append(slot)
        else:
            start, length, step = slot
            stop = start + length * step
            result.append(slice(start, stop if stop >= 0 else None, step) if length else slice(0))
    return tuple(result)


def map_slots(indices: Any, slots: tuple[Slot, ...]) -> list[Any]:
    """Where in the indexed array the element at `indices` of the index's result lies."""
    remaining = iter(indices)
    return [
        slot if isinstance(slot, int) else next(remaining) * slot[2] + slot[0] for slot in slots
    ]


def _full(size: int) -> Slot:
    return (0, size, 1)


def _set_slots(x: np.ndarray, u: np.ndarray, slots: tuple[Slot, ...]) -> np.ndarray:
    result = np.array(x)
    result[_np_slots(slots)] += u
    return result


def _accumulate_index(total: Any, v_bar: Any, x: Any, slots: tuple[Slot, ...]) -> Any:
    total = zeros(v_bar, x.shape, x.dtype) if total is None else total
    return index_add(total, v_bar, slots=slots)


index = _register(
    Structural(
        "index",
        ("slots",),
        infer=lambda x, slots: (slot_shape(slots), x.dtype),
        evaluate=lambda x, slots: x[_np_slots(slots)],
        jvp=_linear("index"),
        pullback=lambda j, xs, v, v_bar, slots: _accumulate_index(None, v_bar, xs[0], slots),
        accumulate=_accumulate_index,
        batch=lambda xs, batched, size, slots: index(xs[0], slots=(_full(size), *slots)),
        index_map=lambda indices, source, slots: map_slots(indices, slots),
    )
)
"""Basic indexing: ints and slices, one slot an axis."""


def _infer_index_add(x: Any, u: Any, slots: tuple[Slot, ...]) -> tuple[Shape, DType]:
    if u.shape != slot_shape(slots) or u.dtype != x.dtype:
        raise ShapeError(f"{u.shape} {u.dtype} does not fit the slots {slots} of {x.dtype}")
    return x.shape, x.dtype


def _or_zeros(dx: Any, x: Any, peer: Any) -> Any:
    return zeros(peer, x.shape, x.dtype) if dx is None else dx


def _jvp_index_add(xs: Any, v: Any, tangents: Any, slots: tuple[Slot, ...]) -> Any:
    dx, du = tangents
    return dx if du is None else index_add(_or_zeros(dx, xs[0], du), du, slots=slots)


index_add = _register(
    Structural(
        "index_add",
        ("slots",),
        infer=_infer_index_add,
        evaluate=_set_slots,
        jvp=_jvp_index_add,
        pullback=lambda j, xs, v, v_bar, slots: index(v_bar, slots=slots) if j else v_bar,
        batch=lambda xs, batched, size, slots: index_add(
            *(spread(x, b, size) for x, b in zip(xs, batched, strict=True)),
            slots=(_full(size), *slots),
        ),
    )
)
"""x with u added at a basic index; in place where nobody else reads x."""


def spread(x: Any, batched: bool, size: int) -> Any:
    """x over the batch axis: repeated where it is not batched."""
    return x if batched else broadcast(x, shape=(size, *x.shape))


def _np_strided(x: np.ndarray, offset: int, shape: Shape, steps: tuple[int, ...]) -> np.ndarray:
    strides = tuple(step * x.itemsize for step in steps)
    return np.lib.stride_tricks.as_strided(x[offset:], shape, strides)


def _map_strided(
    indices: Any, source: Shape, offset: int, shape: Shape, steps: tuple[int, ...]
) -> Any:
    return [sum((i * step for i, step in zip(indices, steps, strict=True)), start=offset)]


strided = _register(
    Structural(
        "strided",
        ("offset", "shape", "steps"),
        infer=lambda x, offset, shape, steps: (shape, x.dtype),
        evaluate=_np_strided,
        index_map=_map_strided,
    )
)
"""An array that the function closes over and that is not contiguous, as a view of its memory: never
differentiated, and never batched."""


# -- joins -----------------------------------------------------------------------------------------


def _infer_concatenate(*xs: Any, axis: int) -> tuple[Shape, DType]:
    first = xs[0]
    for x in xs[1:]:
        if x.dtype != first.dtype or any(
            n != m for i, (n, m) in enumerate(zip(x.shape, first.shape, strict=True)) if i != axis
        ):
            raise ShapeError(
                f"cannot concatenate {first.shape} and {x.shape} along axis {axis}",
                remedy="all other axes must be of equal lengths",
            )
    shape = list(first.shape)
    shape[axis] = sum(x.shape[axis] for x in xs)
    return tuple(shape), first.dtype


def concatenate_slots(xs: Any, j: int, axis: int) -> tuple[Slot, ...]:
    """Where operand j stands in the concatenation."""
    start = sum(x.shape[axis] for x in xs[:j])
    return tuple((start, n, 1) if i == axis else _full(n) for i, n in enumerate(xs[j].shape))


concatenate = _register(
    Structural(
        "concatenate",
        ("axis",),
        infer=_infer_concatenate,
        evaluate=lambda *xs, axis: np.concatenate(xs, axis=axis),
        jvp=lambda xs, v, tangents, axis: concatenate(
            *(_or_zeros(dx, x, v) for dx, x in zip(tangents, xs, strict=True)), axis=axis
        ),
        pullback=lambda j, xs, v, v_bar, axis: index(v_bar, slots=concatenate_slots(xs, j, axis)),
        batch=lambda xs, batched, size, axis: concatenate(
            *(spread(x, b, size) for x, b in zip(xs, batched, strict=True)), axis=axis + 1
        ),
    )
)


def _at_place(shape: Shape, j: int) -> tuple[Slot, ...]:
    return tuple(int(i) for i in np.unravel_index(j, shape))


def _batch_pack(xs: Any, batched: Any, size: int, shape: Shape) -> Any:
    columns = [
        reshape(spread(x, b, size), shape=(size, 1)) for x, b in zip(xs, batched, strict=True)
    ]
    return reshape(concatenate(*columns, axis=1), shape=(size, *shape))


pack = _register(
    Structural(
        "pack",
        ("shape",),
        infer=lambda *xs, shape: (shape, xs[0].dtype),
        evaluate=lambda *xs, shape: np.array(xs).reshape(shape),
        jvp=lambda xs, v, tangents, shape: pack(
            *(_or_zeros(dx, x, v) for dx, x in zip(tangents, xs, strict=True)), shape=shape
        ),
        pullback=lambda j, xs, v, v_bar, shape: index(v_bar, slots=_at_place(shape, j)),
        batch=_batch_pack,
    )
)
"""An array of scalars, in C order."""

JOINS = (concatenate, pack)
"""Ops whose operands each fill a part of the result."""


def join_slots(op: Any, xs: Any, j: int, param: Any) -> tuple[Slot, ...]:
    """Where operand j stands in a join."""
    return _at_place(param, j) if op is pack else concatenate_slots(xs, j, param)


# -- reductions ------------------------------------------------------------------------------------


def drop_axes(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape without `axes`."""
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def keep_axes(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape with `axes` of length 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def expand(v: Any, shape: Shape, axes: tuple[int, ...]) -> Any:
    """A reduction's result repeated over the axes that it was reduced along."""
    return broadcast(reshape(v, shape=keep_axes(shape, axes)), shape=shape)


def _batch_reduction(name: str) -> Any:
    def batch(xs: Any, batched: Any, size: int, axes: tuple[int, ...]) -> Any:
        return _TABLE[name](xs[0], axes=tuple(i + 1 for i in axes))

    return batch


def _infer_reduction(x: Any, axes: tuple[int, ...]) -> tuple[Shape, DType]:
    return drop_axes(x.shape, axes), x.dtype


def _sum_scalars(add: Elementwise) -> Any:
    """Reduce an object array of scalars pairwise, as NumPy does."""

    def reduce(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        kept = [i for i in range(x.ndim) if i not in axes]
        moved = np.transpose(x, [*axes, *kept]).reshape(-1, *(x.shape[i] for i in kept))
        result = np.empty(moved.shape[1:], dtype=object)
        for place in np.ndindex(result.shape):
            items = list(moved[(slice(None), *place)])
            while len(items) > 1:
                pairs = [add(a, b) for a, b in zip(items[::2], items[1::2], strict=False)]
                items = pairs + items[len(pairs) * 2 :]
            result[place] = items[0]
        return result

    return reduce


reduce_sum = _register(
    Structural(
        "sum",
        ("axes",),
        infer=_infer_reduction,
        evaluate=lambda x, axes: np.sum(x, axis=axes, dtype=x.dtype),
        jvp=_linear("sum"),
        pullback=lambda j, xs, v, v_bar, axes: expand(v_bar, xs[0].shape, axes),
        batch=_batch_reduction("sum"),
        scalars=_sum_scalars(ew.add),
        combine=ew.add,
    )
)


def _share_of_ties(x: Any, v: Any, axes: tuple[int, ...]) -> Any:
    """1 / (number of ties) where x is the extremum, else 0."""
    equal = ew.eq(x, expand(v, x.shape, axes))
    count = reduce_sum(ew.cast(equal, dtype=x.dtype), axes=axes)
    return ew.where(equal, ew.div(1.0, expand(count, x.shape, axes)), zeros(x, x.shape, x.dtype))


def _reduce_extremum(name: str, evaluate: Any, combine: Elementwise) -> Structural:
    return _register(
        Structural(
            name,
            ("axes",),
            infer=_infer_reduction,
            evaluate=lambda x, axes: evaluate(x, axis=axes),
            jvp=lambda xs, v, tangents, axes: reduce_sum(
                ew.mul(_share_of_ties(xs[0], v, axes), tangents[0]), axes=axes
            ),
            pullback=lambda j, xs, v, v_bar, axes: ew.mul(
                _share_of_ties(xs[0], v, axes), expand(v_bar, xs[0].shape, axes)
            ),
            batch=_batch_reduction(name),
            scalars=_sum_scalars(combine),
            combine=combine,
        )
    )


reduce_max = _reduce_extremum("max", np.max, ew.maximum)
reduce_min = _reduce_extremum("min", np.min, ew.minimum)


def _reduce_logic(name: str, evaluate: Any, combine: Elementwise) -> Structural:
    return _register(
        Structural(
            name,
            ("axes",),
            infer=_infer_reduction,
            evaluate=lambda x, axes: evaluate(x, axis=axes),
            jvp=lambda *_, **__: None,
            batch=_batch_reduction(name),
            scalars=_sum_scalars(combine),
            combine=combine,
        )
    )


reduce_any = _reduce_logic("any", np.any, ew.logical_or)
reduce_all = _reduce_logic("all", np.all, ew.logical_and)


def _batch_along(name: str) -> Any:
    def batch(xs: Any, batched: Any, size: int, axis: int, **params: Any) -> Any:
        return _TABLE[name](xs[0], axis=axis + 1, **params)

    return batch


def _reduce_place(name: str, evaluate: Any, better: Elementwise) -> Structural:
    """The first place of the extremum along an axis; NaN counts as the extremum, as in NumPy."""

    def scalars(x: np.ndarray, axis: int) -> np.ndarray:
        moved = np.moveaxis(x, axis, 0)
        result = np.empty(moved.shape[1:], dtype=object)
        for place in np.ndindex(result.shape):
            items = moved[(slice(None), *place)]
            builder, best = items[0].builder, items[0]
            where = builder.const(0, (), INT64)
            for i, item in enumerate(items[1:], 1):
                unordered = ew.logical_and(ew.isnan(item), ew.logical_not(ew.isnan(best)))
                taken = ew.logical_or(better(item, best), unordered)
                best = ew.where(taken, item, best)
                where = ew.where(taken, builder.const(i, (), INT64), where)
            result[place] = where
        return result

    return _register(
        Structural(
            name,
            ("axis",),
            infer=lambda x, axis: (drop_axes(x.shape, (axis,)), INT64),
            evaluate=lambda x, axis: evaluate(x, axis=axis),
            jvp=lambda *_, **__: None,
            batch=_batch_along(name),
            scalars=scalars,
            combine=better,
        )
    )


argmax = _reduce_place("argmax", np.argmax, ew.gt)
argmin = _reduce_place("argmin", np.argmin, ew.lt)


# -- accumulation along an axis --------------------------------------------------------------------


def _np_cumsum(x: np.ndarray, axis: int, backward: bool) -> np.ndarray:
    if not backward:
        return np.cumsum(x, axis=axis, dtype=x.dtype)
    return np.flip(np.cumsum(np.flip(x, axis), axis=axis, dtype=x.dtype), axis)


def _cumsum_scalars(x: np.ndarray, axis: int, backward: bool) -> np.ndarray:
    moved = np.moveaxis(x.copy(), axis, 0)
    moved = moved[::-1] if backward else moved
    for i in range(1, len(moved)):
        for place in np.ndindex(moved.shape[1:]):
            moved[(i, *place)] = ew.add(moved[(i - 1, *place)], moved[(i, *place)])
    return np.moveaxis(moved[::-1] if backward else moved, 0, axis)


cumsum = _register(
    Structural(
        "cumsum",
        ("axis", "backward"),
        infer=lambda x, axis, backward: (x.shape, x.dtype),
        evaluate=_np_cumsum,
        jvp=_linear("cumsum"),
        pullback=lambda j, xs, v, v_bar, axis, backward: cumsum(
            v_bar, axis=axis, backward=not backward
        ),
        batch=_batch_along("cumsum"),
        scalars=_cumsum_scalars,
        combine=ew.add,
    )
)
"""Running sums along an axis, from its start, or (backward) from its end."""


# -- gather and scatter ----------------------------------------------------------------------------

iota = _register(
    Structural(
        "iota",
        ("shape", "axis"),
        infer=lambda shape, axis: (shape, INT64),
        evaluate=lambda shape, axis: np.broadcast_to(
            np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))]),
            shape,
        ),
        jvp=lambda *_, **__: None,
        scalars=None,
    )
)
"""Each element's index along an axis."""


def iota_on(like: Any, shape: Shape, axis: int) -> Any:
    """`iota` on the tape of `like`."""
    return like.builder.apply(iota, (), {"shape": shape, "axis": axis})


def _np_gather(x: np.ndarray, i: np.ndarray) -> np.ndarray:
    return x[i]


def _np_scatter(x: np.ndarray, i: np.ndarray, u: np.ndarray) -> np.ndarray:
    result = np.array(x)
    np.add.at(result, i, u)
    return result


def _infer_gather(x: Any, i: Any) -> tuple[Shape, DType]:
    if i.dtype != INT64:
        raise ShapeError(f"gather needs int64 indices, not {i.dtype}")
    return (*i.shape, *x.shape[1:]), x.dtype


def _infer_scatter(x: Any, i: Any, u: Any) -> tuple[Shape, DType]:
    if u.shape != (*i.shape, *x.shape[1:]) or u.dtype != x.dtype:
        raise ShapeError(f"cannot scatter {u.shape} into {x.shape} at indices of {i.shape}")
    return x.shape, x.dtype


def _accumulate_gather(total: Any, v_bar: Any, x: Any, i: Any) -> Any:
    total = zeros(v_bar, x.shape, x.dtype) if total is None else total
    return scatter_add(total, i, v_bar)


def _merge_batch(i: Any, batched: bool, size: int, rows: int) -> Any:
    """Indices into the rows of `size` arrays laid end to end."""
    i = spread(i, batched, size)
    offset = ew.mul(iota_on(i, i.shape, 0), rows)
    return ew.add(i, offset)


def _batch_gather(xs: Any, batched: Any, size: int) -> Any:
    x, i = xs
    if not batched[0]:
        return gather(x, i)
    rows = x.shape[1]
    merged = reshape(x, shape=(size * rows, *x.shape[2:]))
    return gather(merged, _merge_batch(i, batched[1], size, rows))


def _batch_scatter(xs: Any, batched: Any, size: int) -> Any:
    x, u = spread(xs[0], batched[0], size), spread(xs[2], batched[2], size)
    rows = x.shape[1]
    merged = reshape(x, shape=(size * rows, *x.shape[2:]))
    i = _merge_batch(xs[1], batched[1], size, rows)
    return reshape(scatter_add(merged, i, u), shape=x.shape)


gather = _register(
    Structural(
        "gather",
        (),
        infer=_infer_gather,
        evaluate=_np_gather,
        jvp=lambda xs, v, tangents: gather(tangents[0], xs[1]),
        pullback=lambda j, xs, v, v_bar: _accumulate_gather(None, v_bar, *xs),
        accumulate=lambda total, v_bar, x, i: _accumulate_gather(total, v_bar, x, i),
        batch=_batch_gather,
    )
)
"""Rows of x at integer indices, which must lie within 0 <= i < len(x)."""


def _jvp_scatter(xs: Any, v: Any, tangents: Any) -> Any:
    dx, _, du = tangents
    return dx if du is None else scatter_add(_or_zeros(dx, xs[0], du), xs[1], du)


scatter_add = _register(
    Structural(
        "scatter_add",
        (),
        infer=_infer_scatter,
        evaluate=_np_scatter,
        jvp=_jvp_scatter,
        pullback=lambda j, xs, v, v_bar: v_bar if j == 0 else gather(v_bar, xs[1]),
        batch=_batch_scatter,
    )
)
"""x with rows u added at integer indices; indices may repeat."""


# -- guards ----------------------------------------------------------------------------------------

guard = _register(
    Structural(
        "guard",
        ("expected",),
        infer=lambda x, expected: ((), BOOL),
        evaluate=lambda x, expected: np.asarray(x.tobytes() == expected),
        jvp=lambda *_, **__: None,
        effect=True,
    )
)
"""Whether x still has the value (as bytes) that the trace was made for."""
