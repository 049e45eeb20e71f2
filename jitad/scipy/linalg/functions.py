"""scipy.linalg's functions of matrices on values: exponential, logarithm, root, sine and cosine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from jitad.frontend.operands import implements
from jitad.functions.linalg.equations import identity, real, solve_general, square
from jitad.functions.products.contractions import matmul
from jitad.functions.reductions.reductions import max_, sum_
from jitad.ir.op import INT64
from jitad.ir.value import UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.matrix_functions import logarithm, square_root, square_root_value
from jitad.scipy.linalg.solving import as_double

# -- the exponential -------------------------------------------------------------------------------

_PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0,
    960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
"""Coefficients of the [13/13] approximant of exp: Higham, table 10.4 and equation 10.33."""

_LARGEST = 5.371920351148152
"""The 1-norm up to which that approximant is exact to rounding in float64."""

_MOST = 200
"""Squarings after which any matrix of a finite exponential has been scaled."""


def _squarings(x: Value) -> int:
    """How often the matrix is halved: as many times for the whole stack, which the trace is for."""
    sums = sum_(UFUNCS[np.absolute](ew.stop_gradient(x)), axis=-2)
    halvings = ew.ceil(ew.log2(ew.div(max_(sums), _LARGEST)))
    inside = ew.minimum(ew.maximum(halvings, 0.0), float(_MOST))
    return int(ew.cast(inside, dtype=INT64))


@implements(scipy.linalg.expm)
def expm(A: Any) -> Value:
    """Scaling and squaring with the [13/13] Pade approximant.

    Source: Higham, The scaling and squaring method for the matrix exponential revisited (SIAM J.
    Matrix Anal. Appl. 26, 2005), algorithm 2.3.
    """
    x = square("scipy.linalg.expm", A)
    if x.size == 0:
        return x
    if x.shape[-1] == 1:
        return UFUNCS[np.exp](x)
    count = _squarings(x)
    result = _approximant(ew.mul(x, 0.5**count) if count else x)
    for _ in range(count):
        result = matmul(result, result)
    return result


def _approximant(x: Value) -> Value:
    """(V - U)^-1 (V + U), with U the odd and V the even part of the numerator."""
    c, one = _PADE, identity(x, x.shape[-1])
    second = matmul(x, x)
    fourth = matmul(second, second)
    sixth = matmul(second, fourth)

    def combined(low: int, high: int) -> Value:
        powers = (one, second, fourth, sixth)
        terms = [ew.mul(p, c[low + 2 * k]) for k, p in enumerate(powers)]
        above = [ew.mul(p, c[high + 2 * k]) for k, p in enumerate(powers[1:])]
        return ew.add(matmul(sixth, mx.plus(*above)), mx.plus(*terms))

    odd, even = matmul(x, combined(1, 9)), combined(0, 8)
    return solve_general("scipy.linalg.expm", ew.sub(even, odd), ew.add(even, odd), vector=False)


# -- roots and logarithms --------------------------------------------------------------------------


@implements(scipy.linalg.sqrtm)
def sqrtm(A: Any, disp: Any = True, blocksize: Any = 64) -> Value:
    """Of matrices whose eigenvalues are not negative; of a singular one there is no derivative."""
    x = real("scipy.linalg.sqrtm", square("scipy.linalg.sqrtm", A))
    return square_root(square_root_value(x), x)


@implements(scipy.linalg.logm)
def logm(A: Any, disp: Any = True) -> Value:
    """Of matrices without eigenvalues that are negative or 0."""
    return logarithm(as_double(real("scipy.linalg.logm", square("scipy.linalg.logm", A))))


# -- circular and hyperbolic functions -------------------------------------------------------------


def _cosine_and_sine(name: str, A: Any) -> tuple[Value, Value]:
    """exp [[0, -A], [A, 0]] = [[cos A, -sin A], [sin A, cos A]]."""
    x = real(name, square(name, A))
    n = x.shape[-1]
    nothing = st.zeros(x, x.shape, x.dtype)
    block = mx.stacked(mx.joined(nothing, ew.neg(x)), mx.joined(x, nothing))
    left = mx.columns(expm(block), 0, n)
    return mx.rows(left, 0, n), mx.rows(left, n, 2 * n)


def _hyperbolic(name: str, A: Any) -> tuple[Value, Value]:
    x = square(name, A)
    up, down = expm(x), expm(ew.neg(x))
    return ew.mul(ew.add(up, down), 0.5), ew.mul(ew.sub(up, down), 0.5)


def _enter(
    parts: Callable[[str, Any], tuple[Value, Value]], first: str, second: str, by: str
) -> None:
    """Two functions of a matrix, and the second by the first, under SciPy's names."""

    def quotient(A: Any) -> Value:
        return solve_general(f"scipy.linalg.{by}", *parts(f"scipy.linalg.{by}", A), vector=False)

    implements(getattr(scipy.linalg, first))(lambda A: parts(f"scipy.linalg.{first}", A)[0])
    implements(getattr(scipy.linalg, second))(lambda A: parts(f"scipy.linalg.{second}", A)[1])
    implements(getattr(scipy.linalg, by))(quotient)


_enter(_cosine_and_sine, "cosm", "sinm", "tanm")
_enter(_hyperbolic, "coshm", "sinhm", "tanhm")
