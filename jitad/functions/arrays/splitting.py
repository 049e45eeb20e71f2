"""NumPy's functions that cut arrays into pieces, on values."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from jitad.frontend.operands import as_value, implements, normal_axis
from jitad.functions.arrays.indexing import part_of
from jitad.functions.arrays.shaping import sizes_of
from jitad.ir.errors import ShapeError
from jitad.ir.value import Value


def _pieces(x: Value, stops: list[int], axis: int) -> list[Value]:
    """What lies between the stops; those may be negative, as in slices."""
    starts, stops = [0, *stops], [*stops, x.shape[axis]]
    return [part_of(x, slice(i, j), axis) for i, j in zip(starts, stops, strict=True)]


def _sections(x: Value, sections: Any, axis: int, *, equal: bool) -> list[Value]:
    if np.ndim(sections):
        return _pieces(x, [operator.index(i) for i in sections], axis)
    (count,) = sizes_of(sections)
    total = x.shape[axis]
    if count < 1 or (equal and total % count):
        raise ShapeError(
            f"an axis of length {total} cannot be split into {count} equal parts",
            remedy="use np.array_split, or say where to cut: np.split(x, [2, 5])",
        )
    each, extra = divmod(total, count)
    return _pieces(x, [k * each + min(k, extra) for k in range(1, count)], axis)


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Value]:
    x = as_value(ary)
    return _sections(x, indices_or_sections, normal_axis(axis, x.ndim), equal=True)


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Value]:
    x = as_value(ary)
    return _sections(x, indices_or_sections, normal_axis(axis, x.ndim), equal=False)


def _split_along(x: Value, sections: Any, axis: int, least: int, name: str) -> list[Value]:
    if x.ndim < least:
        raise ShapeError(
            f"np.{name} of an array of shape {x.shape}",
            remedy=f"use an array of {least} axes or more, or np.split with axis=",
        )
    return _sections(x, sections, axis, equal=True)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Value]:
    x = as_value(ary)
    return _split_along(x, indices_or_sections, min(1, x.ndim - 1), 1, "hsplit")


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Value]:
    return _split_along(as_value(ary), indices_or_sections, 0, 2, "vsplit")


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Value]:
    return _split_along(as_value(ary), indices_or_sections, 2, 3, "dsplit")


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Value, ...]:
    x = as_value(x)
    place = normal_axis(axis, x.ndim)
    return tuple(part_of(x, k, place) for k in range(x.shape[place]))


if "unstack" in vars(np):  # since NumPy 2.1
    implements(np.unstack)(unstack)
