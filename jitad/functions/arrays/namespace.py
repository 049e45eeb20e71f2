"""What `jitad.numpy` has in place of NumPy's own: all that creates arrays, and the scalar types."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.functions.arrays.creation import (
    ScalarType,
    arange,
    array,
    array_like,
    asarray,
    creator,
    full,
    sized,
)

_CREATORS = ("zeros", "ones", "empty")
_COMPUTED = (
    *("eye", "identity", "tri", "linspace", "logspace", "geomspace"),
    *("indices", "fromfunction", "fromiter", "frombuffer", "fromstring", "loadtxt", "genfromtxt"),
    *("bartlett", "blackman", "hamming", "hanning", "kaiser", "meshgrid", "diag", "diagflat"),
    *("tril", "triu", "vander", "concatenate", "stack", "vstack", "hstack", "dstack"),
    *("column_stack", "block", "tile", "repeat", "where", "outer", "kron"),
)
_LIKE = ("zeros_like", "ones_like", "empty_like", "full_like", "copy")
_SCALARS = ("float64", "float32", "complex128", "complex64", "int64", "int32", "bool_", "intp")

MADE: dict[str, Any] = {
    **{name: sized(creator(getattr(np, name))) for name in _CREATORS},
    **{name: creator(getattr(np, name), scalars=False) for name in _COMPUTED},
    **{name: array_like(name) for name in _LIKE},
    **{name: ScalarType(getattr(np, name)) for name in _SCALARS},
    **{"array": array, "arange": arange, "full": sized(full), "asarray": asarray},
    **dict.fromkeys(("asanyarray", "ascontiguousarray", "asfortranarray"), asarray),
}
