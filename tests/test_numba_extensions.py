"""What njit code calls beside Python functions: SciPy's by address, and overloads."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
import scipy.special
from numba import njit
from numba.extending import get_cython_function_address
from numba.types import WrapperAddressProtocol, float64

import jitad

X = np.array([0.5, 1.5, 2.5])


# -- addresses -------------------------------------------------------------------------------------


def _address(name: str) -> int:
    return get_cython_function_address("scipy.special.cython_special", name)


_double = ctypes.c_double
GAMMALN = ctypes.CFUNCTYPE(_double, _double)(_address("gammaln"))


class _ByAddress(WrapperAddressProtocol):
    def __init__(self, name: str, signature: Any) -> None:
        self.address, self.of = _address(name), signature

    def __wrapper_address__(self) -> int:
        return self.address

    def signature(self) -> Any:
        return self.of


GAMMAINC = _ByAddress("gammainc", float64(float64, float64))
EXPIT = _ByAddress("__pyx_fuse_0expit", float64(float64))


@njit
def by_address(x: Any, n: Any) -> Any:
    total = EXPIT(x[0]) + GAMMALN(n)
    for i in range(x.shape[0]):
        if x[i] > 1:
            total += GAMMALN(x[i]) * GAMMAINC(n, x[i])
    return total


def test_functions_of_scipys_by_their_addresses() -> None:
    """Integers are cast to what the signature says, as Numba casts them."""
    value, gradient = jitad.value_and_grad(by_address)(X, 2)
    assert value == pytest.approx(by_address(X, 2), rel=1e-14)
    s = scipy.special
    of_large = s.psi(X) * s.gammainc(2, X) + s.gammaln(X) * X * np.exp(-X)
    wanted = np.where(X > 1, of_large, 0.0)
    wanted[0] += s.expit(X[0]) * s.expit(-X[0])
    np.testing.assert_allclose(gradient, wanted, rtol=1e-12)
