"""A function of one element + arrays -> its results for all elements, whatever branch each takes.

The function is traced at one element, and its tape batched over all of them. The conditions of its
branches say which elements took that path; the first of the others gives the next path, until all
are covered. Results are selected by the conditions, and one guard says that no element took a path
that is not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.conversion import as_array_on
from jitad.frontend.guards import concrete, guard_array
from jitad.frontend.operands import array_dtype, as_dtype, as_shape, innermost, lift
from jitad.frontend.trace import Traced, trace
from jitad.ir.builder import Builder, inline
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import Shape
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.passes.dce import dce
from jitad.transforms.batch import batch

MAX_PATHS = 64
"""Paths that are traced for the elements of one call."""

_REPORTING = ("gather", "scatter_add", "scatter_set")
"""Ops that refuse what is out of bounds, as an element may be on a path that it does not take."""


class _Path(NamedTuple):
    """Which elements took it, and the results of all elements as if they had."""

    taken: Value | None
    results: list[Value]


def over_elements(
    function: Callable[..., Sequence[Any]], arrays: Sequence[Any], cores: Sequence[int]
) -> list[Value]:
    """The results of `function`, arrays or numbers, for the broadcast loop axes of the arrays.

    The last `cores[k]` axes of array k are the function's own; it gets NumPy's scalars and arrays.
    """
    builder = innermost(arrays)
    values = [as_array_on(builder, x) for x in arrays]
    split = [x.ndim - core for x, core in zip(values, cores, strict=True)]
    loop = np.broadcast_shapes(*(x.shape[:k] for x, k in zip(values, split, strict=True)))
    size = math.prod(loop)
    if size == 0:
        raise ShapeError(
            f"a function of elements was called for none, of shape {loop}",
            remedy="call it for one element or more",
        )
    flat = [_rows(x, k, loop, size) for x, k in zip(values, split, strict=True)]
    paths = _paths(builder, function, flat, size)
    if paths is None:
        each = [function(*(x[i] for x in flat)) for i in range(size)]
        found = [_stacked(builder, items) for items in zip(*each, strict=True)]
    else:
        found = [_selected(paths, k) for k in range(len(paths[0].results))]
    return [st.reshape(x, shape=(*loop, *x.shape[1:])) for x in found]


def _rows(x: Value, split: int, loop: Shape, size: int) -> Value:
    """x over all loop axes, and these as one."""
    core = x.shape[split:]
    lead = (1,) * (len(loop) - split) + x.shape[:split]
    wide = as_shape(st.reshape(x, shape=(*lead, *core)), (*loop, *core))
    return st.reshape(wide, shape=(size, *core))


def _paths(
    builder: Builder, function: Callable[..., Sequence[Any]], flat: Sequence[Value], size: int
) -> list[_Path] | None:
    """A path for every element; None where one cannot be computed for those that do not take it."""
    points = [concrete(x) for x in flat]
    names = [f"x{k}" for k in range(len(flat))]
    left = np.ones(size, bool)
    paths: list[_Path] = []
    while left.any():
        if len(paths) == MAX_PATHS:
            raise TraceError(
                f"the elements of arrays take more than {MAX_PATHS} paths through the branches of "
                "a function",
                remedy="use np.where in place of branches, or a loop over the elements",
            )
        i = int(np.argmax(left))
        traced = trace(lambda xs: list(function(*xs)), [x[i] for x in points], names)
        guards = [instr for instr in traced.tape.instrs if instr.op is st.guard]
        if guards and any(instr.op.name in _REPORTING for instr in traced.tape.instrs):
            return None
        path = _path(builder, traced, guards, flat, size)
        paths.append(path)
        taken = path.taken
        left &= False if taken is None else ~concrete(taken)
        if left[i]:
            raise TraceError(
                "a function of elements turned a NaN into a number of Python's",
                remedy="use the traced value itself, and np.isnan to ask",
            )
    if paths[0].taken is not None:
        known = [path.taken for path in paths if path.taken is not None]
        total = known[0]
        for other in known[1:]:
            total = ew.logical_or(total, other)
        guard_array(st.reduce_all(total, axes=(0,)))
    return paths


def _path(
    builder: Builder, traced: Traced, guards: Sequence[Instr], flat: Sequence[Value], size: int
) -> _Path:
    tape = traced.tape
    asked = tuple(instr.args[0] for instr in guards)
    every = _without_guards(Tape(tape.instrs, tape.inputs, (*tape.outputs, *asked)))
    wide = batch(every, range(len(flat)), size, range(len(every.outputs)))
    results = inline(builder, wide, [*flat, *(lift(builder, x) for x in traced.captured)])
    count = len(tape.outputs)
    taken: Value | None = None
    for instr, value in zip(guards, results[count:], strict=True):
        same = _equals(value, instr.params[0])
        taken = same if taken is None else ew.logical_and(taken, same)
    return _Path(taken, results[:count])


def _without_guards(tape: Tape) -> Tape:
    """The tape with no guard in it: nobody reads what a guard gives."""
    kept = [i for i, instr in enumerate(tape.instrs) if instr.op is not st.guard]
    new = {i: place for place, i in enumerate(kept)}
    instrs = tuple(
        tape.instrs[i]._replace(args=tuple([new[j] for j in tape.instrs[i].args])) for i in kept
    )
    return dce(
        Tape(instrs, tuple(new[i] for i in tape.inputs), tuple(new[i] for i in tape.outputs))
    )


def _equals(value: Value, expected: bytes) -> Value:
    """Whether each row has the numbers that one element was guarded to have."""
    array = np.frombuffer(expected, value.dtype).reshape(value.shape[1:])
    if array.size == 1:
        same = ew.eq(value, array.reshape(()).item())
    else:
        same = ew.eq(value, as_shape(lift(value.builder, array.copy()), value.shape))
    axes = tuple(range(1, same.ndim))
    return st.reduce_all(same, axes=axes) if axes else same


def _selected(paths: Sequence[_Path], k: int) -> Value:
    """Result k of every element, from the path that it took."""
    dtype = array_dtype(*(path.results[k] for path in paths))
    shapes = {path.results[k].shape for path in paths}
    if len(shapes) > 1:
        raise ShapeError(f"the branches of a function of elements give shapes {sorted(shapes)}")
    result = as_dtype(paths[-1].results[k], dtype)
    for path in reversed(paths[:-1]):
        assert path.taken is not None
        condition = st.reshape(
            path.taken, shape=(*path.taken.shape, *(1,) * (result.ndim - 1))
        )  # fmt: skip
        result = ew.where(
            as_shape(condition, result.shape), as_dtype(path.results[k], dtype), result
        )
    return result


def _stacked(builder: Builder, items: Sequence[Any]) -> Value:
    """One result of all elements, where the function was called for each."""
    values = [as_array_on(builder, x) for x in items]
    dtype = array_dtype(*values)
    rows = [st.reshape(as_dtype(x, dtype), shape=(1, *x.shape)) for x in values]
    return rows[0] if len(rows) == 1 else st.concatenate(*rows, axis=0)
