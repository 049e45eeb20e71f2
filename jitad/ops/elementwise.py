"""The elementwise ops: name, NumPy's function, how it is emitted, elemental partials, test domain.

Mathematics in the rules: operands x, y; result v. Conventions at kinks are JAX's: ties in
maximum and minimum share equally, abs'(0) = 0. Sources of the formulas: Abramowitz & Stegun,
Handbook of Mathematical Functions, chapters 4 (elementary functions) and 3.6 (power).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import COMPLEX_OF, INT64, REAL_OF, Elementwise, Mask, RealLinear, Rule
from jitad.ops import complex_emission as cx
from jitad.ops import emission as em
from jitad.ops.complex_emission import OfParts, of_complex, swapped
from jitad.ops.emission import Emit, by_parts, compare, extremum, instruction, intrinsic, libm
from jitad.ops.operand_types import (
    boolean,
    chosen,
    np_cast,
    np_fma,
    np_pair,
    np_unit,
    np_whole_power,
    of_first,
    of_parts,
    same,
)

REAL = (-3.0, 3.0)
POSITIVE = (0.1, 4.0)
UNIT = (-0.9, 0.9)
INTEGER = (-9, 9)
TRUTH = (False, True)
COMPLEX = (-3.0 - 3.0j, 3.0 + 3.0j)


# -- the table -------------------------------------------------------------------------------------


def _unary(
    name: str,
    ufunc: Any,
    emit: Emit,
    partial: Rule | None,
    *,
    domain: tuple[float, float] = REAL,
    cost: float = 20.0,
    infer: Rule = same,
    parts: OfParts | None = None,
) -> Elementwise:
    """`parts`, where given, is how the function of complex numbers is emitted."""
    emit = emit if parts is None else of_complex(emit, parts)
    return Elementwise(name, (), infer, ufunc, (partial,), emit, cost=cost, domain=(domain,))


def _binary(
    name: str,
    ufunc: Any,
    emit: Emit,
    *partials: Rule | None,
    domain: tuple[tuple[float, float], tuple[float, float]] = (REAL, REAL),
    cost: float = 1.0,
    infer: Rule = same,
) -> Elementwise:
    return Elementwise(name, (), infer, ufunc, partials, emit, cost=cost, domain=domain)


add = _binary("add", np.add, lambda w, t, r, x, y: w.plus(x, y, t),
    lambda x, y, v: 1, lambda x, y, v: 1)  # fmt: skip
increment = _binary("increment", np.add, lambda w, t, r, x, y: w.plus(x, y, t),
    lambda x, y, v: 1, lambda x, y, v: 1)  # fmt: skip
"""x + y of a sweep, v_bar += c * x_bar: a product in it need not be rounded by itself."""
sub = _binary("sub", np.subtract, by_parts(em.SUBTRACT),
    lambda x, y, v: 1, lambda x, y, v: -1)  # fmt: skip
mul = _binary("mul", np.multiply, em.emit_mul,
    lambda x, y, v: y, lambda x, y, v: x)  # fmt: skip
term = _binary("term", np.multiply, em.emit_term,
    lambda x, y, v: y, lambda x, y, v: x)  # fmt: skip
"""x y in a sum of products, a contraction: as in BLAS it need not be rounded by itself."""
fma = Elementwise(
    "fma",
    (),
    same,
    np_fma,
    (lambda x, y, z, v: y, lambda x, y, z, v: x, lambda x, y, z, v: 1),
    lambda w, t, r, x, y, z: w.intrinsic("llvm.fmuladd", t, x, y, z),
    cost=1.0,
    domain=(REAL, REAL, REAL),
)
"""x y + z, rounded once where the processor can: a product and a sum, by `passes/fuse.py`."""
div = _binary("div", np.true_divide, of_complex(em.DIVIDE, cx.divide),
    lambda x, y, v: div(1.0, y), lambda x, y, v: neg(mul(v, div(1.0, y))),
    domain=(REAL, POSITIVE), cost=8)  # fmt: skip
neg = _unary("neg", np.negative, by_parts(em.emit_neg), lambda x, v: -1, cost=1)
absolute = _unary("abs", np.absolute, em.emit_abs, lambda x, v: side(x, v), cost=1)
sign = _unary("sign", np.sign, em.emit_sign, None, cost=2)
floor = _unary("floor", np.floor, intrinsic("floor"), None, cost=2)
ceil = _unary("ceil", np.ceil, intrinsic("ceil"), None, cost=2)
rint = _unary("rint", np.rint, intrinsic("rint"), None, cost=2)
trunc = _unary("trunc", np.trunc, intrinsic("trunc"), None, cost=2)

sqrt = _unary("sqrt", np.sqrt, intrinsic("sqrt"), lambda x, v: mul(0.5, div(1.0, v)),
    domain=POSITIVE, cost=8, parts=cx.sqrt)  # fmt: skip
root = _unary("root", np.sqrt, intrinsic("sqrt"), lambda x, v: unit(like(0.5, v), v),
    domain=POSITIVE, cost=8)  # fmt: skip
"""The square root of a sum of squares, the size of something; at 0 its derivative is 0."""
cbrt = _unary("cbrt", np.cbrt, libm("cbrt"), lambda x, v: div(1 / 3, mul(v, v)), domain=POSITIVE)
exp = _unary("exp", np.exp, libm("exp"), lambda x, v: v, parts=cx.exp)
exp2 = _unary("exp2", np.exp2, libm("exp2"), lambda x, v: mul(math.log(2), v), parts=cx.exp2)
expm1 = _unary("expm1", np.expm1, libm("expm1"), lambda x, v: exp(x), parts=cx.expm1)
log = _unary("log", np.log, libm("log"), lambda x, v: div(1.0, x), domain=POSITIVE, parts=cx.log)
log2 = _unary("log2", np.log2, libm("log2"), lambda x, v: div(1 / math.log(2), x),
    domain=POSITIVE, parts=cx.log_to(2.0))  # fmt: skip
log10 = _unary("log10", np.log10, libm("log10"), lambda x, v: div(1 / math.log(10), x),
    domain=POSITIVE, parts=cx.log_to(10.0))  # fmt: skip
log1p = _unary("log1p", np.log1p, libm("log1p"), lambda x, v: div(1.0, add(x, 1.0)),
    domain=(-0.8, 3.0), parts=cx.log1p)  # fmt: skip
sin = _unary("sin", np.sin, libm("sin"), lambda x, v: cos(x), parts=swapped(cx.sinh))
cos = _unary("cos", np.cos, libm("cos"), lambda x, v: neg(sin(x)), parts=cx.cos)
tan = _unary("tan", np.tan, libm("tan"),
    lambda x, v: _slope_of_tanh(_times_i(x)) if x.dtype.kind == "c" else add(mul(v, v), 1.0),
    domain=(-1.2, 1.2), parts=swapped(cx.tanh))  # fmt: skip
arcsin = _unary("arcsin", np.arcsin, libm("asin"), lambda x, v: _slope_of_arcsin(x),
    domain=UNIT, parts=cx.arcsin)  # fmt: skip
arccos = _unary("arccos", np.arccos, libm("acos"), lambda x, v: neg(_slope_of_arcsin(x)),
    domain=UNIT, parts=cx.arccos)  # fmt: skip
arctan = _unary("arctan", np.arctan, libm("atan"),
    lambda x, v: _slope_of_arctanh(_times_i(x)) if x.dtype.kind == "c"
    else div(1.0, add(mul(x, x), 1.0)),
    parts=swapped(cx.arctanh))  # fmt: skip
sinh = _unary("sinh", np.sinh, libm("sinh"), lambda x, v: cosh(x), parts=cx.sinh)
cosh = _unary("cosh", np.cosh, libm("cosh"), lambda x, v: sinh(x), parts=cx.cosh)
tanh = _unary("tanh", np.tanh, libm("tanh"),
    lambda x, v: _slope_of_tanh(x) if x.dtype.kind == "c" else bell(x),
    parts=cx.tanh)  # fmt: skip
bell = _unary("bell", lambda x: 1 / np.cosh(x) ** 2, em.emit_bell,
    lambda x, v: mul(-2.0, mul(tanh(x), v)))  # fmt: skip
"""1 / cosh(x)^2, without the cancellation of 1 - tanh(x)^2."""
arcsinh = _unary("arcsinh", np.arcsinh, libm("asinh"),
    lambda x, v: _slope_of_arcsin(_times_i(x)) if x.dtype.kind == "c"
    else _slope_of_arcsinh(x),
    parts=swapped(cx.arcsin))  # fmt: skip
arccosh = _unary("arccosh", np.arccosh, libm("acosh"), lambda x, v: _slope_of_arccosh(x),
    domain=(1.2, 4.0), parts=cx.arccosh)  # fmt: skip
arctanh = _unary("arctanh", np.arctanh, libm("atanh"), lambda x, v: _slope_of_arctanh(x),
    domain=UNIT, parts=cx.arctanh)  # fmt: skip

arctan2 = _binary("arctan2", np.arctan2, libm("atan2"),
    lambda x, y, v: _inverted(y, x), lambda x, y, v: neg(_inverted(x, y)), cost=30)  # fmt: skip
hypot = _binary("hypot", np.hypot, libm("hypot"),
    lambda x, y, v: unit(x, v), lambda x, y, v: unit(y, v), cost=20)  # fmt: skip
fmod = _binary("fmod", np.fmod, libm("fmod"),
    lambda x, y, v: 1, lambda x, y, v: neg(trunc(div(x, y))),
    domain=(REAL, POSITIVE), cost=20)  # fmt: skip
copysign = _binary("copysign", np.copysign, intrinsic("copysign"),
    lambda x, y, v: where(ne(signbit(x), signbit(y)), -1.0, like(1.0, x)),
    None)  # fmt: skip
maximum = _binary("maximum", np.maximum, extremum("maximum", "sgt"),
    lambda x, y, v: _share(ge(x, y), x, y), lambda x, y, v: _share(ge(y, x), x, y),
    cost=2)  # fmt: skip
minimum = _binary("minimum", np.minimum, extremum("minimum", "slt"),
    lambda x, y, v: _share(le(x, y), x, y), lambda x, y, v: _share(le(y, x), x, y),
    cost=2)  # fmt: skip
fmax = _binary("fmax", np.fmax, extremum("maxnum", "sgt"),
    lambda x, y, v: _share(logical_or(ge(x, y), isnan(y)), x, y),
    lambda x, y, v: _share(logical_or(ge(y, x), isnan(x)), x, y), cost=2)  # fmt: skip
fmin = _binary("fmin", np.fmin, extremum("minnum", "slt"),
    lambda x, y, v: _share(logical_or(le(x, y), isnan(y)), x, y),
    lambda x, y, v: _share(logical_or(le(y, x), isnan(x)), x, y), cost=2)  # fmt: skip
power = _binary("pow", np.power, of_complex(libm("pow"), cx.power),
    lambda x, y, v: _times_power(x, y, power(x, sub(y, 1.0))),
    lambda x, y, v: where(eq(x, 0.0), 0.0, mul(v, log(x))),
    domain=(POSITIVE, REAL), cost=40)  # fmt: skip
whole_power = Elementwise("whole_power", (), of_first, np_whole_power,
    (lambda x, n, v: _times_power(x, cast(n, dtype=v.dtype), whole_power(x, sub(n, 1))), None),
    lambda w, t, r, x, n: w.libm("pow", r, x, w.cast(n, INT64, r)),
    domain=(POSITIVE, INTEGER), cost=40)  # fmt: skip
"""x^n of a whole number n, of 64 bits; `passes/narrow.py` writes it out."""

lt = _binary("lt", np.less, compare("olt", "slt", "ult"), None, None, infer=boolean)
le = _binary("le", np.less_equal, compare("ole", "sle", "ule"), None, None, infer=boolean)
gt = _binary("gt", np.greater, compare("ogt", "sgt", "ugt"), None, None, infer=boolean)
ge = _binary("ge", np.greater_equal, compare("oge", "sge", "uge"), None, None, infer=boolean)
eq = _binary("eq", np.equal, em.emit_equal("oeq", "eq", "and"), None, None, infer=boolean)
ne = _binary("ne", np.not_equal, em.emit_equal("une", "ne", "or"), None, None, infer=boolean)
logical_and = _binary("and", np.bitwise_and, instruction("", "and"), None, None,
    domain=(TRUTH, TRUTH))  # fmt: skip
logical_or = _binary("or", np.bitwise_or, instruction("", "or"), None, None,
    domain=(TRUTH, TRUTH))  # fmt: skip
logical_xor = _binary("xor", np.bitwise_xor, instruction("", "xor"), None, None,
    domain=(TRUTH, TRUTH))  # fmt: skip
logical_not = _unary("not", np.invert, em.emit_not, None, domain=TRUTH, cost=1)
isnan = _unary("isnan", np.isnan, em.emit_isnan, None, cost=1, infer=boolean)
isinf = _unary("isinf", np.isinf, em.emit_isinf, None, cost=1, infer=boolean)
isfinite = _unary("isfinite", np.isfinite, em.emit_isfinite, None, cost=1, infer=boolean)
signbit = _unary("signbit", np.signbit, em.emit_signbit, None, cost=1, infer=boolean)
int_floor_divide = _binary("int_floor_divide", np.floor_divide, em.emit_int_division(False),
    None, None, domain=(INTEGER, INTEGER), cost=20)  # fmt: skip
int_mod = _binary("int_mod", np.remainder, em.emit_int_division(True),
    None, None, domain=(INTEGER, INTEGER), cost=20)  # fmt: skip

where = Elementwise(
    "where",
    (),
    chosen,
    np.where,
    (None, lambda c, x, y, v: Mask(c, True), lambda c, x, y, v: Mask(c, False)),
    em.emit_where,
    domain=(TRUTH, REAL, REAL),
)

wanted = Elementwise(
    "wanted",
    (),
    lambda c, x: (x.shape, x.dtype),
    lambda c, x: np.asarray(x),
    (None, lambda c, x, v: 1),
    lambda w, t, r, c, x: x,
    domain=(TRUTH, REAL),
    cost=0,
)
"""x, of which nobody reads elements where the condition does not hold."""

cast = Elementwise(
    "cast",
    ("dtype",),
    lambda x, dtype: (x.shape, dtype),
    np_cast,
    (lambda x, v: 1,),
    em.emit_cast,
    domain=(REAL,),
)

stop_gradient = Elementwise(
    "stop_gradient", (), same, np.asarray, (None,), lambda w, t, r, x: x, cost=0
)
"""The value itself, with derivative zero."""


# -- complex numbers -------------------------------------------------------------------------------

real = Elementwise("real", (), of_parts(REAL_OF), np.real,
    (lambda x, v: RealLinear(lambda dx: real(dx), lambda v_bar: pair(v_bar, 0.0)),),
    em.emit_part(0), domain=(COMPLEX,))  # fmt: skip
imag = Elementwise("imag", (), of_parts(REAL_OF), np.imag,
    (lambda x, v: RealLinear(lambda dx: imag(dx), lambda v_bar: pair(0.0, neg(v_bar))),),
    em.emit_part(1), domain=(COMPLEX,))  # fmt: skip
conj = Elementwise("conj", (), of_parts({z: z for z in REAL_OF}), np.conjugate,
    (lambda x, v: RealLinear(lambda dx: conj(dx), lambda v_bar: conj(v_bar)),),
    em.emit_conj, domain=(COMPLEX,))  # fmt: skip
pair = Elementwise("pair", (), of_parts(COMPLEX_OF), np_pair,
    (lambda x, y, v: RealLinear(lambda dx: pair(dx, 0.0), lambda v_bar: real(v_bar)),
     lambda x, y, v: RealLinear(lambda dy: pair(0.0, dy), lambda v_bar: neg(imag(v_bar)))),
    lambda w, t, r, x, y: w.pair(x, y, r), domain=(REAL, REAL))  # fmt: skip
"""The complex number with these parts."""


# -- slopes of holomorphic functions: on cuts by the sign of zero, without cancellation at poles ---


def _times_i(x: Any) -> Any:
    """i x, exact in every sign."""
    return pair(neg(imag(x)), real(x))


def _sides(x: Any) -> tuple[Any, Any]:
    """1 - x and 1 + x; of complex numbers with the signs of their zeros."""
    if x.dtype.kind == "c":
        return neg(sub(x, 1.0)), sub(x, -1.0)
    return sub(1.0, x), add(x, 1.0)


def _slope_of_arcsin(x: Any) -> Any:
    below, above = _sides(x)
    if x.dtype.kind == "c":
        return div(1.0, mul(sqrt(below), sqrt(above)))
    return div(1.0, sqrt(mul(below, above)))


def _slope_of_arccosh(x: Any) -> Any:
    return div(1.0, mul(sqrt(sub(x, 1.0)), sqrt(sub(x, -1.0))))


def _slope_of_arcsinh(x: Any) -> Any:
    """1 / sqrt(x^2 + 1), and 1 / |x| where that is the same: there squares of squares overflow."""
    far = gt(mul(x, x), 1e18)
    falling = div(1.0, where(far, x, 1.0))
    near = where(far, like(0.0, x), x)
    near = div(1.0, sqrt(add(mul(near, near), 1.0)))
    return where(far, where(lt(x, 0.0), neg(falling), falling), near)


def _inverted(x: Any, y: Any) -> Any:
    """x / (x^2 + y^2), scaled by a power of 2 where squares would be infinite or denormal."""
    step = 2.0**60 if x.dtype.itemsize == 4 else 2.0**480
    square = add(mul(x, x), mul(y, y))
    tiny = where(lt(square, step**-2 * 2**80), step, like(1.0, x))
    scale = where(gt(square, step**2 * 2**-80), 1 / step, tiny)
    x, y = mul(x, scale), mul(y, scale)
    return mul(div(x, add(mul(x, x), mul(y, y))), scale)


def _slope_of_arctanh(x: Any) -> Any:
    below, above = _sides(x)
    if x.dtype.kind == "c":
        return div(div(1.0, below), above)
    return div(1.0, mul(below, above))


def _slope_of_tanh(x: Any) -> Any:
    """1 / cosh(x)^2 of a complex x, and its limit 4 exp(-2 |x|) where the real part is large."""
    far = gt(absolute(real(x)), 20.0)
    secant = div(1.0, cosh(where(far, like(0.0, x), x)))
    falling = where(lt(real(x), 0.0), x, neg(x))
    return where(far, mul(4.0, exp(mul(2.0, falling))), mul(secant, secant))


# -- parts of rules --------------------------------------------------------------------------------


def _share(chosen: Any, x: Any, y: Any) -> Mask:
    """1 where an operand is chosen, 1/2 where both are, else nothing."""
    return Mask(chosen, True, where(eq(x, y), 0.5, like(1.0, x)))


def like(number: float, x: Any) -> Any:
    """A number in an array of x's shape and dtype."""
    return x.builder.const(number, x.shape, x.dtype)


def horner(z: Any, coefficients: list[float]) -> Any:
    """A polynomial in z, the constant coefficient first."""
    total = like(coefficients[-1], z)
    for c in reversed(coefficients[:-1]):
        total = add(mul(total, z), c)
    return total


# -- the slopes of sizes: transforms/origins.py says what they are at the origin ------------------

unit = _binary("unit", np_unit, em.emit_unit,
    lambda x, r, v: over(like(1.0, r), r), lambda x, r, v: neg(mul(v, over(like(1.0, r), r))),
    domain=(REAL, POSITIVE), cost=8)  # fmt: skip
"""x / r, the slope of a size r; 0 at the origin."""
over = _binary("over", np_unit, em.emit_unit, *unit.partials,
    domain=(REAL, POSITIVE), cost=8)  # fmt: skip
"""A `unit` of which all has been told."""
side = _binary("side", lambda x, r: np.sign(x), lambda w, t, r, x, _: em.emit_sign(w, t, r, x),
    None, None, cost=2)  # fmt: skip
"""x / r for r = |x|, which is constant on each side of the origin; 0 there."""
sided = _unary("sided", np.sign, em.emit_sign, None, cost=2)
"""A `side` of which all has been told."""

told = Elementwise(
    "told",
    (),
    lambda origin, x, y: chosen(origin, x, y),
    lambda origin, x, y: np.where(origin, x + y, x),
    (None, lambda origin, x, y, v: 1, lambda origin, x, y, v: Mask(origin, True)),
    lambda w, t, r, origin, x, y: x,
    cost=0,
    domain=(TRUTH, REAL, (0.0, 0.0)),
)
"""x, to which y is added where `origin`; there y is 0, but its derivative need not be."""


nought = _binary("nought", np.multiply, em.emit_mul,
    lambda a, x, v: RealLinear(lambda da: nought(da, x), lambda v_bar: nought(v_bar, x)),
    lambda a, x, v: a, domain=(REAL, (0.0, 0.0)), cost=0)  # fmt: skip
"""a x where x is known to be 0 wherever this is read; what counts is its derivative a dx."""


def _times_power(x: Any, y: Any, p: Any) -> Any:
    """y p for p = x^(y - 1), and 0 for an exponent y of 0 where p is infinite."""
    finite = ne(x, 0.0) if x.dtype.kind == "c" else isfinite(p)
    return where(logical_or(ne(y, 0.0), finite), mul(y, p), like(0.0, p))


ENTIRE = (
    *(add, increment, sub, mul, term, fma, neg, where, cast, stop_gradient, real, imag, conj, pair),
    *(absolute, sign, side, sided, told, copysign, maximum, minimum, fmax, fmin),
    *(floor, ceil, rint, trunc),
    *(sin, cos, tanh, bell, sinh, cosh, exp, exp2, expm1, arctan, arcsinh),
)
"""Ops that are finite with all their derivatives where their operands are, but for overflow."""
