"""Bundle adjustment: the errors of p observations of m points by n cameras, and their Jacobian.

A camera is an axis times an angle (3), a centre (3), a focal length, a principal point (2) and two
coefficients of distortion. The error of an observation is

    P = R (X - C),  q = P_01 / P_2,  w (q (1 + k1 |q|^2 + k2 |q|^4) f + u - feature)

and that of its weight 1 - w^2. The Jacobian is sparse: two rows for each observation, with 11
entries for its camera, 3 for its point and one for its weight, then a row for each weight.
"""

import numpy as np

import jitad


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


def _gathered(cameras, points, weights, by_camera, by_point):
    """The unknowns of each observation: (p, 15)."""
    return np.concatenate([cameras[by_camera], points[by_point], weights[:, None]], axis=1)


@jitad.jit
def errors(cameras, points, weights, features, observation, by_camera, by_point):
    """All errors: (p, 2) and (p,).

    Args:
        cameras, points, weights, features: (n, 11), (m, 3), (p,), (p, 2).
        observation: the number of each observation, integers (p,).
        by_camera, by_point: its camera and its point, integers (p,).
    """
    unknowns = _gathered(cameras, points, weights, by_camera, by_point)
    return jitad.vmap(reprojection)(unknowns, features), weight_error(weights)


@jitad.jit
def jacobian(cameras, points, weights, features, observation, by_camera, by_point):
    """The Jacobian's (rows, columns, values) in compressed sparse rows."""
    (n, m), p = (len(cameras), len(points)), len(weights)
    unknowns = _gathered(cameras, points, weights, by_camera, by_point)
    blocks = jitad.vmap(jitad.jacfwd(reprojection))(unknowns, features)
    slopes = jitad.vmap(jitad.grad(weight_error))(weights)
    values = np.concatenate([blocks.ravel(), slopes])

    of_weights = 11 * n + 3 * m + observation
    of_camera = 11 * by_camera[:, None] + np.arange(11, dtype=np.int32)
    of_point = 11 * n + 3 * by_point[:, None] + np.arange(3, dtype=np.int32)
    of_block = np.concatenate([of_camera, of_point, of_weights[:, None]], axis=1)
    of_blocks = np.broadcast_to(of_block[:, None, :], (p, 2, 15))
    columns = np.concatenate([of_blocks.ravel(), of_weights])
    of_rows = 30 * observation[:, None] + np.array([0, 15], dtype=np.int32)
    rows = np.concatenate([of_rows.ravel(), 30 * p + observation, [31 * p]])
    return rows, columns, values


def _prepared(function):
    def prepare(given):
        n, m, p = (given[name] for name in "nmp")
        cameras, points = np.tile(given["cam"], (n, 1)), np.tile(given["x"], (m, 1))
        weights, features = np.full(p, given["w"]), np.tile(given["feat"], (p, 1))
        observation = np.arange(p, dtype=np.int32)
        by_camera, by_point = observation % n, observation % m
        args = cameras, points, weights, features, observation, by_camera, by_point
        return lambda: function(*args)

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
