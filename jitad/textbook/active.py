"""Scalars that depend on the inputs: for each operation its value and its elemental partials.

An operation v = phi(x, y) contributes the numbers c = dphi/dx and d = dphi/dy, taken at the point
where it is evaluated. Neither mode needs to know anything else about it (Griewank & Walther,
Evaluating Derivatives, 2nd ed., SIAM 2008, chapters 2 and 3):

    forward    dv     = c * dx + d * dy
    reverse    x_bar += c * v_bar,   y_bar += d * v_bar

A mode is a final class that derives from `Active` and says in `chain` and `join` what it does with
the partials.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

Self = TypeVar("Self", bound="Active")


class Active:
    """Abstract: a scalar that depends on the inputs, and how it does."""

    __slots__ = ("value",)

    value: float

    def chain(self: Self, value: float, c: float) -> Self:
        """The result of an operation with one active operand: its value and its partial."""
        raise NotImplementedError

    def join(self: Self, value: float, c: float, other: Any, d: float) -> Self:
        """The same with two active operands, both of one mode, and so with two partials."""
        raise NotImplementedError

    def __add__(self: Self, other: Self | float) -> Self:
        if isinstance(other, Active):
            return self.join(self.value + other.value, 1.0, other, 1.0)
        return self.chain(self.value + other, 1.0)

    __radd__ = __add__

    def __sub__(self: Self, other: Self | float) -> Self:
        if isinstance(other, Active):
            return self.join(self.value - other.value, 1.0, other, -1.0)
        return self.chain(self.value - other, 1.0)

    def __rsub__(self: Self, other: float) -> Self:
        return self.chain(other - self.value, -1.0)

    def __mul__(self: Self, other: Self | float) -> Self:
        x = self.value
        if isinstance(other, Active):
            y = other.value
            return self.join(x * y, y, other, x)
        return self.chain(x * other, other)

    __rmul__ = __mul__

    def __truediv__(self: Self, other: Self | float) -> Self:
        x = self.value
        if isinstance(other, Active):
            y = other.value
            quotient = x / y
            return self.join(quotient, 1.0 / y, other, -quotient / y)
        return self.chain(x / other, 1.0 / other)

    def __rtruediv__(self: Self, other: float) -> Self:
        y = self.value
        quotient = other / y
        return self.chain(quotient, -quotient / y)

    def __pow__(self: Self, other: Self | float) -> Self:
        x = self.value
        if isinstance(other, Active):
            y = other.value
            power = math.pow(x, y)
            return self.join(power, _by_base(x, y), other, _by_exponent(x, power))
        return self.chain(math.pow(x, other), _by_base(x, other))

    def __rpow__(self: Self, other: float) -> Self:
        power = math.pow(other, self.value)
        return self.chain(power, _by_exponent(other, power))

    def __neg__(self: Self) -> Self:
        return self.chain(-self.value, -1.0)

    def __pos__(self: Self) -> Self:
        return self

    def __abs__(self: Self) -> Self:
        x = self.value
        return self.chain(abs(x), math.copysign(1.0, x) if x else 0.0)

    def __lt__(self, other: Active | float) -> bool:
        return self.value < _value(other)

    def __le__(self, other: Active | float) -> bool:
        return self.value <= _value(other)

    def __gt__(self, other: Active | float) -> bool:
        return self.value > _value(other)

    def __ge__(self, other: Active | float) -> bool:
        return self.value >= _value(other)


def sin(x: Self | float) -> Self | float:
    """The sine."""
    if isinstance(x, Active):
        return x.chain(math.sin(x.value), math.cos(x.value))
    return math.sin(x)


def cos(x: Self | float) -> Self | float:
    """The cosine."""
    if isinstance(x, Active):
        return x.chain(math.cos(x.value), -math.sin(x.value))
    return math.cos(x)


def exp(x: Self | float) -> Self | float:
    """The exponential function."""
    if isinstance(x, Active):
        y = math.exp(x.value)
        return x.chain(y, y)
    return math.exp(x)


def log(x: Self | float) -> Self | float:
    """The natural logarithm."""
    if isinstance(x, Active):
        return x.chain(math.log(x.value), 1.0 / x.value)
    return math.log(x)


def sqrt(x: Self | float) -> Self | float:
    """The square root."""
    if isinstance(x, Active):
        y = math.sqrt(x.value)
        return x.chain(y, 0.5 / y)
    return math.sqrt(x)


def tanh(x: Self | float) -> Self | float:
    """The hyperbolic tangent."""
    if isinstance(x, Active):
        y = math.tanh(x.value)
        return x.chain(y, 1.0 - y * y)
    return math.tanh(x)


def _value(x: Active | float) -> float:
    return x.value if isinstance(x, Active) else x


def _by_base(x: float, y: float) -> float:
    """d(x**y)/dx; x**0 is constant, at x = 0 as well."""
    return y * math.pow(x, y - 1.0) if y else 0.0


def _by_exponent(x: float, power: float) -> float:
    """d(x**y)/dy from x and x**y; 0**y is constant for y > 0."""
    return power * math.log(x) if x else 0.0
