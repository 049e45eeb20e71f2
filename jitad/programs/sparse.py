"""Function -> Plan of its sparse Jacobian or Hessian: the values of the entries that there are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jitad.frontend.guards import known
from jitad.frontend.pytree import Structure, flatten, unflatten
from jitad.ir.errors import ShapeError
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.passes.cse import cse
from jitad.passes.dce import dce
from jitad.passes.fold import fold
from jitad.passes.if_convert import if_convert
from jitad.passes.narrow import narrow
from jitad.programs.call import Argnums, Call, Function, differentiate, seedable
from jitad.programs.gradient import scalar_gradient
from jitad.runtime.launch import Build
from jitad.runtime.plan import Plan
from jitad.sparse.accumulate import Accumulated, accumulate
from jitad.sparse.arrays import SparseArray
from jitad.sparse.matrix import pattern_of, values_of
from jitad.sparse.pattern import Pattern


def sparse_jacobian(
    fun: Function, argnums: Argnums, has_aux: bool, pattern: Pattern | None, format: str
) -> Build:
    """The Jacobian, or (Jacobian, aux), as matrices of SciPy's in that format; of the entries of
    a pattern that is given."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call = differentiate(fun, argnums, leaves, structure)
        parts = call.traced.structure.children() if has_aux else [call.traced.structure]
        kept = parts[0].num_leaves
        seedable(call.tape, kept)
        matrices = _Matrices(call, call.tape, kept, pattern, format)
        return matrices.plan(leaves, parts[0], parts[1:])

    return build


def sparse_hessian(
    fun: Function, argnums: Argnums, has_aux: bool, pattern: Pattern | None, format: str
) -> Build:
    """The Hessian, or (Hessian, aux), likewise."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call = differentiate(fun, argnums, leaves, structure)
        call, tape, aux, count = scalar_gradient(call, has_aux, False)
        order = (*tape.outputs[1 + count :], *tape.outputs[1 : 1 + count])
        tape = Tape(tape.instrs, tape.inputs, order)
        parts = [aux] if has_aux else []
        matrices = _Matrices(call, tape, len(call.active), pattern, format)
        return matrices.plan(leaves, call.selected, parts)

    return build


@dataclass(frozen=True, eq=False)
class _Matrices:
    """The derivatives of a tape's first results, each by each argument that is differentiated."""

    call: Call
    tape: Tape
    count: int
    pattern: Pattern | None
    format: str

    def plan(self, leaves: Sequence[Any], outer: Structure, aux: Sequence[Structure]) -> Plan:
        """The program of them, with the other results behind; `outer` is the structure of the
        results that are differentiated, `aux` that of the others, if there are any."""
        call = self.call
        tape = dce(cse(fold(if_convert(narrow(fold(cse(self.tape)))))))
        swept = accumulate(tape, call.active, self._given(leaves))
        values: list[Value] = []
        rows: list[Any] = []
        for k in range(self.count):
            blocks = [self._block(swept, k, leaf) for leaf in range(len(call.active))]
            values += [block.data for block in blocks]
            places = [SparseArray(block.pattern, 0, self.format) for block in blocks]
            rows.append(unflatten(call.selected, places))
        result: Any = unflatten(outer, rows)
        if aux:
            result = (result, unflatten(aux[0], [0] * aux[0].num_leaves))
        new = swept.finish([*values, *swept.results[self.count :]])
        plan = call.plan(new, flatten(result)[1], self.count)
        return replace(plan, captured=(*plan.captured, *swept.tables.arrays))

    def _given(self, leaves: Sequence[Any]) -> dict[int, np.ndarray]:
        """The integers that inputs are now, by their positions."""
        whole = [
            k for k, i in enumerate(self.tape.inputs) if self.tape.instrs[i].dtype.kind in "biu"
        ]
        arrays = (*leaves, *self.call.traced.captured)
        found = {k: known(arrays[k]) for k in whole}
        return {k: x for k, x in found.items() if x is not None}

    def _block(self, swept: Accumulated, k: int, leaf: int) -> SparseArray:
        """The matrix of result k by one argument."""
        result, x = swept.results[k], self.call.traced.leaves[self.call.active[leaf]]
        own = [term for term in swept.terms[k] if term.leaf == leaf]
        shape = result.size, math.prod(x.shape)
        pattern = self.pattern
        if pattern is None:
            pattern = pattern_of(own, shape)
        elif pattern.shape != shape:
            raise ShapeError(
                f"a pattern of {pattern.shape} for a matrix of {shape}",
                remedy="give sparse=True, or the pattern of jitad.sparsity",
            )
        return SparseArray(pattern, values_of(own, pattern, result.dtype, swept.tables))
