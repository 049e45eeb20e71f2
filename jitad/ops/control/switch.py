"""The switch: of several sub-tapes on the same operands, the one that an integer names is run.

The integer is operand 0; where it is out of range the first or the last branch is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jitad.ir.builder import Builder, evaluate, inline
from jitad.ir.op import INT64, Control, DType, Pulled, Shape
from jitad.ir.tape import CONST, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops.control.parts import (
    Flow,
    OwnPathsError,
    Simplified,
    Transforms,
    input_types,
    is_harmless,
    output_types,
    places,
    record,
    rewired,
    spread_out,
    token,
    where_first,
    without_inputs,
)
from jitad.ops.control.prune import pruned
from jitad.ops.control.restore import restored, starts, undoes

Type = tuple[Shape, DType]


@dataclass(frozen=True, eq=False)
class Switch:
    """The branches: tapes of the same inputs and the same types of outputs."""

    branches: tuple[Tape, ...]

    def __repr__(self) -> str:
        return " | ".join(str(len(tape)) for tape in self.branches)


def _results(form: Switch, *operands: Any) -> list[Type]:
    return output_types(form.branches[0])


def _np_switch(index: Any, *operands: Any, form: Switch) -> list[Any]:
    return evaluate(form.branches[int(np.clip(index, 0, len(form.branches) - 1))], operands)


def _flow(form: Switch, flags: Sequence[bool], flow: Flow) -> list[bool]:
    found = [flow(tape, flags[1:]) for tape in form.branches]
    return [flags[0] or any(column) for column in zip(*found, strict=True)]


def _forward(
    form: Switch, operands: Sequence[Value], tangents: Sequence[Value | None], forward: Any,
    flow: Flow,
) -> tuple[list[Value], list[Value | None]]:  # fmt: skip
    """Branches over values and tangents."""
    flags = [dx is not None for dx in tangents]
    varied = _flow(form, flags, flow)
    count = len(varied)
    outputs = [*range(count), *places(varied, count)]
    moved = [forward(tape, places(flags[1:])) for tape in form.branches]
    branches = tuple(rewired(tape, range(len(tape.inputs)), outputs) for tape in moved)
    args = [*operands, *(dx for dx in tangents if dx is not None)]
    results = record(operands[0].builder, switch, args, Switch(branches))
    return results[:count], spread_out(results[count:], varied)


def _batch(
    form: Switch, operands: Sequence[Value], batched: Sequence[bool], size: int, batch: Any,
    flow: Flow,
) -> tuple[list[Value], list[bool]]:  # fmt: skip
    """One switch over all copies; where they differ, every branch, and of each copy its own."""
    if batched[0] and not all(map(is_harmless, form.branches)):
        raise OwnPathsError
    wide = _flow(form, batched, flow)
    moved = [batch(tape, places(batched[1:]), size, places(wide)) for tape in form.branches]
    builder = operands[0].builder
    if not batched[0]:
        return record(builder, switch, operands, Switch(tuple(moved))), wide
    *rest, last = [inline(builder, tape, operands[1:]) for tape in moved]
    for k in reversed(range(len(rest))):
        taken = ew.le(operands[0], k)
        last = [where_first(taken, x, y) for x, y in zip(rest[k], last, strict=True)]
    return last, wide


# -- reverse mode ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Branch:
    """A branch cut in two: `early` has the results, then residuals, which `late` reads first.

    Of each residual, `sources` says that it is operand k, ("operand", k), or is kept in slot k,
    ("slot", k).
    """

    early: Tape
    late: Tape
    sources: list[tuple[str, int]]


def _pullback(
    form: Switch, operands: Sequence[Value], bars: Mapping[int, Value], varied: Sequence[bool],
    transforms: Transforms, sums: Mapping[int, Value],
) -> Pulled:  # fmt: skip
    """The branches keep residuals in slots that they share; the sweep is a switch again.

    It takes what is known of the operands' adjoints, to which the branch that is run adds.
    """
    seeds = sorted(bars)
    active = places(varied[1:])
    summed = [k for k in active if 1 + k in sums]
    slots: list[Type] = []
    sweeps, pairs = _sweeps(form, active, seeds, summed, transforms)
    # What is had back must not be asked for what it was before.
    starts, states = [start for start, _ in pairs], [k for _, k in pairs]
    free = [k for k in _free(form, transforms) if k not in starts]
    branches = [_cut(form, sweep, len(summed), slots, free, transforms) for sweep in sweeps]
    count = len(form.branches[0].outputs)
    kept = Switch(tuple(_with_slots(branch, slots, count) for branch in branches))
    read = sorted({k for branch in branches for kind, k in branch.sources if kind == "operand"})
    swept = Switch(tuple(_sweep(branch, read, slots) for branch in branches))

    def shares(result: Callable[[int], Value]) -> list[Value | None]:
        stored = [result(count + k) for k in range(len(slots))]
        args = [operands[0], *(operands[1 + k] for k in read), *stored]
        args += [*(bars[k] for k in seeds), *(sums[1 + k] for k in summed)]
        undoes(swept, [(len(args) + s, len(active) + s) for s in range(len(states))])
        args += [result(k) for k in states]
        adjoints = record(operands[0].builder, switch, args, swept)
        return [None, *spread_out(adjoints[: len(active)], varied[1:])]

    return Pulled(kept, shares, [1 + k for k in summed])


def _free(form: Switch, transforms: Transforms) -> list[int]:
    """The branches' inputs that the sweep has again at no cost."""
    kinds = zip(input_types(form.branches[0]), transforms.fixed[1:], strict=True)
    return [k for k, ((shape, _), fixed) in enumerate(kinds) if fixed or not shape]


def _sweeps(
    form: Switch, active: Sequence[int], seeds: Sequence[int], summed: Sequence[int],
    transforms: Transforms,
) -> tuple[list[Tape], list[tuple[int, int]]]:  # fmt: skip
    """The branches with their sweeps; inputs and outputs that these take back to the inputs."""
    swept: list[Tape] = []
    for tape in form.branches:
        count = len(tape.outputs)
        # An operand as a result of its own: its adjoint is what is known before this branch adds.
        tape = Tape(tape.instrs, tape.inputs, (*tape.outputs, *(tape.inputs[k] for k in summed)))
        every = [*seeds, *range(count, len(tape.outputs))]
        swept.append(transforms.reverse(tape, active, every, _free(form, transforms)))
    pairs: list[tuple[int, int]] = []
    for k, (shape, _) in enumerate(output_types(form.branches[0])):
        begun = {starts(tape).get(k) for tape in form.branches} if shape else set[int | None]()
        start = begun.pop() if len(begun) == 1 else None
        if start is not None:
            pairs.append((start, k))
    first = len(form.branches[0].inputs)
    ends = len(swept[0].inputs), len(swept[0].outputs)
    swept, chosen = restored(swept, [first] * len(swept), pairs, ends)
    return swept, [pairs[p] for p in chosen]


def _cut(
    form: Switch, swept: Tape, summed: int, slots: list[Type], free: Sequence[int],
    transforms: Transforms,
) -> _Branch:  # fmt: skip
    """A branch with its sweep, cut where the sweep begins."""
    count, inputs = len(form.branches[0].outputs), len(form.branches[0].inputs)
    late = range(inputs, len(swept.inputs))
    results = range(count + summed, len(swept.outputs))
    early, rest = transforms.split(swept, late, results, free)
    kept = [*range(count), *range(count + summed, len(early.outputs))]
    early = rewired(early, range(len(early.inputs)), kept)
    at = {i: k for k, i in enumerate(early.inputs)}
    unused = list(enumerate(slots))
    sources: list[tuple[str, int]] = []
    for i in early.outputs[count:]:
        if i in at:
            sources.append(("operand", at[i]))
            continue
        kind = (early.instrs[i].shape, early.instrs[i].dtype)
        found = next((item for item in unused if item[1] == kind), None)
        if found is None:
            slots.append(kind)
            sources.append(("slot", len(slots) - 1))
        else:
            unused.remove(found)
            sources.append(("slot", found[0]))
    return _Branch(early, rest, sources)


def _with_slots(branch: _Branch, slots: Sequence[Type], count: int) -> Tape:
    """The branch's results, and what it keeps; zeros in the slots of other branches."""
    builder = Builder()
    inputs = [builder.input(f"x{k}", *t) for k, t in enumerate(input_types(branch.early))]
    results = inline(builder, branch.early, inputs)
    filled = {k: results[count + r] for r, (kind, k) in enumerate(branch.sources) if kind == "slot"}
    stored = [filled[k] if k in filled else builder.const(0, *t) for k, t in enumerate(slots)]
    return builder.finish([x.index for x in [*results[:count], *stored]])


def _sweep(branch: _Branch, read: Sequence[int], slots: Sequence[Type]) -> Tape:
    """The second half as a tape of (operands that are read..., slots..., adjoints...)."""
    places = {source: k for k, source in enumerate(branch.sources)}
    types = input_types(branch.early)
    inputs: list[Any] = [places.get(("operand", k), types[k]) for k in read]
    inputs += [places.get(("slot", k), t) for k, t in enumerate(slots)]
    inputs += range(len(branch.sources), len(branch.late.inputs))
    return rewired(branch.late, inputs, range(len(branch.late.outputs)))


# -- simplification --------------------------------------------------------------------------------


def _simplify(
    form: Switch, operands: list[Value], used: Collection[int], builder: Builder
) -> Simplified:
    """Only the results that are used and the operands that a branch reads; a known branch alone.

    A result that is the same operand in all branches needs none.
    """
    index = operands[0]
    handed = _handed_on(form)
    known = {k: operands[1 + handed[k]] for k in used if k in handed}
    numbers = sorted(set(used) - set(known))
    chosen = builder.instrs[index.index]
    if chosen.op is CONST:
        number = int(np.clip(chosen.params[0], 0, len(form.branches) - 1))
        results = inline(builder, form.branches[number], operands[1:])
        return Simplified(form, [], known | {k: results[k] for k in numbers}, [])
    read: set[int] = set()
    branches = [pruned(tape, numbers) for tape in form.branches]
    for tape in branches:
        live = tape.live(tape.outputs)
        read |= {k for k, i in enumerate(tape.inputs) if live[i]}
    kept = sorted(read)
    branches = tuple(without_inputs(tape, kept, range(len(numbers))) for tape in branches)
    return Simplified(Switch(branches), [index, *(operands[1 + k] for k in kept)], known, numbers)


def _handed_on(form: Switch) -> dict[int, int]:
    """The results that are the same operand in all branches, and which."""
    places = [{i: k for k, i in enumerate(tape.inputs)} for tape in form.branches]
    found: dict[int, int] = {}
    for k in range(len(form.branches[0].outputs)):
        handed = {at.get(tape.outputs[k]) for at, tape in zip(places, form.branches, strict=True)}
        place = handed.pop()
        if place is not None and not handed:
            found[k] = place
    return found


switch = Control(
    "switch",
    ("form",),
    infer=token,
    evaluate=_np_switch,
    results=_results,
    tapes=lambda form: list(form.branches),
    with_tapes=lambda form, tapes: Switch(tuple(tapes)),
    flow=_flow,
    forward=_forward,
    pullback=_pullback,
    batch=_batch,
    simplify=_simplify,
)


def only_where(condition: Value, tape: Tape, operands: Sequence[Value]) -> list[Value]:
    """What a tape computes of the operands where the condition holds; zeros where it does not."""
    other = Builder()
    for k, kind in enumerate(input_types(tape)):
        other.input(f"x{k}", *kind)
    nothing = other.finish([other.const(0, *kind).index for kind in output_types(tape)])
    args = [ew.cast(condition, dtype=INT64), *operands]
    return record(condition.builder, switch, args, Switch((nothing, tape)))
