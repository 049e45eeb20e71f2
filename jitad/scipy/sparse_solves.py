"""The op of sparse linear systems: SciPy's solver, called where it stands, with its derivatives.

Of A x = b, dx = A^-1 (db - dA x), and the adjoints are w = A^-T x_bar of b and -w_i x_j of the
entries a_ij: those that there are, and no others.

Source: Giles, An extended collection of matrix derivative results (2008), section 2.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from jitad.frontend.operands import as_dtype, innermost, lift
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64, Structural
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control.loop import each_alone


def _np_solve(values: Any, rows: Any, columns: Any, b: Any) -> np.ndarray:
    from scipy.sparse.linalg import spsolve  # not where the package is imported

    n = b.shape[0]
    by_rows = bool(np.all(rows[1:] >= rows[:-1]))  # as they are, or are transposed
    major, minor = (rows, columns) if by_rows else (columns, rows)
    starts = np.searchsorted(major, np.arange(n + 1)).astype(np.int32)
    entries: Any = (np.array(values), np.array(minor, np.int32), starts)
    matrix = (csr_array if by_rows else csc_array)(entries, shape=(n, n))
    found: Any = spsolve(matrix, np.array(b))
    return np.reshape(found, b.shape)


def _times(values: Any, rows: Any, columns: Any, x: Any) -> Any:
    """The matrix of these entries times x."""
    terms: Any = values[:, None] * x[columns]
    return st.scatter_add(st.zeros(x, x.shape, FLOAT64), rows, terms)


def _jvp(operands: Any, x: Any, tangents: Any) -> Any:
    values, rows, columns, _ = operands
    d_values, _, _, db = tangents
    if d_values is not None:
        moved = ew.neg(_times(d_values, rows, columns, x))
        db = moved if db is None else ew.add(db, moved)
    return None if db is None else sparse_solve(values, rows, columns, db)


def _pullback(j: int, operands: Any, x: Any, x_bar: Any) -> Any:
    """Each operand asks for the solution anew, and equal ones are merged."""
    values, rows, columns, _ = operands
    if j in (1, 2):
        return None
    weights: Any = sparse_solve(values, columns, rows, x_bar)
    return weights if j == 3 else ew.neg(np.sum(weights[rows] * x[columns], axis=1))


def _batch(operands: Any, batched: Any, size: int) -> Any:
    """One system after the other, in a loop."""
    return each_alone(sparse_solve, {}, operands, batched, size)


sparse_solve = Structural(
    "sparse_solve",
    (),
    infer=lambda values, rows, columns, b: (b.shape, b.dtype),
    evaluate=_np_solve,
    jvp=_jvp,
    pullback=_pullback,
    batch=_batch,
    library=lambda call: call.call_back(),
)
"""sparse_solve(values (e,), rows (e,), columns (e,), b (n, k)) -> x (n, k)."""


def solved(pattern: Any, values: Any, b: Any, transposed: bool = False) -> Value:
    """The solution of a system whose matrix, or right-hand side, may be traced."""
    m, n = pattern.shape
    if m != n or np.ndim(b) not in (1, 2) or np.shape(b)[0] != n:
        raise ShapeError(
            f"a sparse {m} x {n} matrix and a right-hand side of shape {np.shape(b)}",
            remedy="give a square matrix, and a vector or a matrix of as many rows",
        )
    builder = innermost((values, b))
    values, b = lift(builder, values), lift(builder, b)
    if "c" in (values.dtype.kind, b.dtype.kind):
        raise TraceError(
            "a sparse system of complex traced values", remedy="use np.linalg.solve of .toarray()"
        )
    values, b = as_dtype(values, FLOAT64), as_dtype(b, FLOAT64)
    places = [lift(builder, x) for x in (pattern.rows.astype(np.int64), pattern.columns)]
    sides = places[::-1] if transposed else places
    whole = b if b.ndim == 2 else st.reshape(b, shape=(n, 1))
    found = sparse_solve(values, *sides, whole)
    return st.reshape(found, shape=(n,)) if whole.shape[1] == 1 else found


def of_factors(lu: Any) -> tuple[Any, Any, Any, Any]:
    """The entries of the matrix of which SciPy has the factors, and its shape."""
    product = (lu.L @ lu.U).tocoo()
    rows = np.argsort(lu.perm_r)[product.row]
    return product.data, rows, np.argsort(lu.perm_c)[product.col], lu.shape
