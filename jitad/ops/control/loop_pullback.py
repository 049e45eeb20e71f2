"""A loop's reverse sweep: a loop over the turns in the opposite order.

What the sweep reads of a turn (the residuals) the first loop keeps in stacks; what is the same in
all turns is computed once. Adjoints of the carries are carried; those of the consts are summed.
Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, section 4.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from jitad.ir.builder import inline
from jitad.ir.op import BOOL, INT64, Control, Pulled
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops.control.final import all_final, read_in_the_end
from jitad.ops.control.parts import (
    Flow,
    Transforms,
    can_fail,
    input_types,
    only,
    places,
    record,
    rewired,
    type_of,
)
from jitad.ops.control.prune import pruned
from jitad.ops.control.restore import restored, starts, undoes
from jitad.ops.control.revolve import Revolve, revolve
from jitad.ops.control.switch import only_where
from jitad.ops.elementwise import lt
from jitad.ops.views import zeros

Bars = Mapping[int, Value]
"""Adjoints of results by their numbers, or of operands by their places."""


def pullback(
    op: Control, form: Any, operands: Sequence[Value], bars: Bars, varied: Sequence[bool],
    transforms: Transforms, sums: Bars,
) -> Pulled:  # fmt: skip
    """The loop that keeps its residuals, and the one that reads them."""
    sweep = _sweep(op, form, bars, varied, transforms, sums)
    summed = [k for k in sweep.consts if k in sums]
    if form.snapshots is not None:
        return Pulled(form, lambda result: sweep.revolved(operands, bars), summed)
    plan = _plan(sweep, transforms)
    new = replace(form, body=plan.kept)
    return Pulled(new, lambda result: plan.shares(op, operands, bars, result), summed)


@dataclass(frozen=True, eq=False)
class _Sweep:
    """Which adjoints flow: `tape` is a turn and its reverse sweep.

    `consts`, `carries` and `xs` are places among these that have adjoints, `rows` the ys that do;
    `sums` is what is known of the adjoints of operands.
    The tape takes the body's inputs, then the adjoints of carries, sums for consts and adjoints of
    rows; after the first `first` outputs it returns the adjoints of carries, the sums, and the
    adjoints of the rows of xs.
    """

    form: Any
    consts: list[int]
    carries: list[int]
    xs: list[int]
    rows: list[int]
    first: int
    tape: Tape
    sums: Bars

    @property
    def turns(self) -> int:
        """The number of the first stack among the results."""
        return self.form.carries + (self.form.count is None)

    def starts(self, operands: Sequence[Value], bars: Bars) -> list[Value]:
        """The adjoints of the last carries, and what the sums begin with."""
        like, first = operands[0], self.form.consts
        starts = [
            bars[k] if k in bars else zeros(like, *type_of(operands[first + k]))
            for k in self.carries
        ]
        known = self.sums
        return [
            *starts,
            *(known[k] if k in known else zeros(like, *type_of(operands[k])) for k in self.consts),
        ]

    def arranged(self, operands: Sequence[Value], results: Sequence[Value]) -> list[Value | None]:
        """Each operand's share, from the results: adjoints of carries, consts and xs."""
        first, second = self.form.consts, self.form.consts + self.form.carries
        places = [*(first + k for k in self.carries), *self.consts, *(second + k for k in self.xs)]
        shares: list[Value | None] = [None] * len(operands)
        for k, x in zip(places, results, strict=True):
            shares[k] = x
        return shares

    def revolved(self, operands: Sequence[Value], bars: Bars) -> list[Value | None]:
        """The sweep that keeps few states."""
        form, tape = self.form, self.tape
        body = form.body
        body = rewired(body, range(len(body.inputs)), range(form.carries))
        back = rewired(tape, range(len(tape.inputs)), range(self.first, len(tape.outputs)))
        starts = self.starts(operands, bars)
        again = replace(form, body=body, snapshots=None)
        new = Revolve(again, back, len(starts), form.snapshots)
        args = [*operands, *starts, *(bars[self.turns + k] for k in self.rows)]
        return self.arranged(operands, record(operands[0].builder, revolve, args, new))


class _Residual(NamedTuple):
    """What the sweep reads of a turn: its number, an operand's row, or what it computed.

    `source` is "turn", "const" or "x" (operand `number` of that group), "fixed" (computed from
    consts alone, in every turn the same) or "stack" (number `number` of those that are kept).
    """

    source: str
    number: int = 0


@dataclass(frozen=True, eq=False)
class _Plan:
    """The sweep cut in two.

    `early` is a turn, and what the sweep reads of it: its outputs from `sweep.first` on, the
    `residuals`. `late` takes these in the place of the body's inputs. `states` are carries that it
    has back turn by turn, `ends` those that it reads as they are in the end: its last inputs.
    """

    sweep: _Sweep
    early: Tape
    residuals: list[_Residual]
    late: Tape
    states: list[int]
    ends: list[int]

    @property
    def kept(self) -> Tape:
        """The first loop's body, which keeps the residuals."""
        outputs, first = len(self.sweep.form.body.outputs), self.sweep.first
        stacked = [first + k for k, r in enumerate(self.residuals) if r.source == "stack"]
        return rewired(self.early, range(len(self.early.inputs)), [*range(outputs), *stacked])

    def shares(
        self, op: Control, operands: Sequence[Value], bars: Bars, result: Callable[[int], Value]
    ) -> list[Value | None]:
        """Record the loop back; each operand's share."""
        sweep, form = self.sweep, self.sweep.form
        second = form.consts + form.carries
        kept = sweep.turns + len(form.body.outputs) - form.carries
        turns = [*operands[-1:]] if form.counted else []
        turns += [] if form.condition is None else [result(form.carries)]
        fixed = self._fixed(operands, turns)
        sources: dict[str, Callable[[int], Value]] = {
            "const": lambda k: operands[k],
            "fixed": lambda k: fixed[k],
            "x": lambda k: operands[second + k],
            "stack": lambda k: result(kept + k),
        }
        same = [k for k, r in enumerate(self.residuals) if r.source in ("const", "fixed")]
        rows = [k for k, r in enumerate(self.residuals) if r.source in ("x", "stack")]
        starts = sweep.starts(operands, bars)
        summed = len(starts)
        starts += [result(k) for k in self.states]
        new = replace(
            form,
            body=self._body(same, rows, len(starts)),
            consts=len(same) + len(self.ends),
            carries=len(starts),
            condition=None,
            backward=not form.backward,
        )
        residuals = [self.residuals[k] for k in (*same, *rows)]
        read = [sources[r.source](r.number) for r in residuals]
        ends = [result(k) for k in self.ends]
        args = [*read[: len(same)], *ends, *starts, *read[len(same) :]]
        args += [bars[sweep.turns + k] for k in sweep.rows]
        args += turns
        undoes(new, [(new.consts + k, k) for k in range(summed, len(starts))])
        results = record(operands[0].builder, op, args, new)
        middle = new.carries + (form.count is None)
        return sweep.arranged(operands, results[:summed] + results[middle:])

    def _fixed(self, operands: Sequence[Value], turns: Sequence[Value]) -> list[Value]:
        """The residuals that are the same in every turn, computed before the loop.

        What may refuse its operands is computed only where there is a turn.
        """
        first, consts = self.sweep.first, operands[: self.sweep.form.consts]
        wanted = [first + k for k, r in enumerate(self.residuals) if r.source == "fixed"]
        if not wanted:
            return []
        # Without the rest of a turn: what it asks, and looks up, is of carries, not of these zeros.
        tape = pruned(only(self.early, wanted), range(len(wanted)))
        like = operands[0]
        rest = [zeros(like, *t) for t in input_types(tape)]
        inputs = [rest[0], *consts, *rest[1 + len(consts) :]]
        if self.sweep.form.count or not any(map(can_fail, tape.instrs)):
            return inline(like.builder, tape, inputs)
        some = [lt(0, x) for x in turns] or [zeros(like, (), BOOL)]
        return only_where(some[0], tape, inputs)

    def _body(self, same: Sequence[int], rows: Sequence[int], starts: int) -> Tape:
        """`late` with its inputs in a loop's order."""
        count = len(self.residuals)
        turn = [k for k, r in enumerate(self.residuals) if r.source == "turn"]
        last = len(self.late.inputs) - len(self.ends)
        inputs: list[Any] = [turn[0] if turn else ((), INT64), *same]
        inputs += range(last, len(self.late.inputs))
        inputs += range(count, count + starts)
        inputs += [*rows, *range(count + starts, last)]
        return rewired(self.late, inputs, range(len(self.late.outputs)))


def _sweep(
    op: Control, form: Any, bars: Bars, varied: Sequence[bool], transforms: Transforms, sums: Bars
) -> _Sweep:
    first, second = form.consts, form.consts + form.carries
    turns = form.carries + (form.count is None)
    flags = op.flow(form, varied, transforms.varied)
    consts, xs = places(varied[:first]), places(varied[second : second + form.xs])
    rows = [k - turns for k in sorted(bars) if k >= turns]
    carries = _flowing(form, flags, bars, rows, transforms.varied)
    body = form.body
    # The sums for consts are what is known of their adjoints, to which a turn adds its own.
    body = Tape(body.instrs, body.inputs, (*body.outputs, *(body.inputs[1 + k] for k in consts)))
    outputs = len(form.body.outputs)
    seeds = [*carries, *range(outputs, len(body.outputs)), *(form.carries + k for k in rows)]
    active = [1 + first + k for k in carries] + [1 + k for k in consts]
    # The sweep has arrays back, too, of which turns change elements.
    back = [1 + first + k for k in range(form.carries) if _is_changed(form, k)]
    both = [*_free(form, transforms), *back]
    swept = transforms.reverse(body, active + [1 + second + k for k in xs], seeds, both)
    return _Sweep(form, consts, carries, xs, rows, len(body.outputs), swept, sums)


def _free(form: Any, transforms: Transforms) -> list[int]:
    """The inputs of a body that cost a sweep nothing: the turn's number, and consts but for arrays
    that turns of a loop around change, which would be kept as a whole."""
    body = form.body
    found = [0]
    for k, i in enumerate(body.inputs[1 : 1 + form.consts], 1):
        if not body.instrs[i].shape or transforms.fixed[k - 1] or all_final(body, i):
            found.append(k)
    return found


def _plan(sweep: _Sweep, transforms: Transforms) -> _Plan:
    form, inputs = sweep.form, len(sweep.form.body.inputs)
    arrays = [k for k in range(form.carries) if _is_changed(form, k)]
    pairs = [(1 + form.consts + k, k) for k in arrays]
    behind = len(sweep.carries) + len(sweep.consts)
    free = _free(form, transforms)
    swept, ends = read_in_the_end(sweep.tape, inputs, [start for start, _ in pairs], free)
    (swept,), chosen = restored([swept], [inputs], pairs, (inputs + behind, sweep.first + behind))
    late = range(inputs, len(swept.inputs))
    results = range(sweep.first, len(swept.outputs))
    early, rest = transforms.split(swept, late, results, free)
    residuals = _residuals(form, early, sweep.first, transforms.depends)
    states, ends = ([arrays[p] for p in found] for found in (chosen, ends))
    return _Plan(sweep, early, residuals, rest, states, ends)


def _is_changed(form: Any, k: int) -> bool:
    """Whether a carry is an array of which a turn changes elements."""
    size = math.prod(form.body.instrs[form.body.outputs[k]].shape)
    return size > 1 and starts(form.body).get(k) == 1 + form.consts + k


def _flowing(
    form: Any, flags: Sequence[bool], bars: Bars, rows: Sequence[int], varied: Flow
) -> list[int]:
    """The carries that have adjoints: their results have, or they change what has."""
    inputs = len(form.body.inputs)
    start = 1 + form.consts
    reach = {
        k: varied(form.body, [i == start + k for i in range(inputs)])
        for k in range(form.carries)
        if flags[k]
    }
    found = {k for k in reach if k in bars}
    while True:
        wanted = [*found, *(form.carries + k for k in rows)]
        more = found | {k for k, out in reach.items() if any(out[j] for j in wanted)}
        if more == found:
            return sorted(found)
        found = more


def _residuals(form: Any, early: Tape, first: int, depends: Flow) -> list[_Residual]:
    moves = depends(early, [True, *[False] * form.consts, *[True] * (form.carries + form.xs)])
    at = {i: k - 1 for k, i in enumerate(early.inputs)}
    found: list[_Residual] = []
    counts = {"fixed": 0, "stack": 0}
    for place, i in enumerate(early.outputs[first:], first):
        k = at.get(i)
        if k == -1:
            found.append(_Residual("turn"))
        elif k is not None and k < form.consts:
            found.append(_Residual("const", k))
        elif k is not None and k >= form.consts + form.carries:
            found.append(_Residual("x", k - form.consts - form.carries))
        else:
            source = "stack" if moves[place] else "fixed"
            found.append(_Residual(source, counts[source]))
            counts[source] += 1
    return found
