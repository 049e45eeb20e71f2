"""Programs on points in the plane and in space: hulls, clipping, nearest points, intersections."""

from __future__ import annotations

from typing import Any

import numpy as np

from control_flow.program import program


def cross(o: Any, a: Any, b: Any) -> Any:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


@program(
    all_on_the_hull=(np.array([[0.0, 0.0], [2.0, 0.1], [2.2, 2.0], [0.3, 1.9]]),),
    one_inside=(np.array([[0.0, 0.0], [2.0, 0.1], [1.2, 0.5], [0.3, 1.9]]),),
    other_inside=(np.array([[0.5, 0.5], [2.0, 0.1], [0.2, -0.5], [0.3, 1.9]]),),
)
def area_of_the_convex_hull(points: Any) -> Any:
    """Andrew's monotone chain."""
    ordered = sorted(points, key=lambda p: p[0])
    hull: list[Any] = []
    for chain in (ordered, ordered[::-1]):
        part: list[Any] = []
        for p in chain:
            while len(part) > 1 and cross(part[-2], part[-1], p) <= 0:
                part.pop()
            part.append(p)
        hull += part[:-1]
    return 0.5 * sum(
        a[0] * b[1] - a[1] * b[0] for a, b in zip(hull, [*hull[1:], hull[0]], strict=True)
    )


SQUARE = ((0.0, 0.0), (2.0, 0.0), (2.5, 2.0), (-0.5, 2.0))


@program(inside=(0.75, 1.0), right=(3.0, 1.0), left=(-1.0, 1.0), above=(0.75, 3.0))
def weight_if_in_polygon(x: Any, y: Any) -> Any:
    """Inside, the product of the signed distances' areas; outside, the square of the distance."""
    inside = False
    for (ax, ay), (bx, by) in zip(SQUARE, (*SQUARE[1:], SQUARE[0]), strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    if not inside:
        return (x - 1.0) ** 2 + (y - 1.0) ** 2
    area = 1.0
    for (ax, ay), (bx, by) in zip(SQUARE, (*SQUARE[1:], SQUARE[0]), strict=True):
        area = area * ((bx - ax) * (y - ay) - (by - ay) * (x - ax))
    return area


@program(
    inside=(np.array([0.2, 0.3]), np.array([0.7, 0.9])),
    cut_at_the_end=(np.array([0.2, 0.3]), np.array([1.7, 0.9])),
    cut_twice=(np.array([-0.5, 0.1]), np.array([1.5, 0.8])),
    outside=(np.array([-0.5, 1.2]), np.array([1.5, 1.8])),
    vertical=(np.array([0.5, -1.0]), np.array([0.6, 2.0])),
)
def length_in_the_unit_square(start: Any, end: Any) -> Any:
    """Liang and Barsky."""
    low, high = 0.0, 1.0
    step = end - start
    for k in range(2):
        for p, q in ((-step[k], start[k]), (step[k], 1.0 - start[k])):
            if p < 0:
                low = max(low, q / p)
            elif p > 0:
                high = min(high, q / p)
            elif q < 0:
                return 0.0
    if low > high:
        return 0.0
    return (high - low) * np.sqrt(step @ step)


@program(
    whole=(np.array([[0.0, 0.0], [1.0, 0.1], [0.2, 1.0]]), 2.0),
    corner_cut=(np.array([[0.0, 0.0], [1.0, 0.1], [0.2, 1.0]]), 0.6),
    mostly_cut=(np.array([[0.0, 0.0], [1.0, 0.1], [0.8, 1.0]]), 0.3),
    nothing_left=(np.array([[1.0, 0.0], [2.0, 0.1], [1.2, 1.0]]), 0.5),
)
def area_left_of_a_line(corners: Any, limit: Any) -> Any:
    """A triangle clipped by Sutherland and Hodgman's rule."""
    kept: list[Any] = []
    previous = corners[-1]
    for corner in corners:
        if (corner[0] < limit) != (previous[0] < limit):
            share = (limit - previous[0]) / (corner[0] - previous[0])
            kept.append(previous + share * (corner - previous))
        if corner[0] < limit:
            kept.append(corner)
        previous = corner
    if not kept:
        return 0.0 * limit
    return 0.5 * sum(
        a[0] * b[1] - a[1] * b[0] for a, b in zip(kept, [*kept[1:], kept[0]], strict=True)
    )


@program(
    beside=(np.array([0.5, 1.0]),),
    before=(np.array([-1.0, 1.0]),),
    behind=(np.array([3.0, 0.2]),),
)
def distance_to_a_segment(p: Any) -> Any:
    a, b = np.array([0.0, 0.0]), np.array([2.0, 0.5])
    t = (p - a) @ (b - a) / ((b - a) @ (b - a))
    if t < 0:
        nearest = a
    elif t > 1:
        nearest = b
    else:
        nearest = a + t * (b - a)
    return np.sqrt((p - nearest) @ (p - nearest))


@program(
    face=(np.array([0.25, 0.25, 1.0]),),
    edge=(np.array([0.5, -1.0, 0.5]),),
    vertex=(np.array([-1.0, -1.0, 0.5]),),
    other_vertex=(np.array([2.5, -0.5, 0.5]),),
    slanted_edge=(np.array([1.0, 1.0, 0.5]),),
)
def distance_to_a_triangle(p: Any) -> Any:
    """Squared, to the triangle (0, 0), (1, 0), (0, 1) in the plane z = 0."""
    x, y, z = p
    if x >= 0 and y >= 0 and x + y <= 1:
        return z * z
    if y < 0 and 0 <= x <= 1:
        return y * y + z * z
    if x < 0 and 0 <= y <= 1:
        return x * x + z * z
    if x + y > 1 and abs(x - y) < 1:
        return 0.5 * (x + y - 1) ** 2 + z * z
    candidates = [(x - a) ** 2 + (y - b) ** 2 for a, b in ((0, 0), (1, 0), (0, 1))]
    return min(candidates) + z * z


@program(
    near_side=(np.array([0.1, 0.2, -3.0]), np.array([0.0, 0.1, 1.0])),
    from_inside=(np.array([0.1, 0.2, 0.3]), np.array([0.0, 0.1, 1.0])),
    behind=(np.array([0.1, 0.2, 3.0]), np.array([0.0, 0.1, 1.0])),
    misses=(np.array([2.1, 0.2, -3.0]), np.array([0.0, 0.1, 1.0])),
)
def ray_meets_sphere(origin: Any, direction: Any) -> Any:
    a, b, c = direction @ direction, origin @ direction, origin @ origin - 1.0
    discriminant = b * b - a * c
    if discriminant < 0:
        return 10.0 * np.sum(origin * direction)
    root = np.sqrt(discriminant)
    near, far = (-b - root) / a, (-b + root) / a
    if near > 0:
        return near
    return far if far > 0 else -1.0


@program(
    diffuse=(np.array([0.3, 0.4]), 0.5),
    highlight=(np.array([0.05, 0.1]), 0.9),
    dark=(np.array([1.2, 1.3]), 0.5),
    dark_from_below=(np.array([-1.2, -1.3]), 0.5),
)
def shading(angles: Any, gloss: Any) -> Any:
    normal = np.stack([np.sin(angles[0]), np.sin(angles[1]), np.cos(angles[0] + angles[1])])
    light = np.array([0.2, 0.1, 0.97])
    facing = normal @ light
    if facing <= 0.75:
        return 0.1 * np.sum(normal) if normal[1] > 0 else 0.05 * gloss * normal[0]
    colour = 0.2 + 0.5 * facing
    if facing > 0.95:
        colour = colour + gloss * (facing - 0.95) ** 2
    return colour


@program(
    acute=(np.array([3.0, 4.0, 4.5]),),
    obtuse=(np.array([3.0, 4.0, 6.5]),),
    impossible=(np.array([3.0, 4.0, 8.5]),),
    other_longest=(np.array([6.5, 4.0, 3.0]),),
)
def triangle_from_sides(sides: Any) -> Any:
    """Heron's area in Kahan's order; a distance from being one where there is no triangle."""
    a, b, c = sorted(sides, reverse=True)
    if a > b + c:
        return b + c - a
    area = 0.25 * np.sqrt((a + (b + c)) * (c - (a - b)) * (c + (a - b)) * (a + (b - c)))
    return area if a * a < b * b + c * c else -area
