"""A sparse matrix of traced values, within a function that is traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.operands import as_value, lift
from jitad.ir.errors import ShapeError
from jitad.ops import structural as st
from jitad.sparse.pattern import Pattern


class SparseArray:
    """What SciPy's `csr_array` is to numbers: `pattern` and `data`, one value for each entry.

    It has SciPy's `shape`, `nnz`, `indices`, `indptr`, `data`, `T`, `toarray()`, and `@` with a
    vector or a matrix. Of many matrices of one pattern, as `vmap` gives, `data` has leading axes.
    """

    def __init__(self, pattern: Pattern, data: Any) -> None:
        self.pattern, self.data = pattern, data

    shape = property(lambda self: self.pattern.shape)
    nnz = property(lambda self: self.pattern.nnz)
    indices = property(lambda self: self.pattern.indices)
    indptr = property(lambda self: self.pattern.indptr)
    dtype = property(lambda self: self.data.dtype)

    @property
    def T(self) -> SparseArray:
        """The transposed matrix."""
        turned = self.pattern.T
        order = self.pattern.places(turned.indices.astype(np.int64), turned.rows)
        return SparseArray(turned, self.data[..., order])

    def toarray(self) -> Any:
        """All elements, zeros too."""
        m, n = self.shape
        places = self.pattern.rows * n + self.indices
        data = as_value(self.data)
        whole = st.zeros(data, (m * n,), data.dtype)
        full = st.scatter_set(whole, lift(data.builder, places), data, apart=True)
        return st.reshape(full, shape=(m, n))

    def __matmul__(self, x: Any) -> Any:
        """The product with a vector (n,) or a matrix (n, k)."""
        if np.ndim(x) not in (1, 2) or np.shape(x)[0] != self.shape[1]:
            raise ShapeError(
                f"a sparse {self.shape[0]} x {self.shape[1]} matrix times an array of shape "
                f"{np.shape(x)}",
                remedy="give a vector or a matrix of as many rows as this has columns",
            )
        picked = x[self.indices.astype(np.int64)]
        data = self.data if np.ndim(x) == 1 else self.data[:, None]
        products = as_value(data * picked)
        builder = products.builder
        start = builder.const(0, (self.shape[0], *products.shape[1:]), products.dtype)
        return st.scatter_add(start, lift(builder, self.pattern.rows), products)

    def __repr__(self) -> str:
        return f"<SparseArray {self.shape[0]} x {self.shape[1]}, {self.nnz} entries>"
