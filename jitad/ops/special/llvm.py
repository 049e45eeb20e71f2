"""Hurwitz's zeta function and Lambert's W as functions in LLVM: SciPy has no C function of either.

zeta(s, q) by the formula of Euler and Maclaurin (NIST DLMF 25.11.5, with n such that q + n is
large): the sum of (q + k)^-s below n, and with p = q + n
p^(1-s)/(s-1) + p^-s/2 + sum_j B_2j/(2j)! s (s+1) ... (s+2j-2) p^(1-s-2j).

W(x), the solution of W e^W = x, by Halley's iteration (Corless et al., On the Lambert W function,
1996, section 5.9) from the series about the branch point or the logarithm of the other end.
"""

from __future__ import annotations

import math
import struct
from fractions import Fraction

DECLARATIONS = {
    "pow": "declare double @pow(double, double) #0",
    "exp": "declare double @exp(double) #0",
    "log": "declare double @log(double) #0",
    "llvm.floor.f64": "declare double @llvm.floor.f64(double)",
    "llvm.fabs.f64": "declare double @llvm.fabs.f64(double)",
    "llvm.fma.f64": "declare double @llvm.fma.f64(double, double, double)",
    "llvm.sqrt.f64": "declare double @llvm.sqrt.f64(double)",
}
"""What these functions call."""

TERMS = 12
"""Terms of the sum over j: with p >= (s + 24) / 3 each is below 0.6 of the one before."""


def _literal(x: float) -> str:
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


def _bernoulli(count: int) -> list[Fraction]:
    """B_0 ... B_count, by their recurrence."""
    numbers = [Fraction(1)]
    for n in range(1, count + 1):
        total = sum((math.comb(n + 1, k) * numbers[k] for k in range(n)), Fraction(0))
        numbers.append(-total / (n + 1))
    return numbers


def _tail() -> str:
    """The sum over j, as instructions: %u = p^-s at the start, %rest at the end."""
    numbers = _bernoulli(2 * TERMS)
    lines = ["  %inverse = fdiv double 1.0, %p", "  %factor0 = fmul double %u, %s"]
    lines.append("  %rest0 = fadd double 0.0, 0.0")
    square = "%inverse"
    for j in range(1, TERMS + 1):
        c = _literal(float(numbers[2 * j] / math.factorial(2 * j)))
        lines += [
            f"  %power{j} = fmul double %factor{j - 1}, {square}",
            f"  %part{j} = fmul double %power{j}, {c}",
            f"  %rest{j} = fadd double %rest{j - 1}, %part{j}",
            f"  %low{j} = fadd double %s, {_literal(2.0 * j - 1)}",
            f"  %high{j} = fadd double %s, {_literal(2.0 * j)}",
            f"  %two{j} = fmul double %low{j}, %high{j}",
            f"  %step{j} = fmul double %two{j}, %inverse",
            f"  %factor{j} = fmul double %power{j}, %step{j}",
        ]
    return "\n".join(lines)


NAN, INF = _literal(math.nan), _literal(math.inf)

ZETA = f"""define internal double @jitad_hurwitz_zeta(double %s, double %q) #0 {{
entry:
  %pole = fcmp oeq double %s, 1.0
  br i1 %pole, label %infinite, label %above
above:
  %low = fcmp olt double %s, 1.0
  br i1 %low, label %invalid, label %left
left:
  %below = fcmp ole double %q, 0.0
  %whole_q = call double @llvm.floor.f64(double %q)
  %q_is_whole = fcmp oeq double %whole_q, %q
  %at_pole = and i1 %below, %q_is_whole
  br i1 %at_pole, label %infinite, label %known
known:
  %whole_s = call double @llvm.floor.f64(double %s)
  %s_is_whole = fcmp oeq double %whole_s, %s
  %positive = fcmp ogt double %q, 0.0
  %powers = or i1 %positive, %s_is_whole
  %numbers = fcmp ord double %s, %q
  %defined = and i1 %powers, %numbers
  br i1 %defined, label %proper, label %invalid
proper:
  %endless = fcmp oeq double %s, {INF}
  br i1 %endless, label %limit, label %start
start:
  %wanted = fadd double %s, 24.0
  %third = fdiv double %wanted, 3.0
  %small = fcmp olt double %third, 10.0
  %near = select i1 %small, double 10.0, double %third
  ; of steeper powers the first terms are the sum
  %moderate = fcmp olt double %s, 1.0e6
  %bound = select i1 %moderate, double %near, double {INF}
  br label %head
head:
  %p = phi double [ %q, %start ], [ %p_next, %more ]
  %sum = phi double [ 0.0, %start ], [ %sum_next, %more ]
  %minus = fneg double %s
  %u = call double @pow(double %p, double %minus)
  %enough = fcmp oge double %p, %bound
  br i1 %enough, label %tail, label %test
test:
  ; what is left is below the rounding of the sum
  %size = call double @llvm.fabs.f64(double %sum)
  %rounding = fmul double %size, {_literal(1e-17)}
  %negligible = fcmp ole double %u, %rounding
  %right = fcmp ogt double %p, 0.0
  %steep = fcmp oge double %s, 2.0
  %safe = and i1 %right, %steep
  %done = and i1 %negligible, %safe
  br i1 %done, label %short, label %more
more:
  %sum_next = fadd double %sum, %u
  %p_next = fadd double %p, 1.0
  br label %head
short:
  ret double %sum
tail:
{_tail()}
  %less = fsub double 1.0, %s
  %pu = call double @pow(double %p, double %less)
  %s_1 = fsub double %s, 1.0
  %integral = fdiv double %pu, %s_1
  %half = fmul double %u, 0.5
  %ends = fadd double %half, %rest{TERMS}
  %all = fadd double %integral, %ends
  %v = fadd double %sum, %all
  ret double %v
limit:
  %one = fcmp oeq double %q, 1.0
  %large = fcmp ogt double %q, 1.0
  %unit = select i1 %one, double 1.0, double {INF}
  %rest = select i1 %large, double 0.0, double %unit
  ret double %rest
infinite:
  ret double {INF}
invalid:
  ret double {NAN}
}}"""


_ROOT_SERIES = (-1.0, 1.0, -1 / 3, 11 / 72, -43 / 540, 769 / 17280, -221 / 8505)
"""W about -1/e in powers of p = sqrt(2 (1 + e x)), of -p for the other branch."""


def _series() -> list[str]:
    """%series from %p."""
    lines = [f"  %c0 = fadd double 0.0, {_literal(_ROOT_SERIES[-1])}"]
    for k, c in enumerate(reversed(_ROOT_SERIES[:-1])):
        lines.append(f"  %b{k} = fmul double %c{k}, %p")
        lines.append(f"  %c{k + 1} = fadd double %b{k}, {_literal(c)}")
    return [*lines, f"  %series = fadd double %c{len(_ROOT_SERIES) - 1}, 0.0"]


_FIRST = {
    0: """  %l = call double @log(double %x1)
  %l1 = fadd double %l, 1.0
  %l2 = fadd double %l, 2.0
  %ll = call double @log(double %l1)
  %share = fdiv double %ll, %l2
  %rest = fsub double 1.0, %share
  %far = fmul double %l, %rest
  %near = fcmp olt double %x, -0.2""",
    -1: """  %size = fneg double %x
  %l = call double @log(double %size)
  %ml = fneg double %l
  %ll = call double @log(double %ml)
  %share = fdiv double %ll, %l
  %rest = fsub double %l, %ll
  %far = fadd double %rest, %share
  %near = fcmp olt double %x, -0.25""",
}

_HALLEY = """  %e{k} = call double @exp(double %w{k})
  %f{k} = fmul double %w{k}, %e{k}
  %miss{k} = fsub double %f{k}, %x
  %w1_{k} = fadd double %w{k}, 1.0
  %w2_{k} = fadd double %w{k}, 2.0
  %twice{k} = fadd double %w1_{k}, %w1_{k}
  %ratio{k} = fdiv double %w2_{k}, %twice{k}
  %bend{k} = fmul double %ratio{k}, %miss{k}
  %slope{k} = fmul double %e{k}, %w1_{k}
  %divisor{k} = fsub double %slope{k}, %bend{k}
  %move{k} = fdiv double %miss{k}, %divisor{k}
  %moved{k} = fsub double %w{k}, %move{k}
  %valid{k} = fcmp ord double %move{k}, 0.0
  %w{next} = select i1 %valid{k}, double %moved{k}, double %w{k}"""

_HALLEY_STEPS = 5


def lambert_w(branch: int) -> str:
    """The function jitad_lambert_w0, or w1 for branch -1; NaN where W is not real."""
    sign = "%root" if branch == 0 else "%minus_root"
    low_e = _literal(1.4456468917292502e-16)  # e minus the double next to it
    lines = [
        f"define internal double @jitad_lambert_w{-branch}(double %x) #0 {{",
        f"  %high = call double @llvm.fma.f64(double %x, double {_literal(math.e)}, double 1.0)",
        f"  %low = fmul double %x, {low_e}",
        "  %gap = fadd double %high, %low",
        "  %square = fmul double %gap, 2.0",
        "  %root = call double @llvm.sqrt.f64(double %square)",
        "  %minus_root = fneg double %root",
        f"  %p = fadd double {sign}, 0.0",
        *_series(),
        "  %x1 = fadd double %x, 1.0",
        _FIRST[branch],
        "  %w0 = select i1 %near, double %series, double %far",
        *(_HALLEY.format(k=k, next=k + 1) for k in range(_HALLEY_STEPS)),
        "  %close = fcmp olt double %root, 0.01",
        f"  %v = select i1 %close, double %series, double %w{_HALLEY_STEPS}",
        # NaN of the root where the value is complex; beyond 0 there is no other branch either.
        f"  %outside = fcmp {'olt double %square' if branch == 0 else 'ogt double %x'}, 0.0",
        f"  %real = select i1 %outside, double {NAN}, double %v",
        "  %zero = fcmp oeq double %x, 0.0",
        f"  %endless = fcmp oeq double %x, {INF}",
        f"  %fixed = or i1 %zero, {'%endless' if branch == 0 else 'false'}",
        f"  %result = select i1 %fixed, double {'%x' if branch == 0 else _literal(-math.inf)}, "
        "double %real",
        "  ret double %result",
        "}",
    ]
    return "\n".join(lines)
