"""What NumPy functions make of their operands first: `np.asarray` of each, and no `out=`."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.operands import innermost, lift
from jitad.ir.builder import Builder
from jitad.ir.errors import TraceError
from jitad.ir.value import UFUNCS, Value


def as_arrays(*operands: Any) -> list[Value]:
    """The operands on one tape, of the dtypes that `np.asarray` gives them: no number is weak."""
    builder = innermost(operands)
    return [as_array_on(builder, x) for x in operands]


def as_array(x: Any) -> Value:
    """x as a value on the tape that it belongs to, of the dtype that `np.asarray` gives it."""
    return as_array_on(innermost((x,)), x)


def as_array_on(builder: Builder, x: Any) -> Value:
    """x as a value on that tape, of the dtype that `np.asarray` gives it."""
    value = lift(builder, x)
    return Value(builder, value.index, value.shape, value.dtype) if value.weak else value


def conjugate(x: Value) -> Value:
    """The complex conjugate, which is x itself where x is real."""
    return UFUNCS[np.conjugate](x) if x.dtype.kind == "c" else x


def refuse_out(out: Any) -> None:
    """Refuse to write into an array."""
    if out is not None:
        raise TraceError("out= of a traced value", remedy="use the result that is returned")
