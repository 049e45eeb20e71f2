"""A loop -> a loop op: one turn of it is recorded, whatever the number of turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.mutable import MutableArray, mutable
from jitad.frontend.regions import NeedsNumber, NotCarried, Region, Unrecorded
from jitad.frontend.storage import Storage
from jitad.functions.control import loops
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
    Place,
    Somewhere,
    current,
    fitted,
    holds_tracers,
    is_data,
    is_reference,
    labels_of,
    leaves,
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


BRIEF = 256
"""Steps of a loop without branches that are recorded one by one."""


class Again(Unrecorded):
    """The carries are of other types than the turn was recorded with."""


def loop(frame: Frame, header: int, names: Names) -> tuple[Place, Names]:
    """Record the loop with that header; where it leads, and what names are bound to there."""
    return _Loop(frame, header, names).record()


def _settled(x: Any) -> Any:
    return renamed(x.item, x.table) if isinstance(x, Renamed) else x


class _Loop:
    """A loop being recorded.

    Attributes:
        types: for each name that it carries the form of its data.
        arrays: the arrays from around that it writes to.
        by_value: arrays from around that names are bound to which turns bind anew.
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
        self.arrays: list[Storage] = []
        self.by_value: list[Storage] = []
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
                where, carry = self._record(self._init())
                break
            except Again:
                continue
            except NotCarried as error:
                if error.storage in self.by_value:
                    raise NeedsNumber("an array has two names in a loop") from None
                self.arrays.append(error.storage)
        if self._is_brief(first):
            raise NeedsNumber("a loop of few steps is faster unrolled")
        after, contents = self._taken_apart(carry)
        names = Names(self.names | after | self.errors)
        for storage, value in zip(self.arrays, contents, strict=True):
            write(storage, value)
        ends = self.possible - {self.header}
        if self.exhausted is not None:
            ends.add(self.exhausted)
        if len(ends) == 1:
            return min(ends), names
        return Somewhere(where, frozenset(ends)), names

    def _is_brief(self, first: int) -> bool:
        """Whether the loop, recorded from an instruction on, is a few steps without branches."""
        it = self.it
        if not isinstance(it, Places) or isinstance(it.count, Value) or self.leaves:
            return False
        bodies = [x.params[0].body for x in current().instrs[first:] if x.op is control.loop]
        plain = all(not isinstance(x.op, Control) for body in bodies for x in body.instrs)
        return plain and (it.count - it.place) * len(bodies[-1]) <= BRIEF

    def _init(self) -> list[Value]:
        """The carries before the first turn; zeros for a name that is not bound yet."""
        values: list[Value] = []
        for v, f in self.types.items():
            x = self.names.get(v, UNBOUND)
            items = [None] * len(f.kinds)
            if x is not UNBOUND and not self._is_bound_first(v):
                items = fitted_to(f, x, list(leaves(x)))
            values += [fitted(_settled(leaf), k) for leaf, k in zip(items, f.kinds, strict=True)]
        return [*values, *(storage.contents() for storage in self.arrays)]

    def _is_bound_first(self, v: str) -> bool:
        """Whether a turn binds a name before it reads it, and there are turns."""
        it = self.it
        if not isinstance(it, Places) or isinstance(it.count, Value) or it.count <= it.place:
            return False
        inside = [s for s in self.frame.program.after[self.header] if s in self.body]
        return v not in self.frame.program.living(inside)

    def _taken_apart(self, carry: list[Any]) -> tuple[Names, list[Any]]:
        """What names are bound to, and what is in arrays, by the carries."""
        rest = iter(carry)
        found = Names()
        for v, f in self.types.items():
            x = rebuilt(f.pattern, rest)
            if f.pattern is None and is_reference(self.names.get(v, None)) and x.shape:
                x = mutable(current(), x)
            found[v] = x
        self.frame.chooses |= any(type(x) is Chosen for x in found.values())
        return found, list(rest)

    # -- turns -------------------------------------------------------------------------------------

    def _record(self, init: list[Value]) -> tuple[Any, list[Any]]:
        """The traced label at which the loop is left, and the last carries."""
        if isinstance(self.it, Places):
            it = self.it
            if not self.leaves:
                count = it.count - it.place
                last = loops.fori_loop(0, count, lambda k, c: self._turn(k, c)[1], init)
                return self.exhausted, last

            def goes_on(state: Any) -> Any:
                return (state[0] == self.header) & (state[1] < it.count)

            def step(state: Any) -> Any:
                where, carry = self._turn(state[1] - it.place, state[2])
                return where, state[1] + 1, carry

            begin = (np.int64(self.header), np.int64(0) + it.place, init)
            where, _, last = loops.while_loop(goes_on, step, begin)
            return np.where(where == self.header, np.int64(self.exhausted or 0), where), last
        state = (np.int64(self.header), init)
        return loops.while_loop(
            lambda s: s[0] == self.header, lambda s: self._turn(None, s[1]), state
        )

    def _turn(self, k: Any, carry: list[Any]) -> tuple[Any, list[Any]]:
        """One turn: where it ends, and the carries then."""
        region = Region(current(), is_turn=True)
        try:
            found, contents = self._taken_apart(carry)
            for storage, value in zip(self.arrays, contents, strict=True):
                region.take(storage, value)
            names = Names(self.names | found)
            if self.iterator_name is not None and isinstance(self.it, Places):
                names[self.iterator_name] = Turn(self.it.item(k + self.it.place), self.it)
            where, after = self.frame.run(self.header, names, self.stops, enters=False)
            self.possible.update(labels_of(where))
            self._note_errors(labels_of(where), after)
            label = where.label if isinstance(where, Somewhere) else np.int64(where)
            return label, self._carries(after)
        finally:
            region.release()

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
        return [*values, *(storage.contents() for storage in self.arrays)]

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
        elif before is not UNBOUND:
            self._refuse_windows(before)
            if not self._is_bound_first(v):
                found = common(v, form_of(v, before), found)
        self.types[v] = found
        return found != known

    def _refuse_windows(self, x: Any) -> None:
        """A view at a traced place shares elements, so that it cannot be carried by value."""
        for leaf in leaves(x):
            if isinstance(leaf, MutableArray) and leaf.storage.root is not leaf.storage:
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
