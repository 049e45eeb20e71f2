"""Random programs that compute what is infinite or NaN, and then do not take it.

A program applies elementwise functions, singular at the bad places, moves the elements about, takes
some that are not bad, and goes on with those. Its derivatives, to third order and in every nest of
modes, are exactly 0 at the bad places, and together those of the same program with harmless numbers
there, which Taylor series in NumPy give along a random direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import jitad
from tests.fuzz.fuzzer import Fuzzer, register

ORDERS = {
    "grad": 1, "jvp": 1, "vmap of grad": 1, "jvp of grad": 2, "grad of jvp": 2, "grad of grad": 2,
    "jvp of jvp": 2, "jvp of jvp of grad": 3, "grad of jvp of grad": 3, "grad of grad of grad": 3,
    "grad of jvp of jvp": 3, "jvp of jvp of jvp": 3,
}  # fmt: skip
"""The derivatives that are asked for, and their orders."""

SIZES = (1, 2, 3, 4, 6, 6, 8, 12, 70)
NAN, INF = math.nan, math.inf


@dataclass(frozen=True)
class Masked:
    """A program: what is asked for, its data, and its parts by name, with what they need to know.

    `bad` are the bad places and `number` what stands there; `seed` draws the rest.
    """

    kind: str
    dtype: str
    n: int
    bad: tuple[int, ...]
    number: float
    seed: int
    singular: str
    smooth: tuple[str, ...]
    moves: tuple[str, ...]
    take: str
    around: str
    after: tuple[str, ...]


# -- truncated Taylor series -----------------------------------------------------------------------


class Series:
    """An array's Taylor coefficients along a line, to third order: `c[k]` are those of t^k."""

    def __init__(self, c: Any) -> None:
        self.c = np.asarray(c, float)

    def __add__(self, other: Any) -> Series:
        return Series(self.c + _series(other, self).c)

    __radd__ = __add__

    def __neg__(self) -> Series:
        return Series(-self.c)

    def __mul__(self, other: Any) -> Series:
        a, b = self.c, _series(other, self).c
        return Series([sum(a[j] * b[k - j] for j in range(k + 1)) for k in range(4)])

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Series:
        return self * _series(other, self).power(-1.0)

    def __rtruediv__(self, other: Any) -> Series:
        return self.power(-1.0) * other

    def power(self, p: float) -> Series:
        """x^p: x v' = p v x'."""
        x, v = self.c, [self.c[0] ** p]
        for k in range(1, 4):
            total = sum((p * j - (k - j)) * x[j] * v[k - j] for j in range(1, k + 1))
            v.append(total / (k * x[0]))
        return Series(v)

    def integral(self, slope: Callable[[Series], Series], start: Any) -> Series:
        """v with v' = slope(v) x' and v(0) = start."""
        v = Series(np.concatenate([[start], np.zeros_like(self.c[1:])]))
        for k in range(1, 4):
            s = slope(v).c
            v.c[k] = sum(j * self.c[j] * s[k - j] for j in range(1, k + 1)) / k
        return v


def _series(x: Any, like: Series) -> Series:
    if isinstance(x, Series):
        return x
    return Series(np.concatenate([[x + np.zeros_like(like.c[0])], np.zeros_like(like.c[1:])]))


def _log(x: Any) -> Any:
    if isinstance(x, Series):
        return x.integral(lambda v: x.power(-1.0), np.log(x.c[0]))
    return np.log(x)


def _exp(x: Any) -> Any:
    return x.integral(lambda v: v, np.exp(x.c[0])) if isinstance(x, Series) else np.exp(x)


def _power(x: Any, p: float) -> Any:
    return x.power(p) if isinstance(x, Series) else x**p


def _arcsin(x: Any) -> Any:
    if isinstance(x, Series):
        return x.integral(lambda v: (1.0 + -(x * x)).power(-0.5), np.arcsin(x.c[0]))
    return np.arcsin(x)


def _arctanh(x: Any) -> Any:
    if isinstance(x, Series):
        return x.integral(lambda v: (1.0 + -(x * x)).power(-1.0), np.arctanh(x.c[0]))
    return np.arctanh(x)


# -- parts of programs -----------------------------------------------------------------------------

Data = np.ndarray
SINGULAR: dict[str, tuple[tuple[float, ...], Callable[[Any, Data], Any]]] = {
    "sqrt": ((0.0, -1.0), lambda x, w: np.sqrt(x) if not isinstance(x, Series) else x.power(0.5)),
    "log": ((0.0, -1.0), lambda x, w: _log(x)),
    "log1p": ((-1.0, -3.0), lambda x, w: _log(1.0 + x)),
    "reciprocal": ((0.0,), lambda x, w: 1.0 / x),
    "quotient": ((0.0,), lambda x, w: (x * x) / x),
    "three halves": ((0.0, -1.0), lambda x, w: _power(x, 1.5)),
    "cube root": ((0.0,), lambda x, w: np.cbrt(x) if not isinstance(x, Series) else x.power(1 / 3)),
    "arcsin": ((1.0, 2.0), lambda x, w: _arcsin(x)),
    "arctanh": ((1.0, -1.0, 2.0), lambda x, w: _arctanh(x)),
    "data": ((0.5, NAN, INF), lambda x, w: x * w),
    "division by data": ((0.5, 0.0), lambda x, w: x / (w * (1.0 / w))),
    "root of data": ((0.0, 0.5), lambda x, w: _power(x * w, 0.5)),
}
"""The numbers that are bad for a function, and the function of x and of data bad there too."""

SMOOTH: dict[str, Callable[[Any], Any]] = {
    "square": lambda r: r * r,
    "exp": lambda r: _exp(-0.5 * r),
    "half": lambda r: 0.5 * r,
    "negative": lambda r: -r,
    "shift": lambda r: r + 2.0,
    "inverse": lambda r: 1.0 / (3.0 + r * r),
    "itself": lambda r: r * r * r,
}


def _pairs(r: Any) -> Any:
    return r.reshape(-1, 2) if r.size % 2 == 0 else r


MOVES: dict[str, Callable[[Any], Any]] = {
    "pairs": _pairs,
    "column": lambda r: r.reshape(-1, 1),
    "row": lambda r: r.reshape(1, -1),
    "ravel": lambda r: r.ravel(),
    "transpose": lambda r: r.T,
    "flip": lambda r: r[::-1],
    "roll": lambda r: np.roll(r, 1),
    "join": lambda r: np.concatenate([r, -1.0 * r]),
    "stack": lambda r: np.stack([r, 2.0 * r]) if r.ndim < 3 else r,
    "pad": lambda r: np.pad(r, 1) if r.ndim < 3 else r,
    "repeat": lambda r: np.repeat(r, 2, axis=0),
    "tile": lambda r: np.tile(r, 2),
    "broadcast": lambda r: np.broadcast_to(r, (2, *r.shape)) if r.ndim < 3 else r,
    "tril": lambda r: np.tril(r) if r.ndim == 2 else r,
    "diagonal": lambda r: np.diagonal(r) if r.ndim == 2 else r,
    "drop": lambda r: r[1:] if r.shape[0] > 1 else r,
    "thin": lambda r: r[::2],
    "cumsum": lambda r: np.cumsum(r, axis=0),
    "sum": lambda r: np.sum(r, axis=1) if r.ndim > 1 else r,
    "swap": lambda r: np.swapaxes(r, 0, -1),
    "move by places": lambda r: r[np.arange(r.shape[0])[::-1]],
}
"""Linear functions of arrays of at least one element."""


def _loop(r: Any, m: Data) -> Any:
    flat, places = r.ravel(), np.flatnonzero(m)
    return jitad.fori_loop(0, len(places), lambda i, t: t + flat[places[i]], 0.0 * flat[places[0]])


def _scan(r: Any, m: Data, policy: Any = None) -> Any:
    def body(t: Any, row: Any) -> Any:
        x, taken = row
        return t + np.where(taken, x, 0.0), np.where(taken, x, 1.0)

    first = np.flatnonzero(m)[0]
    rows = r.ravel(), m.ravel()
    total, rows = jitad.scan(body, 0.0 * r.ravel()[first], rows, checkpoint=policy)
    return total + rows[first]


def _conditions(r: Any, m: Data) -> Any:
    def body(t: Any, row: Any) -> Any:
        x, taken = row
        return t + jitad.cond(taken, lambda: x, lambda: 0.0 * t), None

    flat = r.ravel()
    return jitad.scan(body, 0.0 * flat[np.flatnonzero(m)[0]], (flat, m.ravel()))[0]


def _set(r: Any, m: Data) -> Any:
    r = r.copy()
    r[~m] = 1.0
    return r


def _set_places(r: Any, m: Data) -> Any:
    r = r.ravel().copy()
    r[np.flatnonzero(~m)] = 1.0
    return r


def _first(m: Data) -> tuple[int, ...]:
    return tuple(int(k) for k in np.argwhere(m)[0])


def _filled(c: Data, m: Data, fill: float) -> Data:
    return np.where(m, c, fill)


def _summed(c: Data, m: Data, fill: float) -> Data:
    return np.sum(c, where=m)


TAKES: dict[str, tuple[Callable[[Any, Data], Any], Callable[[Data, Data, float], Data] | None]] = {
    "truth": (lambda r, m: r[m], None),
    "places": (lambda r, m: r.ravel()[np.flatnonzero(m)], None),
    "places of axes": (lambda r, m: r[np.nonzero(m)], None),
    "take": (lambda r, m: np.take(r, np.flatnonzero(m)), None),
    "compress": (lambda r, m: np.compress(m.ravel(), r.ravel()), None),
    "element": (lambda r, m: r[_first(m)], None),
    "slice": (lambda r, m: r.ravel()[np.flatnonzero(m)[0] :][:1], None),
    "sum where": (lambda r, m: np.sum(r, where=m), None),
    "where": (lambda r, m: np.where(m, r, 1.0), _filled),
    "where not": (lambda r, m: np.where(~m, 1.0, r), _filled),
    "select": (lambda r, m: np.select([m], [r], 1.0), _filled),
    "choose": (lambda r, m: np.choose(m.astype(int), [np.ones(m.shape), r]), _filled),
    "set": (_set, _filled),
    "set places": (_set_places, lambda c, m, fill: _filled(c, m, fill).ravel()),
    "scan": (_scan, lambda c, m, fill: np.sum(c, where=m) + c[_first(m)]),
    "scan of few states": (
        lambda r, m: _scan(r, m, 2),
        lambda c, m, fill: np.sum(c, where=m) + c[_first(m)],
    ),
    "loop": (_loop, _summed),
    "conditions": (_conditions, _summed),
    "finite": (lambda r, m: np.sum(np.where(np.isfinite(r) & m, r, 0.0)), _summed),
    "nansum": (lambda r, m: np.nansum(np.where(m, r, np.nan)), _summed),
}
"""What takes the elements where m is true, and what it makes of a coefficient if not the same; in
the value there stands 1 where nothing was taken."""

AROUND: dict[str, Callable[[Callable[[Any], Any]], Callable[[Any], Any]]] = {
    "nothing": lambda f: f,
    "checkpoint": jitad.checkpoint,
    "jit": jitad.jit,
    "scan": lambda f: lambda r: jitad.scan(lambda c, _: (c, f(r)), 0.0, None, length=1)[1][0],
    "cond": lambda f: lambda r: jitad.cond(r.ravel()[0] == 7.0, lambda r: 3.0 * f(r), f, r),
    "map": lambda f: lambda r: jitad.map(f, r[None])[0],
    "vmap": lambda f: lambda r: jitad.vmap(f)(r[None])[0],
}
"""What the taking is done in."""

EXTREMES: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Data, Data, Any], Data]]] = {
    "maximum": (lambda r, cut: np.maximum(r, cut), lambda c, r, cut: np.where(r > cut, c, 0.0)),
    "clip": (lambda r, cut: np.clip(r, cut, None), lambda c, r, cut: np.where(r > cut, c, 0.0)),
    "max": (lambda r, cut: np.max(r), lambda c, r, cut: np.mean(c[r == np.max(r)])),
    "sort": (lambda r, cut: np.sort(r.ravel())[-1:], lambda c, r, cut: c.ravel()[[np.argmax(r)]]),
    "greater": (
        lambda r, cut: np.where(r > cut, r, cut),
        lambda c, r, cut: np.where(r > cut, c, 0.0),
    ),
}
"""What takes the elements that are greater than `cut`, or the greatest, and what it makes of a
coefficient where the values are r."""


# -- random programs -------------------------------------------------------------------------------


def make(rng: np.random.Generator) -> Masked:
    def pick(items: Any) -> Any:
        items = list(items)
        return items[rng.integers(len(items))]

    n, singular = int(pick(SIZES)), pick(SINGULAR)
    count = int(rng.integers(0, n)) if n > 1 else 0
    take = pick([*TAKES, *EXTREMES])
    return Masked(
        kind=pick(ORDERS),
        dtype="float32" if rng.random() < 0.15 else "float64",
        n=n,
        bad=tuple(sorted(int(k) for k in rng.permutation(n)[:count])),
        number=pick(SINGULAR[singular][0]),
        seed=int(rng.integers(2**31)),
        singular=singular,
        smooth=tuple(pick(SMOOTH) for _ in range(rng.integers(0, 3))),
        moves=tuple(pick(MOVES) for _ in range(rng.integers(0, 4))),
        take=take,
        around="nothing" if rng.random() < 0.6 else pick(AROUND),
        after=tuple(pick(SMOOTH) for _ in range(rng.integers(0, 3))),
    )


def smaller(p: Masked) -> Iterator[Masked]:
    for name in ("smooth", "moves", "after", "bad"):
        items = getattr(p, name)
        for k in range(len(items)):
            yield replace(p, **{name: items[:k] + items[k + 1 :]})
    for n in SIZES:
        if n < p.n:
            yield replace(p, n=n, bad=tuple(k for k in p.bad if k < n) or ((0,) if n > 1 else ()))
    simplest = {"around": "nothing", "dtype": "float64", "take": "truth", "singular": "sqrt"}
    for name, value in simplest.items():
        if getattr(p, name) != value:
            number = 0.0 if name == "singular" else p.number
            yield replace(p, number=number, **{name: value})
    for kind, order in ORDERS.items():
        if order < ORDERS[p.kind]:
            yield replace(p, kind=kind)


# -- what is right ---------------------------------------------------------------------------------


class _Run:
    """A program with its numbers: harmless ones, and those with the bad ones among them."""

    def __init__(self, p: Masked) -> None:
        rng = np.random.default_rng(p.seed)
        self.p = p
        self.good, self.direction = rng.uniform(0.2, 0.8, p.n), rng.normal(size=p.n)
        self.data = rng.uniform(0.5, 1.5, p.n)
        self.x, self.w = self.good.copy(), self.data.copy()
        in_data = p.singular in ("data", "division by data", "root of data")
        (self.w if in_data else self.x)[list(p.bad)] = p.number
        taint = np.zeros(p.n)
        taint[list(p.bad)] = NAN
        self.open_to = open_to = np.isfinite(self.moved(taint))
        self.mask = open_to & (rng.random(open_to.shape) < 0.7)
        if open_to.any() and not self.mask.any():
            self.mask[_first(open_to)] = True
        self.take, self.cut = self._taking(p.take, open_to)

    def _taking(self, take: str, open_to: Data) -> tuple[str, float]:
        """What takes, where extremes choose what is not bad; else by truth."""
        if take in TAKES or not self.mask.any():
            return take, 0.0
        r = self.moved(self.begun(self.x, self.w))
        high, low = r[open_to], r[~open_to]
        top = np.sort(high)[-2:] if high.size > 1 else np.array([-INF, *high])
        floor = max(low, default=-10.0)
        if not np.isfinite(r).all() or floor > top[1] - 0.02 or top[1] - top[0] < 0.02:
            return "truth", 0.0
        above = high[high > floor + 0.02]
        cut = (floor + float(above.min())) / 2
        return take, cut

    def begun(self, x: Any, w: Data) -> Any:
        r = SINGULAR[self.p.singular][1](x, w)
        for name in self.p.smooth:
            r = SMOOTH[name](r)
        return r

    def moved(self, r: Any) -> Any:
        for name in self.p.moves:
            r = MOVES[name](r) if r.size <= 150 else r
        return r

    def ended(self, r: Any) -> Any:
        for name in self.p.after:
            r = SMOOTH[name](r)
        return r

    def __call__(self, x: Any) -> Any:
        """The program, on x with the bad numbers in it."""
        w = self.w.astype(x.dtype)
        r = self.moved(self.begun(x, w))
        if self.take in TAKES:
            take = AROUND[self.p.around](lambda r: TAKES[self.take][0](r, self.mask))
        else:
            take = AROUND[self.p.around](lambda r: EXTREMES[self.take][0](r, self.cut))
        return np.sum(self.ended(take(r)))

    def series(self) -> Data:
        """The derivatives along the direction, with harmless numbers in the bad places."""
        nothing = np.zeros((2, self.p.n))
        line = Series(np.stack([self.good, self.direction, *nothing]))
        r = np.stack([self.moved(c) for c in self.begun(line, self.data).c])
        taken = np.stack([self.taken(c, r[0], float(k == 0)) for k, c in enumerate(r)])
        last = self.ended(Series(taken)).c.reshape(4, -1)
        return np.sum(last, axis=1) * [1, 1, 2, 6]

    def taken(self, c: Data, r: Data, fill: float) -> Data:
        if self.take in EXTREMES:
            kept = np.where(self.open_to, r, -INF)
            chosen = EXTREMES[self.take][1](c, kept, self.cut)
            cut = self.take in ("maximum", "clip", "greater") and fill
            return np.where(kept > self.cut, chosen, self.cut) if cut else chosen
        first, then = TAKES[self.take]
        return first(c, self.mask) if then is None else then(c, self.mask, fill)


def _derivative(kind: str, f: Callable[[Any], Any], x: Data, d: Data) -> Any:
    def along(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: jitad.jvp(f, (x,), (d,))[1]

    def dot(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: np.sum(f(x) * d)

    if kind == "vmap of grad":
        return jitad.vmap(jitad.grad(f))(np.stack([x, x]))[1]
    is_number = True
    for name in reversed(kind.split(" of ")):
        if name == "jvp":
            f = along(f)
        else:
            f, is_number = jitad.grad(f if is_number else dot(f)), False
    return f(x)


def check(p: Masked) -> str:
    with np.errstate(all="ignore"):
        run = _Run(p)
        if not run.mask.any():
            return ""
        right = float(run.series()[ORDERS[p.kind]])
    x, d = run.x.astype(p.dtype), run.direction.astype(p.dtype)
    try:
        got = np.asarray(_derivative(p.kind, run, x, d), float)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    size, bad = abs(right), list(p.bad)
    if got.ndim:
        if np.any(got[bad] != 0):
            return f"{p.kind} is {got[bad].tolist()} at the bad places {bad}"
        size += float(np.sum(np.abs(got * run.direction)))
        got = np.sum(got * run.direction)
    accuracy = 1e-8 if p.dtype == "float64" else 2e-2
    if not abs(got - right) <= accuracy * (size + 1.0):
        return f"{p.kind} along a direction is {float(got)}, right is {right}"
    return ""


register(Fuzzer("masks", make, check, smaller))
