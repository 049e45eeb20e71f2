"""Loops that may run long ask every so often whether they are to end: Ctrl-C ends them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jitad.codegen.body import Body
from jitad.codegen.status import INTERRUPTED
from jitad.ir.op import Control, Elementwise
from jitad.ir.tape import CONST, INPUT, Tape
from jitad.ops.control import part
from jitad.ops.structural import UPDATES

if TYPE_CHECKING:
    from jitad.codegen.nest import NestEmitter

POLL = "jitad_poll"
"""The function `i64 (i64 seen)`: whether to end; `seen` are the interrupts before the loop."""

INTERRUPTS = "jitad_interrupts"
"""The variable that counts how often the user has interrupted the process."""

_OFTEN = 1 << 20
"""Operations between one question and the next: about a millisecond."""

_LONG = 1 << 27
"""Operations from which a loop asks: a tenth of a second."""

_TURN = 1 << 12
"""Operations in a turn of a nest's outermost loop from which it asks."""

_UNKNOWN = 1024
"""Turns that a loop of unknown length is taken to have, where it is a part of another's turn."""


_FREE = (INPUT, CONST, part)
"""Beside views, what is no work: results that are taken out of an op are there."""


def work(tape: Tape) -> float:
    """About how many operations a tape is."""
    total = 0.0
    for instr in tape.instrs:
        op = instr.op
        if isinstance(op, Control):
            form = instr.params[0]
            turns = getattr(form, "count", 1)
            turns = _UNKNOWN if turns is None else turns
            total += turns * sum(work(inner) for inner in op.tapes(form))
        elif op in UPDATES:
            total += math.prod(tape.instrs[instr.args[-1]].shape)
        elif op not in _FREE and not op.is_view:
            total += math.prod(instr.shape) * (op.cost if isinstance(op, Elementwise) else 1.0)
    return total


class Poll:
    """What a loop asks: of `count` turns, or of nobody knows how many, with so much work each."""

    def __init__(self, body: Body, index: int, turn: float, count: int | None) -> None:
        self.body = body
        self.index = index
        is_long = count is None or count * turn >= _LONG
        self.every = 0
        if is_long and not body.writer.device:
            self.every = 1 << max(0, math.floor(math.log2(_OFTEN / max(turn, 1.0))))
            w = body.writer
            w.declarations[INTERRUPTS] = f"@{INTERRUPTS} = external global i64"
            w.declarations[POLL] = (
                f"declare i64 @{POLL}(i64) nounwind memory(inaccessiblemem: readwrite)"
            )
            self.seen = w.line(f"load volatile i64, ptr @{INTERRUPTS}")

    def ask(self, counter: str) -> None:
        """At the end of a turn: leave the function where the loop is to end."""
        if not self.every:
            return
        w = self.body.writer
        ask, on = w.fresh("ask"), w.fresh("on")
        place = w.line(f"and i64 {counter}, {self.every - 1}")
        is_time = w.line(f"icmp eq i64 {place}, {self.every - 1}")
        w.do(f"br i1 {is_time}, label %{ask}, label %{on}{w.noted('prof')}")
        w.label(ask)
        ends = w.line(f"icmp ne i64 {w.line(f'call i64 @{POLL}(i64 {self.seen})')}, 0")
        self.body.leave_where(ends, INTERRUPTED, self.index)
        w.do(f"br label %{on}")
        w.label(on)


def nest_poll(nest: NestEmitter, loops: Sequence[tuple[list[int], int]]) -> Poll | None:
    """What the outermost loop of a nest asks; LLVM may make vectors of short turns."""
    turn = math.prod(n for _, n in loops[1:]) * len(nest.reader.order)
    if len(loops) < 2 or turn < _TURN:
        return None
    return Poll(nest.body, nest.nest.roots[0].index, turn, loops[0][1])
