"""`scipy.spatial.distance`, on traced values as well: metrics that are smooth nearly everywhere.

At points that coincide a distance has the derivative 0, as np.linalg.norm has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.spatial.distance

from jitad.frontend.conversion import as_array_on
from jitad.frontend.operands import as_dtype, implements, innermost
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import FUNCTIONS
from jitad.scipy.mirror import mirror

Metric = Callable[..., Any]
"""From two arrays, whose last axes are those of the points, to the distances."""


def _norm(x: Any, p: Any = None) -> Any:
    return FUNCTIONS[np.linalg.norm](x, ord=p, axis=-1)


def _euclidean(u: Any, v: Any, w: Any = None) -> Any:
    d = u - v
    return _norm(d) if w is None else np.sqrt(np.sum(w * d * d, axis=-1))


def _sqeuclidean(u: Any, v: Any, w: Any = None) -> Any:
    d = u - v
    return np.sum(d * d if w is None else w * d * d, axis=-1)


def _cityblock(u: Any, v: Any, w: Any = None) -> Any:
    d = np.abs(u - v)
    return np.sum(d if w is None else w * d, axis=-1)


def _chebyshev(u: Any, v: Any, w: Any = None) -> Any:
    d = np.abs(u - v)
    if w is not None:
        d = np.where(np.greater(w, 0), d, 0.0)
    return np.max(d, axis=-1)


def _minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    if p == 1:
        return _cityblock(u, v, w)
    if p == 2:
        return _euclidean(u, v, w)
    if p == np.inf:
        return _chebyshev(u, v, w)
    return _norm(u - v if w is None else w ** (1.0 / p) * (u - v), p)


def _seuclidean(u: Any, v: Any, V: Any) -> Any:
    return _norm(np.sqrt(np.float64(1.0) / V) * (u - v))


def _mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    d = u - v
    return np.sqrt(np.sum(np.matmul(d, VI) * d, axis=-1))


def _correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    w = None if w is None else w / np.sum(w)

    def mean(x: Any) -> Any:
        return np.mean(x, axis=-1) if w is None else np.sum(x * w, axis=-1)

    if centered:
        u, v = u - mean(u)[..., None], v - mean(v)[..., None]
    return 1.0 - mean(u * v) / np.sqrt(mean(u * u) * mean(v * v))


def _cosine(u: Any, v: Any, w: Any = None) -> Any:
    return _correlation(u, v, w, False)


def _canberra(u: Any, v: Any, w: Any = None) -> Any:
    size = np.abs(u) + np.abs(v)
    known = size > 0
    share = np.where(known, np.abs(u - v) / np.where(known, size, 1.0), 0.0)
    return np.sum(share if w is None else w * share, axis=-1)


def _braycurtis(u: Any, v: Any, w: Any = None) -> Any:
    apart, size = np.abs(u - v), np.abs(u + v)
    if w is not None:
        apart, size = w * apart, w * size
    return np.sum(apart, axis=-1) / np.sum(size, axis=-1)


def _jensenshannon(u: Any, v: Any, base: Any = None, *, axis: int = -1) -> Any:
    u, v = (x / np.sum(x, axis=axis, keepdims=True) for x in (u, v))
    middle = (u + v) / 2.0
    entropy = scipy.special.rel_entr
    total = np.sum(entropy(u, middle) + entropy(v, middle), axis=axis)
    return np.sqrt((total if base is None else total / np.log(base)) / 2.0)


METRICS: dict[str, Metric] = {
    "braycurtis": _braycurtis,
    "canberra": _canberra,
    "chebyshev": _chebyshev,
    "cityblock": _cityblock,
    "correlation": _correlation,
    "cosine": _cosine,
    "euclidean": _euclidean,
    "jensenshannon": _jensenshannon,
    "mahalanobis": _mahalanobis,
    "minkowski": _minkowski,
    "seuclidean": _seuclidean,
    "sqeuclidean": _sqeuclidean,
}
"""The distances of points, by the names of SciPy's functions."""


_OF_SINGLE = (
    *(_chebyshev, _cityblock, _correlation, _cosine, _jensenshannon, _mahalanobis, _sqeuclidean),
)
"""Those that SciPy computes of float32 in float32."""

_BY_NORM = (_euclidean, _minkowski, _seuclidean)
"""Those that it computes in float32, and gives as Python's floats."""


def _of_two(metric: Metric) -> Callable[..., Any]:
    """What a function of two vectors records."""

    def distance(u: Any, v: Any, *args: Any, **options: Any) -> Any:
        builder = innermost((u, v, args, list(options.values())))
        given = [as_array_on(builder, x) for x in (u, v)]
        is_single = all(x.dtype == np.float32 for x in given)
        rounded = is_single and metric in _BY_NORM
        u, v = given if rounded else (as_dtype(x, FLOAT64) for x in given)
        if u.ndim != 1 and metric is not _jensenshannon:
            raise ValueError("Input vector should be 1-D.")
        found = metric(u, v, *args, **options)
        if rounded:
            return as_dtype(found, FLOAT64)
        return found.astype(np.float32) if is_single and metric in _OF_SINGLE else found

    return distance


for _name, _metric in METRICS.items():
    FUNCTIONS[getattr(scipy.spatial.distance, _name)] = _of_two(_metric)

_ALIASES = {
    **dict.fromkeys(("euclid", "eu", "e"), "euclidean"),
    **dict.fromkeys(("sqe", "sqeuclid"), "sqeuclidean"),
    **dict.fromkeys(("cblock", "cb", "c", "manhattan"), "cityblock"),
    **dict.fromkeys(("mi", "m", "pnorm"), "minkowski"),
    **dict.fromkeys(("chebychev", "cheby", "cheb", "ch"), "chebyshev"),
}


def _metric_of(metric: Any, options: dict[str, Any], name: str) -> Metric:
    if callable(metric):
        metric = getattr(metric, "__name__", "") if _is_scipys(metric) else None
    known = METRICS.get(_ALIASES.get(str(metric).lower(), str(metric).lower()))
    if known is None:
        raise TraceError(
            f"{name} of traced values with the metric {metric!r}",
            remedy=f"use one of {', '.join(METRICS)}; or broadcast x[:, None] against y[None]",
        )
    return known


def _is_scipys(metric: Any) -> bool:
    return getattr(scipy.spatial.distance, getattr(metric, "__name__", ""), None) is metric


def _points(name: str, *arrays: Any) -> list[Any]:
    builder = innermost(arrays)
    found = [as_dtype(as_array_on(builder, x), FLOAT64) for x in arrays]
    if any(x.ndim != 2 for x in found):
        raise ShapeError(f"{name} of an array that has not 2 axes", remedy="use x.reshape(-1, 1)")
    return found


def _completed(known: Metric, options: dict[str, Any], arrays: list[Any]) -> dict[str, Any]:
    """The options, with what SciPy takes from the points where it is not given."""
    whole = np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
    if known is _seuclidean and options.get("V") is None:
        return {**options, "V": FUNCTIONS[np.var](whole, axis=0, ddof=1)}
    if known is _mahalanobis and options.get("VI") is None:
        return {**options, "VI": np.linalg.inv(np.cov(whole.T)).T}
    return options


@implements(scipy.spatial.distance.cdist)
def _cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **options: Any) -> Any:
    known = _metric_of(metric, options, "cdist")
    a, b = _points("cdist", XA, XB)
    if a.shape[1] != b.shape[1]:
        raise ValueError("XA and XB must have the same number of columns")
    if out is not None:
        raise TraceError("cdist(..., out=) of traced values", remedy="use the result")
    return known(a[:, None], b[None], **_completed(known, options, [a, b]))


@implements(scipy.spatial.distance.pdist)
def _pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **options: Any) -> Any:
    known = _metric_of(metric, options, "pdist")
    (x,) = _points("pdist", X)
    if out is not None:
        raise TraceError("pdist(..., out=) of traced values", remedy="use the result")
    i, j = np.triu_indices(x.shape[0], 1)
    return known(x[i], x[j], **_completed(known, options, [x]))


@implements(scipy.spatial.distance.squareform)
def _squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    x = as_array_on(innermost((X,)), X)
    if x.ndim == 1 and force != "tovector":
        count = int(np.ceil(np.sqrt(x.shape[0] * 2)))
        if count * (count - 1) != x.shape[0] * 2:
            raise ValueError(
                "Incompatible vector size. It must be a binomial coefficient n choose 2."
            )
        i, j = np.triu_indices(max(count, 1), 1)
        place = np.zeros((max(count, 1),) * 2, np.int64)
        place[i, j] = place[j, i] = np.arange(len(i)) + 1
        return np.concatenate([np.zeros_like(x, shape=(1,)), x])[place]
    if x.ndim != 2 or force == "tomatrix" or x.shape[0] != x.shape[1]:
        raise ValueError("The matrix argument must be square.")
    i, j = np.triu_indices(x.shape[0], 1)
    return x[i, j]


__getattr__, __dir__ = mirror("scipy.spatial.distance")
