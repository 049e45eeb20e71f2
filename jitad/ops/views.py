"""Views: ops whose result has the elements of their operand, in other places; and updates.

Mathematics in the rules: operands x, y; result v; tangents dx; adjoint v_bar.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from jitad.ir.errors import ShapeError
from jitad.ir.op import DType, Shape, Structural, find

Slot = int | tuple[int, int, int]
"""One axis of a basic index: an int (the axis goes), or (start, length, step)."""


def every_place(shape: Shape) -> Iterator[tuple[int, ...]]:
    """The indices of an array's elements in C order."""
    return product(*map(range, shape))


def resized(shape: Shape, axis: int, n: int) -> Shape:
    """The shape with another length along an axis."""
    return (*shape[:axis], n, *shape[axis + 1 :])


def zeros(like: Any, shape: Shape, dtype: DType) -> Any:
    """A constant array of zeros on the tape of `like`."""
    return like.builder.const(0, shape, dtype)


def linear(op_name: str) -> Any:
    """The tangent of a linear op of one operand: the op itself."""
    return lambda operands, v, tangents, **params: find(op_name)(tangents[0], **params)


# -- views: every element of the result is an element of the operand -------------------------------


def _infer_broadcast(x: Any, shape: Shape) -> tuple[Shape, DType]:
    lead = len(shape) - len(x.shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(x.shape, shape[lead:], strict=True)):
        raise ShapeError(f"shape {x.shape} does not broadcast to {shape}")
    return shape, x.dtype


def _broadcast_axes(source: Shape, shape: Shape) -> tuple[int, ...]:
    """The axes of `shape` along which `source` is repeated."""
    lead = len(shape) - len(source)
    stretched = tuple(lead + i for i, n in enumerate(source) if n == 1 and shape[lead + i] != 1)
    return tuple(range(lead)) + stretched


def _pull_broadcast(j: int, operands: Any, v: Any, v_bar: Any, shape: Shape) -> Any:
    (x,) = operands
    reduced = find("sum")(v_bar, axes=_broadcast_axes(x.shape, shape))
    return reduced if reduced.shape == x.shape else reshape(reduced, shape=x.shape)


def _batch_broadcast(operands: Any, batched: Any, size: int, shape: Shape) -> Any:
    (x,) = operands
    lead = len(shape) - (len(x.shape) - 1)
    aligned = reshape(x, shape=(size, *(1,) * lead, *x.shape[1:])) if lead else x
    return broadcast(aligned, shape=(size, *shape))


def _map_broadcast(indices: Any, source: Shape, shape: Shape) -> Any:
    lead = len(shape) - len(source)
    return [indices[lead + i] if n != 1 else 0 for i, n in enumerate(source)]


broadcast = Structural(
    "broadcast",
    ("shape",),
    infer=_infer_broadcast,
    evaluate=lambda x, shape: np.broadcast_to(x, shape),
    jvp=linear("broadcast"),
    pullback=_pull_broadcast,
    batch=_batch_broadcast,
    index_map=_map_broadcast,
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


reshape = Structural(
    "reshape",
    ("shape",),
    infer=_infer_reshape,
    evaluate=lambda x, shape: np.reshape(x, shape),
    jvp=linear("reshape"),
    pullback=lambda j, xs, v, v_bar, shape: reshape(v_bar, shape=xs[0].shape),
    batch=lambda xs, batched, size, shape: reshape(xs[0], shape=(size, *shape)),
    index_map=_map_reshape,
)


def _inverse(perm: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(perm)), key=perm.__getitem__))


transpose = Structural(
    "transpose",
    ("perm",),
    infer=lambda x, perm: (tuple(x.shape[i] for i in perm), x.dtype),
    evaluate=lambda x, perm: np.transpose(x, perm),
    jvp=linear("transpose"),
    pullback=lambda j, xs, v, v_bar, perm: transpose(v_bar, perm=_inverse(perm)),
    batch=lambda xs, batched, size, perm: transpose(xs[0], perm=(0, *(i + 1 for i in perm))),
    index_map=lambda indices, source, perm: [indices[i] for i in _inverse(perm)],
)


def as_range(slot: Slot) -> tuple[int, int, int]:
    """A slot as (start, length, step)."""
    return (slot, 1, 1) if isinstance(slot, int) else slot


def stretch(slots: tuple[Slot, ...], shape: Shape) -> tuple[int, int] | None:
    """The elements in C order from and up to which a basic index covers all, if it is so."""
    start, size, inner = 0, 1, 1
    whole = True
    for slot, n in zip(reversed(slots), reversed(shape), strict=True):
        first, length, step = as_range(slot)
        if length != 1 and not (whole and step == 1):
            return None
        start, size = start + first * inner, size * length
        inner *= n
        whole = whole and length == n
    return start, start + size


def slot_shape(slots: tuple[Slot, ...]) -> Shape:
    """The shape of a basic index."""
    return tuple(slot[1] for slot in slots if not isinstance(slot, int))


def np_slots(slots: tuple[Slot, ...]) -> tuple[Any, ...]:
    """A basic index as NumPy takes it."""
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


def joined_slots(first: tuple[Slot, ...], then: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """x[first][then] as one index."""
    remaining = iter(then)
    joined: list[Slot] = []
    for slot in first:
        if isinstance(slot, int):
            joined.append(slot)
            continue
        start, _, step = slot
        outer = next(remaining)
        if isinstance(outer, int):
            joined.append(start + step * outer)
        else:
            joined.append((start + step * outer[0], outer[1], step * outer[2]))
    return tuple(joined)


def are_disjoint(a: tuple[Slot, ...], b: tuple[Slot, ...]) -> bool:
    """Whether two basic indices of one array are known to have no element in common."""
    return any(_disjoint(x, y) for x, y in zip(a, b, strict=True))


def _disjoint(a: Slot, b: Slot) -> bool:
    if isinstance(a, int) and isinstance(b, int):
        return a != b
    (start, length, step), (other, count, stride) = as_range(a), as_range(b)
    if length == 0 or count == 0:
        return True
    ends = sorted((start, start + (length - 1) * step))
    others = sorted((other, other + (count - 1) * stride))
    apart = ends[1] < others[0] or others[1] < ends[0]
    return apart or (start - other) % math.gcd(step, stride) != 0


def full_slot(size: int) -> Slot:
    """All of an axis."""
    return (0, size, 1)


def _set_slots(x: np.ndarray, u: np.ndarray, slots: tuple[Slot, ...]) -> np.ndarray:
    result = np.array(x)
    result[np_slots(slots)] += u
    return result


def _accumulate_index(total: Any, v_bar: Any, x: Any, slots: tuple[Slot, ...]) -> Any:
    total = zeros(v_bar, x.shape, x.dtype) if total is None else total
    return index_add(total, v_bar, slots=slots)


index = Structural(
    "index",
    ("slots",),
    infer=lambda x, slots: (slot_shape(slots), x.dtype),
    evaluate=lambda x, slots: x[np_slots(slots)],
    jvp=linear("index"),
    pullback=lambda j, xs, v, v_bar, slots: _accumulate_index(None, v_bar, xs[0], slots),
    accumulate=_accumulate_index,
    batch=lambda xs, batched, size, slots: index(xs[0], slots=(full_slot(size), *slots)),
    index_map=lambda indices, source, slots: map_slots(indices, slots),
)
"""Basic indexing: ints and slices, one slot an axis."""


def _infer_index_add(x: Any, u: Any, slots: tuple[Slot, ...]) -> tuple[Shape, DType]:
    if u.shape != slot_shape(slots) or u.dtype != x.dtype:
        raise ShapeError(f"{u.shape} {u.dtype} does not fit the slots {slots} of {x.dtype}")
    return x.shape, x.dtype


def or_zeros(dx: Any, x: Any, peer: Any) -> Any:
    return zeros(peer, x.shape, x.dtype) if dx is None else dx


def _jvp_index_add(xs: Any, v: Any, tangents: Any, slots: tuple[Slot, ...]) -> Any:
    dx, du = tangents
    return dx if du is None else index_add(or_zeros(dx, xs[0], du), du, slots=slots)


index_add = Structural(
    "index_add",
    ("slots",),
    infer=_infer_index_add,
    evaluate=_set_slots,
    jvp=_jvp_index_add,
    pullback=lambda j, xs, v, v_bar, slots: index(v_bar, slots=slots) if j else v_bar,
    batch=lambda xs, batched, size, slots: index_add(
        *(spread(x, b, size) for x, b in zip(xs, batched, strict=True)),
        slots=(full_slot(size), *slots),
    ),
)
"""x with u added at a basic index; in place where nobody else reads x."""


def _np_index_set(x: np.ndarray, u: np.ndarray, slots: tuple[Slot, ...]) -> np.ndarray:
    result = np.array(x)
    result[np_slots(slots)] = u
    return result


def _jvp_index_set(xs: Any, v: Any, tangents: Any, slots: tuple[Slot, ...]) -> Any:
    x, u = xs
    dx, du = tangents
    peer = du if dx is None else dx
    return index_set(or_zeros(dx, x, peer), or_zeros(du, u, peer), slots=slots)


def _pull_index_set(j: int, xs: Any, v: Any, v_bar: Any, slots: tuple[Slot, ...]) -> Any:
    if j:
        return index(v_bar, slots=slots)
    return index_set(v_bar, zeros(v_bar, xs[1].shape, v_bar.dtype), slots=slots)


index_set = Structural(
    "index_set",
    ("slots",),
    infer=_infer_index_add,
    evaluate=_np_index_set,
    jvp=_jvp_index_set,
    pullback=_pull_index_set,
    batch=lambda xs, batched, size, slots: index_set(
        *(spread(x, b, size) for x, b in zip(xs, batched, strict=True)),
        slots=(full_slot(size), *slots),
    ),
)
"""x with u in the place of what stands at a basic index; in place where nobody else reads x."""


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


strided = Structural(
    "strided",
    ("offset", "shape", "steps"),
    infer=lambda x, offset, shape, steps: (shape, x.dtype),
    evaluate=_np_strided,
    index_map=_map_strided,
)
"""An array that the function closes over and that is not contiguous, as a view of its memory: never
differentiated, and never batched."""
