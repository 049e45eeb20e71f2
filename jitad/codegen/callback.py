"""A row's NumPy function as a C function: for what no library offers to compiled code.

The C function `int64 f(void **arrays)` takes pointers to the operands, then to the result. It takes
the GIL, which kernels run without; what it raises is kept for whoever called the kernel.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jitad.ir.errors import LinearAlgebraError
from jitad.ir.op import DType, Op, Shape

_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.POINTER(ctypes.c_void_p))


class _Raised(threading.local):
    """What the last callback of this thread raised."""

    error: BaseException | None = None


_raised = _Raised()


def take_error() -> BaseException:
    """The exception with which a callback of this thread failed; it is forgotten here."""
    error, _raised.error = _raised.error, None
    return error if error is not None else RuntimeError("a callback failed in another thread")


def _named(error: BaseException, op: Op) -> BaseException:
    """What a library's function raised, with the name of the op that called it."""
    if isinstance(error, (np.linalg.LinAlgError, OverflowError)) and not isinstance(
        error, LinearAlgebraError
    ):
        return LinearAlgebraError(
            f"{op.name}: {error}", remedy="see that its operands are finite, and of full rank"
        )
    return error


def callback(
    op: Op,
    params: Mapping[str, Any],
    shapes: Sequence[Shape],
    dtypes: Sequence[DType],
    shape: Shape,
    dtype: DType,
) -> tuple[int, object]:
    """The address of the C function, and what must live as long as it is called."""

    kinds = list(zip((*shapes, shape), (*dtypes, dtype), strict=True))

    def run(pointers: Any) -> int:
        try:
            *operands, result = (_array(pointers[k], *kind) for k, kind in enumerate(kinds))
            with np.errstate(all="ignore"):
                result[...] = op.evaluate(*operands, **params)
        except BaseException as error:  # raised again by whoever called the kernel
            _raised.error = _named(error, op)
            return 1
        return 0

    function = _PROTOTYPE(run)
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address, function


def _array(address: int, shape: Shape, dtype: DType) -> np.ndarray:
    """An array over memory that compiled code owns."""
    memory: Any = (ctypes.c_char * (math.prod(shape) * dtype.itemsize)).from_address(address)
    return np.ndarray(shape, dtype, buffer=memory)
