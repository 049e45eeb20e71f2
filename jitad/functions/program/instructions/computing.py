"""What the instructions of Python's mean that compute: operators, attributes and items, text."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from jitad.frontend.printing import fill_in
from jitad.frontend.texts import written
from jitad.frontend.unseen import note_all
from jitad.functions.program import operations
from jitad.functions.program.bytecode import OPCODES, Reading, Step
from jitad.functions.program.holders import delete_attribute, set_attribute
from jitad.functions.program.instructions.rows import (
    Meaning,
    asks,
    binary,
    computes,
    does,
    in_place,
    opcode,
    unary,
)

# -- operators -------------------------------------------------------------------------------------

_OPERATORS: dict[str, tuple[str, Any, Any]] = {
    "+": ("ADD", operator.add, operator.iadd),
    "-": ("SUBTRACT", operator.sub, operator.isub),
    "*": ("MULTIPLY", operator.mul, operator.imul),
    "/": ("TRUE_DIVIDE", operator.truediv, operator.itruediv),
    "//": ("FLOOR_DIVIDE", operator.floordiv, operator.ifloordiv),
    "%": ("MODULO", operator.mod, operator.imod),
    "**": ("POWER", operator.pow, operator.ipow),
    "@": ("MATRIX_MULTIPLY", operator.matmul, operator.imatmul),
    "<<": ("LSHIFT", operator.lshift, operator.ilshift),
    ">>": ("RSHIFT", operator.rshift, operator.irshift),
    "&": ("AND", operator.and_, operator.iand),
    "|": ("OR", operator.or_, operator.ior),
    "^": ("XOR", operator.xor, operator.ixor),
}

_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}

_BY_SYMBOL: dict[str, Meaning] = {}

for _symbol, (_name, _plain, _changing) in _OPERATORS.items():
    _BY_SYMBOL[_symbol] = OPCODES[f"BINARY_{_name}"] = binary(_plain)
    _BY_SYMBOL[_symbol + "="] = OPCODES[f"INPLACE_{_name}"] = in_place(_changing, _plain)


_SYMBOLS = (
    *("+", "&", "//", "<<", "@", "*", "%", "|", "**", ">>", "-", "/", "^"),
    *("+=", "&=", "//=", "<<=", "@=", "*=", "%=", "|=", "**=", ">>=", "-=", "/=", "^="),
)
"""By the argument of BINARY_OP."""


def _remainder(frame: Any, a: Any, b: Any) -> Any:
    return fill_in(a, b) if isinstance(a, str) else operations.binary(frame, operator.mod, a, b)


_BY_SYMBOL["%"] = OPCODES["BINARY_MODULO"] = computes(2, _remainder)


@opcode("BINARY_OP")
def _binary_op(r: Reading, step: Step) -> None:
    _BY_SYMBOL[_SYMBOLS[step.arg]](r, step)


@opcode("COMPARE_OP")
def _compare(r: Reading, step: Step) -> None:
    binary(_COMPARISONS[step.value])(r, step)


@opcode("IS_OP")
def _is(r: Reading, step: Step) -> None:
    f = operator.is_not if step.arg else operator.is_
    computes(2, lambda frame, a, b: operations.is_one(frame, f, a, b))(r, step)


_NOT = asks(operator.not_)


@opcode("CONTAINS_OP")
def _contains(r: Reading, step: Step) -> None:
    computes(2, lambda frame, a, b: operations.contains(frame, b, a))(r, step)
    if step.arg:
        _NOT(r, step)


OPCODES.update(
    UNARY_NEGATIVE=unary(operator.neg),
    UNARY_POSITIVE=unary(operator.pos),
    UNARY_INVERT=unary(operator.invert),
    UNARY_NOT=_NOT,
    TO_BOOL=asks(bool),
)

# -- attributes and items --------------------------------------------------------------------------


@opcode("LOAD_ATTR", "LOAD_METHOD")
def _attribute(r: Reading, step: Step) -> None:
    is_method = step.name == "LOAD_METHOD" or (sys.version_info >= (3, 12) and step.arg & 1)
    (x,), counts = r.pop(1), r.counts()
    _method(r, is_method, lambda frame, x: operations.attribute(frame, x, step.value, counts), x)


def _method(r: Reading, is_method: Any, f: Callable[..., Any], *reads: str) -> None:
    """An attribute, with the place for a self where it is to be called."""
    if is_method and sys.version_info < (3, 13):
        r.stack.append("$null")
    r.push(f, *reads)
    if is_method and sys.version_info >= (3, 13):
        r.stack.append("$null")


@opcode("LOAD_SUPER_ATTR")
def _super_attribute(r: Reading, step: Step) -> None:
    def found(frame: Any, f: Any, kind: Any, x: Any) -> Any:
        return frame.attribute(f(kind, x), step.value)

    _method(r, step.arg & 1, found, *r.pop(3))


@opcode("STORE_ATTR")
def _store_attribute(r: Reading, step: Step) -> None:
    r.do(lambda frame, value, x: set_attribute(frame, x, step.value, value), *r.pop(2))


@opcode("DELETE_ATTR")
def _delete_attribute(r: Reading, step: Step) -> None:
    r.do(lambda frame, x: delete_attribute(frame, x, step.value), *r.pop(1))


@opcode("BINARY_SUBSCR")
def _item(r: Reading, step: Step) -> None:
    counts = r.counts()
    r.push(lambda frame, x, i: operations.item(frame, x, i, counts), *r.pop(2))


OPCODES.update(
    BINARY_SLICE=computes(3, lambda frame, x, i, j: operations.item(frame, x, slice(i, j))),
    STORE_SUBSCR=does(3, lambda frame, value, x, i: operations.set_item(frame, x, i, value)),
    STORE_SLICE=does(
        4, lambda frame, value, x, i, j: operations.set_item(frame, x, slice(i, j), value)
    ),
    DELETE_SUBSCR=does(2, operations.delete_item),
)

# -- text ------------------------------------------------------------------------------------------

_CONVERSIONS = (None, str, repr, ascii)


def _converted(frame: Any, x: Any, conversion: int) -> Any:
    f = _CONVERSIONS[conversion]
    return x if f is None else frame.call(f, (x,), {})


def _formatted(frame: Any, x: Any, form: str = "") -> str:
    note_all(x)
    return written(format, x, form)


@opcode("FORMAT_VALUE")
def _format(r: Reading, step: Step) -> None:
    def text(frame: Any, x: Any, form: str = "") -> str:
        return _formatted(frame, _converted(frame, x, step.arg & 3), form)

    r.push(text, *r.pop(2 if step.arg & 4 else 1))


@opcode("CONVERT_VALUE")
def _convert(r: Reading, step: Step) -> None:
    r.push(lambda frame, x: _converted(frame, x, step.arg), *r.pop(1))


OPCODES.update(
    FORMAT_SIMPLE=computes(1, _formatted),
    FORMAT_WITH_SPEC=computes(2, _formatted),
)
