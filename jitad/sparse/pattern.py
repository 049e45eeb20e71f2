"""The pattern of a sparse matrix: which entries there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy  # whose modules are imported where they are asked for

from jitad.ir.errors import ShapeError

_WIDE, _HIGH = 64, 32
"""Characters across and down that a picture has at most."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """Which entries a matrix of that shape has: in row i the columns
    `indices[indptr[i]:indptr[i + 1]]`, in ascending order, as in SciPy's CSR arrays.

    `print(pattern)` draws it. Give one to `jacobian(f, sparse=pattern)` or `hessian` where it is
    known: entries outside of it are then taken to be 0. SciPy takes it for an array of bool, as
    `jac_sparsity` of its `least_squares`; `matrix(np.ones(pattern.nnz))` is a sparse one.

    >>> import numpy as np, jitad
    >>> print(jitad.sparsity(lambda x: x[1:] * x[:-1], np.ones(4)))
    3 x 4, 6 entries
    ##..
    .##.
    ..##
    """

    shape: tuple[int, int]
    indptr: np.ndarray[Any, Any]
    indices: np.ndarray[Any, Any]

    @staticmethod
    def of(rows: Any, columns: Any, shape: tuple[int, int]) -> Pattern:
        """The pattern with these entries, in any order; some may be named several times.

        Args:
            rows, columns: arrays of integers of one length.
            shape: of the matrix, (m, n).
        """
        rows, columns = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
        for places, length, name in ((rows, shape[0], "row"), (columns, shape[1], "column")):
            if places.size and not 0 <= int(places.min()) <= int(places.max()) < length:
                raise ShapeError(
                    f"a {name} that is not within 0 and {length}", remedy="give another shape"
                )
        key = np.sort(rows * shape[1] + columns, kind="stable")
        key = key[np.diff(key, prepend=-1) != 0]
        rows, columns = np.divmod(key, max(shape[1], 1))
        counts = np.bincount(rows, minlength=shape[0])
        small = np.int32 if max(*shape, len(key)) < 2**31 else np.int64
        indptr = np.concatenate(([0], np.cumsum(counts))).astype(small)
        return Pattern(shape, indptr, columns.astype(small))

    @property
    def nnz(self) -> int:
        """How many entries there are."""
        return len(self.indices)

    @cached_property
    def rows(self) -> np.ndarray[Any, Any]:
        """The row of each entry."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    @cached_property
    def columns(self) -> np.ndarray[Any, Any]:
        """The column of each entry."""
        return self.indices.astype(np.int64)

    def places(self, rows: Any, columns: Any) -> np.ndarray[Any, Any]:
        """Where entries of these rows and columns stand among all; -1 of those that are none."""
        keys = self.rows * self.shape[1] + self.indices
        asked = rows * self.shape[1] + columns
        at = np.searchsorted(keys, asked)
        found = at < self.nnz
        found[found] = keys[at[found]] == asked[found]
        return np.where(found, at, -1)

    def matrix(self, data: Any) -> Any:
        """The matrix whose entries have these values, one for each, row by row."""
        made: Any = scipy.sparse.csr_array(
            (data, self.indices.copy(), self.indptr.copy()), shape=self.shape
        )
        made.has_canonical_format = True
        return made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        m, n = self.shape
        if m * n > 2**28:
            raise ShapeError(
                f"an array of {m} x {n} elements of a pattern of {self.nnz} entries",
                remedy="use pattern.matrix(np.ones(pattern.nnz)), which is sparse",
            )
        if copy is False:
            raise ValueError("a pattern is no array: it cannot be one without a copy")
        found = np.zeros(self.shape, np.bool_ if dtype is None else dtype)
        found[self.rows, self.indices] = 1
        return found

    @property
    def T(self) -> Pattern:
        """The pattern of the transposed matrix."""
        m, n = self.shape
        return Pattern.of(self.indices, self.rows, (n, m))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pattern) or self.shape != other.shape:
            return False
        pairs = (self.indptr, other.indptr), (self.indices, other.indices)
        return all(x is y or np.array_equal(x, y) for x, y in pairs)

    def __hash__(self) -> int:
        return hash((self.shape, self.nnz))

    def __str__(self) -> str:
        (m, n), step = self.shape, 1
        while m > step * _HIGH or n > step * _WIDE:
            step += 1
        picture = np.zeros((-(-m // step), -(-n // step)), np.bool_)
        picture[self.rows // step, self.indices // step] = True
        lines = ["".join("#" if x else "." for x in row) for row in picture]
        scale = f", a character for {step} x {step}" if step > 1 else ""
        return "\n".join([f"{m} x {n}, {self.nnz} entries{scale}", *lines])

    def __repr__(self) -> str:
        return f"<Pattern {self.shape[0]} x {self.shape[1]}, {self.nnz} entries>"
