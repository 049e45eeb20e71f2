"""Bundle adjustment: the errors of p observations of m points by n cameras, and their Jacobian.

A camera is an axis times an angle (3), a centre (3), a focal length, a principal point (2) and two
coefficients of distortion. The error of an observation is

    P = R (X - C),  q = P_01 / P_2,  w (q (1 + k1 |q|^2 + k2 |q|^4) f + u - feature)

and that of its weight 1 - w^2. The Jacobian is sparse: two rows for each observation, with 11
entries for its camera, 3 for its point and one for its weight, then a row for each weight.
"""

import numpy as np

import jitad

OF_CAMERA, OF_POINT = np.arange(11, dtype=np.int32), np.arange(3, dtype=np.int32)
"""A camera's and a point's columns, from its first."""
OF_ERROR = np.array([0, 15], dtype=np.int32)
"""Where the two rows of an observation begin, from the first."""


def project(camera, point):
    """Where a camera (11,) sees a point (3,): (2,)."""
    r, centre, focal, principal = camera[:3], camera[3:6], camera[6], camera[7:9]
    y = point - centre
    square = np.sum(r * r)
    is_turned = square > 0
    angle = np.sqrt(np.where(is_turned, square, 1.0))
    v = r / angle
    turned = np.cross(v, y) * np.sin(angle) + v * (np.sum(v * y) * (1 - np.cos(angle)))
    p = np.where(is_turned, y * np.cos(angle) + turned, y + np.cross(r, y))
    q = p[:2] / p[2]
    size = np.sum(q * q)
    return q * (1 + camera[9] * size + camera[10] * size * size) * focal + principal


def reprojection(unknowns, feature):
    """The error (2,) of an observation, of its camera, point and weight (15,)."""
    camera, point, weight = unknowns[:11], unknowns[11:14], unknowns[14]
    return weight * (project(camera, point) - feature)


def weight_error(weight):
    """How far a weight is from one."""
    return 1 - weight * weight


def at_observations(function, cameras, points, weights, features, by_camera, by_point):
    """A function of unknowns (15,) and a feature (2,) at each observation."""

    def at(camera, point, weight, feature):
        unknowns = np.concatenate([cameras[camera], points[point], weight[None]])
        return function(unknowns, feature)

    return jitad.vmap(at)(by_camera, by_point, weights, features)


def errors(cameras, points, weights, features, observations, by_camera, by_point):
    """All errors: (p, 2) and (p,).

    Args:
        cameras, points, weights, features: (n, 11), (m, 3), (p,), (p, 2).
        observations: the number of each observation, integers (p,).
        by_camera, by_point: its camera and its point, integers (p,).
    """
    given = cameras, points, weights, features, by_camera, by_point
    return at_observations(reprojection, *given), weight_error(weights)


def jacobian(cameras, points, weights, features, observations, by_camera, by_point):
    """The Jacobian's (rows, columns, values) in compressed sparse rows; arguments of `errors`."""
    given = cameras, points, weights, features, by_camera, by_point
    blocks = at_observations(jitad.jacrev(reprojection), *given)
    slopes = jitad.vmap(jitad.grad(weight_error))(weights)
    values = np.concatenate([blocks.ravel(), slopes])
    rows, columns = structure(len(cameras), len(points), observations, by_camera, by_point)
    return rows, columns, values


def structure(n, m, observations, by_camera, by_point):
    """Where each row begins (3 p + 1,), and the column of each entry (31 p,)."""

    def block(camera, point, column):
        row = np.concatenate([11 * camera + OF_CAMERA, 11 * n + 3 * point + OF_POINT, column[None]])
        return np.stack([row, row])

    p = len(observations)
    of_weights = 11 * n + 3 * m + observations
    of_blocks = jitad.vmap(block)(by_camera, by_point, of_weights)
    columns = np.concatenate([of_blocks.ravel(), of_weights])
    starts = 30 * observations[:, None] + OF_ERROR
    rows = np.concatenate([starts.ravel(), 30 * p + observations, np.array([31 * p], np.int32)])
    return rows, columns


def _prepared(function):
    compiled = jitad.jit(function, parallel=True)

    def prepare(given):
        n, m, p = (given[name] for name in "nmp")
        cameras, points = np.tile(given["cam"], (n, 1)), np.tile(given["x"], (m, 1))
        weights, features = np.full(p, given["w"]), np.tile(given["feat"], (p, 1))
        observations = np.arange(p, dtype=np.int32)
        by_camera, by_point = observations % n, observations % m
        args = cameras, points, weights, features, observations, by_camera, by_point
        return lambda: compiled(*args)

    return prepare


def _errors(result):
    reprojections, weights = result
    p = len(weights)
    return {
        "reproj_error": {"elements": reprojections[0].tolist(), "repeated": p},
        "w_err": {"element": float(weights[0]), "repeated": p},
    }


def _ends(result):
    """Of each array the first 30 elements and the last."""
    names = ("rows", "cols", "vals")
    return {name: [*x[:30].tolist(), x[-1].item()] for name, x in zip(names, result, strict=True)}


FUNCTIONS = {
    "objective": (_prepared(errors), _errors),
    "jacobian": (_prepared(jacobian), _ends),
}
