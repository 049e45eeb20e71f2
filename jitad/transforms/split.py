"""Tape -> two Tapes: what can be computed before the late inputs are known, and the rest."""

from __future__ import annotations

import math
from collections.abc import Collection

from jitad.ir.builder import Builder
from jitad.ir.op import DYNAMIC, Control, Elementwise
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops.structural import broadcast, gather, gather_final, reshape

CHEAP = 24
"""A number that so many simple instructions compute is computed again rather than kept."""

_FEW = 6
"""So is an array that so many compute from broadcasts."""

_SMALL = 8
"""How many times larger a broadcast is than its operand, at least."""


def split(
    tape: Tape, late: Collection[int], results: Collection[int], free: Collection[int] = ()
) -> tuple[Tape, Tape]:
    """Cut a tape where the inputs at positions `late` first matter.

    The first tape takes the early inputs; it returns the outputs that are not among `results`,
    then the residuals. The second takes the residuals, then the late inputs, and returns the
    outputs at positions `results`. A stack of unknown length cannot be handed over: what computes
    it is done again in the second tape. So is a number that costs little, from the early inputs at
    positions `free`, which cost nothing to hand over, or from a single value of no more bytes.
    """
    depends = tape.reached([tape.inputs[k] for k in late])
    wanted = [tape.outputs[k] for k in results]
    later = [a or b for a, b in zip(depends, _again(tape, wanted, depends), strict=True)]
    _do_cheap_again(tape, wanted, later, {tape.inputs[k] for k in free})
    crossing = sorted({*_read(tape, wanted, later), *(j for j in wanted if not later[j])})
    residuals = [j for j in crossing if tape.instrs[j].args or tape.instrs[j].op is INPUT]
    kept = [i for k, i in enumerate(tape.outputs) if k not in results]
    first = Builder()
    new: dict[int, int] = {}
    for i, instr in enumerate(tape.instrs):
        if not depends[i]:
            new[i] = first.copy(instr, tuple([new[j] for j in instr.args]))
    early = [new[i] for k, i in enumerate(tape.inputs) if k not in late]
    before = first.finish([new[i] for i in kept] + [new[j] for j in residuals], early)
    return before, _second(tape, late, residuals, crossing, later, wanted)


def _again(tape: Tape, wanted: list[int], depends: list[bool]) -> list[bool]:
    """What the second tape computes again: the loops whose growing stacks it reads."""
    again = [False] * len(tape.instrs)
    stack = _read(tape, wanted, depends)
    while stack:
        i = stack.pop()
        instr = tape.instrs[i]
        if not again[i] and (isinstance(instr.op, Control) or instr.shape[:1] == (DYNAMIC,)):
            again[i] = True
            stack.extend(instr.args)
    return again


def _do_cheap_again(tape: Tape, wanted: list[int], later: list[bool], free: set[int]) -> None:
    """Flag as later what costs less to do again than to keep."""
    cheap, spread = _cheap(tape, free), _spread(tape)
    stack = _read(tape, wanted, later)
    while stack:
        i = stack.pop()
        instr = tape.instrs[i]
        if later[i] or not instr.args:
            continue
        is_shown = instr.op is reshape and _is_free(tape, i, free)
        is_shown = is_shown or instr.op is broadcast
        if cheap[i] is not None or spread[i] or is_shown or _follows_from_one(tape, instr):
            later[i] = True
            stack.extend(instr.args)


def _cheap(tape: Tape, free: set[int]) -> list[frozenset[int] | None]:
    """Of each number the few instructions that compute it from the inputs `free`, or None."""
    found: list[frozenset[int] | None] = []
    for i, instr in enumerate(tape.instrs):
        looks_up = instr.op in (gather, gather_final)
        table = instr.args[:1] if looks_up and _is_free(tape, instr.args[0], free) else ()
        below = [found[j] for j in instr.args if j not in table]
        is_input = instr.op is INPUT
        if i in free or not (is_input or instr.args):
            found.append(frozenset())
        elif is_input or None in below or not _is_simple(instr) or not _is_small(instr):
            found.append(None)
        else:
            work = frozenset([i]).union(*(x for x in below if x is not None))
            found.append(work if len(work) <= CHEAP else None)
    return found


def _spread(tape: Tape) -> list[int]:
    """Of each array how many instructions compute it from broadcasts of much smaller ones, as an
    outer product is; 0 where they do not, or are not few."""
    found: list[int] = []
    for instr in tape.instrs:
        if instr.op is broadcast:
            size = math.prod(tape.instrs[instr.args[0]].shape)
            found.append(int(_SMALL * size <= math.prod(instr.shape)))
        elif isinstance(instr.op, Elementwise) and instr.op.cost <= 2 and instr.shape:
            below = [found[j] for j in instr.args if tape.instrs[j].op is not CONST]
            work = 1 + sum(below) if below and all(below) else 0
            found.append(work if work <= _FEW else 0)
        else:
            found.append(0)
    return found


def _is_free(tape: Tape, i: int, free: set[int]) -> bool:
    """Whether an array is among those that are free, perhaps in another shape."""
    while tape.instrs[i].op is reshape:
        (i,) = tape.instrs[i].args
    return i in free


def _is_simple(instr: Instr) -> bool:
    return instr.op in (gather, gather_final, reshape, broadcast) or (
        isinstance(instr.op, Elementwise) and instr.op.cost <= 2
    )


def _is_small(instr: Instr) -> bool:
    """Whether an instruction gives a number; or places, or what stands there."""
    return not instr.shape or instr.dtype.kind in "bi" or instr.op in (gather, gather_final)


def _follows_from_one(tape: Tape, instr: Instr) -> bool:
    """Whether a value is a simple function of a single other one that is no larger."""
    rest = {j for j in instr.args if tape.instrs[j].op is not CONST}
    if not isinstance(instr.op, Elementwise) or instr.op.cost > 1 or len(rest) != 1:
        return False
    (j,) = rest
    return tape.instrs[j].dtype.itemsize <= instr.dtype.itemsize


def _read(tape: Tape, wanted: list[int], later: list[bool]) -> list[int]:
    """What is read of the rest by those that are flagged, as far as they are needed."""
    needed = tape.needed(wanted, later)
    flagged = (x for x, *flags in zip(tape.instrs, needed, later, strict=True) if all(flags))
    return [j for instr in flagged for j in instr.args if not later[j]]


def _second(
    tape: Tape,
    late: Collection[int],
    residuals: list[int],
    crossing: list[int],
    later: list[bool],
    wanted: list[int],
) -> Tape:
    builder, needed = Builder(), tape.needed(wanted, later)
    new: dict[int, int] = {}
    for k, j in enumerate(residuals):
        instr = tape.instrs[j]
        new[j] = builder.input(f"r{k}", instr.shape, instr.dtype).index
    inputs = [new[j] for j in residuals]
    for j in crossing:
        if j not in new:
            new[j] = builder.copy(tape.instrs[j], ())
    for k in late:
        i = tape.inputs[k]
        new[i] = builder.copy(tape.instrs[i], ())
        inputs.append(new[i])
    for i, instr in enumerate(tape.instrs):
        if later[i] and needed[i] and i not in new:
            new[i] = builder.copy(instr, tuple([new[j] for j in instr.args]))
    return builder.finish([new[i] for i in wanted], inputs)
