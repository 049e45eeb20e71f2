"""A value's derivative as terms: arrays of entries of its Jacobian, at places that are known.

A term has coefficients of shape (*several, *rows.shape): element `rows[k]` of the value has the
derivatives `coefficients[..., k]` by the elements `columns[..., k]` of an input. What an operation
does to places is done once, on integers; what it does to coefficients is recorded. A sign is no
coefficient: the terms of a difference, x[1:] - x[:-1], have one product with whatever follows.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from jitad.ir.op import Mask, Shape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.partials import Partial, scale
from jitad.sparse.places import Places, Tables, numbered, take

_FEW = 32
"""Entries of a row that are terms of their own, at most."""


class Term(NamedTuple):
    """Entries of a Jacobian. `columns` broadcasts to the shape of the coefficients; of `rows` no
    two are equal, unless they are `repeated`, and then there are no several for each. Where it is
    `negated`, the entries are the coefficients with the other sign."""

    leaf: int
    rows: Places
    columns: Places
    coefficients: Value
    repeated: bool = False
    negated: bool = False

    @property
    def plain(self) -> Term:
        """The term with its sign in the coefficients."""
        if not self.negated:
            return self
        return self._replace(coefficients=ew.neg(self.coefficients), negated=False)

    @property
    def several(self) -> Shape:
        """The leading axes of the coefficients: entries of one row."""
        return self.coefficients.shape[: self.coefficients.ndim - self.rows.ndim]

    @property
    def aligned(self) -> Places:
        """The columns with as many axes as the coefficients have."""
        missing = self.coefficients.ndim - self.columns.ndim
        return self.columns.reshape((*(1,) * missing, *self.columns.shape))

    def at_rows(self, x: Value, tables: Tables) -> Value:
        """The elements of x, which the value is computed of, that belong to the coefficients."""
        shape, taken = self.coefficients.shape, take(x, self.rows, tables)
        return taken if taken.shape == shape else st.broadcast(taken, shape=shape)

    def scaled(self, c: Partial, tables: Tables) -> Term | None:
        """The term after a product with an elemental partial; None where that is 0."""
        if (type(c) is int or type(c) is float) and c == -1:
            return self._replace(negated=not self.negated)
        if isinstance(c, Value):
            c = self.at_rows(c, tables)
        elif isinstance(c, Mask):
            weight = None if c.weight is None else self.at_rows(c.weight, tables)
            c = c._replace(condition=self.at_rows(c.condition, tables), weight=weight)
        new = scale(c, self.coefficients)
        return None if new is None else self._replace(coefficients=new)

    def moved(self, to: Places) -> Term:
        """The term of a value whose element `to[k]` is, or has as a summand, element k of this."""
        rows = to[self.rows]
        if self.repeated:
            return self._replace(rows=rows)
        constant = [
            axis
            for axis, n in enumerate(rows.shape)
            if n > 1 and not np.any(rows != rows.take([0], axis))
        ]
        term = self._replace(rows=rows)._summed(constant) if constant else self._replace(rows=rows)
        if are_different(term.rows):
            return term
        return term.flat()._replace(repeated=True)

    def _summed(self, axes: Sequence[int]) -> Term:
        """The term whose rows do not vary along axes: these are several of one row, or, where the
        columns do not vary either, their sum."""
        lead = len(self.several)
        shape, rows = self.coefficients.shape, self.rows
        columns = self.aligned
        sums = [a for a in axes if columns.shape[lead + a] == 1]
        moves = [a for a in axes if a not in sums]
        kept = [a for a in range(rows.ndim) if a not in axes]
        perm = (*range(lead), *(lead + a for a in (*moves, *kept, *sums)))
        new = st.transpose(self.coefficients, perm=perm)
        if sums:
            last = range(len(shape) - len(sums), len(shape))
            new = st.reduce_sum(new, axes=tuple(last))
        columns = columns.transpose(perm)[(..., *(0 for _ in sums))]
        first = tuple(0 if a in axes else slice(None) for a in range(rows.ndim))
        return self._replace(rows=np.asarray(rows[first]), columns=columns, coefficients=new)

    def parts(self) -> list[Term]:
        """The term as one for each of the several entries of a row, where these are few."""
        several = self.several
        if not several or math.prod(several) > _FEW:
            return [self]
        shape = self.coefficients.shape
        columns = self.aligned
        rest = tuple((0, n, 1) for n in shape[len(several) :])
        found: list[Term] = []
        for place in np.ndindex(several):
            own = tuple(min(k, n - 1) for k, n in zip(place, columns.shape, strict=False))
            new = st.index(self.coefficients, slots=(*place, *rest))
            found.append(self._replace(columns=columns[own], coefficients=new))
        return found

    def flat(self) -> Term:
        """The term as a list of entries."""
        shape = self.coefficients.shape
        rows = np.broadcast_to(self.rows, shape).ravel()
        columns = np.broadcast_to(self.columns, shape).ravel()
        new = st.reshape(self.coefficients, shape=(math.prod(shape),))
        return self._replace(rows=rows, columns=columns, coefficients=new, repeated=True)

    def read(self, source: Places, size: int, tables: Tables) -> Term | None:
        """The term of a value whose element k is element `source[k]` of this, which has `size`."""
        if self.repeated:
            return self._joined(source, tables)
        place = np.full(size, -1, np.int64)
        place[self.rows.ravel()] = np.arange(self.rows.size)
        picked, rows = place[source], numbered(source.shape)
        found = picked >= 0
        if not np.any(found):
            return None
        if not np.all(found):
            kept = box(found)
            picked, rows = picked[kept], rows[kept]
        return self._picked(picked, rows, tables)

    def without(self, taken: np.ndarray, tables: Tables) -> Term | None:
        """The term but for the rows that are flagged."""
        gone = taken[self.rows]
        if not np.any(gone):
            return self
        if np.all(gone):
            return None
        if self.repeated:
            picked = np.flatnonzero(~gone)
            return self._replace(
                rows=self.rows[picked],
                columns=self.columns[picked],
                coefficients=take(self.coefficients, picked, tables),
            )
        kept = box(~gone)
        return self._picked(numbered(self.rows.shape)[kept], self.rows[kept], tables)

    def _picked(self, picked: Places, rows: Places, tables: Tables) -> Term:
        """The entries of the rows numbered `picked`, which are those of rows `rows`."""
        shape, several = self.coefficients.shape, self.several
        count = math.prod(shape[len(several) :])
        lead = numbered(several).reshape((*several, *(1,) * picked.ndim))
        new = take(self.coefficients, lead * count + picked, tables)
        columns = self.aligned
        if any(n > 1 for n in columns.shape[len(several) :]):
            head = columns.shape[: len(several)]
            full = np.broadcast_to(columns, (*head, *shape[len(several) :]))
            columns = full.reshape((*head, count))[..., picked]
        else:
            columns = columns.reshape((*columns.shape[: len(several)], *(1,) * picked.ndim))
        return self._replace(rows=rows, columns=columns, coefficients=new)

    def _joined(self, source: Places, tables: Tables) -> Term | None:
        """What `read` gives of rows that are repeated: a list of entries again."""
        order = np.argsort(self.rows, kind="stable")
        sorted_rows, asked = self.rows[order], source.ravel()
        first = np.searchsorted(sorted_rows, asked)
        counts = np.searchsorted(sorted_rows, asked, side="right") - first
        total = int(counts.sum())
        if not total:
            return None
        starts = np.repeat(first - (np.cumsum(counts) - counts), counts)
        picked = order[starts + np.arange(total)]
        rows = np.repeat(np.arange(asked.size), counts)
        new = take(self.coefficients, picked, tables)
        return self._replace(rows=rows, columns=self.columns[picked], coefficients=new)


Terms = tuple[Term, ...]


def plain(terms: Iterable[Terms]) -> list[Terms]:
    """Terms of several values with their signs in the coefficients."""
    return [tuple([term.plain for term in own]) for own in terms]


def are_different(rows: Places) -> bool:
    """Whether no two are equal."""
    met = np.zeros(int(rows.max(initial=-1)) + 1, np.bool_)
    met[rows] = True
    return np.count_nonzero(met) == rows.size


def box(kept: np.ndarray) -> tuple[np.ndarray, ...]:
    """The places that are flagged: as the axes of a block, where they fill one, else in a row."""
    axes = [
        np.flatnonzero(kept.any(axis=tuple(k for k in range(kept.ndim) if k != axis)))
        for axis in range(kept.ndim)
    ]
    block = np.ix_(*axes) if axes else ()
    is_block = kept.ndim > 1 and math.prod(map(len, axes)) == np.count_nonzero(kept)
    return block if is_block else np.nonzero(kept)


def merged(terms: Iterable[Term]) -> Terms:
    """The terms, those of the same places added; of several entries of a row a few are terms of
    their own, for these may have been met by other ways."""
    given = list(terms)
    if len(given) > 1:
        given = [part for term in given for part in term.parts()]
    found: dict[Hashable, list[Term]] = {}
    for term in given:
        alike = found.setdefault(_ends(term), [])
        for k, other in enumerate(alike):
            if is_same(term, other):
                more = term.coefficients
                more = more if term.negated == other.negated else ew.neg(more)
                total = ew.increment(other.coefficients, more)
                alike[k] = other._replace(coefficients=total)
                break
        else:
            alike.append(term)
    return tuple(term for alike in found.values() for term in alike)


def _ends(term: Term) -> Hashable:
    """What terms of the same places have in common, as far as is seen at once."""
    shape = term.coefficients.shape
    if not math.prod(shape):
        return term.leaf, shape
    rows, columns = term.rows, term.columns
    ends = rows.flat[0], rows.flat[-1], columns.flat[0], columns.flat[-1]
    return term.leaf, shape, *(int(k) for k in ends)


def is_same(a: Term, b: Term) -> bool:
    """Whether two terms have the same entries, in the same order."""
    if a.leaf != b.leaf or a.coefficients.shape != b.coefficients.shape:
        return False
    if a.rows.shape != b.rows.shape or a.coefficients.dtype != b.coefficients.dtype:
        return False
    pairs = (a.rows, b.rows), (a.columns, b.columns)
    return all(x is y or (x.shape == y.shape and np.array_equal(x, y)) for x, y in pairs)
