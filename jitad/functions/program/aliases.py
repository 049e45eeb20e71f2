"""Which arrays and objects a side of a branch leaves under a name, and who else has them.

What is joined by value becomes two where it has two names, so that this is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from jitad.frontend.mutable import MutableArray
from jitad.frontend.parts import is_new
from jitad.frontend.regions import NeedsNumber, Region
from jitad.functions.program import holders
from jitad.functions.program.data import Names, current
from jitad.functions.program.owners import changeable, identity

if TYPE_CHECKING:
    from jitad.functions.program.joins import Side


class Known(NamedTuple):
    """What there is in a name that was there before, by identity: `around`, in which `whole` is
    what its containers and objects have in them; and whether it would be two (`is_divided`) by
    value: two names have it now, or something new holds it."""

    around: set[int]
    whole: set[int]
    is_divided: bool


NOTHING = Known(set(), set(), False)


def known_in(found: Names, region: Region) -> dict[str, Known]:
    """What there is in each name that was there before, and may have other names, too. Nobody
    writes to an argument, by none of its names.
    """
    inside = {v: changeable(x) for v, x in found.items()}
    counts = Counter(identity(y) for ys in inside.values() for y in ys)
    known: dict[str, Known] = {}
    for v, ys in inside.items():
        around = [y for y in ys if _is_from_around(y, region)]
        whole = [z for y in around if not isinstance(y, MutableArray) for z in changeable(y)]
        is_holder = not isinstance(found[v], (tuple, MutableArray)) and is_new(found[v])
        has_two = any(counts[identity(y)] > 1 for y in ys)
        is_divided = has_two or (is_holder and bool(whole))
        known[v] = Known({identity(y) for y in around}, {identity(z) for z in whole}, is_divided)
    return known


def _is_from_around(x: Any, region: Region) -> bool:
    if not isinstance(x, MutableArray):
        return not is_new(x)
    if x.builder is not current():
        return True
    return x.unwritten is None and x.storage.root in region.arrays


class Others:
    """Who else has what a name is bound to on a side: `others` counts what other names have."""

    def __init__(self, sides: Sequence[Side], others: Callable[[], Counter[int]]) -> None:
        self.sides, self.others = sides, others
        self.changed = {k for side in sides for k in side.changed}
        self.changed |= {id(storage.token) for side in sides for storage in side.arrays}

    def check(self, v: str, before: Any) -> None:
        """Refuse what has another name, too, behind the join: it would be two; and what has other
        parts on a side, where it is one of several objects."""
        is_part = isinstance(v, holders.Slot)
        own = {identity(y) for y in changeable(before)} if is_part else set[int]()
        for side in self.sides:
            if v in side.names:
                known = side.names[v].known
            elif is_part:
                known = Known(own, own, False)  # as it was before: no side is to change that
            else:
                continue
            if known.is_divided or any(self.others()[k] > (k in own) for k in known.around):
                raise NeedsNumber(f"{v} is another name of something, on one side of a branch")
            if not known.whole.isdisjoint(self.changed):
                raise NeedsNumber(f"{v} is one of several objects, of which one is changed")
