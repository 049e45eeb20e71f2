"""Inputs of GradBench's evals, drawn at random in the ways of the evals: name -> sizes -> input.

The evals of bundle adjustment, hand tracking and the LSTM read files; here are inputs of the same
shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Input = Any
"""A number for hello, else a dictionary; arrays in it are written as lists."""


class Case(NamedTuple):
    """One function of one eval at one input."""

    eval: str
    function: str
    size: str
    given: Input


def hello(rng: np.random.Generator) -> Input:
    """A number."""
    return float(rng.uniform(1, 10))


def gmm(rng: np.random.Generator, d: int, k: int, n: int = 1000) -> Input:
    """n points in d dimensions, k components."""
    return {
        "d": d, "k": k, "n": n, "m": 0, "gamma": 1.0,
        "alpha": rng.normal(size=k), "mu": rng.uniform(size=(k, d)), "q": rng.normal(size=(k, d)),
        "l": rng.normal(size=(k, d * (d - 1) // 2)), "x": rng.normal(size=(n, d)),
    }  # fmt: skip


def ba(rng: np.random.Generator, n: int, m: int, p: int) -> Input:
    """n cameras, m points, p observations, all alike."""
    turn, centre = rng.uniform(-1, 1, 3), rng.uniform(30, 60, 3)
    distortion = [0.09, 0.003]
    camera = [*turn, *centre, 420.0, 6.0, -8.5, *distortion]
    return {
        "n": n, "m": m, "p": p, "cam": camera, "x": rng.uniform(-10, 10, 3),
        "w": float(rng.uniform(0.2, 0.9)), "feat": rng.uniform(-300, 300, 2),
    }  # fmt: skip


def ht(rng: np.random.Generator, points: int, vertices: int, *, simple: bool = True) -> Input:
    """A hand of 22 bones in chains of four, each vertex moved by four of them."""
    bones = 22
    parents = [-1, 0] + [0 if k % 4 == 2 else k - 1 for k in range(2, bones)]
    weights = np.zeros((vertices, bones))
    for row in weights:
        row[rng.choice(bones, 4, replace=False)] = rng.dirichlet(np.ones(4))
    relatives = np.tile(np.eye(4), (bones, 1, 1))
    relatives[:, :3] += 0.1 * rng.normal(size=(bones, 3, 4))
    triangles = rng.integers(0, vertices, (2 * vertices, 3))
    model = {
        "bone_count": bones, "bone_names": [f"bone {k}" for k in range(bones)],
        "parents": parents, "base_relatives": relatives,
        "inverse_base_absolutes": np.linalg.inv(relatives),
        "base_positions": np.c_[rng.normal(size=(vertices, 3)), np.ones(vertices)],
        "weights": weights, "triangles": triangles, "is_mirrored": False,
    }  # fmt: skip
    data = {
        "model": model, "points": rng.normal(size=(points, 3)),
        "correspondences": rng.integers(0, vertices if simple else 2 * vertices, points),
    }  # fmt: skip
    us = [] if simple else rng.uniform(0, 0.5, (points, 2))
    return {"theta": 0.3 * rng.normal(size=26), "us": us, "data": data}


def lstm(rng: np.random.Generator, layers: int, characters: int, bits: int = 14) -> Input:
    """A text of as many characters."""
    return {
        "main_params": rng.uniform(size=(2 * layers, 4 * bits)),
        "extra_params": rng.uniform(size=(3, bits)), "state": rng.uniform(size=(2 * layers, bits)),
        "sequence": rng.integers(0, 2, (characters, bits)),
    }  # fmt: skip


def kmeans(rng: np.random.Generator, k: int, n: int, d: int) -> Input:
    """n points in d dimensions, the last k of them the centroids, so that each has a point."""
    points = rng.uniform(size=(n, d))
    return {"points": points, "centroids": points[-k:]}


def lse(rng: np.random.Generator, n: int) -> Input:
    """n numbers."""
    return {"x": rng.uniform(size=n)}


def llsq(rng: np.random.Generator, m: int, n: int) -> Input:
    """m coefficients, n places."""
    return {"x": rng.normal(size=m), "n": n}


def ode(rng: np.random.Generator, n: int, s: int) -> Input:
    """n rates, s steps."""
    return {"x": rng.uniform(0.5, 1.5, n), "s": s}


def particle(rng: np.random.Generator) -> Input:
    """The eval has but this one."""
    return {"w": 0.0}


def saddle(rng: np.random.Generator) -> Input:
    """The eval has but this one."""
    return {"start": [1.0, 1.0]}


def det(rng: np.random.Generator, size: int) -> Input:
    """A matrix (size, size)."""
    return {"A": rng.normal(size=size * size), "ell": size}


def _case(make: Callable[..., Input], functions: str, **sizes: Any) -> list[Case]:
    label = ", ".join(f"{name}={size}" for name, size in sizes.items())
    given = make(np.random.default_rng(0), **sizes)
    return [Case(make.__name__, function, label, given) for function in functions.split()]


def quick() -> list[Case]:
    """Small inputs of everything."""
    return [
        *_case(hello, "square double"),
        *_case(gmm, "objective jacobian", d=4, k=3, n=50),
        *_case(ba, "objective jacobian", n=5, m=20, p=100),
        *_case(ht, "objective jacobian", points=30, vertices=100, simple=True),
        *_case(ht, "objective jacobian", points=30, vertices=100, simple=False),
        *_case(lstm, "objective jacobian", layers=2, characters=50),
        *_case(kmeans, "cost dir", k=5, n=200, d=3),
        *_case(lse, "primal gradient", n=1000),
        *_case(llsq, "primal gradient", m=16, n=64),
        *_case(ode, "primal gradient", n=6, s=20),
        *_case(particle, "rr ff fr rf"),
        *_case(saddle, "rr ff fr rf"),
        *_case(det, "primal gradient", size=5),
    ]


def full() -> list[Case]:
    """Inputs of the sizes that the evals have; hello is no measure of anything."""
    cases: list[Case] = []
    for d, k in ((10, 25), (20, 50), (64, 10), (64, 50)):
        cases += _case(gmm, "objective jacobian", d=d, k=k)
    for n, m, p in ((49, 7776, 31843), (257, 65132, 225911), (253, 163691, 899155)):
        cases += _case(ba, "objective jacobian", n=n, m=m, p=p)
    for points, vertices, simple in (
        (800, 544, True), (800, 10000, True), (800, 10000, False), (12800, 10000, False)
    ):  # fmt: skip
        cases += _case(ht, "objective jacobian", points=points, vertices=vertices, simple=simple)
    for layers, characters in ((2, 1024), (4, 1024), (4, 4096)):
        cases += _case(lstm, "objective jacobian", layers=layers, characters=characters)
    for k, n, d in ((10, 10000, 16), (100, 10000, 8), (1000, 10000, 8)):
        cases += _case(kmeans, "cost dir", k=k, n=n, d=d)
    for n in (10000, 160000, 640000):
        cases += _case(lse, "primal gradient", n=n)
    for n in (128, 1024, 8192):
        cases += _case(llsq, "primal gradient", m=128, n=n)
    for n, s in ((1000, 100), (10000, 10), (10000, 100)):
        cases += _case(ode, "primal gradient", n=n, s=s)
    for size in (6, 8, 10):
        cases += _case(det, "primal gradient", size=size)
    return [*cases, *_case(particle, "rr ff fr rf"), *_case(saddle, "rr ff fr rf")]
