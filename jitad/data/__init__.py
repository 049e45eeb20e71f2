"""Real data for the examples: each data set with its attribution in a text file beside it."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
from numpy.typing import NDArray


def load_breast_cancer() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Wisconsin diagnostic breast cancer data: features and classes, 0 malignant, 1 benign.

    Collected by W. H. Wolberg, W. N. Street and O. L. Mangasarian; CC BY 4.0.

    >>> from jitad.data import load_breast_cancer
    >>> X, y = load_breast_cancer()
    >>> X.shape, y.shape, int(y.sum())
    ((569, 30), (569,), 357)
    """
    with files(__name__).joinpath("breast_cancer.csv").open(encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",", skiprows=1)
    return table[:, :-1].copy(), table[:, -1].copy()
