"""numpy.linalg's decompositions on values: Cholesky, QR, eigenvalues, singular values."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.exceptions import check_matrix, may_catch
from jitad.frontend.operands import implements
from jitad.functions.linalg.equations import identity, matrices, real, square, swapped
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg import orthogonal, singular, spectral, triangular

QRResult: Any = type(np.linalg.qr(np.eye(1)))
EighResult: Any = type(np.linalg.eigh(np.eye(1)))
SVDResult: Any = type(np.linalg.svd(np.eye(1)))


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Value:
    """The lower (or upper) triangle is read; the gradient is symmetric: it is within the symmetric
    matrices, as in JAX.
    """
    x = real("np.linalg.cholesky", square("np.linalg.cholesky", a))
    if upper:
        return swapped(_cholesky(swapped(x)))
    return _cholesky(x)


def _cholesky(x: Value) -> Value:
    if not may_catch(np.linalg.LinAlgError):
        return triangular.cholesky(x, refuses=True)
    factor = triangular.cholesky(x, refuses=False)

    def holds() -> Any:
        return not np.any(np.isnan(factor)) or np.any(np.isnan(x))

    check_matrix(holds, "Matrix is not positive definite")
    return factor


def converges(x: Value) -> Value:
    """What has singular values: LAPACK says that its iteration does not end where one is NaN."""
    check_matrix(lambda: not np.any(np.isnan(x)), "SVD did not converge")
    return x


# -- QR --------------------------------------------------------------------------------------------


def qr_factors(x: Value, *, full: bool) -> tuple[Value, Value]:
    """Q and R; of a wide matrix, Q belongs to its first columns, and R has Q^T times the rest."""
    m, n = x.shape[-2:]
    if 0 in (m, n):
        k = m if full else 0
        return mx.columns(identity(x, m), 0, k), st.zeros(x, (*x.shape[:-2], k, n), x.dtype)
    first = mx.columns(x, 0, min(m, n))
    stored = swapped(first)
    packed = orthogonal.qr(stored, full=full and m > n)
    q, r = orthogonal.qr_parts(stored, packed, full and m > n)
    if n > m:
        r = mx.joined(r, mx.product(q, mx.columns(x, m, n)))
    return swapped(q), r


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """The derivative takes R for regular; columns of Q that complete a basis turn against the
    others only.
    """
    x = real("np.linalg.qr", matrices("np.linalg.qr", a))
    if mode not in ("reduced", "complete", "r"):
        raise TraceError(
            f"np.linalg.qr(mode={mode!r}) of a traced value",
            remedy="use mode='reduced', 'complete' or 'r'",
        )
    q, r = qr_factors(x, full=mode == "complete")
    return r if mode == "r" else QRResult(q, r)


# -- symmetric matrices ----------------------------------------------------------------------------


def triangle_read(name: str, a: Any, uplo: str) -> tuple[Value, bool]:
    """A symmetric matrix as LAPACK stores it, and whether its lower triangle is read."""
    x = real(name, square(name, a))
    if uplo.upper() not in ("L", "U"):
        raise ShapeError(f"{name} with UPLO={uplo!r}", remedy="give UPLO='L' or UPLO='U'")
    return swapped(x), uplo.upper() == "L"


def symmetric_eigen(stored: Value, lower: bool) -> tuple[Value, Value]:
    """The eigenvalues, and the eigenvectors as columns."""
    n = stored.shape[-1]
    if n == 0:
        return st.zeros(stored, stored.shape[:-1], stored.dtype), stored
    packed = spectral.eigh(stored, lower=lower)
    return mx.part(packed, n, (0, n, 1)), swapped(mx.rows(packed, 0, n))


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """The gradient is within the symmetric matrices; UPLO says which triangle is read."""
    return EighResult(*symmetric_eigen(*triangle_read("np.linalg.eigh", a, UPLO)))


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Value:
    stored, lower = triangle_read("np.linalg.eigvalsh", a, UPLO)
    return spectral.eigvalsh(stored, lower=lower)


# -- singular values -------------------------------------------------------------------------------


def singular_vectors(x: Value, *, full: bool) -> tuple[Value, Value, Value]:
    """U, s and V^T."""
    m, n = x.shape[-2:]
    if 0 in (m, n):
        s = st.zeros(x, (*x.shape[:-2], 0), x.dtype)
        u, vh = identity(x, m), identity(x, n)
        return (u, s, vh) if full else (mx.columns(u, 0, 0), s, mx.rows(vh, 0, 0))
    stored = swapped(x)
    u, vh, s = singular.svd_parts(stored, singular.svd(stored, full=full), full)
    return swapped(u), s, vh


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Value:
    y = real("np.linalg.svdvals", matrices("np.linalg.svdvals", x))
    return singular.svdvals(swapped(converges(y)))


@implements(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Vectors that complete a basis turn against the others only."""
    if hermitian:
        return _svd_of_symmetric(a, compute_uv)
    x = converges(real("np.linalg.svd", matrices("np.linalg.svd", a)))
    if not compute_uv:
        return singular.svdvals(swapped(x))
    return SVDResult(*singular_vectors(x, full=bool(full_matrices)))


def _svd_of_symmetric(a: Any, compute_uv: bool) -> Any:
    """The eigenvalues' sizes, in descending order; their signs go into V."""
    w, vectors = eigh(a)
    size = ew.absolute(w)
    order = np.argsort(size, axis=-1)[..., ::-1]  # type: ignore[call-overload]  # traced
    s = np.take_along_axis(size, order, axis=-1)  # type: ignore[call-overload]  # traced
    if not compute_uv:
        return s
    signs = np.take_along_axis(ew.sign(w), order, axis=-1)  # type: ignore[call-overload]  # traced
    u = np.take_along_axis(vectors, order[..., None, :], axis=-1)  # type: ignore[call-overload]  # traced
    return SVDResult(u, s, swapped(ew.mul(u, mx.along_rows(signs, u.shape))))
