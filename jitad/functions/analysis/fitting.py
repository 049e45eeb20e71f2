"""NumPy's polynomials that need linear algebra, on values: fits, roots and what has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_arrays
from jitad.frontend.operands import as_value, implements
from jitad.functions.linalg.equations import square
from jitad.functions.linalg.least_squares import eigenvalues
from jitad.ir.errors import ShapeError


@implements(np.roots)
def roots(p: Any) -> Any:
    """The eigenvalues of the companion matrix, which must be real where p is; p[0] is not 0."""
    (coefficients,) = as_arrays(p)
    if coefficients.ndim != 1 or coefficients.shape[0] < 2:
        raise ShapeError(
            f"np.roots of coefficients of shape {coefficients.shape}",
            remedy="give a vector of two coefficients at least",
        )
    a: Any = coefficients
    n = a.shape[0] - 1
    first = (-a[1:] / a[0])[None]
    below = np.eye(n - 1, n, dtype=first.dtype)
    return eigenvalues(as_value(np.concatenate([first, below])))


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The coefficients of the polynomial with these roots, or of a matrix's characteristic one."""
    zeros: Any = as_array(seq_of_zeros)
    if zeros.ndim == 2:
        zeros = eigenvalues(square("np.poly", zeros))
    if zeros.ndim != 1:
        raise ShapeError(
            f"np.poly of an array of shape {zeros.shape}",
            remedy="give a vector of roots or a square matrix",
        )
    total: Any = np.ones(1, zeros.dtype)
    nothing = np.zeros(1, zeros.dtype)
    for k in range(zeros.shape[0]):
        total = np.concatenate([total, nothing]) - np.concatenate([nothing, total * zeros[k]])
    return total
