"""Tape -> Elementary: the program in the textbooks' form, spelt out in scalars where it is short.

The inputs are v_{1-n} .. v_0, the elemental operations v_1 .. v_l (Griewank & Walther, Evaluating
Derivatives, 2nd ed., SIAM 2008, section 2.2). What depends on no argument has no name: it stands
as a number in the expressions, or, if it is a long array, under the name of its input.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.errors import TraceError
from jitad.ir.op import Structural
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops import structural as st
from jitad.passes.cse import cse
from jitad.passes.scalarize import scalarize
from jitad.report.expression import Term, applied, number

Array = np.ndarray[Any, Any]

MAX_ENDS = 200
"""Arguments and results of more elements than that are not taken apart."""


@dataclass(frozen=True, eq=False)
class Elementary:
    """A program whose inputs are the arguments' elements (or arrays), at given values.

    `arrays` are the values of the tape's inputs, the first `count` of which are arguments, called
    `labels`. `names` maps the instructions that have a place in the evaluation trace to their
    names there. `is_split` says that arguments and results have been taken apart into scalars.
    """

    tape: Tape
    arrays: tuple[Array, ...]
    labels: tuple[str, ...]
    names: dict[int, str]
    is_split: bool

    @property
    def count(self) -> int:
        """How many of the inputs are arguments."""
        return len(self.labels)

    def term(self, i: int) -> Term:
        """Instruction i as an operand: by its name, or a number, or what it is made from."""
        instr = self.tape.instrs[i]
        if i in self.names:
            return Term(self.names[i])
        if instr.op is INPUT:
            return Term(instr.params[0])
        return number(instr.params[0]) if instr.op is CONST else self.right_side(i)

    def right_side(self, i: int) -> Term:
        """The operation of instruction i on its operands."""
        instr = self.tape.instrs[i]
        return applied(instr, [self.term(j) for j in instr.args])

    def split(self, arrays: Sequence[Any]) -> list[Array]:
        """Values for all arguments (or results), as this program takes them."""
        if not self.is_split:
            return [np.asarray(x) for x in arrays]
        return [element for x in arrays for element in np.ravel(x)]


def elementary(
    tape: Tape, arguments: Sequence[Any], captured: Sequence[Any], labels: Sequence[str]
) -> Elementary:
    """The program in elementary form; `labels` are the arguments' names."""
    if any(instr.dtype.kind == "c" for instr in tape.instrs):
        raise TraceError(
            "the evaluation trace of a program with complex numbers",
            remedy="trace a function of its real and imaginary parts",
        )
    ends = [*tape.inputs[: len(labels)], *tape.outputs]
    is_long = sum(math.prod(tape.instrs[i].shape) for i in ends) > MAX_ENDS
    spelt = tape if is_long else scalarize(tape)
    if spelt is tape:
        program, arrays = tape, [np.asarray(x) for x in (*arguments, *captured)]
        return Elementary(
            program, tuple(arrays), tuple(labels), _names(program, len(labels)), False
        )
    program = cse(_split(spelt, len(arguments), captured))
    arrays = [element for x in arguments for element in np.ravel(x)]
    places = [
        label + (f"[{', '.join(map(str, place))}]" if place else "")
        for label, x in zip(labels, arguments, strict=True)
        for place in np.ndindex(np.shape(x))
    ]
    return Elementary(program, tuple(arrays), tuple(places), _names(program, len(places)), True)


def _split(tape: Tape, count: int, captured: Sequence[Any]) -> Tape:
    """A spelt-out tape with scalar inputs and results, captured elements as constants."""
    builder = Builder()
    new: dict[int, int] = {}
    elements: dict[tuple[int, Any], int] = {}
    for k, i in enumerate(tape.inputs):
        instr = tape.instrs[i]
        for place in np.ndindex(instr.shape):
            if k < count:
                value = builder.input(instr.params[0], (), instr.dtype)
            else:
                value = builder.const(np.asarray(captured[k - count])[place], (), instr.dtype)
            elements[i, place] = value.index
        if instr.shape == ():
            new[i] = elements[i, ()]
    for i, instr in enumerate(tape.instrs):
        if instr.op is INPUT or instr.op is st.pack:
            continue
        if instr.op is st.index:
            new[i] = elements[instr.args[0], instr.params[0]]
        else:
            new[i] = _folded(builder, instr, tuple([new[j] for j in instr.args]))
    outputs: list[int] = []
    for i in tape.outputs:
        packed = tape.instrs[i].op is st.pack
        outputs += [new[j] for j in (tape.instrs[i].args if packed else (i,))]
    return builder.finish(outputs)


def _folded(builder: Builder, instr: Instr, args: tuple[int, ...]) -> int:
    """The instruction, or the constant that it computes from constants alone."""
    operands = [builder.instrs[j] for j in args]
    if not args or any(x.op is not CONST for x in operands):
        return builder.copy(instr, args)
    scalars = [np.asarray(x.params[0], x.dtype) for x in operands]
    with np.errstate(all="ignore"):
        result = instr.op.evaluate(*scalars, **instr.named_params)
    return builder.const(np.asarray(result)[()], instr.shape, instr.dtype).index


def _names(tape: Tape, count: int) -> dict[int, str]:
    """v_{1-n} .. v_0 for the arguments, v_1 .. for the operations."""
    names = {i: f"v{k - count + 1}" for k, i in enumerate(tape.inputs[:count])}
    step = 0
    for i, instr in enumerate(tape.instrs):
        has_effect = isinstance(instr.op, Structural) and instr.op.effect
        if instr.op is not INPUT and instr.op is not CONST and not has_effect:
            step += 1
            names[i] = f"v{step}"
    return names
