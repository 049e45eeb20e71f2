"""Registers of single elements: values computed or loaded, indices, addresses."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from jitad.codegen.body import Body
from jitad.codegen.index import Atom, Index, Loop, Quotient, Remainder, flat, strides
from jitad.codegen.reader import At, Key, Reader
from jitad.codegen.status import OUT_OF_BOUNDS
from jitad.ir.op import BOOL, DType, Elementwise
from jitad.ir.tape import CONST, Instr
from jitad.ops import structural as st


class Elements:
    """Computes elements within the loops of a nest; `aside` is where some are kept till its end."""

    def __init__(self, body: Body, reader: Reader) -> None:
        self.body = body
        self.writer = body.writer
        self.tape = body.tape
        self.reader = reader
        self.values: dict[Key, str] = {}
        self.counters: dict[int, str] = {}
        self.outside: dict[int, str] = {}
        self.aside: dict[int, str] = {}

    def run(self, keys: Iterable[Key]) -> None:
        """Compute these elements, whose operands are computed already."""
        for key in keys:
            self.values[key] = self.compute(key)

    def compute(self, key: Key) -> str:
        """The register of one element of a value."""
        i, at = key
        instr = self.tape.instrs[i]
        if self.reader.is_loaded(i) and i not in self.body.registers:
            return self.body.load(self.place(i, at), i)
        if instr.op is CONST or i in self.body.registers:
            for atom in self.reader.lookups(at):
                self.atom(atom)  # it may be out of bounds
            return self.body.registers[i] if i in self.body.registers else self.literal(instr)
        if instr.op is st.iota:
            return self.index(at[instr.params[1]])
        chosen = self.reader.within.chosen(i, at)
        if chosen is not None:
            return self.values[chosen]
        if isinstance(instr.op, Elementwise):
            operands = [self.values[(j, at)] for j in instr.args]
            source = self.tape.instrs[instr.args[-1]].dtype
            return instr.op.emit(self.writer, source, instr.dtype, *operands)
        if instr.op is st.gather:
            return self.values[self.reader.gathered(i, at)]
        return self.values[self.reader.source(instr, at)]

    def literal(self, instr: Instr) -> str:
        return self.writer.number(instr.params[0], instr.dtype)

    def place(self, i: int, at: At) -> str:
        """The address of an element of a stored value."""
        shape = self.tape.instrs[i].shape
        return self.element(i, self.index(flat(at, strides(shape))))

    def element(self, i: int, index: str) -> str:
        dtype = self.tape.instrs[i].dtype
        kind = "i8" if dtype == BOOL else self.writer.type(dtype)
        pointer = self.aside.get(i) or self.body.pointer(i)
        return self.writer.line(f"getelementptr {kind}, ptr {pointer}, i64 {index}")

    def index(self, index: Index) -> str:
        """The register of an index."""
        w = self.writer
        total = ""
        for atom, c in index.terms:
            register = self.atom(atom)
            if not register:
                continue
            term = register if c == 1 else w.line(f"mul nsw i64 {register}, {c}")
            total = w.line(f"add nsw i64 {total}, {term}") if total else term
        if not total:
            return str(index.const)
        return w.line(f"add nsw i64 {total}, {index.const}") if index.const else total

    def atom(self, atom: Atom) -> str:
        w = self.writer
        if isinstance(atom, Loop):
            return self.counters[atom.depth]
        if isinstance(atom, Quotient):
            return w.line(f"udiv i64 {self.index(atom.of)}, {atom.divisor}")
        if isinstance(atom, Remainder):
            return w.line(f"urem i64 {self.index(atom.of)}, {atom.divisor}")
        register = self.values[(atom.value, atom.at)]
        if self.body.is_inside(atom.value, atom.size):
            return register
        return self.bounds(register, atom.size, self.reader.asking[atom])

    def bounds(self, register: str, size: int, i: int) -> str:
        """An index that instruction i was given: 0 in its place where it is out of bounds."""
        w = self.writer
        outside = w.line(f"icmp uge i64 {register}, {size}")
        self.refuse(outside, i)
        return w.line(f"select i1 {outside}, i64 0, i64 {register}")

    def refuse(self, outside: str, i: int) -> None:
        """Note where an index of instruction i is out of bounds; loops report it at their end."""
        w = self.writer
        if not w.in_loop:
            self.body.flag(outside, OUT_OF_BOUNDS, i)
            return
        if i not in self.outside:
            slot = self.outside[i] = self.body.alloca("i64")
            self.body.allocas.append(f"  store i64 0, ptr {slot}")
        before = w.line(f"load i64, ptr {self.outside[i]}")
        now = w.line(f"select i1 {outside}, i64 1, i64 0")
        w.do(f"store i64 {w.line(f'or i64 {before}, {now}')}, ptr {self.outside[i]}")

    def report(self) -> None:
        """After the loops: what they have noted."""
        for i, slot in self.outside.items():
            seen = self.writer.line(f"icmp ne i64 {self.writer.line(f'load i64, ptr {slot}')}, 0")
            self.body.flag(seen, OUT_OF_BOUNDS, i)

    def table_entry(self, expected: np.ndarray, dtype: DType, bits: str, place: Index) -> str:
        """An element of a constant table of integers."""
        w = self.writer
        name = w.fresh("table")
        kind = "i8" if dtype == BOOL else bits
        items = ", ".join(f"{kind} {int(x)}" for x in expected)
        w.globals.append(f"@{name} = private constant [{expected.size} x {kind}] [{items}]")
        pointer = w.line(f"getelementptr {kind}, ptr @{name}, i64 {self.index(place)}")
        entry = w.line(f"load {kind}, ptr {pointer}")
        return w.line(f"trunc i8 {entry} to i1") if dtype == BOOL else entry
