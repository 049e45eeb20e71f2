"""Tape -> which values get memory, and which are computed in the loops of whoever reads them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from jitad.ir.op import Control, Elementwise, Op, Structural
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops import structural as st
from jitad.ops.elementwise import eq, ge, gt, le, lt, ne
from jitad.passes.share_memory import reads_own_places

COMPARISONS = (eq, ne, lt, le, gt, ge)

CHEAP = 6.0
"""A virtual value of at most this cost is computed again rather than stored."""


_FAR = 16 * CHEAP
"""So is an element of a margin: each of a chain of such would be computed from the first on."""


def is_call(op: Op) -> bool:
    """Whether an op is computed by a library, or by code of its own, on arrays in memory."""
    return isinstance(op, Control) or (isinstance(op, Structural) and op.library is not None)


def is_root(op: Op) -> bool:
    """Whether a value is stored whoever reads it, not computed in its readers' loops."""
    if isinstance(op, Elementwise) or op in (INPUT, CONST, st.iota, st.gather):
        return False
    return not isinstance(op, Structural) or op.index_map is None


def own_cost(op: Op) -> float:
    """What an op itself costs for an element that is computed in its reader's loop."""
    if op is st.gather:
        return 4.0
    return op.cost if isinstance(op, Elementwise) else 0.0


class Stored:
    """Which values of a tape are stored; inputs in `owned` may be changed in place.

    `cost` is of each other value what it costs to compute an element where it is read; `shown` are
    the stored reshapes that need no memory, and the arrays that they are.
    """

    def __init__(self, tape: Tape, owned: Collection[int]) -> None:
        self._tape = tape
        self._owned = owned
        self._sizes = [math.prod(instr.shape) for instr in tape.instrs]
        self.cost = [0.0] * len(tape.instrs)
        self._whole = self._find_whole()
        self.stored = self._find()
        self.shown = self._find_shown()
        self._store_what_updates_read()

    def _find_whole(self) -> list[bool]:
        """Which values somebody reads all elements of."""
        whole = [False] * len(self._tape.instrs)
        for i in self._tape.outputs:
            whole[i] = True
        for i in range(len(whole) - 1, -1, -1):
            instr = self._tape.instrs[i]
            if whole[i] or is_root(instr.op):
                for j in instr.args:
                    whole[j] = whole[j] or not self._is_margin(i, j)
        return whole

    def _is_margin(self, i: int, j: int) -> bool:
        """Whether an instruction shows little of an operand."""
        return self._tape.instrs[i].op.is_view and self._sizes[i] * 4 < self._sizes[j]

    def _find(self) -> list[bool]:
        stored = [is_root(instr.op) for instr in self._tape.instrs]
        for i in self._tape.outputs:
            stored[i] = self._tape.instrs[i].op is not INPUT or stored[i]
        seen: dict[int, object] = {}
        for i, instr in enumerate(self._tape.instrs):
            if self._sizes[i] == 1 and instr.op not in (INPUT, CONST):
                stored[i] = True
            if not stored[i]:
                self.cost[i] = self._cost(i, stored)
            for j in (*self._read_from_memory(i), *self._read_apart(i, seen), *self._compared(i)):
                stored[j] = stored[j] or self._tape.instrs[j].op is not INPUT
        return stored

    def _store_what_updates_read(self) -> None:
        """Rows of an array that is then changed are stored first, so that it can be in place: what
        is written to it is computed from them, or somebody reads them afterwards."""
        instrs = self._tape.instrs
        last = self._last_readers()
        for i, instr in enumerate(instrs):
            if instr.op not in st.UPDATES:
                continue
            base = self.shown.get(instr.args[0], instr.args[0])
            if not is_root(instrs[base].op) and base not in self._owned:
                continue
            wanted = [
                j for j, k in last.get(base, ()) if k > i and 4 * self._sizes[j] <= self._sizes[i]
            ]
            if not reads_own_places(self._tape, instr, base, self.stored, self.shown):
                wanted += self._read_elsewhere(instr, base)
            for j in wanted:
                self.stored[j] = self.stored[j] or instrs[j].op not in (INPUT, CONST)

    def _read_elsewhere(self, update: Instr, base: int) -> Sequence[int]:
        """What of an update reads its base at other places than it writes, if that is little."""
        size, few = self._sizes[update.args[-1]], set[int]()
        waiting, seen = [*update.args[1:]], set[int]()
        while waiting:
            j = waiting.pop()
            if j in seen or self.stored[j]:
                continue
            seen.add(j)
            instr = self._tape.instrs[j]
            if instr.op is st.gather and instr.args == update.args[:2]:
                continue
            shows = any(self.shown.get(k, k) == base for k in instr.args)
            if shows or (4 * self._sizes[j] <= size and self._reads(j, base)):
                few.add(j)
            else:
                waiting += instr.args
        is_little = 4 * sum(self._sizes[j] for j in few) <= size
        is_apart = update.op is st.scatter_set and update.params[0]
        return [*few] if is_little and is_apart else update.args[1:]

    def _reads(self, i: int, base: int) -> bool:
        """Whether computing a value reads an array."""
        waiting, seen = [i], set[int]()
        while waiting:
            j = waiting.pop()
            if self.shown.get(j, j) == base:
                return True
            if j not in seen and not (self.stored[j] and j != i):
                seen.add(j)
                waiting += self._tape.instrs[j].args
        return False

    def _last_readers(self) -> dict[int, list[tuple[int, int]]]:
        """Of each array the rows that are read of it, and the last root that reads these."""
        last = [i if stored else -1 for i, stored in enumerate(self.stored)]
        rows: dict[int, list[tuple[int, int]]] = {}
        for i in range(len(last) - 1, -1, -1):
            instr = self._tape.instrs[i]
            for j in instr.args:
                last[j] = last[j] if self.stored[j] else max(last[j], last[i])
            if instr.op in (st.gather, st.index):
                base = self.shown.get(instr.args[0], instr.args[0])
                rows.setdefault(base, []).append((i, last[i]))
        return rows

    def _read_apart(self, i: int, seen: dict[int, object]) -> tuple[int, ...]:
        """A costly operand that a second view shows: a stencil would compute it at each place."""
        instr = self._tape.instrs[i]
        if instr.op.is_view:
            (j,) = instr.args
            source = self._costly_part(j)
            if self._is_margin(i, j):  # little is computed again
                return (source,) if self._whole[source] and self.cost[source] > _FAR else ()
            view = (instr.op, instr.params)
            if seen.setdefault(source, view) != view and self.cost[source] > CHEAP:
                return (source,)
        return ()

    def _compared(self, i: int) -> tuple[int, ...]:
        """A costly operand that is compared with what it has been reduced to, its maximum say: two
        nests, of which one computes it in vectors, may differ in the last bit."""
        instrs = self._tape.instrs
        if instrs[i].op not in COMPARISONS:
            return ()
        for one, other in (instrs[i].args, instrs[i].args[::-1]):
            source, total = self._costly_part(self._seen(one)), self._seen(other)
            operands = instrs[total].args if is_root(instrs[total].op) else ()
            is_its = any(self._costly_part(self._seen(j)) == source for j in operands)
            if is_its and self.cost[source] > CHEAP:
                return (source,)
        return ()

    def _seen(self, i: int) -> int:
        """What is seen through views."""
        while self._tape.instrs[i].op.is_view:
            (i,) = self._tape.instrs[i].args
        return i

    def _costly_part(self, i: int) -> int:
        """What is worth storing of a value: not the constant factor that it ends with."""
        instr = self._tape.instrs[i]
        while isinstance(instr.op, Elementwise) and instr.op.cost <= 1:
            rest = [j for j in instr.args if self._tape.instrs[j].op is not CONST]
            if len(rest) != 1 or self.cost[rest[0]] <= CHEAP:
                break
            i = rest[0]
            instr = self._tape.instrs[i]
        return i

    def _cost(self, i: int, stored: list[bool]) -> float:
        instr = self._tape.instrs[i]
        return own_cost(instr.op) + sum(0.0 if stored[j] else self.cost[j] for j in instr.args)

    def _read_from_memory(self, i: int) -> tuple[int, ...]:
        """The operands that an instruction needs stored."""
        instr = self._tape.instrs[i]
        if is_call(instr.op):
            return instr.args
        if instr.op in st.UPDATES:
            return () if self._tape.instrs[instr.args[0]].op is CONST else instr.args[:1]
        if instr.op is st.gather:
            table, rows = instr.args
            is_repeated = self._sizes[i] > self._sizes[rows] and self.cost[rows] > CHEAP
            return (table, rows) if is_repeated else (table,)
        if instr.op is st.broadcast and self._sizes[i] > self._sizes[instr.args[0]]:
            return instr.args if self.cost[instr.args[0]] > CHEAP else ()
        return ()

    def _find_shown(self) -> dict[int, int]:
        """Of each reshape that is read from memory the array whose memory it shows: a stored one
        or an input. A result shows no input, and no array that another result is."""
        shown: dict[int, int] = {}
        results = set(self._tape.outputs)
        for i, instr in enumerate(self._tape.instrs):
            if instr.op is not st.reshape or not self.stored[i] or self._sizes[i] <= 1:
                continue
            (j,) = instr.args
            while self._tape.instrs[j].op is st.reshape and j not in shown and not self.stored[j]:
                (j,) = self._tape.instrs[j].args
            j = shown.get(j, j)
            if self._tape.instrs[j].op is INPUT:
                if i not in results:
                    shown[i] = j
            elif self.stored[j] and (i not in results or j not in results):
                shown[i] = j
                if i in results:
                    results.add(j)
        return shown
