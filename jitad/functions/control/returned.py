"""What a derivative rule returns -> values on its tape, of the types that are needed."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import FunctionType
from typing import Any

import numpy as np

from jitad.frontend.active import innermost_trace
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.pytree import flatten, shown
from jitad.frontend.trace import TRACEABLE
from jitad.ir.errors import DifferentiationError, ShapeError, SourceLine, TraceError
from jitad.ir.op import DType, Shape, is_differentiable
from jitad.ir.value import Value

Type = tuple[Shape, DType]


def defined(function: Any) -> SourceLine | None:
    """The line where a rule is defined."""
    plain = inspect.unwrap(function)
    if not isinstance(plain, FunctionType):
        return None
    return SourceLine(plain.__code__.co_filename, plain.__code__.co_firstlineno)


def leaves_like(tree: Any, structure: Any, what: str, where: SourceLine | None) -> list[Any]:
    """The leaves of a tree of that structure; None may stand for all of it, or for one leaf."""
    if tree is None and structure.num_leaves:
        return [None] * structure.num_leaves
    try:
        return structure.flatten_up_to(tree)
    except ValueError as error:
        raise ShapeError(
            f"{what} is {shown(flatten(tree)[1])}, and {shown(structure)} is needed",
            remedy="return a tree of the same structure",
            line=where,
        ) from error


def fitted(x: Any, kind: Type, what: str, where: SourceLine | None) -> Value:
    """x as a value of that shape and dtype on the tape of the rule."""
    shape, dtype = kind
    builder = innermost_trace()
    assert builder is not None
    if not isinstance(x, (*TRACEABLE, list)):
        raise TraceError(
            f"{what} is a {type(x).__name__}", remedy=f"return an array of {dtype}", line=where
        )
    value = lift(builder, x)
    if value.shape != shape or not np.can_cast(value.dtype, dtype, "same_kind"):
        raise ShapeError(
            f"{what} is {value.dtype}{list(value.shape)}, and {dtype}{list(shape)} is needed",
            remedy="return an array of that shape and dtype",
            line=where,
        )
    return as_dtype(value, dtype)


def moving_parts(
    leaves: Sequence[Any], types: Sequence[Type], what: str, where: SourceLine | None
) -> list[Any]:
    """Tangents or adjoints of what is of floating point; None is zero."""
    found: list[Any] = []
    for x, (shape, dtype) in zip(leaves, types, strict=True):
        if is_differentiable(dtype):
            found.append(
                np.zeros(shape, dtype) if x is None else fitted(x, (shape, dtype), what, where)
            )
        elif isinstance(x, (Value, np.ndarray, np.generic)) and is_differentiable(x.dtype):
            _refuse_integers(x, dtype, what, where)
    return found


def _refuse_integers(x: Any, dtype: DType, what: str, where: SourceLine | None) -> None:
    """An integer has no derivative; zeros in its place are left out."""
    if isinstance(x, Value) or np.any(x):
        raise DifferentiationError(
            f"{what} is {x.dtype} for an array of {dtype}, which has no derivative",
            remedy="return None in its place",
            line=where,
        )
