"""The operators and methods of a `Value`: importing this gives it those of Python and NumPy."""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any, cast

import numpy as np

from jitad.ir.errors import WriteError
from jitad.ir.value import UFUNCS, Value


def _is_python_number(x: Any) -> bool:
    """Whether x is a number of Python's own; np.float64 is a float, and is none."""
    return isinstance(x, (int, float, complex)) and not isinstance(x, np.generic)


def _counted(x: Value, ufunc: Any = None) -> Value:
    """A bool of Python's as the int that it is to arithmetic; NumPy's are no numbers."""
    if not x.weak or x.dtype.kind != "b" or ufunc in _LOGICAL:
        return x
    whole = x.frontend.astype(x, np.dtype(np.int64))
    return Value(whole.builder, whole.index, (), whole.dtype, weak=True)


_LOGICAL = (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.equal, np.not_equal)


def _binary(ufunc: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: Value, other: Any) -> Any:
        self = _counted(self, ufunc) if self.weak else self
        result = UFUNCS[ufunc](self, other)
        if self.weak and (_is_python_number(other) or getattr(other, "weak", False)):
            result.weak = True
        return result

    def reflected(self: Value, other: Any) -> Any:
        self = _counted(self, ufunc) if self.weak else self
        result = UFUNCS[ufunc](other, self)
        result.weak = self.weak and _is_python_number(other)
        return result

    return forward, reflected


def _dividing(ufunc: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operators whose like on Python numbers knows an error, division by zero."""
    operator, swapped = _binary(ufunc)

    def forward(self: Value, other: Any) -> Any:
        if self.weak and (_is_python_number(other) or getattr(other, "weak", False)):
            self.frontend.division(ufunc, self, other)
        return operator(self, other)

    def reflected(self: Value, other: Any) -> Any:
        if self.weak and _is_python_number(other):
            self.frontend.division(ufunc, other, self)
        return swapped(self, other)

    return forward, reflected


def _power() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`**` and `pow`: of Python's ints a float where the exponent is negative, which is asked."""
    operator, swapped = _dividing(np.power)

    def forward(self: Any, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            return pow(self.__index__(), *map(index, (other, modulus)))
        is_whole = _is_whole(self) and _is_whole(other)
        return operator(self + 0.0 if is_whole and other < 0 else self, other)

    def reflected(self: Any, other: Any) -> Any:
        is_whole = _is_whole(self) and _is_whole(other)
        return swapped(self, float(other) if is_whole and self < 0 else other)

    return forward, reflected


def _is_whole(x: Any) -> bool:
    """Whether x is an int of Python's, or a traced value that stands for one."""
    return x.weak and x.dtype.kind in "ib" if isinstance(x, Value) else type(x) is int


def _unary(ufunc: Any) -> Callable[..., Any]:
    def method(self: Value) -> Any:
        self = _counted(self) if self.weak else self
        result = UFUNCS[ufunc](self)
        result.weak = self.weak
        return result

    return method


def _elementwise(ufunc: Any) -> Callable[..., Any]:
    return lambda *operands: UFUNCS[ufunc](*operands)


def _method(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def method(self: Value, *args: Any, **kwargs: Any) -> Any:
        return self.__array_function__(function, (), (self, *args), kwargs)

    method.__name__ = name
    method.__doc__ = f"As `np.{name}` of this array."
    return method


def _refusal(name: str, instead: str) -> Callable[..., Any]:
    def method(self: Value, *args: Any, **kwargs: Any) -> Any:
        raise WriteError(
            f"x.{name}(...) of a traced array would change it, or show its bytes",
            remedy=f"use {instead}, or a copy that can be written to, jitad.numpy.array(x)",
        )

    method.__name__ = name
    method.__doc__ = f"An error: use {instead}."
    return method


BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
_DIVISIONS = ("truediv", "floordiv", "mod")

COMPARISONS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}
"""Python's operators by the names of their methods, and the ufuncs that answer them."""

for _name, _ufunc in BINARY.items():
    if _ufunc is np.power:
        _forward, _reflected = _power()
    else:
        _forward, _reflected = (_dividing if _name in _DIVISIONS else _binary)(_ufunc)
    setattr(Value, f"__{_name}__", _forward)
    setattr(Value, f"__r{_name}__", _reflected)
for _name, _ufunc in COMPARISONS.items():
    setattr(Value, f"__{_name}__", _binary(_ufunc)[0])


def know_unlike(kind: type) -> None:
    """`==` and `!=` of arrays of this kind and None, texts, classes, from which they differ."""

    def compared(method: Callable[..., Any], differ: bool) -> Callable[..., Any]:
        def answer(self: Any, other: Any) -> Any:
            if other is None or isinstance(other, (str, bytes, dict, set, type)):
                return np.full(self.shape, differ) if self.shape else differ
            return method(self, other)

        return answer

    kind.__eq__ = compared(kind.__eq__, False)
    kind.__ne__ = compared(kind.__ne__, True)


know_unlike(Value)
for _name, _ufunc in UNARY.items():
    setattr(Value, f"__{_name}__", _unary(_ufunc))


def _or_repeated(method: Callable[..., Any]) -> Callable[..., Any]:
    """Of a whole number and a sequence the sequence repeated, as NumPy's and Python's ints do."""

    def times(self: Value, other: Any) -> Any:
        if self.dtype.kind == "i" and not self.shape and isinstance(other, _SEQUENCES):
            return cast(Any, other) * self.__index__()
        return method(self, other)

    return times


_SEQUENCES = (list, tuple, str, bytes)

for _name in ("__mul__", "__rmul__"):
    setattr(Value, _name, _or_repeated(getattr(Value, _name)))
Value.__divmod__ = lambda self, other: (self // other, self % other)  # type: ignore[attr-defined]  # added here
Value.__rdivmod__ = lambda self, other: (other // self, other % self)  # type: ignore[attr-defined]  # added here
for _name in (
    *("sum", "prod", "mean", "var", "std", "max", "min", "any", "all", "argmax", "argmin"),
    *("cumsum", "ravel", "swapaxes", "squeeze", "clip", "dot", "trace", "diagonal", "take"),
    *("repeat", "round", "argsort", "argpartition", "cumprod", "searchsorted", "compress"),
    *("choose", "nonzero"),
):
    setattr(Value, _name, _method(_name))
for _name, _instead in {
    "fill": "np.full_like(x, value)",
    "put": "x.at[places].set(values)",
    "sort": "np.sort(x)",
    "partition": "np.partition(x, kth)",
    "resize": "np.resize(x, shape)",
    "view": "x.astype(dtype)",
}.items():
    setattr(Value, _name, _refusal(_name, _instead))
# NumPy calls these methods on the elements of an object array of traced scalars.
for _name in (
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh"),
    *("arccosh", "arctanh", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt"),
    *("cbrt", "square", "reciprocal", "floor", "ceil", "rint", "trunc", "sign", "fabs"),
    *("deg2rad", "rad2deg", "isnan", "isinf", "isfinite", "arctan2", "hypot", "fmod"),
    *("logaddexp", "logaddexp2", "copysign", "heaviside"),
):
    setattr(Value, _name, _elementwise(getattr(np, _name)))
Value.is_integer = lambda self: self == np.floor(self)  # type: ignore[attr-defined]  # of numbers
Value.conjugate = Value.conj = _unary(np.conjugate)  # type: ignore[attr-defined]  # added here
