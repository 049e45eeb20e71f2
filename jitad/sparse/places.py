"""Places -> values: elements of a value at places that are known, read by views where they can be.

Places are positions in C order, as arrays of NumPy's. Where they grow by equal steps along each
axis they are slices, transposed and repeated; others are looked up in an array of integers.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import INT64, DType, Shape
from jitad.ir.value import Value
from jitad.ops import structural as st

Places = np.ndarray[Any, np.dtype[np.int64]]


def numbered(shape: Shape) -> Places:
    """The position of each element of an array of that shape."""
    return np.arange(math.prod(shape), dtype=np.int64).reshape(shape)


class Tables:
    """Arrays of integers that a program reads, as inputs of its tape; and the seeds of its sweep,
    which are ones wherever they are read."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.seeds: list[Value] = []
        self.arrays: list[Places] = []
        self.inputs: list[Value] = []
        self._known: dict[bytes, Value] = {}

    def value(self, table: Places) -> Value:
        """A table as a value of the tape."""
        key = table.tobytes() + repr(table.shape).encode()
        if key not in self._known:
            name = f"t{len(self.arrays)}"
            self._known[key] = self.builder.input(name, table.shape, INT64)
            self.inputs.append(self._known[key])
            self.arrays.append(np.ascontiguousarray(table))
        return self._known[key]

    def seed(self, shape: Shape, dtype: DType) -> Value:
        """Ones, of which a sweep begins."""
        self.seeds.append(self.builder.input(f"d{len(self.seeds)}", shape, dtype))
        return self.seeds[-1]

    def is_seed(self, x: Value) -> bool:
        """Whether a value is such ones."""
        return any(x.index == seed.index for seed in self.seeds)


def take(x: Value, places: Places, tables: Tables) -> Value:
    """The elements of x at these places, in the shape of these."""
    if places.size == math.prod(x.shape) and _is_numbered(places):
        return _reshaped(x, places.shape)
    if tables.is_seed(x):
        return tables.seed(places.shape, x.dtype)
    steps = regular(places)
    if steps is not None and places.size:
        for shape in (x.shape, _grid(x.size, steps)):
            found = _sliced(_reshaped(x, shape), int(places.flat[0]), steps, places.shape)
            if found is not None:
                return found
    return st.gather(_reshaped(x, (math.prod(x.shape),)), tables.value(places))


def _grid(size: int, steps: tuple[int, ...]) -> Shape:
    """The shape of so many elements in which these steps go along axes, if there is one."""
    shape: list[int] = []
    for step in sorted({abs(step) for step in steps} - {0}, reverse=True):
        if size % step:
            return (math.prod(shape) * size,)
        shape.append(size // step)
        size = step
    return (*shape, size)


def _is_numbered(places: Places) -> bool:
    return bool(np.array_equal(places.ravel(), np.arange(places.size)))


def _reshaped(x: Value, shape: Shape) -> Value:
    return x if x.shape == shape else st.reshape(x, shape=shape)


def regular(places: Places) -> tuple[int, ...] | None:
    """By how much places grow along each axis, if that is the same everywhere."""
    if not places.size:
        return None
    first = places[(0,) * places.ndim]
    steps: list[int] = []
    expected = np.asarray(first)
    for axis, n in enumerate(places.shape):
        at = tuple(int(k == axis) for k in range(places.ndim))
        step = int(places[at] - first) if n > 1 else 0
        steps.append(step)
        line = (step * np.arange(n)).reshape([-1 if k == axis else 1 for k in range(places.ndim)])
        expected = expected + line
    return tuple(steps) if np.array_equal(expected, places) else None


def _sliced(x: Value, first: int, steps: tuple[int, ...], shape: Shape) -> Value | None:
    """The elements from a first one on, by steps along each axis of the result, by views of x; None
    where an axis of the result does not go along one axis of x."""
    start = cast("list[int]", [int(k) for k in np.unravel_index(first, x.shape)])
    strides = [math.prod(x.shape[axis + 1 :]) for axis in range(len(x.shape))]
    slots: list[st.Slot] = list(start)
    along: dict[int, int] = {}
    for axis, (step, n) in enumerate(zip(steps, shape, strict=True)):
        if n == 1 or step == 0:
            continue
        of = _axis(step, n, start, strides, x.shape)
        if of is None or of in along:
            return None
        slots[of] = (start[of], n, step // strides[of])
        along[of] = axis
    found = st.index(x, slots=tuple(slots))
    order = [along[of] for of in sorted(along)]
    if order != sorted(order):
        found = st.transpose(found, perm=tuple(int(k) for k in np.argsort(order)))
    spread = tuple(n if axis in order else 1 for axis, n in enumerate(shape))
    found = _reshaped(found, spread)
    return found if spread == shape else st.broadcast(found, shape=shape)


def _axis(step: int, n: int, start: list[int], strides: list[int], shape: Shape) -> int | None:
    """The axis along which n steps stay within the array."""
    for axis, stride in enumerate(strides):
        last, rest = divmod(step * (n - 1), stride)
        if rest == 0 and step % stride == 0 and 0 <= start[axis] + last < shape[axis]:
            return axis
    return None
