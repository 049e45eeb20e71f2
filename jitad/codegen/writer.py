"""LLVM instructions as text: the small vocabulary in which ops say how they are emitted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from jitad.codegen.casts import HALF, cast
from jitad.codegen.exponential import exponential
from jitad.codegen.external import external
from jitad.codegen.hints import NOTES, hint
from jitad.codegen.literals import float_literal
from jitad.codegen.vector_math import has_fma, vector_variants
from jitad.ir.errors import CompileError
from jitad.ir.op import (
    BOOL,
    COMPLEX64,
    COMPLEX128,
    FLOAT32,
    FLOAT64,
    INT32,
    INT64,
    REAL_OF,
    STORED,
    DType,
)
from jitad.ir.tape import Instr

TYPES: dict[DType, str] = {
    FLOAT64: "double",
    FLOAT32: "float",
    COMPLEX128: "{ double, double }",
    COMPLEX64: "{ float, float }",
    INT64: "i64",
    INT32: "i32",
    BOOL: "i1",
    **{dtype: f"i{8 * dtype.itemsize}" for dtype in STORED},
}


_ARITHMETIC = re.compile(
    "^(fadd|fsub|fmul|fdiv|fneg|call)(?: reassoc| contract)* (?=<|double|float)"
)
"""What `fastmath` applies to: not comparisons, by which NaN is told."""


class Writer:
    """The text of one function body: instructions, and what must be declared for them.

    `uniform` has functions of numbers computed as those of vectors are, outside of a nest's loops;
    `calls` that long arithmetic stands once in the text, and is called.
    """

    def __init__(
        self,
        *,
        fast: bool = False,
        device: bool = False,
        uniform: bool = False,
        calls: bool = False,
    ) -> None:
        self.fast = fast
        self.uniform = uniform
        self.calls = calls
        self.device = device
        self.lines: list[str] = []
        self.declarations: dict[str, str] = {}
        self.attributes: dict[str, str] = {}
        self.kept: list[str] = []
        self.globals: list[str] = []
        self.routines: set[str] = set()
        self.metadata: list[str] = []
        self.kept_objects: list[object] = []
        self.reported: list[Instr] = []
        self.words: list[int] = []
        self.remarks: list[str] = []
        self.notes: dict[str, str] = {}
        self.count = 0
        self.lanes = 1
        self.in_loop = False

    # -- registers, blocks -------------------------------------------------------------------------

    def fresh(self, stem: str = "t") -> str:
        """A new name."""
        self.count += 1
        return f"{stem}{self.count}"

    def line(self, text: str) -> str:
        """An instruction with a result; its register."""
        self.count += 1
        register = f"%t{self.count}"
        if self.fast:
            text = _ARITHMETIC.sub(r"\1 fast ", text)
        self.lines.append(f"  {register} = {text}")
        return register

    def do(self, text: str) -> None:
        """An instruction without a result."""
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        """Start a basic block."""
        self.lines.append(f"{name}:")

    @contextmanager
    def counted(
        self, count: int | str, width: int = 1, interleaved: int = 0, unrolled: bool = False
    ) -> Iterator[str]:
        """A loop that runs `count` times, which is at least 1; its counter.

        LLVM makes vectors of `width` turns, if it can, or writes turns out, if it is told to.
        """
        before, head, latch, after = (self.fresh(s) for s in ("pre", "loop", "latch", "done"))
        counter, following = self.fresh("i"), self.fresh("i")
        self.do(f"br label %{before}")
        self.label(before)
        self.do(f"br label %{head}")
        self.label(head)
        self.do(f"%{counter} = phi i64 [ 0, %{before} ], [ %{following}, %{latch} ]")
        first = len(self.lines)
        yield f"%{counter}"
        hints = self.hints(width, interleaved, self.lines[first:], unrolled)
        self.do(f"br label %{latch}")
        self.label(latch)
        self.do(f"%{following} = add nuw nsw i64 %{counter}, 1")
        finished = self.line(f"icmp eq i64 %{following}, {count}")
        self.do(f"br i1 {finished}, label %{after}, label %{head}{hints}")
        self.label(after)

    # -- types and numbers -------------------------------------------------------------------------

    @contextmanager
    def in_lanes(self, count: int) -> Iterator[None]:
        """Within the block, registers are vectors of that many real numbers or conditions."""
        self.lanes, before = count, self.lanes
        yield
        self.lanes = before

    def type(self, t: DType) -> str:
        """The LLVM type of a register."""
        return self.wide(TYPES[t])

    def wide(self, scalar: str) -> str:
        """An LLVM scalar type as the type of a register."""
        return scalar if self.lanes == 1 else f"<{self.lanes} x {scalar}>"

    def number(self, x: Any, t: DType) -> str:
        """A literal, in every lane."""
        literal = self._literal(x, t)
        return literal if self.lanes == 1 else f"splat ({TYPES[t]} {literal})"

    def _literal(self, x: Any, t: DType) -> str:
        if t == HALF:
            return str(np.asarray(x, t).view(np.int16).item())
        if t.kind == "f":
            return float_literal(float(np.asarray(x, t)))
        if t.kind == "c":
            z, part = complex(x), REAL_OF[t]
            kind = TYPES[part]
            return f"{{ {kind} {self.number(z.real, part)}, {kind} {self.number(z.imag, part)} }}"
        if t.kind == "b":
            return "true" if x else "false"
        return str(int(x))

    # -- memory ------------------------------------------------------------------------------------

    def offset(self, pointer: str, bytes_: int | str) -> str:
        """A pointer that many bytes further on."""
        return self.line(f"getelementptr i8, ptr {pointer}, i64 {bytes_}")

    def clear(self, pointer: str, size: int) -> None:
        """Set `size` bytes to zero."""
        name = "llvm.memset.p0.i64"
        self.declarations[name] = f"declare void @{name}(ptr, i8, i64, i1)"
        self.do(f"call void @{name}(ptr {pointer}, i8 0, i64 {size}, i1 false)")

    def copy(self, target: str, source: str, size: int | str) -> None:
        """Copy `size` bytes, a number or a register."""
        name = "llvm.memcpy.p0.p0.i64"
        self.declarations[name] = f"declare void @{name}(ptr, ptr, i64, i1)"
        self.do(f"call void @{name}(ptr {target}, ptr {source}, i64 {size}, i1 false)")

    # -- the vocabulary of the op table ------------------------------------------------------------

    def parts(self, x: str, t: DType) -> tuple[str, str]:
        """The real and the imaginary part of a complex number."""
        ty = self.type(t)
        return self.line(f"extractvalue {ty} {x}, 0"), self.line(f"extractvalue {ty} {x}, 1")

    def pair(self, re: str, im: str, t: DType) -> str:
        """The complex number of dtype t with these parts."""
        ty, part = self.type(t), self.type(REAL_OF[t])
        half = self.line(f"insertvalue {ty} poison, {part} {re}, 0")
        return self.line(f"insertvalue {ty} {half}, {part} {im}, 1")

    def plus(self, x: str, y: str, t: DType, flags: str = "") -> str:
        """x + y, of any numbers."""
        if t.kind == "c":
            (a, b), (c, d), part = self.parts(x, t), self.parts(y, t), REAL_OF[t]
            return self.pair(self.plus(a, c, part, flags), self.plus(b, d, part, flags), t)
        word = f"fadd {flags}".rstrip() if t.kind == "f" else "add" if t.kind == "i" else "or"
        return self.line(f"{word} {self.type(t)} {x}, {y}")

    def select(self, c: str, t: DType, x: str, y: str) -> str:
        """c ? x : y."""
        if t.kind == "c":
            # By parts: LLVM's loop vectoriser gives up on a select of a pair.
            (a, b), (u, v), part = self.parts(x, t), self.parts(y, t), REAL_OF[t]
            return self.pair(self.select(c, part, a, u), self.select(c, part, b, v), t)
        ty = self.type(t)
        return self.line(f"select {self.type(BOOL)} {c}, {ty} {x}, {ty} {y}")

    def both(self, x: str, y: str) -> str:
        """x and y, of conditions."""
        return self.line(f"and {self.type(BOOL)} {x}, {y}")

    def either(self, x: str, y: str) -> str:
        """x or y, of conditions."""
        return self.line(f"or {self.type(BOOL)} {x}, {y}")

    def intrinsic(self, name: str, t: DType, *xs: str) -> str:
        """An LLVM intrinsic that is overloaded on one type."""
        check_real(name, t)
        ty = self.type(t)
        full = f"{name}.{self._suffix(t)}"
        self.declarations[full] = f"declare {ty} @{full}({', '.join([ty] * len(xs))})"
        return self.line(f"call {ty} @{full}({', '.join(f'{ty} {x}' for x in xs)})")

    def _suffix(self, t: DType) -> str:
        """How intrinsics name the type of a register."""
        lanes = "" if self.lanes == 1 else f"v{self.lanes}"
        return lanes + {"double": "f64", "float": "f32"}.get(TYPES[t], TYPES[t])

    def libm(self, name: str, t: DType, *xs: str) -> str:
        """A function of the C library, by the name of its double version."""
        check_real(name, t)
        as_vectors = self.uniform or self.in_loop or self.lanes > 1
        if name == "exp" and as_vectors and not self.device and has_fma():
            return self._called(exponential, t, *xs) if self.calls else exponential(self, t, *xs)
        if self.lanes > 1:
            return self._vector_libm(name, t, xs)
        if self.uniform and not self.in_loop:
            variants = vector_variants(name if t == FLOAT64 else f"{name}f", len(xs))
            if variants:
                return self._in_first_lane(variants[0].lanes, name, t, xs)
        ty = self.type(t)
        full = name if t == FLOAT64 else f"{name}f"
        if self.device:
            full = f"__nv_{full}"  # libdevice's name
        self.declarations[full] = f"declare {ty} @{full}({', '.join([ty] * len(xs))}) #0"
        call = f"call {ty} @{full}({', '.join(f'{ty} {x}' for x in xs)})"
        return self.line(call if self.device else call + self._vector_attribute(full, len(xs), ty))

    def _in_first_lane(self, count: int, name: str, t: DType, xs: tuple[str, ...]) -> str:
        """A number's function by that of vectors, all lanes of which have the number."""
        scalar, kind = TYPES[t], f"<{count} x {TYPES[t]}>"
        vectors: list[str] = []
        for x in xs:
            one = self.line(f"insertelement {kind} poison, {scalar} {x}, i64 0")
            zeros = f"<{count} x i32> zeroinitializer"
            vectors.append(self.line(f"shufflevector {kind} {one}, {kind} poison, {zeros}"))
        with self.in_lanes(count):
            result = self.libm(name, t, *vectors)
        return self.line(f"extractelement {kind} {result}, i64 0")

    def _vector_libm(self, name: str, t: DType, xs: tuple[str, ...]) -> str:
        """libmvec's version for as many lanes; else each lane's number by itself."""
        full = name if t == FLOAT64 else f"{name}f"
        for variant in vector_variants(full, len(xs)):
            if variant.lanes == self.lanes:
                ty = self.type(t)
                kinds = ", ".join([ty] * len(xs))
                self.declarations[variant.symbol] = f"declare {ty} @{variant.symbol}({kinds}) #0"
                operands = ", ".join(f"{ty} {x}" for x in xs)
                return self.line(f"call {ty} @{variant.symbol}({operands})")
        return self._by_lanes(t, lambda *each: self.libm(name, t, *each), xs)

    def _by_lanes(self, t: DType, function: Callable[..., str], xs: tuple[str, ...]) -> str:
        """A function of numbers of dtype t, of each lane by itself."""
        ty, scalar, lanes = self.type(t), TYPES[t], self.lanes
        result = "poison"
        for k in range(lanes):
            each = [self.line(f"extractelement {ty} {x}, i64 {k}") for x in xs]
            with self.in_lanes(1):
                y = function(*each)
            result = self.line(f"insertelement {ty} {result}, {scalar} {y}, i64 {k}")
        return result

    def external(
        self, module: str, name: str, t: DType, *xs: str, result: int = 0, whole: bool = False
    ) -> str:
        """A function of a Cython module, in double precision; `result` is which of several.

        `whole` asks for the overload that takes integers.
        """
        self.need_host(name)
        function = external(module, name, len(xs), result, whole)
        self.declarations[function.target] = function.declaration
        if "fptosi.sat" in function.text:
            kind = "llvm.fptosi.sat.i64.f64"
            self.declarations[kind] = f"declare i64 @{kind}(double)"
        return self.defined(function.name, function.text, t, *xs)

    def defined(self, name: str, text: str, t: DType, *xs: str) -> str:
        """A function of doubles that is written in LLVM itself: its name and its text."""
        self.need_host(name)
        if text not in self.globals:
            self.globals.append(text)
        if self.lanes > 1:
            return self._by_lanes(t, lambda *each: self.defined(name, text, t, *each), xs)
        wide = ", ".join(f"double {self.cast(x, t, FLOAT64)}" for x in xs)
        return self.cast(self.line(f"call double @{name}({wide})"), FLOAT64, t)

    def _called(self, emit: Callable[..., str], t: DType, x: str) -> str:
        """What `emit` writes, as a function of its own."""
        ty = self.type(t)
        name = f"{emit.__name__}_{self._suffix(t)}"
        if name not in self.routines:
            self.routines.add(name)
            self.lines, before = [], self.lines
            self.do(f"ret {ty} {emit(self, t, '%x')}")
            lines = "\n".join(self.lines)
            self.globals.append(f"define internal {ty} @{name}({ty} %x) nounwind {{\n{lines}\n}}")
            self.lines = before
        return self.line(f"call {ty} @{name}({ty} {x})")

    def need_host(self, name: str) -> None:
        """An error where this code is for a GPU, which has no such function."""
        if self.device:
            raise CompileError(
                f"there is no GPU version of the function {name}",
                remedy='compute it on the host, with target="cpu"',
            )

    def _vector_attribute(self, name: str, arity: int, scalar: str) -> str:
        """Tell the loop vectoriser of libmvec's versions of a function, and declare them."""
        variants = vector_variants(name, arity)
        if not variants:
            return ""
        for variant in variants:
            ty = f"<{variant.lanes} x {scalar}>"
            self.declarations[variant.symbol] = (
                f"declare {ty} @{variant.symbol}({', '.join([ty] * arity)})"
            )
            if variant.symbol not in self.kept:
                self.kept.append(variant.symbol)
        text = ",".join(variant.mangled for variant in variants)
        number = self.attributes.setdefault(text, f"#{len(self.attributes) + 1}")
        return f" {number}"

    def cast(self, x: str, source: DType, target: DType) -> str:
        """Conversion between dtypes, as NumPy's astype."""
        return cast(self, x, source, target)

    def hints(
        self, width: int, interleaved: int, lines: Iterable[str], unrolled: bool = True
    ) -> str:
        """Metadata for the branch that closes a loop of these lines: of how many turns LLVM makes
        vectors, if it can, how many of them it interleaves (0: it knows), whether it writes turns
        out."""
        return "" if self.device else hint(self.metadata, width, interleaved, lines, unrolled)

    def noted(self, kind: str) -> str:
        """Metadata of `NOTES` for an instruction."""
        if kind not in self.notes:
            self.notes[kind] = f", !{kind} !{len(self.metadata)}"
            self.metadata.append(f"!{len(self.metadata)} = {NOTES[kind]}")
        return self.notes[kind]

    # -- the module --------------------------------------------------------------------------------

    def module(self, functions: Iterable[str]) -> str:
        """The text of a module: globals, functions, declarations, attributes."""
        parts = [*self.globals]
        if self.kept:
            names = ", ".join(f"ptr @{name}" for name in self.kept)
            parts.append(
                f"@llvm.compiler.used = appending global [{len(self.kept)} x ptr] [{names}], "
                'section "llvm.metadata"'
            )
        parts += [*functions, *self.declarations.values()]
        parts.append("attributes #0 = { nounwind willreturn memory(none) }")
        for text, number in self.attributes.items():
            parts.append(
                f"attributes {number} = {{ nounwind willreturn memory(none) "
                f'"vector-function-abi-variant"="{text}" }}'
            )
        return "\n".join([*parts, *self.metadata]) + "\n"


def check_real(name: str, t: DType) -> None:
    """LLVM would end the process where a function of real numbers is given others."""
    if t.kind != "f":
        raise CompileError(f"{name} is a function of floating point, and its operand is {t}")
