"""Code -> what it says: the names that it reads, and what it does with an array of a name."""

from __future__ import annotations

import dis
import re
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import NamedTuple

from jitad.frontend.traceable import codes_of
from jitad.runtime.restless import MAKERS

_BY_TEXT = frozenset(("getattr", "hasattr", "globals", "attrgetter"))
"""With these a name is read that is a text in the code."""


class Spoken(NamedTuple):
    """The names in a function's code, inner functions included: globals, attributes, those of both
    that are texts; and whether it makes a generator of random numbers without a seed."""

    names: tuple[str, ...]
    attributes: tuple[str, ...]
    texts: tuple[str, ...]
    is_random: bool


@lru_cache(maxsize=4096)
def spoken(code: CodeType) -> Spoken:
    """What a function's code says."""
    names: dict[str, None] = {}
    attributes: dict[str, None] = {}
    texts: list[str] = []
    is_random = False
    for inner in codes_of(code):
        attributes.update(dict.fromkeys(inner.co_names))
        steps = _steps(inner)
        for step, *rest in _windows(steps):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                names[step.argval] = None
            if step.argval in MAKERS and rest[0].opname in _CALLS and not rest[0].arg:
                is_random = True
            if step.argval == "getattr" and not any(isinstance(x.argval, str) for x in rest[1:]):
                attributes["__dict__"] = None
        if not _BY_TEXT.isdisjoint(inner.co_names):
            texts += [x for x in inner.co_consts if isinstance(x, str) and x.isidentifier()]
    names.update(dict.fromkeys(texts))
    attributes.update(dict.fromkeys(texts))
    return Spoken(tuple(names), tuple(attributes), tuple(texts), is_random)


_CALLS = ("CALL", "CALL_FUNCTION", "CALL_METHOD")
_SILENT = ("CACHE", "PRECALL", "PUSH_NULL", "RESUME", "NOP", "EXTENDED_ARG", "NOT_TAKEN", "COPY")

_LAYOUT = ("shape", "ndim", "size", "dtype", "strides", "itemsize", "nbytes")
_VIEWS = ("T", "mT", "real", "imag", "reshape", "ravel", "transpose", "view", "swapaxes")


@lru_cache(maxsize=4096)
def asks(code: CodeType, name: str) -> bool:
    """Whether code asks for numbers of the array of that name: `w[0]`, `w.sum()`, `w > 0`,
    `np.any(w)`, `2 * w`; or gives it another name."""
    return any(
        step.argval == name and step.opname.startswith("LOAD_") and _asks(*rest)
        for inner in codes_of(code)
        for step, *rest in _windows(_steps(inner))
    )


@lru_cache(maxsize=4096)
def measures(code: CodeType, name: str) -> bool:
    """Whether code asks no more of the array of that name than how it lies in memory."""
    return all(
        step.argval == "len" or one.argval in _LAYOUT
        for inner in codes_of(code)
        for step, load, one, _ in _windows(_steps(inner))
        if load.argval == name and load.opname.startswith("LOAD_")
    )


def _asks(one: dis.Instruction, two: dis.Instruction, _: dis.Instruction) -> bool:
    """Whether the steps after an array's name ask for numbers."""
    if one.opname in ("LOAD_ATTR", "LOAD_METHOD"):
        return one.argval not in (*_LAYOUT, *_VIEWS)
    if one.opname in _CALLS:
        return one.arg == 1
    if one.opname.startswith("LOAD_"):
        is_number = isinstance(one.argval, (int, float)) or not one.opname.startswith("LOAD_CONST")
        is_item = two.opname == "BINARY_SUBSCR" or two.argrepr == "[]"
        is_plain = one.opname == "LOAD_CONST" and two.opname.startswith(("BINARY", "COMPARE"))
        return is_plain or (is_item and (is_number or isinstance(one.argval, tuple)))
    asking = ("COMPARE", "CONTAINS", "POP_JUMP", "JUMP_IF", "TO_BOOL", "UNARY", "GET_ITER", "STORE")
    return one.opname.startswith(asking)


@lru_cache(maxsize=4096)
def _steps(code: CodeType) -> tuple[dis.Instruction, ...]:
    """The instructions that matter, each of one name: Python 3.13 loads and stores two at once."""
    found: list[dis.Instruction] = []
    for step in dis.get_instructions(code):
        halves = _HALVES.findall(step.opname)
        if len(halves) == 2:
            pairs = zip(halves, step.argval, strict=True)
            found += [step._replace(opname=half, argval=name) for half, name in pairs]
        elif step.opname not in _SILENT:
            found.append(step)
    return tuple(found)


_HALVES = re.compile("(?:LOAD|STORE)_FAST")


def _windows(steps: tuple[dis.Instruction, ...]) -> Iterator[tuple[dis.Instruction, ...]]:
    """Each step with the three that follow it, the last one standing for what is beyond."""
    ends = (*steps, steps[-1], steps[-1], steps[-1])
    return zip(steps, ends[1:], ends[2:], ends[3:], strict=False)
