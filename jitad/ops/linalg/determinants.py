"""Determinants and their logarithms, of LU factors; gradients that singular matrices have as well.

Sources: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008); Horn & Johnson, Matrix Analysis (2nd ed. 2013), 0.8.4 to 0.8.5.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import DType, Shape, Structural
from jitad.ops import elementwise as ew
from jitad.ops.gathers import iota_on
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.lu import inverse_transposed, lu, ruled
from jitad.ops.views import reshape

# -- regular matrices ------------------------------------------------------------------------------


def _by_gradient(gradient: Any) -> Any:
    """The tangent of a function of a matrix to a number, by its gradient."""
    return lambda xs, v, dx: mx.total(ew.mul(gradient(xs, v), dx), 2)


log_determinant = ruled(
    "log_determinant", 3, _by_gradient(lambda xs, v: inverse_transposed(*xs[1:]))
)
"""log |det A|, of (the value, lu(A), A): its gradient is A^-T."""

regular_determinant = ruled(
    "regular_determinant",
    3,
    _by_gradient(
        lambda xs, v: ew.mul(mx.over_matrix(v, xs[-1].shape), inverse_transposed(*xs[1:]))
    ),
)
"""det A of a regular matrix, of (the value, lu(A), A): its gradient is det(A) A^-T."""


def value_of_determinant(f: Any) -> Any:
    """The product of the pivots, with the sign of their exchanges."""
    n = f.shape[-1]
    d = ew.mul(mx.diagonal(mx.rows(f, 0, n)), signs_of_exchanges(f))
    while d.shape[-1] > 1:
        half, odd = divmod(d.shape[-1], 2)
        pairs = ew.mul(mx.columns(d, 0, half), mx.columns(d, half, 2 * half))
        d = mx.joined(pairs, mx.columns(d, 2 * half, 2 * half + 1)) if odd else pairs
    return mx.part(d, 0)


def signs_of_exchanges(f: Any) -> Any:
    """-1 for each pivot that exchanged two rows, else 1."""
    n = f.shape[-1]
    pivots = mx.part(f, n, (0, n, 1))
    own = ew.add(iota_on(f, pivots.shape, len(pivots.shape) - 1), 1)
    exchanged = ew.ne(pivots, ew.cast(own, dtype=f.dtype))
    return ew.where(exchanged, -1.0, f.builder.const(1, pivots.shape, f.dtype))


# -- determinants of singular matrices -------------------------------------------------------------


def _np_deficiency(f: np.ndarray, a: np.ndarray) -> np.ndarray:
    n = a.shape[-1]

    def one(x: np.ndarray) -> np.ndarray:
        result = np.zeros((n + 7, n), x.dtype)
        result[n + 4, 0] = 1
        u, s, vh = np.linalg.svd(x)
        small = np.flatnonzero(s <= n * np.finfo(x.dtype).eps * s[0])
        size = s[0] if s[0] > 0 else 1
        result[:n] = size * u[:, small] @ vh[small]
        if len(small) > 2:
            result[n + 4, 0] = 0
            return result
        for k, i in enumerate(small):
            result[n + k], result[n + 2 + k], result[n + 5 + k, 0] = u[:, i], vh[i], size
        return result

    return mx.over_stack(one, a, shape=(n + 7, n))


def _call_deficiency(call: Any) -> None:
    """Nothing to do where no pivot is small; else the row's NumPy function, on the whole stack."""
    w, n, item = call.writer, call.shape[-1], call.dtype.itemsize
    kind = w.type(call.dtype)
    count = math.prod(call.shape[:-2])
    limit = w.number(n * float(np.finfo(call.dtype).eps), call.dtype)
    found = call.body.alloca("i8")
    call.store("0", found, "i8")
    w.clear(call.out, math.prod(call.shape) * item)
    with call.each(count, (call.inputs[0], (n + 1) * n * item), (call.out, (n + 7) * n * item)) as (
        f,
        out,
    ):
        call.store("1.0", call.element(out, (n + 4) * n, kind), kind)
        extremes = [call.body.alloca(kind) for _ in range(2)]
        for slot in extremes:
            call.store(_size(call, f, 0), slot, kind)
        with w.counted(n) as i:
            x = _size(call, f, w.line(f"mul nuw nsw i64 {i}, {n + 1}"))
            for slot, name in zip(extremes, ("llvm.minnum", "llvm.maxnum"), strict=True):
                call.store(w.intrinsic(name, call.dtype, call.load(slot, kind), x), slot, kind)
        least, most = (call.load(slot, kind) for slot in extremes)
        small = w.line(f"fcmp ole {kind} {least}, {w.line(f'fmul {kind} {limit}, {most}')}")
        known = w.line(f"or i8 {call.load(found, 'i8')}, {w.line(f'zext i1 {small} to i8')}")
        call.store(known, found, "i8")
    with call.when(w.line(f"icmp ne i8 {call.load(found, 'i8')}, 0")):
        call.call_back()


def _size(call: Any, pointer: str, place: int | str) -> str:
    kind = call.writer.type(call.dtype)
    x = call.load(call.element(pointer, place, kind), kind)
    return call.writer.intrinsic("llvm.fabs", call.dtype, x)


def _infer_deficiency(f: Any, a: Any) -> tuple[Shape, DType]:
    return (*a.shape[:-2], a.shape[-1] + 7, a.shape[-1]), a.dtype


deficiency = Structural(
    "deficiency",
    (),
    infer=_infer_deficiency,
    evaluate=_np_deficiency,
    jvp=lambda *_, **__: None,
    batch=mx.batch_of_one(lambda: deficiency),
    library=_call_deficiency,
)
"""What must be added to A (f is lu(A)) to make it regular: rows E (n), u, u', v, v', then
c, t and t', each at the beginning of a row.

E = t u v^T + t' u' v'^T where up to two singular values are 0: u, v are their vectors. c is 1, or 0
where three are, so that the determinant is 0 with its first two derivatives. All 0 for a regular A.
"""


def _cofactors(xs: Any, v: Any) -> Any:
    """The gradient of the determinant, without a division by it.

    M = A + U T V^T is regular for the constants U, T, V of `deficiency`, and
    det A = det M det(G), G = I - T V^T M^-1 U, is a smooth function of A around any A.
    """
    _, f, a = xs
    if a.dtype.kind == "c":
        return ew.mul(mx.over_matrix(v, a.shape), inverse_transposed(f, a))
    n = a.shape[-1]
    constants = deficiency(f, a)
    regular = ew.add(a, mx.rows(constants, 0, n))
    factors = lu(regular)
    inverse = inverse_transposed(factors, regular)
    determinant = regular_determinant(value_of_determinant(factors), factors, regular)
    scale = mx.part(constants, n + 4, 0)
    left = mx.product(mx.rows(constants, n, n + 2), inverse)
    right = mx.product(inverse, mx.rows(constants, n + 2, n + 4), "ij,rj->ir")
    s = mx.product(left, mx.rows(constants, n + 2, n + 4), "rj,sj->rs")
    t = mx.along_columns(mx.part(constants, (n + 5, 2, 1), 0), s.shape)
    g = ew.sub(mx.eye(s, s.shape, s.dtype), ew.mul(t, mx.turned(s)))
    p, q, r, u = (mx.part(g, i, j) for i in (0, 1) for j in (0, 1))
    of_g = ew.sub(ew.mul(p, u), ew.mul(q, r))
    adjugate = mx.stacked(*(_pair_row(x, y) for x, y in ((u, ew.neg(r)), (ew.neg(q), p))))
    rest = mx.product(mx.product(right, ew.mul(t, adjugate)), left)
    whole = ew.add(ew.mul(mx.over_matrix(of_g, a.shape), inverse), rest)
    return ew.mul(mx.over_matrix(ew.mul(scale, determinant), a.shape), whole)


def _pair_row(x: Any, y: Any) -> Any:
    """Two numbers of each matrix of a stack as a matrix of one row."""
    return mx.joined(*(reshape(z, shape=(*z.shape, 1, 1)) for z in (x, y)))


determinant = ruled("determinant", 3, _by_gradient(_cofactors))
"""det A, of (the value, lu(A), A): its gradient is the matrix of cofactors, also of singular A."""
