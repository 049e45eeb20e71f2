"""A generator that is run as a program: it goes on where it is asked for its next item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jitad.frontend.active import frames, innermost_trace
from jitad.frontend.parts import made
from jitad.frontend.regions import NeedsNumber
from jitad.functions.program.data import Chosen, Names, Somewhere, current
from jitad.functions.program.graph import EXIT, FOLDED, RESULT
from jitad.functions.program.iterators import InTurn, Turn
from jitad.ir.errors import TraceError

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


class Generated(Iterator[Any]):
    """What a call of a generator function gives."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.builder = current()
        self.place: int = frame.program.start
        self.names = frame.first()

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

    def folded(self, fold: Any, start: Any) -> Any:
        """fold(... fold(fold(start, first), second) ..., last); its loops may be recorded so."""
        self._check()
        self.frame.fold, self.names[FOLDED] = fold, start
        place, self.place = self.place, EXIT
        return self._run(place, {EXIT})[1][FOLDED]

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
    """Whether a loop over a generator's items has them all: its body is run where they come."""
    program, body = frame.program, frame.program.loops[header]
    stays = all(b == header for b in body for s in program.after[b] if s not in body)
    yields = frame.fold is None and not body.isdisjoint(program.yielding)
    handles = any(b.handler is not None for b in x.frame.program.blocks.values())
    return stays and not yields and not handles and body.isdisjoint(program.in_turn)


def consume(frame: Frame, header: int, names: Names, x: Generated) -> tuple[int, Names]:
    """Run such a loop; where it leads, and what names are bound to there."""
    program, body, it = frame.program, frame.program.loops[header], frame.iterator_name(header)
    done = next(s for s in program.after[header] if s not in body)
    bound = (program.bound(body) & program.living([header, done])) - {it}

    def turn(state: dict[str, Any], item: Any) -> dict[str, Any]:
        begun = Names(names | state)
        begun[it] = Turn(item, names[it])  # type: ignore[index]  # a `for` has one
        frame.chooses |= any(type(y) is Chosen for y in (item, *state.values()))
        after = frame.run(header, begun, {header, done}, enters=False)[1]
        frame.names = others
        return made({v: after[v] for v in sorted(bound) if v in after})

    first = made({v: names[v] for v in sorted(bound) if v in names})
    # What the state has, has no name beside.
    frame.names = others = Names({v: y for v, y in names.items() if v not in bound})
    return done, Names(names | x.folded(turn, first))


Generated.__name__ = "generator"  # as messages name it
