"""Arrays that results are to be written into, `out=`: checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitad.frontend.pytree import Structure, flatten
from jitad.ir.errors import ShapeError
from jitad.ir.op import DType, Shape
from jitad.sparse.matrix import opened

Type = tuple[Shape, DType]


def targets_of(
    out: Any, structure: Structure, types: Sequence[Type], describe: Callable[[Any], Type | None]
) -> list[Any]:
    """The leaves of `out`; an error if it is not made as the result, of arrays of these types.

    `describe` gives the type of what can be written into, None of what cannot.
    """
    targets, given = flatten(opened(out))
    if given != structure or [describe(x) for x in targets] != list(types):
        kinds = ", ".join(f"{dtype}{list(shape)}" for shape, dtype in types)
        raise ShapeError(
            "out= does not fit the result",
            remedy=f"pass contiguous arrays that can be written to, as the result is: {kinds}",
        )
    return targets


def dense(x: Any) -> Type | None:
    """The type of an array whose elements lie side by side, and may be changed."""
    plain = type(x) in (np.ndarray, np.memmap)
    return (x.shape, x.dtype) if plain and x.flags.carray else None
