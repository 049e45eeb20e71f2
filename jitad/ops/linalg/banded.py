"""Equations with band matrices, in the storage of LAPACK: as many numbers a column as diagonals.

Column j of a matrix with l diagonals below and u above its own is the row j of its bands:
bands[j, u + i - j] = A_ij. All rules take time in proportion to the bands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from jitad.ir.op import BY_TANGENT, Structural
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.views import index_add, zeros


def _call_band_solve(call: Any, lower: int, upper: int, transposed: bool) -> None:
    """gbtrf of a copy with room for l more diagonals, and gbtrs in place."""
    (k, n), item, w = call.shape[-2:], call.dtype.itemsize, call.writer
    info, pivots = call.int_slot(), call.scratch(4 * n)
    width, room = lower + upper + 1, 2 * lower + upper + 1
    copy = call.scratch(n * room * item)
    shape = (n, n, lower, upper)
    stacks = (
        (call.inputs[0], n * width * item),
        (call.inputs[1], k * n * item),
        (call.out, k * n * item),
    )
    with call.each(math.prod(call.shape[:-2]), *stacks) as (bands, b, x):
        call.lapack("lacpy", "A", width, n, bands, width, w.offset(copy, lower * item), room)
        w.copy(x, b, k * n * item)
        call.lapack("gbtrf", *shape, copy, room, pivots, info)
        call.refuse_unless_zero(info)
        call.lapack(
            "gbtrs", "T" if transposed else "N", *shape[1:], k, copy, room, pivots, x, n, info
        )


def _np_dense(bands: np.ndarray, lower: int, upper: int) -> np.ndarray:
    n = bands.shape[-2]
    dense = np.zeros((*bands.shape[:-2], n, n), bands.dtype)
    for d, columns in _diagonals(n, lower, upper):
        j = np.arange(*columns)
        dense[..., j + d, j] = bands[..., j, upper + d]
    return dense


def _np_band_solve(
    bands: np.ndarray, b: np.ndarray, lower: int, upper: int, transposed: bool
) -> np.ndarray:
    dense = _np_dense(bands, lower, upper)
    dense = np.swapaxes(dense, -1, -2) if transposed else dense
    return np.swapaxes(np.linalg.solve(dense, np.swapaxes(b, -1, -2)), -1, -2)


def _diagonals(n: int, lower: int, upper: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Each diagonal d = i - j that is inside the matrix, and from where to where its columns go."""
    for d in range(-upper, lower + 1):
        start, stop = max(0, -d), min(n, n - d)
        if start < stop:
            yield d, (start, stop)


def _times(bands: Any, x: Any, lower: int, upper: int, transposed: bool) -> Any:
    """A x for each row x, or A^T x."""
    total = zeros(x, x.shape, x.dtype)
    for d, (start, stop) in _diagonals(x.shape[-1], lower, upper):
        size = stop - start
        read, written = (start + d, start) if transposed else (start, start + d)
        source = mx.columns(x, read, read + size)
        weights = mx.part(bands, (start, size, 1), upper + d)
        term = ew.mul(mx.along_rows(weights, source.shape), source)
        slots = (*((0, m, 1) for m in x.shape[:-1]), (written, size, 1))
        total = index_add(total, term, slots=slots)
    return total


def _jvp(xs: Any, x: Any, tangents: Any, **how: Any) -> Any:
    """dx = A^-1 (db - dA x)."""
    bands, _ = xs
    dbands, db = tangents
    change = None if dbands is None else _times(dbands, x, **how)
    return band_solve(bands, mx.minus(db, change), **how)


def _pullback(j: int, xs: Any, x: Any, x_bar: Any, lower: int, upper: int, transposed: bool) -> Any:
    """b_bar = A^-T x_bar."""
    if j == 0:
        return BY_TANGENT
    return band_solve(xs[0], x_bar, lower=lower, upper=upper, transposed=not transposed)


band_solve = Structural(
    "band_solve",
    ("lower", "upper", "transposed"),
    infer=lambda bands, b, **_: (b.shape, b.dtype),
    evaluate=_np_band_solve,
    jvp=_jvp,
    pullback=_pullback,
    batch=mx.batch_of_rows(lambda: band_solve),
    library=_call_band_solve,
)
"""The solutions, as rows, of A x = b for each row b (of A^T x = b: transposed)."""
