"""What a program's names are bound to: data, which flows through control ops, or something else.

Data are numbers, traced values, arrays, and tuples of data. An array that can be written to is a
reference: two names of one array stay two names of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import CodeType, FunctionType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numba.core.dispatcher import Dispatcher

from jitad.frontend.active import innermost_trace
from jitad.frontend.mutable import MutableArray, mutable, renewed
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.stand_ins import StandIn
from jitad.frontend.traceable import enclosed
from jitad.functions.control.blocks import as_weak, is_weak
from jitad.functions.program.buffers import Buffer, padded
from jitad.ir.builder import Builder
from jitad.ir.op import COMPLEX64, FLOAT32, FLOAT64, INT64, SHORT_NAMES, DType, Shape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew

DECLARED: WeakKeyDictionary[CodeType, dict[str, Any]] = WeakKeyDictionary()
"""The types that Numba was told of names, `njit(locals=...)`."""

UNBOUND = object()
"""In place of what a name is bound to that is not bound."""


class Names(dict[str, Any]):
    """What names are bound to."""

    def __missing__(self, name: str) -> Any:
        raise UnboundLocalError(f"local variable {name!r} is read before it is assigned")


@dataclass(frozen=True)
class Somewhere:
    """A place that depends on traced values: a label as a traced int, and those that it may be."""

    label: Value
    possible: frozenset[int]


Place = int | Somewhere


def labels_of(place: Place) -> frozenset[int]:
    """The labels that a place may be."""
    return place.possible if isinstance(place, Somewhere) else frozenset([place])


NUMBERS = (bool, int, float, complex, np.generic)


class Kind(NamedTuple):
    """The type of a number or an array."""

    shape: Shape
    dtype: DType
    weak: bool


DATA = object()
"""In place of the option that is data."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """One of several objects, of which a traced number says which: of the `options`, where DATA
    stands for the `data`."""

    index: Value
    options: tuple[Any, ...]
    data: Any = ()


def is_leaf(x: Any) -> bool:
    """Whether x is a number, or an array of numbers."""
    if isinstance(x, np.ndarray):
        return type(x) is np.ndarray and x.dtype in SHORT_NAMES
    return isinstance(x, (Value, *NUMBERS)) and not isinstance(x, Enum)


def is_data(x: Any) -> bool:
    """Whether x is data, or several things one of which it is."""
    if isinstance(x, tuple):
        return len(x) > 0 and all(map(is_data, x))
    return type(x) is Chosen or is_leaf(x)


def is_reference(x: Any) -> bool:
    """Whether x is an array that can be written to."""
    return isinstance(x, (MutableArray, np.ndarray))


def kind(x: Any) -> Kind:
    """The type of a leaf."""
    if isinstance(x, Value):
        return Kind(x.shape, x.dtype, x.weak)
    array = np.asarray(x)
    return Kind(array.shape, array.dtype, is_weak(x))


def wider(a: Kind, b: Kind) -> Kind:
    """The type that both fit."""
    if a == b:
        return a
    if a.shape != b.shape:
        raise NeedsNumber(f"arrays of shapes {a.shape} and {b.shape}")
    stand_ins = [k.dtype.type(0).item() if k.weak else k.dtype for k in (a, b)]
    dtype = np.result_type(*stand_ins)
    return Kind(a.shape, np.dtype(dtype), a.weak and b.weak)


def current() -> Builder:
    """The tape that records."""
    builder = innermost_trace()
    assert builder is not None
    return builder


def owned(x: Any) -> Any:
    """The result of an operation: an array as one that can be written to, as all of NumPy's can."""
    return mutable(current(), x) if type(x) is Value and x.shape else x


def computed(x: Any) -> Any:
    """What an operator has made: an array of plain ones as one that can be written to, too."""
    return renewed(x) if type(x) is np.ndarray else owned(x)


def made_by(f: Any, result: Any, args: list[Any]) -> Any:
    """The result of a library's function: an array that it has made of plain ones can be written
    to; what is, or views, an array that it was given stays what it is."""
    if type(result) is not np.ndarray and not isinstance(result, (tuple, list)):
        return owned(result)
    owner = getattr(f, "__self__", None)
    if type(owner) is not np.ndarray and not isinstance(f, (Dispatcher, np.ufunc)):
        module = getattr(f, "__module__", None) or type(owner).__module__ or ""
        if module.split(".")[0] not in ("numpy", "scipy"):
            return owned(result)
    given = [x for x in (owner, *args) if type(x) is np.ndarray]
    items = result if isinstance(result, (tuple, list)) else (result,)
    arrays = [x for x in items if type(x) is np.ndarray]
    shared = any(np.may_share_memory(x, y) for x in arrays for y in given)
    return owned(result) if shared or not arrays else renewed(result)


def wrapped(x: Any, *operands: int) -> Any:
    """What Numba has for a result of integers: of 64 bits, as those are."""
    if type(x) is not int or not all(-(2**63) <= k < 2**63 for k in operands):
        return x
    return (x + 2**63) % 2**64 - 2**63


def widened(x: Any, other: Any) -> Any:
    """A number of Python's beside what has 32 bits, as Numba has it: of 64 bits."""
    known = isinstance(other, (Value, np.ndarray, np.generic))
    if known and other.dtype in _NARROW and not is_weak(other):
        if type(x) in (int, float):
            return np.float64(x)
        if isinstance(x, Value) and is_weak(x) and x.dtype.kind in "if":
            return as_weak(as_dtype(x, FLOAT64), False)
    return x


def numbas_power(a: Any, n: Value) -> Value | None:
    """a ** n of a float and a whole number, which Numba has in products; None of anything else."""
    is_float = isinstance(a, float) or (isinstance(a, Value) and a.dtype == FLOAT64)
    if not is_float or np.shape(a) or n.shape or n.dtype != INT64:
        return None
    x = lift(current(), a)
    return as_weak(ew.whole_power(x, lift(current(), n)), x.weak)


_NARROW = (FLOAT32, COMPLEX64)


def as_argument(x: Any) -> Any:
    """An argument: a traced array that is not written to, and whose views are not."""
    return mutable(current(), x, is_argument=True) if type(x) is Value and x.shape else x


def fitted(x: Any, wanted: Kind) -> Value:
    """A leaf as a value of that type on the tape that records; zeros in place of None."""
    builder = current()
    value = builder.const(0, wanted.shape, wanted.dtype) if x is None else lift(builder, x)
    if value.shape != wanted.shape:  # of a buffer
        value = padded(value, wanted.shape[0])
    if value.dtype != wanted.dtype:
        value = value.astype(wanted.dtype)
    if value.weak != wanted.weak:
        value = Value(value.builder, value.index, value.shape, value.dtype, wanted.weak)
    return value


def same(a: Any, b: Any) -> bool:
    """Whether two names are bound to one and the same: an object, or equal numbers of Python's."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (bool, int, str, type(None), np.dtype)):
        return a == b
    if isinstance(a, BaseException):
        return same(a.args, b.args)
    if isinstance(a, (float, complex, np.generic)):
        return np.asarray(a).tobytes() == np.asarray(b).tobytes()
    return False


def holds_tracers(x: Any, depth: int = 3) -> bool:
    """Whether x is, or has in it, something traced."""
    if isinstance(x, MutableArray):
        return not x.is_plain
    if isinstance(x, (Value, Chosen, StandIn, Buffer)):
        return True
    if isinstance(x, (np.ndarray, *NUMBERS, str, bytes, type, type(None))) or not depth:
        return isinstance(x, np.ndarray) and x.dtype == object
    if isinstance(x, dict):
        return any(holds_tracers(item, depth - 1) for item in x.values())
    if isinstance(x, BaseException):
        x = [*x.args, *vars(x).values()]
    if isinstance(x, (list, tuple, set)):
        return any(holds_tracers(item, depth - 1) for item in x)
    parts = getattr(x, "__dict__", None)
    inside = [getattr(x, "__self__", None), *(parts.values() if isinstance(parts, dict) else ())]
    if isinstance(x, FunctionType):
        inside += enclosed(x)
    return any(holds_tracers(item, depth - 1) for item in inside)
