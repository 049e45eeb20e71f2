"""NumPy's questions about shapes and dtypes, copies, casts and arrays like another, on values."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.conversion import as_array
from jitad.frontend.operands import (
    as_dtype,
    as_value,
    implements,
    normal_axes,
    stand_in,
    supported,
)
from jitad.functions.arrays.shaping import broadcast_to, sizes_of
from jitad.ir.value import Value

# -- shapes and dtypes -----------------------------------------------------------------------------


@implements(np.shape)
def shape_of(a: Any) -> tuple[int, ...]:
    return as_value(a).shape


@implements(np.ndim)
def ndim(a: Any) -> int:
    return as_value(a).ndim


@implements(np.size)
def size(a: Any, axis: Any = None) -> int:
    x = as_value(a)
    total = 1
    for place in normal_axes(axis, x.ndim):
        total *= x.shape[place]
    return total


@implements(np.result_type)
def result_type(*operands: Any) -> np.dtype[Any]:
    return np.result_type(*(stand_in(x) if isinstance(x, Value) else x for x in operands))


@implements(np.common_type)
def common_type(*arrays: Any) -> Any:
    return np.common_type(*(np.empty(0, x.dtype) for x in arrays))


@implements(np.isrealobj)
def isrealobj(x: Any) -> bool:
    return as_value(x).dtype.kind != "c"


@implements(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    return as_value(x).dtype.kind == "c"


@implements(np.array_repr)
def array_repr(
    arr: Any, max_line_width: Any = None, precision: Any = None, suppress_small: Any = None
) -> str:
    return repr(arr)


@implements(np.array_str)
def array_str(
    a: Any, max_line_width: Any = None, precision: Any = None, suppress_small: Any = None
) -> str:
    return str(a)


@implements(np.array2string)
def array2string(a: Any, *layout: Any, **options: Any) -> str:
    return str(a)


# -- copies and casts ------------------------------------------------------------------------------


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Value:
    return as_array(a)


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Value:
    return as_dtype(as_array(x), supported(np.dtype(dtype)))


if "astype" in vars(np):  # since NumPy 2.1
    implements(np.astype)(astype)


# -- arrays like another ---------------------------------------------------------------------------


def _like(a: Any, number: Any, dtype: Any, shape: Any) -> np.ndarray:
    x = as_value(a)
    return np.full(
        x.shape if shape is None else sizes_of(shape), number, x.dtype if dtype is None else dtype
    )


@implements(np.zeros_like, np.empty_like)
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *,
    device: Any = None,
) -> np.ndarray:  # fmt: skip
    return _like(a, 0, dtype, shape)


@implements(np.ones_like)
def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *,
    device: Any = None,
) -> np.ndarray:  # fmt: skip
    return _like(a, 1, dtype, shape)


@implements(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
    shape: Any = None, *, device: Any = None,
) -> Any:  # fmt: skip
    if not holds_traced(fill_value):
        return _like(a, fill_value, dtype, shape)
    x = as_value(a)
    kind = x.dtype if dtype is None else supported(np.dtype(dtype))
    return broadcast_to(
        as_dtype(as_value(fill_value), kind), x.shape if shape is None else sizes_of(shape)
    )
