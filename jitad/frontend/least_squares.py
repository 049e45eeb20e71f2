"""numpy.linalg's pseudo-inverses and least squares on values, and eigenvalues without symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_arrays
from jitad.frontend.decompositions import eigh, singular_vectors
from jitad.frontend.linalg import floating, matrices, real, square, swapped
from jitad.frontend.norms import rank_of, tolerance
from jitad.frontend.operands import array_dtype, as_dtype, implements
from jitad.frontend.reductions import is_absent, max_, sum_
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import Value
from jitad.ops import eigen
from jitad.ops import elementwise as ew
from jitad.ops import matrices as mx
from jitad.ops import structural as st
from jitad.ops.pseudo_inverse import pseudo_inverse

# -- pseudo-inverses -------------------------------------------------------------------------------


def _inverses_of_large(s: Value, limit: Value) -> Value:
    """1 / s where s exceeds the limit, else 0."""
    large = ew.gt(s, mx.along_columns(limit, s.shape))
    return ew.where(large, ew.div(1.0, ew.where(large, s, 1.0)), st.zeros(s, s.shape, s.dtype))


def inverse_by_svd(x: Value, rcond: Any) -> Value:
    """The pseudo-inverse: singular values within `rcond` times the largest count as 0."""
    u, s, vh = singular_vectors(ew.stop_gradient(x), full=False)
    limit = ew.mul(max_(s, axis=-1), tolerance(s, rcond, 0.0, s.shape[:-1]))
    weights = _inverses_of_large(s, limit)
    weighted = ew.mul(vh, mx.along_columns(weights, vh.shape))
    return pseudo_inverse(mx.product(weighted, u, "ki,jk->ij"), x)


def _inverse_of_symmetric(x: Value, rcond: Any) -> Value:
    w, vectors = eigh(ew.stop_gradient(x))
    size = ew.absolute(w)
    limit = ew.mul(max_(size, axis=-1), tolerance(w, rcond, 0.0, w.shape[:-1]))
    weights = ew.mul(_inverses_of_large(size, limit), ew.sign(w))
    weighted = ew.mul(vectors, mx.along_rows(weights, vectors.shape))
    return pseudo_inverse(mx.product(weighted, vectors, "ij,kj->ik"), x)


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Value:
    """The derivative is that within the matrices of the same rank."""
    x = real("np.linalg.pinv", matrices("np.linalg.pinv", a))
    if rcond is not None and not is_absent(rtol):
        raise TraceError("np.linalg.pinv with rcond= and rtol=", remedy="give one of them")
    if rcond is None:
        default = max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
        rcond = (1e-15 if rtol is np._NoValue else default) if is_absent(rtol) else rtol
    if x.size == 0:
        return st.zeros(x, (*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)
    return _inverse_of_symmetric(x, rcond) if hermitian else inverse_by_svd(x, rcond)


# -- least squares ---------------------------------------------------------------------------------


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """The solution of least norm, its residuals, the rank (which the trace is made for), and the
    singular values. The derivative is that within the matrices of the same rank.
    """
    x, y = as_arrays(a, b)
    dtype = floating(array_dtype(x, y))
    x, y = real("np.linalg.lstsq", as_dtype(x, dtype)), as_dtype(y, dtype)
    if x.ndim != 2 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise ShapeError(
            f"np.linalg.lstsq of arrays of shapes {x.shape} and {y.shape}",
            remedy="a is one matrix, b a vector or a matrix of as many rows",
        )
    m, n = x.shape
    if 0 in (m, n):
        raise ShapeError("np.linalg.lstsq of an empty matrix", remedy="test a.size before")
    eps = float(np.finfo(dtype).eps)
    rcond = eps * max(m, n) if rcond is None else eps if rcond == -1 else rcond
    columns = y if y.ndim == 2 else st.reshape(y, shape=(m, 1))
    _, s, _ = singular_vectors(x, full=False)
    rank = int(ew.stop_gradient(rank_of(s, x.shape, None, rcond)))
    solution = mx.product(inverse_by_svd(x, rcond), columns)
    if rank == n and m > n:
        gap = ew.sub(columns, mx.product(x, solution))
        residuals = sum_(ew.mul(gap, gap), axis=0)
    else:
        residuals = st.zeros(x, (0,), dtype)
    solution = solution if y.ndim == 2 else st.reshape(solution, shape=(n,))
    return solution, residuals, np.int32(rank), s


# -- eigenvalues without symmetry ------------------------------------------------------------------

EigResult: Any = type(np.linalg.eig(np.eye(1)))


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    """The eigenvalues of a real matrix must be real; for others pass a complex matrix."""
    x = square("np.linalg.eig", a)
    n = x.shape[-1]
    if n == 0:
        return EigResult(st.zeros(x, x.shape[:-1], x.dtype), x)
    packed = eigen.eig(swapped(x))
    return EigResult(mx.part(packed, n, (0, n, 1)), swapped(mx.rows(packed, 0, n)))


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Value:
    return eigen.eigvals(swapped(square("np.linalg.eigvals", a)))
