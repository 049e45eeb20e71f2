"""Arrays that a function changes while it runs, and questions what a value is: as in NumPy.

A case here is the function, whose value at X NumPy gives, and its gradient, by differences.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import jitad
from cases import case

X = np.array([1.0, 2.0, 3.0])
STEP = 1e-5
Function = Callable[[Any], Any]


def as_in_numpy(f: Function) -> Function:
    """Enter a function of three numbers, a polynomial of degree 4 at most, into the table."""

    def test() -> tuple[Any, Any]:
        value, gradient = jitad.value_and_grad(f)(X)
        slopes = [
            (8 * (f(X + h) - f(X - h)) - (f(X + 2 * h) - f(X - 2 * h))) / (12 * STEP)
            for h in np.eye(3) * STEP
        ]
        # Of such a polynomial only what is rounded is wrong in the slopes.
        exact = np.allclose(gradient, slopes, rtol=1e-8, atol=1e-8)
        return (value, exact, gradient.shape), (f(X.copy()), True, (3,))

    test.__name__, test.__module__ = f.__name__, __name__
    case(test)
    return f


@as_in_numpy
def one_place_after_the_other(x: Any) -> Any:
    e, s = np.zeros(3), 0.0
    for i in range(3):
        e[i] = 1.0
        s = s + (i + 1) * np.dot(e, x) ** 2
        e[i] = 0.0
    return s


@as_in_numpy
def weights_scaled_between_uses(x: Any) -> Any:
    w = np.ones(3)
    y = w * x
    w *= 5
    return np.sum(y + w * x * x)


@as_in_numpy
def index_changed_between_uses(x: Any) -> Any:
    i = np.arange(3)
    s = x[i][0] * x[1]
    i[0] = 2
    return s + 10 * x[i][0]


@as_in_numpy
def changed_by_a_function(x: Any) -> Any:
    v = x * 2

    def kick(u: Any) -> None:
        u += 0.5

    kick(v)
    return np.sum(v**2)


@as_in_numpy
def rows_changed_in_turn(x: Any) -> Any:
    a = np.outer(x, x)
    for row in a:
        row *= row[0]
    return np.sum(a)


@as_in_numpy
def changed_through_a_view(x: Any) -> Any:
    y = x * x
    v = y[1:]
    v += 1
    return np.sum(y**2)


@as_in_numpy
def another_name_is_written_to(x: Any) -> Any:
    a = np.zeros(3)
    b = a
    for i in range(3):
        b[i] = x[i] ** 2 if x[i] > 1.5 else x[i]
    return np.sum(a * x)


@as_in_numpy
def differences_of_itself(x: Any) -> Any:
    y = x * 1.0
    y[1:] -= y[:-1]
    return np.sum(y**2)


@as_in_numpy
def diagonal_filled(x: Any) -> Any:
    a = np.zeros((3, 3))
    np.fill_diagonal(a, x)
    a[0] += x
    return np.sum(a @ a)


@as_in_numpy
def swapped_elements(x: Any) -> Any:
    y = x * x
    y[0], y[2] = y[2], y[0]
    return y[0] * 3 + y[1] * y[2]


@as_in_numpy
def list_of_arrays_changed(x: Any) -> Any:
    parts = [x * 1.0, x * 2.0]
    for p in parts:
        p *= 3
    return np.sum(parts[0] * parts[1])


# -- questions -------------------------------------------------------------------------------------

QUESTIONS: Sequence[tuple[str, Function]] = (
    ("is_an_array", lambda x: isinstance(x, np.ndarray)),
    ("is_a_number", lambda x: isinstance(x, numbers.Number)),
    ("element_is_a_number", lambda x: isinstance(x if np.isscalar(x) else x[0], numbers.Number)),
    ("is_floating", lambda x: isinstance(x, np.floating)),
    ("is_a_float", lambda x: isinstance(x, float)),
    ("is_one_of", lambda x: isinstance(x, (list, tuple, np.ndarray))),
    ("is_scalar", lambda x: np.isscalar(x)),
    ("has_a_length", lambda x: hasattr(x, "__len__")),
    ("has_a_shape", lambda x: hasattr(x, "shape")),
    ("type_is_array", lambda x: type(x) is np.ndarray),
    ("type_is_float", lambda x: type(x) is float),
    ("type_of_an_element", lambda x: type(x) is float or issubclass(type(x[0]), np.float64)),
)
"""Whether something is so, of an array, a number of Python's and one of NumPy's."""


def _asked(name: str, question: Function) -> None:
    def test() -> tuple[Any, Any]:
        values = (X, 2.0) if "element" in name else (X, 2.0, np.float64(2.0), np.float32(2.0))
        got = tuple(bool(jitad.jit(question)(x)) for x in values)
        return got, tuple(bool(question(x)) for x in values)

    test.__name__, test.__module__ = name, __name__
    case(test)


for _name, _question in QUESTIONS:
    _asked(_name, _question)
