"""How elementwise ops are written in LLVM: emit(writer, operand dtype, result dtype, *registers).

The vocabulary is `Writer` of codegen/writer.py; each function returns the result's register.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from jitad.ir.op import BOOL, REAL_OF, DType

Emit = Callable[..., str]


def instruction(real: str, integer: str = "", boolean: str = "") -> Emit:
    """An LLVM instruction, by the kind of the operands."""
    names = {"f": real, "i": integer, "b": boolean or integer}

    def emit(w: Any, t: DType, r: DType, x: str, y: str) -> str:
        return w.line(f"{names[t.kind]} {w.type(t)} {x}, {y}")

    return emit


MULTIPLY = instruction("fmul", "mul", "and")
SUBTRACT = instruction("fsub", "sub")
DIVIDE = instruction("fdiv")


def by_parts(emit: Emit) -> Emit:
    """Of complex numbers, the parts one by one."""

    def emit_parts(w: Any, t: DType, r: DType, *xs: str) -> str:
        if t.kind != "c":
            return emit(w, t, r, *xs)
        part = REAL_OF[t]
        pairs = [w.parts(x, t) for x in xs]
        re, im = (emit(w, part, part, *(p[k] for p in pairs)) for k in (0, 1))
        return w.pair(re, im, t)

    return emit_parts


def emit_mul(w: Any, t: DType, r: DType, x: str, y: str) -> str:
    """Of complex numbers as C has it, without its recovery of infinities; NumPy does the same."""
    if t.kind != "c":
        return MULTIPLY(w, t, r, x, y)
    (a, b), (c, d), part = w.parts(x, t), w.parts(y, t), REAL_OF[t]
    re = SUBTRACT(w, part, part, MULTIPLY(w, part, part, a, c), MULTIPLY(w, part, part, b, d))
    im = w.plus(MULTIPLY(w, part, part, a, d), MULTIPLY(w, part, part, b, c), part)
    return w.pair(re, im, t)


def emit_bell(w: Any, t: DType, r: DType, x: str) -> str:
    """1 / cosh(x)^2 = 4 e / (1 + e)^2 with e = exp(-2 |x|), which never overflows."""
    kind = w.type(t)
    size = w.intrinsic("llvm.fabs", t, x)
    small = w.libm("exp", t, w.line(f"fmul {kind} {size}, {w.number(-2, t)}"))
    total = w.line(f"fadd {kind} {small}, {w.number(1, t)}")
    half = w.line(f"fdiv {kind} {w.number(2, t)}, {total}")
    return w.line(f"fmul {kind} {w.line(f'fmul {kind} {half}, {half}')}, {small}")


def emit_term(w: Any, t: DType, r: DType, x: str, y: str) -> str:
    """A product that LLVM may join with the addition to a sum over an array."""
    emit = _CONTRACTED if t.kind == "f" else emit_mul
    return emit(w, t, r, x, y)


_CONTRACTED = instruction("fmul contract")


def emit_equal(real: str, integer: str, joined: str) -> Emit:
    simple = compare(real, integer)

    def emit(w: Any, t: DType, r: DType, x: str, y: str) -> str:
        if t.kind != "c":
            return simple(w, t, r, x, y)
        part = REAL_OF[t]
        first, second = (
            simple(w, part, r, a, b) for a, b in zip(w.parts(x, t), w.parts(y, t), strict=True)
        )
        return w.line(f"{joined} i1 {first}, {second}")

    return emit


def emit_part(k: int) -> Emit:
    return lambda w, t, r, x: w.parts(x, t)[k]


def emit_conj(w: Any, t: DType, r: DType, x: str) -> str:
    re, im = w.parts(x, t)
    return w.pair(re, emit_neg(w, REAL_OF[t], REAL_OF[t], im), t)


def libm(name: str) -> Emit:
    """A call of the C library's function, of libmvec's where a loop is vectorised."""
    return lambda w, t, r, *xs: w.libm(name, t, *xs)


def intrinsic(name: str) -> Emit:
    return lambda w, t, r, *xs: w.intrinsic(f"llvm.{name}", t, *xs)


def compare(real: str, integer: str, boolean: str | None = None) -> Emit:
    names = {"f": f"fcmp {real}", "i": f"icmp {integer}", "b": f"icmp {boolean or integer}"}
    return lambda w, t, r, x, y: w.line(f"{names[t.kind]} {w.type(t)} {x}, {y}")


def emit_neg(w: Any, t: DType, r: DType, x: str) -> str:
    if t.kind == "f":
        return w.line(f"fneg {w.type(t)} {x}")
    return w.line(f"sub {w.type(t)} {w.number(0, t)}, {x}")


def emit_abs(w: Any, t: DType, r: DType, x: str) -> str:
    if t.kind == "f":
        return w.intrinsic("llvm.fabs", t, x)
    negative = w.line(f"icmp slt {w.type(t)} {x}, {w.number(0, t)}")
    return w.select(negative, t, emit_neg(w, t, t, x), x)


def emit_sign(w: Any, t: DType, r: DType, x: str) -> str:
    """-1, 0 or 1 of x's dtype; NaN stays NaN, and -0.0 becomes 0.0."""
    zero, one, minus = (w.number(k, t) for k in (0, 1, -1))
    greater, less = ("fcmp ogt", "fcmp olt") if t.kind == "f" else ("icmp sgt", "icmp slt")
    kept = w.select(w.line(f"fcmp uno {w.type(t)} {x}, {x}"), t, x, zero) if t.kind == "f" else x
    kept = w.select(w.line(f"{less} {w.type(t)} {x}, {zero}"), t, minus, kept)
    kept = w.select(w.line(f"{greater} {w.type(t)} {x}, {zero}"), t, one, kept)
    return kept


def emit_not(w: Any, t: DType, r: DType, x: str) -> str:
    return w.line(f"xor {w.type(t)} {x}, {w.number(-1 if t.kind == 'i' else True, t)}")


def extremum(real: str, integer: str) -> Emit:
    def emit(w: Any, t: DType, r: DType, x: str, y: str) -> str:
        if t.kind == "f":
            return w.intrinsic(f"llvm.{real}", t, x, y)
        if t.kind == "b":
            return w.line(f"{'or' if integer == 'sgt' else 'and'} {w.type(t)} {x}, {y}")
        return w.select(w.line(f"icmp {integer} {w.type(t)} {x}, {y}"), t, x, y)

    return emit


def emit_cast(w: Any, t: DType, r: DType, x: str) -> str:
    return w.cast(x, t, r)


def emit_where(w: Any, t: DType, r: DType, c: str, x: str, y: str) -> str:
    return w.select(c, r, x, y)


def emit_int_division(remainder: bool) -> Emit:
    """Python's floor division or modulo of integers; of zero it is 0, as in NumPy."""

    def emit(w: Any, t: DType, r: DType, x: str, y: str) -> str:
        ty, zero = w.type(t), w.number(0, t)
        for k in range(1, 8 * t.itemsize - 1):
            if y == w.number(1 << k, t) and t.kind == "i":
                if remainder:
                    return w.line(f"and {ty} {x}, {w.number((1 << k) - 1, t)}")
                return w.line(f"ashr {ty} {x}, {w.number(k, t)}")
        # x / 0 and min / -1 trap in hardware: both are divided by 1 instead.
        bad = w.line(f"icmp eq {ty} {y}, {zero}")
        minus = w.line(f"icmp eq {ty} {y}, {w.number(-1, t)}")
        safe = w.select(w.either(bad, minus), t, w.number(1, t), y)
        quotient, rest = w.line(f"sdiv {ty} {x}, {safe}"), w.line(f"srem {ty} {x}, {safe}")
        signs = w.line(f"icmp slt {ty} {w.line(f'xor {ty} {x}, {safe}')}, {zero}")
        inexact = w.line(f"icmp ne {ty} {rest}, {zero}")
        down = w.both(signs, inexact)
        if remainder:
            result = w.select(down, t, w.line(f"add {ty} {rest}, {safe}"), rest)
            return w.select(w.either(bad, minus), t, zero, result)
        result = w.select(down, t, w.line(f"sub {ty} {quotient}, {w.number(1, t)}"), quotient)
        result = w.select(minus, t, emit_neg(w, t, t, x), result)
        return w.select(bad, t, zero, result)

    return emit


def classify(w: Any, t: DType, x: str, predicate: str) -> str:
    if t.kind != "f":
        return w.number(predicate == "one", BOOL)
    size, bound = w.intrinsic("llvm.fabs", t, x), w.number(math.inf, t)
    return w.line(f"fcmp {predicate} {w.type(t)} {size}, {bound}")


def emit_isfinite(w: Any, t: DType, r: DType, x: str) -> str:
    return classify(w, t, x, "one")


def emit_isinf(w: Any, t: DType, r: DType, x: str) -> str:
    return classify(w, t, x, "oeq")


def emit_isnan(w: Any, t: DType, r: DType, x: str) -> str:
    return w.line(f"fcmp uno {w.type(t)} {x}, {x}") if t.kind == "f" else w.number(False, BOOL)


def emit_signbit(w: Any, t: DType, r: DType, x: str) -> str:
    bits = {8: "i64", 4: "i32"}[t.itemsize]
    raw = w.line(f"bitcast {w.type(t)} {x} to {w.wide(bits)}") if t.kind == "f" else x
    return w.line(f"icmp slt {w.wide(bits)} {raw}, zeroinitializer")


def emit_unit(w: Any, t: DType, r: DType, x: str, size: str) -> str:
    """x / size, and 0 where the size is 0."""
    zero = w.number(0, t)
    origin = w.line(f"fcmp oeq {w.type(t)} {size}, {zero}")
    return w.select(origin, t, zero, DIVIDE(w, t, r, x, size))
