"""numpy.linalg's pseudo-inverses and least squares on values, and eigenvalues without symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_arrays
from jitad.frontend.exceptions import check_matrix
from jitad.frontend.operands import array_dtype, as_dtype, implements
from jitad.functions.elementwise.complex import as_complex
from jitad.functions.linalg.decompositions import converges, eigh, singular_vectors, svdvals
from jitad.functions.linalg.equations import floating, matrices, real, square, swapped
from jitad.functions.linalg.norms import rank_above, tolerance
from jitad.functions.reductions.reductions import is_absent, max_, sum_
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import Shape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.linalg import eigen
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.pseudo_inverse import pseudo_inverse

# -- pseudo-inverses -------------------------------------------------------------------------------


def _inverses_of_large(s: Value, limit: Value) -> Value:
    """1 / s where s exceeds the limit, else 0."""
    large = ew.gt(s, mx.along_columns(limit, s.shape))
    return ew.where(large, ew.div(1.0, ew.where(large, s, 1.0)), st.zeros(s, s.shape, s.dtype))


def _limit(s: Value, atol: Any, rtol: Any, shape: Shape) -> Value:
    """atol + rtol times the largest singular value; by default that for rounding."""
    lead, default = s.shape[:-1], max(shape[-2:]) * float(np.finfo(s.dtype).eps)
    relative = ew.mul(max_(s, axis=-1), tolerance(s, rtol, default if is_absent(atol) else 0, lead))
    return relative if is_absent(atol) else ew.add(relative, tolerance(s, atol, 0.0, lead))


def inverse_by_limit(x: Value, atol: Any, rtol: Any) -> tuple[Value, Value]:
    """The pseudo-inverse and the rank: smaller singular values count as 0."""
    u, s, vh = singular_vectors(ew.stop_gradient(x), full=False)
    limit = _limit(s, atol, rtol, x.shape)
    weighted = ew.mul(vh, mx.along_columns(_inverses_of_large(s, limit), vh.shape))
    return pseudo_inverse(mx.product(weighted, u, "ki,jk->ij"), x), rank_above(s, limit)


def inverse_of_symmetric(x: Value, atol: Any, rtol: Any) -> tuple[Value, Value]:
    """The same of a symmetric matrix, by its eigenvalues."""
    w, vectors = eigh(ew.stop_gradient(x))
    size = ew.absolute(w)
    limit = _limit(size, atol, rtol, x.shape)
    weights = ew.mul(_inverses_of_large(size, limit), ew.sign(w))
    weighted = ew.mul(vectors, mx.along_rows(weights, vectors.shape))
    inverse = pseudo_inverse(mx.product(weighted, vectors, "ij,kj->ik"), x)
    return inverse, rank_above(size, limit)


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Value:
    """The derivative is that within the matrices of the same rank."""
    x = converges(real("np.linalg.pinv", matrices("np.linalg.pinv", a)))
    if rcond is not None and not is_absent(rtol):
        raise TraceError("np.linalg.pinv with rcond= and rtol=", remedy="give one of them")
    if x.size == 0:
        return st.zeros(x, (*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)
    if rcond is None:
        rcond = 1e-15 if rtol is np._NoValue else rtol
    return (inverse_of_symmetric if hermitian else inverse_by_limit)(x, None, rcond)[0]


# -- least squares ---------------------------------------------------------------------------------


def least_squares(name: str, a: Any, b: Any, rcond: Any) -> tuple[Value, Value, int, Value]:
    """The solution of least norm, its residuals, the rank (which the trace is made for), and the
    singular values.
    """
    x, y = as_arrays(a, b)
    dtype = floating(array_dtype(x, y))
    x, y = real(name, as_dtype(x, dtype)), as_dtype(y, dtype)
    if x.ndim != 2 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise ShapeError(
            f"{name} of arrays of shapes {x.shape} and {y.shape}",
            remedy="a is one matrix, b a vector or a matrix of as many rows",
        )
    m, n = x.shape
    if 0 in (m, n):
        raise ShapeError(f"{name} of an empty matrix", remedy="test a.size before")
    columns = y if y.ndim == 2 else st.reshape(y, shape=(m, 1))
    inverse, rank_of_x = inverse_by_limit(x, None, rcond)
    rank = int(rank_of_x)
    solution = mx.product(inverse, columns)
    residuals = st.zeros(x, (0,), dtype)
    if rank == n and m > n:
        gap = ew.sub(columns, mx.product(x, solution))
        residuals = sum_(ew.mul(gap, gap), axis=0)
    solution = solution if y.ndim == 2 else st.reshape(solution, shape=(n,))
    return solution, residuals, rank, svdvals(x)


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """The trace is made for the rank. The derivative is that within matrices of the same rank."""
    eps = float(np.finfo(floating(array_dtype(*as_arrays(a, b)))).eps)
    rcond = eps if rcond == -1 else rcond
    solution, residuals, rank, s = least_squares("np.linalg.lstsq", a, b, rcond)
    return solution, residuals, np.int32(rank), s


# -- eigenvalues without symmetry ------------------------------------------------------------------

EigResult: Any = type(np.linalg.eig(np.eye(1)))

_ALWAYS_COMPLEX = EigResult(*np.linalg.eig(np.eye(1))).eigenvalues.dtype.kind == "c"
"""Whether NumPy gives complex eigenvalues of all real matrices, as it does since 2.5."""


def eigenvectors(x: Value) -> tuple[Value, Value]:
    """The eigenvalues of a square matrix, and the vectors as columns; of a real one real."""
    n = x.shape[-1]
    if n == 0:
        return st.zeros(x, x.shape[:-1], x.dtype), x
    packed = eigen.eig(swapped(x))
    return mx.part(packed, n, (0, n, 1)), swapped(mx.rows(packed, 0, n))


def _finite(x: Value) -> Value:
    check_matrix(lambda: np.all(np.isfinite(x)), "Array must not contain infs or NaNs")
    return x


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    """The eigenvalues of a real matrix must be real; for others pass a complex matrix."""
    w, vectors = eigenvectors(_finite(square("np.linalg.eig", a)))
    return (
        EigResult(as_complex(w), as_complex(vectors)) if _ALWAYS_COMPLEX else EigResult(w, vectors)
    )


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Value:
    """Those of a real matrix must be real; for others pass a complex matrix."""
    w = eigenvalues(_finite(square("np.linalg.eigvals", a)))
    return as_complex(w) if _ALWAYS_COMPLEX else w


def eigenvalues(x: Value) -> Value:
    """The eigenvalues of a square matrix; of a real one real."""
    return eigen.eigvals(swapped(x))
