"""Tape -> Tape: values with all their tangents, and their Laplacians, in one forward sweep.

A value v of inputs x_1 .. x_n is followed by its gradient, n tangents at once, and by the sum of
its second derivatives. By the chain rule an operation adds to that of its operands, which moves as
a tangent does, its own curvature: the sum over all directions of its second derivative in that
direction. Second derivatives of values that are not in the end result are never formed.

Source: Li et al., A computational framework for neural network-based variational Monte Carlo with
Forward Laplacian, Nature Machine Intelligence 6 (2024); Griewank & Walther, Evaluating Derivatives,
2nd ed., SIAM 2008, chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from jitad.ir.builder import Builder, inline
from jitad.ir.op import Control
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.ops.control import part, record
from jitad.ops.control.parts import alone, type_of
from jitad.ops.partials import dense, is_active, is_nothing, is_zeros, plus
from jitad.transforms.batch import batch
from jitad.transforms.forward import forward
from jitad.transforms.origins import at_origins
from jitad.transforms.spectra import with_spectra


class Curved(NamedTuple):
    """What follows a value: its tangents, along a leading axis of n, and its Laplacian, or None
    where that is 0."""

    tangents: Value
    laplacian: Value | None


def laplacian(tape: Tape, active: Sequence[int]) -> Tape:
    """The tape of values and Laplacians with respect to the inputs at positions `active`.

    Inputs: those of `tape`, then n unit directions of each active one, shape (n, *shape). Outputs:
    those of `tape`, then their Laplacians.
    """
    return _Laplacian(at_origins(with_spectra(tape)), active).tape()


class _Laplacian:
    """One pass over a tape: `new` are its values, `curved` what follows those that depend."""

    def __init__(self, tape: Tape, active: Sequence[int]) -> None:
        self.old, self.active = tape, active
        self.builder = Builder()
        self.new: list[Value | None] = []
        self.curved: dict[int, Curved] = {}
        self.parts: dict[int, tuple[Sequence[Value], Sequence[Curved | None]]] = {}

    def tape(self) -> Tape:
        """The new tape."""
        builder, instrs = self.builder, self.old.instrs
        seeded = [instrs[self.old.inputs[k]] for k in self.active]
        count = sum(math.prod(x.shape) for x in seeded)
        seeds = [builder.input(f"d{k}", (count, *x.shape), x.dtype) for k, x in enumerate(seeded)]
        begun = {self.old.inputs[k]: seed for k, seed in zip(self.active, seeds, strict=True)}
        for i, instr in enumerate(instrs):
            builder.line = instr.line
            self._step(i, instr)
            if i in begun:
                self.curved[i] = Curved(begun[i], None)
        found = [self.curved.get(i) for i in self.old.outputs]
        results = [
            dense(None if x is None else x.laplacian, instrs[i], builder)
            for x, i in zip(found, self.old.outputs, strict=True)
        ]
        values = [self._value(i) for i in self.old.outputs]
        inputs = [self._value(i) for i in self.old.inputs]
        return builder.finish(
            [x.index for x in (*values, *results)], [x.index for x in (*inputs, *seeds)]
        )

    def _value(self, i: int) -> Value:
        found = self.new[i]
        assert found is not None
        return found

    def _step(self, i: int, instr: Instr) -> None:
        if instr.op is part:
            (values, curved), k = self.parts[instr.args[0]], int(instr.params[0])
            self.new.append(values[k])
            after = curved[k]
            if after is not None:
                self.curved[i] = after
            return
        operands = [self._value(j) for j in instr.args]
        moving = [j for j, x in enumerate(instr.args) if x in self.curved]
        values: Sequence[Value]
        curved: Sequence[Curved | None]
        if moving and (isinstance(instr.op, Control) or is_active(instr)):
            values, curved = self._moved(operands, instr, moving)
        elif isinstance(instr.op, Control):
            values = record(self.builder, instr.op, operands, instr.params[0])
            curved = [None] * len(values)
        else:
            copied = self.builder.copy(instr, tuple([x.index for x in operands]))
            values, curved = [self.builder.value(copied)], [None]
        if isinstance(instr.op, Control):
            self.new.append(None)
            self.parts[i] = values, curved
            return
        self.new.append(values[0])
        if curved[0] is not None:
            self.curved[i] = curved[0]

    def _moved(
        self, operands: Sequence[Value], instr: Instr, moving: Sequence[int]
    ) -> tuple[Sequence[Value], Sequence[Curved | None]]:
        """The results of an operation, and what follows them."""
        tape = alone(instr.op, instr.named_params, list(map(type_of, operands)))
        given = [self.curved[instr.args[j]] for j in moving]
        count, size, first = len(tape.outputs), len(operands), len(moving)
        once = forward(tape, moving)
        directions = [x.tangents for x in given]
        total = directions[0].shape[0]
        wide = batch(once, range(size, size + first), total, range(count, 2 * count))
        found = inline(self.builder, wide, [*operands, *directions])
        values, tangents = found[:count], found[count:]
        laplacians = self._curvatures(once, operands, moving, directions)
        if any(x.laplacian is not None for x in given):
            seeds = [_or_zeros(x, operands[j]) for x, j in zip(given, moving, strict=True)]
            carried = inline(self.builder, once, [*operands, *seeds])[count:]
            laplacians = [plus(x, y) for x, y in zip(laplacians, carried, strict=True)]
        curved = [
            Curved(dx, lap) if dx.dtype == x.dtype and not is_nothing(dx) else None
            for x, dx, lap in zip(values, tangents, laplacians, strict=True)
        ]
        return values, curved

    def _curvatures(
        self,
        once: Tape,
        operands: Sequence[Value],
        moving: Sequence[int],
        directions: Sequence[Value],
    ) -> list[Value | None]:
        """The sum over all directions of the second derivative of each result in it.

        `once` takes the operands and a direction of some; what it gives is differentiated again, by
        these operands in the same direction.
        """
        size, first, count = len(operands), len(directions), len(once.outputs) // 2
        twice = forward(once, moving)
        second = twice.outputs[3 * count :]
        curved = [k for k, i in enumerate(second) if not is_zeros(twice.instrs[i])]
        found: list[Value | None] = [None] * count
        if curved:
            tape = Tape(twice.instrs, twice.inputs, tuple([second[k] for k in curved]))
            seeds, total = range(size, size + 2 * first), directions[0].shape[0]
            wide = batch(tape, seeds, total, range(len(curved)))
            rows = inline(self.builder, wide, [*operands, *directions, *directions])
            for k, x in zip(curved, rows, strict=True):
                found[k] = st.reduce_sum(x, axes=(0,))
        return found


def _or_zeros(x: Curved, operand: Value) -> Value:
    zero = operand.builder.const
    return zero(0, operand.shape, operand.dtype) if x.laplacian is None else x.laplacian
