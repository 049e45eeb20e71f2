"""Numbers with two first derivatives and the mixed second one, in plain Python: an oracle.

Source: Fike & Alonso, The Development of Hyper-Dual Numbers, AIAA 2011-886.
"""

from __future__ import annotations

import math
from typing import Any


class UndecidedError(Exception):
    """Rounding decides: which of two numbers is the larger, or what a derivative is."""


class Hyper:
    """value + a e1 + b e2 + ab e1 e2, with e1^2 = e2^2 = 0; NumPy's functions call its methods."""

    margin, largest = 1e-9, 1e5
    """What two numbers that are compared must differ by, and how large derivatives may be."""

    __slots__ = ("a", "ab", "b", "value")

    def __init__(self, value: float, a: float = 0.0, b: float = 0.0, ab: float = 0.0) -> None:
        self.value, self.a, self.b, self.ab = float(value), a, b, ab
        if abs(ab) > self.largest or abs(b) > self.largest:
            raise UndecidedError

    def _chain(self, value: float, first: float, second: float) -> Hyper:
        ab = first * self.ab + second * self.a * self.b
        return Hyper(value, first * self.a, first * self.b, ab)

    def __add__(self, other: Any) -> Hyper:
        if not isinstance(other, Hyper):
            return Hyper(self.value + other, self.a, self.b, self.ab)
        a, b = self.a + other.a, self.b + other.b
        return Hyper(self.value + other.value, a, b, self.ab + other.ab)

    def __mul__(self, other: Any) -> Hyper:
        if not isinstance(other, Hyper):
            return self._chain(self.value * other, other, 0.0)
        x, y = self, other
        ab = x.value * y.ab + x.ab * y.value + x.a * y.b + x.b * y.a
        a, b = x.value * y.a + x.a * y.value, x.value * y.b + x.b * y.value
        return Hyper(x.value * y.value, a, b, ab)

    def __truediv__(self, other: Any) -> Hyper:
        if not isinstance(other, Hyper):
            return self * (1 / other)
        return self * (1.0 / other)

    def __rtruediv__(self, other: float) -> Hyper:
        inverse = 1 / self.value
        return other * self._chain(inverse, -(inverse**2), 2 * inverse**3)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Hyper:
        return self * -1.0

    def __sub__(self, other: Any) -> Hyper:
        return self + -other

    def __rsub__(self, other: Any) -> Hyper:
        return -self + other

    def __gt__(self, other: Any) -> bool:
        difference = self.value - (other.value if isinstance(other, Hyper) else other)
        if abs(difference) < self.margin:
            raise UndecidedError
        return difference > 0

    def __lt__(self, other: Any) -> bool:
        return not self > other

    __ge__, __le__ = __gt__, __lt__

    def sin(self) -> Hyper:
        s, c = math.sin(self.value), math.cos(self.value)
        return self._chain(s, c, -s)

    def cos(self) -> Hyper:
        s, c = math.sin(self.value), math.cos(self.value)
        return self._chain(c, -s, -c)

    def tanh(self) -> Hyper:
        t = math.tanh(self.value)
        return self._chain(t, 1 - t * t, -2 * t * (1 - t * t))

    def exp(self) -> Hyper:
        e = math.exp(self.value)
        return self._chain(e, e, e)

    def sqrt(self) -> Hyper:
        r = math.sqrt(self.value)
        return self._chain(r, 0.5 / r, -0.25 / r**3)
