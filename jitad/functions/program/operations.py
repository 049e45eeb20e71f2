"""What operators, attributes and items are to a program: of tracers, lists, the user's objects."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import add, eq, ge, gt, iadd, ior, is_, is_not, le, lt, ne, pow
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.effects import note_bound, note_change
from jitad.frontend.exceptions import may_catch
from jitad.frontend.items import Item
from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import lift
from jitad.frontend.parts import DICTS, made
from jitad.frontend.places import is_view
from jitad.frontend.reads import note_asked, note_contents, note_given
from jitad.frontend.roads import ABSENT
from jitad.frontend.selected import Selected
from jitad.frontend.slices import is_traced_slice
from jitad.frontend.texts import Text, read, written
from jitad.frontend.unseen import note_all, note_attribute, note_item
from jitad.functions.control.blocks import as_weak
from jitad.functions.program import carried, holders, keyed, lists, specials, varying
from jitad.functions.program.buffers import is_growing, is_varying
from jitad.functions.program.choices import of_table, set_at
from jitad.functions.program.data import (
    as_argument,
    computed,
    current,
    holds_tracers,
    numbas_power,
    owned,
    widened,
    wrapped,
)
from jitad.functions.program.iterators import MOST, element
from jitad.functions.program.iterators import contains as _contains
from jitad.functions.program.mirrors import operands
from jitad.functions.program.questions import stands_for
from jitad.functions.program.specials import operated, special
from jitad.ir.errors import TraceError
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame

_COMMON = frozenset((Value, Item, MutableArray, np.ndarray, bool, int, float, complex, np.float64))
"""Types of operands whose operators run no code of the user's."""

_STILL = frozenset((np, np.linalg, np.fft, math))
"""Modules that are asked most often, and stay what they are."""


def attribute(frame: Frame, x: Any, name: str, counts: bool = False) -> Any:
    """x.name"""
    if type(x) is ModuleType and x in _STILL:
        return getattr(x, name)
    if isinstance(x, Value):
        if type(x) is Selected and name in ("size", "shape"):
            return (np.size if name == "size" else np.shape)(x)  # type: ignore[operator]  # traced
        if x.weak and not hasattr(stands_for(x), name) and may_catch(AttributeError):
            raise AttributeError(f"a Python number has no attribute {name!r}")
        return stands_for(x) if name == "__class__" else getattr(x, name)
    if isinstance(x, type) and frame.words.has(x):
        word = frame.words.find(x)
        x = word if hasattr(word, name) else x  # float.fromhex is float's alone
    try:
        found = specials.attribute(frame, x, name)
    except AttributeError:
        note_attribute(x, name, ABSENT)
        raise
    note_attribute(x, name, found, counts)
    return found


def item(frame: Frame, x: Any, index: Any, counts: bool = False) -> Any:
    """x[index]"""
    if type(x) not in _COMMON and (method := special(x, "__getitem__")) is not None:
        return frame.call(method, (index,), {})
    if x is np.r_ or x is np.c_:
        return _joined(frame, x, index)
    if is_growing(x):
        return carried.item(x, index)
    if type(x) in (list, tuple, dict) and type(index) is Value and index.dtype.kind in "ib":
        option = of_table(frame, x, index)
        if option is not None:
            return option
    if keyed.asks(x, "get", (index,)) and (found := keyed.keyed(x)) is not None:
        return frame.call(found.__getitem__, (index,), {})
    if type(x) is list and isinstance(index, Value):
        carried.check_found(x)
    if type(x) is list and isinstance(index, slice) and is_traced_slice(index):
        note_all(x)
        return varying.sliced(x, index)
    holders.check_asked(x, index)
    try:
        found = element(x, index, counts)
    except LookupError:
        note_item(x, index, ABSENT)
        raise
    if type(x) is list and isinstance(index, slice):
        return made(found)
    # What NumPy would have share elements with an array that nobody may write to is a copy.
    if is_view(index):
        return as_argument(found)
    return computed(found) if type(x) is np.ndarray else owned(found)


def set_item(frame: Frame, x: Any, index: Any, value: Any) -> None:
    """x[index] = value"""
    if isinstance(x, Value):
        if isinstance(value, np.ndarray) or not isinstance(index, int):
            note_given(index, value)
        x[index] = value
        return
    note_asked(index, value)
    if (method := special(x, "__setitem__")) is not None:
        frame.call(method, (index, value), {})
        return
    if type(x) is list:
        _set_item_of_list(frame, x, index, value)
        return
    if type(x) is dict and type(index) is Value and set_at(x, index, value):
        return
    if keyed.asks(x, "get", (index,)) and (found := keyed.keyed(x)) is not None:
        frame.call(found.__setitem__, (index, value), {})
        return
    if holders.is_holder(x):
        holders.set_item(x, index, value)
        return
    frame.outside_of_regions("an object is changed")
    note_change(x)
    if isinstance(x, np.ndarray) and holds_tracers(value):
        raise TraceError(
            "a traced value was to be written into a plain array, which holds numbers",
            remedy="create the array in the function, or write to its .copy()",
        )
    x[index] = value


def _set_item_of_list(frame: Frame, x: list[Any], index: Any, value: Any) -> None:
    if (
        isinstance(index, slice)
        and index.step is None
        and (is_traced_slice(index) or is_growing(x) or is_growing(value))
    ):
        lists.replace(frame, x, index, value)
        return
    note_change(x, is_emptied=isinstance(index, slice) and index == slice(None))
    if isinstance(index, slice) or (isinstance(index, int) and index < 0):
        note_contents(x)
    elif isinstance(index, int):
        note_bound(x, index)
    carried.set_item(x, index, value)


def binary(frame: Frame, operator: Callable[..., Any], a: Any, b: Any) -> Any:
    """operator(a, b)"""
    if frame.words.wraps:
        if type(a) is type(b) is int:
            return wrapped(operator(a, b), a, b)
        if operator is pow and isinstance(b, Value):
            found = numbas_power(a, b)
            if found is not None:
                return found
        if type(b) is not int or operator is not pow:  # x**2 has the type of x
            a, b = widened(a, b), widened(b, a)
    if type(a) in _COMMON and type(b) in _COMMON:
        if np.ndarray in (type(a), type(b)):
            (note_given if any(isinstance(x, Value) for x in (a, b)) else note_asked)(a, b)
        return computed(frame.at_its_line(operator, a, b))
    a, b = operands(frame, a, b)
    found = operated(frame, operator, a, b)
    if found is not NotImplemented:
        return found
    if operator is not is_ and operator is not is_not:
        note_all(a, b)
    if operator is add and (type(a) is Text or type(b) is Text):
        return written(add, a, b)
    if operator in _COMPARISONS and type(a) is type(b) and type(a) in (list, tuple):
        result = _compared(frame, operator, carried.whole(a), carried.whole(b))
        if result is not None:
            return result
    if operator is add and type(a) is type(b) is list and (is_growing(a) or is_growing(b)):
        return lists.joined(frame, a, b)
    result = computed(operator(carried.whole(a), carried.whole(b)))
    return made(result) if type(result) is list else result


_COMPARISONS = (lt, le, gt, ge, eq, ne)


def _compared(frame: Frame, operator: Callable[..., Any], a: Any, b: Any) -> Any:
    """a < b, say, of sequences with traced numbers in them: as the first items are that differ;
    None where Python asks for items one by one."""
    if not holds_traced((a, b)):
        return None
    ordered = operator is not eq and operator is not ne
    if not ordered and len(a) != len(b):
        return operator is ne
    equal, found = [], []
    for x, y in zip(a, b, strict=False):
        try:
            equal.append(x is y or frame.call(bool, (binary(frame, eq, x, y),), {}))
            found.append(binary(frame, operator, x, y) if ordered else operator is ne)
        except TypeError:
            return None
        if equal[-1] is False:
            break
    result: Any = operator(len(a), len(b))
    for is_equal, other in zip(reversed(equal), reversed(found), strict=True):
        result = np.where(is_equal, result, other) if isinstance(is_equal, Value) else (
            result if is_equal else other)  # fmt: skip
    return as_weak(lift(current(), result), True) if isinstance(result, Value) else result


def delete_item(frame: Frame, x: Any, key: Any) -> None:
    """del x[key]"""
    if type(x) is list and not isinstance(key, slice) and (holds_traced(key) or is_growing(x)):
        frame.call(x.pop, (key,), {})
        return
    if (
        type(x) is list
        and isinstance(key, slice)
        and key.step is None
        and (is_growing(x) or is_traced_slice(key))
    ):
        lists.replace(frame, x, key, [])
        return
    if is_varying(x):
        carried.whole(x)
    holders.delete_item(frame, x, key)


def is_one(frame: Frame, operator: Callable[..., Any], a: Any, b: Any) -> Any:
    """a is b, or not: items of an argument have a name each time that they are asked for, and what
    turns have of many arrays are copies."""
    if a is not b and isinstance(a, (Value, np.ndarray)) and isinstance(b, (Value, np.ndarray)):
        if getattr(a, "is_argument", True) and getattr(b, "is_argument", True):
            one, other = (lift(current(), x) for x in (a, b))
            if one.index == other.index and np.ndim(a):
                return operator is is_
        frame.outside_of_regions("whether two arrays are one and the same is asked")
    return binary(frame, operator, a, b)


def unary(frame: Frame, operator: Callable[..., Any], x: Any) -> Any:
    """operator(x), which is not asked for a truth"""
    if isinstance(x, Value):
        return owned(frame.at_its_line(operator, x))
    found = frame.call(operator, (x,), {})
    return computed(found) if type(x) is np.ndarray else found


def contains(frame: Frame, items: Any, x: Any) -> Any:
    """x in items"""
    items, x = read(items), read(x)
    method = special(items, "__contains__")
    if method is not None:
        return frame.call(method, (x,), {})
    if type(items) is dict and isinstance(x, (int, str, tuple)):
        note_item(items, x, items.get(x, ABSENT))
    else:
        note_all(items, x)
    if (
        type(items) in (list, tuple)
        and keyed.asks({}, "get", (x,))
        and (is_growing(items) or len(items) > MOST)
    ):
        return lists.contain(frame, items, x)
    if keyed.asks(items, "get", (x,)) and keyed.is_many(items) and (found := keyed.keyed(items)):
        return frame.call(found.__contains__, (x,), {})
    return _contains(carried.whole(items), carried.whole(x))


def in_place(frame: Frame, operator: Any, plain: Any, a: Any, b: Any) -> Any:
    """operator(a, b), which may write to a."""
    if (method := special(a, f"__{operator.__name__}__")) is not None:
        return frame.call(method, (b,), {})
    if isinstance(a, MutableArray) and a.is_argument:
        if a.builder.writes:
            a[...] = a  # which says that it is to be written to
        return owned(plain(a, b))  # to a derivative it is a name for another array
    note_change(a)
    if type(a) is list and operator is iadd:
        frame.call(a.extend, (b,), {})
        return a
    if type(a) in DICTS and operator is ior:
        holders.change(a)
        a |= b
        return a
    if isinstance(a, (np.ndarray, list, dict, set)):
        if isinstance(a, np.ndarray) and isinstance(b, Value):
            note_given(a)
            return owned(plain(a, b))
        note_contents(a)
        frame.outside_of_regions("an object is changed in place")
        note_all(b)
        return owned(operator(a, b))
    if not isinstance(a, MutableArray) and (type(a) not in _COMMON or type(a) is int):
        return binary(frame, plain, a, b)
    return owned(operator(a, b))


def _joined(frame: Frame, x: Any, index: Any) -> Any:
    """np.r_[...] or np.c_[...]"""
    items = index if isinstance(index, tuple) else (index,)
    if not holds_traced(items):
        return x[index]
    parts = [x[item] if isinstance(item, (slice, str)) else item for item in items]
    whole = [np.atleast_1d(part) for part in parts]
    return frame.call(np.concatenate if x is np.r_ else np.column_stack, (whole,), {})
