"""Registers of real numbers with operators, each of which writes an LLVM instruction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

from jitad.ir.op import DType


@final
@dataclass(frozen=True)
class Real:
    """A register of one real number, and arithmetic on it: each operator writes an instruction."""

    writer: Any
    dtype: DType
    register: str

    def _of(self, register: str) -> Real:
        return Real(self.writer, self.dtype, register)

    def like(self, other: Real | float) -> Real:
        """`other` as a register or a literal of this dtype."""
        if isinstance(other, Real):
            return other
        return self._of(self.writer.number(other, self.dtype))

    def _line(self, word: str, other: Real | float) -> Real:
        ty, y = self.writer.type(self.dtype), self.like(other).register
        return self._of(self.writer.line(f"{word} {ty} {self.register}, {y}"))

    def __add__(self, other: Real | float) -> Real:
        return self._line("fadd", other)

    def __sub__(self, other: Real | float) -> Real:
        return self._line("fsub", other)

    def __mul__(self, other: Real | float) -> Real:
        return self._line("fmul", other)

    def __truediv__(self, other: Real | float) -> Real:
        return self._line("fdiv", other)

    def __neg__(self) -> Real:
        return self._of(self.writer.line(f"fneg {self.writer.type(self.dtype)} {self.register}"))

    def call(self, name: str, *others: Real) -> Real:
        """The C library's function of this number and others."""
        registers = [x.register for x in (self, *others)]
        return self._of(self.writer.libm(name, self.dtype, *registers))

    def intrinsic(self, name: str, *others: Real | float) -> Real:
        """LLVM's function of this number and others."""
        registers = [self.like(x).register for x in (self, *others)]
        return self._of(self.writer.intrinsic(f"llvm.{name}", self.dtype, *registers))

    def size(self) -> Real:
        """Its absolute value."""
        return self.intrinsic("fabs")

    def signed_as(self, other: Real) -> Real:
        """It with the sign of `other`."""
        return self.intrinsic("copysign", other)

    def root(self) -> Real:
        """Its square root."""
        return self.intrinsic("sqrt")

    def test(self, predicate: str, other: Real | float) -> str:
        """A condition, by the word of LLVM's fcmp."""
        ty, y = self.writer.type(self.dtype), self.like(other).register
        return self.writer.line(f"fcmp {predicate} {ty} {self.register}, {y}")

    def where(self, condition: str, other: Real | float) -> Real:
        """It where the condition holds, else `other`."""
        y = self.like(other).register
        return self._of(self.writer.select(condition, self.dtype, self.register, y))

    def but(self, condition: str, other: Real | float) -> Real:
        """`other` where the condition holds, else it."""
        return self.like(other).where(condition, self)

    def is_endless(self) -> str:
        """Whether it is infinite."""
        return self.size().test("oeq", math.inf)

    def is_unbounded(self) -> str:
        """Whether it is infinite or NaN."""
        return self.size().test("ueq", math.inf)
