"""A generator that is run as a program: it goes on where it is asked for its next item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jitad.frontend.active import frames, innermost_trace
from jitad.frontend.regions import NeedsNumber
from jitad.functions.program.data import Somewhere, current
from jitad.functions.program.graph import EXIT, FOLDED, RESULT
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


Generated.__name__ = "generator"  # as messages name it
