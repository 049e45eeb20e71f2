"""Joins: ops whose operands each fill a part of the result.

Mathematics in the rules: operands x, y; result v; tangents dx; adjoint v_bar.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.ir.errors import ShapeError
from jitad.ir.op import DType, Shape, Structural
from jitad.ops.views import Slot, full_slot, index, np_slots, or_zeros, reshape, slot_shape, spread


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
    return tuple((start, n, 1) if i == axis else full_slot(n) for i, n in enumerate(xs[j].shape))


concatenate = Structural(
    "concatenate",
    ("axis",),
    infer=_infer_concatenate,
    evaluate=lambda *xs, axis: np.concatenate(xs, axis=axis),
    jvp=lambda xs, v, tangents, axis: concatenate(
        *(or_zeros(dx, x, v) for dx, x in zip(tangents, xs, strict=True)), axis=axis
    ),
    pullback=lambda j, xs, v, v_bar, axis: index(v_bar, slots=concatenate_slots(xs, j, axis)),
    batch=lambda xs, batched, size, axis: concatenate(
        *(spread(x, b, size) for x, b in zip(xs, batched, strict=True)), axis=axis + 1
    ),
)


def _at_place(shape: Shape, j: int) -> tuple[Slot, ...]:
    return tuple(int(i) for i in np.unravel_index(j, shape))


def _batch_pack(xs: Any, batched: Any, size: int, shape: Shape) -> Any:
    columns = [
        reshape(spread(x, b, size), shape=(size, 1)) for x, b in zip(xs, batched, strict=True)
    ]
    return reshape(concatenate(*columns, axis=1), shape=(size, *shape))


pack = Structural(
    "pack",
    ("shape",),
    infer=lambda *xs, shape: (shape, xs[0].dtype),
    evaluate=lambda *xs, shape: np.array(xs).reshape(shape),
    jvp=lambda xs, v, tangents, shape: pack(
        *(or_zeros(dx, x, v) for dx, x in zip(tangents, xs, strict=True)), shape=shape
    ),
    pullback=lambda j, xs, v, v_bar, shape: index(v_bar, slots=_at_place(shape, j)),
    batch=_batch_pack,
)
"""An array of scalars, in C order."""


def _infer_assemble(
    *xs: Any, shape: Shape, slots: tuple[tuple[Slot, ...], ...]
) -> tuple[Shape, DType]:
    for x, place in zip(xs, slots, strict=True):
        if x.shape != slot_shape(place) or x.dtype != xs[0].dtype:
            raise ShapeError(f"{x.shape} {x.dtype} does not fit the slots {place}")
    return shape, xs[0].dtype


def _np_assemble(*xs: np.ndarray, shape: Shape, slots: tuple[tuple[Slot, ...], ...]) -> np.ndarray:
    result = np.empty(shape, xs[0].dtype)
    for x, place in zip(xs, slots, strict=True):
        result[np_slots(place)] = x
    return result


assemble = Structural(
    "assemble",
    ("shape", "slots"),
    infer=_infer_assemble,
    evaluate=_np_assemble,
    jvp=lambda xs, v, tangents, shape, slots: assemble(
        *(or_zeros(dx, x, v) for dx, x in zip(tangents, xs, strict=True)), shape=shape, slots=slots
    ),
    pullback=lambda j, xs, v, v_bar, shape, slots: index(v_bar, slots=slots[j]),
    batch=lambda xs, batched, size, shape, slots: assemble(
        *(spread(x, b, size) for x, b in zip(xs, batched, strict=True)),
        shape=(size, *shape),
        slots=tuple((full_slot(size), *place) for place in slots),
    ),
)
"""An array whose parts are put at basic indices that cover it, each place once."""

JOINS = (concatenate, pack, assemble)
"""Ops whose operands each fill a part of the result."""


def join_slots(op: Any, xs: Any, params: tuple[Any, ...]) -> list[tuple[Slot, ...]]:
    """Where each operand of a join stands in the result."""
    if op is assemble:
        return list(params[1])
    if op is pack:
        return [_at_place(params[0], j) for j in range(len(xs))]
    (axis,), start = params, 0
    found: list[tuple[Slot, ...]] = []
    for x in xs:
        slots = [full_slot(n) for n in x.shape]
        slots[axis] = (start, x.shape[axis], 1)
        start += x.shape[axis]
        found.append(tuple(slots))
    return found
