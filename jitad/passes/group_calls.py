"""Tape -> Tape: independent calls of one function stand side by side in straight-line code.

Codegen makes one call on a vector of them. (Superword-level parallelism: Larsen and Amarasinghe,
PLDI 2000.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jitad.ir.op import Elementwise
from jitad.ir.tape import CONST, INPUT, Instr, Tape, has_effect
from jitad.ops.elementwise import exp
from jitad.ops.structural import index
from jitad.passes.order import operands_first

FEWEST = 2
"""Calls of which one on a vector takes less time."""

_WINDOW = 512
"""Instructions among which calls are found: what waits for its readers fills the cache."""


def is_call(instr: Instr) -> bool:
    """Whether a scalar is a function of libm, or costs as much."""
    is_scalar = not instr.shape and instr.dtype.kind == "f"
    return is_scalar and isinstance(instr.op, Elementwise) and instr.op.cost >= exp.cost


def group_calls(tape: Tape) -> Tape:
    """The tape with calls of one function, none of which needs another, next to each other."""
    if sum(map(is_call, tape.instrs)) < FEWEST:
        return tape
    return tape.reordered([i for window in _windows(tape) for i in _ordered(tape, window)])


def _windows(tape: Tape) -> Iterator[list[int]]:
    """Runs of scalars; what is no scalar, or may leave the function, stands alone."""
    window: list[int] = []
    for i, instr in enumerate(tape.instrs):
        movable = not instr.shape and not has_effect(instr)
        if movable and (isinstance(instr.op, Elementwise) or instr.op in (CONST, INPUT, index)):
            window.append(i)
            if len(window) < _WINDOW:
                continue
        yield window
        if not window or window[-1] != i:
            yield [i]
        window = []
    yield window


def _ordered(tape: Tape, window: Sequence[int]) -> list[int]:
    """The window's instructions, each group of calls where its first member stood."""
    groups = _groups(tape, window)
    if not groups:
        return list(window)
    inside, done = set(window), set[int]()
    order: list[int] = []

    def together(i: int) -> Sequence[int]:
        return groups.get(i, (i,))

    def needed(i: int) -> list[int]:
        return [
            j for k in together(i) for j in tape.instrs[k].args if j in inside and j not in done
        ]

    for root in window:
        for i in operands_first(root, needed) if root not in done else ():
            order.extend(k for k in together(i) if k not in done)
            done.update(together(i))
    return order


def _groups(tape: Tape, window: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """For each call that is not alone all calls of its group.

    They have the same depth, the number of calls in a row up to it, and so none needs another.
    """
    depth: dict[int, int] = {}
    found: dict[tuple[object, ...], list[int]] = {}
    for i in window:
        instr = tape.instrs[i]
        depth[i] = max((depth.get(j, 0) for j in instr.args), default=0)
        if is_call(instr):
            depth[i] += 1
            found.setdefault((instr.op, instr.dtype, depth[i]), []).append(i)
    groups = [tuple(calls) for calls in found.values() if len(calls) >= FEWEST]
    return {i: calls for calls in groups for i in calls}
