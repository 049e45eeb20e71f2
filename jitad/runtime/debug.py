"""Where the first number that is not finite came from: a program run again, op by op, in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from jitad.frontend.pytree import flatten
from jitad.ir.builder import run
from jitad.ir.errors import NonFiniteError
from jitad.ir.op import Elementwise
from jitad.ir.tape import Instr, Tape, type_name
from jitad.passes.straighten import straighten
from jitad.runtime.locks import LOCK
from jitad.runtime.plan import Plan


class _Debugging:
    """How many `debug_nans` blocks are open, in any thread."""

    def __init__(self) -> None:
        self.blocks = 0
        self.lock = LOCK


_debugging = _Debugging()


def is_debugging() -> bool:
    """Whether results are to be checked."""
    return _debugging.blocks > 0


@contextmanager
def debugging() -> Iterator[None]:
    """Check results while the block runs."""
    with _debugging.lock:
        _debugging.blocks += 1
    try:
        yield
    finally:
        with _debugging.lock:
            _debugging.blocks -= 1


def check_finite(result: Any, plan: Plan, leaves: Sequence[Any]) -> None:
    """Raise NonFiniteError where a result is not finite; it names the op where that began."""
    if all(_is_finite(x) for x in flatten(result)[0]):
        return
    arrays = [np.asarray(x) for x in (*leaves, *plan.captured)]
    _find(plan, arrays)


def _is_finite(x: Any) -> bool:
    array = np.asarray(x)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _find(plan: Plan, arrays: Sequence[Any]) -> None:
    """Run the tape to the first op that makes a number that is not finite out of finite ones."""
    tape = straighten(plan.tape, arrays)
    bound = dict(zip(tape.inputs, arrays, strict=True))
    results: list[Any] = []
    for i, instr in enumerate(tape.instrs):
        results.append(bound[i] if i in bound else run(instr, results))
        if not _is_finite(results[i]) and all(_is_finite(results[j]) for j in instr.args):
            raise _error(plan, tape, i, instr, results)


def _error(plan: Plan, tape: Tape, i: int, instr: Instr, results: Sequence[Any]) -> NonFiniteError:
    array = np.asarray(results[i])
    places = np.argwhere(~np.isfinite(array))
    place = tuple(int(k) for k in places[0])
    where = f" at index {place}" if place else ""
    if i in tape.inputs:
        number = tape.inputs.index(i)
        owner = "an argument" if number < len(plan.leaves) else "a closed-over array"
        return NonFiniteError(
            f"{owner}, {instr.params[0]}: {type_name(instr)}, is {array[place]}{where}",
            remedy="pass finite numbers",
        )
    kind = "the value or a derivative"
    if plan.values is not None and tape is plan.tape:
        kind = "the value" if i < plan.values else "a derivative"
    operands = ""
    if isinstance(instr.op, Elementwise):
        operands = ", of " + ", ".join(str(np.asarray(results[j])[place]) for j in instr.args)
    return NonFiniteError(
        f"{kind} is not finite: {instr.op.name} gave {array[place]}{where} of "
        f"{type_name(instr)}{operands}",
        remedy="keep its operands where it and its derivative are finite, for example by "
        "np.where, np.clip, or a small number added",
        line=instr.line,
    )
