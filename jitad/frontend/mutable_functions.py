"""NumPy's functions and ufuncs of mutable arrays; importing this has the arrays answer to them.

Some are answered at once, without asking NumPy; views are NumPy's own, of the elements' places.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.layout import EACH, VIEWS
from jitad.frontend.mutable import WRITERS, MutableArray, renewed
from jitad.frontend.operands import check_casting
from jitad.frontend.present import all_alike
from jitad.frontend.selected import Selected, elementwise
from jitad.frontend.storage import Places
from jitad.ir.builder import Builder
from jitad.ir.errors import WriteError
from jitad.ir.value import UFUNCS, Value

OF_SELECTED: dict[Any, Callable[..., Any]] = {}
"""NumPy's functions of selections; NotImplemented is what needs the elements."""


def at_once(ufunc: Any, operands: Sequence[Any]) -> Any:
    """The ufunc of traced values and numbers, of which NumPy need not be asked; None of others."""
    frozen: list[Any] = []
    builder: Builder | None = None
    for x in operands:
        kind = type(x)
        if kind is MutableArray:
            if x.is_plain:
                return None
            x = x.freeze()
            builder = x.builder
        elif kind is Value:
            builder = x.builder
        elif kind not in _NUMBERS:
            return None
        frozen.append(x)
    record = UFUNCS.get(ufunc)
    if record is None or builder is None or len(frozen) != ufunc.nin:
        return None
    result = record(*frozen)
    if type(result) is Value:
        return MutableArray(result) if result.shape else result
    return renewed(result)


_NUMBERS = (float, int, np.float64)


def answered(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What a function of NumPy's is of selections; NotImplemented where it needs the elements, as
    with arguments that its record does not take."""
    record = OF_SELECTED.get(function)
    if record is None or not are_selected(args):
        return NotImplemented
    try:
        inspect.signature(record).bind(*args, **kwargs)
    except TypeError:
        return NotImplemented
    return record(*args, **kwargs)


def are_selected(args: Sequence[Any]) -> bool:
    """Whether an argument is a selection, or a sequence with one in it."""
    kinds = [type(x) for x in args]
    if Selected in kinds:
        return True
    lists = [x for x, kind in zip(args, kinds, strict=True) if kind is list or kind is tuple]
    return any(Selected in map(type, x) for x in lists)


def answered_ufunc(ufunc: Any, method: str, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """What a ufunc is of selections; NotImplemented where it needs the elements."""
    into = kwargs.get("out", (None,))[0]
    if method != "__call__" or (kwargs and (into is None or len(kwargs) > 2)):
        return NotImplemented
    if not any(type(x) is Selected for x in inputs):
        return NotImplemented
    found = answered(ufunc, inputs, {})
    if found is NotImplemented:
        found = None if ufunc.signature else elementwise(ufunc, inputs)
    if found is None:
        return NotImplemented
    if into is None:
        return found
    if type(into) is not Selected or type(found) is not Selected:
        return NotImplemented
    same = all_alike(found.masks, into.masks) and into._become(found)
    return into if same else NotImplemented


def answer(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A NumPy function of arguments with traced values in them, some of which may be mutable."""
    found = answered(function, args, kwargs)
    if found is not NotImplemented:
        return found
    writer, first = WRITERS.get(function), args[0] if args else None
    if writer is not None and isinstance(first, MutableArray) and not first.is_argument:
        return writer(*args, **kwargs)
    if function in EACH and len(args) > 1:
        return tuple([function(x) for x in args])
    if function in VIEWS:
        return _viewed(function, args, kwargs)
    if function is np.einsum and len(args) == 2 and not kwargs and _only_shows(*args):
        return _shown(args[1], np.einsum(args[0], args[1].places))
    place = _OUT.get(function, len(args))
    out = args[place] if len(args) > place else kwargs.get("out")
    if isinstance(out, MutableArray):
        args = args[:place]
        out[...] = _at_its_values(function, args, {k: x for k, x in kwargs.items() if k != "out"})
        return out
    found = _at_its_values(function, args, kwargs)
    # NumPy's are views of all operands, which nobody should write to.
    return found if function is np.broadcast_arrays else renewed(found, function in _LIKE)


_OUT = {np.dot: 2, np.outer: 2, np.clip: 3}
"""Where `out` may stand among the arguments, as Numba takes it."""

_LIKE = frozenset((np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.copy))
"""Functions that make arrays to be filled, of no axes too."""


def _at_its_values(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    traced = _any_traced((*args, *kwargs.values()))
    args, kwargs = _settled(args, kwargs, traced)
    return Value.frontend.function(function, args, kwargs) if traced else function(*args, **kwargs)


def settled(args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The arguments with no mutable array in them: NumPy arrays where that is all they are."""
    return _settled(args, kwargs, _any_traced((*args, *kwargs.values())))


def _settled(args: Any, kwargs: dict[str, Any], traced: bool) -> tuple[Any, dict[str, Any]]:
    named = {name: _settle(x, traced) for name, x in kwargs.items()} if kwargs else kwargs
    return tuple([_settle(x, traced) for x in args]), named


def _any_traced(items: Any) -> bool:
    for x in items:
        if type(x) is Value:
            return True
        if isinstance(x, MutableArray):
            if not x.is_plain:
                return True
        elif isinstance(x, (list, tuple)):
            if _any_traced(x):
                return True
        elif holds_traced(x):
            return True
    return False


def _settle(x: Any, traced: bool) -> Any:
    if isinstance(x, MutableArray):
        return x.freeze() if traced else x.plain()
    if type(x) in (list, tuple):
        return type(x)(_settle(item, traced) for item in x)
    return x


def _texts(args: Any, kwargs: dict[str, Any]) -> Iterator[str]:
    return (x for x in (*args, *kwargs.values()) if isinstance(x, str))


def _viewed(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The view that a NumPy function gives of its first argument; a copy where NumPy copies."""
    if not args:
        name = next(name for name, x in kwargs.items() if isinstance(x, MutableArray))
        args = (kwargs[name],)
        kwargs = {other: x for other, x in kwargs.items() if other != name}
    first, *rest = args
    # The order of an argument in memory is known of its value alone.
    if isinstance(first, MutableArray) and {"K", "A"}.isdisjoint(_texts(rest, kwargs)):
        try:
            found = function(first.places, *rest, **kwargs)
        except (ValueError, TypeError, ZeroDivisionError):
            found = None  # the value refuses it below, and says what to write
        if isinstance(found, (list, tuple)):
            return type(found)([_shown(first, places) for places in found])
        if found is not None and (
            found.size == 0 or np.may_share_memory(found, first.storage.order)
        ):
            return _shown(first, found)
    return renewed(_at_its_values(function, args, kwargs))


def _shown(x: MutableArray, places: Places) -> MutableArray:
    return MutableArray(x.storage, places)


def _only_shows(spec: Any, x: Any) -> bool:
    """Whether np.einsum(spec, x) sums nothing, so that it is a view: "ii->i", say."""
    if not isinstance(x, MutableArray) or not isinstance(spec, str):
        return False
    before, arrow, after = spec.replace(" ", "").partition("->")
    return bool(arrow) and "," not in before and set(before) == set(after)


def _into(outs: Any, ufunc: Any, method: str, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """A ufunc with out=: the results are written where NumPy would write them."""
    where = kwargs.pop("where", True)
    casting = kwargs.pop("casting", "same_kind")
    operands, options = settled(inputs, kwargs)
    found = getattr(ufunc, method)(*operands, **options)
    results = found if isinstance(found, tuple) else (found,)
    for out, result in zip(outs, results, strict=True):
        if not isinstance(out, MutableArray):
            raise WriteError(
                f"np.{ufunc.__name__} with out= an array that jitad.numpy did not create",
                remedy="create it by jitad.numpy.empty or jitad.numpy.zeros",
            )
        check_casting(ufunc.__name__, result.dtype, out.dtype, casting)
        out[...] = result if where is True else np.where(where, result, out)
    return outs[0] if len(outs) == 1 else outs


def _ufunc(self: MutableArray, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """`__array_ufunc__`"""
    found = answered_ufunc(ufunc, method, inputs, kwargs)
    if found is not NotImplemented:
        return found
    if method == "at":
        first: Any = inputs[0]
        if isinstance(first, MutableArray) and first.is_argument:
            inputs = (first.freeze(), *inputs[1:])
        return Value.__array_ufunc__(self, ufunc, method, *inputs)
    out = kwargs.pop("out", None)
    if out is not None:
        return _into(out, ufunc, method, inputs, kwargs)
    operands, options = settled(inputs, kwargs)
    return renewed(getattr(ufunc, method)(*operands, **options))


def _function(
    self: MutableArray, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """`__array_function__`"""
    return answer(function, args, kwargs)


MutableArray.__array_ufunc__ = _ufunc
MutableArray.__array_function__ = _function
