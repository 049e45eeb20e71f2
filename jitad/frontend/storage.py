"""The memory behind mutable arrays while a function is traced: numbers, or a value on the tape.

An array names its elements by their places in C order; NumPy's own views of the places are the
views of the array, so that aliasing is NumPy's. Traced elements that are written one by one are
kept aside: an element that is read again is the value that was written, and a loop that fills an
array leaves one `pack` on the tape.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.layout import layout
from jitad.frontend.operands import as_dtype, lift
from jitad.ir.builder import Builder
from jitad.ir.op import INT64, DType, Shape
from jitad.ir.value import Value
from jitad.ops import structural as st

Places = np.ndarray

FEW = 32
"""Elements at scattered places that are written one by one, which small programs are made of."""

_RUNS = 16
"""Runs of elements that are written run by run."""

_SPELLED_OUT = 16
"""Integers of an array that are written to the tape one by one."""

_SMALL = 256
"""Elements of an array that is written as a whole."""


SET, SET_APART = (functools.partial(st.scatter_set, apart=apart) for apart in (False, True))
"""What is written at places that are perhaps equal, and at places that are not."""


class Storage:
    """The elements of one array and all its views.

    Either `numbers` (flat) or `base` (a value of the whole array's shape) holds them; the elements
    at places in `aside` have the values there instead, where they are `dirty`. What `is_kept` an
    item of a list has, too, in a loop that is being recorded: nobody is to write to it.
    """

    __slots__ = (
        *("_order", "aside", "base", "builder", "dirty", "dtype", "frozen", "is_kept", "numbers"),
        *("_token", "shape"),
    )

    def __init__(self, builder: Builder, contents: Value | np.ndarray) -> None:
        self.builder = builder
        self.shape: Shape = contents.shape
        self.dtype: DType = contents.dtype
        self.numbers = contents.reshape(-1) if isinstance(contents, np.ndarray) else None
        self.base = contents if isinstance(contents, Value) else None
        self._order: Places | None = None
        self.aside: dict[int, Value] = {}
        self.dirty: set[int] = set()
        self.frozen: dict[Any, Value] = {}
        self.is_kept = False
        self._token: object = None

    @property
    def token(self) -> object:
        """What all names of the array have in common; the array's own, if it has one before."""
        if self._token is None:
            self._token = object()
        return self._token

    @token.setter
    def token(self, token: object) -> None:
        self._token = token

    @property
    def root(self) -> Storage:
        """The memory that elements are in: of a view at a traced place another's."""
        return self

    @property
    def order(self) -> Places:
        """The place of each element; of an array that is only read as a whole nobody asks."""
        if self._order is None:
            self._order = np.arange(math.prod(self.shape))
        return self._order

    # -- within regions ----------------------------------------------------------------------------

    def state(self) -> Any:
        """All that `restore` needs."""
        return self.builder, self.numbers, self.base, self.aside, self.dirty, self.frozen

    def restore(self, state: Any) -> None:
        """Make the elements what they were."""
        self.builder, self.numbers, self.base, self.aside, self.dirty, self.frozen = state

    def begin(self, builder: Builder, contents: Value) -> None:
        """Have the elements on another tape."""
        self.restore((builder, None, lift(builder, contents), {}, set(), {}))

    def contents(self) -> Value:
        """All elements as they are now, on the array's tape."""
        if self.base is not None and not self.dirty:
            return self.base
        return self.read(self.order.reshape(self.shape))

    def become(self, contents: Value) -> None:
        """Have other elements, all of them."""
        self.begin(self.builder, contents)

    # -- reading -----------------------------------------------------------------------------------

    def element(self, place: int) -> Any:
        """One element: a NumPy number, or a traced scalar."""
        known = self.aside.get(place)
        if known is not None:
            return known
        if self.numbers is not None:
            return self.numbers[place]
        assert self.base is not None
        slots = tuple(int(i) for i in np.unravel_index(place, self.shape))
        with self.builder.resumed():
            known = self.aside[place] = st.index(self.base, slots=slots)
        return known

    def is_plain(self, places: Places | None) -> bool:
        """Whether nothing traced has been written there, or anywhere."""
        if places is None:
            return self.numbers is not None and not self.dirty
        return self.numbers is not None and not self._dirty_among(places)

    def plain(self, places: Places) -> np.ndarray | None:
        """A copy of the elements, where nothing traced has been written there."""
        return self.numbers[places] if self.numbers is not None and self.is_plain(places) else None

    def read(self, places: Places) -> Value:
        """The elements as they are now."""
        key = self.key(places)
        known = self.frozen.get(key) if key is not None else None
        if known is None:
            with self.builder.resumed():
                known = self._read(places, key)
            if key is not None:
                self.frozen[key] = known
        return known

    def _read(self, places: Places, key: Any) -> Value:
        if places.size == 0:
            return self.builder.const(0, places.shape, self.dtype)
        numbers = self.plain(places)
        if numbers is not None:
            return self._lifted(numbers)
        if self._dirty_among(places):
            self.settle()
        return self._read_base(places, key)

    def packed(self, places: Places) -> Value:
        """The elements as an array of scalars."""
        items = [as_dtype(lift(self.builder, self.element(p)), self.dtype) for p in _list(places)]
        return items[0] if places.shape == () else st.pack(*items, shape=places.shape)

    def _read_base(self, places: Places, key: Any) -> Value:
        assert self.base is not None
        found = None if key is None else layout(self.shape, *key)
        if found is not None:
            return found.read(self.base)
        return st.gather(self._flat(self.base), lift(self.builder, np.ascontiguousarray(places)))

    def _lifted(self, numbers: np.ndarray) -> Value:
        """Numbers on the tape: a constant where they are all one, few integers one by one, so that
        how large they are is known; else a copy held by reference."""
        first = numbers.flat[0]
        same = numbers.tobytes() == np.full(numbers.shape, first).tobytes()
        if same:
            return self.builder.const(first, numbers.shape, self.dtype)
        if numbers.size <= _SPELLED_OUT and self.dtype == INT64:
            items = [self.builder.const(int(x), (), INT64) for x in numbers.flat]
            return st.pack(*items, shape=numbers.shape)
        value = lift(self.builder, numbers.reshape(-1))
        return value if value.shape == numbers.shape else st.reshape(value, shape=numbers.shape)

    def _dirty_among(self, places: Places) -> int:
        if not self.dirty:
            return 0
        if places.size == self.order.size:
            return len(self.dirty)
        return sum(place in self.dirty for place in _list(places))

    def key(self, places: Places) -> Any:
        """(offset, shape, steps) of what is a view of `order`."""
        if places.size == 0 or not np.may_share_memory(places, self.order):
            return None
        item = self.order.itemsize
        return (int(places.flat[0]), places.shape, tuple(step // item for step in places.strides))

    def _flat(self, x: Value) -> Value:
        return x if len(x.shape) == 1 else st.reshape(x, shape=(self.order.size,))

    # -- writing -----------------------------------------------------------------------------------

    def write(self, places: Places, contents: Value | np.ndarray) -> None:
        """Put elements, of the shape of `places` and traced ones of the dtype, in their place."""
        if places.size == 0:
            return
        self.frozen.clear()
        if not isinstance(contents, Value) and self.numbers is not None:
            self.numbers[places] = contents
            self._forget(places)
            return
        new = self._lifted(contents) if isinstance(contents, np.ndarray) else contents
        if places.size == 1:
            self._put_aside(int(places.flat[0]), st.reshape(new, shape=()) if new.shape else new)
        else:
            self._write_several(places, new)

    def _write_several(self, places: Places, new: Value) -> None:
        key = self.key(places)
        found = None if key is None else layout(self.shape, *key)
        if found is None and places.size <= FEW:
            for k, place in enumerate(_list(places)):
                slots = tuple(int(i) for i in np.unravel_index(k, places.shape))
                self._put_aside(place, st.index(new, slots=slots))
            return
        whole = found is not None and places.size == self.order.size
        if whole:
            self.aside.clear()
            self.dirty.clear()
        else:
            self._forget(places)
        if found is not None:
            # What a whole write replaces does not matter, but for its shape and dtype.
            base = self.builder.const(0, self.shape, self.dtype) if whole else self._whole()
            self._rebase(found.write(base, new))
        else:
            self._rebase(self._scattered(self._whole(), lift(self.builder, places.copy()), new))

    def scatter(self, places: Value, new: Value, op: Any = SET) -> None:
        """Write, or with `scatter_add` add, elements or rows of them at places that are traced."""
        self.frozen.clear()
        self.settle()
        self._rebase(self._scattered(self._whole(), places, new, op))
        self.aside.clear()

    def gather(self, places: Value) -> Value:
        """The elements at places that are traced."""
        with self.builder.resumed():
            self.settle()
            base = self._whole()
        # In another shape where it is read: what is read in a region is the array itself.
        return st.gather(self._flat(lift(self.builder.recording, base)), places)

    def _scattered(self, base: Value, places: Value, new: Value, op: Any = SET) -> Value:
        row = math.prod(new.shape[places.ndim :])
        shape = (self.order.size,) if row == 1 else (self.order.size // row, row)
        rows = base if base.shape == shape else st.reshape(base, shape=shape)
        new = st.reshape(new, shape=(*places.shape, *shape[1:]))
        found = op(rows, places, new)
        return found if found.shape == self.shape else st.reshape(found, shape=self.shape)

    def _rebase(self, base: Value) -> None:
        self.base, self.numbers = base, None

    def _put_aside(self, place: int, x: Value) -> None:
        self.aside[place] = x
        self.dirty.add(place)

    def _forget(self, places: Places) -> None:
        """What stands aside for these places has been overwritten."""
        if self.aside:
            gone = set(_list(places)) if places.size < len(self.aside) else self._within(places)
            for place in gone:
                self.aside.pop(place, None)
            self.dirty -= gone

    def _within(self, places: Places) -> set[int]:
        return set(_list(places)) & self.aside.keys()

    def _whole(self) -> Value:
        """The base as a value, whatever stands aside."""
        if self.base is None:
            assert self.numbers is not None
            self._rebase(self._lifted(self.numbers.reshape(self.shape)))
        assert self.base is not None
        return self.base

    # -- what stands aside -------------------------------------------------------------------------

    def settle(self) -> None:
        """Write the elements that stand aside into the base."""
        if not self.dirty:
            return
        self._rebase(self._settled(sorted(self.dirty)))
        self.dirty.clear()

    def _settled(self, places: list[int]) -> Value:
        size, runs = self.order.size, _runs(places)
        if size <= 2 * len(places) + 8 or (size <= _SMALL and len(runs) > _RUNS):
            return self.packed(self.order.reshape(self.shape))
        base = self._whole()
        if len(runs) > _RUNS:
            new = self.packed(np.asarray(places))
            return self._scattered(base, lift(self.builder, np.asarray(places)), new)
        for run in runs:
            view = self.order[run[0] : run[-1] + 1 : max(1, run[-1] - run[-2]) if run[1:] else 1]
            found = layout(self.shape, *self.key(view))
            assert found is not None
            base = found.write(base, self.packed(view))
        return base


def _list(places: Places) -> list[int]:
    return places.ravel().tolist()


def _runs(places: Sequence[int]) -> list[list[int]]:
    """Ascending places as runs of equal steps."""
    runs: list[list[int]] = []
    for place in places:
        last = runs[-1] if runs else []
        if len(last) == 1 or (len(last) > 1 and place - last[-1] == last[-1] - last[-2]):
            last.append(place)
        else:
            runs.append([place])
    return runs
