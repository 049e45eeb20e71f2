"""Functions of symmetric matrices by their eigenvalues: right to every order where some are equal.

For a function g of one number, given as a tape of elementwise ops, and a symmetric A = V diag w V^T

    spectral_trace     sum_i g(w_i)
    spectral_function  M_k(A; E_1 ... E_k) = V X V^T with P_j = V^T E_j V and
                       X_ab = sum over i, j ... of g[w_a, w_i, w_j ... w_b] P_1,ai P_2,ij ...

M_0 is the matrix g(A), and the derivatives of the M_k are sums of M_k+1, in both modes: dA is
inserted at each place, and the trace of Y M_k is cyclic in Y, E_1 ... E_k. No eigenvector has to be
differentiated, so equal eigenvalues are no poles.

Sources: Daleckii & Krein (1951); Higham, Functions of Matrices (SIAM 2008), sections 3.2 and B.16.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.builder import Builder, evaluate
from jitad.ir.op import BY_TANGENT, DType, Shape, Structural
from jitad.ir.tape import Tape
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.divided_differences import applied, divided_differences, odd, on_grid, slope
from jitad.ops.linalg.lu import ruled
from jitad.ops.linalg.singular import svd, svd_parts, svdvals
from jitad.ops.linalg.spectral import eigh, eigvalsh
from jitad.ops.reductions import reduce_sum
from jitad.ops.views import broadcast, reshape, spread, zeros

# -- where eigenvalues come from: a matrix by one triangle, or singular values ---------------------

LOWER, UPPER, SINGULAR = "lower", "upper", "singular"
"""Sources. Singular values s of X are eigenvalues s and -s of B = [[0, X], [X^T, 0]]; others are 0.
An odd function g has g(B) = [[0, U g(S) V^T], [V g(S) U^T, 0]]."""


def _decomposed(x: Any, source: str) -> tuple[Any, Any]:
    """Eigenvectors as rows, and the eigenvalues, the largest or the smallest first."""
    if source != SINGULAR:
        n = x.shape[-1]
        packed = eigh(x, lower=source == LOWER)
        return mx.rows(packed, 0, n), mx.part(packed, n, (0, n, 1))
    n, m = x.shape[-2:]
    k = min(n, m)
    u, v, s = svd_parts(x, svd(x, full=True), True)
    first_u, first_v = (ew.mul(mx.rows(z, 0, k), math.sqrt(0.5)) for z in (u, v))
    rows = [mx.joined(first_v, first_u), mx.joined(first_v, ew.neg(first_u))]
    values = [s, ew.neg(s)]
    if n != m:
        rest = mx.rows(v if n > m else u, k, max(n, m))
        nothing = zeros(x, (*x.shape[:-2], abs(n - m), k), x.dtype)
        rows.append(mx.joined(rest, nothing) if n > m else mx.joined(nothing, rest))
        values.append(zeros(x, (*x.shape[:-2], abs(n - m)), x.dtype))
    return mx.stacked(*rows), mx.joined(*values)


def _as_symmetric(dx: Any, source: str) -> Any:
    """The symmetric matrix's change by that of its source."""
    return _block(dx) if source == SINGULAR else mx.symmetric(dx)


def _block(x: Any) -> Any:
    n, m = x.shape[-2:]
    above, below = (zeros(x, (*x.shape[:-2], k, k), x.dtype) for k in (n, m))
    return mx.stacked(mx.joined(above, x), mx.joined(mx.turned(x), below))


def _size(x: Any, source: str) -> int:
    return sum(x.shape[-2:]) if source == SINGULAR else x.shape[-1]


# -- the ops ---------------------------------------------------------------------------------------

governed = ruled("governed", 2, lambda xs, v, dx: dx)
"""A value with the derivative of its law, which is another way to compute the same."""


def _evaluated(op: Any) -> Any:
    """An op's value in NumPy, by what it is written in."""

    def evaluate_lowered(*arrays: np.ndarray, **params: Any) -> np.ndarray:
        builder = Builder()
        xs = [builder.input(f"x{k}", x.shape, x.dtype) for k, x in enumerate(arrays)]
        return evaluate(builder.finish([op().lowered(*xs, **params).index]), arrays)[0]

    return evaluate_lowered


def _lower_trace(x: Any, *constants: Any, tape: Tape, source: str) -> Any:
    w = svdvals(x) if source == SINGULAR else eigvalsh(x, lower=source == LOWER)
    numbers = [on_grid(c, w.shape, []) for c in constants]
    return mx.total(applied(tape, [w, *numbers]))


def _gradient(xs: Any, tape: Tape, source: str) -> Any:
    """g'(A), of which the trace of g'(A) dA is the tangent, or of an odd g' where A has s and -s:
    there the tangent is half of that."""
    slopes = odd(slope(tape)) if source == SINGULAR else slope(tape)
    return spectral_function(*xs, tape=slopes, order=0, source=source)


def _jvp_trace(xs: Any, v: Any, tangents: Any, tape: Tape, source: str) -> Any:
    terms: list[Any] = []
    if tangents[0] is not None:
        change = _as_symmetric(tangents[0], source)
        total = mx.total(ew.mul(_gradient(xs, tape, source), change), 2)
        terms.append(ew.mul(total, 0.5) if source == SINGULAR else total)
    for k, dc in enumerate(tangents[1:], 1):
        if dc is not None:
            terms.append(ew.mul(spectral_trace(*xs, tape=slope(tape, k), source=source), dc))
    return mx.plus(*terms)


spectral_trace = Structural(
    "spectral_trace",
    ("tape", "source"),
    infer=lambda x, *_, **__: (x.shape[:-2], x.dtype),
    evaluate=_evaluated(lambda: spectral_trace),
    jvp=_jvp_trace,
    batch=mx.batch_of_one(lambda: spectral_trace),
    lowered=_lower_trace,
)
"""sum_i g(w_i; c) over the eigenvalues or the singular values of x, which is stored transposed."""


def _lower_function(x: Any, *operands: Any, tape: Tape, order: int, source: str) -> Any:
    if order == 0 and source == SINGULAR:
        return _lower_singular(x, tape, operands)
    rows, w = _decomposed(x, source)
    weights = divided_differences(tape, order, w, list(operands[order:]))
    if order == 0:
        weighted = ew.mul(mx.along_columns(weights, rows.shape), rows)
        return mx.product(weighted, rows, "ki,kj->ij")
    shape = operands[0].shape
    rank = len(shape) - 2
    rows = broadcast(rows, shape=shape)
    weights = broadcast(weights, shape=(*shape[:-2], *weights.shape[len(x.shape) - 2 :]))
    for k, e in enumerate(operands[:order]):
        p = mx.product(mx.product(rows, e), rows, "ij,kj->ik")
        weights = ew.mul(weights, on_grid(p, weights.shape, [k, k + 1]))
    if order > 1:
        weights = reduce_sum(weights, axes=tuple(range(rank + 1, rank + order)))
    return mx.product(mx.product(rows, weights, "ki,kl->il"), rows)


def _lower_singular(x: Any, tape: Tape, constants: Any) -> Any:
    """g(B) of a g that is 0 at 0, by the singular value decomposition of the corner."""
    u, v, s = svd_parts(x, svd(x, full=False), False)
    up, down = (
        applied(tape, [w, *(on_grid(c, s.shape, []) for c in constants)]) for w in (s, ew.neg(s))
    )
    along, across = ew.mul(ew.add(up, down), 0.5), ew.mul(ew.sub(up, down), 0.5)

    def product(g: Any, left: Any, right: Any) -> Any:
        return mx.product(ew.mul(mx.along_columns(g, left.shape), left), right, "ki,kj->ij")

    corner = product(across, v, u)
    above = mx.joined(product(along, v, v), corner)
    return mx.stacked(above, mx.joined(mx.turned(corner), product(along, u, u)))


def _jvp_function(xs: Any, v: Any, tangents: Any, tape: Tape, order: int, source: str) -> Any:
    how: dict[str, Any] = {"tape": tape, "order": order, "source": source}
    terms: list[Any] = []
    for k, dx in enumerate(tangents):
        if dx is None:
            continue
        if k == 0:
            e, more = broadcast(_as_symmetric(dx, source), shape=v.shape), {**how}
            more["order"] += 1
            for place in range(1, order + 2):
                terms.append(spectral_function(*xs[:place], e, *xs[place:], **more))
        elif k <= order:
            terms.append(spectral_function(*xs[:k], dx, *xs[k + 1 :], **how))
        else:
            by_c = spectral_function(*xs, **{**how, "tape": slope(tape, k - order)})
            terms.append(ew.mul(mx.over_matrix(dx, v.shape), by_c))
    return mx.plus(*terms)


def _pull_function(j: int, xs: Any, v: Any, v_bar: Any, tape: Tape, order: int, source: str) -> Any:
    """By the trace of v_bar^T M_k, in which the matrices may be turned round in a circle."""
    if not 0 < j <= order:
        return BY_TANGENT
    circle = [*xs[j + 1 : order + 1], mx.turned(v_bar), *xs[1:j]]
    how: dict[str, Any] = {"tape": tape, "order": order, "source": source}
    return mx.turned(spectral_function(xs[0], *circle, *xs[order + 1 :], **how))


def _batch_function(xs: Any, batched: Any, size: int, **how: Any) -> Any:
    """Of one matrix A for all, a stack of the others; else all over the axis, A before theirs."""
    order = how["order"]
    others = [spread(e, b, size) for e, b in zip(xs[1:], batched[1:], strict=True)][:order]
    if order and not batched[0] and not any(batched[order + 1 :]):
        return spectral_function(xs[0], *others, *xs[order + 1 :], **how)
    full = (others[0] if order else spread(xs[0], batched[0], size)).shape[:-2]
    first, *constants = [
        _aligned(x, b, size, full, 2 if k == 0 else 0)
        for k, (x, b) in enumerate(zip(xs, batched, strict=True))
        if k == 0 or k > order
    ]
    return spectral_function(first, *others, *constants, **how)


def _aligned(x: Any, batched: bool, size: int, full: Shape, own: int) -> Any:
    """x over a stack whose first axis is the new one; `own` are its axes within a matrix."""
    x = spread(x, batched, size)
    lead = len(x.shape) - own
    last = x.shape[lead:]
    ones = (1,) * (len(full) - lead)
    return broadcast(reshape(x, shape=(size, *ones, *x.shape[1:lead], *last)), shape=(*full, *last))


def _infer_function(
    x: Any, *operands: Any, order: int, source: str, **_: Any
) -> tuple[Shape, DType]:
    n = _size(x, source)
    return (operands[0].shape if order else (*x.shape[:-2], n, n)), x.dtype


spectral_function = Structural(
    "spectral_function",
    ("tape", "order", "source"),
    infer=_infer_function,
    evaluate=_evaluated(lambda: spectral_function),
    jvp=_jvp_function,
    pullback=_pull_function,
    batch=_batch_function,
    lowered=_lower_function,
)
"""M_k, of (A, E_1 ... E_k, c): k is the order, and constants c of g are one a matrix A.

The E may have leading axes that A has not: all of them are for the one A.
"""
