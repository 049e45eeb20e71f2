"""What a function reads is what it is now: by roads that no name in its code says."""

from __future__ import annotations

import collections
import contextlib
import copy
import functools
import operator
import os
import sys
import types
import weakref
from collections.abc import Callable
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


def source(text: str, **names: Any) -> dict[str, Any]:
    """The names that a text of a module binds."""
    exec(text, names)
    return names


def module(**names: Any) -> Any:
    made = types.ModuleType("settings")
    vars(made).update(names)
    return made


@row
def module_function_global() -> State:
    ns = source("K=2.0\ndef f(x): return x*K\n")
    m = module(f=ns["f"])
    return (lambda x: m.f(x), lambda: ns.update(K=5.0))


class _Rise:
    k = 2.0


class _Fall(_Rise):
    k = 5.0


@row
def class_by_isinstance() -> State:
    a = _Rise()
    return (lambda x: -x if isinstance(a, _Fall) else x, lambda: setattr(a, "__class__", _Fall))


@row
def class_by_type() -> State:
    a = _Rise()
    return (lambda x: -x if type(a) is _Fall else x, lambda: setattr(a, "__class__", _Fall))


@row
def class_of_an_object() -> State:
    a = _Rise()
    return (lambda x: x * a.k, lambda: setattr(a, "__class__", _Fall))


@row
def module_by_its_entry() -> State:
    sys.modules["jitad_settings"] = module(k=2.0)
    return (
        lambda x: x * sys.modules["jitad_settings"].k,
        lambda: sys.modules.update(jitad_settings=module(k=5.0)),
    )


@row
def class_attr_shadowed_by_instance() -> State:

    class A:
        k = 2.0

    a = A()
    return (lambda x: x * a.k, lambda: setattr(a, "k", 5.0))


@row
def instance_attr_deleted_shows_class() -> State:

    class A:
        k = 2.0

    a = A()
    a.k = 3.0
    return (lambda x: x * a.k, lambda: delattr(a, "k"))


@row
def inherited_shadowed_between() -> State:

    class A:
        k = 2.0

    class B(A):
        pass

    b = B()
    return (lambda x: x * b.k, lambda: setattr(B, "k", 5.0))


@row
def class_method_replaced() -> State:

    class A:
        @classmethod
        def m(c, x):
            return x * 2.0

    a = A()
    return (lambda x: a.m(x), lambda: setattr(A, "m", classmethod(lambda c, x: x * 5.0)))


@row
def getitem_replaced() -> State:

    class A:
        def __getitem__(s, i):
            return 2.0

    a = A()
    return (lambda x: x * a[0], lambda: setattr(A, "__getitem__", lambda s, i: 5.0))


@row
def environ_getenv() -> State:
    os.environ["JT"] = "2"
    return (lambda x: x * float(os.getenv("JT", "1")), lambda: os.environ.update(JT="5"))


@row
def globals_get() -> State:
    ns = source("def f(x): return x*globals().get('K',2.0)")
    return (ns["f"], lambda: ns.update(K=5.0))


@row
def closure_array_view_sum() -> State:
    w = np.arange(6.0).reshape(2, 3)

    def f(x):
        v = w[1]
        return x * v.sum()

    return (f, lambda: w.__setitem__((1, 0), 9.0))


@row
def closure_array_average() -> State:
    w = np.array([1.0, 2.0])
    return (
        lambda x: np.average(np.array([1.0, 3.0]) * x, weights=w),
        lambda: w.__setitem__(0, 5.0),
    )


@row
def kwdefaults_replaced() -> State:

    def h(x, *, k=2.0):
        return x * k

    return (lambda x: h(x), lambda: setattr(h, "__kwdefaults__", {"k": 5.0}))


@row
def partial_keywords() -> State:

    def h(x, k):
        return x * k

    p = functools.partial(h, k=2.0)
    return (lambda x: p(x), lambda: p.keywords.update(k=5.0))


@row
def root_partial_keywords() -> State:

    def h(x, k):
        return x * k

    p = functools.partial(h, k=2.0)
    return (p, lambda: p.keywords.update(k=5.0))


@row
def lru_cached_global() -> State:
    ns = source(
        "import functools\nK=2.0\n@functools.lru_cache\n"
        "def h(n): return n*K\ndef f(x): return x*h(3.0)\n"
    )

    def change():
        ns["K"] = 5.0
        ns["h"].cache_clear()

    return (ns["f"], change)


@row
def weak_dict() -> State:

    class A:
        k = 2.0

    a = A()
    d = weakref.WeakValueDictionary(a=a)
    return (lambda x: x * d["a"].k, lambda: setattr(a, "k", 5.0))


@row
def shadows_builtin() -> State:
    ns = source("def f(x): return max(x,2.0*x)")
    return (ns["f"], lambda: ns.update(max=lambda a, b: a * 7))


@row
def shadows_builtin_in_helper() -> State:
    ns = source("def h(x): return abs(x)\ndef f(x): return h(x)")
    return (ns["f"], lambda: ns.update(abs=lambda a: a * 7))


@row
def unshadows_builtin() -> State:
    ns = source("def f(x): return x*len([1,2])\nlen=lambda a: 7.0")
    return (ns["f"], lambda: ns.pop("len"))


@row
def default_dict_missing() -> State:
    d = collections.defaultdict(lambda: 2.0)
    return (lambda x: x * d["k"], lambda: d.update(k=5.0))


@row
def list_equal() -> State:
    a = [1.0]
    return (lambda x: x * (2.0 if a == [1.0] else 3.0), lambda: a.append(4.0))


@row
def str_of_object() -> State:

    class A:
        def __init__(s):
            s.k = 2.0

        def __str__(s):
            return str(s.k)

    a = A()
    return (lambda x: x * float(str(a)), lambda: setattr(a, "k", 5.0))


@row
def fstring_of_object() -> State:

    class A:
        def __init__(s):
            s.k = 2.0

        def __format__(s, spec):
            return str(s.k)

    a = A()
    return (lambda x: x * float(f"{a}"), lambda: setattr(a, "k", 5.0))


@row
def deepcopy_of() -> State:

    class A:
        pass

    a = A()
    a.k = [2.0]
    return (lambda x: x * copy.deepcopy(a).k[0], lambda: a.k.__setitem__(0, 5.0))


@row
def attrgetter_nested() -> State:

    class A:
        pass

    a = A()
    a.b = A()
    a.b.k = 2.0
    return (lambda x: x * operator.attrgetter("b.k")(a), lambda: setattr(a.b, "k", 5.0))


@row
def methodcaller_() -> State:

    class A:
        k = 2.0

        def m(s):
            return s.k

    a = A()
    return (lambda x: x * operator.methodcaller("m")(a), lambda: setattr(a, "k", 5.0))


@row
def descriptor_new_object() -> State:
    store = {"k": 2.0}

    class D:
        def __get__(s, o, t=None):
            return [store["k"]]

    class A:
        k = D()

    a = A()
    return (lambda x: x * a.k[0], lambda: store.update(k=5.0))


@row
def class_swapped() -> State:

    class A:
        def m(s, x):
            return x * 2.0

    class B:
        def m(s, x):
            return x * 5.0

    a = A()
    return (lambda x: a.m(x), lambda: setattr(a, "__class__", B))


@row
def dict_replaced() -> State:

    class A:
        pass

    a = A()
    a.k = 2.0
    return (lambda x: x * a.k, lambda: setattr(a, "__dict__", {"k": 5.0}))


@row
def call_replaced() -> State:

    class A:
        def __call__(s, x):
            return x * 2.0

    a = A()
    return (lambda x: a(x), lambda: setattr(A, "__call__", lambda s, x: x * 5.0))


@row
def root_call_replaced() -> State:

    class A:
        def __call__(s, x):
            return x * 2.0

    a = A()
    return (a, lambda: setattr(A, "__call__", lambda s, x: x * 5.0))


@row
def known_grad_called() -> State:
    box = {"k": 2.0}
    g = jitad.grad(lambda y: y * y * box["k"])
    g(1.0)
    g(1.0)
    return (lambda x: x * g(3.0), lambda: box.update(k=5.0))


@row
def mro_super() -> State:

    class A:
        def m(s, x):
            return x * 2.0

    class B(A):
        def m(s, x):
            return super().m(x) + 1.0

    b = B()
    return (lambda x: b.m(x), lambda: setattr(A, "m", lambda s, x: x * 5.0))


@row
def contextlib_manager() -> State:
    box = {"k": 2.0}

    @contextlib.contextmanager
    def ctx():
        yield box["k"]

    def f(x):
        with ctx() as k:
            y = x * k
        return y

    return (f, lambda: box.update(k=5.0))


@row
def match_seq() -> State:
    d = [2.0]

    def f(x):
        match d:
            case [a]:
                return x * a
            case [a, b]:
                return x * a * b

    return (f, lambda: d.append(5.0))


@row
def scratch_array() -> State:
    w = np.zeros(3)
    src = np.array([1.0, 2.0, 3.0])

    def f(x):
        w[:] = src
        return x * w.sum()

    return (f, lambda: src.__setitem__(0, 9.0))


@row
def bool_added_later() -> State:

    class A:
        pass

    a = A()
    return (lambda x: x * (2.0 if a else 3.0), lambda: setattr(A, "__bool__", lambda s: False))


@row
def import_inside_function() -> State:
    m = module(K=2.0)
    sys.modules["jitad_roads_m"] = m

    def f(x):
        import jitad_roads_m as mm

        return x * mm.K

    return (f, lambda: sys.modules.__setitem__("jitad_roads_m", module(K=5.0)))


@row
def eval_text() -> State:
    ns = source("K=2.0\ndef f(x): return x*eval('K')")
    return (ns["f"], lambda: ns.update(K=5.0))


@row
def exec_text() -> State:
    ns = source("K=2.0\ndef f(x):\n d={}\n exec('y=K',globals(),d)\n return x*d['y']")
    return (ns["f"], lambda: ns.update(K=5.0))


@row
def coroutine_like_async_helper() -> State:
    k = {"k": 2.0}

    def h():

        async def c():
            return k["k"]

        co = c()
        try:
            co.send(None)
        except StopIteration as e:
            return e.value

    return (lambda x: x * h(), lambda: k.update(k=5.0))


@row
def async_global() -> State:
    ns = source(
        "K=2.0\nasync def c(): return K\n"
        "def h():\n co=c()\n try: co.send(None)\n"
        " except StopIteration as e: return e.value\n"
        "def f(x): return x*h()"
    )
    return (ns["f"], lambda: ns.update(K=5.0))


@row
def scipy_spline_coeffs() -> State:
    from scipy.interpolate import CubicSpline

    s = CubicSpline([0.0, 1.0, 2.0], [0.0, 1.0, 4.0])
    return (lambda x: x * float(s(0.5)), lambda: s.c.__imul__(2.0))


@row
def sparse_matrix() -> State:
    import scipy.sparse as sp

    a = sp.csr_matrix(np.eye(2))
    return (lambda x: x * a.sum(), lambda: a.data.__setitem__(0, 5.0))


@row
def many_elements() -> State:
    a = np.arange(30.0)

    def f(x):
        s = 0.0
        for i in range(30):
            s = s + x * a[i] if a[i] > 3 else s
        return s

    return (f, lambda: a.__setitem__(17, -99.0))


@row
def list_of_dicts() -> State:
    a = [{"k": 1.0}, {"k": 2.0}, {"k": 3.0}, {"k": 4.0}, {"k": 5.0}, {"k": 6.0}]

    def f(x):
        s = 0.0
        for d in a:
            s = s + x * d["k"]
        return s

    return (f, lambda: a[3].update(k=9.0))


@pytest.mark.parametrize("make", ROWS, ids=lambda make: make.__name__)
def test_what_is_read_is_what_it_is_now(make: Callable[[], State]) -> None:
    f, change = make()
    compiled = jitad.jit(f)
    before = f(3.0)
    np.testing.assert_allclose([compiled(3.0), compiled(3.0)], [before, before])
    change()
    after = f(3.0)
    assert np.any(before != after)
    np.testing.assert_allclose([compiled(3.0), compiled(3.0)], [after, after])
