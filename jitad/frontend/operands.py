"""Whatever NumPy code passes to a function -> values on one tape, cast and broadcast together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from jitad.frontend.items import item_of, rows_of, runs_of
from jitad.ir.builder import Builder
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import BOOL, COMPLEX128, FLOAT64, INT64, SHORT_NAMES, STORED, DType, Shape, native
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops.elementwise import cast
from jitad.ops.structural import broadcast, strided, transpose

PYTHON_NUMBERS = (bool, int, float, complex)


def implements(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register what NumPy functions record on traced values."""

    def register(record: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            FUNCTIONS[function] = record
        return record

    return register


def innermost(operands: Sequence[Any]) -> Builder:
    """The tape that records an op on the operands: of the innermost function being traced."""
    found = _innermost_or_none(operands)
    if found is None:
        raise TraceError("no traced value among the operands")
    return found.recording


def _innermost_or_none(items: Any) -> Builder | None:
    best: Builder | None = None
    for x in np.ravel(items) if isinstance(items, np.ndarray) else items:
        inner: Builder | None = None
        if isinstance(x, Value):
            inner = x.builder
        elif isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.dtype == object):
            inner = _innermost_or_none(x)
        if inner is not None and (best is None or inner.level > best.level):
            best = inner
    return best


def lift(builder: Builder, x: Any) -> Value:
    """x as a value on the tape: constants for numbers, inputs by reference for arrays."""
    if isinstance(x, Value):
        x = x if type(x) is Value else x.freeze()
        return x if x.builder is builder else _lift_value(builder, x)
    if isinstance(x, np.ndarray):
        check_kind(x, "an operand")
        return _lift_object(builder, x) if x.dtype == object else capture(builder, x)
    if isinstance(x, np.generic):  # before float, which np.float64 is too
        return builder.const(x, (), supported(x.dtype))
    if isinstance(x, PYTHON_NUMBERS):
        value = builder.const(x, (), number_dtype(x))
        value.weak = True
        return value
    if isinstance(x, (list, tuple)):
        if _innermost_or_none(x) is not None:
            return _lift_list(builder, x)
        return lift(builder, np.asarray(x))
    remedy = "operands are NumPy arrays, numbers, and lists of them; close over all else"
    if hasattr(x, "toarray"):
        remedy = "use its .toarray()"
    elif hasattr(x, "__array__"):
        remedy = "use np.asarray(...) of it, outside of the function"
    elif isinstance(x, (Decimal, Fraction)):
        remedy = "use float(...) of it"
    raise TraceError(f"an operand of type {type(x).__name__} met a traced value", remedy=remedy)


def _lift_list(builder: Builder, x: Any) -> Value:
    """A list with traced values in it; rows that follow each other are had at once."""
    rows = rows_of(x)
    if rows is not None:
        return lift(builder, rows)
    if isinstance(x[0], (list, tuple)) and any(item_of(y) is not None for y in x[0]):
        sizes = {len(y) if isinstance(y, (list, tuple)) else 0 for y in x}
        if len(sizes) == 1 and len(x) > len(x[0]):  # as rows of few columns
            columns = [lift(builder, [y[k] for y in x]) for k in range(len(x[0]))]
            return FUNCTIONS[np.stack](columns, axis=1)
    runs = runs_of(x)
    if len(runs) == 1:
        return FUNCTIONS[np.stack]([lift(builder, item) for item in x])
    return FUNCTIONS[np.concatenate]([lift(builder, run) for run in runs])


def as_value(x: Any) -> Value:
    """x as a value on the tape that it belongs to."""
    return lift(innermost((x,)), x)


def _lift_value(builder: Builder, x: Value) -> Value:
    if x.builder.level < builder.level and x.builder.tracing:
        return builder.enclose(x)
    raise TraceError(
        f"{x!r} was kept from a trace that has ended, and used in another one",
        remedy="return what is needed from the function in place of storing it elsewhere",
    )


def _lift_object(builder: Builder, x: np.ndarray) -> Value:
    """An object array of traced scalars, as NumPy makes it of `np.array([x[0], x[1]])`."""
    items = [lift(builder, item) for item in x.ravel()]
    return FUNCTIONS[np.reshape](FUNCTIONS[np.stack](items), x.shape)


def capture(builder: Builder, x: np.ndarray) -> Value:
    """An array that the function closes over, as an input of its tape."""
    if not builder.tracing:
        raise TraceError(
            "a derivative rule met a plain array: a tape that is complete can take no more inputs",
            remedy="write the rule with ops on its operands alone",
        )
    if not x.flags.c_contiguous:
        return _capture_strided(builder, x)
    known = builder.captured.get(id(x))
    if known is None:
        name = f"c{len(builder.captured)}"
        value = builder.input(name, x.shape, supported(x.dtype))
        builder.concrete[value.index] = x
        known = builder.captured[id(x)] = (x, value)
    return known[1]


def _capture_strided(builder: Builder, x: np.ndarray) -> Value:
    """An array that is not C-contiguous: its memory is captured, and read through a view."""
    if x.flags.f_contiguous:
        return transpose(capture(builder, x.T), perm=tuple(reversed(range(x.ndim))))
    if any(step % x.itemsize for step in x.strides) or not x.flags.aligned:
        if getattr(x.base, "dtype", x.dtype).names:
            raise TraceError(
                "the function reads a field of a structured array, whose elements are not aligned",
                remedy='copy the field outside of the function, as x = rec["x"].copy(), and close '
                "over x",
            )
        raise TraceError(
            "the function closes over an array whose elements are not aligned",
            remedy="close over x.copy(), or pass x as an argument",
        )
    steps = tuple(step // x.itemsize for step in x.strides)
    reach = [(n - 1) * step for n, step in zip(x.shape, steps, strict=True)]
    low = sum(r for r in reach if r < 0)
    extent = sum(abs(r) for r in reach) + 1
    corner = x[tuple(slice(-1, None) if r < 0 else slice(0, 1) for r in reach)]
    memory = np.lib.stride_tricks.as_strided(corner, (extent,), (x.itemsize,))
    return strided(capture(builder, memory), offset=-low, shape=x.shape, steps=steps)


def check_kind(x: np.ndarray, what: str) -> None:
    """Refuse arrays of a class that gives operators and functions a meaning of its own."""
    kind = type(x)
    if kind is np.ndarray or kind is np.memmap:
        return
    remedy = "pass np.asarray(x), a plain array of the same elements"
    if isinstance(x, np.ma.MaskedArray):
        remedy = "pass x.data and np.ma.getmaskarray(x) apart, and use np.where or where="
    elif isinstance(x, np.matrix):
        remedy = "pass np.asarray(x), or x.toarray() of a sparse matrix, and write @ for products"
    name = f"{getattr(kind, '__module__', '')}.{kind.__qualname__}".lstrip(".")
    raise TraceError(
        f"{what} is a {name}: traced values know plain arrays only",
        remedy=remedy,
    )


def check_casting(name: str, source: Any, target: Any, casting: str = "same_kind") -> None:
    """Refuse to write what NumPy would not cast by itself."""
    if not np.can_cast(source, target, casting):  # type: ignore[arg-type]  # a dtype
        raise TraceError(
            f"np.{name} gives {source}, which is not written into an array of {target}",
            remedy="create the array with dtype=float, or use x.astype",
        )


def number_dtype(x: Any) -> DType:
    """The dtype of a Python number; an error where its bits have no room in one."""
    if isinstance(x, bool):
        return BOOL
    if isinstance(x, int):
        if not -(2**63) <= x < 2**63:
            raise TraceError(
                f"the integer {x if x.bit_length() < 200 else 'given'} has more than 64 bits",
                remedy="use float(x), or an integer between -2**63 and 2**63 - 1",
            )
        return INT64
    return FLOAT64 if isinstance(x, float) else COMPLEX128


def supported(dtype: DType) -> DType:
    """The dtype itself, as tapes have it; an error where they have no such dtype."""
    own = native(dtype)
    if own not in SHORT_NAMES and own not in STORED:
        remedy = (
            "use x.astype(...) of float64, float32, complex128, complex64, int64, int32 or bool"
        )
        if dtype.names:
            remedy = f'give the fields that are needed, each by itself: rec["{dtype.names[0]}"]'
        raise TraceError(f"arrays of dtype {dtype} are not supported", remedy=remedy)
    return own


def kind_of(x: Any) -> Any:
    """What NumPy's promotion sees of an operand: a dtype, or the type of a Python number."""
    if isinstance(x, Value):
        return _WEAK[x.dtype.kind] if x.weak else x.dtype
    if isinstance(x, PYTHON_NUMBERS) and not isinstance(x, np.generic):
        return _WEAK[number_dtype(x).kind]
    return x.dtype


_WEAK = {"f": float, "c": complex, "i": int, "b": BOOL}


def common_dtype(*operands: Any) -> DType:
    """NumPy's result_type of the operands (NEP 50: Python numbers are weak)."""
    kinds = [kind_of(x) for x in operands]
    if not isinstance(kinds[0], type) and all(kind is kinds[0] for kind in kinds):
        return kinds[0]
    return np.dtype(np.result_type(*(k(0) if isinstance(k, type) else k for k in kinds)))


def stand_in(x: Any) -> Any:
    """What `np.result_type` takes in the place of an operand: a dtype or a Python number."""
    kind = kind_of(x)
    return kind(0) if isinstance(kind, type) else kind


def array_dtype(*values: Value) -> DType:
    """The dtype where NumPy makes arrays of the operands first: Python numbers are not weak."""
    first = values[0].dtype
    if all(x.dtype is first for x in values):
        return first
    return np.dtype(np.result_type(*(x.dtype for x in values)))


_HALF: DType = np.dtype(np.float16)


def as_dtype(x: Value, dtype: DType) -> Value:
    """x cast, where it is not of that dtype."""
    if dtype == _HALF and x.dtype != _HALF:
        raise TraceError(
            "a traced value was to be cast to float16: jitad does not compute in half precision",
            remedy="use float32",
        )
    return x if x.dtype == dtype else cast(x, dtype=supported(dtype))


def as_shape(x: Value, shape: Shape) -> Value:
    """x broadcast, where it is not of that shape."""
    return x if x.shape == shape else broadcast(x, shape=shape)


def broadcast_shape(*shapes: Shape) -> Shape:
    """NumPy's broadcast of shapes."""
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    sizes: list[int] = []
    for axis in range(-max(map(len, shapes)), 0):
        lengths = {shape[axis] for shape in shapes if len(shape) >= -axis} - {1}
        if len(lengths) > 1:
            text = " and ".join(str(shape) for shape in shapes)
            raise ShapeError(
                f"operands of shapes {text} do not broadcast together",
                remedy="make the trailing axes equal or 1, with reshape or x[:, None]",
            )
        sizes.append(lengths.pop() if lengths else 1)
    return tuple(sizes)


def normal_axis(axis: Any, ndim: int) -> int:
    """A non-negative axis."""
    try:
        place = axis.__index__()
    except AttributeError as error:
        raise ShapeError(
            f"axis {axis!r} is not an integer",
            remedy="give axes as ints",
        ) from error
    if not -ndim <= place < ndim:
        raise ShapeError(
            f"axis {axis} is out of bounds for an array of {ndim} axes",
            remedy="count axes from 0, or from -1 backwards",
        )
    return place % ndim


def normal_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Sorted non-negative axes: of None all, of an int one, of a tuple each."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    normal = sorted(normal_axis(a, ndim) for a in axes)
    if len(set(normal)) != len(normal):
        raise ShapeError(
            f"an axis stands twice in {axis}",
            remedy="name each axis once",
        )
    return tuple(normal)
