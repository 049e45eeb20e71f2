"""Elementary functions in lanes: 4 units in the last place over the whole range, against mpmath.

Arguments are spread over all exponents of their type, subnormal ones too; results that overflow,
vanish or are not real are those of IEEE 754.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special

import jitad
import jitad.codegen.lanes
from jitad.codegen.vector_math import has_fma

COUNT = 600
ULPS = 4

FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    **{name: (getattr(np, name), getattr(mpmath, name)) for name in (
        "exp", "expm1", "log", "log1p", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh",
        "sqrt", "hypot")},
    **{f"arc{name}": (getattr(np, f"arc{name}"), getattr(mpmath, f"a{name}")) for name in (
        "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "cbrt": (np.cbrt, lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x))),
    "exp2": (np.exp2, lambda x: mpmath.power(2, x)),
    "log2": (np.log2, lambda x: mpmath.log(x, 2)),
    "erf": (scipy.special.erf, mpmath.erf),
    "arctan2": (np.arctan2, mpmath.atan2),
    "power": (np.power, mpmath.power),
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def always() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jitad.codegen.lanes, "_LONG", 0)
        yield


def _arguments(dtype: Any, seed: int) -> np.ndarray:
    """Over all exponents, around 1, and over the range where exponentials are finite."""
    rng = np.random.default_rng(seed)
    info = np.finfo(dtype)
    exponents = rng.uniform(np.log2(info.smallest_subnormal), np.log2(info.max), COUNT // 2)
    wide = np.exp2(exponents) * rng.choice([-1, 1], COUNT // 2)
    near = rng.uniform(-2, 2, COUNT // 4)
    core = rng.uniform(-1, 1, COUNT // 4) * np.log(float(info.max)) * 1.05
    with np.errstate(over="ignore", under="ignore"):
        return rng.permutation(np.concatenate([wide, near, core])).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_accuracy(name: str, dtype: Any) -> None:
    function, exact = FUNCTIONS[name]
    binary = name in ("hypot", "arctan2", "power")
    operands = [_arguments(dtype, seed) for seed in range(2 if binary else 1)]
    if name == "power":
        operands = [np.abs(operands[0]), operands[1]]
    kernel = jitad.compile(lambda *xs: function(*xs), *operands)
    assert f" x {'double' if dtype is np.float64 else 'float'}>" in kernel.code.text
    got = kernel(*operands)
    with np.errstate(all="ignore"):
        wanted = function(*operands)
    worst = 0.0
    for k, y in enumerate(got):
        if not np.isfinite(wanted[k]) or not np.isfinite(y):
            same = y == wanted[k] or (np.isnan(y) and np.isnan(wanted[k]))
            edge = np.isinf(y) != np.isinf(wanted[k]) and _is_at_the_end(y, wanted[k])
            assert same or edge, (name, [x[k] for x in operands], y, wanted[k])
            continue
        with mpmath.workprec(1300 if name in ("sin", "cos", "tan") else 200):
            truth = exact(*(mpmath.mpf(float(x[k])) for x in operands))
            unit = max(np.spacing(np.abs(wanted[k])), np.finfo(dtype).smallest_subnormal)
            worst = max(worst, float(abs(mpmath.mpf(float(y)) - truth) / mpmath.mpf(float(unit))))
        assert np.signbit(y) == np.signbit(wanted[k]) or y != 0
    assert worst <= ULPS, f"{name}: {worst} units in the last place"


def _is_at_the_end(x: Any, y: Any) -> bool:
    """Whether one result is infinite and the other within a few units of the largest number."""
    finite = np.abs(x) if np.isfinite(x) else np.abs(y)
    return bool(finite >= np.finfo(finite.dtype).max * (1 - 8 * np.finfo(finite.dtype).eps))


def test_one_argument_of_sine_and_cosine() -> None:
    """What a function and its derivative share is computed once."""
    x = np.linspace(0.0, 3.0, 6400)
    f = jitad.vmap(jitad.value_and_grad(lambda x: np.exp(np.sin(x))))
    text = jitad.compile(f, x).code.text
    for name in ("sin", "cos"):
        assert len(re.findall(rf"call [^@\n]*@(_ZGV\w*_)?{name}\(", text)) == 1
    # exp is arithmetic where there is fma, and rounds twice.
    calls = len(re.findall(r"call [^@\n]*@(_ZGV\w*_)?exp\(", text))
    assert (calls, len(re.findall(r"call [^@\n]*@llvm\.rint", text))) in ((0, 2), (1, 0))


def test_exp_is_right_to_one_unit() -> None:
    if not has_fma():
        pytest.skip("exp is a function of libm where there is no fma")
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(-750, 715, 3000), rng.uniform(-1, 1, 2000)])
    found = jitad.jit(np.exp)(x)
    for a, b in zip(x.tolist(), found.tolist(), strict=True):
        exact = mpmath.exp(mpmath.mpf(a))
        if exact < mpmath.mpf(np.finfo(float).max):
            assert abs(b - exact) <= 1.05 * np.spacing(max(b, np.finfo(float).smallest_subnormal))
        else:
            assert b == np.inf
