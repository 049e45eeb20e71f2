"""Where a kernel has no result: what each door says, what it leaves behind; nothing leaks.

Also what ends a kernel from outside: Ctrl-C, a fork, memory that there is not.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from branching import sign
from numba.core.runtime import _nrt_python

import jitad
from jitad.runtime import services, team

X = np.linspace(1.0, 2.0, 1024)
PLACES = np.arange(1024)


def _branch(x: Any) -> Any:
    return np.exp(x) * 2 if sign(x[0]) == "up" else -x


def _chosen(x: Any, i: Any) -> Any:
    y = np.sin(x)
    return y[i] * 2  # here


def _inverse(a: Any) -> Any:
    return np.linalg.inv(a)  # here


def _called_back(x: Any) -> Any:
    return np.linalg.eigh(x)[0] + np.linalg.pinv(x)[0]


def alive() -> int:
    """How many pieces of memory Numba's code holds, since this was first asked."""
    _nrt_python.memsys_enable_stats()
    stats = numba.core.runtime.rtsys.get_allocation_stats()
    return stats.alloc - stats.free


FAILURES: list[tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...], type, str]] = [
    (_branch, (X,), (-X,), jitad.TraceError, "another path"),
    (_chosen, (X, PLACES), (X, PLACES + 1), IndexError, "out of bounds"),
    (_inverse, (np.eye(3),), (np.zeros((3, 3)),), jitad.LinearAlgebraError, "is singular"),
    (lambda x: x[::-1] * 2, (X,), (X[:5],), jitad.ShapeError, "shape"),
]
"""A function, arguments that it is compiled for, others that fail, the error, what it says."""


@pytest.mark.parametrize("number", range(len(FAILURES)))
def test_numba_says_what_failed_and_leaks_nothing(number: int) -> None:
    f, args, bad, kind, words = FAILURES[number]
    kernel = jitad.compile(f, *args)
    right = kernel.njit(*args)
    with pytest.raises(kind, match=words) as caught:
        kernel.njit(*bad)
    assert "# here" in str(caught.value) or f not in (_chosen, _inverse)
    counts = [sys.getrefcount(x) for x in bad]
    before = alive()
    for _ in range(50):
        with pytest.raises(kind):
            kernel.njit(*bad)
    after = alive()
    assert before == after
    assert counts == [sys.getrefcount(x) for x in bad]
    assert kernel.failures == 51
    assert isinstance(kernel.last_failure, kind)
    np.testing.assert_array_equal(kernel.njit(*args), right)
    assert kernel.failures == 51


@pytest.mark.parametrize("number", range(len(FAILURES)))
def test_on_failure_nan(number: int) -> None:
    f, args, bad, kind, words = FAILURES[number]
    kernel = jitad.compile(f, *args, on_failure="nan")
    assert kernel.last_failure is None
    assert np.isnan(kernel.njit(*bad)).all()
    out = np.zeros_like(kernel.njit(*args))
    assert kernel.njit_out(*bad, out) is None
    assert np.isnan(out).all()
    assert kernel.failures == 2
    assert isinstance(kernel.last_failure, kind)
    assert words in str(kernel.last_failure)


def test_in_a_parallel_loop_failures_are_counted() -> None:
    kernel = jitad.compile(_branch, X, on_failure="nan")
    one = kernel.njit

    @numba.njit(parallel=True)
    def all_of(points: Any, results: Any) -> None:
        for i in numba.prange(len(points)):
            results[i] = one(points[i])

    points = np.stack([X, -X, X, -X, X])
    results = np.zeros_like(points)
    all_of(points, results)
    np.testing.assert_array_equal(np.isnan(results).all(1), [False, True, False, True, False])
    np.testing.assert_array_equal(results[0], kernel(X))
    assert kernel.failures == 2


def test_on_failure_is_one_of_two() -> None:
    with pytest.raises(jitad.CompileError, match="raise"):
        jitad.compile(np.sin, 1.0, on_failure="ignore")


def test_results_share_no_memory() -> None:
    reverse = jitad.compile(lambda x: x[::-1] * 2.0, X)
    two = jitad.compile(lambda x: (x + 1, x * 2), X)
    y = X.copy()
    with pytest.raises(jitad.ShapeError, match="shares memory"):
        reverse.njit_out(y, y)
    for door in (lambda: two.njit_out(X, y, y), lambda: two(X, out=(y, y))):
        with pytest.raises(jitad.ShapeError, match="shares memory"):
            door()
    with pytest.raises(jitad.ShapeError, match="shares memory"):
        two.bind(X, out=(y, y))
    wide = np.zeros(1030)
    with pytest.raises(jitad.ShapeError, match="shares memory"):
        reverse.njit_out(wide[:1024], wide[6:])
    reverse.njit_out(y, wide[:1024])
    np.testing.assert_array_equal(wide[:1024], y[::-1] * 2)


def test_strided_arguments_are_copied_and_freed() -> None:
    def f(a: Any, b: Any, z: Any, i: Any) -> Any:
        return a.T @ a, ~b, z * 2j, i + 1

    a, b = np.arange(24.0).reshape(4, 6), np.array([True, True, False, True])
    z, i = np.array([1j, 0, 2, 0]), np.arange(8, dtype=np.int32)
    args = (a[::2, ::3], b[::2], z[::-2], i[1::2])
    kernel = jitad.compile(f, *args)
    before = alive()
    got = kernel.njit(*args)
    for x, y in zip(got, kernel(*args), strict=True):
        np.testing.assert_array_equal(x, y)
    del got, x, y
    after = alive()
    assert before == after


def test_arenas_are_shared_and_given_back() -> None:
    def f(x: Any) -> Any:
        y = np.cumsum(np.sin(x))
        return np.sum(np.cumsum(y * x) * y)

    def kept() -> int:
        return sum(x is not None for x in services._slots)

    services.release_arenas()
    kernels = [jitad.compile(jitad.grad(f), np.ones(20_000 + k)) for k in range(3)]
    bound = [kernel.bind(np.ones(20_000 + k)) for k, kernel in enumerate(kernels)]
    for k, kernel in enumerate(kernels):
        kernel(np.ones(20_000 + k))
        bound[k]()
    assert kept() == 1
    services.release_arenas()
    assert kept() == 0


def test_many_arguments() -> None:
    xs = [np.linspace(0.5, 1.5, 3 * (k % 4 + 1)).reshape(3, -1) for k in range(40)]

    def f(d: Any) -> Any:
        return sum(np.sum(np.sin(x) * x) for x in d["a"]) * d["c"] * d["d"]

    args = {"a": xs, "c": 2.0, "d": np.float64(3)}
    kernel = jitad.compile(jitad.grad(f), args)
    got = kernel(args)
    for x, y in zip(xs, got["a"], strict=True):
        np.testing.assert_allclose(y, (np.cos(x) * x + np.sin(x)) * 6, rtol=1e-13)
    out = {"a": [np.empty_like(x) for x in xs], "c": np.empty(()), "d": np.empty(())}
    assert kernel(args, out=out) is out
    for x, y in zip(out["a"], got["a"], strict=True):
        np.testing.assert_array_equal(x, y)
    assert (out["c"], out["d"]) == (got["c"], got["d"])
    with pytest.raises(jitad.ShapeError, match="shares memory"):
        kernel(args, out={**out, "a": xs})
    with pytest.raises(jitad.ShapeError, match="compiled for"):
        kernel({**args, "a": [np.ones(2)] * 40})
    across = {**args, "a": [np.asfortranarray(x) for x in xs]}
    for x, y in zip(kernel(across)["a"], got["a"], strict=True):
        np.testing.assert_array_equal(x, y)


# -- in processes of their own ---------------------------------------------------------------------


def in_child(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(text), *arguments],
        capture_output=True, text=True, timeout=100, check=False,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip


INTERRUPTED = """
    import os, signal, sys, threading, time
    import jitad, numpy as np

    signal.signal(signal.SIGINT, signal.default_int_handler)  # else ignored by shells

    def forever(x):
        def goes_on(c):
            return (c[1] >= 0) & (x > 0)

        return jitad.while_loop(goes_on, lambda c: (c[0] * 0.5, c[1] + 1), (x, 0))[0]

    def long(x):
        return jitad.fori_loop(0, 10**13, lambda i, c: c * 0.5 + i, x)

    def pairs(x):
        return np.sum(np.exp(-np.abs(x[:, None] - x[None, :]) ** 1.5))

    def press():
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    def run(call, x):
        try:
            call(x)
        except KeyboardInterrupt:
            print("ended", flush=True)

    for which in sys.argv[1:]:
        print(which, end=": ", flush=True)
        x = np.linspace(0, 1, 300_000) if which.startswith("pairs") else 1.0
        f = {"forever": forever, "long": long, "pairs": pairs}[which.split()[0]]
        kernel = jitad.compile(f, x, parallel="threads" in which)
        call = kernel.njit if "njit" in which else jitad.jit(f) if "jit" in which else kernel
        if f is forever:
            call(-1.0)
        if "apart" in which:
            other = threading.Thread(target=run, args=(call, x), daemon=True)
            other.start()
            while other.is_alive():  # the first may come before it has begun
                try:
                    press()
                    other.join(2)
                except KeyboardInterrupt:
                    pass
        else:
            threading.Thread(target=press, daemon=True).start()
            run(call, x)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to itself")
def test_an_interrupt_ends_what_runs_long() -> None:
    ways = [
        *("forever", "forever jit", "forever njit", "long", "pairs", "pairs threads"),
        "forever apart",
    ]
    child = in_child(INTERRUPTED, *ways)
    assert child.stdout == "".join(f"{way}: ended\n" for way in ways), child.stderr


def test_a_handler_of_signals_ends_a_kernel_by_what_it_raises() -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no alarm")
    child = in_child("""
        import signal, jitad

        class Late(Exception):
            pass

        def handle(number, frame):
            raise Late

        signal.signal(signal.SIGALRM, handle)
        kernel = jitad.compile(
            lambda x: jitad.while_loop(lambda c: c[1] >= 0, lambda c: (c[0], c[1] + 1), (x, 0)), 1.0
        )
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            kernel(1.0)
        except Late:
            print("late")
    """)
    assert child.stdout == "late\n", child.stderr


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork")
def test_a_fork_waits_for_those_who_compile() -> None:
    child = in_child("""
        import os, signal, threading, time
        import jitad, numpy as np

        done = False

        def compiling():
            k = 0
            while not done:
                k += 1
                jitad.jit(lambda x, k=k: np.sum(np.sin(x) * k))(np.ones(3 + k % 50))

        jitad.jit(lambda x: x * 2)(1.0)
        for _ in range(2):
            threading.Thread(target=compiling, daemon=True).start()
        for k in range(3):
            time.sleep(0.05)
            pid = os.fork()
            if pid == 0:
                signal.alarm(30)
                jitad.grad(lambda x: np.sum(x**3) * k)(np.ones(3))
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        done = True
        time.sleep(0.5)
    """)
    assert child.returncode == 0, child.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of a process's memory elsewhere")
def test_without_memory_for_one_result_the_others_are_freed() -> None:
    child = in_child("""
        import resource, sys
        import jitad, numpy as np

        def outer(x):
            return x[:, None] * x[None, :]

        x, small = np.ones(5000), np.ones(3)
        two = jitad.compile(lambda x: (outer(x), outer(x) + 1, outer(x) + 2), x)
        one = jitad.compile(outer, x)
        doors = (two, one), (two.njit, one.njit)
        for f in (*doors[0], *doors[1]):
            try:
                f(small)
            except ValueError:
                pass
        pages = int(open("/proc/self/statm").read().split()[0])
        limit = pages * resource.getpagesize() + (500 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        for two, one in doors:
            for _ in range(4):
                try:
                    two(x)
                except MemoryError:
                    print("no memory")
            assert one(x).shape == (5000, 5000)
            print("one result")
    """)
    assert child.stdout == ("no memory\n" * 4 + "one result\n") * 2, child.stderr


def test_threads_in_one_kernel() -> None:
    def f(x: Any) -> Any:
        y = np.cumsum(np.sin(x))
        return np.sum(np.cumsum(y * x) * y)

    x = np.linspace(0, 1, 20_000)
    kernel, function = jitad.compile(jitad.grad(f), x), jitad.grad(f)
    right = kernel(x)
    with ThreadPoolExecutor(12) as pool:
        found = [pool.submit(g, x) for _ in range(100) for g in (kernel, function)]
        assert all(np.array_equal(y.result(), right) for y in found)


@pytest.mark.parametrize("wish", ["-1", "abc", "1e3", "300", str(10**30)])
def test_a_number_of_threads_that_is_none(wish: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITAD_NUM_THREADS", wish)
    with pytest.warns(RuntimeWarning, match="a whole number from 1 to 256"):
        assert team._at_first() >= 1
    monkeypatch.setenv("JITAD_NUM_THREADS", " 3 ")
    assert team._at_first() == 3


def test_numba_keeps_no_function_that_calls_a_kernel(tmp_path: Path) -> None:
    """Its code holds addresses of this process, and what the kernel's function closes over."""
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
        import sys
        import jitad, numba, numpy as np

        table, factor = np.arange(5.0), float(sys.argv[1])
        inner = jitad.compile(lambda x: np.sum(table * x) * factor, np.ones(5)).njit

        @numba.njit(cache=True)
        def outer(x):
            return inner(x)

        print(outer(np.ones(5)))
    """)
    )
    for factor in ("1", "2"):
        child = subprocess.run(
            [sys.executable, "-W", "ignore", str(program), factor],
            capture_output=True, text=True, check=False,
            env={**__import__("os").environ, "PYTHONPATH": str(Path(jitad.__file__).parents[1])},
        )  # fmt: skip
        assert child.stdout == f"{10.0 * float(factor)}\n", child.stderr
