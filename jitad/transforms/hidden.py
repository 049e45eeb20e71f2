"""Tape -> inputs that its results depend on by conditions and whole numbers alone: derivative 0.

So it is with what a search finds: bisection, golden section, the place in a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jitad.ir.errors import SourceLine
from jitad.ir.op import Control, Elementwise, is_differentiable
from jitad.ir.tape import Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops.control import custom, part
from jitad.ops.partials import is_active
from jitad.ops.views import reshape
from jitad.transforms.flow import varied_outputs

_ROUNDING = (ew.ceil, ew.floor, ew.rint, ew.trunc, reshape)
"""What makes whole numbers, and hands them on; they are read as such perhaps."""


class Hidden(NamedTuple):
    """An input by its position, and the line at which its derivative ends."""

    position: int
    line: SourceLine | None


def hidden(tape: Tape, active: Sequence[int], kept: int) -> Iterator[Hidden]:
    """Those of the active inputs by which the first results have no derivative for that reason."""
    moved = _surely_moved(tape, kept)
    for k in active:
        if tape.inputs[k] in moved:
            continue
        flags = [j == k for j in range(len(tape.inputs))]
        search = _Search()
        if any(search.outputs(tape, flags)[:kept]) and not any(varied_outputs(tape, flags)[:kept]):
            yield Hidden(k, search.line)


def _surely_moved(tape: Tape, kept: int) -> set[int]:
    """What the first results have a derivative by, whatever loops and branches do."""
    found = set(tape.outputs[:kept])
    for i in range(len(tape.instrs) - 1, -1, -1):
        instr = tape.instrs[i]
        if i not in found or not is_active(instr) or instr.op is part:
            continue
        if not isinstance(instr.op, Control):
            found |= {j for k, j in enumerate(instr.args) if _is_moved_by(instr, k, tape)}
    return found


def _is_moved_by(instr: Instr, k: int, tape: Tape) -> bool:
    """Whether a result has a derivative by its k-th operand."""
    if not is_differentiable(tape.instrs[instr.args[k]].dtype):
        return False
    return not isinstance(instr.op, Elementwise) or instr.op.partials[k] is not None


def _is_whole(tape: Tape, i: int) -> bool:
    """Whether a number is rounded, and read as a whole number only."""
    if tape.instrs[i].op not in _ROUNDING or i in tape.outputs:
        return False
    readers = [j for j, x in enumerate(tape.instrs) if i in x.args]
    return all(not is_active(tape.instrs[j]) or _is_whole(tape, j) for j in readers)


class _Search:
    """What depends on inputs: but not by what is flat by itself, such as floor, or has a rule of
    its own. `line` is the first at which a number becomes a condition or a whole one."""

    def __init__(self) -> None:
        self.line: SourceLine | None = None

    def outputs(self, tape: Tape, flags: Sequence[bool]) -> list[bool]:
        """Which outputs do."""
        found = [False] * len(tape.instrs)
        needed, bundles = tape.needed(tape.outputs), dict[int, list[bool]]()
        for i, flag in zip(tape.inputs, flags, strict=True):
            found[i] = flag
        for i, instr in enumerate(tape.instrs):
            operands = [found[j] for j in instr.args]
            if isinstance(instr.op, Control):
                known = operands if instr.op is not custom else [False] * len(operands)
                bundles[i] = instr.op.flow(instr.params[0], known, self.outputs)
            elif instr.op is part:
                found[i] = bundles[instr.args[0]][instr.params[0]]
            elif any(operands):
                found[i] = not self._is_flat(i, operands, tape)
                if self.line is None and needed[i] and not is_active(instr):
                    self.line = instr.line
        return [found[i] for i in tape.outputs]

    def _is_flat(self, i: int, operands: Sequence[bool], tape: Tape) -> bool:
        """Whether that is flat in what is met, and is no step to a whole number."""
        instr = tape.instrs[i]
        met = [k for k, flag in enumerate(operands) if flag]
        kinds = [tape.instrs[instr.args[k]].dtype for k in met]
        if not is_active(instr) or not all(map(is_differentiable, kinds)):
            return False
        if any(_is_moved_by(instr, k, tape) for k in met):
            return False
        return not _is_whole(tape, i)
