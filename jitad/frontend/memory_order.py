"""How NumPy would have laid a traced array out in memory: what `order="A"` and `"K"` ask for."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.errors import TraceError
from jitad.ir.op import Elementwise
from jitad.ir.tape import CONST, INPUT
from jitad.ir.value import Value


def in_memory(x: Value) -> np.ndarray:
    """An array without contents of the shape and the strides that x would have in NumPy."""
    x = x if type(x) is Value else x.freeze()
    known: dict[int, np.ndarray] = {}
    stack = [x.index]
    while stack:
        i = stack[-1]
        missing = [j for j in x.builder.instrs[i].args if j not in known]
        if not missing or i in known:
            known[stack.pop()] = _laid_out(x.builder, i, known)
        stack += missing
    return known[x.index]


def _laid_out(builder: Builder, i: int, known: dict[int, np.ndarray]) -> np.ndarray:
    instr = builder.instrs[i]
    if instr.op is INPUT:
        outer = next((y for y, v in builder.captured.values() if v.index == i), None)
        if isinstance(outer, Value):
            return in_memory(outer)
        return np.empty(instr.shape, instr.dtype, "F" if i in builder.fortran else "C")
    operands = [known[j] for j in instr.args]
    if isinstance(instr.op, Elementwise):
        wide = [y for y in operands if y.ndim]
        if not wide or 0 in instr.shape:
            return np.empty(instr.shape, instr.dtype)
        types: list[Any] = [*(y.dtype for y in wide), instr.dtype]
        flags: list[Any] = [*(["readonly"] for _ in wide), ["writeonly", "allocate"]]
        return np.nditer([*wide, None], [], flags, types).operands[-1]
    if instr.op.is_view:
        return np.asarray(instr.op.evaluate(*operands, **instr.named_params))
    if instr.op is CONST or len(instr.shape) < 2 or all(y.flags.c_contiguous for y in operands):
        return np.empty(instr.shape, instr.dtype)
    raise TraceError(
        f"the layout in memory of what {instr.op.name} gives is not known",
        remedy='give order="C" or "F"',
        line=instr.line,
    )
