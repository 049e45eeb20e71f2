"""Numbers of one dtype -> another, as NumPy's astype converts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jitad.ir.op import BOOL, FLOAT32, INT32, INT64, REAL_OF, STORED, DType

if TYPE_CHECKING:
    from jitad.codegen.writer import Writer

HALF: DType = np.dtype(np.float16)
_UINT64: DType = np.dtype(np.uint64)


def cast(w: Writer, x: str, source: DType, target: DType) -> str:
    """Conversion between dtypes, as NumPy's astype."""
    if source == target:
        return x
    if "c" in (source.kind, target.kind):
        return _cast_complex(w, x, source, target)
    if source == HALF:
        return cast(w, _from_half(w, x), FLOAT32, target)
    if target == _UINT64 and source.kind == "f":
        return _saturating(w, x, source, target)
    if target in STORED and source.kind == "f":
        source, x = INT64, _saturating(w, x, source, INT64)
    a, b = w.type(source), w.type(target)
    if target.kind == "b":
        compare = "fcmp une" if source.kind == "f" else "icmp ne"
        return w.line(f"{compare} {a} {x}, {w.number(0, source)}")
    if source.kind == "f" and target.kind == "f":
        word = "fpext" if target.itemsize > source.itemsize else "fptrunc"
    elif source.kind == "f":
        return _saturating(w, x, source, target)
    elif target.kind == "f":
        word = "uitofp" if source.kind in "bu" else "sitofp"
    elif target.itemsize == source.itemsize and source.kind != "b":
        return x
    elif source.kind == "b":
        word = "zext"
    elif target.itemsize > source.itemsize:
        word = "zext" if source.kind == "u" else "sext"
    else:
        word = "trunc"
    return w.line(f"{word} {a} {x} to {b}")


def _from_half(w: Writer, x: str) -> str:
    """The bits of a half as a float: exponent and mantissa shifted, the exponent rebased."""
    short, word, real = (w.wide(kind) for kind in ("i16", "i32", "float"))

    def number(n: int) -> str:
        return w.number(n, INT32)

    bits = w.line(f"zext {short} {x} to {word}")
    size = w.line(f"and {word} {bits}, {number(0x7FFF)}")
    moved = w.line(f"shl {word} {size}, {number(13)}")
    finite = w.line(f"bitcast {word} {moved} to {real}")
    scaled = w.line(f"fmul {real} {finite}, {w.number(2.0**112, FLOAT32)}")
    rebased = w.line(f"bitcast {real} {scaled} to {word}")
    infinite = w.line(f"or {word} {moved}, {number(0x7F800000)}")
    beyond = w.line(f"icmp uge {word} {size}, {number(0x7C00)}")
    kept = w.select(beyond, INT32, infinite, rebased)
    sign = w.line(f"shl {word} {w.line(f'and {word} {bits}, {number(0x8000)}')}, {number(16)}")
    return w.line(f"bitcast {word} {w.line(f'or {word} {kept}, {sign}')} to {real}")


def _cast_complex(w: Writer, x: str, source: DType, target: DType) -> str:
    """To complex with imaginary part 0; from complex the real part, or whether it is not 0."""
    if source.kind != "c":
        part = REAL_OF[target]
        return w.pair(cast(w, x, source, part), w.number(0, part), target)
    re, im = w.parts(x, source)
    part = REAL_OF[source]
    if target.kind == "c":
        into = REAL_OF[target]
        return w.pair(cast(w, re, part, into), cast(w, im, part, into), target)
    if target.kind == "b":
        return w.either(cast(w, re, part, BOOL), cast(w, im, part, BOOL))
    return cast(w, re, part, target)


def _saturating(w: Writer, x: str, source: DType, target: DType) -> str:
    """Floating point to integer without undefined behaviour outside of the range."""
    a, b = w.type(source), w.type(target)
    word = "fptoui" if target.kind == "u" else "fptosi"
    name = f"llvm.{word}.sat.{w._suffix(target)}.{w._suffix(source)}"
    w.declarations[name] = f"declare {b} @{name}({a})"
    return w.line(f"call {b} @{name}({a} {x})")
