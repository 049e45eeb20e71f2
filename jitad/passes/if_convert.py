"""Tape -> Tape: a loop over points with short branches becomes all branches of all points at once.

Of each point the results of its own branch are selected. What is then computed and not selected
costs less than that each point waits for its jump: without jumps the points are the lanes of
vectors. (If-conversion: Allen, Kennedy, Porterfield and Warren, POPL 1983.)
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jitad.ir.builder import Builder, inline
from jitad.ir.op import Elementwise, Structural
from jitad.ir.tape import CONST, INPUT, Instr, Tape, has_effect
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Loop, loop, part, record, switch
from jitad.ops.control.loop import grouped
from jitad.ops.control.parts import LOOKS_UP, can_fail, rewritten
from jitad.passes.apart import LARGE, apart
from jitad.passes.distribute import distributed
from jitad.passes.regions import results_read
from jitad.passes.schedule import EXCLUSIVE
from jitad.transforms.batch import batch
from jitad.transforms.flow import depends_outputs

_FEW = 16
"""Points for which vectors are not worth it."""

_IN_VAIN = 6.0
"""How many times the work of the longest path all paths together may be."""


def if_convert(tape: Tape) -> Tape:
    """The tape without those loops over points whose branches are short."""
    if not any(instr.op is loop and _has_points(instr.params[0]) for instr in tape.instrs):
        return tape
    used = results_read(tape)

    def rule(builder: Builder, i: int, instr: Instr) -> dict[int, Value] | None:
        if instr.op is not loop or not _has_points(instr.params[0]):
            return None
        operands = [*map(builder.value, instr.args)]
        return _converted(instr.params[0], operands, used[i], builder)

    return rewritten(tape, rule)


def _converted(
    form: Loop, operands: list[Value], used: set[int], builder: Builder
) -> dict[int, Value]:
    """The results of a loop that are used, by their numbers: of one if it must be."""
    simple = loop.simplify(form, operands, used, builder)
    if not simple.numbers and not simple.form.body.effects:
        return simple.known
    results = _short_at_once(simple.form, simple.operands, builder)
    if results is None and simple.form.carries:  # points need none of this
        results = distributed(simple.form, simple.operands, _short_at_once)
    if results is None:
        results = record(builder, loop, simple.operands, simple.form)
    return {**simple.known, **dict(zip(simple.numbers, results, strict=True))}


# -- which loops -----------------------------------------------------------------------------------


class _Work(NamedTuple):
    """Of one point: of all paths together, and of the longest."""

    every: float
    longest: float


def _has_points(form: Loop) -> bool:
    return form.condition is None and form.count is not None and form.count >= _FEW


def _is_short(form: Loop) -> bool:
    body = form.body
    if not all(_may_be_rows(body, i) for i in body.outputs[: form.carries]):
        return False
    if len(_errors(body)) > 1:  # which one is first is known turn by turn
        return False
    work = _work(body, in_branch=False)
    if work is None or work.every > _IN_VAIN * work.longest:
        return False
    has_branches = any(instr.op in (switch, st.guard) for instr in body.instrs)
    # A turn of arrays that nothing else asks to be apart has them in the cache.
    return has_branches or form.carries > 0 or not any(map(_is_array, body.instrs))


def _errors(tape: Tape) -> set[Any]:
    """What the guards of a tape raise, None for those of a path."""
    found = {instr.params[1] for instr in tape.instrs if instr.op is st.guard}
    branches = (b for x in tape.instrs if x.op is switch for b in x.params[0].branches)
    return found.union(*map(_errors, branches))


def _is_array(instr: Instr) -> bool:
    return bool(instr.shape) and (isinstance(instr.op, Elementwise) or instr.op is st.gather)


def _may_be_rows(tape: Tape, i: int) -> bool:
    """Whether a carry looks as if turns only add to it, or write it one by one."""
    instr = tape.instrs[i]
    if instr.op is part and (taker := tape.instrs[instr.args[0]]).op is switch:
        branches = taker.params[0].branches
        return all(_may_be_rows(b, b.outputs[instr.params[0]]) for b in branches)
    if instr.op is st.reshape:
        return _may_be_rows(tape, instr.args[0])
    is_count = instr.op is ew.add and instr.dtype.kind in "iu"
    return is_count or instr.op in (INPUT, ew.increment, *st.UPDATES)


def _work(tape: Tape, *, in_branch: bool) -> _Work | None:
    """The work of a tape; None where it cannot be done for a point that does not take it."""
    every = longest = 0.0
    for instr in tape.instrs:
        if instr.op is switch:
            found = [_work(branch, in_branch=True) for branch in instr.params[0].branches]
            known = [work for work in found if work is not None]
            if len(known) < len(found):
                return None
            every += sum(work.every for work in known)
            longest += max(work.longest for work in known)
        elif not _is_plain(instr, tape) or (in_branch and not _may_be_skipped(instr)):
            return None
        elif isinstance(instr.op, Elementwise):
            every += instr.op.cost * math.prod(instr.shape)
            longest += instr.op.cost * math.prod(instr.shape)
    return _Work(every, longest)


def _may_be_skipped(instr: Instr) -> bool:
    """Whether a point can do it that does not take its branch."""
    return instr.op is st.guard or instr.op in LOOKS_UP or not can_fail(instr)


def _is_plain(instr: Instr, tape: Tape) -> bool:
    """Whether all points can do it at once, in vectors."""
    op = instr.op
    if op is st.guard:
        return tape.instrs[instr.args[0]].dtype.kind in "biu"
    if op in (INPUT, CONST, part, *st.UPDATES):
        return True
    if isinstance(op, Structural) and (op.library is not None or op in EXCLUSIVE):
        return False
    known = isinstance(op, (Elementwise, Structural)) and not has_effect(instr)
    return known and (op.is_view or math.prod(instr.shape) <= LARGE)


# -- all at once -----------------------------------------------------------------------------------


def _short_at_once(form: Loop, operands: list[Value], builder: Builder) -> list[Value] | None:
    """A loop's results; None where turns depend on each other, or do better one by one."""
    return at_once(form, operands, builder, LARGE) if _is_short(form) else None


def at_once(
    form: Loop, operands: list[Value], builder: Builder, large: float
) -> list[Value] | None:
    """The results of a loop of a known number of turns, whose arrays have up to `large` elements in
    each; None where turns depend on each other."""
    made = apart(form, large)
    if made is None or form.count is None:
        return None
    consts, carries, xs, _ = grouped(form, operands)
    turns = builder.apply(st.iota, (), {"shape": (form.count,), "axis": 0})
    flags = [True, *(False for _ in (*consts, *carries)), *(True for _ in xs)]
    wide = depends_outputs(made.body, flags)
    over = [k for k, flag in enumerate(flags) if flag]
    tape = batch(made.body, over, form.count, [k for k, flag in enumerate(wide) if flag])
    found = inline(builder, tape, [turns, *consts, *carries, *xs])
    rows = [st.spread(x, flag, form.count) for x, flag in zip(found, wide, strict=True)]
    for k, shares in enumerate(made.shares):
        for share in shares:
            at, *_ = share.outputs
            place = found[at] if not wide[at] else rows[at]
            carries[k] = _with_share(carries[k], share.update, place, rows[share.outputs[-1]])
        if carries[k].shape != operands[form.consts + k].shape:
            carries[k] = st.reshape(carries[k], shape=operands[form.consts + k].shape)
    *results, failed = made.rows
    if builder.instrs[found[failed].index].op is not CONST:
        # A sum, which threads and vectors can share, of what is zero as a rule.
        count = st.reduce_sum(rows[failed], axes=(0,))
        (error,) = _errors(form.body)
        st.guard(count, expected=np.int64(0).tobytes(), error=error, asker=None)
    return [*carries, *(rows[k] for k in results)]


def _with_share(x: Value, update: Instr, places: Value, rows: Value) -> Value:
    """A carry with what all turns contribute, in the shape that they see."""
    x = x if x.shape == update.shape else st.reshape(x, shape=update.shape)
    op, params = update.op, update.named_params
    if op in LOOKS_UP:
        # Places of one turn may be those of another.
        op = partial(op, **dict.fromkeys(params, False))
        if len(places.shape) == len(rows.shape) - len(x.shape) + 1:
            return op(x, places, rows)
        return op(x, places, st.reduce_sum(rows, axes=(0,)))
    return op(x, st.reduce_sum(rows, axes=(0,)), **params)
