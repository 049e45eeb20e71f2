"""NumPy's functions of selections `x[mask]`: computed where the mask is true, whatever it is."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from jitad.frontend.active import innermost_trace
from jitad.frontend.exceptions import may_catch
from jitad.frontend.mutable import MutableArray
from jitad.frontend.mutable_functions import OF_SELECTED
from jitad.frontend.operands import innermost, lift, normal_axes
from jitad.frontend.places import mask_of
from jitad.frontend.present import all_alike
from jitad.frontend.selected import Selected, elementwise, of_masks, selected
from jitad.ir.builder import Builder
from jitad.ir.errors import user_line
from jitad.ir.raised import raised
from jitad.ir.value import Value
from jitad.ops import structural as st

_TRUE = np.True_.tobytes()


def _of(*functions: Any, takes: Collection[str] = ()) -> Any:
    """Enter what functions of a selection and an axis are, which take further arguments."""
    takes = frozenset(takes)

    def register(record: Callable[..., Any]) -> Callable[..., Any]:
        def of_selection(x: Any, axis: Any = None, *, keepdims: Any = False, **options: Any) -> Any:
            if type(x) is not Selected or x.whole is None or not options.keys() <= takes:
                return NotImplemented
            axes = normal_axes(axis, x.ndim)
            if keepdims and any(len(x.axes(k)) > 1 for k in axes):
                return NotImplemented
            result = record(x, axes, **options)
            return _reduced(x, axes, result, keepdims) if result is not NotImplemented else result

        OF_SELECTED.update(dict.fromkeys(functions, of_selection))
        return record

    return register


def _reduced(x: Selected, axes: Sequence[int], result: Any, keepdims: Any) -> Any:
    """The result of a reduction, which has the axes that it reduces, of length 1."""
    left: list[Any] = []
    shape: list[int] = []
    for k, mask in enumerate(x.masks):
        if k not in axes:
            left.append(mask)
            shape += [result.shape[j] for j in x.axes(k)]
        elif keepdims:
            left.append(None)
            shape.append(1)
    return of_masks(st.reshape(result, shape=tuple(shape)), left)


def _within(x: Selected, axes: Sequence[int]) -> dict[str, Any]:
    """By which axes of the whole array a reduction goes."""
    return {"axis": tuple(j for k in axes for j in x.axes(k)), "keepdims": True}


def _counted(x: Selected, axes: Sequence[int]) -> Any:
    """How many numbers each result is made of."""
    counts = [x.count(k) for k in axes]
    plain = int(np.prod([n for n in counts if isinstance(n, int)], dtype=int))
    return functools.reduce(operator.mul, [n for n in counts if not isinstance(n, int)], plain)


@_of(np.sum, takes=("initial",))
def _sum(x: Selected, axes: Any, **initial: Any) -> Any:
    return np.sum(x.filled(0, axes), **_within(x, axes), **initial)


@_of(np.prod, takes=("initial",))
def _prod(x: Selected, axes: Any, **initial: Any) -> Any:
    return np.prod(x.filled(1, axes), **_within(x, axes), **initial)


@_of(np.mean)
def _mean(x: Selected, axes: Any) -> Any:
    return _sum(x, axes) / _counted(x, axes)


def _average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    """np.average, with weights of vectors"""
    if weights is None:
        return OF_SELECTED[np.mean](a, axis)
    if np.ndim(a) != 1 or np.ndim(weights) != 1:
        return NotImplemented
    return np.sum(a * weights) / np.sum(weights)


OF_SELECTED[np.average] = _average


@_of(np.var, takes=("ddof",))
def _var(x: Selected, axes: Any, ddof: Any = 0) -> Any:
    mean = _mean(x, axes)
    apart = Selected(x.filled(mean, axes) - mean, x.masks)
    squares = np.abs(apart.filled(0, axes)) ** 2
    return np.sum(squares, **_within(x, axes)) / (_counted(x, axes) - ddof)


@_of(np.std, takes=("ddof",))
def _std(x: Selected, axes: Any, ddof: Any = 0) -> Any:
    return np.sqrt(_var(x, axes, ddof))


@_of(np.any)
def _any(x: Selected, axes: Any) -> Any:
    return np.any(x.filled(False, axes), **_within(x, axes))


@_of(np.all)
def _all(x: Selected, axes: Any) -> Any:
    return np.all(x.filled(True, axes), **_within(x, axes))


@_of(np.count_nonzero)
def _count_nonzero(x: Selected, axes: Any) -> Any:
    return np.count_nonzero(x.filled(0, axes), **_within(x, axes))


@_of(np.max, np.amax, takes=("initial",))
def _max(x: Selected, axes: Any, **initial: Any) -> Any:
    return _extreme(x, axes, np.max, False, initial)


@_of(np.min, np.amin, takes=("initial",))
def _min(x: Selected, axes: Any, **initial: Any) -> Any:
    return _extreme(x, axes, np.min, True, initial)


@_of(np.ptp)
def _ptp(x: Selected, axes: Any) -> Any:
    return _max(x, axes) - _min(x, axes)


def _extreme(x: Selected, axes: Any, function: Any, is_least: bool, initial: Any) -> Any:
    kind = x.dtype.kind
    if kind not in "fiu":
        return NotImplemented
    low, high = -np.inf, np.inf
    if kind != "f":
        low, high = np.iinfo(x.dtype).min, np.iinfo(x.dtype).max
    worst = high if is_least else low
    name = "minimum" if is_least else "maximum"
    for k in axes:
        mask = x.masks[k]
        if mask is not None and not initial:
            check_any(mask, f"zero-size array to reduction operation {name} which has no identity")
    return function(x.filled(x.dtype.type(worst), axes), **_within(x, axes), **initial)


def check_any(mask: Value, message: str) -> None:
    """Raise ValueError where nothing is selected."""
    found, error = np.any(mask), ValueError(message)  # type: ignore[arg-type]  # traced
    if may_catch(ValueError):
        if not found:
            raise error
        return
    line, builder = user_line(), innermost_trace()
    what = raised(error, iter(() if line is None else [(line, "")]), True)
    if builder is not None and builder.level == 1:
        builder.raised.append((np.logical_not(found), what))
    st.guard(found, expected=_TRUE, error=what, asker=None)


def _as_selected(x: Any, tape: Builder) -> Selected:
    """A selection as it is, another array as one of all its elements."""
    if type(x) is Selected:
        return x
    whole = lift(tape, x)
    return Selected(whole, (None,) * whole.ndim)


def _product(x: Any, y: Any) -> Any:
    """A product of vectors and matrices, of which one at least is a selection."""
    if not (0 < np.ndim(x) <= 2 and 0 < np.ndim(y) <= 2):
        return NotImplemented
    if np.ndim(x) == np.ndim(y) == 1:
        found = elementwise(np.multiply, (x, y))
        return NotImplemented if found is None else np.sum(found)
    if np.ndim(x) == 1 or np.ndim(y) == 1:
        rows = x if np.ndim(x) == 2 else x[:, None]
        found = elementwise(np.multiply, (rows, y))
        return NotImplemented if found is None else np.sum(found, axis=1 if rows is x else 0)
    tape = innermost((x, y)).recording
    x, y = _as_selected(x, tape), _as_selected(y, tape)
    inner = x.masks[-1], y.masks[-min(2, y.ndim)]
    if x.whole is None or y.whole is None or not all_alike(*((mask,) for mask in inner)):
        return NotImplemented
    wide = [m for m in (*x.masks, *y.masks) if m is not None and m.ndim > 1]
    if wide:
        return NotImplemented
    whole = np.matmul(x.filled(0, (x.ndim - 1,)), y.filled(0, (y.ndim - min(2, y.ndim),)))
    left = (*x.masks[:-1], *y.masks[: -min(2, y.ndim)], *(y.masks[1:] if y.ndim == 2 else ()))
    return of_masks(whole, left)


for _function in (np.dot, np.matmul):
    OF_SELECTED[_function] = _product


def _inner(x: Any, y: Any) -> Any:
    """np.inner of vectors"""
    return _product(x, y) if np.ndim(x) == np.ndim(y) == 1 else NotImplemented


OF_SELECTED[np.inner] = OF_SELECTED[np.vdot] = _inner


def _outer(x: Any, y: Any) -> Any:
    """np.outer of vectors"""
    if np.ndim(x) != 1 or np.ndim(y) != 1:
        return NotImplemented
    tape = innermost((x, y)).recording
    x, y = _as_selected(x, tape), _as_selected(y, tape)
    if x.whole is None or y.whole is None:
        return NotImplemented
    return Selected(np.multiply.outer(x.whole, y.whole), (*x.masks, *y.masks))


OF_SELECTED[np.outer] = _outer


def _norm(x: Any, ord: Any = None) -> Any:
    """np.linalg.norm"""
    orders = (None, 1, 2) if np.ndim(x) == 1 else (None, "fro")
    if type(x) is not Selected or x.whole is None or ord not in orders:
        return NotImplemented
    return np.linalg.norm(np.ravel(x.filled(0)), ord if x.ndim == 1 else None)


OF_SELECTED[np.linalg.norm] = _norm


def _along(neutral: Any, *functions: Any) -> None:
    """Enter functions whose results along an axis have elements where those of x are, if `neutral`
    stands where there are none."""
    for function in functions:

        def record(x: Any, axis: Any = None, function: Any = function) -> Any:
            if type(x) is not Selected or x.whole is None or (axis is None and x.ndim > 1):
                return NotImplemented
            (k,) = normal_axes(0 if axis is None else axis, x.ndim)
            filler = neutral(x.dtype) if callable(neutral) else neutral
            if len(x.axes(k)) > 1:
                return NotImplemented
            return Selected(function(x.filled(filler, (k,)), axis=x.first_axis(k)), x.masks)

        OF_SELECTED[function] = record


_along(0, np.cumsum)
_along(1, np.cumprod)


def _transpose(x: Selected, axes: Any = None) -> Any:
    """np.transpose"""
    if x.whole is None or any(mask is not None and mask.ndim > 1 for mask in x.masks):
        return NotImplemented
    order = [*reversed(range(x.ndim))] if axes is None else [k % x.ndim for k in axes]
    return Selected(st.transpose(x.whole, perm=tuple(order)), tuple(x.masks[k] for k in order))


OF_SELECTED[np.transpose] = _transpose


def _by_index(index: Any) -> Callable[[Any], Any]:
    return lambda x: x[index] if type(x) is Selected and x.ndim == 1 else NotImplemented


OF_SELECTED[np.flip] = OF_SELECTED[np.flipud] = _by_index(slice(None, None, -1))


def _diff(x: Any) -> Any:
    """np.diff of vectors"""
    return x[1:] - x[:-1] if type(x) is Selected and x.ndim == 1 else NotImplemented


OF_SELECTED[np.diff] = _diff
OF_SELECTED[np.ndim] = lambda x: x.ndim
OF_SELECTED[np.shape] = lambda x: NotImplemented if x.whole is None else sizes_of(x)
OF_SELECTED[np.size] = lambda x: NotImplemented if x.whole is None else _counted(x, range(x.ndim))


def sizes_of(x: Selected) -> tuple[Any, ...]:
    """The shape, with traced ints in it."""
    return tuple([x.count(k) for k in range(x.ndim)])


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


def of_all(f: Any, x: Selected) -> Any:
    """What one of Python's functions is of a selection of numbers; NotImplemented of others."""
    if x.whole is None or (x.ndim != 1 and f is not len):
        return NotImplemented
    return x.count(0) if f is len else OF_SELECTED[_PYTHONS[f]](x)


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
