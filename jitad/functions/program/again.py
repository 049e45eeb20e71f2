"""A function that ends by calling itself -> a loop from its beginning.

Where a function reads its own name for such calls alone, a call binds the parameters anew and goes
on from the first line. A condition on traced values then ends a loop op, as that of a `while` does;
read as calls, it would be branches within branches.
"""

from __future__ import annotations

from collections import Counter
from dis import get_instructions
from inspect import CO_GENERATOR, CO_VARARGS, CO_VARKEYWORDS
from sys import getrecursionlimit
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from numba.core.dispatcher import Dispatcher

from jitad.functions.program.arguments import by_name
from jitad.functions.program.bytecode import RawBlock, Reading
from jitad.functions.program.data import as_argument
from jitad.functions.program.depth import too_deep
from jitad.functions.program.graph import Program, program_of
from jitad.functions.program.raising import raise_if
from jitad.functions.program.statements import End, Statement
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame

_TURNS = "$turns"
"""The name of how often a function has gone on from its beginning."""

_names: WeakKeyDictionary[CodeType, Counter[str]] = WeakKeyDictionary()
"""By code the names by which a function may call itself, and how often it reads each."""


def in_turns(f: FunctionType, program: Program) -> Program:
    """The program of a function as a loop; its own where it is none."""
    names = _names.get(f.__code__)
    if names is None:
        names = _names[f.__code__] = _read_names(f.__code__)
    if not names:
        return program
    cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))

    def is_itself(name: str) -> bool:
        try:
            found = cells[name].cell_contents if name in cells else f.__globals__.get(name)
        except ValueError:  # not bound yet
            return False
        return _python(found) is f

    count = sum(n for name, n in names.items() if is_itself(name))
    turning = program_of(f, turn=_turn) if count else None
    return program if turning is None or turning.turned != count else turning


def _python(f: Any) -> Any:
    """The Python function of one that Numba compiles; others as they are, which nobody asks."""
    return f.py_func if isinstance(f, Dispatcher) else f


def _read_names(code: CodeType) -> Counter[str]:
    if code.co_cellvars or code.co_flags & (CO_GENERATOR | CO_VARKEYWORDS):
        return Counter()
    steps = get_instructions(code)
    return Counter(x.argval for x in steps if x.opname in ("LOAD_GLOBAL", "LOAD_DEREF"))


def _turn(r: Reading, x: str) -> bool:
    """End a block that returns x, the result of its last call: with another turn where the callee
    is the function itself, else with that call. False, and no change, in a handler of errors."""
    last = r.statements[-1].bound if r.statements else None
    if len(r.stack) > 1 or not x == last == r.called or r.handler is not None or r.handlers:
        return False
    call, again, line = r.statements.pop(), f"{x}.again", r.step.line

    def ask(frame: Any, names: Any) -> Any:
        return _another(frame, call, names)

    def given(name: str) -> Any:
        return lambda frame, names: names[again][name]

    r.add(Statement(again, (*call.reads, _TURNS), ask, line, hands_on=True))
    on, out = r.step.offset + 1, -r.step.offset - 10  # labels of no instruction
    r.end = End((again,), (on, out), condition=again, line=line)
    code = r.code.code
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & CO_VARARGS)
    names = code.co_varnames[:count]
    bound = [Statement(v, (again,), given(v), line, hands_on=True) for v in names]
    bound.append(Statement(_TURNS, (_TURNS,), lambda frame, names: names[_TURNS] + 1, line))
    begin, result = r.code.steps[0].offset, End((x,), result=x, line=line)
    r.code.blocks[on] = RawBlock(bound, End((), (begin,), line=line), None, False, False, False)
    r.code.blocks[out] = RawBlock([call], result, None, True, True, False)
    r.code.constants[_TURNS] = 0
    r.code.turned += 1
    return True


class _Asked:
    """In place of a call of a function that is asked what it is about to call."""

    def __init__(self, frame: Frame) -> None:
        self.class_and_self = frame.class_and_self

    def call(self, *called: Any) -> Any:
        """What it is, with its arguments."""
        return called


def _another(frame: Frame, call: Statement, names: Any) -> dict[str, Any] | None:
    """The arguments of a call, if it is one of the same function; None of another."""
    f, args, kwargs = call.do(_Asked(frame), names)
    if _python(f) is not frame.function:
        return None
    most = names[_TURNS] >= getrecursionlimit()
    if isinstance(most, Value):
        error = RecursionError(f"{frame.function.__name__} calls itself too often")
        raise_if(frame, most, error, known=True)
    elif most:
        raise too_deep(frame.function)
    given = by_name(frame.function, args, kwargs)
    return {name: as_argument(x) for name, x in given.items()}
