"""What is kept of a function, for how long; what is found again, what is shared, what is freed."""

from __future__ import annotations

import dataclasses
import functools
import gc
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import numpy as np

import jitad
from cases import case, pickled
from jitad import implicit
from jitad.runtime import keeping, shared

X = np.array([0.25, 0.5, 0.75])
POINTS = np.linspace(0.1, 1.2, 12).reshape(4, 3)


@contextmanager
def counting() -> Iterator[list[int]]:
    """How many programs are compiled within the block, in a list of one number."""
    count, load = [0], shared.load

    def counted(*args: Any) -> Any:
        count[0] += 1
        return load(*args)

    shared.load = counted
    try:
        yield count
    finally:
        shared.load = load


class Model:
    """Something large that functions close over."""

    def __init__(self) -> None:
        self.weights = np.array([1.0, 2.0, 3.0])

    def loss(self, x: Any) -> Any:
        return np.sum(self.weights * x**2)

    def __call__(self, x: Any) -> Any:
        return np.sum(self.weights * np.sin(x))


def _with_jvp(f: Any) -> Any:
    g = jitad.custom_jvp(f)
    g.defjvp(lambda primals, tangents: (f(*primals), np.sum(f(primals[0]) * tangents[0])))
    return g


def _with_vjp(f: Any) -> Any:
    g = jitad.custom_vjp(f)
    g.defvjp(lambda x: (f(x), x), lambda x, y_bar: (f(x) * y_bar * x,))
    return g


def _recursive(m: Model) -> Any:
    def power(x: Any, n: int) -> Any:
        return m.loss(x) if n == 0 else x[0] * power(x, n - 1)

    return lambda x: power(x, 3)


DOORS: dict[str, Callable[[Model, Any], Any]] = {
    "grad": lambda m, f: jitad.grad(f)(X),
    "value_and_grad": lambda m, f: jitad.value_and_grad(f)(X),
    "jit": lambda m, f: jitad.jit(f)(X),
    "jacfwd": lambda m, f: jitad.jacfwd(f)(X),
    "jacobian": lambda m, f: jitad.jacobian(f)(X),
    "hessian": lambda m, f: jitad.hessian(f)(X),
    "hvp": lambda m, f: jitad.hvp(f, (X,), (X,)),
    "jvp": lambda m, f: jitad.jvp(f, (X,), (X,)),
    "vjp": lambda m, f: jitad.vjp(f, X)[1](1.0),
    "linearize": lambda m, f: jitad.linearize(f, X)[1](X),
    "vmap": lambda m, f: jitad.vmap(f)(POINTS),
    "vmap of grad": lambda m, f: jitad.vmap(jitad.grad(f))(POINTS),
    "vmap of branches": lambda m, f: jitad.vmap(lambda x: f(x) if x[0] > 0.5 else x[1])(POINTS),
    "method": lambda m, f: jitad.grad(m.loss)(X),
    "object": lambda m, f: jitad.grad(m)(X),
    "partial": lambda m, f: jitad.grad(functools.partial(lambda g, x: g(x), f))(X),
    "recursive": lambda m, f: jitad.grad(_recursive(m))(X),
    "elementwise_grad": lambda m, f: jitad.elementwise_grad(f)(X),
    "make_hvp": lambda m, f: jitad.make_hvp(f)(X)[0](X),
    "scan": lambda m, f: jitad.scan(lambda c, x: (c + f(x), c), 0.0, POINTS),
    "map": lambda m, f: jitad.map(f, POINTS),
    "fori_loop": lambda m, f: jitad.fori_loop(0, 3, lambda i, c: c + f(X), 0.0),
    "while_loop": lambda m, f: jitad.while_loop(lambda c: c < 9.0, lambda c: c + f(X), 0.0),
    "cond": lambda m, f: jitad.cond(True, f, lambda x: x[0], X),
    "switch": lambda m, f: jitad.switch(1, [np.sum, f], X),
    "scan in grad": lambda m, f: jitad.grad(
        lambda x: jitad.scan(lambda c, y: (c + y * f(x), None), 0.0, x)[0]
    )(X),
    "cond in grad": lambda m, f: jitad.grad(lambda x: jitad.cond(x[0] > 0, f, np.sum, x))(X),
    "branch in scan": lambda m, f: jitad.jit(
        lambda x: jitad.scan(lambda c, y: (c + f(x) if y > 0.3 else c * y, None), 0.0, x)[0]
    )(X),
    "checkpoint": lambda m, f: jitad.grad(jitad.checkpoint(f))(X),
    "custom_jvp": lambda m, f: jitad.grad(_with_jvp(f))(X),
    "custom_vjp": lambda m, f: jitad.grad(_with_vjp(f))(X),
    "root": lambda m, f: implicit.root(lambda z, a: z**2 - a * f(X), 1.0, 2.0),
    "grad of root": lambda m, f: jitad.grad(
        lambda a: implicit.root(lambda z, a: z**2 - a * f(X), 1.0, a)
    )(2.0),
    "stream": lambda m, f: jitad.stream(f, POINTS),
    "stream of sums": lambda m, f: jitad.stream(f, POINTS, reduce="sum"),
    "compile": lambda m, f: jitad.compile(f, X)(X, out=np.zeros(())),
    "bind": lambda m, f: jitad.compile(f, X).bind(X)(),
    "explain": lambda m, f: jitad.explain(f, X),
    "trace": lambda m, f: jitad.trace(f, X),
    "njit": lambda m, f: jitad.grad(numba.njit(lambda x, w: np.sum(w * x**2)))(X, m.weights),
}


def _held(name: str) -> bool:
    """Whether a model lives on after it has been used by a door, twice, and dropped."""
    model = Model()
    weights = model.weights

    def f(x: Any) -> Any:
        return np.sum(weights * x**2) + 0.0 * np.sum(model.weights)

    for _ in range(2):
        DOORS[name](model, f)
    seen = weakref.ref(model), weakref.ref(weights)
    model = weights = f = None  # type: ignore[assignment]
    if name == "recursive":
        gc.collect()
    return any(x() is not None for x in seen)


@case
def what_a_function_closes_over_goes_when_it_is_dropped_without_the_collector() -> Any:
    gc.collect()
    gc.disable()
    try:
        return ", ".join(name for name in DOORS if _held(name)), ""
    finally:
        gc.enable()


@case
def machine_code_that_nobody_has_is_freed() -> Any:
    found = []
    for name in ("grad", "vmap of grad", "scan", "grad of root", "vjp", "stream"):
        before = set(shared._store.known)
        DOORS[name](Model(), lambda x, name=name: np.sum(x**2) * len(name))
        found += [weakref.ref(shared._store.known[d]) for d in set(shared._store.known) - before]
    assert found
    jitad.clear_caches()
    gc.collect()
    return sum(x() is not None for x in found), 0


# -- what is written out at every call -------------------------------------------------------------


@case
def functions_written_out_at_every_call_compile_once() -> Any:
    counts = []
    for door in (
        lambda k: jitad.vmap(lambda v: np.sin(v) * 7.5)(POINTS),
        lambda k: jitad.grad(lambda v: np.sum(v**7.5))(X),
        lambda k: jitad.stream(lambda v: np.sum(np.cos(7.5 * v)), POINTS),
        lambda k: jitad.scan(lambda c, x: (c + 7.5 * x, c), np.zeros(3), POINTS),
        lambda k: jitad.cond(k % 2 == 0, lambda x: 7.5 * x, lambda x: x - 7.5, X),
        lambda k: jitad.vmap(lambda v: v if v[0] > 0.5 else 7.5 * v)(POINTS),
        lambda k: jitad.vmap(lambda v, w=POINTS[k % 4] + k: np.sum(w * v**7.5))(POINTS),
        lambda k: implicit.root(lambda z, a: z**3 - a - 7.5, 1.0, 1.0),
    ):
        door(0)
        with counting() as count:
            for k in range(50):
                door(k)
        counts.append(count[0])
    return counts, [0] * len(counts)


@case
def a_function_that_stays_is_traced_once() -> Any:
    traces = []
    model = Model()

    def f(x: Any) -> Any:
        traces.append(1)
        return np.sum(x**2)

    class Counted:
        def __init__(self) -> None:
            self.k = 2.0

        def method(self, x: Any) -> Any:
            traces.append(1)
            return self.k * np.sum(x**2)

        __call__ = method
        __hash__ = None  # type: ignore[assignment]

    counted, fixed = Counted(), functools.partial(f)
    dispatcher = numba.njit(lambda x: np.sum(x**2))
    counts = []
    for door in (
        lambda: jitad.grad(f)(X),
        lambda: jitad.hessian(f, 0)(X),
        lambda: jitad.vmap(f)(POINTS),
        lambda: jitad.vmap(f, in_axes=(0,))(POINTS),
        lambda: jitad.vmap(jitad.grad(f))(POINTS),
        lambda: jitad.stream(f, POINTS, reduce="sum"),
        lambda: jitad.elementwise_grad(f)(X),
        lambda: jitad.map(f, POINTS),
        lambda: jitad.grad(counted.method)(X),
        lambda: jitad.grad(counted)(X),
        lambda: jitad.vmap(counted.method)(POINTS),
        lambda: jitad.grad(fixed)(X),
    ):
        door()
        before = len(traces)
        for _ in range(5):
            door()
        counts.append(len(traces) - before)
    with counting() as count:
        for g in (np.sum, np.linalg.norm, np.sin, dispatcher, model.loss, model):
            for _ in range(3):
                jitad.jit(g)(X)
    assert count[0] <= 6
    return counts, [0] * len(counts)


@case
def functions_that_compare_equal_do_not_share() -> Any:
    @dataclasses.dataclass(frozen=True)
    class Times:
        factor: Any

        def __call__(self, x: Any) -> Any:
            return x * self.factor

        def method(self, x: Any) -> Any:
            return x // self.factor

    ones = [Times(1), Times(1.0), Times(True), Times(np.float32(1.0)), Times(-0.0), Times(0.0)]
    got = [jitad.jit(f)(3) for f in ones] + [jitad.jit(f.method)(3) for f in ones[:2]]
    kinds = "".join(np.asarray(x).dtype.kind for x in got)
    return (kinds, np.signbit(got[4]), np.signbit(got[5])), ("ififffif", True, False)


@case
def constants_that_compare_equal_do_not_share_code() -> Any:
    def times(c: Any) -> Any:
        return lambda x: np.stack([x * c, x / c])

    with np.errstate(all="ignore"):
        got = [
            jitad.vmap(times(c))(np.array([2.0])) for c in (0.0, -0.0, 0.5, np.float32(0.1), 0.1)
        ]
        right = [np.array([[2.0 * c, 2.0 / c]]) for c in map(np.float64, (0.0, -0.0, 0.5))]
    right += [np.array([[np.float64(2.0) * c, 2.0 / c]]) for c in (np.float32(0.1), 0.1)]
    signs = np.signbit(got[1]) != np.signbit(got[0])
    return (np.stack(got), signs), (np.stack(right), np.ones((1, 2), bool))


@case
def kernels_of_one_code_read_their_own_arrays_and_count_their_own_calls() -> Any:
    arrays = [np.full(3, float(k)) for k in range(4)]
    kernels = [jitad.compile(lambda x, w=w: np.sum(w * x), X) for w in arrays]
    got = [[kernel(X) for kernel in kernels] for _ in range(2)]
    arrays[2][:] = 10.0
    kernels[2](X)
    return ([*got[1], kernels[2](X)], [k.calls for k in kernels]), (
        [0.0, 1.5, 3.0, 4.5, 15.0],
        [2, 2, 4, 2],
    )


@case
def a_wrapper_has_kernels_of_its_own() -> Any:
    def f(x: Any) -> Any:
        return np.sum(x**2)

    first = jitad.grad(f)(X)

    @functools.wraps(f)
    def wrapper(x: Any) -> Any:
        return 10 * f(x)

    other = functools.update_wrapper(lambda x: 100 * f(x), f)
    return (first, jitad.grad(wrapper)(X), jitad.grad(other)(X), jitad.grad(f)(X)), (
        2 * X,
        20 * X,
        200 * X,
        2 * X,
    )


@case
def a_transform_leaves_objects_as_they_are() -> Any:
    model = Model()
    jitad.grad(model)(X)
    jitad.grad(model.loss)(X)
    jitad.vmap(model.loss)(POINTS)
    return ", ".join(vars(model)), "weights"


@case
def a_method_sees_what_its_object_is_now() -> Any:
    model, got = Model(), []
    for k in range(3):
        model.weights = np.full(3, float(k))
        got.append(jitad.grad(model.loss)(X))
    return got, [2 * k * X for k in range(3)]


@case
def cleared_caches_leave_right_answers() -> Any:
    df, kernel = jitad.grad(lambda x: np.sum(x**3)), jitad.compile(np.sum, X)
    before = df(X)
    jitad.clear_caches()
    with counting() as count:
        after = df(X), kernel(X), df(X)
    return (before, *after, count[0]), (3 * X**2, 3 * X**2, 1.5, 3 * X**2, 1)


# -- examples --------------------------------------------------------------------------------------


def _limited(limit: float) -> Any:
    def f(x: Any) -> Any:
        if x > limit:
            raise ValueError("never met by these points")
        return x * limit if x > 0 else x

    return f


@case
def closures_of_one_code_do_not_share_examples() -> Any:
    x = np.array([1.0, 2.0, -1.0])
    got = [jitad.vmap(_limited(limit))(limit / 3 * x) for limit in (30.0, 10.0, 3.0)]

    def both(x: Any) -> Any:
        return jitad.map(_limited(50.0), 20 * x), jitad.map(_limited(5.0), 2 * x)

    right = [np.where(x > 0, limit * limit / 3 * x, limit / 3 * x) for limit in (30.0, 10.0, 3.0)]
    return (*got, *jitad.jit(both)(x)), (
        *right,
        np.where(x > 0, 1000 * x, 20 * x),
        np.where(x > 0, 10 * x, 2 * x),
    )


@case
def examples_of_another_state_are_forgotten() -> Any:
    limit = 10.0

    def f(x: Any) -> Any:
        if x > limit:
            raise ValueError("never met by these points")
        return x * 2 if x > 1 else x

    first = jitad.vmap(f)(np.array([7.0, 0.5]))
    limit = 5.0
    return (first, jitad.vmap(f)(np.array([1.0, 2.0]))), ([14.0, 0.5], [1.0, 4.0])


# -- pickles ---------------------------------------------------------------------------------------

_LOAD = """
import pickle, sys
import numpy as np
for name, text, right in pickle.load(sys.stdin.buffer):
    f, args = pickle.loads(text)
    try:
        np.testing.assert_allclose(f(*args), right, rtol=1e-12)
    except Exception as error:
        print(name, type(error).__name__, error)
"""


@case
def transforms_pickle_into_a_fresh_process() -> Any:
    items = []
    for name, (f, args) in pickled.kinds().items():
        items.append((name, pickle.dumps((f, args)), f(*args)))
    path = {"PYTHONPATH": ":".join([str(Path(__file__).parents[1]), *sys.path])}
    run = subprocess.run(
        [sys.executable, "-c", _LOAD],
        input=pickle.dumps(items),
        capture_output=True,
        env=path,
        check=False,
    )
    return run.stdout.decode() + run.stderr.decode(), ""


@case
def a_pickle_by_value_brings_rules_and_decorated_functions() -> Any:
    """As cloudpickle makes it of what __main__ has; Numba has one of its own."""
    from numba import cloudpickle

    scope: dict[str, Any] = {"__name__": "__main__"}
    main = sys.modules["__main__"]
    exec(Path(pickled.__file__).read_text(), scope)
    names = {k: v for k, v in scope.items() if not hasattr(main, k)}
    vars(main).update(names)
    try:
        got = [
            cloudpickle.loads(cloudpickle.dumps(f))(*args) for f, args in scope["kinds"]().values()
        ]
        right = [f(*args) for f, args in scope["kinds"]().values()]
    finally:
        for name in names:
            delattr(main, name)
    return tuple(got), tuple(right)


@case
def of_many_transforms_the_last_are_kept() -> Any:
    def f(*xs: Any) -> Any:
        return sum(xs)

    for k in range(keeping.MOST_REQUESTS + 5):
        jitad.grad(f, k)
    return jitad.grad(f, k).known is jitad.grad(f, k).known, True
