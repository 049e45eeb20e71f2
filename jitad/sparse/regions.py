"""Switches and loops -> the same over values and coefficients: terms go through what they hold.

A branch computes the terms that any branch has; a turn of a loop hands on those that any turn has,
which are found by going through the body until there are no new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import DYNAMIC, INT64
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.ops.control import Loop, loop, record, switch
from jitad.ops.control.loop import grouped
from jitad.ops.control.parts import rewired, type_of
from jitad.ops.control.switch import Switch
from jitad.sparse.places import Tables
from jitad.sparse.terms import Term, Terms, is_same

ROUNDS = 8
"""Times that the body of a loop is gone through, at most."""


@dataclass(frozen=True, eq=False)
class Region:
    """A sub-tape gone through: `moving` are the coefficients that it is given, after its inputs."""

    builder: Builder
    inputs: Sequence[Value]
    moving: Sequence[Value]
    tables: Tables
    results: Sequence[Value]
    terms: Sequence[Terms]

    def outputs(self, joint: Sequence[Terms]) -> list[list[Value]]:
        """For each result the coefficients of these terms, zeros of those that it has not."""
        return [
            [_among(own, term, self.builder) for term in wanted]
            for wanted, own in zip(joint, self.terms, strict=True)
        ]


Enter = Callable[[Tape, Sequence[Terms]], Region]
"""Goes through a sub-tape, given the terms of its inputs."""

Results = tuple[Sequence[Value], Sequence[Terms]]


def union(old: Terms, new: Terms) -> Terms:
    """The terms of both, each once."""
    return (*old, *(x for x in new if not any(is_same(x, y) for y in old)))


def through_switch(
    form: Switch, operands: Sequence[Value], terms: Sequence[Terms], enter: Enter, tables: Tables
) -> Results:
    """A switch whose index has no derivative."""
    regions = [enter(tape, terms[1:]) for tape in form.branches]
    joint: list[Terms] = [()] * len(regions[0].results)
    for region in regions:
        joint = [union(old, new) for old, new in zip(joint, region.terms, strict=True)]
    branches: list[Tape] = []
    for region in regions:
        rest = [x for own in region.outputs(joint) for x in own]
        first = [*region.inputs, *region.moving]
        order = [x.index for x in (*first, *region.tables.inputs)]
        tape = region.builder.finish([x.index for x in (*region.results, *rest)], order)
        places: list[int | tuple[tuple[int, ...], np.dtype]] = [*range(len(first))]
        for other in regions:
            for n, table in enumerate(other.tables.arrays):
                places.append(len(first) + n if other is region else (table.shape, INT64))
        branches.append(rewired(tape, places, range(len(tape.outputs))))
    read = [tables.value(x) for region in regions for x in region.tables.arrays]
    args = [*operands, *_coefficients(terms), *read]
    found = record(operands[0].builder, switch, args, Switch(tuple(branches)))
    rest = iter(found[len(joint) :])
    return found[: len(joint)], [_renewed(own, rest) for own in joint]


def through_loop(
    form: Loop, operands: Sequence[Value], terms: Sequence[Terms], enter: Enter, tables: Tables
) -> Results | None:
    """A loop; None where the terms of its turns are not always the same."""
    consts, carried, stacks, turns = grouped(form, terms)
    if any(stacks) or any(turns):
        return None
    for _ in range(ROUNDS):
        region = enter(form.body, [(), *consts, *carried, *stacks])
        pairs = zip(carried, region.terms[: form.carries], strict=True)
        more = [union(old, new) for old, new in pairs]
        if [len(own) for own in more] == [len(own) for own in carried]:
            break
        carried = more
    else:
        return None
    if form.length == DYNAMIC and any(region.terms[form.carries :]):
        return None
    return _recorded(form, operands, (consts, carried, list(terms)), region, tables)


def _recorded(
    form: Loop,
    operands: Sequence[Value],
    terms: tuple[list[Terms], list[Terms], list[Terms]],
    region: Region,
    tables: Tables,
) -> Results:
    """The loop over values and coefficients; `terms` are those of the consts, those that the
    carries have in any turn, and those of the operands."""
    consts, carried, given = terms
    joint = [*carried, *region.terms[form.carries :]]
    still = sum(map(len, consts))
    turn, *inputs = region.inputs
    held, values, rows, _ = grouped(form, inputs)
    order = [turn, *held, *region.moving[:still], *region.tables.inputs]
    order += [*values, *region.moving[still:], *rows]
    outputs = region.outputs(joint)
    after = [x for own in outputs[: form.carries] for x in own]
    stacked = [x for own in outputs[form.carries :] for x in own]
    results = [*region.results[: form.carries], *after, *region.results[form.carries :], *stacked]
    body = region.builder.finish([x.index for x in results], [x.index for x in order])
    own, begun, xs, count = grouped(form, operands)
    builder = operands[0].builder
    more = [*_coefficients(consts), *(tables.value(x) for x in region.tables.arrays)]
    pairs = zip(grouped(form, given).carries, carried, strict=True)
    first = [_among(mine, x, builder) for mine, every in pairs for x in every]
    condition = form.condition
    if condition is not None:
        places = range(form.consts), range(form.consts, form.consts + form.carries)
        kinds = list(map(type_of, more)), list(map(type_of, first))
        condition = rewired(condition, [*places[0], *kinds[0], *places[1], *kinds[1]], [0])
    new = replace(
        form,
        body=body,
        condition=condition,
        consts=form.consts + len(more),
        carries=form.carries + len(first),
    )
    found = record(builder, loop, [*own, *more, *begun, *first, *xs, *count], new)
    return _results(form, found, joint, len(first), region)


def _among(terms: Terms, wanted: Term, builder: Builder) -> Value:
    """The coefficients that terms have of one, zeros where they have none."""
    like = wanted.coefficients
    found = next((x.coefficients for x in terms if is_same(x, wanted)), None)
    return builder.const(0, like.shape, like.dtype) if found is None else found


def _results(
    form: Loop, found: Sequence[Value], joint: Sequence[Terms], more: int, region: Region
) -> Results:
    """The results of a loop, and their terms, of those that are recorded."""
    last = form.carries + more
    turns = list(found[last : last + (form.count is None)])
    stacks = found[last + len(turns) :]
    rows = len(joint) - form.carries
    after, stacked = iter(found[form.carries : last]), iter(stacks[rows:])
    terms = [_renewed(own, after) for own in joint[: form.carries]]
    sizes = [x.size for x in region.results[form.carries :]]
    wide = [
        tuple([_stacked(x, next(stacked), size) for x in own])
        for own, size in zip(joint[form.carries :], sizes, strict=True)
    ]
    return [*found[: form.carries], *turns, *stacks[:rows]], [*terms, *(() for _ in turns), *wide]


def _stacked(term: Term, coefficients: Value, size: int) -> Term:
    """The term of a stack, of that of a row of so many elements."""
    count, lead, ndim = coefficients.shape[0], len(term.several), term.coefficients.ndim
    perm = (*range(1, lead + 1), 0, *range(lead + 1, ndim + 1))
    first = (size * np.arange(count)).reshape((count, *(1 for _ in term.rows.shape)))
    made = Term(
        term.leaf,
        first + term.rows,
        np.expand_dims(term.aligned, lead),
        st.transpose(coefficients, perm=perm),
    )
    return made.flat() if term.repeated else made


def _coefficients(terms: Sequence[Terms]) -> list[Value]:
    return [term.coefficients for own in terms for term in own]


def _renewed(terms: Terms, coefficients: Iterator[Value]) -> Terms:
    return tuple([x._replace(coefficients=next(coefficients)) for x in terms])
