"""What vmap records: the function over a new axis of its arguments, at once or point by point.

A function without branches is batched: each of its operations works on all points. One whose
branches ask for values, or whose loops turn as often as a point says, becomes a loop over the
points, each of which takes its own path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optree

from jitad.frontend.operands import lift, normal_axis
from jitad.frontend.pytree import NAMESPACE, flatten, unflatten
from jitad.frontend.trace import TRACEABLE
from jitad.frontend.traceable import traceable
from jitad.functions.control.blocks import Block, block, current, first_row, same_structure
from jitad.functions.control.guarded import guard_of, one_by_one, stacked
from jitad.ir.builder import Builder, inline
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import structural as st
from jitad.transforms.batch import batch
from jitad.transforms.flow import depends_outputs


def vmap(
    f: Callable[..., Any], in_axes: Any, out_axes: Any, args: tuple[Any, ...],
    named: dict[str, Any],
) -> Any:  # fmt: skip
    """f over the axes `in_axes` of its arguments, and the first of those that are named."""
    builder = current()
    leaves, structure = flatten((args, named))
    function = traceable(f)
    positional = axes_of(in_axes, args, "in_axes")
    axes = positional + axes_of(0, named, "in_axes")
    moved = [
        x if axis is None else _front(builder, x, axis, k >= len(positional))
        for k, (x, axis) in enumerate(zip(leaves, axes, strict=True))
    ]
    rows = [x for x, axis in zip(moved, axes, strict=True) if axis is not None]
    size = _size(rows)
    fixed = [None if axis is not None else x for x, axis in zip(leaves, axes, strict=True)]

    def at(points: Sequence[Any]) -> Any:
        rest = iter(points)
        mixed = [next(rest) if axis is not None else x for x, axis in zip(fixed, axes, strict=True)]
        given, others = unflatten(structure, mixed)
        return function(*given, **others)

    first = list(map(first_row, rows))
    traced = block(lambda *xs: at(xs), first, builder, "x", in_turns=True)
    tree, guard = traced.structure, guard_of(traced.tape)
    if guard is not None and size:
        each = one_by_one(size, "point", guard)
        points = [flatten(at([x[i] for x in rows])) for i in each]
        for _, other in points:
            same_structure(other, tree, "a point of a batch")
        columns = [list(column) for column in zip(*(leaves for leaves, _ in points), strict=True)]
        results = stacked(builder, columns, traced.results)
    else:
        results = _at_once(builder, traced, rows, size)
    outer = axes_of(out_axes, unflatten(tree, [0] * len(results)), "out_axes")
    return unflatten(tree, [_back(x, axis) for x, axis in zip(results, outer, strict=True)])


def _at_once(builder: Builder, traced: Block, rows: Sequence[Value], size: int) -> list[Value]:
    """The results of all points, each operation of the function on all of them."""
    if not size:
        return [builder.const(0, (0, *x.shape), x.dtype) for x in traced.results]
    places = range(len(rows))
    wide = depends_outputs(traced.tape, [k in places for k in range(len(traced.tape.inputs))])
    tape = batch(traced.tape, places, size, [k for k, flag in enumerate(wide) if flag])
    found = inline(builder, tape, [*rows, *traced.captured])
    return [st.spread(x, flag, size) for x, flag in zip(found, wide, strict=True)]


def axes_of(axes: Any, tree: Any, name: str) -> list[Any]:
    """An axis, or None, for each leaf of a tree; `axes` is a prefix, perhaps as a list."""
    try:
        prefix = _as_tuple(axes, tree)
        found = optree.broadcast_prefix(prefix, tree, none_is_leaf=True, namespace=NAMESPACE)
        items = optree.tree_leaves(tree, none_is_leaf=True, namespace=NAMESPACE)
        # A None in the tree is no leaf: it has no axis.
        return [axis for axis, x in zip(found, items, strict=True) if x is not None]
    except ValueError as error:
        raise ShapeError(
            f"{name}={axes!r} does not fit the arguments",
            remedy="give an int or None for all, or a tuple with one for each argument",
        ) from error


def _as_tuple(axes: Any, tree: Any) -> Any:
    """A list of axes for a tuple of arguments means the tuple."""
    return tuple(axes) if isinstance(axes, list) and isinstance(tree, tuple) else axes


def _front(builder: Builder, x: Any, axis: int, is_named: bool) -> Value:
    """An argument's points, along its first axis."""
    other = "close over it, as names are mapped" if is_named else "give it in_axes=None"
    if not isinstance(x, TRACEABLE) and not isinstance(x, (list, tuple)):
        raise TraceError(
            f"vmap over an argument of type {type(x).__name__}",
            remedy=f"{other}, or pass an array",
        )
    value = lift(builder, x)
    if not value.shape:
        raise ShapeError("vmap over a number", remedy=f"{other}, or pass an array")
    return FUNCTIONS[np.moveaxis](value, normal_axis(axis, value.ndim), 0)


def _back(x: Value, axis: Any) -> Value:
    if axis is None:
        raise ShapeError("out_axes=None", remedy="take one row of the result: y[0]")
    return FUNCTIONS[np.moveaxis](x, 0, axis)


def _size(rows: Sequence[Value]) -> int:
    sizes = sorted({x.shape[0] for x in rows})
    if len(sizes) != 1:
        raise ShapeError(
            f"vmap over axes of lengths {sizes}",
            remedy="map at least one argument, along axes of one length",
        )
    return sizes[0]
