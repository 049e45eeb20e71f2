"""Functions of symmetric matrices by their eigenvalues: right to every order where some are equal.

For a function g of one number, given as a tape of elementwise ops, and a symmetric A = V diag w V^T

    spectral_trace     sum_i g(w_i)
    spectral_function  M_k(A; E_1 ... E_k) = V X V^T with P_j = V^T E_j V and
                       X_ab = sum over i, j ... of g[w_a, w_i, w_j ... w_b] P_1,ai P_2,ij ...

M_0 is the matrix g(A), and the derivatives of the M_k are sums of M_k+1, in both modes: dA is
inserted at each place, and the trace of Y M_k is cyclic in Y, E_1 ... E_k. No eigenvector has to be
differentiated, so equal eigenvalues are no poles. The divided differences g[w_a, w_b ...] are
quotients, and integrals of g' between close points.

Sources: Daleckii & Krein (1951); Higham, Functions of Matrices (SIAM 2008), sections 3.2 and B.16.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.builder import Builder, evaluate, inline
from jitad.ir.op import DType, Elementwise, Mask, Shape, Structural, register
from jitad.ir.tape import CONST, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.lu import ruled
from jitad.ops.linalg.singular import svd, svd_parts, svdvals
from jitad.ops.linalg.spectral import eigh, eigvalsh
from jitad.ops.reductions import reduce_sum
from jitad.ops.views import broadcast, reshape, zeros

# -- functions of one number: the first input of a tape of numbers; the others are constants -------


def applied(tape: Tape, inputs: list[Any]) -> Any:
    """The function of each element of arrays of one shape."""
    bound = dict(zip(tape.inputs, inputs, strict=True))
    values: list[Any] = []
    for i, instr in enumerate(tape.instrs):
        if i in bound:
            values.append(bound[i])
        elif instr.op is CONST:
            like = inputs[0]
            values.append(like.builder.const(instr.params[0], like.shape, instr.dtype))
        else:
            values.append(instr.op(*(values[j] for j in instr.args), **instr.named_params))
    return values[tape.outputs[0]]


def slope(tape: Tape, k: int = 0) -> Tape:
    """The derivative by input k."""
    builder, values = _copied(tape)
    slopes: dict[int, Any] = {tape.inputs[k]: builder.const(1.0, (), values[tape.inputs[k]].dtype)}
    for i, instr in enumerate(tape.instrs):
        if not isinstance(instr.op, Elementwise) or instr.dtype.kind not in "fc":
            continue
        operands = [values[j] for j in instr.args]
        for rule, j in zip(instr.op.partials, instr.args, strict=True):
            if rule is not None and j in slopes:
                term = _product(rule(*operands, values[i]), slopes[j], instr.dtype)
                slopes[i] = mx.plus(slopes.get(i), term)
    i = tape.outputs[0]
    result = slopes.get(i)
    result = builder.const(0.0, (), values[i].dtype) if result is None else result
    return builder.finish([result.index])


def _product(c: Any, dx: Any, dtype: DType) -> Any:
    if isinstance(c, Mask):
        zero = dx.builder.const(0.0, dx.shape, dx.dtype)
        dx = ew.where(c.condition, dx, zero) if c.keep else ew.where(c.condition, zero, dx)
    elif isinstance(c, Value):
        dx = ew.mul(c, dx)
    elif c != 1:
        dx = ew.neg(dx) if c == -1 else ew.mul(dx, float(c))
    return dx if dx.dtype == dtype else ew.cast(dx, dtype=dtype)


def _copied(tape: Tape) -> tuple[Builder, list[Any]]:
    """A builder that goes on where the tape ends, and its values."""
    builder = Builder()
    for instr in tape.instrs:
        builder.copy(instr, instr.args)
    return builder, [builder.value(i) for i in range(len(tape.instrs))]


def odd(tape: Tape) -> Tape:
    """sign(x) g(|x|), and 0 at 0."""
    return _of_size(tape, ew.sign)


def even(tape: Tape) -> Tape:
    """g(|x|), and 0 at 0."""
    return _of_size(tape, None)


def _of_size(tape: Tape, sign: Any) -> Tape:
    builder = Builder()
    x, *rest = (builder.input(f"x{k}", (), tape.instrs[i].dtype) for k, i in enumerate(tape.inputs))
    zero = ew.eq(x, 0.0)
    (value,) = inline(builder, tape, [ew.where(zero, 1.0, ew.absolute(x)), *rest])
    value = value if sign is None else ew.mul(sign(x), value)
    none = builder.const(0.0, (), value.dtype)
    return builder.finish([ew.where(zero, none, value).index])


# -- divided differences ---------------------------------------------------------------------------

_NODES = ((0.5 - math.sqrt(0.15), 5 / 18), (0.5, 8 / 18), (0.5 + math.sqrt(0.15), 5 / 18))
"""Gauss's quadrature on (0, 1): places and weights."""

_CLOSE = 2.0**-5
"""How far apart close points are, for the largest eigenvalue 1, if also g changes little between
them; the quadrature and the quotient are then both exact to rounding."""

_LITTLE = 2.0**-8
_TIED = 2.0**-20
"""Points that differ so little, compared to themselves, are close whatever g does."""


def _difference(tape: Tape) -> Tape:
    """g[x, y, ...] of g[x, ...], whose last input is the size of the largest eigenvalue."""
    builder, dtype = Builder(), tape.instrs[tape.inputs[0]].dtype
    x, y = (builder.input(name, (), dtype) for name in "xy")
    rest = [builder.input(f"c{k}", (), tape.instrs[i].dtype) for k, i in enumerate(tape.inputs[1:])]
    (at_x,), (at_y,) = (inline(builder, tape, [z, *rest]) for z in (x, y))
    gap, change = ew.sub(y, x), ew.sub(at_y, at_x)
    apart = ew.absolute(gap)
    top = ew.maximum(ew.absolute(at_x), ew.absolute(at_y))
    close = ew.logical_and(
        ew.le(apart, ew.mul(rest[-1], _CLOSE)), ew.le(ew.absolute(change), ew.mul(top, _LITTLE))
    )
    own = ew.maximum(ew.absolute(x), ew.absolute(y))
    close = ew.logical_or(close, ew.le(apart, ew.mul(own, _TIED)))
    slopes = slope(tape)
    mean: Any = None
    for place, weight in _NODES:
        (at,) = inline(builder, slopes, [ew.add(x, ew.mul(gap, place)), *rest])
        mean = mx.plus(mean, ew.mul(at, weight))
    quotient = ew.div(change, ew.where(close, 1.0, gap))
    return builder.finish([ew.where(close, mean, quotient).index])


def _sized(tape: Tape) -> Tape:
    """The tape with one more input, which it does not read."""
    builder, _ = _copied(tape)
    builder.input("size", (), tape.instrs[tape.inputs[0]].dtype)
    return builder.finish(tape.outputs)


def _differences(tape: Tape, k: int, w: Any, constants: list[Any]) -> Any:
    """g[w_a, w_b ...] of k + 1 eigenvalues each, over as many axes."""
    n, lead = w.shape[-1], w.shape[:-1]
    shape = (*lead, *(n,) * (k + 1))
    tape = _sized(tape)
    for _ in range(k):
        tape = _difference(tape)
    ends = [ew.absolute(mx.part(w, i)) for i in (0, n - 1)]
    points = [_on_grid(w, shape, [axis]) for axis in range(k + 1)]
    numbers = [_on_grid(c, shape, []) for c in (*constants, ew.maximum(*ends))]
    return applied(tape, [*points, *numbers])


def _on_grid(x: Any, shape: Shape, axes: list[int]) -> Any:
    """An array whose last axes are these of a grid's, the same along the others."""
    lead = len(x.shape) - len(axes)
    ones = [1] * (len(shape) - lead)
    for axis in axes:
        ones[axis] = shape[lead + axis]
    return broadcast(reshape(x, shape=(*x.shape[:lead], *ones)), shape=shape)


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


def _of_source(e_bar: Any, x: Any, source: str) -> Any:
    """The transpose of `_as_symmetric`."""
    if source != SINGULAR:
        return mx.symmetric(e_bar)
    n, m = x.shape[-2:]
    first = mx.part(e_bar, (0, n, 1), (n, m, 1))
    return ew.add(first, mx.turned(mx.part(e_bar, (n, m, 1), (0, n, 1))))


def _size(x: Any, source: str) -> int:
    return sum(x.shape[-2:]) if source == SINGULAR else x.shape[-1]


# -- the ops ---------------------------------------------------------------------------------------

governed = ruled("governed", 2, lambda xs, v, dx: dx, lambda xs, v, v_bar: v_bar)
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
    numbers = [_on_grid(c, w.shape, []) for c in constants]
    return mx.total(applied(tape, [w, *numbers]))


def _gradient(xs: Any, tape: Tape, source: str) -> Any:
    """g'(A), of which the trace of g'(A) dA is the tangent; half of it where A has s and -s."""
    if source != SINGULAR:
        return spectral_function(*xs, tape=slope(tape), order=0, source=source)
    return ew.mul(spectral_function(*xs, tape=odd(slope(tape)), order=0, source=source), 0.5)


def _jvp_trace(xs: Any, v: Any, tangents: Any, tape: Tape, source: str) -> Any:
    terms: list[Any] = []
    if tangents[0] is not None:
        change = _as_symmetric(tangents[0], source)
        terms.append(mx.total(ew.mul(_gradient(xs, tape, source), change), 2))
    for k, dc in enumerate(tangents[1:], 1):
        if dc is not None:
            terms.append(ew.mul(spectral_trace(*xs, tape=slope(tape, k), source=source), dc))
    return mx.plus(*terms)


def _pull_trace(j: int, xs: Any, v: Any, v_bar: Any, tape: Tape, source: str) -> Any:
    if j > 0:
        return ew.mul(spectral_trace(*xs, tape=slope(tape, j), source=source), v_bar)
    gradient = _of_source(_gradient(xs, tape, source), xs[0], source)
    return ew.mul(mx.over_matrix(v_bar, gradient.shape), gradient)


spectral_trace = register(
    Structural(
        "spectral_trace",
        ("tape", "source"),
        infer=lambda x, *_, **__: (x.shape[:-2], x.dtype),
        evaluate=_evaluated(lambda: spectral_trace),
        jvp=_jvp_trace,
        pullback=_pull_trace,
        batch=mx.batch_of_one(lambda: spectral_trace),
        lowered=_lower_trace,
    )
)
"""sum_i g(w_i; c) over the eigenvalues or the singular values of x, which is stored transposed."""


def _lower_function(x: Any, *operands: Any, tape: Tape, order: int, source: str) -> Any:
    if order == 0 and source == SINGULAR:
        return _lower_singular(x, tape, operands)
    rows, w = _decomposed(x, source)
    weights = _differences(tape, order, w, list(operands[order:]))
    if order == 0:
        weighted = ew.mul(mx.along_columns(weights, rows.shape), rows)
        return mx.product(weighted, rows, "ki,kj->ij")
    for k, e in enumerate(operands[:order]):
        p = mx.product(mx.product(rows, e), rows, "ij,kj->ik")
        weights = ew.mul(weights, _on_grid(p, weights.shape, [k, k + 1]))
    lead = len(x.shape) - 2
    if order > 1:
        weights = reduce_sum(weights, axes=tuple(range(lead + 1, lead + order)))
    return mx.product(mx.product(rows, weights, "ki,kl->il"), rows)


def _lower_singular(x: Any, tape: Tape, constants: Any) -> Any:
    """g(B) of a g that is 0 at 0, by the singular value decomposition of the corner."""
    u, v, s = svd_parts(x, svd(x, full=False), False)
    up, down = (
        applied(tape, [w, *(_on_grid(c, s.shape, []) for c in constants)]) for w in (s, ew.neg(s))
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
            e, more = _as_symmetric(dx, source), {**how, "order": order + 1}
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
    how: dict[str, Any] = {"tape": tape, "order": order, "source": source}
    x, matrices, constants = xs[0], xs[1 : order + 1], xs[order + 1 :]
    y = mx.turned(v_bar)
    if j > order:
        by_c = spectral_function(*xs, **{**how, "tape": slope(tape, j - order)})
        return mx.total(ew.mul(by_c, v_bar), 2)
    if j > 0:
        circle = [*matrices[j:], y, *matrices[: j - 1]]
        return mx.turned(spectral_function(x, *circle, *constants, **how))
    how["order"] += 1
    shares = [
        spectral_function(x, *matrices[k:], y, *matrices[:k], *constants, **how)
        for k in range(order + 1)
    ]
    return _of_source(mx.turned(mx.plus(*shares)), x, source)


def _infer_function(x: Any, *_: Any, source: str, **__: Any) -> tuple[Shape, DType]:
    n = _size(x, source)
    return (*x.shape[:-2], n, n), x.dtype


spectral_function = register(
    Structural(
        "spectral_function",
        ("tape", "order", "source"),
        infer=_infer_function,
        evaluate=_evaluated(lambda: spectral_function),
        jvp=_jvp_function,
        pullback=_pull_function,
        batch=mx.batch_of_one(lambda: spectral_function),
        lowered=_lower_function,
    )
)
"""M_k, of (A, E_1 ... E_k, c): k is the order, and constants c of g are one a matrix."""
