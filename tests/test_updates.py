"""`x.at[...]`, how traced arrays print, and np.vectorize: what Python asks of their elements."""

from __future__ import annotations

from typing import Any

import numpy
import oracle
import pytest

import jitad
import jitad.numpy

X = numpy.random.default_rng(5).normal(size=6).astype(numpy.float32).astype(float)

# -- x.at ------------------------------------------------------------------------------------------

KEYS: tuple[Any, ...] = (
    1, slice(1, 4), slice(None, None, -2), ..., [0, 2], numpy.array([1, 1, 3]),
    numpy.array([True, False, True, False, False, True]), (None, slice(2, 3)),
)  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_at(key: Any, path: str) -> None:
    """As in JAX: an element that is named several times is updated as often."""

    def f(x: Any) -> Any:
        place, values = x.at[key], numpy.sin(x)[key]
        return (
            *(place.set(values), place.add(values), place.subtract(2), place.multiply(values)),
            *(place.divide(2 + values), place.power(2), place.min(0.1), place.max(values)),
            *(place.get(), place.apply(numpy.exp), x.at[x > 0].add(3), x),
        )

    def expected(x: Any) -> Any:
        values = numpy.sin(x)[key]

        def at(ufunc: Any, other: Any) -> Any:
            y = x.copy()
            ufunc.at(y, key, other)
            return y

        y, z, m = x.copy(), x.copy(), x.copy()
        y[key], z[key] = values, numpy.exp(x[key])
        m[x > 0] += 3
        return (
            *(y, at(numpy.add, values), at(numpy.subtract, 2), at(numpy.multiply, values)),
            *(at(numpy.divide, 2 + values), at(numpy.power, 2), at(numpy.minimum, 0.1)),
            *(at(numpy.maximum, values), x[key], z, m, x),
        )

    oracle.assert_same(jitad.jit(f)(X), oracle.plain(expected, [X]), 1e-12)
    tangents = oracle.leaves(jitad.jvp(f, (X,), (X,))[1])
    for got, slope, smooth in zip(tangents, *oracle.judged(expected, [X], [X]), strict=True):
        numpy.testing.assert_allclose(got[smooth], slope[smooth], rtol=1e-8, atol=1e-7)


def test_at_a_traced_index() -> None:
    def f(x: Any, i: Any) -> Any:
        return x.at[i].multiply(2.0), x.at[i].add(x[:3]), x.at[i[0]].max(x[5])

    i = numpy.array([1, 1, -1])
    twice, added, most = jitad.jit(f)(X, i)
    numpy.testing.assert_allclose(twice, X * [1, 4, 1, 1, 1, 2])
    numpy.testing.assert_allclose(added - X, [0, X[0] + X[1], 0, 0, 0, X[2]])
    assert most[1] == max(X[1], X[5])


# -- printing --------------------------------------------------------------------------------------


def test_values_print_with_their_numbers() -> None:
    seen: list[str] = []

    def f(x: Any) -> Any:
        out = jitad.numpy.zeros(2)
        seen.append(str(out))
        out[0] = x[0]
        y = x * 2
        seen.extend(
            [f"{y}", f"{y[0]:.2f}", repr(x[1]), str(out), f"{out[0]:8.3e}", f"{y[:, None]}"]
        )
        return y

    kernel = jitad.jit(f)
    kernel(numpy.array([1.0, 2.5]))
    assert seen == [
        "<traced f64[2]: [0. 0.]>",
        "<traced f64[2]: [2. 5.]>",
        "<traced 2.00>",
        "<traced f64: 2.5>",
        "<traced f64[2]: [1. 0.]>",
        "<traced 1.000e+00>",
        "<traced f64[2,1]: [[2.] [5.]]>",
    ]
    seen.clear()
    numpy.testing.assert_array_equal(kernel(numpy.array([3.0, 4.0])), [6, 8])
    assert not seen  # no guard was recorded: the kernel holds


def test_vectorize_of_python_functions_with_branches() -> None:
    def step(a: Any, b: Any) -> Any:
        return a * b if a > 1 else b

    f = jitad.numpy.vectorize(step)
    x = numpy.array([0.5, 2.0, 3.0])
    numpy.testing.assert_array_equal(f(x, 2.0), [2, 4, 6])
    numpy.testing.assert_array_equal(jitad.jit(lambda x: f(x, 2.0))(x), [2, 4, 6])
    gradient = jitad.grad(lambda x: numpy.sum(f(x, 2.0)))(x)
    numpy.testing.assert_array_equal(gradient, [0, 2, 2])
    grid = jitad.grad(lambda x: numpy.sum(f(x[:, None], x)))(x)
    numpy.testing.assert_allclose(grid, [6.0, 11.5, 11.5])
