"""An exception that the user's function raises, as an instruction holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from jitad.ir.errors import SourceLine

Place = tuple[SourceLine, str]
"""A line, and the name of the function that it is in."""


@dataclass(frozen=True, eq=False)
class Raised:
    """What is raised, and at which lines, the outermost first.

    It is `known` where its arguments are the same whatever the values are: else the function says
    what they are, if it is called.
    """

    kind: type[BaseException]
    args: tuple[Any, ...]
    state: tuple[tuple[str, Any], ...]
    links: tuple[BaseException | None, BaseException | None, bool]
    places: tuple[Place, ...]
    known: bool

    def _key(self) -> tuple[Any, ...]:
        return self.kind, repr(self.args), repr(self.state), self.places, self.known

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raised) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"{self.kind.__name__} at {', '.join(str(line) for line, _ in self.places)}"

    def made(self) -> BaseException:
        """The exception, anew, with a traceback of the user's lines."""
        error = self._made()
        return error.with_traceback(_traceback(self.places))

    def _made(self) -> BaseException:
        if not self.known:
            return _with_text(self.kind, self.described())
        # Not by __init__, whose parameters may be others than what it has left in args.
        error = self.kind.__new__(self.kind, *self.args)
        error.args = self.args
        for name, value in self.state:
            setattr(error, name, value)
        error.__cause__, error.__context__, error.__suppress_context__ = self.links
        return error

    def constants(self) -> tuple[type[BaseException], tuple[Any, ...]]:
        """Its class and arguments, of which who can raise constants only makes it."""
        error = self._made()
        try:
            return type(error), type(error)(*error.args).args
        except Exception:  # it takes other arguments
            return RuntimeError, (f"{self.kind.__name__}: {error}",)

    def described(self) -> str:
        """A message for where the function cannot be asked for its own."""
        line = "" if not self.places else f"\n  {self.places[-1][0].quote()}"
        return f"raised here; its message depends on values that are not known here{line}"


def _with_text(kind: type[BaseException], text: str) -> BaseException:
    try:
        return kind(text)
    except Exception:  # it takes other arguments
        return RuntimeError(f"{kind.__name__}: {text}")


def raised(error: BaseException, places: Iterator[Place], known: bool) -> Raised:
    """What an exception is, to be raised anew; what is not known it does not hold."""
    kind, where = type(error), tuple(places)
    if not known:
        return Raised(kind, (), (), (None, None, False), where, known)
    links = _alone(error.__cause__), _alone(error.__context__), error.__suppress_context__
    return Raised(kind, error.args, tuple(vars(error).items()), links, where, known)


def _alone(error: BaseException | None) -> BaseException | None:
    """An exception that holds no frame, and so nothing that these have."""
    below = error
    while below is not None:
        below.__traceback__ = None
        below = below.__context__
    return error


def _traceback(places: tuple[Place, ...]) -> TracebackType | None:
    found: TracebackType | None = None
    for line, name in reversed(places):
        here = raised_at(line, name)
        found = TracebackType(found, here.tb_frame, here.tb_lasti, here.tb_lineno)
    return found


def raised_at(line: SourceLine, name: str) -> TracebackType:
    """A traceback of one frame, at that line of a function of that name."""
    code = compile("raise Exception", line.file, "exec")
    there = code.replace(co_name=name, co_firstlineno=line.line)
    try:
        exec(there, {})
    except Exception as error:
        assert error.__traceback__ is not None
        assert error.__traceback__.tb_next is not None
        return error.__traceback__.tb_next
    raise AssertionError("code that raises has raised nothing")
