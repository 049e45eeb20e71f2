"""Containers and objects that a function makes and then changes: their parts are variables.

A part that is another one behind a branch, or in the next turn of a loop, is carried as what a
name is bound to. The part itself always is what it is at that point, so that whoever reads it
needs to know nothing of this.
"""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from types import MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.active import frames
from jitad.frontend.effects import note_bound, note_change, note_store
from jitad.frontend.parts import (
    DICTS,
    SEQUENCES,
    Parts,
    assembled,
    attributes,
    home,
    is_plain_class,
    made,
    parts,
    refill,
)
from jitad.frontend.reads import is_known, note_contents
from jitad.frontend.regions import NeedsNumber, NotCarried, check_alone
from jitad.frontend.roads import attribute_of
from jitad.frontend.traceable import is_users
from jitad.functions.program.buffers import has_earlier, varies
from jitad.functions.program.data import UNBOUND, Names, current, holds_tracers, owned, same
from jitad.functions.program.owners import count_names
from jitad.ir.errors import TraceError
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


class Slot(str):
    """The name of a part of a container, or an object, from around."""

    holder: Any
    key: Any

    def __new__(cls, holder: Any, key: Any) -> Slot:
        self = super().__new__(cls, f"$part {key!r} of {id(holder)}")
        self.holder, self.key = holder, key
        return self

    def __format__(self, _: str) -> str:
        return f"{self.key!r} of a {type(self.holder).__name__}"


def bound_to(v: str, names: Names) -> Any:
    """What a name, or a part, is now."""
    if not isinstance(v, Slot):
        return names.get(v, UNBOUND)
    x, key = v.holder, v.key
    if type(x) in DICTS:
        return dict.get(x, key, UNBOUND)
    if type(x) in SEQUENCES:
        return x[key] if key < len(x) else UNBOUND
    return getattr(x, key, UNBOUND)


def keys_of(x: Any) -> tuple[Any, ...]:
    """The keys of its parts."""
    found = parts(x)
    assert found is not None
    return found.keys


def part_names(x: Any) -> list[Slot]:
    """The names of its parts."""
    return [Slot(x, key) for key in keys_of(x)]


def other_parts(x: Any, before: Parts) -> Names:
    """The parts that are others than before, by their names."""
    known = dict(zip(before.keys, before.items, strict=True))
    now = {slot: bound_to(slot, Names()) for slot in part_names(x)}
    return Names({v: y for v, y in now.items() if not same(y, known.get(v.key, UNBOUND))})


def replaced(x: Any, found: Names, keys: tuple[Any, ...] | None = None) -> Parts:
    """Its parts, with those that are named in place of its own."""
    own = parts(x)
    assert own is not None
    keys = own.keys if keys is None else keys
    slots = [Slot(x, key) for key in keys]
    items = [found[v] if v in found else bound_to(v, found) for v in slots]
    return Parts(own.kind, keys, items)


def keys_of_all(x: Any, ends: Sequence[Any]) -> tuple[Any, ...]:
    """The keys of its parts where a branch joins; of each side they are given, if it changes x."""
    keys = [keys_of(x) if end is None else end[1] for end in ends]
    if not all(same(k, keys[0]) for k in keys):
        if is_holder(x):
            raise varies(x)
        raise NeedsNumber(f"a {type(x).__name__} has other parts on each side of a branch")
    return keys[0]


def change_all(x: Any, keys: tuple[Any, ...], after: Names) -> None:
    """Have something consist of what a branch leaves."""
    found = replaced(x, after, keys)
    for key in keys:
        after.pop(Slot(x, key), None)
    change(x)
    refill(x, found)


def places(frame: Frame, names: Names, living: Collection[str]) -> Counter[int]:
    """In how many places there is what could be changed, where these names are read later."""
    around = [other for other in frames() if other is not frame]
    found = [names[v] for v in living if v in names]
    found += [x for other in around for x in other.locally().values()]
    found += [x for other in frames() for x in other.shared.outside()]
    return count_names(found)


# -- who changes them ------------------------------------------------------------------------------


def change(x: Any) -> None:
    """Something is about to have other parts."""
    check_alone(x)
    region = current().region
    if has_earlier(x):
        raise NotCarried(x, parts=True)
    note_change(x)
    if region is not None:
        if home(x) is None and (is_known(x) or not (type(x) is list or holds_tracers(x))):
            raise NeedsNumber("an object from outside is changed")
        region.change(x)


def is_holder(x: Any) -> bool:
    """Whether x is a container whose parts are all that there is to it."""
    return type(x) in SEQUENCES or type(x) in DICTS


def set_item(x: Any, key: Any, value: Any) -> None:
    """x[key] = value, of a dict or a deque."""
    if isinstance(key, Value) and current().region is not None:
        raise NeedsNumber("a key is traced")
    note_bound(x, key)
    if bound_to(Slot(x, key), Names()) is not value:  # else it is the end of x[key] += items
        change(x)
        x[key] = value


def delete_item(frame: Frame, x: Any, key: Any) -> None:
    """del x[key]"""
    if is_holder(x):
        change(x)
        if type(x) is list:
            note_contents(x)
        if not isinstance(key, slice):
            note_bound(x, key)
    elif isinstance(x, Value):
        raise TraceError(
            "an element of a traced array is deleted", remedy="use np.delete(x, i), a new array"
        )
    else:
        frame.outside_of_regions("an item is deleted")
    del x[key]


def check_asked(x: Any, key: Any) -> None:
    """A container is asked for a part, which it may make then."""
    if type(x) is defaultdict and key not in x:
        change(x)


def set_attribute(frame: Frame, x: Any, name: str, value: Any) -> None:
    """x.name = value"""
    member = getattr(type(x), name, None)
    if type(member) is property and is_users(member.fset):
        frame.call(member.fset, (x, value), {})
        return
    if isinstance(x, Value) and getattr(member, "fset", None) is None:
        raise _refused(f"an attribute {name!r} of a traced array is set")
    if home(x) is None:
        frame.outside_of_regions(f"an attribute {name!r} is set")
        note_store(x, attribute_of, name)
    else:
        change(x)
    setattr(x, name, value)


def delete_attribute(frame: Frame, x: Any, name: str) -> None:
    """del x.name"""
    if isinstance(x, Value):
        raise _refused(f"an attribute {name!r} of a traced array is deleted")
    frame.outside_of_regions("an attribute is deleted")
    note_store(x, attribute_of, name)
    delattr(x, name)


def _refused(what: str) -> TraceError:
    return TraceError(what, remedy="use x.reshape(shape) or x.astype(dtype), and give that a name")


def construct(frame: Frame, f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """f(*args, **kwargs) of a plain class, whose `__init__` is read."""
    is_generated = f is SimpleNamespace or f.__init__.__code__.co_filename == "<string>"
    if is_generated and not is_users(getattr(f, "__post_init__", None)):
        return _made_by_dataclass(f, args, kwargs)
    x = made(object.__new__(f))
    init = frame.read(f.__init__) if is_generated else f.__init__
    frame.call(MethodType(init or f.__init__, x), args, kwargs)
    return x


def _made_by_dataclass(f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """An object whose attributes are given, or by default new ones."""
    x = made(f(*args, **kwargs))
    given = {id(y) for y in (*args, *kwargs.values(), *vars(f).values())}
    for v in attributes(x):
        y = getattr(x, v)
        if is_holder(y) and id(y) not in given:
            made(y)
    return x


def with_others(frame: Frame, x: Any, /, **others: Any) -> Any:
    """dataclasses.replace(x, **others)"""
    if not is_plain_class(type(x)):
        return replace(x, **others)
    given = {f.name: getattr(x, f.name) for f in fields(x) if f.init}
    return construct(frame, type(x), (), given | others)


def copied(x: Any) -> Any:
    """copy.copy(x)"""
    found = parts(x)
    return copy.copy(x) if found is None else made(assembled(*found))


def deeply_copied(x: Any, memo: dict[int, Any] | None = None) -> Any:
    """copy.deepcopy(x)"""
    known = {} if memo is None else memo
    if id(x) not in known:
        found = parts(x)
        if isinstance(x, (Value, np.ndarray)) and np.ndim(x):
            known[id(x)] = owned(x.copy())
        elif found is None:
            known[id(x)] = x if isinstance(x, Value) else copy.deepcopy(x, known)
        else:
            inner = [deeply_copied(y, known) for y in found.items]
            known[id(x)] = made(assembled(found.kind, found.keys, inner))
    return known[id(x)]
