"""EvaluationTrace -> ExtendedJacobian: the chain rule as one triangular system of equations.

The program v_i = phi_i(v_j) is the system E(x; v) = 0 of E_i = phi_i(v_j) - v_i. Its Jacobian is
C - I: the elemental partials c_ij in a strictly lower triangle, and -1 on the diagonal. With the
inputs first and the results last it has the blocks

    C - I = [[-I, 0, 0], [B, L - I, 0], [R, T, -I]],

and what is left of it when the v_i between are eliminated, R + T (I - L)^-1 B, is the Jacobian of
the program: forward mode solves with I - L from the first row to the last, reverse mode with its
transpose from the last to the first.

Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, sections 2.2, 2.3 and 9.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.ir.errors import TraceError
from jitad.report.evaluation import EvaluationTrace

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False)
class ExtendedJacobian:
    """C - I of a program, as a SciPy sparse array, with a label for each row and column.

    The first `inputs` rows are the arguments' numbers, the last `outputs` the results'; those
    between are the elemental operations in their order.
    """

    labels: tuple[str, ...]
    matrix: csr_array
    inputs: int
    outputs: int

    def blocks(self) -> tuple[csr_array, csr_array, csr_array, csr_array]:
        """B, L, R and T: operations by inputs and by operations, results by these."""
        n, last, c = self.inputs, len(self.labels) - self.outputs, self._partials()
        middle, bottom = c[n:last], c[last:]
        return middle[:, :n], middle[:, n:last], bottom[:, :n], bottom[:, n:last]

    def jacobian(self) -> np.ndarray[Any, Any]:
        """The Schur complement R + T (I - L)^-1 B: results by inputs."""
        from scipy.sparse import eye_array
        from scipy.sparse.linalg import spsolve_triangular

        b, lower, r, t = self.blocks()
        if lower.shape == (0, 0):
            return r.toarray()
        inner = (
            eye_array(len(self.labels) - self.inputs - self.outputs, format="csr") - lower
        ).tocsr()
        return r.toarray() + t @ spsolve_triangular(inner, b.toarray(), unit_diagonal=True)

    def factors(self) -> list[csr_array]:
        """A_1 .. A_l: each is the identity but for the row of one operation or result, which has
        its partials. Their product A_l ... A_1 takes tangents of the inputs to all tangents."""
        from scipy.sparse import csr_array, eye_array

        n, size, c = self.inputs, len(self.labels), self._partials()
        found: list[csr_array] = []
        for i in range(n, size):
            change = np.zeros((size, 1))
            change[i] = 1.0
            row = c[[i]] - csr_array(change.T)
            found.append((eye_array(size, format="csr") + csr_array(change) @ row).tocsr())
        return found

    def product(self) -> np.ndarray[Any, Any]:
        """The Jacobian as the product of all factors, of which are taken rows of results and
        columns of inputs."""
        from scipy.sparse import eye_array

        start: Any = eye_array(len(self.labels), format="csc")
        start = start[:, : self.inputs]
        return reduce(lambda x, a: a @ x, self.factors(), start).toarray()[-self.outputs :]

    def _partials(self) -> Any:
        """C; without a type, for the stubs of SciPy's slices say that they may be None."""
        from scipy.sparse import eye_array

        return (self.matrix + eye_array(len(self.labels), format="csr")).tocsr()

    def __str__(self) -> str:
        cells = [["", *self.labels]]
        for label, row in zip(self.labels, self.matrix.toarray(), strict=True):
            cells.append([label, *(f"{x:.4g}" if x else "." for x in row.tolist())])
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(n) for cell, n in zip(row, widths, strict=True)) for row in cells
        )


def extended_jacobian(trace: EvaluationTrace) -> ExtendedJacobian:
    """The extended Jacobian of an evaluation trace with tangents; of numbers of floating point."""
    from scipy.sparse import csr_array

    if any(np.ndim(row.value) for row in trace.rows):
        raise TraceError(
            "the extended Jacobian of a program over long arrays",
            remedy="trace it at shorter ones: of up to 200 numbers together it is spelt out",
        )
    rows = [row for row in trace.rows if row.tangent is not None]
    place = {row.name: k for k, row in enumerate(rows)}
    entries = {(k, k): -1.0 for k in range(len(rows))}
    for edge in trace.partials:
        assert edge.value is not None
        entries[place[edge.of], place[edge.by]] = edge.value
    for row in rows:
        if row.kind == "result" and row.primal in place:
            entries[place[row.name], place[row.primal]] = 1.0
    counts = [sum(row.kind == kind for row in rows) for kind in ("argument", "result")]
    indices = tuple(np.array(list(entries)).reshape(-1, 2).T)
    matrix = csr_array((list(entries.values()), indices), shape=(len(rows), len(rows)))
    return ExtendedJacobian(tuple(place), matrix, *counts)
