"""NumPy's comparisons of whole arrays, on values."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_arrays
from jitad.frontend.operands import implements


@implements(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    x, y = as_arrays(a1, a2)
    if x.shape != y.shape:
        return False
    same: Any = np.equal(x, y)
    return np.all(same | _both_nan(x, y) if equal_nan else same)


@implements(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Any:
    x, y = as_arrays(a1, a2)
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return np.all(np.equal(x, y))


def _both_nan(x: Any, y: Any) -> Any:
    return np.logical_and(np.not_equal(x, x), np.not_equal(y, y))


@implements(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    x, y = as_arrays(a, b)
    y = y if y.dtype.kind in "fc" else y.astype(float)
    limit: Any = np.add(atol, np.multiply(rtol, np.absolute(y)))
    near: Any = np.less_equal(np.absolute(np.subtract(x, y)), limit)
    # Infinities are close to themselves alone: their gap is not a number, their limit infinite.
    close = (near & np.isfinite(y)) | np.equal(x, y)
    return close | _both_nan(x, y) if equal_nan else close


@implements(np.isin)
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *,
    kind: Any = None,
) -> Any:  # fmt: skip
    x, known = as_arrays(element, test_elements)
    pairs = np.equal(x.reshape(*x.shape, 1), known.reshape(-1))
    found: Any = np.any(pairs, axis=-1)
    return ~found if invert else found
