"""Square roots and logarithms of matrices, and the packed factors of Gaussian elimination.

Sources: Higham, Functions of Matrices (SIAM 2008), section 6.1 (the derivative of the square root
solves Sylvester's equation), theorem 3.6 (f of a block triangular matrix has the derivative of f in
its corner); for elimination, differentiate P A = L U and separate the triangles.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import INT64, Structural
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.equations import schur, sylvester
from jitad.ops.linalg.lu import ruled
from jitad.ops.linalg.triangular import triangular_solve
from jitad.ops.views import zeros

# -- square roots ----------------------------------------------------------------------------------


def _real(function: str, x: np.ndarray) -> np.ndarray:
    """A function of scipy.linalg over a stack; an error where a real matrix has a complex value."""
    import scipy.linalg  # not where the package is imported

    def one(a: np.ndarray) -> np.ndarray:
        result = np.asarray(getattr(scipy.linalg, function)(a))
        if a.dtype.kind == "c":
            return result
        # SciPy before 1.17 leaves rounding where the eigenvalues are complex and the value is not.
        if np.abs(np.imag(result)).max(initial=0) > 1e-6 * np.abs(result).max(initial=0):
            raise np.linalg.LinAlgError(
                f"scipy.linalg.{function} of this real matrix is complex: it has eigenvalues that "
                "are negative or 0; give a matrix whose eigenvalues are positive"
            )
        return np.real(result)

    return mx.over_stack(one, x, shape=x.shape[-2:])


square_root_value = Structural(
    "square_root_value",
    (),
    infer=lambda x: (x.shape, x.dtype),
    evaluate=lambda x: _real("sqrtm", x),
    jvp=lambda *_, **__: None,
    batch=mx.batch_of_one(lambda: square_root_value),
    library=lambda call: call.call_back(),
)


def _jvp_square_root(xs: Any, v: Any, dx: Any) -> Any:
    """V dV + dV V = dA."""
    factors = schur(mx.turned(v))
    return sylvester(factors, factors, v, v, dx)


square_root = ruled("square_root", 2, _jvp_square_root)
"""The principal square root, of (its value, A)."""


# -- logarithms ------------------------------------------------------------------------------------


def _corner(a: Any, direction: Any) -> Any:
    """The derivative of the logarithm at A in a direction: from log [[A, E], [0, A]]."""
    n = a.shape[-1]
    nothing = zeros(a, a.shape, a.dtype)
    block = mx.stacked(mx.joined(a, direction), mx.joined(nothing, a))
    return mx.part(logarithm(block), (0, n, 1), (n, n, 1))


logarithm = Structural(
    "matrix_logarithm",
    (),
    infer=lambda x: (x.shape, x.dtype),
    evaluate=lambda x: _real("logm", x),
    jvp=lambda xs, v, tangents: _corner(xs[0], tangents[0]),
    pullback=lambda j, xs, v, v_bar: _corner(mx.turned(xs[0]), v_bar),
    batch=mx.batch_of_one(lambda: logarithm),
    library=lambda call: call.call_back(),
)
"""The principal logarithm; the transpose of its derivative at A is its derivative at A^T."""


# -- factors of elimination ------------------------------------------------------------------------


def _call_permutation(call: Any) -> None:
    """Exchange the numbers 0, 1, ... as the rows were exchanged."""
    n, w, item = call.shape[-1], call.writer, call.dtypes[0].itemsize
    stacks = ((call.inputs[0], (n + 1) * n * item), (call.out, 8 * n))
    with call.each(math.prod(call.shape[:-1]), *stacks) as (f, order):
        with w.counted(n) as i:
            call.store(i, call.element(order, i, "i64"), "i64")
        row, kind, distance = call.reals(f, n, n)
        with w.counted(n) as i:
            place = w.line(f"mul nuw nsw i64 {i}, {distance}")
            number = call.load(call.element(row, place, kind), kind)
            j = w.line(f"sub i64 {w.line(f'fptosi {kind} {number} to i64')}, 1")
            here, there = (call.element(order, k, "i64") for k in (i, j))
            first, second = (call.load(p, "i64") for p in (here, there))
            call.store(first, there, "i64")
            call.store(second, here, "i64")


def _np_permutation(f: np.ndarray) -> np.ndarray:
    n = f.shape[-1]
    result = np.empty((*f.shape[:-2], n), np.int64)
    for place in np.ndindex(f.shape[:-2]):
        order = np.arange(n)
        for i, j in enumerate(np.real(f[place][n]).astype(int) - 1):
            order[[i, j]] = order[[j, i]]
        result[place] = order
    return result


permutation = Structural(
    "permutation",
    (),
    infer=lambda f: ((*f.shape[:-2], f.shape[-1]), INT64),
    evaluate=_np_permutation,
    jvp=lambda *_, **__: None,
    batch=mx.batch_of_one(lambda: permutation),
    library=_call_permutation,
)
"""Which row of the matrix each row of L U is, by the pivots of `lu`."""


def _solve(triangle: Any, b: Any, lower: bool, transposed: bool) -> Any:
    return triangular_solve(triangle, b, lower=lower, transposed=transposed, unit=lower)


def _split(packed: Any) -> tuple[Any, Any]:
    """L and U."""
    below = mx.lower(packed, -1)
    return ew.add(below, mx.eye(below, below.shape, below.dtype)), mx.upper(packed)


def _jvp_packed(xs: Any, v: Any, da: Any) -> Any:
    """With F = L^-1 dA U^-1: dL = L low(F), dU = up(F) U."""
    low, up = _split(v)
    right = _solve(v, da, lower=False, transposed=True)
    f = mx.turned(_solve(v, mx.turned(right), lower=True, transposed=False))
    return ew.add(mx.product(low, mx.lower(f, -1)), mx.product(mx.upper(f), up))


packed_factors = ruled("packed_factors", 2, _jvp_packed)
"""L and U of A = L U in one matrix, of (its value, A): the diagonal is that of U."""
