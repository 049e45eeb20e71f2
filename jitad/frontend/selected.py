"""x[mask] of a traced mask: as many elements as it says, which one program has for all values.

A selection keeps the whole array. What is computed of it element by element, by selections of one
mask and numbers, is a selection; what makes one number of it reads the array where the mask is
true. Who asks for more (its shape, an element) has the elements of this path, under a guard.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitad.frontend.active import innermost_trace
from jitad.frontend.guards import guard_array
from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import innermost, lift
from jitad.frontend.slices import length_of
from jitad.frontend.storage import Storage
from jitad.ir.builder import Builder
from jitad.ir.op import BOOL, INT64
from jitad.ir.tape import CONST
from jitad.ir.value import FUNCTIONS, UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

OF_SELECTED: dict[Any, Callable[..., Any]] = {}
"""NumPy's functions of selections; NotImplemented is what needs the elements."""

_FAR = 64
"""Instructions of two masks that are compared."""


class Selected(MutableArray):
    """The elements, or rows, of an array where a mask of its first axes is true; a copy."""

    __slots__ = ("_elements", "_whole", "mask")

    def __init__(self, whole: Value, mask: Value) -> None:
        self._whole = whole
        self._elements: Storage | Value | None = None
        self._places = None
        self.mask = mask
        self._token: object = None
        self.is_argument = False
        self.weak = False

    @property
    def whole(self) -> Value | None:
        """The array; None from when on it has been asked for its elements."""
        return self._whole if self._elements is None else None

    @property
    def _memory(self) -> Storage | Value:  # type: ignore[override]  # derived here
        if self._elements is None:
            with self._whole.builder.resumed():
                self._elements = self._whole[guard_array(self.mask)]
        return self._elements

    @_memory.setter
    def _memory(self, memory: Storage) -> None:
        self._elements = memory

    @property
    def unwritten(self) -> Value | None:
        """As of other arrays; what nobody has asked for its elements is no view of another."""
        return self._whole if self._elements is None else super().unwritten

    @property
    def builder(self) -> Builder:  # type: ignore[override]  # derived here
        """The tape that its elements are on."""
        return self._whole.builder if self._elements is None else self._elements.builder

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]  # derived here
        """Of this path."""
        return self._memory.shape

    @property
    def dtype(self) -> Any:  # type: ignore[override]  # derived here
        """The type of an element."""
        return self._whole.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return 1 + self._whole.ndim - self.mask.ndim

    @property
    def real(self) -> Any:  # type: ignore[override]  # which can be set there
        """The real part, which is itself where it is real."""
        return self if self.dtype.kind != "c" else np.real(self)

    @property
    def imag(self) -> Any:  # type: ignore[override]  # as above
        """The imaginary part."""
        return np.imag(self)

    @property
    def is_plain(self) -> bool:
        """Whether nothing traced has been written to it."""
        return False

    def where(self, mask: Value) -> Value | None:
        """What is to be written where a mask is true: the array, of what such a mask selects."""
        return self.whole if _are_alike(self.mask, mask) else None

    @property
    def count(self) -> Value:
        """How many there are along the first axis: a traced int of Python's."""
        axes = tuple(range(self.mask.ndim))
        n = length_of(self.mask)
        n = n if n is not None else st.reduce_sum(ew.cast(self.mask, dtype=INT64), axes=axes)
        return Value(n.builder, n.index, (), n.dtype, weak=True)

    def filled(self, x: Any) -> Value:
        """The array, with x where the mask is not true."""
        rest = (1,) * (self._whole.ndim - self.mask.ndim)
        mask = lift(innermost((self._whole, self.mask)).recording, self.mask)
        mask = st.reshape(mask, shape=(*mask.shape, *rest)) if rest else mask
        return FUNCTIONS[np.where](mask, self._whole, x)

    # -- what is written ---------------------------------------------------------------------------

    def copy(self, order: str = "C") -> Any:
        """The same elements."""
        return super().copy(order) if self.whole is None else Selected(self.whole, self.mask)

    def astype(self, dtype: Any, copy: bool = True, **_: Any) -> Any:
        """A copy of another dtype."""
        found = elementwise(lambda x: x.astype(dtype), [self])
        return super().astype(dtype, copy) if found is None else found

    def __getitem__(self, index: Any) -> Any:
        mask = self._mask_within(index)
        if mask is None or self.whole is None:
            return super().__getitem__(index)
        return Selected(self.whole, ew.logical_and(self.mask, mask))

    def __setitem__(self, index: Any, value: Any) -> None:
        mask = self._mask_within(index)
        found = None
        if mask is not None:
            if type(value) is Selected:
                within = value.where(ew.logical_and(self.mask, mask))
                value = value if within is None else Selected(within, self.mask)
            found = elementwise(FUNCTIONS[np.where], [Selected(mask, self.mask), value, self])
        if found is None or not self._become(found):
            super().__setitem__(index, value)

    def _mask_within(self, index: Any) -> Value | None:
        """The mask of the same selection that an index is, as one of the array."""
        if type(index) is not Selected or index.dtype != BOOL or self.whole is None:
            return None
        one = index.whole is not None and index.ndim == self.ndim == 1
        return index.whole if one and _are_alike(self.mask, index.mask) else None

    def _become(self, other: Selected) -> bool:
        """Have the elements of another one, if that can be: of this tape, and of one dtype."""
        x, builder = other.whole, innermost_trace()
        if x is None or x.dtype != self.dtype:
            return False
        if self.builder is not builder or x.builder is not builder:
            return False
        self._whole = x
        return True

    # -- NumPy's protocols -------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        into = kwargs.get("out", (None,))[0]
        if method == "__call__" and (not kwargs or into is self):
            found = answered(ufunc, inputs, {})
            if found is not NotImplemented:
                return found
            found = None if ufunc.signature else elementwise(ufunc, inputs)
            if found is not None and (into is None or self._become(found)):
                return found if into is None else self
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)


def answered(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What a function of NumPy's is of selections; NotImplemented where it needs the elements, as
    with arguments that its record does not take."""
    record = OF_SELECTED.get(function)
    if record is None or not any(type(x) is Selected for x in args):
        return NotImplemented
    try:
        inspect.signature(record).bind(*args, **kwargs)
    except TypeError:
        return NotImplemented
    return record(*args, **kwargs)


def selected(x: Value, mask: Value) -> Selected:
    """x[mask], whose mask is of the shape of the first axes."""
    tape = innermost((x, mask)).recording
    return Selected(lift(tape, x), lift(tape, mask))


def elementwise(f: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """f, element by element, of selections by one mask and numbers; None of others."""
    mask: Value | None = None
    found: list[Any] = []
    for x in operands:
        if type(x) is Selected:
            if x.whole is None or not (mask is None or _are_alike(mask, x.mask)):
                return None
            mask, x = x.mask, x.whole
        elif isinstance(x, (MutableArray, list, tuple)) or np.ndim(x):
            return None
        found.append(x)
    ranks = {x.ndim for x in found if isinstance(x, Value) and x.shape}
    if mask is None or len(ranks) > 1:
        return None
    result = f(*found)
    if isinstance(result, tuple):
        return tuple([Selected(x, mask) for x in result])
    return Selected(result, mask)


def _are_alike(a: Value, b: Value) -> bool:
    """Whether two masks are computed alike, or true at as many first places on this path."""
    tape = innermost((a, b)).recording
    a, b = lift(tape, a), lift(tape, b)
    return _are_computed_alike(tape, a, b) or _are_as_long(a, b)


def _are_as_long(a: Value, b: Value) -> bool:
    m, n = length_of(a), length_of(b)
    if m is None or n is None or a.shape != b.shape:
        return False
    return bool(UFUNCS[np.equal](m, n))


def _are_computed_alike(tape: Builder, a: Value, b: Value) -> bool:
    stack, instrs = [(a.index, b.index)], tape.instrs
    for _ in range(_FAR):
        if not stack:
            return True
        i, j = stack.pop()
        if i == j:
            continue
        x, y = (instrs[k]._replace(line=None) for k in (i, j))
        is_known = x.args or x.op is CONST
        if not is_known or len(x.args) != len(y.args) or x._replace(args=y.args) != y:
            return False
        stack += zip(x.args, y.args, strict=True)
    return False
