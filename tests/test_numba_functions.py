"""Functions compiled by Numba are differentiated as they are, however they are reached."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import oracle
import pytest
from numba import float64, int64, njit, prange
from numba.experimental import jitclass
from numba.typed import List

import jitad
import jitad.numpy as jnp

SMALL = 2.0**-14
"""A step of differences within which no branch flips."""

X = np.array([0.32, -0.55, 1.2, 0.83])

# -- ten programs ----------------------------------------------------------------------------------


def _example() -> Any:
    path = Path(__file__).resolve().parents[1] / "examples" / "numba_functions.py"
    spec = importlib.util.spec_from_file_location("numba_functions", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


EXAMPLE = _example()


@pytest.mark.parametrize("program", EXAMPLE.PROGRAMS, ids=lambda program: program[0])
def test_a_program(program: tuple[str, Any, tuple[int, ...], tuple[Any, ...]]) -> None:
    """Value and gradient at two points, those of the second by the same function object."""
    _, function, argnums, arguments = program
    rng = np.random.default_rng(0)
    run = jitad.value_and_grad(function, argnums)
    moved = tuple(
        x + 0.05 * rng.normal(size=np.shape(x)) if k in argnums else x
        for k, x in enumerate(arguments)
    )
    for point in (arguments, moved):
        value, gradient = run(*point)
        assert value == pytest.approx(function(*point), rel=1e-12)
        xs = [np.asarray(point[k], float) for k in argnums]
        dxs = [rng.normal(size=x.shape) for x in xs]

        def along(*parts: Any, point: Any = point) -> Any:
            given = list(point)
            for k, part in zip(argnums, parts, strict=True):
                given[k] = part if np.shape(part) else float(part)
            return function(*given)

        (wanted,) = oracle.difference(along, xs, dxs, SMALL)
        got = sum(np.sum(part * dx) for part, dx in zip(gradient, dxs, strict=True))
        assert got == pytest.approx(float(wanted), rel=1e-7, abs=1e-7)


def test_forces_of_bodies_by_hand() -> None:
    x, v, m = EXAMPLE.PROGRAMS[0][3]
    by_x, by_v, by_m = jitad.grad(EXAMPLE.n_body_energy, (0, 1, 2))(x, v, m)
    gaps = x[:, None] - x
    size = np.sqrt(np.sum(gaps**2, axis=-1)) + np.eye(len(m))
    forces = (m[:, None] * m / size**3)[..., None] * gaps
    np.testing.assert_allclose(by_x, forces.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(by_v, m[:, None] * v, rtol=1e-14)
    potential = (m / size).sum(axis=1) - m
    np.testing.assert_allclose(by_m, 0.5 * np.sum(v**2, axis=1) - potential, rtol=1e-12)


def test_a_tridiagonal_solution_by_its_matrix() -> None:
    lower, diagonal, upper, right = EXAMPLE.PROGRAMS[6][3]
    matrix = np.diag(lower, -1) + np.diag(diagonal) + np.diag(upper, 1)
    jacobian = jitad.jacobian(EXAMPLE.solve_tridiagonal, 3)(lower, diagonal, upper, right)
    np.testing.assert_allclose(jacobian, np.linalg.inv(matrix), rtol=1e-12, atol=1e-14)
    x = np.linalg.solve(matrix, right)
    by_diagonal = jitad.grad(EXAMPLE.bending, 1)(lower, diagonal, upper, right)
    np.testing.assert_allclose(by_diagonal, -2 * np.linalg.solve(matrix.T, x) * x, rtol=1e-12)


def test_derivatives_of_all_orders_and_modes() -> None:
    knots, values, points, wanted = EXAMPLE.PROGRAMS[8][3]

    def misfit(values: Any) -> Any:
        return EXAMPLE.spline_misfit(knots, values, points, wanted)

    hessian = jitad.hessian(misfit)(values)  # constant: the misfit is quadratic
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    slope = jitad.grad(misfit)(values)
    step = np.linspace(-1.0, 1.0, values.size)
    exact = misfit(values) + slope @ step + 0.5 * step @ hessian @ step
    assert misfit(values + step) == pytest.approx(exact, rel=1e-12)
    assert jitad.jvp(misfit, (values,), (step,))[1] == pytest.approx(slope @ step, rel=1e-12)


# -- what is written for Numba ---------------------------------------------------------------------


@njit
def idioms(x: Any, scale: Any, count: Any = 2) -> Any:
    n = int(x.size)
    out = np.empty((n, n), dtype=np.float64)
    work = np.zeros_like(x)
    index = np.zeros(n, np.int64)
    for i in prange(n):
        index[i] = (i * 3) % n
        for j in range(x.shape[0]):
            out[i, j] = np.float64(x[i]) * x[j] + float(i) + float64(x[i]) / (int64(j) + 1)
    for i in range(n):
        out[i] += x[index[i]]
        out[:, i] *= scale
        row = out[i, 1:]
        row[:] = row + math.atan2(x[i], 2.0)
    product = np.empty((n, n))
    np.dot(out, out.T, product)
    half = x * 0.5
    half[0] = product[0, 0]
    half += 1
    np.multiply(half, 2.0, work)
    k = 0
    while True:
        k += 1
        if work[k] > 0 or k == n - 1:
            break
    if count > 5:
        return work, product, 0.0
    return work, product, work[k] ** count


@njit
def summed(x: Any, scale: Any) -> Any:
    work, product, last = idioms(x, scale)
    return np.sum(work) + np.sum(product) + last


def test_idioms() -> None:
    x = np.array([0.5, -1.5, 2.0, 0.25])
    oracle.assert_same(jitad.jit(idioms)(x, 0.5, 7), oracle.leaves(idioms(x, 0.5, 7)), 1e-13)
    gradient = jitad.grad(summed, (0, 1))(x, 0.5)
    wanted = [oracle.difference(lambda y: summed(y, 0.5), [x], [d])[0] for d in np.eye(4)]
    np.testing.assert_allclose(gradient[0], wanted, rtol=1e-8)
    (by_scale,) = oracle.difference(lambda s: summed(x, float(s)), [np.asarray(0.5)], [np.ones(())])
    np.testing.assert_allclose(gradient[1], by_scale, rtol=1e-8)


@njit("float64(float64, int64)")
def power(x: Any, n: Any) -> Any:
    """Compiled for one signature, recursive."""
    return 1.0 if n == 0 else x * power(x, n - 1)


@njit
def spread(*xs: Any) -> Any:
    total = 0.0
    for x in xs:
        total += power(x, 2)
    return total


@njit
def optional(x: Any, y: Any = 2.0, flag: Any = True) -> Any:
    return x * y if flag else x


TABLE = np.array([1.0, 2.0, 4.0, 8.0])
PLACES = np.array([2, 0])


@njit
def looked_up(x: Any, table: Any, places: Any) -> Any:
    total = 0.0
    for i in range(places.size):
        total += table[places[i]] * x[places[i]] * TABLE[i]
    return total + table[int(x[0])]


class Model:
    """Reaches compiled functions by attributes and containers."""

    function = staticmethod(optional)

    def __init__(self) -> None:
        self.parts = [spread, {"power": power}]

    def __call__(self, x: Any) -> Any:
        return self.parts[0](x, 2 * x) * self.parts[1]["power"](x, 1) * self.function(x)


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (lambda x: power(x, 3), 12.0),
        (lambda x: spread(x, x, 1.0), 8.0),
        (lambda x: optional(x), 2.0),
        (lambda x: optional(x, flag=False), 1.0),
        (lambda x: optional(3.0, y=x), 3.0),
        (lambda x: EXAMPLE.soft_minimum(x, 5.0 + x, 5.0, 1e-3), 1.0),
        (Model(), 10 * 4 * 2.0**3),
        (power.py_func, None),
        (lambda x: np.sum([optional(x, n) for n in range(3)]), 3.0),
    ],
)
def test_every_way_to_a_function(function: Any, wanted: Any) -> None:
    if wanted is None:
        function, wanted = (lambda x, f=function: f(x, 3)), 12.0
    assert jitad.grad(function)(2.0) == pytest.approx(wanted)
    assert jitad.grad(jitad.jit(function))(2.0) == pytest.approx(wanted)


def test_a_signature_stays_as_it_was() -> None:
    jitad.grad(lambda x: power(x, 3))(2.0)
    assert len(power.signatures) == 1 and not power._can_compile
    assert power(2, 3) == 8.0
    with pytest.raises(TypeError):
        power("text", 3)


def test_plain_arguments_stay_compiled() -> None:
    """A call that meets no traced value is Numba's."""

    @njit
    def table(n: Any) -> Any:
        return np.arange(n) * 0.5

    assert jitad.grad(lambda x: np.sum(table(4) * x))(1.0) == 3.0
    assert len(table.signatures) == 1


# -- what a function sees from outside -------------------------------------------------------------


def test_arrays_are_read_as_they_are_at_each_call() -> None:
    table, places = np.array([5.0, 1.0, 2.0]), PLACES.copy()
    g = jitad.grad(lambda x: looked_up(x, table, places))
    x = np.array([1.5, 2.0, 3.0])
    np.testing.assert_array_equal(g(x), [10.0, 0.0, 2.0])
    table[0] = 7.0
    np.testing.assert_array_equal(g(x), [14.0, 0.0, 2.0])
    places[:] = 1, 0
    np.testing.assert_array_equal(g(x), [14.0, 1.0, 0.0])


FACTOR = 2.0


@njit
def inner_factor(x: Any) -> Any:
    return x * FACTOR


@njit
def outer_factor(x: Any) -> Any:
    return inner_factor(x) * TABLE[1]


def test_names_that_are_bound_again(monkeypatch: Any) -> None:
    """As in Python; Numba itself keeps what a global was when it compiled."""
    g = jitad.grad(outer_factor)
    assert g(1.0) == 4.0
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert g(1.0) == 6.0
    monkeypatch.setitem(globals(), "TABLE", np.array([1.0, 10.0]))
    assert g(1.0) == 30.0


def test_names_and_documentation_are_kept() -> None:
    g = jitad.grad(power)
    assert g.__name__ == "power" and g.__doc__ == power.__doc__


# -- writing ---------------------------------------------------------------------------------------


@njit
def double(x: Any, out: Any) -> None:
    for i in range(x.size):
        out[i] = 2.0 * x[i]


def test_an_array_of_the_caller_is_written_to() -> None:
    def f(x: Any, make: Any) -> Any:
        out = make(x)
        double(x, out)
        double(out, out)
        return np.sum(out)

    for make in (lambda x: jnp.empty(x.size), lambda x: np.empty(4), lambda x: 2.0 * x):
        np.testing.assert_array_equal(jitad.grad(f)(X, make), np.full(4, 4.0))


def test_an_array_that_is_not_the_functions_own_is_refused() -> None:
    with pytest.raises(jitad.JitadError) as error:
        jitad.jit(lambda x: double(x, TABLE))(X)
    assert "out[i] = 2.0 * x[i]" in str(error.value)


# -- errors ----------------------------------------------------------------------------------------


@njit
def indexes_by_float(x: Any) -> Any:
    y = x * 2
    return x[y[0]]


def test_errors_name_the_line_in_the_compiled_function() -> None:
    with pytest.raises(jitad.JitadError) as error:
        jitad.grad(indexes_by_float)(X)
    assert "return x[y[0]]" in str(error.value)


@jitclass([("weight", float64)])
class Weighted:
    """Of compiled code through and through."""

    def __init__(self, weight: Any) -> None:
        self.weight = weight

    def times(self, x: Any) -> Any:
        return self.weight * x


def test_a_compiled_class_is_refused_or_read() -> None:
    with pytest.raises(jitad.TraceError, match="compiled"):
        jitad.grad(lambda x: Weighted(x).times(2.0))(1.0)
    box = Weighted(3.0)

    def assigned(x: Any) -> Any:
        box.weight = x
        return box.times(2.0)

    with pytest.raises(jitad.TraceError, match="compiled"):
        jitad.grad(assigned)(1.0)


def test_a_compiled_kernel_is_refused() -> None:
    kernel = jitad.compile(lambda x: x * x, 1.0).njit
    with pytest.raises(jitad.TraceError, match="the function that it was made of"):
        jitad.grad(lambda x: kernel(x))(1.0)


def test_containers_of_numba() -> None:
    @njit
    def f(x: Any) -> Any:
        parts, named = List.empty_list(float64), numba.typed.Dict()
        for i in range(3):
            parts.append(x * i)
            named[i] = x * x
        return parts[2] * named[1]

    assert jitad.grad(f)(2.0) == 6 * 2.0**2
    assert f(2.0) == 2 * 2.0**3


def test_names_of_numba() -> None:
    @njit
    def f(x: Any) -> Any:
        total = numba.float64(0)
        for i in numba.prange(2):
            total += numba.types.float64(x) * i
        return total * SETTINGS.scale

    SETTINGS = SimpleNamespace(scale=2.0)
    assert jitad.grad(f)(3.0) == 2.0


ONE = np.float32(1.0)


@njit
def of_literals(x):
    total = 0.0
    for i in range(x.shape[0]):
        if x[i] > 1:
            total += x[i]
            total -= ONE / math.sqrt(x[i] * 1.1)
        else:
            total = total + x[i] / 3
    return total, x[0] * 1.1, 0.3 + x[1], 2 - x[2], x[0] ** 2, (x * 1.1).sum(), x * 1.1


def test_numbers_beside_what_has_32_bits_have_64() -> None:
    """As in Numba, where a literal is a float64; `x**2` has the type of x."""
    x = np.array([0.7, 1.3, 2.1], np.float32)
    for found, wanted in zip(jitad.jit(of_literals)(x), of_literals(x), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-15)
    assert [v.dtype.name for v in jitad.jit(of_literals)(x)] == 4 * ["float64"] + ["float32"] + [
        "float64",
        "float64",
    ]


@njit
def powers_by_place(x: Any, first: Any) -> Any:
    total = 0.0
    for i in range(20):
        total += x[0] ** (first + i) + x[1] ** (i - 7) * x[2] ** i
    return total


@njit
def power_of_count(x: Any, n: Any) -> Any:
    return x**n + 1.5**n


def test_whole_powers_are_numbas() -> None:
    """Of exponents of any size, at small ones to the bit; derivatives at 0 as well."""
    x, value = np.array([1.1, 0.7, -2.0]), jitad.jit(powers_by_place)
    for first in (0, 3, -40):
        np.testing.assert_allclose(value(x, first), powers_by_place(x, first), rtol=1e-13)
        jitad.check_grads(lambda x, n=first: powers_by_place(x, n), (x,), order=2)
    for n in (0, 1, 5, 63, 64, -3, -64, 70_000, -70_000):
        base = 1.0 + 1 / 4096
        np.testing.assert_allclose(
            jitad.jit(power_of_count)(base, n), power_of_count(base, n), rtol=1e-10
        )
        np.testing.assert_allclose(
            jitad.grad(power_of_count)(base, n), n * base ** (n - 1), rtol=1e-10
        )

    @njit
    def polynomial(x: Any) -> Any:
        total = 0.0
        for i in range(5):
            total += (i + 1) * x**i
        return total

    assert jitad.jit(polynomial)(0.3) == polynomial(0.3)
    third = jitad.grad(jitad.grad(jitad.grad(polynomial)))
    assert (jitad.grad(polynomial)(0.0), third(0.0)) == (2.0, 24.0)
