"""Systems of linear equations: LU factors and solutions; values that have a rule of their own.

A factorisation is auxiliary: it has no derivative. What is computed from it takes the matrix as an
operand too, and says its tangent and adjoint by that (Giles, Collected matrix derivative results
for forward and reverse mode algorithmic differentiation, 2008). So one factorisation serves the
value, its tangents, its adjoints, and theirs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import BY_TANGENT, INT32, Structural
from jitad.ops.linalg import matrices as mx

# -- LU factors ------------------------------------------------------------------------------------


def _call_lu(call: Any) -> None:
    """Copies, then getrf in place; the pivots are stored as numbers of the matrix's dtype."""
    n, item, w = call.shape[-1], call.dtype.itemsize, call.writer
    kind = w.type(call.dtype)
    pivots, info = call.scratch(4 * n), call.int_slot()
    count = math.prod(call.shape[:-2])
    stacks = ((call.inputs[0], n * n * item), (call.out, (n + 1) * n * item))
    with call.each(count, *stacks) as (a, f):
        w.copy(f, a, n * n * item)
        call.lapack("getrf", n, n, f, n, pivots, info)
        row = w.offset(f, n * n * item)
        with w.counted(n) as i:
            pivot = call.load(call.element(pivots, i, "i32"), "i32")
            number = w.cast(pivot, INT32, call.dtype)
            call.store(number, call.element(row, i, kind), kind)


def _np_lu(x: np.ndarray) -> np.ndarray:
    from scipy.linalg import lapack  # not where the package is imported: SciPy may not be wanted

    getrf: Any = lapack.get_lapack_funcs("getrf", (x,))
    n = x.shape[-1]

    def one(a: np.ndarray) -> np.ndarray:
        f, pivots, _ = getrf(a.T)
        return np.vstack([f.T, pivots + 1])

    return mx.over_stack(one, x, shape=(n + 1, n))


lu = Structural(
    "lu",
    (),
    infer=lambda x: ((*x.shape[:-2], x.shape[-1] + 1, x.shape[-1]), x.dtype),
    evaluate=_np_lu,
    jvp=lambda *_, **__: None,
    batch=mx.batch_of_one(lambda: lu),
    library=_call_lu,
)
"""LAPACK's factors of the matrix that x is in memory, its transpose; in one row more the pivots."""


def _fail_where_singular(call: Any, f: str, n: int) -> None:
    """Report an exact zero on the diagonal of the factor U."""
    w = call.writer
    start, kind, distance = call.reals(f, 0, n)
    with w.counted(n) as i:
        place = w.line(f"mul nuw nsw i64 {i}, {(n + 1) * distance}")
        bad = w.line(f"fcmp oeq {kind} {call.load(call.element(start, place, kind), kind)}, 0.0")
        if distance == 2:
            after = w.line(f"add nuw nsw i64 {place}, 1")
            imaginary = call.load(call.element(start, after, kind), kind)
            bad = w.both(bad, w.line(f"fcmp oeq {kind} {imaginary}, 0.0"))
        call.refuse_where(bad)


def _call_lu_solve(call: Any, transposed: bool) -> None:
    """Copies the right-hand sides, then getrs in place: a row of them is a column in memory."""
    (k, n), item, w = call.shape[-2:], call.dtype.itemsize, call.writer
    pivots, info = call.scratch(4 * n), call.int_slot()
    count = math.prod(call.shape[:-2])
    stacks = (
        (call.inputs[0], (n + 1) * n * item),
        (call.inputs[2], k * n * item),
        (call.out, k * n * item),
    )
    with call.each(count, *stacks) as (f, b, x):
        _fail_where_singular(call, f, n)
        row, kind, distance = call.reals(f, n, n)
        with w.counted(n) as i:
            place = w.line(f"mul nuw nsw i64 {i}, {distance}")
            pivot = call.load(call.element(row, place, kind), kind)
            pivot = w.line(f"fptosi {kind} {pivot} to i32")
            call.store(pivot, call.element(pivots, i, "i32"), "i32")
        w.copy(x, b, k * n * item)
        call.lapack("getrs", "N" if transposed else "T", n, k, f, n, pivots, x, n, info)


def _np_lu_solve(f: np.ndarray, a: np.ndarray, b: np.ndarray, transposed: bool) -> np.ndarray:
    matrix = np.swapaxes(a, -1, -2) if transposed else a
    return np.swapaxes(np.linalg.solve(matrix, np.swapaxes(b, -1, -2)), -1, -2)


def _jvp_lu_solve(xs: Any, v: Any, tangents: Any, transposed: bool) -> Any:
    """dx = A^-1 (db - dA x)."""
    f, a, _ = xs
    _, da, db = tangents
    if da is not None:
        change = mx.product(v, da, "ij,jk->ik" if transposed else "ij,kj->ik")
        db = mx.minus(db, change)
    return None if db is None else lu_solve(f, a, db, transposed=transposed)


def _pull_lu_solve(j: int, xs: Any, v: Any, v_bar: Any, transposed: bool) -> Any:
    """b_bar = A^-T x_bar."""
    return lu_solve(*xs[:2], v_bar, transposed=not transposed) if j == 2 else BY_TANGENT


lu_solve = Structural(
    "lu_solve",
    ("transposed",),
    infer=lambda f, a, b, transposed: (b.shape, b.dtype),
    evaluate=_np_lu_solve,
    jvp=_jvp_lu_solve,
    pullback=_pull_lu_solve,
    batch=mx.batch_of_rows(lambda: lu_solve),
    library=_call_lu_solve,
)
"""The solutions, as rows, of A x = b for each row b (of A^T x = b: transposed); f is lu(A)."""


# -- values with a rule of their own ---------------------------------------------------------------


def call_copy(call: Any, **_: Any) -> None:
    """The value is operand 0, computed already."""
    call.writer.copy(call.out, call.inputs[0], math.prod(call.shape) * call.dtype.itemsize)


def ruled(name: str, operands: int, jvp: Any) -> Structural:
    """An op whose value is its operand 0, computed in any way, and whose derivative is by the last:
    `jvp(xs, v, dx)`, of which the others have no share."""
    last = operands - 1
    op = Structural(
        name,
        (),
        infer=lambda v, *_: (v.shape, v.dtype),
        evaluate=lambda v, *_: v,
        jvp=lambda xs, v, tangents: None if tangents[last] is None else jvp(xs, v, tangents[last]),
        batch=mx.batch_of_one(lambda: op),
        library=call_copy,
    )
    return op


def inverse_transposed(f: Any, a: Any) -> Any:
    """A^-T, where f is lu(A)."""
    return lu_solve(f, a, mx.eye(a, a.shape, a.dtype), transposed=False)
