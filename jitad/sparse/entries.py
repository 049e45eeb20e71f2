"""Where the entries of sparse matrices are: what becomes of patterns under SciPy's operations.

Structural operations are done by SciPy itself, on matrices whose values are numbers of entries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy  # whose modules are imported where they are asked for

from jitad.sparse.pattern import Pattern

Places = np.ndarray[Any, Any]


def ordered(rows: Any, columns: Any, shape: Any) -> tuple[Pattern, Any]:
    """The pattern of entries in any order, and the place of each there; None where each is in its
    place."""
    shape = (int(shape[0]), int(shape[1]))
    pattern = Pattern.of(rows, columns, shape)
    at = pattern.places(np.asarray(rows, np.int64), np.asarray(columns, np.int64))
    return pattern, None if np.array_equal(at, np.arange(pattern.nnz)) else at


def compressed(indptr: Any, indices: Any, shape: Any, by_columns: bool) -> tuple[Pattern, Any]:
    """The same of entries row by row, or column by column."""
    major = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    minor = np.asarray(indices)[: len(major)]
    return ordered(*((minor, major) if by_columns else (major, minor)), shape)


def of_blocks(indptr: Any, indices: Any, shape: Any, block: Any) -> tuple[Pattern, Any]:
    """The same of entries block by block, of blocks of that shape."""
    major = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    (m, n), minor = block, np.asarray(indices)[: len(major)]
    full = (len(major), m, n)
    rows = np.broadcast_to((major * m)[:, None, None] + np.arange(m)[:, None], full)
    columns = np.broadcast_to((minor * n)[:, None, None] + np.arange(n), full)
    return ordered(rows.ravel(), columns.ravel(), shape)


def of_diagonals(offsets: Any, length: int, shape: Any) -> tuple[Pattern, Places]:
    """The pattern of diagonals that are rows of an array, as in SciPy's format; the places there
    of the entries."""
    columns = np.broadcast_to(np.arange(length), (len(offsets), length))
    rows = columns - np.asarray(offsets)[:, None]
    kept = (rows >= 0) & (rows < shape[0]) & (columns < shape[1])
    places = np.flatnonzero(kept)
    pattern, at = ordered(rows[kept], columns[kept], shape)
    return pattern, places if at is None else places[np.argsort(at)]


def union(a: Pattern, b: Pattern) -> tuple[Pattern, Places, Places]:
    """The entries of either, and where those of each are among them."""
    rows, columns = np.concatenate([a.rows, b.rows]), np.concatenate([a.indices, b.indices])
    both = Pattern.of(rows, columns, a.shape)
    return both, both.places(a.rows, a.indices), both.places(b.rows, b.indices)


def common(a: Pattern, b: Pattern) -> tuple[Pattern, Places, Places]:
    """The entries of both, and where they are among those of each."""
    at = b.places(a.rows, a.indices)
    mine = np.flatnonzero(at >= 0)
    return Pattern.of(a.rows[mine], a.indices[mine], a.shape), mine, at[mine]


def product(a: Pattern, b: Pattern) -> tuple[Pattern, Places, Places, Places]:
    """The entries of the product; of each product of numbers the places of its factors, and that
    of the entry which it is added to."""
    counts = np.diff(b.indptr)[a.indices]
    left = np.repeat(np.arange(a.nnz), counts)
    first = np.repeat(b.indptr[a.indices] - np.cumsum(counts) + counts, counts)
    right = np.arange(len(left)) + first
    rows, columns = a.rows[left], b.indices[right].astype(np.int64)
    whole = Pattern.of(rows, columns, (a.shape[0], b.shape[1]))
    return whole, left, right, whole.places(rows, columns)


def moved(operation: Callable[..., Any], *patterns: Pattern) -> tuple[Any, Places]:
    """What a structural operation makes of matrices: the pattern, or the shape of an array, and
    for each element the number of the entry that it is, -1 of none."""
    numbered, first = [], 1
    for pattern in patterns:
        numbered.append(pattern.matrix(np.arange(first, first + pattern.nnz, dtype=np.int64)))
        first += pattern.nnz
    found = operation(*numbered)
    if not scipy.sparse.issparse(found):
        return np.shape(found), np.asarray(found, np.int64) - 1
    if found.ndim != 2:
        return found.shape, found.toarray() - 1
    rows = scipy.sparse.csr_array(found)
    rows.sort_indices()
    m, n = np.shape(found)
    return Pattern((m, n), rows.indptr.astype(rows.indices.dtype), rows.indices), rows.data - 1


def kron(a: Pattern, b: Pattern) -> tuple[Pattern, Places, Places]:
    """The entries of the Kronecker product, and of each the places of its factors."""
    ones = [p.matrix(np.ones(p.nnz, np.int64)) for p in (a, b)]
    pattern, left = moved(lambda x: scipy.sparse.kron(x, ones[1], format="csr"), a)
    _, right = moved(lambda x: scipy.sparse.kron(ones[0], x, format="csr"), b)
    return pattern, left, right


def is_scipys(x: Any) -> bool:
    """Whether x is a sparse array or matrix of SciPy's."""
    return isinstance(x, (scipy.sparse.sparray, scipy.sparse.spmatrix))
