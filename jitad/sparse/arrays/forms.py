"""What a sparse matrix consists of, and the forms that it is given: its entries stay entries."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy  # whose modules are imported where they are asked for

from jitad.frontend.stand_ins import StandIn
from jitad.ir.errors import MissingAttributeError, TraceError
from jitad.sparse import entries
from jitad.sparse.arrays.vectors import SparseVector
from jitad.sparse.pattern import Pattern

_FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")


class Entries(StandIn):
    """A pattern, and one value for each entry, row by row."""

    def __init__(
        self, pattern: Pattern, values: Any, format: str = "csr", is_matrix: bool = False
    ) -> None:
        self.pattern, self.values = pattern, values
        self.format, self.is_matrix = format, is_matrix

    def scipys(self) -> Any:
        """The class of SciPy's."""
        kind = "matrix" if self.is_matrix else "array"
        return getattr(scipy.sparse, f"{self.format}_{kind}")

    def _with(self, values: Any, pattern: Any = None, format: Any = None) -> Any:
        pattern = self.pattern if pattern is None else pattern
        return self.__class__(pattern, values, format or self.format, self.is_matrix)

    shape = property(lambda self: self.pattern.shape)
    nnz = property(lambda self: self.pattern.nnz)
    size = property(lambda self: self.pattern.nnz)
    ndim = property(lambda self: 2)
    dtype = property(lambda self: self.values.dtype)

    # -- what it consists of -------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The values in the order of the format."""
        if self.format == "csr":
            return self.values
        if self.format == "csc":
            return self.values[entries.moved(_transposed, self.pattern)[1]]
        raise _unknown(self, "data")

    @property
    def indices(self) -> Any:
        """The column of each entry, or the row, as the format has it."""
        return _compressed(self, "indices").indices

    @property
    def indptr(self) -> Any:
        """Where rows, or columns, begin among the entries."""
        return _compressed(self, "indptr").indptr

    def __getattr__(self, name: str) -> Any:
        raise _unknown(self, name)

    # -- forms ---------------------------------------------------------------------------------

    def toarray(self) -> Any:
        """All elements, zeros too."""
        m, n = self.shape
        whole = np.zeros(m * n, self.values.dtype)
        whole[self.pattern.rows * n + self.pattern.indices] = self.values
        return whole.reshape(m, n)

    def todense(self) -> Any:
        """The same, of an array."""
        if self.is_matrix:
            raise no_matrix("todense()", "write .toarray()")
        return self.toarray()

    def asformat(self, format: Any, copy: bool = False) -> Any:
        """The same matrix in another format."""
        if format not in (None, *_FORMATS):
            raise ValueError(f"Format {format} is unknown.")
        return self._with(self.values, format=format)

    def tocsr(self, copy: bool = False) -> Any:
        """The same matrix row by row."""
        return self.asformat("csr")

    def tocsc(self, copy: bool = False) -> Any:
        """The same matrix column by column."""
        return self.asformat("csc")

    def tocoo(self, copy: bool = False) -> Any:
        """The same matrix entry by entry."""
        return self.asformat("coo")

    def tolil(self, copy: bool = False) -> Any:
        """The same matrix as lists."""
        return self.asformat("lil")

    def todok(self, copy: bool = False) -> Any:
        """The same matrix as a dict."""
        return self.asformat("dok")

    def todia(self, copy: bool = False) -> Any:
        """The same matrix by diagonals."""
        return self.asformat("dia")

    def tobsr(self, blocksize: Any = None, copy: bool = False) -> Any:
        """The same matrix by blocks."""
        return self.asformat("bsr")

    def copy(self) -> Any:
        """Another one like it."""
        return self._with(self.values)

    def astype(self, dtype: Any, casting: Any = "unsafe", copy: bool = True) -> Any:
        """The same matrix of another dtype."""
        return self._with(self.values.astype(dtype))

    def _ones(self) -> Any:
        return self.pattern.matrix(np.ones(self.pattern.nnz))

    def _moved(self, operation: Any, format: Any = None) -> Any:
        """What becomes of the matrix by an operation that moves its entries."""
        found, places = entries.moved(operation, self.pattern)
        if isinstance(found, Pattern):
            return self._with(self.values[places], found, format)
        none = np.zeros((), self.values.dtype)
        values = np.where(places < 0, none, self.values[np.maximum(places, 0)])
        if not found:
            return values[()]
        return SparseVector(values) if entries.is_scipys(operation(self._ones())) else values

    @property
    def T(self) -> Any:
        """The transposed matrix."""
        turned = {"csr": "csc", "csc": "csr"}.get(self.format)
        return self._moved(_transposed, turned)

    def transpose(self, axes: Any = None, copy: bool = False) -> Any:
        """The same."""
        return self.T

    def conj(self, copy: bool = True) -> Any:
        """The conjugates."""
        return self._with(np.conj(self.values))

    conjugate = conj

    @property
    def H(self) -> Any:
        """The conjugates of the transposed matrix."""
        return self.T.conj()

    real = property(lambda self: self._with(np.real(self.values)))
    imag = property(lambda self: self._with(np.imag(self.values)))

    def reshape(self, *shape: Any, order: str = "C", copy: bool = False) -> Any:
        """The matrix in another shape of two axes."""
        return self._moved(lambda x: x.reshape(*shape, order=order), "coo")

    def __getitem__(self, index: Any) -> Any:
        """An element, rows, columns: what SciPy has there."""
        found, is_matrix = self, self.is_matrix
        kind = scipy.sparse.csr_matrix if is_matrix else scipy.sparse.csr_array
        return found._moved(lambda x: kind(x)[index])

    def getrow(self, i: int) -> Any:
        """One row, as a matrix."""
        return self._moved(lambda x: scipy.sparse.csr_matrix(x).getrow(i))

    def getcol(self, j: int) -> Any:
        """One column, as a matrix."""
        return self._moved(lambda x: scipy.sparse.csr_matrix(x).getcol(j))

    def diagonal(self, k: int = 0) -> Any:
        """The elements of a diagonal."""
        return self._moved(lambda x: x.diagonal(k))


def _transposed(x: Any) -> Any:
    return x.T


def _compressed(x: Entries, name: str) -> Pattern:
    if x.format not in ("csr", "csc"):
        raise _unknown(x, name)
    return x.pattern if x.format == "csr" else x.pattern.T


def no_matrix(what: str, remedy: str) -> TraceError:
    return TraceError(
        f"{what} of a sparse matrix of traced values is an np.matrix, which is never traced",
        remedy=f"{remedy}; or use the sparse array of the same name, csr_array",
    )


def _unknown(x: Any, name: str) -> MissingAttributeError:
    return MissingAttributeError(
        f"a sparse {x.format} matrix of traced values has no attribute {name!r}",
        remedy="use its .tocsr(), which has data, indices and indptr, or its .toarray()",
    )
