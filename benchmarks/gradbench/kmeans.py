"""The squared distances of points from their nearest centroids, and a step of Newton's method.

    cost(c) = sum_i |p_i - c_j(i)|^2,    j(i) = argmin_j |p_i - c_j|^2

The points p have shape (n, d), the centroids c (k, d).

`dir` is the gradient divided by the diagonal of the Hessian, elementwise. The Hessian is diagonal,
so that its product with a vector of ones is that diagonal: forward over reverse.
"""

import numpy as np

import jitad


def cost(centroids, points):
    """The value, of centroids (k, d) and points (n, d)."""

    def nearest(point):
        return np.argmin(np.sum((point - centroids) ** 2, axis=1))

    return np.sum((points - centroids[jitad.vmap(nearest)(points)]) ** 2)


def direction(centroids, points):
    """Gradient over Hessian's diagonal, (k, d)."""
    slope, curvature = jitad.jvp(
        lambda c: jitad.grad(cost)(c, points), (centroids,), (np.ones_like(centroids),)
    )
    return slope / curvature


def _prepared(function):
    compiled = jitad.jit(function, parallel=True)

    def prepare(given):
        centroids, points = np.array(given["centroids"]), np.array(given["points"])
        return lambda: compiled(centroids, points)

    return prepare


FUNCTIONS = {
    "cost": (_prepared(cost), float),
    "dir": (_prepared(direction), np.ndarray.tolist),
}
