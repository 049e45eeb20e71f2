"""Calls of scipy.ndimage."""

from __future__ import annotations

from typing import Any

from jitad.scipy import ndimage
from samples.arrays import Call, M, V, array, call

K3, K22 = array(3), array(2, 2)
_MODES = ("reflect", "constant", "nearest", "mirror", "wrap")
PLACES = array(2, 5) * 0.25 + 1.3

SAMPLES: dict[Any, list[Call]] = {
    ndimage.correlate1d: [
        *(call(V, K3, mode=mode) for mode in _MODES), call(M, array(2), axis=0, origin=-1),
    ],
    ndimage.convolve1d: [*(call(V, K3, mode=mode) for mode in _MODES), call(M, array(2), axis=0)],
    ndimage.correlate: [call(M, K22), call(M, K22, mode="constant", cval=0.5)],
    ndimage.convolve: [call(M, K22), call(M, K22, mode="nearest")],
    ndimage.gaussian_filter1d: [call(V, 1.0), call(M, 0.75, axis=0, order=1, mode="wrap")],
    ndimage.gaussian_filter: [call(M, 0.75), call(M, (0.5, 1.0), mode="constant")],
    ndimage.uniform_filter1d: [call(V, 3), call(M, 2, axis=0, mode="mirror")],
    ndimage.uniform_filter: [call(M, 3), call(M, (2, 3), mode="nearest")],
    ndimage.sobel: [call(M), call(M, axis=0, mode="wrap")],
    ndimage.prewitt: [call(M, axis=0)],
    ndimage.laplace: [call(M), call(M, mode="wrap")],
    ndimage.gaussian_laplace: [call(M, 0.75)],
    ndimage.gaussian_gradient_magnitude: [call(M, 0.75)],
    ndimage.map_coordinates: [call(M, PLACES, order=1), call(M, PLACES, order=1, mode="nearest")],
    ndimage.shift: [call(M, 0.4, order=1), call(M, (0.4, -0.3), order=1, mode="nearest")],
    ndimage.zoom: [call(M, 1.5, order=1)],
    ndimage.affine_transform: [call(M, array(2), order=2, mode="reflect")],
    ndimage.rotate: [call(M, 25.0, mode="mirror")],
    ndimage.spline_filter: [call(M), call(M, order=4, mode="reflect")],
    ndimage.spline_filter1d: [call(M, axis=0, mode="grid-wrap")],
    ndimage.minimum_filter1d: [call(V, 3), call(M, 2, axis=0, mode="constant", cval=0.5)],
    ndimage.maximum_filter1d: [call(V, 3, origin=1), call(M, 3, mode="wrap")],
}  # fmt: skip
