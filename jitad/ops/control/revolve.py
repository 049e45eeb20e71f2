"""The return sweep of a loop that keeps few of its states: it runs from those again.

With s states kept, a loop of C(s + r, s) turns is reversed with every turn run at most r + 1 times.
Source: Griewank & Walther, Algorithm 799: Revolve, ACM Trans. Math. Software 26 (2000) 19-45.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jitad.ir.builder import Builder, evaluate, inline
from jitad.ir.op import Control, DType, Pulled, Shape, find
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops.control.parts import (
    Flow,
    Simplified,
    Transforms,
    input_types,
    output_types,
    places,
    record,
    rewired,
    spread_out,
    token,
)


@dataclass(frozen=True, eq=False)
class Revolve:
    """A sweep back over the turns of `loop`, whose body has the carries alone for results.

    `back` takes (i, consts..., carries..., rows of xs..., adjoints..., rows of adjoints...) and
    returns the adjoints and the rows of the adjoints of xs. Operands are the loop's, then the
    adjoints, and stacks of adjoints.
    """

    loop: Any
    back: Tape
    adjoints: int
    snapshots: int

    def __repr__(self) -> str:
        return f"{self.loop.count} x {len(self.back)} from {self.snapshots} states"


def snapshots(policy: str | int, count: int) -> int:
    """How many states a policy keeps of a loop of `count` turns."""
    if isinstance(policy, str):
        few = 4 * math.ceil(math.log2(count + 1)) + 1
        policy = few if policy == "binomial" else math.ceil(math.sqrt(2 * count))
    return max(1, min(policy, count))


def _results(form: Revolve, *operands: Any) -> list[tuple[Shape, DType]]:
    types = output_types(form.back)
    rows = [((form.loop.count, *shape), dtype) for shape, dtype in types[form.adjoints :]]
    return [*types[: form.adjoints], *rows]


def operands_of(form: Revolve, builder: Builder) -> list[Value]:
    """A new input for each operand of a sweep."""
    first = form.loop
    third = first.consts + first.carries + first.xs
    kinds = input_types(form.back)[1:]
    stacked = [*range(third - first.xs, third), *range(third + form.adjoints, len(kinds))]
    return [
        builder.input(f"x{k}", (first.count, *shape) if k in stacked else shape, dtype)
        for k, (shape, dtype) in enumerate(kinds)
    ]


def plainly(form: Revolve) -> Tape:
    """The same sweep with every state kept, as a tape of two loops."""
    builder, first, loop = Builder(), form.loop, find("loop")
    assert isinstance(loop, Control)
    operands = operands_of(form, builder)
    second = first.consts + first.carries
    third = second + first.xs
    fourth = third + form.adjoints
    carried = first.body.inputs[1 + first.consts : 1 + second]
    body = Tape(first.body.instrs, first.body.inputs, first.body.outputs + carried)
    kept = record(builder, loop, operands[:third], replace(first, body=body))[first.carries :]
    order = [0, *range(1, 1 + first.consts), *range(1 + third, 1 + fourth)]
    order += [*range(1 + first.consts, 1 + third), *range(1 + fourth, 1 + len(operands))]
    sweep = replace(
        first,
        body=rewired(form.back, order, range(len(form.back.outputs))),
        carries=form.adjoints,
        backward=not first.backward,
    )
    args = [*operands[: first.consts], *operands[third:fourth], *kept]
    args += [*operands[second:third], *operands[fourth:]]
    return builder.finish([x.index for x in record(builder, loop, args, sweep)])


def _flow(form: Revolve, flags: Sequence[bool], flow: Flow) -> list[bool]:
    """As of a loop whose carries are the adjoints: they depend on any number of turns."""
    first, loop = form.loop, find("loop")
    assert isinstance(loop, Control)
    second = first.consts + first.carries
    third = second + first.xs
    carries = loop.flow(first, flags[:third], flow)[: first.carries]
    adjoints, rows = list(flags[third : third + form.adjoints]), flags[third + form.adjoints :]
    while True:
        read = [False, *flags[: first.consts], *carries, *flags[second:third]]
        after = flow(form.back, [*read, *adjoints, *rows])
        more = [a or b for a, b in zip(adjoints, after[: form.adjoints], strict=True)]
        if more == adjoints:
            return [*adjoints, *after[form.adjoints :]]
        adjoints = more


def masked(
    form: Revolve, operands: Sequence[Value], masks: Sequence[Value | None], transform: Any,
    flow: Flow,
) -> tuple[list[Value], list[Value | None]]:  # fmt: skip
    """The results and their masks, from the masks of the adjoints: `transform` is as in forward
    mode. The states that are kept stay few."""
    count = form.adjoints
    third = len(input_types(form.loop.body)) - 1
    told = [mask is not None for mask in masks]
    said = _flow(form, told, flow)
    tape = transform(form.back, places(told, 1))
    total, outputs = len(form.back.inputs), len(form.back.outputs)
    middle = sum(told[third : third + count])
    first, last = 1 + third + count, total + sum(told)
    order = [*range(first), *range(total, total + middle)]
    order += [*range(first, total), *range(total + middle, last)]
    kept = [*range(count), *places(told[third : third + count], outputs)]
    kept += [*range(count, outputs), *places(said[count:], outputs + count)]
    new = Revolve(form.loop, rewired(tape, order, kept), count + middle, form.snapshots)
    given = [mask for mask in masks if mask is not None]
    args = [*operands[: third + count], *given[:middle]]
    args += [*operands[third + count :], *given[middle:]]
    results = record(operands[0].builder, revolve, args, new)
    rows = count + middle + outputs - count
    found = spread_out(results[count : count + middle], told[third : third + count])
    found += spread_out(results[rows:], said[count:])
    return [*results[:count], *results[count + middle : rows]], found


# -- derivatives: those of the sweep that keeps every state ----------------------------------------


def _forward(
    form: Revolve, operands: Sequence[Value], tangents: Sequence[Value | None], forward: Any,
    flow: Flow,
) -> tuple[list[Value], list[Value | None]]:  # fmt: skip
    tape = plainly(form)
    flags = [dx is not None for dx in tangents]
    varied = flow(tape, flags)
    moved = [dx for dx in tangents if dx is not None]
    results = inline(operands[0].builder, forward(tape, places(flags)), [*operands, *moved])
    values, found = results[: len(varied)], results[len(varied) :]
    return values, [x if flag else None for x, flag in zip(found, varied, strict=True)]


def _pullback(
    form: Revolve, operands: Sequence[Value], bars: Mapping[int, Value], varied: Sequence[bool],
    transforms: Transforms, sums: Mapping[int, Value],
) -> Pulled:  # fmt: skip
    tape = plainly(form)
    seeds = sorted(bars)
    swept = transforms.reverse(tape, places(varied), seeds)

    def shares(result: Callable[[int], Value]) -> list[Value | None]:
        args = [*operands, *(bars[k] for k in seeds)]
        adjoints = inline(operands[0].builder, swept, args)[len(tape.outputs) :]
        return spread_out(adjoints, varied)

    return Pulled(form, shares)


def _batch(
    form: Revolve, operands: Sequence[Value], batched: Sequence[bool], size: int, batch: Any,
    flow: Flow,
) -> tuple[list[Value], list[bool]]:  # fmt: skip
    tape = plainly(form)
    wide = flow(tape, batched)
    moved = batch(tape, places(batched), size, places(wide))
    return inline(operands[0].builder, moved, operands), wide


def _simplify(
    form: Revolve, operands: list[Value], used: Collection[int], builder: Builder
) -> Simplified:
    return Simplified(form, operands, {}, list(range(len(form.back.outputs))))


revolve = Control(
    "revolve",
    ("form",),
    infer=token,
    evaluate=lambda *operands, form: evaluate(plainly(form), operands),
    results=_results,
    tapes=lambda form: [form.loop.body, form.back],
    with_tapes=lambda form, tapes: replace(
        form, loop=replace(form.loop, body=tapes[0]), back=tapes[1]
    ),
    flow=_flow,
    forward=_forward,
    pullback=_pullback,
    batch=_batch,
    simplify=_simplify,
)
