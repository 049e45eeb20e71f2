"""A loop -> one LLVM loop: its body a function that is inlined, its carries in buffers by turns.

Scalar carries live in stack slots, which LLVM makes registers. An array carry is read from one
buffer and written to another, which change places after each turn; rows of stacks are read and
written where they lie. Stacks of unknown length grow by doubling.
"""

from __future__ import annotations

import math

from jitad.codegen.addends import summed
from jitad.codegen.body import Body, memory_type
from jitad.codegen.frame import Frame
from jitad.codegen.lanes import vector_bytes
from jitad.codegen.polls import Poll, work
from jitad.codegen.region import EmitSteps, Region
from jitad.codegen.stacks import Stacks
from jitad.codegen.widths import LEAST
from jitad.ir.op import BOOL, DYNAMIC
from jitad.ir.tape import INPUT, Instr
from jitad.ops import structural as st
from jitad.ops.control import Loop
from jitad.ops.control.loop import grouped
from jitad.passes.in_place import homes, owned_by
from jitad.passes.ranges import inside
from jitad.passes.schedule import schedule


def emit_loop(body: Body, index: int, name: str, emit_steps: EmitSteps) -> list[str]:
    """Write a loop; the functions that it calls."""
    return _LoopCall(body, index, name, emit_steps).emit()


def emit_turns(
    body: Body, index: int, name: str, emit_steps: EmitSteps, own: tuple[str, str, str]
) -> list[str]:
    """Write those turns of a loop that one thread runs: the functions that it calls.

    `own` are its first turn, the one after its last, and how far it is from each to the next.
    """
    return _LoopCall(body, index, name, emit_steps, own).emit()


_SHOWN = (INPUT, st.reshape, *st.UPDATES)
"""What shows an array, or changes elements of one."""


class _LoopCall:
    """Writes one loop, or those of its turns that are a thread's own."""

    def __init__(
        self,
        body: Body,
        index: int,
        name: str,
        emit_steps: EmitSteps,
        own: tuple[str, str, str] | None = None,
    ) -> None:
        self.first, self.stop, self.step = own or ("0", "", "1")
        self.body = body
        self.writer = body.writer
        self.index = index
        self.instr = body.tape.instrs[index]
        self.form: Loop
        self.form, self.sums = summed(self.instr.params[0])
        self.frame = Frame(body, index)
        self.name = name
        self.emit_steps = emit_steps

    def emit(self) -> list[str]:
        """Write all of it; the functions that it calls."""
        functions = self._prepare()
        poll = Poll(self.body, self.index, work(self.form.body), self._most())
        w, form = self.writer, self.form
        before, head, turn, latch, after = (
            w.fresh(s) for s in ("pre", "loop", "turn", "latch", "done")
        )
        w.do(f"br label %{before}")
        w.label(before)
        w.do(f"br label %{head}")
        w.label(head)
        counter, following = w.fresh("i"), w.fresh("i")
        w.do(f"%{counter} = phi i64 [ {self.first}, %{before} ], [ %{following}, %{latch} ]")
        for carry in self.carried:
            carry.begin(before, latch)
        w.do(f"br i1 {self._goes_on(f'%{counter}')}, label %{turn}, label %{after}")
        w.label(turn)
        self._turn(f"%{counter}")
        poll.ask(f"%{counter}")
        w.do(f"br label %{latch}")
        w.label(latch)
        w.do(f"%{following} = add nuw nsw i64 %{counter}, {self.step}")
        w.do(f"br label %{head}{self._vectors()}")
        w.label(after)
        for carry in self.carried:
            carry.leave()
        for carry in self.carried:
            carry.finish()
        self.stacks.finish()
        if form.count is None:
            self.frame.keep(form.carries, f"%{counter}")
        return functions

    def _most(self) -> int | None:
        """How many turns there are at most, where that is known."""
        known = self.body.known[self.instr.args[-1]] if self.form.counted else None
        return self.form.count if known is None else known.high

    def _prepare(self) -> list[str]:
        """What is needed before the first turn; the functions of the body and the condition."""
        form, body = self.form, self.body
        consts, carries, xs, turns = grouped(form, self.instr.args)
        self.types = [form.body.instrs[i] for i in form.body.outputs]
        functions = self._regions([*consts, *carries, *xs])
        self.consts = [self.frame.operand(j) for j in consts]
        self.carried = [_LoopCarry(self, k, j) for k, j in enumerate(carries)]
        for carry in self.carried:
            carry.settle()
        self.xs = [(self.frame.operand(j), body.tape.instrs[j]) for j in xs]
        first = form.carries + (form.count is None)
        rows = self.types[form.carries :]
        known = None if form.length == DYNAMIC else form.length
        self.stacks = Stacks(self.frame, self.index, first, rows, known)
        self.turns = self.frame.operand(turns[0]) if turns else str(form.count)
        return functions

    def _regions(self, operands: list[int]) -> list[str]:
        """The functions of the body and of the condition."""
        form, frame = self.form, self.frame
        self.places = homes(form, schedule)
        owned = owned_by(form, self.places)
        rows = range(form.carries, len(form.body.outputs))
        results = [*range(form.carries), *(k + (form.count is None) for k in rows)]
        exchanged = frame.exchanged(operands, results, first=1)
        exchanged |= {f"in{owned[k]}" for k, j in enumerate(self.places) if k != j}
        name = f"{self.name}_body"
        known, *asked = inside(self.body.tape, self.instr, self.body.known)
        self.region = Region(self.body, form.body, name, self.emit_steps, exchanged, owned, known)
        self.asked: Region | None = None
        if form.condition is None:
            return self.region.functions
        exchanged = {f"in{form.consts + k}" for k in range(form.carries)}
        exchanged |= frame.exchanged(operands[: form.consts], ())
        name = f"{self.name}_while"
        self.asked = Region(
            self.body, form.condition, name, self.emit_steps, exchanged, known=asked[0]
        )
        return self.region.functions + self.asked.functions

    def _vectors(self) -> str:
        """Metadata of the loop: LLVM makes vectors of turns that are numbers and carry none.

        Of turns that change arrays where they are it does if it finds that they do not meet.
        """
        form = self.form
        numbers = [x for x in form.body.instrs if not x.shape and x.dtype.kind != "c"]
        others = sum(x.op in _SHOWN for x in form.body.instrs if x.shape)
        is_long = form.count is None or form.count >= LEAST
        is_simple = is_long and all(c.is_sum or (not c.scalar and c.in_place) for c in self.carried)
        if not is_simple or len(numbers) + others < len(form.body.instrs) or self.region.can_fail:
            return self.writer.hints(1, 0, ())
        width = 0 if form.carries else vector_bytes() // max(x.dtype.itemsize for x in numbers)
        lines = (line for text in self.region.functions for line in text.splitlines()[1:])
        return self.writer.hints(width, 0, lines)

    def _goes_on(self, counter: str) -> str:
        """Whether there is another turn."""
        if self.asked is None:
            return self.writer.line(f"icmp slt i64 {counter}, {self.stop or self.turns}")
        answer = self.body.alloca("i8")
        inputs = [*self.consts, *(carry.read() for carry in self.carried)]
        self.asked.run(inputs, [answer])
        return self.body.read(answer, BOOL)

    def _turn(self, counter: str) -> None:
        """One turn: the body on this turn's rows."""
        w = self.writer
        place = counter
        if self.form.backward:
            last = w.line(f"sub nsw i64 {self.turns}, 1")
            place = w.line(f"sub nsw i64 {last}, {counter}")
        inputs = [place, *self.consts, *(carry.read() for carry in self.carried)]
        for pointer, instr in self.xs:
            row = w.offset(pointer, w.line(f"mul nuw nsw i64 {place}, {row_bytes(instr)}"))
            inputs.append(row if instr.shape[1:] else self.body.read(row, instr.dtype))
        outputs = [carry.target() for carry in self.carried]
        outputs += self.stacks.rows(place)
        self.region.run(inputs, outputs)
        for carry in self.carried:
            if carry.is_sum:
                carry.add()


class _LoopCarry:
    """One carry: where a turn reads it, and where it writes the next."""

    def __init__(self, call: _LoopCall, k: int, start: int) -> None:
        self.call = call
        self.body = call.body
        self.k = k
        self.instr = call.types[k]
        self.start = call.frame.operand(start)
        self.scalar = not self.instr.shape
        self.is_sum = k in call.sums
        self.in_place = k in call.region.in_place
        self.other = ""
        if self.scalar:
            self.slot = self.body.alloca(memory_type(self.instr.dtype))
            self.body.write(self.start, self.slot, self.instr.dtype)
            self.addend = self.body.alloca(memory_type(self.instr.dtype)) if self.is_sum else ""
            return
        self.size = math.prod(self.instr.shape) * self.instr.dtype.itemsize
        self.result = call.frame.memory(k, self.size)
        self.moves = self.in_place and call.places[k] != k
        self.now = f"%{self.body.writer.fresh('p')}" if self.moves else self.result
        if not self.in_place:
            self.other = self.body.scratch(self.size)

    def settle(self) -> None:
        """Before the loop: what is changed where it is in the memory where that begins."""
        if self.scalar or not self.in_place:
            return
        self.first = self.call.carried[self._begins_at()].result
        if self.first != self.start:
            self.body.writer.copy(self.first, self.start, self.size)

    def _begins_at(self) -> int:
        """The carry in whose result's memory this one begins, so that in the end all are at home;
        where the number of turns is not known, its own."""
        count, places = self.call.form.count, self.call.places
        cycle = [self.k]
        while places[cycle[-1]] != self.k:
            cycle.append(places[cycle[-1]])
        return cycle[-(count or 0) % len(cycle)]

    def begin(self, before: str, latch: str) -> None:
        """At the loop's head: three pointers, which change places, or one for each that does."""
        if self.scalar or (self.in_place and not self.moves):
            return
        w = self.body.writer
        if self.in_place:
            other = self.call.carried[self.call.places[self.k]].now
            w.do(f"{self.now} = phi ptr [ {self.first}, %{before} ], [ {other}, %{latch} ]")
            return
        self.now, self.then, self.spare = (f"%{w.fresh('p')}" for _ in range(3))
        # The last of a known number of turns writes to where the result belongs.
        first, second = self.result, self.other
        if self.call.form.count is not None and self.call.form.count % 2 == 0:
            first, second = second, first
        w.do(f"{self.now} = phi ptr [ {self.start}, %{before} ], [ {self.then}, %{latch} ]")
        w.do(f"{self.then} = phi ptr [ {first}, %{before} ], [ {self.spare}, %{latch} ]")
        w.do(f"{self.spare} = phi ptr [ {second}, %{before} ], [ {self.then}, %{latch} ]")

    def read(self) -> str:
        """What the body is given."""
        if self.scalar:
            return self.body.read(self.slot, self.instr.dtype)
        return self.now

    def target(self) -> str:
        """Where the body writes."""
        if self.scalar:
            return self.addend or self.slot
        return "null" if self.in_place else self.then

    def add(self) -> None:
        """After a turn: to a sum what it adds."""
        body, dtype = self.body, self.instr.dtype
        x = body.read(self.addend, dtype)
        total = body.writer.plus(self.read(), x, dtype, "reassoc contract")
        body.write(total, self.slot, dtype)

    def leave(self) -> None:
        """After the loop: of what changes places nobody knows how often, a copy apart."""
        if not self.scalar and self.moves and self.call.form.count is None:
            self.other = self.body.scratch(self.size)
            self.body.writer.copy(self.other, self.now, self.size)
            self.now = self.other

    def finish(self) -> None:
        """After the loop: the result in its place."""
        if self.scalar:
            self.call.frame.keep(self.k, self.read())
            return
        if self.other:
            self._bring_home()
        self.call.frame.store(self.k, self.result, self.size)

    def _bring_home(self) -> None:
        """Copy the result where the turns did not end in its own memory."""
        w = self.body.writer
        elsewhere = w.line(f"icmp ne ptr {self.now}, {self.result}")
        copy, done = w.fresh("copy"), w.fresh("there")
        w.do(f"br i1 {elsewhere}, label %{copy}, label %{done}")
        w.label(copy)
        w.copy(self.result, self.now, self.size)
        w.do(f"br label %{done}")
        w.label(done)


def row_bytes(instr: Instr) -> int:
    """The bytes of a row of a stack."""
    return max(1, math.prod(instr.shape[1:]) * instr.dtype.itemsize)
