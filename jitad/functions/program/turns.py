"""A loop -> a loop op: one turn of it is recorded, whatever the number of turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.exceptions import may_catch_any
from jitad.frontend.mutable import MutableArray
from jitad.frontend.regions import Again, NeedsNumber, NotCarried, Region
from jitad.frontend.storage import Storage
from jitad.functions.control import loops
from jitad.functions.program import growing
from jitad.functions.program.carried import Carried
from jitad.functions.program.choices import (
    Form,
    Renamed,
    as_data,
    common,
    fitted_to,
    form_of,
    renamed,
)
from jitad.functions.program.data import (
    UNBOUND,
    Chosen,
    Names,
    Options,
    Place,
    Somewhere,
    current,
    fitted,
    form,
    holds_tracers,
    is_data,
    is_reference,
    labels_of,
    leaves,
    owned,
    rebuilt,
    same,
)
from jitad.functions.program.iterators import Places, Turn
from jitad.functions.program.joins import write
from jitad.ir.op import Control
from jitad.ir.value import Value
from jitad.ops import control

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


BRIEF, BRIEF_WITH_LISTS = 256, 32
"""Steps of a loop without branches that are recorded one by one; of one in which lists grow."""

MOST_LISTS = 16
"""Lists that grow in one loop."""


MOST_GROWN = 8
"""How often a name turns out to be bound to one of more objects than were known."""


def loop(frame: Frame, header: int, names: Names) -> tuple[Place, Names]:
    """Record the loop with that header; where it leads, and what names are bound to there."""
    return _Loop(frame, header, names).record()


def _settled(x: Any) -> Any:
    return renamed(x.item, x.table) if isinstance(x, Renamed) else x


class _Loop:
    """A loop being recorded.

    Attributes:
        types: for each name that it carries the form of its data; `grown` how often that was
            found to have more objects to choose from.
        references: for each of them, which leaves are arrays that can be written to.
        arrays: the arrays from around that it writes to.
        by_value: arrays from around that names are bound to which turns bind anew.
        lists: the lists from around that grow in it; `carried` those that it reads, or writes to.
        kept: names that it carries, whose arrays are items of these, too.
        added: how many items a turn appends to a list, by its number; 1 where nobody knows yet.
        bound: the names that it binds, and that are read after it or in a later turn.
        handlers: who handles exceptions in it; `errors` are those that leave it, by name.
        ends: the labels at which turns are known to end; `living` are the names read from there.
        possible: those at which turns have ended.
    """

    def __init__(self, frame: Frame, header: int, names: Names) -> None:
        self.frame, self.header, self.names = frame, header, names
        program = frame.program
        self.body = program.loops[header]
        self.it = frame.iterator(header, names)
        self.iterator_name = frame.iterator_name(header)
        ways = {(b, s) for b in self.body for s in program.after[b] if s not in self.body}
        if not may_catch_any():  # a turn that raises ends the kernel, and no loop
            ways = {(b, s) for b, s in ways if b == header or s not in program.leaving} or ways
        done = (s for b, s in ways if b == header) if self.it is not None else iter(())
        self.exhausted: int | None = next(done, None)
        if self._goes_on_with_another():
            raise NeedsNumber("an iterator from around goes on")
        self.leaves = any(self.it is None or b != header for b, _ in ways)
        out = {s for _, s in ways}
        self.handlers = {h.label: h for h in program.handlers(self.body)}
        self.stops = {header, *out, *(self.handlers.keys() - self.body)}
        self.errors = Names()
        self.ends = {header, *(out - program.raising)}
        self.living = program.living(self.ends)
        self.bound = self._bound()
        self.types: dict[str, Form] = {}
        self.grown: dict[str, int] = {}
        self.references: dict[str, list[bool]] = {}
        self.arrays: list[Storage] = []
        self.by_value: list[Storage] = []
        self.lists: list[list[Any]] = []
        self.carried: list[Carried] = []
        self.kept: set[str] = set()
        self.appended: tuple[growing.Turn, list[Any]] | None = None
        self.added: dict[int, int] = {}
        self.possible: set[int] = set()
        for v in self.bound:
            # What is called binds a shared name perhaps: it is carried if a turn has bound it.
            own = v in names and v not in program.shared
            if own and is_data(names[v]) and not is_reference(names[v]):
                self.types[v] = form_of(v, names[v])

    def _goes_on_with_another(self) -> bool:
        """Whether turns ask an iterator for items that is not the loop's, or one of their own."""
        program = self.frame.program
        statements = [s for b in self.body for s in program.blocks[b].statements]
        asked = {s.advances for s in statements if s.advances is not None}
        return not asked <= {self.iterator_name, *(s.bound for s in statements)}

    def _bound(self) -> list[str]:
        bound = self.frame.program.bound(self.body) & self.living
        return sorted(bound - {self.iterator_name})

    def record(self) -> tuple[Place, Names]:
        """Record the loop: until its carries are of the types that a turn leaves."""
        while True:
            self.possible.clear()
            first = len(current().instrs)
            try:
                where, carry, stacks = self._record(self._init())
                break
            except Again:
                continue
            except NotCarried as error:
                self._note_changed(error.changed, error.reads)
        if self._is_brief(first):
            raise NeedsNumber("a loop of few steps is faster unrolled")
        after, contents = self._taken_apart(carry)
        names = Names(self.names | after | self.errors)
        for storage, value in zip(self.arrays, contents, strict=False):
            write(storage, value)
        for x, value in zip(self.carried, contents[len(self.arrays) :], strict=True):
            x.end(value, self._turns, self.names, after)
        self._extend_lists(stacks, after)
        ends = self.possible - {self.header}
        if self.exhausted is not None:
            ends.add(self.exhausted)
        if len(ends) == 1:
            return min(ends), names
        return Somewhere(where, frozenset(ends)), names

    def _note_changed(self, changed: Storage | list[Any], reads: bool) -> None:
        """Have the loop carry an array that it writes to, or know a list that it changes."""
        if isinstance(changed, Storage):
            if changed in self.by_value:
                raise NeedsNumber("an array has two names in a loop")
            self.arrays.append(changed)
        elif reads:
            if growing.is_growing(changed):  # in a turn of a loop around
                raise NotCarried(changed, reads=True)
            if len(self.carried) == MOST_LISTS:
                raise NeedsNumber("a list that turns make is changed in them")
            self.lists = [x for x in self.lists if x is not changed]
            self.carried.append(Carried(changed))
        elif self.leaves or not isinstance(self.it, Places) or isinstance(self.it.count, Value):
            raise NeedsNumber("how long a list becomes depends on traced values")
        elif len(self.lists) == MOST_LISTS:
            raise NeedsNumber("a list that turns make grows in them")
        else:
            self.lists.append(changed)

    @property
    def _turns(self) -> Any:
        """How many turns there are; None where nobody knows."""
        return self.it.count - self.it.place if isinstance(self.it, Places) else None

    def _extend_lists(self, stacks: list[Value], after: Names) -> None:
        """Append to lists what turns append."""
        if self.appended is None:
            return
        turn, forms = self.appended
        made = growing.Stacks(turn, stacks, self._turns, self.names, after)
        for x, appended in zip(self.lists, forms, strict=True):
            growing.extend(x, made.items(appended))

    def _is_brief(self, first: int) -> bool:
        """Whether the loop, recorded from an instruction on, is a few steps without branches."""
        it = self.it
        if not isinstance(it, Places) or isinstance(it.count, Value) or self.leaves:
            return False
        bodies = [x.params[0].body for x in current().instrs[first:] if x.op is control.loop]
        plain = all(not isinstance(x.op, Control) for body in bodies for x in body.instrs)
        most = BRIEF_WITH_LISTS if self.lists else BRIEF
        return plain and (it.count - it.place) * len(bodies[-1]) <= most

    def _init(self) -> list[Value]:
        """The carries before the first turn; zeros for a name that is not bound yet."""
        values: list[Value] = []
        for v, f in self.types.items():
            x = self.names.get(v, UNBOUND)
            items = [None] * len(f.kinds)
            if x is not UNBOUND and not self._is_bound_first(v):
                items = fitted_to(f, x, list(leaves(x)))
            values += [fitted(_settled(leaf), k) for leaf, k in zip(items, f.kinds, strict=True)]
        values += [storage.contents() for storage in self.arrays]
        return [*values, *(x.begin(self._turns) for x in self.carried)]

    def _is_bound_first(self, v: str) -> bool:
        """Whether a turn binds a name before it reads it, and there are turns."""
        it = self.it
        if not isinstance(it, Places) or isinstance(it.count, Value) or it.count <= it.place:
            return False
        inside = [s for s in self.frame.program.after[self.header] if s in self.body]
        return v not in self.frame.program.living(inside)

    def _taken_apart(self, carry: list[Any]) -> tuple[Names, list[Any]]:
        """What names are bound to, and what is in arrays and lists, by the carries."""
        rest = iter(carry)
        found = Names()
        for v, f in self.types.items():
            items = [next(rest) for _ in f.kinds]
            arrays = self.references.get(v, [False] * len(items))
            pairs = zip(items, arrays, strict=True)
            found[v] = rebuilt(f.pattern, iter([owned(x) if a else x for x, a in pairs]))
        self.frame.chooses |= any(type(x) is Chosen for x in found.values())
        return found, list(rest)

    # -- turns -------------------------------------------------------------------------------------

    def _record(self, init: list[Value]) -> tuple[Any, list[Any], list[Value]]:
        """The traced label at which the loop is left, the last carries, and what turns append."""
        if isinstance(self.it, Places):
            it = self.it
            if not self.leaves:
                count = it.count - it.place
                if self.lists:
                    return self.exhausted, *loops.stacking_loop(count, self._appending, init)
                last = loops.fori_loop(0, count, lambda k, c: self._turn(k, c)[1], init)
                return self.exhausted, last, []
            if self.lists:
                raise NeedsNumber("how long a list becomes depends on traced values")

            def goes_on(state: Any) -> Any:
                return (state[0] == self.header) & (state[1] < it.count)

            def step(state: Any) -> Any:
                where, carry = self._turn(state[1] - it.place, state[2])
                return where, state[1] + 1, carry

            begin = (np.int64(self.header), np.int64(0) + it.place, init)
            where, _, last = loops.while_loop(goes_on, step, begin)
            return np.where(where == self.header, np.int64(self.exhausted or 0), where), last, []
        state = (np.int64(self.header), init)
        return *loops.while_loop(
            lambda s: s[0] == self.header, lambda s: self._turn(None, s[1]), state
        ), []

    def _appending(self, k: Any, carry: list[Any]) -> tuple[list[Any], list[Value]]:
        """A turn that appends to lists: the carries, and what it appends."""
        _, carry = self._turn(k, carry)
        assert self.appended is not None
        return carry, self.appended[0].leaves

    def _turn(self, k: Any, carry: list[Any]) -> tuple[Any, list[Any]]:
        """One turn: where it ends, and the carries then."""
        region = Region(current(), is_turn=True)
        try:
            found, contents = self._taken_apart(carry)
            for storage, value in zip(self.arrays, contents, strict=False):
                region.take(storage, value)
            for x, value in zip(self.carried, contents[len(self.arrays) :], strict=True):
                region.hold(x.list, [x.earlier(value, k)])
            for n, x in enumerate(self.lists):
                region.hold(x, [growing.Earlier(len(x) + k * self.added.get(n, 1))])
            for v in self.kept & found.keys():
                if isinstance(found[v], MutableArray):
                    found[v].storage.is_kept = True
            names = Names(self.names | found)
            if self.iterator_name is not None and isinstance(self.it, Places):
                names[self.iterator_name] = Turn(self.it.item(k + self.it.place), self.it)
            where, after = self.frame.run(self.header, names, self.stops, enters=False)
            self.possible.update(labels_of(where))
            self._note_errors(labels_of(where), after)
            label = where.label if isinstance(where, Somewhere) else np.int64(where)
            carries = self._carries(after)
            if self.lists or self.carried:
                self._note_appended(region, found, after)
            return label, carries
        finally:
            region.release()

    def _note_appended(self, region: Region, begun: Names, after: Names) -> None:
        """Note what a turn has appended to lists."""
        carried = [{v: x for v, x in names.items() if v in self.types} for names in (begun, after)]
        names = [_arrays_in(x) for x in carried]
        turn, *others = [growing.Turn(names[0], names[1], self.arrays, region)
                         for _ in range(1 + len(self.carried))]  # fmt: skip
        grown = {id(x): items for x, items in region.grown()}
        found = [grown[id(x)] for x in self.lists]
        self.appended = turn, [turn.parts(items) for items in found]
        for x, other in zip(self.carried, others, strict=True):
            x.note(other, grown[id(x.list)])
            turn.kept |= other.kept
        added = {n: len(items) for n, items in enumerate(found)}
        wrong = any(self.added.get(n, 1) != count for n, count in added.items())
        self.added = added
        if not turn.kept <= self.types.keys():
            raise NeedsNumber("an array in a list is in a tuple, too")
        if not turn.kept <= self.kept:
            self.kept |= turn.kept
            raise Again
        if wrong:
            raise Again

    def _note_errors(self, ends: frozenset[int], after: Names) -> None:
        """Keep the exceptions with which a turn ends: each is one for all turns."""
        handlers = [self.handlers[label] for label in ends if label in self.handlers]
        self.errors.update((h.error, after[h.error]) for h in handlers)
        if any(map(holds_tracers, self.errors.values())):
            raise NeedsNumber("an exception has traced values")
        if not ends <= self.ends:
            self.ends |= ends
            self.leaves, self.living = True, self.frame.program.living(self.ends)
            self.bound = self._bound()
            raise Again

    def _carries(self, after: Names) -> list[Any]:
        """The carries at the end of a turn; Again where they are of other types."""
        again = False
        for v in self.bound:
            if v in after:
                again = self._settle(v, after) or again
        if again:
            raise Again
        values: list[Any] = []
        for v, f in self.types.items():
            x = after.get(v, UNBOUND)
            items = [None] * len(f.kinds)
            if x is not UNBOUND:
                items = fitted_to(f, x, list(leaves(x)))
            values += [fitted(_settled(leaf), k) for leaf, k in zip(items, f.kinds, strict=True)]
        values += [storage.contents() for storage in self.arrays]
        return [*values, *(x.list[0].array.freeze() for x in self.carried)]

    def _settle(self, v: str, after: Names) -> bool:
        """Whether a name is to be carried with another form."""
        x, before = as_data(after[v]), self.names.get(v, UNBOUND)
        after[v] = x
        known = self.types.get(v)
        if known is None and same(x, before):
            return False  # the same object in each turn
        self._refuse_aliases(x, after)
        found = form_of(v, x)
        if known is not None:
            found = common(v, known, found)
            self._check_options(v, known, found)
        elif before is not UNBOUND:
            self._refuse_windows(before)
            if not self._is_bound_first(v):
                found = common(v, form_of(v, before), found)
        self.types[v] = found
        own = is_data(x) and form(x) == found.pattern and type(found.pattern) is not Options
        self.references[v] = (
            [is_reference(leaf) for leaf in leaves(x)] if own else [False] * len(found.kinds)
        )
        return found != known

    def _check_options(self, v: str, known: Form, found: Form) -> None:
        """Refuse a name that each recording of a turn binds to an object more."""
        if found.pattern != known.pattern:
            self.grown[v] = self.grown.get(v, 0) + 1
            if self.grown[v] > MOST_GROWN:
                raise NeedsNumber(f"{v} is another object in each turn")

    def _refuse_windows(self, x: Any) -> None:
        """A view at a traced place shares elements, so that it cannot be carried by value."""
        for leaf in leaves(x):
            if isinstance(leaf, MutableArray) and not leaf.storage.has_elements:
                raise NeedsNumber("a view at a traced place lives on after a turn")

    def _refuse_aliases(self, x: Any, after: Names) -> None:
        """What a name is bound to anew is carried by value, and so must have this name alone."""
        for leaf in leaves(x):
            if not isinstance(leaf, MutableArray):
                continue
            self._refuse_windows(leaf)
            known = (after[v] for v in self.living if v in after)
            if sum(isinstance(y, MutableArray) and y.storage is leaf.storage for y in known) > 1:
                raise NeedsNumber("an array has two names after a turn")
            if leaf.storage in self.arrays:
                self.arrays.remove(leaf.storage)
            if leaf.builder is not current():
                self.by_value.append(leaf.storage)


def _arrays_in(names: dict[str, Any]) -> dict[str, MutableArray]:
    """The arrays that names are bound to, or that are in tuples of theirs."""
    found: dict[str, MutableArray] = {}
    for v, x in names.items():
        for k, leaf in enumerate(leaves(x)):
            if isinstance(leaf, MutableArray):
                found[f"{v}.{k}" if type(x) is tuple else v] = leaf
    return found
