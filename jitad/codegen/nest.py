"""One nest -> LLVM: loops whose innermost body computes the nest's roots element by element."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jitad.codegen.accumulator import Accumulator, identity
from jitad.codegen.body import Body, memory_type
from jitad.codegen.elements import Elements
from jitad.codegen.index import Index, Loop
from jitad.codegen.lanes import Lanes, changes, is_set_aside, lanes_of
from jitad.codegen.memory import fill, initialise, overwrites
from jitad.codegen.ordered import add_up, check
from jitad.codegen.packs import emit_pack, packs
from jitad.codegen.polls import nest_poll
from jitad.codegen.reader import Key, Reader
from jitad.codegen.span import Span
from jitad.codegen.stretches import stretches
from jitad.codegen.widths import vectors_of
from jitad.codegen.within import unless_none
from jitad.ir.op import Elementwise, Structural
from jitad.ir.tape import CONST, Instr
from jitad.ops import structural as st
from jitad.passes.schedule import Nest, Root, squeeze


class NestEmitter:
    """Emits one nest: first symbolically (what is read where), then loop by loop."""

    def __init__(self, body: Body, nest: Nest, step: int, span: Span | None = None) -> None:
        self.body = body
        self.span = span
        self.writer = body.writer
        self.tape = body.tape
        self.nest = nest
        self.space = self._loop_order()
        # Threads share all turns, whatever ends them.
        is_shared = span is not None or self.writer.device
        found = {} if is_shared else dict(enumerate(nest.ends))
        self._read(step, {depth: end for depth, end in found.items() if end is not None})
        self.slots: dict[int, str] = {}
        self.differing: dict[int, str] = {}
        self.lanes: Lanes | None = None

    def _read(self, step: int, ends: dict[int, int]) -> None:
        """Read elements anew, in loops that end at scalars."""
        self.ends = ends
        self.reader = Reader(self.body, step, ends)
        self.elements = Elements(self.body, self.reader)
        self.merged: list[tuple[list[int], int]] | None = None

    def _loop_order(self) -> list[tuple[int, int]]:
        """(axis of the space, its length) from the outermost loop to the innermost."""
        axes = list(enumerate(self.nest.space))
        for root in self.nest.roots:  # of one place at most: beside it stand values that it reads
            instr = self.tape.instrs[root.index]
            if instr.op in st.PLACES:
                shape = self.tape.instrs[instr.args[0]].shape
                axis = instr.params[0]
                if shape[axis] != 1:
                    inner = len(squeeze(shape[:axis]))
                    axes.append(axes.pop(inner))
        return axes

    # -- the whole nest ----------------------------------------------------------------------------

    def emit(self) -> None:
        """Write the nest."""
        if 0 in self.nest.space:
            self._emit_empty()
            return
        if not self.nest.space:
            self._emit_straight_line()
            return
        self.lanes = lanes_of(self, self.loops())
        innermost = self.loops()[-1][0][-1]
        if self.lanes is not None and innermost in self.ends:
            ends = {depth: end for depth, end in self.ends.items() if depth != innermost}
            self._read(self.reader.step, ends)
            self.lanes = lanes_of(self, self.loops())
        loops = self.loops()
        accumulators = [self._prepare(root) for root in self.nest.roots]
        self._remark()
        self.writer.in_loop = True
        self._set_aside()
        self._emit_loops(loops, accumulators)
        for i, slot in self.elements.aside.items():
            instr = self.tape.instrs[i]
            size = math.prod(instr.shape) * instr.dtype.itemsize
            self.writer.copy(self.body.pointer(i), slot, size)
        self.writer.in_loop = False
        self.elements.report()
        for i, slot in self.slots.items():
            self.body.registers[i] = self.body.load(slot, i)
        for i, slot in self.differing.items():
            differs = self.writer.line(f"load i1, ptr {slot}")
            self.body.leave_guarded(differs, i)

    def _set_aside(self) -> None:
        """Memory for the rows that are kept apart until they are whole."""
        for root in self.nest.roots if self.lanes is not None else ():
            if is_set_aside(self, root):
                instr = self.tape.instrs[root.index]
                row = f"[{math.prod(instr.shape)} x {memory_type(instr.dtype)}]"
                self.elements.aside[root.index] = self.body.alloca(row)

    def _remark(self) -> None:
        """What `explain` says of the loops."""
        lanes = "lanes are LLVM's" if self.lanes is None else f"{self.lanes.width} lanes"
        blocks = None if self.span is None else self.span.blocks
        threads = "" if blocks is None else f", {blocks.number} blocks on threads"
        over = " x ".join(map(str, self.nest.space))
        self.writer.remarks.append(f"loop {over}: {lanes}{threads}")

    def _emit_empty(self) -> None:
        """No element: sums are 0, joins and stores have nothing to do."""
        for root in self.nest.roots:
            instr = self.tape.instrs[root.index]
            if isinstance(instr.op, Structural) and instr.op.combine is not None:
                if math.prod(instr.shape) == 1:
                    self.body.registers[root.index] = identity(instr.op, instr.dtype)
                elif instr.op is not st.cumsum:
                    fill(
                        self.body,
                        self.body.pointer(root.index),
                        instr,
                        identity(instr.op, instr.dtype),
                    )
            elif instr.op in st.UPDATES:
                initialise(self.body, root.index, instr)

    def _prepare(self, root: Root) -> Accumulator | None:
        """What a root needs before the loops: a neutral accumulator, or a buffer to add to."""
        instr = self.tape.instrs[root.index]
        op = instr.op
        if op in st.UPDATES and self.span is None:
            initialise(self.body, root.index, instr, self.ends)
            if self.nest.space and math.prod(instr.shape) == 1:
                self._spill(root.index)
        if op is st.guard and self.nest.space:
            self.differing[root.index] = self.body.alloca("i1")
            self.writer.do(f"store i1 false, ptr {self.differing[root.index]}")
        if isinstance(op, Structural) and op.combine is not None and op is not st.cumsum:
            return Accumulator(self, root.index, instr)
        return None

    # -- loops -------------------------------------------------------------------------------------

    def loops(self) -> list[tuple[list[int], int]]:
        """Loops as (depths that they stand for, trip count): neighbours that step alike are one."""
        if not self.space:
            return []
        if self.merged is None:
            for root in self.nest.roots:
                self.reader.collect(root)
            self.merged = self._merged_loops()
        return self.merged

    def _merged_loops(self) -> list[tuple[list[int], int]]:
        loops = [([depth], n) for depth, n in self.space]
        if self.reader.opaque:
            return loops
        merged: list[tuple[list[int], int]] = []
        for depths, n in loops:
            apart = not merged or self.ends.keys() & {depths[0], merged[-1][0][-1]}
            if not apart and all(
                self._alike(x, merged[-1][0][-1], depths[0], n) for x in self.reader.accesses
            ):
                merged[-1] = (merged[-1][0] + depths, merged[-1][1] * n)
            else:
                merged.append((depths, n))
        return merged

    def _alike(self, index: Index, outer: int, inner: int, n: int) -> bool:
        step = {atom.depth: c for atom, c in index.terms if isinstance(atom, Loop)}
        return step.get(outer, 0) == step.get(inner, 0) * n

    def _emit_loops(
        self, loops: list[tuple[list[int], int]], accumulators: list[Accumulator | None]
    ) -> None:
        for a in accumulators:
            if a is not None:
                a.place()
        level_of = {d: level for level, (depths, _) in enumerate(loops, 1) for d in depths}
        keys = self.reader.levels(level_of, len(loops))
        self.elements.run(keys[0])
        self._emit_level(0, loops, keys, accumulators)

    def _emit_level(
        self,
        level: int,
        loops: list[tuple[list[int], int]],
        keys: list[list[Key]],
        accumulators: list[Accumulator | None],
    ) -> None:
        """The loop of a level with those within it; the body, below the innermost."""
        active = [a for a in accumulators if a is not None]
        for a in active:
            a.begin(level)
        if level == len(loops):
            self._finish_all(accumulators)
        else:
            with (
                unless_none(self.writer, self.turns(level)),
                stretches(self, level, active) as span,
            ):
                self._emit_loop(level, loops, keys, accumulators, span)
        for a in active:
            a.end(level)

    def turns(self, level: int) -> int | str:
        """How many turns the loop of a level has: a register, where data says it."""
        depths, count = self.loops()[level]
        end = self.ends.get(depths[-1])
        if end is None:
            return count
        known, n = self.body.known[end], self.body.scalar(end)
        if known is not None and known.high <= count:
            return n
        few = self.writer.line(f"icmp slt i64 {n}, {count}")
        return self.writer.line(f"select i1 {few}, i64 {n}, i64 {count}")

    def _emit_loop(
        self,
        level: int,
        loops: list[tuple[list[int], int]],
        keys: list[list[Key]],
        accumulators: list[Accumulator | None],
        span: Span | None,
    ) -> None:
        """A loop's turns, or those of a span, with what is within them."""
        depths, _ = loops[level]
        innermost = level == len(loops) - 1
        lanes = self.lanes if innermost else None
        vectors = (1, 0) if self.lanes is not None else vectors_of(self, level)
        self.elements.counters.update({depth: "" for depth in depths[:-1]})
        turns = self.turns(level)
        if lanes is not None:
            turns = lanes.turns(span)
        elif span is not None:
            turns = span.turns(self.writer)
        poll = nest_poll(self, loops) if level == 0 else None
        with self.writer.counted(turns, *vectors, innermost or vectors[0] > 1) as counter:
            if lanes is None:
                if span is not None:
                    counter = span.iteration(self.writer, counter)
                self.elements.counters[depths[-1]] = counter
                self.elements.run(keys[level + 1])
            else:
                self.elements.counters[depths[-1]] = lanes.first(counter, span)
                lanes.run(keys[level + 1])
            self._emit_level(level + 1, loops, keys, accumulators)
            if poll is not None:
                poll.ask(counter)

    # -- the body ----------------------------------------------------------------------------------

    def _finish_all(self, accumulators: list[Accumulator | None]) -> None:
        for root, accumulator in zip(self.nest.roots, accumulators, strict=True):
            if self.lanes is None:
                self._finish(root, accumulator)
            else:
                self._finish_lanes(self.lanes, root, accumulator)
        if self.lanes is not None:
            self.lanes.finish()

    def _emit_straight_line(self) -> None:
        """Rank 0: each root is complete before the next is computed."""
        for pack in packs(self.body, self.nest.roots):
            if len(pack) == 1 or not emit_pack(self.body, self.elements, pack):
                self._emit_scalars(pack)

    def _emit_scalars(self, roots: Sequence[Root]) -> None:
        """Rank 0: each root by itself."""
        for root in roots:
            if self._emit_scalar(root.index):
                continue
            self.elements.values.clear()
            self.reader.clear()
            accumulator = self._prepare(root)
            for key in self.reader.reads(root, self.tape.instrs[root.index]):
                self.reader.visit(key)
            self.elements.run(self.reader.order)
            if accumulator is not None:
                accumulator.place()
                accumulator.begin(0)
            self._finish(root, accumulator)
            if accumulator is not None:
                accumulator.end(0)

    def _emit_scalar(self, i: int) -> bool:
        """The common case of straight-line code, at once: scalars in registers or constants."""
        instr, registers = self.tape.instrs[i], self.body.registers
        if instr.shape or not isinstance(instr.op, Elementwise):
            return False
        operands: list[str] = []
        for j in instr.args:
            register = registers.get(j)
            if register is None:
                if self.tape.instrs[j].op is not CONST:
                    return False
                register = self.elements.literal(self.tape.instrs[j])
            operands.append(register)
        source = self.tape.instrs[instr.args[-1]].dtype
        registers[i] = instr.op.emit(self.writer, source, instr.dtype, *operands)
        return True

    def _finish(self, root: Root, accumulator: Accumulator | None) -> None:
        """Store what a root computed."""
        instr = self.tape.instrs[root.index]
        reads = self.reader.reads(root, instr)
        register = self.elements.values[reads[0]]
        target = self.reader.target(root, instr)
        if accumulator is not None:
            accumulator.take(register, target)
        elif instr.op is st.guard:
            check(self, root.index, register, reads[0][1])
        elif instr.op is st.cumsum:
            add_up(self, root.index, instr, register, reads[0][1])
        elif target is None:
            self._keep(root.index, instr, register)
        elif instr.op in st.UPDATES and not overwrites(self.body, instr):
            place = self.elements.place(root.index, target)
            total = self.writer.plus(self.body.load(place, root.index), register, instr.dtype)
            self.body.store(total, place, root.index)
        else:
            self.body.store(register, self.elements.place(root.index, target), root.index)

    def _finish_lanes(self, lanes: Lanes, root: Root, accumulator: Accumulator | None) -> None:
        """Store what the lanes computed of a root."""
        instr = self.tape.instrs[root.index]
        key = self.reader.reads(root, instr)[0]
        target = self.reader.target(root, instr)
        if accumulator is not None:
            accumulator.take_lanes(lanes, lanes.vector(key), target)
        else:
            assert target is not None
            store = lanes.change if changes(self.body, root.index) else lanes.store
            store(root.index, target, key)

    def _spill(self, i: int) -> None:
        """A register cannot carry what each turn of a loop adds: memory for the nest's time."""
        dtype = self.tape.instrs[i].dtype
        self.slots[i] = self.body.alloca(memory_type(dtype))
        self.body.store(self.body.registers[i], self.slots[i], i)

    def _keep(self, i: int, instr: Instr, register: str) -> None:
        """The one element of a value; of an update one more that goes into it."""
        if instr.op in st.SCATTERS:
            self.elements.index(self.reader.written(i))  # it may be out of bounds
        if instr.op in st.UPDATES and not overwrites(self.body, instr):
            known = self.body.load(self.slots[i], i) if i in self.slots else self.body.registers[i]
            register = self.writer.plus(known, register, instr.dtype)
        if i in self.slots:
            self.body.store(register, self.slots[i], i)
        else:
            self.body.registers[i] = register
