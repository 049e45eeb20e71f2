"""Singular values with their vectors.

Sources: Townsend, Differentiating the singular value decomposition (2016); Giles, Collected matrix
derivative results for forward and reverse mode algorithmic differentiation (2008), section 3.2. The
share of a vector's turn that has no finite value, between equal singular values or where one is 0,
is taken for 0, as in JAX.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import DType, Shape, Structural
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.views import zeros

# -- the call --------------------------------------------------------------------------------------


def _shapes(stored: Shape, full: bool) -> tuple[Shape, Shape, int]:
    """Of m x n matrices, stored (n, m): the shapes of U^T and of V, and min(m, n)."""
    n, m = stored[-2:]
    k = min(m, n)
    return (m if full else k, m), (n, n if full else k), k


def _call_svd(call: Any, full: bool) -> None:
    """gesdd of a copy: U in memory by columns is U^T here, and V^T is V."""
    (n, m), item, w = call.shapes[0][-2:], call.dtype.itemsize, call.writer
    of_u, of_v, k = _shapes(call.shapes[0], full)
    size = 4 * k * k + 7 * k + max(m, n) + 64 * (m + n)
    copy, work = call.scratch(m * n * item), call.scratch(size * item)
    iwork, info = call.scratch(8 * k * 4), call.int_slot()
    stacks = ((call.inputs[0], m * n * item), (call.out, call.shape[-1] * item))
    with call.each(math.prod(call.shape[:-1]), *stacks) as (a, u):
        w.copy(copy, a, m * n * item)
        v = w.offset(u, math.prod(of_u) * item)
        s = w.offset(v, math.prod(of_v) * item)
        call.lapack(
            "gesdd", "A" if full else "S", m, n, copy, m, s, u, m, v, of_v[1], work, size,
            iwork, info,
        )  # fmt: skip
        call.refuse_unless_zero(info)


def _infer_svd(x: Any, full: bool) -> tuple[Shape, DType]:
    of_u, of_v, k = _shapes(x.shape, full)
    return (*x.shape[:-2], math.prod(of_u) + math.prod(of_v) + k), x.dtype


def _np_svd(x: np.ndarray, full: bool) -> np.ndarray:
    u, s, vh = np.linalg.svd(np.swapaxes(x, -1, -2), full_matrices=full)
    lead = x.shape[:-2]
    laid = [np.swapaxes(z, -1, -2).reshape(*lead, -1) for z in (u, vh)]
    return np.concatenate([*laid, s], axis=-1)


def svd_parts(x: Any, v: Any, full: bool) -> tuple[Any, Any, Any]:
    """The vectors of U and of V, each as rows, and s, from v = svd(x)."""
    of_u, of_v, k = _shapes(x.shape, full)
    u, stop = mx.piece(v, 0, of_u)
    right, stop = mx.piece(v, stop, of_v)
    return u, mx.turned(right), mx.columns(v, stop, stop + k)


# -- rules -----------------------------------------------------------------------------------------


def _quotients(s: Any) -> Any:
    """F_ij = 1 / (s_j^2 - s_i^2) = 1 / ((s_j - s_i) (s_j + s_i)), and 0 where both are equal, but
    for rounding."""
    shape = (*s.shape, s.shape[-1])
    x, y = mx.along_columns(s, shape), mx.along_rows(s, shape)
    return ew.mul(mx.untied(ew.sub(y, x), s), mx.inverse_or_zero(ew.add(y, x)))


def _scaled_columns(x: Any, s: Any) -> Any:
    return ew.mul(x, mx.along_rows(s, x.shape))


def _scaled_rows(x: Any, s: Any) -> Any:
    return ew.mul(x, mx.along_columns(s, x.shape))


def _tangent_of_vectors(vectors: Any, inner: Any, image: Any, s: Any) -> Any:
    """dU = U (turn within) + (part of dA V outside of U's columns) S^-1, as rows.

    Vectors that complete a basis turn against the others; among themselves they do not turn.
    """
    p, m = vectors.shape[-2:]
    k = s.shape[-1]
    inverse = mx.inverse_or_zero(s)
    seen = mx.product(vectors, image)
    if p > k:
        down = _scaled_columns(mx.rows(seen, k, p), inverse)
        nothing = zeros(down, (*down.shape[:-2], p - k, p - k), down.dtype)
        left = mx.stacked(mx.turned(inner), ew.neg(down))
        return mx.product(mx.joined(left, mx.stacked(mx.turned(down), nothing)), vectors)
    within = mx.product(inner, vectors, "ij,ik->jk")
    if m == k:
        return within
    outside = ew.sub(image, mx.product(vectors, seen, "ij,ik->jk"))
    return ew.add(within, mx.turned(_scaled_columns(outside, inverse)))


def _jvp_svd(xs: Any, v: Any, tangents: Any, full: bool) -> Any:
    """With P = U^T dA V: ds = diag P, U^T dU = F * (P S + S P^T), V^T dV = F * (S P + P^T S)."""
    u, right, s = svd_parts(xs[0], v, full)
    k = s.shape[-1]
    da = mx.turned(tangents[0])
    first_u, first_v = mx.rows(u, 0, k), mx.rows(right, 0, k)
    image_u, image_v = mx.product(da, first_v, "ij,kj->ik"), mx.product(da, first_u, "ij,ki->jk")
    p, f = mx.product(first_u, image_u), _quotients(s)
    p_turned = mx.turned(p)
    inner_u = ew.mul(f, ew.add(_scaled_columns(p, s), _scaled_rows(p_turned, s)))
    inner_v = ew.mul(f, ew.add(_scaled_rows(p, s), _scaled_columns(p_turned, s)))
    du = _tangent_of_vectors(u, inner_u, image_u, s)
    dv = _tangent_of_vectors(right, inner_v, image_v, s)
    return mx.joined(mx.flat(du), mx.flat(mx.turned(dv)), mx.diagonal(p))


svd = Structural(
    "svd",
    ("full",),
    infer=_infer_svd,
    evaluate=_np_svd,
    jvp=_jvp_svd,
    batch=mx.batch_of_one(lambda: svd),
    library=_call_svd,
)
"""Of the transpose of x: U^T, V and s laid flat, one after the other; `full`: U, V are square."""


# -- singular values alone -------------------------------------------------------------------------


def _call_svdvals(call: Any) -> None:
    (n, m), item = call.shapes[0][-2:], call.dtype.itemsize
    k = min(m, n)
    size = 10 * k + max(m, n) + 64 * (m + n)
    copy, work = call.scratch(m * n * item), call.scratch(size * item)
    iwork, info = call.scratch(8 * k * 4), call.int_slot()
    stacks = ((call.inputs[0], m * n * item), (call.out, k * item))
    with call.each(math.prod(call.shape[:-1]), *stacks) as (a, s):
        call.writer.copy(copy, a, m * n * item)
        call.lapack("gesdd", "N", m, n, copy, m, s, s, m, s, n, work, size, iwork, info)
        call.refuse_unless_zero(info)


def _jvp_svdvals(xs: Any, v: Any, tangents: Any) -> Any:
    u, right, _ = svd_parts(xs[0], svd(xs[0], full=False), False)
    return mx.total(ew.mul(mx.product(right, tangents[0]), u))


svdvals = Structural(
    "svdvals",
    (),
    infer=lambda x: ((*x.shape[:-2], min(x.shape[-2:])), x.dtype),
    evaluate=lambda x: np.linalg.svd(np.swapaxes(x, -1, -2), compute_uv=False),
    jvp=_jvp_svdvals,
    batch=mx.batch_of_one(lambda: svdvals),
    library=_call_svdvals,
)
"""The singular values; their derivatives need the vectors, but no differences of the values."""
