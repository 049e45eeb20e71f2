"""Rules of structural ops: what each does to the terms of its operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from jitad.ir.op import Op, Shape
from jitad.ir.tape import Instr
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.ops.contraction import contract, labels
from jitad.ops.linalg.spectral_functions import governed
from jitad.ops.reductions import shared
from jitad.ops.views import np_slots
from jitad.sparse.places import Places, Tables, numbered, take
from jitad.sparse.terms import Term

Terms = Sequence[Term]


class Known(NamedTuple):
    """An instruction whose terms are asked for; `number(i)` gives the integers that instruction i
    computes."""

    instr: Instr
    operands: Sequence[Value]
    result: Value
    tables: Tables
    number: Callable[[int], np.ndarray | None]

    def integers(self, place: int) -> Places:
        """The integers that an operand is."""
        found = self.number(self.instr.args[place])
        assert found is not None
        return found


Rule = Callable[[Known, Sequence[Terms]], list[Term]]


def _view(call: Known, terms: Sequence[Terms]) -> list[Term]:
    (x,) = call.operands
    source = call.instr.op.evaluate(numbered(x.shape), **call.instr.named_params)
    return _read(terms[0], np.asarray(source), x, call)


def _reshape(call: Known, terms: Sequence[Terms]) -> list[Term]:
    """Positions are in C order, which a reshape keeps."""
    return list(terms[0])


def _law(call: Known, terms: Sequence[Terms]) -> list[Term]:
    """A value has the derivative of its law."""
    return list(terms[1])


def _read(terms: Terms, source: Places, x: Value, call: Known) -> list[Term]:
    found = [term.read(source, x.size, call.tables) for term in terms]
    return [term for term in found if term is not None]


def _joined(call: Known, terms: Sequence[Terms]) -> list[Term]:
    places = st.join_slots(call.instr.op, call.operands, call.instr.params)
    whole = numbered(call.result.shape)
    return [
        term.moved(whole[np_slots(slots)].ravel())
        for own, slots in zip(terms, places, strict=True)
        for term in own
    ]


def _index_add(call: Known, terms: Sequence[Terms]) -> list[Term]:
    place = numbered(call.result.shape)[np_slots(call.instr.params[0])].ravel()
    return [*terms[0], *(term.moved(place) for term in terms[1])]


def _index_set(call: Known, terms: Sequence[Terms]) -> list[Term]:
    place = numbered(call.result.shape)[np_slots(call.instr.params[0])].ravel()
    return _over(call, terms[0], terms[1], place)


def _over(call: Known, old: Terms, new: Terms, place: Places) -> list[Term]:
    """The terms of what has new elements at these places."""
    taken = np.zeros(call.result.size, np.bool_)
    taken[place] = True
    kept = [term.without(taken, call.tables) for term in old]
    return [*(x for x in kept if x is not None), *(term.moved(place) for term in new)]


def _rows(x: Value, i: Places) -> Places:
    """The positions of the elements of the rows of x at these indices."""
    return numbered(x.shape)[i]


def _gather(call: Known, terms: Sequence[Terms]) -> list[Term]:
    x = call.operands[0]
    return _read(terms[0], _rows(x, call.integers(1)), x, call)


def _scatter_add(call: Known, terms: Sequence[Terms]) -> list[Term]:
    place = _rows(call.operands[0], call.integers(1)).ravel()
    return [*terms[0], *(term.moved(place) for term in terms[2])]


def _scatter_set(call: Known, terms: Sequence[Terms]) -> list[Term]:
    place = _rows(call.operands[0], call.integers(1)).ravel()
    last = np.zeros(call.result.size, np.int64)
    last[place] = np.arange(place.size)
    lost = last[place] != np.arange(place.size)
    new = [term.without(lost, call.tables) for term in terms[2]]
    return _over(call, terms[0], [x for x in new if x is not None], place)


def _sum(call: Known, terms: Sequence[Terms]) -> list[Term]:
    return _summed(call, terms[0])


def _summed(call: Known, terms: Terms) -> list[Term]:
    shape, axes = call.operands[0].shape, call.instr.params[0]
    kept = numbered(call.result.shape).reshape(st.keep_axes(shape, axes))
    to = np.broadcast_to(kept, shape).ravel()
    return [term.moved(to) for term in terms]


def _cumsum(call: Known, terms: Sequence[Terms]) -> list[Term]:
    """Element r of a line is the sum of the elements s <= r, or from r on."""
    (x,) = call.operands
    axis, backward = call.instr.params
    lines = np.moveaxis(numbered(x.shape), axis, -1)
    pairs = np.triu_indices(lines.shape[-1]) if backward else np.tril_indices(lines.shape[-1])
    to, source = (lines[..., k].ravel() for k in pairs)
    return [term.moved(to) for term in _read(terms[0], source, x, call)]


def _extremum(call: Known, terms: Sequence[Terms]) -> list[Term]:
    (x,) = call.operands
    one = x.builder.const(1, x.shape, x.dtype)
    weight = shared(x, call.result, call.instr.params[0], one)
    scaled = [term.scaled(weight, call.tables) for term in terms[0]]
    return _summed(call, [term for term in scaled if term is not None])


def _contract(call: Known, terms: Sequence[Terms]) -> list[Term]:
    """Each operand's terms, repeated over the labels that it has not, times the other, summed."""
    a, b, out = labels(call.instr.params[0])
    x, y = call.operands
    sizes = dict(zip(a + b, x.shape + y.shape, strict=True))
    inner = [label for label in sizes if label not in out]
    order = [*out, *inner]
    whole: Shape = tuple(sizes[label] for label in order)
    rows = numbered(call.result.shape)
    to = np.broadcast_to(rows.reshape(*rows.shape, *(1 for _ in inner)), whole).ravel()
    places = [_spread(v, names, order, whole) for v, names in ((x, a), (y, b))]
    found: list[Term] = []
    for j, own in enumerate(terms):
        operand, other = call.operands[j], call.operands[1 - j]
        factor = take(other, places[1 - j], call.tables) if own else other
        for term in _read(own, places[j], operand, call):
            found.append(_times(term, factor, call.tables).moved(to))
    return found


def _times(term: Term, c: Value, tables: Tables) -> Term:
    scaled = term.scaled(c, tables)
    assert scaled is not None
    return scaled


def _spread(x: Value, names: str, order: Sequence[str], whole: Shape) -> Places:
    """The positions of the elements of x, repeated over all labels."""
    places = numbered(x.shape).transpose([names.index(label) for label in order if label in names])
    shape = [n if label in names else 1 for label, n in zip(order, whole, strict=True)]
    return np.broadcast_to(places.reshape(shape), whole)


RULES: dict[Op, Rule] = {
    st.broadcast: _view,
    st.reshape: _reshape,
    st.transpose: _view,
    st.index: _view,
    st.concatenate: _joined,
    st.pack: _joined,
    st.assemble: _joined,
    st.index_add: _index_add,
    st.index_set: _index_set,
    st.gather: _gather,
    st.gather_final: _gather,
    st.scatter_add: _scatter_add,
    st.scatter_set: _scatter_set,
    st.reduce_sum: _sum,
    st.cumsum: _cumsum,
    st.reduce_max: _extremum,
    st.reduce_min: _extremum,
    contract: _contract,
    governed: _law,
}
