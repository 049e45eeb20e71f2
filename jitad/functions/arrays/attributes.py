"""NumPy's questions about shapes and dtypes, copies, casts and arrays like another, on values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.frontend.conversion import as_array
from jitad.frontend.operands import as_dtype, as_value, implements, normal_axes, stand_in, supported
from jitad.functions.arrays.shaping import broadcast_to, sizes_of
from jitad.ir.value import Value

# -- shapes and dtypes -----------------------------------------------------------------------------


for _function, _answer in {
    np.shape: lambda a: as_value(a).shape,
    np.ndim: lambda a: as_value(a).ndim,
    np.isrealobj: lambda x: as_value(x).dtype.kind != "c",
    np.iscomplexobj: lambda x: as_value(x).dtype.kind == "c",
    np.array2string: lambda a, *layout, **options: str(a),
    np.array_str: lambda a, max_line_width=None, precision=None, suppress_small=None: str(a),
    np.array_repr: lambda arr, max_line_width=None, precision=None, suppress_small=None: repr(arr),
}.items():
    implements(_function)(_answer)


@implements(np.size)
def size(a: Any, axis: Any = None) -> int:
    x = as_value(a)
    return math.prod(x.shape[k] for k in normal_axes(axis, x.ndim))


@implements(np.result_type)
def result_type(*operands: Any) -> np.dtype[Any]:
    return np.result_type(*(stand_in(x) if isinstance(x, Value) else x for x in operands))


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
    x = as_value(a) if holds_traced(a) else np.asarray(a)
    kind = x.dtype if dtype is None else supported(np.dtype(dtype))
    return broadcast_to(
        as_dtype(as_value(fill_value), kind), x.shape if shape is None else sizes_of(shape)
    )
