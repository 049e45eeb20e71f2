"""What a function reads from outside is what it is now: by every road, beside plain Python."""

from __future__ import annotations

import array
import collections
import dataclasses
import functools
import os
import types
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

import jitad

State = tuple[Callable[[Any], Any], Callable[[], Any]]
"""A function of a number, and what changes something that it reads."""

ROWS: list[Callable[[], State]] = []


def row(make: Callable[[], State]) -> Callable[[], State]:
    ROWS.append(make)
    return make


SETTING = 2.0


class Base:
    shared = 2.0

    def factor(self) -> Any:
        return self.shared

    @staticmethod
    def fixed() -> float:
        return 2.0

    @classmethod
    def of_class(cls) -> float:
        return cls.shared


class Derived(Base):
    def __init__(self) -> None:
        self.own = 2.0
        self.table = {"k": 2.0}

    @property
    def doubled(self) -> float:
        return 2 * self.own

    def by_super(self) -> Any:
        return super().factor()

    def __getitem__(self, name: str) -> float:
        return self.table[name]

    def __call__(self) -> float:
        return self.own

    def __len__(self) -> int:
        return len(self.table)

    def __contains__(self, name: str) -> bool:
        return name in self.table

    def __iter__(self) -> Any:
        return iter(self.table.values())

    def __bool__(self) -> bool:
        return self.own > 3

    def __float__(self) -> float:
        return self.own

    def __add__(self, other: float) -> float:
        return self.own + other

    def __enter__(self) -> float:
        return self.own

    def __exit__(self, *_: object) -> None:
        return None


class Lazy:
    """Attributes that a method finds."""

    def __init__(self) -> None:
        self.store = {"k": 2.0}

    def __getattr__(self, name: str) -> float:
        return self.store[name]


@dataclasses.dataclass
class Slots:
    __slots__ = ("k",)
    k: float


@row
def attribute_of_a_module() -> State:
    settings: Any = types.ModuleType("settings")
    settings.K = 2.0
    return lambda x: x * settings.K, lambda: setattr(settings, "K", 5.0)


@row
def function_of_a_module_of_a_module() -> State:
    package: Any = types.ModuleType("package")
    package.inner = types.ModuleType("package.inner")
    package.inner.f = lambda x: x * 2.0
    return lambda x: package.inner.f(x), lambda: setattr(package.inner, "f", lambda x: x * 5.0)


def _class() -> Any:
    return type("Fresh", (Derived,), {"shared": 2.0})


def _changed(read: Callable[[Any, Any], Any], change: Callable[[Any], Any]) -> None:
    """A row for an object of a class of its own."""

    def make() -> State:
        m = _class()()
        return functools.partial(read, m), lambda: change(m)

    make.__name__ = f"line_{read.__code__.co_firstlineno}"
    ROWS.append(make)


def to_five(name: str) -> Callable[[Any], None]:
    return lambda m: setattr(m, name, 5.0)


def class_to_five(m: Any) -> None:
    type(m).shared = 5.0


def of_helper(m: Any) -> Any:
    return m.own


def with_block(m: Any, x: Any) -> Any:
    with m as k:
        return x * k


_changed(lambda m, x: x * m.own, to_five("own"))
_changed(lambda m, x: x * m.shared, class_to_five)
_changed(lambda m, x: x * m.shared, to_five("shared"))
_changed(lambda m, x: x * type(m).shared, class_to_five)
_changed(lambda m, x: x * m.__class__.shared, class_to_five)
_changed(lambda m, x: x * m.factor(), class_to_five)
_changed(lambda m, x: x * m.by_super(), to_five("shared"))
_changed(lambda m, x: x * m.of_class(), class_to_five)
_changed(lambda m, x: x * m.fixed(), lambda m: setattr(type(m), "fixed", staticmethod(lambda: 5.0)))
_changed(lambda m, x: x * m.factor(), lambda m: setattr(type(m), "factor", lambda self: 5.0))
_changed(lambda m, x: x * m.factor(), lambda m: setattr(m, "factor", lambda: 5.0))
_changed(lambda m, x: x * m.doubled, to_five("own"))
_changed(lambda m, x: x * getattr(m, "own"), to_five("own"))  # noqa: B009
_changed(lambda m, x: x * getattr(m, "".join(("o", "wn"))), to_five("own"))
_changed(lambda m, x: x * getattr(m, "other", 2.0), to_five("other"))
_changed(lambda m, x: x * vars(m)["own"], to_five("own"))
_changed(lambda m, x: x * m.__dict__["own"], to_five("own"))
_changed(lambda m, x: x * attrgetter("own")(m), to_five("own"))
_changed(lambda m, x: x * (3.0 if hasattr(m, "other") else 2.0), to_five("other"))
_changed(lambda m, x: x * m["k"], lambda m: m.table.update(k=5.0))
_changed(lambda m, x: x * m(), to_five("own"))
_changed(lambda m, x: x * len(m), lambda m: m.table.update(j=5.0))
_changed(lambda m, x: x * (3.0 if "j" in m else 2.0), lambda m: m.table.update(j=5.0))
_changed(lambda m, x: x * sum(m), lambda m: m.table.update(j=5.0))
_changed(lambda m, x: x * (3.0 if m else 2.0), to_five("own"))
_changed(lambda m, x: x * float(m), to_five("own"))
_changed(lambda m, x: x * (m + 1.0), to_five("own"))
_changed(with_block, to_five("own"))
_changed(lambda m, x: x * of_helper(m), to_five("own"))


@row
def class_itself() -> State:
    kind = _class()
    return lambda x: x * kind.shared, lambda: setattr(kind, "shared", 5.0)


@row
def object_made_inside() -> State:
    def make(factor: float) -> Any:
        return lambda self, x: setattr(self, "x", factor * x)

    kind: Any = type("Made", (), {"__init__": make(2.0)})
    return lambda x: kind(x).x, lambda: setattr(kind, "__init__", make(5.0))


@row
def name_of_a_class() -> State:
    kind: Any = type("One", (), {"k": 2.0})
    dtype: Any = np.float64

    def change() -> None:
        nonlocal kind, dtype
        kind, dtype = type("Two", (), {"k": 2.0}), np.float32

    return lambda x: x * kind.k * float(dtype(0.1)), change


@row
def slots() -> State:
    s = Slots(2.0)
    return lambda x: x * s.k, lambda: setattr(s, "k", 5.0)


@row
def attribute_found_by_a_method() -> State:
    lazy = Lazy()
    return lambda x: x * lazy.k, lambda: lazy.store.update(k=5.0)


def _container(x: Any, change: Callable[[Any], Any], read: Callable[[Any], Any] = sum) -> None:
    def make() -> State:
        held = x() if callable(x) else x
        return lambda x: x * read(held), lambda: change(held)

    make.__name__ = f"container_{len(ROWS)}"
    ROWS.append(make)


_container(lambda: collections.deque([2.0]), lambda c: c.append(3.0))
_container(lambda: {2.0}, lambda c: c.add(3.0))
_container(lambda: collections.Counter("aab"), lambda c: c.update("b"), lambda c: c["b"])
_container(lambda: collections.UserDict(k=2.0), lambda c: c.update(k=5.0), lambda c: c["k"])
_container(lambda: collections.UserList([2.0]), lambda c: c.append(5.0))
_container(lambda: collections.ChainMap({"k": 2.0}), lambda c: c.update(k=5.0), lambda c: c["k"])
_container(lambda: ([2.0],), lambda c: c[0].append(5.0), lambda c: sum(c[0]))
_container(lambda: bytearray(b"ab"), lambda c: c.append(1))
_container(lambda: array.array("d", [2.0]), lambda c: c.append(1.0))
_container(
    lambda: {"a": 2.0, "b": 3.0}, lambda c: c.update(a=c.pop("a")), lambda c: next(iter(c.values()))
)
_container(
    lambda: types.MappingProxyType(TABLE),
    lambda c: TABLE.update(k=TABLE["k"] + 1),
    lambda c: c["k"],
)

TABLE = {"k": 2.0}


@row
def by_globals() -> State:
    def change() -> None:
        global SETTING
        SETTING += 1.0

    return lambda x: x * globals()["SETTING"], change


@row
def environment() -> State:
    os.environ["JITAD_TEST_READS"] = "2"
    return (
        lambda x: x * float(os.environ["JITAD_TEST_READS"]),
        lambda: os.environ.update(JITAD_TEST_READS="5"),
    )


@row
def code_of_a_helper() -> State:
    def helper(x: Any) -> Any:
        return x * 2.0

    return lambda x: helper(x) + 1.0, lambda: setattr(
        helper, "__code__", (lambda x: x * 5.0).__code__
    )


@row
def defaults_of_a_helper() -> State:
    def helper(x: Any, k: float = 2.0, *, j: float = 1.0) -> Any:
        return x * k * j

    return lambda x: helper(x), lambda: setattr(helper, "__defaults__", (5.0,))


@row
def keyword_defaults_of_a_helper() -> State:
    def helper(x: Any, *, k: float = 2.0) -> Any:
        return x * k

    return lambda x: helper(x), lambda: helper.__kwdefaults__.update(k=5.0)


# -- arrays ----------------------------------------------------------------------------------------


def _array(read: Callable[[Any, Any], Any], change: Callable[[Any], Any]) -> None:
    def make() -> State:
        w = np.array([1.0, 2.0, 3.0, 4.0])

        def f(x: Any) -> Any:
            return read(x, w)

        return f, lambda: change(w)

    make.__name__ = f"array_line_{read.__code__.co_firstlineno}"
    ROWS.append(make)


def first(w: Any) -> None:
    w[0] = -5.0


def reshape(w: Any) -> None:
    w.shape = (2, 2)


_array(lambda x, w: x * w[0], first)
_array(lambda x, w: x * (2.0 if w[0] > 0 else 5.0), first)
_array(lambda x, w: x * (2.0 if np.any(w < 0) else 5.0) + np.sum(w * x), first)
_array(lambda x, w: x * (2.0 if w.min() < 0 else 5.0) + np.sum(w * x), first)
_array(lambda x, w: np.sum(w * x) * np.sum(w), first)
_array(lambda x, w: np.sum((2 * w) * x) + np.sum(w * x), first)
_array(lambda x, w: np.sum(w[1:] * x) + w[0], first)
_array(lambda x, w: sum(k * x for k in w), first)
_array(lambda x, w: x * w.item(0), first)
_array(lambda x, w: np.sum(w[[0, 1]] * x), first)
_array(lambda x, w: np.sum(np.where(w > 0, x, 0.0)), first)
_array(lambda x, w: np.sum(w[0] * x), reshape)
_array(lambda x, w: np.sum(w * x) * len(w), reshape)
_array(lambda x, w: np.sum((w * x).T[0]), reshape)


@pytest.mark.filterwarnings("ignore:.*shape:DeprecationWarning")
@pytest.mark.parametrize("make", ROWS, ids=lambda make: make.__name__)
def test_what_is_read_is_what_it_is_now(make: Callable[[], State]) -> None:
    f, change = make()
    compiled = jitad.jit(f)
    before = f(3.0)
    np.testing.assert_allclose(compiled(3.0), before)
    change()
    after = f(3.0)
    assert np.any(before != after)
    for _ in range(2):
        np.testing.assert_allclose(compiled(3.0), after)


# -- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [
        lambda x, m: x * m.own,
        lambda x, m: x * m.doubled,
        lambda x, m: x * of_helper(m),
        lambda x, m: x * m(),
        lambda x, m: x * m["k"] * m.own,
    ],
)
def test_objects_as_arguments(read: Callable[..., Any]) -> None:
    g, m, other = jitad.grad(read), Derived(), Derived()
    for k in (2.0, 5.0, 2.0):
        m.own = k
        want = read(1.0, m)
        assert (g(3.0, m), g(3.0, m), g(3.0, other)) == (want, want, read(1.0, other))


# -- what is not watched ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [
        lambda x, w: np.sum(w * x),
        lambda x, w: np.dot(w, x * w),
        lambda x, w: np.sum(w[1:] * x),
        lambda x, w: np.sum(w.T * x) * w.size,
    ],
)
def test_arrays_by_reference_are_not_compared(read: Any) -> None:
    traces, w = 0, np.arange(4.0)

    def f(x: Any) -> Any:
        nonlocal traces
        traces += 1
        return read(x, w)

    compiled = jitad.jit(f)
    for k in range(3):
        w[0] = k
        assert compiled(2.0) == read(2.0, w)
    assert traces == 1
