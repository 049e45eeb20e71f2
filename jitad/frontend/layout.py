"""A NumPy view of an array (its offset, shape and strides) -> the ops that read it and write it.

Whatever chain of slices, transposes and reshapes made a view, it is one basic index of the array or
of a reshape of it, then a transpose; a few views are none, such as a diagonal of a block.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from jitad.ir.op import Shape
from jitad.ir.value import Value
from jitad.ops import structural as st

VIEWS = frozenset(
    (
        *(np.reshape, np.ravel, np.transpose, np.permute_dims, np.swapaxes, np.matrix_transpose),
        *(np.moveaxis, np.rollaxis, np.squeeze, np.expand_dims, np.diagonal, np.broadcast_to),
        *(np.atleast_1d, np.atleast_2d, np.atleast_3d, np.flip, np.fliplr, np.flipud, np.rot90),
        *(np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit),
        getattr(np, "unstack", np.split),  # of NumPy 2.1
    )
)
"""NumPy's functions that may return a view of their first argument."""

EACH = (np.atleast_1d, np.atleast_2d, np.atleast_3d)
"""Functions that do the same to each of their arguments."""


class Axis(NamedTuple):
    """An axis of a view along which its places differ, in elements of the array."""

    step: int
    length: int
    place: int


class Layout(NamedTuple):
    """grid: what the array is reshaped to; slots: the index of that; order: the view's axis of each
    slice, from the largest step to the smallest; shape: the view's; repeated: an axis of step 0.
    """

    grid: Shape
    slots: tuple[st.Slot, ...]
    order: tuple[int, ...]
    shape: Shape
    repeated: bool

    def read(self, x: Value) -> Value:
        """The view of x."""
        y = _reshaped(x, self.grid)
        if any(slot != (0, n, 1) for slot, n in zip(self.slots, self.grid, strict=True)):
            y = st.index(y, slots=self.slots)
        ranked = sorted(self.order)
        if ranked != list(self.order):
            y = st.transpose(y, perm=tuple(self.order.index(axis) for axis in ranked))
        known = tuple(n if axis in ranked else 1 for axis, n in enumerate(self.shape))
        y = _reshaped(y, known)
        return st.broadcast(y, shape=self.shape) if self.repeated else y

    def write(self, x: Value, u: Value) -> Value:
        """x with u in the place of the view, which repeats nothing."""
        ranked = sorted(self.order)
        y = _reshaped(u, tuple(self.shape[axis] for axis in ranked))
        if ranked != list(self.order):
            y = st.transpose(y, perm=tuple(ranked.index(axis) for axis in self.order))
        return _reshaped(st.index_set(_reshaped(x, self.grid), y, slots=self.slots), x.shape)


def _reshaped(x: Value, shape: Shape) -> Value:
    return x if x.shape == shape else st.reshape(x, shape=shape)


@lru_cache(maxsize=4096)
def layout(base: Shape, offset: int, shape: Shape, steps: Shape) -> Layout | None:
    """The view that starts at `offset` and goes by `steps`, of an array of shape `base`."""
    axes = [
        Axis(step, n, place)
        for place, (step, n) in enumerate(zip(steps, shape, strict=True))
        if n != 1 and step != 0
    ]
    axes.sort(key=lambda axis: -abs(axis.step))
    repeated = any(n != 1 and step == 0 for step, n in zip(steps, shape, strict=True))
    lowest = offset + sum(min(0, axis.step * (axis.length - 1)) for axis in axes)
    for grid in (base, _grid(math.prod(base), axes)):
        slots = _slots(grid, lowest, axes)
        if slots is not None:
            return Layout(grid, slots, tuple(axis.place for axis in axes), shape, repeated)
    return None


def _grid(size: int, axes: Sequence[Axis]) -> Shape:
    """A shape with an axis for each step: its strides are the largest that the steps allow."""
    grid: list[int] = []
    stride = size
    for axis in axes:
        finer = math.gcd(stride, axis.step)
        grid.append(stride // finer)
        stride = finer
    return (*grid, stride) if stride > 1 or not grid else tuple(grid)


def _slots(grid: Shape, lowest: int, axes: Sequence[Axis]) -> tuple[st.Slot, ...] | None:
    """The index of an array of shape `grid` that the axes are, if they are one."""
    starts = [int(start) for start in np.unravel_index(lowest, grid)]
    remaining = list(axes)
    slots: list[st.Slot] = []
    for place, (start, n) in enumerate(zip(starts, grid, strict=True)):
        stride = math.prod(grid[place + 1 :])
        slot: st.Slot = start
        if remaining and remaining[0].step % stride == 0:
            step, length, _ = remaining[0]
            by = step // stride
            reach = abs(by) * (length - 1)
            if start + reach < n:
                slot = (start if by > 0 else start + reach, length, by)
                remaining.pop(0)
        slots.append(slot)
    return None if remaining else tuple(slots)
