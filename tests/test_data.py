"""The data sets are the published ones."""

from __future__ import annotations

import numpy as np

from jitad.data import load_breast_cancer


def test_breast_cancer_is_the_published_table() -> None:
    X, y = load_breast_cancer()
    assert X.shape == (569, 30)
    assert X.dtype == y.dtype == np.float64
    assert X.flags.c_contiguous and y.flags.c_contiguous
    assert np.isfinite(X).all() and (X >= 0).all()
    assert np.count_nonzero(y == 0) == 212, "malignant"
    assert np.count_nonzero(y == 1) == 357, "benign"
    np.testing.assert_array_equal(X[0, :4], [17.99, 10.38, 122.8, 1001.0])
    np.testing.assert_array_equal(X[-1, -4:], [0.0, 0.0, 0.2871, 0.07039])
    # The summary that the creators publish: radius (mean), area (worst), fractal dimension (worst).
    published = {0: (6.981, 28.11), 23: (185.2, 4254.0), 29: (0.05504, 0.2075)}
    for column, (low, high) in published.items():
        assert (X[:, column].min(), X[:, column].max()) == (low, high)


def test_each_call_gives_arrays_of_its_own() -> None:
    X, _ = load_breast_cancer()
    X[:] = 0
    assert load_breast_cancer()[0].any()
