"""`parallel=True`: the same results, to the bit on any number of threads, and within the user's."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import oracle
import pytest

import jitad

_rng = np.random.default_rng(0)
POINTS = _rng.normal(size=(100_001, 3))
LONG = _rng.normal(size=1_000_003)
TABLE = _rng.normal(size=(301, 4001))


@pytest.fixture(autouse=True)
def same_count() -> Iterator[None]:
    before = jitad.get_num_threads()
    yield
    jitad.set_num_threads(before)


def elementwise(x: Any) -> Any:
    return np.tanh(x) * x, x[::-1] + 1.0, x > 0.5


def reductions(x: Any) -> Any:
    y = np.sin(x)
    return np.sum(y), np.max(y * x), np.min(y), np.sum(y) * y


def columns(x: Any) -> Any:
    """Each block has sums of its own, of all columns."""
    y = np.exp(-x * x)
    return np.sum(y, axis=0), np.max(y, axis=0), np.sum(y, axis=1)


def mapped(x: Any) -> Any:
    def at(p: Any) -> Any:
        return np.sin(p[0] * p[1]) / (1.0 + p[2] ** 2)

    return jitad.vmap(jitad.value_and_grad(at))(x)


def loss(x: Any) -> Any:
    return np.mean((np.exp(x) - 1.0) ** 2)


def differences(x: Any) -> Any:
    return np.sum((x[1:] - x[:-1]) ** 2) + np.sum(np.cumsum(x)[-5:])


def branch(x: Any) -> Any:
    y = np.sum(x * np.cos(x))
    return y * 2 if y > 0 else -y


def paths(x: Any) -> Any:
    """A loop over points, each of which takes its own path, in memory of its block's own."""

    def at(p: Any) -> Any:
        if p[0] > 0.0:
            return np.sum(np.cumsum(np.sin(p) * weight)) ** 2
        y = p[1]
        while y > 0.7:
            y = y * 0.9
        return y * p[2]

    weight = np.sum(x[:5])
    return jitad.vmap(jitad.value_and_grad(at))(x)


PROGRAMS: dict[Callable[..., Any], np.ndarray] = {
    elementwise: LONG,
    reductions: LONG,
    columns: TABLE,
    mapped: POINTS,
    paths: POINTS,
    jitad.value_and_grad(loss): LONG,
    jitad.value_and_grad(differences): LONG,
    jitad.value_and_grad(branch): LONG,
}
NAMES = ("elementwise", "reductions", "columns", "mapped", "paths", "loss", "differences", "branch")
every = pytest.mark.parametrize("f", PROGRAMS, ids=NAMES)


@every
def test_results_and_bits(f: Callable[..., Any]) -> None:
    x = PROGRAMS[f]
    serial, threads = jitad.jit(f), jitad.jit(f, parallel=True)
    assert "jitad_on_threads" in jitad.compile(f, x, parallel=True).code.text
    jitad.set_num_threads(1)
    want = oracle.leaves(threads(x))
    oracle.assert_same(want, oracle.leaves(serial(x)), 1e-10)
    for count in (2, 3, 7, 200):
        jitad.set_num_threads(count)
        for got, one in zip(oracle.leaves(threads(x)), want, strict=True):
            np.testing.assert_array_equal(got, one)


def test_small_work_is_left_alone() -> None:
    kernel = jitad.compile(lambda x: np.sum(x * x), np.ones(1000), parallel=True)
    assert "jitad_on_threads" not in kernel.code.text


def test_what_a_block_reports() -> None:
    def pick(x: Any, places: Any) -> Any:
        return np.sin(x[places]) + 1.0

    places = np.zeros(1_000_000, np.int64)
    f = jitad.jit(pick, parallel=True)
    np.testing.assert_array_equal(f(LONG, places), np.sin(LONG[places]) + 1.0)
    assert "jitad_on_threads" in jitad.compile(pick, LONG, places, parallel=True).code.text
    places[900_000] = len(LONG)
    with pytest.raises(jitad.ShapeError, match="out of bounds"):
        f(LONG, places)


def test_within_the_users_threads() -> None:
    f = jitad.value_and_grad(loss)
    compiled = jitad.jit(f, parallel=True)
    want = compiled(LONG)[1]
    with ThreadPoolExecutor(4) as pool:
        for _, gradient in pool.map(compiled, [LONG] * 12):
            np.testing.assert_array_equal(gradient, want)


def run_apart(code: str) -> str:
    """What a program prints that ends well, in a process of its own."""
    code = "import os, warnings\nimport numpy as np, jitad\n" + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_within_a_fork() -> None:
    """A child process has none of the threads that its parent keeps, and starts its own."""
    code = """
warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of threads and forks
jitad.set_num_threads(3)
x = np.linspace(0, 1, 1_000_003)
kernel = jitad.compile(lambda x: np.sum(np.sin(x)), x, parallel=True)
want = kernel(x)
child = os.fork()
same = kernel(x) == want
if child == 0:
    os._exit(not same)
print(os.waitpid(child, 0)[1], same)
"""
    assert run_apart(code) == "0 True\n"


def test_after_the_threads_have_slept() -> None:
    compiled = jitad.jit(jitad.grad(loss), parallel=True)
    jitad.set_num_threads(4)
    want = compiled(LONG)
    for pause in (0.0, 1e-4, 0.01, 0.05):
        time.sleep(pause)
        np.testing.assert_array_equal(compiled(LONG), want)


def test_a_process_ends_while_threads_look_out_for_work() -> None:
    code = """
jitad.set_num_threads(4)
x = np.ones(1_000_000)
kernel = jitad.compile(lambda x: np.sum(np.sin(x)), x, parallel=True)
kernel(x), print(float(kernel(x)))
"""
    assert float(run_apart(code)) == pytest.approx(1e6 * np.sin(1.0))


def test_within_numba() -> None:
    import numba

    kernel = jitad.compile(jitad.grad(loss), LONG, parallel=True)
    step = kernel.njit

    @numba.njit
    def descend(x: Any) -> Any:
        return x - 0.1 * step(x)

    np.testing.assert_array_equal(descend(LONG), LONG - 0.1 * kernel(LONG))


def test_number_of_threads() -> None:
    jitad.set_num_threads(3)
    assert jitad.get_num_threads() == 3
    for count in (0, -1, 1000):
        with pytest.raises(ValueError, match="between 1 and"):
            jitad.set_num_threads(count)


def test_where_there_are_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(jitad.CompileError, match="POSIX"):
        jitad.compile(loss, LONG, parallel=True)


def test_fastmath() -> None:
    x = np.linspace(0.1, 1.0, 5000)
    kernel = jitad.compile(lambda x: np.sum(x / 3.0 + x / 3.0), x, fastmath=True)
    assert "fadd fast" in kernel.code.text
    np.testing.assert_allclose(kernel(x), np.sum(x * 2 / 3))
    nan = jitad.jit(lambda x: np.where(np.isnan(x), 0.0, x), fastmath=True)
    np.testing.assert_array_equal(nan(np.array([1.0, np.nan])), [1.0, 0.0])
