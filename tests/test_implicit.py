"""jitad.implicit: roots, fixed points and minima, by any solver, in both modes and all orders."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse.linalg

import jitad
from jitad import ShapeError, TraceError
from jitad.implicit import ConvergenceError, argmin, fixed_point, root

THETA = np.array([1.2, 0.7])
gmres = functools.partial(scipy.sparse.linalg.gmres, rtol=1e-13)


def cubic(x: Any, theta: Any) -> Any:
    return x**3 + theta[0] * x - theta[1]


def system(x: Any, theta: Any) -> Any:
    """Three equations in a tree of three unknowns."""
    first = x["a"] ** 3 + theta[0] * x["b"][0] - 1
    rest = np.stack([2 * x["b"][0] - np.sin(x["a"]) * theta[1], x["b"][1] - x["a"] * theta[0]])
    return {"a": first, "b": rest}


def energy(x: Any, theta: Any) -> Any:
    return np.sum(np.exp(x) - theta * x) + 0.1 * np.sum(x) ** 2


def by_root(theta: Any, **options: Any) -> Any:
    return root(cubic, 0.5, theta, **options)


def by_tree(theta: Any, **options: Any) -> Any:
    x = root(system, {"a": 0.5, "b": np.zeros(2)}, theta, **options)
    return x["a"] * x["b"][1] + x["b"][0]


def by_fixed_point(theta: Any, **options: Any) -> Any:
    return fixed_point(lambda x, t: np.cos(t * x), np.full(2, 0.5), theta, **options)


def by_argmin(theta: Any, **options: Any) -> Any:
    return argmin(energy, np.zeros(2), theta, **options)


PROBLEMS = [by_root, by_tree, by_fixed_point, by_argmin]


# -- derivatives -----------------------------------------------------------------------------------


@pytest.mark.parametrize("f", PROBLEMS)
@pytest.mark.parametrize("options", [{}, {"linear_solver": gmres}], ids=["dense", "gmres"])
def test_both_modes_to_second_order(f: Callable[..., Any], options: dict[str, Any]) -> None:
    jitad.check_grads(functools.partial(f, **options), (THETA,), order=2)


@pytest.mark.parametrize("f", PROBLEMS)
def test_jacobians_of_both_modes_agree(f: Callable[..., Any]) -> None:
    np.testing.assert_allclose(jitad.jacfwd(f)(THETA), jitad.jacrev(f)(THETA), rtol=1e-12)
    second = jitad.jacfwd(jitad.jacrev(f))(THETA)
    np.testing.assert_allclose(second, jitad.jacrev(jitad.jacrev(f))(THETA), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(second, jitad.jacrev(jitad.jacfwd(f))(THETA), rtol=1e-9, atol=1e-12)


def test_closed_forms() -> None:
    def square_root(a: Any) -> Any:
        return root(lambda x, a: x**2 - a, 1.0, a)

    f, expected, factor = square_root, 2.0, 0.5
    for order in range(4):
        np.testing.assert_allclose(f(4.0), expected, rtol=1e-13)
        expected, factor = expected * factor / 4.0, factor - 1 if order else -0.5
        f = jitad.grad(f)
    matrix = np.array([[3.0, 1.0], [1.0, 2.0]])
    jacobian = jitad.jacobian(lambda b: argmin(lambda x, b: x @ matrix @ x / 2 - b @ x, b, b))
    np.testing.assert_allclose(jacobian(THETA), np.linalg.inv(matrix), rtol=1e-12)


def test_three_ways_to_differentiate_newtons_method() -> None:
    def step(x: Any, theta: Any) -> Any:
        return x - cubic(x, theta) / (3 * x**2 + theta[0])

    def in_python(theta: Any) -> Any:
        x, last = 0.5, np.inf
        while abs(x - last) > 1e-13:
            x, last = step(x, theta), x
        return step(x, theta)

    def in_a_loop(theta: Any) -> Any:
        found = jitad.while_loop(
            lambda pair: abs(pair[0] - pair[1]) > 1e-13,
            lambda pair: (step(pair[0], theta), pair[0]),
            (0.5, np.inf),
        )
        return step(found[0], theta)

    for point in (THETA, np.array([0.3, 2.0]), np.array([5.0, -1.0])):
        for transform in (jitad.jit, jitad.grad, jitad.hessian):
            found = [transform(f)(point) for f in (in_python, in_a_loop, by_root)]
            np.testing.assert_allclose(found[1], found[0], rtol=1e-9, atol=1e-11)
            np.testing.assert_allclose(found[2], found[0], rtol=1e-9, atol=1e-11)


def test_as_jax() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)

    def unrolled(theta: Any) -> Any:
        x = jax.numpy.zeros(2)
        for _ in range(30):
            gradient = jax.grad(
                lambda x: jax.numpy.sum(jax.numpy.exp(x) - theta * x) + 0.1 * jax.numpy.sum(x) ** 2
            )
            x = x - jax.numpy.linalg.solve(jax.jacfwd(gradient)(x), gradient(x))
        return x

    np.testing.assert_allclose(
        jitad.jacobian(by_argmin)(THETA), jax.jacfwd(unrolled)(THETA), rtol=1e-11
    )


# -- within programs -------------------------------------------------------------------------------


def test_in_loops_and_branches() -> None:
    def in_scan(theta: Any) -> Any:
        def body(x: Any, row: Any) -> Any:
            x = root(lambda y, x: y**3 + y - x, x, x * row[0] + row[1])
            return x, x**2

        return jitad.scan(body, theta[0], np.linspace(0.5, 1.5, 6).reshape(3, 2))[1] * theta[1]

    def in_while(theta: Any) -> Any:
        return jitad.while_loop(
            lambda c: c[1] < 3,
            lambda c: (fixed_point(lambda x, t: np.cos(t * x) / 2, 0.5, c[0]) + theta[1], c[1] + 1),
            (theta[0], 0),
        )[0]

    def in_cond(theta: Any) -> Any:
        return jitad.cond(theta[0] > 0, by_root, lambda t: t[0], theta) * theta[1]

    for f in (in_scan, in_while, in_cond):
        jitad.check_grads(f, (THETA,), order=2)


def test_in_batches() -> None:
    rows = np.abs(np.sin(np.arange(6.0))).reshape(3, 2) + 0.2
    for f in PROBLEMS:
        found = jitad.vmap(jitad.jacrev(f))(rows)
        np.testing.assert_allclose(found, [jitad.jacrev(f)(row) for row in rows], rtol=1e-12)
    weights = jitad.grad(lambda w: np.sum(jitad.vmap(lambda r: by_root(r * w))(rows)))(THETA)
    np.testing.assert_allclose(
        weights, jitad.grad(lambda w: sum(by_root(r * w) for r in rows))(THETA), rtol=1e-12
    )


def test_within_each_other() -> None:
    """The inner minimum is differentiated to second order by the outer one's solver alone."""

    def outer(theta: Any) -> Any:
        def cost(y: Any, theta: Any) -> Any:
            x = argmin(lambda x, y: (x - y) ** 2 + 0.1 * x**4, 0.0, y)
            return (x - theta[0]) ** 2 + theta[1] * y**2

        return argmin(cost, 0.5, theta)

    jitad.check_grads(outer, (THETA,), order=1)


def test_what_the_function_closes_over_is_differentiated() -> None:
    def program(a: Any) -> Any:
        table = np.array([1.0, 2.0])
        return root(lambda x, t: x**2 - a * t * table[1], 1.0, a + 1)

    jitad.check_grads(program, (2.0,), order=2)
    np.testing.assert_allclose(program(2.0), np.sqrt(12.0))


def test_branches_on_theta_make_paths() -> None:
    def program(a: Any) -> Any:
        return root(lambda x, a: x**3 - a if a > 0 else x - a, 1.0, a)

    slope = jitad.grad(program)
    for a in (8.0, -3.0, 27.0, -1.0):
        np.testing.assert_allclose(slope(a), a ** (-2 / 3) / 3 if a > 0 else 1.0, rtol=1e-12)


def test_branches_on_the_solution() -> None:
    def program(a: Any) -> Any:
        x = root(lambda x, a: x**3 - a, 1.0, a)
        return x if x > 2 else 10 * x

    assert [round(float(jitad.grad(program)(a)), 9) for a in (27.0, 1.0)] == [
        round(1 / 27, 9),
        round(10 / 3, 9),
    ]


def test_trees_of_theta_and_constants_in_it() -> None:
    def program(a: Any) -> Any:
        theta = {"a": (a, 2), "kind": "square", "b": [np.ones(2)]}

        def f(x: Any, theta: Any) -> Any:
            assert theta["kind"] == "square"
            return x ** theta["a"][1] - theta["a"][0] * theta["b"][0]

        return root(f, np.ones(2), theta)

    np.testing.assert_allclose(jitad.jacobian(program)(4.0), [0.25, 0.25], rtol=1e-12)


def test_dtypes() -> None:
    x = root(lambda x, a: x**2 - a, np.float32(1), 4.0)
    assert x.dtype == np.float32
    x = root(lambda x, a: x**2 - a, 1, 4)
    assert x.dtype == np.float64 and x == 2.0
    slope = jitad.grad(lambda a: root(lambda x, a: x**2 - a, 1.0, a))(np.float32(4))
    assert slope.dtype == np.float32 and slope == 0.25


# -- solvers ---------------------------------------------------------------------------------------


def bisect(f: Any, x0: Any, jac: Any) -> Any:
    return scipy.optimize.brentq(lambda x: f(np.array([x]))[0], -10.0, 10.0, xtol=1e-14)


def newton_of_ours(f: Any, x0: Any, jac: Any) -> Any:
    def step(x: Any) -> Any:
        return x - (x**3 + 1.2 * x - 0.7) / (3 * x**2 + 1.2)

    return jitad.fori_loop(0, 30, lambda i, x: step(x), x0)


@pytest.mark.parametrize(
    "solver",
    [
        scipy.optimize.root,
        functools.partial(scipy.optimize.root, method="lm", tol=1e-14),
        lambda f, x0, jac: scipy.optimize.fsolve(f, x0, fprime=jac, xtol=1e-14),
        bisect,
        newton_of_ours,
    ],
)
def test_any_solver_of_roots(solver: Any) -> None:
    f = functools.partial(by_root, solver=solver)
    np.testing.assert_allclose(f(THETA), by_root(THETA), rtol=1e-7)
    np.testing.assert_allclose(jitad.grad(f)(THETA), jitad.grad(by_root)(THETA), rtol=1e-6)
    branching = jitad.grad(lambda t: f(t) if f(t) > 0 else 0.0)
    np.testing.assert_allclose(branching(THETA), jitad.grad(by_root)(THETA), rtol=1e-6)


def test_any_solver_of_fixed_points_and_minima() -> None:
    points = functools.partial(
        by_fixed_point, solver=functools.partial(scipy.optimize.fixed_point, xtol=1e-13)
    )
    expected = jitad.jacobian(by_fixed_point)(THETA)
    np.testing.assert_allclose(jitad.jacobian(points)(THETA), expected, rtol=1e-9)
    expected = jitad.jacobian(by_argmin)(THETA)
    for method, given in [
        ("BFGS", ("jac",)),
        ("trust-krylov", ("jac", "hessp")),
        ("Newton-CG", ("jac", "hess")),
    ]:

        def solver(f: Any, x0: Any, given: Any = given, method: Any = method, **known: Any) -> Any:
            chosen = {name: known[name] for name in given}
            return scipy.optimize.minimize(f, x0, method=method, tol=1e-8, **chosen)

        found = jitad.jacobian(functools.partial(by_argmin, solver=solver))(THETA)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_solver_works_on_compiled_functions() -> None:
    calls = []

    def f(x: Any, a: Any) -> Any:
        calls.append(type(x))
        return x**2 - a

    slope = jitad.grad(lambda a: root(f, 1.0, a))
    slope(4.0)
    traces = len(calls)
    slope(9.0)
    assert len(calls) == traces and float not in calls and np.ndarray not in calls


def test_many_unknowns_without_a_matrix() -> None:
    n = 2000
    spread = np.linspace(1.0, 2.0, n)

    def solver(f: Any, x0: Any, jac: Any) -> Any:
        for _ in range(60):
            x0 = x0 - f(x0) / 4.0
        return x0

    def total(a: Any) -> Any:
        def f(x: Any, a: Any) -> Any:
            return x**3 + x - a * spread + 0.1 * np.roll(x, 1)

        return np.sum(root(f, np.ones(n), a, solver=solver, linear_solver=gmres))

    step = 1e-4
    difference = (total(1.0 + step) - total(1.0 - step)) / (2 * step)
    np.testing.assert_allclose(jitad.grad(total)(1.0), difference, rtol=1e-6)
    np.testing.assert_allclose(jitad.jvp(total, (1.0,), (1.0,))[1], difference, rtol=1e-6)


# -- errors ----------------------------------------------------------------------------------------


def test_a_solver_that_fails() -> None:
    with pytest.raises(ConvergenceError, match="did not converge"):
        root(lambda x, a: x**2 + a, 1.0, 1.0)
    with pytest.raises(ConvergenceError, match="did not converge"):
        jitad.grad(lambda a: root(lambda x, a: x**2 + a, 1.0, a))(1.0)
    with pytest.raises(ConvergenceError, match="has no limit"):
        fixed_point(lambda x, a: 2 * x + a, 1.0, 1.0)
    with pytest.raises(ZeroDivisionError):
        root(cubic, 0.5, THETA, solver=lambda f, x0, jac: 1 // 0)
    with pytest.raises(ConvergenceError, match="infinite"):
        root(cubic, 0.5, THETA, solver=lambda f, x0, jac: np.nan * x0)
    with pytest.raises(ConvergenceError, match="of shape"):
        root(cubic, 0.5, THETA, solver=lambda f, x0, jac: np.zeros(3))
    with pytest.raises(ConvergenceError, match="info = 1"):
        jitad.grad(lambda t: by_root(t, linear_solver=lambda A, b: (b, 1)))(THETA)


def test_solutions_do_not_depend_on_the_scale_of_the_function() -> None:
    for scale in (1e-12, 1.0, 1e12):
        x = argmin(lambda x, s: s * (x - 1) ** 4 + s * (x - 1) ** 2, 9.0, scale)
        np.testing.assert_allclose(x, 1.0, rtol=1e-10)
        x = root(lambda x, s: s * (x**3 + x - 2), 9.0, scale)
        np.testing.assert_allclose(x, 1.0, rtol=1e-10)
    assert argmin(lambda x, a: (x - a) ** 2, 1.0, 1.0) == 1.0
    near = argmin(lambda x, a: np.sum(np.cosh(x - a)), np.full(3, 1 + 1e-9), np.ones(3))
    np.testing.assert_allclose(near, np.ones(3), rtol=1e-14)
    np.testing.assert_allclose(root(lambda x, a: (x - a) ** 2, 3.0, 1.0), 1.0, atol=1e-4)


def test_a_minimum_over_many_unknowns() -> None:
    target = np.linspace(-1.0, 1.0, 600)

    def fitted(a: Any) -> Any:
        return argmin(lambda x, a: np.sum(np.cosh(x - a * target)), np.zeros(600), a)

    moved = jitad.jvp(fitted, (0.5,), (1.0,))
    np.testing.assert_allclose(moved[0], 0.5 * target, atol=1e-8)
    np.testing.assert_allclose(moved[1], target, rtol=1e-7, atol=1e-9)


def test_a_singular_jacobian() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        jitad.grad(lambda a: root(lambda x, a: x**3 + a, 0.0, a, solver=lambda f, x, jac: 0.0))(0.0)


def test_functions_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="returns 2 numbers, and 3 is needed"):
        root(lambda x: x[:2], np.ones(3))
    with pytest.raises(ShapeError, match="returns 3 numbers, and 1 is needed"):
        argmin(lambda x: x, np.ones(3))
    with pytest.raises(TraceError, match="complex"):
        root(lambda x: x**2 + 1, 1j)
    with pytest.raises(TraceError, match="not a function"):
        root(cubic, 0.5, THETA, linear_solver="gmres")  # type: ignore[arg-type]  # wrong


def test_decisions_by_the_unknown() -> None:
    with pytest.raises(TraceError, match="x of root is asked for its value"):
        root(lambda x, a: x - a if f"{bool(x > 0)}" == "True" else x + a, 1.0, 1.0)
