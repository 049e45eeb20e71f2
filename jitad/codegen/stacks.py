"""Stacks of rows that the turns of a loop write: in memory of a known size, or growing together.

Stacks that grow stand in one table, so that there is as much code for many of them as for one. They
begin in the arena: a loop of few turns within a loop would else ask for memory in each of those.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jitad.codegen.frame import Frame
from jitad.codegen.status import OUT_OF_MEMORY
from jitad.ir.tape import Instr

_FEW, _SMALL = 64, 2048
"""The rows, and the bytes of a stack, for which there is room before any memory is asked for."""


class Stacks:
    """All stacks of one loop: result `first` of it and those after; `count` are its turns."""

    def __init__(
        self, frame: Frame, index: int, first: int, rows: Sequence[Instr], count: int | None
    ) -> None:
        self.frame = frame
        self.body = frame.body
        self.index = index
        self.first = first
        self.bytes = [max(1, math.prod(row.shape) * row.dtype.itemsize) for row in rows]
        self.grows = count is None and bool(rows)
        if self.grows:
            self._begin()
        elif count is not None:
            self.sizes = [count * size for size in self.bytes]
            self.memory = [frame.memory(k, size) for k, size in enumerate(self.sizes, first)]

    def _begin(self) -> None:
        """The stacks are in the arena, and none is in memory of its own."""
        body, w = self.body, self.body.writer
        self.own = body.table(len(self.bytes))
        self.table = body.alloca("ptr", len(self.bytes))
        self.few = min(_FEW, _SMALL // max(self.bytes))
        for k, size in enumerate(self.bytes):
            start = body.scratch(self.few * size) if self.few else "null"
            w.do(f"store ptr {start}, ptr {w.offset(self.table, 8 * k)}")
        self.room = body.alloca("i64")
        w.do(f"store i64 {self.few}, ptr {self.room}")

    def rows(self, place: str) -> list[str]:
        """Where the rows of a turn are written."""
        w = self.body.writer
        if self.grows:
            self._grow(place)
        far = {n: w.line(f"mul nuw nsw i64 {place}, {n}") for n in sorted(set(self.bytes))}
        return [w.offset(self._start(k), far[n]) for k, n in enumerate(self.bytes)]

    def _start(self, k: int) -> str:
        if not self.grows:
            return self.memory[k]
        return self.body.writer.line(f"load ptr, ptr {self.body.writer.offset(self.table, 8 * k)}")

    def _grow(self, place: str) -> None:
        """Make room for twice as many rows, where there is none for this one."""
        w = self.body.writer
        w.need_host("realloc")
        w.declarations["realloc"] = "declare ptr @realloc(ptr, i64)"
        room = w.line(f"load i64, ptr {self.room}")
        full, grow, enough = w.line(f"icmp sge i64 {place}, {room}"), w.fresh(), w.fresh()
        w.do(f"br i1 {full}, label %{grow}, label %{enough}{w.noted('prof')}")
        w.label(grow)
        wanted = w.line(f"add i64 {w.line(f'mul i64 {place}, 2')}, 64")
        with self._each() as (slot, own, row):
            size = w.line(f"mul i64 {wanted}, {row}")
            old = w.line(f"load ptr, ptr {own}")
            new = w.line(f"call ptr @realloc(ptr {old}, i64 {size})")
            failed = w.line(f"icmp eq ptr {new}, null")
            self.body.leave_where(failed, OUT_OF_MEMORY, self.index)
            if self.few:
                self._move(old, new, slot, row)
            w.do(f"store ptr {new}, ptr {own}")
            w.do(f"store ptr {new}, ptr {slot}")
        w.do(f"store i64 {wanted}, ptr {self.room}")
        w.do(f"br label %{enough}")
        w.label(enough)

    def _move(self, old: str, new: str, slot: str, row: str) -> None:
        """Copy the first rows from the arena, where there was no memory before."""
        w = self.body.writer
        first = w.line(f"icmp eq ptr {old}, null")
        size = w.line(f"mul i64 {row}, {self.few}")
        size = w.line(f"select i1 {first}, i64 {size}, i64 0")
        w.copy(new, w.line(f"load ptr, ptr {slot}"), size)

    @contextmanager
    def _each(self) -> Iterator[tuple[str, str, str]]:
        """Once for each stack: its places in the two tables, and the bytes of a row."""
        w, count = self.body.writer, len(self.bytes)
        name = w.fresh("rows")
        numbers = ", ".join(f"i64 {size}" for size in self.bytes)
        w.globals.append(f"@{name} = private constant [{count} x i64] [{numbers}]")
        with self.body.each(count) as far:
            row = w.line(f"load i64, ptr {w.offset(f'@{name}', far)}")
            yield w.offset(self.table, far), w.offset(self.own, far), row

    def finish(self) -> None:
        """After the loop: the stacks are where their readers look for them."""
        for k in range(len(self.bytes)):
            if not self.grows:
                self.frame.store(self.first + k, self.memory[k], self.sizes[k])
                continue
            for i in self.frame.parts.get(self.first + k, ()):
                self.body.pointers[i] = self._start(k)
