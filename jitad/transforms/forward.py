"""Tape -> Tape: forward mode; every value is followed by its tangent.

dv_i = sum_j c_ij dv_j over the elemental partials c_ij (Griewank & Walther, Evaluating
Derivatives, 2nd ed., SIAM 2008, section 3.1).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import Control, DType, Elementwise, Structural
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.control import part, record
from jitad.ops.elementwise import mul
from jitad.ops.partials import Partial, dense, is_active, is_nothing, partial, plus, scale, typed
from jitad.ops.structural import guard
from jitad.transforms.flow import varied_outputs
from jitad.transforms.lost import lost_derivative
from jitad.transforms.origins import at_origins
from jitad.transforms.shield import shield
from jitad.transforms.spectra import with_spectra


def forward(tape: Tape, active: Collection[int]) -> Tape:
    """The tape of values and tangents, with respect to the inputs at positions `active`.

    Inputs: those of `tape`, then the tangents of the active ones. Outputs: those of `tape`, then
    their tangents (zeros in float64 for results that are not of floating point).
    """
    moved = _moved(tape, active)
    return shield(moved, range(len(tape.inputs), len(moved.inputs)), active)


def _moved(tape: Tape, active: Collection[int]) -> Tape:
    tape = at_origins(with_spectra(tape))
    builder = Builder()
    seeded = {tape.inputs[k] for k in active}
    primals: list[int] = []
    tangents: dict[int, Tangent] = {}
    uses = tape.users()
    bundles: dict[int, _Tangents] = {}
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        if isinstance(instr.op, Control):
            args = [tangents.get(j) for j in instr.args]
            bundles[i] = _control(builder, instr, [primals[j] for j in instr.args], args)
            primals.append(-1)
            continue
        if instr.op is part:
            value, dv = bundles[instr.args[0]].part(instr.params[0])
            primals.append(value.index)
            if dv is not None and not is_nothing(dv):
                tangents[i] = Tangent(None, dv)
            continue
        primals.append(builder.copy(instr, tuple([primals[j] for j in instr.args])))
        if i in seeded:
            seed = builder.input(f"d{instr.params[0]}", instr.shape, instr.dtype)
            tangents[i] = Tangent(None, seed)
        elif instr.op is guard and instr.args[0] in tangents:
            raise lost_derivative(instr)
        elif is_active(instr):
            dv = _tangent(builder, instr, primals[i], [tangents.get(j) for j in instr.args])
            if dv is not None:
                # Several readers share one product with the base.
                tangents[i] = dv if uses[i] == 1 else Tangent(None, dv.whole())
    whole = {i: tangents[i].whole() for i in tape.outputs if i in tangents}
    results = [dense(whole.get(i), tape.instrs[i], builder).index for i in tape.outputs]
    inputs = [primals[i] for i in tape.inputs]
    inputs += [tangents[tape.inputs[k]].base.index for k in active]
    return builder.finish([primals[i] for i in tape.outputs] + results, inputs)


class Tangent(NamedTuple):
    """factor * base, where a factor of None is 1.

    Partials along a chain multiply into the factor, so that with many tangents at once they are
    multiplied once and not for each; the base is one of the seeds or a sum that had two bases.
    """

    factor: Value | None
    base: Value

    def whole(self) -> Value:
        """The tangent itself."""
        return self.base if self.factor is None else mul(self.factor, self.base)


def _tangent(
    builder: Builder, instr: Instr, index: int, tangents: Sequence[Tangent | None]
) -> Tangent | None:
    if all(x is None for x in tangents):
        return None
    op = instr.op
    operands = [builder.value(j) for j in builder.instrs[index].args]
    result = builder.value(index)
    if isinstance(op, Elementwise):
        terms = [
            (partial(op, j, operands, result), dx)
            for j, dx in enumerate(tangents)
            if dx is not None
        ]
        return _joined(terms) or _summed(terms, result.dtype)
    assert isinstance(op, Structural) and op.jvp is not None
    whole = [None if dx is None else dx.whole() for dx in tangents]
    moved = op.jvp(operands, result, whole, **instr.named_params)
    return None if moved is None else Tangent(None, moved)


class _Tangents(NamedTuple):
    """The results of a control op, and their tangents."""

    values: Sequence[Value]
    tangents: Sequence[Value | None]

    def part(self, k: int) -> tuple[Value, Value | None]:
        return self.values[k], self.tangents[k]


def _control(
    builder: Builder, instr: Instr, args: Sequence[int], tangents: Sequence[Tangent | None]
) -> _Tangents:
    op, form = instr.op, instr.params[0]
    assert isinstance(op, Control)
    operands = [builder.value(j) for j in args]
    if all(dx is None for dx in tangents):
        values = record(builder, op, operands, form)
        return _Tangents(values, [None] * len(values))
    whole = [None if dx is None else dx.whole() for dx in tangents]
    return _Tangents(*op.forward(form, operands, whole, _moved, varied_outputs))


def _joined(terms: list[tuple[Partial, Tangent]]) -> Tangent | None:
    """The terms as one factor, where they have one base; None where they have not."""
    base = terms[0][1].base
    total: Value | None = None
    for c, dx in terms:
        if dx.base.index != base.index or not isinstance(c, Value) or c.dtype != base.dtype:
            return None
        total = plus(total, c if dx.factor is None else mul(c, dx.factor))
    return Tangent(total, base)


def _summed(terms: list[tuple[Partial, Tangent]], dtype: DType) -> Tangent | None:
    total: Value | None = None
    for c, dx in terms:
        if (
            len(terms) == 1
            and dx.factor is not None
            and (type(c) is int or type(c) is float)
            and c in (1, -1)
            and dx.base.dtype == dtype
        ):
            return Tangent(scale(c, dx.factor), dx.base)
        total = plus(total, typed(scale(c, dx.whole()), dtype))
    return None if total is None else Tangent(None, total)
