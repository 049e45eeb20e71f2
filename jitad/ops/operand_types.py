"""What elementwise ops are given and what comes out: shapes, dtypes, and NumPy's values."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.ir.errors import ShapeError
from jitad.ir.op import BOOL, COMPLEX_OF, DType, Rule, Shape


def same(*operands: Any) -> tuple[Shape, DType]:
    first = operands[0]
    shape, dtype = first.shape, first.dtype
    for x in operands[1:]:
        if x.shape != shape or (x.dtype is not dtype and x.dtype != dtype):
            raise ShapeError(f"operands of {shape} {dtype} and {x.shape}")
    return shape, dtype


def of_first(x: Any, *rest: Any) -> tuple[Shape, DType]:
    return x.shape, x.dtype


def boolean(*operands: Any) -> tuple[Shape, DType]:
    return same(*operands)[0], BOOL


def chosen(c: Any, x: Any, y: Any) -> tuple[Shape, DType]:
    if c.shape != x.shape:
        raise ShapeError(f"a condition of shape {c.shape} for operands of shape {x.shape}")
    return same(x, y)


def np_cast(x: Any, *, dtype: DType) -> Any:
    x = np.asarray(x)
    return (x.real if x.dtype.kind == "c" and dtype.kind in "fi" else x).astype(dtype)


def np_whole_power(x: Any, n: Any) -> Any:
    return np.power(x, np.asarray(n, np.asarray(x).dtype))


def np_fma(x: Any, y: Any, z: Any) -> Any:
    """x y + z with a product that is not rounded to the operands' precision."""
    z = np.asarray(z)
    wide = np.longdouble if z.dtype.itemsize == 8 else np.float64
    return (np.asarray(x, wide) * np.asarray(y, wide) + z).astype(z.dtype)


def np_pair(x: Any, y: Any) -> Any:
    """Not x + 1j * y, which turns infinite parts into NaN."""
    result = np.empty(np.shape(x), COMPLEX_OF[x.dtype])
    result.real, result.imag = x, y
    return result


def of_parts(dtypes: Any) -> Rule:
    def infer(x: Any, *rest: Any) -> tuple[Shape, DType]:
        shape, dtype = same(x, *rest)
        if dtype not in dtypes:
            raise ShapeError(f"an operand of dtype {dtype}, not of {[str(d) for d in dtypes]}")
        return shape, dtypes[dtype]

    return infer


def np_unit(x: Any, r: Any) -> Any:
    return np.where(r == 0, 0.0, np.divide(x, r))
