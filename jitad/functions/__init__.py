"""What each function of NumPy records on traced values: importing this fills the registries.

SciPy's special functions are imported when one of them first meets a traced value (`protocol`).
"""

from jitad.frontend import exceptions, guards, printing
from jitad.functions import compiled, mathematics, protocol, readable
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
    counted,
    creation,
    editing,
    indexing,
    indices,
    leading,
    padding,
    refusing,
    repeating,
    selecting,
    shaping,
    spaced,
    splitting,
    taking,
    updates,
)
from jitad.functions.elementwise import bessel, complex, floats
from jitad.functions.linalg import decompositions, equations, least_squares, norms
from jitad.functions.products import contractions, einsum, products
from jitad.functions.program import gate
from jitad.functions.reductions import (
    accumulations,
    counting,
    nans,
    quantiles,
    reductions,
    sorting,
    statistics,
)
from jitad.ir.value import Frontend, Value

Value.frontend = Frontend(
    ufunc=protocol.answer_ufunc,
    function=protocol.answer_function,
    array=protocol.answer_array,
    guard=guards.guard_number,
    division=exceptions.check_division,
    getitem=indexing.getitem,
    at=updates.At,
    astype=indexing.as_supported,
    copy=creation.mutable_copy,
    describe=printing.describe,
    format=printing.format_number,
)
