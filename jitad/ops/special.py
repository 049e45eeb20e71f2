"""The special functions of SciPy as ops, by family; imported where one of them is asked for."""

from jitad.ops import (
    special_bessel,
    special_error,
    special_gamma,
    special_integrals,
    special_polynomials,
    special_statistics,
)
from jitad.ops.special_rows import ROWS, Undefined

__all__ = [
    "ROWS",
    "Undefined",
    "special_bessel",
    "special_error",
    "special_gamma",
    "special_integrals",
    "special_polynomials",
    "special_statistics",
]
