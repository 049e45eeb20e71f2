"""Tape -> Tape: the Jacobian of a program of scalars, by eliminating its vertices.

The program is a graph: a vertex for each v_i, and on the edge from v_j to v_i the elemental partial
c_ij = dphi_i/dv_j. The derivative of an output by an input is the sum, over all paths between them,
of the product of the partials along each. Nobody walks the paths. A vertex j between is eliminated:
each edge that leaves it is joined with each edge that enters it,

    c_ik += c_ij c_jk    for all successors i and predecessors k of j,

which leaves the sum over all paths as it was. When nothing is left between inputs and outputs, the
edges are the Jacobian (Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 9).

Every order is right. From the first vertex to the last it is forward mode, which carries along
derivatives by all inputs; from the last to the first it is reverse mode, which carries those of all
outputs. Where a program is narrow in the middle others multiply less: see orders.py. Partials
that are 1 or -1 cost nothing, and those that are 0 are no edges.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

from jitad.ir.builder import Builder, extend
from jitad.ir.errors import DifferentiationError
from jitad.ir.op import DType, Elementwise, Mask, RealLinear
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.linalg.spectral_functions import governed
from jitad.ops.partials import Partial, is_active, partial
from jitad.passes.cse import cse
from jitad.passes.dce import dce
from jitad.passes.fold import fold
from jitad.passes.numbers import number_of
from jitad.passes.scalarize import can_spell_out, spell_out
from jitad.transforms.lost import lost_derivative
from jitad.transforms.orders import UNKNOWN, Order, orders
from jitad.transforms.origins import at_origins
from jitad.transforms.spectra import with_spectra

MOST = 20_000
"""Elements of all values together: as straight-line code more would be long to compile."""


class Edge(NamedTuple):
    """A derivative: a number, or a value of the tape. Where a condition does not hold that is its
    `support`, the value counts as 0, also where it meets an infinite one."""

    factor: float | Value
    support: Value | None = None

    @property
    def number(self) -> float:
        """The number that it always is, or `UNKNOWN`."""
        return UNKNOWN if isinstance(self.factor, Value) else self.factor


Edges = dict[int, dict[int, Edge]]
"""Of each vertex i the edges that enter it: `edges[i][j]` is c_ij."""


def eliminate(tape: Tape, active: Sequence[int], kept: int) -> tuple[Tape, list[str]]:
    """The tape of the derivatives of the first `kept` outputs by the inputs at positions `active`,
    each by each, then of the other outputs; and what is to be said of how it was found."""
    tape = _scalars(tape)
    builder = extend(tape)
    elements = [_elements(builder, tape.inputs[k]) for k in active]
    results = [_elements(builder, i) for i in tape.outputs[:kept]]
    joining = _Joining(builder)
    edges = _edges(builder, tape, [i for own in elements for i in own], results, joining)
    count, users = sum(map(len, edges.values())), _users(edges)
    known = orders({i: {k: e.number for k, e in row.items()} for i, row in edges.items()})
    for j in known[-1].vertices:
        builder.line = tape.instrs[j].line
        _eliminate(edges, users, j, joining)
    builder.line, number = None, itertools.count()
    blocks: list[Value] = []
    for i, own in zip(tape.outputs, results, strict=False):
        shape, dtype = tape.instrs[i].shape, tape.instrs[i].dtype
        rows = [edges.get(~next(number), {}) for _ in own]
        for k, columns in zip(active, elements, strict=True):
            whole = (*shape, *tape.instrs[tape.inputs[k]].shape)
            entries = [_whole(row.get(j), builder, dtype) for row in rows for j in columns]
            blocks.append(st.pack(*entries, shape=whole) if whole else entries[0])
    outputs = [*(x.index for x in blocks), *tape.outputs[kept:]]
    return builder.finish(outputs), _remarks(known, count)


def _eliminate(edges: Edges, users: dict[int, set[int]], j: int, joining: _Joining) -> None:
    """Remove vertex j, the paths through it being joined; `users` are those who have, or have had,
    an edge from a vertex."""
    row = edges.pop(j)
    for i in sorted(users[j]):
        own = edges.get(i, {})
        c = own.pop(j, None)
        if c is None:
            continue
        for k, d in row.items():
            joined = joining(own.pop(k, None), c, d)
            if joined is not None:
                own[k] = joined
                users[k].add(i)


def _users(edges: Edges) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {k: set() for row in edges.values() for k in row}
    for i, row in edges.items():
        for k in row:
            found[k].add(i)
    return found


# -- the graph -------------------------------------------------------------------------------------


def _scalars(tape: Tape) -> Tape:
    """The program over scalars."""
    tape = at_origins(with_spectra(tape))
    for instr in tape.instrs:
        if not can_spell_out(tape, instr):
            what = "an empty array" if 0 in instr.shape else f"{instr.op.name}, not spelt out"
            raise DifferentiationError(
                f"mode='eliminate' of {what} in scalars",
                remedy="use mode='forward' or mode='reverse'",
                line=instr.line,
            )
    size = sum(math.prod(instr.shape) for instr in tape.instrs)
    if size > MOST:
        raise DifferentiationError(
            f"mode='eliminate' of a program of {size} scalars, which are to be {MOST} at most",
            remedy="use mode='forward', mode='reverse' or sparse=True, or vmap it over points",
        )
    return dce(cse(fold(spell_out(tape))))


def _elements(builder: Builder, i: int) -> list[int]:
    """The scalars that an input or a result consists of, in C order."""
    instr = builder.instrs[i]
    if instr.shape == ():
        return [i]
    if instr.op is st.pack:
        return list(instr.args)
    if instr.op is CONST:
        return [builder.const(instr.params[0], (), instr.dtype).index] * math.prod(instr.shape)
    assert instr.op is INPUT
    # An index of all that there is has become a reshape.
    known = {
        x.params[0] or (0,) * len(instr.shape): n
        for n, x in enumerate(builder.instrs)
        if x.op in (st.index, st.reshape) and x.args == (i,)
    }
    return [
        known[place] if place in known else st.index(builder.value(i), slots=place).index
        for place in st.every_place(instr.shape)
    ]


def _edges(
    builder: Builder,
    tape: Tape,
    inputs: Sequence[int],
    results: Sequence[Sequence[int]],
    joining: _Joining,
) -> Edges:
    """The elemental partials on the paths between inputs and results. The n-th scalar that is a
    result has a vertex of its own, ~n, for others may be computed of it."""
    varied, edges = set(inputs), Edges()
    asked = [i for own in results for i in own]
    needed = tape.needed([i for i in asked if i < len(tape.instrs)])
    for i, instr in enumerate(tape.instrs):
        if instr.op is st.guard and instr.args[0] in varied:
            raise lost_derivative(instr)
        if i in varied or not needed[i] or not is_active(instr):
            continue
        row = _partials(builder, i, instr, varied, joining)
        if row:
            varied.add(i)
            edges[i] = row
    edges.update({~n: {i: Edge(1.0)} for n, i in enumerate(asked) if i in varied})
    return _between(edges)


def _between(edges: Edges) -> Edges:
    """The edges from which a path leads to a result."""
    found = Edges()
    waiting = [i for i in edges if i < 0]
    while waiting:
        i = waiting.pop()
        if i in edges and i not in found:
            found[i] = edges[i]
            waiting += edges[i]
    return {i: found[i] for i in edges if i in found}


def _partials(
    builder: Builder, i: int, instr: Instr, varied: Collection[int], joining: _Joining
) -> dict[int, Edge]:
    """What is on the edges that enter a vertex."""
    if instr.dtype.kind == "c":
        raise DifferentiationError(
            "mode='eliminate' of complex numbers",
            remedy="write it of real and imaginary parts, or use mode='reverse'",
            line=instr.line,
        )
    op, row = instr.op, dict[int, Edge]()
    if op is governed:
        law = instr.args[1]
        return {law: Edge(1.0)} if law in varied else {}
    if not isinstance(op, Elementwise):
        return row
    builder.line = instr.line
    operands, result = [builder.value(j) for j in instr.args], builder.value(i)
    for place, j in enumerate(instr.args):
        edge = _edge(partial(op, place, operands, result), result) if j in varied else None
        if edge is not None:
            edge = joining(row.pop(j, None), Edge(1.0), edge)
        if edge is not None:
            row[j] = edge
    return row


def _edge(c: Partial, v: Value) -> Edge | None:
    """What an elemental partial puts on an edge; nothing where it is 0."""
    one, support = v.builder.const(1, v.shape, v.dtype), None
    if isinstance(c, Mask):
        support = c.condition if c.keep else ew.logical_not(c.condition)
        c = one if c.weight is None else c.weight
    elif isinstance(c, RealLinear):
        c = c.tangent(one)
    if isinstance(c, Value):
        number = None if support is not None else number_of(v.builder, c.index)
        if number is None or not math.isfinite(number):
            return Edge(_whole(Edge(c), v.builder, v.dtype), support)
        c = number
    return Edge(float(c)) if c else None


# -- products and sums -----------------------------------------------------------------------------


class _Joining:
    """known + c d, recorded on a builder; numbers are computed at once, and 0 is no edge."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def __call__(self, known: Edge | None, c: Edge, d: Edge) -> Edge | None:
        product = Edge(_product(c.factor, d.factor), _both(c.support, d.support))
        if known is None:
            return product
        values = [x.factor for x in (known, product) if isinstance(x.factor, Value)]
        if not values:
            total = known.number + product.number
            return Edge(total) if total else None
        dtype = max([x.dtype for x in values], key=lambda dtype: dtype.itemsize)
        one, other = (_whole(x, self.builder, dtype) for x in (known, product))
        either = None  # where one of them counts everywhere, so does the sum
        if known.support is not None and product.support is not None:
            either = ew.logical_or(known.support, product.support)
        return Edge(ew.increment(one, other), either)


def _product(c: float | Value, d: float | Value) -> float | Value:
    """c d, in the dtype of c where both are values."""
    if isinstance(c, Value) and isinstance(d, Value):
        return ew.mul(c, d if c.dtype == d.dtype else ew.cast(d, dtype=c.dtype))
    if isinstance(c, Value):
        c, d = d, c
    assert not isinstance(c, Value)
    if not isinstance(d, Value):
        return c * d
    return d if c == 1.0 else ew.neg(d) if c == -1.0 else ew.mul(d, c)


def _both(a: Value | None, b: Value | None) -> Value | None:
    """The condition under which both supports hold."""
    if a is None or b is None:
        return b if a is None else a
    return ew.logical_and(a, b)


def _whole(edge: Edge | None, builder: Builder, dtype: DType) -> Value:
    """An edge as a value, 0 where there is none."""
    factor, support = edge or Edge(0.0)
    if not isinstance(factor, Value):
        return builder.const(factor, (), dtype)
    x = factor if factor.dtype == dtype else ew.cast(factor, dtype=dtype)
    return x if support is None else ew.where(support, x, builder.const(0, (), dtype))


def _remarks(known: Sequence[Order], edges: int) -> list[str]:
    """The counts of all orders, and the one that was chosen, for `explain`."""
    best = known[-1]
    counts = ", ".join(f"{order.name} {order.multiplications}" for order in known)
    chosen = " ".join(f"v{j}" for j in best.vertices)
    return [
        f"{len(best.vertices)} vertices between, {edges} edges",
        f"multiplications: {counts}",
        f"order: {chosen}",
    ]
