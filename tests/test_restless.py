"""What answers otherwise each time (random numbers, clocks, iterators) is asked at each call."""

from __future__ import annotations

import random
import secrets
import time
import uuid
from datetime import datetime
from typing import Any

import numpy as np
import pytest

import jitad


def _batches() -> Any:
    batches = iter(range(1, 100))
    return lambda x: x * next(batches)


def _instance() -> Any:
    source = random.Random(0)
    return lambda x: x * source.random()


def _bound() -> Any:
    draw = np.random.default_rng(0).normal
    return lambda x: x * draw()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * random.random(),
        lambda x: x * random.gauss(0.0, 1.0),
        lambda x: x * np.random.default_rng().normal(),
        lambda x: x * np.random.RandomState().normal(),
        lambda x: x * random.Random().random(),
        lambda x: x * time.time(),
        lambda x: x * time.perf_counter_ns(),
        lambda x: x * datetime.now().timestamp(),
        lambda x: x * secrets.randbits(50),
        lambda x: x * (uuid.uuid4().int % 10**15),
        _batches(),
        _instance(),
        _bound(),
    ],
)
def test_what_answers_otherwise_each_time(f: Any) -> None:
    g, answers = jitad.grad(f), set()
    for _ in range(3):
        with pytest.warns(RuntimeWarning, match="traced and compiled at each call"):
            answers.add(float(g(1.0)))
    assert len(answers) == 3


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState, random.Random])
def test_generators_as_arguments(make: Any) -> None:
    f = jitad.jit(lambda x, source: x * source.uniform(0.0, 1.0))
    source, plain = make(0), make(0)
    for _ in range(3):
        with pytest.warns(RuntimeWarning, match="draws random numbers"):
            assert f(2.0, source) == 2.0 * plain.uniform(0.0, 1.0)


def test_a_seeded_generator_made_inside_is_compiled() -> None:
    f = jitad.jit(lambda x: x * np.random.default_rng(3).normal())
    assert f(1.0) == f(1.0) == np.random.default_rng(3).normal()
