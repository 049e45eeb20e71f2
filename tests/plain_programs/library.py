"""heapq, bisect, and what lists are asked for by values: compared, found, moved, taken out."""

from __future__ import annotations

import bisect
import heapq

from plain_programs.program import positive, program, vector


@program(vector, (1, 5, 30))
def heap_of_pairs(x):
    heap, s = [], 0.1 * x[0]
    for k in range(len(x)):
        if x[k] > -0.5:
            heapq.heappush(heap, (x[k], k))
        if len(heap) > 6:
            s = 0.9 * s + heapq.heappop(heap)[0] ** 2
    while heap:
        v, k = heapq.heappop(heap)
        s = 0.8 * s + v * (k + 1)
    return s


@program(positive, (12,))
def merged_by_twos(x):
    """Huffman's cost."""
    heap, cost = [v * v for v in x], 0.0
    heapq.heapify(heap)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        cost += a + b
        heapq.heappush(heap, a + b)
    return cost + heap[0] + sum(heapq.nsmallest(2, x)) * heapq.nlargest(1, x)[0]


@program(vector, (1, 5, 20))
def kept_in_order(x):
    knots, items, s = [-1.0, -0.5, 0.0, 0.7, 1.5], [], 0.0
    for v in x:
        s += v * v * bisect.bisect_left(knots, v)
        bisect.insort(items, v)
    s += 0.1 * bisect.bisect(items, 0.2) * x[0]
    return s + sum(k * v * v for k, v in enumerate(items))


@program(vector, (12,))
def found_and_taken_out(x):
    busy, s = [0.1, 0.2, 0.3], 0.0
    for v in x:
        busy[busy.index(min(busy))] += abs(v)
    left = list(x)
    left.remove(max(left))
    left.insert(sorted(x).index(x[0]) % len(left), x[1])
    del left[left.index(min(left))]
    while len(left) > 1:
        s = 0.9 * s + left.pop(left.index(max(left))) * len(left)
    return s + left[0] + busy[0] * busy[1] + left.count(x[0])


@program(vector, (3, 12))
def in_order_of_tuples(x):
    best, s = (x[0], 0), x[0]
    for k in range(1, len(x)):
        if (x[k], -k) < best:
            best = (x[k], k)
        if (x[k] > 0, x[k] * x[k]) >= (True, s):
            s = 0.5 * s + x[k]
        if [0 if abs(v - s) < 1.0 else 1 for v in x[:3]] != [0, 1, k % 2]:
            s = 0.5 * s
    return best[0] * (best[1] + 1) + s


@program(vector, (3, 6))
def rows_that_change_places(x):
    rows = [[x[0], 1.0, 2.0], [x[1], 3.0, 0.5], [x[2], 0.1, 0.2]]
    k = max(range(3), key=lambda i: abs(rows[i][0]))
    rows[0], rows[k] = rows[k], rows[0]
    return sum(a * b for a, b in zip(rows[0], rows[1], strict=True)) * rows[2][0] + rows[1][2]
