"""What a program has made of arguments -> the caller's arrays, at the end of a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jitad.ir.errors import ShapeError
from jitad.ir.value import Value

_WORK = 10_000
"""Steps in which it is to be known whether two arrays share elements."""


@dataclass(frozen=True)
class Writes:
    """The leaves of its arguments that a function writes to; `same` are those that were one array
    when it was traced, by the first of each."""

    places: tuple[int, ...]
    same: tuple[int, ...]

    def put(self, leaves: Sequence[Any], result: Any, contents: Sequence[Any]) -> Any:
        """Write the elements back, if all can be; the result."""
        if not any(isinstance(x, Value) for x in leaves):
            self._check(leaves)
        for k, new in zip(self.places, contents, strict=True):
            np.copyto(leaves[k], new)
        return result

    def _check(self, leaves: Sequence[Any]) -> None:
        if same_arrays(leaves) != self.same:
            raise ShapeError(
                "the function writes to its arguments, of which others were one array when it was "
                "compiled",
                remedy="call jitad.jit(f), which compiles as it must",
            )
        for k in self.places:
            x = leaves[k]
            if not isinstance(x, np.ndarray):
                raise ShapeError(
                    f"the function writes to an argument that is a {type(x).__name__}",
                    remedy="pass an array",
                )
            if not x.flags.writeable:
                raise ValueError("assignment destination is read-only")
            for j, y in enumerate(leaves):
                if isinstance(y, np.ndarray) and self.same[j] != self.same[k] and _share(x, y):
                    raise ShapeError(
                        "an argument that the function writes to shares some elements with another",
                        remedy="pass one array, and let the function make the views; or a copy",
                    )


def same_arrays(leaves: Sequence[Any]) -> tuple[int, ...]:
    """For each leaf the first that is the same array."""
    first: dict[Any, int] = {}
    return tuple([first.setdefault(_identity(x, k), k) for k, x in enumerate(leaves)])


def _identity(x: Any, k: int) -> Any:
    if isinstance(x, Value):
        return id(x)
    if not isinstance(x, np.ndarray) or not x.size:
        return k
    return x.__array_interface__["data"][0], x.shape, x.strides, x.dtype


def _share(x: np.ndarray, y: np.ndarray) -> bool:
    try:
        return np.shares_memory(x, y, max_work=_WORK)  # pyright: ignore[reportArgumentType]  # any
    except np.exceptions.TooHardError:
        return True
