"""Every elementwise row and every composite: nothing here knows an op by name.

Small arrays are spelt out in scalars, large ones run as loops of lanes: each check is made of both.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import warnings
import zlib
from typing import Any, NamedTuple

import numpy as np
import oracle
import pytest
import scipy.special as sp

import jitad
import jitad.functions.elementwise.special  # SciPy's rows are in the table as well
from jitad.frontend.operands import innermost, lift
from jitad.functions.elementwise.ufuncs import COMPOSITES
from jitad.ir.op import FLOAT32, SHORT_NAMES, TABLE, Elementwise
from jitad.ir.value import UFUNCS
from jitad.ops.elementwise import nought, stop_gradient, wanted
from jitad.ops.special import Undefined

SIZES = (3, 1003)
FEW = 6
DRAWN = 1003
ULPS = 4
"""What libmvec promises of its functions."""

SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.75, -2.5, 1e300, -1e-300, 5e-324)
WHOLE = (0.0, 1.0, 2.0, 3.0)


class Fixed(NamedTuple):
    """The domain of an operand that has no derivative, such as an order: whole numbers."""

    low: float
    high: float


def _domain(row: Elementwise) -> tuple[Any, ...]:
    return tuple(
        Fixed(*bounds) if isinstance(partial, Undefined) else bounds
        for bounds, partial in zip(row.domain, row.partials, strict=True)
    )


def _function(row: Elementwise, params: dict[str, Any]) -> Any:
    """The op itself under a trace, and NumPy's function of it elsewhere."""

    def function(*operands: Any) -> Any:
        if any(isinstance(x, jitad.ir.value.Value) for x in operands):
            builder = innermost(operands)
            return row(*(lift(builder, x) for x in operands), **params)
        return row.evaluate(*operands, **params)

    return function


def _cases() -> list[Any]:
    """(function, domain) of every row, at every dtype where the row has that parameter."""
    cases = []
    for row in TABLE.values():
        if not isinstance(row, Elementwise) or row in (
            stop_gradient,
            nought,
            wanted,
        ):  # no functions
            continue
        variants = [{"dtype": d} for d in SHORT_NAMES] if row.params else [{}]
        for params in variants:
            name = "-".join([row.name, *(SHORT_NAMES[d] for d in params.values())])
            cases.append(pytest.param(_function(row, params), _domain(row), id=name))
    for entry in COMPOSITES:
        name = f"np.{entry.function.__name__}"
        cases.append(pytest.param(entry.function, entry.domain, id=name))
    return cases


CASES = _cases()


def _of(fits: Any) -> Any:
    """Those of the cases whose domain fits."""
    return pytest.mark.parametrize(
        ("function", "domain"), [case for case in CASES if fits(case.values[1])]
    )


def _is_exact(bounds: Any) -> bool:
    """Whether an operand is of integers or bools."""
    return isinstance(bounds[0], (bool, int)) and not isinstance(bounds, Fixed)


def _has_none(domain: Any) -> bool:
    """Whether no operand has a derivative."""
    return all(isinstance(x, Fixed) or _is_exact(x) for x in domain)


of_exact = _of(_has_none)
of_some_float = _of(lambda domain: not _has_none(domain))
of_floats = _of(lambda domain: not any(_is_exact(x) or isinstance(x[0], complex) for x in domain))
sizes = pytest.mark.parametrize("size", SIZES)


def sample(domain: Any, size: int, name: str) -> list[np.ndarray]:
    """Operands in a domain; bounds of bool and int stand for those dtypes."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    operands = []
    for bounds in domain:
        low, high = bounds
        if isinstance(bounds, Fixed):
            operands.append(rng.integers(round(low), round(high), size, endpoint=True) * 1.0)
        elif isinstance(low, complex):
            parts = rng.uniform(low.real, high.real, (2, size)).astype(np.float32)
            operands.append(parts[0].astype(float) + 1j * parts[1])
        elif isinstance(low, (bool, int)):
            operands.append(rng.integers(low, high, size, endpoint=True).astype(type(low)))
        else:
            operands.append(rng.uniform(low, high, size).astype(np.float32).astype(float))
    return operands


def _active(function: Any, domain: Any, operands: list[np.ndarray]) -> tuple[Any, list[np.ndarray]]:
    """The function of its operands that have derivatives alone, the others held."""
    fixed = [isinstance(bounds, Fixed) for bounds in domain]
    places = [k for k, x in enumerate(operands) if x.dtype.kind in "fc" and not fixed[k]]

    def of_floats(*floats: Any) -> Any:
        filled: list[Any] = [
            x.astype(floats[0].dtype) if held else x
            for x, held in zip(operands, fixed, strict=True)
        ]
        for k, x in zip(places, floats, strict=True):
            filled[k] = x
        return function(*filled)

    return of_floats, [operands[k] for k in places]


def test_every_row_has_a_domain() -> None:
    rows = [row for row in TABLE.values() if isinstance(row, Elementwise)]
    assert all(len(row.domain) == len(row.partials) for row in rows if row is not stop_gradient)


@of_exact
@sizes
def test_value(function: Any, domain: Any, size: int, request: Any) -> None:
    oracle.check_value(function, sample(domain, size, request.node.name))


@of_some_float
@sizes
def test_derivatives(function: Any, domain: Any, size: int, request: Any) -> None:
    operands = sample(domain, size, request.node.name)
    oracle.check_all(*_active(function, domain, operands))


@of_floats
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_special_values(function: Any, domain: Any, dtype: Any, request: Any) -> None:
    """NaN, infinities, signed zeros, huge and tiny numbers give what NumPy gives, in lanes as in
    scalars; and what lanes give of others is to the bit what scalars give, where no function is
    called, and elsewhere within what libmvec promises."""
    held = any(isinstance(bounds, Fixed) for bounds in domain)
    # With an order or a parameter some of SciPy's series do not end at infinity.
    special = tuple(x for x in SPECIAL if not abs(x) > 100) if held else SPECIAL
    numbers = [WHOLE if isinstance(bounds, Fixed) else special for bounds in domain]
    with np.errstate(over="ignore"):
        grid = np.array(list(itertools.product(*numbers))).T.astype(dtype)
    drawn = sample(domain, DRAWN, request.node.name)
    operands = [np.concatenate([x, y.astype(dtype)]) for x, y in zip(grid, drawn, strict=True)]
    kernel = jitad.compile(lambda *xs: function(*xs), *operands)
    lanes, scalars = oracle.leaves(kernel(*operands)), _scalars(function, operands)
    count = grid.shape[1]
    for results in (lanes, scalars):
        _check_special(function, [x[:count] for x in results], list(grid))
    called = re.search(r"call [^@\n]*@(?!llvm\.)", kernel.code.text) is not None
    # A composite may cancel: its units are those of its operands.
    sizes = [np.abs(x) for x in operands] if isinstance(function, np.ufunc) else []
    scale = np.fmax.reduce([np.zeros(len(operands[0])), *sizes])
    plain = np.all(np.abs(operands) < 1e30, axis=0)
    for x, y in zip(lanes, scalars, strict=True):
        _agree(x[plain], y[plain], ULPS if called else 0, scale[plain].astype(y.dtype))


def _scalars(function: Any, operands: list[np.ndarray]) -> list[np.ndarray]:
    """The results of a kernel of so few elements that they are spelt out in scalars."""
    compiled = jitad.jit(lambda *xs: function(*xs))
    size = len(operands[0])
    rows = [np.resize(x, (-(-size // FEW), FEW)) for x in operands]
    pieces = [oracle.leaves(compiled(*few)) for few in zip(*rows, strict=True)]
    return [np.concatenate(x)[:size] for x in zip(*pieces, strict=True)]


def _agree(got: np.ndarray, want: np.ndarray, ulps: int, scale: np.ndarray) -> None:
    """Equal but for so many units in the last place of `scale`."""
    assert got.dtype == want.dtype
    same = (got == want) & (np.signbit(got) == np.signbit(want) if got.dtype.kind == "f" else True)
    if got.dtype.kind == "f":
        same |= np.isnan(got) & np.isnan(want)
        with np.errstate(invalid="ignore"):
            same |= np.abs(got - want) <= ulps * np.spacing(np.fmax(np.abs(want), scale))
    bad = np.flatnonzero(~same)
    assert not bad.size, f"at {bad[:5]}: {got[bad[:5]]}, as scalars {want[bad[:5]]}"


def _check_special(function: Any, results: list[np.ndarray], operands: list[np.ndarray]) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", DeprecationWarning)  # SciPy's, of fractions as counts
        wanted = oracle.leaves(function(*operands))
    for got, want in zip(results, wanted, strict=True):
        assert got.dtype == want.dtype
        for x, y in zip(_parts(got), _parts(want), strict=True):
            _compare_special(x, y, operands)


def _parts(x: np.ndarray) -> list[np.ndarray]:
    return [x.real, x.imag] if x.dtype.kind == "c" else [x]


def _compare_special(got: np.ndarray, want: np.ndarray, operands: list[np.ndarray]) -> None:
    size = np.max(np.abs(operands), axis=0)
    if want.dtype.kind == "f":
        eps, tiny = np.finfo(want.dtype).eps, np.finfo(want.dtype).smallest_subnormal
        # The sum of two numbers near 1 may cancel: rounding is measured by them.
        # SciPy computes some inverses of distributions in single precision.
        ulps = 8 if want.dtype == np.float64 else 50
        slack = ulps * (eps * np.abs(want) + np.fmin(eps, eps * size)) + tiny
        with np.errstate(invalid="ignore"):
            agree = (got == want) | (np.abs(got - want) <= slack)
        agree |= np.isnan(got) & np.isnan(want)
        # Which zero max(0.0, -0.0) gives differs among NumPy's own loops.
        zeros = np.all([x == 0 for x in operands], axis=0)
        both = zeros & (np.ptp([np.signbit(x).astype(int) for x in operands], axis=0) > 0)
        lost = (want == 0) & (got == 0) & (np.signbit(got) != np.signbit(want)) & ~both
        agree &= ~lost & (np.isinf(got) == np.isinf(want))
    else:
        # What a number becomes that an integer cannot hold differs among machines.
        agree = (got == want) | ((want.dtype.kind == "i") & ~(size < 2.0**31))
    bad = np.flatnonzero(~agree)
    report = [([x[i] for x in operands], got[i], want[i]) for i in bad[:5]]
    assert not bad.size, f"(operands, ours, NumPy's): {report}"


KINDS = (np.float64, np.float32, np.int64, np.int32, np.bool_)


ROUGH_IN_SINGLE = sp.iti0k0, sp.pbdv, sp.hankel1, sp.hankel2
"""What SciPy computes of float32 in single precision, to fewer digits, and jitad in double."""


def _several(results: Any) -> tuple[Any, ...]:
    return results if isinstance(results, tuple) else (results,)


@pytest.mark.parametrize("ufunc", list(UFUNCS), ids=lambda u: u.__name__)
def test_dtypes(ufunc: Any) -> None:
    """Every mixture of dtypes gives NumPy's dtype and value, or an error where tapes have none."""
    core = ufunc.signature is not None
    numbers = [[2, 1, 3], [1, 3, 2], [1, 1, 4]] if core else [2, -5, 3, 1, 8]
    values = {np.dtype(k): np.array(numbers, k) for k in KINDS}
    values[np.dtype(bool)] = np.asarray(numbers) % 2 == 0
    mixtures = []
    kinds = KINDS if ufunc.nin < 4 else KINDS[:3]
    for dtypes in itertools.product(map(np.dtype, kinds), repeat=ufunc.nin):
        operands = [values[d] for d in dtypes]
        try:
            loop = ufunc.resolve_dtypes((*dtypes, *(None,) * ufunc.nout))
        except TypeError:
            loop = ()
        with np.errstate(all="ignore"):
            # y >= 0 is needed, and known only of booleans.
            refused = ufunc is np.power and loop and loop[0].kind == dtypes[1].kind == "i"
            # Questions about small numbers are those about wider ones.
            known = loop and (loop[-1].kind == "b" or all(d in SHORT_NAMES for d in loop))
            if refused or not known:
                with pytest.raises(jitad.TraceError):
                    jitad.trace(ufunc, *operands)
            else:
                mixtures.append(operands)

    def all_of_them(mixtures: Any) -> Any:
        return [ufunc(*operands) for operands in mixtures]

    if ufunc in ROUGH_IN_SINGLE:
        for operands in mixtures:
            exact = ufunc(*(np.asarray(x, np.float64) for x in operands))
            for x, y, right in zip(*map(_several, (jitad.jit(ufunc)(*operands), ufunc(*operands),
                                                   exact)), strict=True):  # fmt: skip
                assert x.dtype == y.dtype
                np.testing.assert_allclose(x, right.astype(x.dtype), rtol=1e-5)
        return

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # SciPy's, of fractions as counts
        oracle.check_value(all_of_them, [mixtures])


@pytest.mark.parametrize(
    "ufunc",
    [u for u in UFUNCS if u.nin == 2 and u.signature is None],
    ids=lambda u: u.__name__,
)
def test_python_numbers_are_weak(ufunc: Any) -> None:
    """A float32 array with a Python number stays float32 wherever it does in NumPy."""
    x = np.array([0.5, 2.0, 3.0], np.float32)
    for f in (lambda x: ufunc(x, 2.0), lambda x: ufunc(2, x)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # SciPy's, of fractional orders
                f(x)
        except TypeError:
            with pytest.raises(jitad.TraceError):
                jitad.jit(f)(x)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            want = oracle.check_value(f, [x])
        if all(v.dtype.kind == "f" for v in want) and want[0].dtype == FLOAT32:
            with contextlib.suppress(jitad.DifferentiationError):
                jitad.trace(jitad.jacfwd(f), x)
