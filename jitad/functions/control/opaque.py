"""Functions that Python runs where a program stands: `opaque`, an op without a rule of its own.

What has several results, or results of other dtypes, hands them over in one array of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jitad.frontend.operands import lift
from jitad.frontend.pytree import Structure, flatten, unflatten
from jitad.functions.control.blocks import current
from jitad.ir.errors import DifferentiationError, ShapeError, TraceError
from jitad.ir.op import FLOAT64, DType, Shape, Structural
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control.loop import each_alone

Type = tuple[Shape, DType]


@dataclass(frozen=True, eq=False)
class Outside:
    """A function that Python runs: of arrays in the structure of its arguments."""

    name: str
    function: Callable[..., Any]
    arguments: Structure
    results: tuple[Type, ...]

    @property
    def shape(self) -> Shape:
        """The shape of all results in one array."""
        return (sum(math.prod(shape) * _parts(dtype) for shape, dtype in self.results),)

    def run(self, *xs: np.ndarray) -> np.ndarray:
        """All results in one array."""
        given = unflatten(self.arguments, [np.array(x)[()] for x in xs])
        leaves = flatten(self.function(*given))[0]
        if len(leaves) != len(self.results):
            raise ShapeError(
                f"{self.name} returned {len(leaves)} arrays, and {len(self.results)} were declared",
                remedy="let result_shape be of the structure of what the function returns",
            )
        pairs = zip(leaves, self.results, strict=True)
        flat = [self._checked(np.asarray(x), *kind) for x, kind in pairs]
        return np.concatenate(flat)

    def _checked(self, x: np.ndarray, shape: Shape, dtype: DType) -> np.ndarray:
        """One result as numbers of double precision."""
        if x.shape != shape or not np.can_cast(x.dtype, dtype, "same_kind"):
            raise ShapeError(
                f"{self.name} returned an array of {x.shape} {x.dtype}, and "
                f"{shape} {dtype} was declared",
                remedy="give jitad.callback the shape and dtype that the function returns",
            )
        flat: Any = np.ravel(x.astype(dtype))
        if _parts(dtype) == 2:
            flat = np.concatenate([flat.real, flat.imag])
        return flat.astype(np.float64)


def _parts(dtype: DType) -> int:
    return 2 if dtype.kind == "c" else 1


def _unknown(*_: Any, outside: Outside) -> Any:
    raise DifferentiationError(
        f"{outside.name} runs outside of the program, and has no derivative",
        remedy="give it a rule by .defjvp or .defvjp, or derivative='differences'; where its "
        "results have none, wrap them in jitad.stop_gradient(...)",
    )


def _batch(operands: Any, batched: Any, size: int, outside: Outside) -> Any:
    """One point after the other."""
    return each_alone(opaque, {"outside": outside}, operands, batched, size)


opaque = Structural(
    "opaque",
    ("outside",),
    infer=lambda *xs, outside: (outside.shape, FLOAT64),
    evaluate=lambda *xs, outside: outside.run(*xs),
    jvp=_unknown,
    pullback=_unknown,
    batch=_batch,
    library=lambda call, outside: call.call_back(),
)
"""opaque(*arrays; outside) -> all results in one array."""


def run_outside(
    name: str, function: Callable[..., Any], like: Any, arguments: Sequence[Any]
) -> Any:
    """function(*arguments) of plain arrays, which Python runs each time; `like` has the shapes and
    dtypes of what it returns."""
    builder = current()
    leaves, structure = flatten(tuple(arguments))
    templates, results = flatten(like)
    kinds = tuple((tuple(x.shape), np.dtype(x.dtype)) for x in templates)
    if any(dtype.kind not in "fciub" for _, dtype in kinds):
        raise TraceError(
            f"{name} returns what are no numbers", remedy="return arrays of numbers or bools"
        )
    outside = Outside(name, function, structure, kinds)
    if not leaves:
        raise TraceError(f"{name} is called without an array", remedy="give it one to depend on")
    packed = opaque(*[lift(builder, x) for x in leaves], outside=outside)
    return unflatten(results, _unpacked(packed, kinds))


def _unpacked(packed: Value, kinds: Sequence[Type]) -> list[Value]:
    """The results out of one array."""
    found, start = [], 0
    for shape, dtype in kinds:
        pieces = []
        for _ in range(_parts(dtype)):
            stop = start + math.prod(shape)
            pieces.append(st.reshape(packed[start:stop], shape=shape))
            start = stop
        whole = ew.pair(*pieces) if len(pieces) == 2 else pieces[0]
        found.append(whole if whole.dtype == dtype else ew.cast(whole, dtype=dtype))
    return found
