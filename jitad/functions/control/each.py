"""A function of one element + arrays -> its results for all elements, as `vmap` has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array_on
from jitad.frontend.operands import as_shape, innermost
from jitad.functions.control.batches import vmap
from jitad.ir.op import Shape
from jitad.ir.value import Value
from jitad.ops import structural as st


def over_elements(
    function: Callable[..., Sequence[Any]], arrays: Sequence[Any], cores: Sequence[int]
) -> list[Value]:
    """The results of `function`, arrays or numbers, for the broadcast loop axes of the arrays.

    The last `cores[k]` axes of array k are the function's own; it gets NumPy's scalars and arrays.
    """
    builder = innermost(arrays)
    values = [as_array_on(builder, x) for x in arrays]
    split = [x.ndim - core for x, core in zip(values, cores, strict=True)]
    loop = np.broadcast_shapes(*(x.shape[:k] for x, k in zip(values, split, strict=True)))
    size = math.prod(loop)
    flat = [_rows(x, k, loop, size) for x, k in zip(values, split, strict=True)]
    found = vmap(lambda *xs: list(function(*xs)), 0, 0, tuple(flat), {})
    return [st.reshape(x, shape=(*loop, *x.shape[1:])) for x in found]


def _rows(x: Value, split: int, loop: Shape, size: int) -> Value:
    """x over all loop axes, and these as one."""
    core = x.shape[split:]
    lead = (1,) * (len(loop) - split) + x.shape[:split]
    wide = as_shape(st.reshape(x, shape=(*lead, *core)), (*loop, *core))
    return st.reshape(wide, shape=(size, *core))
