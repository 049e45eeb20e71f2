"""What njit code calls beside Python functions: SciPy's by address, and overloads."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
import scipy.special
from numba import get_num_threads, get_thread_id, guvectorize, njit, prange, types
from numba.core.errors import RequireLiteralValue
from numba.core.typing import cffi_utils
from numba.extending import get_cython_function_address, overload
from numba.types import WrapperAddressProtocol, float64

import jitad

X = np.array([0.5, 1.5, 2.5])


# -- addresses -------------------------------------------------------------------------------------


def _address(name: str) -> int:
    return get_cython_function_address("scipy.special.cython_special", name)


_double = ctypes.c_double
GAMMALN = ctypes.CFUNCTYPE(_double, _double)(_address("gammaln"))


class _ByAddress(WrapperAddressProtocol):
    def __init__(self, name: str, signature: Any) -> None:
        self.address, self.of = _address(name), signature

    def __wrapper_address__(self) -> int:
        return self.address

    def signature(self) -> Any:
        return self.of


GAMMAINC = _ByAddress("gammainc", float64(float64, float64))
EXPIT = _ByAddress("__pyx_fuse_0expit", float64(float64))


@njit
def by_address(x: Any, n: Any) -> Any:
    total = EXPIT(x[0]) + GAMMALN(n)
    for i in range(x.shape[0]):
        if x[i] > 1:
            total += GAMMALN(x[i]) * GAMMAINC(n, x[i])
    return total


def test_functions_of_scipys_by_their_addresses() -> None:
    """Integers are cast to what the signature says, as Numba casts them."""
    value, gradient = jitad.value_and_grad(by_address)(X, 2)
    assert value == pytest.approx(by_address(X, 2), rel=1e-14)
    s = scipy.special
    of_large = s.psi(X) * s.gammainc(2, X) + s.gammaln(X) * X * np.exp(-X)
    wanted = np.where(X > 1, of_large, 0.0)
    wanted[0] += s.expit(X[0]) * s.expit(-X[0])
    np.testing.assert_allclose(gradient, wanted, rtol=1e-12)


# -- overloads -------------------------------------------------------------------------------------


def size_of(x: Any, power: Any = 2) -> Any:
    """Only overloads say what it is."""


@overload(size_of, strict=False)
def _of_array(x: Any, power: Any = 2) -> Any:
    if isinstance(x, types.Array) and x.ndim == 1:
        return lambda x, power=2: np.sum(np.abs(x) ** power)
    return None


@overload(size_of, strict=False)
def _of_number(x: Any, power: Any = 2) -> Any:
    if not isinstance(x, types.Float):
        return None

    def of_number(x: Any, power: Any = 2) -> Any:
        return 3 * x if x > 1 else x**power

    return of_number


def part_of(x: Any, name: Any) -> Any:
    """Which part a literal says."""


@overload(part_of, prefer_literal=True, strict=False)
def _by_literal(x: Any, name: Any) -> Any:
    if not isinstance(name, types.StringLiteral):
        raise RequireLiteralValue("name")
    if name.literal_value == "first":
        return lambda x, name: x[0]
    return lambda x, name: x[-1]


def each_of() -> Any:
    """A function of all items of a tuple."""


@overload(each_of, strict=False)
def _each(f: Any, items: Any) -> Any:
    names: dict[str, Any] = {}
    calls = "".join(f"f(items[{k}]), " for k in range(len(items)))
    exec(f"def each(f, items): return ({calls})", names)
    return names["each"]


@njit
def overloaded(x: Any) -> Any:
    total = size_of(x, power=3) + part_of(x, "first") * part_of(x, "last")
    for i in range(x.shape[0]):
        total += size_of(x[i])
    a, b = each_of(size_of, (x[1], x))
    return total + a * b + size_of(2.0)


def added(*args: Any) -> Any:
    """A function whose overloads take other numbers of arguments."""


@overload(added, strict=False)
def _two(a: Any, b: Any) -> Any:
    return lambda a, b: a * b


@overload(added, strict=False)
def _three(a: Any, b: Any, c: Any) -> Any:
    return lambda a, b, c: added(a, b) + c


@njit
def by_number(x: Any) -> Any:
    return added(x[0], x[1], x[2])


@njit
def without_an_overload(x: Any) -> Any:
    return size_of(x)


def test_overloads_are_chosen_by_types() -> None:
    value, gradient = jitad.value_and_grad(overloaded)(X)
    large = np.where(X > 1, 3 * X, X**2)
    squares = np.sum(X**2)
    wanted = np.sum(X**3) + X[0] * X[2] + large.sum() + 3 * X[1] * squares + 6
    assert value == pytest.approx(wanted, rel=1e-14)
    assert overloaded(X) == pytest.approx(wanted, rel=1e-14)
    slopes = 3 * X**2 + np.where(X > 1, 3.0, 2 * X) + 6 * X[1] * X
    slopes += [X[2], 3 * squares, X[0]]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-14)


def test_overloads_are_chosen_by_numbers_of_arguments() -> None:
    value, gradient = jitad.value_and_grad(by_number)(X)
    assert value == by_number(X) == X[0] * X[1] + X[2]
    np.testing.assert_array_equal(gradient, [X[1], X[0], 1.0])


def test_types_that_no_overload_takes_are_refused() -> None:
    with pytest.raises(jitad.TraceError, match=r"size_of .* array\(float64, 2d, C\)"):
        jitad.jit(without_an_overload)(np.ones((2, 2)))


def test_plain_python_means_the_function_itself() -> None:
    assert jitad.grad(lambda x: x if size_of(x) is None else 2 * x)(3.0) == 1.0


# -- threads ---------------------------------------------------------------------------------------


@njit(parallel=True)
def summed_by_threads(x: Any) -> Any:
    sums = np.zeros(get_num_threads())
    for i in prange(x.shape[0]):
        sums[get_thread_id()] += x[i] ** 2
    return sums.sum()


def test_sums_of_threads() -> None:
    """A loop that asks for its thread is a loop still: at this length it is not written out."""
    x = np.linspace(0.0, 1.0, 20_000)
    np.testing.assert_allclose(jitad.grad(summed_by_threads)(x), 2 * x, rtol=1e-14)
    assert "not recorded as written" not in jitad.explain(jitad.grad(summed_by_threads), x)


# -- types -----------------------------------------------------------------------------------------


@njit
def hashed(x: Any) -> Any:
    h = 1469598103934665603
    for i in range(5):
        h = (h ^ i) * 1099511628211
    h += h
    return x[0] * (h % 1000)


def test_integers_have_64_bits() -> None:
    value, gradient = jitad.value_and_grad(hashed)(X)
    assert (value, gradient[0]) == (hashed(X), hashed(np.ones(1)))


@guvectorize([(float64[:], float64[:], float64[:])], "(n),()->(n)")
def scaled(a: Any, b: Any, out: Any) -> None:
    for i in range(a.shape[0]):
        out[i] = a[i] * b[0]


def test_a_number_of_a_guvectorize_is_an_array_of_one_element() -> None:
    gradient = jitad.grad(lambda x: np.sum(scaled(x, x[0]) * x))(X)
    np.testing.assert_allclose(gradient, 2 * X * X[0] + [X @ X, 0.0, 0.0])


# -- arrays ----------------------------------------------------------------------------------------


@njit
def room(n: Any) -> Any:
    return np.empty((n, 2)), np.arange(n)


@njit
def copied(source: Any, target: Any, n: Any) -> Any:
    for i in range(n):
        target[i] = source[i]


@njit
def into_room(x: Any) -> Any:
    space, order = room(4)
    copied(x, space, 3)
    order[:2] = order[1::-1]
    total = 0.0
    for i in range(3):
        for j in range(order[i]):
            total += space[i, 0] ** 2 * space[j, 1]
    return total


def test_arrays_that_a_function_makes_of_numbers_can_be_written_to() -> None:
    x = np.arange(1.0, 7.0).reshape(3, 2)
    value, gradient = jitad.value_and_grad(into_room)(x)
    assert value == into_room(x)
    wanted = np.zeros((3, 2))
    wanted[0] = 2 * x[0, 0] * x[0, 1], x[0, 0] ** 2 + x[2, 0] ** 2
    wanted[2, 0], wanted[1, 1] = 2 * x[2, 0] * (x[0, 1] + x[1, 1]), x[2, 0] ** 2
    np.testing.assert_allclose(gradient, wanted)


# -- declared types --------------------------------------------------------------------------------


@njit(locals={"total": types.float32, "k": types.uint16})
def declared(x: Any) -> Any:
    total = 0.0
    for k in range(x.shape[0]):
        total += x[k] * 1.1
        if total > 1:
            total = total / 3
    return total * 3.3


def test_variables_of_declared_types() -> None:
    """What is assigned to them is cast; in the Python function it is not."""
    value, gradient = jitad.value_and_grad(declared)(X)
    assert value == declared(X) != declared.py_func(X)
    np.testing.assert_allclose(gradient, jitad.grad(declared.py_func)(X), rtol=1e-6)
    assert jitad.jit(declared.py_func)(X) == pytest.approx(declared.py_func(X), rel=1e-14)


# -- types of results ------------------------------------------------------------------------------


@njit
def repeated(n: Any, x: Any) -> Any:
    return 0 if n < 1 else x + repeated(n - 1, x)


@njit
def by_a_flag(x: Any, flag: Any) -> Any:
    found = 3
    if flag:
        found = np.mean(x)
    return found, repeated(0, x[0]), repeated(2, 1), x.shape[0]


def test_types_of_results_are_inferred() -> None:
    """A whole number is a float where another branch would have it so; no code is made for it."""
    for flag in (False, True):
        found = jitad.jit(by_a_flag)(X, flag)
        assert not by_a_flag.overloads
        assert [np.asarray(x).dtype.kind for x in found] == ["f", "f", "i", "i"]
        assert found == (X.mean() if flag else 3.0, 0.0, 2, 3)
    assert by_a_flag(X, False) == (3.0, 0.0, 2, 3)


# -- tuples ----------------------------------------------------------------------------------------


@njit
def product_of(pair: Any) -> Any:
    x, n = pair
    return x * n


@njit
def halved(x: Any) -> Any:
    n = 0
    while x > 1e-3:
        x, n = x / 2, n + 1
    return product_of((x, n))


def test_nothing_asks_for_what_is_in_a_tuple(monkeypatch: Any) -> None:
    """Where cffi is installed, Numba looks values up in a set."""
    monkeypatch.setattr(cffi_utils, "SUPPORTED", True)
    monkeypatch.setattr(cffi_utils, "is_cffi_func", lambda x: hash(x) is None)
    gradient = jitad.grad(halved)
    for x, turns in ((2.0, 11), (50.0, 16)):
        assert gradient(x) == turns / 2**turns
    assert [len(tree.paths) for tree in gradient.trees((2.0,), {})] == [1]
