"""Functions of Python's that go over items and call others: as programs, which are read.

What gives items one after another is a generator, so that who asks for all has one loop.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.active import is_copying
from jitad.functions.program.folds import collected
from jitad.functions.program.generators import Generated
from jitad.functions.program.iterators import END, advance, enumerated, iterator, native, zipped
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


def _mapped(f: Any, items: Any) -> Iterator[Any]:
    for x in items:
        yield f(x)


def _starred(f: Any, items: Any) -> Iterator[Any]:
    for xs in items:
        yield f(*xs)


def _filtered(f: Any, items: Any) -> Iterator[Any]:
    for x in items:
        if f(x):
            yield x


def _chained(parts: Any) -> Iterator[Any]:
    for items in parts:
        for x in items:  # noqa: UP028  a program's generator is asked by its loops
            yield x


def _accumulated(f: Any, items: Any, total: Any) -> Iterator[Any]:
    yield total
    for x in items:
        total = f(total, x)
        yield total


def _reduced(f: Any, items: Any, total: Any) -> Any:
    for x in items:
        total = f(total, x)
    return total


def _counted(items: Any, k: Any) -> Iterator[Any]:
    for x in items:
        yield k, x
        k += 1


def _pairs(first: Any, second: Any) -> Iterator[Any]:
    for x in first:
        for y in second:
            yield (x, y)


def _tuples(first: Any, rest: Any, product: Any) -> Iterator[Any]:
    for x in first:
        for y in product(*rest):
            yield (x, *y)


def _counting(k: Any, step: Any) -> Iterator[Any]:
    while True:
        yield k
        k = k + step


def _cycled(items: Any) -> Iterator[Any]:
    while len(items):
        for x in items:  # noqa: UP028
            yield x


def _repeated(x: Any) -> Iterator[Any]:
    while True:
        yield x


def _times(x: Any, count: Any) -> Iterator[Any]:
    for _ in range(count):
        yield x


def _taken_while(f: Any, items: Any) -> Iterator[Any]:
    for x in items:
        if not f(x):
            break
        yield x


def _dropped_while(f: Any, items: Any) -> Iterator[Any]:
    is_dropping = True
    for x in items:
        if is_dropping and f(x):
            continue
        is_dropping = False
        yield x


def _filtered_out(f: Any, items: Any) -> Iterator[Any]:
    for x in items:
        if not f(x):
            yield x


def _selected(items: Any, wanted: Any) -> Iterator[Any]:
    for x, is_wanted in zip(items, wanted, strict=False):
        if is_wanted:
            yield x


def _first(items: Any, *default: Any) -> Any:
    """Of a loop that turns once by what it says, not by how it is written."""
    wanted = 1
    for x in items:
        wanted = wanted - 1
        if not wanted:
            return x
    if default:
        return default[0]
    raise StopIteration


def _any(items: Any) -> Any:
    for x in items:  # noqa: SIM110
        if x:
            return True
    return False


def _all(items: Any) -> Any:
    for x in items:  # noqa: SIM110
        if not x:
            return False
    return True


# -- how they are called ---------------------------------------------------------------------------


def run(frame: Frame, f: FunctionType, *args: Any, **kwargs: Any) -> Any:
    """f(*args, **kwargs) of a function of ours that is read as a program."""
    return frame.read(f).__dict__["program"](*args, **kwargs)


def _items(x: Any) -> Any:
    """Items that are had by places, or again."""
    if isinstance(x, _SEQUENCES):
        return x
    is_new = isinstance(x, Generated) and x.is_new()
    return collected(x) if is_new else list(iterator(x).all())


_SEQUENCES = (list, tuple, range, Value, np.ndarray)


def _map(frame: Frame, f: Any, *xs: Any) -> Any:
    if len(xs) == 1:
        return run(frame, _mapped, f, xs[0])
    return run(frame, _starred, f, zipped(*xs))


def _filter(frame: Frame, f: Any, items: Any) -> Any:
    return run(frame, _filtered, bool if f is None else f, items)


def _accumulate(frame: Frame, items: Any, f: Any = None, *, initial: Any = None) -> Any:
    total, rest = initial, items
    if initial is None and isinstance(items, _SEQUENCES) and len(items):
        total, rest = items[0], items[1:]
    elif initial is None:
        rest = native(iterator(items))
        total = next(rest, END)
    return iter(()) if total is END else run(frame, _accumulated, f or operator.add, rest, total)


def _reduce(frame: Frame, f: Any, items: Any, *start: Any) -> Any:
    if start:
        return run(frame, _reduced, f, items, *start)
    found = _items(items)
    if not len(found):
        raise TypeError("reduce() of empty iterable with no initial value")
    return run(frame, _reduced, f, found[1:], found[0])


def _product(frame: Frame, *xs: Any, repeat: int = 1) -> Any:
    first, *rest = [_items(x) for x in xs] * repeat or [((),)]
    if not rest:
        return zipped(first)
    if len(rest) == 1:
        return run(frame, _pairs, first, *rest)
    return run(frame, _tuples, first, rest, lambda *inner: _product(frame, *inner))


def _pairwise(frame: Frame, items: Any) -> Any:
    found = _items(items)
    return zipped(found[:-1], found[1:])


def _islice(frame: Frame, items: Any, *bounds: Any) -> Any:
    known = not any(isinstance(x, Value) for x in bounds)
    if known and isinstance(items, _SEQUENCES):
        return iterator(items[slice(*bounds)])
    return itertools.islice(native(iterator(items)), *bounds)


def _repeat(frame: Frame, x: Any, *times: Any) -> Any:
    return run(frame, _times if times else _repeated, x, *times)


def advanced(frame: Frame, x: Any, *default: Any) -> Any:
    """next(x), next(x, default): of a generator that nobody else has, the first item at once."""
    is_named = any(y is x for v, y in frame.names.items() if v.isidentifier())
    if not isinstance(x, Generated) or not x.is_new() or is_named or not is_copying():
        return advance(x, *default)
    return run(frame, _first, x, *default)


def decided(frame: Frame, f: Any, items: Generated) -> Any:
    """any(items), all(items): where a generator binds names of others, up to where it is known."""
    return run(frame, _any if f is any else _all, items)


def enumerate_(frame: Frame, items: Any, start: Any = 0) -> Any:
    """enumerate(items, start)"""
    if isinstance(items, Generated):
        return run(frame, _counted, items, start)
    return enumerated(items, start)


PROGRAMS: dict[Any, Any] = {
    map: _map,
    filter: _filter,
    enumerate: enumerate_,
    functools.reduce: _reduce,
    itertools.accumulate: _accumulate,
    itertools.chain: lambda frame, *parts: run(frame, _chained, parts),
    itertools.chain.from_iterable: lambda frame, parts: run(frame, _chained, parts),
    itertools.starmap: lambda frame, f, items: run(frame, _starred, f, items),
    itertools.product: _product,
    itertools.pairwise: _pairwise,
    itertools.islice: _islice,
    itertools.count: lambda frame, start=0, step=1: run(frame, _counting, start, step),
    itertools.cycle: lambda frame, items: run(frame, _cycled, _items(items)),
    itertools.repeat: _repeat,
    itertools.takewhile: lambda frame, f, items: run(frame, _taken_while, f, items),
    itertools.dropwhile: lambda frame, f, items: run(frame, _dropped_while, f, items),
    itertools.filterfalse: lambda frame, f, items: run(frame, _filtered_out, f or bool, items),
    itertools.compress: lambda frame, items, wanted: run(frame, _selected, items, wanted),
}
"""What they are for in a program, by the functions that they stand for."""
