"""Derivatives that are 0 for that conditions alone reach the result: one warning, and no other."""

from __future__ import annotations

import linecache
import warnings
from types import FunctionType
from typing import Any

import numpy as np
import pytest

import jitad

TABLE = np.array([0.0, 1.0, 2.0, 3.0])


def bisection(a):
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if middle * middle < a:  # here
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def golden_section(a):
    low, high = 0.0, 10.0
    while high - low > 1e-8:
        p, q = high - 0.618 * (high - low), low + 0.618 * (high - low)
        if (p - a) ** 2 < (q - a) ** 2:  # here
            high = q
        else:
            low = p
    return low


def table_search(x):
    return np.exp(TABLE)[np.searchsorted(TABLE, x)]  # here


def place_in_a_table(x):
    i = 0
    while i < 3 and TABLE[i] < x:  # here
        i += 1
    return TABLE[i] ** 2


def whole_part(x):
    return 2.0 * float(int(3 * x))  # here


def index_of_a_floor(x):
    return TABLE[int(np.floor(x))]  # here


def selected(x):
    return np.where(x > 1.0, 2.0, 3.0)  # here


def counted(x):
    n = 0.0
    for k in range(40):
        if x * k > 5.0:  # here
            n += 1.0
    return n


def checked_before(x):
    if x < 0:
        raise ValueError("negative")
    return bisection(x)


def helper_that_searches(x):
    return 3.0 * bisection(2.0 * x)


SEARCHES = (
    *(bisection, golden_section, table_search, place_in_a_table, whole_part, index_of_a_floor),
    *(selected, counted, checked_before, helper_that_searches),
)


def sign(x):
    return 2.0 * np.sign(x)


def floor(x):
    return np.floor(x) + np.round(x, 1) + np.rint(x)


def constant(x):
    return 3.0


def meant(x):
    return bisection(jitad.stop_gradient(x))


def also_by_itself(x):
    return bisection(x) * x


def rectified(x):
    return np.maximum(x, 0.0) + np.where(x > 1, x, 0.0) + abs(x)


def to_a_tolerance(x):
    y = 1.0
    for _ in range(20):
        y = 0.5 * (y + x / y)
        if abs(y * y - x) < 1e-12:
            break
    return y


def carried_through(x):
    s = x
    for _ in range(30):
        if s > 1.0:
            s = s * 0.5
    return s


def found_by_a_root(x):
    return jitad.implicit.root(lambda y, a: y * y - a, 1.0, x)


def only_checked(x):
    if x < 0:
        raise ValueError("negative")
    return 1.0


ORDINARY = (
    *(sign, floor, constant, meant, also_by_itself, rectified, to_a_tolerance, carried_through),
    *(found_by_a_root, only_checked),
)

DERIVATIVES: dict[str, Any] = {
    "grad": jitad.grad,
    "value_and_grad": jitad.value_and_grad,
    "jacfwd": jitad.jacfwd,
    "jacrev": jitad.jacrev,
    "hessian": jitad.hessian,
    "vjp": lambda f: lambda x: jitad.vjp(f, x)[1](1.0),
    "jvp": lambda f: lambda x: jitad.jvp(f, (x,), (1.0,)),
    "linearize": lambda f: lambda x: jitad.linearize(f, x)[1](1.0),
    "vmap": lambda f: lambda x: jitad.vmap(jitad.grad(f))(np.array([x, x + 0.1])),
    "compile": lambda f: lambda x: jitad.compile(jitad.grad(f), x)(x),
    "jit": lambda f: jitad.jit(lambda x: jitad.grad(f)(x)),
}


def _said(call: Any, *xs: Any) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for x in xs:
            call(x)
    return found


def _line_of(f: Any) -> int:
    f = {checked_before: bisection, helper_that_searches: bisection}.get(f, f)
    first = f.__code__.co_firstlineno
    return next(k for k in range(first, first + 20) if "# here" in linecache.getline(__file__, k))


def _anew(f: Any) -> Any:
    """The function, of which nothing has been said yet."""
    return FunctionType(f.__code__, f.__globals__, f.__name__)


@pytest.mark.parametrize("name", DERIVATIVES)
@pytest.mark.parametrize("f", [pytest.param(f, id=f.__name__) for f in SEARCHES])
def test_one_warning_names_the_line(f: Any, name: str) -> None:
    (found,) = _said(DERIVATIVES[name](_anew(f)), 2.3, 2.4, 2.3)
    assert found.category is jitad.ZeroDerivativeWarning
    assert found.filename == __file__
    said = str(found.message)
    assert f"line {_line_of(f)}:" in said
    assert "jitad.implicit" in said


@pytest.mark.parametrize("name", DERIVATIVES)
@pytest.mark.parametrize("f", [pytest.param(f, id=f.__name__) for f in ORDINARY])
def test_no_false_alarm(f: Any, name: str) -> None:
    assert not _said(DERIVATIVES[name](_anew(f)), 2.3, 2.4)


def test_only_what_is_differentiated_counts() -> None:
    def f(x, tolerance, n):
        y = x
        for _ in range(n):
            if y * y < tolerance:
                break
            y = 0.5 * y
        return y

    def said(call: Any) -> list[str]:
        return [str(w.message) for w in _said(lambda _: call(), 0)]

    assert not said(lambda: jitad.grad(f)(2.0, 0.1, 5))
    assert not said(lambda: jitad.jvp(f, (2.0, 0.1, 5), (1.0, 0.0, 0)))
    assert not said(lambda: jitad.vjp(f, 2.0, 0.1, 5))
    (by_both,) = said(lambda: jitad.grad(f, argnums=(0, 1))(2.0, 0.1, 5))
    assert "by x1" in by_both


def test_the_derivative_is_still_0() -> None:
    with pytest.warns(jitad.ZeroDerivativeWarning):
        assert jitad.grad(_anew(bisection))(2.0) == 0.0
