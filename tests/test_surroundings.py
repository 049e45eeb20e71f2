"""What a function reads from outside may be bound to another object: it is then traced again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jitad

FACTOR = 2.0
WEIGHTS = np.ones(3)
NUMBERS = [1.0, 2.0]
OPTIONS: dict[str, Any] = {"scale": 3.0, "function": np.sin}
X = np.array([0.5, 1.0, 2.0])


def of_global(x: Any) -> Any:
    return np.sum(x * FACTOR)


def of_array(x: Any) -> Any:
    return np.sum(x * WEIGHTS)


def helper(x: Any) -> Any:
    return x * NUMBERS[0] * OPTIONS["scale"]


def of_containers(x: Any) -> Any:
    return np.sum(OPTIONS["function"](helper(x)))


def of_inner_function(x: Any) -> Any:
    return np.sum([FACTOR * part for part in x])


class Model:
    """State in attributes, read by methods of one another."""

    def __init__(self) -> None:
        self.scale = 1.0
        self.inner = {"power": 2}

    @property
    def doubled(self) -> float:
        return 2 * self.scale

    def penalty(self, x: Any) -> Any:
        return np.sum(x ** self.inner["power"])

    def __call__(self, x: Any) -> Any:
        return self.doubled * self.penalty(x)

    def loss(self, x: Any) -> Any:
        return self(x) + 1.0


MODEL = Model()


def of_object(x: Any) -> Any:
    return MODEL.loss(x)


def check(f: Callable[[Any], Any]) -> None:
    """A gradient that has been used before is that of the function as it is now."""
    fresh = jitad.grad(lambda x: f(x))(X)
    np.testing.assert_array_equal(GRADIENTS.setdefault(f, jitad.grad(f))(X), fresh)
    np.testing.assert_array_equal(GRADIENTS[f](X), fresh)


GRADIENTS: dict[Any, Any] = {}


@pytest.mark.parametrize(
    ("f", "change"),
    [
        (of_global, ("FACTOR", 5.0)),
        (of_array, ("WEIGHTS", np.array([1.0, 2.0, 3.0]))),
        (of_inner_function, ("FACTOR", 7.0)),
        (of_containers, ("NUMBERS", [4.0])),
        (of_containers, ("OPTIONS", {"scale": 0.5, "function": np.cos})),
        (of_object, ("MODEL", Model())),
    ],
)
def test_globals(f: Any, change: tuple[str, Any], monkeypatch: Any) -> None:
    check(f)
    monkeypatch.setitem(globals(), *change)
    check(f)
    monkeypatch.undo()
    check(f)


def test_contents_of_containers(monkeypatch: Any) -> None:
    check(of_containers)
    NUMBERS[0] = 2.5
    check(of_containers)
    NUMBERS[0] = 1.0
    monkeypatch.setitem(OPTIONS, "scale", 1.5)
    check(of_containers)
    monkeypatch.setitem(OPTIONS, "function", np.exp)
    check(of_containers)


def test_attributes_of_objects() -> None:
    model = Model()
    bound, called = jitad.grad(model.loss), jitad.grad(model)
    for change in (("scale", 3.0), ("scale", 0.5), ("inner", {"power": 3})):
        setattr(model, *change)
        want = 2 * model.scale * model.inner["power"] * X ** (model.inner["power"] - 1)
        np.testing.assert_allclose(bound(X), want)
        np.testing.assert_allclose(called(X), want)
    model.inner["power"] = 1
    np.testing.assert_allclose(bound(X), np.full(3, model.doubled))


def test_cells_defaults_and_partials() -> None:
    factor = 1.0

    def f(x: Any, table: Any = NUMBERS) -> Any:
        return x * factor * table[1]

    def f_of_two(scale: Any, x: Any) -> Any:
        return x * scale["by"]

    g = jitad.grad(jitad.jit(f))
    hessian = jitad.hessian(lambda x: f(x) ** 2)
    assert (g(1.0), hessian(1.0)) == (2.0, 8.0)
    factor = 3.0
    assert (g(1.0), hessian(1.0)) == (6.0, 72.0)
    table = {"by": 2.0}
    scaled = jitad.grad(functools.partial(f_of_two, table))
    assert scaled(1.0) == 2.0
    table["by"] = 4.0
    assert scaled(1.0) == 4.0


def test_the_same_again_is_not_traced_again() -> None:
    traces = 0
    factor, weights = 2.5, np.ones(3)

    def f(x: Any) -> Any:
        nonlocal traces
        traces += 1
        return np.sum(weights * x) * factor

    g = jitad.grad(f)
    g(X)
    factor = float("2.5")  # another object, the same number
    weights[0] = 2.0  # read by reference
    np.testing.assert_array_equal(g(X), [5.0, 2.5, 2.5])
    assert traces == 1
    factor = 5.0
    np.testing.assert_array_equal(g(X), [10.0, 5.0, 5.0])
    assert traces == 2


def test_a_deleted_name_is_pythons_error() -> None:
    def make() -> tuple[Any, Any]:
        number = 2.0

        def f(x: Any) -> Any:
            return x * number

        def forget() -> None:
            nonlocal number
            del number

        return f, forget

    f, forget = make()
    g = jitad.grad(f)
    assert g(1.0) == 2.0
    forget()
    with pytest.raises(NameError):
        g(1.0)


@pytest.mark.parametrize("source", ["global", "state", "generator"])
def test_random_numbers_are_drawn_at_each_call(source: str) -> None:
    generator = np.random.default_rng(0)
    state = np.random.RandomState(0)

    def f(x: Any) -> Any:
        if source == "global":
            return x * np.random.normal()
        return x * (state.normal() if source == "state" else generator.normal())

    g = jitad.grad(f)
    numbers = set()
    for _ in range(3):
        with pytest.warns(RuntimeWarning, match="random numbers"):
            numbers.add(float(g(1.0)))
    assert len(numbers) == 3


def test_random_numbers_of_the_surroundings_do_not_matter() -> None:
    generator = np.random.default_rng(0)
    noise = generator.normal(size=3)

    def f(x: Any) -> Any:
        return np.sum(x * noise)

    g = jitad.grad(f)
    np.testing.assert_array_equal(g(X), noise)
    generator.normal()
    np.testing.assert_array_equal(g(X), noise)
