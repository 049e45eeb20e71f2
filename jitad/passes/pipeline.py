"""Tape -> Tape: the passes in order; what `explain` shows and what is compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jitad.ir.tape import Tape
from jitad.ops.control.prune import pruned
from jitad.passes.components import components
from jitad.passes.contractions import contractions
from jitad.passes.cse import cse
from jitad.passes.dce import dce
from jitad.passes.fold import fold
from jitad.passes.fuse import fuse
from jitad.passes.group_calls import group_calls
from jitad.passes.if_convert import if_convert
from jitad.passes.limit_rows import limit_rows
from jitad.passes.lower import lower
from jitad.passes.narrow import narrow
from jitad.passes.own_outputs import own_outputs
from jitad.passes.reads_first import reads_first
from jitad.passes.regions import regions
from jitad.passes.scalarize import scalarize
from jitad.passes.single_elements import single_elements
from jitad.passes.sink import sink
from jitad.passes.stencils import stencils
from jitad.passes.turn import turn


def control(tape: Tape) -> Tape:
    """The tape with its loops and branches simplified, and all passes run on what they hold."""
    return regions(tape, optimise)


def elements(tape: Tape) -> Tape:
    """The tape whose loops keep single elements of arrays, where sweeps read no more."""
    return single_elements(tape, optimise)


def prune(tape: Tape) -> Tape:
    """The tape without what nobody reads, in loops and branches either: sweeps have arrays back
    that perhaps no sweep around them reads."""
    return pruned(tape, range(len(tape.outputs)))


PASSES: tuple[Callable[[Tape], Tape], ...] = (
    prune,  # first, so that the others do not work on what nobody reads
    dce,
    lower,  # before all that ask what an op costs, or how it is computed
    narrow,  # before if_convert, which asks what may be out of bounds
    if_convert,  # before control, which would work on loops that end here
    control,  # before fold, which reads what is computed before a loop
    elements,  # after control, which leaves of branches and operands what is read
    limit_rows,  # after control, so that bodies are as they will be
    fold,
    cse,
    turn,  # after cse, for it asks who else reads a value
    contractions,  # after fold has joined transposes
    components,  # after contractions, which writes small products as sums
    fuse,  # before scalarize, which leaves some programs as they are
    scalarize,
    fold,  # elements bring new constants: zeros of adjoints, ones of seeds
    cse,
    stencils,  # after cse, so that a chain of additions is read once
    dce,
    sink,
    reads_first,
    group_calls,  # last, for others copy instructions where they stand
)


def stages(tape: Tape) -> Iterator[tuple[str, Tape]]:
    """The tape after each pass, by the pass's name."""
    for run in PASSES:
        tape = run(tape)
        yield run.__name__, tape
    yield "own_outputs", own_outputs(tape)


def optimise(tape: Tape) -> Tape:
    """The tape after all passes."""
    *_, (_, last) = stages(tape)
    return last
