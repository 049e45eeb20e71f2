"""Initial value problems: derivatives by linearised and adjoint problems, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.integrate
from branching import sign
from numpy.testing import assert_allclose

import jitad
from jitad.scipy.integrate import odeint, solve_ivp

TIMES = np.array([0.0, 0.25, 0.5, 1.0])
START = np.array([1.0, 0.5])
RATES = np.array([1.25, 0.5])
TIGHT = {"rtol": 1e-11, "atol": 1e-11}


def predator_and_prey(y: Any, t: Any, rates: Any) -> Any:
    change = rates[0] * y[0] - y[0] * y[1]
    return np.stack([change * np.cos(t), rates[1] * y[0] * y[1] - y[1]])


def states(y0: Any, t: Any, rates: Any) -> Any:
    return odeint(predator_and_prey, y0, t, (rates,), **TIGHT)


def test_values_are_scipys() -> None:
    want = scipy.integrate.odeint(predator_and_prey, START, TIMES, (RATES,), **TIGHT)
    assert_allclose(jitad.jit(states)(START, TIMES, RATES), want, rtol=1e-9)
    assert_allclose(states(START, TIMES, RATES), want)


def test_derivatives_of_start_times_and_arguments() -> None:
    jitad.check_grads(states, (START, TIMES, RATES), order=1)
    jitad.check_grads(lambda y0, r: np.sum(states(y0, TIMES, r) ** 2), (START, RATES), order=2)


def test_jacobians_agree() -> None:
    forward = jitad.jacfwd(states, (0, 1, 2))(START, TIMES, RATES)
    reverse = jitad.jacrev(states, (0, 1, 2))(START, TIMES, RATES)
    for a, b in zip(forward, reverse, strict=True):
        assert_allclose(a, b, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_closed_form_of_decay(order: int) -> None:
    """y(t) = exp(-k t), so the n-th derivative by k is (-t)^n exp(-k t)."""

    def last(k: Any) -> Any:
        return odeint(lambda y, t: -k * y, 1.0, np.array([0.0, 2.0]), **TIGHT)[-1, 0]

    f: Any = last
    for _ in range(order):
        f = jitad.grad(f)
    assert_allclose(f(0.75), (-2.0) ** order * np.exp(-1.5), rtol=1e-6)


def test_time_runs_backwards() -> None:
    def first(k: Any) -> Any:
        return odeint(lambda y, t, k: k * y, 1.0, np.array([1.0, 0.0]), (k,), **TIGHT)[-1, 0]

    assert_allclose(jitad.value_and_grad(first)(0.5), (np.exp(-0.5), -np.exp(-0.5)), rtol=1e-7)


@pytest.mark.parametrize("method", ["RK45", "DOP853", "LSODA", "Radau"])
def test_solve_ivp(method: str) -> None:
    def last(k: Any) -> Any:
        found = solve_ivp(
            lambda t, y, k: -k * y, (0.0, 1.0), np.array([2.0]), method, np.array([0.5, 1.0]),
            args=(k,), rtol=1e-9, atol=1e-10,
        )  # fmt: skip
        assert found.success
        return found.y[0, -1]

    assert_allclose(last(0.5), 2 * np.exp(-0.5), rtol=1e-6)
    assert_allclose(jitad.value_and_grad(last)(0.5), (last(0.5), -2 * np.exp(-0.5)), rtol=1e-6)


def _decay(t: Any, y: Any, k: Any) -> Any:
    return np.stack([-k * y[0], k * y[0] - t * y[1]])


@pytest.mark.parametrize("method", ["RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA"])
@pytest.mark.parametrize("times", ["first and last", "inner", "backwards", "first"])
def test_solve_ivp_gives_what_scipy_gives(method: str, times: str) -> None:
    ends, t = (0.0, 1.5), np.linspace(0, 1.5, 6)
    if times == "inner":
        t = np.array([0.2, 0.9])
    elif times == "backwards":
        ends, t = (1.5, 0.0), t[::-1]
    elif times == "first":
        t = t[:1]

    def states(k: Any, solve: Any = solve_ivp) -> Any:
        return solve(_decay, ends, START, method, t, args=(k,), rtol=1e-6, atol=1e-9).y

    assert_allclose(jitad.jit(states)(0.7), states(0.7, scipy.integrate.solve_ivp), rtol=1e-9)
    forward = jitad.jvp(states, (0.7,), (1.0,))[1]
    assert_allclose(jitad.vjp(states, 0.7)[1](forward)[0], np.sum(forward**2), rtol=2e-3)


def test_solve_ivp_at_its_own_steps_and_between_them() -> None:
    def last(k: Any, **options: Any) -> Any:
        found = solve_ivp(_decay, (0, 1.5), START, args=(k,), rtol=1e-9, **options)
        assert found.t[-1] == 1.5
        return found.y[0, -1]

    right = -1.5 * np.exp(-0.75 * 1.5)
    assert_allclose(jitad.grad(last)(0.75), right, rtol=1e-5)
    jacobian = lambda t, y, k: np.array([[-k, 0.0], [k, -t]])  # noqa: E731
    assert_allclose(jitad.grad(lambda k: last(k, method="BDF", jac=jacobian))(0.75), right, 1e-5)

    def between(k: Any, t: Any, solve: Any = solve_ivp) -> Any:
        return solve(_decay, (0, 1.5), START, args=(k,), dense_output=True).sol(t)

    t = np.array([0.9, 0.1, 1.5])
    want = between(0.75, t, scipy.integrate.solve_ivp)
    assert_allclose(jitad.jit(between)(0.75, t), want, rtol=1e-9)
    assert_allclose(jitad.jit(between)(0.75, 0.9), want[:, 0], rtol=1e-9)
    slope = jitad.grad(lambda t: between(0.75, t)[0])(0.9)
    assert_allclose(slope, -0.75 * np.exp(-0.75 * 0.9), rtol=1e-3)


def test_arguments_may_be_trees_and_closed_over_arrays_are_constants() -> None:
    drive = np.linspace(0.0, 1.0, 400)

    def last(rates: Any) -> Any:
        def slope(y: Any, t: Any, rates: Any) -> Any:
            return [-rates["out"] * y[0] + np.mean(drive), rates["in"][0] * y[0]]

        return odeint(slope, [1.0, 0.0], TIMES, (rates,), **TIGHT)[-1, 1]

    rates = {"out": 0.5, "in": [2.0]}
    gradient = jitad.grad(last)(rates)
    assert_allclose(gradient["in"][0] * 2.0, last(rates), rtol=1e-7)
    assert gradient["out"] < 0


def test_errors() -> None:
    def branching(y: Any, t: Any) -> Any:
        return -y if sign(y[0] - 0.9) == "up" else y

    with pytest.raises(jitad.TraceError, match="branches"):
        jitad.grad(lambda y0: odeint(branching, y0, TIMES)[-1, 0])(np.ones(1))
    with pytest.raises(jitad.TraceError, match="t_eval"):
        jitad.grad(lambda y0: np.sum(solve_ivp(lambda t, y: y, (0, 1), y0).y))(np.ones(1))
    for times in ([0.0, 2.0], [0.5, 0.25], []):
        with pytest.raises(jitad.ShapeError, match="t_eval"):
            f = lambda y0, t=times: solve_ivp(lambda t, y: y, (0, 1), y0, t_eval=t).y[0, -1]  # noqa: E731
            jitad.grad(f)(np.ones(1))
    with pytest.raises(jitad.TraceError, match="events"):
        f = lambda y0: solve_ivp(lambda t, y: y, (0, 1), y0, events=lambda t, y: y[0]).y[0, -1]  # noqa: E731
        jitad.grad(f)(np.ones(1))
    with pytest.raises(jitad.implicit.ConvergenceError, match="step size"):
        jitad.grad(lambda y0: solve_ivp(lambda t, y: y * y, (0, 5), y0).y[0, -1])(np.ones(1))
    with pytest.raises(jitad.TraceError, match="full_output"):
        jitad.grad(lambda y0: odeint(lambda y, t: y, y0, TIMES, full_output=1)[0, 0])(np.ones(1))
    with pytest.raises(jitad.ShapeError, match="ravel"):
        jitad.grad(lambda y0: odeint(lambda y, t: y, y0, TIMES)[0, 0])(np.ones((2, 2)))
