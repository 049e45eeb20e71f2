"""Terms -> CSR: the pattern of a block of a Jacobian, and its values as one array."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import optree

from jitad.frontend.pytree import NAMESPACE, register
from jitad.ir.errors import ShapeError
from jitad.ir.op import DType
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.partials import plus
from jitad.sparse.arrays import SparseArray
from jitad.sparse.pattern import Pattern
from jitad.sparse.places import Places, Tables, regular, take
from jitad.sparse.terms import Term, are_different
from jitad.sparse.tiles import FAR, NONE, Tile, tiles

MOST_LAYERS = 6
"""Summands that an entry has at most in tiles."""


def _as_matrix(known: Any, children: Any) -> Any:
    """SciPy's matrix, where the values are numbers and those of one."""
    (data,), (pattern, format, is_matrix) = children, known
    whole = SparseArray(pattern, data, format, is_matrix)
    if not isinstance(data, np.ndarray) or data.ndim != 1:
        return whole
    made, kind = pattern.matrix(data), whole.scipys()
    return made if type(made) is kind else kind(made)


def patterns(tree: Any) -> Any:
    """The tree with the pattern of each matrix in its place."""
    return optree.tree_map(
        lambda x: x.pattern, tree, is_leaf=lambda x: isinstance(x, SparseArray), namespace=NAMESPACE
    )


def opened(tree: Any) -> Any:
    """The tree with SciPy's matrices as `SparseArray`s of the same data."""

    scipys = sys.modules.get("scipy.sparse")  # there is no matrix where nobody has imported it

    def one(x: Any) -> Any:
        if scipys is None or not scipys.issparse(x):
            return x
        if not isinstance(x, scipys.csr_array):
            raise ShapeError(
                f"a {type(x).__name__} to be written into",
                remedy="kernels write row by row: leave format= out, and convert the result",
            )
        matrix: Any = x
        return SparseArray(Pattern(matrix.shape, matrix.indptr, matrix.indices), matrix.data)

    return optree.tree_map(one, tree, namespace=NAMESPACE)


register(SparseArray, lambda x: ((x.values,), (x.pattern, x.format, x.is_matrix)), _as_matrix)


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
    places = [pattern.places(*_flat_places(term)) for term in terms]
    addresses = _addresses(places, pattern.nnz)
    starts = pattern.indptr[:-1][np.diff(pattern.indptr) > 0]
    found = None if addresses is None else tiles(addresses, starts)
    if found is not None:
        parts = [_tiled(tile, terms, tables) for tile in found]
        return parts[0] if len(parts) == 1 else st.concatenate(*parts, axis=0)
    data = tables.builder.const(0, (pattern.nnz,), dtype)
    met = np.zeros(pattern.nnz, np.bool_)
    for term, at in zip(terms, places, strict=True):
        x = term.plain.coefficients
        if np.any(at < 0):
            kept = np.flatnonzero(at >= 0)
            at, x = at[kept], take(x, kept, tables)
        is_free = not np.any(met[at]) and are_different(at)
        met[at] = True
        data = _written(data, x, at, is_free, tables)
    return data


def _addresses(places: Sequence[Places], nnz: int) -> Places | None:
    """For each entry where its summands are, (layers, nnz): element k of term t is at t * `FAR` +
    k; None where an entry has many."""
    layers = np.zeros((0, nnz), np.int64)
    count = np.zeros(nnz, np.int64)
    for t, at in enumerate(places):
        if not are_different(at[at >= 0]):
            return None
        number = np.flatnonzero(at >= 0)
        at = at[number]
        depth = count[at]
        count[at] += 1
        if depth.max(initial=-1) >= len(layers):
            layers = np.concatenate((layers, np.full((1, nnz), NONE)))
        layers[depth, at] = t * FAR + number
    return layers if len(layers) <= MOST_LAYERS else None


def _tiled(tile: Tile, terms: Sequence[Term], tables: Tables) -> Value:
    """The values of a tile, in a row."""
    parts: list[Value] = []
    slots: list[tuple[st.Slot, ...]] = []
    width = 0
    for b, block in enumerate(tile.blocks):
        places, entries = tile.places(b), block.first.shape[1]
        for j in range(entries):
            parts.append(_added(places[..., j], terms, tables))
            slots.append(((0, tile.times, 1), (width + j, block.rows, entries)))
        width += block.rows * entries
    shape = tile.times, width
    whole = st.assemble(*parts, shape=shape, slots=tuple(slots))
    return st.reshape(whole, shape=(math.prod(shape),))


def _added(places: Places, terms: Sequence[Term], tables: Tables) -> Value:
    """The sum of the coefficients at these places, (..., layers)."""
    total: Value | None = None
    for own in np.moveaxis(places, -1, 0):
        if own.flat[0] != NONE:
            term = terms[own.flat[0] // FAR]
            x = take(term.coefficients, own % FAR, tables)
            total = plus(total, ew.neg(x) if term.negated else x)
    assert total is not None
    return total


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
