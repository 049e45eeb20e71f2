"""heapq, bisect, and what lists are asked for by traced values: as programs, which are read.

Each compares as Python's own does, in the same order, so that what it leaves is the same.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jitad.frontend.active import holds_traced
from jitad.functions.program.buffers import is_growing
from jitad.functions.program.folds import collected
from jitad.functions.program.generators import Generated
from jitad.functions.program.growing import extend
from jitad.functions.program.iterators import iterator
from jitad.functions.program.library import PROGRAMS, run

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


_OWN: dict[int, Any] = {}
"""By their ids the functions that take lists of which nobody knows how long they are."""


def _stands_for(*functions: Any) -> Callable[[Any], Any]:
    """Enter a function as the program of these, and of its own name in others."""

    def enter(f: Any) -> Any:
        def called(frame: Frame, *args: Any, **kwargs: Any) -> Any:
            return run(frame, f, *args, **kwargs)

        PROGRAMS.update(dict.fromkeys((f, *functions), called))
        _OWN.update((id(g), g) for g in (f, *functions))
        return f

    return enter


# -- heaps -----------------------------------------------------------------------------------------


@_stands_for()
def _raised(heap: Any, first: Any, place: Any) -> None:
    """Have an item change places with those above it that are greater."""
    item = heap[place]
    while place > first:
        above = (place - 1) // 2
        if not item < heap[above]:
            break
        heap[place] = heap[above]
        place = above
    heap[place] = item


@_stands_for()
def _sunk(heap: Any, first: Any) -> None:
    """Have an item change places with the least below it down to the end, and be raised there."""
    item, place, below = heap[first], first, 2 * first + 1
    while below < len(heap):
        if below + 1 < len(heap) and not heap[below] < heap[below + 1]:
            below = below + 1
        heap[place] = heap[below]
        place, below = below, 2 * below + 1
    heap[place] = item
    _raised(heap, first, place)


@_stands_for(heapq.heapify)
def _heapify(x: Any) -> None:
    for k in range(len(x) // 2 - 1, -1, -1):
        _sunk(x, k)


@_stands_for(heapq.heappush)
def _push(heap: Any, item: Any) -> None:
    heap.append(item)
    _raised(heap, 0, len(heap) - 1)


@_stands_for(heapq.heapreplace)
def _replace(heap: Any, item: Any) -> Any:
    least = heap[0]
    heap[0] = item
    _sunk(heap, 0)
    return least


@_stands_for(heapq.heappop)
def _pop(heap: Any) -> Any:
    last = heap.pop()
    return _replace(heap, last) if heap else last


@_stands_for(heapq.heappushpop)
def _push_and_pop(heap: Any, item: Any) -> Any:
    return _replace(heap, item) if heap and heap[0] < item else item


@_stands_for(heapq.nsmallest)
def _smallest(n: int, items: Any, key: Any = None) -> Any:
    return sorted(items, key=key)[: max(n, 0)]


@_stands_for(heapq.nlargest)
def _largest(n: int, items: Any, key: Any = None) -> Any:
    return sorted(items, key=key, reverse=True)[: max(n, 0)]


# -- places in order -------------------------------------------------------------------------------


@_stands_for(bisect.bisect_left)
def _left(items: Any, x: Any, lo: Any = 0, hi: Any = None, *, key: Any = None) -> Any:
    if lo < 0:
        raise ValueError("lo must be non-negative")
    low, high = lo, len(items) if hi is None else hi
    while low < high:
        middle = (low + high) // 2
        if (items[middle] if key is None else key(items[middle])) < x:
            low = middle + 1
        else:
            high = middle
    return low


@_stands_for(bisect.bisect_right)
def _right(items: Any, x: Any, lo: Any = 0, hi: Any = None, *, key: Any = None) -> Any:
    if lo < 0:
        raise ValueError("lo must be non-negative")
    low, high = lo, len(items) if hi is None else hi
    while low < high:
        middle = (low + high) // 2
        if x < (items[middle] if key is None else key(items[middle])):
            high = middle
        else:
            low = middle + 1
    return low


@_stands_for(bisect.insort_left)
def _insert_left(items: Any, x: Any, lo: Any = 0, hi: Any = None, *, key: Any = None) -> None:
    items.insert(_left(items, x if key is None else key(x), lo, hi, key=key), x)


@_stands_for(bisect.insort_right)
def _insert_right(items: Any, x: Any, lo: Any = 0, hi: Any = None, *, key: Any = None) -> None:
    items.insert(_right(items, x if key is None else key(x), lo, hi, key=key), x)


# -- methods ---------------------------------------------------------------------------------------


@_stands_for()
def _place(x: Any, item: Any, start: Any = 0, stop: Any = None) -> Any:
    n = len(x)
    start = max(start + n, 0) if start < 0 else start
    stop = n if stop is None else stop + n if stop < 0 else min(stop, n)
    for k in range(start, stop):
        if x[k] == item:
            return k
    raise ValueError(f"{item!r} is not in list")


@_stands_for()
def _count(x: Any, item: Any) -> Any:
    n = 0
    for y in x:
        if y == item:
            n += 1
    return n


@_stands_for()
def _insert(x: Any, place: Any, item: Any) -> None:
    n = len(x)
    place = max(place + n, 0) if place < 0 else min(place, n)
    x.append(item)
    for k in range(n, place, -1):
        x[k] = x[k - 1]
    x[place] = item


@_stands_for()
def _taken(x: Any, place: Any = -1) -> Any:
    n = len(x)
    place = place + n if place < 0 else place
    if place < 0 or place >= n:
        raise IndexError("pop index out of range")
    item = x[place]
    for k in range(place, n - 1):
        x[k] = x[k + 1]
    x.pop()
    return item


@_stands_for()
def _remove(x: Any, item: Any) -> None:
    _taken(x, _place(x, item))


@_stands_for()
def _extend(x: Any, items: Any) -> None:
    for y in items:
        x.append(y)


@_stands_for()
def _joined(x: Any, y: Any) -> Any:
    found = x[:]
    found.extend(y)
    return found


@_stands_for()
def _contains(x: Any, item: Any) -> Any:
    for y in x:  # noqa: SIM110  which is read
        if y == item:
            return True
    return False


@_stands_for()
def _replace_all(x: Any, start: Any, stop: Any, items: Any) -> None:
    n = len(x)
    start = 0 if start is None else max(start + n, 0) if start < 0 else min(start, n)
    stop = n if stop is None else max(stop + n, 0) if stop < 0 else min(stop, n)
    rest = x[max(start, stop) :]
    for _ in range(start, n):
        x.pop()
    x.extend(items)
    x.extend(rest)


@_stands_for()
def _ordered(items: Any, key: Any, reverse: Any) -> Any:
    found: list[Any] = []
    for x in items[::-1] if reverse else items:
        _insert_right(found, x, key=key)
    return found[::-1] if reverse else found


@_stands_for()
def _sort(x: Any, key: Any = None, reverse: Any = False) -> None:
    found = _ordered(x, key, reverse)
    x.clear()
    x.extend(found)


def replace(frame: Frame, x: list[Any], places: slice, items: Any) -> None:
    """x[places] = items, where the bounds are traced, or either list has so many as that says."""
    run(frame, _replace_all, x, places.start, places.stop, items[:] if items is x else items)


def joined(frame: Frame, x: list[Any], y: list[Any]) -> Any:
    """x + y"""
    return run(frame, _joined, x, y)


def contain(frame: Frame, x: Any, item: Any) -> Any:
    """item in x"""
    return run(frame, _contains, x, item)


def ordered(frame: Frame, items: Any, key: Any = None, reverse: Any = False) -> Any:
    """sorted(items, key=key, reverse=reverse) of a list of which nobody knows how long it is."""
    return run(frame, _ordered, items, key, reverse)


_METHODS: dict[str, Any] = {
    "index": _place, "count": _count, "insert": _insert, "remove": _remove, "pop": _taken
}  # fmt: skip
"""By the names of methods of lists what they are by traced values."""


def meaning(frame: Frame, f: Any, owner: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What these functions, and methods of lists, are called for; None: as they are."""
    if id(f) in _OWN:
        return lambda: PROGRAMS[f](frame, *args, **kwargs)
    if type(owner) is not list:
        return None
    name = f.__name__
    if name == "sort" and is_growing(owner):
        return lambda: run(frame, _sort, owner, **kwargs)
    if kwargs:
        return None
    if name == "append" and len(args) == 1:
        return lambda: extend(owner, args)
    if name == "extend" and len(args) == 1:
        return lambda: _extended(frame, owner, args[0])
    asks = name != "pop" and (is_growing(owner) or holds_traced(owner))
    if name in _METHODS and (asks or holds_traced(args)):
        return lambda: run(frame, _METHODS[name], owner, *args)
    return None


def _extended(frame: Frame, x: list[Any], items: Any) -> None:
    """x.extend(items)"""
    if isinstance(items, Generated) and items.is_new():
        items = collected(items)
    if is_growing(items):
        run(frame, _extend, x, x[:] if items is x else items)
    else:
        extend(x, iterator(items).all())
