"""A nest of many roots -> nests of fewer, where what they compute has nothing in common.

LLVM compares each access to memory in a loop with each other one, so that its time is quadratic in
the arrays of a loop. What is shared, a value or a buffer that one root reads and another writes,
stays together: no work is done twice, and nothing is overwritten before it is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from jitad.ir.tape import CONST, INPUT
from jitad.ops import structural as st
from jitad.passes.schedule import Nest, Program, Root

MOST = 16
"""Roots from which a nest is cut, and how many a piece has, if they can be parted so finely."""


def pieces(program: Program, step: int, nest: Nest) -> Iterator[Nest]:
    """The nest, or several in its place."""
    if not nest.space or len(nest.roots) <= MOST:
        yield nest
        return
    waiting: list[Root] = []
    for group in _groups(program, step, nest.roots):
        if waiting and len(waiting) + len(group) > MOST:
            yield Nest(nest.space, sorted(waiting), nest.ends)
            waiting = []
        waiting += group
    yield Nest(nest.space, sorted(waiting), nest.ends)


def _groups(program: Program, step: int, roots: list[Root]) -> list[list[Root]]:
    """Roots that share something, in order of the first of each group."""
    leader = list(range(len(roots)))

    def find(k: int) -> int:
        while leader[k] != k:
            leader[k] = leader[leader[k]]
            k = leader[k]
        return k

    written = {_home(program, root.index) for root in roots}
    met = [list(_met(program, step, root, written)) for root in roots]
    read = {thing for things in met for thing in things if thing[0] == "buffer"}
    owner: dict[object, int] = {}
    for k, things in enumerate(met):
        for kind, i in things:
            thing = ("buffer", i) if kind == "part" else (kind, i)
            if kind != "part" or thing in read:
                one, other = find(owner.setdefault(thing, k)), find(k)
                leader[max(one, other)] = min(one, other)
    groups: dict[int, list[Root]] = {}
    for k, root in enumerate(roots):
        groups.setdefault(find(k), []).append(root)
    return list(groups.values())


def _met(program: Program, step: int, root: Root, written: set[int]) -> Iterator[tuple[str, int]]:
    """What a root computes, and which of the nest's buffers it touches.

    Parts of a join, each a stretch of its memory, have nothing in common.
    """
    instrs = program.tape.instrs
    own = instrs[root.index]
    if own.op is st.guard:
        yield "guard", 0
    seen: set[int] = set()
    stack = list(own.args)
    if own.op in st.JOINS:
        is_stretch = st.stretch(program.slots[root.index][root.part], own.shape) is not None
        yield "part" if is_stretch else "buffer", _home(program, root.index)
        stack = [own.args[root.part]]
    else:
        yield "buffer", _home(program, root.index)
        yield "value", root.index
    while stack:
        i = stack.pop()
        if i in seen:
            continue
        seen.add(i)
        if _home(program, i) in written:
            yield "buffer", _home(program, i)
        if program.position.get(i, step) == step and instrs[i].op not in (INPUT, CONST):
            yield "value", i
            stack.extend(instrs[i].args)


def _home(program: Program, i: int) -> int:
    """The buffer that a value is in, as a whole."""
    home = program.storage.get(i, i)
    while home in program.within:
        home = program.within[home].whole
        home = program.storage.get(home, home)
    return home
