"""What the instructions of Python's mean that jump, call, and make functions."""

from __future__ import annotations

import sys
from typing import Any

from jitad.functions.program.bytecode import NULL, OPCODES, Reading, State, Step
from jitad.functions.program.instructions.rows import computes, opcode
from jitad.functions.program.iterators import iterator
from jitad.functions.program.statements import End, Statement, Unreadable

# -- jumps -----------------------------------------------------------------------------------------


@opcode("JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
def _jump(r: Reading, step: Step) -> None:
    r.jump(step.value)


def _truth(r: Reading, x: str) -> str:
    """The name of whether x is true."""
    r.push(lambda frame, x: frame.call(bool, (x,), {}), x)
    return r.pop(1)[0]


def _is_none(r: Reading, x: str) -> str:
    r.push(lambda frame, x: x is None, x)
    return r.pop(1)[0]


def _jumps(on: bool, asks: Any) -> Any:
    def jump(r: Reading, step: Step) -> None:
        condition = asks(r, r.pop(1)[0])
        there, on_from_here = step.value, r.code.after(step)
        r.branch(condition, *((there, on_from_here) if on else (on_from_here, there)))

    return jump


for _way in ("", "FORWARD_", "BACKWARD_"):
    OPCODES[f"POP_JUMP_{_way}IF_TRUE"] = _jumps(True, _truth)
    OPCODES[f"POP_JUMP_{_way}IF_FALSE"] = _jumps(False, _truth)
    OPCODES[f"POP_JUMP_{_way}IF_NONE"] = _jumps(True, _is_none)
    OPCODES[f"POP_JUMP_{_way}IF_NOT_NONE"] = _jumps(False, _is_none)


@opcode("JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP")
def _jump_or_pop(r: Reading, step: Step) -> None:
    condition = _truth(r, r.stack[-1])
    there, on = step.value, r.code.after(step)
    ways = (there, on) if step.name == "JUMP_IF_TRUE_OR_POP" else (on, there)
    r.branch(condition, *ways, kept=there)


# -- loops -----------------------------------------------------------------------------------------

OPCODES["GET_ITER"] = computes(1, lambda frame, x: frame.iterate(x))


@opcode("FOR_ITER")
def _next(r: Reading, step: Step) -> None:
    state, r.calls = r.settle(), True
    it = r.stack[-1]
    pair, item = f"${step.offset}.next", f"${len(r.stack)}"

    def advance(frame: Any, names: Any) -> Any:
        found, names[it] = iterator(names[it]).next()
        return found

    r.add(Statement(pair, (it,), advance, step.line, advances=it))
    r.do(lambda frame, pair: pair[0] if pair else None, pair, bound=item)
    body, done = r.code.after(step), step.value
    with_item = State((*state.stack, item), state.handlers)
    popped = State(state.stack[:-1], state.handlers)
    r.leads_to += [(body, with_item), (done, with_item if sys.version_info >= (3, 12) else popped)]
    r.end = End((pair,), (body, done), condition=pair, line=step.line)


@opcode("END_FOR")
def _end_for(r: Reading, step: Step) -> None:
    r.pop(1 if sys.version_info >= (3, 13) else 2)


# -- calls -----------------------------------------------------------------------------------------


def _call(frame: Any, a: Any, b: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """A call of what is on the stack: with a self behind it, or nothing on one of its sides."""
    f, x = (b, a) if a is NULL else (a, b)
    if x is not NULL:
        args = (x, *args)
    if f is super and not args:
        args = frame.class_and_self()
    return frame.call(f, args, kwargs)


@opcode("CALL", "CALL_METHOD")
def _calls(r: Reading, step: Step) -> None:
    count, given = step.arg, r.names
    r.names = ()

    def call(frame: Any, a: Any, b: Any, *args: Any) -> Any:
        if not given:
            return _call(frame, a, b, args, {})
        places = len(args) - len(given)
        kwargs = dict(zip(given, args[places:], strict=True))
        return _call(frame, a, b, args[:places], kwargs)

    r.push_call(call, *r.pop(count + 2))


@opcode("KW_NAMES")
def _names(r: Reading, step: Step) -> None:
    r.names = r.code.code.co_consts[step.arg]


@opcode("CALL_KW", "CALL_FUNCTION_KW")
def _calls_with_names(r: Reading, step: Step) -> None:
    has_self = step.name == "CALL_KW"

    def call(frame: Any, *items: Any) -> Any:
        *given, names = items
        a, b, *args = given if has_self else (NULL, *given)
        places = len(args) - len(names)
        kwargs = dict(zip(names, args[places:], strict=True))
        return _call(frame, a, b, args[:places], kwargs)

    r.push_call(call, *r.pop(step.arg + 1 + (2 if has_self else 1)))


@opcode("CALL_FUNCTION")
def _calls_function(r: Reading, step: Step) -> None:
    r.push_call(lambda frame, f, *args: _call(frame, NULL, f, args, {}), *r.pop(step.arg + 1))


@opcode("CALL_FUNCTION_EX")
def _calls_with_star(r: Reading, step: Step) -> None:
    kwargs = r.pop(1) if step.arg & 1 else []
    (args,) = r.pop(1)
    items = r.pop(2 if sys.version_info >= (3, 11) else 1)
    f = items[0] if sys.version_info >= (3, 13) else items[-1]

    def call(frame: Any, f: Any, args: Any, kwargs: Any = None) -> Any:
        return _call(frame, NULL, f, tuple(iterator(args).all()), dict(kwargs or {}))

    r.push_call(call, f, args, *kwargs)


@opcode("CALL_INTRINSIC_1")
def _intrinsic(r: Reading, step: Step) -> None:
    meaning = {
        3: lambda frame, x: (
            RuntimeError("generator raised StopIteration") if isinstance(x, StopIteration) else x
        ),
        5: lambda frame, x: frame.call(_positive, (x,), {}),
        6: lambda frame, x: tuple(x),
    }.get(step.arg)
    if meaning is None:
        raise Unreadable(f"an intrinsic, {step.arg}")
    r.push(meaning, *r.pop(1))


def _positive(x: Any) -> Any:
    return +x


# -- functions -------------------------------------------------------------------------------------

_DEFAULTS, _KWDEFAULTS, _ANNOTATIONS, _CLOSURE = 1, 2, 4, 8


@opcode("MAKE_FUNCTION")
def _make_function(r: Reading, step: Step) -> None:
    if sys.version_info >= (3, 13):
        _make_function_of_parts(r)
        return
    if sys.version_info < (3, 11):
        r.pop(1)  # its name
    (code,) = r.pop(1)
    parts = {flag: r.pop(1)[0] for flag in (8, 4, 2, 1) if step.arg & flag}
    _made(r, code, parts)


def _make_function_of_parts(r: Reading) -> None:
    """What is set of a function comes after it is made."""
    (code,) = r.pop(1)
    parts: dict[int, str] = {}
    for step in r.following("SET_FUNCTION_ATTRIBUTE"):
        parts[step.arg] = r.pop(1)[0]
    _made(r, code, parts)


@opcode("SET_FUNCTION_ATTRIBUTE")
def _set_of_function(r: Reading, step: Step) -> None:
    pass  # read with the function


def _made(r: Reading, code: str, parts: dict[int, str]) -> None:
    def make(frame: Any, code: Any, *items: Any) -> Any:
        found = dict(zip(parts, items, strict=True))
        f = frame.function_of(code, found.get(_CLOSURE), found.get(_DEFAULTS))
        f.__kwdefaults__ = found.get(_KWDEFAULTS)
        said = found.get(_ANNOTATIONS, {})
        pairs = said if isinstance(said, dict) else zip(said[::2], said[1::2], strict=True)
        f.__annotations__ = dict(pairs)
        return f

    r.push(make, code, *parts.values())


# -- results ---------------------------------------------------------------------------------------


@opcode("RETURN_VALUE")
def _return(r: Reading, step: Step) -> None:
    (x,) = r.pop(1)
    if r.code.turn is None or not r.code.turn(r, x):
        r.leave(End((x,), result=x))


@opcode("RETURN_CONST")
def _return_constant(r: Reading, step: Step) -> None:
    r.constant(f"$const{step.arg}", step.value)
    _return(r, step)


@opcode("YIELD_VALUE")
def _yield(r: Reading, step: Step) -> None:
    r.jump(r.code.after(step))
    assert r.end is not None
    x = r.stack[-1]
    r.end = r.end._replace(reads=(x,), yields=x)
