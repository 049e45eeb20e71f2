"""Hand tracking: how far a posed model of a hand is from points that were seen, and the Jacobian.

theta (26,) has the hand's rotation (3) and position (3), and four angles of each finger. A bone's
transform is its parent's times its own; a vertex is moved by the weighted sum of its bones'
transforms, then by the hand's. An error is a point less a vertex; or, where `us` is given, less a
point of a triangle with barycentric coordinates u (2,), by which the Jacobian then has two more
columns.

Shapes: bones 22, transforms (22, 4, 4), positions (V, 4), weights (V, 22), points (n, 3).
"""

from typing import NamedTuple

import numpy as np

import jitad
import jitad.numpy as jnp


class Hand(NamedTuple):
    """A model of a hand: its bones, each after its parent (-1 for none), and its vertices."""

    parents: list
    relatives: np.ndarray
    inverses: np.ndarray
    positions: np.ndarray
    weights: np.ndarray
    is_mirrored: bool


def rotations(x, y, z):
    """Rz Ry Rx for angles of shape (b,): (b, 3, 3)."""
    cx, cy, cz = np.cos(x), np.cos(y), np.cos(z)
    sx, sy, sz = np.sin(x), np.sin(y), np.sin(z)
    rows = [
        [cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz],
        [cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz],
        [-sy, sx * cy, cx * cy],
    ]
    return np.moveaxis(jnp.array(rows), 2, 0)


def bone_angles(theta, bones):
    """The angles about x, y and z of each bone: three arrays (b,)."""
    x, z = jnp.zeros(bones), jnp.zeros(bones)
    for finger in range(5):
        bone, angle = 4 * finger + 2, 4 * finger + 6
        x[bone], z[bone] = theta[angle], theta[angle + 1]
        x[bone + 1], x[bone + 2] = theta[angle + 2], theta[angle + 3]
    return x, np.zeros(bones), z


def bone_transforms(theta, hand):
    """Each bone's transform from the base pose, without the last row: (b, 3, 4)."""
    bones = len(hand.parents)
    own = jnp.zeros((bones, 4, 4))
    own[:, :3, :3] = rotations(*bone_angles(theta, bones))
    own[:, 3, 3] = 1.0
    moved = hand.relatives @ own
    absolute = []
    for bone, parent in enumerate(hand.parents):
        absolute.append(moved[bone] if parent < 0 else absolute[parent] @ moved[bone])
    return (np.stack(absolute) @ hand.inverses)[:, :3]


def rotation(r):
    """The rotation about the axis r by the angle |r|: (3, 3)."""
    square = np.sum(r * r)
    is_turned = square >= 1e-8
    angle = np.sqrt(np.where(is_turned, square, 1.0))
    a = r / angle
    across = np.array([[0.0, -a[2], a[1]], [a[2], 0.0, -a[0]], [-a[1], a[0], 0.0]])
    along = (1 - np.cos(angle)) * np.outer(a, a)
    turned = np.cos(angle) * np.eye(3) + np.sin(angle) * across + along
    return np.where(is_turned, turned, np.eye(3))


def pose(theta, hand):
    """All vertices (V, 3)."""
    sides = np.array([-1.0, 1.0, 1.0]) if hand.is_mirrored else np.ones(3)
    transforms = (rotation(theta[:3]) * sides) @ bone_transforms(theta, hand)
    blended = hand.weights @ transforms.reshape(-1, 12)
    moved = blended.reshape(-1, 3, 4) * hand.positions[:, None, :]
    return np.sum(moved, axis=2) + theta[3:6]


def to_vertices(theta, hand, points, corners):
    """Errors (n, 3), each from the vertex corners[i]."""
    return points - pose(theta, hand)[corners]


def to_triangles(theta, us, hand, points, corners):
    """Errors (n, 3), each from a point of the triangle of the vertices corners[i] (n, 3)."""
    vertices = pose(theta, hand)

    def error(point, u, a, b, c):
        return point - (u[0] * a + u[1] * b + (1 - u[0] - u[1]) * c)

    triangles = (vertices[corners[:, k]] for k in range(3))
    return jitad.vmap(error)(points, us, *triangles)


def vertices_jacobian(theta, hand, points, corners):
    """By theta: (3 n, 26)."""
    slopes = jitad.jacfwd(lambda theta: to_vertices(theta, hand, points, corners))(theta)
    return slopes.reshape(-1, len(theta))


def triangles_jacobian(theta, us, hand, points, corners):
    """By a point's own u, then by theta: (3 n, 28).

    A point's error depends on no other's u, so that a shift of all of them at once shows each.
    """

    def errors(shift_and_theta):
        shift, theta = shift_and_theta[:2], shift_and_theta[2:]
        return to_triangles(theta, us + shift, hand, points, corners)

    slopes = jitad.jacfwd(errors)(np.concatenate([np.zeros(2), theta]))
    return slopes.reshape(-1, 2 + len(theta))


def _hand(model):
    names = ("base_relatives", "inverse_base_absolutes", "base_positions", "weights")
    arrays = (np.array(model[name]) for name in names)
    return Hand(model["parents"], *arrays, model["is_mirrored"])


def _prepared(simple, complicated):
    def prepare(given):
        data = given["data"]
        hand, points = _hand(data["model"]), np.array(data["points"])
        theta, us = np.array(given["theta"]), np.array(given["us"])
        corners = np.array(data["correspondences"])
        if not us.size:
            function = jitad.jit(lambda x: simple(x, hand, points, corners), parallel=True)
            return lambda: function(theta)
        corners = np.array(data["model"]["triangles"])[corners]
        function = jitad.jit(lambda *x: complicated(*x, hand, points, corners), parallel=True)
        return lambda: function(theta, us)

    return prepare


FUNCTIONS = {
    "objective": (_prepared(to_vertices, to_triangles), lambda errors: errors.ravel().tolist()),
    "jacobian": (_prepared(vertices_jacobian, triangles_jacobian), np.ndarray.tolist),
}
