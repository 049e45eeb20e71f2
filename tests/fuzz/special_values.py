"""Values of every elementwise row and composite at inf, nan, zeros of both signs, tiny and huge.

A program is a chain of one to three functions, as many numbers as they take, a dtype and a size:
a number, an array in lanes, or one that ends between them. NumPy's and SciPy's own values judge:
NaN where they have NaN, the same infinities and signs of zeros, elsewhere equal within rounding.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

import jitad
import jitad.functions.elementwise.special  # SciPy's ufuncs are in the table as well
from jitad.functions.elementwise.ufuncs import COMPOSITES
from jitad.ir.op import TABLE, Elementwise
from jitad.ir.value import UFUNCS
from tests.fuzz.fuzzer import Fuzzer, register

NUMBERS = (
    *(np.inf, -np.inf, np.nan, 0.0, -0.0, 5e-324, -5e-324, 1e-310, 2.2250738585072014e-308),
    *(1e-160, -1e-30, 1e-9, 0.5, -0.5, 1.0, -1.0, 1 + 2**-52, 1 - 2**-53, 1.5, 2.0, -2.0, 3.0),
    *(10.0, -20.0, 88.7, 104.0, 709.7, -745.2, 1e10, 2.0**53, -(2.0**31), 3e38, 1e200, -1.7e308),
)
SIZES = (0, 1, 3, 7, 8, 9, 19)
"""Numbers of elements; 0 stands for a number that is no array."""

EITHER = {"maximum", "minimum", "fmax", "fmin"}
"""Which zero these give of 0.0 and -0.0 differs among NumPy's own loops."""

EXACT = {np.float64: 1e-13, np.float32: 2e-5}
"""Relative rounding of one function; a chain's is of all of its values."""


def _names() -> dict[str, Any]:
    """NumPy's ufuncs of one result, real and of at most two operands, by name."""
    rows = [row.evaluate for row in TABLE.values() if isinstance(row, Elementwise)]
    ufuncs = [f for f in [*rows, *(c.function for c in COMPOSITES)] if isinstance(f, np.ufunc)]
    return {
        f.__name__: f
        for f in ufuncs
        if f in UFUNCS and f.nout == 1 and f.nin <= 2 and getattr(np, f.__name__, None) is f
        and np.float64 in [np.dtype(t.split("->")[0][0]).type for t in f.types]
    }  # fmt: skip


FUNCTIONS = _names()
LATER = [name for name in FUNCTIONS if name not in ("signbit", "copysign")]
"""All but those that read the sign of a NaN, which no standard settles."""


def make(rng: np.random.Generator) -> Any:
    chain = [str(rng.choice(list(FUNCTIONS)))]
    chain += [str(rng.choice(LATER)) for _ in range(int(rng.integers(0, 3)))]
    size = int(rng.choice(SIZES))
    arity = 1 + sum(FUNCTIONS[name].nin - 1 for name in chain)
    numbers = [[float(rng.choice(NUMBERS)) for _ in range(max(size, 1))] for _ in range(arity)]
    return {"chain": chain, "numbers": numbers, "scalar": size == 0,
            "dtype": str(rng.choice(["float64", "float64", "float32"]))}  # fmt: skip


def run(chain: list[str], *operands: Any) -> Any:
    """The functions one after the other, each of the last result and of operands of its own."""
    rest = list(operands)
    x = rest.pop(0)
    for name in chain:
        f = FUNCTIONS[name]
        x = f(x) if f.nin == 1 else f(x, rest.pop(0))
    return x


def _is_refused(chain: list[str], *operands: Any) -> bool:
    """Whether NumPy would compute in 8 or 16 bits, or refuses: jitad says so, and has none."""
    rest = list(operands)
    x = rest.pop(0)
    for name in chain:
        f = FUNCTIONS[name]
        given = [x] if f.nin == 1 else [x, rest.pop(0)]
        try:
            loop = f.resolve_dtypes((*(a.dtype for a in given), None))
        except TypeError:
            return True
        if any(dtype.kind != "b" and dtype.itemsize < 4 for dtype in loop):
            return True
        x = f(*given)
    return False


def _operands(program: Any) -> list[Any]:
    with np.errstate(all="ignore"):
        arrays = [np.array(x).astype(program["dtype"]) for x in program["numbers"]]
    return [a[0] for a in arrays] if program["scalar"] else arrays


def check(program: Any) -> str:
    operands, chain = _operands(program), program["chain"]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if _is_refused(chain, *operands):
            return ""
        right = np.atleast_1d(run(chain, *operands))
        got = np.atleast_1d(jitad.jit(lambda *xs: run(chain, *xs))(*operands))
    if got.dtype != right.dtype:
        return f"dtype {got.dtype}, NumPy has {right.dtype}"
    bad = [i for i in range(right.size) if not _agree(got[i], right[i], program, i)]
    return "; ".join(f"{[float(x[i]) for x in program['numbers']]}: {got[i]!r}, NumPy has "
                     f"{right[i]!r}" for i in bad[:3])  # fmt: skip


def _agree(a: Any, b: Any, program: Any, i: int) -> bool:
    if b.dtype.kind != "f":
        return bool(a == b)
    if np.isnan(b) or np.isinf(b):
        return bool(np.isnan(a) if np.isnan(b) else a == b) or _is_rough(program, i)
    if b == 0:
        signed = bool(np.signbit(a) == np.signbit(b)) or bool(EITHER & {*program["chain"]})
        return (bool(a == 0) and signed) or _is_rough(program, i)
    limit = EXACT[b.dtype.type] * abs(b) + 8 * np.finfo(b.dtype).smallest_subnormal
    return bool(abs(a - b) <= limit) or _is_rough(program, i)


def _is_rough(program: Any, i: int) -> bool:
    """Whether a last place of an intermediate value decides: neighbours give other results."""
    chain, columns = program["chain"], [[x[i]] for x in program["numbers"]]
    if len(chain) == 1:
        return False
    (x, *rest) = _operands({**program, "numbers": columns, "scalar": False})
    values = np.array([x[0]])
    for k, name in enumerate(chain):
        f = FUNCTIONS[name]
        values = f(values) if f.nin == 1 else f(values, rest.pop(0)[:1])
        if values.dtype.kind == "f" and k + 1 < len(chain):
            ends = [np.nextafter(values, side) for side in (-np.inf, np.inf)]
            values = np.unique(np.concatenate([values, *ends]), equal_nan=False)
    spread = np.ptp(values[np.isfinite(values)]) if np.isfinite(values).any() else 0.0
    mixed = len({str(v) for v in np.where(np.isfinite(values), 0.0, values)}) > 1
    return bool(mixed or spread > 0)


def smaller(program: Any) -> Iterable[Any]:
    chain, numbers = program["chain"], program["numbers"]
    if not program["scalar"]:
        for i in range(len(numbers[0])):
            if len(numbers[0]) > 1:
                yield {**program, "numbers": [[x[i]] for x in numbers]}
        yield {**program, "numbers": [x[:1] for x in numbers], "scalar": True}
    if len(chain) > 1:
        used = 1 + sum(FUNCTIONS[name].nin - 1 for name in chain[:-1])
        yield {**program, "chain": chain[:-1], "numbers": numbers[:used]}


register(Fuzzer("special_values", make, check, smaller))
