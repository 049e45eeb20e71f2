"""A row of the tables of distributions -> an object with SciPy's methods that takes traced values.

A row speaks of the standardised variable z = (x - loc) / scale; what lies outside of the support
has probability 0 and derivative 0. Results are of double precision, as SciPy's are.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.operands import as_dtype, innermost, lift
from jitad.ir.errors import TraceError
from jitad.ir.op import FLOAT64
from jitad.ops.elementwise import nought, stop_gradient, told

Formula = Callable[..., Any]


@dataclass(frozen=True)
class Family:
    """A family of distributions, as formulas of (z, *shapes).

    `support(*shapes)` gives its ends; `within(*shapes)` a point inside, at which formulas are
    evaluated in the place of points outside; `valid(*shapes)` which parameters make sense.
    `formulas` has logpdf or logpmf, and cdf, sf, logcdf, logsf, ppf, isf where they are known; a
    pmf as a product serves where it is 0, and has slopes though its logarithm has none.
    Where `is_open`, the density is 0 at the lower end of the support.
    """

    shapes: tuple[str, ...]
    formulas: dict[str, Formula]
    support: Formula = field(default=lambda *_: (-math.inf, math.inf))
    within: Formula = field(default=lambda *_: 1.0)
    valid: Formula = field(default=lambda *shapes: _all_positive(shapes))
    is_discrete: bool = False
    is_open: bool = False


class Parameters(NamedTuple):
    """The parameters of one call, in double precision."""

    shapes: tuple[Any, ...]
    loc: Any
    scale: Any


def _all_positive(values: tuple[Any, ...]) -> Any:
    verdict: Any = True
    for x in values:
        verdict = verdict & (x > 0)
    return verdict


METHODS = ("logpdf", "pdf", "logpmf", "pmf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf")


_DRAWN = (
    "draw standard numbers and transform them, as loc + scale * rng.normal(), or uniform ones, "
    "by ppf"
)


class Plain:
    """Abstract: SciPy's distribution, whose other attributes take plain arrays only."""

    def __init__(self, name: str, original: Any, remedy: str) -> None:
        self._name = name
        self._original = original
        self._remedy = remedy

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._original, name)
        if not callable(attribute):
            return attribute

        def method(*args: Any, **kwargs: Any) -> Any:
            self._refuse_traced(name, args, kwargs)
            return attribute(*args, **kwargs)

        return method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse_traced("__call__", args, kwargs)
        return self._original(*args, **kwargs)

    def _refuse_traced(self, method: str, args: Any, kwargs: dict[str, Any]) -> None:
        if holds_traced([*args, *kwargs.values()]):
            raise TraceError(
                f"scipy.stats.{self._name}.{method} of traced values is not supported",
                remedy=_DRAWN if method == "rvs" else self._remedy,
            )


class Unsupported(Plain):
    """A distribution that no table has."""

    def __init__(self, name: str, original: Any, known: tuple[str, ...]) -> None:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        found = f"the nearest supported distributions are {', '.join(near)}; or " if near else ""
        super().__init__(name, original, f"{found}write its density with np and scipy.special")


class Distribution(Plain):
    """A distribution of the tables; `methods` are the names of those that take traced values."""

    def __init__(self, family: Family, original: Any) -> None:
        self._family = family
        self.methods = tuple(m for m in METHODS if self._formula(m) is not None)
        super().__init__(original.name, original, f"supported methods: {', '.join(self.methods)}")

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        return Frozen(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        formula = self._formula(name) if name in METHODS else None
        if formula is None:
            return super().__getattr__(name)

        def method(x: Any, *args: Any, **kwargs: Any) -> Any:
            if not holds_traced([x, *args, *kwargs.values()]):
                return getattr(self._original, name)(x, *args, **kwargs)
            p = self._bind(name, args, kwargs)
            return formula(_number(x), p)

        return method

    def _formula(self, name: str) -> Callable[[Any, Parameters], Any] | None:
        """The method of (x, parameters), where the family's formulas give it."""
        family = self._family
        have, kind = family.formulas, "pmf" if family.is_discrete else "pdf"
        if name == f"log{kind}" and name in have:
            return self._log_density
        if name == kind and (kind in have or f"log{kind}" in have):
            return self._density
        if name in ("cdf", "sf") and name in have:
            return lambda x, p: self._probability(x, p, name)
        if name in ("logcdf", "logsf") and (name in have or name[3:] in have):
            return lambda x, p: self._probability(x, p, name)
        if name in ("ppf", "isf") and name in have and not family.is_discrete:
            return lambda q, p: self._quantile(q, p, name)
        return None

    def _bind(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Parameters:
        """The parameters by SciPy's names: the shapes, loc=0, scale=1."""
        shapes = self._family.shapes
        names = (*shapes, "loc") if self._family.is_discrete else (*shapes, "loc", "scale")
        given = {"loc": 0.0, "scale": 1.0, **dict(zip(names, args, strict=False)), **kwargs}
        missing = [name for name in shapes if name not in given]
        strange = [name for name in kwargs if name not in names]
        twice = [name for name in names[: len(args)] if name in kwargs]
        if missing or strange or twice or len(args) > len(names):
            raise TraceError(
                f"scipy.stats.{self._name}.{method} takes x, {', '.join(names)}; missing: "
                f"{missing}, unknown: {strange}, given twice: {twice}",
                remedy="give each parameter once, by its place or by its name",
            )
        numbers = [_number(given[name]) for name in shapes]
        return Parameters(tuple(numbers), _number(given["loc"]), _number(given["scale"]))

    def _density(self, x: Any, p: Parameters) -> Any:
        if "pdf" in self._family.formulas:
            return self._inside(x, p, "pdf", 0.0) / p.scale
        value = _exponential(self._log_density(x, p))
        if "pmf" not in self._family.formulas:
            return value
        return np.where(value == 0, self._inside(x, p, "pmf", 0.0), value)

    def _log_density(self, x: Any, p: Parameters) -> Any:
        kind = "logpmf" if self._family.is_discrete else "logpdf"
        return self._inside(x, p, kind, -np.inf) - np.log(p.scale)

    def _inside(self, x: Any, p: Parameters, name: str, none: float) -> Any:
        """A formula within the support, and `none` outside."""
        z, outside = self._standard(x, p)
        low, high = self._family.support(*p.shapes)
        below = z <= low if self._family.is_open else z < low
        outside = outside | below | (z > high)
        inner = np.where(outside, self._family.within(*p.shapes), z)
        value = self._family.formulas[name](inner, *p.shapes)
        return self._where_valid(np.where(outside, none, value), p, z)

    def _probability(self, x: Any, p: Parameters, name: str) -> Any:
        z, _ = self._standard(x, p)
        if self._family.is_discrete:
            z = np.floor(z)
        formulas, (low, high) = self._family.formulas, self._family.support(*p.shapes)
        below = z < low if self._family.is_discrete else z <= low
        above = z >= high
        inner = np.where(below | above, self._family.within(*p.shapes), z)
        if name in formulas:
            value = formulas[name](inner, *p.shapes)
        else:
            value = self._log_probability(inner, p, name[3:])
        none, sure = (-np.inf, 0.0) if name.startswith("log") else (0.0, 1.0)
        left, right = (none, sure) if name.endswith("cdf") else (sure, none)
        return self._where_valid(np.where(below, left, np.where(above, right, value)), p, z)

    def _log_probability(self, z: Any, p: Parameters, name: str) -> Any:
        """log of a probability; near 1 through its complement."""
        formulas = self._family.formulas
        value = formulas[name](z, *p.shapes)
        rest = formulas["sf" if name == "cdf" else "cdf"](z, *p.shapes)
        large = value > 0.5
        through_rest = np.log1p(-np.where(large, rest, 0.5))
        return np.where(large, through_rest, np.log(np.where(large, 0.5, value)))

    def _quantile(self, q: Any, p: Parameters, name: str) -> Any:
        """A quantile, at 0 and 1 an end of the support: its slope by q is the formula's there, or
        infinite with the end, or where the density is 0; by a shape it is that of the end."""
        low, high = self._family.support(*p.shapes)
        first, last = (low, high) if name == "ppf" else (high, low)
        at_end, end = (q == 0) | (q == 1), np.where(q == 0, first, last)
        shapes = [np.where(at_end, _held(x), x) for x in p.shapes]
        z = self._family.formulas[name](np.where((q >= 0) & (q <= 1), q, 0.5), *shapes)
        steep = np.isinf(end) | (self._family.is_open & (end == low))
        told_of = ~steep & (np.abs(z - end) <= 1e-12 * (1 + np.abs(end)))
        z = np.where(at_end, end + np.where(told_of, z - _held(z), 0.0), z)
        if holds_traced(q):
            slope = np.where(steep, np.inf if name == "ppf" else -np.inf, np.nan)
            z = _sloped(z, at_end & ~told_of, q, slope)
        value = np.where((q >= 0) & (q <= 1), p.loc + p.scale * z, np.nan)
        return self._where_valid(value, p, q)

    def _standard(self, x: Any, p: Parameters) -> tuple[Any, Any]:
        """z, and where it is outside of the support because it is no whole number.

        Counts are data: they have no derivative.
        """
        if not self._family.is_discrete:
            return (x - p.loc) / p.scale, False
        z = _held(x - p.loc)
        return z, z != np.floor(z)

    def _where_valid(self, value: Any, p: Parameters, x: Any) -> Any:
        valid = self._family.valid(*p.shapes) & (p.scale > 0) & ~np.isnan(x)
        return np.where(valid, value, np.nan)


class Frozen:
    """A distribution with its parameters given."""

    def __init__(self, distribution: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._distribution = distribution
        self._parameters = args, kwargs

    def __getattr__(self, name: str) -> Any:
        args, kwargs = self._parameters
        if name in METHODS:
            method = getattr(self._distribution, name)
            return lambda x: method(x, *args, **kwargs)
        self._distribution._refuse_traced(name, args, kwargs)
        return getattr(self._distribution._original(*args, **kwargs), name)


def _number(x: Any) -> Any:
    """An operand in double precision: traced, or a plain array."""
    if not holds_traced(x):
        return np.asarray(x, np.float64)
    return as_dtype(lift(innermost((x,)), x), FLOAT64)


def _exponential(x: Any) -> Any:
    """exp(x), with derivative 0 where it is 0 because x is -inf."""
    none = x == -np.inf
    return np.where(none, 0.0, np.exp(np.where(none, 0.0, x)))


def _sloped(z: Any, where: Any, q: Any, slope: Any) -> Any:
    """z, whose slope by q is given in some places."""
    places = (np.broadcast_to(x, z.shape) for x in (where, q - _held(q), slope))
    where, step, slope = (lift(z.builder, x) for x in places)
    return told(where, z, nought(slope, step))


def _held(x: Any) -> Any:
    return stop_gradient(x) if holds_traced(x) else x
