"""Long sums -> sums of stretches: each is added up by itself, and rounding errors are kept aside.

One running sum of n numbers loses log2(n) / 2 bits or more; NumPy adds in pairs. The sums of
stretches are few, and s + x is added to them with what its rounding lost (Knuth, The Art of
Computer Programming, vol. 2, 4.2.2, theorem B).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jitad.codegen.body import Body
from jitad.codegen.span import Partials, Span
from jitad.codegen.writer import Writer
from jitad.ir.op import REAL_OF, DType
from jitad.ir.tape import Instr
from jitad.ops import structural as st

if TYPE_CHECKING:
    from jitad.codegen.accumulator import Accumulator
    from jitad.codegen.nest import NestEmitter

STRETCH = 1 << 14
"""Turns of a stretch: what is done between two takes no part of the time that can be measured."""


def stretched(nest: NestEmitter, instr: Instr, first: int) -> int | None:
    """The level of the loop whose stretches make up a sum from level `first` on, if it is long."""
    if instr.op is not st.reduce_sum or instr.dtype.kind not in "fc" or nest.span is not None:
        return None
    levels = [level for level, (_, count) in enumerate(nest.loops()) if count > 2 * STRETCH]
    return next((level for level in reversed(levels) if level >= first), None)


@contextmanager
def stretches(
    nest: NestEmitter, level: int, active: Sequence[Accumulator]
) -> Iterator[Span | None]:
    """The turns of a loop: all, those of a thread, or of a long sum one stretch after another."""
    sums = [a for a in active if a.long is not None and a.stretched == level]
    if not sums:
        yield nest.span if level == 0 else None
        return
    w, count = nest.writer, nest.turns(level)
    number = -(-count // STRETCH) if isinstance(count, int) else _divided(w, count)
    name = "llvm.umin.i64"
    w.declarations[name] = f"declare i64 @{name}(i64, i64)"
    with w.counted(number) as turn:
        start = w.line(f"mul nuw nsw i64 {turn}, {STRETCH}")
        full = w.line(f"add nuw nsw i64 {start}, {STRETCH}")
        stop = w.line(f"call i64 @{name}(i64 {full}, i64 {count})")
        for a in sums:
            a.restart()
        yield Span(start, stop, "", None, Partials({}, 0))
        for a in sums:
            a.set_aside()


def _divided(w: Writer, count: str) -> str:
    """How many stretches so many turns are."""
    return w.line(f"udiv i64 {w.line(f'add i64 {count}, {STRETCH - 1}')}, {STRETCH}")


class LongSum:
    """The sum of stretches and, beside it, what rounding has lost of it."""

    def __init__(self, body: Body, dtype: DType) -> None:
        self.writer: Writer = body.writer
        self.dtype = dtype
        self.part = REAL_OF.get(dtype, dtype)
        kind = self.writer.type(self.part)
        count = 2 if dtype.kind == "c" else 1
        self.slots = [(body.alloca(kind), body.alloca(kind)) for _ in range(count)]

    def begin(self) -> None:
        """The sum of nothing."""
        for total, lost in self.slots:
            for slot in (total, lost):
                self.writer.do(f"store {self.writer.type(self.part)} 0.0, ptr {slot}")

    def take(self, register: str) -> None:
        """One more stretch."""
        w = self.writer
        parts = w.parts(register, self.dtype) if self.dtype.kind == "c" else (register,)
        for x, (total, lost) in zip(parts, self.slots, strict=True):
            self._add(x, total, lost)

    def _add(self, x: str, total: str, lost: str) -> None:
        w, kind = self.writer, self.writer.type(self.part)

        def minus(a: str, b: str) -> str:
            return w.line(f"fsub {kind} {a}, {b}")

        s = w.line(f"load {kind}, ptr {total}")
        new = w.plus(s, x, self.part)
        of_x = minus(new, s)
        error = w.plus(minus(s, minus(new, of_x)), minus(x, of_x), self.part)
        known = w.line(f"load {kind}, ptr {lost}")
        w.do(f"store {kind} {w.plus(known, error, self.part)}, ptr {lost}")
        w.do(f"store {kind} {new}, ptr {total}")

    def end(self) -> str:
        """The register of the sum; what is lost of an infinity or NaN is left out."""
        w, kind = self.writer, self.writer.type(self.part)
        parts: list[str] = []
        for total, lost in self.slots:
            s, error = w.line(f"load {kind}, ptr {total}"), w.line(f"load {kind}, ptr {lost}")
            exact = w.line(f"fcmp ord {kind} {error}, {error}")
            error = w.select(exact, self.part, error, w.number(0, self.part))
            parts.append(w.plus(s, error, self.part))
        return w.pair(parts[0], parts[1], self.dtype) if len(parts) == 2 else parts[0]
