"""Python's operators on mutable arrays: as NumPy's on arrays, in place where they are so there."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from jitad.frontend.mutable import MutableArray
from jitad.frontend.mutable_functions import at_once
from jitad.ir.operators import BINARY, COMPARISONS, UNARY, know_unlike


def _of_numbers(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda self: convert(self.now())


def _binary(ufunc: Any, swapped: bool) -> Callable[[Any, Any], Any]:
    def answer(self: MutableArray, other: Any) -> Any:
        operands = (other, self) if swapped else (self, other)
        result = at_once(ufunc, operands)
        return self.__array_ufunc__(ufunc, "__call__", *operands) if result is None else result

    return answer


def _in_place(ufunc: Any) -> Callable[[Any, Any], Any]:
    return lambda self, other: self.__array_ufunc__(
        ufunc, "__call__", self, other, out=(self,), casting="same_kind"
    )


def _unary(ufunc: Any) -> Callable[[Any], Any]:
    def answer(self: MutableArray) -> Any:
        result = at_once(ufunc, (self,))
        return self.__array_ufunc__(ufunc, "__call__", self) if result is None else result

    return answer


for _name, _ufunc in (BINARY | COMPARISONS).items():
    setattr(MutableArray, f"__{_name}__", _binary(_ufunc, swapped=False))
know_unlike(MutableArray)
for _name, _ufunc in BINARY.items():
    setattr(MutableArray, f"__r{_name}__", _binary(_ufunc, swapped=True))
    setattr(MutableArray, f"__i{_name}__", _in_place(_ufunc))
for _name, _ufunc in UNARY.items():
    setattr(MutableArray, f"__{_name}__", _unary(_ufunc))
for _name, _convert in {
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
}.items():
    setattr(MutableArray, f"__{_name}__", _of_numbers(_convert))
