"""An instruction by itself -> terms of its results by its operands: the Jacobian of one vertex.

What moves or combines elements as data say (linear algebra, sorting, loops) is differentiated by
itself, by every element of its operands, and composed with the terms of these by the chain rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jitad.ir.builder import inline
from jitad.ir.tape import Instr
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control.parts import alone, type_of
from jitad.ops.linalg import matrices as mx
from jitad.ops.partials import is_nothing
from jitad.sparse.places import Tables, numbered
from jitad.sparse.terms import Term, Terms, merged
from jitad.transforms.batch import batch
from jitad.transforms.forward import forward


def vertex(
    instr: Instr, operands: Sequence[Value], terms: Sequence[Terms], tables: Tables
) -> tuple[Sequence[Value], list[Terms]]:
    """The results of an instruction, and their terms, given those of its operands."""
    varied = [j for j, own in enumerate(terms) if own]
    values, local = _full(instr, operands, varied)
    return values, [_composed(own, operands, terms, tables) for own in local]


def _full(
    instr: Instr, operands: Sequence[Value], varied: Sequence[int]
) -> tuple[Sequence[Value], list[list[Term]]]:
    """The results, and their terms by all elements of the varied operands: of each term the leaf is
    a place among the operands."""
    tape = alone(instr.op, instr.named_params, list(map(type_of, operands)))
    count = len(tape.outputs)
    swept = forward(tape, varied)
    found: list[list[Term]] = [[] for _ in range(count)]
    values: list[Value] = []
    for k, j in enumerate(varied):
        size = operands[j].size
        wide = batch(swept, [len(operands) + k], size, range(count, 2 * count))
        seeds = [_zeros(operands[i]) for i in varied]
        seeds[k] = _units(operands[j])
        outputs = inline(operands[0].builder, wide, [*operands, *seeds])
        values = values or outputs[:count]
        for n, dv in enumerate(outputs[count:]):
            if dv.dtype == values[n].dtype and not is_nothing(dv):
                rows = numbered(values[n].shape)
                columns = np.arange(size).reshape((size, *(1 for _ in rows.shape)))
                found[n].append(Term(j, rows, columns, dv))
    return values, found


def _zeros(x: Value) -> Value:
    return x.builder.const(0, x.shape, x.dtype)


def _units(x: Value) -> Value:
    """The unit vectors of the space of x: (size, *shape)."""
    return st.reshape(mx.eye(x, (x.size, x.size), x.dtype), shape=(x.size, *x.shape))


def _composed(
    local: Sequence[Term], operands: Sequence[Value], terms: Sequence[Terms], tables: Tables
) -> Terms:
    """The terms of a result by what the operands depend on: the chain rule, in which a partial of 0
    is one that was not taken, as by an index."""

    def after(own: Term, term: Term) -> Term | None:
        shape = term.coefficients.shape
        columns = np.broadcast_to(term.columns, shape)
        read = own.read(columns, operands[term.leaf].size, tables)
        scaled = None if read is None else read.scaled(term.coefficients, tables)
        if read is None or scaled is None:
            return None
        if not tables.is_seed(own.coefficients):  # other factors may be infinite
            zero = _zeros(scaled.coefficients)
            taken = ew.ne(read.at_rows(term.coefficients, tables), zero)
            scaled = scaled._replace(coefficients=ew.where(taken, scaled.coefficients, zero))
        return scaled.moved(np.broadcast_to(term.rows, shape).ravel())

    found = [after(own, term) for term in local for own in terms[term.leaf]]
    return merged(x for x in found if x is not None)
