"""scipy.linalg's decompositions on values: QR, singular values, eigenvalues, polar."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from jitad.frontend.conversion import as_arrays
from jitad.frontend.operands import array_dtype, implements
from jitad.functions.elementwise.complex import as_complex
from jitad.functions.linalg.decompositions import (
    qr_factors,
    singular_vectors,
    symmetric_eigen,
    triangle_read,
)
from jitad.functions.linalg.equations import equations, floating, matrices, real, square, swapped
from jitad.functions.linalg.least_squares import (
    eigenvalues,
    eigenvectors,
    inverse_by_limit,
    inverse_of_symmetric,
    least_squares,
)
from jitad.functions.linalg.norms import rank_above
from jitad.functions.reductions.reductions import max_
from jitad.ir.errors import TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg import singular, spectral
from jitad.ops.linalg.matrix_functions import square_root
from jitad.ops.linalg.triangular import cholesky, solve_lower
from jitad.scipy.linalg.solving import require, solve

# -- QR and singular values ------------------------------------------------------------------------


@implements(scipy.linalg.qr)
def qr(a: Any, mode: str = "full", pivoting: bool = False) -> Any:
    name = "scipy.linalg.qr"
    x = real(name, matrices(name, a))
    require(
        not pivoting, name, "pivoting=True chooses columns by values",
        "leave it out, or order the columns before",
    )  # fmt: skip
    require(
        mode in ("full", "r", "economic"), name, f"mode={mode!r}",
        "use mode='full', 'economic' or 'r'",
    )  # fmt: skip
    q, r = qr_factors(x, full=mode != "economic")
    return (r,) if mode == "r" else (q, r)


@implements(scipy.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    x = real("scipy.linalg.svd", matrices("scipy.linalg.svd", a))
    if not compute_uv:
        return singular.svdvals(swapped(x))
    return singular_vectors(x, full=bool(full_matrices))


@implements(scipy.linalg.svdvals)
def svdvals(a: Any) -> Value:
    x = real("scipy.linalg.svdvals", matrices("scipy.linalg.svdvals", a))
    return singular.svdvals(swapped(x))


@implements(scipy.linalg.orth)
def orth(A: Any, rcond: Any = None) -> Value:
    """The rank decides the shape: the trace is made for it."""
    x = real("scipy.linalg.orth", matrices("scipy.linalg.orth", A))
    u, s, _ = singular_vectors(x, full=False)
    return mx.columns(u, 0, _rank(x, s, rcond))


@implements(scipy.linalg.null_space)
def null_space(A: Any, rcond: Any = None) -> Value:
    """The rank decides the shape: the trace is made for it."""
    x = real("scipy.linalg.null_space", matrices("scipy.linalg.null_space", A))
    _, s, vh = singular_vectors(x, full=True)
    return swapped(mx.rows(vh, _rank(x, s, rcond), x.shape[-1]))


def _rank(x: Value, s: Value, rcond: Any) -> int:
    eps = float(np.finfo(x.dtype).eps)
    limit = ew.mul(max_(s, axis=-1), eps * max(x.shape[-2:]) if rcond is None else rcond)
    return int(ew.stop_gradient(rank_above(s, limit)))


# -- symmetric matrices ----------------------------------------------------------------------------


def _subset(w: Any, vectors: Any, by_index: Any, by_value: Any, name: str) -> tuple[Any, Any]:
    require(
        by_value is None, name, "subset_by_value= makes the shape depend on values",
        "use subset_by_index=, or np.where on all eigenvalues",
    )  # fmt: skip
    if by_index is None:
        return w, vectors
    low, high = (int(i) for i in by_index)
    vectors = None if vectors is None else mx.columns(vectors, low, high + 1)
    return mx.columns(w, low, high + 1), vectors


def _factor_out(a: Value, b: Value, lower: bool) -> tuple[Value, Value]:
    """L^-1 A L^-T, symmetric as A is, with B = L L^T."""
    if not lower:
        a, b = swapped(a), swapped(b)
    factor = cholesky(b, refuses=True)
    a = ew.add(mx.lower(a), swapped(mx.lower(a, -1)))
    right = solve_lower(factor, a)
    return solve_lower(factor, swapped(right)), factor


@implements(scipy.linalg.eigh)
def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    type: int = 1,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
) -> Any:
    """Vectors have the signs of LAPACK's syevd, whatever the driver."""
    name = "scipy.linalg.eigh"
    if b is None:
        stored, low = triangle_read(name, a, "L" if lower else "U")
        if eigvals_only:
            w = spectral.eigvalsh(stored, lower=low)
            return _subset(w, None, subset_by_index, subset_by_value, name)[0]
        return _subset(*symmetric_eigen(stored, low), subset_by_index, subset_by_value, name)
    require(type == 1, name, f"type={type}", "write type 2 and 3 with np.linalg.cholesky of b")
    x, y = equations(name, a, b)
    inner, factor = _factor_out(real(name, x), square(name, y), lower)
    if eigvals_only:
        w = spectral.eigvalsh(inner, lower=True)
        return _subset(w, None, subset_by_index, subset_by_value, name)[0]
    w, vectors = symmetric_eigen(inner, True)
    vectors = swapped(solve_lower(factor, swapped(vectors), transposed=True))
    return _subset(w, vectors, subset_by_index, subset_by_value, name)


@implements(scipy.linalg.eigvalsh)
def eigvalsh(a: Any, b: Any = None, **options: Any) -> Value:
    return eigh(a, b, eigvals_only=True, **options)


# -- matrices without symmetry ---------------------------------------------------------------------


def _ratio(a: Any, b: Any, name: str) -> Value:
    """The matrix whose eigenvalues are those of A v = w B v."""
    return square(name, a) if b is None else solve(b, square(name, as_arrays(a, b)[0]))


@implements(scipy.linalg.eig)
def eig(
    a: Any, b: Any = None, left: bool = False, right: bool = True, homogeneous_eigvals: bool = False
) -> Any:
    """The eigenvalues of a real matrix must be real where vectors are asked for."""
    name = "scipy.linalg.eig"
    require(not left, name, "left=True", "left vectors are those of a.T")
    require(not homogeneous_eigvals, name, "homogeneous_eigvals=True", "leave it out")
    if not right:
        return eigvals(a, b)
    w, vectors = eigenvectors(_ratio(a, b, name))
    return as_complex(w), vectors


@implements(scipy.linalg.eigvals)
def eigvals(a: Any, b: Any = None, homogeneous_eigvals: bool = False) -> Value:
    name = "scipy.linalg.eigvals"
    require(not homogeneous_eigvals, name, "homogeneous_eigvals=True", "leave it out")
    return eigenvalues(as_complex(_ratio(a, b, name)))


# -- pseudo-inverses, least squares, polar ---------------------------------------------------------


@implements(scipy.linalg.pinv)
def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False) -> Any:
    """The derivative is that within the matrices of the same rank."""
    x = real("scipy.linalg.pinv", matrices("scipy.linalg.pinv", a))
    return _with_rank(*inverse_by_limit(x, atol, rtol), return_rank)


@implements(scipy.linalg.pinvh)
def pinvh(
    a: Any, atol: Any = None, rtol: Any = None, lower: bool = True, return_rank: bool = False
) -> Any:
    """The derivative is that within the matrices of the same rank."""
    x = real("scipy.linalg.pinvh", square("scipy.linalg.pinvh", a))
    mirrored = ew.add(mx.lower(x), swapped(mx.lower(x, -1)))
    if not lower:
        mirrored = ew.add(mx.upper(x), swapped(mx.upper(x, 1)))
    return _with_rank(*inverse_of_symmetric(mirrored, atol, rtol), return_rank)


def _with_rank(inverse: Value, rank: Value, return_rank: bool) -> Any:
    return (inverse, rank) if return_rank else inverse


@implements(scipy.linalg.lstsq)
def lstsq(a: Any, b: Any, cond: float | None = None) -> Any:
    """The trace is made for the rank. The derivative is that within matrices of the same rank."""
    dtype = floating(array_dtype(*as_arrays(a, b)))
    solution, residuals, rank, s = least_squares(
        "scipy.linalg.lstsq", a, b, float(np.finfo(dtype).eps) if cond is None else cond
    )
    if solution.ndim == 1 and residuals.size:
        residuals = residuals[0]
    return solution, residuals, rank, s


@implements(scipy.linalg.polar)
def polar(a: Any, side: str = "right") -> Any:
    """The matrix has full rank. The symmetric factor is the root of A^T A, or of A A^T."""
    x = real("scipy.linalg.polar", matrices("scipy.linalg.polar", a))
    if side not in ("left", "right"):
        raise TraceError(f"scipy.linalg.polar(side={side!r})", remedy="give 'left' or 'right'")
    tall = x.shape[-2] >= x.shape[-1]
    y = x if tall else swapped(x)
    _, s, vh = singular_vectors(ew.stop_gradient(y), full=False)
    value = mx.product(ew.mul(vh, mx.along_columns(s, vh.shape)), vh, "ki,kj->ij")
    root = square_root(value, mx.product(y, y, "ki,kj->ij"))
    turned = swapped(solve(root, swapped(y)))
    unitary = turned if tall else swapped(turned)
    if side == "right":
        return unitary, mx.product(unitary, x, "ki,kj->ij")
    return unitary, mx.product(x, unitary, "ij,kj->ik")
