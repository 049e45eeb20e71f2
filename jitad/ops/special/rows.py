"""How a row of a special function is written: its C function, its partials, its domain.

The values come from the C functions behind `scipy.special.cython_special`, so they are SciPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import scipy.special

from jitad.ir.errors import DifferentiationError, ShapeError
from jitad.ir.op import DType, Elementwise, Rule, Shape
from jitad.ops import elementwise as ew

MODULE = "scipy.special.cython_special"
WHOLE = (0.0, 4.0)
"""Where the tests sample an operand in which there is no derivative: whole numbers."""

ROWS: dict[np.ufunc, Any] = {}
"""The row that stands for a ufunc of SciPy's, or the rows of one that has several results."""


@final
@dataclass(frozen=True)
class Undefined:
    """The partial by an operand in which no derivative is known: asking for it is an error."""

    function: str
    operand: str

    def __call__(self, *_: Any) -> Any:
        raise DifferentiationError(
            f"scipy.special.{self.function} has no derivative with respect to {self.operand}",
            remedy="differentiate with respect to the other arguments; where this one depends on "
            "them too, wrap it in jitad.stop_gradient(...)",
        )


def call(symbol: str, result: int = 0, *, whole: bool = False) -> Rule:
    """Emit a call of SciPy's C function; `whole` asks for the overload that takes integers."""

    def emit(w: Any, t: DType, r: DType, *xs: str) -> str:
        return w.external(MODULE, symbol, t, *xs, result=result, whole=whole)

    return emit


def _one_type(*operands: Any) -> tuple[Shape, DType]:
    """All operands have one shape and one dtype of floating point."""
    first = operands[0]
    for x in operands:
        if x.shape != first.shape or x.dtype != first.dtype or x.dtype.kind != "f":
            raise ShapeError(f"operands of {first.shape} {first.dtype} and {x.shape} {x.dtype}")
    return first.shape, first.dtype


def row(
    name: str,
    evaluate: Callable[..., Any],
    *partials: Rule | None,
    domain: tuple[tuple[float, float], ...] | None = None,
    emit: Rule | None = None,
    cost: float = 60.0,
    ufunc: np.ufunc | None = None,
    seams: tuple[tuple[float, ...], ...] = (),
) -> Elementwise:
    """Enter a special function of as many operands as there are partials.

    `ufunc` is what it stands for, where `evaluate` is not that itself.
    """
    op = Elementwise(
        name,
        (),
        _one_type,
        evaluate,
        partials,
        call(name) if emit is None else emit,
        cost=cost,
        domain=domain or (ew.REAL,) * len(partials),
        seams=seams,
    )
    stands_for = evaluate if ufunc is None else ufunc
    if isinstance(stands_for, np.ufunc):
        ROWS[stands_for] = op
    return op


def results(
    name: str, *partials: Any, domain: Any = (ew.REAL,), domains: Any = None
) -> tuple[Elementwise, ...]:
    """The rows of a function of SciPy's that has several results: `name0`, `name1`, ...

    Each has a partial, or a tuple of one for each operand; `domains` has one of x for each.
    """
    ufunc = getattr(scipy.special, name)

    def one(k: int, rule: Any) -> Elementwise:
        given = rule if isinstance(rule, tuple) else (rule,)
        return row(
            f"{name}{k}",
            lambda *xs: ufunc(*xs)[k],
            *given,
            emit=call(name, k),
            domain=domain if domains is None else (domains[k],),
        )

    ROWS[ufunc] = tuple(one(k, rule) for k, rule in enumerate(partials))
    return ROWS[ufunc]


Function = Callable[[Any], Any]


def near_zero(x: Any, bound: float, series: Function, closed: Function) -> Any:
    """series(x) where |x| < bound, else closed(x): a quotient whose singularity is removable."""
    near = ew.lt(ew.absolute(x), bound)
    zero = ew.like(0.0, x)
    return ew.where(near, series(ew.where(near, x, zero)), closed(ew.where(near, 1.0, x)))


def of_whole(function: Callable[..., Any], *places: int) -> Callable[..., np.ndarray]:
    """A function that asks for integers at some places; its result in the last operand's dtype."""

    def evaluate(*operands: Any) -> np.ndarray:
        arrays = [np.asarray(x) for x in operands]
        given = [x.astype(np.int64) if k in places else x for k, x in enumerate(arrays)]
        return np.asarray(function(*given)).astype(arrays[-1].dtype)

    return evaluate
