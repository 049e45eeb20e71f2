"""Names that are bound to one of several objects: None or a number, one of two functions, a state.

Where branches on traced values leave other objects, a number says which. A statement that reads
such a name is run with each of them. What follows from a question about them, as `x is None`, is
known on both sides of the branch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.active import innermost_memo
from jitad.frontend.exceptions import may_catch
from jitad.frontend.fallbacks import note
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.reads import note_contents
from jitad.frontend.regions import NeedsNumber
from jitad.functions.program.alike import by_place
from jitad.functions.program.data import (
    DATA,
    Chosen,
    Names,
    current,
    holds_tracers,
    is_data,
    is_leaf,
    same,
)
from jitad.functions.program.forms import renamed
from jitad.functions.program.holders import change
from jitad.functions.program.raising import ends_trace, raise_if
from jitad.ir.op import INT64
from jitad.ir.value import UFUNCS, Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame
    from jitad.functions.program.statements import Statement


def as_data(x: Any) -> Any:
    """What is chosen among numbers, as a number."""
    if type(x) is not Chosen or not all(o is DATA or is_data(o) for o in x.options):
        return x
    found: Any = None
    for k, option in enumerate(x.options):
        item = x.data if option is DATA else option
        found = item if found is None else np.where(x.index == k, item, found)
    return found


def of_table(frame: Frame, table: Any, key: Value) -> Any:
    """The item of a list, a tuple or a dict at a traced int, where the items are objects, functions
    say, or numbers of a dict; None of others."""
    keys = list(table) if isinstance(table, dict) else list(range(len(table)))
    items = tuple(table.values()) if isinstance(table, dict) else tuple(table)
    if not 0 < len(keys) <= MOST or any(type(k) not in (int, bool) for k in keys):
        return None
    if may_catch(KeyError, IndexError):
        return None
    at = None
    if any(is_data(x) or holds_tracers(x) for x in items):
        numbers = type(table) is dict and all(is_leaf(x) and not np.ndim(x) for x in items)
        at = by_place(items) if numbers else None
        if at is None:
            return None
    if not isinstance(table, dict):
        key = np.where(key < 0, key + len(keys), key)  # type: ignore[call-overload]  # traced
    error = KeyError("key") if isinstance(table, dict) else IndexError("index out of range")
    found = [UFUNCS[np.equal](key, k) for k in keys]
    number: Any = 0
    for k, is_it in enumerate(found):
        one: Any = as_dtype(lift(current(), is_it), INT64)
        number = number + one * k
    none = UFUNCS[np.logical_not](functools.reduce(UFUNCS[np.logical_or], found))
    raise_if(frame, none, error, known=False)
    note_contents(table)
    if at is None:
        return Chosen(number, items)
    _found().places.append((table, key))
    return at(number)


class _Found:
    """Dicts that have been asked for an item at a traced key, which they have."""

    def __init__(self) -> None:
        self.places: list[tuple[Any, Value]] = []

    def forget(self) -> None:
        """Let them go."""
        self.places = []


def _found() -> _Found:
    return innermost_memo().setdefault(_Found, _Found())


def set_at(table: dict[Any, Any], key: Value, x: Any) -> bool:
    """table[key] = x, if it has been asked for what there is, as by table[key] += y."""
    known = any(t is table and k is key for t, k in _found().places)
    if not known or not is_leaf(x) or np.ndim(x):
        return False
    change(table)
    for k in table:
        table[k] = np.where(UFUNCS[np.equal](key, k), x, table[k])
    return True


MOST = 32
"""Objects of a table that is asked for one at a traced place."""

# -- one of them -----------------------------------------------------------------------------------


def narrowed(names: Names, index: Value, may_be: Sequence[bool]) -> Names:
    """What names are bound to where the number is one of those that it may be."""
    return Names({v: _among(x, index, may_be) for v, x in names.items()})


def _among(x: Any, index: Value, may_be: Sequence[bool]) -> Any:
    if type(x) is tuple:
        return tuple([_among(item, index, may_be) for item in x])
    if type(x) is not Chosen or x.index is not index:
        return x
    left = [option for option, may in zip(x.options, may_be, strict=True) if may]
    if all(same(option, left[0]) for option in left):
        return x.data if left[0] is DATA else left[0]
    # In place of what it is not stands one that it may be.
    options = [o if may else left[0] for o, may in zip(x.options, may_be, strict=True)]
    return Chosen(x.index, tuple(options), x.data)


def settled(x: Any) -> Any:
    """The object that it is at these values, for who knows of no others: outside of regions."""
    if type(x) is tuple:
        return tuple(map(settled, x))
    if type(x) is not Chosen:
        return x
    option = x.options[int(x.index)]
    return x.data if option is DATA else option


# -- statements ------------------------------------------------------------------------------------


def chosen(reads: tuple[str, ...], names: Names) -> Chosen | None:
    """The first of what names are bound to that is one of several."""
    for v in reads:
        x = names.get(v)
        if type(x) is Chosen:
            return x
        if type(x) is tuple:
            found = next(_within(x), None)
            if found is not None:
                return found
    return None


def _within(x: tuple[Any, ...]) -> Iterator[Chosen]:
    for item in x:
        if type(item) is tuple:
            yield from _within(item)
        elif type(item) is Chosen:
            yield item


def each(frame: Frame, s: Statement, names: Names, which: Chosen, join: Callable[..., Any]) -> Any:
    """What a statement gives that reads a name which is bound to one of several objects."""
    line = frame.line
    frame.shared.collect(names)  # what statements before this one of the block have left there
    try:
        return _each(frame, s, names, which, join)
    except (NeedsNumber, Exception) as error:
        if isinstance(error, Exception) and ends_trace(error):
            raise
        if current().region is not None:
            raise NeedsNumber(f"one of several objects: {error}") from None
        note("each object is a path of its own", line, error)
    frame.line = line
    k = int(which.index)
    names.update(narrowed(names, which.index, [k == j for j in range(len(which.options))]))
    return frame.perform(s, names)


def _each(frame: Frame, s: Statement, names: Names, which: Chosen, join: Callable[..., Any]) -> Any:
    first: dict[int, int] = {}  # the options that are not others again
    for k, option in enumerate(which.options):
        first[k] = next(j for j in range(k + 1) if same(which.options[j], option))
    kept = sorted(set(first.values()))
    table = [kept.index(first[k]) for k in range(len(which.options))]
    given = [
        narrowed(names, which.index, [first[j] == k for j in range(len(which.options))])
        for k in kept
    ]
    index = which.index if table == list(range(len(table))) else renamed(which.index, table)
    bound = {*frame.program.shared, s.bound, s.advances} - {None}
    after, results = join(
        frame, index, given, names, bound, s.bound, lambda n: _performed(frame, s, n)
    )
    names.update(after)
    frame.shared.fill(names)
    if s.bound is None:
        return None
    found = [results[j] for j in table]
    if s.bound not in after:
        return Chosen(which.index, tuple(found))
    merged = after[s.bound]
    known = tuple(x if is_known(x) else DATA for x in found)
    if all(x is DATA for x in known) or type(merged) is Chosen:
        return merged
    return Chosen(which.index, known, merged)


def is_known(x: Any) -> bool:
    """Whether x is one object for all values: a bool of Python's, or no data at all."""
    return type(x) is bool or (not is_data(x) and not holds_tracers(x))


def _performed(frame: Frame, s: Statement, names: Names) -> Names:
    """Run one statement, on the tape that records; what names are bound to then."""
    builder, frame.builder = frame.builder, current()
    try:
        frame.shared.fill(names)
        x = frame.perform(s, names)
        if s.bound is not None:
            names[s.bound] = x
        frame.shared.collect(names)
        return names
    finally:
        frame.builder = builder


# -- conditions ------------------------------------------------------------------------------------


def asked(condition: Chosen, names: Names) -> tuple[Value | bool, Names, Names]:
    """Whether a condition holds, and what names are bound to where it does not, and where it
    does."""
    truths = [None if o is DATA else bool(o) for o in condition.options]
    yes, no = [t is not False for t in truths], [t is not True for t in truths]
    if not any(no) or not any(yes):
        return any(yes), names, names
    value = as_data(
        Chosen(condition.index, tuple(DATA if t is None else t for t in truths), condition.data)
    )
    if value.dtype.kind != "b":
        value = UFUNCS[np.not_equal](value, 0)
    return value, narrowed(names, condition.index, no), narrowed(names, condition.index, yes)
