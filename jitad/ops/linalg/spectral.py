"""Eigenvalues and eigenvectors of symmetric matrices.

Source: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008), section 3.1. Where two eigenvalues are equal, the turn of their vectors into
each other is taken for 0; what does not depend on it is right. A function of the matrix by its
eigenvalues does, from the second derivative on: `transforms/spectra.py` recognises it.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from jitad.ir.op import Structural
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx


def _call_eigh(call: Any, lower: bool) -> None:
    """syevd in place: the vectors come as columns in memory, which are rows here."""
    n, item, w = call.shape[-1], call.dtype.itemsize, call.writer
    size = 1 + 6 * n + 2 * n * n
    whole = 3 + 5 * n
    work, iwork, info = call.scratch(size * item), call.scratch(whole * 4), call.int_slot()
    stacks = ((call.inputs[0], n * n * item), (call.out, (n + 1) * n * item))
    with call.each(math.prod(call.shape[:-2]), *stacks) as (a, vectors):
        w.copy(vectors, a, n * n * item)
        values = w.offset(vectors, n * n * item)
        call.lapack(
            "syevd", "V", _triangle(lower), n, vectors, n, values, work, size, iwork, whole, info
        )
        call.refuse_unless_zero(info)


def _triangle(lower: bool) -> Literal["L", "U"]:
    return "L" if lower else "U"


def _np_eigh(x: np.ndarray, lower: bool) -> np.ndarray:
    values, vectors = np.linalg.eigh(np.swapaxes(x, -1, -2), UPLO=_triangle(lower))
    return np.concatenate([np.swapaxes(vectors, -1, -2), values[..., None, :]], axis=-2)


def _quotients(w: Any) -> Any:
    """F_ij = 1 / (w_j - w_i), and 0 where both are equal but for rounding."""
    shape = (*w.shape, w.shape[-1])
    return mx.untied(ew.sub(mx.along_rows(w, shape), mx.along_columns(w, shape)), w)


def _jvp_eigh(xs: Any, v: Any, tangents: Any, lower: bool) -> Any:
    """With P = V^T dA V: dw = diag P, dV = V (F * P), F_ij = 1 / (w_j - w_i)."""
    vectors, w = mx.eigen_parts(v)
    p = mx.product(mx.product(vectors, mx.symmetric(tangents[0])), vectors, "ij,kj->ik")
    turn = ew.mul(_quotients(w), p)
    return mx.stacked(mx.product(turn, vectors, "ij,ik->jk"), mx.as_row(mx.diagonal(p)))


eigh = Structural(
    "eigh",
    ("lower",),
    infer=lambda x, lower: ((*x.shape[:-2], x.shape[-1] + 1, x.shape[-1]), x.dtype),
    evaluate=_np_eigh,
    jvp=_jvp_eigh,
    batch=mx.batch_of_one(lambda: eigh),
    library=_call_eigh,
)
"""The eigenvectors of a symmetric matrix as rows, then a row of the eigenvalues, ascending.

x is stored transposed, and one triangle of it is read: the lower one, or the upper one. The
derivative is that within symmetric matrices.
"""


def _call_eigvalsh(call: Any, lower: bool) -> None:
    n, item = call.shape[-1], call.dtype.itemsize
    size = 66 * n + 1
    copy, work = call.scratch(n * n * item), call.scratch(size * item)
    iwork, info = call.int_slot(), call.int_slot()
    stacks = ((call.inputs[0], n * n * item), (call.out, n * item))
    with call.each(math.prod(call.shape[:-1]), *stacks) as (a, values):
        call.writer.copy(copy, a, n * n * item)
        call.lapack("syevd", "N", _triangle(lower), n, copy, n, values, work, size, iwork, 1, info)
        call.refuse_unless_zero(info)


def _eigenvectors(x: Any, lower: bool) -> Any:
    return mx.rows(eigh(x, lower=lower), 0, x.shape[-1])


def _jvp_eigvalsh(xs: Any, v: Any, tangents: Any, lower: bool) -> Any:
    vectors = _eigenvectors(xs[0], lower)
    return mx.total(ew.mul(mx.product(vectors, mx.symmetric(tangents[0])), vectors))


eigvalsh = Structural(
    "eigvalsh",
    ("lower",),
    infer=lambda x, lower: (x.shape[:-1], x.dtype),
    evaluate=lambda x, lower: np.linalg.eigvalsh(np.swapaxes(x, -1, -2), UPLO=_triangle(lower)),
    jvp=_jvp_eigvalsh,
    batch=mx.batch_of_one(lambda: eigvalsh),
    library=_call_eigvalsh,
)
"""The eigenvalues alone; their derivatives need the vectors, but no differences of eigenvalues."""
