"""`scipy.sparse.linalg`, of traced values: iterative solvers, operators, eigenvalues, exponentials.

What a solver finds is SciPy's, within its tolerance; derivatives are those of the exact solution.
An operator that is given by its products is the matrix of what it makes of the unit vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from jitad.api import stop_gradient
from jitad.frontend.stand_ins import StandIn
from jitad.ir.errors import TraceError
from jitad.scipy import iterations
from jitad.scipy.sparse_solves import solved
from jitad.sparse.arrays import SparseArray


class LinearOperator(StandIn):
    """A matrix that is known by its products."""

    def __init__(
        self, shape: Any, matvec: Any, rmatvec: Any = None, matmat: Any = None, dtype: Any = None,
        rmatmat: Any = None,
    ) -> None:  # fmt: skip
        self.shape, self.dtype, self.ndim = tuple(shape), dtype, 2
        self._matvec, self._rmatvec, self._matmat = matvec, rmatvec, matmat

    def matvec(self, x: Any) -> Any:
        """The product with a vector."""
        x = np.asarray(x)
        return np.reshape(self._matvec(x), (self.shape[0],) + (1,) * (np.ndim(x) - 1))

    def rmatvec(self, x: Any) -> Any:
        """The product of the adjoint with a vector."""
        if self._rmatvec is None:
            raise NotImplementedError("rmatvec is not defined")
        return self._rmatvec(np.asarray(x))

    def matmat(self, x: Any) -> Any:
        """The product with a matrix."""
        if self._matmat is not None:
            return self._matmat(np.asarray(x))
        return np.stack([self._matvec(x[:, j]) for j in range(np.shape(x)[1])], axis=1)

    def dot(self, x: Any) -> Any:
        """The product with a vector or a matrix."""
        return self.matvec(x) if np.ndim(x) == 1 else self.matmat(x)

    def __matmul__(self, x: Any) -> Any:
        return self.dot(x)

    def __mul__(self, x: Any) -> Any:
        return self.dot(x)

    def __call__(self, x: Any) -> Any:
        return self.dot(x)


def of_operator(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    given = getattr(x, "_CustomLinearOperator__matvec_impl", None)
    return LinearOperator(x.shape, x._matvec if given is None else given, dtype=x.dtype)


def aslinearoperator(A: Any) -> Any:
    """A matrix by its products."""
    if isinstance(A, LinearOperator):
        return A
    return LinearOperator(np.shape(A), lambda x: A @ x, dtype=np.float64)


def dense(A: Any) -> Any:
    """A matrix, sparse or known by its products, as an array."""
    if isinstance(A, SparseArray):
        return A.toarray()
    if isinstance(A, LinearOperator):
        return A.matmat(np.eye(A.shape[1]))
    return np.asarray(A)


def _held(found: Any, exact: Any) -> Any:
    """What a solver found, with the derivatives of what it looked for."""
    return exact + stop_gradient(found - exact)


def _preconditioner(name: str, M: Any) -> Any:
    """As SciPy takes it."""
    if isinstance(M, StandIn):
        raise TraceError(
            f"scipy.sparse.linalg.{name} with M= of traced values",
            remedy="make M of plain arrays, outside: the solution does not depend on it",
        )
    return M


def _iterative(name: str, *hints: str) -> Any:
    """A solver of A x = b: (x, info)."""

    def solver(A: Any, b: Any, x0: Any = None, **options: Any) -> Any:
        if options.get("callback") is not None:
            raise TraceError(
                f"scipy.sparse.linalg.{name} with callback= of traced values",
                remedy="leave it out: nothing of an iteration is recorded",
            )
        for hint in hints:
            options[hint] = _preconditioner(name, options.get(hint))
        vector = np.reshape(b, (-1,))
        start = np.zeros(np.shape(vector)) if x0 is None else np.reshape(x0, (-1,))
        if isinstance(A, SparseArray):
            exact = solved(A.pattern, A.values, vector)
            found, info = iterations.solution(name, A.values, A.pattern, vector, start, options)
        else:
            matrix = dense(A)
            exact = np.linalg.solve(matrix, vector)
            found, info = iterations.solution(name, matrix, None, vector, start, options)
        return np.reshape(_held(found, exact), np.shape(b)), info

    return solver


bicg = _iterative("bicg", "M")
bicgstab = _iterative("bicgstab", "M")
cg = _iterative("cg", "M")
cgs = _iterative("cgs", "M")
gcrotmk = _iterative("gcrotmk", "M")
gmres = _iterative("gmres", "M")
lgmres = _iterative("lgmres", "M")
minres = _iterative("minres", "M")
qmr = _iterative("qmr", "M1", "M2")
tfqmr = _iterative("tfqmr", "M")


def _least_squares(name: str, count: int) -> Any:
    """A solver of min |A x - b|^2 + damp^2 |x|^2: its solution, and what SciPy says of it."""

    def solver(A: Any, b: Any, damp: float = 0.0, **options: Any) -> Any:
        matrix, b = dense(A), np.reshape(b, (-1,))
        rows, columns = np.shape(matrix)
        found, said = iterations.fit(name, matrix, b, damp, count, options)
        if rows < columns:  # the shortest of the solutions
            gram = matrix @ matrix.T + damp * damp * np.eye(rows)
            exact = matrix.T @ np.linalg.solve(gram, b)
        else:
            gram = matrix.T @ matrix + damp * damp * np.eye(columns)
            exact = np.linalg.solve(gram, matrix.T @ b)
        return (_held(found, exact), *[said[k] for k in range(count - 1)])

    return solver


lsqr = _least_squares("lsqr", 9)
lsmr = _least_squares("lsmr", 8)


# -- eigenvalues and singular values, by those of the whole matrix ---------------------------------


def _chosen(values: Any, k: int, which: str, sigma: Any) -> Any:
    """The places of k eigenvalues, in ascending order."""
    size = np.shape(values)[0]
    if sigma is not None:
        order = np.argsort(np.abs(values - sigma))[:k]
    elif which == "LM":
        order = np.argsort(-np.abs(values))[:k]
    elif which == "SM":
        order = np.argsort(np.abs(values))[:k]
    elif which == "LA":
        order = np.arange(size - k, size)
    elif which == "SA":
        order = np.arange(k)
    else:
        raise TraceError(
            f"scipy.sparse.linalg.eigsh with which={which!r} of traced values",
            remedy='give "LM", "SM", "LA" or "SA"',
        )
    return np.sort(order)


def eigsh(
    A: Any, k: int = 6, M: Any = None, sigma: Any = None, which: str = "LM", v0: Any = None,
    ncv: Any = None, maxiter: Any = None, tol: float = 0, return_eigenvectors: bool = True,
    Minv: Any = None, OPinv: Any = None, mode: str = "normal",
) -> Any:  # fmt: skip
    """k eigenvalues of a symmetric matrix, in ascending order, and their vectors."""
    matrix = dense(A)
    if M is None:
        values, vectors = np.linalg.eigh(matrix)
    else:
        values, vectors = scipy.linalg.eigh(matrix, dense(M))
    order = _chosen(values, k, which, sigma)
    return (values[order], vectors[:, order]) if return_eigenvectors else values[order]


def svds(
    A: Any, k: int = 6, ncv: Any = None, tol: float = 0, which: str = "LM", v0: Any = None,
    maxiter: Any = None, return_singular_vectors: Any = True, solver: str = "arpack",
    **options: Any,
) -> Any:  # fmt: skip
    """k singular values, in ascending order, and their vectors."""
    u, s, vt = np.linalg.svd(dense(A), full_matrices=False)
    size = np.shape(s)[0]
    order = (np.arange(k) if which == "LM" else np.arange(size - k, size))[::-1]
    if return_singular_vectors is False:
        return s[order]
    return u[:, order], s[order], vt[order]


# -- functions of matrices -------------------------------------------------------------------------


def expm_multiply(
    A: Any, B: Any, start: Any = None, stop: Any = None, num: Any = None, endpoint: Any = None,
    traceA: Any = None,
) -> Any:  # fmt: skip
    """e^A B, or e^(t A) B at times from start to stop."""
    matrix = dense(A)
    if start is None:
        return scipy.linalg.expm(matrix) @ B
    options = {} if endpoint is None else {"endpoint": endpoint}
    times = np.linspace(start, stop, 50 if num is None else num, **options)
    return np.stack([scipy.linalg.expm(t * matrix) @ B for t in times])


def spsolve_triangular(
    A: Any, b: Any, lower: bool = True, overwrite_A: bool = False, overwrite_b: bool = False,
    unit_diagonal: bool = False,
) -> Any:  # fmt: skip
    """The solution of A x = b, of a triangular matrix."""
    return scipy.linalg.solve_triangular(dense(A), b, lower=lower, unit_diagonal=unit_diagonal)


def norm(x: Any, ord: Any = None, axis: Any = None) -> Any:
    """The norm of a matrix."""
    kind: Any = "fro" if ord == "f" else ord
    if axis is None and kind in (None, "fro") and isinstance(x, SparseArray):
        return np.linalg.norm(x.values)
    return np.linalg.norm(dense(x), kind, axis)
