"""What only a run says that it is read: by descriptors, absent names, made names; and counters."""

from __future__ import annotations

import contextvars
import functools
import inspect
import sys
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jitad

State = tuple[Callable[[Any], Any], Callable[[], Any]]
"""A function of a number, and what changes something that it reads."""


class Stored:
    """A descriptor that keeps what it is given by itself."""

    def __init__(self) -> None:
        self.of: dict[int, float] = {}

    def __get__(self, x: Any, kind: Any = None) -> float:
        return self.of.get(id(x), 2.0)

    def __set__(self, x: Any, value: float) -> None:
        self.of[id(x)] = value


class Base:
    def factor(self) -> Any:
        return self.k  # type: ignore[attr-defined]


class Model(Base):
    stored = Stored()
    k = 2.0
    a, b = 2.0, 3.0

    @functools.cached_property
    def squared(self) -> float:
        return self.k**2

    def factor(self) -> Any:
        return super().factor()


def _fresh() -> Any:
    return type("Fresh", (Model,), {"stored": Stored()})()


def cached(x: Any, m: Any) -> Any:
    return x * m.squared


def described(x: Any, m: Any) -> Any:
    return x * m.stored


def tried(x: Any, m: Any) -> Any:
    try:
        return x * m.gain
    except AttributeError:
        return 7 * x


def by_default(x: Any, m: Any) -> Any:
    return x * getattr(m, "gain", 2.0)


def made_name(x: Any, m: Any) -> Any:
    return sum(x * getattr(m, f"{name}") for name in "ab")


def by_super(x: Any, m: Any) -> Any:
    return x * m.factor()


def set_to_five(name: str) -> Callable[[Any], None]:
    return lambda m: setattr(m, name, 5.0)


def class_set_to_five(m: Any) -> None:
    type(m).gain = 5.0


@pytest.mark.parametrize(
    ("read", "change"),
    [
        (cached, set_to_five("squared")),
        (described, set_to_five("stored")),
        (tried, set_to_five("gain")),
        (tried, class_set_to_five),
        (by_default, class_set_to_five),
        (made_name, set_to_five("b")),
        (by_super, set_to_five("k")),
    ],
)
def test_attributes(read: Any, change: Any) -> None:
    m = _fresh()
    _check(lambda x: read(x, m), lambda: change(m))


def _of_function() -> State:
    def f(x: Any) -> Any:
        return x * f.k  # type: ignore[attr-defined]

    f.k = 2.0  # type: ignore[attr-defined]
    return f, lambda: setattr(f, "k", 5.0)


def _absent_global() -> State:
    names: dict[str, Any] = {}
    exec(
        "def f(x):\n    try:\n        return x * K\n    except NameError:\n        return x", names
    )
    return names["f"], lambda: names.update(K=5.0)


def _of_object_array() -> State:
    a = np.empty(2, object)
    a[0], a[1] = np.ones(2), {"k": 2.0}
    return lambda x: x * a[0].sum(), lambda: a[0].__setitem__(0, 5.0)


def _in_object_array() -> State:
    a = np.empty(2, object)
    a[0], a[1] = np.ones(2), {"k": 2.0}
    return lambda x: x * a[1]["k"], lambda: a[1].update(k=5.0)


def _of_context() -> State:
    v = contextvars.ContextVar("v", default=2.0)
    return lambda x: x * v.get(), lambda: v.set(5.0)


def _by_weak_reference() -> State:
    m = _fresh()
    r = weakref.ref(m)
    return lambda x: x * r().k, lambda: setattr(m, "k", 5.0)  # type: ignore[union-attr]


def _imported_inside() -> State:
    settings: Any = types.ModuleType("jitad_tests_settings")
    settings.K = 2.0
    sys.modules[settings.__name__] = settings

    def f(x: Any) -> Any:
        import jitad_tests_settings as here  # type: ignore[import-not-found]
        from jitad_tests_settings import K  # type: ignore[import-not-found]

        return x * here.K + K

    return f, lambda: setattr(settings, "K", 5.0)


def _beside_a_traced_value() -> State:
    table = {"k": 2.0}

    def unread(items: Any) -> Any:
        inspect.currentframe()  # of which no program is made
        return items[0] * items[1]["k"]

    return lambda x: unread([x, table]), lambda: table.update(k=5.0)


@pytest.mark.parametrize(
    "make",
    [
        _beside_a_traced_value,
        _of_function,
        _absent_global,
        _of_object_array,
        _in_object_array,
        _of_context,
        _by_weak_reference,
        _imported_inside,
    ],
)
def test_other_roads(make: Callable[[], State]) -> None:
    _check(*make())


def _check(f: Any, change: Any) -> None:
    compiled, before = jitad.jit(f), f(3.0)
    np.testing.assert_allclose(compiled(3.0), before)
    change()
    after = f(3.0)
    assert before != after
    for _ in range(2):
        np.testing.assert_allclose(compiled(3.0), after)


# -- what a function changes and reads -------------------------------------------------------------


class Counter:
    n = 0

    def of_class(self, x: Any) -> Any:
        Counter.n += 1
        return x * Counter.n

    def of_object(self, x: Any) -> Any:
        self.n += 1
        return x * self.n


def _nonlocal() -> Any:
    n = 0

    def f(x: Any) -> Any:
        nonlocal n
        n += 1
        return x * n

    return f


def _of_names() -> Any:
    names: dict[str, Any] = {}
    exec("n = 0\ndef f(x):\n    global n\n    n += 1\n    return x * n", names)
    return names["f"]


def _of_default() -> Any:
    def f(x: Any, log: Any = []) -> Any:  # noqa: B006
        log.append(1)
        return x * len(log)

    return f


def _of_dict() -> Any:
    counts = {"n": 0}

    def f(x: Any) -> Any:
        counts["n"] += 1
        return x * counts["n"]

    return f


@pytest.mark.parametrize(
    "make",
    [
        lambda: Counter().of_object,
        lambda: Counter().of_class,
        _nonlocal,
        _of_names,
        _of_default,
        _of_dict,
    ],
)
def test_counters_go_on(make: Any) -> None:
    Counter.n = 0
    f = jitad.jit(make())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert [f(3.0), f(3.0), f(3.0)] == [3.0, 6.0, 9.0]
    assert "reads and changes" in str(said[-1].message)


def test_what_is_computed_once_is_kept() -> None:
    class Lazy:
        def __init__(self) -> None:
            self.known: Any = None
            self.size, self.traces = 3, 0

        def table(self) -> Any:
            if self.known is None:
                self.known = np.arange(self.size) * 1.0
            return self.known

        def __call__(self, x: Any) -> Any:
            self.traces += 1
            return x * self.table().sum()

    f = Lazy()
    compiled = jitad.jit(f)
    assert [compiled(2.0) for _ in range(4)] == [6.0] * 4
    assert f.traces == 2
    f.known, f.size = None, 5
    assert [compiled(2.0) for _ in range(4)] == [20.0] * 4
