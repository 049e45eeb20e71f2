"""What cond, switch and checkpoint record: a `switch` between tapes, and a `block`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.pytree import unflatten
from jitad.frontend.trace import TRACEABLE
from jitad.frontend.traceable import traceable
from jitad.functions.control.blocks import (
    Block,
    as_weak,
    block,
    captured_by,
    current,
    lifted,
    same_structure,
    with_captured,
)
from jitad.ir.builder import Builder, inline
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import BOOL, INT64, DType
from jitad.ir.tape import Tape
from jitad.ir.value import UFUNCS, Value
from jitad.ops import control
from jitad.ops.control.parts import input_types, record


def cond(
    pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], operands: Sequence[Any]
) -> Any:
    """true_fun(*operands) where pred holds, else false_fun(*operands)."""
    if not isinstance(pred, TRACEABLE) or np.ndim(pred):
        shape = f"shape {np.shape(pred)}" if isinstance(pred, TRACEABLE) else f"type {type(pred)}"
        raise ShapeError(
            f"the predicate of cond has {shape}", remedy="give one bool; np.any(p) of an array"
        )
    if not isinstance(pred, Value):
        return traceable(true_fun if pred else false_fun)(*operands)
    taken = pred if pred.dtype == BOOL else UFUNCS[np.not_equal](pred, 0)
    return _switch(as_dtype(taken, INT64), [false_fun, true_fun], operands)


def switch(index: Any, branches: Sequence[Callable[..., Any]], operands: Sequence[Any]) -> Any:
    """branches[index](*operands); an index out of range means the first or the last branch."""
    if not branches:
        raise ShapeError("switch without branches", remedy="give at least one function")
    if not isinstance(index, Value):
        if not isinstance(index, (int, np.integer)):
            raise TraceError(
                f"the index of switch is {index!r}, which is no integer", remedy="give an int"
            )
        return traceable(branches[int(np.clip(index, 0, len(branches) - 1))])(*operands)
    if index.shape != () or index.dtype.kind not in "iub":
        raise TraceError(
            f"the index of switch is {index!r}, which is no integer",
            remedy="use np.searchsorted, or x.astype(int)",
        )
    return _switch(as_dtype(index, INT64), branches, operands)


def _switch(index: Value, branches: Sequence[Callable[..., Any]], operands: Sequence[Any]) -> Any:
    builder = current()
    index = lift(builder, index)
    values, structure = lifted(builder, tuple(operands))
    trees = unflatten(structure, values)
    blocks = [block(traceable(f), trees, builder, "x") for f in branches]
    for other in blocks[1:]:
        same_structure(other.structure, blocks[0].structure, "a branch")
    weak = [list(column) for column in zip(*(b.weak for b in blocks), strict=True)]
    columns = zip(*(b.results for b in blocks), strict=True)
    dtypes = [_common(column, w) for column, w in zip(columns, weak, strict=True)]
    shared = captured_by(blocks)
    tapes = tuple(aligned(b, shared, dtypes) for b in blocks)
    args = [index, *values, *shared.values()]
    results = record(builder, control.switch, args, control.Switch(tapes))
    results = [as_weak(x, all(w)) for x, w in zip(results, weak, strict=True)]
    return unflatten(blocks[0].structure, results)


def _common(results: Sequence[Any], weak: Sequence[bool]) -> DType:
    """The dtype of a result of all branches, some of which may return Python numbers."""
    shapes = {x.shape for x in results}
    if len(shapes) != 1:
        raise ShapeError(
            f"branches return arrays of different shapes: {sorted(shapes)}",
            remedy="return arrays of one shape from all branches",
        )
    pairs = zip(results, weak, strict=True)
    return np.dtype(np.result_type(*(x.dtype.type(0).item() if w else x.dtype for x, w in pairs)))


def aligned(b: Block, shared: dict[int, Value], dtypes: list[DType]) -> Tape:
    """A branch as a tape of the operands, then of all that some branch closes over."""
    tape = with_captured(b, shared)
    if all(tape.instrs[i].dtype == t for i, t in zip(tape.outputs, dtypes, strict=True)):
        return tape
    builder = Builder()
    values = [builder.input(f"x{k}", *t) for k, t in enumerate(input_types(tape))]
    results = inline(builder, tape, values)
    return builder.finish([as_dtype(x, t).index for x, t in zip(results, dtypes, strict=True)])


def checkpoint(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """f(*args, **kwargs), of which the return sweep keeps the arguments alone."""
    builder, function = current(), traceable(f)
    values, structure = lifted(builder, (args, kwargs))

    def call(tree: Any) -> Any:
        return function(*tree[0], **tree[1])

    traced = block(call, (unflatten(structure, values),), builder, "x")
    form = control.Block(traced.tape)
    results = record(builder, control.block, [*values, *traced.captured], form)
    results = [as_weak(x, weak) for x, weak in zip(results, traced.weak, strict=True)]
    return unflatten(traced.structure, results)
