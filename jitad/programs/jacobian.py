"""Function -> Plan of its Jacobian: one sweep over all unit directions at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jitad.frontend.pytree import Structure, flatten, unflatten
from jitad.ir.builder import Builder, inline, same_inputs
from jitad.ir.op import FLOAT64
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import ReverseAloneError, Switch, switch
from jitad.passes.cse import cse
from jitad.passes.dce import dce
from jitad.passes.fold import fold
from jitad.passes.narrow import narrow
from jitad.passes.select import ApartError, select
from jitad.programs.call import (
    Argnums,
    Call,
    Function,
    check_field,
    differentiate,
    finish_with,
    seedable,
)
from jitad.runtime.launch import Build
from jitad.runtime.plan import Plan
from jitad.sparse.straight import straight
from jitad.transforms.batch import batch
from jitad.transforms.eliminate import eliminate
from jitad.transforms.forward import forward
from jitad.transforms.reverse import reverse


def jacobian(fun: Function, argnums: Argnums, has_aux: bool, holomorphic: bool, mode: str) -> Build:
    """The Jacobian, or (Jacobian, aux), by `mode`."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call = differentiate(fun, argnums, leaves, structure)
        parts = call.traced.structure.children() if has_aux else [call.traced.structure]
        kept = parts[0].num_leaves
        seedable(call.tape, kept)
        shapes = [call.traced.leaves[k].shape for k in call.active]
        results = [call.tape.instrs[i].shape for i in call.tape.outputs[:kept]]
        chosen = _cheaper(call, kept) if mode == "auto" else mode
        _check_sides(call, kept, chosen, holomorphic)
        remarks: list[str] = []
        if chosen == "eliminate":
            tape = dce(cse(fold(narrow(fold(cse(_without_branches(call.tape)))))))
            tape, remarks = eliminate(tape, call.active, kept)
        else:
            compute = jacobian_forward if chosen == "forward" else _jacobian_reverse
            try:
                tape = compute(call, kept, shapes, results)
            except ReverseAloneError:
                if mode != "auto":
                    raise
                _check_sides(call, kept, "reverse", holomorphic)
                tape = _jacobian_reverse(call, kept, shapes, results)
        block = unflatten(call.selected, [0] * call.selected.num_leaves)
        result: Any = unflatten(parts[0], [block] * kept)
        if has_aux:
            result = (result, unflatten(parts[1], [0] * parts[1].num_leaves))
        plan = call.plan(tape, flatten(result)[1], kept)
        return replace(plan, remarks=tuple(remarks))

    return build


def _results(call: Call, kept: int) -> list[Instr]:
    return [call.tape.instrs[i] for i in call.tape.outputs[:kept]]


def _cheaper(call: Call, kept: int) -> str:
    """The mode that costs less; where one side is complex, the mode that the other side seeds."""
    leaves, results = [call.traced.leaves[k] for k in call.active], _results(call, kept)
    complex_argument, complex_result = (
        any(x.dtype.kind == "c" for x in side) for side in (leaves, results)
    )
    if complex_argument != complex_result:
        return "reverse" if complex_argument else "forward"
    n, m = (sum(math.prod(x.shape) for x in side) for side in (leaves, results))
    return "forward" if n <= 1.5 * m else "reverse"


def _check_sides(call: Call, kept: int, mode: str, holomorphic: bool) -> None:
    """The unit directions of the side that is seeded span real numbers, or all is holomorphic."""
    sides = {
        "forward": ([call.traced.leaves[k].dtype for k in call.active], "an argument"),
        "reverse": ([x.dtype for x in _results(call, kept)], "a result"),
    }
    for name, (dtypes, what) in sides.items():
        if name == mode or holomorphic:
            check_field(dtypes, what, holomorphic)


def _without_branches(tape: Tape) -> Tape:
    """The tape with its short loops written out, and all branches computed, where none can fail."""
    tape = straight(tape)
    if tape.effects or not any(instr.op is switch for instr in tape.instrs):
        return tape
    instrs = [
        instr._replace(params=(Switch(tuple(map(_without_branches, instr.params[0].branches))),))
        if instr.op is switch
        else instr
        for instr in tape.instrs
    ]
    try:
        chosen = select(
            Tape(tuple(instrs), tape.inputs, tape.outputs), [None] * len(tape.inputs), ()
        )
    except ApartError:  # a branch has a loop in it
        return tape
    return Tape(chosen.instrs, chosen.inputs, chosen.outputs[:-1])


def one_hot(builder: Builder, shapes: Sequence[Any], dtypes: Sequence[Any]) -> list[Value]:
    """The unit vectors of a space of several arrays, split among them: each (N, *shape)."""
    sizes = [math.prod(shape) for shape in shapes]
    total, seeds, start = sum(sizes), [], 0
    anchor = builder.const(0, (), FLOAT64)
    for size, shape, dtype in zip(sizes, shapes, dtypes, strict=True):
        row = st.iota_on(anchor, (total, size), 0)
        column = ew.add(st.iota_on(anchor, (total, size), 1), start)
        unit = ew.cast(ew.eq(row, column), dtype=dtype)
        seeds.append(st.reshape(unit, shape=(total, *shape)))
        start += size
    return seeds


def lanes(call: Call, shapes: Sequence[Any]) -> tuple[Builder, list[Value]]:
    """A function's results, then their tangents along all unit directions of its arguments."""
    total = sum(math.prod(shape) for shape in shapes)
    tape = forward(call.tape, call.active)
    first, count = len(call.tape.inputs), len(call.tape.outputs)
    tape = batch(tape, range(first, len(tape.inputs)), total, range(count, 2 * count))
    builder, inputs = same_inputs(tape, first)
    dtypes = [call.traced.leaves[k].dtype for k in call.active]
    return builder, inline(builder, tape, [*inputs, *one_hot(builder, shapes, dtypes)])


def jacobian_forward(call: Call, kept: int, shapes: Sequence[Any], results: Sequence[Any]) -> Tape:
    """The Jacobians of the first results, then the other results."""
    count = len(call.tape.outputs)
    builder, outputs = lanes(call, shapes)
    tangents = range(count, count + kept)
    blocks: list[Value] = []
    for k, result in zip(tangents, results, strict=True):
        start = 0
        for shape in shapes:
            size = math.prod(shape)
            slots = ((start, size, 1), *((0, n, 1) for n in result))
            rows = st.index(outputs[k], slots=slots)
            turned = st.transpose(rows, perm=(*range(1, len(result) + 1), 0))
            blocks.append(st.reshape(turned, shape=(*result, *shape)))
            start += size
    return finish_with(builder, [*blocks, *outputs[kept:count]])


def _jacobian_reverse(call: Call, kept: int, shapes: list[Any], results: list[Any]) -> Tape:
    total = sum(math.prod(shape) for shape in results)
    tape = reverse(call.tape, call.active, range(kept))
    first, count = len(call.tape.inputs), len(call.tape.outputs)
    adjoints = range(count, len(tape.outputs))
    tape = batch(tape, range(first, len(tape.inputs)), total, adjoints)
    builder, inputs = same_inputs(tape, first)
    dtypes = [call.tape.instrs[i].dtype for i in call.tape.outputs[:kept]]
    outputs = inline(builder, tape, [*inputs, *one_hot(builder, results, dtypes)])
    blocks: list[Value] = []
    start = 0
    for result in results:
        size = math.prod(result)
        for k, shape in zip(adjoints, shapes, strict=True):
            slots = ((start, size, 1), *((0, n, 1) for n in shape))
            blocks.append(st.reshape(st.index(outputs[k], slots=slots), shape=(*result, *shape)))
        start += size
    return finish_with(builder, [*blocks, *outputs[kept:count]])
