"""Sylvester's equation A X + X B = C, by Schur's decompositions of A and B.

Sources: Bartels & Stewart, Algorithm 432: solution of the matrix equation AX + XB = C (Commun. ACM
15, 1972); its derivatives are solutions of equations with the same A and B.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import BY_TANGENT, DType, Shape, Structural
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.lu import call_copy

# -- Schur's decomposition -------------------------------------------------------------------------


def _call_schur(call: Any) -> None:
    """gees in place: T in memory by columns is T^T here, and so is U."""
    n, item, w = call.shape[-1], call.dtype.itemsize, call.writer
    size, info, count = 66 * n, call.int_slot(), call.int_slot()
    work, values = call.scratch(size * item), call.scratch(2 * n * item)
    stacks = ((call.inputs[0], n * n * item), (call.out, 2 * n * n * item))
    with call.each(math.prod(call.shape[:-2]), *stacks) as (a, t):
        w.copy(t, a, n * n * item)
        u, imaginary = w.offset(t, n * n * item), w.offset(values, n * item)
        call.lapack(
            "gees", "V", "N", "null", n, t, n, count, values, imaginary, u, n, work, size,
            count, info,
        )  # fmt: skip
        call.refuse_unless_zero(info)


def _np_schur(x: np.ndarray) -> np.ndarray:
    from scipy.linalg import schur  # not where the package is imported

    decomposed: Any = schur
    n = x.shape[-1]
    return mx.over_stack(
        lambda a: np.vstack([z.T for z in decomposed(a.T, output="real")]), x, shape=(2 * n, n)
    )


schur = Structural(
    "schur",
    (),
    infer=lambda x: ((*x.shape[:-2], 2 * x.shape[-1], x.shape[-1]), x.dtype),
    evaluate=_np_schur,
    jvp=lambda *_, **__: None,
    batch=mx.batch_of_one(lambda: schur),
    library=_call_schur,
)
"""Of the transpose A of x, with A = U T U^T: T^T, then U^T below it."""


# -- Sylvester's equation --------------------------------------------------------------------------


def _call_quasi_triangular(call: Any, turn_a: bool, turn_b: bool) -> None:
    """trsyl in place; its solution is of the right-hand side times a number, which it returns."""
    (n, m), item, w = call.shape[-2:], call.dtype.itemsize, call.writer
    kind, info = w.type(call.dtype), call.int_slot()
    scale = call.body.alloca(kind)
    stacks = (
        (call.inputs[0], 2 * m * m * item),
        (call.inputs[1], 2 * n * n * item),
        (call.inputs[2], m * n * item),
        (call.out, m * n * item),
    )
    with call.each(math.prod(call.shape[:-2]), *stacks) as (a, b, c, x):
        w.copy(x, c, m * n * item)
        call.lapack(
            "trsyl", "T" if turn_a else "N", "T" if turn_b else "N", 1, m, n, a, m, b, n, x, m,
            scale, info,
        )  # fmt: skip
        call.refuse_unless_zero(info)
        factor = call.load(scale, kind)
        with w.counted(m * n) as i:
            place = call.element(x, i, kind)
            call.store(w.line(f"fdiv {kind} {call.load(place, kind)}, {factor}"), place, kind)


def _np_quasi_triangular(
    fa: np.ndarray, fb: np.ndarray, c: np.ndarray, turn_a: bool, turn_b: bool
) -> np.ndarray:
    """vec: (1 x A + B^T x 1) vec X = vec C, with rows of c as the columns of C."""
    m, n = fa.shape[-1], fb.shape[-1]
    a = fa[..., :m, :] if turn_a else np.swapaxes(fa[..., :m, :], -1, -2)
    b = fb[..., :n, :] if turn_b else np.swapaxes(fb[..., :n, :], -1, -2)

    def one(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        system = np.kron(np.eye(n), a) + np.kron(b.T, np.eye(m))
        return np.linalg.solve(system, c.reshape(-1)).reshape(n, m)

    return mx.over_stack(one, a, b, c, shape=(n, m)).astype(c.dtype)


_quasi_triangular = Structural(
    "quasi_triangular_sylvester",
    ("turn_a", "turn_b"),
    infer=lambda fa, fb, c, **_: (c.shape, c.dtype),
    evaluate=_np_quasi_triangular,
    jvp=lambda *_, **__: None,
    batch=mx.batch_of_one(lambda: _quasi_triangular),
    library=_call_quasi_triangular,
)
"""X^T of T X + X S = C with the factors T, S of `schur`, from C^T; `turn`: with T^T, S^T."""


def sylvester(
    fa: Any, fb: Any, a: Any, b: Any, c: Any, *, turn_a: bool = False, turn_b: bool = False
) -> Any:
    """X with A X + X B = C, where fa, fb are `schur` of A, B; `turn_a`: with A^T in its place."""
    m, n = a.shape[-1], b.shape[-1]
    left, right = mx.rows(fa, m, 2 * m), mx.rows(fb, n, 2 * n)
    inner = mx.product(mx.product(left, c), right, "ij,kj->ki")
    y = _quasi_triangular(fa, fb, inner, turn_a=turn_a, turn_b=turn_b)
    x = mx.product(mx.product(left, y, "ij,ki->jk"), right)
    return _sylvester(x, fa, fb, a, b, c, turn_a=turn_a, turn_b=turn_b)


def _jvp(xs: Any, x: Any, tangents: Any, turn_a: bool, turn_b: bool) -> Any:
    """A dX + dX B = dC - dA X - X dB."""
    _, fa, fb, a, b, _ = xs
    *_, da, db, dc = tangents
    terms = [dc]
    if da is not None:
        terms.append(ew.neg(mx.product(da, x, "ji,jk->ik" if turn_a else "ij,jk->ik")))
    if db is not None:
        terms.append(ew.neg(mx.product(x, db, "ij,kj->ik" if turn_b else "ij,jk->ik")))
    change = mx.plus(*terms)
    if change is None:
        return None
    return sylvester(fa, fb, a, b, change, turn_a=turn_a, turn_b=turn_b)


def _pullback(j: int, xs: Any, x: Any, x_bar: Any, turn_a: bool, turn_b: bool) -> Any:
    """A^T C_bar + C_bar B^T = X_bar."""
    if j < 5:
        return BY_TANGENT
    fa, fb, a, b = xs[1:5]
    return sylvester(fa, fb, a, b, x_bar, turn_a=not turn_a, turn_b=not turn_b)


def _infer(x: Any, *_: Any, **__: Any) -> tuple[Shape, DType]:
    return x.shape, x.dtype


_sylvester = Structural(
    "sylvester",
    ("turn_a", "turn_b"),
    infer=_infer,
    evaluate=lambda x, *_, **__: x,
    jvp=_jvp,
    pullback=_pullback,
    batch=mx.batch_of_one(lambda: _sylvester),
    library=call_copy,
)
"""The solution, of (its value, fa, fb, A, B, C)."""
