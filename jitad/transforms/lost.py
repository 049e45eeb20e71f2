"""Instr -> error: a guard that holds a number fixed which is being differentiated.

Only where a value becomes one of Python's numbers a guard is on floating point; what the function
computes from such a number is a constant to every transform.
"""

from __future__ import annotations

from jitad.ir.errors import DifferentiationError
from jitad.ir.tape import Instr


def lost_derivative(instr: Instr) -> DifferentiationError:
    """What to raise where such a guard's operand depends on what is differentiated."""
    asker = instr.params[2]
    if asker is not None:
        name, remedy = asker
        return DifferentiationError(
            f"{name} knows no traced values, and asks one that is being differentiated for its "
            "number: the derivative of what it computes would be lost",
            remedy=remedy,
            line=instr.line,
        )
    return DifferentiationError(
        "a traced value that is being differentiated was turned into a plain number: the "
        "derivative of what is computed from that would be lost",
        remedy="use the traced value itself, np.sin in place of math.sin, and an array that "
        "jitad.numpy.zeros or jitad.numpy.empty has made to write it into; or, where it is meant "
        "to be constant, float(jitad.stop_gradient(x))",
        line=instr.line,
    )
