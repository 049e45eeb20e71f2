"""What a function stores outside of itself is stored at each call, whatever transform it is under.

The oracle is the function itself, called at the same points in turn: what it leaves outside then is
what calls of its transforms have to leave there.
"""

from __future__ import annotations

import copy
import threading
import warnings
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from storing import PROGRAMS, Program, history_of_points

import jitad

POINTS = ([0.5, -1.0], [2.0, 0.25], [-0.5, 3.0], [1.5, 1.0])

TRANSFORMS: dict[str, Callable[[Any, Any], Any]] = {
    "jit": lambda f, x: jitad.jit(f)(x),
    "grad": lambda f, x: jitad.grad(f)(x),
    "value_and_grad": lambda f, x: jitad.value_and_grad(f)(x)[0],
    "jacfwd": lambda f, x: jitad.jacfwd(f)(x),
    "jvp": lambda f, x: jitad.jvp(f, (x,), (np.ones(2),))[0],
    "vjp": lambda f, x: jitad.vjp(f, x)[0],
    "linearize": lambda f, x: jitad.linearize(f, x)[0],
    "hessian": lambda f, x: jitad.hessian(f)(x),
    "grad within jit": lambda f, x: jitad.jit(lambda x: jitad.grad(f)(x))(x),
    "within a function": lambda f, x: jitad.jit(lambda x: jitad.jit(f)(x * 1.0) + 1.0)(x),
}


def run(make: Callable[[], Program], transform: Callable[[Any, Any], Any]) -> list[Any]:
    """What is outside after each call."""
    f, state = make()
    found = []
    for point in POINTS:
        transform(f, np.array(point))
        found.append(copy.deepcopy(state()))
    return found


def check_same(found: Any, wanted: Any) -> None:
    """Numbers to rounding, all else as it is; no traced value is left."""
    if isinstance(wanted, (list, tuple, deque)):
        assert type(found) is type(wanted) and len(found) == len(wanted), (found, wanted)
        for a, b in zip(found, wanted, strict=True):
            check_same(a, b)
    elif isinstance(wanted, dict):
        assert type(found) is type(wanted) and list(found) == list(wanted), (found, wanted)
        check_same([*found.values()], [*wanted.values()])
    elif isinstance(wanted, (int, str, set, type(None))):
        assert found == wanted and type(found) is type(wanted)
    else:
        assert isinstance(found, (float, np.ndarray, np.generic)), found
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:.*reads and changes:RuntimeWarning")
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_each_call_leaves_what_the_function_leaves(name: str, transform: str) -> None:
    wanted = run(PROGRAMS[name], lambda f, x: f(x))
    check_same(run(PROGRAMS[name], TRANSFORMS[transform]), wanted)


def test_a_transform_that_is_kept_does_it_at_each_call_and_traces_once() -> None:
    f, state = history_of_points()
    g = jitad.grad(f)
    for point in POINTS:
        g(np.array(point))
    check_same(state(), [np.array(point) for point in POINTS])
    (tree,) = g.trees((np.array(POINTS[0]),), {})
    assert len(tree.paths) == 1


def test_what_only_counts_or_appends_constants_counts_traces() -> None:
    runs, marks, counts, calls = 0, [], {"n": 0, "last": None}, [0]
    holder = SimpleNamespace(left=10)

    def f(x: Any) -> Any:
        nonlocal runs
        runs += 1
        holder.left -= 1
        marks.append("traced")
        counts["n"] += 1
        counts["last"] = x[0]
        calls[0] += 1
        return np.sum(x**2)

    g = jitad.grad(f)
    for point in POINTS:
        g(np.array(point))
    assert (runs, marks, counts["n"], calls, holder.left) == (1, ["traced"], 1, [1], 9)
    assert counts["last"] == POINTS[-1][0]
    g(np.ones(3))
    assert (runs, len(marks), counts["n"], calls, holder.left) == (2, 2, 2, [2], 8)


def test_arrays_that_are_stored_are_new_at_each_call() -> None:
    f, state = history_of_points()
    g = jitad.grad(f)
    g(np.ones(2))
    g(np.ones(2))
    first, second = state()
    first[0] = 7.0
    assert second[0] == 1.0


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_trace_that_is_left_leaves_all_as_it_was(error: type[BaseException]) -> None:
    holder, items, table = SimpleNamespace(a=1.0), [1], {"k": 1}
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        holder.a, holder.b = x, x
        items.append(x)
        table["k"], table["j"] = x, x
        raise error("stop")

    with pytest.raises(error):
        jitad.grad(f)(2.0)
    assert (vars(holder), items, table, calls) == ({"a": 1.0}, [1], {"k": 1}, 0)


def test_what_cannot_be_made_of_numbers_is_said() -> None:
    holder = SimpleNamespace(curve=None, last=0.0)

    def f(x: Any) -> Any:
        holder.curve = lambda t: x * t
        holder.last = x
        return holder.curve(2.0)

    with pytest.warns(RuntimeWarning, match=r"stores what is made of traced values in 'curve'"):
        assert jitad.grad(f)(3.0) == 2.0
    assert holder.curve is None and holder.last == 3.0


def test_tracing_compiling_and_explaining_do_nothing_outside() -> None:
    f, state = history_of_points()
    jitad.trace(f, np.ones(2))
    jitad.explain(f, np.ones(2))
    with pytest.warns(RuntimeWarning, match="what is compiled does not"):
        kernel = jitad.compile(jitad.grad(f), np.ones(2))
    np.testing.assert_allclose(kernel(np.ones(2)), 2.0)
    assert state() == []


def test_a_function_that_is_dropped_goes_with_its_object() -> None:
    import gc
    import weakref

    class Model:
        def loss(self, x: Any) -> Any:
            self.last = x
            return x**2

    model = Model()
    jitad.grad(model.loss)(2.0)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_two_threads_count_every_call() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x)
        return x**2

    g = jitad.grad(f)
    g(0.0)
    threads = [threading.Thread(target=lambda: [g(float(k)) for k in range(500)]) for _ in "ab"]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(seen) == 1001
    assert all(isinstance(x, (float, np.floating)) for x in seen)


def test_without_a_warning_where_nothing_depends_on_it() -> None:
    for name in ("history_of_points", "parameters_of_a_model"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run(PROGRAMS[name], TRANSFORMS["grad"])
