"""A program ready to be compiled, and what its inputs and results are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jitad.frontend.effects import Effects
from jitad.frontend.pytree import Structure, unflatten
from jitad.frontend.trace import Leaf
from jitad.ir.builder import inline, same_inputs
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.runtime.writes import Writes


@dataclass(frozen=True, eq=False)
class Plan:
    """A program ready to be compiled: what a transform makes of a traced function.

    The tape's inputs are the leaves of the arguments, then the captured arrays; its outputs are
    the leaves of a result of that structure. `companion` is a second function that belongs to
    the result, such as the pullback that takes its residuals. `values`, where given, says how many
    instructions come before the first one of a derivative. `asked` is the structure of (args,
    kwargs), the first of the leaves, by which the function itself says what it raises. `writes`,
    where given, are those of the leaves that it writes to: the result is then a pair of its own and
    of their new elements. `effects`, where given, are what is done at the end of each call: what
    is stored then comes after the leaves of the result. `zeros` is what is to be said of
    derivatives that are 0, `remarks` what `explain` says of how they were found.
    """

    tape: Tape
    leaves: tuple[Leaf, ...]
    captured: tuple[Any, ...]
    structure: Structure
    companion: Callable[..., Any] | None = None
    values: int | None = None
    asked: Structure | None = None
    writes: Writes | None = None
    effects: Effects | None = None
    zeros: str = ""
    remarks: tuple[str, ...] = ()

    def result(self, leaves: Sequence[Any]) -> Any:
        """The result of a call from its leaves; what is to be done at its end is done."""
        if self.effects is None:
            return unflatten(self.structure, leaves)
        count = self.structure.num_leaves
        self.effects.perform(leaves[count:])
        return unflatten(self.structure, leaves[:count])


def with_effects(plan: Plan) -> Plan:
    """A program that gives what is stored outside as well, where the function stores any."""
    effects = plan.effects
    if effects is None:
        return plan
    tape = plan.tape
    builder, inputs = same_inputs(tape, len(tape.inputs))
    results, captured = inline(builder, tape, inputs), len(plan.captured)
    stored: list[Value] = []
    if effects.tape is not None:
        own = inputs[: len(effects.tape.inputs) - captured]
        stored = inline(builder, effects.tape, [*own, *inputs[len(inputs) - captured :]])
    return replace(plan, tape=builder.finish([x.index for x in (*results, *stored)]))
