"""The reference: examples/reference.md is what is printed, and no function in it is untested."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import SAMPLES
from samples.stats import CONTINUOUS, DISCRETE
from scipy import interpolate, optimize, signal, special

import jitad.functions.elementwise.special
from jitad import reference
from jitad.functions.elementwise.ufuncs import COMPOSITES
from jitad.ir.op import TABLE, Elementwise
from jitad.ir.value import FUNCTIONS, UFUNCS
from jitad.scipy import states
from jitad.scipy.readable import READ
from jitad.scipy.stats.multivariate import MULTIVARIATE
from jitad.scipy.stats.read import ROWS

REFERENCE = Path(__file__).resolve().parents[1] / "examples" / "reference.md"


def test_the_page_is_what_is_printed() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference.page()


def test_each_name_that_is_declared_is_public_and_has_no_rule() -> None:
    for module, names in states.declared().items():
        for name in names:
            assert states.state(module, name)[0] in ("constant", "refused"), (module, name)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: signal.find_peaks(x), "find their places outside"),
        (lambda x: optimize.brute(lambda y: y + x[0], ((0, 1),)), "start optimize.minimize"),
        (lambda x: special.mathieu_a(1, x), "no derivative by its parameters is known"),
        (lambda x: interpolate.Rbf(x, x), "the nearest supported names are"),
        (lambda x: interpolate.AAA(x, x), "compute it outside"),
    ],
)
def test_a_refusal_gives_its_reason(f: Any, said: str) -> None:
    with pytest.raises(jitad.TraceError, match=r"scipy\.") as caught:
        jitad.jit(f)(X[0])
    assert said in str(caught.value)


def _sampled() -> set[Any]:
    functions = {getattr(f, "__wrapped__", f) for f in SAMPLES} | set(SAMPLES)
    rows = {op.evaluate for op in TABLE.values() if isinstance(op, Elementwise)}
    return functions | rows | {entry.function for entry in COMPOSITES}


OTHER_TESTS = {
    *(f"jitad.scipy.optimize.{name}" for name in reference.supported()["jitad.scipy.optimize"]),
    *("np.ufunc.reduce", "np.ufunc.accumulate", "np.ufunc.outer", "np.ufunc.reduceat"),
    *(f"jitad.scipy.integrate.{name}" for name in jitad.scipy.integrate.__all__),
    *(f"jitad.scipy.{module}.{name}" for module, names in READ.items() for name in names),
    *(f"scipy.special.{name}" for name in READ["special"]),
}
"""What has tests of its own: of optimize and integrate, what is read, and the methods below."""

NAMES = [
    pytest.param(module, shown, name, id=f"{shown}.{name}")
    for module, shown in reference.NAMESPACES.items()
    for name in reference.supported()[shown]
    if f"{shown}.{name}" not in OTHER_TESTS
]


@pytest.mark.parametrize(("module", "shown", "name"), NAMES)
def test_every_function_in_it_is_tested(module: str, shown: str, name: str) -> None:
    function = getattr(importlib.import_module(module), name)
    if isinstance(function, np.ufunc):
        # tests/test_elementwise_table.py takes every ufunc through all dtypes.
        assert function in UFUNCS
    else:
        records = {FUNCTIONS.get(f) for f in _sampled()} - {None}
        assert function in _sampled() or FUNCTIONS[function] in records


def test_every_distribution_in_it_is_tested() -> None:
    assert set(reference.distributions()) == {*CONTINUOUS, *DISCRETE, *MULTIVARIATE, *ROWS}


X = np.array([[0.5, 1.25, 2.0], [3.0, 0.75, 1.5]])


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.hypot, np.logaddexp])
def test_methods_of_ufuncs(ufunc: Any) -> None:
    for f in (
        lambda x: ufunc.reduce(x),
        lambda x: ufunc.reduce(x, axis=1, keepdims=True),
        lambda x: ufunc.reduce(x, axis=None, initial=0.5),
        lambda x: ufunc.accumulate(x, axis=1),
        lambda x: ufunc.outer(x, x[0]),
        lambda x: ufunc.reduceat(x, [0, 2, 1], axis=1),
    ):
        np.testing.assert_allclose(jitad.jit(f)(X), f(X), rtol=1e-13)
        jitad.check_grads(f, (X,), order=2)
