"""A loop -> a loop op: one turn of it is recorded, whatever the number of turns."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.exceptions import may_catch_any
from jitad.frontend.mutable import MutableArray
from jitad.frontend.parts import Parts
from jitad.frontend.regions import Again, NeedsNumber, NotCarried, Region
from jitad.frontend.storage import Storage
from jitad.frontend.sums import note_range, sum_of
from jitad.functions.control import loops
from jitad.functions.program import growing
from jitad.functions.program.buffers import Earlier, has_earlier, varies
from jitad.functions.program.carried import Carried
from jitad.functions.program.data import (
    Chosen,
    Names,
    Place,
    Somewhere,
    current,
    holds_tracers,
    labels_of,
)
from jitad.functions.program.forms import arrays_in, containers
from jitad.functions.program.holders import Slot, places
from jitad.functions.program.iterators import Places, Turn
from jitad.functions.program.state import State, has
from jitad.ir.op import Control
from jitad.ir.value import Value
from jitad.ops import control
from jitad.ops.affine import Sum

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


BRIEF, BRIEF_WITH_LISTS = 256, 32
"""Steps of a loop without branches that are recorded one by one; of one in which lists grow."""

FEW_TURNS = 4096
"""Lists have room for what all turns append, if these are known to be so few."""

MOST_LISTS = 16
"""Lists that grow in one loop."""


def loop(frame: Frame, header: int, names: Names) -> tuple[Place, Names]:
    """Record the loop with that header; where it leads, and what names are bound to there."""
    return _Recording(frame, header, names).record()


class _Recording:
    """A loop being recorded.

    Attributes:
        state: what it carries under names, and of parts and arrays.
        lists: the lists from around that grow in it; `carried` those that it reads, or writes to.
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
        self.state = State(names, self._is_bound_first, partial(places, frame, names), self.living,
                           self._few_turns)  # fmt: skip
        self.lists: list[list[Any]] = []
        self.carried: list[Carried] = []
        self.appended: tuple[growing.TurnItems, list[Any]] | None = None
        self.added: dict[int, int] = {}
        self.possible: set[int] = set()
        for v in self.bound:
            # What is called binds a shared name perhaps: it is carried if a turn has bound it.
            if v not in program.shared:
                self.state.expect(v)

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
                self._forget(self.state.gone)
            except NotCarried as error:
                self._note_changed(error)
        if self._is_brief(first):
            raise NeedsNumber("a loop of few steps is faster unrolled")
        before = self.state.before()
        after, rows = self.state.end(carry, self._runs())
        names = Names(self.names | self.errors)
        names |= _without_parts(after)
        self.frame.chooses |= any(type(x) is Chosen for x in after.values())
        for x, value in zip(self.carried, rows, strict=True):
            x.end(value, self._turns, before, after)
        self._extend_lists(stacks, before, after)
        ends = self.possible - {self.header}
        if self.exhausted is not None:
            ends.add(self.exhausted)
        if len(ends) == 1:
            return min(ends), names
        return Somewhere(where, frozenset(ends)), names

    def _note_changed(self, error: NotCarried) -> None:
        """Have the loop carry an array, a container or an object that it changes."""
        changed = error.changed
        if isinstance(self.it, Places) and any(x is changed for x, _ in self.it.lists):
            raise NeedsNumber("a list changes as it is gone over")
        if isinstance(changed, Storage):
            self.state.note(changed)
            return
        if error.rows or error.parts:
            if has_earlier(changed):  # in a turn of a loop around
                raise error
            self.lists = [x for x in self.lists if x is not changed]
        if error.parts and has([x.list for x in self.carried], changed):
            raise varies(changed)
        if error.parts:
            self.state.note(changed)
        elif error.rows:
            self._note_rows(changed)
        elif self.leaves or not isinstance(self.it, Places) or isinstance(self.it.count, Value):
            raise varies(changed)
        elif len(self.lists) == MOST_LISTS:
            raise NeedsNumber("a list that turns make grows in them")
        else:
            self.lists.append(changed)

    def _forget(self, gone: list[Any]) -> None:
        """Have others carry these."""
        self.state.forget(gone)
        self.lists = [x for x in self.lists if not has(gone, x)]
        self.carried = [x for x in self.carried if not has(gone, x.list)]

    def _note_rows(self, changed: list[Any]) -> None:
        if len(self.carried) == MOST_LISTS:
            raise NeedsNumber("a list that turns make is changed in them")
        self.state.forget([changed])
        self.carried.append(Carried(changed))
        self.state.keep([y.storage.root for y in changed if isinstance(y, MutableArray)])

    @property
    def _most_turns(self) -> int | None:
        """How many turns there are at most; None where nobody knows."""
        if not isinstance(self.it, Places):
            return None
        most = sum_of(self.it.count).plus(sum_of(self.it.place), -1).most()
        return None if most == math.inf else max(int(most), 0)

    @property
    def _few_turns(self) -> int | None:
        """The same where lists have room for what all turns append."""
        most = self._most_turns
        is_known = isinstance(self.it, Places) and not isinstance(self.it.count, Value)
        return most if most is None or is_known or most <= FEW_TURNS else None

    @property
    def _turns(self) -> Any:
        """How many turns there are; None where nobody knows."""
        return self.it.count - self.it.place if isinstance(self.it, Places) else None

    def _extend_lists(self, stacks: list[Value], before: Names, after: Names) -> None:
        """Append to lists what turns append."""
        if self.appended is None:
            return
        turn, forms = self.appended
        made = growing.StackedItems(turn, stacks, self._turns, before, after)
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
        """The carries before the first turn."""
        return [*self.state.init(), *(x.begin(self._turns) for x in self.carried)]

    def _runs(self) -> bool:
        """Whether there are turns, whatever values are."""
        it = self.it
        return isinstance(it, Places) and not isinstance(it.count, Value) and it.count > it.place

    def _is_bound_first(self, v: str) -> bool:
        """Whether a turn binds a name before it reads it, and there are turns."""
        if isinstance(v, Slot) or not self._runs():
            return False
        inside = [s for s in self.frame.program.after[self.header] if s in self.body]
        return v not in self.frame.program.living(inside)

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
                raise varies(self.lists[0])

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
        if self._most_turns is not None:
            note_range(k, Sum(self._most_turns - 1))
        try:
            found, rows = self.state.begin(region, carry)
            self.frame.chooses |= any(type(x) is Chosen for x in found.values())
            for x, value in zip(self.carried, rows, strict=True):
                region.hold(x.list, Parts(list, (0,), [x.earlier(value, k)]))
            for n, x in enumerate(self.lists):
                earlier = Earlier(growing.length(x) + k * self.added.get(n, 1))
                region.hold(x, Parts(list, (0,), [earlier]))
            names = Names(self.names | _without_parts(found))
            if self.iterator_name is not None and isinstance(self.it, Places):
                names[self.iterator_name] = Turn(self.it.item(k + self.it.place), self.it)
            where, after = self.frame.run(self.header, names, self.stops, enters=False)
            self.possible.update(labels_of(where))
            self._note_errors(labels_of(where), after)
            label = where.label if isinstance(where, Somewhere) else np.int64(where)
            grown = [*self.lists, *(x.list for x in self.carried)]
            carries = self.state.carries(self.bound, self.living, after, grown)
            carries += [x.list[0].array.freeze() for x in self.carried]
            linked = set[str]()
            if self.lists or self.carried:
                linked = self._note_appended(region, found, after)
            self.state.note_items(after, linked)
            return label, carries
        finally:
            region.release()

    def _note_appended(self, region: Region, begun: Names, after: Names) -> set[str]:
        """Note what a turn has appended to lists; returns the names of arrays among the items."""
        known = self.state.forms.keys()
        named = {id(y) for v in known & after.keys() for y in containers(after[v])}
        arrays = [_arrays_in({v: x[v] for v in known & x.keys()}) for x in (begun, after)]
        turn, *others = [growing.TurnItems(arrays[0], arrays[1], self.state.arrays, named)
                         for _ in range(1 + len(self.carried))]  # fmt: skip
        grown = {id(x): items for x, items in region.grown()}
        found = [grown[id(x)] for x in self.lists]
        self.appended = turn, [turn.parts(items) for items in found]
        for x, other in zip(self.carried, others, strict=True):
            x.note(other, grown[id(x.list)])
            turn.kept |= other.kept
        self.state.share({k for each in (turn, *others) for k in each.shared}, after)
        added = {n: len(items) for n, items in enumerate(found)}
        wrong = any(self.added.get(n, 1) != count for n, count in added.items())
        self.added = added
        if wrong:
            raise Again
        return turn.kept

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


def _without_parts(names: Names) -> dict[str, Any]:
    return {v: x for v, x in names.items() if not isinstance(v, Slot)}


def _arrays_in(names: dict[str, Any]) -> dict[str, MutableArray]:
    """The arrays that names are bound to, or that are in what they are bound to."""
    found: dict[str, MutableArray] = {}
    for v, x in names.items():
        for k, y in enumerate(arrays_in(x)):
            found[v if y is x else f"{v}.{k}"] = y
    return found
