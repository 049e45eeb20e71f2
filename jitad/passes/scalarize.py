"""Tape -> Tape: a program over short vectors becomes one over scalars, the v_i of the textbooks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import Elementwise, Op, Structural
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.ops.contraction import contract, labels
from jitad.ops.elementwise import add
from jitad.ops.linalg.spectral_functions import governed

SMALL = 400
"""A tape of at most that many scalar operations is scalarised whatever it is made of."""

Objects = Any
"""An object array of values."""

_MOVES = (st.broadcast, st.reshape, st.transpose, st.index, st.concatenate)
_ALWAYS = (INPUT, CONST, st.pack, st.iota, *st.INDEXED)
_MAX_MOVES = 200_000
_FEW = 16


def scalarize(tape: Tape) -> Tape:
    """The tape over scalars, where that is small enough to be straight-line code."""
    return spell_out(tape) if _is_small(tape) else tape


def _is_small(tape: Tape) -> bool:
    scalars = operations = moves = 0
    outputs = set(tape.outputs)
    for i, instr in enumerate(tape.instrs):
        size = math.prod(instr.shape)
        if not can_spell_out(tape, instr):
            return False
        if instr.op in (INPUT, CONST):
            moves += size
            operations += size if i in outputs else 0
        elif isinstance(instr.op, Elementwise):
            scalars += size == 1
            operations += size
        elif instr.op in (*_MOVES, st.pack, st.iota):
            moves += size
            # What is only moved costs nothing, unless it is a result: then each element is stored.
            operations += size if i in outputs and instr.op is not st.pack else 0
        elif instr.op in st.INDEXED:
            count = math.prod(tape.instrs[instr.args[1]].shape)
            scalars += 1
            operations += size if i in outputs and count > 1 else count
            moves += size
        elif instr.op is contract:
            a, b, _ = labels(instr.params[0])
            shapes = [tape.instrs[j].shape for j in instr.args]
            operations += 2 * math.prod(
                dict(zip(a + b, shapes[0] + shapes[1], strict=True)).values()
            )
        else:
            operations += math.prod(tape.instrs[instr.args[0]].shape)
    return operations <= SMALL + 1.2 * scalars and moves <= _MAX_MOVES


def can_spell_out(tape: Tape, instr: Instr) -> bool:
    """Whether an instruction can be spelt out in scalars."""
    op = instr.op
    if 0 in instr.shape or any(0 in tape.instrs[j].shape for j in instr.args):
        return False
    if isinstance(op, Elementwise) or op is governed or op in _ALWAYS:
        return True
    if op is st.guard:
        return math.prod(tape.instrs[instr.args[0]].shape) == 1
    return isinstance(op, Structural) and (op in _MOVES or op.scalars is not None)


def spell_out(tape: Tape) -> Tape:
    """Every array as its elements; inputs are taken apart, results packed."""
    builder = Builder()
    uses = tape.users()
    # A scalar is the index of its instruction, an array an object array of values.
    spelt: list[int | Objects] = []
    inputs: dict[int, int] = {}
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        operands = [spelt[j] for j in instr.args]
        if instr.op is INPUT:
            inputs[i] = builder.copy(instr, ())
            # Nobody asks for the elements of what is not read: a condition has its loop's consts.
            whole = instr.shape == () or not uses[i]
            spelt.append(inputs[i] if whole else _elements(builder.value(inputs[i])))
        elif instr.shape == () and all(type(x) is int for x in operands):
            spelt.append(builder.copy(instr, tuple(operands)))  # type: ignore[arg-type]  # all are ints
        else:
            arrays = [_as_array(builder, x) for x in operands]
            result = _scalars(builder, instr, arrays)
            spelt.append(result[()].index if result.shape == () else result)
    outputs = [
        inputs[i] if _stays_whole(tape.instrs[i]) else _packed(_as_array(builder, spelt[i])).index
        for i in tape.outputs
    ]
    return builder.finish(outputs, [inputs[i] for i in tape.inputs])


def _stays_whole(instr: Instr) -> bool:
    """Whether a result is an input of more than a few elements, which may stay where it is."""
    return instr.op is INPUT and math.prod(instr.shape) > _FEW


def _as_array(builder: Builder, x: int | Objects) -> Objects:
    return x if not isinstance(x, int) else _objects([builder.value(x)], ())


def _objects(items: list[Any], shape: tuple[int, ...]) -> Objects:
    array: Any = np.empty(len(items), dtype=object)
    for k, item in enumerate(items):
        array[k] = item
    return array.reshape(shape)


def _elements(x: Value) -> Objects:
    return _objects([st.index(x, slots=place) for place in st.every_place(x.shape)], x.shape)


def _scalars(builder: Builder, instr: Instr, operands: list[Objects]) -> Objects:
    op, params = instr.op, instr.named_params
    if op is CONST:
        number = builder.const(params["value"], (), instr.dtype)
        return _objects([number] * math.prod(instr.shape), instr.shape)
    if isinstance(op, Elementwise) or op is governed:
        rows = zip(*(x.ravel() for x in operands), strict=True)
        return _objects([op(*row, **params) for row in rows], instr.shape)
    if op is st.iota:
        places = st.every_place(instr.shape)
        axis = params["axis"]
        numbers = [builder.const(place[axis], (), instr.dtype) for place in places]
        return _objects(numbers, instr.shape)
    if op is st.pack:
        return _objects([x[()] for x in operands], instr.shape)
    if op in st.INDEXED:
        return _update(op, *operands, slots=params["slots"])
    if op is st.guard:
        return _objects([st.guard(operands[0].ravel()[0], **params)], ())
    if op in _MOVES:
        return np.asarray(op.evaluate(*operands, **params), dtype=object)
    assert isinstance(op, Structural) and op.scalars is not None
    return np.asarray(op.scalars(*operands, **params), dtype=object)


def _update(op: Op, x: Objects, u: Objects, slots: tuple[st.Slot, ...]) -> Objects:
    result = x.copy()
    for place in st.every_place(u.shape):
        at = tuple(st.map_slots(place, slots))
        result[at] = add(result[at], u[place]) if op is st.index_add else u[place]
    return result


def _packed(array: Objects) -> Value:
    if array.shape == ():
        return array[()]
    return st.pack(*array.ravel(), shape=array.shape)
