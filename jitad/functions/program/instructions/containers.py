"""What the instructions of Python's mean that make containers, take them apart, and match them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jitad.frontend.parts import made
from jitad.frontend.reads import note_contents
from jitad.frontend.texts import written
from jitad.functions.program.bytecode import OPCODES, Reading, Step
from jitad.functions.program.growing import extend
from jitad.functions.program.instructions.rows import Meaning, computes, opcode
from jitad.functions.program.iterators import iterator

# -- containers ------------------------------------------------------------------------------------


def _builds(make: Callable[[tuple[Any, ...]], Any], hands_on: bool = False) -> Meaning:
    def build(r: Reading, step: Step) -> None:
        r.push(lambda frame, *items: make(items), *r.pop(step.arg), hands_on=hands_on)

    return build


@opcode("BUILD_MAP")
def _map(r: Reading, step: Step) -> None:
    def build(frame: Any, *items: Any) -> Any:
        return made(dict(zip(items[::2], items[1::2], strict=True)))

    r.push(build, *r.pop(2 * step.arg))


@opcode("BUILD_CONST_KEY_MAP")
def _constant_key_map(r: Reading, step: Step) -> None:
    def build(frame: Any, *items: Any) -> Any:
        return made(dict(zip(items[-1], items[:-1], strict=True)))

    r.push(build, *r.pop(step.arg + 1))


def _grows(items: Callable[[Any], Any], copy: Callable[[Any, Any], Any], count: int = 1) -> Meaning:
    """What is on the stack grows: nobody else has it yet, so that it is another object then."""

    def grow(r: Reading, step: Step) -> None:
        added, r.grows = r.pop(count), r.grows or step.name in _IN_TURN
        place = len(r.stack) - step.arg
        name = r.push(lambda frame, x, *new: copy(x, items(new)), r.stack[place], *added)
        r.stack[place] = name
        r.stack.pop()

    return grow


_IN_TURN = ("SET_ADD", "MAP_ADD")
"""What comprehensions do, turn by turn."""


def _lengthens(items: Callable[[Any], Any]) -> Meaning:
    """What is on the stack, a list, has more items then."""

    def lengthen(r: Reading, step: Step) -> None:
        added = r.pop(1)
        r.do(lambda frame, x, new: extend(x, items(new)), r.stack[len(r.stack) - step.arg], *added)

    return lengthen


def _set_with(x: Any, new: Any) -> Any:
    return {*x, *new}


def _map_with(x: Any, new: Any) -> Any:
    note_contents(new)
    return made({**x, **new})


def _all(new: Any) -> Any:
    return iterator(new).all()


def _merged(x: Any, new: Any) -> Any:
    note_contents(new)
    doubled = [k for k in new if k in x]
    if doubled:
        raise TypeError(f"got multiple values for keyword argument {doubled[0]!r}")
    return {**x, **new}


OPCODES.update(
    BUILD_TUPLE=_builds(tuple, hands_on=True),
    BUILD_LIST=_builds(lambda items: made(list(items))),
    BUILD_SET=_builds(lambda items: made(set(items))),
    BUILD_STRING=_builds(lambda items: written("".join, items)),
    BUILD_SLICE=_builds(lambda items: slice(*items)),
    LIST_APPEND=_lengthens(lambda x: [x]),
    LIST_EXTEND=_lengthens(_all),
    SET_ADD=_grows(lambda new: new, _set_with),
    SET_UPDATE=_grows(lambda new: _all(new[0]), _set_with),
    MAP_ADD=_grows(lambda new: {new[0]: new[1]}, _map_with, 2),
    DICT_UPDATE=_grows(lambda new: new[0], _map_with),
    DICT_MERGE=_grows(lambda new: new[0], _merged),
    LIST_TO_TUPLE=computes(1, lambda frame, x: tuple(x)),
)


@opcode("UNPACK_SEQUENCE")
def _unpack(r: Reading, step: Step) -> None:
    count = step.arg

    def unpacked(frame: Any, x: Any) -> Any:
        items = iterator(x).all()
        if len(items) != count:
            few = "not enough" if len(items) < count else "too many"
            raise ValueError(f"{few} values to unpack (expected {count})")
        return items

    _spread(r, unpacked, count)


@opcode("UNPACK_EX")
def _unpack_with_rest(r: Reading, step: Step) -> None:
    before, after = step.arg & 0xFF, step.arg >> 8

    def unpacked(frame: Any, x: Any) -> Any:
        items = iterator(x).all()
        if len(items) < before + after:
            expected = f"expected at least {before + after}"
            raise ValueError(f"not enough values to unpack ({expected}, got {len(items)})")
        stop = len(items) - after
        return [*items[:before], items[before:stop], *items[stop:]]

    _spread(r, unpacked, before + after + 1)


def _spread(r: Reading, unpacked: Callable[..., Any], count: int) -> None:
    """The items of what is on the stack, the first one last."""
    r.push(unpacked, *r.pop(1), hands_on=True)
    (items,) = r.pop(1)
    for k in reversed(range(count)):
        r.push(lambda frame, items, k=k: items[k], items, hands_on=True)


# -- match -----------------------------------------------------------------------------------------

_WHOLE = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)
"""Classes of which a pattern's one place is the object itself."""


def _matched(frame: Any, x: Any, kind: Any, named: Any, count: int) -> Any:
    if not frame.call(isinstance, (x, kind), {}):
        return None
    if count and kind in _WHOLE:
        return (x, *(frame.attribute(x, v) for v in named)) if count == 1 else None
    places = getattr(kind, "__match_args__", ())
    if count > len(places):
        raise TypeError(f"{kind.__name__}() accepts {len(places)} positional sub-patterns")
    names = (*places[:count], *named)
    if not all(frame.call(hasattr, (x, v), {}) for v in names):
        return None
    return tuple([frame.attribute(x, v) for v in names])


@opcode("MATCH_CLASS")
def _match_class(r: Reading, step: Step) -> None:
    def match(frame: Any, x: Any, kind: Any, named: Any) -> Any:
        return _matched(frame, x, kind, named, step.arg)

    r.push(match, *r.pop(3))
    _said_beside(r)


@opcode("MATCH_KEYS")
def _match_keys(r: Reading, step: Step) -> None:
    def match(frame: Any, x: Any, keys: Any) -> Any:
        note_contents(x)
        return tuple([x[k] for k in keys]) if all(k in x for k in keys) else None

    r.push(match, *r.stack[-2:])
    _said_beside(r)


def _said_beside(r: Reading) -> None:
    """Python 3.10 says whether there was a match."""
    if sys.version_info < (3, 11):
        r.push(lambda frame, found: found is not None, r.stack[-1])


def _asks(f: Callable[[Any], Any]) -> Meaning:
    """An instruction that says something of the last item, which stays."""
    return lambda r, step: (r.push(lambda frame, x: f(x), r.stack[-1]), None)[1]


def _length(x: Any) -> int:
    note_contents(x)
    return len(x)


def _without(frame: Any, x: Any, keys: Any) -> Any:
    return {k: item for k, item in x.items() if k not in keys}


OPCODES.update(
    MATCH_SEQUENCE=_asks(
        lambda x: isinstance(x, Sequence) and not isinstance(x, (str, bytes, bytearray))
    ),
    MATCH_MAPPING=_asks(lambda x: isinstance(x, Mapping)),
    GET_LEN=_asks(_length),
)


@opcode("COPY_DICT_WITHOUT_KEYS")
def _copy_without(r: Reading, step: Step) -> None:
    keys = r.pop(1)[0]
    r.push(_without, r.stack[-1], keys)
