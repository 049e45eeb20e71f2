"""The special functions of SciPy as ops, by family; imported where one of them is asked for."""

from jitad.ops.special import (
    bessel,
    error,
    gamma,
    integrals,
    inverses,
    polynomials,
    statistics,
    waves,
)
from jitad.ops.special.rows import ROWS, Undefined
