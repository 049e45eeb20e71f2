"""Tape -> between which numbers its integers and truths lie, whatever the data.

Interval arithmetic, of loops up to what their turns leave as it is (Cousot and Cousot, POPL 1977).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from jitad.ir.op import INT64, Control, DType, Op
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Loop, block, loop, part, switch
from jitad.ops.control.loop import grouped
from jitad.ops.intervals import FAR, STEP, Known, Range, fitting, of_none, of_result, union

__all__ = ["Known", "Range", "inside", "ranges"]


_found: WeakKeyDictionary[Tape, dict[tuple[Known, ...], list[Known]]] = WeakKeyDictionary()
"""What was found of a tape, kept with it: nests of control ops are asked at each depth."""


def ranges(tape: Tape, inputs: Sequence[Known]) -> list[Known]:
    """The range of each instruction, from those of the inputs."""
    known, key = _found.setdefault(tape, {}), tuple(inputs)
    if key not in known:
        known[key] = _ranges(tape, inputs)
    return known[key]


def _ranges(tape: Tape, inputs: Sequence[Known]) -> list[Known]:
    found: list[Known] = [None] * len(tape.instrs)
    results: dict[int, Sequence[Known]] = {}
    for i, known in zip(tape.inputs, inputs, strict=True):
        found[i] = known
    sums = any(known is not None and known.sums for known in inputs)
    for i, instr in enumerate(tape.instrs):
        if instr.op in _TAPES:
            results[i] = _TAPES[instr.op](tape, instr, found)[1]
        elif instr.op is part and instr.args[0] in results:
            found[i] = results[instr.args[0]][instr.params[0]]
        elif instr.dtype.kind in "biu" and instr.args:
            known = of_result(instr, _operands(tape, instr, found))
            if sums and instr.op is ew.add:
                known = _in_sum(tape, instr, found, known)
            found[i] = fitting(known, instr.dtype)
        elif instr.dtype.kind in "biu":
            found[i] = found[i] or of_none(instr)
    return found


def _operands(tape: Tape, instr: Instr, found: Sequence[Known]) -> list[Known]:
    """The ranges of operands; where x + y is compared with x, those of y and 0."""
    known = [found[j] for j in instr.args]
    if instr.op not in _BELOW or None in known:
        return known
    nothing: Known = Range(0, 0)
    for k, other in ((0, 1), (1, 0)):
        made = tape.instrs[_plain(tape, instr.args[k])]
        parts = [_plain(tape, j) for j in made.args] if made.op is ew.add else []
        base = _plain(tape, instr.args[other])
        if base in parts and made.dtype == INT64:
            rest = found[parts[1 - parts.index(base)]]
            return [rest, nothing] if k == 0 else [nothing, rest]
    return known


def _in_sum(tape: Tape, instr: Instr, found: Sequence[Known], known: Known) -> Known:
    """The range of a sum, which may be of the number of a turn and of what it is counted from."""
    x, y = (_plain(tape, j) for j in instr.args)
    most = [_sums(tape, found, a).get(b) for a, b in ((x, y), (y, x))]
    bounds = [m for m in most if m is not None]
    if known is None or not bounds:
        return known
    return Range(known.low, max(known.low, min(known.high, *bounds)))


def _sums(tape: Tape, found: Sequence[Known], i: int) -> dict[int, int]:
    """What a value and others are at most together: an input and those that its range names, or
    the turns from a start to a stop, 0 at least, and the start."""
    known = found[i]
    if tape.instrs[i].op is INPUT:
        return {} if known is None else {tape.inputs[k]: most for k, most in known.sums}
    at_least = False
    while tape.instrs[i].op is ew.maximum:
        x, y = tape.instrs[i].args
        if tape.instrs[y].op is not CONST or tape.instrs[y].params[0] != 0:
            return {}
        i, at_least = _plain(tape, x), True
    if tape.instrs[i].op is not ew.sub or tape.instrs[i].dtype != INT64:
        return {}
    stop, start = (found[j] for j in tape.instrs[i].args)
    if stop is None or start is None:
        return {}
    place = _plain(tape, tape.instrs[i].args[1])
    return {place: max(stop.high, start.high) if at_least else stop.high}


def _plain(tape: Tape, i: int) -> int:
    """What a value is but for a step that changes nothing: + 0, * 1, the shape of a number."""
    while True:
        instr = tape.instrs[i]
        if instr.op is st.reshape and not instr.shape:
            (i,) = instr.args
            continue
        neutral = _NEUTRAL.get(instr.op)
        if neutral is None:
            return i
        x, y = instr.args
        numbers = [tape.instrs[j].params[0] if tape.instrs[j].op is CONST else None for j in (x, y)]
        if numbers[1] == neutral:
            i = x
        elif numbers[0] == neutral and instr.op is not ew.sub:
            i = y
        else:
            return i


_NEUTRAL: dict[Op, int] = {ew.add: 0, ew.sub: 0, ew.mul: 1}


def inside(tape: Tape, instr: Instr, found: Sequence[Known]) -> list[list[Known]]:
    """Of each sub-tape of a control op in a tape the ranges of its inputs."""
    if instr.op in _TAPES:
        return _TAPES[instr.op](tape, instr, found)[0]
    assert isinstance(instr.op, Control)
    tapes = instr.op.tapes(instr.params[0])
    return [[None] * len(inner.inputs) for inner in tapes]


# -- control ops -----------------------------------------------------------------------------------

Inside = tuple[list[list[Known]], list[Known]]
"""Of each sub-tape the ranges of its inputs, and those of the results."""


def _outputs(tape: Tape, inputs: Sequence[Known]) -> list[Known]:
    found = ranges(tape, inputs)
    return [found[i] for i in tape.outputs]


def _of_block(tape: Tape, instr: Instr, found: Sequence[Known]) -> Inside:
    operands = [_bare(found[j]) for j in instr.args]
    return [operands], _outputs(instr.params[0].tape, operands)


def _of_switch(tape: Tape, instr: Instr, found: Sequence[Known]) -> Inside:
    branches = instr.params[0].branches
    inputs: list[list[Known]] = []
    for k in range(len(branches)):
        here = _in_branch(tape, instr, k, found)
        inputs.append([_bare(here.get(j, found[j])) for j in instr.args[1:]])
    results = [_outputs(inner, known) for inner, known in zip(branches, inputs, strict=True)]
    return inputs, [union(*column) for column in zip(*results, strict=True)]


def _in_branch(tape: Tape, instr: Instr, k: int, found: Sequence[Known]) -> dict[int, Known]:
    """What is known beside, where a switch takes branch k, of two."""
    index = tape.instrs[instr.args[0]]
    is_truth = index.op is ew.cast and tape.instrs[index.args[0]].dtype.kind == "b"
    if not is_truth or len(instr.params[0].branches) != 2:
        return {}
    return _assumed(tape, found, index.args[0], k == 1)


def _of_loop(tape: Tape, instr: Instr, found: Sequence[Known]) -> Inside:
    form: Loop = instr.params[0]
    consts, init, xs, turns = grouped(form, [_bare(found[j]) for j in instr.args])
    together = [
        None if x is None else Range(x.low, x.high, _together(tape, instr, found, j))
        for x, j in zip(consts, instr.args, strict=False)
    ]
    last = form.count if form.count is not None else FAR
    if turns and turns[0] is not None:
        last = max(1, turns[0].high)
    counted = _together(tape, instr, found, instr.args[-1], less=1) if turns else ()
    turn = Range(0, max(0, last - 1), counted)
    dtypes = [form.body.instrs[i].dtype for i in form.body.outputs[: form.carries]]
    begin, ends = init, _ends(init)
    while True:
        inner = [turn, *together, *_met(form, consts, begin), *xs]
        known = ranges(form.body, inner)
        goes_on = _going_on(form, known)
        after = [known[i] for i in form.body.outputs]
        again = [goes_on.get(i, known[i]) for i in form.body.outputs[: form.carries]]
        wide = [_wider(x, y, t, ends) for x, y, t in zip(begin, again, dtypes, strict=True)]
        if wide == begin:
            break
        begin = wide
    carries = [union(x, y) for x, y in zip(init, after[: form.carries], strict=True)]
    middle = [Range(0, FAR)] if form.count is None else []
    asked = (
        []
        if form.condition is None
        else [[*consts, *(union(*x) for x in zip(begin, carries, strict=True))]]
    )
    return [inner, *asked], [*carries, *middle, *after[form.carries :]]


def _together(
    tape: Tape, instr: Instr, found: Sequence[Known], i: int, less: int = 0
) -> tuple[tuple[int, int], ...]:
    """The places in a loop's body of consts, and how much these and operand i are at most."""
    sums = _sums(tape, found, _plain(tape, i))
    consts = instr.args[: instr.params[0].consts] if sums else ()
    places = enumerate((_plain(tape, j) for j in consts), 1)
    return tuple((k, sums[j] - less) for k, j in places if j in sums)


def _bare(known: Known) -> Known:
    return None if known is None else Range(known.low, known.high)


def _ends(known: Sequence[Known]) -> tuple[list[int], list[int]]:
    """Up to where carries may go: the ends of all that a loop begins with, as in a search; 1 and 0,
    above which a loop goes on that counts down, or halves; and what no loop counts to.
    (Widening with thresholds: Blanchet et al., PLDI 2003.)"""
    there = [x for x in known if x is not None] or [Range(-FAR, FAR)]
    low = sorted({min(x.low for x in there), 1, 0}, reverse=True)
    return [*low, -FAR], [max(x.high for x in there), FAR]


def _wider(before: Known, after: Known, dtype: DType, ends: tuple[list[int], list[int]]) -> Known:
    """A carry's range: as far as the next end, where a turn leaves the one before."""
    if before is None or after is None or dtype.kind not in "biu":
        return None
    if dtype.kind == "b":
        return union(before, after)
    falls, rises = after.low < before.low, before.high < after.high
    if not (falls or rises):
        return before
    is_lost = (falls and before.low <= -FAR) or (rises and before.high >= FAR)
    if is_lost or dtype != INT64:
        return None
    low = next((x for x in ends[0] if x <= after.low), -FAR)
    high = next((x for x in ends[1] if x >= after.high), FAR)
    return Range(low if falls else before.low, high if rises else before.high)


def _met(form: Loop, consts: Sequence[Known], carries: Sequence[Known]) -> list[Known]:
    """The ranges of carries where the condition holds."""
    tape = form.condition
    if tape is None:
        return list(carries)
    found = ranges(tape, [*consts, *carries])
    known = _assumed(tape, found, tape.outputs[0], True)
    places = tape.inputs[form.consts :]
    return [known.get(i, x) for i, x in zip(places, carries, strict=True)]


def _going_on(form: Loop, found: Sequence[Known]) -> dict[int, Known]:
    """What is known beside of a turn after which the loop goes on: of a carry that must then be a
    certain number, and that only one branch makes this number, that the branch was taken."""
    if form.condition is None:
        return {}
    asked, body = form.condition, form.body
    place = {i: k for k, i in enumerate(asked.inputs[form.consts :])}
    known: dict[int, Known] = {}
    for i in _all_of(asked, asked.outputs[0]):
        instr = asked.instrs[i]
        if instr.op is not ew.eq or instr.args[0] not in place:
            continue
        number, made = asked.instrs[instr.args[1]], body.outputs[place[instr.args[0]]]
        if number.op is CONST and body.instrs[made].op is part:
            known |= _where_part_is(body, found, body.instrs[made], number.params[0])
    return known


def _where_part_is(
    tape: Tape, found: Sequence[Known], result: Instr, number: int
) -> dict[int, Known]:
    """What is known beside, where a result of a switch is that number."""
    instr = tape.instrs[result.args[0]]
    if instr.op is not switch:
        return {}
    inputs = _of_switch(tape, instr, found)[0]
    possible: list[int] = []
    for k, inner in enumerate(instr.params[0].branches):
        place: int = result.params[0]
        known = _outputs(inner, inputs[k])[place]
        if known is None or known.low <= number <= known.high:
            possible.append(k)
    return _in_branch(tape, instr, possible[0], found) if len(possible) == 1 else {}


def _all_of(tape: Tape, i: int) -> list[int]:
    """The conditions that all hold where a truth does."""
    found: list[int] = []
    waiting = [i]
    while waiting:
        i = waiting.pop()
        if tape.instrs[i].op is ew.logical_and:
            waiting += tape.instrs[i].args
        else:
            found.append(i)
    return found


def _assumed(tape: Tape, found: Sequence[Known], i: int, holds: bool) -> dict[int, Known]:
    """The ranges of what comparisons are of, where a truth holds or does not."""
    known: dict[int, Known] = {}
    for j in _all_of(tape, i) if holds else [i]:
        instr = tape.instrs[j]
        if instr.op is ew.logical_not and instr.dtype.kind == "b":
            known |= _assumed(tape, found, instr.args[0], not holds)
        apart = _BELOW.get(instr.op)
        if apart is None or tape.instrs[instr.args[0]].dtype.kind not in "iu":
            continue
        x, y = instr.args
        if not holds:
            x, y, apart = y, x, 1 - apart if apart >= 0 else -3 - apart
        x, y, apart = (x, y, apart) if apart >= 0 else (y, x, -1 - apart)
        _bound(known, found, x, None, y, apart)
        _bound(known, found, y, x, None, apart)
    return known


_BELOW: dict[Op, int] = {ew.lt: 1, ew.le: 0, ew.gt: -2, ew.ge: -1}
"""Comparisons: by how much the first is below the second at least; -1 - that of the opposite."""


def _bound(
    known: dict[int, Known], found: Sequence[Known], i: int, above: int | None, below: int | None,
    step: int,
) -> None:  # fmt: skip
    """Note that i lies by a step above or below another."""
    before = known.get(i, found[i])
    low, high = (-FAR - STEP, FAR + STEP) if before is None else before[:2]
    least = None if above is None else found[above]
    most = None if below is None else found[below]
    low = low if least is None else max(low, least.low + step)
    high = high if most is None else min(high, most.high - step)
    if before is not None and low <= high:
        known[i] = Range(low, high)


_TAPES: dict[Op, Callable[[Tape, Instr, Sequence[Known]], Inside]] = {
    block: _of_block,
    loop: _of_loop,
    switch: _of_switch,
}
