"""Sums and products of sparse matrices, which are read as the user's functions are."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy  # whose modules are imported where they are asked for

from jitad.frontend.stand_ins import StandIn
from jitad.ir.errors import ShapeError, TraceError
from jitad.sparse import entries
from jitad.sparse.arrays.forms import Entries, no_matrix
from jitad.sparse.pattern import Pattern


class SparseArray(Entries):
    """What SciPy's sparse arrays and matrices are to numbers: `pattern` and `data`, one value for
    each entry, row by row. Of many matrices of one pattern, as `vmap` gives, `data` has leading
    axes.
    """

    # -- sums ----------------------------------------------------------------------------------

    def trace(self, offset: int = 0) -> Any:
        """The sum of a diagonal."""
        return self.diagonal(offset).sum()

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """The sum of all elements, or over an axis."""
        if axis is None:
            return np.sum(self.values)
        if self.is_matrix:
            raise no_matrix("sum(axis=)", "write A.T @ np.ones(m) or A @ np.ones(n)")
        axis = axis % 2
        total = np.zeros(self.shape[1 - axis], self.values.dtype)
        np.add.at(total, self.pattern.rows if axis else self.pattern.indices, self.values)
        return total

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """The mean of all elements, or over an axis."""
        m, n = self.shape
        return self.sum(axis) / (m * n if axis is None else self.shape[axis])

    # -- products ------------------------------------------------------------------------------

    def __matmul__(self, x: Any) -> Any:
        """The product with a vector (n,), a matrix (n, k), or another sparse matrix."""
        x = as_sparse(x)
        shape = x.shape if isinstance(x, SparseArray) else np.shape(x)
        if len(shape) not in (1, 2) or shape[0] != self.shape[1]:
            raise ShapeError(
                f"a sparse {self.shape[0]} x {self.shape[1]} matrix times an array of "
                f"shape {shape}",
                remedy="give a vector or a matrix of as many rows as this has columns",
            )
        if isinstance(x, SparseArray):
            pattern, left, right, at = entries.product(self.pattern, x.pattern)
            terms = self.values[left] * x.values[right]
            values = np.zeros(pattern.nnz, terms.dtype)
            np.add.at(values, at, terms)
            return self._with(values, pattern, "csc" if self.format == "csc" else "csr")
        values = self.values if len(shape) == 1 else self.values[:, None]
        terms = values * np.asarray(x)[self.pattern.columns]
        total = np.zeros((self.shape[0], *shape[1:]), terms.dtype)
        np.add.at(total, self.pattern.rows, terms)
        return total

    def __rmatmul__(self, x: Any) -> Any:
        """A vector (m,), a matrix (k, m), or another sparse matrix, times this."""
        x = as_sparse(x)
        if isinstance(x, SparseArray):
            return x @ self
        x = np.asarray(x)
        return (self.T @ x.T).T

    def dot(self, x: Any) -> Any:
        """The product; of a number that with each element."""
        return self.multiply(x) if is_number(x) else self @ x

    def multiply(self, other: Any) -> Any:
        """The product element by element with a number, a sparse matrix, or an array."""
        other = as_sparse(other)
        if isinstance(other, SparseArray):
            _check_shapes(self, other)
            pattern, mine, others = entries.common(self.pattern, other.pattern)
            return self._with(self.values[mine] * other.values[others], pattern, "csr")
        if np.ndim(other) == 0:
            return self._with(self.values * other)
        full = np.broadcast_to(np.asarray(other), self.shape)
        format = "coo" if self.is_matrix else self.format
        return self._with(self.values * full[self.pattern.rows, self.pattern.indices], None, format)

    def __mul__(self, other: Any) -> Any:
        """Matrices multiply as @ does, arrays element by element."""
        return self.dot(other) if self.is_matrix else self.multiply(other)

    def __rmul__(self, other: Any) -> Any:
        """The same from the right."""
        if self.is_matrix and not is_number(other):
            return self.__rmatmul__(other)
        return self.multiply(other)

    def __truediv__(self, other: Any) -> Any:
        """The elements by a number, or by an array of that shape."""
        if isinstance(as_sparse(other), SparseArray):
            raise TraceError(
                "a sparse matrix divided by another one", remedy="divide the results of .toarray()"
            )
        return self.multiply(1.0 / other)

    def __pow__(self, power: Any) -> Any:
        """A power: of arrays of each element, of matrices by @."""
        if not self.is_matrix:
            return self.power(power)
        total = self if power else scipy.sparse.eye(self.shape[0], format="csr")
        for _ in range(power - 1):
            total = total @ self
        return total

    def power(self, n: Any, dtype: Any = None) -> Any:
        """A power of each element, of a positive exponent."""
        if n == 0:
            raise NotImplementedError("zero power is not supported as it would densify the matrix")
        return self._with(self.values**n)

    # -- sums of matrices ----------------------------------------------------------------------

    def _combined(self, other: Any, sign: float) -> Any:
        other = as_sparse(other)
        if isinstance(other, SparseArray):
            _check_shapes(self, other)
            pattern, mine, others = entries.union(self.pattern, other.pattern)
            dtype = np.result_type(self.values, other.values)
            values = np.zeros(pattern.nnz, dtype)
            values[mine] = self.values
            np.add.at(values, others, sign * other.values)
            return self._with(values, pattern, "csc" if self.format == "csc" else "csr")
        if np.ndim(other) == 0:
            if not isinstance(other, (int, float)) or other != 0:
                raise NotImplementedError(
                    "adding a nonzero scalar to a sparse array is not supported"
                )
            return self
        if self.is_matrix:
            raise no_matrix("the sum with an array", "add it to .toarray()")
        return self.toarray() + sign * other

    def __add__(self, other: Any) -> Any:
        """The sum with a sparse matrix, or with an array: an array then."""
        return self._combined(other, 1.0)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        """The difference."""
        return self._combined(other, -1.0)

    def __rsub__(self, other: Any) -> Any:
        """The difference from another."""
        return (-self)._combined(other, 1.0)

    def __neg__(self) -> Any:
        """The negative."""
        return self._with(-self.values)

    def __abs__(self) -> Any:
        """The sizes of the elements."""
        return self._with(np.abs(self.values))

    def __repr__(self) -> str:
        return f"<SparseArray {self.shape[0]} x {self.shape[1]}, {self.nnz} entries>"


def _elementwise(name: str) -> Any:
    """A method of a function that is 0 at 0."""
    function = getattr(np, name)

    def method(self: SparseArray) -> Any:
        return self._with(function(self.values))

    return method


for _name in (
    *("sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "sqrt", "expm1"),
    *("log1p", "sign", "floor", "ceil", "rint", "trunc", "deg2rad", "rad2deg"),
):
    setattr(SparseArray, _name, _elementwise(_name))


# -- from SciPy's ----------------------------------------------------------------------------------


def as_sparse(x: Any) -> Any:
    """SciPy's sparse arrays and matrices as ours; anything else as it is."""
    return of_scipys(x) if entries.is_scipys(x) else x


def of_scipys(x: Any) -> Any:
    """The stand-in of one of SciPy's, which has its values by reference."""
    if x.ndim != 2:
        raise TraceError(
            f"a sparse array of {x.ndim} axes met a traced value",
            remedy="use one of two axes, x.reshape(1, -1)",
        )
    values, is_matrix = x, isinstance(x, scipy.sparse.spmatrix)
    if x.format == "dia":
        pattern, places = entries.of_diagonals(x.offsets, x.data.shape[1], x.shape)
        return SparseArray(pattern, np.ravel(x.data)[places], "dia", is_matrix)
    if x.format in ("csr", "csc"):
        pattern, at = entries.compressed(x.indptr, x.indices, x.shape, x.format == "csc")
        values = x.data[: len(x.indices)]
    elif x.format == "bsr":
        pattern, at = entries.of_blocks(x.indptr, x.indices, x.shape, x.blocksize)
        values = np.ravel(x.data)
    else:
        y = x.tocoo()
        pattern, at = entries.ordered(y.row, y.col, y.shape)
        values = y.data
    return SparseArray(pattern, placed(pattern, at, values), x.format, is_matrix)


def is_number(x: Any) -> bool:
    """Whether x is a number, no matrix and no array."""
    return not isinstance(x, StandIn) and not entries.is_scipys(x) and np.ndim(x) == 0


def placed(pattern: Pattern, at: Any, values: Any) -> Any:
    """Values by their places in a pattern, those of one place added; None where they are there."""
    if at is None:
        return values
    found = np.zeros(pattern.nnz, values.dtype)
    np.add.at(found, at, values)
    return found


def _check_shapes(a: Any, b: Any) -> None:
    if a.shape != b.shape:
        raise ShapeError(
            f"sparse matrices of shapes {a.shape} and {b.shape}", remedy="give both the same shape"
        )
