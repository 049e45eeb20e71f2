"""Programs that choose the best: dynamic programming, graphs, projections, early exercise."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from control_flow.program import program


@program(
    straight=(np.array([1.0, 2.0, 3.0]), np.array([1.25, 2.5, 2.75])),
    shifted=(np.array([1.0, 2.0, 3.0]), np.array([2.1, 3.2, 3.3])),
    different=(np.array([1.0, 5.0, 1.5]), np.array([4.9, 1.2, 1.1])),
)
def time_warping(a: Any, b: Any) -> Any:
    n, m = len(a), len(b)
    cost = [[np.inf] * (m + 1) for _ in range(n + 1)]
    cost[0][0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            least = min(cost[i - 1][j], cost[i][j - 1], cost[i - 1][j - 1])
            cost[i][j] = (a[i - 1] - b[j - 1]) ** 2 + least
    return cost[n][m]


@program(
    stays=(np.array([[1.0, 0.1], [1.2, 0.2], [0.9, 0.3]]), 0.5),
    switches=(np.array([[1.0, 0.1], [0.2, 2.2], [0.3, 1.9]]), 0.5),
    never_switches=(np.array([[1.0, 0.1], [0.2, 2.2], [1.8, 0.9]]), 5.0),
)
def viterbi(scores: Any, penalty: Any) -> Any:
    best = [s * s for s in scores[0]]
    path: list[list[int]] = [[0], [1]]
    for row in scores[1:]:
        new, routes = [], []
        for j in range(2):
            stay, move = best[j], best[1 - j] - penalty
            new.append((stay if stay >= move else move) + row[j] ** 2)
            routes.append([*path[j if stay >= move else 1 - j], j])
        best, path = new, routes
    k = 0 if best[0] > best[1] else 1
    return {"score": best[k], "path": np.array(path[k])}


EDGES = ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4))


@program(
    upper=(np.array([1.0, 5.0, 4.0, 1.5, 2.0, 7.0, 1.25]),),
    lower=(np.array([5.0, 1.0, 4.0, 1.5, 2.0, 1.0, 3.0]),),
    mixed=(np.array([1.0, 5.0, 0.5, 6.0, 2.0, 7.0, 1.25]),),
)
def dijkstra(weights: Any) -> Any:
    neighbours: dict[int, list[tuple[int, Any]]] = {k: [] for k in range(5)}
    for (a, b), w in zip(EDGES, weights, strict=True):
        neighbours[a].append((b, w * w))
    distances: dict[int, Any] = {}
    queue = [(0.0, 0)]
    while queue:
        distance, node = heapq.heappop(queue)
        if node in distances:
            continue
        distances[node] = distance
        for other, w in neighbours[node]:
            if other not in distances:
                heapq.heappush(queue, (distance + w, other))
    return distances[4] + 0.1 * distances[3]


@program(
    one_fits=(np.array([6.0, 5.0, 4.0]), np.array([3.0, 4.0, 5.0]), 2.0),
    two_fit=(np.array([6.0, 5.0, 4.0]), np.array([3.0, 4.0, 5.0]), 6.0),
    all_fit=(np.array([6.0, 5.0, 4.0]), np.array([3.0, 4.0, 5.0]), 20.0),
    other_order=(np.array([1.0, 5.0, 9.0]), np.array([3.0, 4.0, 5.0]), 6.0),
)
def fractional_knapsack(values: Any, sizes: Any, room: Any) -> Any:
    order = sorted(range(3), key=lambda k: values[k] / sizes[k], reverse=True)
    total = 0.0
    for k in order:
        if sizes[k] <= room:
            total, room = total + values[k] ** 2, room - sizes[k]
        else:
            total = total + values[k] ** 2 * (room / sizes[k])
            break
    return total


@program(
    all_positive=(np.array([0.5, 0.4, 0.3]),),
    two=(np.array([1.0, 0.5, -2.0]),),
    vertex=(np.array([0.1, 3.0, 0.2]),),
)
def projection_onto_the_simplex(x: Any) -> Any:
    """Held, Wolfe and Crowder: sort, and find how many remain positive."""
    total, shift = 0.0, 0.0
    for k, v in enumerate(sorted(x, reverse=True)):
        total = total + v
        if v - (total - 1.0) / (k + 1) <= 0:
            break
        shift = (total - 1.0) / (k + 1)
    return np.stack([v - shift if v > shift else 0.0 for v in x]) ** 2


@program(
    monotone=(np.array([1.0, 2.0, 3.0, 4.0]),),
    one_block=(np.array([4.0, 3.0, 2.0, 1.0]),),
    two_blocks=(np.array([2.0, 1.0, 4.0, 3.0]),),
    late_merge=(np.array([1.0, 3.0, 2.5, 0.5]),),
)
def isotonic_regression(y: Any) -> Any:
    """Neighbours that violate the order are pooled."""
    blocks: list[tuple[Any, int]] = []
    for v in y:
        mean, count = v, 1
        while blocks and blocks[-1][0] > mean:
            before, n = blocks.pop()
            mean = (before * n + mean * count) / (n + count)
            count += n
        blocks.append((mean, count))
    fitted = [mean for mean, count in blocks for _ in range(count)]
    return sum((k + 1) * f * f for k, f in enumerate(fitted))


@program(
    one_channel=(np.array([1.0, 3.0, 5.0]), 0.5),
    two_channels=(np.array([1.0, 3.0, 5.0]), 4.0),
    three_channels=(np.array([1.0, 3.0, 5.0]), 14.0),
    other_channel=(np.array([3.0, 0.5, 5.0]), 1.5),
)
def water_filling(noise: Any, power: Any) -> Any:
    ordered = sorted(noise)
    used = len(ordered)
    while used > 1:
        level = (power + sum(ordered[:used])) / used
        if level > ordered[used - 1]:
            break
        used -= 1
    level = (power + sum(ordered[:used])) / used
    return sum(np.log(level / n) for n in noise if n < level)


@program(
    waits=(90.0, 0.2),
    exercised_early=(70.0, 0.2),
    worthless=(180.0, 0.1),
    volatile=(90.0, 0.5),
)
def american_put(spot: Any, volatility: Any) -> Any:
    """Cox, Ross and Rubinstein's tree of four steps, with the choice to exercise at each node."""
    strike, rate, steps, dt = 100.0, 0.05, 4, 0.25
    up = np.exp(volatility * np.sqrt(dt))
    p = (np.exp(rate * dt) - 1.0 / up) / (up - 1.0 / up)
    discount = np.exp(-rate * dt)
    values = [max(strike - spot * up ** (2 * k - steps), 0.0) for k in range(steps + 1)]
    for step in reversed(range(steps)):
        for k in range(step + 1):
            held = discount * (p * values[k + 1] + (1.0 - p) * values[k])
            now = strike - spot * up ** (2 * k - step)
            values[k] = now if now > held else held
    return values[0]


@program(
    knocked_out=(110.0, 1.0),
    alive=(100.0, 0.3),
    worthless=(88.0, 0.3),
)
def barrier_option(spot: Any, volatility: Any) -> Any:
    """A call along a fixed path of normal numbers, lost where the barrier at 130 is met."""
    price = spot
    for z in (0.3, -0.4, 0.9, 0.5, -0.7, 0.2):
        price = price * np.exp(0.25 * volatility * z - 0.03 * volatility**2)
        if price > 130.0:
            return 0.01 * (price - 130.0) ** 2
    return price - 95.0 if price > 95.0 else 0.0


@program(
    keep_all=(np.array([1.0, 2.0, 3.0]),),
    skip_middle=(np.array([3.0, -1.0, 3.0]),),
    last=(np.array([-3.0, -1.0, 4.0]),),
    none=(np.array([-1.0, -2.0, -3.0]),),
)
def largest_sum_of_a_run(x: Any) -> Any:
    """Kadane."""
    best = current = x[0] ** 3
    for v in x[1:]:
        current = max(v**3, current + v**3)
        best = max(best, current)
    return best


@program(
    alike=(np.array([1.0, 2.0]), np.array([1.1, 2.2]), 1.0),
    gap=(np.array([1.0, 2.0]), np.array([2.1, 5.0]), 0.75),
    dear_gap=(np.array([1.0, 2.0]), np.array([2.1, 5.0]), 50.0),
)
def alignment(a: Any, b: Any, gap: Any) -> Any:
    """Needleman and Wunsch by recursion with a memory."""
    memory: dict[tuple[int, int], Any] = {}

    def cost(i: int, j: int) -> Any:
        if i == 0 or j == 0:
            return (i + j) * gap
        if (i, j) not in memory:
            match = cost(i - 1, j - 1) + (a[i - 1] - b[j - 1]) ** 2
            skip = min(cost(i - 1, j), cost(i, j - 1)) + gap
            memory[i, j] = match if match <= skip else skip
        return memory[i, j]

    return cost(2, 2) * a[0]


@program(
    greedy=(np.array([0.9, 0.5, 0.2]), 0.8),
    explores=(np.array([0.4, 0.5, 0.45]), 0.8),
    last=(np.array([0.1, 0.5, 1.2]), 0.8),
)
def value_iteration(rewards: Any, discount: Any) -> Any:
    """Three states on a ring; each step stays for half the reward, or moves on for all of it."""
    values: list[Any] = [0.0, 0.0, 0.0]
    for _ in range(5):
        stay = [0.75 * r + discount * v for r, v in zip(rewards, values, strict=True)]
        move = [rewards[(k + 1) % 3] ** 2 + discount * values[(k + 1) % 3] for k in range(3)]
        values = [s if s > m else m for s, m in zip(stay, move, strict=True)]
    return np.stack(values)


@program(
    two_clusters=(np.array([0.1, 0.3, 2.0, 2.3]),),
    uneven=(np.array([0.1, 1.9, 2.0, 2.3]),),
    far_centre=(np.array([2.0, 0.1, 0.3, 2.3]),),
)
def two_means(x: Any) -> Any:
    """Lloyd's iteration until no number changes its cluster."""
    centres, labels = [x[0], x[-1]], None
    while True:
        new = [0 if abs(v - centres[0]) < abs(v - centres[1]) else 1 for v in x]
        if new == labels:
            break
        labels = new
        for c in range(2):
            members = [v for v, label in zip(x, labels, strict=True) if label == c]
            if members:
                centres[c] = sum(members) / len(members)
    return sum((v - centres[label]) ** 2 for v, label in zip(x, labels, strict=True))
