"""Code generation: what crosses functions, what is looked up, complex numbers, bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np

import jitad
import jitad.numpy
from cases import case
from jitad.codegen import chunks
from jitad.scipy import special

RNG = np.random.default_rng(0)
X, Z = RNG.random(9), RNG.normal(size=20) + 1j * RNG.normal(size=20)


def _refusal(f: Callable[[Any], Any], *args: Any) -> str:
    try:
        return str(jitad.jit(f)(*args))
    except jitad.JitadError as error:
        return error.what


# -- functions of a program ------------------------------------------------------------------------


@case
def second_order_across_chunks() -> Any:
    """A scalar that an array is computed from again, in a function that does not hold the array."""
    x, y = np.array([0.3]), np.arange(6.0).reshape(2, 3) / 7

    def f(x: Any, y: Any) -> Any:
        a = np.sin(y) + y[0, 2]
        a = np.where(a > 0.2, x - y, a)
        c = np.outer(y, y)[:4, :4]
        return np.rot90(a), c.at[(x[0] > -9).astype(int)].multiply(x[0])

    def total(p: Any) -> Any:
        return sum(np.sum(np.sin(v)) for v in f(*p))

    g = jitad.grad(total)
    with mock.patch.object(chunks, "CHUNK", 40):
        got = jitad.jvp(g, ((x, y),), ((x, y),))[1]
    h = 1e-5
    up, down = (g(((1 + s) * x, (1 + s) * y)) for s in (h, -h))
    want = [(a - b) / (2 * h) for a, b in zip(up, down, strict=True)]
    return tuple(v.round(7) for v in got), tuple(v.round(7) for v in want)


@case
def complex_numbers_that_cross_functions() -> Any:
    """Each has room for two numbers of 8 bytes."""

    def f(z: Any) -> Any:
        a = [z[k] * z[k + 1] + k for k in range(8)]
        b = [np.exp(a[k] * 0.1) * a[7 - k] for k in range(8)]
        return np.stack([a[k] - b[7 - k] * a[0] for k in range(8)])

    z = Z[:9]
    with mock.patch.object(chunks, "CHUNK", 3):
        return jitad.jit(f)(z), f(z)


@case
def circuit_of_quantum_gates() -> Any:
    """A complex state that rotations act on, in functions of a few loops; its energy's gradient."""
    qubits, layers = 3, 2
    signs = np.array([sum(1 - 2 * (k >> q & 1) for q in range(qubits)) for k in range(8)])

    def rotated(state: Any, angle: Any, q: int) -> Any:
        c, s = np.cos(angle / 2), np.sin(angle / 2)
        gate = np.stack([np.stack([c, -s]), np.stack([s, c])]) * np.exp(0.3j * angle)
        return np.moveaxis(np.tensordot(gate, state, axes=([1], [q])), 0, q)

    def energy(angles: Any) -> Any:
        state: Any = np.zeros((2,) * qubits, complex)
        state[0, 0, 0] = 1
        for layer in range(layers):
            for q in range(qubits):
                state = rotated(state, angles[layer, q], q)
            phases = np.ones((2,) * qubits)
            phases[1, 1] = -1
            state = state * phases
        return np.sum(np.abs(np.reshape(state, -1)) ** 2 * signs)

    angles = RNG.normal(size=(layers, qubits))
    with mock.patch.object(chunks, "CHUNK", 100):
        got = jitad.grad(energy)(angles)
    # Sines and cosines of half an angle: differences by a quarter turn are exact.
    shifts = np.eye(angles.size).reshape(-1, *angles.shape) * np.pi / 2
    return got, np.array([(energy(angles + d) - energy(angles - d)) / 2
                          for d in shifts]).reshape(angles.shape)  # fmt: skip


@case
def places_of_what_another_loop_reads() -> Any:
    """The argmax along the first axis, whose loop also stores what it looks at."""

    def f(x: Any) -> Any:
        a = np.tanh(x)
        return np.argmax(a, axis=0), np.argmin(a, axis=0), np.sum(a * x, axis=1), a - x

    shapes = ((8, 2), (2, 8), (3, 40), (40, 3), (5, 4, 6))
    points = [RNG.normal(size=shape) for shape in shapes]
    got = [v for x in points for v in jitad.jit(f)(x)]
    return tuple(got), tuple(v for x in points for v in f(x))


# -- what is looked up -----------------------------------------------------------------------------


@case
def gather_from_constants() -> Any:
    def f(x: Any) -> Any:
        i = np.argsort(x)
        ones, table = jitad.numpy.ones(x.size), jitad.numpy.full((x.size, 3), 2.0)
        return ones[i], jitad.numpy.arange(x.size)[i], table[i][:, 1] * x, table[i] * x[:, None]

    sizes = (1, 2, 7, 8, 9, 17, 33)
    points = [RNG.random(n) for n in sizes]
    got = [v for x in points for v in jitad.jit(f)(x)]
    return tuple(got), tuple(v for x in points for v in f(x))


@case
def places_out_of_a_constant() -> Any:
    def raises(f: Callable[[Any], Any], x: Any) -> bool:
        try:
            jitad.jit(f)(x)
        except IndexError:
            return True
        return False

    tables = (jitad.numpy.ones, jitad.numpy.arange)
    return [
        raises(lambda x, make=make: make(x.size)[np.argsort(x) + 1], np.ones(n))
        for make in tables
        for n in (1, 2, 9, 40)
    ], [True] * 8


# -- complex numbers -------------------------------------------------------------------------------


@case
def complex_numbers_have_no_order() -> Any:
    functions = {
        "max": np.max, "min": np.min, "argmax": np.argmax, "argmin": np.argmin, "sort": np.sort,
        "maximum": lambda z: np.maximum(z, z), "less": lambda z: z < z,
        "searchsorted": lambda z: np.searchsorted(z, z),
    }  # fmt: skip
    said = [_refusal(f, Z) for f in functions.values()]
    right = [f"np.{name} of complex numbers is not supported on traced values"
             for name in functions]  # fmt: skip
    return tuple(said), tuple(right)


@case
def complex_covariance() -> Any:
    y = Z[::-1] ** 2
    got = jitad.jit(lambda z, y: (np.cov(z, y), np.corrcoef(z, y)))(Z, y)
    return got, (np.cov(Z, y), np.corrcoef(Z, y))


@case
def complex_sinc() -> Any:
    z = np.concatenate([Z, [0, 1e-9, 0.1j]])
    return jitad.jit(np.sinc)(z), np.sinc(z)


@case
def short_rows_overwrite_what_they_are_computed_from() -> Any:
    def step(carry: Any, x: Any) -> Any:
        h, g = carry
        g = g * np.tanh(0.5 * h + x) + np.exp(-h * h)
        return (np.sin(g) * np.tanh(h), g), np.sum(h)

    carry, xs = (RNG.normal(size=14), RNG.normal(size=14)), RNG.normal(size=5)
    want, sums = carry, []
    for x in xs:
        want, total = step(want, x)
        sums.append(total)
    return jitad.jit(lambda c, xs: jitad.scan(step, c, xs))(carry, xs), (want, np.array(sums))


# -- bits ------------------------------------------------------------------------------------------


def _same_bits(f: Callable[..., Any], *args: Any) -> bool:
    return np.asarray(jitad.jit(f)(*args)).tobytes() == np.asarray(f(*args)).tobytes()


@case
def products_are_rounded_before_they_are_added() -> Any:
    x, y, z = (RNG.normal(size=100) for _ in range(3))
    functions: list[Callable[[Any, Any, Any], Any]] = [
        lambda x, y, z: np.sqrt(x * x - y * y), lambda x, y, z: x * y + z,
        lambda x, y, z: z - x * y, lambda x, y, z: 2 * x - y * z, lambda x, y, z: x**2 + y**2,
        lambda x, y, z: 4 * x + y / 2 - z * 3,
    ]  # fmt: skip
    got = [
        _same_bits(f, *args)
        for f in functions
        for args in ((x, x, z), (x, y, z), (x[:3], y[:3], z[:3]), (x[0], y[0], z[0]))
        if not (f is functions[0] and args[0] is not args[1])
    ]
    return all(got), True


@case
def a_vector_is_parallel_to_itself() -> Any:
    a = RNG.normal(size=(50, 3))
    return jitad.jit(lambda a: np.cross(a, a))(a).any(), False


@case
def zeros_have_signs() -> Any:
    def f(x: Any) -> Any:
        return np.stack([np.copysign(x, 0.0), np.copysign(x, -0.0), np.copysign(x, 0.0 * x)])

    return jitad.jit(f)(2.0), [2.0, -2.0, 2.0]


@case
def zero_is_added_to_nothing() -> Any:
    x = np.array([-0.0, 0.0, 1.0])
    got = jitad.jit(lambda x: (1 / (x + 0.0), 1 / (0.0 - x), 1 / -(x - x)))(x)
    return got, ([-np.inf, np.inf, 1.0], [np.inf, -np.inf, -1.0], [np.inf] * 3)


@case
def long_sums_of_short_numbers() -> Any:
    x = RNG.random(1_000_000).astype(np.float32)
    rows = x.reshape(-1, 10)
    exact = np.sum(x.astype(float)), np.sum(rows[:, :8].astype(float)), np.mean(x.astype(float))
    got = jitad.jit(lambda x: (np.sum(x), np.sum(x.reshape(-1, 10)[:, :8]), np.mean(x)))(x)
    worst = max(abs(a - b) / b for a, b in zip(got, exact, strict=True))
    return bool(worst < 3e-7), True


@case
def long_sums_of_infinities() -> Any:
    x = np.ones(50_000)
    x[7] = np.inf
    return (jitad.jit(np.sum)(x), jitad.jit(np.sum)(-x)), (np.inf, -np.inf)


@case
def numbers_are_rounded_as_they_stand() -> Any:
    """Products, quotients and sums with numbers have NumPy's bits, also where digits are few."""

    def f(x: Any) -> Any:
        return [
            *(x * 0.1 * 0.3, x * 3.0 * 0.5, x / 3.0, x / 10.0, x / 4.0, -x * 0.7, -(x - 0.1)),
            *(x * 1e308 * 4.0, x * 3e-308 * 0.25, x * 0.25 * 3e-308, x / 3e307 / 8.0),
            *(0.5 * x + x, x - 0.25 * x, 2.0 * x - 0.1, 0.1 - 4.0 * x, 0.1 * x + 0.3, x * x - x),
            *(x + x, x + x * 2.0, (x + x) * 0.1, 3.0 - -x, -x - x * 0.3, -x * -0.3),
        ]

    x = np.random.default_rng(3).normal(size=40)
    x[:8] = 5e-324, -1.5e-323, 1e-308, 3e-310, 1e300, -1e-10, 1e-16, 4e307
    with np.errstate(all="ignore"):
        right = np.stack(f(x))
    return jitad.jit(lambda x: np.stack(f(x)))(x).tobytes() == right.tobytes(), True


@case
def sums_and_products_of_the_same_in_another_order() -> Any:
    def f(x: Any, y: Any) -> Any:
        return y + x, y * x, x * y, x + y

    return jitad.jit(f)(2.0, 5.0), (7.0, 10.0, 10.0, 7.0)


@case
def one_number_in_two_dtypes() -> Any:
    found = jitad.jit(lambda x, y: (x * 2.5, y * 2.5))(np.ones(3, np.float32), np.ones(3))
    return " ".join(f"{x.dtype} {x[0]}" for x in found), "float32 2.5 float64 2.5"


@case
def orders_that_are_no_numbers() -> Any:
    def f(n: Any, x: Any) -> Any:
        return special.kn(n, x), special.yn(n, x), special.expn(n, x)

    return jitad.jit(f)(np.nan, 1.5), (np.nan, np.nan, np.nan)


@case
def rows_of_a_flat_view() -> Any:
    x = RNG.normal(size=(40, 30))

    def f(x: Any) -> Any:
        flat = x.reshape(-1)
        return flat[::-1] * 1.0, flat[1:1171].reshape(39, 30) * 1.0, flat[7:].reshape(-1, 1) + 0.5

    return jitad.jit(f)(x), f(x)


@case
def the_first_of_equal_elements() -> Any:
    x = np.tile([1.0, 5.0, 2.0, 5.0, -3.0], 40)
    y = np.stack([x, np.roll(x, 2), np.where(np.arange(200) == 151, np.nan, x)])

    def f(x: Any, y: Any) -> Any:
        return np.argmax(x), np.argmin(x), np.argmax(y, axis=1), np.argmin(y, axis=1)

    return jitad.jit(f)(x, y), f(x, y)
