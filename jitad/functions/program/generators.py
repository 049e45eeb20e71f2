"""A generator that is run as a program: it goes on where it is asked for its next item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.active import frames, innermost_trace, is_copying
from jitad.frontend.parts import Bindings, made
from jitad.frontend.regions import Changed, NeedsNumber
from jitad.functions.program.data import Chosen, Names, Place, Somewhere, current, labels_of
from jitad.functions.program.graph import EXIT, FOLDED, RESULT, program_of
from jitad.functions.program.iterators import InTurn, Turn
from jitad.ir.errors import TraceError
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


class Generated(Iterator[Any]):
    """What a call of a generator function gives."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.builder = current()
        self.place: int = frame.program.start
        self.names = frame.first()
        self.is_left = False

    def __iter__(self) -> Generated:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, x: Any) -> Any:
        """Go on to the next item; `yield` is x."""
        self._check()
        name = self.frame.program.resumes.get(self.place)
        if name is not None:
            self.names[name] = x
        return self._next()

    def is_new(self) -> bool:
        """Whether nobody has asked it for an item yet."""
        return self.place == self.frame.program.start

    def folded(self, fold: Any, start: Any, is_left: bool = False) -> Any:
        """fold(... fold(fold(start, first), second) ..., last); its loops may be recorded so. It
        `is_left` at an item, perhaps, behind which no more are wanted."""
        self._check()
        self.is_left = is_left
        if is_left:
            self.frame.program = self.program_that_is_left()
        self.frame.fold, self.names[FOLDED] = fold, start
        place, self.place = self.place, EXIT
        names = self._run(place, {EXIT})[1]
        self.frame.shared.fill(names)
        return names[FOLDED]

    def program_that_is_left(self) -> Any:
        """Its program where it may be left at any item."""
        return program_of(self.frame.function, is_left=True)

    def _run(self, place: int, stops: set[int]) -> tuple[Any, Any]:
        frames().append(self.frame)
        try:
            return self.frame.run(place, self.names, stops, enters=False)
        finally:
            frames().pop()

    def throw(self, error: Any, *_: Any) -> Any:
        """Raise an exception at the `yield`, and go on to the next item if that is handled."""
        self._check()
        error = error() if isinstance(error, type) else error
        blocks = self.frame.program.blocks.values()
        handler = next((b.handler for b in blocks if b.end.after == (self.place,)), None)
        if self.place not in self.frame.program.resumes or handler is None:
            self.place = EXIT
            raise error
        self.frame.handle(handler, error, self.names)
        self.place = handler.label
        return self._next()

    def close(self) -> None:
        """End it at the `yield`."""
        if self.place == EXIT or self.place == self.frame.program.start:
            self.place = EXIT
            return
        try:
            self.throw(GeneratorExit())
        except (GeneratorExit, StopIteration):
            return
        raise RuntimeError("generator ignored GeneratorExit")

    def _check(self) -> None:
        if innermost_trace() is None:
            raise TraceError("a generator goes on outside of the function that was traced with it")
        if self.is_left:
            raise Changed  # nobody knows which items are left: the trace is made without
        if current() is not self.builder:
            raise NeedsNumber("a generator from around goes on")

    def _next(self) -> Any:
        if self.place == EXIT:
            raise StopIteration
        program, place = self.frame.program, self.place
        self.place = EXIT  # where it ends if it raises
        self.frame.shared.collect(self.names)  # what others have bound since
        where, self.names = self._run(place, {EXIT, *program.resumes})
        self.place = int(where.label) if isinstance(where, Somewhere) else where
        if self.place == EXIT:
            raise StopIteration(self.names[RESULT])
        return self.names[program.resumes[self.place]]


def generator_of(it: Any) -> Generated | None:
    """The generator that a `for` goes over, if nobody has asked it for an item yet."""
    x = it.items if isinstance(it, InTurn) else None
    return x if isinstance(x, Generated) and x.is_new() and x.builder is current() else None


def can_consume(frame: Frame, header: int, x: Generated) -> bool:
    """Whether a loop's body may be run where a generator's items come."""
    program, body = frame.program, frame.program.loops[header]
    yields = frame.fold is None and not body.isdisjoint(program.yielding)
    handles = any(b.handler is not None for b in x.frame.program.blocks.values())
    stays = is_copying() or not _ways_out(frame, header)
    return stays and not yields and not handles and body.isdisjoint(program.in_turn)


def _ways_out(frame: Frame, header: int) -> set[int]:
    """Where a loop leads before its iterator has no more items."""
    after, body = frame.program.after, frame.program.loops[header]
    return {s for b in body for s in after[b] if s not in body and b != header}


WHERE = "$where"
"""The name of the label at which a turn has ended, that may leave its loop."""


def wants(folded: Any) -> Any:
    """Whether another item is wanted behind such a turn."""
    header, label = folded[WHERE]
    return header == label


def consume(frame: Frame, header: int, names: Names, x: Generated) -> tuple[Place, Names]:
    """Run such a loop; where it leads, and what names are bound to there."""
    program, body, it = frame.program, frame.program.loops[header], frame.iterator_name(header)
    done = next(s for s in program.after[header] if s not in body)
    out, met = _ways_out(frame, header), {header}
    bound = (program.bound(body) & program.living([header, done, *out])) - {it}

    def turn(state: dict[str, Any], item: Any) -> dict[str, Any]:
        begun = Names(names | state)
        begun[it] = Turn(item, names[it])  # type: ignore[index]  # a `for` has one
        frame.chooses |= any(type(y) is Chosen for y in (item, *state.values()))
        where, after = frame.run(header, begun, {header, done, *out}, enters=False)
        frame.names = others
        met.update(labels_of(where))
        label = where.label if isinstance(where, Somewhere) else np.int64(where)
        ended = {WHERE: (header, label)} if out else {}
        found = {v: after[v] for v in sorted(bound) if v in after}
        return made(Bindings(found | ended))

    start = {WHERE: (header, np.int64(header))} if out else {}
    before = {v: names[v] for v in sorted(bound) if v in names}
    first = made(Bindings(before | start))
    # What the state has, has no name beside.
    frame.names = others = Names({v: y for v, y in names.items() if v not in bound})
    found = dict(x.folded(turn, first, is_left=bool(out)))
    label = found.pop(WHERE, (header, header))[1]
    if not isinstance(label, Value):
        return (done if label == header else int(label)), Names(names | found)
    possible = frozenset(done if s == header else s for s in met)
    if len(possible) == 1:
        return min(possible), Names(names | found)
    where: Any = np.where(label == header, done, label)
    return Somewhere(where, possible), Names(names | found)


Generated.__name__ = "generator"  # as messages name it
