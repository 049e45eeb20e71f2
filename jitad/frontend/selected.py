"""Arrays with as many elements as data says, which one program has for all values: x[mask], x[:i].

A selection keeps a whole array, and for each of its own axes which places there are. Of x[mask]
these are where the mask is true; of x[i:j] the whole array has x's elements from i on, as many as
there are at most, and the first ones are there. What is computed of it element by element is a
selection; what makes one number of it reads the array where there are elements. Who asks for more
(its shape, say) has the elements of this path, under a guard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitad.frontend.active import innermost_trace
from jitad.frontend.guards import guard_array
from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import as_dtype, as_shape, innermost, lift
from jitad.frontend.places import is_all, is_view, spelled_out
from jitad.frontend.present import Masks, all_alike, are_alike, joined, least_room, resized
from jitad.frontend.slices import guarded, is_full, length_of, same_index, spread_out
from jitad.frontend.storage import Storage
from jitad.ir.builder import Builder
from jitad.ir.op import BOOL, INT64
from jitad.ir.value import FUNCTIONS, UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


class Selected(MutableArray):
    """A selection: a copy, or where it is of an `origin`, an array and an index, a view."""

    __slots__ = ("_elements", "_seen", "_whole", "masks", "origin")

    def __init__(self, whole: Value, masks: Masks) -> None:
        self._whole = whole
        self._elements: Storage | Value | None = None
        self._seen: Any = None
        self._places = None
        self._token: object = None
        self.masks = masks
        self.origin: tuple[MutableArray, Any] | None = None
        self.is_argument = False
        self.weak = False

    def of(self, array: MutableArray, index: Any) -> Selected:
        """Itself as a view of an array, whose elements those of an argument stay."""
        if array.is_argument:
            self.is_argument = True
        else:
            self.origin = array, index
            self._seen = self._state()
        return self

    def _state(self) -> Any:
        """What tells whether the array that it is a view of has changed."""
        assert self.origin is not None
        array, _ = self.origin
        now = array.whole if type(array) is Selected else array.freeze()
        return None if now is None else (now.builder, now.index, now.builder.recording)

    @property
    def whole(self) -> Value | None:
        """The array; None from when on it has been asked for its elements."""
        if self._elements is not None:
            return None
        if self.origin is not None:
            array, index = self.origin
            now = self._state()
            if now is None:
                return None
            if now != self._seen:
                found = shown(array, index)
                assert found is not None
                self._whole, self._seen = found._whole, now
        return self._whole

    @property
    def _memory(self) -> Storage | Value:  # type: ignore[override]  # derived here
        if self._elements is None:
            if self.origin is not None:
                array, index = self.origin
                assert array._memory is not None
                view = MutableArray.__getitem__(array, guarded(index))
                self._elements, self._places = view._memory, view._places
            else:
                with self._whole.builder.resumed():
                    self._elements = self._selected_here()
        assert self._elements is not None
        return self._elements

    @_memory.setter
    def _memory(self, memory: Storage) -> None:
        self._elements = memory

    def _selected_here(self) -> Value:
        """The elements of this path."""
        found = self._whole
        for k in reversed(range(len(self.masks))):
            mask = self.masks[k]
            if mask is not None:
                first = length_of(mask)
                key = guard_array(mask) if first is None else slice(int(first))
                found = found[(*(slice(None),) * self.first_axis(k), key)]
        return found

    @property
    def unwritten(self) -> Value | None:
        """As of other arrays; what nobody has asked for its elements is no view of another."""
        return self._whole if self._elements is None else super().unwritten

    @property
    def token(self) -> object:
        """What all names and views of one array have in common."""
        return self.origin[0].token if self.origin is not None else super().token

    @property
    def builder(self) -> Builder:  # type: ignore[override]  # derived here
        """The tape that its elements are on."""
        return self._whole.builder if self._elements is None else self._elements.builder

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]  # derived here
        """Of this path."""
        memory = self._memory
        return memory.shape if self._places is None else self._places.shape

    @property
    def dtype(self) -> Any:  # type: ignore[override]  # derived here
        """The type of an element."""
        return self._whole.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.masks)

    @property
    def real(self) -> Any:  # type: ignore[override]  # which can be set there
        """The real part, which is itself where it is real."""
        return self if self.dtype.kind != "c" else np.real(self)

    @property
    def imag(self) -> Any:  # type: ignore[override]  # as above
        """The imaginary part."""
        return np.imag(self)

    @property
    def T(self) -> Any:
        """The selection with its axes reversed."""
        return np.transpose(self)  # type: ignore[call-overload]  # traced

    @property
    def is_plain(self) -> bool:
        """Whether nothing traced has been written to it."""
        return False

    @property
    def is_counted(self) -> bool:
        """Whether elements along the first axis are had by their numbers."""
        mask = self.masks[0]
        return self.whole is not None and (mask is None or length_of(mask) is not None)

    def mask_of_places(self, axis: int) -> Value | None:
        """The mask whose true places along an axis these are, as np.nonzero selects them."""
        mask, whole = self.masks[0], self.whole
        if self.ndim != 1 or mask is None or whole is None or whole.shape != mask.shape:
            return None
        instr = whole.builder.instrs[whole.index]
        return mask if instr.op is st.iota and instr.params[1] == axis else None

    # -- which elements there are ------------------------------------------------------------------

    def first_axis(self, k: int) -> int:
        """The axis of the whole array at which axis k begins."""
        return sum(1 if mask is None else mask.ndim for mask in self.masks[:k])

    def axes(self, k: int) -> tuple[int, ...]:
        """The axes of the whole array that are axis k."""
        mask, first = self.masks[k], self.first_axis(k)
        return (first,) if mask is None else tuple(range(first, first + mask.ndim))

    def count(self, k: int) -> Any:
        """How many there are along an axis: of a mask a traced int of Python's."""
        mask = self.masks[k]
        if mask is None:
            return self._whole.shape[self.first_axis(k)]
        n = length_of(mask)
        if n is None:
            n = st.reduce_sum(ew.cast(mask, dtype=INT64), axes=tuple(range(mask.ndim)))
        return Value(n.builder, n.index, (), n.dtype, weak=True)

    def mask(self, axes: Sequence[int]) -> Value | None:
        """Where there are elements along some axes, to be broadcast to the whole array."""
        found: Value | None = None
        for k in axes:
            mask = self.masks[k]
            if mask is None:
                continue
            own = self.axes(k)
            lengths = iter(mask.shape)
            shape = [next(lengths) if j in own else 1 for j in range(self._whole.ndim)]
            aligned = st.reshape(lift(innermost((self._whole, mask)), mask), shape=tuple(shape))
            found = aligned if found is None else UFUNCS[np.logical_and](found, aligned)
        return found

    def filled(self, x: Any, axes: Sequence[int] | None = None) -> Value:
        """The whole array, with x where there are no elements along some axes, or any."""
        whole = self.whole
        assert whole is not None
        mask = self.mask(range(self.ndim) if axes is None else axes)
        return whole if mask is None else FUNCTIONS[np.where](mask, whole, x)

    def where(self, mask: Value) -> Value | None:
        """What is to be written where a mask is true: the array, of what such a mask selects."""
        own = self.masks[0]
        if own is None or any(x is not None for x in self.masks[1:]):
            return None
        return self.whole if are_alike(own, mask) else None

    # -- what is written ---------------------------------------------------------------------------

    def copy(self, order: str = "C") -> Any:
        """The same elements."""
        return super().copy(order) if self.whole is None else Selected(self.whole, self.masks)

    def astype(self, dtype: Any, copy: bool = True, **_: Any) -> Any:
        """A copy of another dtype."""
        found = elementwise(lambda x: x.astype(dtype), [self])
        return super().astype(dtype, copy) if found is None else found

    def __getitem__(self, index: Any) -> Any:
        if self.whole is None:
            return super().__getitem__(index)
        mask = self._mask_within(index)
        if mask is not None:
            return Selected(self.whole, (ew.logical_and(self.masks[0], mask),))
        found = shown(self, index)
        if type(found) is Selected:
            return found.of(self, index)
        return super().__getitem__(index) if found is None else found

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.is_argument or self.whole is None:
            super().__setitem__(index, value)
            return
        mask, found = self._mask_within(index), None
        if mask is not None:
            if type(value) is Selected:
                within = value.where(ew.logical_and(self.masks[0], mask))
                value = value if within is None else Selected(within, self.masks)
            found = elementwise(FUNCTIONS[np.where], [Selected(mask, self.masks), value, self])
        elif is_all(index):
            found = self._fitted(value)
        elif (spread := _spread(self, index)) is not None:
            if any(mask is not None for mask in spread[1]):
                part = self[index]
                if not part.is_same_view(value):
                    part[...] = value
                return
            changed = MutableArray(self.whole)
            changed[spread[0]] = value
            found = Selected(changed.freeze(), self.masks)
        if found is None or not self._become(found):
            super().__setitem__(index, value)

    def is_same_view(self, value: Any) -> bool:
        """Whether a view of the same elements is assigned to it: x[:i] += v ends so."""
        if type(value) is not Selected or value.origin is None or self.origin is None:
            return False
        (x, i), (y, j) = self.origin, value.origin
        return x is y and same_index(i, j)

    def _fitted(self, value: Any) -> Selected | None:
        """What is to be written, for each element."""

        def fit(old: Value, new: Any) -> Value:
            x = as_dtype(lift(innermost((old, new)), new), old.dtype)
            return as_shape(lift(innermost((old, x)), x), old.shape)

        if type(value) is Selected and value.whole is not None:
            value = Selected(*resized(value.whole, value.masks, self.masks))
        found = elementwise(fit, [self, value])
        return None if found is None or not all_alike(found.masks, self.masks) else found

    def _mask_within(self, index: Any) -> Value | None:
        """The mask of the same selection that an index is, as one of the array."""
        if type(index) is not Selected or self.whole is None:
            return None
        mask, own = index.mask_of_places(0), self.masks[0]
        if mask is not None and own is not None and self.ndim == 1 and length_of(own) is not None:
            return mask if own.shape == mask.shape else None
        if index.dtype != BOOL:
            return None
        one = index.whole is not None and index.ndim == self.ndim == 1
        return index.whole if one and all_alike(self.masks, index.masks) else None

    def _become(self, other: Selected) -> bool:
        """Have the elements of another one, if that can be: of this tape, and of one dtype."""
        x, builder = other.whole, innermost_trace()
        if x is None or x.dtype != self.dtype or x.shape != self._whole.shape:
            return False
        if self.origin is not None:
            array, index = self.origin
            array.put_selected(index, self, x)
            return True
        if self.builder is not builder or x.builder is not builder:
            return False
        self._whole = x
        return True

    def put_selected(self, index: Any, part: Selected, new: Value) -> None:
        """Write what is to be a part of it."""
        found = _spread(self, index)
        assert found is not None and self.whole is not None
        changed = MutableArray(self.whole)
        changed.put_selected(found[0], part, new)
        self._become(Selected(changed.freeze(), self.masks))


def shown(x: MutableArray, index: Any) -> Value | None:
    """What an array has at an index of integers and slices; None where its elements are asked."""
    if type(x) is not Selected:
        return x.freeze()[index]
    found = _spread(x, index)
    if found is None or x.whole is None:
        return None
    items, masks = found
    y = x.whole[items]
    result = of_masks(y, masks)
    return result if type(result) is Selected or x.is_argument or not y.shape else None


def _spread(x: Selected, index: Any) -> tuple[tuple[Any, ...], Masks] | None:
    """An index of a selection as one of its whole array, and where there is what it gives."""
    given = index if isinstance(index, tuple) else (index,)
    items = spelled_out(tuple(item for item in given if item is not None), x.ndim)
    whole = x.whole
    if items is None or whole is None or not is_view(items):
        return None
    items = (*items, *[slice(None)] * (x.ndim - len(items)))
    lengths = [None if mask is None else length_of(mask) for mask in x.masks]
    for item, mask, length in zip(items, x.masks, lengths, strict=True):
        if mask is not None and ((length is None and not is_full(item)) or mask.ndim > 1):
            return None
    sizes = [whole.shape[x.first_axis(k)] for k in range(x.ndim)]
    found, masks = spread_out(whole.builder.recording, items, sizes, lengths)
    slices = [k for k, item in enumerate(items) if isinstance(item, slice)]
    left = [
        x.masks[k] if is_full(items[k]) else mask for k, mask in zip(slices, masks, strict=True)
    ]
    if any(item is None for item in given):
        if any(item is Ellipsis for item in given):
            return None
        for k in (k for k, item in enumerate(given) if item is None):
            found.insert(k, None)
            left.insert(sum(isinstance(item, slice) or item is None for item in given[:k]), None)
    return tuple(found), tuple(left)


def selected(x: Value, mask: Value) -> Selected:
    """x[mask], whose mask is of the shape of the first axes."""
    tape = innermost((x, mask)).recording
    return Selected(lift(tape, x), (lift(tape, mask), *[None] * (x.ndim - mask.ndim)))


def of_masks(whole: Value, masks: Sequence[Value | None]) -> Value:
    """A selection, or where there are no masks the array itself."""
    return Selected(whole, tuple(masks)) if any(mask is not None for mask in masks) else whole


def elementwise(f: Callable[..., Any], operands: Sequence[Any], before: int = 0) -> Any:
    """f, element by element, of selections and what broadcasts with them; None of others. The
    result may have so many axes `before` those of the elements."""
    least = least_room([x.masks for x in operands if type(x) is Selected])
    found: list[Any] = []
    given: list[Masks] = []
    for x in operands:
        whole = x.whole if type(x) is Selected else x
        if whole is None or isinstance(x, (list, tuple)):
            return None
        own: Masks = (None,) * np.ndim(x) if type(x) is not Selected else x.masks
        if type(x) is Selected:
            whole, own = resized(whole, own, least)
        found.append(whole.freeze() if isinstance(whole, Value) else whole)
        given.append(own)
    masks = joined(found, given)
    if masks is None:
        return None
    masks = (*(None,) * before, *masks)
    result = f(*found)
    if isinstance(result, tuple):
        return tuple([Selected(x, masks) for x in result])
    return Selected(result, masks)
