"""Supports: which elements of a tangent or an adjoint may differ from 0, as a boolean expression.

A support is a disjunction of conjunctions of literals: conditions of the tape, or known places (a
`Box`). WHOLE and EMPTY are known; the others are computed where somebody multiplies (`Masks`).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from jitad.ir.op import Op, Shape
from jitad.ops import structural as st
from jitad.ops.structural import Slot, as_range, stretch

MOST = 12
"""A support of more terms, or a term of more literals, or a key seen through more views, stands for
one literal."""


Range = tuple[int, int, int]
"""Start, length and step, which is positive."""


class Condition(NamedTuple):
    """The truth of an instruction's elements."""

    of: int


class Box(NamedTuple):
    """The places of a basic index, (start, length, step) an axis, of an array of some shape."""

    slots: tuple[Range, ...]
    shape: Shape


class View(NamedTuple):
    """A key seen through a view or a gather: of an array of that shape, by an op with parameters
    and operands after the first."""

    key: Any
    shape: Shape
    op: Op
    params: tuple[Any, ...]
    rest: tuple[int, ...]

    def __hash__(self) -> int:
        """Without the op, whose hash is another in each process: so would the order of sets be,
        and the code that is made of supports."""
        return hash((self.key, self.shape, self.params, self.rest))


class Mask(NamedTuple):
    """The support of an instruction's result, computed from those of its operands, or given."""

    of: int


class Either(NamedTuple):
    """The support of an instruction's result, which is large."""

    of: int


NOWHERE = Box(((0, 0, 1),), (1,))
Key = Any
Literal = tuple[Key, bool]
Term = frozenset[Literal]
Support = frozenset[Term]

EMPTY: Support = frozenset()
WHOLE: Support = frozenset([frozenset()])


def literal(key: Key, holds: bool = True) -> Support:
    """Where a key is true, or false."""
    if isinstance(key, Box):
        if any(n == 0 for _, n, _ in key.slots):
            return EMPTY if holds else WHOLE
        if all(n == size for (_, n, _), size in zip(key.slots, key.shape, strict=True)):
            return WHOLE if holds else EMPTY
    return frozenset([frozenset([(key, holds)])])


def below(key: Key) -> Key:
    """A key without the views that it is seen through."""
    while isinstance(key, View):
        key = key.key
    return key


def is_large(support: Support) -> bool:
    """Whether a support is to stand for one literal."""
    if len(support) > MOST or any(len(term) > MOST for term in support):
        return True
    return any(_views(key) > MOST for term in support for key, _ in term)


def _views(key: Key) -> int:
    count = 0
    while isinstance(key, View):
        key, count = key.key, count + 1
    return count


def union(a: Support, b: Support) -> Support:
    """Where one of the two holds."""
    if a == WHOLE or b == WHOLE:
        return WHOLE
    if not a or not b or a == b:
        return a or b
    large, small = (a, b) if len(a) >= len(b) else (b, a)
    terms = set(large)
    for term in small:
        _insert(terms, term)
    return frozenset(terms)


def intersection(a: Support, b: Support) -> Support:
    """Where both hold."""
    if a == WHOLE or b == WHOLE:
        return b if a == WHOLE else a
    terms: set[Term] = set()
    for x in a:
        for y in b:
            term = x | y
            if not any((key, not holds) in term for key, holds in term):
                _insert(terms, term)
    return frozenset(terms)


def _insert(terms: set[Term], term: Term) -> None:
    """Add a term to a disjunction: terms that differ in one literal's truth become one."""
    while True:
        if any(other <= term for other in terms):
            return
        terms.difference_update([other for other in terms if term <= other])
        for other in terms:
            joined = _joined(other, term)
            if joined is not None:
                terms.remove(other)
                term = joined
                break
            reduced = _without_opposite(term, other)
            if reduced is not None:
                term = reduced
                break
        else:
            terms.add(term)
            return


def _joined(a: Term, b: Term) -> Term | None:
    """a or b as one term, where it is one: of a condition both ways, or of boxes side by side."""
    if len(a) != len(b):
        return None
    (x, *more), (y, *others) = a - b, b - a
    if more or others:
        return None
    if x[0] == y[0]:
        return a & b
    if x[1] and y[1] and isinstance(x[0], Box) and isinstance(y[0], Box):
        box = _side_by_side(x[0], y[0])
        if box is not None:
            return next(iter(literal(box))) | (a & b)
    return None


def _without_opposite(term: Term, other: Term) -> Term | None:
    """(not c and s and t) beside (c and s) is s and t there: a shorter term."""
    for key, holds in term:
        opposite = (key, not holds)
        if opposite in other and other - {opposite} <= term:
            return term - {(key, holds)}
    return None


def _side_by_side(a: Box, b: Box) -> Box | None:
    """Two boxes as one, where they differ along one axis and fill a range there together."""
    differing = [k for k, (x, y) in enumerate(zip(a.slots, b.slots, strict=True)) if x != y]
    if len(differing) != 1:
        return None
    k = differing[0]
    joined = _joined_ranges(a.slots[k], b.slots[k])
    return None if joined is None else Box((*a.slots[:k], joined, *a.slots[k + 1 :]), a.shape)


def _joined_ranges(a: Range, b: Range) -> Range | None:
    (p, n, _), (q, m, _) = a, b
    if (n == 1 or a[2] == 1) and (m == 1 or b[2] == 1):
        if max(p, q) <= min(p + n, q + m):
            start = min(p, q)
            return start, max(p + n, q + m) - start, 1
    elif a[2] == b[2] == 2 and abs(p - q) == 1 and 0 <= (n - m if p < q else m - n) <= 1:
        return min(p, q), n + m, 1
    return None


def box(slots: tuple[Slot, ...], shape: Shape, holds: bool = True) -> Support:
    """The places of a basic index, whose steps may be negative; or all others."""
    upward: list[Range] = []
    for slot in slots:
        start, length, step = as_range(slot)
        if step < 0:
            start, step = start + (length - 1) * step, -step
        upward.append((start, length, step if length > 1 else 1))
    return literal(Box(tuple(upward), shape), holds)


def embedded(support: Support, slots: tuple[Slot, ...], shape: Shape) -> Support | None:
    """A support of x[slots] as one of x, where all of it is known."""
    if support == WHOLE:
        return box(slots, shape)
    boxes = _boxes(support)
    if boxes is None:
        return None
    found = EMPTY
    for x in boxes:
        found = union(found, box(st.joined_slots(slots, x.slots), shape))
    return found


def reduced(support: Support, axes: tuple[int, ...], shape: Shape) -> Support | None:
    """The support of a sum along axes, where all of it is known."""
    boxes = _boxes(support)
    if support == WHOLE or boxes is None:
        return WHOLE if support == WHOLE else None
    found = EMPTY
    for x in boxes:
        slots = tuple(slot for k, slot in enumerate(x.slots) if k not in axes)
        found = union(found, literal(Box(slots, shape)))
    return found


def _boxes(support: Support) -> list[Box] | None:
    """The boxes that a support is made of, or None where it is not."""
    found: list[Box] = []
    for term in support:
        for key, holds in term:
            if len(term) != 1 or not holds or not isinstance(key, Box):
                return None
            found.append(key)
    return found


# -- supports through views ------------------------------------------------------------------------


def viewed(support: Support, view: View, shape: Shape) -> Support:
    """The support of a view's result, of the given shape; `view` is without its key."""
    found = EMPTY
    for term in support:
        moved = WHOLE
        for key, holds in term:
            seen: Key = view._replace(key=key)
            if isinstance(key, Box):
                seen = _moved_box(key, view.op, view.params, shape) or seen
            moved = intersection(moved, literal(seen, holds))
        found = union(found, moved)
    return found


def _moved_box(key: Box, op: Op, params: tuple[Any, ...], shape: Shape) -> Box | None:
    """Where a box comes to lie; None where it is none any more."""
    if op is st.transpose:
        perm: tuple[int, ...] = params[0]
        return Box(tuple(key.slots[i] for i in perm), shape)
    if op is st.broadcast:
        lead = len(shape) - len(key.shape)
        full = [(0, n, 1) for n in shape]
        pairs = zip(key.slots, key.shape, full[lead:], strict=True)
        return Box((*full[:lead], *(x if n != 1 else other for x, n, other in pairs)), shape)
    if op is st.index:
        return _indexed_box(key, params[0], shape)
    return _reshaped_box(key, shape) if op is st.reshape else None


def _indexed_box(key: Box, slots: tuple[Slot, ...], shape: Shape) -> Box | None:
    found: list[Range] = []
    for (start, length, step), slot in zip(key.slots, slots, strict=True):
        inside = range(start, start + length * step, step)
        if isinstance(slot, int):
            if slot not in inside:
                return NOWHERE
            continue
        first, count, stride = slot
        if step != 1 and (first, stride) == (0, 1) and count > inside[-1]:
            found.append((start, length, step))
        elif step != 1 or stride < 0:
            return None
        else:
            low = max(0, -((first - start) // stride))
            high = min(count, -((first - start - length) // stride))
            found.append((low, max(0, high - low), 1))
    return Box(tuple(found), shape)


def _reshaped_box(key: Box, shape: Shape) -> Box | None:
    """Axes of length 1 come and go; or a stretch in C order stays one of whole rows."""
    long = [slot for slot, n in zip(key.slots, key.shape, strict=True) if n != 1]
    if [n for n in key.shape if n != 1] == [n for n in shape if n != 1]:
        rest = iter(long)
        return Box(tuple((0, 1, 1) if n == 1 else next(rest) for n in shape), shape)
    known = stretch(key.slots, key.shape)
    row = math.prod(shape[1:])
    if known is None or not shape or known[0] % row or known[1] % row:
        return None
    start, stop = known
    rows = start // row, (stop - start) // row, 1
    return Box((rows, *((0, n, 1) for n in shape[1:])), shape)
