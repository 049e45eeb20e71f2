"""Programs in time and space: adaptive quadrature and steps, events, collisions, rays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from control_flow.program import program


def simpson(f: Callable[[Any], Any], a: Any, b: Any) -> Any:
    return (b - a) / 6.0 * (f(a) + 4.0 * f(0.5 * (a + b)) + f(b))


def adaptive(f: Callable[[Any], Any], a: Any, b: Any, whole: Any, tolerance: float) -> Any:
    """Lyness: halve where Simpson's rule on the halves differs from that on the whole."""
    c = 0.5 * (a + b)
    left, right = simpson(f, a, c), simpson(f, c, b)
    error = left + right - whole
    if abs(error) < 15.0 * tolerance:
        return left + right + error / 15.0
    return adaptive(f, a, c, left, tolerance / 2) + adaptive(f, c, b, right, tolerance / 2)


@program(smooth=(0.3, 1.0), peaked=(1.5, 1.0), sharp=(4.2, 1.0), sharper=(9.3, 1.0))
def adaptive_simpson(sharpness: Any, end: Any) -> Any:
    def f(x: Any) -> Any:
        return 1.0 / (1.0 + (sharpness * (x - 0.3)) ** 2)

    return adaptive(f, 0.0, end, simpson(f, 0.0, end), 1e-4)


@program(few=(0.1,), more=(0.3,), many=(1.7,), most=(6.3,))
def romberg(a: Any) -> Any:
    """Trapezoids halved and extrapolated until two diagonals agree."""
    rows = [[0.5 * (1.0 + np.exp(-a))]]
    for level in range(1, 8):
        n = 2**level
        middle = sum(np.exp(-a * ((2 * k + 1) / n) ** 2) for k in range(n // 2)) / n
        row = [0.5 * rows[-1][0] + middle]
        for j, above in enumerate(rows[-1]):
            row.append(row[-1] + (row[-1] - above) / (4 ** (j + 1) - 1))
        rows.append(row)
        if abs(row[-1] - rows[-2][-1]) < 1e-7:
            break
    return rows[-1][-1]


@program(slow=(1.0, 0.8), stiff=(8.3, 0.5), long=(1.0, 1.7))
def adaptive_heun(rate: Any, end: Any) -> Any:
    """y' = -rate y^2 + sin t, with the step chosen by the difference from Euler's."""

    def f(t: Any, y: Any) -> Any:
        return -rate * y * y + np.sin(t)

    t, y, step = 0.0, 1.0, 0.1
    while t < end:
        step = min(step, end - t)
        k = f(t, y)
        change = 0.5 * step * (k + f(t + step, y + step * k))
        error = abs(change - step * k)
        if error < 4e-3:
            t, y = t + step, y + change
        if error < 1e-3:
            step = 1.5 * step
        elif error >= 4e-3:
            step = 0.5 * step
    return y


@program(none=(6.0, 0.8), once=(1.0, 0.8), twice=(0.3, 0.8), comes_to_rest=(0.05, 0.7))
def bouncing_ball(height: Any, bounce: Any) -> Any:
    """Height after a second of flight; the times of the impacts depend on the data."""
    gravity, velocity, left = 9.81, 0.0, 1.0
    for _ in range(6):
        flight = (velocity + np.sqrt(velocity**2 + 2 * gravity * height)) / gravity
        if flight > left:
            return height + velocity * left - 0.5 * gravity * left**2
        velocity = bounce * (gravity * flight - velocity)
        height, left = 0.0, left - flight
    return 0.5 * velocity**2


@program(
    passes_by=(np.array([0.0, 2.0]), np.array([1.0, 0.1])),
    hits=(np.array([-3.0, 0.25]), np.array([1.0, 0.1])),
    leaves=(np.array([-3.0, 0.25]), np.array([-1.0, 0.1])),
    inside=(np.array([0.5, 0.25]), np.array([1.0, 0.1])),
)
def collision_with_a_disc(place: Any, velocity: Any) -> Any:
    """Where a particle is after 4 seconds, reflected at the unit disc if it meets it."""
    a, b, c = velocity @ velocity, place @ velocity, place @ place - 1.0
    discriminant = b * b - a * c
    if c < 0:
        return place * 2.0
    if discriminant < 0 or b > 0:
        return place + 4.0 * velocity
    time = (-b - np.sqrt(discriminant)) / a
    impact = place + time * velocity
    reflected = velocity - 2.0 * (velocity @ impact) * impact
    return impact + (4.0 - time) * reflected


@program(
    apart=(np.array([0.0, 5.0]), np.array([-1.0, 0.5])),
    wall_alone=(np.array([0.0, 5.0]), np.array([-1.0, 1.2])),
    meet=(np.array([0.0, 5.0]), np.array([2.0, -1.0])),
    meet_and_wall=(np.array([0.0, 5.0]), np.array([4.1, -1.0])),
)
def two_bodies_and_a_wall(places: Any, velocities: Any) -> Any:
    """Masses 1 and 2 on a line with a wall at 8; the event that comes first is taken first."""
    x, y = places
    v, w = velocities
    left = 3.0
    while True:
        meeting = (y - x) / (v - w) if v - w > 1e-9 else np.inf
        wall = (8.0 - y) / w if w > 1e-9 else np.inf
        time = min(meeting, wall)
        if not time < left:
            break
        x, y, left = x + time * v, y + time * w, left - time
        if wall < meeting:
            w = -w
        else:
            v, w = (4.0 * w - v) / 3.0, (w + 2.0 * v) / 3.0
        x, y = x + 1e-6 * v, y + 1e-6 * w
    return np.stack([x + left * v, y + left * w])


@program(
    1,
    hits=(np.array([0.1, 0.05, 1.0]),),
    grazes=(np.array([0.3, 0.2, 1.0]),),
    misses=(np.array([2.0, 0.5, 1.0]),),
)
def ray_marching(direction: Any) -> Any:
    """Steps along a ray by the distance to a sphere at (0, 0, 3), at most 40."""
    ray = direction / np.sqrt(direction @ direction)
    centre, travelled = np.array([0.0, 0.0, 3.0]), 0.0
    for _ in range(40):
        offset = travelled * ray - centre
        distance = np.sqrt(offset @ offset) - 1.0
        if distance < 1e-9:
            return {"distance": travelled, "normal": offset / np.sqrt(offset @ offset)}
        if travelled > 6.0:
            break
        travelled = travelled + distance
    return {"distance": travelled * 0.0 + 6.0, "normal": ray}


@program(ice=(0.15,), melts=(1.41,), boils=(6.1,), steam=(9.1,))
def heating_curve(energy: Any) -> Any:
    """Temperature of ice that is given energy in small equal parts, through two plateaus."""
    temperature, melted, evaporated = -0.25, 0.0, 0.0
    part = energy / 12.0
    for _ in range(12):
        if temperature < 0 or (melted >= 1.0 and temperature < 1.0) or evaporated >= 3.0:
            temperature = temperature + part / (2.0 + 0.1 * temperature)
        elif melted < 1.0:
            melted = melted + part
        else:
            evaporated = evaporated + part
    return temperature + 0.5 * melted + 0.25 * evaporated


@program(sticks=(0.5, 1.5), slides=(2.0, 0.4), starts_late=(1.2, 1.0), stops=(0.3, 0.2))
def stick_and_slip(push: Any, friction: Any) -> Any:
    """A block on a moving belt: at rest until the spring is stronger than friction."""
    place, velocity, step = 0.0, 0.0, 0.1
    for k in range(20):
        force = push * np.sin(0.2 * (k + 1)) - place
        if velocity == 0.0 and abs(force) <= friction:
            continue
        sign = 1.0 if velocity > 0 or (velocity == 0.0 and force > 0) else -1.0
        new = velocity + step * (force - sign * friction)
        velocity = 0.0 if new * sign < 0 else new
        place = place + step * velocity
    return place + 0.1 * velocity + 0.01 * push * friction


@program(circular=(1.0,), faster=(1.2,), slow=(0.7,), escapes=(1.6,))
def orbit_until_it_crosses_an_axis(speed: Any) -> Any:
    """Leapfrog steps until y changes its sign, then the place between the last two."""
    place, velocity, step = np.array([1.0, 0.0]), np.stack([0.0, speed]), 0.3
    for k in range(16):
        velocity = velocity - 0.5 * step * place / (place @ place) ** 1.5
        before, place = place, place + step * velocity
        velocity = velocity - 0.5 * step * place / (place @ place) ** 1.5
        if k > 0 and place[1] < 0:
            share = before[1] / (before[1] - place[1])
            return before[0] + share * (place[0] - before[0])
        if place @ place > 4.0:
            return np.sqrt(place @ place)
    return place[0] * place[1]
