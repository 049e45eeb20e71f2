"""Interpolants of scattered points: radial functions, triangles, the nearest point; polynomials.

Where a point lies among plain ones is found outside; what is interpolated there is recorded.
Sources: Fasshauer, Meshfree Approximation Methods with MATLAB (2007); Berrut & Trefethen,
Barycentric Lagrange interpolation, SIAM Review 46 (2004).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy.spatial import Delaunay, KDTree

from jitad.frontend.active import holds_traced
from jitad.frontend.stand_ins import StandIn
from jitad.ir.errors import TraceError
from jitad.scipy import iterations
from jitad.scipy.interpolate.grids import interp1d
from jitad.scipy.interpolate.piecewise import floats


def _gap(x: Any, y: Any) -> Any:
    """The squares of the distances."""
    return np.sum((x[:, None, :] - y[None, :, :]) ** 2, axis=-1)


def _inner(square: Any) -> Any:
    return np.where(square == 0, 1.0, square)


def _size(square: Any) -> Any:
    return np.where(square == 0, 0.0, np.sqrt(_inner(square)))


_KERNELS: dict[str, Any] = {
    "linear": lambda s: -_size(s),
    "thin_plate_spline": lambda s: 0.5 * s * np.log(_inner(s)),
    "cubic": lambda s: s * _size(s),
    "quintic": lambda s: -s * s * _size(s),
    "multiquadric": lambda s: -np.sqrt(s + 1),
    "inverse_multiquadric": lambda s: 1 / np.sqrt(s + 1),
    "inverse_quadratic": lambda s: 1 / (s + 1),
    "gaussian": lambda s: np.exp(-s),
}
"""By the square of the distance."""

_DEGREES = {"multiquadric": 0, "linear": 0, "thin_plate_spline": 1, "cubic": 1, "quintic": 2}
_OF_ANY_SCALE = ("linear", "thin_plate_spline", "cubic", "quintic")


def _powers(size: int, degree: int) -> list[tuple[int, ...]]:
    """The exponents of all monomials up to a degree."""
    return [
        tuple(chosen.count(k) for k in range(size))
        for total in range(degree + 1)
        for chosen in itertools.combinations_with_replacement(range(size), total)
    ]


def _monomials(x: Any, powers: list[tuple[int, ...]]) -> Any:
    columns: list[Any] = [np.ones(np.shape(x)[0]) for _ in powers[:1]]
    for row in powers[1:]:
        column: Any = 1.0
        for k, n in enumerate(row):
            for _ in range(n):
                column = column * x[:, k]
        columns.append(column)
    return np.stack(columns, axis=1) if columns else np.zeros((np.shape(x)[0], 0))


class RBFInterpolator(StandIn):
    """Sums of a radial function about the points, and a polynomial, as SciPy's of that name."""

    def __init__(
        self, y: Any, d: Any, neighbors: Any = None, smoothing: Any = 0.0,
        kernel: str = "thin_plate_spline", epsilon: Any = None, degree: Any = None,
    ) -> None:  # fmt: skip
        if neighbors is not None:
            raise TraceError(
                "RBFInterpolator with neighbors= of traced values",
                remedy="leave it out: all points are used",
            )
        if epsilon is None and kernel not in _OF_ANY_SCALE:
            raise ValueError("`epsilon` must be specified for this `kernel`.")
        y, d = floats(y), floats(d)
        count, size = np.shape(y)
        self.y, self.kernel, self.shape = y, kernel, np.shape(d)[1:]
        self.epsilon = 1.0 if epsilon is None else epsilon
        self.powers = _powers(size, max(_DEGREES.get(kernel, -1), 0) if degree is None else degree)
        low, high = np.min(y, axis=0), np.max(y, axis=0)
        half = (high - low) / 2
        self.shift, self.scale = (high + low) / 2, np.where(half == 0, 1.0, half)
        among = _KERNELS[kernel](_gap(y, y) * self.epsilon**2)
        among = among + np.diag(smoothing + np.zeros(count))
        sides = _monomials((y - self.shift) / self.scale, self.powers)
        rest = np.zeros((len(self.powers), len(self.powers)))
        whole = np.concatenate(
            [np.concatenate([among, sides], axis=1), np.concatenate([sides.T, rest], axis=1)]
        )
        values = np.reshape(d, (count, -1))
        right = np.concatenate([values, np.zeros((len(self.powers), np.shape(values)[1]))])
        self.coefficients = np.linalg.solve(whole, right)

    def __call__(self, x: Any) -> Any:
        """The values at points, one a row."""
        x = floats(x)
        near = _KERNELS[self.kernel](_gap(x, self.y) * self.epsilon**2)
        far = _monomials((x - self.shift) / self.scale, self.powers)
        found = np.concatenate([near, far], axis=1) @ self.coefficients
        return np.reshape(found, (np.shape(x)[0], *self.shape))


def of_radial(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    return RBFInterpolator(x.y, np.reshape(x.d, (len(x.y), *x.d_shape)), x.neighbors, x.smoothing,
        x.kernel, x.epsilon, int(np.sum(x.powers, axis=1).max(initial=-1)))  # fmt: skip


# -- triangles -------------------------------------------------------------------------------------


def _plain_points(name: str, points: Any) -> Any:
    if holds_traced(points):
        raise TraceError(
            f"scipy.interpolate.{name} at points that are traced values",
            remedy="give plain points; the values and where they are asked for may be traced",
        )
    if isinstance(points, tuple):
        points = np.stack([np.ravel(x) for x in np.broadcast_arrays(*points)], axis=-1)
    return np.asarray(points, float)


def _asked(xi: Any) -> Any:
    """Points with their coordinates last."""
    if isinstance(xi, tuple):
        return np.stack(np.broadcast_arrays(*xi), axis=-1)
    return floats(xi)


class LinearNDInterpolator(StandIn):
    """Linear on each triangle, or simplex, as SciPy's of that name."""

    def __init__(
        self, points: Any, values: Any, fill_value: Any = np.nan, rescale: bool = False
    ) -> None:
        name = "LinearNDInterpolator"
        points = points if isinstance(points, Delaunay) else _plain_points(name, points)
        if rescale:
            raise TraceError(f"{name} with rescale=True", remedy="scale the points before")
        self.tri = points if isinstance(points, Delaunay) else Delaunay(points)
        self.values, self.fill = floats(values), fill_value

    def __call__(self, *xi: Any) -> Any:
        """The values at points."""
        x = _asked(xi[0] if len(xi) == 1 else xi)
        flat = np.reshape(x, (-1, np.shape(x)[-1]))
        at = iterations.simplices(self.tri, flat)
        place = np.maximum(at, 0)
        frames, size = self.tri.transform[place], np.shape(flat)[1]
        inner = np.sum(frames[:, :size] * (flat - frames[:, size])[:, None, :], axis=-1)
        shares = np.concatenate([inner, 1 - np.sum(inner, axis=1, keepdims=True)], axis=1)
        corners = self.values[self.tri.simplices[place]]
        beside = (slice(None), slice(None), *(None,) * (np.ndim(corners) - 2))
        found = np.sum(shares[beside] * corners, axis=1)
        outside = np.reshape(at < 0, (-1,) + (1,) * (np.ndim(found) - 1))
        found = np.where(outside, self.fill, found)
        return np.reshape(found, (*np.shape(x)[:-1], *np.shape(self.values)[1:]))


class NearestNDInterpolator(StandIn):
    """The value of the nearest point, as SciPy's of that name."""

    def __init__(
        self, x: Any, y: Any, rescale: bool = False, tree_options: Any = None, tree: Any = None
    ) -> None:
        if rescale:
            raise TraceError(
                "NearestNDInterpolator with rescale=True", remedy="scale the points before"
            )
        points = _plain_points("NearestNDInterpolator", x)
        self.tree = KDTree(points, **(tree_options or {})) if tree is None else tree
        self.values = np.asarray(y)

    def __call__(self, *args: Any) -> Any:
        """The values at points."""
        x = _asked(args[0] if len(args) == 1 else args)
        at = iterations.nearest(self.tree, np.reshape(x, (-1, np.shape(x)[-1])))
        return np.reshape(self.values[at], (*np.shape(x)[:-1], *np.shape(self.values)[1:]))


def of_triangles(x: Any) -> Any:
    """The stand-in of one of SciPy's, which is linear on triangles."""
    if x.scale is not None:
        raise TraceError("LinearNDInterpolator with rescale=True", remedy="scale the points before")
    values = np.reshape(x.values, (-1, *x.values_shape))
    return LinearNDInterpolator(x.tri, values, x.fill_value)


def of_nearest(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    return NearestNDInterpolator(x.points, x.values, tree=x.tree)


def griddata(
    points: Any, values: Any, xi: Any, method: str = "linear", fill_value: Any = np.nan,
    rescale: bool = False,
) -> Any:  # fmt: skip
    """Values at scattered points, interpolated at others."""
    points = _plain_points("griddata", points)
    if points.ndim == 1 or points.shape[-1] == 1:
        at = np.ravel(points)
        order = np.argsort(at)
        x = xi[0] if isinstance(xi, tuple) else xi
        fill = "extrapolate" if method == "nearest" else fill_value
        found = interp1d(at[order], floats(values)[order], kind=method, axis=0, bounds_error=False,
            fill_value=fill)  # fmt: skip
        return found(x)
    if method == "nearest":
        return NearestNDInterpolator(points, values, rescale=rescale)(xi)
    if method != "linear":
        raise TraceError(
            f"scipy.interpolate.griddata with method={method!r} of traced values",
            remedy='give "linear" or "nearest", or use RBFInterpolator, which is smooth',
        )
    return LinearNDInterpolator(points, values, fill_value, rescale)(xi)


# -- polynomials through points --------------------------------------------------------------------


class BarycentricInterpolator(StandIn):
    """The polynomial through points, as SciPy's of that name; smooth at the points too."""

    def __init__(
        self, xi: Any, yi: Any = None, axis: int = 0, *, wi: Any = None, rng: Any = None,
        random_state: Any = None,
    ) -> None:  # fmt: skip
        self.xi, self.axis = floats(xi), axis
        self.yi = None if yi is None else np.moveaxis(floats(yi), axis, 0)
        gaps = self.xi[:, None] - self.xi[None, :]
        count = np.shape(self.xi)[0]
        self.weights = 1 / np.prod(np.where(np.eye(count, dtype=bool), 1.0, gaps), axis=1)

    def __call__(self, x: Any) -> Any:
        """The values at points of any shape."""
        if self.yi is None:
            raise ValueError("No y values supplied")
        x = floats(x)
        count = np.shape(self.xi)[0]
        gaps = np.reshape(x, (-1, 1)) - self.xi[None, :]
        others = np.where(np.eye(count, dtype=bool), 1.0, gaps[:, None, :])
        basis = np.prod(others, axis=-1) * self.weights
        found = basis @ np.reshape(self.yi, (count, -1))
        found = np.reshape(found, (*np.shape(x), *np.shape(self.yi)[1:]))
        points = np.ndim(x)
        return np.moveaxis(found, range(points), range(self.axis, self.axis + points))


class KroghInterpolator(BarycentricInterpolator):
    """The polynomial through points, which differ."""

    def __init__(self, xi: Any, yi: Any, axis: int = 0) -> None:
        if not holds_traced(xi) and len(np.unique(xi)) < len(xi):
            raise TraceError(
                "KroghInterpolator with derivatives, of traced values",
                remedy="use scipy.interpolate.CubicHermiteSpline, or points that differ",
            )
        super().__init__(xi, yi, axis)


def of_polynomial(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    axis, extra = x._y_axis, x._y_extra_shape
    values = None if x.yi is None else np.reshape(x.yi, (-1, *extra))
    made = BarycentricInterpolator(x.xi, values)
    made.axis = axis
    return made


def barycentric_interpolate(
    xi: Any, yi: Any, x: Any, axis: int = 0, *, der: int = 0, rng: Any = None
) -> Any:
    """The polynomial through points, at others."""
    if der != 0:
        raise TraceError("barycentric_interpolate with der=", remedy="take jitad's derivative")
    return BarycentricInterpolator(xi, yi, axis)(x)


def krogh_interpolate(xi: Any, yi: Any, x: Any, der: int = 0, axis: int = 0) -> Any:
    """The polynomial through points, at others."""
    if der != 0:
        raise TraceError("krogh_interpolate with der=", remedy="take jitad's derivative")
    return KroghInterpolator(xi, yi, axis)(x)
