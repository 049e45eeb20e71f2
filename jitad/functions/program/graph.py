"""A function's blocks -> what its loops and branches need to know; computed once for its code."""

from __future__ import annotations

import dis
from collections.abc import Collection, Iterable
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from jitad.functions.program.numba_ir import blocks_of, loops_of
from jitad.functions.program.statements import End, Statement, Unreadable, end, statement

EXIT = -1
"""The label behind every `return`."""

RESULT = "$result"
"""The name of the function's result there."""


class Block:
    """Statements that run one after the other, and how they end.

    Attributes:
        bound: the names that it binds.
        reads: the names that it reads before it binds them.
    """

    def __init__(self, nodes: list[Any]) -> None:
        self.statements: list[Statement] = [statement(node) for node in nodes[:-1]]
        self.end: End = end(nodes[-1])
        self.bound: set[str] = set()
        self.reads: set[str] = set()
        for s in self.statements:
            self.reads |= set(s.reads) - self.bound
            if s.bound is not None:
                self.bound.add(s.bound)
        self.reads |= set(self.end.reads) - self.bound
        if self.end.result is not None:
            self.bound.add(RESULT)


class Program:
    """A function's blocks by label, its loops by their headers, and which names live on where."""

    def __init__(self, nodes: dict[int, Any]) -> None:
        self.start, self.loops, order = loops_of(nodes)
        self.blocks = {label: Block(block.body) for label, block in nodes.items()}
        self.after = {label: self._after(block) for label, block in self.blocks.items()}
        self.live: dict[int, set[str]] = {EXIT: {RESULT}}
        self.live |= {label: set(block.reads) for label, block in self.blocks.items()}
        self._find_living(order)
        if any(name.startswith("$") for name in self.live[self.start]):
            raise Unreadable("a name of Numba's own that is not bound")  # of := in the first block

    def _after(self, block: Block) -> list[int]:
        if block.end.result is not None:
            return [EXIT]
        return [self.follow(label) for label in block.end.after]

    def _find_living(self, order: list[int]) -> None:
        changed = True
        while changed:
            changed = False
            for label in reversed(order):
                block = self.blocks[label]
                behind = self.living(self.after[label])
                new = block.reads | (behind - block.bound)
                changed |= new != self.live[label]
                self.live[label] = new

    def living(self, labels: Iterable[int]) -> set[str]:
        """The names that are read from these labels on."""
        return set[str]().union(*(self.live[label] for label in labels))

    def bound(self, labels: Iterable[int]) -> set[str]:
        """The names that these blocks bind."""
        return set[str]().union(*(self.blocks[label].bound for label in labels))

    def reads(self, labels: Iterable[int]) -> set[str]:
        """The names that these blocks read."""
        return set[str]().union(*(self.blocks[label].reads for label in labels))

    def follow(self, label: int) -> int:
        """The label, behind blocks that only jump."""
        while label not in self.loops and not self.blocks[label].statements:
            last = self.blocks[label].end
            if last.condition is not None or len(last.after) != 1:
                break
            label = last.after[0]
        return label

    def between(self, starts: Iterable[int], stops: Collection[int]) -> set[int]:
        """The blocks on ways from the starts to the stops."""
        found: set[int] = set()
        work = [label for label in starts if label not in stops]
        while work:
            label = work.pop()
            if label not in found and label != EXIT:
                found.add(label)
                work += [s for s in self.after[label] if s not in stops]
        return found

    def join(self, starts: Collection[int], stops: Collection[int]) -> int | None:
        """The nearest label that all ways from the starts lead through, stops counted."""
        blocks = self.between(starts, stops)
        ends = {s for b in blocks for s in self.after[b] if s not in blocks} | set(starts) - blocks
        every = blocks | ends
        later = {b: {b} if b in ends else set(every) for b in every}
        changed = True
        while changed:  # a block that raises leads nowhere, and so is in nobody's way
            changed = False
            for b in blocks:
                ways = [later[s] for s in self.after[b]]
                new = {b} | (set.intersection(*ways) if ways else every)
                changed |= new != later[b]
                later[b] = new
        shared = set.intersection(*(later[s] for s in starts))
        return max(shared, key=lambda b: len(later[b]), default=None)


_REBINDING = ("STORE_DEREF", "DELETE_DEREF", "STORE_GLOBAL", "DELETE_GLOBAL")
"""What binds names that are not the function's own."""

_programs: WeakKeyDictionary[CodeType, Program | None] = WeakKeyDictionary()
"""Of each code as long as it lives."""


def program_of(f: FunctionType) -> Program | None:
    """The program of a function; None where it cannot be read."""
    code = f.__code__
    if code not in _programs:
        _programs[code] = _read(f)
    return _programs[code]


def _read(f: FunctionType) -> Program | None:
    if f.__code__.co_cellvars or any(s.opname in _REBINDING for s in dis.get_instructions(f)):
        return None  # other functions see its names change
    nodes = blocks_of(f)
    if nodes is None:
        return None
    try:
        return Program(nodes)
    except Unreadable:
        return None
