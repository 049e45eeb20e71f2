"""Tape -> Tape: forward mode; every value is followed by its tangent.

dv_i = sum_j c_ij dv_j over the elemental partials c_ij (Griewank & Walther, Evaluating
Derivatives, 2nd ed., SIAM 2008, section 3.1).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jitad.ir.builder import Builder
from jitad.ir.op import Elementwise, Structural
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.transforms.linear import dense, is_float, partial, plus, scale, typed


def forward(tape: Tape, active: Collection[int]) -> Tape:
    """The tape of values and tangents, with respect to the inputs at positions `active`.

    Inputs: those of `tape`, then the tangents of the active ones. Outputs: those of `tape`, then
    their tangents (zeros in float64 for results that are not of floating point).
    """
    builder = Builder()
    seeded = {tape.inputs[k] for k in active}
    primals: list[int] = []
    tangents: dict[int, Value] = {}
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        primals.append(builder.copy(instr, tuple([primals[j] for j in instr.args])))
        if i in seeded:
            tangents[i] = builder.input(f"d{instr.params[0]}", instr.shape, instr.dtype)
        elif is_float(instr):
            dv = _tangent(builder, instr, primals[i], [tangents.get(j) for j in instr.args])
            if dv is not None:
                tangents[i] = dv
    results = [dense(tangents.get(i), tape.instrs[i], builder).index for i in tape.outputs]
    inputs = [primals[i] for i in tape.inputs]
    inputs += [tangents[tape.inputs[k]].index for k in active]
    return builder.finish([primals[i] for i in tape.outputs] + results, inputs)


def _tangent(
    builder: Builder, instr: Instr, index: int, tangents: Sequence[Value | None]
) -> Value | None:
    if all(x is None for x in tangents):
        return None
    op = instr.op
    operands = [builder.value(j) for j in builder.instrs[index].args]
    result = builder.value(index)
    if isinstance(op, Elementwise):
        total = None
        for j, dx in enumerate(tangents):
            if dx is not None:
                term = scale(partial(op, j, operands, result), dx)
                total = plus(total, typed(term, result.dtype))
        return total
    assert isinstance(op, Structural) and op.jvp is not None
    return op.jvp(operands, result, tangents, **instr.named_params)
