"""Long straight-line code: programs of scalar operations, a third of them sin, cos, exp or tanh.

Just-in-time compilers see every operation; what they take for that is in compile_time.py.
"""

from __future__ import annotations

from typing import Any

from benchmarks.harness import Section, main
from benchmarks.programs import straight_line, straight_line_point, straight_line_source
from benchmarks.suite.contest import contests
from benchmarks.suite.problem import Function, Problem

_LENGTHS = {"tiny": (30,), "quick": (300, 1000), "full": (300, 1000, 10_000)}

_SINCOS = (
    "gcc merges the sine and the cosine of one argument, which derivatives have in pairs, into one "
    "call of sincos (without that, -fno-builtin, it takes a quarter longer); and its call has no "
    "arguments to check"
)
_COMPILERS = ("JAX", "torch.compile", "CasADi C")


def problems(size: str) -> list[Problem]:
    """Of growing length."""
    return [problem(length) for length in _LENGTHS[size]]


def problem(length: int) -> Problem:
    program = straight_line(length)
    text = compile(straight_line_source(program), f"straight-line program of {length}", "exec")

    def scalars(math: Any) -> Function:
        names = {name: getattr(math, name) for name in ("sin", "cos", "exp", "tanh")}
        exec(text, names)
        return names["program"]

    return Problem(f"straight-line code, {length:,} operations", straight_line_point(),
                   scalars=scalars, why={"CasADi C": _SINCOS},
                   long=_COMPILERS if length > 300 else ("torch.compile",))  # fmt: skip


def run(size: str) -> Section:
    """The contests."""
    return contests("benchmarks.straight_line", problems(size), size)


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
