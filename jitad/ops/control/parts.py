"""What control ops share: taking results out of a token, and tapes with other inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import BOOL, Control, DType, Op, Shape, Structural
from jitad.ir.tape import INPUT, Instr, Tape, has_effect
from jitad.ir.value import Value
from jitad.ops.contraction import contract
from jitad.ops.elementwise import where
from jitad.ops.gathers import gather, gather_final, scatter_add, scatter_set
from jitad.ops.views import broadcast, reshape

Flow = Callable[[Tape, Sequence[bool]], list[bool]]
"""Which outputs of a tape depend on the inputs that are flagged."""

part = Structural(
    "part",
    ("k", "shape", "dtype"),
    infer=lambda token, k, shape, dtype: (shape, dtype),
    evaluate=lambda token, k, shape, dtype: token[k],
)
"""Result k of a control op; the transforms treat it together with that op."""


class OwnPathsError(Exception):
    """Copies of a control op cannot run together: they differ in the path that they take, and what
    one does on its path, another must not do. `batch` then makes a loop over the copies."""


class Transforms(NamedTuple):
    """What a rule for reverse mode does to sub-tapes; `fixed` says of each operand of the op
    whether the sweep has it as it is, in whichever turn."""

    reverse: Callable[..., Tape]
    split: Callable[..., tuple[Tape, Tape]]
    varied: Flow
    depends: Flow
    fixed: Sequence[bool]


class Simplified(NamedTuple):
    """A control op in its simplest form: its operands, results that need none, and the old numbers
    of those that it has."""

    form: Any
    operands: list[Value]
    known: dict[int, Value]
    numbers: list[int]


def token(*operands: Any, form: Any) -> tuple[Shape, DType]:
    """The type of a control instruction itself, which has no value of its own."""
    return (), BOOL


def record(builder: Builder, op: Control, operands: Sequence[Value], form: Any) -> list[Value]:
    """Record a control op; all its results."""
    types = op.results(form, *operands)
    made = builder.apply(op, operands, {"form": form})
    return [part(made, k=k, shape=shape, dtype=dtype) for k, (shape, dtype) in enumerate(types)]


def alone(op: Op, params: dict[str, Any], types: Sequence[tuple[Shape, DType]]) -> Tape:
    """An op by itself, as a tape of its operands; of a control op all results."""
    builder = Builder()
    inputs = [builder.input(f"x{k}", *kind) for k, kind in enumerate(types)]
    if isinstance(op, Control):
        return builder.finish([x.index for x in record(builder, op, inputs, **params)])
    return builder.finish([builder.apply(op, inputs, params).index])


Rule = Callable[[Builder, int, Instr], "int | Mapping[int, Value] | None"]
"""What stands in an instruction's place on a new tape; of a control op its results by number."""


def rewritten(tape: Tape, rule: Rule, new: list[int] | None = None) -> Tape:
    """The tape with what a rule records in an instruction's place, where it gives that.

    The rule is given the instruction's number, and the instruction with operands of the new tape;
    `new` is filled with where the old instructions are on the new tape.
    """
    builder, new = Builder(), [] if new is None else new
    bundles: dict[int, Mapping[int, Value]] = {}
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        if instr.op is part and instr.args[0] in bundles:
            new.append(bundles[instr.args[0]][instr.params[0]].index)
            continue
        moved = instr.with_args(tuple([new[j] for j in instr.args]))
        made = rule(builder, i, moved)
        if made is None:
            made = builder.copy(moved, moved.args)
        elif not isinstance(made, int):
            bundles[i], made = made, -1
        new.append(made)
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


LOOKS_UP = (gather, gather_final, scatter_add, scatter_set)
"""What refuses places out of bounds."""


def can_fail(instr: Instr) -> bool:
    """Whether an instruction may refuse its operands, or holds such a one.

    It then must not run where the program does not: for a side not taken, for a turn that is none.
    """
    op = instr.op
    if isinstance(op, Control):
        return any(can_fail(x) for tape in op.tapes(instr.params[0]) for x in tape.instrs)
    if not isinstance(op, Structural):
        return False
    return op.effect or op in LOOKS_UP or (op.library is not None and op is not contract)


def is_harmless(tape: Tape) -> bool:
    """Whether a tape may run for a copy that does not take it: it refuses nothing, and ends."""
    return not any(can_fail(instr) or may_not_end(instr) for instr in tape.instrs)


def may_not_end(instr: Instr) -> bool:
    """Whether an instruction is a loop whose turns are not known, or holds such a one."""
    if not isinstance(instr.op, Control):
        return False
    form = instr.params[0]
    inner = any(may_not_end(x) for tape in instr.op.tapes(form) for x in tape.instrs)
    return inner or getattr(form, "count", 0) is None


def where_first(condition: Value, x: Value, y: Value) -> Value:
    """x or y by a condition on their first axis."""
    aligned = reshape(condition, shape=(*condition.shape, *(1,) * (len(x.shape) - 1)))
    return where(broadcast(aligned, shape=x.shape), x, y)


def type_of(x: Instr | Value) -> tuple[Shape, DType]:
    """Shape and dtype."""
    return x.shape, x.dtype


def output_types(tape: Tape) -> list[tuple[Shape, DType]]:
    """The types of a tape's outputs."""
    return [type_of(tape.instrs[i]) for i in tape.outputs]


def input_types(tape: Tape) -> list[tuple[Shape, DType]]:
    """The types of a tape's inputs."""
    return [type_of(tape.instrs[i]) for i in tape.inputs]


def rewired(
    tape: Tape, inputs: Sequence[int | tuple[Shape, DType]], outputs: Sequence[int]
) -> Tape:
    """The tape with its inputs in another order, and new ones that it does not read.

    `inputs` are positions among the old inputs, each once, or types of new ones; `outputs` are
    positions among the old outputs.
    """
    instrs = list(tape.instrs)
    places: list[int] = []
    for x in inputs:
        if isinstance(x, int):
            places.append(tape.inputs[x])
        else:
            shape, dtype = x
            places.append(len(instrs))
            instrs.append(Instr(INPUT, (), (f"u{len(instrs)}",), shape, dtype, None))
    return Tape(tuple(instrs), tuple(places), tuple(tape.outputs[k] for k in outputs))


def without_inputs(tape: Tape, inputs: Sequence[int], outputs: Sequence[int]) -> Tape:
    """The tape with only these of its inputs, the others not being read."""
    return reduced(tape, inputs, outputs, tape.live([tape.outputs[k] for k in outputs]))


def only(tape: Tape, outputs: Sequence[int]) -> Tape:
    """What computes these outputs, of the same inputs, and no guard beside it or within it."""
    needed = tape.needed([tape.outputs[k] for k in outputs])
    found = reduced(tape, range(len(tape.inputs)), outputs, needed)
    return Tape(tuple(map(_unguarded, found.instrs)), found.inputs, found.outputs)


def _unguarded(instr: Instr) -> Instr:
    op = instr.op
    if not isinstance(op, Control) or not has_effect(instr):
        return instr
    tapes = [only(tape, range(len(tape.outputs))) for tape in op.tapes(instr.params[0])]
    return instr._replace(params=(op.with_tapes(instr.params[0], tapes), *instr.params[1:]))


def reduced(tape: Tape, inputs: Sequence[int], outputs: Sequence[int], live: list[bool]) -> Tape:
    """The tape of these inputs and outputs, with no instruction that is not live."""
    results = [tape.outputs[k] for k in outputs]
    places = [tape.inputs[k] for k in inputs]
    for i in places:
        live[i] = True
    new: dict[int, int] = {}
    instrs: list[Instr] = []
    for i, instr in enumerate(tape.instrs):
        if live[i]:
            new[i] = len(instrs)
            instrs.append(instr._replace(args=tuple([new[j] for j in instr.args])))
    return Tape(tuple(instrs), tuple(new[i] for i in places), tuple(new[i] for i in results))


def chosen(items: Sequence[Any], flags: Sequence[bool]) -> list[Any]:
    """The items that are flagged."""
    return [x for x, flag in zip(items, flags, strict=True) if flag]


def spread_out(items: Sequence[Any], flags: Sequence[bool]) -> list[Any]:
    """The items, in order, at the places that are flagged; None elsewhere."""
    rest = iter(items)
    return [next(rest) if flag else None for flag in flags]


def places(flags: Sequence[bool], start: int = 0) -> list[int]:
    """The places that are flagged, counted from `start`."""
    return [start + k for k, flag in enumerate(flags) if flag]
