"""Runs a program on values and tracers, block by block, from a label to where the run must stop."""

from __future__ import annotations

import builtins
import functools
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from types import CodeType, FunctionType
from typing import Any

from jitad.frontend.active import frames, innermost_trace, readers
from jitad.frontend.effects import note_store
from jitad.frontend.exceptions import may_catch_any, note_handlers
from jitad.frontend.fallbacks import note
from jitad.frontend.reads import note_function, note_global
from jitad.frontend.regions import FirstTurn, NeedsNumber, Raising, Unrecorded
from jitad.frontend.roads import ABSENT, item_of
from jitad.frontend.traceable import OWNERS, Vocabulary
from jitad.functions.program import calls, operations
from jitad.functions.program.again import in_turns
from jitad.functions.program.arguments import by_name
from jitad.functions.program.cells import Shared
from jitad.functions.program.choices import asked, chosen, each, settled
from jitad.functions.program.contexts import Entered
from jitad.functions.program.data import (
    Chosen,
    Names,
    Place,
    Somewhere,
    as_argument,
    current,
    holds_tracers,
)
from jitad.functions.program.depth import check_depth, endless, too_deep
from jitad.functions.program.generators import Generated, can_consume, consume, generator_of, wants
from jitad.functions.program.graph import EXIT, FOLDED, RESULT, Program, program_of
from jitad.functions.program.iterators import FEW, InOrder, InTurn, Places, Turn, iterator
from jitad.functions.program.joins import each_side, fork
from jitad.functions.program.raising import check_said, ends_trace
from jitad.functions.program.specials import special
from jitad.functions.program.statements import End, Handler, Statement
from jitad.functions.program.tracebacks import as_called
from jitad.functions.program.turns import loop
from jitad.functions.program.varying import varied, whole_in
from jitad.ir import errors
from jitad.ir.errors import SourceLine, line_in
from jitad.ir.value import Value

_MOST_TRIES = 8
"""How many turns of a loop are run by themselves, before it is known what it carries."""


class Frame:
    """One call of a function that is run as a program; `line` is the user's that is being run."""

    def __init__(
        self, function: FunctionType, program: Program, args: dict[str, Any], words: Vocabulary
    ) -> None:
        self.function = function
        self.program = program
        self.args = args
        self.shared = Shared(function, program.cells, program.shared)
        self.words = words
        code = function.__code__
        self.line = line_in(code, code.co_firstlineno)
        self.handled: dict[int, tuple[BaseException, SourceLine | None]] = {}
        self.unrolled: set[int] = set()
        self.one_turn: set[int] = set()  # headers of loops of which a turn is run by itself
        self.tries = Counter[int]()
        self.builder = current()
        self.readers = readers()
        self.names = Names()
        self.entered: list[Entered] = []
        self.within: list[Any] = []  # contexts that may end an exception
        self.chooses = False
        self.fold: Any = None  # what is made of a generator's items

    def result(self) -> Any:
        """What the function returns."""
        frames().append(self)
        try:
            start = self.program.start
            _, names = self.run(start, self.first(), {EXIT}, enters=start in self.program.loops)
        except Exception as error:
            check_said(error)
            raise as_called(error, self.function.__code__, self.line_of(error))  # noqa: B904
        finally:
            frames().pop()
            for context in reversed(self.entered):
                context.leave(None, None, None)
        if RESULT not in names:
            raise endless(self.function, self.line, calls=self.program.turned > 0)
        self.shared.fill(names)
        return names[RESULT]

    def first(self) -> Names:
        """What names are bound to when the function begins."""
        names = Names(self.program.constants | self.args)
        self.shared.begin(names)
        self.chooses = any(type(x) is Chosen for x in names.values())
        return names

    # -- blocks ------------------------------------------------------------------------------------

    def run(
        self, place: Place, names: Names, stops: Collection[int], *, enters: bool = True
    ) -> tuple[Place, Names]:
        """Run from a place to one of the stops, which may be traced; where, and the names there.

        Without `enters` the first block is run as it is, a stop or the header of a loop though it
        be.
        """
        while True:
            if isinstance(place, Somewhere):
                if place.possible <= set(stops):
                    return place, names
                place, names = self._dispatch(place, names, stops)
                continue
            if enters:
                if place in stops:
                    return place, names
                if place in self.program.loops and not self._unrolls(place, names):
                    found = self._loop(place, names)
                    if found is not None:
                        place, names = found
                        continue
            enters = True
            place, names = self._block(place, names, stops)

    def _block(self, label: int, names: Names, stops: Collection[int]) -> tuple[Place, Names]:
        """Run one block; where that leads."""
        block, shared = self.program.blocks[label], self.shared
        self.builder, self.names = current(), names
        if label in self.program.leaving and self.builder.raising is None and not may_catch_any():
            self.builder.raising = Raising()
        shared.fill(names)
        try:
            for s in block.statements:
                self.line = s.line
                x = self.perform(s, names) if self.chooses else s.do(self, names)
                if s.bound is not None:
                    names[s.bound] = x
                    if type(x) is Chosen:
                        self.chooses = True
            shared.collect(names)
            return self._end(block.end, names, stops)
        except Unrecorded as error:
            error.line = error.line or self.line
            raise
        except BaseException as error:
            if block.handler is None:
                raise
            shared.collect(names)
            return self.handle(block.handler, error, names)

    def perform(self, s: Statement, names: Names) -> Any:
        """Run one statement, whose names may be bound to one of several objects."""
        which = None if s.hands_on else chosen(s.reads, names)
        if which is None:
            return s.do(self, names)
        return varied(each, self, s, names, which, each_side)

    def handle(self, handler: Handler, error: BaseException, names: Names) -> tuple[Place, Names]:
        """Go on where an exception is handled."""
        names[handler.error] = error
        self.handled[id(error)] = error, self.line_of(error)
        return handler.label, names

    def line_of(self, error: BaseException) -> SourceLine | None:
        """Where an exception is raised: raised again by a handler, where it was at first."""
        return self.handled.get(id(error), (error, self.line))[1]

    def _end(self, last: End, names: Names, stops: Collection[int]) -> tuple[Place, Names]:
        """Where a block leads."""
        self.line = last.line
        if last.result is not None:
            names[RESULT] = names[last.result]
            return EXIT, names
        if last.yields is not None:
            names[last.yields] = settled(names[last.yields])
            if self.fold:
                folded = self.fold(names[FOLDED], names[last.yields])
                names[FOLDED], names[last.yields] = folded, None
            if not self.program.is_left:
                return last.after[0], names
            ways, condition = [last.after[0], EXIT], wants(names[FOLDED])
        else:
            ways = [self.program.follow(label) for label in last.after]
            if last.condition is None:
                return ways[0], names
            condition = names[last.condition]
        given = names, names
        if type(condition) is Chosen:
            condition, *given = asked(condition, names)
        if isinstance(condition, Value):
            # Where a loop is run turn by turn, the sides of its branches end with the turn.
            ends = {*stops, *self.program.headers(ways)}
            return self._fork(condition, (ways[1], ways[0]), names, ends, given)
        return (ways[0] if condition else ways[1]), names

    def _dispatch(
        self, place: Somewhere, names: Names, stops: Collection[int]
    ) -> tuple[Place, Names]:
        """Go on from the places that are no stops."""
        first = min(place.possible - set(stops))
        rest = place.possible - {first}
        other = Somewhere(place.label, rest) if len(rest) > 1 else min(rest)
        is_first: Any = place.label == first
        return self._fork(is_first, (other, first), names, stops, (names, names))

    def _fork(
        self,
        condition: Value,
        ways: tuple[Place, Place],
        names: Names,
        stops: Collection[int],
        given: Sequence[Names],
    ) -> tuple[Place, Names]:
        line = self.line
        try:
            check_depth(self.program, ways)
            return varied(fork, self, condition, ways, names, stops, given)
        except NeedsNumber as error:
            # A branch of Python's, outside of regions: a path each.
            note("each side is a path of its own", line, error)
            self.line = line
            taken = bool(condition)
            return ways[taken], given[taken]

    def _loop(self, header: int, names: Names) -> tuple[Place, Names] | None:
        """Record a loop; None where it is to be run turn by turn."""
        before, it, line = set(self.unrolled), self.iterator(header, names), self.line
        generator = generator_of(it)
        if generator is not None:
            return consume(self, header, names, generator)
        try:
            return varied(loop, self, header, names)
        except (NeedsNumber, Exception) as error:  # what a turn raises, it raises again by itself
            if isinstance(error, Exception) and ends_trace(error):
                raise
            is_counted = isinstance(it, Places) and not isinstance(it.count, Value)
            if isinstance(error, FirstTurn) and is_counted and self.tries[header] < _MOST_TRIES:
                self.tries[header] += 1
                self.unrolled, self.one_turn = before, self.one_turn | {header}
                return None
            note("the loop is unrolled", line, error)
            name = self.iterator_name(header)
            if name is not None and isinstance(it, Places) and not is_counted:
                names[name] = Places(int(it.count), it.item, it.place)
            self.unrolled = before | {header}
            return None

    def iterator_name(self, header: int) -> str | None:
        """The name of the iterator of a `for`."""
        found = (s.advances for s in self.program.blocks[header].statements)
        return next((name for name in found if name is not None), None)

    def iterate(self, x: Any) -> Any:
        """iter(x), for a `for`."""
        method = special(x, "__iter__")
        return iterator(x if method is None else self.call(method, (), {}))

    def iterator(self, header: int, names: Names) -> Any:
        """The iterator of a `for`, None for a `while`."""
        name = self.iterator_name(header)
        if name is None:
            return None
        # Of a comprehension it is an argument; which of several it is, is asked.
        names[name] = iterator(settled(names[name]))
        return names[name]

    def _unrolls(self, header: int, names: Names) -> bool:
        """Whether a loop is run turn by turn."""
        it = self.iterator(header, names)
        once, self.one_turn = header in self.one_turn, self.one_turn - {header}
        if once or header in self.unrolled:
            return True
        generator = generator_of(it)
        if generator is not None or isinstance(it, (InOrder, InTurn, Turn)):
            return generator is None or not can_consume(self, header, generator)
        body = self.program.loops[header]
        yielding = self.program.yielding if self.fold is None else ()
        if not body.isdisjoint({*self.program.in_turn, *yielding}):
            return True
        if isinstance(it, Places) and not isinstance(it.count, Value):
            inner = any(h in body for h in self.program.loops if h != header)
            if it.count - it.place <= FEW and not inner:
                return True
        reads = self.program.reads(body)
        found = (*(names[v] for v in reads if v in names), *self.shared.outside())
        return not any(map(holds_tracers, found))

    # -- what statements ask -----------------------------------------------------------------------

    def outside_of_regions(self, what: str) -> None:
        """Refuse what must not be done for more than one value at once."""
        if current().region is not None:
            raise NeedsNumber(what)

    def globally(self, name: str, counts: bool = False) -> Any:
        """What a global name stands for."""
        table = self.function.__globals__
        found = table.get(name, ABSENT)
        if self.readers and (counts or (id(table), name) not in self.readers[-1].named):
            note_global(self.function.__code__.co_filename, table, name, found, counts)
        if found is not ABSENT:
            return found
        if not hasattr(builtins, name):
            raise NameError(f"name {name!r} is not defined")
        return getattr(builtins, name)

    def set_globally(self, name: str, x: Any) -> None:
        """Bind a global name."""
        self.outside_of_regions(f"the global {name} is bound")
        note_store(self.function.__globals__, item_of, name)
        self.function.__globals__[name] = x

    def locally(self) -> dict[str, Any]:
        """What locals() is."""
        return {name: x for name, x in self.names.items() if name.isidentifier()}

    def class_and_self(self) -> tuple[Any, Any]:
        """What super() is of."""
        return self.shared.read("__class__"), next(iter(self.args.values()))

    def function_of(self, code: CodeType, cells: Any, defaults: Any) -> Any:
        """A function that is made as the program runs."""
        f = FunctionType(code, self.function.__globals__, code.co_name, defaults, cells)
        f.__dict__[OWNERS] = self.shared.of_made(code)
        return f

    def read(self, f: FunctionType) -> Any:
        """A function as one that runs as a program; None where it cannot be read."""
        return reader(f, self.words)

    def attribute(self, x: Any, name: str) -> Any:
        """x.name"""
        return operations.attribute(self, x, name)

    def at_its_line(self, f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """f(*args, **kwargs), which runs no code of the user's: its line need not be looked for."""
        builder = self.builder
        builder.line = self.line
        try:
            return f(*args, **kwargs)
        finally:
            builder.line = None

    def call(self, f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """f(*args, **kwargs)"""
        return calls.call(self, f, args, kwargs)


# -- functions -------------------------------------------------------------------------------------


def run_program(
    f: FunctionType, program: Program, words: Vocabulary, args: Any, kwargs: dict[str, Any]
) -> Any:
    """Call a function as a program."""
    if readers() and (id(f), "__code__") not in readers()[-1].named:
        note_function(f, "__code__")
    given = by_name(f, args, kwargs)
    args = {name: as_argument(x) for name, x in given.items()}
    frame = Frame(f, in_turns(f, program), args, words)
    return Generated(frame) if program.is_generator else frame.result()


def reader(f: FunctionType, words: Vocabulary) -> Any:
    """The function as one that runs as a program; None where it cannot be read."""
    program = program_of(f)
    if program is None:
        return None

    @functools.wraps(f)
    def read(*args: Any, **kwargs: Any) -> Any:
        if innermost_trace() is None:  # given to a solver, say, that runs later
            return f(*args, **kwargs)
        try:
            return whole_in(settled(run_program(f, program, words, args, kwargs)))
        except RecursionError as error:
            raise too_deep(f) from error

    def run(*args: Any, **kwargs: Any) -> Any:
        return run_program(f, program, words, args, kwargs)

    read.__dict__["program"] = run
    return read


def _handled(frame: Any) -> Frame | None:
    """The call of the user's function that a frame runs, where it handles exceptions."""
    block = frame.f_locals["block"]
    return None if block.handler is None else frame.f_locals["self"]


errors.note_lines(Frame.run.__code__, lambda frame: frame.f_locals["self"].line)
note_handlers(Frame._block.__code__, _handled)
