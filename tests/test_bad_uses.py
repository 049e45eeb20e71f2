"""What users do wrong gets what the tables of tests/bad_uses say: errors that teach, or values."""

from __future__ import annotations

import re
import warnings

import bad_uses
import numpy as np
import pytest
import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.sparse
import scipy.sparse.linalg
import scipy.spatial.distance
import scipy.special
import scipy.stats
from bad_uses import Row
from test_cases import agrees

import jitad

ROWS = bad_uses.load()


def test_there_are_many() -> None:
    assert len(ROWS) >= 400


@pytest.mark.parametrize("row", ROWS, ids=map(str, ROWS))
def test_bad_use(row: Row) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if row.error is None:
            got = row.use()
            assert row.value is ... or got is row.value or agrees(got, row.value), got
            return
        with pytest.raises(row.error) as caught:
            row.use()
    # The line that an error quotes is the row itself.
    assert row.words in getattr(caught.value, "what", str(caught.value))
    _teaches(caught.value)


def _teaches(error: BaseException) -> None:
    """Our errors say what to write, in names that exist, and no internal names."""
    assert "NoneType' object has no" not in str(error)
    if not isinstance(error, jitad.JitadError):
        return
    assert error.remedy, error
    assert not bad_uses.named(error.remedy), error
    line = error.line
    assert line is None or not re.search("site-packages|/jitad/jitad/|lib/python3", line.file)


A = np.array([[2.0, 1.0], [1.0, 3.0]])
X = np.array([1.0, 2.0])

OF_SCIPY = [
    lambda x: scipy.optimize.isotonic_regression(x),
    lambda x: scipy.optimize.minimize(lambda y: y[0] - x[0], [0.0], callback=print).x,
    lambda x: scipy.optimize.differential_evolution(lambda y: y[0] - x[0], [(0, 1)]).x,
    lambda x: scipy.optimize.nnls(A, x)[0],
    lambda x: scipy.optimize.linprog(x),
    lambda x: scipy.interpolate.splrep(X, x, s=1.0),
    lambda x: scipy.interpolate.CloughTocher2DInterpolator(np.eye(3)[:, :2], x)(0.2, 0.2),
    lambda x: scipy.ndimage.gaussian_filter(x, x[0]),
    lambda x: scipy.ndimage.geometric_transform(A * x, lambda i: i),
    lambda x: scipy.fft.fht(x, 0.1, 1.0),
    lambda x: scipy.spatial.distance.cdist(x[:, None], x[:, None], "hamming"),
    lambda x: scipy.signal.find_peaks(x),
    lambda x: scipy.linalg.schur(np.outer(x, x)),
    lambda x: scipy.linalg.fractional_matrix_power(np.outer(x, x), 0.5),
    lambda x: scipy.stats.shapiro(x),
    lambda x: scipy.special.mathieu_a(1, x),
    lambda x: scipy.integrate.tanhsinh(np.sin, 0.0, x),
    lambda x: scipy.sparse.csr_matrix(A).multiply(x).todense(),
    lambda x: (scipy.sparse.csr_matrix(A) * x[0]).sum(axis=0),
    lambda x: scipy.sparse.diags(x).setdiag(1.0),
    lambda x: scipy.sparse.random_array((2, 2), density=x[0]),
    lambda x: scipy.sparse.linalg.spsolve(np.diag(x), x),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("use", OF_SCIPY, ids=lambda use: str(use.__code__.co_firstlineno))
def test_scipys_functions_of_traced_values(use: object) -> None:
    with pytest.raises(jitad.TraceError) as caught:
        jitad.jit(use)(X)  # type: ignore[arg-type]
    _teaches(caught.value)
    for name in re.findall(r"use (jitad\.scipy\.\w+)\.(\w+)", str(caught.value)):
        assert name[1] in dir(__import__(name[0], fromlist=["*"]))
