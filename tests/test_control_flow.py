"""Programs with data-dependent control flow: no wrong answer, on any path, in any order.

One transformed function of each kind serves all points of a program, in an order by chance that
comes back to each of them. Values are compared with the function as it is, gradients and second
derivatives with differences of its values, tangents with gradients; and a path that has been taken
before must cost no trace.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import oracle
import pytest
from control_flow import PROGRAMS, Program
from hypothesis import given, settings
from hypothesis import strategies as st

import jitad
from jitad.frontend.pytree import flatten, unflatten
from jitad.textbook import dual

Function = Callable[..., Any]
Arguments = tuple[Any, ...]

ROUNDS = 3
"""How often each point is visited."""

STEPS = (2.0**-8, 2.0**-11, 2.0**-14)
"""Of differences: the first at which two halves of a step agree about a derivative judges it."""

SECOND = ((1, 3 / 2), (2, -3 / 20), (3, 1 / 90))
"""Second differences of sixth order: (sum_k w_k (f(x + k h) + f(x - k h) - 2 f(x))) / h^2."""


# -- arguments, and what is made of a result -------------------------------------------------------


def kind(x: Any) -> str:
    """The kind of the dtype of an argument's or a result's leaf; "?" of what is no number."""
    return np.result_type(x).kind if not isinstance(x, str) else "?"


def active(args: Arguments) -> tuple[int, ...]:
    """The arguments that are differentiated: those made of floats."""
    leaves = [flatten(x)[0] for x in args]
    return tuple(k for k, xs in enumerate(leaves) if xs and all(kind(x) == "f" for x in xs))


def total(f: Function) -> Function:
    """The sum of all results of floating point, each with a weight of its own."""

    def weighted_sum(*args: Any) -> Any:
        result: Any = 0.0
        for k, x in enumerate(flatten(f(*args))[0]):
            if kind(x) == "f":
                weights = np.cos(np.arange(np.size(x)) + k).reshape(np.shape(x))
                result = result + np.sum(weights.astype(np.result_type(x)) * x)
        return result

    return weighted_sum


class Point:
    """Arguments on a path, and what is right there by the function as it is."""

    def __init__(self, f: Function, args: Arguments) -> None:
        self.args = args
        self.active = active(args)
        self._total = total(f)
        leaves = flatten([args[k] for k in self.active])
        self._leaves, self._structure = leaves
        flat = [np.ravel(x) for x in self._leaves]
        self.x = np.concatenate(flat).astype(float) if flat else np.zeros(0)
        self.dtypes = [np.result_type(x) for x in self._leaves]
        self.single = np.float32 in self.dtypes
        self._known: dict[bytes, float] = {}

    def tree(self, x: np.ndarray, dtypes: Sequence[Any] | None = None) -> list[Any]:
        """A vector as the active arguments, in float64 or in those dtypes."""
        ends = np.cumsum([np.size(leaf) for leaf in self._leaves])[:-1]
        parts = []
        for k, (part, leaf) in enumerate(zip(np.split(x, ends), self._leaves, strict=True)):
            dtype = float if dtypes is None else dtypes[k]
            shaped = part.reshape(np.shape(leaf)).astype(dtype)
            parts.append(float(part[0]) if isinstance(leaf, float) else shaped[()])
        return unflatten(self._structure, parts)

    def tangents(self, x: np.ndarray) -> Arguments:
        """A vector as tangents of all arguments."""
        leaves, structure = flatten(self.args)
        zeros = [leaf if kind(leaf) == "?" else np.zeros(np.shape(leaf)) for leaf in leaves]
        filled = list(unflatten(structure, zeros))
        for k, direction in zip(self.active, self.tree(x, self.dtypes), strict=True):
            filled[k] = direction
        return tuple(filled)

    def at(self, x: np.ndarray) -> float:
        """The weighted sum of the results at another vector, by the function as it is.

        It is computed once: steps that are halved share points.
        """
        key = x.tobytes()
        if key not in self._known:
            self._known[key] = self._at(x)
        return self._known[key]

    def _at(self, x: np.ndarray) -> float:
        filled = list(self.args)
        for k, value in zip(self.active, self.tree(x), strict=True):
            filled[k] = value
        with np.errstate(all="ignore"):
            return float(self._total(*filled))

    def judged(self, difference: Callable[[float], float]) -> float:
        """A derivative from the first step that agrees with its half."""
        for step in STEPS:
            coarse, fine = difference(step), difference(step / 2)
            if abs(coarse - fine) <= 1e-7 * max(1.0, abs(fine)):
                return fine
        raise AssertionError(f"the point lies at a kink: {coarse} and {fine}")

    @cached_property
    def gradient(self) -> np.ndarray:
        """By differences, element by element."""

        def along(d: np.ndarray) -> Callable[[float], float]:
            return lambda h: sum(
                w * (self.at(self.x + k * h * d) - self.at(self.x - k * h * d)) / h
                for k, w in oracle.STENCIL
            )

        return np.array([self.judged(along(d)) for d in np.eye(len(self.x))])

    def second(self, u: np.ndarray, v: np.ndarray) -> float:
        """u H v, by differences along u + v and u - v."""

        def form(d: np.ndarray, h: float) -> float:
            pairs = (
                (w, self.at(self.x + k * h * d), self.at(self.x - k * h * d)) for k, w in SECOND
            )
            return sum(w * (a + b - 2.0 * self.at(self.x)) for w, a, b in pairs) / (h * h)

        return self.judged(lambda h: (form(u + v, h) - form(u - v, h)) / 4.0)


# -- every program, on every path ------------------------------------------------------------------


class Subject:
    """A program's transformed functions, one of each kind for all of its points."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.traced: list[int] = []
        traced, function = self.traced, program.function

        def f(*args: Any) -> Any:
            traced.append(1)
            return function(*args)

        argnums = {active(args) for args in program.points.values()}
        assert len(argnums) == 1, "the same arguments are differentiated at all points"
        (self.argnums,) = argnums
        self.f, self.total = f, total(f)
        self.value = jitad.jit(f)
        self.gradient = jitad.value_and_grad(self.total, self.argnums)

        def slope(v: Any, *args: Any) -> Any:
            gradients = jitad.grad(self.total, self.argnums)(*args)
            pairs = zip(flatten(v)[0], flatten(gradients)[0], strict=True)
            return sum(np.sum(a * b) for a, b in pairs)

        self.twice = jitad.grad(slope, tuple(k + 1 for k in self.argnums))

    def check(self, point: Point, rng: np.random.Generator) -> None:
        """Value, gradient, tangent and second derivatives at a point."""
        with np.errstate(all="ignore"):
            want = self.program.function(*point.args)
        got = self.value(*point.args)
        assert flatten(got)[1] == flatten(want)[1]
        oracle.assert_same(got, oracle.leaves(want), 1e-11)
        if self.program.order > 0:
            self.check_derivatives(point, rng)

    def check_derivatives(self, point: Point, rng: np.random.Generator) -> None:
        """Where there are second ones, one kernel has all but those in reverse over reverse."""
        u, v = (d / np.linalg.norm(d) for d in rng.normal(size=(2, len(point.x))))
        tangents = point.tangents(v)
        if self.program.order == 1:
            value, gradient = self.gradient(*point.args)
            _, tangent = jitad.jvp(self.total, point.args, tangents)
        else:
            (value, gradient), (tangent, second) = jitad.jvp(self.gradient, point.args, tangents)
            back = self.twice(tuple(tangents[k] for k in self.argnums), *point.args)
            check_second(point, u, v, vector(second), vector(back))
        tolerance = 1e-4 if point.single else 1e-8
        scale = max(1.0, float(np.max(np.abs(point.gradient), initial=0.0)))
        np.testing.assert_allclose(value, point.at(point.x), rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(vector(gradient), point.gradient, atol=10 * tolerance * scale)
        assert [x.dtype for x in flatten(gradient)[0]] == point.dtypes
        limit = 1e-4 if point.single else 1e-11
        product = vector(gradient) * v
        assert abs(tangent - product.sum()) <= limit * max(1.0, np.abs(product).sum())


def check_second(
    point: Point, u: np.ndarray, v: np.ndarray, forward: np.ndarray, back: np.ndarray
) -> None:
    """Both modes' H v agree, and u H v with differences."""
    scale = max(1.0, float(np.max(np.abs(forward))))
    np.testing.assert_allclose(forward, back, atol=(1e-3 if point.single else 1e-9) * scale)
    tolerance = 1e-3 if point.single else 1e-5
    np.testing.assert_allclose(u @ forward, point.second(u, v), atol=tolerance * scale)


def vector(tree: Any) -> np.ndarray:
    return np.concatenate([np.ravel(x) for x in flatten(tree)[0]]).astype(float)


def entry(program: Program) -> Any:
    marks = [pytest.mark.xfail(reason=program.defect)] if program.defect else []
    return pytest.param(program, id=program.name, marks=marks)


@pytest.mark.parametrize("program", [entry(p) for p in PROGRAMS])
def test_every_path_in_random_order(program: Program) -> None:
    rng = np.random.default_rng(zlib.crc32(program.name.encode()))
    subject = Subject(program)
    points = {name: Point(program.function, args) for name, args in program.points.items()}
    assert len(points) > 1
    visits = [name for _ in range(ROUNDS) for name in rng.permutation(list(points)).tolist()]
    seen: set[str] = set()
    for name in visits:
        before = len(subject.traced)
        subject.check(points[name], rng)
        runs = len(subject.traced) - before
        assert runs == 0 or name not in seen, f"{runs} traces on path {name!r}, after {seen}"
        seen.add(name)


# -- points by chance, against dual numbers --------------------------------------------------------

RANGES: dict[str, tuple[tuple[float, float], ...]] = {
    "huber": ((-4, 4), (0.25, 2)),
    "tax": ((-10, 200),),
    "cubic_spline": ((-1, 4), (-2, 2)),
    "halve_until_small": ((-1, 100),),
    "nested_whiles": ((0, 9),),
    "sorting_network": ((-3, 3),),
    "merge_sort": ((-3, 3),),
    "binary_search": ((0, 4),),
    "groups_by_gaps": ((0, 4),),
    "queue_with_a_limit": ((0, 1),),
    "state_machine": ((0, 4),),
    "walk_between_barriers": ((-2, 2),),
    "isotonic_regression": ((-2, 2),),
    "time_warping": ((-2, 2), (-2, 2)),
    "alignment": ((-2, 2), (-2, 2), (0.25, 2)),
    "largest_sum_of_a_run": ((-2, 2),),
    "fractional_knapsack": ((0.5, 4), (0.5, 4), (0.5, 9)),
    "plasticity": ((-2, 2),),
    "newton_square_root": ((0.25, 90),),
    "lasso_by_coordinates": ((-2, 2), (0.125, 1)),
}
"""Programs of nothing but arithmetic, which dual numbers run as well, and for each argument the
numbers to draw from. Ties are no matter: all take the branch that Python takes."""


@pytest.mark.parametrize("name", RANGES)
def test_random_points(name: str) -> None:
    (program,) = (p for p in PROGRAMS if p.name == name)
    example = next(iter(program.points.values()))
    assert active(example) == tuple(range(len(example)))
    leaves, structure = flatten(example)
    sizes = [np.size(x) for x in leaves]
    compiled = jitad.value_and_grad(program.function, active(example))
    numbers = [
        st.floats(*limits) for n, limits in zip(sizes, RANGES[name], strict=True) for _ in range(n)
    ]

    def arguments(xs: Sequence[Any], convert: Callable[[Any], Any]) -> Arguments:
        """The numbers as arguments, those that are arrays converted."""
        ends = np.cumsum(sizes).tolist()
        parts = [xs[end - n : end] for n, end in zip(sizes, ends, strict=True)]
        made = [
            part[0] if isinstance(x, float) else convert(part)
            for x, part in zip(leaves, parts, strict=True)
        ]
        return unflatten(structure, made)

    @settings(max_examples=25)
    @given(st.tuples(*numbers))
    def check(xs: tuple[float, ...]) -> None:
        def of_scalars(scalars: list[Any]) -> Any:
            return program.function(*arguments(scalars, list))

        want, slopes = dual.value_and_gradient(of_scalars, xs)
        args = arguments(xs, np.array)
        value, gradient = compiled(*args)
        scale = max(1.0, float(np.max(np.abs(slopes))))
        np.testing.assert_allclose(value, want, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(program.function(*args), want, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(vector(gradient), slopes, rtol=1e-9, atol=1e-9 * scale)

    check()
