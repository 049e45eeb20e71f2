"""Symbolic indices: affine in the loop counters, so that views cost no instruction of their own.

An `Index` is a constant plus coefficients times atoms; an atom is a loop counter, a loaded index,
or a quotient or remainder that did not simplify.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from jitad.ir.op import Shape


class Loop(NamedTuple):
    """A loop counter: 0 <= i < size."""

    depth: int
    size: int


class Loaded(NamedTuple):
    """An integer that the kernel computes: element `at` of a value, known to be below `size`."""

    value: int
    at: tuple[Index, ...]
    size: int


@dataclass(frozen=True)
class Quotient:
    """index // divisor; not a tuple, which would equal a remainder of the same fields."""

    of: Index
    divisor: int
    size: int


@dataclass(frozen=True)
class Remainder:
    """index % divisor."""

    of: Index
    divisor: int
    size: int


Atom = Loop | Loaded | Quotient | Remainder


class Index(NamedTuple):
    """const + sum of coefficient * atom."""

    const: int
    terms: tuple[tuple[Atom, int], ...] = ()

    def __add__(self, other: object) -> Index:  # type: ignore[override]  # a symbolic sum
        other = as_index(other)
        total = dict(self.terms)
        for atom, c in other.terms:
            total[atom] = total.get(atom, 0) + c
        terms = tuple((atom, c) for atom, c in total.items() if c)
        return Index(self.const + other.const, terms)

    def __mul__(self, factor: object) -> Index:  # type: ignore[override]  # a symbolic sum
        assert isinstance(factor, int)
        if factor == 0:
            return Index(0)
        return Index(self.const * factor, tuple((atom, c * factor) for atom, c in self.terms))

    __radd__ = __add__
    __rmul__ = __mul__

    def bounds(self) -> tuple[int, int]:
        """The least and greatest value."""
        low = high = self.const
        for atom, c in self.terms:
            reach = c * (atom.size - 1)
            low, high = low + min(reach, 0), high + max(reach, 0)
        return low, high

    def depths(self) -> Iterator[int]:
        """The depths of the counters that it is made of, those of loaded indices left out."""
        for atom, _ in self.terms:
            if isinstance(atom, Loop):
                yield atom.depth
            elif isinstance(atom, (Quotient, Remainder)):
                yield from atom.of.depths()

    def step(self, depth: int) -> int:
        """How far it moves from one turn of the loop of that depth to the next."""
        return sum(c for atom, c in self.terms if isinstance(atom, Loop) and atom.depth == depth)

    def _split(self, n: int) -> tuple[Index, Index] | None:
        """self = n * a + b with 0 <= b < n for all counters, where that can be seen."""
        a = Index(self.const // n, tuple((x, c // n) for x, c in self.terms if c % n == 0))
        b = Index(self.const % n, tuple((x, c) for x, c in self.terms if c % n))
        low, high = b.bounds()
        return (a, b) if low >= 0 and high < n else None

    def __floordiv__(self, n: int) -> Index:
        parts = self._split(n)
        if parts is not None:
            return parts[0]
        return Index(0, ((Quotient(self, n, self.bounds()[1] // n + 1), 1),))

    def __mod__(self, n: int) -> Index:
        parts = self._split(n)
        return parts[1] if parts is not None else Index(0, ((Remainder(self, n, n), 1),))


def as_index(x: object) -> Index:
    """An int or an Index as an Index."""
    if isinstance(x, Index):
        return x
    assert isinstance(x, int)
    return Index(x)


def strides(shape: Shape) -> tuple[int, ...]:
    """Elements between neighbours along each axis, in C order."""
    result: list[int] = []
    step = 1
    for n in reversed(shape):
        result.append(step)
        step *= n
    return tuple(reversed(result))


def flat(at: tuple[Index, ...], step: tuple[int, ...]) -> Index:
    """The element's distance from the start of the array."""
    total = Index(0)
    for i, s in zip(at, step, strict=True):
        total = total + i * s
    return total
