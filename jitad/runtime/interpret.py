"""Plan + arguments -> result: a program run in NumPy, where no kernel is to be compiled for it.

Results have the types that a kernel gives: NumPy scalars, and arrays that belong to the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.codegen.status import OUT_OF_BOUNDS
from jitad.ir.builder import run
from jitad.ir.errors import LinearAlgebraError
from jitad.ir.tape import Instr
from jitad.ops.structural import gather, scatter_add, scatter_set
from jitad.runtime.failure import failure
from jitad.runtime.plan import Plan


def interpret(plan: Plan, leaves: Sequence[Any]) -> Any:
    """The result of a program for these leaves of its arguments."""
    tape = plan.tape
    bound = dict(zip(tape.inputs, (*leaves, *plan.captured), strict=True))
    values: list[Any] = []
    for i, instr in enumerate(tape.instrs):
        values.append(np.asarray(bound[i]) if i in bound else _run(instr, values))
    results = [_own(values[i], tape.instrs[i]) for i in tape.outputs]
    return plan.result(results)


def _run(instr: Instr, values: Sequence[Any]) -> Any:
    if instr.op in (gather, scatter_add, scatter_set):
        x, index = values[instr.args[0]], values[instr.args[1]]
        # A negative index has been counted from the end already; NumPy would do so again.
        if np.any((index < 0) | (index >= len(x))):
            raise failure(OUT_OF_BOUNDS, instr)
    try:
        return run(instr, values)
    except np.linalg.LinAlgError as error:
        raise LinearAlgebraError(f"{instr.op.name}: {error}", line=instr.line) from error


def _own(value: Any, instr: Instr) -> Any:
    array = np.array(value, instr.dtype, order="C")
    return array if instr.shape else array[()]
