"""Plan + arguments -> result: a program run in NumPy, where no kernel is to be compiled for it.

Results have the types that a kernel gives: NumPy scalars, and arrays that belong to the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.ir.builder import run
from jitad.ir.tape import Instr
from jitad.runtime.plan import Plan


def interpret(plan: Plan, leaves: Sequence[Any]) -> Any:
    """The result of a program for these leaves of its arguments."""
    tape = plan.tape
    bound = dict(zip(tape.inputs, (*leaves, *plan.captured), strict=True))
    values: list[Any] = []
    for i, instr in enumerate(tape.instrs):
        values.append(np.asarray(bound[i]) if i in bound else run(instr, values))
    results = [_own(values[i], tape.instrs[i]) for i in tape.outputs]
    return plan.result(results)


def _own(value: Any, instr: Instr) -> Any:
    array = np.array(value, instr.dtype, order="C")
    return array if instr.shape else array[()]
