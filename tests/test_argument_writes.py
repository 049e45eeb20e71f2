"""Functions that write to their arguments: the caller's arrays change as they do in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

import jitad

N = 4


def _helper(a):
    a[0] = 7.0


def _filled(x, out):
    for i in range(len(x)):
        if x[i] > 1.0:
            out[i] = x[i] ** 2
        else:
            out[i] = x[i] * x[0]


@numba.njit
def _njit_filled(x, out):
    for i in range(len(x)):
        out[i] = x[i] ** 2


def element(x):
    x[0] = 1.0
    x *= 2
    return x.sum()


def augmented(x):
    x += 1.0
    return x.sum()


def view(x):
    v = x[1:]
    v[0] = 5.0
    v *= x[0]
    return x.sum() + v[-1]


def views_of_views(x):
    x[::-1][1:][0] = x[0] * 2.0
    x.reshape(2, 2).T[1] += 1.0
    return x[1]


def swapped(x):
    x[0], x[1] = x[1], x[0]
    return x[0]


def through_a_helper(x):
    _helper(x)
    _helper(x[2:])
    return x.sum()


def under_a_condition(x):
    if x[0] > 1.0:
        x[1] = 9.0
    return x.sum()


def in_a_loop(x):
    for i in range(1, len(x)):
        if x[i] < x[i - 1]:
            x[i] = x[i - 1]
    return x[-1]


def while_it_is_large(x):
    n = 0
    while x.max() > 0.5:
        x /= 2.0
        n += 1
    return n


def methods(x):
    x.sort()
    x[1:3].fill(x[0])
    x.put([3], [8.0])
    return x[0]


def functions(x):
    np.add.at(x, [0, 0], 1.0)
    np.copyto(x[2:], x[:2])
    np.put(x, [1], 3.0)
    np.maximum(x, 2.5, out=x)
    x.ravel()[0] = 4.0
    x.flat[1] = 6.0
    return x.sum()


def masked(x):
    x[x > 1.0] = 0.0
    x[[0, 3]] += 0.5
    return x.sum()


def traced_places(x):
    i = np.argmax(x)
    x[i] = -1.0
    x[1 : i + 1] if False else None
    return x[i]


def nothing_returned(x):
    x[0] = x[1] * 2.0


def rows_swapped(x):
    a = x.reshape(2, 2)
    a[[0, 1]] = a[[1, 0]]
    return a[0, 0]


def sum_in_place(x):
    for i in range(1, len(x)):
        x[i] += x[i - 1]


def caught(x):
    try:
        if x[0] > 1.0:
            raise ValueError
        x[0] = 3.0
    except ValueError:
        x[1] = 2.0
    return x[0]


ONE = (
    *(element, augmented, view, views_of_views, swapped, through_a_helper, under_a_condition),
    *(in_a_loop, while_it_is_large, methods, functions, masked, traced_places, nothing_returned),
    *(rows_swapped, sum_in_place, caught),
)


def into_out(x, out):
    np.multiply(x, 2.0, out=out)
    return out.sum()


def returned_too(x, out):
    out[:] = x
    out[0] += 1.0
    return out


def by_njit(x, out):
    _njit_filled(x, out)
    return out[0]


def both(x, out):
    out += x
    x[:] = out * 2.0


def sees_both(x, out):
    x[0] = 10.0
    out[1] = 20.0
    return out.sum() + x.sum()


TWO = (_filled, _njit_filled, into_out, returned_too, by_njit, both, sees_both)


def _numbers(k: int) -> np.ndarray:
    return np.random.default_rng(k).uniform(0.2, 2.0, N)


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "dense": np.copy,
    "strided": lambda x: np.repeat(x, 3)[::3],
    "backwards": lambda x: np.copy(x[::-1])[::-1],
    "column": lambda x: np.stack([x, x], axis=1)[:, 1],
    "unaligned": lambda x: np.frombuffer(bytearray(b"." + x.tobytes()), dtype=float, offset=1),
    "swapped": lambda x: x.astype(">f8"),
}


def _names(functions: Any) -> list[Any]:
    return [pytest.param(f, id=getattr(f, "__name__", "f")) for f in functions]


def _agree(f: Any, call: Any, args: list[np.ndarray]) -> None:
    plain = [np.copy(x) for x in args]
    bases = [None if x.base is None else np.copy(x.base) for x in args if x.base is None]
    wanted = f(*plain)
    got = call(*args)
    assert (got is None) == (wanted is None)
    if wanted is not None:
        np.testing.assert_allclose(got, wanted, rtol=1e-14)
    for x, y in zip(args, plain, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-14)
    assert len(bases) <= len(args)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("f", _names(ONE))
def test_one_argument(f: Any, layout: str) -> None:
    call = jitad.jit(f)
    for k in range(4):
        _agree(f, call, [LAYOUTS[layout](_numbers(k))])


@pytest.mark.parametrize("f", _names(TWO))
def test_two_arguments(f: Any) -> None:
    call = jitad.jit(f)
    for k in range(4):
        _agree(f, call, [_numbers(k), _numbers(k + 9)])
    plain, given = _numbers(3), _numbers(3)
    wanted = f(plain, plain)
    got = call(given, given)
    np.testing.assert_allclose(given, plain, rtol=1e-14)
    np.testing.assert_equal(got, wanted)
    _agree(f, call, [_numbers(1), _numbers(2)])


def test_what_lies_between_the_elements_of_a_view_stays() -> None:
    whole = np.arange(12.0)
    jitad.jit(augmented)(whole[1:12:3])
    np.testing.assert_array_equal(whole, [0, 2, 2, 3, 5, 5, 6, 8, 8, 9, 11, 11])


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.complex128])
def test_elements_keep_the_dtype(dtype: Any) -> None:
    def f(x):
        x[0] = 2
        x[1] *= 3
        return x[0] + x[1]

    x, y = np.ones(3, dtype), np.ones(3, dtype)
    assert jitad.jit(f)(x) == f(y)
    np.testing.assert_array_equal(x, y)
    assert x.dtype == dtype


def test_fortran_order_and_trees() -> None:
    def f(tree, *rest):
        tree["a"][:, 0] = rest[0][1]
        tree["b"][0][1] = tree["a"].sum()

    def made() -> Any:
        return {"a": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "b": [np.zeros(2)]}

    plain, given = made(), made()
    f(plain, np.ones(2))
    jitad.jit(f)(given, np.ones(2))
    np.testing.assert_array_equal(given["a"], plain["a"])
    np.testing.assert_array_equal(given["b"][0], plain["b"][0])


def test_arrays_that_cannot_be_written_to() -> None:
    call, x = jitad.jit(element), np.ones(3)
    x.flags.writeable = False
    for _ in range(2):
        with pytest.raises(ValueError, match="read-only"):
            call(x)
    np.testing.assert_array_equal(x, 1.0)
    call(np.ones(3))


def test_arguments_that_share_some_elements_are_refused() -> None:
    call, x = jitad.jit(into_out), np.arange(5.0)
    for _ in range(2):
        with pytest.raises(jitad.ShapeError, match="shares some elements"):
            call(x[1:], x[:-1])
        np.testing.assert_array_equal(x, np.arange(5.0))
    y = np.arange(8.0)
    assert call(y[::2], y[1::2]) == 24.0  # which lie between each other
    np.testing.assert_array_equal(y[1::2], 2.0 * y[::2])


@pytest.mark.parametrize("f", _names([f for f in ONE if f not in (augmented, while_it_is_large)]))
def test_derivatives_refuse(f: Any) -> None:
    """A function that returns None is one of what it writes; else a derivative changes nothing."""
    if f in (nothing_returned, sum_in_place):
        return
    x = _numbers(0) + 1.0
    before = x.copy()
    for call in (jitad.grad(f), jitad.jacobian(f), lambda x: jitad.vjp(f, x),
                 lambda x: jitad.jvp(f, (x,), (x,)), jitad.hessian(f),
                 lambda x: jitad.vmap(f)(np.stack([x, x]))):  # fmt: skip
        with pytest.raises(jitad.TraceError if f is not view else jitad.JitadError) as raised:
            call(x)
        assert "Remedy" in str(raised.value)
        np.testing.assert_array_equal(x, before)


def _written(f: Any, *args: np.ndarray) -> np.ndarray:
    plain = [np.copy(x) for x in args]
    f(*plain)
    return plain[-1]


@pytest.mark.parametrize("f", _names([_filled, _njit_filled, nothing_returned, sum_in_place]))
def test_functions_that_return_none_are_what_they_write(f: Any) -> None:
    count = 2 if f in (_filled, _njit_filled) else 1
    jacobian = jitad.jacobian(f, argnums=0)
    for k in range(3):
        args = [_numbers(k), _numbers(k + 1)][:count]
        before = [x.copy() for x in args]
        steps = 1e-6 * np.eye(N)
        rest = args[1:]
        columns = [(_written(f, args[0] + h, *rest) - _written(f, args[0] - h, *rest)) / 2e-6
                   for h in steps]  # fmt: skip
        wanted = np.stack(columns, axis=1)
        np.testing.assert_allclose(jacobian(*args), wanted, atol=1e-8)
        np.testing.assert_allclose(jitad.jacfwd(f)(*args), wanted, atol=1e-8)
        value, pull = jitad.vjp(f, *args)
        np.testing.assert_allclose(value, _written(f, *args), rtol=1e-14)
        np.testing.assert_allclose(pull(np.ones(N))[0], wanted.sum(0), atol=1e-8)
        moved = [np.ones(N), *(np.zeros(N) for _ in rest)]
        value, tangent = jitad.jvp(f, tuple(args), tuple(moved))
        np.testing.assert_allclose(value, _written(f, *args), rtol=1e-14)
        np.testing.assert_allclose(tangent, wanted.sum(1), atol=1e-8)
        for x, y in zip(args, before, strict=True):
            np.testing.assert_array_equal(x, y)


def test_several_arguments_that_are_written() -> None:
    x, out = _numbers(0), _numbers(1)
    (first, second) = jitad.jacobian(both)(x, out)
    np.testing.assert_allclose(first, 2.0 * np.eye(N))
    np.testing.assert_allclose(second, np.eye(N))


def test_one_array_given_twice_is_two_variables_of_a_derivative() -> None:
    x, y = _numbers(0), _numbers(1)
    for args in ((x, x), (x, y), (x, x)):
        _, tangent = jitad.jvp(both, args, (np.ones(N), np.zeros(N)))
        np.testing.assert_allclose(tangent[1], 1.0)


def test_kernels() -> None:
    x, out = _numbers(0), np.zeros(N)
    kernel = jitad.compile(_filled, x, out)
    _agree(_filled, kernel, [_numbers(1), np.zeros(N)])
    _agree(_filled, kernel, [LAYOUTS["strided"](_numbers(2)), LAYOUTS["backwards"](np.zeros(N))])
    with pytest.raises(jitad.ShapeError, match="one array"):
        kernel(x, x)
    with pytest.raises(jitad.ShapeError, match="bind"):
        kernel.bind(x, out)
    inside = kernel.njit

    @numba.njit
    def call(x, out):
        out[:] = inside(x, out)

    call(x, out)
    np.testing.assert_allclose(out, _written(_filled, x, out), rtol=1e-14)


def test_within_another_trace() -> None:
    inner = jitad.jit(_filled)

    def f(x):
        out = np.zeros(N)
        inner(x, out)
        return np.sum(out * x)

    def g(x, out):
        inner(x, out)

    x = _numbers(0)
    plain = np.zeros(N)
    _filled(x, plain)
    np.testing.assert_allclose(jitad.jit(f)(x), np.sum(plain * x), rtol=1e-14)
    jitad.check_grads(f, (x,))
    _agree(_filled, jitad.jit(g), [x, np.zeros(N)])


def test_a_function_that_writes_on_one_path_only() -> None:
    def f(x, n):
        if n > 2:
            x[:n] = 0.0
        return x.sum()

    call = jitad.jit(f)
    for n in (1, 3, 1, 2, 4, 3):
        x, y = np.ones(4), np.ones(4)
        assert call(x, n) == f(y, n)
        np.testing.assert_array_equal(x, y)
