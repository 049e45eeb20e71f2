"""Reverse mode: run the function once, remember each elemental partial, walk back from the result.

The memory is a Wengert list (R. E. Wengert, A simple automatic derivative evaluation program,
Comm. ACM 7 (1964), pp. 463-464), kept here as the edges of the linearised computational graph in
the order of evaluation. An edge (i, j, c) says that v_i depends on v_j with the partial c. Read
forward the list would carry tangents, dv_i += c dv_j; read backward it carries adjoints,
v_bar_j += c v_bar_i, and one sweep gives the derivative by every input (Griewank & Walther,
Evaluating Derivatives, 2nd ed., SIAM 2008, section 3.2).

>>> from jitad.textbook import log, sin
>>> from jitad.textbook.tape import Tape, Variable
>>> tape = Tape()
>>> x1, x2 = Variable(2.0, tape), Variable(5.0, tape)
>>> y = log(x1) + x1 * x2 - sin(x2)
>>> len(tape.edges), round(y.value, 3)
(8, 11.652)
>>> x1_bar, x2_bar = tape.adjoints(y)[:2]
>>> round(x1_bar, 3), round(x2_bar, 3)
(5.5, 1.716)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

from jitad.textbook.active import Active


@final
class Tape:
    """The edges (i, j, c) of the linearised computational graph, and the number of its nodes."""

    __slots__ = ("edges", "size")

    def __init__(self) -> None:
        self.edges: list[tuple[int, int, float]] = []
        self.size = 0

    def adjoints(self, y: Variable) -> list[float]:
        """dy/dv for every variable v of the tape, in the order of their making.

        When the sweep reaches an edge, the adjoint of its result is complete: every later use of
        that result is an edge further back in the list.
        """
        if y.tape is not self:
            raise ValueError("the result is not on this tape")
        bars = [0.0] * self.size
        bars[y.index] = 1.0
        for i, j, c in reversed(self.edges):
            bars[j] += c * bars[i]
        return bars


@final
class Variable(Active):
    """A value that has a place on a tape."""

    __slots__ = ("index", "tape")

    def __init__(self, value: float, tape: Tape) -> None:
        self.value = value
        self.tape = tape
        self.index = tape.size
        tape.size += 1

    def chain(self, value: float, c: float) -> Variable:
        tape = self.tape
        result = Variable(value, tape)
        tape.edges.append((result.index, self.index, c))
        return result

    def join(self, value: float, c: float, other: Variable, d: float) -> Variable:
        tape = self.tape
        if other.tape is not tape:
            raise ValueError(
                "the operands are on different tapes: a gradient inside a function that is being "
                "differentiated needs jitad.grad, which nests"
            )
        result = Variable(value, tape)
        tape.edges.append((result.index, self.index, c))
        tape.edges.append((result.index, other.index, d))
        return result

    def __repr__(self) -> str:
        return f"v{self.index} = {self.value}"


def value_and_gradient(
    f: Callable[[list[Any]], Any], x: Sequence[float]
) -> tuple[float, list[float]]:
    """The value of a function of n numbers and all n partial derivatives, in one sweep each way.

    >>> from jitad.textbook.tape import value_and_gradient
    >>> value_and_gradient(lambda x: (x[0] + 2 * x[1]) * x[2], [3.0, 1.0, -2.0])
    (-10.0, [-2.0, -4.0, 5.0])
    """
    tape = Tape()
    y = f([Variable(value, tape) for value in x])
    return (y.value, tape.adjoints(y)[: len(x)]) if isinstance(y, Variable) else (y, [0.0] * len(x))
