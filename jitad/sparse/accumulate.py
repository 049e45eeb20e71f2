"""Tape -> values and terms on a new tape: derivatives, accumulated entry by entry.

Every value is followed by the entries of its Jacobian that may be other than 0, as `Term`s; an
elemental partial multiplies those of its operand. So a sparse Jacobian costs what its entries cost,
whatever the number of inputs (Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008,
section 7.1, sparse vector mode).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jitad.ir.builder import Builder, same_inputs, with_constants
from jitad.ir.errors import DifferentiationError, ShapeError
from jitad.ir.op import DYNAMIC, Control, Elementwise, RealLinear
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Loop, part, record
from jitad.ops.control.parts import LOOKS_UP
from jitad.ops.control.switch import Switch
from jitad.ops.partials import is_active, partial, typed
from jitad.sparse.integers import Integers
from jitad.sparse.local import vertex
from jitad.sparse.places import Tables, numbered
from jitad.sparse.regions import Enter, Region, Results, through_loop, through_switch
from jitad.sparse.rules import RULES, Known
from jitad.sparse.straight import straight
from jitad.sparse.terms import Term, Terms, merged, plain
from jitad.transforms.origins import at_origins
from jitad.transforms.shield import shield
from jitad.transforms.spectra import with_spectra

MOST = 1 << 28
"""Entries of a Jacobian, of an intermediate value too, that are kept at once."""

WORK = 1 << 26
"""Entries by which one instruction may be composed with what its operands depend on."""

_MARK = 0x9E3779B97F4A7C1
"""A factor that tells the integers of one path from those of another."""

_TRUE = np.True_.tobytes()


@dataclass(frozen=True, eq=False)
class Accumulated:
    """The values of a tape's results on the builder of a new one, and the terms of each result."""

    builder: Builder
    inputs: Sequence[Value]
    active: Sequence[int]
    tables: Tables
    results: Sequence[Value]
    terms: Sequence[Terms]

    def finish(self, outputs: Sequence[Value]) -> Tape:
        """The tape of these outputs; its inputs are the old ones, then the tables."""
        first = [*self.inputs, *self.tables.inputs]
        order = [x.index for x in (*first, *self.tables.seeds)]
        tape = self.builder.finish([x.index for x in outputs], order)
        tape = shield(tape, range(len(first), len(order)), self.active)
        return with_constants(tape, [1.0] * len(self.tables.seeds))


def accumulate(tape: Tape, active: Sequence[int], given: Mapping[int, np.ndarray]) -> Accumulated:
    """The derivatives of all results by the inputs at positions `active`, which are leaf 0, 1 ...

    `given` has the inputs that integers may be computed of: where places are, the tape gets a guard
    that they are still the same.
    """
    tape = straight(at_origins(with_spectra(tape)))
    builder, inputs = same_inputs(tape, len(tape.inputs))
    tables = Tables(builder)
    begun: list[Terms] = [()] * len(inputs)
    for leaf, k in enumerate(active):
        places = numbered(inputs[k].shape)
        seed = tables.seed(inputs[k].shape, inputs[k].dtype)
        begun[k] = (Term(leaf, places, places, seed),)
    results, terms = _Accumulation(tape, tables, Integers(tape, given)).run(inputs, begun)
    return Accumulated(builder, inputs, active, tables, results, terms)


class _Accumulation:
    """One pass over a tape: `new` are its values on the builder's, `terms` their derivatives."""

    def __init__(
        self, tape: Tape, tables: Tables, integers: Integers, in_loop: bool = False
    ) -> None:
        self.tape, self.tables, self.builder = tape, tables, tables.builder
        self.integers, self.in_loop = integers, in_loop
        self.new: list[Value | None] = []
        self.terms: dict[int, Terms] = {}
        self.guarded: set[int] = set()
        self.parts: dict[int, tuple[Sequence[Value], Sequence[Terms]]] = {}

    def run(
        self, inputs: Sequence[Value], begun: Sequence[Terms]
    ) -> tuple[list[Value], list[Terms]]:
        """The results and their terms, for these values of the inputs and their terms."""
        tape = self.tape
        bound = dict(zip(tape.inputs, zip(inputs, begun, strict=True), strict=True))
        for i, instr in enumerate(tape.instrs):
            self.builder.line = instr.line
            if i in bound:
                value, self.terms[i] = bound[i]
                self.new.append(value)
            elif isinstance(instr.op, Control):
                self.new.append(None)
                self.parts[i] = self._control(instr)
            elif instr.op is part:
                values, terms = self.parts[instr.args[0]]
                self.new.append(values[instr.params[0]])
                self.terms[i] = terms[instr.params[0]]
            else:
                args = tuple([self._value(j).index for j in instr.args])
                self.new.append(self.builder.value(self.builder.copy(instr, args)))
                self._derive(i, instr)
        return [self._value(i) for i in tape.outputs], [self._of(i) for i in tape.outputs]

    def _value(self, i: int) -> Value:
        found = self.new[i]
        assert found is not None
        return found

    def _of(self, i: int) -> Terms:
        return self.terms.get(i, ())

    def _derive(self, i: int, instr: Instr) -> None:
        """The terms of an instruction's result, if any of its operands has some."""
        terms = [self._of(j) for j in instr.args]
        if not is_active(instr) or not any(terms):
            return
        if instr.dtype.kind == "c":
            raise DifferentiationError(
                "a sparse Jacobian of complex numbers",
                remedy="write it of real and imaginary parts, or leave sparse=True out",
                line=instr.line,
            )
        if isinstance(instr.op, Elementwise):
            found = self._elementwise(i, instr, terms)
        elif instr.op in RULES and self._knows_places(instr):
            operands = [self._value(j) for j in instr.args]
            call = Known(instr, operands, self._value(i), self.tables, self.integers.of)
            found = RULES[instr.op](call, terms)
        else:
            (self.new[i],), (found,) = self._vertex(instr, plain(terms))
        found = merged(found)
        _check(instr, sum(math.prod(term.coefficients.shape) for term in found))
        self.terms[i] = found

    # -- elementwise -----------------------------------------------------------------------------

    def _elementwise(self, i: int, instr: Instr, terms: Sequence[Terms]) -> list[Term]:
        op = instr.op
        assert isinstance(op, Elementwise)
        operands, result = [self._value(j) for j in instr.args], self._value(i)
        found: list[Term] = []
        for j, own in enumerate(terms):
            if not own or op.partials[j] is None:
                continue
            c = partial(op, j, operands, result)
            for term in self._taken(instr, j, own):
                if isinstance(c, RealLinear):  # which may hold operands: those of these rows
                    *at, v = (term.at_rows(x, self.tables) for x in (*operands, result))
                    new = term.scaled(partial(op, j, at, v), self.tables)
                else:
                    new = term.scaled(c, self.tables)
                coefficients = None if new is None else typed(new.coefficients, instr.dtype)
                if new is not None and coefficients is not None:
                    found.append(new._replace(coefficients=coefficients))
        return found

    def _taken(self, instr: Instr, j: int, terms: Terms) -> Terms:
        """The terms of operand j, less the rows that a condition which no input decides drops."""
        condition = self.integers.constant_of(instr.args[0]) if instr.op is ew.where else None
        if condition is None:
            return terms
        dropped = (condition if j == 2 else ~condition).ravel()
        kept = (term.without(dropped, self.tables) for term in terms)
        return tuple(term for term in kept if term is not None)

    # -- places that are integers ----------------------------------------------------------------

    def _knows_places(self, instr: Instr) -> bool:
        """Whether the integers are known at which an instruction reads or writes, if it does; what
        inputs decide of them is guarded."""
        if instr.op not in LOOKS_UP:
            return True
        i = instr.args[1]
        found = self.integers.of(i)
        if found is None or self.integers.constant[i] or i in self.guarded:
            return found is not None
        self.guarded.add(i)
        _guard_numbers(self._value(i), found, self.tables)
        return True

    # -- what is differentiated by itself --------------------------------------------------------

    def _control(self, instr: Instr) -> Results:
        """The results of a control op, and their terms."""
        terms = plain([self._of(j) for j in instr.args])
        if any(terms):
            return self._vertex(instr, terms)
        values = [self._value(j) for j in instr.args]
        results = record(self.builder, instr.op, values, instr.params[0])  # type: ignore[arg-type]
        return results, [()] * len(results)

    def _vertex(self, instr: Instr, terms: Sequence[Terms]) -> Results:
        if isinstance(instr.op, Control):
            found = self._region(instr, terms)
            if found is not None:
                return found
        if self.in_loop:
            raise _FullError
        values = [self._value(j) for j in instr.args]
        pairs = zip(values, terms, strict=True)
        varied = sum(x.size * math.prod(term.several) for x, own in pairs for term in own)
        types = [(instr.shape, instr.dtype)]
        if isinstance(instr.op, Control):
            types = instr.op.results(instr.params[0], *values)
        if any(DYNAMIC in shape for shape, _ in types):
            raise DifferentiationError(
                "second derivatives, as a sparse matrix, of a loop that ends when values say so",
                remedy="give the loop a number of turns, or leave sparse=True out",
                line=instr.line,
            )
        _check_work(instr, varied * sum(math.prod(shape) for shape, _ in types))
        return vertex(instr, values, terms, self.tables)

    def _region(self, instr: Instr, terms: Sequence[Terms]) -> Results | None:
        """A branch or a loop whose terms go through it; None where they cannot."""
        form, values = instr.params[0], [self._value(j) for j in instr.args]
        known = [self.integers.constant_of(j) for j in instr.args]
        if isinstance(form, Switch):
            given = {k: x for k, x in enumerate(known[1:]) if x is not None}
            if known[0] is not None:
                tape = form.branches[min(max(int(known[0]), 0), len(form.branches) - 1)]
                tape = straight(tape)
                inside = Integers(tape, given, fixed=True)
                sweep = _Accumulation(tape, self.tables, inside, self.in_loop)
                return sweep.run(values[1:], terms[1:])
            enter = _entry(given, self.in_loop)
            return None if terms[0] else through_switch(form, values, terms, enter, self.tables)
        if isinstance(form, Loop):
            given = {1 + k: x for k, x in enumerate(known[: form.consts]) if x is not None}
            try:
                return through_loop(form, values, terms, _entry(given, True), self.tables)
            except _FullError:
                return None
        return None


class _FullError(Exception):
    """Within a loop all elements of a result depend on all of an operand."""


def _entry(given: Mapping[int, np.ndarray], in_loop: bool) -> Enter:
    """How a sub-tape is gone through, of whose inputs these are known."""

    def enter(tape: Tape, terms: Sequence[Terms]) -> Region:
        tape = straight(tape)
        builder, inputs = same_inputs(tape, len(tape.inputs))
        begun: list[Terms] = []
        for own in terms:
            moved = [(x, x.coefficients) for x in own]
            new = [
                x._replace(coefficients=builder.input(f"d{k}", c.shape, c.dtype))
                for k, (x, c) in enumerate(moved)
            ]
            begun.append(tuple(new))
        tables = Tables(builder)
        sweep = _Accumulation(tape, tables, Integers(tape, given, fixed=True), in_loop)
        results, found = sweep.run(inputs, begun)
        moving = [x.coefficients for own in begun for x in own]
        return Region(builder, inputs, moving, tables, results, plain(found))

    return enter


def _guard_numbers(x: Value, expected: np.ndarray, tables: Tables) -> None:
    """Have the tape ask whether integers are these. A path is known by what its guards expect: by a
    mark of all of them, before they are compared."""
    count = expected.size
    flat = x if x.shape == (count,) else st.reshape(x, shape=(count,))
    number = st.iota_on(x, (count,), 0)
    spread = ew.add(ew.mul(number, ew.add(number, _MARK)), 1)
    mark = st.reduce_sum(ew.mul(flat, spread), axes=(0,))
    with np.errstate(over="ignore"):
        n = np.arange(count)
        wanted = np.sum(expected.ravel() * (n * (n + _MARK) + 1), dtype=np.int64)
    st.guard(mark, expected=wanted.tobytes(), error=None, asker=None)
    same = ew.eq(flat, tables.value(expected.ravel()))
    st.guard(st.reduce_all(same, axes=(0,)), expected=_TRUE, error=None, asker=None)


def _check(instr: Instr, entries: int) -> None:
    if entries > MOST:
        raise ShapeError(
            f"a sparse Jacobian of {entries} entries, here of {instr.op.name}",
            remedy="its rows are nearly full: use jvp, vjp or hvp, which need no matrix",
            line=instr.line,
        )


def _check_work(instr: Instr, entries: int) -> None:
    if entries <= WORK:
        return
    remedy = "its rows are nearly full: use jvp, vjp or hvp, which need no matrix"
    if isinstance(instr.op, Control) or instr.op in LOOKS_UP:
        remedy = "write the loop as operations of NumPy on whole arrays, or leave sparse=True out"
    raise ShapeError(
        f"a sparse Jacobian composed of {entries} entries, here of {instr.op.name}",
        remedy=remedy,
        line=instr.line,
    )
