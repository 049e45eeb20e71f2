"""Gather and scatter at integers that are computed, element numbers, and guards.

Mathematics in the rules: operands x, y; result v; tangents dx; adjoint v_bar.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from jitad.ir.errors import OutsideError, ShapeError
from jitad.ir.op import BOOL, INT64, DType, Shape, Structural
from jitad.ir.raised import Raised
from jitad.ir.tape import Instr
from jitad.ops import elementwise as ew
from jitad.ops.reductions import reduce_all
from jitad.ops.views import broadcast, index, or_zeros, reshape, spread, zeros

# -- gather and scatter ----------------------------------------------------------------------------

iota = Structural(
    "iota",
    ("shape", "axis"),
    infer=lambda shape, axis: (shape, INT64),
    evaluate=lambda shape, axis: np.broadcast_to(
        np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))]),
        shape,
    ),
    jvp=lambda *_, **__: None,
    scalars=None,
)
"""Each element's index along an axis."""


def iota_on(like: Any, shape: Shape, axis: int) -> Any:
    """`iota` on the tape of `like`."""
    return like.builder.apply(iota, (), {"shape": shape, "axis": axis})


def _inside(x: np.ndarray, i: np.ndarray) -> np.ndarray:
    """The index; a negative one has been counted from the end already, NumPy would do so again."""
    if np.any((i < 0) | (i >= len(x))):
        raise OutsideError
    return i


def _np_gather(x: np.ndarray, i: np.ndarray) -> np.ndarray:
    return x[_inside(x, i)]


def _np_scatter(x: np.ndarray, i: np.ndarray, u: np.ndarray) -> np.ndarray:
    result = np.array(x)
    np.add.at(result, _inside(x, i), u)
    return result


def _infer_gather(x: Any, i: Any) -> tuple[Shape, DType]:
    if i.dtype != INT64:
        raise ShapeError(f"gather needs int64 indices, not {i.dtype}")
    return (*i.shape, *x.shape[1:]), x.dtype


def _infer_scatter(x: Any, i: Any, u: Any, apart: bool = False) -> tuple[Shape, DType]:
    if u.shape != (*i.shape, *x.shape[1:]) or u.dtype != x.dtype:
        raise ShapeError(f"cannot scatter {u.shape} into {x.shape} at indices of {i.shape}")
    return x.shape, x.dtype


def _accumulate_gather(total: Any, v_bar: Any, x: Any, i: Any) -> Any:
    total = zeros(v_bar, x.shape, x.dtype) if total is None else total
    return scatter_add(total, i, v_bar)


def _merge_batch(i: Any, batched: bool, size: int, rows: int) -> Any:
    """Indices into the rows of `size` arrays laid end to end."""
    i = spread(i, batched, size)
    offset = ew.mul(iota_on(i, i.shape, 0), rows)
    return ew.add(i, offset)


def _batch_gather(xs: Any, batched: Any, size: int) -> Any:
    x, i = xs
    if not batched[0]:
        return gather(x, i)
    rows = x.shape[1]
    merged = reshape(x, shape=(size * rows, *x.shape[2:]))
    return gather(merged, _merge_batch(i, batched[1], size, rows))


def _batch_scatter(scatter: Any, xs: Any, batched: Any, size: int) -> Any:
    x, u = spread(xs[0], batched[0], size), spread(xs[2], batched[2], size)
    rows = x.shape[1]
    merged = reshape(x, shape=(size * rows, *x.shape[2:]))
    i = _merge_batch(xs[1], batched[1], size, rows)
    return reshape(scatter(merged, i, u), shape=x.shape)


gather = Structural(
    "gather",
    (),
    infer=_infer_gather,
    evaluate=_np_gather,
    jvp=lambda xs, v, tangents: gather(tangents[0], xs[1]),
    pullback=lambda j, xs, v, v_bar: _accumulate_gather(None, v_bar, *xs),
    accumulate=lambda total, v_bar, x, i: _accumulate_gather(total, v_bar, x, i),
    batch=_batch_gather,
)
"""Rows of x at integer indices, which must lie within 0 <= i < len(x)."""


gather_final = replace(gather, name="gather_final", lowered=lambda x, i: gather(x, i))
"""As `gather`, of an array of loops that no turn changes there any more: see passes/finals.py."""


def _jvp_scatter(xs: Any, v: Any, tangents: Any) -> Any:
    dx, _, du = tangents
    return dx if du is None else scatter_add(or_zeros(dx, xs[0], du), xs[1], du)


scatter_add = Structural(
    "scatter_add",
    (),
    infer=_infer_scatter,
    evaluate=_np_scatter,
    jvp=_jvp_scatter,
    pullback=lambda j, xs, v, v_bar: v_bar if j == 0 else gather(v_bar, xs[1]),
    batch=lambda xs, batched, size: _batch_scatter(scatter_add, xs, batched, size),
)
"""x with rows u added at integer indices; indices may repeat."""


def _np_scatter_set(x: np.ndarray, i: np.ndarray, u: np.ndarray, apart: bool) -> np.ndarray:
    result = np.array(x)
    for place, row in zip(_inside(x, i).ravel(), u.reshape(i.size, *x.shape[1:]), strict=True):
        result[place] = row
    return result


def _jvp_scatter_set(xs: Any, v: Any, tangents: Any, apart: bool) -> Any:
    x, i, u = xs
    dx, _, du = tangents
    peer = du if dx is None else dx
    return scatter_set(or_zeros(dx, x, peer), i, or_zeros(du, u, peer), apart=apart)


def _pull_scatter_set(j: int, xs: Any, v: Any, v_bar: Any, apart: bool) -> Any:
    """What was overwritten, before or by a later row, has no share."""
    x, i, u = xs
    nothing = zeros(v_bar, u.shape, v_bar.dtype)
    if j == 0:
        return scatter_set(v_bar, i, nothing, apart=apart)
    count = math.prod(i.shape)
    if count == 1 or apart:
        return gather(v_bar, i)
    order = reshape(iota_on(v_bar, (count,), 0), shape=i.shape)
    numbered = scatter_set(zeros(v_bar, x.shape[:1], INT64), i, order, apart=False)
    last = gather(numbered, i)
    won = ew.eq(last, order)
    aligned = reshape(won, shape=(*i.shape, *(1,) * (len(x.shape) - 1)))
    return ew.where(broadcast(aligned, shape=u.shape), gather(v_bar, i), nothing)


scatter_set = Structural(
    "scatter_set",
    ("apart",),
    infer=_infer_scatter,
    evaluate=_np_scatter_set,
    jvp=_jvp_scatter_set,
    pullback=_pull_scatter_set,
    batch=lambda xs, batched, size, apart: _batch_scatter(
        partial(scatter_set, apart=apart), xs, batched, size
    ),
)
"""x with rows u in place of those at integer indices, of which no two are equal where they are
`apart`; of rows for one index the last one stays."""


# -- guards ----------------------------------------------------------------------------------------


def _np_guard(x: np.ndarray, expected: bytes, error: Raised | None, asker: Any) -> np.ndarray:
    holds = x.tobytes() == expected
    if error is not None and not holds:
        raise error.made()
    return np.asarray(holds)


def _batch_guard(xs: Any, batched: Any, size: int, expected: bytes, error: Any, asker: Any) -> Any:
    """What points raise, one of them raises for all."""
    assert error is not None, "points that differ in their paths are a loop"
    return guard(reduce_all(xs[0], axes=(0,)), expected=expected, error=error, asker=asker)


guard = Structural(
    "guard",
    ("expected", "error", "asker"),
    infer=lambda x, expected, error, asker: ((), BOOL),
    evaluate=_np_guard,
    jvp=lambda *_, **__: None,
    batch=_batch_guard,
    effect=True,
)
"""Whether x has a value (as bytes): the one that the trace was made for; or True, where the
function raises an `error` by itself if it is not. The `asker`, a function of a library that wanted
a number, is said with what to write instead."""


def is_path(instr: Instr) -> bool:
    """Whether an instruction is a guard of what the trace was made for; none stands in the tape of
    a control op, whose blocks ask before, or are run one by one."""
    return instr.op is guard and instr.params[1] is None


def equals(x: Any, expected: bytes) -> Any:
    """Whether x has the value that a guard expects, as a value of the tape: by `==`."""
    met: Any = None
    for k, number in enumerate(np.frombuffer(expected, x.dtype)):
        slots = tuple(int(i) for i in np.unravel_index(k, x.shape)) if x.shape else ()
        element = index(x, slots=slots) if x.shape else x
        same = ew.eq(element, x.builder.const(number, (), x.dtype))
        met = same if met is None else ew.logical_and(met, same)
    return met
