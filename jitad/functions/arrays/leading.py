"""NumPy's functions of leading parts of matrices, which are as large as data says."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.mutable_functions import OF_SELECTED
from jitad.frontend.selected import Selected
from jitad.frontend.slices import length_of
from jitad.frontend.sums import sum_of
from jitad.ir.value import FUNCTIONS, Value


def _triangle(function: Any) -> Any:
    def record(m: Any, k: Any = 0) -> Any:
        if type(m) is not Selected or m.ndim != 2 or not are_counted(m):
            return NotImplemented
        return Selected(FUNCTIONS[function](m.whole, k), m.masks)

    return record


OF_SELECTED[np.tril], OF_SELECTED[np.triu] = _triangle(np.tril), _triangle(np.triu)


def are_counted(x: Selected) -> bool:
    """Whether along all axes the first elements are there."""
    known = [mask is None or length_of(mask) is not None for mask in x.masks]
    return x.whole is not None and all(known)


def _trace(a: Any) -> Any:
    """np.trace of a matrix"""
    if type(a) is not Selected or a.ndim != 2 or not are_counted(a):
        return NotImplemented
    return FUNCTIONS[np.trace](a.filled(0))


OF_SELECTED[np.trace] = _trace


def _diagonal(a: Any, offset: int = 0) -> Any:
    """np.diagonal of a square part"""
    whole = _square(a)
    if whole is None or offset:
        return NotImplemented
    return Selected(FUNCTIONS[np.diagonal](whole), a.masks[:1])


OF_SELECTED[np.diagonal] = _diagonal
OF_SELECTED[np.diag] = lambda v, k=0: _diagonal(v, k) if np.ndim(v) == 2 else NotImplemented


def _square(a: Any) -> Value | None:
    """A square part of a matrix as a whole matrix: the identity is what is not of it."""
    if type(a) is not Selected or a.ndim != 2 or a.whole is None or a.dtype.kind not in "fc":
        return None
    counts = [None if mask is None else length_of(mask) for mask in a.masks]
    rows, columns = a.whole.shape
    if any(n is None for n in counts) or rows != columns:
        return None
    if sum_of(counts[0]) != sum_of(counts[1]):
        return None
    one = np.eye(rows, dtype=a.dtype)
    return FUNCTIONS[np.where](a.mask((0, 1)), a.whole, one)


def _solve(a: Any, b: Any) -> Any:
    """np.linalg.solve"""
    whole = _square(a)
    if whole is None or type(b) is not Selected or b.whole is None:
        return NotImplemented
    length = b.masks[0] if b.masks else None
    if length is None or length_of(length) is None or length.shape[0] != whole.shape[0]:
        return NotImplemented
    if sum_of(length_of(length)) != sum_of(length_of(a.masks[0])):
        return NotImplemented
    return Selected(FUNCTIONS[np.linalg.solve](whole, b.filled(0, (0,))), b.masks)


def _of_square(function: Any, is_matrix: bool) -> Any:
    def record(a: Any) -> Any:
        whole = _square(a)
        if whole is None:
            return NotImplemented
        found = FUNCTIONS[function](whole)
        return Selected(found, a.masks) if is_matrix else found

    return record


OF_SELECTED[np.linalg.solve] = _solve
for _function in (np.linalg.inv, np.linalg.cholesky):
    OF_SELECTED[_function] = _of_square(_function, True)
for _function in (np.linalg.det, np.linalg.slogdet):
    OF_SELECTED[_function] = _of_square(_function, False)
