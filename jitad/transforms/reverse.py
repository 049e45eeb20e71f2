"""Tape -> Tape: reverse mode; after the values a return sweep that accumulates their adjoints.

v_bar_j += v_bar_i c_ij, from the last instruction to the first (Griewank & Walther, Evaluating
Derivatives, 2nd ed., SIAM 2008, section 3.2).
"""

from __future__ import annotations

from collections.abc import Collection

from jitad.ir.builder import Builder, extend
from jitad.ir.op import Elementwise, Structural
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.elementwise import add
from jitad.transforms.linear import dense, partial, scale, typed


def reverse(tape: Tape, active: Collection[int], seeds: Collection[int]) -> Tape:
    """The tape of values and of the adjoints of the inputs at positions `active`.

    Inputs: those of `tape`, then the adjoints of the outputs at positions `seeds`. Outputs: those
    of `tape`, then the adjoints of the active inputs.
    """
    builder = extend(tape)
    varied = _varied(tape, active)
    adjoints: dict[int, Value] = {}
    for k in seeds:
        i = tape.outputs[k]
        seed = builder.input(f"y{k}_bar", tape.instrs[i].shape, tape.instrs[i].dtype)
        if varied[i]:
            _add(adjoints, i, seed)
    for i in range(len(tape.instrs) - 1, -1, -1):
        instr = tape.instrs[i]
        if i in adjoints and instr.args and varied[i]:
            builder.line = instr.line
            _pull(builder, instr, i, adjoints.pop(i), adjoints, varied)
    results = [
        dense(adjoints.get(i), tape.instrs[i], builder).index
        for i in (tape.inputs[k] for k in active)
    ]
    return builder.finish([*tape.outputs, *results])


def _varied(tape: Tape, active: Collection[int]) -> list[bool]:
    """Which values of floating point depend on the active inputs."""
    varied = [False] * len(tape.instrs)
    for k in active:
        varied[tape.inputs[k]] = True
    for i, instr in enumerate(tape.instrs):
        if instr.args and instr.dtype.kind == "f":
            for j in instr.args:
                if varied[j]:
                    varied[i] = True
                    break
    return varied


def _pull(
    builder: Builder,
    instr: Instr,
    index: int,
    v_bar: Value,
    adjoints: dict[int, Value],
    varied: list[bool],
) -> None:
    """Add to the adjoints of an instruction's operands their shares of its adjoint."""
    op = instr.op
    operands = [builder.value(j) for j in instr.args]
    result = builder.value(index)
    if isinstance(op, Structural) and op.accumulate is not None:
        j = instr.args[0]
        if varied[j]:
            total = adjoints.get(j)
            adjoints[j] = op.accumulate(total, v_bar, *operands, **instr.named_params)
        return
    for k, j in enumerate(instr.args):
        if not varied[j]:
            continue
        if isinstance(op, Elementwise):
            share = typed(scale(partial(op, k, operands, result), v_bar), operands[k].dtype)
        else:
            assert isinstance(op, Structural) and op.pullback is not None
            share = op.pullback(k, operands, result, v_bar, **instr.named_params)
        if share is not None:
            _add(adjoints, j, share)


def _add(adjoints: dict[int, Value], j: int, share: Value) -> None:
    known = adjoints.get(j)
    adjoints[j] = share if known is None else add(known, share)
