"""Types of arrays and numbers as Numba and llvmlite have them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.np.numpy_support import from_dtype

from jitad.ir.op import REAL_OF
from jitad.ir.tape import Instr

I1, I8, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(64)
POINTER = I8.as_pointer()


def result_type(instr: Instr) -> Any:
    """Numba's type of a result."""
    scalar = from_dtype(instr.dtype)
    return types.Array(scalar, len(instr.shape), "C") if instr.shape else scalar


def nbytes(instr: Instr) -> int:
    """The bytes of a result."""
    return math.prod(instr.shape) * instr.dtype.itemsize


def itemsize(kind: Any) -> int:
    """The bytes of an element of an array of Numba's."""
    return np.dtype(str(kind.dtype)).itemsize


def pointer(address: int, kind: Any = I8) -> Any:
    """An address as a constant."""
    return I64(address).inttoptr(kind.as_pointer())


def scalar(dtype: Any) -> Any:
    """The LLVM type of an element in memory."""
    if dtype.kind == "c":
        part = scalar(REAL_OF[dtype])
        return ir.LiteralStructType([part, part])
    if dtype.kind == "f":
        return ir.DoubleType() if dtype.itemsize == 8 else ir.FloatType()
    return ir.IntType(dtype.itemsize * 8)


def as_i1(builder: Any, x: Any) -> Any:
    """A condition as one bit."""
    return x if x.type == I1 else builder.icmp_signed("!=", x, x.type(0))
