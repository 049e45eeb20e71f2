"""A reduction within its nest: neutral element, one element after another, result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitad.codegen.literals import float_literal
from jitad.codegen.memory import fill
from jitad.codegen.reader import At
from jitad.codegen.span import Span, first_reduced, reduced_depths
from jitad.codegen.stretches import LongSum, stretched
from jitad.codegen.writer import Writer
from jitad.ir.op import BOOL, INT64, DType, Op, Structural
from jitad.ir.tape import Instr
from jitad.ops import structural as st
from jitad.passes.schedule import Root

if TYPE_CHECKING:
    from jitad.codegen.lanes import Lanes
    from jitad.codegen.nest import NestEmitter


class Accumulator:
    """A reduction's running result: in a register where its loops are innermost, else in memory."""

    def __init__(self, nest: NestEmitter, i: int, instr: Instr) -> None:
        self.nest = nest
        self.i = i
        self.instr = instr
        self.level: int | None = None
        self.slot = ""
        self.spot = ""
        self.dtype = nest.tape.instrs[instr.args[0]].dtype
        self.lanes: Lanes | None = None
        self.by_place = instr.op in st.PLACES
        self.reduced = reduced_depths(nest, instr)
        self.long: LongSum | None = None
        self.stretched: int | None = None

    def place(self) -> None:
        """Choose the loop level at which the accumulator starts; None: add in memory."""
        body = self.nest.body
        self.level = first_reduced(self.nest, self.instr)
        if self.level is not None:
            self.lanes = self.nest.lanes if self.level < len(self.nest.loops()) else None
            self.slot = body.alloca(self._memory())
            self.stretched = stretched(self.nest, self.instr, self.level)
            if self.stretched is not None:
                self.long = LongSum(body, self.dtype)
            if self.by_place:
                self.spot = body.alloca(self._places())
            return
        span = self.nest.span
        if span is not None and self.i not in span.partials.offsets:
            return  # each block adds to places of its own, which are filled before
        if span is not None:
            home = body.program.storage[self.i]
            body.pointers[home] = self._own(span)
        pointer = body.pointer(self.i)
        fill(body, pointer, self.instr, identity(self.instr.op, self.instr.dtype))

    def _own(self, span: Span) -> str:
        """Where the block's part of the result is."""
        return self.nest.writer.offset(span.own, span.partials.offsets[self.i])

    def _memory(self) -> str:
        if self.lanes is not None:
            return self.lanes.type(self.dtype)
        return "i8" if self.dtype == BOOL else self.nest.writer.type(self.dtype)

    def _places(self) -> str:
        return "i64" if self.lanes is None else self.lanes.type(INT64)

    def begin(self, level: int) -> None:
        """Before the loop of that level: the neutral element."""
        if level != self.level:
            return
        if self.long is not None:
            self.long.begin()
            return
        self.restart()

    def restart(self) -> None:
        """The neutral element, in every lane."""
        source, neutral = self.instr.args[0], identity(self.instr.op, self.dtype)
        if self.by_place:
            # Right where nothing is better than the neutral element: then all are equal.
            self.nest.writer.do(f"store {self._places()} zeroinitializer, ptr {self.spot}")
        if self.lanes is not None:
            literal = self.lanes.literal(neutral, self.dtype)
            self.nest.writer.do(f"store {self._memory()} {literal}, ptr {self.slot}")
            return
        self.nest.body.store(neutral, self.slot, source)

    def set_aside(self) -> None:
        """After a stretch of a long sum."""
        assert self.long is not None
        self.long.take(self._joined())

    def take(self, register: str, target: At | None) -> None:
        """One more element."""
        body = self.nest.body
        if self.by_place:
            self._take_place(register)
            return
        if self.level is not None:
            known = body.load(self.slot, self.instr.args[0])
            body.store(self._combined(known, register), self.slot, self.instr.args[0])
            return
        assert target is not None
        place = self.nest.elements.place(self.i, target)
        known = body.load(place, self.i)
        body.store(self._combined(known, register), place, self.i)

    def take_lanes(self, lanes: Lanes, register: str, target: At | None) -> None:
        """One more element in each lane."""
        w = self.nest.writer
        if self.by_place:
            self._take_places(lanes, register)
            return
        register = lanes.new(register, self.dtype, identity(self.instr.op, self.dtype))
        place = self.slot
        if self.lanes is None:
            assert target is not None
            place = self.nest.elements.place(self.i, target)
        kind = lanes.type(self.dtype)
        known = w.line(f"load {kind}, ptr {place}, align {self.dtype.itemsize}")
        with w.in_lanes(lanes.width):
            total = self._combined(known, register)
        w.do(f"store {kind} {total}, ptr {place}, align {self.dtype.itemsize}")

    def _joined(self) -> str:
        """The running result."""
        if self.lanes is not None:
            return self._joined_lanes(self.lanes)
        return self.nest.body.load(self.slot, self.instr.args[0])

    def _joined_lanes(self, lanes: Lanes) -> str:
        """The lanes' results as one."""
        w, kind = self.nest.writer, lanes.type(self.dtype)
        vector = w.line(f"load {kind}, ptr {self.slot}, align {self.dtype.itemsize}")
        items = [w.line(f"extractelement {kind} {vector}, i64 {k}") for k in range(lanes.width)]
        while len(items) > 1:
            pairs = zip(items[::2], items[1::2], strict=True)
            items = [self._combined(x, y) for x, y in pairs]
        return items[0]

    def _combined(self, x: str, y: str) -> str:
        return combined(self.nest.writer, self.instr, x, y)

    # -- the place of the first best element; a NaN is better than any number ----------------------

    def _take_place(self, register: str) -> None:
        """One more element; places are met in order, so that the first of equals stays."""
        body, w, source = self.nest.body, self.nest.writer, self.instr.args[0]
        best = body.load(self.slot, source)
        axis = next(iter(self.reduced), None)
        counter = "0" if axis is None else self.nest.elements.counters[axis]
        taken = self._is_better(register, best)
        body.store(w.select(taken, self.dtype, register, best), self.slot, source)
        spot = w.line(f"load i64, ptr {self.spot}")
        w.do(f"store i64 {w.select(taken, INT64, counter, spot)}, ptr {self.spot}")

    def _take_places(self, lanes: Lanes, register: str) -> None:
        """One more element in each lane. Those of the last vector that were met before are equal to
        what their first lane has, and stand at the same place."""
        w, kind, places = self.nest.writer, lanes.type(self.dtype), self._places()
        best = w.line(f"load {kind}, ptr {self.slot}, align {self.dtype.itemsize}")
        spot = w.line(f"load {places}, ptr {self.spot}, align 8")
        here = lanes.counters(lanes.depth)
        with w.in_lanes(lanes.width):
            taken = self._is_better(register, best)
            best = w.select(taken, self.dtype, register, best)
            spot = w.select(taken, INT64, here, spot)
        w.do(f"store {kind} {best}, ptr {self.slot}, align {self.dtype.itemsize}")
        w.do(f"store {places} {spot}, ptr {self.spot}, align 8")

    def _is_better(self, new: str, old: str) -> str:
        w, op = self.nest.writer, self.instr.op
        assert isinstance(op, Structural) and op.combine is not None
        better = op.combine.emit(w, self.dtype, BOOL, new, old)
        if self.dtype.kind != "f":
            return better
        kind = w.type(self.dtype)
        is_nan = w.line(f"fcmp uno {kind} {new}, {new}")
        was_none = w.line(f"fcmp ord {kind} {old}, {old}")
        return w.either(better, w.both(is_nan, was_none))

    def _first_place(self, lanes: Lanes) -> str:
        """Of the lanes' best elements the place of the first that is best, half by half."""
        w, width = self.nest.writer, lanes.width
        kind, places = lanes.type(self.dtype), self._places()
        best = w.line(f"load {kind}, ptr {self.slot}, align {self.dtype.itemsize}")
        spot = w.line(f"load {places}, ptr {self.spot}, align 8")
        half = width // 2
        while half:
            mask = ", ".join(f"i32 {(k + half) % width}" for k in range(width))
            new, there = (
                w.line(f"shufflevector {t} {x}, {t} poison, <{width} x i32> <{mask}>")
                for t, x in ((kind, best), (places, spot))
            )
            with w.in_lanes(width):
                better, worse = self._is_better(new, best), self._is_better(best, new)
                before = w.line(f"icmp ult {places} {there}, {spot}")
                first = w.select(worse, BOOL, lanes.literal("false", BOOL), before)
                taken = w.either(better, first)
                best = w.select(taken, self.dtype, new, best)
                spot = w.select(taken, INT64, there, spot)
            half //= 2
        return w.line(f"extractelement {places} {spot}, i64 0")

    def end(self, level: int) -> None:
        """After the loop of that level: store the result."""
        if level != self.level:
            return
        body, w = self.nest.body, self.nest.writer
        if self.long is not None:
            register = self.long.end()
        elif self.by_place and self.lanes is not None:
            register = self._first_place(self.lanes)
        elif self.by_place:
            register = w.line(f"load i64, ptr {self.spot}")
        else:
            register = self._joined()
        span = self.nest.span
        if math.prod(self.instr.shape) == 1:
            if span is None:
                body.registers[self.i] = register
            else:
                body.store(register, self._own(span), self.i)
            return
        target = self.nest.reader.target(Root(self.i), self.instr)
        assert target is not None
        body.store(register, self.nest.elements.place(self.i, target), self.i)


def combined(w: Writer, instr: Instr, x: str, y: str) -> str:
    """Two elements joined as a reduction does."""
    op = instr.op
    assert isinstance(op, Structural) and op.combine is not None
    if op is st.reduce_sum:
        # Sums may be reassociated, and so run in vector lanes.
        return w.plus(x, y, instr.dtype, "reassoc contract")
    return op.combine.emit(w, instr.dtype, instr.dtype, x, y)


def identity(op: Op, dtype: DType) -> str:
    """The neutral element of a reduction as a literal."""
    x = st.neutral(op, dtype)
    if dtype.kind == "c":
        return "zeroinitializer"
    if isinstance(x, bool):
        return "true" if x else "false"
    return float_literal(x) if dtype.kind == "f" else str(x)
