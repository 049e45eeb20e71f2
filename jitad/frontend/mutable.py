"""Arrays that can be written to while a function is traced, and their views.

A `MutableArray` is what `jitad.numpy` creates: it answers wherever a traced value does, with its
elements at the time. As long as nothing traced has been written, it computes with NumPy itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced, innermost_trace
from jitad.frontend.guards import guard_array
from jitad.frontend.operands import as_dtype, as_shape, check_kind, lift
from jitad.frontend.places import (
    are_integers,
    element_of,
    fitting,
    is_view,
    leaves_axes,
    mask_of,
    places_of,
)
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.slices import is_traced_slice
from jitad.frontend.storage import SET, SET_APART, Places, Storage
from jitad.frontend.window import Window
from jitad.ir.builder import Builder
from jitad.ir.errors import TraceError, WriteError
from jitad.ir.op import SHORT_NAMES, Shape
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import structural as st

WRITERS: dict[Any, Callable[..., Any]] = {}
"""NumPy's functions that write to their first argument, as they are for mutable arrays."""


class MutableArray(Value):
    """An array that `jitad.numpy` has created, or a view of one.

    It is a `Value` whose place on the tape is that of its present elements. NumPy and Python ask a
    subclass first, so that no function meets one that could change after the call.
    """

    __slots__ = ("_memory", "_places", "_token", "is_argument")

    def __init__(
        self, memory: Storage | Value, places: Places | None = None, *, is_argument: bool = False
    ) -> None:
        self._memory = memory
        self._places = places
        self._token: object = None
        self.is_argument = is_argument
        self.shape = memory.shape if places is None else places.shape
        self.dtype = memory.dtype
        self.weak = False

    @property
    def storage(self) -> Storage:
        """The memory of it and its views; most results are only read, and never ask for it."""
        memory = self._memory
        if isinstance(memory, Value):
            memory = self._memory = Storage(memory.builder, memory)
            memory.token = self._token
        return memory

    @property
    def token(self) -> object:
        """What all names and views of one array have in common."""
        if self.unwritten is None:
            return self.storage.root.token
        if self._token is None:
            self._token = object()
        return self._token

    @property
    def unwritten(self) -> Value | None:
        """The value that it is a copy of, which nobody has written to, nor asked for a view of."""
        return self._memory if isinstance(self._memory, Value) else None

    @property
    def places(self) -> Places:
        """Which elements of the storage it shows."""
        if self._places is None:
            self._places = self.storage.order.reshape(self.shape)
            self._places.flags.writeable = not self.is_argument
        return self._places

    @property
    def is_read_only(self) -> bool:
        """Whether nobody writes to it, by no name: an argument, or a view of one."""
        return self.is_argument or not (self._places is None or self._places.flags.writeable)

    @property
    def is_kept(self) -> bool:
        """Whether nobody is to write to it, who knows it by its names: a list has a copy."""
        return self.unwritten is None and self.storage.root.is_kept

    @property
    def builder(self) -> Builder:  # type: ignore[override]  # derived here
        """The tape that its elements are on."""
        return self._memory.builder

    @property
    def index(self) -> int:  # type: ignore[override]  # derived here
        """Where on the tape its present elements are."""
        return self.freeze().index

    def freeze(self) -> Value:
        """The elements as they are now."""
        memory = self._memory
        if isinstance(memory, Value):
            return memory
        return memory.contents() if self._places is None else memory.read(self.places)

    @property
    def is_plain(self) -> bool:
        """Whether nothing traced has been written to it."""
        memory = self._memory
        return not isinstance(memory, Value) and memory.is_plain(self._places)

    def plain(self) -> np.ndarray | None:
        """A copy as a NumPy array, where nothing traced has been written; else None."""
        return self.storage.plain(self.places) if self.is_plain else None

    def now(self) -> Value | np.ndarray:
        """The elements: as a NumPy array, where nothing traced has been written."""
        numbers = self.plain()
        return self.freeze() if numbers is None else np.asarray(numbers)

    # -- NumPy's protocols -------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        numbers = self.plain()
        if numbers is None:
            return self.freeze().__array__(dtype, copy)
        result = np.array(numbers, dtype)
        # Only a copy is asked for that its owner writes to; what aliases this array must not be.
        result.flags.writeable = copy is True
        return result

    # -- elements and views ------------------------------------------------------------------------

    def mask_of_places(self, axis: int) -> Value | None:
        """The mask whose true places along an axis these are, if they are known to be."""
        return None

    def __getitem__(self, index: Any) -> Any:
        key = static(index)
        if key is None:
            if not is_view(index):
                return renewed(self.freeze()[index])
            if leaves_axes(index, self.ndim):
                found: Any = self.freeze()[index]
                if type(found) is not Value:
                    return found.of(self, index)
                return found if self.is_argument else MutableArray(Window(self, index, found))
            # NumPy gives a view of an argument: a copy must not be written to.
            return self._gathered(index)
        places = self._shown_at(key)
        if places is None:
            return self.freeze()[key]  # which says what is wrong
        if not isinstance(places, np.ndarray):
            return self.storage.element(int(places))
        if places.size == 0 or np.may_share_memory(places, self.storage.order):
            return MutableArray(self.storage, places)
        numbers = self.storage.plain(places)
        return renewed(self.freeze()[key] if numbers is None else numbers)

    def _shown_at(self, key: Any) -> Any:
        try:
            return self.places[key]
        except IndexError:
            return None

    def __setitem__(self, index: Any, value: Any) -> None:
        self.check_writable()
        key = static(index)
        if key is not None:
            places = np.asarray(self.places[key])
            if not _is_same(value, self.storage, places):
                self.storage.write(places, self.fitted(value, places.shape))
            return
        mask, others = mask_of(by_mask(index, self.shape))
        if mask is not None and others:
            self[others][mask] = value
            return
        if mask is not None:
            self._set_where(mask, value)
            return
        rows = places_of(self.storage, self.places, index)
        if not rows.is_whole:
            part = self[index]
            if not part.is_same_view(value):
                part[...] = value
            return
        new = self.lifted(value, rows.shape)
        known = element_of(self.storage, self.places, index)
        added = None if known is None else known.added(new)
        if known is not None and added is not None:
            self.storage.scatter(known.at, added, st.scatter_add)
        else:
            self.storage.scatter(rows.at, new, SET_APART if rows.apart else SET)

    def _gathered(self, index: Any) -> Value:
        """The elements at a traced index: by their places, where only integers are given."""
        element = element_of(self.storage, self.places, index)
        if element is not None:
            return element.now
        if self.ndim == 1 and are_integers(index):
            return self.storage.gather(places_of(self.storage, self.places, index).at)
        return self.freeze()[index]

    def _set_where(self, mask: Value, value: Any) -> None:
        """x[mask] = value: by selection where each element's value is known without a count."""
        rest = self.shape[mask.ndim :]
        whole = value.where(mask) if isinstance(value, MutableArray) else None
        if whole is not None:
            value = whole
        elif mask.shape != self.shape[: mask.ndim] or np.ndim(value) > len(rest):
            self[guard_array(mask)] = value
            return
        aligned = st.reshape(lift(self.builder, mask), shape=(*mask.shape, *(1,) * len(rest)))
        new = self.lifted(value, self.shape if whole is not None else rest)
        self[...] = np.where(aligned, new, self.freeze())  # type: ignore[call-overload]  # traced

    def where(self, mask: Value) -> Value | None:
        """An array that has these elements where the mask is true, if they are that many for all
        values."""
        return None

    def put_selected(self, index: Any, part: Any, new: Value) -> None:
        """Write what a selection of it is to have."""
        self.check_writable()
        rows = places_of(self.storage, self.places, index)
        mask = part.mask(range(part.ndim))
        x = FUNCTIONS[np.where](mask, new, part.whole)
        self.storage.scatter(rows.at, x, SET_APART)

    def check_writable(self) -> None:
        """Refuse to write where the array is not one of the innermost trace, or read-only."""
        if self.is_argument:
            super().__setitem__(None, None)
        if self.is_read_only:
            raise WriteError(
                "assignment to a view of an argument, or to a read-only view",
                remedy="write to x.copy(), to the array itself, or use np.fill_diagonal",
            )
        recording = innermost_trace()
        if self.is_kept:
            raise NeedsNumber("an array that a list has, too, is written to")
        if recording is not self.builder and recording is not None and recording.region:
            recording.region.adopt(self.storage.root)
        elif recording is not self.builder:
            raise TraceError(
                "an array was written in a function nested in the one that created it, or after "
                "that one had ended",
                remedy="create the array in the function that writes to it, and return it",
            )

    def fitted(self, value: Any, shape: tuple[int, ...]) -> Value | np.ndarray:
        """What is to be written, of the dtype and broadcast to the shape: numbers stay numbers."""
        if isinstance(value, MutableArray):
            value = value.now()
        if holds_traced(value):
            return self.lifted(value, shape)
        if isinstance(value, np.ndarray):
            check_kind(value, "what is assigned")
        with np.errstate(invalid="ignore"):
            array = np.asarray(value).astype(self.dtype)
        return np.broadcast_to(fitting(array, shape), shape)

    def lifted(self, value: Any, shape: tuple[int, ...]) -> Value:
        """What is to be written as a value of the dtype, broadcast to the shape."""
        x = as_dtype(lift(self.builder, value), self.dtype)
        return as_shape(fitting(x, shape), shape)

    # -- methods that differ from a value's --------------------------------------------------------

    @property
    def flat(self) -> Any:
        """The elements in C order, which can be written to; a slice of them is a copy."""
        return _Flat(self.storage, self.places.ravel())

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[...] = value

    @property
    def real(self) -> Any:
        """Itself where it is real; else the real part, which can be set as a whole."""
        return self.freeze().real if self.dtype.kind == "c" else self

    @real.setter
    def real(self, value: Any) -> None:
        self[...] = value + 1j * self.imag if self.dtype.kind == "c" else value

    @property
    def imag(self) -> Any:
        """The imaginary part, which can be set as a whole."""
        return self.freeze().imag

    @imag.setter
    def imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("array does not have imaginary part to set")
        self[...] = self.real + 1j * value

    def copy(self, order: str = "C") -> Any:
        """An array of its own with the same elements."""
        return mutable(self.builder.recording, self.now())

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def flatten(self, order: str = "C") -> Any:
        """A copy as one axis."""
        return self.copy().ravel(order=order)

    def astype(self, dtype: Any, copy: bool = True, **_: Any) -> Any:
        """A copy of another dtype."""
        if not copy and np.dtype(dtype) == self.dtype:
            return self
        numbers = self.plain()
        if numbers is not None:
            return renewed(np.asarray(numbers).astype(dtype))
        return mutable(self.builder.recording, self.freeze().astype(dtype))

    def _check_owned(self, method: str) -> None:
        """Refuse what would change an argument, as of a value."""
        if self.is_argument:
            getattr(Value, method)(self)

    def fill(self, value: Any) -> None:
        """Every element becomes `value`."""
        self._check_owned("fill")
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None) -> None:
        """Sort in place along an axis."""
        self._check_owned("sort")
        self[...] = np.sort(self, axis=axis, kind=kind, order=order)  # type: ignore[call-overload]  # traced

    def partition(self, kth: Any, axis: int = -1, **_: Any) -> None:
        """Sort in place along an axis, which is a partition, too."""
        self.sort(axis)

    def view(self, *kind: Any) -> Any:
        """Another name of the same elements."""
        if kind and kind != (np.ndarray,):
            return super().view(*kind)  # type: ignore[misc]  # which refuses it
        return MutableArray(self.storage, self.places)

    def put(self, indices: Any, values: Any, mode: str = "raise") -> None:
        """As `np.put` of this array."""
        self._check_owned("put")
        np.put(self, indices, values, mode=mode)  # type: ignore[call-overload,arg-type]  # traced

    def item(self, *index: int) -> Any:
        """The element at `index`, or the only one, as a Python number."""
        return self.now().item(*index)

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self.now().tolist()

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))


class _Flat(MutableArray):
    """The elements of an array in C order, as `x.flat` has them."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return found.copy() if isinstance(found, MutableArray) else found


def mutable(
    builder: Builder, contents: Value | np.ndarray, *, is_argument: bool = False
) -> MutableArray:
    """A new array on the tape with these elements; of numbers it takes the memory over.

    An argument, and what is a view of it, is not written to: it is the caller's.
    """
    memory = lift(builder, contents) if isinstance(contents, Value) else Storage(builder, contents)
    return MutableArray(memory, is_argument=is_argument)


def renewed(result: Any, scalars: bool = False) -> Any:
    """Arrays that a function has made, as mutable ones; of no axes only where `scalars` says so."""
    if isinstance(result, (list, tuple)):
        items = [renewed(x, scalars) for x in result]
        made: Any = type(result)
        return made(*items) if getattr(result, "_fields", None) else made(items)
    is_array = isinstance(result, (Value, np.ndarray)) and not isinstance(result, MutableArray)
    if not is_array or not (result.shape or scalars):
        return result
    builder = innermost_trace()
    if builder is None:
        return result
    if type(result) is Value:
        return mutable(builder, result)
    if isinstance(result, np.ndarray) and result.dtype in SHORT_NAMES:
        return mutable(builder, result if result.flags.c_contiguous and result.flags.owndata
                       else np.array(result, order="C"))  # fmt: skip
    return result


# -- keys ------------------------------------------------------------------------------------------


def by_mask(index: Any, shape: Shape) -> Any:
    """An index of an array of that shape with a mask for the places of its elements, which begin
    the index; any other index is what it is."""
    items = index if isinstance(index, tuple) else (index,)
    first = items[0] if items else None
    mask = first.mask_of_places(0) if isinstance(first, MutableArray) else None
    if mask is None or mask.shape != shape[: mask.ndim] or len(items) < mask.ndim:
        return index
    for axis, item in enumerate(items[: mask.ndim]):
        own = item.mask_of_places(axis) if isinstance(item, MutableArray) else None
        if own is None or own.index != mask.index or own.builder is not mask.builder:
            return index
    return (mask, *items[mask.ndim :]) if len(items) > mask.ndim else mask


def static(index: Any) -> Any:
    """The index with plain arrays for mutable ones; None where something in it is traced."""
    items = index if isinstance(index, tuple) else (index,)
    plain: list[Any] = []
    for item in items:
        known = item
        if isinstance(item, MutableArray):
            known = item.plain()
            if known is None:
                return None
        elif holds_traced(item) or is_traced_slice(item):
            return None
        plain.append(known)
    return tuple(plain) if isinstance(index, tuple) else plain[0]


def _is_same(value: Any, storage: Storage, places: Places) -> bool:
    """Whether a view is assigned to itself: x[i] += v ends so, when all is done."""
    if not isinstance(value, MutableArray) or value.storage is not storage:
        return False
    return value.shape == places.shape and bool(np.all(value.places == places))
