"""What each function of NumPy records on traced values: importing this fills the registries.

SciPy's special functions are imported when one of them first meets a traced value (`protocol`).
"""

from jitad.functions import compiled, mathematics, protocol
from jitad.functions.analysis import (
    applying,
    calculus,
    fitting,
    fourier,
    interpolation,
    polynomials,
    windows,
)
from jitad.functions.arrays import (
    attributes,
    choosing,
    comparing,
    creation,
    editing,
    indexing,
    indices,
    padding,
    ranges,
    refusing,
    repeating,
    selecting,
    shaping,
    splitting,
    taking,
    updates,
)
from jitad.functions.elementwise import bessel, complex, floats
from jitad.functions.linalg import decompositions, equations, least_squares, norms
from jitad.functions.products import contractions, einsum, products
from jitad.functions.reductions import (
    accumulations,
    counting,
    nans,
    quantiles,
    reductions,
    sorting,
    statistics,
)

__all__ = [
    "accumulations",
    "applying",
    "attributes",
    "bessel",
    "calculus",
    "choosing",
    "comparing",
    "compiled",
    "complex",
    "contractions",
    "counting",
    "creation",
    "decompositions",
    "editing",
    "einsum",
    "equations",
    "fitting",
    "floats",
    "fourier",
    "indexing",
    "indices",
    "interpolation",
    "least_squares",
    "mathematics",
    "nans",
    "norms",
    "padding",
    "polynomials",
    "products",
    "protocol",
    "quantiles",
    "ranges",
    "reductions",
    "refusing",
    "repeating",
    "selecting",
    "shaping",
    "sorting",
    "splitting",
    "statistics",
    "taking",
    "updates",
    "windows",
]
