"""A loop, run once at the point of the trace, to meet all paths that its turns take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count as naturals
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.guards import concrete
from jitad.functions.control.paths import is_guarded
from jitad.ir.builder import Machine
from jitad.ir.value import Value
from jitad.ops.control import Loop, loop
from jitad.ops.control.loop import grouped
from jitad.ops.control.parts import alone


class Met(NamedTuple):
    """Arguments of a function at which it takes a path that is not known; whether that is the
    loop's condition."""

    asking: bool
    arguments: Sequence[Any]


_TOGETHER = 4096
"""Turns that do not depend on each other are run so many at a time."""


def rehearse(form: Loop, operands: Sequence[Value]) -> Met | None:
    """The first turn that takes a path which the body, or the condition, was not traced on."""
    tapes = [form.body] if form.condition is None else [form.body, form.condition]
    if not any(map(is_guarded, tapes)):
        return None
    consts, carries, xs, turns = grouped(form, [concrete(x) for x in operands])
    machine = _machine(operands)
    run, *asked = [machine(tape) for tape in tapes]
    number = form.count if form.count is not None else int(turns[0]) if turns else None
    order: Any = naturals() if number is None else range(number)
    if number is not None and number > _TOGETHER and _by_rows(form):
        order = _first_that_refuse(form, consts, xs, number, machine)
    for i in reversed(order) if form.backward else order:
        if asked:
            goes_on = asked[0]([*consts, *carries])
            if goes_on is None:
                return Met(True, carries)
            if not goes_on[0]:
                return None
        rows = [x[i] for x in xs]
        results = run([np.int64(i), *consts, *carries, *rows])
        if results is None:
            return Met(False, [np.int64(i), *carries, *rows])
        carries = results[: form.carries]
    return None


def _machine(operands: Sequence[Value]) -> Machine:
    machine = operands[0].builder.machine
    assert machine is not None
    return machine


def _by_rows(form: Loop) -> bool:
    """Whether a turn depends on its rows alone."""
    return form.is_apart and not form.body.users()[form.body.inputs[0]] and bool(form.body.outputs)


def _first_that_refuse(
    form: Loop,
    consts: Sequence[np.ndarray],
    xs: Sequence[np.ndarray],
    number: int,
    machine: Machine,
) -> range:
    """Turns among which one takes a path that is not known; none where all paths are."""
    rows = [x[:_TOGETHER] for x in xs]
    types = [(np.shape(x), np.asarray(x).dtype) for x in (*consts, *rows)]
    some = replace(form, count=_TOGETHER, snapshots=None)
    run = machine(alone(loop, some, types))
    for start in range(0, number, _TOGETHER):
        first = min(start, number - _TOGETHER)
        if run([*consts, *(x[first : first + _TOGETHER] for x in xs)]) is None:
            return range(first, first + _TOGETHER)
    return range(0)
