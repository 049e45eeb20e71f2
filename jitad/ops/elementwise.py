"""The elementwise ops: name, NumPy's function, how it is emitted, elemental partials, test domain.

Mathematics in the rules: operands x, y; result v. Conventions at kinks are JAX's: ties in
maximum and minimum share equally, abs'(0) = 0. Sources of the formulas: Abramowitz & Stegun,
Handbook of Mathematical Functions, chapters 4 (elementary functions) and 3.6 (power).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.ir.errors import ShapeError
from jitad.ir.op import (
    BOOL,
    COMPLEX_OF,
    REAL_OF,
    DType,
    Elementwise,
    Mask,
    RealLinear,
    Rule,
    Shape,
    register,
)

REAL = (-3.0, 3.0)
POSITIVE = (0.1, 4.0)
UNIT = (-0.9, 0.9)
INTEGER = (-9, 9)
TRUTH = (False, True)
COMPLEX = (-3.0 - 3.0j, 3.0 + 3.0j)


# -- types -----------------------------------------------------------------------------------------


def _same(*operands: Any) -> tuple[Shape, DType]:
    first = operands[0]
    for other in operands[1:]:
        if other.shape != first.shape or other.dtype != first.dtype:
            raise ShapeError(f"operands of {first.shape} {first.dtype} and {other.shape}")
    return first.shape, first.dtype


def _boolean(*operands: Any) -> tuple[Shape, DType]:
    return _same(*operands)[0], BOOL


def _chosen(c: Any, x: Any, y: Any) -> tuple[Shape, DType]:
    if c.shape != x.shape:
        raise ShapeError(f"a condition of shape {c.shape} for operands of shape {x.shape}")
    return _same(x, y)


# -- how ops are written in LLVM: emit(writer, operand dtype, result dtype, *registers) ------------

Emit = Callable[..., str]


def _instruction(real: str, integer: str = "", boolean: str = "") -> Emit:
    """An LLVM instruction, by the kind of the operands."""
    names = {"f": real, "i": integer, "b": boolean or integer}

    def emit(w: Any, t: DType, r: DType, x: str, y: str) -> str:
        return w.line(f"{names[t.kind]} {w.type(t)} {x}, {y}")

    return emit


def _by_parts(emit: Emit) -> Emit:
    """Of complex numbers, the parts one by one."""

    def emit_parts(w: Any, t: DType, r: DType, *xs: str) -> str:
        if t.kind != "c":
            return emit(w, t, r, *xs)
        part = REAL_OF[t]
        pairs = [w.parts(x, t) for x in xs]
        re, im = (emit(w, part, part, *(p[k] for p in pairs)) for k in (0, 1))
        return w.pair(re, im, t)

    return emit_parts


def _emit_mul(w: Any, t: DType, r: DType, x: str, y: str) -> str:
    """Of complex numbers as C has it, without its recovery of infinities; NumPy does the same."""
    if t.kind != "c":
        return _MUL(w, t, r, x, y)
    (a, b), (c, d), part = w.parts(x, t), w.parts(y, t), REAL_OF[t]
    re = _SUB(w, part, part, _MUL(w, part, part, a, c), _MUL(w, part, part, b, d))
    im = w.plus(_MUL(w, part, part, a, d), _MUL(w, part, part, b, c), part)
    return w.pair(re, im, t)


def _emit_div(w: Any, t: DType, r: DType, x: str, y: str) -> str:
    """Of complex numbers by Smith's method, which does not overflow: CACM 5 (1962), 435."""
    if t.kind != "c":
        return _DIV(w, t, r, x, y)
    (a, b), (c, d), part = w.parts(x, t), w.parts(y, t), REAL_OF[t]
    size_c, size_d = w.intrinsic("llvm.fabs", part, c), w.intrinsic("llvm.fabs", part, d)
    wide = w.line(f"fcmp oge {w.type(part)} {size_c}, {size_d}")
    # With |c| >= |d|: (a + b i) / (c + d i) = ((a + b q) + (b - a q) i) / (c + d q), q = d / c.
    large, small = w.select(wide, part, c, d), w.select(wide, part, d, c)
    first, second = w.select(wide, part, a, b), w.select(wide, part, b, a)
    ratio = _DIV(w, part, part, small, large)
    zero = w.line(f"fcmp oeq {w.type(part)} {large}, {w.number(0, part)}")
    ratio = w.select(zero, part, w.number(0, part), ratio)
    scale = w.plus(large, _MUL(w, part, part, small, ratio), part)
    re = w.plus(first, _MUL(w, part, part, second, ratio), part)
    im = _SUB(w, part, part, second, _MUL(w, part, part, first, ratio))
    im = w.select(wide, part, im, _emit_neg(w, part, part, im))
    return w.pair(_DIV(w, part, part, re, scale), _DIV(w, part, part, im, scale), t)


def _emit_equal(real: str, integer: str, joined: str) -> Emit:
    simple = _compare(real, integer)

    def emit(w: Any, t: DType, r: DType, x: str, y: str) -> str:
        if t.kind != "c":
            return simple(w, t, r, x, y)
        part = REAL_OF[t]
        first, second = (
            simple(w, part, r, a, b) for a, b in zip(w.parts(x, t), w.parts(y, t), strict=True)
        )
        return w.line(f"{joined} i1 {first}, {second}")

    return emit


def _part(k: int) -> Emit:
    return lambda w, t, r, x: w.parts(x, t)[k]


def _emit_conj(w: Any, t: DType, r: DType, x: str) -> str:
    re, im = w.parts(x, t)
    return w.pair(re, _emit_neg(w, REAL_OF[t], REAL_OF[t], im), t)


def _libm(name: str) -> Emit:
    """A call of the C library's function, of libmvec's where a loop is vectorised."""
    return lambda w, t, r, *xs: w.libm(name, t, *xs)


def _intrinsic(name: str) -> Emit:
    return lambda w, t, r, *xs: w.intrinsic(f"llvm.{name}", t, *xs)


def _compare(real: str, integer: str, boolean: str | None = None) -> Emit:
    names = {"f": f"fcmp {real}", "i": f"icmp {integer}", "b": f"icmp {boolean or integer}"}
    return lambda w, t, r, x, y: w.line(f"{names[t.kind]} {w.type(t)} {x}, {y}")


def _emit_neg(w: Any, t: DType, r: DType, x: str) -> str:
    if t.kind == "f":
        return w.line(f"fneg {w.type(t)} {x}")
    return w.line(f"sub {w.type(t)} {w.number(0, t)}, {x}")


def _emit_abs(w: Any, t: DType, r: DType, x: str) -> str:
    if t.kind == "f":
        return w.intrinsic("llvm.fabs", t, x)
    negative = w.line(f"icmp slt {w.type(t)} {x}, {w.number(0, t)}")
    return w.select(negative, t, _emit_neg(w, t, t, x), x)


def _emit_sign(w: Any, t: DType, r: DType, x: str) -> str:
    """-1, 0 or 1 of x's dtype; NaN stays NaN, and -0.0 becomes 0.0."""
    zero, one, minus = (w.number(k, t) for k in (0, 1, -1))
    greater, less = ("fcmp ogt", "fcmp olt") if t.kind == "f" else ("icmp sgt", "icmp slt")
    kept = w.select(w.line(f"fcmp uno {w.type(t)} {x}, {x}"), t, x, zero) if t.kind == "f" else x
    kept = w.select(w.line(f"{less} {w.type(t)} {x}, {zero}"), t, minus, kept)
    kept = w.select(w.line(f"{greater} {w.type(t)} {x}, {zero}"), t, one, kept)
    return kept


def _emit_not(w: Any, t: DType, r: DType, x: str) -> str:
    return w.line(f"xor {w.type(t)} {x}, {w.number(-1 if t.kind == 'i' else True, t)}")


def _extremum(real: str, integer: str) -> Emit:
    def emit(w: Any, t: DType, r: DType, x: str, y: str) -> str:
        if t.kind == "f":
            return w.intrinsic(f"llvm.{real}", t, x, y)
        if t.kind == "b":
            return w.line(f"{'or' if integer == 'sgt' else 'and'} {w.type(t)} {x}, {y}")
        return w.select(w.line(f"icmp {integer} {w.type(t)} {x}, {y}"), t, x, y)

    return emit


def _emit_cast(w: Any, t: DType, r: DType, x: str) -> str:
    return w.cast(x, t, r)


def _emit_where(w: Any, t: DType, r: DType, c: str, x: str, y: str) -> str:
    return w.select(c, r, x, y)


def _emit_int_division(remainder: bool) -> Emit:
    """Python's floor division or modulo of integers; of zero it is 0, as in NumPy."""

    def emit(w: Any, t: DType, r: DType, x: str, y: str) -> str:
        ty, zero = w.type(t), w.number(0, t)
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
        result = w.select(minus, t, _emit_neg(w, t, t, x), result)
        return w.select(bad, t, zero, result)

    return emit


def _np_cast(x: Any, *, dtype: DType) -> Any:
    x = np.asarray(x)
    return (x.real if x.dtype.kind == "c" and dtype.kind in "fi" else x).astype(dtype)


def _classify(w: Any, t: DType, x: str, predicate: str) -> str:
    if t.kind != "f":
        return w.number(predicate == "one", BOOL)
    size, bound = w.intrinsic("llvm.fabs", t, x), w.number(math.inf, t)
    return w.line(f"fcmp {predicate} {w.type(t)} {size}, {bound}")


def _emit_isfinite(w: Any, t: DType, r: DType, x: str) -> str:
    return _classify(w, t, x, "one")


def _emit_isinf(w: Any, t: DType, r: DType, x: str) -> str:
    return _classify(w, t, x, "oeq")


def _emit_isnan(w: Any, t: DType, r: DType, x: str) -> str:
    return w.line(f"fcmp uno {w.type(t)} {x}, {x}") if t.kind == "f" else w.number(False, BOOL)


def _emit_signbit(w: Any, t: DType, r: DType, x: str) -> str:
    bits = {8: "i64", 4: "i32"}[t.itemsize]
    raw = w.line(f"bitcast {w.type(t)} {x} to {w.wide(bits)}") if t.kind == "f" else x
    return w.line(f"icmp slt {w.wide(bits)} {raw}, {w.zero(bits)}")


# -- the table -------------------------------------------------------------------------------------


def _unary(
    name: str,
    ufunc: Any,
    emit: Emit,
    partial: Rule | None,
    *,
    domain: tuple[float, float] = REAL,
    cost: float = 20.0,
    infer: Rule = _same,
) -> Elementwise:
    return register(
        Elementwise(name, (), infer, ufunc, (partial,), emit, cost=cost, domain=(domain,))
    )


def _binary(
    name: str,
    ufunc: Any,
    emit: Emit,
    *partials: Rule | None,
    domain: tuple[tuple[float, float], tuple[float, float]] = (REAL, REAL),
    cost: float = 1.0,
    infer: Rule = _same,
) -> Elementwise:
    return register(Elementwise(name, (), infer, ufunc, partials, emit, cost=cost, domain=domain))


_MUL = _instruction("fmul contract", "mul", "and")
_SUB = _instruction("fsub contract", "sub")
_DIV = _instruction("fdiv contract")

add = _binary("add", np.add, lambda w, t, r, x, y: w.plus(x, y, t),
    lambda x, y, v: 1, lambda x, y, v: 1)  # fmt: skip
sub = _binary("sub", np.subtract, _by_parts(_SUB),
    lambda x, y, v: 1, lambda x, y, v: -1)  # fmt: skip
mul = _binary("mul", np.multiply, _emit_mul,
    lambda x, y, v: y, lambda x, y, v: x)  # fmt: skip
div = _binary("div", np.true_divide, _emit_div,
    lambda x, y, v: div(1.0, y), lambda x, y, v: neg(mul(v, div(1.0, y))),
    domain=(REAL, POSITIVE), cost=8)  # fmt: skip
neg = _unary("neg", np.negative, _by_parts(_emit_neg), lambda x, v: -1, cost=1)
absolute = _unary("abs", np.absolute, _emit_abs, lambda x, v: sign(x), cost=1)
sign = _unary("sign", np.sign, _emit_sign, None, cost=2)
floor = _unary("floor", np.floor, _intrinsic("floor"), None, cost=2)
ceil = _unary("ceil", np.ceil, _intrinsic("ceil"), None, cost=2)
rint = _unary("rint", np.rint, _intrinsic("rint"), None, cost=2)
trunc = _unary("trunc", np.trunc, _intrinsic("trunc"), None, cost=2)

sqrt = _unary("sqrt", np.sqrt, _intrinsic("sqrt"), lambda x, v: mul(0.5, div(1.0, v)),
    domain=POSITIVE, cost=8)  # fmt: skip
cbrt = _unary("cbrt", np.cbrt, _libm("cbrt"), lambda x, v: div(1 / 3, mul(v, v)), domain=POSITIVE)
exp = _unary("exp", np.exp, _libm("exp"), lambda x, v: v)
exp2 = _unary("exp2", np.exp2, _libm("exp2"), lambda x, v: mul(math.log(2), v))
expm1 = _unary("expm1", np.expm1, _libm("expm1"), lambda x, v: add(v, 1.0))
log = _unary("log", np.log, _libm("log"), lambda x, v: div(1.0, x), domain=POSITIVE)
log2 = _unary("log2", np.log2, _libm("log2"), lambda x, v: div(1 / math.log(2), x), domain=POSITIVE)
log10 = _unary("log10", np.log10, _libm("log10"), lambda x, v: div(1 / math.log(10), x),
    domain=POSITIVE)  # fmt: skip
log1p = _unary("log1p", np.log1p, _libm("log1p"), lambda x, v: div(1.0, add(x, 1.0)),
    domain=(-0.8, 3.0))  # fmt: skip
sin = _unary("sin", np.sin, _libm("sin"), lambda x, v: cos(x))
cos = _unary("cos", np.cos, _libm("cos"), lambda x, v: neg(sin(x)))
tan = _unary("tan", np.tan, _libm("tan"), lambda x, v: add(mul(v, v), 1.0), domain=(-1.2, 1.2))
arcsin = _unary("arcsin", np.arcsin, _libm("asin"),
    lambda x, v: div(1.0, sqrt(sub(1.0, mul(x, x)))), domain=UNIT)  # fmt: skip
arccos = _unary("arccos", np.arccos, _libm("acos"),
    lambda x, v: div(-1.0, sqrt(sub(1.0, mul(x, x)))), domain=UNIT)  # fmt: skip
arctan = _unary("arctan", np.arctan, _libm("atan"), lambda x, v: div(1.0, add(mul(x, x), 1.0)))
sinh = _unary("sinh", np.sinh, _libm("sinh"), lambda x, v: cosh(x))
cosh = _unary("cosh", np.cosh, _libm("cosh"), lambda x, v: sinh(x))
tanh = _unary("tanh", np.tanh, _libm("tanh"), lambda x, v: sub(1.0, mul(v, v)))
arcsinh = _unary("arcsinh", np.arcsinh, _libm("asinh"),
    lambda x, v: div(1.0, sqrt(add(mul(x, x), 1.0))))  # fmt: skip
arccosh = _unary("arccosh", np.arccosh, _libm("acosh"),
    lambda x, v: div(1.0, sqrt(mul(sub(x, 1.0), add(x, 1.0)))), domain=(1.2, 4.0))  # fmt: skip
arctanh = _unary("arctanh", np.arctanh, _libm("atanh"),
    lambda x, v: div(1.0, mul(sub(1.0, x), add(1.0, x))), domain=UNIT)  # fmt: skip

arctan2 = _binary("arctan2", np.arctan2, _libm("atan2"),
    lambda x, y, v: div(y, add(mul(x, x), mul(y, y))),
    lambda x, y, v: neg(div(x, add(mul(x, x), mul(y, y)))), cost=30)  # fmt: skip
hypot = _binary("hypot", np.hypot, _libm("hypot"),
    lambda x, y, v: _ratio_or_zero(x, v), lambda x, y, v: _ratio_or_zero(y, v),
    cost=20)  # fmt: skip
fmod = _binary("fmod", np.fmod, _libm("fmod"),
    lambda x, y, v: 1, lambda x, y, v: neg(trunc(div(x, y))),
    domain=(REAL, POSITIVE), cost=20)  # fmt: skip
copysign = _binary("copysign", np.copysign, _intrinsic("copysign"),
    lambda x, y, v: where(ne(signbit(x), signbit(y)), -1.0, _ones(x)),
    None)  # fmt: skip
maximum = _binary("maximum", np.maximum, _extremum("maximum", "sgt"),
    lambda x, y, v: _share(gt(x, y), eq(x, y), x), lambda x, y, v: _share(gt(y, x), eq(x, y), x),
    cost=2)  # fmt: skip
minimum = _binary("minimum", np.minimum, _extremum("minimum", "slt"),
    lambda x, y, v: _share(lt(x, y), eq(x, y), x), lambda x, y, v: _share(lt(y, x), eq(x, y), x),
    cost=2)  # fmt: skip
fmax = _binary("fmax", np.fmax, _extremum("maxnum", "sgt"),
    lambda x, y, v: _share(logical_or(gt(x, y), isnan(y)), eq(x, y), x),
    lambda x, y, v: _share(logical_or(gt(y, x), isnan(x)), eq(x, y), x), cost=2)  # fmt: skip
fmin = _binary("fmin", np.fmin, _extremum("minnum", "slt"),
    lambda x, y, v: _share(logical_or(lt(x, y), isnan(y)), eq(x, y), x),
    lambda x, y, v: _share(logical_or(lt(y, x), isnan(x)), eq(x, y), x), cost=2)  # fmt: skip
power = _binary("pow", np.power, _libm("pow"),
    lambda x, y, v: where(eq(y, 0.0), 0.0, mul(y, power(x, sub(y, 1.0)))),
    lambda x, y, v: where(eq(x, 0.0), 0.0, mul(v, log(x))),
    domain=(POSITIVE, REAL), cost=40)  # fmt: skip

lt = _binary("lt", np.less, _compare("olt", "slt", "ult"), None, None, infer=_boolean)
le = _binary("le", np.less_equal, _compare("ole", "sle", "ule"), None, None, infer=_boolean)
gt = _binary("gt", np.greater, _compare("ogt", "sgt", "ugt"), None, None, infer=_boolean)
ge = _binary("ge", np.greater_equal, _compare("oge", "sge", "uge"), None, None, infer=_boolean)
eq = _binary("eq", np.equal, _emit_equal("oeq", "eq", "and"), None, None, infer=_boolean)
ne = _binary("ne", np.not_equal, _emit_equal("une", "ne", "or"), None, None, infer=_boolean)
logical_and = _binary("and", np.bitwise_and, _instruction("", "and"), None, None,
    domain=(TRUTH, TRUTH))  # fmt: skip
logical_or = _binary("or", np.bitwise_or, _instruction("", "or"), None, None,
    domain=(TRUTH, TRUTH))  # fmt: skip
logical_xor = _binary("xor", np.bitwise_xor, _instruction("", "xor"), None, None,
    domain=(TRUTH, TRUTH))  # fmt: skip
logical_not = _unary("not", np.invert, _emit_not, None, domain=TRUTH, cost=1)
isnan = _unary("isnan", np.isnan, _emit_isnan, None, cost=1, infer=_boolean)
isinf = _unary("isinf", np.isinf, _emit_isinf, None, cost=1, infer=_boolean)
isfinite = _unary("isfinite", np.isfinite, _emit_isfinite, None, cost=1, infer=_boolean)
signbit = _unary("signbit", np.signbit, _emit_signbit, None, cost=1, infer=_boolean)
int_floor_divide = _binary("int_floor_divide", np.floor_divide, _emit_int_division(False),
    None, None, domain=(INTEGER, INTEGER), cost=20)  # fmt: skip
int_mod = _binary("int_mod", np.remainder, _emit_int_division(True),
    None, None, domain=(INTEGER, INTEGER), cost=20)  # fmt: skip

where = register(
    Elementwise(
        "where",
        (),
        _chosen,
        np.where,
        (None, lambda c, x, y, v: Mask(c, True), lambda c, x, y, v: Mask(c, False)),
        _emit_where,
        domain=(TRUTH, REAL, REAL),
    )
)

cast = register(
    Elementwise(
        "cast",
        ("dtype",),
        lambda x, dtype: (x.shape, dtype),
        _np_cast,
        (lambda x, v: 1,),
        _emit_cast,
        domain=(REAL,),
    )
)

stop_gradient = register(
    Elementwise("stop_gradient", (), _same, np.positive, (None,), lambda w, t, r, x: x, cost=0)
)
"""The value itself, with derivative zero."""


# -- complex numbers -------------------------------------------------------------------------------


def _np_pair(x: Any, y: Any) -> Any:
    """Not x + 1j * y, which turns infinite parts into NaN."""
    result = np.empty(np.shape(x), COMPLEX_OF[x.dtype])
    result.real, result.imag = x, y
    return result


def _of_complex(dtypes: Any) -> Rule:
    def infer(x: Any, *rest: Any) -> tuple[Shape, DType]:
        shape, dtype = _same(x, *rest)
        if dtype not in dtypes:
            raise ShapeError(f"an operand of dtype {dtype}, not of {[str(d) for d in dtypes]}")
        return shape, dtypes[dtype]

    return infer


real = register(
    Elementwise("real", (), _of_complex(REAL_OF), np.real,
        (lambda x, v: RealLinear(lambda dx: real(dx), lambda v_bar: pair(v_bar, 0.0)),),
        _part(0), domain=(COMPLEX,))
)  # fmt: skip
imag = register(
    Elementwise("imag", (), _of_complex(REAL_OF), np.imag,
        (lambda x, v: RealLinear(lambda dx: imag(dx), lambda v_bar: pair(0.0, neg(v_bar))),),
        _part(1), domain=(COMPLEX,))
)  # fmt: skip
conj = register(
    Elementwise("conj", (), _of_complex({z: z for z in REAL_OF}), np.conjugate,
        (lambda x, v: RealLinear(lambda dx: conj(dx), lambda v_bar: conj(v_bar)),),
        _emit_conj, domain=(COMPLEX,))
)  # fmt: skip
pair = register(
    Elementwise("pair", (), _of_complex(COMPLEX_OF), _np_pair,
        (lambda x, y, v: RealLinear(lambda dx: pair(dx, 0.0), lambda v_bar: real(v_bar)),
         lambda x, y, v: RealLinear(lambda dy: pair(0.0, dy), lambda v_bar: neg(imag(v_bar)))),
        lambda w, t, r, x, y: w.pair(x, y, r), domain=(REAL, REAL))
)  # fmt: skip
"""The complex number with these parts."""


def _share(chosen: Any, tied: Any, x: Any) -> Any:
    """1 where chosen, 1/2 where tied, else 0."""
    return where(chosen, _ones(x), where(tied, 0.5, _zeros(x)))


def _ones(x: Any) -> Any:
    return x.builder.const(1.0, x.shape, x.dtype)


def _zeros(x: Any) -> Any:
    return x.builder.const(0.0, x.shape, x.dtype)


def _ratio_or_zero(x: Any, h: Any) -> Any:
    """x / h, and 0 at the origin."""
    return where(eq(h, 0.0), 0.0, div(x, h))
