"""NumPy's `pad` on values: one axis after the other, each by what its mode makes of the axis."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.conversion import as_array, as_array_on
from jitad.frontend.operands import as_dtype, as_shape, implements, normal_axis
from jitad.functions.arrays.indexing import part_of
from jitad.functions.arrays.repeating import tiled
from jitad.functions.arrays.selecting import flip
from jitad.functions.arrays.shaping import broadcast_to, concatenate
from jitad.functions.arrays.spaced import linspace
from jitad.functions.arrays.taking import known
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64, DType, is_differentiable
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import structural as st
from jitad.ops.views import resized

Widths = tuple[int, int]
"""How many elements come before an axis and after it."""

# -- arguments -------------------------------------------------------------------------------------


def _pairs(given: Any, ndim: int, name: str) -> Any:
    """A number, a pair, or a pair for each axis: a pair for each axis."""
    try:
        return np.broadcast_to(given, (ndim, 2))
    except ValueError as error:
        raise ShapeError(
            f"np.pad with {name}={given!r} for an array of {ndim} axes",
            remedy="give one number, one pair (before, after), or one pair for each axis",
        ) from error


def _widths(x: Value, given: Any) -> list[Widths]:
    if isinstance(given, dict):
        pairs = [(0, 0)] * x.ndim
        for axis, pair in given.items():
            pairs[normal_axis(axis, x.ndim)] = pair if isinstance(pair, tuple) else (pair, pair)
        given = pairs
    array = known(x.builder, given) if x.ndim else np.zeros((0, 2), int)
    if array.dtype.kind not in "iu" or np.any(array < 0):
        raise ShapeError(
            f"np.pad with pad_width={given!r}",
            remedy="give integers that are not negative",
        )
    return [(int(before), int(after)) for before, after in _pairs(array, x.ndim, "pad_width")]


def _numbers(x: Value, given: Any, dtype: DType, name: str) -> Any:
    """Traced or plain numbers of a dtype, a pair for each axis."""
    if isinstance(given, np.ndarray) or holds_traced(given):
        return _pairs(as_dtype(as_array_on(x.builder, given), dtype), x.ndim, name)
    return _pairs(np.asarray(given).astype(dtype), x.ndim, name)


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Value:
    x = as_array(array)
    widths = _widths(x, pad_width)
    if mode not in _MODES:
        raise TraceError(
            f"np.pad of a traced value with mode={mode!r}",
            remedy=f"use one of the modes {', '.join(_MODES)}",
        )
    record, names = _MODES[mode]
    unknown = {*options} - {*names}
    if unknown:
        raise TraceError(
            f"np.pad has no option {', '.join(sorted(unknown))} in mode {mode!r}",
            remedy=f"its options are {', '.join(names)}" if names else "leave it out",
        )
    empty = [i for i, n in enumerate(x.shape) if n == 0 and any(widths[i])]
    if empty and mode != "constant":
        raise ShapeError(
            f"np.pad of an array of shape {x.shape} with mode={mode!r}: axis {empty[0]} has no "
            "elements to go on from",
            remedy="use mode='constant'",
        )
    return record(x, widths, **options)


def _by_axis(extend: Callable[..., Any], *names: str) -> tuple[Callable[..., Value], Any]:
    """A mode from what it puts before and after an axis: `extend(x, axis, widths, **options)`."""

    def record(x: Value, widths: list[Widths], **options: Any) -> Value:
        for axis, pair in enumerate(widths):
            if any(pair):
                before, after = extend(x, axis, pair, **options)
                parts = [part for part, n in zip((before, x, after), (pair[0], 1, pair[1]),
                                                 strict=True) if n]  # fmt: skip
                x = concatenate(parts, axis=axis)
        return x

    return record, names


def _end(x: Value, axis: int, side: int) -> Value:
    """The first (side 0) or last (side 1) place along the axis, which stays."""
    return part_of(x, slice(-1, None) if side else slice(1), axis)


# -- constants, edges and ramps --------------------------------------------------------------------


def _constant(x: Value, widths: list[Widths], constant_values: Any = 0) -> Value:
    numbers = _numbers(x, constant_values, x.dtype, "constant_values")
    if isinstance(numbers, Value) or np.any(numbers != numbers[:1, :1]):
        for axis, pair in enumerate(widths):
            sides = [
                broadcast_to(as_array_on(x.builder, numbers[axis, side]),
                             resized(x.shape, axis, pair[side]))
                for side in (0, 1)
            ]  # fmt: skip
            x = concatenate([sides[0], x, sides[1]], axis=axis)
        return x
    slots = tuple((before, n, 1) for (before, _), n in zip(widths, x.shape, strict=True))
    shape = tuple(n + sum(pair) for pair, n in zip(widths, x.shape, strict=True))
    if shape == x.shape:
        return x
    around = x.builder.const(numbers[0, 0], shape, x.dtype)
    return st.index_set(around, x, slots=slots) if x.size else around


def _edge(x: Value, axis: int, widths: Widths) -> list[Value]:
    return [as_shape(_end(x, axis, side), resized(x.shape, axis, widths[side])) for side in (0, 1)]


def _ramp(x: Value, axis: int, widths: Widths, *, end_values: Any = 0) -> list[Value]:
    dtype = x.dtype if is_differentiable(x.dtype) else FLOAT64
    numbers = _numbers(x, end_values, dtype, "end_values")
    sides: list[Value] = []
    for side in (0, 1):
        end = as_array_on(x.builder, numbers[axis, side])
        edge = st.reshape(_end(x, axis, side), shape=st.drop_axes(x.shape, (axis,)))
        ramp = linspace(end, edge, widths[side], endpoint=False, dtype=x.dtype, axis=axis)
        sides.append(flip(ramp, axis) if side else ramp)
    return sides


# -- statistics ------------------------------------------------------------------------------------


def _statistic(function: Any) -> tuple[Callable[..., Value], Any]:
    def extend(x: Value, axis: int, widths: Widths, *, stat_length: Any = None) -> list[Value]:
        n = x.shape[axis]
        lengths = [n, n] if stat_length is None else _lengths(x, stat_length, axis)
        heads = [part_of(x, slice(lengths[0]), axis), part_of(x, slice(n - lengths[1], None), axis)]
        if lengths == [n, n]:
            heads = heads[:1]
        # Looked up when it is used: another module may replace it, or not be there.
        numbers = [FUNCTIONS[function](head, axis=axis, keepdims=True) for head in heads]
        if x.dtype.kind == "i":
            numbers = [np.rint(y) if y.dtype.kind == "f" else y for y in numbers]
        numbers = [as_dtype(y, x.dtype) for y in numbers]
        return [
            as_shape(y, resized(x.shape, axis, width))
            for y, width in zip((numbers[0], numbers[-1]), widths, strict=True)
        ]

    return _by_axis(extend, "stat_length")


def _lengths(x: Value, given: Any, axis: int) -> list[int]:
    numbers = [operator.index(n) for n in _pairs(known(x.builder, given), x.ndim, "stat_length")[
        axis]]  # fmt: skip
    if min(numbers) < 1:
        raise ShapeError(f"np.pad with stat_length={given!r}", remedy="give lengths of 1 or more")
    return [min(n, x.shape[axis]) for n in numbers]


# -- reflections and periods -----------------------------------------------------------------------


def _reflection(edge_again: bool) -> tuple[Callable[..., Value], Any]:
    def extend(x: Value, axis: int, widths: Widths, *, reflect_type: str = "even") -> list[Value]:
        if reflect_type not in ("even", "odd"):
            raise TraceError(
                f"np.pad with reflect_type={reflect_type!r}", remedy="use 'even' or 'odd'"
            )
        if x.shape[axis] == 1 and not edge_again:
            return _edge(x, axis, widths)
        odd = reflect_type == "odd"
        before = _mirrored(flip(x, axis), axis, widths[0], odd, edge_again)
        return [flip(before, axis), _mirrored(x, axis, widths[1], odd, edge_again)]

    return _by_axis(extend, "reflect_type")


def _mirrored(x: Value, axis: int, width: int, odd: bool, edge_again: bool) -> Value:
    """What comes after x: all that there is, reflected at its end, doubles it until it suffices."""
    n = x.shape[axis]
    whole, image = x, _image(x, axis, width, odd, edge_again)
    if image.shape[axis] == width:
        return image
    while image.shape[axis]:
        whole = concatenate([whole, image], axis=axis)
        missing = n + width - whole.shape[axis]
        image = _image(whole, axis, missing, odd, edge_again)
    return part_of(whole, slice(n, None), axis)


def _image(x: Value, axis: int, width: int, odd: bool, edge_again: bool) -> Value:
    """The reflection of x at its end, as far as it is wanted."""
    stop = x.shape[axis] if edge_again else x.shape[axis] - 1
    image: Any = flip(part_of(x, slice(max(0, stop - width), stop), axis), axis)
    edge: Any = _end(x, axis, 1)
    return 2 * edge - image if odd else image


def _wrapped(x: Value, axis: int, widths: Widths) -> list[Value]:
    n = x.shape[axis]
    before, after = widths
    copies = -(-max(widths) // n)
    period = tiled(x, tuple(copies if i == axis else 1 for i in range(x.ndim)))
    return [
        part_of(period, slice(copies * n - before, None), axis),
        part_of(period, slice(after), axis),
    ]


_MODES: dict[Any, tuple[Callable[..., Value], Any]] = {
    "constant": (_constant, ("constant_values",)),
    "edge": _by_axis(_edge),
    "linear_ramp": _by_axis(_ramp, "end_values"),
    "maximum": _statistic(np.max),
    "mean": _statistic(np.mean),
    "median": _statistic(np.median),
    "minimum": _statistic(np.min),
    "reflect": _reflection(False),
    "symmetric": _reflection(True),
    "wrap": _by_axis(_wrapped),
}
