"""Terms -> CSR: the pattern of a block of a Jacobian, and its values as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import optree

from jitad.frontend.pytree import NAMESPACE, register
from jitad.ir.op import DType
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.sparse.arrays import SparseArray
from jitad.sparse.pattern import Pattern
from jitad.sparse.places import Places, Tables, regular, take
from jitad.sparse.terms import Term


def _as_matrix(pattern: Pattern, children: Any) -> Any:
    """SciPy's matrix, where the values are numbers and those of one."""
    (data,) = children
    is_one = isinstance(data, np.ndarray) and data.ndim == 1
    return pattern.matrix(data) if is_one else SparseArray(pattern, data)


def patterns(tree: Any) -> Any:
    """The tree with the pattern of each matrix in its place."""
    return optree.tree_map(
        lambda x: x.pattern, tree, is_leaf=lambda x: isinstance(x, SparseArray), namespace=NAMESPACE
    )


register(SparseArray, lambda x: ((x.data,), x.pattern), _as_matrix)


def pattern_of(terms: Sequence[Term], shape: tuple[int, int]) -> Pattern:
    """The pattern of all terms."""
    rows, columns = zip(*map(_flat_places, terms), strict=True) if terms else ((), ())
    none = np.zeros(0, np.int64)
    return Pattern.of(np.concatenate((none, *rows)), np.concatenate((none, *columns)), shape)


def _flat_places(term: Term) -> tuple[Places, Places]:
    full = term.coefficients.shape
    return (
        np.broadcast_to(term.rows, full).ravel(),
        np.broadcast_to(term.columns, full).ravel(),
    )


def values_of(terms: Sequence[Term], pattern: Pattern, dtype: DType, tables: Tables) -> Value:
    """The values of a matrix of that pattern: each term's at its places, those of one place added;
    what the pattern has not is left out."""
    data = tables.builder.const(0, (pattern.nnz,), dtype)
    met = np.zeros(pattern.nnz, np.bool_)
    for term in terms:
        at, x = pattern.places(*_flat_places(term)), term.coefficients
        if np.any(at < 0):
            kept = np.flatnonzero(at >= 0)
            at, x = at[kept], take(x, kept, tables)
        is_free = not np.any(met[at]) and not term.repeated
        met[at] = True
        data = _written(data, x, at, is_free, tables)
    return data


def _written(data: Value, x: Value, at: Places, is_free: bool, tables: Tables) -> Value:
    """The values with those of a term in them, or added to them."""
    shape = (at.size,)
    steps = regular(at)
    x = x if x.shape == shape else st.reshape(x, shape=shape)
    if steps is not None and (steps[0] > 0 or at.size == 1):
        update = st.index_set if is_free else st.index_add
        return update(data, x, slots=((int(at[0]), at.size, steps[0] or 1),))
    if is_free:
        return st.scatter_set(data, tables.value(at), x, apart=True)
    return st.scatter_add(data, tables.value(at), x)
