"""Interpolation between samples: on a line, and on grids of any number of axes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from jitad.frontend.stand_ins import StandIn
from jitad.ir.errors import TraceError
from jitad.scipy import bases
from jitad.scipy.interpolate.piecewise import beside, floats, turned
from jitad.scipy.interpolate.splines import make_interp_spline

_ORDERS = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}
_STEPS = ("nearest", "nearest-up", "previous", "next")


class interp1d(StandIn):
    """Lines, steps or splines through points; at a point the line to its right holds."""

    def __init__(
        self, x: Any, y: Any, kind: Any = "linear", axis: int = -1, copy: bool = True,
        bounds_error: Any = None, fill_value: Any = np.nan, assume_sorted: bool = False,
    ) -> None:  # fmt: skip
        x, y = np.asarray(x), floats(y)
        if np.ndim(x) != 1:
            raise ValueError("the x array must have exactly one dimension.")
        if np.ndim(y) == 0:
            raise ValueError("the y array must have at least one dimension.")
        axis = axis % np.ndim(y)
        if np.shape(y)[axis] != np.shape(x)[0]:
            raise ValueError("x and y arrays must be equal in length along interpolation axis.")
        y = np.moveaxis(y, axis, 0) if axis else y
        if not assume_sorted:
            order = np.argsort(x, kind="mergesort")
            x, y = x[order], y[order]
        order = _ORDERS.get(kind, kind)
        spline = None
        if isinstance(order, int):
            spline = make_interp_spline(x, y, order)
        elif order not in ("linear", *_STEPS):
            raise NotImplementedError(
                f"{kind} is unsupported: Use fitpack routines for other types."
            )
        fill, bounds_error = _fill(kind, y, fill_value, bounds_error)
        self._hold(x, y, kind, axis, spline, fill, bounds_error)

    def _hold(
        self, x: Any, y: Any, kind: Any, axis: int, spline: Any, fill: Any, bounds_error: Any
    ) -> None:
        self.x, self.y, self.kind, self.axis = x, y, kind, axis
        self.spline, self.fill, self.bounds_error = spline, fill, bounds_error

    def __call__(self, x: Any) -> Any:
        """The value at points of any shape."""
        shape = np.shape(x)
        at = np.reshape(np.asarray(x, dtype=float), (-1,))
        found = self._at(at)
        if self.fill is not None:
            below, above = at < self.x[0], at > self.x[-1]
            if self.bounds_error:
                _check_bounds(self.x, at, below, above)
            first, last = [_like_one(v, self.y) for v in self.fill]
            found = np.where(beside(below, np.ndim(found)), first, found)
            found = np.where(beside(above, np.ndim(found)), last, found)
        return turned(found, shape, self.axis)

    def _at(self, at: Any) -> Any:
        count = np.shape(self.x)[0]
        if self.spline is not None:
            return np.reshape(self.spline(at), (-1, *np.shape(self.y)[1:]))
        if self.kind == "linear":
            return _on_lines(self.x, self.y, at)
        if self.kind in ("previous", "next"):
            is_next = self.kind == "next"
            place = np.searchsorted(self.x, at, side="left" if is_next else "right")
            place = place if is_next else place - 1
        else:
            half = self.x / 2.0
            side = "left" if self.kind == "nearest" else "right"
            place = np.searchsorted(half[1:] + half[:-1], at, side=side)
        return self.y[np.clip(place, 0, count - 1)]


def _like_one(fill: Any, y: Any) -> Any:
    """What stands beyond the points, as a value at one of them is."""
    return np.reshape(fill, () if np.size(fill) == 1 else np.shape(y)[1:])


def _check_bounds(x: Any, at: Any, below: Any, above: Any) -> None:
    if np.any(below):
        raise ValueError(
            f"A value ({at[np.argmax(below)]}) in x_new is below the interpolation range's minimum "
            f"value ({x[0]})."
        )
    if np.any(above):
        raise ValueError(
            f"A value ({at[np.argmax(above)]}) in x_new is above the interpolation range's maximum "
            f"value ({x[-1]})."
        )


def _on_lines(x: Any, y: Any, at: Any) -> Any:
    count = np.shape(x)[0]
    if count == 1:
        return y[np.zeros(np.shape(at), int)]
    low = np.clip(np.searchsorted(x, at, side="right") - 1, 0, count - 2)
    step = beside(at - x[low], np.ndim(y))
    slope = (y[low + 1] - y[low]) / beside(x[low + 1] - x[low], np.ndim(y))
    return slope * step + y[low]


def _fill(kind: Any, y: Any, given: Any, bounds_error: Any) -> Any:
    """What stands below and above the points, None where what is there goes on; and whether to
    raise an exception."""
    if isinstance(given, str) and given == "extrapolate":
        if bounds_error:
            raise ValueError("Cannot extrapolate and raise at the same time.")
        if kind == "previous":
            return (np.full_like(y[0], np.nan), y[-1]), False
        if kind == "next":
            return (y[0], np.full_like(y[0], np.nan)), False
        return None, False
    pair = given if isinstance(given, tuple) and len(given) == 2 else (given, given)
    return pair, True if bounds_error is None else bounds_error


def of_interp1d(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    y = np.moveaxis(x.y, x.axis, 0)
    made = _KnownLine()
    spline = x._spline if x._kind == "spline" else None
    fill = None
    if not x._extrapolate:
        fill = (x._fill_value_below, x._fill_value_above)
    made._hold(x.x, y, x._kind, x.axis, spline, fill, x.bounds_error)
    return made


class _KnownLine(interp1d):
    def __init__(self) -> None:
        pass


# -- grids -----------------------------------------------------------------------------------------


class RegularGridInterpolator(StandIn):
    """Between the samples of a grid: products of lines, or the nearest sample."""

    def __init__(
        self, points: Any, values: Any, method: str = "linear", bounds_error: bool = True,
        fill_value: Any = np.nan, *, solver: Any = None, solver_args: Any = None,
    ) -> None:  # fmt: skip
        if method not in ("linear", "nearest"):
            raise TraceError(
                f"RegularGridInterpolator(..., method={method!r}) of traced values",
                remedy='use method="linear", or scipy.interpolate.make_interp_spline along each '
                "axis",
            )
        grid, values = [np.asarray(p, dtype=float) for p in points], floats(values)
        if len(grid) > np.ndim(values):
            raise ValueError(
                f"There are {len(grid)} point arrays, but values has {np.ndim(values)} dimensions"
            )
        for k in range(len(grid)):
            if np.ndim(grid[k]) != 1 or np.shape(grid[k])[0] != np.shape(values)[k]:
                raise ValueError(
                    f"There are {np.shape(grid[k])[0]} points and {np.shape(values)[k]} values on "
                    f"dimension {k}"
                )
            steps = np.diff(grid[k])
            if np.any(steps <= 0):
                if not np.all(steps < 0):
                    raise ValueError(
                        f"The points in dimension {k} must be strictly ascending or descending"
                    )
                grid[k], values = grid[k][::-1], np.flip(values, k)
        self._hold(tuple(grid), values, method, bounds_error, fill_value, None)

    def _hold(
        self, grid: Any, values: Any, method: str, bounds_error: Any, fill_value: Any, spline: Any
    ) -> None:
        self.grid, self.values, self.method = grid, values, method
        self.bounds_error, self.fill_value, self.spline = bounds_error, fill_value, spline

    def __call__(self, xi: Any, method: Any = None, *, nu: Any = None) -> Any:
        """The value at points, whose coordinates are the last axis."""
        method = self.method if method is None else method
        xi, count = _coordinates(xi, len(self.grid)), len(self.grid)
        shape = np.shape(xi)
        if shape[-1] != count:
            raise ValueError(
                f"The requested sample points xi have dimension {shape[-1]} but this "
                f"RegularGridInterpolator has dimension {count}"
            )
        flat = np.reshape(xi, (-1, count))
        at = [flat[:, k] for k in range(count)]
        beyond = [(x < p[0]) | (x > p[-1]) for x, p in zip(at, self.grid, strict=True)]
        unknown = np.any(np.isnan(flat), axis=-1)
        if self.bounds_error:
            for k in range(count):
                if np.any(beyond[k] | np.isnan(at[k])):
                    raise ValueError(f"One of the requested xi is out of bounds in dimension {k}")
        if method in ("linear", "nearest"):
            found = _on_grid(self.grid, self.values, at, method)
        elif method == self.method and self.spline is not None:
            t, c, k = self.spline
            found = bases.tensor(t, c, k, at, (0,) * count if nu is None else nu)
        else:
            raise TraceError(
                f"a RegularGridInterpolator, method={method!r}, at traced points",
                remedy='make it with this method, one of "linear", "nearest", "slinear", "cubic" '
                'and "quintic"',
            )
        if not self.bounds_error and self.fill_value is not None:
            outside = np.any(np.stack(beyond), axis=0)
            found = np.where(beside(outside, np.ndim(found)), self.fill_value, found)
        found = np.where(beside(unknown, np.ndim(found)), np.nan, found)
        return np.reshape(found, (*shape[:-1], *np.shape(self.values)[count:]))


def _coordinates(xi: Any, count: int) -> Any:
    """Points, the coordinates of each along the last axis."""
    if isinstance(xi, tuple):
        arrays = np.broadcast_arrays(*[np.asarray(x, dtype=float) for x in xi])
        return np.stack(arrays, axis=-1)
    xi = np.asarray(xi, dtype=float)
    return np.reshape(xi, (-1, count)) if np.ndim(xi) == 1 else xi


def _on_grid(grid: Any, values: Any, at: Any, method: str) -> Any:
    sides = []
    for x, points in zip(at, grid, strict=True):
        last = np.shape(points)[0] - 1
        low = np.clip(np.searchsorted(points, x, side="right") - 1, 0, max(last - 1, 0))
        if not last:
            sides.append([(low, np.ones_like(x))])
            continue
        share = (x - points[low]) / (points[low + 1] - points[low])
        if method == "nearest":
            sides.append([(np.where(share <= 0.5, low, low + 1), np.ones_like(x))])
        else:
            sides.append([(low, 1 - share), (low + 1, share)])
    total = 0.0
    for corner in itertools.product(*sides):
        found = values[tuple([place for place, _ in corner])]
        weight = corner[0][1]
        for _, share in corner[1:]:
            weight = weight * share
        total = total + found * beside(weight, np.ndim(found))
    return total


def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True,
    fill_value: Any = np.nan,
) -> Any:  # fmt: skip
    """The value at points between the samples of a grid."""
    return RegularGridInterpolator(points, values, method, bounds_error, fill_value)(xi)


class _KnownGrid(RegularGridInterpolator):
    def __init__(self) -> None:
        pass


def of_grid(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    made, spline = _KnownGrid(), x._spline
    spline = None if spline is None else (spline.t, spline.c, spline.k)
    made._hold(x.grid, x.values, x.method, x.bounds_error, x.fill_value, spline)
    return made


# -- splines on rectangles -------------------------------------------------------------------------


class BivariateSpline(StandIn):
    """A product of splines in x and in y."""

    def __init__(self, t: Any, c: Any, k: Any) -> None:
        self.t, self.c, self.k = t, c, k

    def __call__(self, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Any:
        """The value, or a derivative, at the points of a grid, or at points."""
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if grid:
            shape = (np.size(x), np.size(y))
            x, y = np.reshape(x, (-1, 1)), np.reshape(y, (1, -1))
        else:
            shape = np.broadcast_shapes(np.shape(x), np.shape(y))
        x, y = np.broadcast_to(x, shape), np.broadcast_to(y, shape)
        at = []
        for v, t, k in zip((x, y), self.t, self.k, strict=True):
            # Beyond the rectangle the value is that at its edge.
            at.append(np.clip(np.reshape(v, (-1,)), t[k], t[np.shape(t)[0] - k - 1]))
        return np.reshape(bases.tensor(self.t, self.c, self.k, at, (dx, dy)), shape)

    def ev(self, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> Any:
        """The value, or a derivative, at points."""
        return self(xi, yi, dx, dy, grid=False)


def of_bivariate(x: Any) -> Any:
    """The stand-in of one of SciPy's."""
    tx, ty, c = x.tck
    kx, ky = x.degrees
    whole = np.reshape(c, (np.shape(tx)[0] - kx - 1, np.shape(ty)[0] - ky - 1))
    return BivariateSpline((tx, ty), whole, (kx, ky))
