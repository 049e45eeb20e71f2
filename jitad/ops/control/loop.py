"""The loop: carries that each turn replaces, stacks that it reads and writes one row of a turn.

    for i in 0 .. count-1:  carries, row of ys = body(i, consts, carries, row of xs)

The number of turns is known (`count`), or the last operand says it, or a condition on the carries
is asked before each turn. In the last two cases one more result, after the carries, is the number
of turns; the stacks' first axis is DYNAMIC, or so long as there may be turns at most. Then the rows
behind the last turn's are unspecified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count as naturals
from typing import Any, NamedTuple

import numpy as np

from jitad.ir.builder import Builder, evaluate, inline
from jitad.ir.op import DYNAMIC, INT64, Control, DType, Op, Shape
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control.loop_pullback import pullback
from jitad.ops.control.loop_simplify import simplify
from jitad.ops.control.parts import (
    Flow,
    OwnPathsError,
    alone,
    chosen,
    input_types,
    is_harmless,
    output_types,
    places,
    record,
    rewired,
    spread_out,
    token,
    where_first,
)


@dataclass(frozen=True, eq=False)
class Loop:
    """What a loop does.

    `body` takes (i, consts..., carries..., rows of xs...) and returns (carries..., rows of ys...).
    `condition`, where given, takes (consts..., carries...) and returns one bool. `backward` runs i
    from the last turn to the first. `snapshots`, where given, says how many states reverse mode may
    keep (of a loop of known length). `most`, where given, bounds the turns of a counted loop.
    """

    body: Tape
    consts: int
    carries: int
    count: int | None = None
    condition: Tape | None = None
    backward: bool = False
    snapshots: int | None = None
    most: int | None = None

    @property
    def length(self) -> int:
        """How many rows its stacks have."""
        known = self.most if self.count is None else self.count
        return DYNAMIC if known is None else known

    @property
    def counted(self) -> bool:
        """Whether the last operand is the number of turns."""
        return self.count is None and self.condition is None

    @property
    def is_apart(self) -> bool:
        """Whether the turns do not depend on each other, and their number is known."""
        return self.carries == 0 and self.count is not None and self.condition is None

    @property
    def xs(self) -> int:
        """How many stacks are read."""
        return len(self.body.inputs) - 1 - self.consts - self.carries

    def __repr__(self) -> str:
        turns = "while" if self.condition is not None else "n" if self.count is None else self.count
        return f"{turns} x {len(self.body)}{' backward' if self.backward else ''}"


class Groups(NamedTuple):
    """Items for each operand of a loop, by what the operand is."""

    consts: list[Any]
    carries: list[Any]
    xs: list[Any]
    turns: list[Any]


def grouped(form: Loop, items: Sequence[Any]) -> Groups:
    """The operands' items, group by group."""
    first, second = form.consts, form.consts + form.carries
    third = second + form.xs
    return Groups(
        list(items[:first]), list(items[first:second]), list(items[second:third]),
        list(items[third:]),
    )  # fmt: skip


def _results(form: Loop, *operands: Any) -> list[tuple[Shape, DType]]:
    types = output_types(form.body)
    turns: list[tuple[Shape, DType]] = [((), INT64)] if form.count is None else []
    rows = [((form.length, *shape), dtype) for shape, dtype in types[form.carries :]]
    return [*types[: form.carries], *turns, *rows]


def _np_loop(*operands: Any, form: Loop) -> list[Any]:
    consts, carries, xs, count = grouped(form, operands)
    turns = form.count if form.count is not None else int(count[0]) if count else None
    rows: list[list[Any]] = []
    order = naturals() if turns is None else range(turns)
    for i in reversed(order) if form.backward and isinstance(order, range) else order:
        if form.condition is not None and not evaluate(form.condition, [*consts, *carries])[0]:
            break
        results = evaluate(form.body, [np.int64(i), *consts, *carries, *(x[i] for x in xs)])
        carries, row = results[: form.carries], results[form.carries :]
        rows.append(row)
    done = len(rows)
    types = output_types(form.body)[form.carries :]
    rows = rows[::-1] if form.backward else rows
    stacks = [
        np.zeros((done if form.length == DYNAMIC else form.length, *shape), dtype)
        for shape, dtype in types
    ]
    for k, stack in enumerate(stacks):
        for place, row in enumerate(rows):
            stack[place] = row[k]
    return [*carries, *([np.int64(done)] if form.count is None else []), *stacks]


def _flow(form: Loop, flags: Sequence[bool], flow: Flow) -> list[bool]:
    """Carries depend on what they depend on after any number of turns, and on that number."""
    consts, carries, xs, count = grouped(form, flags)
    while True:
        after = flow(form.body, [False, *consts, *carries, *xs])
        more = [a or b for a, b in zip(carries, after[: form.carries], strict=True)]
        if more == carries:
            break
        carries = more
    turns = any(count)
    if form.condition is not None:
        turns = flow(form.condition, [*consts, *carries])[0]
    if turns:
        return [True] * (len(after) + 1)
    return [*carries, *([False] if form.count is None else []), *after[form.carries :]]


def one_by_one(
    tape: Tape, operands: Sequence[Value], batched: Sequence[bool], size: int
) -> list[Value]:
    """A loop over copies of a tape: of operands that are batched each has a row, and each leaves a
    row of every result."""
    order = sorted(range(len(operands)), key=lambda k: batched[k])
    body = rewired(tape, [((), INT64), *order], range(len(tape.outputs)))
    form = Loop(body, len(operands) - sum(batched), 0, size)
    return record(operands[0].builder, loop, [operands[k] for k in order], form)


def each_alone(
    op: Op, params: dict[str, Any], operands: Sequence[Value], batched: Sequence[bool], size: int
) -> Value:
    """The batching rule of an op that has none of its own: one point after the other, in a loop."""
    pairs = zip(operands, batched, strict=True)
    types = [(x.shape[1:] if flag else x.shape, x.dtype) for x, flag in pairs]
    return one_by_one(alone(op, params, types), operands, batched, size)[0]


def rows_of(form: Loop, flags: Sequence[Any]) -> list[Any]:
    """The items of results that are for the stacks."""
    return list(flags[form.carries + (form.count is None) :])


# -- forward mode ----------------------------------------------------------------------------------


def _forward(
    form: Loop, operands: Sequence[Value], tangents: Sequence[Value | None], forward: Any,
    flow: Flow,
) -> tuple[list[Value], list[Value | None]]:  # fmt: skip
    """One loop over values and tangents."""
    active = _flow(form, [dx is not None for dx in tangents], flow)
    consts, carries, xs, count = grouped(form, operands)
    d_consts, d_carries, d_xs, _ = grouped(form, tangents)
    varied, d_rows = active[: form.carries], rows_of(form, active)
    flags = [dx is not None for dx in d_consts], varied, [dx is not None for dx in d_xs]
    body = _tangent_body(form, forward, flags, d_rows)
    more = [dx for dx in d_consts if dx is not None]
    start, zero = 1 + form.consts + len(more) + form.carries, operands[0].builder.const
    types = input_types(body)[start : start + sum(varied)]
    moving = zip(chosen(d_carries, varied), types, strict=True)
    d_init = [zero(0, *kind) if dx is None else dx for dx, kind in moving]
    condition = form.condition
    if condition is not None:
        more_types = [(x.shape, x.dtype) for x in more]
        first = range(form.consts), range(form.consts, form.consts + form.carries)
        condition = rewired(condition, [*first[0], *more_types, *first[1], *types], [0])
    new = replace(
        form,
        body=body,
        consts=form.consts + len(more),
        carries=form.carries + len(d_init),
        condition=condition,
    )
    d_stacks = [dx for dx in d_xs if dx is not None]
    args = [*consts, *more, *carries, *d_init, *xs, *d_stacks, *count]
    results = record(operands[0].builder, loop, args, new)
    values, after = results[: form.carries], results[form.carries : new.carries]
    turns = results[new.carries : new.carries + (form.count is None)]
    stacks = rows_of(new, results)
    rows = len(form.body.outputs) - form.carries
    moved = [*spread_out(after, varied), *([None] * len(turns)), *spread_out(stacks[rows:], d_rows)]
    return [*values, *turns, *stacks[:rows]], moved


def _tangent_body(
    form: Loop, forward: Any, flags: tuple[list[bool], list[bool], list[bool]], rows: list[bool]
) -> Tape:
    starts = 1, 1 + form.consts, 1 + form.consts + form.carries
    groups = [places(f, start) for f, start in zip(flags, starts, strict=True)]
    tape = forward(form.body, [k for group in groups for k in group])
    total, extra = len(form.body.inputs), 0
    order: list[int] = [0]
    for start, f, group in zip(starts, flags, groups, strict=True):
        order += range(start, start + len(f))
        order += range(total + extra, total + extra + len(group))
        extra += len(group)
    c, n = form.carries, len(form.body.outputs)
    outputs = [*range(c), *places(flags[1], n), *range(c, n), *places(rows, n + c)]
    return rewired(tape, order, outputs)


# -- batches ---------------------------------------------------------------------------------------


def _batch(
    form: Loop, operands: Sequence[Value], batched: Sequence[bool], size: int, batch: Any,
    flow: Flow,
) -> tuple[list[Value], list[bool]]:  # fmt: skip
    """One loop over all copies; where their conditions differ, those that are done stay."""
    flags = _flow(form, batched, flow)
    consts, _, xs, count = grouped(form, batched)
    carries, rows = flags[: form.carries], rows_of(form, flags)
    condition = form.condition
    apart = any(count)
    if condition is not None:
        apart = flow(condition, [*consts, *carries])[0]
    if apart and (rows or not all(map(is_harmless, _tapes(form)))):
        raise OwnPathsError
    inside = [False, *consts, *carries, *xs]
    body = batch(form.body, places(inside), size, places([*carries, *rows]))
    if condition is not None:
        asked = [*consts, *carries]
        condition = batch(condition, places(asked), size, [0] if apart else [])
    new = replace(form, body=body, condition=condition)
    values = grouped(form, operands)
    init = [
        st.spread(x, known, size) if flag else x
        for x, known, flag in zip(
            values.carries, grouped(form, batched).carries, carries, strict=True
        )
    ]
    stacks = [_swapped(x) if flag else x for x, flag in zip(values.xs, xs, strict=True)]
    if apart:
        done, count = _held(new, [*values.consts, *init, *stacks, *values.turns], size)
        return [*done, count], [True] * (form.carries + 1)
    args = [*values.consts, *init, *stacks, *values.turns]
    results = record(operands[0].builder, loop, args, new)
    every = [*carries, *([False] if form.count is None else []), *rows]
    first = len(every) - len(rows)
    moved = [
        _swapped(x) if flag and k >= first else x
        for k, (x, flag) in enumerate(zip(results, every, strict=True))
    ]
    return moved, every


def _swapped(x: Value) -> Value:
    """The batch axis from before a stack's own to behind it, or back; dynamic stacks keep it there.

    Only loops read a dynamic stack, and they agree that its batch axis is the second.
    """
    if x.shape[0] == DYNAMIC:
        return x
    return st.transpose(x, perm=(1, 0, *range(2, len(x.shape))))


def _held(form: Loop, args: Sequence[Value], size: int) -> tuple[list[Value], Value]:
    """The last carries of a loop that leaves copies as they are whose turns are done, and how many
    turns each has had; `form` says of each copy whether it goes on, or the last operand how many.
    """
    builder, split = Builder(), 1 + form.consts
    inputs = [builder.input(f"x{k}", *t) for k, t in enumerate(input_types(form.body))]
    before, xs = inputs[split : split + form.carries], inputs[split + form.carries :]
    done = builder.input("done", (size,), INT64)
    if form.condition is None:
        counts = builder.input("counts", (size,), INT64)
        holds = ew.lt(st.broadcast(inputs[0], shape=(size,)), counts)
        most = [st.reduce_max(args[-1], axes=(0,))]
        consts, condition = [*args[: form.consts], args[-1]], None
        order = [*inputs[:split], counts]
    else:
        holds = inline(builder, form.condition, inputs[1 : split + form.carries])[0]
        most, consts, order = [], args[: form.consts], inputs[:split]
        condition = _any_of(form.condition, size)
    results = inline(builder, form.body, inputs)
    after = [where_first(holds, x, y) for x, y in zip(results, before, strict=True)]
    after.append(ew.add(done, ew.cast(holds, dtype=INT64)))
    tape = builder.finish([x.index for x in after])
    taken = [*order, *before, done, *xs]
    places_of = {x.index: k for k, x in enumerate(map(builder.value, tape.inputs))}
    body = rewired(tape, [places_of[x.index] for x in taken], range(len(after)))
    new = replace(form, body=body, condition=condition, consts=len(order) - 1,
                  carries=form.carries + 1)  # fmt: skip
    start = st.broadcast(args[0].builder.const(0, (), INT64), shape=(size,))
    rest = args[form.consts : form.consts + form.carries]
    stacks = args[form.consts + form.carries : len(args) - len(most)]
    results = record(args[0].builder, loop, [*consts, *rest, start, *stacks, *most], new)
    return results[: form.carries], results[form.carries]


def _any_of(condition: Tape, size: int) -> Tape:
    """Whether any copy goes on, of which it does not matter how many turns it has had."""
    builder = Builder()
    inputs = [builder.input(f"x{k}", *t) for k, t in enumerate(input_types(condition))]
    builder.input("done", (size,), INT64)
    return builder.finish([st.reduce_any(inline(builder, condition, inputs)[0], axes=(0,)).index])


# -- the row ---------------------------------------------------------------------------------------


def _tapes(form: Loop) -> list[Tape]:
    return [form.body] if form.condition is None else [form.body, form.condition]


def _with_tapes(form: Loop, tapes: Sequence[Tape]) -> Loop:
    return replace(form, body=tapes[0], condition=tapes[1] if len(tapes) > 1 else None)


loop = Control(
    "loop",
    ("form",),
    infer=token,
    evaluate=_np_loop,
    results=_results,
    tapes=_tapes,
    with_tapes=_with_tapes,
    flow=_flow,
    forward=_forward,
    pullback=lambda *args: pullback(loop, *args),
    batch=_batch,
    simplify=simplify,
)
