"""What the peers are asked: one function, where it is differentiated, and the forms it comes in."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Function = Callable[[Any], Any]
Over = Callable[[Any], Function]
"""From a namespace, such as `numpy` or `jax.numpy`, to the function written in it."""

Wanted = Literal["gradient", "jacobian", "hessian"]


class Declined(Exception):
    """A peer's reason not to take part."""


@dataclass(frozen=True)
class Problem:
    """A function and what is wanted of it: value and gradient, Jacobian, or Hessian.

    At least one of `arrays` and `scalars` is given. A peer of arrays takes `arrays` if it can.
    """

    name: str
    x: np.ndarray
    """Where it is differentiated: one axis."""

    arrays: Over | None = None
    """For namespaces of functions of arrays, which also have `array`, `scan`, `lower_solve`."""

    scalars: Over | None = None
    """For namespaces of sin, cos, exp, log, sqrt, tanh of one number; takes a list of numbers."""

    wanted: Wanted = "gradient"

    sparse: bool = False
    """Whether jitad is asked for a sparse matrix, whose values each call overwrites, as CasADi's
    does."""

    numpy: Function | None = None
    """By hand in NumPy: from x to what is wanted; so `numba`, which is compiled already."""

    numba: Function | None = None

    c: str | None = None
    """By hand in C: `void f(long n, const double *x, double *value, double *derivative)`."""

    casadi: Callable[[Any], Any] | None = None
    """From the module casadi to x and y, or to a Function of x with what is wanted as results."""

    declined: Mapping[str, str] = field(default_factory=dict)
    """Peers that are not asked, each with the reason."""

    long: Collection[str] = ()
    """Peers whose compilers may take minutes: full runs try them in a process that is given up
    after a while, quick ones leave them out."""

    why: Mapping[str, str] = field(default_factory=dict)
    """Should this peer win: why it does."""

    rtol: float = 1e-9
    """How far results may differ, relative to the largest element."""

    def written(self) -> Over:
        """The form for peers of arrays."""
        form = self.arrays or self.scalars
        assert form is not None
        return form


@dataclass(frozen=True)
class Ready:
    """A derivative that is bound to its argument: what is timed, and how its result is read."""

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    read: Callable[[Any], Any] = lambda result: result
    """To a tuple (value, gradient), or to a matrix; not timed."""


@dataclass(frozen=True)
class Peer:
    """A tool that differentiates."""

    name: str
    version: str
    prepare: Callable[[Problem], Ready]
    """Compiles as far as the tool does before its first call; raises Declined."""

    rtol: float | None = None
    """How far off its results may be, where that is the tool's nature."""


def of(problem: Problem, **transforms: Any) -> Any:
    """The transform by what is wanted, or Declined."""
    if transforms.get(problem.wanted) is None:
        raise Declined(f"no {problem.wanted} written for it")
    return transforms[problem.wanted]


def faster(one: Ready, other: Ready) -> Ready:
    """Of two ways to the same, such as both modes, the one that takes less time."""
    for ready in (one, other):
        ready.function(*ready.args)
    best = [min(timeit.repeat(lambda r=r: r.function(*r.args), number=3)) for r in (one, other)]
    return one if best[0] <= best[1] else other


def loop(step: Function, carry: Any, xs: Any = None, length: int | None = None) -> tuple[Any, None]:
    """`scan` as a Python loop, for tools without one; xs is a tuple of arrays, or None.

    The last carry alone is returned.
    """
    for k in range(len(xs[0]) if length is None else length):
        carry, _ = step(carry, None if xs is None else tuple(x[k] for x in xs))
    return carry, None
