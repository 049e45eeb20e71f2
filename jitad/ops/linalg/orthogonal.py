"""QR factors.

Sources: Walter & Lehmann, Algorithmic differentiation of linear algebra functions with application
in optimum experimental design (2012); Roberts & Roberts, QR and LQ decomposition matrix
backpropagation algorithms for square, wide, and deep matrices (2020).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import DType, Shape, Structural
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.triangular import triangular_solve
from jitad.ops.views import zeros


def _shapes(stored: Shape, full: bool) -> tuple[Shape, Shape]:
    """Of m x n matrices, m >= n, stored (n, m): the shapes of Q^T and of R^T."""
    n, m = stored[-2:]
    k = m if full else n
    return (k, m), (n, k)


def _call_qr(call: Any, full: bool) -> None:
    """geqrf of a copy; its upper triangle is R, and orgqr makes Q of the reflections below it."""
    (n, m), item, w = call.shapes[0][-2:], call.dtype.itemsize, call.writer
    of_q, of_r = _shapes(call.shapes[0], full)
    k, size = of_q[0], 64 * m
    copy, work = call.scratch(m * n * item), call.scratch(size * item)
    tau, info = call.scratch(n * item), call.int_slot()
    stacks = ((call.inputs[0], m * n * item), (call.out, call.shape[-1] * item))
    with call.each(math.prod(call.shape[:-1]), *stacks) as (a, q):
        w.copy(copy, a, m * n * item)
        call.lapack("geqrf", m, n, copy, m, tau, work, size, info)
        r = w.offset(q, math.prod(of_q) * item)
        w.clear(r, math.prod(of_r) * item)
        call.lapack("lacpy", "U", n, n, copy, m, r, k)
        w.copy(q, copy, m * n * item)
        call.lapack("orgqr", m, k, n, q, m, tau, work, size, info)


def _infer_qr(x: Any, full: bool) -> tuple[Shape, DType]:
    return (*x.shape[:-2], sum(map(math.prod, _shapes(x.shape, full)))), x.dtype


def _np_qr(x: np.ndarray, full: bool) -> np.ndarray:
    q, r = np.linalg.qr(np.swapaxes(x, -1, -2), mode="complete" if full else "reduced")
    laid = [np.swapaxes(z, -1, -2).reshape(*x.shape[:-2], -1) for z in (q, r)]
    return np.concatenate(laid, axis=-1)


def qr_parts(x: Any, v: Any, full: bool) -> tuple[Any, Any]:
    """Q^T and R from v = qr(x)."""
    of_q, of_r = _shapes(x.shape, full)
    q, stop = mx.piece(v, 0, of_q)
    r, _ = mx.piece(v, stop, of_r)
    return q, mx.turned(r)


def _jvp_qr(xs: Any, v: Any, tangents: Any, full: bool) -> Any:
    """With C = Q^T dA R^-1 and the turn W = low(C) - low(C)^T: dR = (C - W) R, and
    dQ = Q W + (1 - Q Q^T) dA R^-1. Columns that complete a basis turn against the others only.
    """
    q, r = qr_parts(xs[0], v, full)
    n, k = xs[0].shape[-2], q.shape[-2]
    square = mx.rows(r, 0, n)
    da = mx.turned(tangents[0])  # each row y of dA R^-1 solves R^T y = that of dA
    image = triangular_solve(square, da, lower=False, transposed=True, unit=False)
    c = mx.product(q, image)
    first = mx.rows(c, 0, n)
    below = mx.lower(first, -1)
    turn = ew.sub(below, mx.turned(below))
    dr = mx.product(ew.sub(first, turn), square)
    if k > n:
        down = mx.rows(c, n, k)
        nothing = zeros(c, (*c.shape[:-2], k - n, k - n), c.dtype)
        left = mx.stacked(mx.turned(turn), ew.neg(down))
        dq = mx.product(mx.joined(left, mx.stacked(mx.turned(down), nothing)), q)
        dr = mx.stacked(dr, zeros(c, (*c.shape[:-2], k - n, n), c.dtype))
    else:
        inner = ew.sub(turn, first)
        dq = ew.add(mx.product(inner, q, "ij,ik->jk"), mx.turned(image))
    return mx.joined(mx.flat(dq), mx.flat(mx.turned(dr)))


qr = Structural(
    "qr",
    ("full",),
    infer=_infer_qr,
    evaluate=_np_qr,
    jvp=_jvp_qr,
    batch=mx.batch_of_one(lambda: qr),
    library=_call_qr,
)
"""Of the transpose of x, which has no more columns than rows: Q^T and R^T laid flat, one after the
other; `full`: Q is square."""
