"""Hand tracking: how far a posed model of a hand is from points that were seen, and the Jacobian.

theta (26,) has the hand's rotation (3) and position (3), and four angles of each finger. A bone's
transform is its parent's times its own; a vertex is moved by the weighted sum of its bones' transforms,
then by the hand's. An error is a point less a vertex; or, where `us` is given, less a point of a
triangle with barycentric coordinates u (2,), by which the Jacobian then has two more columns.

Shapes: bones 22, transforms (22, 4, 4), positions (V, 4), weights (V, 22), points (n, 3).
"""

import numpy as np

import jitad
import jitad.numpy as jnp


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


def bone_transforms(theta, model):
    """Each bone's transform from the base pose, without the last row: (b, 3, 4)."""
    bones = len(model["parents"])
    own = jnp.zeros((bones, 4, 4))
    own[:, :3, :3] = rotations(*bone_angles(theta, bones))
    own[:, 3, 3] = 1.0
    relative = model["relatives"] @ own
    absolute = []
    for bone, parent in enumerate(model["parents"]):
        absolute.append(relative[bone] if parent < 0 else absolute[parent] @ relative[bone])
    return (np.stack(absolute) @ model["inverses"])[:, :3]


def turned(r, vertices):
    """Vertices (V, 3) turned about the axis r by the angle |r|."""
    square = np.sum(r * r)
    is_turned = square >= 1e-8
    angle = np.sqrt(np.where(is_turned, square, 1.0))
    a = r / angle
    across = np.array([[0.0, -a[2], a[1]], [a[2], 0.0, -a[0]], [-a[1], a[0], 0.0]])
    along = (1 - np.cos(angle)) * np.outer(a, a)
    rotation = np.cos(angle) * np.eye(3) + np.sin(angle) * across + along
    return vertices @ np.where(is_turned, rotation, np.eye(3)).T


def pose(theta, model):
    """All vertices (V, 3)."""
    transforms = bone_transforms(theta, model)
    blended = model["weights"] @ transforms.reshape(-1, 12)
    positions = model["positions"]
    vertices = np.sum(blended.reshape(-1, 3, 4) * positions[:, None, :], axis=2)
    if model["is_mirrored"]:
        vertices = vertices * np.array([-1.0, 1.0, 1.0])
    return turned(theta[:3], vertices) + theta[3:6]


def to_vertices(theta, model, points, corners):
    """Errors (n, 3), each from the vertex corners[i]."""
    return points - pose(theta, model)[corners]


def to_triangles(us, theta, model, points, corners):
    """Errors (n, 3), each from a point of the triangle of the vertices corners[i] (n, 3)."""
    a, b, c = np.moveaxis(pose(theta, model)[corners], 1, 0)
    u, v = us[:, :1], us[:, 1:]
    return points - (u * a + v * b + (1 - u - v) * c)


def by_theta(theta, *rest):
    """The Jacobian of `to_vertices`: (3 n, 26)."""
    return jitad.jacfwd(to_vertices)(theta, *rest).reshape(-1, len(theta))


def by_us_and_theta(us, theta, *rest):
    """The Jacobian of `to_triangles`, by a point's own u and then by theta: (3 n, 28).

    A point's error depends on no other's u: two tangents have all columns of them.
    """
    by_us = [
        jitad.jvp(lambda us: to_triangles(us, theta, *rest), (us,), (np.zeros_like(us) + unit,))[1]
        for unit in np.eye(2)
    ]
    slopes = jitad.jacfwd(to_triangles, 1)(us, theta, *rest)
    columns = [slope[:, :, None] for slope in by_us]
    return np.concatenate([*columns, slopes], axis=2).reshape(-1, 2 + len(theta))


def _model(given):
    return {
        "parents": given["parents"],
        "is_mirrored": given["is_mirrored"],
        "relatives": np.array(given["base_relatives"]),
        "inverses": np.array(given["inverse_base_absolutes"]),
        "positions": np.array(given["base_positions"]),
        "weights": np.array(given["weights"]),
    }


def _prepared(simple, complicated):
    def prepare(given):
        data = given["data"]
        model = _model(data["model"])
        theta, us = np.array(given["theta"]), np.array(given["us"])
        corners, points = np.array(data["correspondences"]), np.array(data["points"])
        if not us.size:
            return lambda: simple(theta, model, points, corners)
        corners = np.array(data["model"]["triangles"])[corners]
        return lambda: complicated(us, theta, model, points, corners)

    return prepare


FUNCTIONS = {
    "objective": (
        _prepared(jitad.jit(to_vertices), jitad.jit(to_triangles)),
        lambda errors: errors.ravel().tolist(),
    ),
    "jacobian": (_prepared(jitad.jit(by_theta), jitad.jit(by_us_and_theta)), np.ndarray.tolist),
}
