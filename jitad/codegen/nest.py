"""One nest -> LLVM: loops whose innermost body computes the nest's roots element by element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jitad.codegen.index import (
    Atom,
    Index,
    Loaded,
    Loop,
    Quotient,
    Remainder,
    as_index,
    flat,
    strides,
)
from jitad.codegen.writer import float_literal
from jitad.ir.errors import CompileError
from jitad.ir.op import BOOL, INT64, DType, Elementwise, Op, Shape, Structural
from jitad.ir.tape import CONST, INPUT, Instr
from jitad.ops import structural as st
from jitad.passes.schedule import Nest, Root, squeeze

if TYPE_CHECKING:
    from jitad.codegen.llvm import Body

At = tuple[Index, ...]
Key = tuple[int, At]

OUT_OF_BOUNDS = 1
GUARD_FAILED = 2


class NestEmitter:
    """Emits one nest: first symbolically (what is read where), then loop by loop."""

    def __init__(self, body: Body, nest: Nest, step: int) -> None:
        self.body = body
        self.writer = body.writer
        self.tape = body.tape
        self.nest = nest
        self.step = step
        self.space = self._loop_order()
        self.values: dict[Key, str] = {}
        self.order: list[Key] = []
        self.accesses: list[Index] = []
        self.opaque = False
        self.counters: dict[int, str] = {}
        self.indices: dict[Index, str] = {}

    def _loop_order(self) -> list[tuple[int, int]]:
        """(axis of the space, its length) from the outermost loop to the innermost."""
        axes = list(enumerate(self.nest.space))
        if len(self.nest.roots) == 1:
            instr = self.tape.instrs[self.nest.roots[0].index]
            if instr.op in (st.argmax, st.argmin):
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
        accumulators = [self._prepare(root) for root in self.nest.roots]
        for root in self.nest.roots:
            self._collect(root)
        loops = self._merged_loops()
        self._emit_loops(loops, accumulators)

    def _emit_empty(self) -> None:
        """No element: sums are 0, joins and stores have nothing to do."""
        for root in self.nest.roots:
            instr = self.tape.instrs[root.index]
            if isinstance(instr.op, Structural) and instr.op.combine is not None:
                if math.prod(instr.shape) == 1:
                    self.body.registers[root.index] = self._identity(instr)
                elif instr.op is not st.cumsum:
                    self._fill(self.body.pointer(root.index), instr, self._identity(instr))
            elif instr.op in (st.index_add, st.scatter_add):
                self._initialise(root.index, instr)

    def _prepare(self, root: Root) -> Accumulator | None:
        """What a root needs before the loops: a neutral accumulator, or a buffer to add to."""
        instr = self.tape.instrs[root.index]
        op = instr.op
        if op in (st.index_add, st.scatter_add):
            self._initialise(root.index, instr)
        if isinstance(op, Structural) and op.combine is not None and op is not st.cumsum:
            return Accumulator(self, root.index, instr)
        return None

    def _initialise(self, i: int, instr: Instr) -> None:
        """The buffer that an accumulation adds to: a copy, zeros, or the operand's own."""
        j = instr.args[0]
        source = self.tape.instrs[j]
        if math.prod(instr.shape) == 1:
            self.body.registers[i] = self._scalar(j)
            return
        home = self.body.program.storage
        if j in home and home[j] == home[i]:
            return
        target = self.body.pointer(i)
        size = math.prod(instr.shape) * instr.dtype.itemsize
        if source.op is not CONST:
            name = "llvm.memcpy.p0.p0.i64"
            self.writer.declarations[name] = f"declare void @{name}(ptr, ptr, i64, i1)"
            origin = self.body.pointer(j)
            self.writer.do(f"call void @{name}(ptr {target}, ptr {origin}, i64 {size}, i1 false)")
        elif source.params[0] != 0:
            self._fill(target, instr, self._literal(source))
        else:
            for start, stop in self._uncovered(instr):
                self._clear(target, start * instr.dtype.itemsize, stop * instr.dtype.itemsize)

    def _uncovered(self, instr: Instr) -> list[tuple[int, int]]:
        """The stretches of a zero buffer that the accumulation will not simply overwrite."""
        size = math.prod(instr.shape)
        box = self._overwritten(instr)
        return [(0, size)] if box is None else [(0, box[0]), (box[1], size)]

    def _overwritten(self, instr: Instr) -> tuple[int, int] | None:
        """A contiguous stretch into zeros that the first accumulation fills, if it is one."""
        if instr.op is not st.index_add or self.tape.instrs[instr.args[0]].op is not CONST:
            return None
        if self.tape.instrs[instr.args[0]].params[0] != 0 or not instr.shape:
            return None
        first, *rest = instr.params[0]
        if any(s != (0, n, 1) for s, n in zip(rest, instr.shape[1:], strict=True)):
            return None
        start, length, step = (first, 1, 1) if isinstance(first, int) else first
        if step != 1:
            return None
        row = math.prod(instr.shape[1:])
        return start * row, (start + length) * row

    def _clear(self, pointer: str, start: int, stop: int) -> None:
        if stop <= start:
            return
        name = "llvm.memset.p0.i64"
        self.writer.declarations[name] = f"declare void @{name}(ptr, i8, i64, i1)"
        place = self.writer.line(f"getelementptr i8, ptr {pointer}, i64 {start}")
        self.writer.do(f"call void @{name}(ptr {place}, i8 0, i64 {stop - start}, i1 false)")

    def _fill(self, pointer: str, instr: Instr, literal: str) -> None:
        """Store one number in every element of a buffer."""
        count = math.prod(instr.shape)
        if count == 0:
            return
        w = self.writer
        before, loop, after = w.fresh("fill"), w.fresh("fill"), w.fresh("fill")
        w.do(f"br label %{before}")
        w.label(before)
        w.do(f"br label %{loop}")
        w.label(loop)
        counter, following = w.fresh("i"), w.fresh("i")
        w.do(f"%{counter} = phi i64 [ 0, %{before} ], [ %{following}, %{loop} ]")
        kind = "i8" if instr.dtype == BOOL else w.type(instr.dtype)
        place = w.line(f"getelementptr {kind}, ptr {pointer}, i64 %{counter}")
        literal = {"true": "1", "false": "0"}.get(literal, literal)
        w.do(f"store {kind} {literal}, ptr {place}")
        w.do(f"%{following} = add nuw nsw i64 %{counter}, 1")
        done = w.line(f"icmp eq i64 %{following}, {count}")
        w.do(f"br i1 {done}, label %{after}, label %{loop}")
        w.label(after)

    # -- symbolic pass: every (value, index) that the body computes, in order ------------------------

    def _at(self, shape: Shape) -> At:
        """The loops' counters as an index into an array whose squeezed shape is the space."""
        live = 0
        result: list[Index] = []
        for n in shape:
            if n == 1:
                result.append(Index(0))
            else:
                result.append(Index(0, ((Loop(live, n), 1),)))
                live += 1
        return tuple(result)

    def _collect(self, root: Root) -> None:
        """Note all that a root reads and writes."""
        instr = self.tape.instrs[root.index]
        for key in self._reads(root, instr):
            self._visit(key)
        target = self._target(root, instr)
        if target is not None:
            self.accesses.append(flat(target, strides(instr.shape)))
        if instr.op in (st.cumsum, st.argmax, st.argmin):
            self.opaque = True

    def _reads(self, root: Root, instr: Instr) -> list[Key]:
        """What a root needs computed at the loops' place."""
        if self._is_plain(instr.op):
            return [(root.index, self._at(instr.shape))]
        part = root.part if instr.op in st.JOINS else len(instr.args) - 1
        j = instr.args[part]
        at = self._at(self.tape.instrs[j].shape)
        if instr.op is st.cumsum and instr.params[1]:
            axis = instr.params[0]
            back = Index(instr.shape[axis] - 1) + at[axis] * -1
            at = (*at[:axis], back, *at[axis + 1 :])
        if instr.op is st.scatter_add:
            index = instr.args[1]
            rank = len(self.tape.instrs[index].shape)
            return [(j, at), (index, at[:rank])]
        return [(j, at)]

    def _is_plain(self, op: Op) -> bool:
        """Whether an op is computed element by element at its own index."""
        if isinstance(op, Elementwise) or op in (CONST, st.iota, st.gather):
            return True
        assert isinstance(op, Structural)
        return op.index_map is not None

    def _target(self, root: Root, instr: Instr) -> At | None:
        """Where a root stores, in its own index space; None for what stays in registers."""
        if math.prod(instr.shape) == 1 or instr.op is st.guard:
            return None
        if self._is_plain(instr.op):
            return self._at(instr.shape)
        key = self._reads(root, instr)[0]
        at, source = key[1], self.tape.instrs[key[0]]
        if instr.op in st.JOINS:
            operands = [self.tape.instrs[j] for j in instr.args]
            slots = st.join_slots(instr.op, operands, root.part, instr.params[0])
            return tuple(as_index(x) for x in st.map_slots(at, slots))
        if instr.op is st.index_add:
            return tuple(as_index(x) for x in st.map_slots(at, instr.params[0]))
        if instr.op is st.scatter_add:
            index = self._reads(root, instr)[1]
            rank = len(index[1])
            place = Index(0, ((Loaded(index[0], index[1], instr.shape[0]), 1),))
            return (place, *at[rank:])
        if instr.op is st.cumsum:
            return at
        axes = instr.params[0] if isinstance(instr.params[0], tuple) else (instr.params[0],)
        return tuple(x for k, x in enumerate(at) if k not in axes and k < len(source.shape))

    def _visit(self, key: Key) -> None:
        """Depth-first over what (value, index) is computed from; iterative, for long chains."""
        stack: list[tuple[Key, bool]] = [(key, False)]
        while stack:
            current, expanded = stack.pop()
            if current in self.values:
                continue
            if expanded:
                self.values[current] = ""
                self.order.append(current)
                continue
            stack.append((current, True))
            stack.extend((child, False) for child in self._children(current))

    def _children(self, key: Key) -> list[Key]:
        i, at = key
        instr = self.tape.instrs[i]
        if self._is_loaded(i, at):
            if i not in self.body.registers:
                self.accesses.append(flat(at, strides(instr.shape)))
            return self._loaded_atoms(at)
        if instr.op is CONST or instr.op is st.iota:
            self.opaque = self.opaque or instr.op is st.iota
            return self._loaded_atoms(at)
        if isinstance(instr.op, Elementwise):
            return [(j, at) for j in instr.args]
        if instr.op is st.gather:
            rank = len(self.tape.instrs[instr.args[1]].shape)
            index: Key = (instr.args[1], at[:rank])
            return [index, self._gathered(instr, at)]
        return [self._source(instr, at)]

    def _gathered(self, instr: Instr, at: At) -> Key:
        """The element of x that a gather reads."""
        x, i = instr.args
        rank = len(self.tape.instrs[i].shape)
        rows = self.tape.instrs[x].shape[0]
        place = Index(0, ((Loaded(i, at[:rank], rows), 1),))
        return (x, (place, *at[rank:]))

    def _source(self, instr: Instr, at: At) -> Key:
        """The operand's element that a view shows."""
        op = instr.op
        assert isinstance(op, Structural)
        if op.index_map is None:
            raise CompileError(f"{op.name} cannot be computed element by element")
        (j,) = instr.args
        source = self.tape.instrs[j].shape
        mapped = op.index_map(at, source, **instr.named_params)
        result = tuple(as_index(x) for x in mapped)
        for index in result:
            self.opaque = self.opaque or any(
                isinstance(atom, (Quotient, Remainder)) for atom, _ in index.terms
            )
        return (j, result)

    def _loaded_atoms(self, at: At) -> list[Key]:
        """The integers that an index needs computed first."""
        found: list[Key] = []
        stack = list(at)
        while stack:
            for atom, _ in stack.pop().terms:
                if isinstance(atom, Loaded):
                    found.append((atom.value, atom.at))
                elif isinstance(atom, (Quotient, Remainder)):
                    stack.append(atom.index)
        return found

    def _is_loaded(self, i: int, at: At) -> bool:
        """Whether a value is at hand in memory or a register, complete before this nest."""
        instr = self.tape.instrs[i]
        if instr.op is INPUT or i in self.body.registers:
            return True
        position = self.body.program.position.get(i)
        if position is None or instr.op is CONST:
            return False
        if position < self.step:
            return True
        return not self._is_plain(instr.op)

    # -- loops -------------------------------------------------------------------------------------

    def _merged_loops(self) -> list[tuple[list[int], int]]:
        """Loops as (depths that they stand for, trip count): neighbours that step alike are one."""
        loops = [([depth], n) for depth, n in self.space]
        if self.opaque:
            return loops
        merged: list[tuple[list[int], int]] = []
        for depths, n in loops:
            if merged and all(
                self._alike(x, merged[-1][0][-1], depths[0], n) for x in self.accesses
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
        w = self.writer
        active = [a for a in accumulators if a is not None]
        for a in active:
            a.place(loops)
        latches: list[tuple[str, str, str, int]] = []
        for level, (depths, n) in enumerate(loops):
            for a in active:
                a.begin(level)
            before, head = w.fresh("pre"), w.fresh("loop")
            w.do(f"br label %{before}")
            w.label(before)
            w.do(f"br label %{head}")
            w.label(head)
            counter, following = w.fresh("i"), w.fresh("i")
            # The latch's label is not known yet: it is patched in when the loop is closed.
            latches.append((head, f"%{counter}", f"%{following}", len(w.lines)))
            w.lines.append(f"  %{counter} = phi i64 [ 0, %{before} ], [ %{following}, %LATCH ]")
            self.counters.update({depth: "" for depth in depths[:-1]})
            self.counters[depths[-1]] = f"%{counter}"
        for a in active:
            a.begin(len(loops))
        self._emit_body(accumulators)
        for level in reversed(range(len(loops))):
            head, counter, following, place = latches[level]
            for a in active:
                a.end(level + 1)
            latch, after = w.fresh("latch"), w.fresh("done")
            w.do(f"br label %{latch}")
            w.label(latch)
            w.lines[place] = w.lines[place].replace("%LATCH", f"%{latch}")
            w.do(f"{following} = add nuw nsw i64 {counter}, 1")
            finished = w.line(f"icmp eq i64 {following}, {loops[level][1]}")
            w.do(f"br i1 {finished}, label %{after}, label %{head}")
            w.label(after)
        for a in active:
            a.end(0)

    # -- the body ----------------------------------------------------------------------------------

    def _emit_body(self, accumulators: list[Accumulator | None]) -> None:
        for key in self.order:
            self.values[key] = self._compute(key)
        for root, accumulator in zip(self.nest.roots, accumulators, strict=True):
            self._finish(root, accumulator)

    def _emit_straight_line(self) -> None:
        """Rank 0: each root is complete before the next is computed."""
        for root in self.nest.roots:
            if self._emit_scalar(root.index):
                continue
            self.values.clear()
            self.order.clear()
            accumulator = self._prepare(root)
            for key in self._reads(root, self.tape.instrs[root.index]):
                self._visit(key)
            for key in self.order:
                self.values[key] = self._compute(key)
            if accumulator is not None:
                accumulator.place([])
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
                register = self._literal(self.tape.instrs[j])
            operands.append(register)
        source = self.tape.instrs[instr.args[-1]].dtype
        registers[i] = instr.op.emit(self.writer, source, instr.dtype, *operands)
        return True

    def _finish(self, root: Root, accumulator: Accumulator | None) -> None:
        """Store what a root computed."""
        instr = self.tape.instrs[root.index]
        reads = self._reads(root, instr)
        register = self.values[reads[0]]
        target = self._target(root, instr)
        if accumulator is not None:
            accumulator.take(register, target)
        elif instr.op is st.guard:
            self._check(instr, register, reads[0][1])
        elif instr.op is st.cumsum:
            self._running(root.index, instr, register, reads[0][1])
        elif instr.op in (st.index_add, st.scatter_add) and self._overwritten(instr) is None:
            self._add_to(root.index, instr, register, target)
        elif target is None:
            self.body.registers[root.index] = register
        else:
            self.body.store(register, self._place(root.index, target), root.index)

    def _add_to(self, i: int, instr: Instr, register: str, target: At | None) -> None:
        word = "fadd contract" if instr.dtype.kind == "f" else "add"
        kind = self.writer.type(instr.dtype)
        if target is None:
            known = self.body.registers[i]
            if instr.op is st.scatter_add:
                self._bounds(self.values[self._reads(Root(i), instr)[1]], instr.shape[0])
            self.body.registers[i] = self.writer.line(f"{word} {kind} {known}, {register}")
            return
        place = self._place(i, target)
        known = self.body.load(place, i)
        self.body.store(self.writer.line(f"{word} {kind} {known}, {register}"), place, i)

    def _running(self, i: int, instr: Instr, register: str, at: At) -> None:
        """One element of a running sum: the one before it, which is stored already, plus x."""
        axis, backward = instr.params
        if math.prod(instr.shape) == 1:
            self.body.registers[i] = register
            return
        w = self.writer
        counter = self._at(instr.shape)[axis]
        first = w.line(f"icmp eq i64 {self._index(counter)}, 0")
        before = at[axis] + (1 if backward else -1)
        step = self._index(flat((*at[:axis], before, *at[axis + 1 :]), strides(instr.shape)))
        here = self._index(flat(at, strides(instr.shape)))
        safe = w.line(f"select i1 {first}, i64 {here}, i64 {step}")
        kind = w.type(instr.dtype)
        previous = self.body.load(self._element(i, safe), i)
        zero = w.number(0, instr.dtype)
        previous = w.select(first, instr.dtype, zero, previous)
        word = "fadd contract" if instr.dtype.kind == "f" else "add"
        self.body.store(w.line(f"{word} {kind} {previous}, {register}"), self._element(i, here), i)

    def _check(self, instr: Instr, register: str, at: At) -> None:
        """Compare with the bytes that the trace was made for."""
        source = self.tape.instrs[instr.args[0]]
        w, dtype = self.writer, source.dtype
        expected = np.frombuffer(instr.params[0], dtype)
        bits = {"f": f"i{dtype.itemsize * 8}", "i": w.type(dtype), "b": "i1"}[dtype.kind]
        if dtype.kind == "f":
            register = w.line(f"bitcast {w.type(dtype)} {register} to {bits}")
            expected = expected.view(np.int64 if dtype.itemsize == 8 else np.int32)
        if expected.size == 1:
            literal = str(int(expected[0])) if dtype.kind != "b" else str(bool(expected[0])).lower()
        else:
            literal = self._table_entry(expected, dtype, bits, flat(at, strides(source.shape)))
        differs = w.line(f"icmp ne {bits} {register}, {literal}")
        self.body.flag(differs, GUARD_FAILED)

    def _table_entry(self, expected: np.ndarray, dtype: DType, bits: str, place: Index) -> str:
        """An element of a constant table of integers."""
        w = self.writer
        name = w.fresh("table")
        kind = "i8" if dtype == BOOL else bits
        items = ", ".join(f"{kind} {int(x)}" for x in expected)
        w.globals.append(f"@{name} = private constant [{expected.size} x {kind}] [{items}]")
        pointer = w.line(f"getelementptr {kind}, ptr @{name}, i64 {self._index(place)}")
        entry = w.line(f"load {kind}, ptr {pointer}")
        return w.line(f"trunc i8 {entry} to i1") if dtype == BOOL else entry

    def _compute(self, key: Key) -> str:
        """The register of one element of a value."""
        i, at = key
        instr = self.tape.instrs[i]
        if self._is_loaded(i, at):
            if i in self.body.registers:
                return self.body.registers[i]
            return self.body.load(self._place(i, at), i)
        if instr.op is CONST:
            return self._literal(instr)
        if instr.op is st.iota:
            return self._index(at[instr.params[1]])
        if isinstance(instr.op, Elementwise):
            operands = [self.values[(j, at)] for j in instr.args]
            source = self.tape.instrs[instr.args[-1]].dtype
            return instr.op.emit(self.writer, source, instr.dtype, *operands)
        if instr.op is st.gather:
            return self.values[self._gathered(instr, at)]
        return self.values[self._source(instr, at)]

    def _literal(self, instr: Instr) -> str:
        return self.writer.number(instr.params[0], instr.dtype)

    def _scalar(self, i: int) -> str:
        """The register of a value of one element."""
        instr = self.tape.instrs[i]
        if instr.op is CONST:
            return self._literal(instr)
        if i in self.body.registers:
            return self.body.registers[i]
        return self.body.load(self.body.pointer(i), i)

    def _place(self, i: int, at: At) -> str:
        """The address of an element of a stored value."""
        shape = self.tape.instrs[i].shape
        return self._element(i, self._index(flat(at, strides(shape))))

    def _element(self, i: int, index: str) -> str:
        dtype = self.tape.instrs[i].dtype
        kind = "i8" if dtype == BOOL else self.writer.type(dtype)
        return self.writer.line(f"getelementptr {kind}, ptr {self.body.pointer(i)}, i64 {index}")

    # -- indices -----------------------------------------------------------------------------------

    def _index(self, index: Index) -> str:
        """The register of an index."""
        w = self.writer
        total = ""
        for atom, c in index.terms:
            register = self._atom(atom)
            if not register:
                continue
            term = register if c == 1 else w.line(f"mul nsw i64 {register}, {c}")
            total = w.line(f"add nsw i64 {total}, {term}") if total else term
        if not total:
            return str(index.const)
        return w.line(f"add nsw i64 {total}, {index.const}") if index.const else total

    def _atom(self, atom: Atom) -> str:
        w = self.writer
        if isinstance(atom, Loop):
            return self.counters[atom.depth]
        if isinstance(atom, Quotient):
            return w.line(f"udiv i64 {self._index(atom.index)}, {atom.divisor}")
        if isinstance(atom, Remainder):
            return w.line(f"urem i64 {self._index(atom.index)}, {atom.divisor}")
        return self._bounds(self.values[(atom.value, atom.at)], atom.size)

    def _bounds(self, register: str, size: int) -> str:
        """An integer that the user gave as an index: 0 in its place where it is out of bounds."""
        w = self.writer
        outside = w.line(f"icmp uge i64 {register}, {size}")
        self.body.flag(outside, OUT_OF_BOUNDS)
        return w.line(f"select i1 {outside}, i64 0, i64 {register}")

    def _identity(self, instr: Instr) -> str:
        return identity(instr.op, instr.dtype)


class Accumulator:
    """A reduction's running result: in a register where its loops are innermost, else in memory."""

    def __init__(self, nest: NestEmitter, i: int, instr: Instr) -> None:
        self.nest = nest
        self.i = i
        self.instr = instr
        self.level: int | None = None
        self.slot = ""
        self.spot = ""
        source = nest.tape.instrs[instr.args[0]]
        self.dtype = source.dtype
        self.by_place = instr.op in (st.argmax, st.argmin)
        axes = instr.params[0] if isinstance(instr.params[0], tuple) else (instr.params[0],)
        live = [k for k, n in enumerate(source.shape) if n != 1]
        self.reduced = {live.index(k) for k in axes if source.shape[k] != 1}
        self.place_counter = {live.index(k) for k in axes if k in live}

    def place(self, loops: list[tuple[list[int], int]]) -> None:
        """Choose the loop level at which the accumulator starts; None: add in memory."""
        body = self.nest.body
        inner = [bool(set(depths) & self.reduced) for depths, _ in loops]
        first = inner.index(True) if True in inner else len(loops)
        if all(inner[first:]):
            self.level = first
            self.slot = body.alloca(self._memory())
            if self.by_place:
                self.spot = body.alloca("i64")
        else:
            pointer = body.pointer(self.i)
            self.nest._fill(pointer, self.instr, identity(self.instr.op, self.instr.dtype))

    def _memory(self) -> str:
        return "i8" if self.dtype == BOOL else self.nest.writer.type(self.dtype)

    def begin(self, level: int) -> None:
        """Before the loop of that level: the neutral element."""
        if level != self.level:
            return
        source = self.instr.args[0]
        self.nest.body.store(identity(self.instr.op, self.dtype), self.slot, source)
        if self.by_place:
            self.nest.writer.do(f"store i64 0, ptr {self.spot}")

    def take(self, register: str, target: At | None) -> None:
        """One more element."""
        body, w = self.nest.body, self.nest.writer
        if self.by_place:
            self._take_place(register)
            return
        if self.level is not None:
            known = body.load(self.slot, self.instr.args[0])
            body.store(self._combined(known, register), self.slot, self.instr.args[0])
            return
        assert target is not None
        place = self.nest._place(self.i, target)
        known = body.load(place, self.i)
        body.store(self._combined(known, register), place, self.i)
        del w

    def _combined(self, x: str, y: str) -> str:
        op = self.instr.op
        assert isinstance(op, Structural) and op.combine is not None
        w = self.nest.writer
        if op is st.reduce_sum and self.dtype.kind == "f":
            # Sums may be reassociated, and so run in vector lanes.
            return w.line(f"fadd reassoc contract {w.type(self.dtype)} {x}, {y}")
        return op.combine.emit(w, self.dtype, self.dtype, x, y)

    def _take_place(self, register: str) -> None:
        """Keep the place of the first best element; a NaN is better than any number."""
        body, w, source = self.nest.body, self.nest.writer, self.instr.args[0]
        op = self.instr.op
        assert isinstance(op, Structural) and op.combine is not None
        best = body.load(self.slot, source)
        kind = w.type(self.dtype)
        taken = op.combine.emit(w, self.dtype, BOOL, register, best)
        axis = next(iter(self.place_counter), None)
        counter = "0" if axis is None else self.nest.counters[axis]
        first = w.line(f"icmp eq i64 {counter}, 0")
        taken = w.either(taken, first)
        if self.dtype.kind == "f":
            new = w.line(f"fcmp uno {kind} {register}, {register}")
            old = w.line(f"fcmp ord {kind} {best}, {best}")
            taken = w.either(taken, w.both(new, old))
        body.store(w.select(taken, self.dtype, register, best), self.slot, source)
        spot = w.line(f"load i64, ptr {self.spot}")
        w.do(f"store i64 {w.select(taken, INT64, counter, spot)}, ptr {self.spot}")

    def end(self, level: int) -> None:
        """After the loop of that level: store the result."""
        if level != self.level:
            return
        body, w = self.nest.body, self.nest.writer
        if self.by_place:
            register = w.line(f"load i64, ptr {self.spot}")
        else:
            register = body.load(self.slot, self.instr.args[0])
        if math.prod(self.instr.shape) == 1:
            body.registers[self.i] = register
            return
        target = self.nest._target(Root(self.i), self.instr)
        assert target is not None
        body.store(register, self.nest._place(self.i, target), self.i)


def identity(op: Op, dtype: DType) -> str:
    """The neutral element of a reduction as a literal."""
    if op in (st.reduce_any, st.reduce_all):
        return "true" if op is st.reduce_all else "false"
    if op in (st.reduce_max, st.argmax, st.reduce_min, st.argmin):
        low = op in (st.reduce_max, st.argmax)
        if dtype.kind == "f":
            return float_literal(-math.inf if low else math.inf)
        if dtype.kind == "b":
            return "false" if low else "true"
        limits = np.iinfo(dtype)
        return str(limits.min if low else limits.max)
    return "0.0" if dtype.kind == "f" else "0"
