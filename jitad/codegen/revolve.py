"""A sweep from few kept states -> LLVM: run on from the last state kept, keep some on the way, and
go one turn back; until the first turn is reversed.

Source: Griewank & Walther, Algorithm 799: Revolve, ACM Trans. Math. Software 26 (2000) 19-45.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from jitad.codegen.body import Body, memory_type
from jitad.codegen.frame import Frame, load, store
from jitad.codegen.polls import Poll, work
from jitad.codegen.region import EmitSteps, Region
from jitad.ir.op import DType, Shape
from jitad.ops.control import Revolve
from jitad.ops.control.loop import grouped
from jitad.ops.control.parts import output_types
from jitad.ops.control.revolve import table

Type = tuple[Shape, DType]


def emit_revolve(body: Body, index: int, name: str, emit_steps: EmitSteps) -> list[str]:
    """Write a sweep; the functions that it calls."""
    return _RevolveCall(body, index, name, emit_steps).emit()


class _RevolveCall:
    """Writes one sweep."""

    def __init__(self, body: Body, index: int, name: str, emit_steps: EmitSteps) -> None:
        self.body, self.writer, self.index = body, body.writer, index
        self.frame = Frame(body, index)
        self.form: Revolve = self.frame.instr.params[0]
        form, loop, args = self.form, self.form.loop, self.frame.instr.args
        start = loop.consts + loop.carries + loop.xs
        consts, carries, xs, _ = grouped(loop, args[:start])
        exchanged = self.frame.exchanged(args, (), first=1)
        self.forth = Region(body, loop.body, f"{name}_forth", emit_steps, exchanged)
        first = 1 + start
        owned = {k: first + k for k in range(form.adjoints)}
        exchanged = self.frame.exchanged(args, range(len(form.back.outputs)), first=1)
        self.back = Region(body, form.back, f"{name}_back", emit_steps, exchanged, owned)
        types, results = output_types(loop.body), output_types(form.back)
        self.consts = [self.frame.operand(j) for j in consts]
        self.states = [_Moving(body, *t) for t in types]
        self.inits = [self.frame.operand(j) for j in carries]
        self.xs = [self._stack(j) for j in xs]
        self.adjoints = [
            _Moving(body, *t, in_place=k in self.back.in_place)
            for k, t in enumerate(results[: form.adjoints])
        ]
        for x, j in zip(self.adjoints, args[start:], strict=False):
            x.put(self.frame.operand(j))
        self.bars = [self._stack(j) for j in args[start + form.adjoints :]]
        self.kept = [body.scratch(form.snapshots * x.size) for x in self.states]
        self.places = body.scratch(8 * form.snapshots)
        self.rows = [
            (self.frame.memory(k, loop.count * _size(t)), _size(t), k)
            for k, t in enumerate(results[form.adjoints :], form.adjoints)
        ]

    def _stack(self, j: int) -> tuple[str, Type]:
        """A stack of rows: where it begins, and the type of a row."""
        instr = self.body.tape.instrs[j]
        return self.frame.operand(j), (instr.shape[1:], instr.dtype)

    def emit(self) -> list[str]:
        """Write all of it; the functions that it calls."""
        w, count = self.writer, self.form.loop.count
        self.reach = self._table()
        slots = [self.body.alloca("i64") for _ in range(3)]
        self.at, self.end, self.held = slots
        for slot, value in zip(slots, (0, count, 1), strict=True):
            w.do(f"store i64 {value}, ptr {slot}")
        for state, init in zip(self.states, self.inits, strict=True):
            state.put(init)
        self._keep("0", "0")
        turn = work(self.form.loop.body) + work(self.form.back)
        poll = Poll(self.body, self.index, turn, count)
        sweep, forward, reverse, after = (w.fresh(s) for s in ("sweep", "forth", "back", "swept"))
        w.do(f"br label %{sweep}")
        w.label(sweep)
        self._restore()
        w.do(f"br label %{forward}")
        w.label(forward)
        at, end = self._get(self.at), self._get(self.end)
        left = w.line(f"sub nsw i64 {end}, {at}")
        more, run = w.line(f"icmp sgt i64 {left}, 1"), w.fresh("run")
        w.do(f"br i1 {more}, label %{run}, label %{reverse}")
        w.label(run)
        self._run_on(at, left, forward)
        w.label(reverse)
        last = w.line(f"sub nsw i64 {self._get(self.end)}, 1")
        self._turn_back(last)
        w.do(f"store i64 {last}, ptr {self.end}")
        self._forget(last)
        poll.ask(last)
        again = w.line(f"icmp sgt i64 {last}, 0")
        w.do(f"br i1 {again}, label %{sweep}, label %{after}")
        w.label(after)
        self._finish(count)
        return self.forth.functions + self.back.functions

    def _finish(self, count: int) -> None:
        """After the sweep: the adjoints in their places."""
        w = self.writer
        for k, x in enumerate(self.adjoints):
            if x.shape:
                home = self.frame.memory(k, x.size)
                w.copy(home, x.now, x.size)
                self.frame.store(k, home, x.size)
            else:
                self.frame.keep(k, x.read())
        for memory, size, k in self.rows:
            self.frame.store(k, memory, count * size)

    # -- states that are kept ----------------------------------------------------------------------

    def _get(self, slot: str) -> str:
        return self.writer.line(f"load i64, ptr {slot}")

    def _keep(self, number: str, at: str) -> None:
        """Keep the state before turn `at` as number `number`."""
        w = self.writer
        for x, kept in zip(self.states, self.kept, strict=True):
            w.copy(w.offset(kept, w.line(f"mul nuw nsw i64 {number}, {x.size}")), x.now, x.size)
        place = w.offset(self.places, w.line(f"mul nuw nsw i64 {number}, 8"))
        w.do(f"store i64 {at}, ptr {place}")

    def _restore(self) -> None:
        """The last state that was kept, and its turn."""
        w = self.writer
        top = w.line(f"sub nsw i64 {self._get(self.held)}, 1")
        for x, kept in zip(self.states, self.kept, strict=True):
            w.copy(x.now, w.offset(kept, w.line(f"mul nuw nsw i64 {top}, {x.size}")), x.size)
        place = w.offset(self.places, w.line(f"mul nuw nsw i64 {top}, 8"))
        w.do(f"store i64 {w.line(f'load i64, ptr {place}')}, ptr {self.at}")

    def _forget(self, end: str) -> None:
        """States from `end` on are not needed again; at most the last is one."""
        w = self.writer
        held = self._get(self.held)
        top = w.line(f"sub nsw i64 {held}, 1")
        place = w.offset(self.places, w.line(f"mul nuw nsw i64 {top}, 8"))
        gone = w.line(f"icmp sge i64 {w.line(f'load i64, ptr {place}')}, {end}")
        w.do(f"store i64 {w.line(f'select i1 {gone}, i64 {top}, i64 {held}')}, ptr {self.held}")

    # -- turns -------------------------------------------------------------------------------------

    def _run_on(self, at: str, left: str, again: str) -> None:
        """Run to the next state that is to be kept, or to the last turn."""
        w = self.writer
        held = self._get(self.held)
        states = w.line(f"sub nsw i64 {self.form.snapshots + 1}, {held}")
        one = w.line(f"icmp eq i64 {states}, 1")
        rest = w.line(f"sub nsw i64 {left}, 1")
        steps = w.line(f"select i1 {one}, i64 {rest}, i64 {self._split(states, left)}")
        target = w.line(f"add nsw i64 {at}, {steps}")
        with w.counted(steps) as k:
            self._turn(w.line(f"add nsw i64 {at}, {k}"))
        w.do(f"store i64 {target}, ptr {self.at}")
        keep, on = w.fresh("keep"), w.fresh("on")
        w.do(f"br i1 {one}, label %{on}, label %{keep}")
        w.label(keep)
        self._keep(held, target)
        w.do(f"store i64 {w.line(f'add nsw i64 {held}, 1')}, ptr {self.held}")
        w.do(f"br label %{on}")
        w.label(on)
        w.do(f"br label %{again}")

    def _split(self, states: str, left: str) -> str:
        """After how many of the turns that are left the next state is kept.

        With s states and r repetitions, reach[s][r] turns can be reversed: the part after that
        state must be within reach[s - 1][r], and the part before it at least reach[s][r - 2] long.
        """
        w = self.writer
        name, width = self.reach
        before = w.line(f"sub nsw i64 {states}, 1")
        here, below = (w.line(f"mul nuw nsw i64 {s}, {width}") for s in (states, before))
        slot = self.body.alloca("i64")
        w.do(f"store i64 0, ptr {slot}")
        search, found = w.fresh("search"), w.fresh("found")
        w.do(f"br label %{search}")
        w.label(search)
        r = w.line(f"add nsw i64 {self._get(slot)}, 1")
        w.do(f"store i64 {r}, ptr {slot}")
        enough = w.line(f"icmp sge i64 {self._entry(name, here, r)}, {left}")
        w.do(f"br i1 {enough}, label %{found}, label %{search}")
        w.label(found)
        least = w.line(f"sub nsw i64 {left}, {self._entry(name, below, r)}")
        earlier = w.line(f"sub nsw i64 {r}, 2")
        some = w.line(f"icmp sge i64 {earlier}, 0")
        place = w.line(f"select i1 {some}, i64 {earlier}, i64 0")
        other = w.line(f"select i1 {some}, i64 {self._entry(name, here, place)}, i64 1")
        larger = w.line(f"icmp sgt i64 {least}, {other}")
        return w.line(f"select i1 {larger}, i64 {least}, i64 {other}")

    def _table(self) -> tuple[str, int]:
        rows = table(self.form)
        items = ", ".join(f"i64 {x}" for row in rows for x in row)
        name = self.writer.fresh("reach")
        size = len(rows) * len(rows[0])
        self.writer.globals.append(f"@{name} = private constant [{size} x i64] [{items}]")
        return name, len(rows[0])

    def _entry(self, name: str, row: str, r: str) -> str:
        place = self.writer.line(f"add nsw i64 {row}, {r}")
        entry = self.writer.line(f"getelementptr i64, ptr @{name}, i64 {place}")
        return self.writer.line(f"load i64, ptr {entry}")

    def _row(self, turn: str) -> str:
        """The place of a turn's rows: a loop backwards began with the last."""
        if not self.form.loop.backward:
            return turn
        return self.writer.line(f"sub nsw i64 {self.form.loop.count - 1}, {turn}")

    def _rows_at(self, stacks: Sequence[tuple[str, Type]], place: str) -> list[str]:
        w = self.writer
        rows: list[str] = []
        for pointer, (shape, dtype) in stacks:
            row = w.offset(pointer, w.line(f"mul nuw nsw i64 {place}, {_size((shape, dtype))}"))
            rows.append(row if shape else load(self.body, row, dtype))
        return rows

    def _turn(self, turn: str) -> None:
        place = self._row(turn)
        inputs = [place, *self.consts, *(x.read() for x in self.states)]
        inputs += self._rows_at(self.xs, place)
        self.forth.run(inputs, [x.target() for x in self.states])
        for x in self.states:
            x.move()

    def _turn_back(self, turn: str) -> None:
        w, place = self.writer, self._row(turn)
        inputs = [place, *self.consts, *(x.read() for x in self.states)]
        inputs += self._rows_at(self.xs, place)
        inputs += [x.read() for x in self.adjoints]
        inputs += self._rows_at(self.bars, place)
        outputs = [x.target() for x in self.adjoints]
        for memory, size, _ in self.rows:
            outputs.append(w.offset(memory, w.line(f"mul nuw nsw i64 {place}, {size}")))
        self.back.run(inputs, outputs)
        for x in self.adjoints:
            x.move()


def _size(kind: Type) -> int:
    return max(1, math.prod(kind[0]) * kind[1].itemsize)


class _Moving:
    """What a turn replaces: it is read at `now`, and written beside it where it cannot be there."""

    def __init__(self, body: Body, shape: Shape, dtype: DType, *, in_place: bool = False) -> None:
        self.body, self.shape, self.dtype = body, shape, dtype
        self.size = _size((shape, dtype))
        self.in_place = in_place
        self.now = body.scratch(self.size) if shape else body.alloca(memory_type(dtype))
        self.then = body.scratch(self.size) if shape and not in_place else "null"

    def put(self, operand: str) -> None:
        """The first value."""
        if self.shape:
            self.body.writer.copy(self.now, operand, self.size)
        else:
            store(self.body, operand, self.now, self.dtype)

    def read(self) -> str:
        """What a turn is given."""
        return self.now if self.shape else load(self.body, self.now, self.dtype)

    def target(self) -> str:
        """Where a turn writes."""
        return self.then if self.shape else self.now

    def move(self) -> None:
        """After a turn: what was written is what is read."""
        if self.shape and not self.in_place:
            self.body.writer.copy(self.now, self.then, self.size)
