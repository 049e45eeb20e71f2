"""Roots of straight-line code -> the same in an order in which few numbers wait for each other.

An element of an input is loaded where it is first read, a result stored as soon as it is there.
A register allocator's time grows faster than the numbers that wait, and most of them are spilled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from jitad.ir.tape import INPUT, Instr, Tape
from jitad.ops import structural as st
from jitad.passes.group_calls import is_call

if TYPE_CHECKING:
    from jitad.passes.schedule import Root


def near(
    tape: Tape, roots: Sequence[Root], changed: Collection[int], pinned: Collection[int]
) -> list[Root]:
    """The roots of a nest of rank 0 in another order.

    `changed` are the arrays in whose memory others are computed, `pinned` the values that are read
    by what is no root. Calls that stand together stay so: codegen makes one of several.
    """
    computed = {root.index for root in roots}
    loads: dict[int, Root] = {}
    stores: dict[int, list[Root]] = {}
    rest: list[Root] = []
    for root in roots:
        instr = tape.instrs[root.index]
        if instr.op in st.JOINS and instr.args[root.part] in computed:
            stores.setdefault(instr.args[root.part], []).append(root)
        elif root.index not in pinned and _is_load(tape, instr, changed):
            loads[root.index] = root
        else:
            rest.append(root)
    if not loads and not stores:
        return list(roots)
    ordered: list[Root] = []

    def write(group: Sequence[Root]) -> None:
        ordered.extend(group)
        for root in group:
            ordered.extend(stores.get(root.index, ()))

    for group in _groups(tape, rest):
        for root in group:
            write([loads.pop(j) for j in tape.instrs[root.index].args if j in loads])
        write(group)
    write(list(loads.values()))
    return ordered


def _is_load(tape: Tape, instr: Instr, changed: Collection[int]) -> bool:
    """Whether this is an element of an input that stays as it is."""
    if instr.op is not st.index:
        return False
    (i,) = instr.args
    return tape.instrs[i].op is INPUT and i not in changed


def _groups(tape: Tape, roots: Sequence[Root]) -> Iterator[list[Root]]:
    """The roots one by one, but calls of one function that stand together at once."""

    def kind(root: Root) -> object:
        instr = tape.instrs[root.index]
        return instr.op if is_call(instr) else root

    return (list(group) for _, group in groupby(roots, kind))
