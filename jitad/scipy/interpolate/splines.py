"""B-splines, and splines through points as FITPACK and SciPy make them."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from jitad.frontend.stand_ins import StandIn
from jitad.ir.errors import TraceError
from jitad.scipy import bases
from jitad.scipy.interpolate.piecewise import beside, floats, outside, turned, within


class BSpline(StandIn):
    """sum_j c_j B_j(x), the functions B_j of degree k by the knots t."""

    def __init__(self, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> None:
        self.t, self.k = np.asarray(t, dtype=float), k
        c = floats(c)
        axis = axis % np.ndim(c)
        self.c = np.moveaxis(c, axis, 0) if axis else c
        self.extrapolate, self.axis = extrapolate, axis
        n = np.shape(self.t)[0] - k - 1
        if k < 0:
            raise ValueError("Spline order cannot be negative.")
        if np.ndim(self.t) != 1 or n < k + 1 or np.shape(self.c)[0] < n:
            raise ValueError(
                f"Need at least {2 * k + 2} knots for degree {k}, and a coefficient each."
            )
        if np.any(np.diff(self.t) < 0):
            raise ValueError("Knots must be in a non-decreasing order.")

    tck = property(lambda self: (self.t, self.c, self.k))

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The value, or a derivative, at points of any shape."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        x = np.asarray(x, dtype=float)
        first, last = self.t[self.k], self.t[np.shape(self.t)[0] - self.k - 1]
        at = within(np.reshape(x, (-1,)), first, last, extrapolate)
        found = bases.evaluated(self.t, self.c, self.k, at, nu)
        if extrapolate == "periodic" or not extrapolate:
            found = np.where(beside(outside(at, first, last), np.ndim(found)), np.nan, found)
        return turned(found, np.shape(x), self.axis)

    def derivative(self, nu: int = 1) -> Any:
        """The spline of the derivative."""
        return _spline(bases.derived(self.t, self.c, self.k, nu), self.extrapolate, self.axis)

    def antiderivative(self, nu: int = 1) -> Any:
        """The spline of the integral."""
        extrapolate = False if self.extrapolate == "periodic" else self.extrapolate
        return _spline(bases.integrated(self.t, self.c, self.k, nu), extrapolate, self.axis)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from a to b; beyond the ends the spline is 0 unless it is continued."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        first, last = self.t[self.k], self.t[np.shape(self.t)[0] - self.k - 1]
        whole = self.antiderivative()
        if extrapolate == "periodic":
            return _area(whole, b, first, last) - _area(whole, a, first, last)
        if not extrapolate:
            a, b = np.clip(a, first, last), np.clip(b, first, last)
        return whole(b, extrapolate=True) - whole(a, extrapolate=True)


def _area(whole: Any, b: Any, first: Any, last: Any) -> Any:
    turns = np.floor((b - first) / (last - first))
    return turns * whole(last) + whole(b - turns * (last - first))


class _KnownSpline(BSpline):
    def __init__(self) -> None:
        pass


def _spline(tck: Any, extrapolate: Any = True, axis: int = 0) -> Any:
    """One of known parts."""
    made = _KnownSpline()
    made.t, made.c, made.k = tck
    made.extrapolate, made.axis = extrapolate, axis
    return made


def of_spline(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    return _spline((x.t, x.c, x.k), x.extrapolate, x.axis)


# -- through points --------------------------------------------------------------------------------


def _knots(x: Any, k: int) -> Any:
    """Those of the spline that is one polynomial over the first, and over the last, points."""
    half = (k + 1) // 2 if k % 2 else k // 2
    inner = x if k % 2 else (x[1:] + x[:-1]) / 2
    inner = inner[half:-half]
    ends = np.repeat(x[:1], k + 1), np.repeat(x[-1:], k + 1)
    return np.concatenate([ends[0], inner, ends[1]])


_NAMED = {"clamped": 1, "natural": 2}


def _derivatives(given: Any, shape: Any) -> Any:
    """The derivatives that are known at an end, by orders."""
    if given is None:
        return []
    if isinstance(given, str):
        if given not in _NAMED:
            raise ValueError(f"Unknown boundary condition : {given}")
        return [(_NAMED[given], np.zeros(shape))]
    return [(order, floats(value)) for order, value in given]


def make_interp_spline(
    x: Any, y: Any, k: int = 3, t: Any = None, bc_type: Any = None, axis: int = 0,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """The spline of degree k through points."""
    x, y = np.asarray(x, dtype=float), floats(y)
    axis = axis % np.ndim(y)
    y = np.moveaxis(y, axis, 0) if axis else y
    if np.ndim(x) != 1 or np.shape(x)[0] != np.shape(y)[0]:
        raise ValueError(f"Shapes of x {np.shape(x)} and y {np.shape(y)} are incompatible")
    if np.any(np.diff(x) <= 0):
        raise ValueError("Expect x to be a 1D strictly increasing sequence.")
    if isinstance(bc_type, str) and bc_type == "periodic":
        raise TraceError(
            'make_interp_spline(..., bc_type="periodic") of a traced value',
            remedy='use scipy.interpolate.CubicSpline(x, y, bc_type="periodic")',
        )
    if bc_type is None or isinstance(bc_type, str):
        named = None if bc_type == "not-a-knot" else bc_type
        bc_type = (named, named)
    left, right = [_derivatives(one, np.shape(y)[1:]) for one in bc_type]
    if t is not None:
        t = np.asarray(t, dtype=float)
    elif k == 0:
        return _spline((np.concatenate([x, x[-1:]]), y, 0), True, axis)
    elif k == 1:
        return _spline((np.concatenate([x[:1], x, x[-1:]]), y, 1), True, axis)
    elif left or right:
        t = np.concatenate([np.repeat(x[:1], k), x, np.repeat(x[-1:], k)])
    else:
        t = _knots(x, k)
    count = np.shape(t)[0] - k - 1
    if count - np.shape(x)[0] != len(left) + len(right):
        raise ValueError("The number of derivatives at boundaries does not match")
    return _spline((t, _coefficients(x, y, t, k, left, right), k), True, axis)


def _coefficients(x: Any, y: Any, t: Any, k: int, left: Any, right: Any) -> Any:
    """Of equations with bands: a row a value, or a derivative at an end."""
    count = np.shape(t)[0] - k - 1
    sides = [bases.interval(t, k, at) for at in (x[:1], x, x[-1:])]
    pieces = [bases.rows(t, k, sides[0], x[:1], order) for order, _ in left]
    pieces = [*pieces, bases.rows(t, k, sides[1], x, 0)]
    pieces = [*pieces, *[bases.rows(t, k, sides[2], x[-1:], order) for order, _ in right]]
    first = np.concatenate([*[sides[0]] * len(left), sides[1], *[sides[2]] * len(right)]) - k
    bands = np.zeros((2 * k + 1, count))
    rows = np.arange(count)
    for j in range(k + 1):
        column = np.concatenate([piece[j] for piece in pieces])
        bands[k + rows - first - j, first + j] = column
    values = [*[v[None] for _, v in left], y, *[v[None] for _, v in right]]
    b = np.concatenate(values)
    found = scipy.linalg.solve_banded((k, k), bands, np.reshape(b, (count, -1)))
    return np.reshape(found, np.shape(b))


# -- FITPACK's names -------------------------------------------------------------------------------


def splrep(
    x: Any, y: Any, w: Any = None, xb: Any = None, xe: Any = None, k: int = 3, task: int = 0,
    s: Any = None, t: Any = None, full_output: int = 0, per: int = 0, quiet: int = 1,
) -> Any:  # fmt: skip
    """The spline through points, as knots, coefficients and degree."""
    _check_exact("splrep", (w, xb, xe, t), s, task or per or full_output)
    made = make_interp_spline(x, y, k)
    return made.t, np.concatenate([made.c, np.zeros(k + 1)]), k


def _check_exact(name: str, others: Any, s: Any, more: Any) -> None:
    smooths = s is not None and (not isinstance(s, (int, float)) or s != 0)
    if smooths or more or any(x is not None for x in others):
        raise TraceError(
            f"{name} of traced values that smooths, or has weights, bounds or knots",
            remedy="use scipy.interpolate.make_interp_spline(x, y, k=3), which goes through all "
            "points",
        )


def splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    """A spline of knots, coefficients and degree at points."""
    if isinstance(tck, BSpline):
        return tck(x, nu=der, extrapolate=ext == 0)
    t, c, k = tck
    if np.ndim(c) > 1 or isinstance(c, (list, tuple)):
        return [splev(x, (t, one, k), der, ext) for one in c]
    return _univariate(np.asarray(t, dtype=float), c, k, x, der, ext)


def _univariate(t: Any, c: Any, k: int, x: Any, nu: int, ext: Any) -> Any:
    x = np.asarray(x, dtype=float)
    first, last = t[k], t[np.shape(t)[0] - k - 1]
    at = np.reshape(x, (-1,))
    beyond = (at < first) | (at > last)
    if ext in (2, "raise") and np.any(beyond):
        raise ValueError("A value in x is outside of the interval of the knots")
    at = np.clip(at, first, last) if ext in (3, "const") else at
    found = bases.evaluated(t, c, k, at, nu)
    found = np.where(beyond, 0.0, found) if ext in (1, "zeros") else found
    return np.reshape(found, np.shape(x))


def splder(tck: Any, n: int = 1) -> Any:
    """The derivative of a spline."""
    if isinstance(tck, BSpline):
        return tck.derivative(n)
    t, c, k = tck
    return _padded(bases.derived(t, c, k, n))


def splantider(tck: Any, n: int = 1) -> Any:
    """The integral of a spline."""
    if isinstance(tck, BSpline):
        return tck.antiderivative(n)
    t, c, k = tck
    return _padded(bases.integrated(t, c, k, n))


def _padded(tck: Any) -> Any:
    t, c, k = tck
    return t, np.concatenate([c, np.zeros(np.shape(t)[0] - np.shape(c)[0])]), k


def splint(a: Any, b: Any, tck: Any, full_output: int = 0) -> Any:
    """The integral of a spline from a to b."""
    if isinstance(tck, BSpline):
        return tck.integrate(a, b, extrapolate=False)
    return _spline(tck).integrate(a, b, extrapolate=False)


class UnivariateSpline(StandIn):
    """The spline through points, by FITPACK's names."""

    def __init__(
        self, x: Any, y: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, s: Any = None,
        ext: Any = 0, check_finite: bool = False,
    ) -> None:  # fmt: skip
        _check_exact("UnivariateSpline", (w, *bbox), 1 if s is None else s, 0)
        self._hold(make_interp_spline(x, y, k).tck, ext)

    def _hold(self, tck: Any, ext: Any) -> None:
        self.t, self.c, self.k = tck
        self.ext = ext

    def __call__(self, x: Any, nu: int = 0, ext: Any = None) -> Any:
        """The value, or a derivative, at points."""
        return _univariate(self.t, self.c, self.k, x, nu, self.ext if ext is None else ext)

    def derivative(self, n: int = 1) -> Any:
        """The spline of the derivative."""
        ext = "zeros" if self.ext in (3, "const") else self.ext
        return _univariate_of(bases.derived(self.t, self.c, self.k, n), ext)

    def antiderivative(self, n: int = 1) -> Any:
        """The spline of the integral."""
        return _univariate_of(bases.integrated(self.t, self.c, self.k, n), self.ext)

    def derivatives(self, x: Any) -> Any:
        """All derivatives at a point."""
        return np.stack([self(x, nu, ext=0) for nu in range(self.k + 1)])

    def integral(self, a: Any, b: Any) -> Any:
        """The integral from a to b, of what is 0 beyond the ends."""
        return _spline((self.t, self.c, self.k)).integrate(a, b, extrapolate=False)

    def get_knots(self) -> Any:
        """The knots, those at the ends once."""
        return self.t[self.k : np.shape(self.t)[0] - self.k]

    def get_coeffs(self) -> Any:
        """The coefficients."""
        return self.c[: np.shape(self.t)[0] - self.k - 1]


class InterpolatedUnivariateSpline(UnivariateSpline):
    """The spline through all points."""

    def __init__(
        self, x: Any, y: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, ext: Any = 0,
        check_finite: bool = False,
    ) -> None:  # fmt: skip
        _check_exact("InterpolatedUnivariateSpline", tuple(bbox), 0, 0)
        self._hold(make_interp_spline(x, y, k).tck, ext)


class _KnownUnivariate(UnivariateSpline):
    def __init__(self) -> None:
        pass


def _univariate_of(tck: Any, ext: Any) -> Any:
    made = _KnownUnivariate()
    made._hold(tck, ext)
    return made


def of_univariate(x: Any) -> Any:
    """The stand-in of one of FITPACK's in SciPy."""
    return _univariate_of(x._eval_args, x.ext)
