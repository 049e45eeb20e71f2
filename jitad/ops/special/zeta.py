"""Hurwitz's zeta function as a function in LLVM: SciPy has no C function of it.

zeta(s, q) by the formula of Euler and Maclaurin (NIST DLMF 25.11.5, with n such that q + n is
large): the sum of (q + k)^-s below n, and with p = q + n
p^(1-s)/(s-1) + p^-s/2 + sum_j B_2j/(2j)! s (s+1) ... (s+2j-2) p^(1-s-2j).
"""

from __future__ import annotations

import math
import struct
from fractions import Fraction

DECLARATIONS = {
    "pow": "declare double @pow(double, double) #0",
    "llvm.floor.f64": "declare double @llvm.floor.f64(double)",
    "llvm.fabs.f64": "declare double @llvm.fabs.f64(double)",
}
"""What it calls."""

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
