"""Objects of SciPy's in functions: sparse matrices and splines, at points and of values."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
import scipy.sparse
from scipy.interpolate import (
    Akima1DInterpolator,
    CubicSpline,
    PchipInterpolator,
    PPoly,
    RectBivariateSpline,
    RegularGridInterpolator,
    UnivariateSpline,
    interp1d,
    make_interp_spline,
    splev,
    splrep,
)
from scipy.sparse import csr_array, csr_matrix, diags, diags_array
from scipy.sparse.linalg import factorized, splu, spsolve
from scipy.spatial.distance import cdist, pdist, squareform

from idioms.case import A, case

SPARSE = csr_matrix(A)
ARRAY = csr_array(A)
GRID = np.linspace(0.0, 3.0, 13)
FACTORS = splu(scipy.sparse.csc_array(A))
SPLINE = CubicSpline(GRID, np.sin(GRID))


@case
def sparse_products(x):
    first = np.sum((SPARSE @ x) ** 2) + np.sum(SPARSE.T.dot(x)) + np.sum(x @ ARRAY)
    return (
        first + np.sum((SPARSE * x) * (SPARSE.tocsc() @ x)) + np.sum((2.0 * ARRAY) @ np.outer(x, x))
    )


@case
def sparse_of_values(x):
    entries = csr_array((x, ([0, 2, 2, 1], [3, 1, 1, 0])), shape=(4, 4))
    both = diags(x) @ SPARSE + SPARSE.T * x[0]
    return (entries @ ARRAY @ x).sum() + both.sum() + (ARRAY * x).power(2).diagonal().sum()


@case
def sparse_in_a_loop(x):
    step = scipy.sparse.eye(4) - 0.1 * diags([x, 1.0, 2.0], [0, -1, 1], shape=(4, 4))
    y = x
    for _ in range(7):
        y = np.tanh(step @ y)
    scale = diags_array(y) if y[0] > 0 else diags_array(-y)
    return (scale @ x).sum() + scale.tocsr()[[1]].sum()


@case
def sparse_of_blocks(x):
    whole = scipy.sparse.bmat([[diags(x), None], [SPARSE, diags(x**2)]], format="csr")
    product = scipy.sparse.kron(diags(x[:2]), SPARSE[:2, :2])
    return np.sum((whole @ np.ones(8)) ** 2) + (product @ x).sum() + whole[4:6].toarray().sum()


@case
def spline_at_points(x):
    slope = SPLINE.derivative()
    return np.sum(SPLINE(x)) + SPLINE(x[0], 1) * slope(x[1]) + SPLINE.integrate(x[3], x[1])


@case
def piecewise_of_values(x):
    p = PPoly(np.stack([x[:2], x[2:]]), [0.0, x[0], 1.0])
    return (
        np.sum(p([-0.5, 0.2, 0.9])) + p.antiderivative()(x[1]) + p.integrate(0.1, x[2], "periodic")
    )


@case
def splines_through_values(x):
    knots = np.arange(4.0)
    whole = sum(
        CubicSpline(knots, x, bc_type=bc)(1.7) for bc in ("not-a-knot", "natural", "clamped")
    )
    periodic = CubicSpline(np.arange(5.0), np.append(x, x[0]), bc_type="periodic")
    shapes = PchipInterpolator(knots, x)(2.3) + Akima1DInterpolator(knots, x)([0.4, 2.2])
    return (
        whole
        + periodic.integrate(0.5, 7.0)
        + np.sum(shapes)
        + CubicSpline(np.cumsum(x), knots)(2.0)
    )


@case
def splines_of_fitpack(x):
    b = make_interp_spline(GRID, np.cos(GRID), k=3)
    tck = splrep(GRID, np.sin(GRID) * x[0])
    fitted = UnivariateSpline(GRID, np.sin(GRID), s=0.1)
    through = make_interp_spline(np.arange(4.0), np.stack([x, x**2], 1), bc_type="natural")
    return (
        np.sum(b(x) * b.derivative()(x))
        + splev(x, tck).sum()
        + fitted(x).sum()
        + through(1.2).sum()
    )


@case
def samples_on_lines_and_grids(x):
    line = interp1d(np.arange(4.0), x, bounds_error=False, fill_value=(0.0, x[3]))
    table = RegularGridInterpolator((GRID, GRID), np.sin(GRID)[:, None] * np.cos(GRID))
    surface = RectBivariateSpline(GRID, GRID, np.outer(np.sin(GRID), GRID))
    points = np.stack([x[:2], x[2:]])
    steps = interp1d(GRID, GRID**2, kind="previous")(x) * interp1d(GRID, GRID, kind="quadratic")(x)
    return (
        line([-1.0, 0.5, 2.2, 7.0]).sum()
        + table(points).sum()
        + surface.ev(x, x[::-1]).sum()
        + steps.sum()
    )


@case
def filtered_images(x):
    image = np.outer(x, np.sin(x))
    total = scipy.ndimage.gaussian_filter1d(x, 1.0)[1] + scipy.ndimage.uniform_filter1d(x, 3)[0]
    for mode in ("reflect", "mirror", "nearest", "wrap", "constant"):
        filtered = scipy.ndimage.convolve(image, np.arange(6.0).reshape(2, 3), mode=mode, cval=0.5)
        blurred = scipy.ndimage.gaussian_filter(filtered, (0.8, 1.3), order=(0, 1), mode=mode)
        total = total + np.sum(np.sin(filtered)) + np.sum(blurred**2)
    return (
        total
        + scipy.ndimage.sobel(image, 0)[1, 2]
        + scipy.ndimage.gaussian_laplace(image, 1.0)[2, 2]
    )


@case
def images_between_samples(x):
    image = np.outer(np.sin(GRID), np.cos(GRID))
    points = np.stack([5.1 * x - 1.0, x[::-1]])
    total = scipy.ndimage.zoom(np.outer(x, x), 1.7, order=1).sum()
    for mode in ("reflect", "mirror", "nearest", "wrap", "constant", "grid-wrap", "grid-constant"):
        found = scipy.ndimage.map_coordinates(image, points, order=1, mode=mode, cval=0.5)
        total = total + found.sum() + scipy.ndimage.shift(x, x[0], order=1, mode=mode).sum()
    return total


@case
def distances(x):
    p, q = np.reshape(x, (2, 2)), np.array([[0.1, 0.0], [1.0, 3.0], [2.0, 2.0]])
    total = squareform(np.exp(-pdist(np.concatenate([p, q])))).sum()
    for metric in ("euclidean", "sqeuclidean", "cityblock", "cosine", "canberra", "seuclidean"):
        total = total + np.sum(cdist(p, q, metric))
    return (
        total
        + np.sum(cdist(p, q, "minkowski", p=3))
        + np.sum(cdist(p, q, "mahalanobis", VI=np.eye(2)))
    )


@case
def sparse_systems(x):
    matrix = (SPARSE + diags(x)).tocsc()
    first = spsolve(SPARSE.tocsc(), x) @ spsolve(matrix, np.outer(x, x[:2]))
    return (
        first.sum()
        + np.sum(FACTORS.solve(x, "T") ** 2)
        + (splu(matrix).solve(x) * factorized(matrix)(x)).sum()
    )
