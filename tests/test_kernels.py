"""Kernels: from Python, from Numba code, in threads, pickled; what is kept, and what is seen."""

import gc
import pickle
import re
import threading
import time
from typing import Any

import numba
import numpy as np
import pytest
from branching import sign

import jitad
from jitad.codegen.chunks import CHUNK
from jitad.ir.builder import evaluate
from jitad.runtime import launch
from jitad.runtime.services import STACK_ARENA


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    gradient = np.zeros_like(x)
    gap = x[1:] - x[:-1] ** 2
    gradient[1:] += 200 * gap
    gradient[:-1] += -400 * x[:-1] * gap - 2 * (1 - x[:-1])
    return gradient


POINTS = {n: np.linspace(-1.0, 1.5, n) for n in (2, 3, 10, 500, 40_000)}


@pytest.mark.parametrize("n", POINTS)
def test_njit_gives_what_python_gives(n):
    x = POINTS[n]
    kernel = jitad.compile(jitad.value_and_grad(rosenbrock), x)
    from_python, from_numba = kernel(x), kernel.njit(x)
    # Numba's pipeline may contract other products and sums into one rounding.
    np.testing.assert_allclose(from_numba[0], from_python[0], rtol=1e-14)
    np.testing.assert_allclose(from_numba[1], from_python[1], rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(from_python[1], rosenbrock_gradient(x), rtol=1e-12, atol=1e-9)


def test_njit_is_called_from_compiled_code_without_python():
    kernel = jitad.compile(jitad.grad(rosenbrock), POINTS[10]).njit

    @numba.njit(nogil=True)
    def descend(x, steps):
        for _ in range(steps):
            x = x - 1e-4 * kernel(x)
        return x

    expected = POINTS[10]
    for _ in range(50):
        expected = expected - 1e-4 * rosenbrock_gradient(expected)
    np.testing.assert_allclose(descend(POINTS[10], 50), expected, rtol=1e-10)


def test_njit_out_writes_into_the_arrays_that_it_is_given():
    kernel = jitad.compile(jitad.value_and_grad(rosenbrock), POINTS[10])
    value, gradient = np.zeros(()), np.zeros(10)
    assert kernel.njit_out(POINTS[10], value, gradient) is None
    np.testing.assert_allclose(value, rosenbrock(POINTS[10]))
    np.testing.assert_allclose(gradient, rosenbrock_gradient(POINTS[10]))


def test_njit_takes_strided_and_read_only_arrays():
    kernel = jitad.compile(jitad.grad(rosenbrock), np.zeros(10)).njit
    wide = np.linspace(0.0, 1.0, 20)
    np.testing.assert_allclose(kernel(wide[::2]), rosenbrock_gradient(wide[::2]))
    frozen = POINTS[10].copy()
    frozen.flags.writeable = False
    np.testing.assert_allclose(kernel(frozen), rosenbrock_gradient(frozen))


def test_njit_writes_no_zeros_into_the_memory_of_temporaries():
    kernel = jitad.compile(jitad.grad(lambda x: np.sum(np.cumsum(np.sin(x)) ** 2)), np.ones(1000))
    assert 8000 <= kernel.code.arena <= STACK_ARENA
    kernel.njit(np.ones(1000))
    (text,) = kernel.njit.inspect_llvm().values()
    assert all(int(n) < 8000 for n in re.findall(r"memset.*, i8 0, i64 (\d+)", text))


def test_njit_refuses_another_shape():
    kernel = jitad.compile(jitad.grad(rosenbrock), np.zeros(10)).njit
    with pytest.raises(jitad.ShapeError, match="another shape"):
        kernel(np.zeros(11))


def test_njit_refuses_another_dtype():
    kernel = jitad.compile(jitad.grad(rosenbrock), np.zeros(10)).njit
    with pytest.raises(numba.TypingError, match="compiled for an array of shape"):
        kernel(np.zeros(10, np.float32))


def test_njit_refuses_another_path():
    kernel = jitad.compile(lambda x: x * 2 if sign(x) == "up" else -x, 1.0).njit
    assert kernel(3.0) == 6.0
    with pytest.raises(jitad.TraceError, match="another path"):
        kernel(-3.0)


def test_njit_refuses_an_index_out_of_bounds():
    kernel = jitad.compile(lambda x, i: x[i], np.arange(3.0), np.array([0, 2])).njit
    with pytest.raises(jitad.ShapeError, match="out of bounds"):
        kernel(np.arange(3.0), np.array([0, 3]))


def test_scalars_of_every_dtype_pass_through_both_doors():
    def function(a, b, c, d, e):
        return np.where(e, a + b, c * 1.0 + d)

    args = (2.0, np.float32(0.5), 3, np.int32(4), True)
    kernel = jitad.compile(function, *args)
    assert kernel(*args) == kernel.njit(*args) == 2.5


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_results_keep_the_dtype(dtype):
    x = np.linspace(0, 1, 7, dtype=dtype)
    value, gradient = jitad.value_and_grad(lambda x: np.sum(np.sin(x) * 2.0))(x)
    assert value.dtype == gradient.dtype == dtype


def test_a_kernel_refuses_other_shapes_with_an_error():
    kernel = jitad.compile(jitad.grad(rosenbrock), np.zeros(10))
    with pytest.raises(jitad.ShapeError, match="compiled for"):
        kernel(np.zeros(3))


def test_kernels_pickle():
    kernel = jitad.compile(jitad.value_and_grad(rosenbrock), POINTS[10])
    again = pickle.loads(pickle.dumps(kernel))
    np.testing.assert_array_equal(again(POINTS[10])[1], kernel(POINTS[10])[1])


def test_transformed_functions_pickle():
    gradient = pickle.loads(pickle.dumps(jitad.grad(rosenbrock)))
    np.testing.assert_allclose(gradient(POINTS[3]), rosenbrock_gradient(POINTS[3]))


def test_unpickled_arrays_are_arguments_like_others():
    x = pickle.loads(pickle.dumps(POINTS[10]))
    np.testing.assert_allclose(jitad.grad(rosenbrock)(x), rosenbrock_gradient(x))


def test_arrays_that_are_closed_over_are_read_where_they_lie():
    weights = np.arange(12.0).reshape(3, 4)
    views = [weights, weights.T, weights[::2, 1::2], weights[::-1], weights[:, 2]]
    functions = [lambda x, w=w: np.sum(np.sin(w * x)) for w in views]
    gradients = [jitad.grad(f) for f in functions]
    for scale in (1.0, 0.5):
        weights *= scale
        for view, gradient in zip(views, gradients, strict=True):
            np.testing.assert_allclose(gradient(0.3), np.sum(np.cos(view * 0.3) * view))


def test_arguments_may_be_strided_read_only_or_misaligned():
    gradient = jitad.grad(rosenbrock)
    wide = np.linspace(0.0, 1.0, 20)
    np.testing.assert_allclose(gradient(wide[::2]), rosenbrock_gradient(wide[::2]))
    raw = np.zeros(81, np.uint8)[1:].view(np.float64)
    raw[:] = wide[::2]
    assert not raw.flags.aligned
    np.testing.assert_allclose(gradient(raw), rosenbrock_gradient(wide[::2]))


def test_a_new_shape_is_compiled_and_old_ones_are_kept():
    gradient = jitad.grad(lambda x: rosenbrock(x))
    for n in (2, 10, 3, 10, 2, 500, 3):
        np.testing.assert_allclose(gradient(POINTS[n]), rosenbrock_gradient(POINTS[n]), atol=1e-9)


def test_kernels_are_evicted_and_nothing_dangles(monkeypatch):
    monkeypatch.setattr(launch, "MAX_KERNELS", 2)
    gradient = jitad.grad(lambda tree: rosenbrock(tree["x"]))
    shapes = (2, 3, 4, 5, 6)
    for n in (*shapes, *shapes):
        x = np.linspace(0, 1, n)
        np.testing.assert_allclose(gradient({"x": x})["x"], rosenbrock_gradient(x))
        gc.collect()
    assert len(gradient.known.trees) == 2


def test_machine_code_lives_as_long_as_its_function():
    entry = jitad.compile(jitad.grad(rosenbrock), POINTS[10]).entry
    gc.collect()
    np.testing.assert_allclose(entry(POINTS[10]), rosenbrock_gradient(POINTS[10]))


def test_many_threads_compile_and_call_at_once():
    gradient = jitad.grad(lambda x: rosenbrock(x))
    failures = []

    def work(seed):
        for n in (2, 3, 10, 500):
            x = np.random.default_rng(seed).random(n)
            for _ in range(20):
                if not np.allclose(gradient(x), rosenbrock_gradient(x)):
                    failures.append((seed, n))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_kernels_release_the_gil():
    x = np.linspace(0.0, 1.0, 2_000_000)
    kernel = jitad.compile(lambda x: np.sum(np.arctan2(np.cbrt(x), np.exp(x))), x)
    kernel(x)
    ticks, running = [], True

    def tick():
        while running:
            ticks.append(time.perf_counter())
            time.sleep(1e-4)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    for _ in range(5):
        kernel(x)
    stop = time.perf_counter()
    running = False
    thread.join()
    assert sum(start < t < stop for t in ticks) > 5  # without release: one a call at most


def straight_line(operations):
    """A scalar program that is long enough to be cut into several functions: a line for each."""
    lines = [f"v{k} = x[{k}]" for k in range(5)]
    for k in range(operations):
        a, b = f"v{k + 4 - k % 4}", f"v{k + 4 - k * 7 % 5}"
        lines.append(
            f"v{k + 5} = " + (f"np.sin({a}) * {b}", f"{a} * 0.5 + {b}", f"{a} - {b} * 0.25")[k % 3]
        )
    lines.append(f"return v{operations + 4} + v{operations + 3}")
    names = {"np": np}
    exec("def function(x):\n    " + "\n    ".join(lines), names)
    return names["function"]


@pytest.mark.parametrize("operations", [10, 2 * CHUNK])
def test_long_straight_line_code(operations):
    x = np.linspace(0.1, 0.9, 5)
    transformed = jitad.value_and_grad(straight_line(operations))
    value, gradient = transformed(x)
    expected = evaluate(transformed.plan(x).tape, [x])
    np.testing.assert_allclose(value, expected[0], rtol=1e-10)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-9)
    if operations > CHUNK:
        assert jitad.compile(transformed, x).code.text.count("define i64") > 2


def test_inspection():
    kernel = jitad.compile(jitad.grad(rosenbrock), POINTS[500])
    assert "define" in kernel.inspect_llvm()
    assert "ret" in kernel.inspect_asm()
    assert kernel.address > 0
    text = jitad.explain(jitad.grad(rosenbrock), POINTS[10])
    for name in ("== trace", "== fold", "== schedule", "== llvm"):
        assert name in text


def test_a_tuple_of_one_array_is_not_the_array():
    function = jitad.jit(lambda t, y: t[0] * y)
    x, y = np.array([2.0, 3.0, 4.0]), np.array([1.0, 1.0, 2.0])
    np.testing.assert_array_equal(function((x,), y), x * y)
    np.testing.assert_array_equal(function(x, y), x[0] * y)
    np.testing.assert_array_equal(function((x,), y), x * y)


def test_results_into_given_arrays() -> None:
    def f(x: Any, w: Any) -> Any:
        return {"sum": np.sum(x * w), "wave": np.sin(x), "flag": x > 0.5}

    x = np.linspace(0.0, 1.0, 50_000)
    kernel = jitad.compile(f, x, 2.0)
    out = {"sum": np.empty(()), "wave": np.empty(50_000), "flag": np.empty(50_000, bool)}
    assert kernel(x, 2.0, out=out) is out
    want = f(x, 2.0)
    np.testing.assert_allclose(out["sum"], want["sum"])
    np.testing.assert_allclose(out["wave"], want["wave"], rtol=1e-14)
    np.testing.assert_array_equal(out["flag"], want["flag"])
    for wrong in (
        {**out, "wave": np.empty(49_999)},
        {**out, "flag": np.empty(50_000)},
        {**out, "wave": np.empty((50_000, 2))[:, 0]},
        [out["sum"], out["wave"], out["flag"]],
    ):
        with pytest.raises(jitad.ShapeError, match="out="):
            kernel(x, 2.0, out=wrong)
    with pytest.raises(jitad.ShapeError, match="shares memory"):
        kernel(x, 2.0, out={**out, "wave": x})
    with pytest.raises(jitad.ShapeError, match="compiled for"):
        kernel(x[:-1], 2.0, out=out)


def test_given_arrays_and_paths() -> None:
    kernel = jitad.compile(lambda x: x * 2 if sign(x[0]) == "up" else x, np.ones(3))
    with pytest.raises(jitad.TraceError, match="another path"):
        kernel(-np.ones(3), out=np.empty(3))
