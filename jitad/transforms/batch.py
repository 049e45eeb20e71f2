"""Tape -> Tape: the same program over a new leading axis of some of its inputs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import Control, Elementwise, Structural
from jitad.ir.tape import INPUT, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.ops.control import part
from jitad.ops.control.loop import one_by_one
from jitad.ops.control.parts import OwnPathsError, input_types
from jitad.transforms.flow import depends_outputs


class _Batched(NamedTuple):
    """The results of a control op, and which of them have the axis."""

    values: Sequence[Value]
    wide: Sequence[bool]


def batch(tape: Tape, batched: Collection[int], size: int, outputs: Collection[int]) -> Tape:
    """The tape over `size` copies: inputs at positions `batched` get a leading axis of that length.

    Outputs at positions `outputs` get the axis too; the others must not depend on it. Copies whose
    paths through loops and branches differ run one by one.
    """
    try:
        return _together(tape, batched, size, outputs)
    except OwnPathsError:
        return _one_by_one(tape, batched, size, outputs)


def _one_by_one(tape: Tape, batched: Collection[int], size: int, outputs: Collection[int]) -> Tape:
    """A loop over the copies, each of which takes its own path."""
    builder = Builder()
    inputs: list[Value] = []
    for k, (shape, dtype) in enumerate(input_types(tape)):
        inputs.append(builder.input(f"x{k}", (size, *shape) if k in batched else shape, dtype))
    rows = one_by_one(tape, inputs, [k in batched for k in range(len(inputs))], size)
    first = [st.index(x, slots=(0, *((0, n, 1) for n in x.shape[1:]))) for x in rows]
    results = [x if k in outputs else first[k] for k, x in enumerate(rows)]
    return builder.finish([x.index for x in results], [x.index for x in inputs])


def _together(tape: Tape, batched: Collection[int], size: int, outputs: Collection[int]) -> Tape:
    """One program for all copies."""
    builder = Builder()
    carried = {tape.inputs[k] for k in batched}
    new: list[int] = []
    has_axis: list[bool] = []
    bundles: dict[int, _Batched] = {}
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        flags = [has_axis[j] for j in instr.args]
        args = tuple([new[j] for j in instr.args])
        if instr.op is part and instr.args[0] in bundles:
            bundle, k = bundles[instr.args[0]], int(instr.params[0])
            new.append(bundle.values[k].index)
            has_axis.append(bundle.wide[k])
            continue
        if isinstance(instr.op, Control) and any(flags):
            operands = [builder.value(j) for j in args]
            form = instr.params[0]
            bundles[i] = _Batched(
                *instr.op.batch(form, operands, flags, size, _together, depends_outputs)
            )
            new.append(-1)
            has_axis.append(True)
            continue
        if i in carried:
            wide = instr._replace(shape=(size, *instr.shape))
            new.append(builder.copy(wide, ()))
        elif any(flags):
            new.append(_batched(builder, instr, args, flags, size))
        else:
            new.append(builder.copy(instr, args))
        has_axis.append(i in carried or any(flags))
    results = [new[i] for i in tape.outputs]
    for k, i in enumerate(tape.outputs):
        assert k in outputs or not has_axis[i], f"output {k} depends on the batch axis"
        if k in outputs:
            results[k] = st.spread(builder.value(new[i]), has_axis[i], size).index
    return builder.finish(results, [new[i] for i in tape.inputs])


def _batched(
    builder: Builder, instr: Instr, args: tuple[int, ...], flags: list[bool], size: int
) -> int:
    op = instr.op
    assert op is not INPUT
    operands = [builder.value(j) for j in args]
    if isinstance(op, Elementwise):
        aligned = [st.spread(x, flag, size) for x, flag in zip(operands, flags, strict=True)]
        return op(*aligned, **instr.named_params).index
    assert isinstance(op, Structural) and op.batch is not None
    return op.batch(operands, flags, size, **instr.named_params).index
