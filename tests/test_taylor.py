"""Taylor coefficients: mpmath's, those of nested derivatives, and of every row of the table."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import mpmath
import numpy as np
import optree
import pytest
from numpy.testing import assert_allclose
from scipy import special
from test_elementwise_table import Fixed, _domain, sample

import jitad
from jitad.ir.builder import evaluate
from jitad.ir.op import FLOAT32, FLOAT64, TABLE, Elementwise, is_differentiable
from jitad.ops.control.parts import alone
from jitad.transforms.forward import forward
from jitad.transforms.taylor import taylor

NO_FUNCTION = ("stop_gradient", "nought", "wanted", "told")

ORDER = 9

FUNCTIONS: dict[str, tuple[Any, Any, float]] = {
    "exp": (np.exp, mpmath.exp, 0.3),
    "expm1": (np.expm1, mpmath.expm1, 0.3),
    "log": (np.log, mpmath.log, 1.3),
    "sin": (np.sin, mpmath.sin, 0.3),
    "tan": (np.tan, mpmath.tan, 0.3),
    "arcsin": (np.arcsin, mpmath.asin, 0.3),
    "arctan": (np.arctan, mpmath.atan, 0.3),
    "cosh": (np.cosh, mpmath.cosh, 0.3),
    "tanh": (np.tanh, mpmath.tanh, 0.3),
    "arcsinh": (np.arcsinh, mpmath.asinh, 0.3),
    "sqrt": (np.sqrt, mpmath.sqrt, 1.3),
    "cbrt": (np.cbrt, mpmath.cbrt, 1.3),
    "erf": (special.erf, mpmath.erf, 0.3),
    "gammaln": (special.gammaln, mpmath.loggamma, 1.3),
    "digamma": (special.digamma, mpmath.digamma, 1.3),
    "j0": (special.j0, lambda x: mpmath.besselj(0, x), 1.3),
    "quotient": (lambda x: (1 + x) / (2 - x * x), lambda x: (1 + x) / (2 - x * x), 0.5),
    "power": (lambda x: x**2.5, lambda x: x**2.5, 1.3),
    "whole power": (lambda x: x**5, lambda x: x**5, 0.0),
    "inverse power": (lambda x: x**-3, lambda x: x**-3, 1.3),
    "x to x": (lambda x: x**x, lambda x: x**x, 1.3),
    "nested": (lambda x: np.exp(np.sin(x)) / x, lambda x: mpmath.exp(mpmath.sin(x)) / x, 0.7),
}


def _expected(f: Any, x: float, order: int = ORDER) -> np.ndarray:
    with mpmath.workdps(60):
        return np.array([float(c) for c in mpmath.taylor(f, x, order)])


def test_functions_have_the_coefficients_of_mpmath() -> None:
    """All in one program, along directions that are not 1."""

    def every(points: dict[str, Any]) -> dict[str, Any]:
        return {name: f(points[name]) for name, (f, _, _) in FUNCTIONS.items()}

    points = {name: x for name, (_, _, x) in FUNCTIONS.items()}
    found = jitad.taylor(every, points, dict.fromkeys(points, 0.5), ORDER)
    for name, (_, f, x) in FUNCTIONS.items():
        scale = 0.5 ** np.arange(ORDER + 1)
        assert_allclose(found[name], _expected(f, x) * scale, rtol=1e-12, atol=1e-15, err_msg=name)


# -- nested derivatives as the oracle --------------------------------------------------------------


def nested(f: Any, x: Any, v: Any, order: int) -> list[Any]:
    """Derivatives by forward mode of forward mode."""
    derivatives = [lambda t: f(x + t * v)]
    for _ in range(order):
        derivatives.append(lambda t, g=derivatives[-1]: jitad.jvp(g, (t,), (1.0,))[1])
    return jitad.jit(lambda t: [g(t) for g in derivatives])(0.0)


ROWS = [
    row for row in TABLE.values() if isinstance(row, Elementwise) and row.name not in NO_FUNCTION
]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_every_row_of_the_table(row: Elementwise) -> None:
    """To third order, beside forward mode of forward mode of forward mode, in NumPy."""
    operands = sample(_domain(row), 3, row.name)
    active = [
        k
        for k, (x, bounds) in enumerate(zip(operands, _domain(row), strict=True))
        if x.dtype.kind in "fc" and not isinstance(bounds, Fixed)
    ]
    for dtype in (FLOAT32, FLOAT64) if row.params else (None,):
        params = {} if dtype is None else {"dtype": dtype}
        tape = alone(row, params, [(x.shape, x.dtype) for x in operands])
        if not active or not is_differentiable(tape.instrs[tape.outputs[0]].dtype):
            continue
        directions = [0.5 + 0.25 * operands[k] for k in active]
        (found,) = evaluate(taylor(tape, active, 3), [*operands, *directions])
        for k in range(4):
            expected = evaluate(tape, [*operands, *directions * k])[-1] / math.factorial(k)
            assert_allclose(found[k], expected, rtol=1e-9, atol=1e-9, err_msg=str(k))
            tape = forward(tape, active)


_random = np.random.default_rng(5)
X = _random.uniform(0.5, 1.5, 3)
A = _random.normal(size=(3, 3)) + 4 * np.eye(3)
B = _random.normal(size=(3, 3))


def by_turns(x: Any) -> Any:
    y = x
    for i in range(9):
        y = np.sin(y) * x + 0.1 * i
    return y


def until(x: Any) -> Any:
    y = x[0]
    while y < 10:
        y = y * 1.5 + x[1] ** 2
    return y


def by_branches(x: Any) -> Any:
    return x * x * np.exp(x) if x[0] > 0.1 else np.sin(x)


def written(x: Any) -> Any:
    y = np.zeros(4)
    y[1:] = x
    for i in range(1, 4):
        y[i] += y[i - 1] ** 2
    return y


@jitad.custom_jvp
def ruled(x: Any) -> Any:
    return x**3 + 0.0 * x


ruled.defjvp(lambda primals, tangents: (primals[0] ** 3, 3 * primals[0] ** 2 * tangents[0]))

PROGRAMS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "turns": (by_turns, X),
    "until": (until, X),
    "branches": (by_branches, X),
    "written": (written, X),
    "scan": (lambda x: jitad.scan(lambda c, a: (np.sin(c) + a * c, c * a), x[0], x), X),
    "map": (lambda x: jitad.map(lambda a: a * np.exp(a), x), X),
    "checkpoint": (jitad.checkpoint(lambda x: np.sin(x) * x), X),
    "rule": (ruled, X),
    "gradient": (jitad.grad(lambda x: np.sum(by_turns(x))), X),
    "gradient of turns": (jitad.grad(until), X),
    "solve": (lambda a: np.linalg.solve(a, a[0]), A),
    "determinant": (lambda a: np.linalg.slogdet(a)[1], A),
    "cholesky": (lambda a: np.linalg.cholesky(a @ a.T), A),
    "spectrum": (lambda a: np.linalg.eigh(a @ a.T), A),
    "singular values": (lambda a: np.linalg.svd(a)[1], A),
    "qr": (lambda a: np.linalg.qr(a)[1], A),
    "norm": (np.linalg.norm, A),
    "products": (lambda a: np.einsum("ij,jk,kl->il", a, a.T, a), A),
    "extrema": (lambda x: np.sort(x) * np.max(x) ** 2 * np.prod(x), X),
    "spectrum of a signal": (lambda x: np.abs(np.fft.fft(x)) ** 2, X),
    "where": (lambda x: np.where(x > 1, np.sqrt(np.maximum(x - 1, 0.0)), x * x), X),
    "not taken": (lambda x: np.where(x > 0.2, np.log(np.maximum(x - 0.2, 0.0)), x**3), X * 0),
    "square of a norm at 0": (lambda x: np.linalg.norm(x) ** 2, X * 0),
    "tie": (lambda x: np.maximum(x, 0.0) + np.minimum(x, x * x), X * 0),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_have_the_coefficients_of_nested_derivatives(name: str) -> None:
    f, x = PROGRAMS[name]
    v = B if x.ndim == 2 else np.array([1.0, -0.5, 0.25])
    found = optree.tree_leaves(jitad.taylor(f, x, v, 3))
    expected = zip(*map(optree.tree_leaves, nested(f, x, v, 3)), strict=True)
    for series, derivatives in zip(found, expected, strict=True):
        scaled = [d / math.factorial(k) for k, d in enumerate(derivatives)]
        assert_allclose(series, scaled, rtol=1e-9, atol=1e-11)


def test_the_series_of_an_inverse() -> None:
    """(A + t B)^-1 = sum_k (-A^-1 B)^k A^-1 t^k, and that of its solutions."""
    inverse = np.linalg.inv(A)
    powers = [np.linalg.matrix_power(-inverse @ B, k) @ inverse for k in range(13)]
    assert_allclose(jitad.taylor(np.linalg.inv, A, B, 12), powers, rtol=1e-9, atol=1e-12)
    solutions = jitad.taylor(lambda a: np.linalg.solve(a, X), A, B, 12)
    assert_allclose(solutions, [p @ X for p in powers], rtol=1e-9, atol=1e-12)


def test_what_reads_a_size_at_0_has_no_second_coefficient() -> None:
    found = jitad.taylor(lambda x: np.cos(np.abs(x)), np.array([0.0, 1.0]), np.ones(2), 3)
    assert_allclose(found[:, 1], _expected(mpmath.cos, 1.0, 3), rtol=1e-13)
    assert_allclose(found[:, 0], [1.0, 0.0, np.nan, np.nan])


# -- doors -----------------------------------------------------------------------------------------


def test_order_40_costs_no_more_than_its_square() -> None:
    found = jitad.taylor(lambda x: np.exp(np.sin(x)), 0.5, 1.0, 40)
    expected = _expected(lambda x: mpmath.exp(mpmath.sin(x)), 0.5, 40)
    assert_allclose(found, expected, rtol=1e-9, atol=1e-13)


def test_pytrees_dtypes_and_empty_arrays() -> None:
    x = {"a": 1.0, "b": [np.ones(2)]}
    found = jitad.taylor(lambda d: (d["a"] * d["b"][0], {"s": d["a"]}), x, x, 3)
    assert_allclose(found[0], [[1, 1], [2, 2], [1, 1], [0, 0]])
    assert_allclose(found[1]["s"], [1, 1, 0, 0])
    single = jitad.taylor(lambda x: np.exp(x) / 2, np.float32(0.5), np.float32(1.0), 6)
    assert single.dtype == np.float32
    assert_allclose(single, np.exp(0.5) / 2 / special.factorial(range(7)), rtol=1e-6)
    z = jitad.taylor(lambda z: np.exp(1j * z), 0.5 + 0.1j, 1.0, 4)
    assert_allclose(z, np.exp(1j * (0.5 + 0.1j)) * 1j ** np.arange(5) / special.factorial(range(5)))
    assert jitad.taylor(np.sin, np.zeros((0, 2)), np.zeros((0, 2)), 3).shape == (4, 0, 2)
    assert_allclose(jitad.taylor(np.sin, X, X, 0), [np.sin(X)])
    assert_allclose(jitad.taylor(lambda x: np.ones(2), 0.0, 1.0, 2), [[1, 1], [0, 0], [0, 0]])


def test_it_composes_with_other_transforms() -> None:
    def fourth(x: Any) -> Any:
        return jitad.taylor(lambda y: np.exp(np.sin(y)), x, np.ones_like(x), 4)[4].sum()

    jitad.check_grads(fourth, (X,), order=2)
    rows = jitad.vmap(lambda x, v: jitad.taylor(np.tanh, x, v, 5))(X, X)
    assert_allclose(rows, [jitad.taylor(np.tanh, x, x, 5) for x in X], rtol=1e-12)
    inner = jitad.taylor(lambda x: jitad.taylor(np.sin, x, 1.0, 2)[2], 0.3, 1.0, 2)
    assert_allclose(inner, [-np.sin(0.3) / 2, -np.cos(0.3) / 2, np.sin(0.3) / 4], rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jitad.taylor(np.sin, 1.0, 1.0, -1), "order=-1"),
        (lambda: jitad.taylor(np.sin, 1.0, 1.0, cast(Any, 2.0)), "order=2.0"),
        (lambda: jitad.taylor(np.sin, X, X[:2], 2), r"shape \(2,\) for an argument of shape \(3,"),
        (lambda: jitad.taylor(np.sin, [X], X, 2), "differ in structure"),
        (lambda: jitad.taylor(np.sin, X, X * 1j, 2), "a direction is complex128"),
        (lambda: jitad.taylor(lambda x: x > 0, X, X, 2), "a result to differentiate has dtype"),
    ],
)
def test_errors(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(jitad.JitadError, match=message):
        call()
