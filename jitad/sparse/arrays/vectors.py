"""A sparse array of one axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy  # whose modules are imported where they are asked for

from jitad.frontend.stand_ins import StandIn
from jitad.ir.errors import MissingAttributeError


class SparseVector(StandIn):
    """A sparse array of one axis, as a row of an array is: all its elements, zeros too."""

    def __init__(self, elements: Any) -> None:
        self.elements = elements

    def scipys(self) -> Any:
        """The class of SciPy's."""
        return scipy.sparse.coo_array

    shape = property(lambda self: self.elements.shape)
    size = property(lambda self: self.elements.size)
    ndim = property(lambda self: 1)
    dtype = property(lambda self: self.elements.dtype)

    def toarray(self) -> Any:
        """All elements."""
        return self.elements

    todense = toarray

    def sum(self, axis: Any = None) -> Any:
        """The sum of the elements."""
        return np.sum(self.elements)

    def __getattr__(self, name: str) -> Any:
        raise MissingAttributeError(
            f"a sparse array of one axis, of traced values, has no attribute {name!r}",
            remedy="use its .toarray(), or a matrix of one row, A[[i]]",
        )

    def __matmul__(self, x: Any) -> Any:
        """The product with a vector or a matrix."""
        return self.elements @ x

    dot = __matmul__

    def __rmatmul__(self, x: Any) -> Any:
        """The product from the right."""
        return x @ self.elements

    def __mul__(self, x: Any) -> Any:
        """The product with a number or an array, element by element."""
        return SparseVector(self.elements * x)

    multiply = __rmul__ = __mul__
