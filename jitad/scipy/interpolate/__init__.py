"""`scipy.interpolate`, with points and values that are traced: splines and other interpolants.

The modules here are read as the user's functions are, and are written with NumPy's.
"""

from jitad.scipy.interpolate import cubic, grids, piecewise, scattered, splines
from jitad.scipy.mirror import mirror

OBJECTS = {
    "PPoly": piecewise.of_piecewise,
    "BSpline": splines.of_spline,
    "UnivariateSpline": splines.of_univariate,
    "BivariateSpline": grids.of_bivariate,
    "interp1d": grids.of_interp1d,
    "RegularGridInterpolator": grids.of_grid,
    "RBFInterpolator": scattered.of_radial,
    "LinearNDInterpolator": scattered.of_triangles,
    "NearestNDInterpolator": scattered.of_nearest,
    "BarycentricInterpolator": scattered.of_polynomial,
}
"""The functions from objects of SciPy's, by their classes, to what stands for them."""

__getattr__, __dir__ = mirror("scipy.interpolate", piecewise, cubic, splines, grids, scattered)
