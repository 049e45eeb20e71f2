"""Loop -> loop: an array of few elements that its turns carry becomes as many numbers.

Numbers are carried in registers, arrays in memory: of a state of three numbers, x, y and z, each
turn would wait for what the turn before has stored.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from jitad.ir.builder import Builder
from jitad.ir.op import Shape
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.ops.control import Loop
from jitad.passes.dce import dce
from jitad.passes.own_outputs import own_outputs

FEW = 16
"""Numbers that are carried in the place of arrays: there are as many registers, or twice."""


def split_carries(form: Loop, operands: Sequence[Value]) -> tuple[Loop, list[Value], list[Shape]]:
    """The loop, whose body and condition are optimised, on single numbers; its operands, and the
    shapes of its carries as they were, () for each that is as before or a number."""
    chosen = _chosen(form)
    shapes = [
        form.body.instrs[i].shape if k in chosen else ()
        for k, i in enumerate(form.body.outputs[: form.carries])
    ]
    if not chosen:
        return form, list(operands), shapes
    first = form.consts
    body = _split(form.body, {1 + first + k for k in chosen}, chosen)
    condition = form.condition
    if condition is not None:
        condition = _split(condition, {first + k for k in chosen}, ())
    apart: list[Value] = []
    for k, x in enumerate(operands):
        apart += _elements(x) if k - first in chosen else [x]
    carries = sum(math.prod(shape) for shape in shapes)
    return replace(form, body=body, condition=condition, carries=carries), apart, shapes


def joined(results: Sequence[Value], shapes: Sequence[Shape]) -> list[Value]:
    """The results of the loop as they were before its carries were split."""
    rest = iter(results)
    found = [
        st.pack(*(next(rest) for _ in range(math.prod(shape))), shape=shape)
        if shape
        else next(rest)
        for shape in shapes
    ]
    return [*found, *rest]


def _chosen(form: Loop) -> set[int]:
    """The carries that the body makes of numbers, and that are read as numbers only."""
    body, first = form.body, 1 + form.consts
    whole = _whole(body)
    asked = set[int]() if form.condition is None else {k + 1 for k in _whole(form.condition)}
    found: set[int] = set()
    total = 0
    for k in range(form.carries):
        after = body.instrs[body.outputs[k]]
        size = math.prod(after.shape)
        if after.op is st.pack and first + k not in whole and first + k not in asked:
            total += size
            if total <= FEW:
                found.add(k)
    return found


def _whole(tape: Tape) -> set[int]:
    """The positions of the inputs of which more than single elements are read."""
    read = set(tape.outputs)
    for instr in tape.instrs:
        if instr.op is not st.index or instr.shape:
            read.update(instr.args)
    return {k for k, i in enumerate(tape.inputs) if i in read}


def _split(tape: Tape, inputs: Collection[int], outputs: Collection[int]) -> Tape:
    """The tape with the elements of inputs and outputs at these positions in the place of them."""
    builder = Builder()
    apart = {tape.inputs[k] for k in inputs}
    elements: dict[int, dict[tuple[int, ...], int]] = {}
    new: list[int] = []
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        if i in apart:
            name = instr.params[0]
            elements[i] = {
                place: builder.input(f"{name}_{n}", (), instr.dtype).index
                for n, place in enumerate(st.every_place(instr.shape))
            }
            new.append(-1)
        elif instr.args and instr.args[0] in elements:
            new.append(elements[instr.args[0]][instr.params[0]])
        else:
            new.append(builder.copy(instr, tuple([new[j] for j in instr.args])))
    places: list[int] = []
    for i in tape.inputs:
        places += elements[i].values() if i in apart else [new[i]]
    results: list[int] = []
    for k, i in enumerate(tape.outputs):
        results += [new[j] for j in tape.instrs[i].args] if k in outputs else [new[i]]
    return own_outputs(dce(builder.finish(results, places)))


def _elements(x: Value) -> list[Value]:
    return [st.index(x, slots=place) for place in st.every_place(x.shape)]
