"""Python's operators on mutable arrays: as NumPy's on arrays, in place where they are so there."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.mutable import MutableArray


def _of_numbers(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def method(self: MutableArray) -> Any:
        numbers = self.plain()
        return convert(self.freeze() if numbers is None else np.asarray(numbers))

    return method


def _forward(ufunc: Any) -> Callable[[Any, Any], Any]:
    return lambda self, other: self.__array_ufunc__(ufunc, "__call__", self, other)


def _reflected(ufunc: Any) -> Callable[[Any, Any], Any]:
    return lambda self, other: self.__array_ufunc__(ufunc, "__call__", other, self)


def _in_place(ufunc: Any) -> Callable[[Any, Any], Any]:
    return lambda self, other: self.__array_ufunc__(
        ufunc, "__call__", self, other, out=(self,), casting="same_kind"
    )


def _unary(ufunc: Any) -> Callable[[Any], Any]:
    return lambda self: self.__array_ufunc__(ufunc, "__call__", self)


_BINARY = {
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
}
_OTHERS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
_UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}
for _name, _ufunc in (_BINARY | _OTHERS).items():
    setattr(MutableArray, f"__{_name}__", _forward(_ufunc))
for _name, _ufunc in _BINARY.items():
    setattr(MutableArray, f"__r{_name}__", _reflected(_ufunc))
    setattr(MutableArray, f"__i{_name}__", _in_place(_ufunc))
for _name, _ufunc in _UNARY.items():
    setattr(MutableArray, f"__{_name}__", _unary(_ufunc))
for _name, _convert in {
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
}.items():
    setattr(MutableArray, f"__{_name}__", _of_numbers(_convert))
