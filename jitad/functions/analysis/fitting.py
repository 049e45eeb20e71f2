"""NumPy's polynomials that need linear algebra, on values: fits, roots and what has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, as_arrays
from jitad.frontend.operands import as_dtype, as_value, implements
from jitad.functions.analysis.polynomials import vander
from jitad.functions.linalg.equations import square
from jitad.functions.linalg.least_squares import eigenvalues
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import FUNCTIONS


@implements(np.polyfit)
def polyfit(
    x: Any, y: Any, deg: Any, rcond: float | None = None, full: bool = False, w: Any = None,
    cov: Any = False,
) -> Any:  # fmt: skip
    """Least squares with the columns of the Vandermonde matrix scaled to length 1."""
    if full or cov:
        raise TraceError(
            "np.polyfit(full=True or cov=...) of traced values",
            remedy="use np.linalg.lstsq of np.vander(x, deg + 1), which gives residuals and rank",
        )
    operands = (x, y) if w is None else (x, y, w)
    points, values, *weights = (as_dtype(v, FLOAT64) for v in as_arrays(*operands))
    if points.ndim != 1 or values.ndim not in (1, 2) or points.shape[0] != values.shape[0]:
        raise ShapeError(
            f"np.polyfit of {points.shape[0] if points.ndim else 0} points and values of shape "
            f"{values.shape}",
            remedy="x is a vector, y a vector or a matrix of as many rows",
        )
    matrix: Any = vander(points, int(deg) + 1)
    target: Any = values
    if weights:
        weight: Any = weights[0]
        matrix = matrix * weight[:, None]
        target = target * (weight if values.ndim == 1 else weight[:, None])
    scale = np.sqrt(np.sum(matrix * matrix, axis=0))
    limit = points.shape[0] * float(np.finfo(np.float64).eps) if rcond is None else rcond
    solution = FUNCTIONS[np.linalg.lstsq](matrix / scale, target, limit)[0]
    return (solution.T / scale).T


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
