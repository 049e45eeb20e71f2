"""Blocks of the sides of a branch, and what each is to leave -> one switch."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.storage import Storage
from jitad.functions.control.blocks import Block, as_weak, captured_by
from jitad.functions.control.branches import aligned
from jitad.functions.program.buffers import padded
from jitad.functions.program.data import Kind, current
from jitad.functions.program.forms import Renamed, renamed
from jitad.ir.builder import extend
from jitad.ir.value import UFUNCS, Value
from jitad.ops import control
from jitad.ops.control.parts import record
from jitad.ops.control.switch import only_where


def switched(
    index: Value, sides: list[Block], kinds: list[Kind], columns: list[list[Any]]
) -> list[Value]:
    """Record the switch whose results are of these kinds."""
    builder = current()
    if not kinds:
        for k, side in enumerate(sides):  # which raises an exception, perhaps
            if side.tape.effects:
                captured = [lift(builder, x) for x in side.captured]
                only_where(UFUNCS[np.equal](index, k), side.tape, captured)
        return []
    blocks = [_completed(side, column, kinds)
              for side, column in zip(sides, columns, strict=True)]  # fmt: skip
    shared, dtypes = captured_by(blocks), [k.dtype for k in kinds]
    tapes = tuple(aligned(b, shared, dtypes) for b in blocks)
    results = record(builder, control.switch, [index, *shared.values()], control.Switch(tapes))
    return [as_weak(x, k.weak) for x, k in zip(results, kinds, strict=True)]


def _completed(b: Block, column: list[Any], kinds: list[Kind]) -> Block:
    """A side with these outputs: of its own by number, values from around, zeros for None."""
    builder, captured = extend(b.tape), list(b.captured)
    first = len(b.tape.inputs) - len(captured)
    outputs: list[int] = []
    for x, wanted in zip(column, kinds, strict=True):
        if x is None:
            value = builder.const(0, wanted.shape, wanted.dtype)
        elif isinstance(x, Renamed):
            value = renamed(builder.value(b.tape.outputs[x.item]), x.table)
        elif isinstance(x, int):
            value = builder.value(b.tape.outputs[x])
        else:
            x = lift(current(), x)
            known = [y.index for y in captured]
            if x.index not in known:
                captured.append(x)
                builder.input(f"c{len(captured)}", x.shape, x.dtype)
                known.append(x.index)
            value = builder.value(builder.inputs[first + known.index(x.index)])
        if value.shape != wanted.shape:  # of a buffer
            value = padded(value, wanted.shape[0])
        outputs.append(as_dtype(value, wanted.dtype).index)
    tape = builder.finish(outputs)
    return Block(tape, captured, b.structure, [k.weak for k in kinds])


def write(storage: Storage, contents: Value) -> None:
    """What a control op has made of an array."""
    if storage.builder is not current():
        current().region.adopt(storage)
    storage.become(contents)
