"""Graph -> order: in which the vertices of a program are eliminated, and how often it multiplies.

To find the order that multiplies least is NP-complete (Naumann, Mathematical Programming 112,
2008): four orders that are quickly found are compared, and the best is improved by moving single
vertices for as long as a budget lasts. Those of forward and of reverse mode are among them, so that
no order is chosen that is worse than either.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

E = TypeVar("E")

UNKNOWN = math.nan
"""The derivative on an edge that is not known before the program runs; NaN, so that products and
sums with it are unknown as well."""

EFFORT, LEAST_EFFORT = 600, 100_000
"""Products that the search looks at for each vertex, and in any case: 0.8 and 100 milliseconds."""

SPAN, PATIENCE = 20, 30
"""How far it moves a vertex on average; from so many rounds on without a gain it ends."""


@dataclass(frozen=True)
class Graph(Generic[E]):
    """What each vertex is computed of: `into[i][k]` is on the edge from k to i; `out[k]` are the
    vertices that k has an edge to."""

    into: dict[int, dict[int, E]]
    out: dict[int, set[int]]

    def copy(self) -> Graph[E]:
        """The same graph, to be taken apart: rows are replaced, never changed."""
        return Graph(self.into.copy(), self.out.copy())

    def eliminate(self, j: int, join: Callable[[E | None, E, E], E]) -> None:
        """Remove vertex j: `join(known, c, d)` gives known + c d for each pair of an edge c that
        leaves j and an edge d that enters it; where that is 0 there is no edge."""
        row, users, gone = self.into.pop(j), self.out.pop(j, set[int]()), set[tuple[int, int]]()
        for i in sorted(users):
            changed = self.into[i].copy()
            c = changed.pop(j)
            for k, d in row.items():
                changed[k] = joined = join(changed.get(k), c, d)
                if type(joined) is float and joined == 0:
                    del changed[k]
                    gone.add((i, k))
            self.into[i] = changed
        for k in row:
            self.out[k] = {i for i in self.out[k] | users if i != j and (i, k) not in gone}


def graph_of(into: Mapping[int, Mapping[int, E]]) -> Graph[E]:
    """The graph of these edges."""
    out: dict[int, set[int]] = {}
    for i, row in into.items():
        for k in row:
            out.setdefault(k, set()).add(i)
    return Graph({i: dict(row) for i, row in into.items()}, out)


class Order(NamedTuple):
    """An order of vertices, what it is called, and how often it multiplies."""

    name: str
    vertices: Sequence[int]
    multiplications: int


def orders(graph: Graph[float]) -> list[Order]:
    """The orders that are known of a graph, of numbers and `UNKNOWN`s; the last is the best."""
    between = sorted(j for j in graph.into if j in graph.out)
    sides = _sides(graph)
    rules: dict[str, Callable[[Graph[float], int], int]] = {
        "Markowitz": _degree,
        "relative Markowitz": lambda rest, j: _degree(rest, j) - sides[j],
    }
    found = {"forward": between, "reverse": between[::-1]}
    found.update({name: _greedy(graph, between, rule) for name, rule in rules.items()})
    known = [Order(name, order, _count(graph, order)) for name, order in found.items()]
    best = min(known, key=lambda order: order.multiplications)
    return [*known, _searched(graph, best)]


_SIGNS = (1.0, -1.0)


class _Counting:
    """Joins numbers, and counts products that a program would compute: those with 1 and -1 cost
    nothing, nor do those of two numbers."""

    def __init__(self) -> None:
        self.products = self.multiplications = 0

    def __call__(self, known: float | None, c: float, d: float) -> float:
        product = c * d
        self.products += 1
        if product != product and c not in _SIGNS and d not in _SIGNS:
            self.multiplications += 1
        return product if known is None else known + product


def _count(graph: Graph[float], order: Sequence[int]) -> int:
    """How often an order multiplies."""
    return _cost(graph, order, _Counting())


def _degree(rest: Graph[float], j: int) -> int:
    """Markowitz's degree: the products that eliminating j makes now."""
    return len(rest.into[j]) * len(rest.out[j])


def _sides(graph: Graph[float]) -> dict[int, int]:
    """For each vertex the products that it makes if it is the last: of the inputs that it depends
    on with the outputs that depend on it."""
    every = sorted({*graph.into, *graph.out}, key=_position)
    below = {j: 0 if j in graph.into else 1 << n for n, j in enumerate(every)}
    above = {j: 0 if j in graph.out else 1 << n for n, j in enumerate(every)}
    for j in every:
        for k in graph.into.get(j, ()):
            below[j] |= below[k]
    for j in reversed(every):
        for i in graph.out.get(j, ()):
            above[j] |= above[i]
    return {j: below[j].bit_count() * above[j].bit_count() for j in every}


def _position(j: int) -> tuple[bool, int]:
    """Outputs, which have numbers below 0, come last."""
    return j < 0, j


def _greedy(
    graph: Graph[float], between: Sequence[int], rule: Callable[[Graph[float], int], int]
) -> list[int]:
    """The order in which the vertex is next for which the rule gives least."""
    rest, counting, order = graph.copy(), _Counting(), list[int]()
    marks = {j: rule(rest, j) for j in between}
    waiting = [(mark, j) for j, mark in marks.items()]
    heapq.heapify(waiting)
    while waiting:
        mark, j = heapq.heappop(waiting)
        if marks.get(j) != mark:
            continue  # eliminated, or its neighbours have changed
        near = [*rest.into[j], *rest.out[j]]
        rest.eliminate(j, counting)
        order.append(j)
        del marks[j]
        for n in near:
            if n in marks:
                marks[n] = rule(rest, n)
                heapq.heappush(waiting, (marks[n], n))
    return order


def _searched(graph: Graph[float], best: Order) -> Order:
    """The order after moves of single vertices that make it no worse. What a graph has become says
    nothing of the order in which its vertices went: a move changes the counts between its ends."""
    order, choose, counting = list(best.vertices), random.Random(0), _Counting()
    budget, idle = max(EFFORT * len(order), LEAST_EFFORT), 0
    while counting.products < budget and len(order) > 1 and idle < PATIENCE:
        rest, idle = graph.copy(), idle + 1
        for p in range(len(order) - 1):
            q = min(p + 1 + int(choose.expovariate(1 / SPAN)), len(order) - 1)
            now = order[p : q + 1]
            least = _cost(rest, now, counting)
            for tried in ([now[-1], *now[:-1]], [*now[1:], now[0]]):
                cost = _cost(rest, tried, counting, least)
                if cost <= least:
                    idle = 0 if cost < least else idle
                    order[p : q + 1], least = tried, cost
            rest.eliminate(order[p], counting)
    return Order("search", order, _count(graph, order))


def _cost(
    graph: Graph[float], order: Sequence[int], counting: _Counting, most: float = math.inf
) -> int:
    """What an order adds to the count; counting ends beyond `most`."""
    rest, before = graph.copy(), counting.multiplications
    for j in order:
        rest.eliminate(j, counting)
        if counting.multiplications - before > most:
            break
    return counting.multiplications - before
