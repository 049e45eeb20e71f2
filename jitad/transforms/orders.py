"""Graph -> order: in which the vertices of a program are eliminated, and how often it multiplies.

To find the order that multiplies least is NP-complete (Naumann, Mathematical Programming 112,
2008): four orders that are quickly found are compared, and the best is improved by moving single
vertices for as long as a budget lasts. Those of forward and of reverse mode are among them, so that
no order is chosen that is worse than either.

To count, nobody needs to know what is on an edge, but for whether it is 1 or -1, another number, or
known only when the program runs: vertices are numbered, and sets of them are the bits of integers.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

UNKNOWN = math.nan
"""The derivative on an edge that is not known before the program runs."""

EFFORT, LEAST_EFFORT = 1600, 300_000
"""Edges that the search moves for each vertex, and in any case: some 0.7 and 100 milliseconds."""

SPAN, PATIENCE = 20, 30
"""How far it moves a vertex on average; from so many rounds on without a gain it ends."""


class Order(NamedTuple):
    """An order of vertices, what it is called, and how often it multiplies."""

    name: str
    vertices: Sequence[int]
    multiplications: int


class _Graph(NamedTuple):
    """Of each vertex those that it is computed of, among them those that have 1 or -1 on the edge,
    and those that have a number; and those that are computed of it."""

    into: list[int]
    signs: list[int]
    numbers: list[int]
    out: list[int]

    def copy(self) -> _Graph:
        """The same graph, to be taken apart."""
        return _Graph(*(row.copy() for row in self))

    def eliminate(self, j: int) -> tuple[int, int]:
        """Remove vertex j: how often that multiplies, and how many edges it moves. Products with 1
        and -1 cost nothing, nor do those of two numbers."""
        into, signs, numbers, out = self
        row, users, bit, cost = into[j], out[j], 1 << j, 0
        for i in _places(users):
            old = into[i] ^ bit
            met, new = old & row, row & ~old
            if signs[i] & bit:
                sign, number = signs[j], numbers[j]
            elif numbers[i] & bit:
                sign, number = 0, numbers[j]
                cost += (row & ~number).bit_count()
            else:
                sign = number = 0
                cost += (row & ~signs[j]).bit_count()
            into[i] = old | row
            signs[i] = signs[i] & ~bit & ~met | sign & new
            numbers[i] = numbers[i] & ~bit & (~met | number) | number & new
        for k in _places(row):
            out[k] = out[k] ^ bit | users
        return cost, row.bit_count() + users.bit_count()


def _places(bits: int) -> Iterator[int]:
    """The vertices of a set."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def orders(edges: Mapping[int, Mapping[int, float]]) -> list[Order]:
    """The orders that are known of a graph, the last of which is the best: `edges[i][k]` is the
    number on the edge from k to i, or `UNKNOWN`; results, which come last, are below 0."""
    names = sorted({*edges, *(k for row in edges.values() for k in row)}, key=lambda i: (i < 0, i))
    place = {name: n for n, name in enumerate(names)}
    graph = _Graph(*([0] * len(names) for _ in range(4)))
    for i, row in edges.items():
        for k, number in row.items():
            graph.into[place[i]] |= 1 << place[k]
            graph.out[place[k]] |= 1 << place[i]
            graph.signs[place[i]] |= (abs(number) == 1) << place[k]
            graph.numbers[place[i]] |= (not math.isnan(number)) << place[k]
    between = [n for n in range(len(names)) if graph.into[n] and graph.out[n]]
    sides = _sides(graph)
    found = {
        "forward": between,
        "reverse": between[::-1],
        "Markowitz": _greedy(graph, between, _degree),
        "relative Markowitz": _greedy(graph, between, lambda rest, j: _degree(rest, j) - sides[j]),
    }
    counts = {name: _cost(graph, order)[0] for name, order in found.items()}
    found["search"] = _searched(graph, found[min(counts, key=counts.__getitem__)])
    counts["search"] = _cost(graph, found["search"])[0]
    return [Order(name, [names[n] for n in x], counts[name]) for name, x in found.items()]


def _cost(graph: _Graph, order: Sequence[int], most: float = math.inf) -> tuple[int, int]:
    """How often an order multiplies, and how many edges it moves, a copy of the graph included;
    counting ends beyond `most`."""
    rest, total, moved = graph.copy(), 0, len(graph.into) // 16
    for j in order:
        cost, edges = rest.eliminate(j)
        total, moved = total + cost, moved + edges
        if total > most:
            break
    return total, moved


def _degree(rest: _Graph, j: int) -> int:
    """Markowitz's degree: the pairs of edges that meet in j now."""
    return rest.into[j].bit_count() * rest.out[j].bit_count()


def _sides(graph: _Graph) -> list[int]:
    """For each vertex its degree if it is the last: the inputs that it depends on times the results
    that depend on it."""
    count = len(graph.into)
    below = [0 if row else 1 << n for n, row in enumerate(graph.into)]
    above = [0 if row else 1 << n for n, row in enumerate(graph.out)]
    for j in range(count):
        for k in _places(graph.into[j]):
            below[j] |= below[k]
    for j in reversed(range(count)):
        for i in _places(graph.out[j]):
            above[j] |= above[i]
    return [x.bit_count() * y.bit_count() for x, y in zip(below, above, strict=True)]


def _greedy(graph: _Graph, between: Sequence[int], rule: Callable[[_Graph, int], int]) -> list[int]:
    """The order in which the vertex is next for which the rule gives least."""
    rest, order = graph.copy(), list[int]()
    marks = {j: rule(rest, j) for j in between}
    waiting = [(mark, j) for j, mark in marks.items()]
    heapq.heapify(waiting)
    while waiting:
        mark, j = heapq.heappop(waiting)
        if marks.get(j) != mark:
            continue  # eliminated, or its neighbours have changed
        near = rest.into[j] | rest.out[j]
        rest.eliminate(j)
        order.append(j)
        del marks[j]
        for n in _places(near):
            if n in marks:
                marks[n] = rule(rest, n)
                heapq.heappush(waiting, (marks[n], n))
    return order


def _searched(graph: _Graph, best: Sequence[int]) -> list[int]:
    """The order after moves of single vertices that make it no worse. What a graph has become says
    nothing of the order in which its vertices went: a move changes the counts between its ends."""
    order, choose = list(best), random.Random(0)
    budget, idle = max(EFFORT * len(order), LEAST_EFFORT), 0
    while budget > 0 and len(order) > 1 and idle < PATIENCE:
        rest, idle = graph.copy(), idle + 1
        for p in range(len(order) - 1):
            q = min(p + 1 + int(choose.expovariate(1 / SPAN)), len(order) - 1)
            now = order[p : q + 1]
            least, moved = _cost(rest, now)
            for tried in ([now[-1], *now[:-1]], [*now[1:], now[0]]):
                cost, more = _cost(rest, tried, least)
                moved += more
                if cost <= least:
                    idle = 0 if cost < least else idle
                    order[p : q + 1], least = tried, cost
            rest.eliminate(order[p])
            budget -= moved
    return order
