"""exp as arithmetic: LLVM vectorises it on any processor, and interleaves it with its neighbours.

    exp(x) = 2^k e^r,  k = rint(x / ln 2),  r = x - k ln 2,  e^r = 1 + r + r^2 q(r)

q is the minimax polynomial on |r| <= ln 2 / 2. (Muller, Elementary Functions, 3rd ed., Birkhaeuser
2016, chapters 3 and 11.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jitad.ir.op import FLOAT32, FLOAT64, DType

if TYPE_CHECKING:
    from jitad.codegen.writer import Writer


class _Numbers(NamedTuple):
    """What depends on the format: ln 2 in two parts, q's coefficients, and how bits are laid out.

    Beyond `limit` the result is infinite or zero. `bias` plus an integer has that integer, plus
    the exponent's bias, in its last bits, which `shift` moves to where the exponent is.
    """

    high: float
    low: float
    q: tuple[float, ...]
    limit: float
    bias: float
    shift: int
    bits: str


_NUMBERS: dict[DType, _Numbers] = {
    FLOAT64: _Numbers(
        float.fromhex("0x1.62e42fefa39efp-1"),
        float.fromhex("0x1.abc9e3b39803fp-56"),
        tuple(map(float.fromhex, (
            "0x1.0000000000001p-1", "0x1.5555555555556p-3", "0x1.5555555553d63p-5",
            "0x1.11111111109b3p-7", "0x1.6c16c1788bd90p-10", "0x1.a01a01a7c41d5p-13",
            "0x1.a019b90d2ae7ap-16", "0x1.71de0dae63bb3p-19", "0x1.289185613a3d6p-22",
            "0x1.af38a9b0ec855p-26",
        ))),
        1000.0, 1.5 * 2.0**52 + 1023, 52, "i64",
    ),
    FLOAT32: _Numbers(
        float.fromhex("0x1.62e430p-1"),
        float.fromhex("-0x1.05c610p-29"),
        (0.5, 0.166665769897, 0.0416665546172, 0.00836317905272, 0.00139261835877),
        140.0, 1.5 * 2.0**23 + 127, 23, "i32",
    ),
}  # fmt: skip


def exponential(w: Writer, t: DType, x: str) -> str:
    """The register of e^x; NaN, infinities and subnormal results as they should be."""
    n, kind = _NUMBERS[t], w.type(t)

    def fma(a: str, b: str, c: str) -> str:
        return w.intrinsic("llvm.fma", t, a, b, c)

    def times(a: str, b: str) -> str:
        return w.line(f"fmul {kind} {a}, {b}")

    def limited(x: str, compare: str, bound: float) -> str:
        beyond = w.line(f"fcmp {compare} {kind} {x}, {w.number(bound, t)}")
        return w.select(beyond, t, w.number(bound, t), x)

    x = limited(limited(x, "ogt", n.limit), "olt", -n.limit)
    k = w.intrinsic("llvm.rint", t, times(x, w.number(1.4426950408889634, t)))
    r = fma(k, w.number(-n.low, t), fma(k, w.number(-n.high, t), x))
    square = times(r, r)
    power = fma(square, _polynomial(w, t, r, square, n.q), r)
    power = w.line(f"fadd {kind} {power}, {w.number(1, t)}")
    # In two steps, for 2^k itself may be no number of the format.
    half = w.intrinsic("llvm.rint", t, times(k, w.number(0.5, t)))
    rest = w.line(f"fsub {kind} {k}, {half}")
    return times(times(power, _power_of_two(w, t, half)), _power_of_two(w, t, rest))


def _polynomial(w: Writer, t: DType, x: str, square: str, coefficients: tuple[float, ...]) -> str:
    """A polynomial by Estrin's scheme, whose steps do not wait for each other as Horner's do."""
    terms = [w.number(c, t) for c in coefficients]
    step = x
    while len(terms) > 1:
        pairs = [terms[k : k + 2] for k in range(0, len(terms), 2)]
        terms = [
            w.intrinsic("llvm.fma", t, pair[1], step, pair[0]) if len(pair) == 2 else pair[0]
            for pair in pairs
        ]
        step = square if step == x else w.line(f"fmul {w.type(t)} {step}, {step}")
    return terms[0]


def _power_of_two(w: Writer, t: DType, k: str) -> str:
    """2^k of an integer in floating point, from the bits of its sum with the bias."""
    n, kind = _NUMBERS[t], w.type(t)
    bits = w.wide(n.bits)
    total = w.line(f"fadd {kind} {k}, {w.number(n.bias, t)}")
    integer = w.line(f"bitcast {kind} {total} to {bits}")
    shift = str(n.shift) if w.lanes == 1 else f"splat ({n.bits} {n.shift})"
    moved = w.line(f"shl {bits} {integer}, {shift}")
    return w.line(f"bitcast {bits} {moved} to {kind}")
