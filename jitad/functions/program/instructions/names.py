"""What the instructions of Python's mean that move things about: names, cells, the stack."""

from __future__ import annotations

import sys
from typing import Any

from numba.core import types

from jitad.frontend.reads import note_module
from jitad.functions.arrays.namespace import MADE
from jitad.functions.program.bytecode import Reading, Step
from jitad.functions.program.data import DECLARED, UNBOUND
from jitad.functions.program.instructions.rows import opcode
from jitad.functions.program.statements import Unreadable

# -- names -----------------------------------------------------------------------------------------


@opcode("NOP", "RESUME", "CACHE", "PRECALL", "COPY_FREE_VARS", "GEN_START", "MAKE_CELL")
def _nothing(r: Reading, step: Step) -> None:
    pass


@opcode("LOAD_CONST")
def _constant(r: Reading, step: Step) -> None:
    r.constant(f"$const{step.arg}", step.value)


@opcode("PUSH_NULL", "RETURN_GENERATOR")
def _null(r: Reading, step: Step) -> None:
    r.stack.append("$null")


@opcode("LOAD_FAST_CHECK")
def _checked_variable(r: Reading, step: Step) -> None:
    r.push(lambda frame, x: x, step.value)


@opcode("LOAD_FAST", "LOAD_CLOSURE")
def _variable(r: Reading, step: Step) -> None:
    _load(r, step.value)


def _load(r: Reading, name: str) -> None:
    code = r.code.code
    if name in code.co_cellvars or name in code.co_freevars:
        r.push(lambda frame: frame.shared.cell(name))  # for a function that is made
    else:
        r.stack.append(name)


@opcode("LOAD_FAST_LOAD_FAST")
def _two_variables(r: Reading, step: Step) -> None:
    for name in step.value:
        _load(r, name)


@opcode("STORE_FAST")
def _store(r: Reading, step: Step) -> None:
    _bind(r, step.value)


def _bind(r: Reading, name: str) -> None:
    kind = DECLARED.get(r.code.code, {}).get(name)
    if isinstance(kind, (types.Float, types.Complex)):
        cast = MADE[kind.name]
        r.push(lambda frame, x: cast(x) if frame.words.wraps else x, *r.pop(1))
    r.store(name)
    if name in r.code.cleared:  # which may be that it had no value
        r.unbind(name, where=UNBOUND)


@opcode("STORE_FAST_STORE_FAST")
def _store_two(r: Reading, step: Step) -> None:
    for name in step.value:
        _bind(r, name)


@opcode("STORE_FAST_LOAD_FAST")
def _store_and_load(r: Reading, step: Step) -> None:
    _bind(r, step.value[0])
    _load(r, step.value[1])


@opcode("LOAD_FAST_AND_CLEAR")
def _clear(r: Reading, step: Step) -> None:
    """A comprehension within a function begins to use a name of its."""
    name = step.value
    kept = f"${step.offset}.{name}"
    r.take(name, kept)
    r.stack.append(kept)


@opcode("DELETE_FAST")
def _delete(r: Reading, step: Step) -> None:
    r.keep(step.value)
    r.unbind(step.value)


@opcode("LOAD_GLOBAL")
def _global(r: Reading, step: Step) -> None:
    before = sys.version_info >= (3, 11) and step.arg & 1
    if before and sys.version_info < (3, 13):
        r.stack.append("$null")
    counts = step.value in r.code.binds_globally and r.counts()
    r.push(lambda frame: frame.globally(step.value, counts))
    if before and sys.version_info >= (3, 13):
        r.stack.append("$null")


@opcode("STORE_GLOBAL")
def _store_global(r: Reading, step: Step) -> None:
    r.do(lambda frame, x: frame.set_globally(step.value, x), *r.pop(1))


# -- variables that functions share ----------------------------------------------------------------


@opcode("LOAD_DEREF")
def _load_shared(r: Reading, step: Step) -> None:
    name = step.value
    if name in r.code.shared or name in r.code.code.co_freevars:
        counts = name in r.code.shared and r.counts()
        r.push(lambda frame: frame.shared.read(name, counts))
    else:
        r.stack.append(name)


@opcode("STORE_DEREF")
def _store_shared(r: Reading, step: Step) -> None:
    name, (x,) = step.value, r.pop(1)
    r.keep(name)
    r.do(lambda frame, x: frame.shared.write(name, x), x, bound=name, hands_on=True)


@opcode("DELETE_DEREF")
def _delete_shared(r: Reading, step: Step) -> None:
    name = step.value
    if name in r.code.code.co_freevars or name in r.code.shared:
        raise Unreadable("a name that functions share is deleted")
    r.keep(name)
    r.unbind(name)


# -- the stack -------------------------------------------------------------------------------------


@opcode("POP_TOP")
def _pop(r: Reading, step: Step) -> None:
    r.pop(1)


@opcode("SWAP")
def _swap(r: Reading, step: Step) -> None:
    s = r.stack
    s[-1], s[-step.arg] = s[-step.arg], s[-1]


@opcode("COPY")
def _copy(r: Reading, step: Step) -> None:
    r.stack.append(r.stack[-step.arg])


@opcode("DUP_TOP")
def _duplicate(r: Reading, step: Step) -> None:
    r.stack.append(r.stack[-1])


@opcode("DUP_TOP_TWO")
def _duplicate_two(r: Reading, step: Step) -> None:
    r.stack += r.stack[-2:]


_ROTATED = {"ROT_TWO": 2, "ROT_THREE": 3, "ROT_FOUR": 4}


@opcode("ROT_N", *_ROTATED)
def _rotate(r: Reading, step: Step) -> None:
    count = _ROTATED.get(step.name, step.arg)
    r.stack[-count:] = [r.stack[-1], *r.stack[-count:-1]]


# -- imports ---------------------------------------------------------------------------------------


@opcode("IMPORT_NAME")
def _import(r: Reading, step: Step) -> None:
    def imported(frame: Any, level: int, names: Any) -> Any:
        found = __import__(step.value, frame.function.__globals__, None, names, level)
        note_module(step.value, found)
        return found

    r.push(imported, *r.pop(2))


@opcode("IMPORT_FROM")
def _import_from(r: Reading, step: Step) -> None:
    def found(frame: Any, module: Any) -> Any:
        try:
            return frame.attribute(module, step.value)
        except AttributeError:
            known = sys.modules.get(f"{module.__name__}.{step.value}")
            if known is None:
                raise ImportError(f"cannot import name {step.value!r}") from None
            return known

    r.push(found, r.stack[-1])
