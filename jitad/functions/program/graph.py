"""A function's blocks -> what its loops and branches need to know; computed once for its code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import reduce
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from jitad.functions.program import instructions  # noqa: F401  fills their table
from jitad.functions.program.bytecode import Code, RawBlock, loops_of
from jitad.functions.program.statements import End, Handler, Statement, Unreadable

EXIT = -1
"""The label behind every `return`."""

RESULT = "$result"
"""The name of the function's result there."""

FOLDED = "$folded"
"""The name of what is made of a generator's items, where they are folded as they come."""


Turn = Callable[[Any, str], bool] | None
"""What may end a block that returns the result of a call with another turn of the function."""


class Block:
    """Statements that run one after the other, and how they end.

    Attributes:
        handler: who handles exceptions in it.
        bound: the names that it binds.
        reads: the names that it reads before it binds them.
    """

    def __init__(self, raw: RawBlock, shared: frozenset[str]) -> None:
        self.statements: list[Statement] = raw.statements
        self.end: End = raw.end
        self.handler: Handler | None = raw.handler
        self.raises = raw.raises
        self.bound: set[str] = set()
        self.reads: set[str] = set()
        for s in self.statements:
            self.reads |= set(s.reads) - self.bound
            self.bound |= {v for v in (s.bound, s.advances) if v is not None}
        self.reads |= set(self.end.reads) - self.bound
        if self.end.result is not None:
            self.bound.add(RESULT)
        if self.end.yields is not None:
            self.reads.add(FOLDED)
            self.bound |= {FOLDED, self.end.yields}
        if raw.calls:  # what is called may bind them
            self.reads |= shared
            self.bound |= shared


class Program:
    """A function's blocks by label, its loops by their headers, and which names live on where.

    Attributes:
        constants: names that are bound when it begins.
        shared: variables that another function than the one whose they are binds.
        cells: the variables that it shares.
        raising: blocks from which all ways end in an exception; those `leaving` in one that no
            handler of the function takes.
        in_turn: blocks that make loops around them ones that are run turn by turn.
        resumes: where a generator goes on, and the name of what it was sent.
        turned: in how many places it goes on from its beginning in place of calling itself.
        is_left: whether a generator may end at any item, as whoever asks for them wants no more.
    """

    def __init__(self, code: CodeType, is_left: bool = False, turn: Turn = None) -> None:
        read = Code(code, turn)
        self.is_left, self.turned = is_left, read.turned
        self.start, self.constants, self.shared = read.steps[0].offset, read.constants, read.shared
        self.cells = frozenset(code.co_cellvars) | self.shared
        self.is_generator = bool(code.co_flags & CO_GENERATOR)
        self.blocks = {label: Block(raw, self.shared) for label, raw in read.blocks.items()}
        self.in_turn = {label for label, raw in read.blocks.items() if raw.in_turn}
        self.yielding = {label for label, b in self.blocks.items() if b.end.yields is not None}
        self.resumes = {b.end.after[0]: b.end.yields
                        for b in self.blocks.values() if b.end.yields is not None}  # fmt: skip
        edges = {label: [*b.end.after, *([b.handler.label] if b.handler else [])]
                 for label, b in self.blocks.items()}  # fmt: skip
        self.loops, order = loops_of(self.start, edges)
        self.joins: dict[frozenset[int], dict[int, int]] = {}
        self.after = {label: self._after(block) for label, block in self.blocks.items()}
        captured = set(self.cells)  # functions that outlive the call read them
        self.live: dict[int, set[str]] = {EXIT: {RESULT, *captured}}
        if self.is_generator:
            self.live[EXIT].add(FOLDED)
        self.live |= {label: block.reads | captured for label, block in self.blocks.items()}
        for label, name in self.resumes.items():
            self.live[label].add(name)
        self._find_living(order)
        self.raising = set(self.blocks) - self._returning(self.after)
        handled = {x: [*ways, *(h.label for h in self.handlers([x]))]
                   for x, ways in self.after.items()}  # fmt: skip
        self.leaving = set(self.blocks) - self._returning(handled)

    def _after(self, block: Block) -> list[int]:
        if block.end.result is not None:
            return [EXIT]
        if block.end.yields is not None:
            return [*block.end.after, *([EXIT] if self.is_left else [])]
        return [self.follow(label) for label in block.end.after]

    def _returning(self, after: dict[int, list[int]]) -> set[int]:
        """The blocks from which such ways lead to a `return`."""
        before = _reversed(after)
        found, work = set[int](), [EXIT]
        while work:
            x = work.pop()
            if x not in found:
                found.add(x)
                work += before.get(x, ())
        return found

    def _find_living(self, order: list[int]) -> None:
        changed = True
        while changed:
            changed = False
            for label in reversed(order):
                block = self.blocks[label]
                behind = self.living(self.after[label])
                new = self.live[label] | block.reads | (behind - block.bound)
                if block.handler is not None:
                    kept = set() if block.raises else block.bound
                    new |= self.living([block.handler.label]) - {block.handler.error} - kept
                changed |= new != self.live[label]
                self.live[label] = new

    def headers(self, labels: Collection[int]) -> set[int]:
        """The headers of the loops that all these blocks are in."""
        return {header for header, body in self.loops.items() if body.issuperset(labels)}

    def living(self, labels: Iterable[int]) -> set[str]:
        """The names that are read from these labels on."""
        return set[str]().union(*(self.live[label] for label in labels))

    def handlers(self, labels: Iterable[int]) -> set[Handler]:
        """Who handles exceptions in these blocks."""
        found = (self.blocks[label].handler for label in labels)
        return {handler for handler in found if handler is not None}

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
            if last.condition is not None or last.yields is not None or len(last.after) != 1:
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

    def met(self, starts: Collection[int], stops: Collection[int]) -> set[int]:
        """The starts that ways from the others lead through, within the same turn of loops around
        them: what they begin is run once."""
        begun = set(starts) - set(stops)
        # Behind the join a start is met in another turn alone.
        ends = {*stops, *({self.join(starts, stops)} - begun)}

        def is_met(x: int) -> bool:
            turns = {header for header, body in self.loops.items() if x in body}
            return x in self.between(begun - {x}, {*ends, *turns})

        found = set(filter(is_met, begun))
        return found if len(found) < len(begun) else set()

    def ends(
        self, starts: Collection[int], stops: Collection[int], *, meets: bool
    ) -> tuple[set[int], set[int]]:
        """Where ways from the starts join, or else the stops, and handlers that are beyond, and
        starts that are met; and the blocks before."""
        join = self.join(starts, stops)
        ends = set(stops) if join is None else {join}
        ends |= self.met(starts, ends) if meets else set()
        blocks: set[int] = set()
        work = set(starts)
        while work:
            blocks |= self.between(work, ends)
            work = {h.label for h in self.handlers(blocks)} - blocks - ends
            beyond = {x for x in work if self.join([x], {*stops, *ends}) not in ends}
            ends |= beyond
            work -= beyond
        return ends, blocks

    def join(self, starts: Collection[int], stops: Collection[int]) -> int | None:
        """The nearest label that all ways from the starts lead through, stops counted; a way that
        ends in an exception is in nobody's way."""
        known = self.joins.setdefault(frozenset(stops), {})
        if not known.keys() >= set(starts):
            known |= self._find_joins(starts, stops)
        ways = [[*_onward(known, label)] for label in starts if known[label] != _NOWHERE]
        if not ways:  # what raises at once is recorded first, and what asks more goes on
            return max(starts, key=lambda label: len(self.between([label], stops)))
        shared = set[int]().union(*ways[:1]).intersection(*ways[1:])
        return next((label for way in ways for label in way if label in shared), None)

    def _find_joins(self, starts: Collection[int], stops: Collection[int]) -> dict[int, int]:
        """For each block from there on the nearest one behind that all ways lead through: Cooper,
        Harvey and Kennedy, A simple, fast dominance algorithm, 2001."""
        blocks = self.between(starts, stops)
        before = _reversed({b: self.after[b] for b in blocks})
        ends = (before.keys() | set(starts)) - blocks
        order = _children_first(_END, {**before, _END: [*ends]})
        number = {label: k for k, label in enumerate(order)}
        found = dict.fromkeys([*ends, _END], _END)

        def shared(a: int, b: int) -> int:
            while a != b:
                a, b = (found[a], b) if number[a] < number[b] else (a, found[b])
            return a

        changed = True
        while changed:
            changed = False
            for b in reversed(order):
                if b in blocks:
                    new = reduce(shared, (s for s in self.after[b] if s in found))
                    changed |= new != found.get(b)
                    found[b] = new
        return dict.fromkeys(blocks, _NOWHERE) | found


_END, _NOWHERE = -2, -3
"""Behind all labels; behind those from which all ways end in exceptions."""


def _reversed(after: dict[int, list[int]]) -> dict[int, list[int]]:
    """From where each label is reached."""
    before: dict[int, list[int]] = {}
    for x, ends in after.items():
        for label in ends:
            before.setdefault(label, []).append(x)
    return before


def _onward(known: dict[int, int], label: int) -> Iterator[int]:
    """A label, and those that all ways from it lead through."""
    while label != _END:
        yield label
        label = known[label]


def _children_first(start: int, children: dict[int, list[int]]) -> list[int]:
    """All that is reached, each behind those that are reached from it first."""
    found: list[int] = []
    seen, work = {start}, [(start, iter(children.get(start, ())))]
    while work:
        label, rest = work[-1]
        new = next((x for x in rest if x not in seen), None)
        if new is None:
            found.append(label)
            work.pop()
        else:
            seen.add(new)
            work.append((new, iter(children.get(new, ()))))
    return found


_OF_FRAMES = frozenset(("_getframe", "currentframe"))
"""Functions of Python's that ask the frame which they are called from."""

_programs: WeakKeyDictionary[CodeType, dict[tuple[bool, Turn], Program | None]] = (
    WeakKeyDictionary()
)
"""Of each code as long as it lives."""


def program_of(f: FunctionType, is_left: bool = False, turn: Turn = None) -> Program | None:
    """The program of a function; None where it cannot be read."""
    known = _programs.setdefault(f.__code__, {})
    key = is_left, turn
    if key not in known:
        known[key] = _read(f, *key)
    return known[key]


def _read(f: FunctionType, is_left: bool, turn: Turn) -> Program | None:
    code = f.__code__
    asks = not _OF_FRAMES.isdisjoint(code.co_names)
    if asks or code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        return None
    try:
        return Program(code, is_left, turn)
    except Unreadable:
        return None
