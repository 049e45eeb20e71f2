"""Cholesky factors, and equations with triangular matrices.

Sources: Murray, Differentiation of the Cholesky decomposition (2016); Giles, Collected matrix
derivative results for forward and reverse mode algorithmic differentiation (2008).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import BY_TANGENT, Structural
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx

# -- equations with triangular matrices ------------------------------------------------------------


def _call_triangular_solve(call: Any, lower: bool, transposed: bool, unit: bool) -> None:
    """Copies, then trtrs in place: a row of right-hand sides is a column in memory."""
    (k, n), item = call.shape[-2:], call.dtype.itemsize
    info = call.int_slot()
    stacks = ((call.inputs[0], n * n * item), (call.inputs[1], k * n * item))
    with call.each(math.prod(call.shape[:-2]), *stacks, (call.out, k * n * item)) as (a, b, x):
        call.writer.copy(x, b, k * n * item)
        # In memory the matrix is transposed, and its lower triangle the upper one.
        call.lapack(
            "trtrs", "U" if lower else "L", "N" if transposed else "T", "U" if unit else "N", n,
            k, a, n, x, n, info,
        )  # fmt: skip
        call.refuse_unless_zero(info)


def _np_triangle(a: np.ndarray, lower: bool, unit: bool) -> np.ndarray:
    triangle = np.tril(a) if lower else np.triu(a)
    if unit:
        triangle = triangle + (np.eye(a.shape[-1], dtype=a.dtype) - triangle) * np.eye(a.shape[-1])
    return triangle.astype(a.dtype)


def _np_triangular_solve(
    a: np.ndarray, b: np.ndarray, lower: bool, transposed: bool, unit: bool
) -> np.ndarray:
    matrix = _np_triangle(a, lower, unit)
    matrix = np.swapaxes(matrix, -1, -2) if transposed else matrix
    return np.swapaxes(np.linalg.solve(matrix, np.swapaxes(b, -1, -2)), -1, -2)


def _triangle(x: Any, lower: bool, unit: bool) -> Any:
    """The elements that are read."""
    return mx.lower(x, -unit) if lower else mx.upper(x, int(unit))


def _jvp_triangular_solve(xs: Any, v: Any, tangents: Any, **how: Any) -> Any:
    """dx = A^-1 (db - dA x)."""
    da, db = tangents
    if da is not None:
        triangle = _triangle(da, how["lower"], how["unit"])
        change = mx.product(v, triangle, "ij,jk->ik" if how["transposed"] else "ij,kj->ik")
        db = mx.minus(db, change)
    return triangular_solve(xs[0], db, **how)


def _pull_triangular_solve(j: int, xs: Any, v: Any, v_bar: Any, **how: Any) -> Any:
    """b_bar = A^-T x_bar."""
    how["transposed"] = not how["transposed"]
    return triangular_solve(xs[0], v_bar, **how) if j == 1 else BY_TANGENT


triangular_solve = Structural(
    "triangular_solve",
    ("lower", "transposed", "unit"),
    infer=lambda a, b, **_: (b.shape, b.dtype),
    evaluate=_np_triangular_solve,
    jvp=_jvp_triangular_solve,
    pullback=_pull_triangular_solve,
    batch=mx.batch_of_rows(lambda: triangular_solve),
    library=_call_triangular_solve,
)
"""The solutions, as rows, of A x = b for each row b (of A^T x = b: transposed), A a triangle."""


def solve_lower(factor: Any, b: Any, *, transposed: bool = False) -> Any:
    """`triangular_solve` with a lower triangle."""
    return triangular_solve(factor, b, lower=True, transposed=transposed, unit=False)


# -- Cholesky factors ------------------------------------------------------------------------------


def _call_cholesky(call: Any, refuses: bool) -> None:
    """potrf in place: the lower triangle is the upper one in memory; then zeros for the rest."""
    n, item = call.shape[-1], call.dtype.itemsize
    info = call.int_slot()
    stacks = ((call.inputs[0], n * n * item), (call.out, n * n * item))
    with call.each(math.prod(call.shape[:-2]), *stacks) as (a, factor):
        call.writer.copy(factor, a, n * n * item)
        call.lapack("potrf", "U", n, factor, n, info)
        if refuses:
            call.refuse_unless_zero(info)
        if n > 1:
            below = call.writer.offset(factor, item)
            call.lapack("laset", "L", n - 1, n - 1, 0.0, 0.0, below, n)
        if not refuses:
            w, size = call.writer, call.int_slot()
            fine = w.line(f"icmp eq i32 {call.load(info, 'i32')}, 0")
            call.store(w.line(f"select i1 {fine}, i32 0, i32 {n}"), size, "i32")
            call.lapack("laset", "A", size, size, math.nan, math.nan, factor, n)


def _np_cholesky(x: np.ndarray, refuses: bool) -> np.ndarray:
    if refuses:
        return np.linalg.cholesky(x)

    def one(a: np.ndarray) -> np.ndarray:
        try:
            return np.linalg.cholesky(a)
        except np.linalg.LinAlgError:
            return np.full_like(a, math.nan)

    return mx.over_stack(one, x, shape=x.shape[-2:])


def _half(x: Any) -> Any:
    """The lower triangle, with half of the diagonal."""
    return ew.mul(ew.add(mx.lower(x), mx.lower(x, -1)), 0.5)


def _jvp_cholesky(xs: Any, v: Any, tangents: Any, refuses: bool) -> Any:
    """dL = L half(L^-1 dA L^-T)."""
    right = solve_lower(v, mx.symmetric(tangents[0]))
    return mx.product(v, _half(solve_lower(v, mx.turned(right))))


cholesky = Structural(
    "cholesky",
    ("refuses",),
    infer=lambda x, refuses: (x.shape, x.dtype),
    evaluate=_np_cholesky,
    jvp=_jvp_cholesky,
    batch=mx.batch_of_one(lambda: cholesky),
    library=_call_cholesky,
)
"""L with A = L L^T from A's lower triangle; where there is none it refuses, or gives NaNs.

The derivative is that within symmetric matrices: an unsymmetric direction counts by its symmetric
part, which makes the gradient symmetric."""
