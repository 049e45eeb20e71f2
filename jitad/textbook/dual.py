"""Forward mode: numbers x + dx eps with eps**2 = 0, so that f(x + dx eps) = f(x) + f'(x) dx eps.

Clifford introduced dual numbers in 1873 (Preliminary sketch of biquaternions, Proc. London Math.
Soc. s1-4, pp. 381-395); that they differentiate programs is in Griewank & Walther, Evaluating
Derivatives, 2nd ed., SIAM 2008, section 3.1. The function 3x + 2 at the dual number 4 + 1 eps:

>>> from jitad.textbook.dual import Dual
>>> 3 * Dual(4, 1) + 2
Dual(14, 3.0)

A `VectorDual` carries many tangents at once: the value and the elemental partials are computed
once for all of them, which makes a gradient one evaluation instead of n.

Tangents have no names here. Calls of `derivative` inside a function that is being differentiated
would mix theirs with the outer ones (perturbation confusion: J. M. Siskind, B. A. Pearlmutter,
Perturbation confusion and referential transparency, IFL 2005). `jitad.grad` nests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

from jitad.textbook.active import Active


@final
class Dual(Active):
    """A value and its tangent: the derivative along one direction."""

    __slots__ = ("tangent",)

    def __init__(self, value: float, tangent: float) -> None:
        self.value = value
        self.tangent = tangent

    def chain(self, value: float, c: float) -> Dual:
        return Dual(value, c * self.tangent)

    def join(self, value: float, c: float, other: Dual, d: float) -> Dual:
        return Dual(value, c * self.tangent + d * other.tangent)

    def matrix(self) -> list[list[float]]:
        """The number as a matrix: sums, products, quotients and functions of dual numbers are
        those of their matrices, for eps is [[0, 1], [0, 0]], whose square is 0.

        >>> from jitad.textbook.dual import Dual
        >>> (Dual(2.0, 1.0) * Dual(3.0, 0.0)).matrix()
        [[6.0, 3.0], [0.0, 6.0]]
        """
        return [[self.value, self.tangent], [0.0, self.value]]

    def __repr__(self) -> str:
        return f"Dual({self.value}, {self.tangent})"


@final
class VectorDual(Active):
    """A value and its tangents: the derivatives along many directions."""

    __slots__ = ("tangents",)

    def __init__(self, value: float, tangents: Sequence[float]) -> None:
        self.value = value
        self.tangents = tangents

    def chain(self, value: float, c: float) -> VectorDual:
        return VectorDual(value, [c * dx for dx in self.tangents])

    def join(self, value: float, c: float, other: VectorDual, d: float) -> VectorDual:
        pairs = zip(self.tangents, other.tangents, strict=True)
        return VectorDual(value, [c * dx + d * dy for dx, dy in pairs])

    def matrix(self) -> list[list[float]]:
        """The number as a block matrix [[v, dv], [0, v I]], a row and column a tangent."""
        n = len(self.tangents)
        below = [[0.0] * k + [self.value] + [0.0] * (n - k) for k in range(1, n + 1)]
        return [[self.value, *self.tangents], *below]

    def __repr__(self) -> str:
        return f"VectorDual({self.value}, {self.tangents})"


def derivative(f: Callable[[Any], Any], x: float) -> float:
    """The derivative of a function of one number.

    >>> from jitad.textbook.dual import derivative
    >>> derivative(lambda x: x**3 + 2 * x, 2.0)
    14.0
    """
    y = f(Dual(x, 1.0))
    return y.tangent if isinstance(y, Dual) else 0.0


def jvp(
    f: Callable[[list[Any]], Any], x: Sequence[float], dx: Sequence[float]
) -> tuple[float, float]:
    """The value of a function of n numbers and its derivative along one direction.

    >>> from jitad.textbook.dual import jvp
    >>> jvp(lambda x: x[0] * x[1], [2.0, 3.0], [1.0, 10.0])
    (6.0, 23.0)
    """
    y = f([Dual(*pair) for pair in zip(x, dx, strict=True)])
    return (y.value, y.tangent) if isinstance(y, Dual) else (y, 0.0)


def value_and_gradient(
    f: Callable[[list[Any]], Any], x: Sequence[float]
) -> tuple[float, list[float]]:
    """The value of a function of n numbers and all n partial derivatives, in one evaluation.

    >>> from jitad.textbook.dual import value_and_gradient
    >>> value_and_gradient(lambda x: (x[0] + 2 * x[1]) * x[2], [3.0, 1.0, -2.0])
    (-10.0, [-2.0, -4.0, 5.0])
    """
    n = len(x)
    directions = [[0.0] * j + [1.0] + [0.0] * (n - 1 - j) for j in range(n)]
    y = f([VectorDual(*pair) for pair in zip(x, directions, strict=True)])
    return (y.value, list(y.tangents)) if isinstance(y, VectorDual) else (y, [0.0] * n)
