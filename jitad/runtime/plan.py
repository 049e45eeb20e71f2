"""A program ready to be compiled, and what its inputs and results are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jitad.frontend.pytree import Structure
from jitad.frontend.trace import Leaf
from jitad.ir.tape import Tape
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
    of their new elements. `zeros` is what is to be said of derivatives that are 0.
    """

    tape: Tape
    leaves: tuple[Leaf, ...]
    captured: tuple[Any, ...]
    structure: Structure
    companion: Callable[..., Any] | None = None
    values: int | None = None
    asked: Structure | None = None
    writes: Writes | None = None
    zeros: str = ""
