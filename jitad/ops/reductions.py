"""Reductions and running sums: ops that combine elements along axes.

Mathematics in the rules: operands x, y; result v; tangents dx; adjoint v_bar.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.errors import TraceError
from jitad.ir.op import INT64, DType, Elementwise, Op, Shape, Structural, find
from jitad.ops import elementwise as ew
from jitad.ops.views import broadcast, linear, reshape, zeros

# -- reductions ------------------------------------------------------------------------------------


def drop_axes(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape without `axes`."""
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def keep_axes(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape with `axes` of length 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def expand(v: Any, shape: Shape, axes: tuple[int, ...]) -> Any:
    """A reduction's result repeated over the axes that it was reduced along."""
    return broadcast(reshape(v, shape=keep_axes(shape, axes)), shape=shape)


def _batch_reduction(name: str) -> Any:
    def batch(xs: Any, batched: Any, size: int, axes: tuple[int, ...]) -> Any:
        return find(name)(xs[0], axes=tuple(i + 1 for i in axes))

    return batch


def _infer_reduction(x: Any, axes: tuple[int, ...]) -> tuple[Shape, DType]:
    return drop_axes(x.shape, axes), x.dtype


def refuse_complex(name: str, x: Any) -> None:
    """An error where numbers are complex, whose order NumPy makes of their parts."""
    if x.dtype.kind == "c":
        raise TraceError(
            f"np.{name} of complex numbers is not supported on traced values",
            remedy="write it with np.real and np.imag",
        )


def _infer_extremum(name: str) -> Any:
    def infer(x: Any, axes: tuple[int, ...]) -> tuple[Shape, DType]:
        refuse_complex(name, x)
        return _infer_reduction(x, axes)

    return infer


def _sum_scalars(add: Elementwise) -> Any:
    """Reduce an object array of scalars pairwise, as NumPy does."""

    def reduce(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        kept = [i for i in range(x.ndim) if i not in axes]
        moved = np.transpose(x, [*axes, *kept]).reshape(-1, *(x.shape[i] for i in kept))
        result = np.empty(moved.shape[1:], dtype=object)
        for place in np.ndindex(result.shape):
            items = list(moved[(slice(None), *place)])
            while len(items) > 1:
                pairs = [add(a, b) for a, b in zip(items[::2], items[1::2], strict=False)]
                items = pairs + items[len(pairs) * 2 :]
            result[place] = items[0]
        return result

    return reduce


def _reduction(
    name: str,
    evaluate: Any,
    combine: Elementwise,
    jvp: Any,
    pullback: Any = None,
    infer: Any = _infer_reduction,
) -> Structural:
    return Structural(
        name,
        ("axes",),
        infer=infer,
        evaluate=evaluate,
        jvp=jvp,
        pullback=pullback,
        batch=_batch_reduction(name),
        scalars=_sum_scalars(combine),
        combine=combine,
    )


reduce_sum = _reduction(
    "sum",
    lambda x, axes: np.sum(x, axis=axes, dtype=x.dtype),
    ew.add,
    linear("sum"),
    lambda j, xs, v, v_bar, axes: expand(v_bar, xs[0].shape, axes),
)


def shared(x: Any, v: Any, axes: tuple[int, ...], moved: Any) -> Any:
    """Where x is the extremum, its share of what moves: the ties divide it; elsewhere nothing."""
    equal = ew.eq(x, expand(v, x.shape, axes))
    count = reduce_sum(ew.cast(equal, dtype=x.dtype), axes=axes)
    share = ew.mul(ew.div(1.0, expand(count, x.shape, axes)), moved)
    return ew.where(equal, share, zeros(x, x.shape, x.dtype))


def _jvp_extremum(xs: Any, v: Any, tangents: Any, axes: tuple[int, ...]) -> Any:
    return reduce_sum(shared(xs[0], v, axes, tangents[0]), axes=axes)


def _pull_extremum(j: int, xs: Any, v: Any, v_bar: Any, axes: tuple[int, ...]) -> Any:
    return shared(xs[0], v, axes, expand(v_bar, xs[0].shape, axes))


def _constant(*_: Any, **__: Any) -> None:
    return None


reduce_max = _reduction(
    "max", lambda x, axes: np.max(x, axis=axes), ew.maximum, _jvp_extremum, _pull_extremum,
    _infer_extremum("max"),
)  # fmt: skip
reduce_min = _reduction(
    "min", lambda x, axes: np.min(x, axis=axes), ew.minimum, _jvp_extremum, _pull_extremum,
    _infer_extremum("min"),
)  # fmt: skip
reduce_any = _reduction("any", lambda x, axes: np.any(x, axis=axes), ew.logical_or, _constant)
reduce_all = _reduction("all", lambda x, axes: np.all(x, axis=axes), ew.logical_and, _constant)


def _batch_along(name: str) -> Any:
    def batch(xs: Any, batched: Any, size: int, axis: int, **params: Any) -> Any:
        return find(name)(xs[0], axis=axis + 1, **params)

    return batch


def _reduce_place(name: str, evaluate: Any, better: Elementwise) -> Structural:
    """The first place of the extremum along an axis; NaN counts as the extremum, as in NumPy."""

    def scalars(x: np.ndarray, axis: int) -> np.ndarray:
        moved = np.moveaxis(x, axis, 0)
        result = np.empty(moved.shape[1:], dtype=object)
        for place in np.ndindex(result.shape):
            items = moved[(slice(None), *place)]
            builder, best = items[0].builder, items[0]
            where = builder.const(0, best.shape, INT64)
            for i, item in enumerate(items[1:], 1):
                unordered = ew.logical_and(ew.isnan(item), ew.logical_not(ew.isnan(best)))
                taken = ew.logical_or(better(item, best), unordered)
                best = ew.where(taken, item, best)
                where = ew.where(taken, builder.const(i, best.shape, INT64), where)
            result[place] = where
        return result

    def infer(x: Any, axis: int) -> tuple[Shape, DType]:
        refuse_complex(name, x)
        return drop_axes(x.shape, (axis,)), INT64

    return Structural(
        name,
        ("axis",),
        infer=infer,
        evaluate=lambda x, axis: evaluate(x, axis=axis),
        jvp=_constant,
        batch=_batch_along(name),
        scalars=scalars,
        combine=better,
    )


argmax = _reduce_place("argmax", np.argmax, ew.gt)
argmin = _reduce_place("argmin", np.argmin, ew.lt)


def neutral(op: Op, dtype: DType) -> float | int | bool:
    """What a reduction makes of no elements, and leaves as it is what it is joined with."""
    if op in (reduce_any, reduce_all):
        return op is reduce_all
    if op not in (reduce_max, argmax, reduce_min, argmin):
        return 0
    low = op in (reduce_max, argmax)
    if dtype.kind == "f":
        return -math.inf if low else math.inf
    if dtype.kind == "b":
        return not low
    limits = np.iinfo(dtype)
    return limits.min if low else limits.max


# -- accumulation along an axis --------------------------------------------------------------------


def _np_cumsum(x: np.ndarray, axis: int, backward: bool) -> np.ndarray:
    if not backward:
        return np.cumsum(x, axis=axis, dtype=x.dtype)
    return np.flip(np.cumsum(np.flip(x, axis), axis=axis, dtype=x.dtype), axis)


def _cumsum_scalars(x: np.ndarray, axis: int, backward: bool) -> np.ndarray:
    moved = np.moveaxis(x.copy(), axis, 0)
    moved = moved[::-1] if backward else moved
    for i in range(1, len(moved)):
        for place in np.ndindex(moved.shape[1:]):
            moved[(i, *place)] = ew.add(moved[(i - 1, *place)], moved[(i, *place)])
    return np.moveaxis(moved[::-1] if backward else moved, 0, axis)


cumsum = Structural(
    "cumsum",
    ("axis", "backward"),
    infer=lambda x, axis, backward: (x.shape, x.dtype),
    evaluate=_np_cumsum,
    jvp=linear("cumsum"),
    pullback=lambda j, xs, v, v_bar, axis, backward: cumsum(
        v_bar, axis=axis, backward=not backward
    ),
    batch=_batch_along("cumsum"),
    scalars=_cumsum_scalars,
    combine=ew.add,
)
"""Running sums along an axis, from its start, or (backward) from its end."""
