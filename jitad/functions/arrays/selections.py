"""NumPy's functions of selections `x[mask]`: computed where the mask is true, whatever it is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.active import innermost_trace
from jitad.frontend.exceptions import may_catch
from jitad.frontend.mutable import MutableArray
from jitad.frontend.places import mask_of
from jitad.frontend.selected import OF_SELECTED, Selected, elementwise, selected
from jitad.ir.errors import user_line
from jitad.ir.raised import raised
from jitad.ir.value import Value
from jitad.ops.structural import guard

_TRUE = np.True_.tobytes()


def _of(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter what functions of a selection and an axis are."""

    def register(record: Callable[..., Any]) -> Callable[..., Any]:
        def of_selection(x: Any, axis: Any = None, **options: Any) -> Any:
            if type(x) is not Selected or x.whole is None or not options.keys() <= {"ddof"}:
                return NotImplemented
            first = tuple(range(x.mask.ndim))
            if axis is None or (x.ndim == 1 and axis in (0, -1)):
                return record(x, tuple(range(x.whole.ndim)), **options)
            return record(x, first, **options) if axis == 0 else NotImplemented

        OF_SELECTED.update(dict.fromkeys(functions, of_selection))
        return record

    return register


def _counted(x: Selected, axes: tuple[int, ...]) -> Any:
    """How many numbers each result is made of."""
    assert x.whole is not None
    rest = [n for k, n in enumerate(x.whole.shape) if k in axes and k >= x.mask.ndim]
    count: Any = x.count
    return count * int(np.prod(rest, dtype=int))


@_of(np.sum)
def _sum(x: Selected, axes: Any) -> Any:
    return np.sum(x.filled(0), axis=axes)


@_of(np.prod)
def _prod(x: Selected, axes: Any) -> Any:
    return np.prod(x.filled(1), axis=axes)


@_of(np.mean, np.average)
def _mean(x: Selected, axes: Any) -> Any:
    return np.sum(x.filled(0), axis=axes) / _counted(x, axes)


@_of(np.var)
def _var(x: Selected, axes: Any, ddof: Any = 0) -> Any:
    mean = np.sum(x.filled(0), axis=axes, keepdims=True) / _counted(x, axes)
    apart = Selected(x.filled(mean) - mean, x.mask)
    return np.sum(np.abs(apart.filled(0)) ** 2, axis=axes) / (_counted(x, axes) - ddof)


@_of(np.std)
def _std(x: Selected, axes: Any, ddof: Any = 0) -> Any:
    return np.sqrt(_var(x, axes, ddof))


@_of(np.any)
def _any(x: Selected, axes: Any) -> Any:
    return np.any(x.filled(False), axis=axes)


@_of(np.all)
def _all(x: Selected, axes: Any) -> Any:
    return np.all(x.filled(True), axis=axes)


@_of(np.count_nonzero)
def _count_nonzero(x: Selected, axes: Any) -> Any:
    return np.count_nonzero(x.filled(0), axis=axes)


@_of(np.max, np.amax)
def _max(x: Selected, axes: Any) -> Any:
    return _extreme(x, axes, np.max, False)


@_of(np.min, np.amin)
def _min(x: Selected, axes: Any) -> Any:
    return _extreme(x, axes, np.min, True)


def _extreme(x: Selected, axes: Any, function: Any, is_least: bool) -> Any:
    kind = x.dtype.kind
    if kind not in "fiu":
        return NotImplemented
    low, high = -np.inf, np.inf
    if kind != "f":
        low, high = np.iinfo(x.dtype).min, np.iinfo(x.dtype).max
    worst = high if is_least else low
    name = "minimum" if is_least else "maximum"
    _check_any(x, f"zero-size array to reduction operation {name} which has no identity")
    return function(x.filled(x.dtype.type(worst)), axis=axes)


def _check_any(x: Selected, message: str) -> None:
    """Raise ValueError where nothing is selected."""
    found, error = np.any(x.mask), ValueError(message)
    if may_catch(ValueError):
        if not found:
            raise error
        return
    line, builder = user_line(), innermost_trace()
    what = raised(error, iter(() if line is None else [(line, "")]), True)
    if builder is not None and builder.level == 1:
        builder.raised.append((np.logical_not(found), what))
    guard(found, expected=_TRUE, error=what, asker=None)


def _product(x: Any, y: Any) -> Any:
    """The sum of products of two selections of numbers."""
    found = elementwise(np.multiply, (x, y)) if np.ndim(x) == np.ndim(y) == 1 else None
    return NotImplemented if found is None else np.sum(found)


for _function in (np.dot, np.inner, np.matmul):
    OF_SELECTED[_function] = _product


def _norm(x: Any, ord: Any = None) -> Any:
    """np.linalg.norm"""
    if type(x) is not Selected or x.ndim != 1 or x.whole is None or ord not in (None, 1, 2):
        return NotImplemented
    return np.linalg.norm(np.ravel(x.filled(0)), ord)


OF_SELECTED[np.linalg.norm] = _norm
OF_SELECTED[np.ndim] = lambda x: x.ndim
OF_SELECTED[np.size] = lambda x: x.count if x.ndim == 1 and x.whole is not None else NotImplemented


def _by_elements(function: Any) -> Callable[..., Any]:
    def record(*args: Any, **kwargs: Any) -> Any:
        if any(np.ndim(x) for x in kwargs.values()):
            return NotImplemented
        found = elementwise(functools.partial(function, **kwargs), args)
        return NotImplemented if found is None else found

    return record


for _function in (
    *(np.clip, np.round, np.around, np.real, np.imag, np.angle, np.nan_to_num, np.sinc),
    *(np.isclose, np.zeros_like, np.ones_like, np.full_like, np.copy, np.fix, np.i0),
):
    OF_SELECTED[_function] = _by_elements(_function)

OF_SELECTED[np.where] = lambda condition, x, y: _by_elements(np.where)(condition, x, y)


def of_all(f: Any, x: Selected) -> Any:
    """What one of Python's functions is of a selection of numbers; NotImplemented of others."""
    if x.whole is None or (x.ndim != 1 and f is not len):
        return NotImplemented
    return x.count if f is len else OF_SELECTED[_PYTHONS[f]](x)


_PYTHONS: dict[Any, Any] = {
    len: len, sum: np.sum, max: np.max, min: np.min, any: np.any, all: np.all
}  # fmt: skip


def is_of_all(f: Any, args: Any) -> bool:
    """Whether f(*args) is such a function of a selection."""
    return len(args) == 1 and type(args[0]) is Selected and is_pythons(f)


def is_pythons(f: Any) -> bool:
    """Whether f is one of Python's functions of all items."""
    return any(f is g for g in _PYTHONS)


def select(x: Value, key: Any) -> Selected | None:
    """x[key] as a selection, of a mask that is traced, of the shape of the first axes, with ints
    and slices of the others; None of other keys."""
    if isinstance(key, MutableArray) and key.is_plain:
        return None  # whose places are known
    mask, others = mask_of(key)
    if mask is None or mask.shape != x.shape[: mask.ndim] or not mask.builder.tracing:
        return None
    return selected(x[others] if others else x, mask)
