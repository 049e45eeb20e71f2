"""The block: a sub-tape that is computed again where the return sweep needs it, and not kept.

Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jitad.ir.builder import Builder, evaluate
from jitad.ir.op import Control, DType, Pulled, Shape
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops.control.parts import (
    Flow,
    Simplified,
    Transforms,
    output_types,
    places,
    record,
    rewired,
    spread_out,
    token,
    without_inputs,
)


@dataclass(frozen=True, eq=False)
class Block:
    """A tape that stays apart from the one around it."""

    tape: Tape

    def __repr__(self) -> str:
        return str(len(self.tape))


def _results(form: Block, *operands: Any) -> list[tuple[Shape, DType]]:
    return output_types(form.tape)


def _forward(
    form: Block, operands: Sequence[Value], tangents: Sequence[Value | None], forward: Any,
    flow: Flow,
) -> tuple[list[Value], list[Value | None]]:  # fmt: skip
    flags = [dx is not None for dx in tangents]
    varied = flow(form.tape, flags)
    count = len(varied)
    moved = forward(form.tape, places(flags))
    moved = rewired(moved, range(len(moved.inputs)), [*range(count), *places(varied, count)])
    args = [*operands, *(dx for dx in tangents if dx is not None)]
    results = record(operands[0].builder, block, args, Block(moved))
    return results[:count], spread_out(results[count:], varied)


def _pullback(
    form: Block, operands: Sequence[Value], bars: Mapping[int, Value], varied: Sequence[bool],
    transforms: Transforms, sums: Mapping[int, Value],
) -> Pulled:  # fmt: skip
    """A block that runs the values again, and then its return sweep."""
    seeds = sorted(bars)
    swept = transforms.reverse(form.tape, places(varied), seeds)
    adjoints = range(len(form.tape.outputs), len(swept.outputs))
    again = Block(rewired(swept, range(len(swept.inputs)), adjoints))

    def shares(result: Callable[[int], Value]) -> list[Value | None]:
        args = [*operands, *(bars[k] for k in seeds)]
        return spread_out(record(operands[0].builder, block, args, again), varied)

    return Pulled(form, shares)


def _batch(
    form: Block, operands: Sequence[Value], batched: Sequence[bool], size: int, batch: Any,
    flow: Flow,
) -> tuple[list[Value], list[bool]]:  # fmt: skip
    wide = flow(form.tape, batched)
    moved = batch(form.tape, places(batched), size, places(wide))
    return record(operands[0].builder, block, operands, Block(moved)), wide


def _simplify(
    form: Block, operands: list[Value], used: Collection[int], builder: Builder
) -> Simplified:
    numbers = sorted(used)
    live = form.tape.live([form.tape.outputs[k] for k in numbers])
    kept = [k for k, i in enumerate(form.tape.inputs) if live[i]]
    tape = without_inputs(form.tape, kept, numbers)
    return Simplified(Block(tape), [operands[k] for k in kept], {}, numbers)


block = Control(
    "block",
    ("form",),
    infer=token,
    evaluate=lambda *operands, form: evaluate(form.tape, operands),
    results=_results,
    tapes=lambda form: [form.tape],
    with_tapes=lambda form, tapes: Block(tapes[0]),
    flow=lambda form, flags, flow: flow(form.tape, flags),
    forward=_forward,
    pullback=_pullback,
    batch=_batch,
    simplify=_simplify,
)
