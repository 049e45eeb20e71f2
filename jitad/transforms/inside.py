"""What is known of the inputs of a control op's sub-tapes -> which of their supports are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from jitad.ir.op import Control
from jitad.ir.tape import Tape
from jitad.ops.control import block, loop, revolve, switch
from jitad.ops.control.parts import Flow

if TYPE_CHECKING:
    from jitad.transforms.reach import Found, Reach

Flags = tuple[bool, ...]

OPENED = (block, loop, revolve, switch)
"""Control ops whose sub-tapes are looked into."""


class Inputs(NamedTuple):
    """Flags of a tape's inputs.

    `linear`: the tape is linear in them; `partial`: and some of their elements are 0 for sure;
    `fresh`: which they are in a loop's first turn alone; `zero`: they are 0. Of the others,
    `data`: it depends on what is not differentiated; `wild`: a number may be infinite or NaN though
    all inputs of the program are finite.
    """

    linear: Flags
    partial: Flags
    zero: Flags
    data: Flags
    wild: Flags
    fresh: Flags


@dataclass(frozen=True)
class Inside:
    """What is known of a control op's sub-tapes: the flags of their inputs, by the sub-tape's id;
    which operands' supports they are to be told, and which results' supports they say."""

    inputs: dict[int, Inputs]
    told: list[bool]
    said: list[bool]
    is_needed: bool
    found: Found

    def reach(self, tape: Tape, partial: Sequence[bool] | None = None) -> Reach:
        """The supports of a sub-tape, of whose inputs these are partial."""
        known = self.inputs[id(tape)]
        known = known if partial is None else known._replace(partial=tuple(partial))
        return self.found.reach(tape, known)

    def partial(self, tape: Tape, flags: Sequence[bool]) -> list[bool]:
        """Which outputs of a sub-tape have elements that are 0 for sure."""
        return self.reach(tape, flags).outputs()


class Recorded:
    """A flow that keeps which inputs of a tape were flagged last, by the tape's id."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.flags: dict[int, Flags] = {}

    def __call__(self, tape: Tape, flags: Sequence[bool]) -> list[bool]:
        self.flags[id(tape)] = tuple(flags)
        return self.flow(tape, flags)


def carried_by(op: Control, form: Any) -> tuple[Tape, int, int] | None:
    """What a loop's turns carry: the tape of a turn, the first of the operands, and their number;
    behind the turn's number the tape has inputs as the loop has operands."""
    if op is loop:
        return form.body, form.consts, form.carries
    return (form.back, len(form.loop.body.inputs) - 1, form.adjoints) if op is revolve else None


def look_inside(
    op: Control, form: Any, inputs: dict[int, Inputs], told: list[bool], empty: list[bool],
    found: Found,
) -> Inside:  # fmt: skip
    recorded = Recorded(Inside(inputs, [], [], False, found).partial)
    said = list(op.flow(form, told, recorded))
    if not told:  # what has no operands is a constant, and no path leads through it
        said = [False] * len(said)
    for key, flags in recorded.flags.items():
        inputs[key] = inputs[key]._replace(partial=flags)
    carried = carried_by(op, form)
    if carried is not None:
        body, first, count = carried
        after = found.reach(body, inputs[id(body)]).outputs()
        fresh = [False] * len(body.inputs)
        for k in range(count):
            told[first + k] = said[k]
            fresh[1 + first + k] = empty[first + k] and not after[k]
        if op is revolve or form.count:
            said[:count] = after[:count]
        inputs[id(body)] = inputs[id(body)]._replace(fresh=tuple(fresh))
    tapes = [tape for tape in op.tapes(form) if id(tape) in inputs]
    needed = any(found.reach(tape, inputs[id(tape)]).is_needed for tape in tapes)
    return Inside(inputs, told, said, needed, found)
