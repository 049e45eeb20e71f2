"""`scipy.sparse.linalg`, of traced values: systems of equations, solved by SciPy."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from jitad.frontend.stand_ins import StandIn
from jitad.ir.errors import TraceError
from jitad.scipy import sparse_solves
from jitad.scipy.sparse_solves import solved
from jitad.sparse import entries
from jitad.sparse.arrays import SparseArray, as_sparse, placed


def _matrix(name: str, A: Any) -> Any:
    x = as_sparse(A)
    if not isinstance(x, SparseArray):
        raise TraceError(
            f"scipy.sparse.linalg.{name} of what is no sparse matrix, with traced values",
            remedy="use scipy.sparse.csc_array(A), or np.linalg.solve(A, b)",
        )
    return x


def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    """The solution of A x = b."""
    matrix, b = _matrix("spsolve", A), as_sparse(b)
    if isinstance(b, SparseArray):
        raise TraceError(
            "scipy.sparse.linalg.spsolve with a sparse right-hand side, of traced values",
            remedy="use b.toarray()",
        )
    return solved(matrix.pattern, matrix.values, np.asarray(b))


class SuperLU(StandIn):
    """What solves systems of one matrix; it is factorised at each solve."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix
        self.shape = matrix.shape

    def scipys(self) -> Any:
        """SciPy's class."""
        return sys.modules["scipy.sparse.linalg"].SuperLU

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """The solution of A x = rhs, or of A^T x = rhs."""
        if trans not in ("N", "T", "H"):
            raise ValueError("trans must be N, T, or H")
        x = solved(self.matrix.pattern, self.matrix.values, rhs, trans != "N")
        return np.reshape(x, np.shape(rhs))


def of_lu(x: Any) -> Any:
    """The stand-in of SciPy's factors: of the matrix that they are those of."""
    values, rows, columns, shape = sparse_solves.of_factors(x)
    pattern, at = entries.ordered(rows, columns, shape)
    return SuperLU(SparseArray(pattern, placed(pattern, at, values)))


def splu(A: Any, *options: Any, **named: Any) -> Any:
    """What solves systems of a matrix."""
    return SuperLU(_matrix("splu", A))


def factorized(A: Any) -> Any:
    """The function from right-hand sides to solutions."""
    return SuperLU(_matrix("factorized", A)).solve
