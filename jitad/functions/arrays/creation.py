"""What `jitad.numpy` creates: mutable arrays while a function is traced, else NumPy's own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced, innermost_trace
from jitad.frontend.mutable import MutableArray, mutable, renewed
from jitad.frontend.mutable_functions import answered, settled
from jitad.frontend.operands import as_dtype, as_shape, common_dtype, lift
from jitad.frontend.selected import Selected
from jitad.frontend.sums import sum_of
from jitad.functions.arrays import attributes
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import structural as st

_MOST = 1 << 20
"""Elements of an array that is made for as many as there may be."""


def sized(create: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes arrays of a shape, of which data may say lengths."""

    @functools.wraps(create)
    def made(shape: Any, *args: Any, **kwargs: Any) -> Any:
        lengths = shape if isinstance(shape, (tuple, list)) else (shape,)
        most = [most_of(n) for n in lengths]
        traced = [isinstance(n, Value) for n in lengths]
        if innermost_trace() is None or not any(traced) or None in most:
            return create(shape, *args, **kwargs)
        cuts = [slice(n) if cut else slice(None) for n, cut in zip(lengths, traced, strict=True)]
        return create(tuple(most), *args, **kwargs)[tuple(cuts)]

    return made


def most_of(n: Any) -> int | None:
    """How many elements there are at most; None where that is not known, or may be below 0."""
    if isinstance(n, (int, np.integer)):
        return int(n) if n >= 0 else None
    if not isinstance(n, Value) or n.shape or n.dtype.kind not in "iu":
        return None
    most, least = sum_of(n).most(), -sum_of(n).most(-1)
    return int(most) if least >= 0 and most <= _MOST else None


def creator(function: Any, scalars: bool = True) -> Any:
    """A NumPy function whose results are mutable where it is called in a traced function.

    Without `scalars` those of no axes are values: what is computed, not made to be filled.
    """

    @functools.wraps(function)
    def create(*args: Any, **kwargs: Any) -> Any:
        if innermost_trace() is None:
            return function(*args, **kwargs)
        found = answered(function, args, kwargs)
        if found is not NotImplemented:
            return found
        args, kwargs = settled(args, kwargs)
        return renewed(function(*args, **kwargs), scalars)

    return create


def array(
    object: Any, dtype: Any = None, *, copy: Any = True, order: str = "K", subok: bool = False,
    ndmin: int = 0, like: Any = None,
) -> Any:  # fmt: skip
    """As `np.array`; of traced values, and of lists of them, a mutable copy."""
    builder = innermost_trace()
    if type(object) is Selected and copy is True and not ndmin and object.whole is not None:
        return object.copy() if dtype is None else object.astype(np.dtype(dtype))
    (given,), _ = settled((object,), {})
    if builder is None or not holds_traced(given) or (dtype is not None and np.dtype(dtype) == "O"):
        options: dict[str, Any] = {"copy": copy, "order": order, "subok": subok, "ndmin": ndmin}
        made = np.array(given, dtype, **options)
        return made if made is object else renewed(made, scalars=True)
    kind = None if dtype is None else np.dtype(dtype)
    always = getattr(copy, "value", copy) is True  # NumPy's own three answers are an enumeration
    if not always and isinstance(object, Value) and kind in (None, object.dtype):
        return object[(None,) * (ndmin - object.ndim)] if object.ndim < ndmin else object
    x = lift(builder, given)
    x = x if kind is None else as_dtype(x, kind)
    if x.ndim < ndmin:
        x = st.reshape(x, shape=(*(1,) * (ndmin - x.ndim), *x.shape))
    return mutable(builder, x)


def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None,
    like: Any = None,
) -> Any:  # fmt: skip
    """As `np.asarray`; a traced value is returned as it is, a list of them becomes mutable."""
    return array(a, dtype, copy=copy, order=order or "K")


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", **_: Any) -> Any:
    """As `np.full`; the value may be traced."""
    builder = innermost_trace()
    (value,), _ = settled((fill_value,), {})
    if builder is None or not holds_traced(value):
        return creator(np.full)(shape, value, dtype, order)
    x = lift(builder, value)
    x = x if dtype is None else as_dtype(x, np.dtype(dtype))
    return mutable(builder, as_shape(x, _shape(shape)))


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in shape) if np.iterable(shape) else (int(shape),)


def arange(*args: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """As `np.arange`; where a bound is traced, the number of elements is guarded."""
    builder = innermost_trace()
    bounds, named = settled(args, kwargs)
    order = ("start", "stop", "step")
    given = dict(zip(order if len(bounds) > 1 else ("stop",), bounds, strict=False), **named)
    if builder is None or not any(isinstance(x, Value) for x in given.values()):
        return creator(np.arange)(*bounds, dtype=dtype, **named)
    start, step = given.get("start", 0), given.get("step", 1)
    most = most_of(given["stop"])
    if most is not None and most_of(start) is not None and isinstance(step, int) and step > 0:
        all_of_them = creator(np.arange)(most, dtype=dtype)
        return all_of_them[slice(start, given["stop"], step)].copy()
    count = int(np.ceil((given["stop"] - start) / step))
    kind = common_dtype(start, given["stop"], step) if dtype is None else np.dtype(dtype)
    places = st.iota_on(lift(builder, given["stop"]), (max(0, count),), 0)
    return mutable(builder, as_dtype(lift(builder, start + places * step), kind))


def array_like(name: str) -> Callable[..., Any]:
    """np.zeros_like and its kin, whose results are mutable."""
    function = getattr(np, name)

    @functools.wraps(function)
    def create(a: Any, *args: Any, **kwargs: Any) -> Any:
        builder = innermost_trace()
        if builder is None:
            return function(a, *args, **kwargs)
        if isinstance(a, (list, tuple)) and holds_traced(a):
            a = array(a)
        (a, *rest), kwargs = settled((a, *args), kwargs)
        if holds_traced([*rest, *kwargs.values()]) and not isinstance(a, Value):
            a = lift(builder, np.asarray(a))
        return renewed(function(a, *rest, **kwargs), scalars=True)

    return create


class ScalarType:
    """`jitad.numpy.float64` and its kin: a dtype wherever NumPy takes one; called, a conversion."""

    def __init__(self, kind: type[np.generic]) -> None:
        self.kind = kind
        self.dtype = np.dtype(kind)
        self.__name__ = kind.__name__
        self.__doc__ = kind.__doc__

    def __call__(self, x: Any = 0) -> Any:
        if isinstance(x, (list, tuple)) and holds_traced(x):
            return array(x, self.dtype)
        return x.astype(self.dtype) if isinstance(x, Value) else self.kind(x)  # type: ignore[call-arg]  # a scalar type

    def __instancecheck__(self, x: Any) -> bool:
        return isinstance(x, self.kind)

    def __eq__(self, other: object) -> bool:
        return other is self or other == self.kind or other == self.dtype

    def __hash__(self) -> int:
        return hash(self.kind)

    def __repr__(self) -> str:
        return f"jitad.numpy.{self.__name__}"


# -- what NumPy itself creates of a traced value ---------------------------------------------------


for _function, _record in {
    np.zeros_like: attributes.zeros_like,
    np.empty_like: attributes.zeros_like,
    np.ones_like: attributes.ones_like,
    np.full_like: attributes.full_like,
    np.copy: attributes.copy,
}.items():
    FUNCTIONS[_function] = creator(_record)  # made to be filled, as are jitad.numpy's own


def mutable_copy(x: Value) -> Any:
    return MutableArray.copy(x) if isinstance(x, MutableArray) else mutable(x.builder.recording, x)
