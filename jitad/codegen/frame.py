"""What surrounds a control op in a function: its operands, and where its results belong."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jitad.codegen.body import Body
from jitad.ir.op import DType, Shape
from jitad.ops.control import part


class Frame:
    """The operands of one control op, and the instructions that take its results out."""

    def __init__(self, body: Body, index: int) -> None:
        self.body = body
        self.instr = body.tape.instrs[index]
        self.parts: dict[int, list[int]] = {}
        for i, instr in enumerate(body.tape.instrs):
            if instr.op is part and instr.args[0] == index:
                self.parts.setdefault(instr.params[0], []).append(i)

    def operand(self, j: int) -> str:
        """An operand's register, or the pointer of an array."""
        is_array = self.body.tape.instrs[j].shape
        return self.body.pointer(j) if is_array else self.body.scalar(j)

    def exchanged(
        self, operands: Sequence[int], results: Sequence[int], first: int = 0
    ) -> set[str]:
        """The parameters of a region whose memory is exchanged.

        From input `first` on it takes these operands, and its outputs are these results.
        """
        body = self.body
        inputs = {f"in{k}" for k, j in enumerate(operands, first) if body.is_exchanged(j)}
        homes = [self._stored(k)[:1] for k in results]
        return inputs | {
            f"out{k}" for k, home in enumerate(homes) if any(map(body.is_exchanged, home))
        }

    def in_place(self, first: int) -> dict[int, int]:
        """The results that are in the memory of an operand, and its place from the first on."""
        storage = self.body.program.storage
        homes = {storage.get(j, j): p for p, j in enumerate(self.instr.args[first:])}
        found = {k: storage[i] for k in self.parts for i in self._stored(k)}
        return {k: homes[home] for k, home in found.items() if home in homes}

    def _stored(self, k: int) -> list[int]:
        """The instructions for array result k that have memory."""
        return [i for i in self.parts.get(k, ()) if i in self.body.program.storage]

    def keep(self, k: int, register: str) -> None:
        """Scalar result k."""
        for i in self.parts.get(k, ()):
            self.body.registers[i] = register

    def memory(self, k: int, size: int) -> str:
        """Where array result k, of that many bytes, is to be computed."""
        for i in self._stored(k):
            return self.body.pointer(i)
        return self.body.scratch(size)

    def store(self, k: int, pointer: str, size: int) -> None:
        """Array result k stands at a pointer, where `memory` said; who reads it twice gets copies.

        An array of one element becomes a register.
        """
        stored = self._stored(k)
        for i in stored[1:]:
            self.body.writer.copy(self.body.pointer(i), pointer, size)
        for i in self.parts.get(k, ()):
            if i not in stored:
                self.body.registers[i] = self.body.load(pointer, i)

    def home(self, k: int, shape: Shape, dtype: DType) -> str:
        """Where a result of that type is to be written: of a scalar a stack slot."""
        size = math.prod(shape) * dtype.itemsize
        return self.memory(k, size) if shape else self.body.alloca("i64", 2)

    def take(self, k: int, home: str, shape: Shape, dtype: DType) -> None:
        """Result k has been written to its home."""
        if shape:
            self.store(k, home, math.prod(shape) * dtype.itemsize)
        else:
            self.keep(k, self.body.read(home, dtype))
