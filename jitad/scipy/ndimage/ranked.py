"""Filters by rank: the smallest, the largest, or one between, in windows of an image.

SciPy's grey morphology, and its median and percentile filters, are read as programs, down to the
two functions here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.ndimage

from jitad.frontend.operands import implements, normal_axis
from jitad.scipy.ndimage.filters import continued, margins_of, places_of, result, sequence, taken


def _windows(x: Any, kernel: Any, modes: Sequence[str], cval: Any, origins: Any) -> list[Any]:
    """The image moved to each place of a kernel, and what the kernel has there."""
    margins = margins_of(kernel.shape, origins)
    for axis, (margin, mode) in enumerate(zip(margins, modes, strict=True)):
        x = continued(x, [margin if k == axis else (0, 0) for k in range(x.ndim)], mode, cval)
    shape = [n - sum(margin) for n, margin in zip(x.shape, margins, strict=True)]
    return [
        (x[tuple(slice(k, k + n) for k, n in zip(place, shape, strict=True))], kernel[place])
        for place in np.ndindex(kernel.shape)
    ]


def _spread(x: Any, kernel: Any, origin: Any, mode: Any, axes: Any) -> Any:
    """Kernel, origins and modes of all axes."""
    places = places_of(axes, x.ndim)
    shape, origins, modes = [1] * x.ndim, [0] * x.ndim, ["reflect"] * x.ndim
    given = zip(
        places, kernel.shape, *(sequence(y, len(places)) for y in (origin, mode)), strict=True
    )
    for axis, length, k, way in given:
        shape[axis], origins[axis], modes[axis] = length, k, way
    return np.reshape(kernel, shape), origins, modes


def _footprint(x: Any, size: Any, footprint: Any, axes: Any) -> Any:
    if footprint is not None:
        return np.asarray(footprint, bool)
    if size is None:
        raise RuntimeError("no footprint provided")
    return np.ones([int(n) for n in sequence(size, len(places_of(axes, x.ndim)))], bool)


def min_or_max(
    input: Any, size: Any, footprint: Any, structure: Any, output: Any, mode: Any, cval: Any,
    origin: Any, minimum: Any, axes: Any = None,
) -> Any:  # fmt: skip
    """The extremes in windows, less or with a structure."""
    (x,) = taken("minimum_filter" if minimum else "maximum_filter", input)
    if structure is not None and footprint is None:
        footprint = np.ones(np.shape(structure), bool)
    footprint = _footprint(x, size, footprint, axes)
    kernel, origins, modes = _spread(x, footprint, origin, mode, axes)
    found = [part for part, is_in in _windows(x, kernel, modes, cval, origins) if is_in]
    if structure is not None:
        heights = np.asarray(structure)[footprint]
        found = [y - h if minimum else y + h for y, h in zip(found, heights, strict=True)]
    least = functools.reduce(np.minimum if minimum else np.maximum, found)
    return result("minimum_filter" if minimum else "maximum_filter", least, x, output)


def ranked(
    input: Any, rank: Any, size: Any = None, footprint: Any = None, output: Any = None,
    mode: Any = "reflect", cval: Any = 0.0, origin: Any = 0, operation: str = "rank",
    axes: Any = None,
) -> Any:  # fmt: skip
    """What has a rank in windows."""
    (x,) = taken("rank_filter", input)
    footprint = _footprint(x, size, footprint, axes)
    kernel, origins, modes = _spread(x, footprint, origin, mode, axes)
    found = [part for part, is_in in _windows(x, kernel, modes, cval, origins) if is_in]
    count = len(found)
    if operation == "median":
        rank = count // 2
    elif operation == "percentile":
        share = rank + 100.0 if rank < 0.0 else rank
        if not 0 <= share <= 100:
            raise RuntimeError("invalid percentile")
        rank = count - 1 if share == 100.0 else int(float(count) * share / 100.0)
    if not -count <= rank < count:
        raise RuntimeError("rank not within filter footprint size")
    return result("rank_filter", np.sort(np.stack(found), axis=0)[rank], x, output)


def _extreme(minimum: bool) -> Any:
    def record(
        input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect",
        cval: Any = 0.0, origin: int = 0,
    ) -> Any:  # fmt: skip
        if size < 1:
            raise RuntimeError("incorrect filter size")
        axes = (normal_axis(axis, np.ndim(input)),)
        return min_or_max(input, size, None, None, output, mode, cval, origin, minimum, axes)

    return record


implements(scipy.ndimage.minimum_filter1d)(_extreme(True))
implements(scipy.ndimage.maximum_filter1d)(_extreme(False))
