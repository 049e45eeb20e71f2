"""A function's bytecode -> its blocks: statements on names, in place of steps on a stack.

Within a block the items of the stack are names: of a temporary, a constant, or a variable, whose
value is copied only where it is bound anew before it is used. Where blocks meet, the item at place
k has the name `$k`. Handlers of exceptions begin with the names that `Handler` says.
"""

from __future__ import annotations

import dis
import itertools
import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, NamedTuple

from numba.core.controlflow import CFGraph

from jitad.functions.program.data import UNBOUND
from jitad.functions.program.statements import HANDLED, End, Handler, Statement, Unreadable, applied
from jitad.ir.errors import SourceLine, line_in

NULL = object()
"""What Python's calls have on the stack where there is no self."""


class Step(NamedTuple):
    """An instruction of Python's, with the user's line."""

    offset: int
    name: str
    arg: int
    value: Any
    line: SourceLine | None


class RawBlock(NamedTuple):
    """A block: its statements, its end, who handles exceptions in it.

    It `calls` functions of the user's; `raises` before its end, perhaps; is to be run `in_turn` in
    loops.
    """

    statements: list[Statement]
    end: End
    handler: Handler | None
    calls: bool
    raises: bool
    in_turn: bool


class State(NamedTuple):
    """At the beginning of a block: names of what is on the stack, and handlers (Python 3.10)."""

    stack: tuple[str, ...]
    handlers: tuple[Handler, ...] = ()


class Code:
    """A code object being read.

    Attributes:
        blocks: its blocks by label.
        constants: what the names of constants stand for.
        shared: variables that it shares with other functions, and that one of them but the one
            whose they are binds.
        cleared: its variables that comprehensions use, as names of their own.
        turn: what ends a block with what the code returns, if that is another turn of it, and says
            whether it does; `turned` how often it did.
    """

    def __init__(self, code: CodeType, turn: Callable[[Reading, str], bool] | None = None) -> None:
        self.code, self.turn, self.turned = code, turn, 0
        self.steps = list(_steps(code))
        offsets = [step.offset for step in self.steps]
        self.next = dict(itertools.pairwise(offsets))
        self.places = {offset: k for k, offset in enumerate(offsets)}
        begins = {s.offset: self.next[s.offset] for s in self.steps if s.name == "PUSH_EXC_INFO"}
        # What makes the handled exception the one before is in the range that counts on it.
        self.table = [(begins.get(a, a), b, h) for a, b, h in _exception_table(code)]
        self.constants: dict[str, Any] = {"$null": NULL, "$none": None, HANDLED: None}
        within = _written_within(code)
        outer = frozenset(code.co_freevars) & (within | _written(code))
        self.shared = frozenset(code.co_cellvars) & within | outer
        self.binds_globally = {s.value for s in self.steps if s.name == "STORE_GLOBAL"}
        self.cleared = {s.value for s in self.steps if s.name == "LOAD_FAST_AND_CLEAR"}
        if not self.cleared.isdisjoint(code.co_cellvars):
            raise Unreadable("a comprehension's name that functions share")
        self.blocks: dict[int, RawBlock] = {}
        self._read()

    def _read(self) -> None:
        stretches = self._stretches()
        work: list[tuple[int, State]] = [(self.steps[0].offset, State(()))]
        seen: set[int] = set()
        while work:
            label, state = work.pop()
            if label in seen:
                continue
            seen.add(label)
            reading = Reading(self, stretches[label], state)
            self.blocks[label] = reading.read()
            work += reading.leads_to

    def _stretches(self) -> dict[int, list[Step]]:
        """The steps between places where control comes from elsewhere, or goes elsewhere."""
        starts = {self.steps[0].offset}
        places = {*dis.hasjrel, *dis.hasjabs}
        jumping = {name for name, op in dis.opmap.items() if op in places}
        for step, after in zip(self.steps, self.steps[1:], strict=False):
            if step.name in jumping:
                starts.add(step.value)
            if step.name in jumping or step.name in ENDING:
                starts.add(after.offset)
        if self.steps[-1].name in jumping:
            starts.add(self.steps[-1].value)
        for start, stop, handler in self.table:
            starts |= {start, stop, handler.label}
        found: dict[int, list[Step]] = {}
        for step in self.steps:
            if step.offset in starts:
                found[step.offset] = current = []
            current.append(step)  # pyright: ignore[reportPossiblyUnboundVariable]  # the first does
        return found

    def handler_at(self, offset: int, state: State) -> Handler | None:
        """Who handles exceptions there."""
        if state.handlers:
            return state.handlers[-1]
        return next((h for start, stop, h in self.table if start <= offset < stop), None)

    def after(self, step: Step) -> int:
        """The offset of the next step."""
        return self.next[step.offset]


class Reading:
    """A block being read: its statements so far, and the names of what is on the stack."""

    def __init__(self, code: Code, steps: list[Step], state: State) -> None:
        self.code = code
        self.steps = steps
        self.stack = list(state.stack)
        self.handlers = list(state.handlers)
        self.handler = code.handler_at(steps[0].offset, state)
        self.statements: list[Statement] = []
        self.end: End | None = None
        self.leads_to: list[tuple[int, State]] = []
        self.names: tuple[str, ...] = ()  # of the next call's arguments
        self.called: str | None = None  # the name of what the last call has given
        self.calls = self.grows = self.raises = False
        self.step = steps[0]

    def read(self) -> RawBlock:
        """The block."""
        if self.handler is not None:
            self.leads_to.append((self.handler.label, self._at_handler(self.handler)))
        if sys.version_info < (3, 11) and self.stack and self.stack[-1].startswith("$error"):
            self.move(self.stack[-1], HANDLED)
        for step in self.steps:
            self.step = step
            meaning = OPCODES.get(step.name)
            if meaning is None:
                raise Unreadable(step.name)
            meaning(self, step)
        if self.end is None:
            self.jump(self.code.after(self.step))
        assert self.end is not None
        raises = self.raises or self.end.raises or self.end.yields
        handler = self.handler if raises else None
        return RawBlock(self.statements, self.end, handler, self.calls, self.raises, self.grows)

    def _at_handler(self, handler: Handler) -> State:
        below = tuple(f"${k}" for k in range(handler.depth))
        if sys.version_info >= (3, 11):
            place = ("$none",) if handler.keeps_place else ()
            return State((*below, *place, handler.error))
        outer = tuple(self.handlers[: self.handlers.index(handler)])
        error = handler.error  # which stands in the place of its class, too
        items = ("$none", f"{error}.before", "$none", "$none", error, error)
        return State((*below, *items), outer)

    def protect(self, label: int, depth: int) -> None:
        """A range of steps begins whose exceptions are handled there (Python 3.10)."""
        handler = Handler(label, depth)
        self.move(HANDLED, f"{handler.error}.before")  # what is handled then, where it was left
        self.handlers.append(handler)

    # -- statements --------------------------------------------------------------------------------

    def move(self, x: str, name: str) -> None:
        """Bind a name to what x is bound to."""
        do = lambda frame, names: names[x]  # noqa: E731
        self.add(Statement(name, (x,), do, self.step.line, hands_on=True))

    def do(
        self,
        f: Callable[..., Any],
        *reads: str,
        bound: str | None = None,
        hands_on: bool = False,
    ) -> None:
        """A statement that calls f(frame, ...) with what the names are bound to."""
        self.raises = True
        do = applied(f, reads)
        self.add(Statement(bound, reads, do, self.step.line, hands_on=hands_on))

    def add(self, s: Statement) -> None:
        """A statement."""
        self.statements.append(s)

    def push(self, f: Callable[..., Any], *reads: str, hands_on: bool = False) -> str:
        """The same, with the result on the stack."""
        name = f"${self.step.offset}.{len(self.statements)}"
        self.do(f, *reads, bound=name, hands_on=hands_on)
        self.stack.append(name)
        return name

    def push_call(self, f: Callable[..., Any], *reads: str) -> None:
        """The same of what may run functions of the user's."""
        self.calls = True
        self.called = self.push(f, *reads)

    def pop(self, count: int) -> list[str]:
        """The names of the last items, which leave the stack."""
        if not count:
            return []
        found = self.stack[-count:]
        del self.stack[-count:]
        return found

    def constant(self, name: str, x: Any) -> None:
        """A constant on the stack."""
        self.code.constants[name] = x
        self.stack.append(name)

    def store(self, name: str) -> None:
        """Bind a variable to the last item."""
        (x,) = self.pop(1)
        self.keep(name)
        self.copy(x, name)

    def keep(self, name: str) -> None:
        """Have items that are a variable's value be so still when it is bound anew."""
        if name in self.stack:
            kept = f"${self.step.offset}.{name}"
            self.copy(name, kept)
            self.stack = [kept if x == name else x for x in self.stack]

    def take(self, name: str, kept: str) -> None:
        """Bind `kept` to what a variable is bound to, which is bound to nothing then."""
        self.keep(name)

        def do(frame: Any, names: Any) -> Any:
            return names.pop(name, UNBOUND)

        self.add(Statement(kept, (name,), do, self.step.line, hands_on=True))

    def unbind(self, name: str, where: Any = None) -> None:
        """Have a variable bound to nothing: only where it is bound to `where`, if that is said."""

        def do(frame: Any, names: Any) -> None:
            if where is None or names.get(name) is where:
                names.pop(name, None)

        self.add(Statement(None, (), do, self.step.line))

    def counts(self) -> bool:
        """Whether a number of the code is added to what the step reads, and stored at its place,
        and that is all."""
        place = self.code.places[self.step.offset] + 1
        after = self.code.steps[place : place + 6]
        names = [s.name for s in after if s.name != "NOP" and not s.name.startswith(_MOVES)]
        adds = len(names) > 2 and names[0] == "LOAD_CONST" and names[1].startswith(_CHANGES)
        return adds and names[2] in _STORES

    def following(self, name: str) -> Iterator[Step]:
        """The steps of that name that come next."""
        place = self.steps.index(self.step) + 1
        while place < len(self.steps) and self.steps[place].name == name:
            yield self.steps[place]
            place += 1

    def copy(self, x: str, name: str) -> None:
        """Bind a name to what x is bound to: where that is a fresh temporary, in place of it."""
        last = self.statements[-1] if self.statements else None
        if last is not None and last.bound == x and "." in x and x not in self.stack:
            self.statements[-1] = last._replace(bound=name)
        else:
            self.move(x, name)

    # -- ends --------------------------------------------------------------------------------------

    def settle(self) -> State:
        """Give the items on the stack the names that they have where blocks meet."""
        moved = [(k, x) for k, x in enumerate(self.stack) if x != f"${k}"]
        # A place may be read after it is written: such items are copied before.
        written = {f"${k}" for k, _ in moved}
        for k, x in moved:
            if x in written:
                self.copy(x, f"${self.step.offset}.moved{k}")
                self.stack[k] = f"${self.step.offset}.moved{k}"
        for k, _ in reversed(moved):
            x, self.stack[k] = self.stack[k], f"${k}"
            self.copy(x, f"${k}")
        return State(tuple(self.stack), tuple(self.handlers))

    def jump(self, label: int) -> None:
        """The block goes on there."""
        ends = self.code.steps[self.code.places[label]].name == "RETURN_VALUE"
        if ends and self.code.turn is not None and self.code.turn(self, self.stack[-1]):
            return
        self.leads_to.append((label, self.settle()))
        self.end = End((), (label,), line=self.step.line)

    def branch(self, condition: str, yes: int, no: int, *, kept: int | None = None) -> None:
        """It goes on at one or the other; at `kept` with the last item still on the stack."""
        state = self.settle()
        popped = State(state.stack[:-1], state.handlers)
        for label in (yes, no):
            full = kept is None or label == kept
            self.leads_to.append((label, state if full else popped))
        self.end = End((condition,), (yes, no), condition=condition, line=self.step.line)

    def leave(self, end: End) -> None:
        """It ends the function, or raises."""
        self.end = end._replace(line=self.step.line)


OPCODES: dict[str, Callable[[Reading, Step], None]] = {}
"""What the instructions of Python's mean; `instructions` fills it."""

ENDING = frozenset(
    ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "YIELD_VALUE", "POP_BLOCK")
)
"""What ends a block and is no jump."""


_MOVES = ("SWAP", "ROT_")
_CHANGES = ("BINARY_OP", "INPLACE_")
_STORES = ("STORE_ATTR", "STORE_SUBSCR", "STORE_GLOBAL", "STORE_DEREF")

# -- what code says --------------------------------------------------------------------------------


def _steps(code: CodeType) -> Iterator[Step]:
    line = code.co_firstlineno
    for x in dis.get_instructions(code):
        found = x.positions.lineno if sys.version_info >= (3, 11) and x.positions else x.starts_line
        line = found if type(found) is int else line
        name = "NOP" if x.opname == "EXTENDED_ARG" else x.opname
        yield Step(x.offset, name, x.arg or 0, x.argval, line_in(code, line))


def _exception_table(code: CodeType) -> list[tuple[int, int, Handler]]:
    if sys.version_info < (3, 11):
        return []
    entries: Any = getattr(dis.Bytecode(code), "exception_entries", None) or ()
    return [(e.start, e.end, Handler(e.target, e.depth, bool(e.lasti))) for e in entries]


def _written_within(code: CodeType) -> frozenset[str]:
    """The variables of functions around that functions within the code bind."""
    found: set[str] = set()
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= (_written(inner) | _written_within(inner)) & set(inner.co_freevars)
    return frozenset(found)


def _written(code: CodeType) -> frozenset[str]:
    steps = dis.get_instructions(code)
    return frozenset(s.argval for s in steps if s.opname in ("STORE_DEREF", "DELETE_DEREF"))


def loops_of(
    start: int, edges: dict[int, list[int]]
) -> tuple[dict[int, frozenset[int]], list[int]]:
    """The blocks of each loop by the label of its header, and an order in which blocks come before
    those that they lead to."""
    graph = CFGraph()
    for label in edges:
        graph.add_node(label)
    for label, ends in edges.items():
        for e in ends:
            graph.add_edge(label, e)
    graph.set_entry_point(start)
    graph.process()
    loops = {header: frozenset(loop.body) for header, loop in graph.loops().items()}
    return loops, list(graph.topo_order())
