"""Bundle adjustment: cameras and points in space from the points' places in the pictures.

SciPy's least-squares solver takes the Jacobian of the reprojection errors. It is compared with
complex steps, and the fitted reprojections with those that the pictures were made from.
"""

from scipy.optimize import least_squares

import jitad.numpy as np
from jitad import jacobian

rng = np.random.RandomState(4)
cameras, points = 3, 10
true_points = rng.uniform(-1, 1, size=(points, 3))
true_cameras = np.hstack(
    [
        0.3 * rng.randn(cameras, 3),
        np.array([0.0, 0.0, 5.0]) + 0.3 * rng.randn(cameras, 3),
        1 + 0.1 * rng.rand(cameras, 1),
    ]
)


def rotate(turn, x):
    """Points, shape (n, 3), turned about the axis `turn` by its length: Rodrigues' formula."""
    angle = np.sqrt(np.sum(turn**2) + 1e-12)
    axis = turn / angle
    cosine, sine = np.cos(angle), np.sin(angle)
    crossed = np.stack(
        [
            axis[1] * x[:, 2] - axis[2] * x[:, 1],
            axis[2] * x[:, 0] - axis[0] * x[:, 2],
            axis[0] * x[:, 1] - axis[1] * x[:, 0],
        ],
        axis=1,
    )
    along = np.dot(x, axis)[:, None] * axis
    return cosine * x + sine * crossed + (1 - cosine) * along


def project(camera, x):
    turn, shift, focal = camera[:3], camera[3:6], camera[6]
    seen = rotate(turn, x) + shift
    return focal * seen[:, :2] / seen[:, 2:]


def unpack(vector):
    return vector[: 7 * cameras].reshape(cameras, 7), vector[7 * cameras :].reshape(points, 3)


def pack(of_cameras, of_points):
    return np.concatenate([of_cameras.ravel(), of_points.ravel()])


pictures = np.array([project(camera, true_points) for camera in true_cameras])


def errors(vector):
    of_cameras, of_points = unpack(vector)
    projections = np.array([project(camera, of_points) for camera in of_cameras])
    return np.ravel(projections - pictures)


start = pack(true_cameras, true_points) + 0.05 * rng.randn(7 * cameras + 3 * points)


def by_complex_steps(x, size=1e-30):
    """The Jacobian, a column from each complex evaluation, which loses no digits."""
    units = np.eye(len(x))
    return np.stack([np.imag(errors(x + 1j * size * unit)) / size for unit in units], axis=1)


def main():
    errors_jacobian = jacobian(errors)
    fit = least_squares(errors, start, jac=errors_jacobian, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    print(f"root mean square error {np.sqrt(np.mean(errors(start) ** 2)):.4f}", end=" ")
    print(f"-> {np.sqrt(np.mean(fit.fun**2)):.1e} in {fit.nfev} steps")
    difference = np.abs(errors_jacobian(start) - by_complex_steps(start)).max()
    print(f"\nCheck: the Jacobian differs from complex steps by {difference:.1e},", end=" ")
    print(f"and the fitted pictures from the given ones by {np.abs(fit.fun).max():.1e}")


if __name__ == "__main__":
    main()
