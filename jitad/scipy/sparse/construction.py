"""Sparse matrices made of traced values: by entries, by diagonals, of blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from jitad.ir.errors import TraceError
from jitad.sparse import entries
from jitad.sparse.arrays import SparseArray, as_sparse, placed
from jitad.sparse.pattern import Pattern


def _class(format: str, is_matrix: bool) -> Any:
    """SciPy's class of a format, as a function of what it is made of."""

    def construct(arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False) -> Any:
        made = _made(arg1, shape, format, is_matrix)
        return made if dtype is None else made.astype(dtype)

    construct.__name__ = f"{format}_{'matrix' if is_matrix else 'array'}"
    return construct


bsr_array, bsr_matrix = _class("bsr", False), _class("bsr", True)
coo_array, coo_matrix = _class("coo", False), _class("coo", True)
csc_array, csc_matrix = _class("csc", False), _class("csc", True)
csr_array, csr_matrix = _class("csr", False), _class("csr", True)
dia_array, dia_matrix = _class("dia", False), _class("dia", True)
dok_array, dok_matrix = _class("dok", False), _class("dok", True)
lil_array, lil_matrix = _class("lil", False), _class("lil", True)


def _made(given: Any, shape: Any, format: str, is_matrix: bool) -> Any:
    x = as_sparse(given)
    if isinstance(x, SparseArray):
        return SparseArray(x.pattern, x.values, format, is_matrix)
    if not isinstance(x, tuple):
        return _of_array(np.asarray(x), format, is_matrix)
    if format == "dia":
        data, offsets = x
        return _of_diagonals(np.atleast_2d(data), np.atleast_1d(offsets), shape, is_matrix)
    if len(x) == 2:
        values, (rows, columns) = x
        if shape is None:
            shape = (int(np.max(rows)) + 1, int(np.max(columns)) + 1)
        pattern, at = entries.ordered(rows, columns, shape)
    elif format in ("csr", "csc"):
        values, indices, indptr = x
        if shape is None:
            size, other = len(indptr) - 1, int(np.max(indices)) + 1
            shape = (size, other) if format == "csr" else (other, size)
        pattern, at = entries.compressed(indptr, indices, shape, format == "csc")
    else:
        raise TraceError(
            f"a {format} matrix of {len(x)} arrays, of traced values",
            remedy="use scipy.sparse.csr_array((values, (rows, columns)), shape=...)",
        )
    return SparseArray(pattern, placed(pattern, at, np.asarray(values)), format, is_matrix)


def _of_array(x: Any, format: str, is_matrix: bool) -> Any:
    """All elements of an array, zeros too."""
    if x.ndim != 2:
        raise TraceError(
            f"a sparse matrix of a traced array of {x.ndim} axes", remedy="give one of two axes"
        )
    m, n = x.shape
    rows, columns = np.repeat(np.arange(m), n), np.tile(np.arange(n), m)
    return SparseArray(Pattern.of(rows, columns, (m, n)), np.ravel(x), format, is_matrix)


def _of_diagonals(data: Any, offsets: Any, shape: Any, is_matrix: bool) -> Any:
    if shape is None:
        raise ValueError("expected a shape argument")
    pattern, places = entries.of_diagonals(offsets, data.shape[1], shape)
    return SparseArray(pattern, np.ravel(data)[places], "dia", is_matrix)


def _diagonals(given: Any, offsets: Any, shape: Any, is_matrix: bool) -> Any:
    if np.ndim(offsets) == 0:
        known = len(given) == 0 or np.ndim(given[0]) == 0
        given = [np.atleast_1d(given)] if known else [np.atleast_1d(given[0])]
    rows = [np.atleast_1d(x) for x in given]
    places = np.atleast_1d(offsets)
    if len(rows) != len(places):
        raise ValueError("Different number of diagonals and offsets.")
    if shape is None:
        size = len(rows[0]) + abs(int(places[0]))
        shape = (size, size)
    m, n = shape
    longest = max(max(min(m + k, n - k) + max(0, k) for k in places.tolist()), 0)
    data = np.zeros((len(rows), longest), np.result_type(*rows))
    for j in range(len(rows)):
        k = int(places[j])
        length = min(m + k, n - k, m, n)
        if length < 0:
            raise ValueError(f"Offset {k} (index {j}) out of bounds")
        if len(rows[j]) != 1 and len(rows[j]) < length:
            raise ValueError(
                f"Diagonal length (index {j}: {len(rows[j])} at offset {k}) does not agree with "
                f"array size ({m}, {n})."
            )
        data[j, max(0, k) : max(0, k) + length] = rows[j][:length]
    return _of_diagonals(data, places, (m, n), is_matrix)


def diags_array(
    diagonals: Any, /, *, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None
) -> Any:
    """An array of these diagonals."""
    made = _diagonals(diagonals, offsets, shape, False).asformat(format)
    return made if dtype is None else made.astype(dtype)


def diags(
    diagonals: Any, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None
) -> Any:
    """A matrix of these diagonals."""
    made = _diagonals(diagonals, offsets, shape, True).asformat(format)
    return made if dtype is None else made.astype(dtype)


def spdiags(data: Any, diags: Any, m: Any = None, n: Any = None, format: Any = None) -> Any:
    """A matrix of diagonals that are rows of an array."""
    shape = m if n is None else (m, n)
    if shape is None:
        shape = (len(data[0]), len(data[0]))
    found = _of_diagonals(np.atleast_2d(data), np.atleast_1d(diags), shape, True)
    return found.asformat(format)


# -- of other matrices -----------------------------------------------------------------------------


def _any_array(matrices: Any) -> bool:
    return any(isinstance(x, SparseArray) and not x.is_matrix for x in matrices)


def _whole(x: Any) -> Any:
    """A matrix as a sparse one."""
    x = as_sparse(x)
    return x if isinstance(x, SparseArray) else _of_array(np.atleast_2d(x), "coo", True)


_FAST = ("csr", "csc")
"""Formats that stacks of matrices of one format keep."""


def _joined(operation: Any, matrices: Any, format: Any, default: Any = None) -> Any:
    """What an operation makes of several matrices by moving their entries."""
    given = [_whole(x) for x in matrices]
    formats = {x.format for x in given}
    if default is None:
        default = given[0].format if len(formats) == 1 and given[0].format in _FAST else "coo"
    pattern, places = entries.moved(operation, *[x.pattern for x in given])
    values = np.concatenate([x.values for x in given])[places]
    return SparseArray(pattern, values, format or default, not _any_array(given))


def hstack(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """Matrices side by side."""
    return _joined(lambda *xs: scipy.sparse.hstack(xs), blocks, format)


def vstack(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """Matrices one below the other."""
    return _joined(lambda *xs: scipy.sparse.vstack(xs), blocks, format)


def block_diag(mats: Any, format: Any = None, dtype: Any = None) -> Any:
    """Matrices along the diagonal."""
    return _joined(lambda *xs: scipy.sparse.block_diag(xs), mats, format, "coo")


def bmat(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """A matrix of blocks, None being one of zeros."""
    given = [x for row in blocks for x in row if x is not None]
    known = [[x is not None for x in row] for row in blocks]

    def joined(*xs: Any) -> Any:
        rest = iter(xs)
        return scipy.sparse.bmat([[next(rest) if x else None for x in row] for row in known])

    return _joined(joined, given, format)


def block_array(blocks: Any, *, format: Any = None, dtype: Any = None) -> Any:
    """An array of blocks, None being one of zeros."""
    found = bmat(blocks, format)
    return SparseArray(found.pattern, found.values, found.format, False)


def kron(A: Any, B: Any, format: Any = None) -> Any:
    """The Kronecker product."""
    a, b = _whole(A), _whole(B)
    pattern, left, right = entries.kron(a.pattern, b.pattern)
    is_matrix = not _any_array([a, b])
    return SparseArray(pattern, a.values[left] * b.values[right], format or "coo", is_matrix)


def kronsum(A: Any, B: Any, format: Any = None) -> Any:
    """The Kronecker sum of square matrices."""
    a, b = _whole(A), _whole(B)
    left = kron(scipy.sparse.eye_array(b.shape[0]), a)
    right = kron(b, scipy.sparse.eye_array(a.shape[0]))
    total = (left + right).asformat(format or "csr")
    return SparseArray(total.pattern, total.values, total.format, not _any_array([a, b]))


def tril(A: Any, k: int = 0, format: Any = None) -> Any:
    """The lower triangle."""
    return _joined(lambda x: scipy.sparse.tril(x, k), [A], format, "coo")


def triu(A: Any, k: int = 0, format: Any = None) -> Any:
    """The upper triangle."""
    return _joined(lambda x: scipy.sparse.triu(x, k), [A], format, "coo")


def issparse(x: Any) -> bool:
    """Whether x is sparse."""
    return isinstance(x, SparseArray) or entries.is_scipys(x)


def isspmatrix(x: Any) -> bool:
    """Whether x is a sparse matrix, no array."""
    return x.is_matrix if isinstance(x, SparseArray) else isinstance(x, scipy.sparse.spmatrix)
