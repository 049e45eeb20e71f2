"""Tape -> Tape: without branches: all are computed, and the results of the one taken are selected.

What a branch adds to or puts into an array that is `carried` stays an update of that array: of
nothing, or of what is there already, where another branch is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from jitad.ir.builder import Builder
from jitad.ir.op import BOOL, INT64, Control
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Switch, part, record, switch
from jitad.ops.control.parts import LOOKS_UP, input_types
from jitad.passes.ranges import Known, ranges


class ApartError(Exception):
    """Branches leave arrays that are not one array with updates."""


def select(tape: Tape, known: Sequence[Known], carried: Sequence[int]) -> Tape:
    """The tape without branches, and one more output: how many guards fail, an integer.

    `known` are the ranges of the inputs, `carried` positions of those that may be updated.
    """
    line = _Line()
    inputs = [line.builder.input(f"x{k}", *kind) for k, kind in enumerate(input_types(tape))]
    line.home = {inputs[k].index: inputs[k].index for k in carried}
    results = line.go(tape, inputs, known, None)
    return line.builder.finish([x.index for x in [*results, line.failed]])


def base(instr: Instr, home: dict[int, int]) -> int | None:
    """The operand that an update changes, or a reshape shows, if that is in `home`: its place."""
    if instr.op in (*st.UPDATES, st.reshape):
        return 0 if instr.args[0] in home else None
    if instr.op is ew.increment or (instr.op is ew.add and instr.dtype.kind in "iu"):
        found = [k for k, j in enumerate(instr.args) if j in home]
        return found[0] if len(found) == 1 else None
    return None


class _Line:
    """A tape being written; `failed` is how many guards do not hold where they are met.

    `home` says of each value that is a carried input with updates which input that is, and
    `below` of each update the value that it changes.
    """

    def __init__(self) -> None:
        self.builder = Builder()
        self.failed = self.builder.const(0, (), INT64)
        self.home: dict[int, int] = {}
        self.below: dict[int, int] = {}

    def go(
        self, tape: Tape, inputs: Sequence[Value], known: Sequence[Known], taken: Value | None
    ) -> list[Value]:
        """Write what a tape does where it is `taken`, always if that is None; its results."""
        found = ranges(tape, known)
        values: dict[int, Value] = dict(zip(tape.inputs, inputs, strict=True))
        bundles: dict[int, list[Value]] = {}
        for i, instr in enumerate(tape.instrs):
            self.builder.line = instr.line
            operands = [values[j] for j in instr.args if j not in bundles]
            if i in values:
                continue
            if instr.op is part:
                values[i] = bundles[instr.args[0]][instr.params[0]]
            elif instr.op is switch:
                below = [found[j] for j in instr.args[1:]]
                bundles[i] = self._switch(instr.params[0], operands, below, taken)
            elif instr.op is st.guard:
                self._guard(operands[0], instr.params[0], taken)
            elif isinstance(instr.op, Control):
                if taken is not None:
                    raise ApartError
                bundles[i] = record(self.builder, instr.op, operands, instr.params[0])
            else:
                if instr.op in LOOKS_UP and taken is not None:
                    operands[1] = self._inside(operands, found[instr.args[1]], taken)
                copied = self.builder.copy(instr, tuple([x.index for x in operands]))
                values[i] = self._noted(self.builder.value(copied))
        return [values[i] for i in tape.outputs]

    def _noted(self, x: Value) -> Value:
        """The value, known as an update if it is one."""
        instr = self.builder.instrs[x.index]
        place = base(instr, self.home)
        if place is not None:
            self.below[x.index] = instr.args[place]
            self.home[x.index] = self.home[instr.args[place]]
        return x

    def _inside(self, operands: Sequence[Value], known: Known, taken: Value) -> Value:
        """The places that a branch reads or writes, which are nowhere outside if not `taken`."""
        rows, places = operands[0].shape[0], operands[1]
        if known is not None and known.low >= 0 and known.high < rows:
            return places
        if not rows:
            raise ApartError
        return _where(taken, places, self.builder.const(0, places.shape, INT64))

    def _switch(
        self, form: Switch, operands: list[Value], known: Sequence[Known], taken: Value | None
    ) -> list[Value]:
        """The results of the branch that the first operand names, of all that are computed."""
        last = len(form.branches) - 1
        if last == 0:
            return self.go(form.branches[0], operands[1:], known, taken)
        chosen: list[Value] = []
        for k, branch in enumerate(form.branches):
            here = self._is(operands[0], k, last)
            met = here if taken is None else ew.logical_and(taken, here)
            results = self.go(branch, operands[1:], known, met)
            old = chosen or results
            chosen = [self._join(here, x, y) for x, y in zip(results, old, strict=True)]
        return chosen

    def _is(self, index: Value, k: int, last: int) -> Value:
        """Whether the index names branch k of those up to the last."""
        instr = self.builder.instrs[index.index]
        if last == 1 and instr.op is ew.cast and self.builder.instrs[instr.args[0]].dtype == BOOL:
            truth = self.builder.value(instr.args[0])
            return truth if k else ew.logical_not(truth)
        if k == 0:
            return ew.le(index, 0)
        return ew.ge(index, last) if k == last else ew.eq(index, k)

    def _join(self, here: Value, x: Value, y: Value) -> Value:
        """x where a branch is taken, else y."""
        if x.index == y.index:
            return x
        home = self.home.get(x.index)
        if home is None or self.home.get(y.index) != home:
            if home is not None and x.shape:
                raise ApartError
            return _where(here, x, y)
        ours, theirs = self._updates(x), self._updates(y)
        common = next(i for i in ours if i in theirs)
        value, away = self.builder.value(common), ew.logical_not(here)
        for j in reversed(theirs[: theirs.index(common)]):
            value = self._again(j, value, away)
        for j in reversed(ours[: ours.index(common)]):
            value = self._again(j, value, here)
        return value

    def _updates(self, x: Value) -> list[int]:
        """A value and what is below it, down to the input that it is."""
        found = [x.index]
        while found[-1] in self.below:
            found.append(self.below[found[-1]])
        return found

    def _again(self, update: int, x: Value, mask: Value) -> Value:
        """x with an update where the mask holds."""
        instr = self.builder.instrs[update]
        params = instr.named_params
        if instr.op is st.reshape:
            return self._noted(st.reshape(x, **params))
        if instr.op not in st.UPDATES:
            (j,) = (j for j in instr.args if j != self.below[update])
            u = self.builder.value(j)
            return self._noted(instr.op(x, _where(mask, u, _zeros(u)), **params))
        *places, u = (self.builder.value(j) for j in instr.args[1:])
        if instr.op in (st.index_add, st.scatter_add):
            other = _zeros(u)
        elif instr.op is st.index_set:
            other = st.index(x, **params)
        else:
            other = st.gather(x, *places)
        return self._noted(instr.op(x, *places, _where(mask, u, other), **params))

    def _guard(self, x: Value, expected: bytes, taken: Value | None) -> None:
        """Count a guard that does not hold where it is met."""
        holds: Value = st.equals(x, expected)
        if taken is not None:
            holds = ew.logical_or(holds, ew.logical_not(taken))
        self.failed = ew.add(self.failed, ew.where(holds, self._number(0), self._number(1)))

    def _number(self, k: int) -> Value:
        return self.builder.const(k, (), INT64)


def _zeros(x: Value) -> Value:
    return x.builder.const(0, x.shape, x.dtype)


def _where(condition: Value, x: Value, y: Value) -> Value:
    if x is y:
        return x
    return ew.where(st.broadcast(condition, shape=x.shape) if x.shape else condition, x, y)
