"""A contraction -> calls of BLAS: gemm and gemv, over stacks as well.

The pass `contractions` has put the operands in one of the layouts (stack, rows, inner) or
(stack, inner, rows), so that every operand is a stack of dense matrices.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitad.ops.contraction import labels

if TYPE_CHECKING:
    from jitad.codegen.library import LibraryCall


def emit_contract(call: LibraryCall, spec: str) -> None:
    """Write the calls that compute a contraction."""
    a, b, out = labels(spec)
    x, y = call.inputs
    sizes = dict(zip(a, call.shapes[0], strict=True))
    sizes.update(zip(b, call.shapes[1], strict=True))
    stack = [label for label in out if label in a and label in b]
    inner = [label for label in a if label in b and label not in out]
    rows = [label for label in out if label not in b]
    columns = [label for label in out if label not in a]
    if columns and rows and out.index(columns[0]) < out.index(rows[0]):
        # The result's rows come from the second operand: exchange the roles.
        x, y, a, b, rows, columns = y, x, b, a, columns, rows
    count = math.prod(sizes[label] for label in stack)
    m, n, k = (math.prod(sizes[label] for label in g) for g in (rows, columns, inner))
    item = call.dtype.itemsize
    product = _Product(call, m, n, k)
    product.x_rows_first = _leads(a, rows, inner)
    product.y_inner_first = _leads(b, inner, columns)
    stacks = ((x, m * k * item), (y, k * n * item), (call.out, m * n * item))
    with call.each(count, *stacks) as pointers:
        product.emit(*pointers)


def _leads(order: str, first: list[str], second: list[str]) -> bool:
    """Whether one group of labels stands before the other in an operand."""
    if not first or not second:
        return True
    return order.index(first[0]) < order.index(second[0])


class _Product:
    """out (m, n) = x (m, k) y (k, n), each in C order, x and y possibly stored transposed."""

    def __init__(self, call: LibraryCall, m: int, n: int, k: int) -> None:
        self.call = call
        self.m, self.n, self.k = m, n, k
        self.x_rows_first = True
        self.y_inner_first = True

    def emit(self, x: str, y: str, out: str) -> None:
        """BLAS is column-major: out^T = y^T x^T, and a C-ordered matrix is its transpose there."""
        if self.n == 1:
            self._matrix_vector(x, y, out, self.m, self.x_rows_first)
        elif self.m == 1:
            self._matrix_vector(y, x, out, self.n, not self.y_inner_first)
        else:
            self._matrix_matrix(x, y, out)

    def _matrix_matrix(self, x: str, y: str, out: str) -> None:
        call = self.call
        of_y = ("N", self.n) if self.y_inner_first else ("T", self.k)
        of_x = ("N", self.k) if self.x_rows_first else ("T", self.m)
        call.blas(
            "gemm", of_y[0], of_x[0], self.n, self.m, self.k, 1.0, y, of_y[1], x,
            of_x[1], 0.0, out, self.n,
        )  # fmt: skip

    def _matrix_vector(self, matrix: str, vector: str, out: str, m: int, rows_first: bool) -> None:
        # Stored (m, k) in C order, the matrix is (k, m) to BLAS, and "T" multiplies by (m, k).
        call = self.call
        rows, columns = (self.k, m) if rows_first else (m, self.k)
        call.blas(
            "gemv", "T" if rows_first else "N", rows, columns, 1.0, matrix, rows, vector,
            1, 0.0, out, 1,
        )  # fmt: skip
