"""What a loop carries: what names are bound to, parts of containers and objects, arrays.

The forms of it are found by recording turns: until a turn leaves what it was begun with.
"""

from __future__ import annotations

import functools
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator
from typing import Any

from jitad.frontend.active import is_copying, room
from jitad.frontend.mutable import MutableArray
from jitad.frontend.parts import Bindings, is_apart, is_new, note_copied, parts, refill
from jitad.frontend.regions import Again, FirstTurn, NeedsNumber, NotCarried, Region
from jitad.frontend.storage import Storage
from jitad.functions.program.buffers import Buffer, Buffered, is_varying, varies
from jitad.functions.program.choices import as_data
from jitad.functions.program.data import (
    UNBOUND,
    Names,
    current,
    fitted,
    is_data,
    is_reference,
    same,
)
from jitad.functions.program.forms import (
    Node,
    Renamed,
    Rows,
    apart,
    apart_as,
    arrays_in,
    common,
    containers,
    fitted_to,
    keep,
    kinds,
    parts_apart,
    rebuilt,
    renamed,
    within,
)
from jitad.functions.program.holders import Slot, bound_to, change, part_names, replaced
from jitad.functions.program.owners import changeable, identity, is_alone
from jitad.functions.program.raising import check_room
from jitad.functions.program.switches import write
from jitad.ir.value import Value

_MOST_GROWN = 8
"""How often a name turns out to be bound to something of another form than was known."""


class State:
    """What one loop carries.

    Attributes:
        names: what is bound before it; `turns` how many there are at most.
        is_bound_first: whether a turn binds a name before it reads it, and there are turns.
        forms: the form of what it carries, by names; `grown` how often that was found to have
            more objects to choose from.
        held: what there is around whose parts are others in turns.
        arrays: the arrays from around that it writes to.
        copied: arrays, containers and objects from around that are carried by value.
        own: the names that turns begin with something that nobody else has: it may be changed.
        renewed: those that they end with such a thing; `shared` are those that have not.
        swaps: whether names change objects that there were before; `gone` are those of them that
            are carried by value.
        kept: names whose arrays are items of lists, too; behind the loop lists know those of
            `items` by value alone.
        left: for how many more items there is room in a buffer behind the loop.
    """

    def __init__(
        self,
        names: Names,
        is_bound_first: Callable[[str], bool],
        places: Callable[[Collection[str]], Any],
        living: Collection[str],
        turns: int | None,
    ) -> None:
        self.names, self.is_bound_first, self.turns = names, is_bound_first, turns
        self._places, self._living = places, living
        self.forms: dict[str, Any] = {}
        self.grown: dict[str, int] = {}
        self.held: list[Any] = []
        self.arrays: list[Storage] = []
        self.copied: list[Any] = []
        self.own: set[str] = set()
        self.renewed: set[str] = set()
        self.shared: set[str] = set()
        self.swaps = False
        self.gone: list[Any] = []
        self.kept: set[str] = set()
        self.items: set[str] = set()
        self.left: dict[str, int] = {}
        self._begun: list[Storage] = []

    @functools.cached_property
    def places(self) -> Counter[int]:
        """In how many places there is what could be changed."""
        return self._places(self._living)

    @functools.cached_property
    def _elsewhere(self) -> Counter[int]:
        """The same but for what this call has."""
        return self._places(())

    def _takes(self, x: Any) -> bool:
        """Whether nobody minds which object x is, as turns begin with it."""
        return is_apart(x) or is_alone(x, self.places)

    def expect(self, v: str) -> None:
        """Carry a name from the first recording on, if that is bound to numbers."""
        x = self.names.get(v, UNBOUND)
        if x is not UNBOUND and is_data(x) and not is_reference(x):
            self.forms[v] = apart(x).form

    def note(self, changed: Any) -> None:
        """Have an array that turns write to, or something whose parts they change, carried."""
        if has(self.copied, changed):
            raise NeedsNumber("an array, or an object, has two names in a loop")
        known: list[Any] = self.arrays if isinstance(changed, Storage) else self.held
        known.append(changed)
        if is_varying(changed):  # room for what a turn appends is made as it turns out
            b: Any = changed[0]  # type: ignore[index]  # a list
            self.forms[Slot(changed, 0)] = Buffered(b.form, b.size, 0)

    def forget(self, gone: list[Any]) -> None:
        """Others carry the parts of these."""
        self.held = [x for x in self.held if not has(gone, x)]
        for v in [v for v in self.forms if isinstance(v, Slot) and has(gone, v.holder)]:
            del self.forms[v]
            self.renewed.discard(v)
            self.left.pop(v, None)

    def init(self) -> list[Value]:
        """The carries before the first turn; zeros for a name that is not bound yet."""
        values: list[Value] = []
        self.own = set()
        if self.swaps:
            assert self.places is not None
        for v, form in self.forms.items():
            x = UNBOUND if self.is_bound_first(v) else bound_to(v, self.names)
            items: list[Any] = [None] * len(kinds(form))
            copied: list[Any] = []
            if x is not UNBOUND:
                items = fitted_to(form, apart_as(form, x, copied))
                copied += [y.storage if isinstance(y, MutableArray) else y for y in within(x)]
            if not copied or is_alone(x, self.places):
                self.own.add(v)
            else:
                self.keep(copied)
            values += _of_kinds(form, items)
        self.own -= self.shared
        return [*values, *(storage.contents() for storage in self.arrays)]

    def begin(self, region: Region, carry: list[Any]) -> tuple[Names, list[Any]]:
        """Have a turn begin with these carries; what names are bound to, and other carries."""
        rest = iter(carry)
        found = self._together(rest, self.own)
        for storage in self.arrays:
            region.take(storage, next(rest))
        for x in self.copied:
            if not isinstance(x, Storage):
                note_copied(x)
        for x in self.held:
            region.hold(x, replaced(x, found), changed=True)
        kept = [v for v in found if v in self.kept or v not in self.own]
        self._begun = [array.storage for v in kept for array in arrays_in(found[v])]
        for v in kept:
            keep(found[v])
        return found, list(rest)

    def before(self) -> Names:
        """What all that it carries is before the loop."""
        return Names(self.names | {v: bound_to(v, self.names) for v in self.forms})

    def _together(self, rest: Iterator[Any], new: Collection[str] = ()) -> Names:
        return Names({v: rebuilt(form, rest, as_copy=v not in new)
                      for v, form in self.forms.items()})  # fmt: skip

    def end(self, carry: list[Any], runs: bool) -> tuple[Names, list[Any]]:
        """Have the last carries behind a loop, which `runs` if there are turns for sure; what names
        are bound to, and other carries."""
        rest = iter(carry)
        new = self.renewed if runs else self.renewed & self.own
        found = self._together(rest, new)
        if current().region is None and not is_copying():
            for v, x in found.items():
                if v not in new and containers(x):
                    raise NeedsNumber(f"{v} may be one of several objects")
        for v in self.items & found.keys():
            keep(found[v])
        for storage in self.arrays:
            write(storage, next(rest))
        if not new.issuperset(self.forms):
            for x in self.copied:
                if not isinstance(x, Storage):
                    note_copied(x)
        for v, free in self.left.items():
            found[v].free = free
        for x in self.held:
            inside = replaced(x, found)
            change(x)
            refill(x, inside)
        return found, list(rest)

    def share(self, others: Collection[int], after: Names) -> None:
        """Others have, too, what these are the identities of: it must not be changed."""
        for v in list(self.renewed):
            if any(id(y) in others for y in containers(after[v])):
                self._share(v)

    def _share(self, v: str) -> None:
        self.renewed.discard(v)
        self.shared.add(v)
        if v in self.own:
            raise Again

    def note_items(self, after: Names, linked: set[str]) -> None:
        """Note names whose arrays a turn has put into lists, and record the turn again where these
        are new. Behind the loop, arrays of names that are `linked` are the lists' own objects."""
        if not linked <= self.forms.keys():
            raise NeedsNumber("an array in a list is in a tuple, too")
        for v in self.forms.keys() & after.keys():
            if any(x.is_kept and not has(self._begun, x.storage) for x in arrays_in(after[v])):
                self.items.add(v)
        found = self.items | linked
        self.items -= linked
        if not found <= self.kept:
            self.kept |= found
            raise Again

    # -- the end of a turn -------------------------------------------------------------------------

    def carries(
        self, bound: Collection[str], living: Collection[str], after: Names, grown: list[Any]
    ) -> list[Any]:
        """The carries at the end of a turn; Again where they are of other forms. What the lists
        `grown` have been given is no matter of the state's."""
        slots = [slot for x in self.held for slot in self._parts_of(x)]
        after |= {slot: bound_to(slot, after) for slot in slots}
        held = {id(x) for x in (*self.held, *grown)}
        names = Counter(self._elsewhere)
        for v in {*living, *slots} & after.keys():
            own = [identity(x) for x in within(after[v])]
            names.update(own)
            names.update({identity(x) for x in changeable(after[v], held)} - set(own))
        again = False
        for v in [*bound, *slots]:
            if v in after and not (isinstance(v, Slot) and has(self.gone, v.holder)):
                again = self._settle(v, after, names) or again
        if again:
            raise Again
        values: list[Any] = []
        for v, form in self.forms.items():
            items = [None] * len(kinds(form))
            if v in after:
                items = fitted_to(form, apart_as(form, after[v], self.copied))
            values += _of_kinds(form, items)
        return [*values, *(storage.contents() for storage in self.arrays)]

    def _parts_of(self, x: Any) -> list[Slot]:
        """The names of the parts, which are to be the same before and after each turn."""
        slots, before = part_names(x), current().region.parts_before(x)
        if same(tuple(slot.key for slot in slots), before.keys):
            return slots
        if type(x) is list:
            raise NotCarried(x, rows=True)
        if type(x) is deque and (x.maxlen is None or x.maxlen > _MOST_GROWN):
            raise varies(x)
        raise FirstTurn(f"a {type(x).__name__} has other parts after a turn than before")

    def _settle(self, v: str, after: Names, names: Counter[int]) -> bool:
        """Whether a name is to be carried with another form."""
        x, before = as_data(after[v]), self._before(v)
        after[v] = x
        known = self.forms.get(v)
        if known is None and same(x, before):
            return False  # the same object in each turn
        self._check_aliases(x, names)
        found = apart_as(known, x, self.copied).form
        if known is not None:
            found = common(v, known, found)
            if type(x) is Buffer and isinstance(v, Slot):
                found = self._with_room(v, known, x, found.form)
            self._check_options(v, known, found)
        elif before is not UNBOUND:
            _refuse_windows(before)
            if not self.is_bound_first(v):
                found = self._common(v, before, x, found)
        self.forms[v] = found
        self.renewed.discard(v)
        if all(is_new(y) and names[id(y)] == 1 for y in containers(x)):
            self.renewed.add(v)
        elif v in self.own:
            self._share(v)
        return not same(found, known)

    def _before(self, v: str) -> Any:
        """What a name is bound to before the loop, or what a part is."""
        if not isinstance(v, Slot):
            return self.names.get(v, UNBOUND)
        _, keys, items = current().region.parts_before(v.holder)
        return dict(zip(keys, items, strict=True))[v.key]

    def _common(self, v: str, before: Any, x: Any, found: Any) -> Any:
        """The form of what is before the loop, and of what a turn leaves."""
        if parts(before) is not None and parts(x) is not None and not is_apart(x):
            if not self.swaps:  # names of one and the same objects, perhaps
                self.swaps = True
                raise Again
            forms = [self._alone(y) for y in (before, x)]
            if all(form is not None for form in forms):
                self.gone += [before, x]
                return common(v, *forms)
        own = parts(before)
        wanted: Any = found if type(found) in (Node, Rows) else own
        if own is None or own.kind != wanted.kind or own.kind is Bindings:
            wanted = own
        if own is not None and not same(own.keys, wanted.keys):
            raise FirstTurn(f"{v} has other parts after a turn than before")
        try:
            return common(v, apart_as(found, before, self.copied).form, found)
        except NeedsNumber as error:
            raise FirstTurn(str(error)) from None

    def _with_room(self, v: str, known: Buffered, x: Buffer, form: Any) -> Buffered:
        """The form of a list's buffer with room for what all turns append; what this one has
        appended is seen from the room that there was for it."""
        before, more = self._before(v), x.size - known.size
        added, peak = max(more + known.free - x.free, 0), known.free + more
        base, turns = before.size - before.free, self.turns or 0
        most, size = base + turns * added, base + max(turns - 1, 0) * added + peak
        if added and self.turns is None:
            most, size = base + room(), base + room() + peak
            check_room(x.count, most)
        size = max(size, before.size)
        self.left[v] = size - most
        return Buffered(form, size, peak)

    def _alone(self, x: Any) -> Any:
        """The form of what was there before the loop, and nobody else has."""
        found = current().region.parts_before(x) or parts(x)
        assert found is not None
        if self.places[identity(x)] != 1 or not all(is_alone(y, self.places) for y in found.items):
            return None
        return parts_apart(found, self._takes).form

    def _check_options(self, v: str, known: Any, found: Any) -> None:
        """Refuse a name that each recording of a turn binds to an object more."""
        if not same(found, known):
            self.grown[v] = self.grown.get(v, 0) + 1
            if self.grown[v] > _MOST_GROWN:
                raise NeedsNumber(f"{v} is another object in each turn")

    def _check_aliases(self, x: Any, names: Counter[int]) -> None:
        """Refuse arrays that have another name, too: what is bound anew is carried by value."""
        _refuse_windows(x)
        for leaf in arrays_in(x):
            if names[identity(leaf)] > 1:
                raise NeedsNumber("an array has two names after a turn")
            if leaf.storage in self.arrays or leaf.builder is not current():
                self.keep([leaf.storage])

    def keep(self, found: list[Any]) -> None:
        """No turn is to change these arrays, for there are copies of them."""
        for x in found:
            self.arrays = [storage for storage in self.arrays if storage is not x]
            self.copied.append(x)


def has(found: list[Any], x: Any) -> bool:
    """Whether x is one of these."""
    return any(y is x for y in found)


def _refuse_windows(x: Any) -> None:
    """A view at a traced place shares elements, so that it cannot be carried by value."""
    for leaf in arrays_in(x):
        if leaf.unwritten is None and leaf.storage.root is not leaf.storage:
            raise NeedsNumber("a view at a traced place lives on after a turn")


def _of_kinds(form: Any, items: list[Any]) -> list[Value]:
    settled = [renamed(x.item, x.table) if isinstance(x, Renamed) else x for x in items]
    return [fitted(x, k) for x, k in zip(settled, kinds(form), strict=True)]
