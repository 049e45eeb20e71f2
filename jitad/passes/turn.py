"""Tape -> Tape: the transpose of a computed array becomes a computation on transposed arrays.

Where all that it is computed from is as cheap to have transposed (element numbers, constants, what
is broadcast), the transposed array is computed where it is stored, and no pass over memory from
column to column is left: so a Jacobian by columns is written by rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from jitad.ir.builder import Builder
from jitad.ir.op import Elementwise, Shape
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.passes.order import operands_first
from jitad.passes.schedule import squeeze

_LARGE = 1024
"""Elements from which the order of memory matters."""

_SMALL = 8
"""How many times larger than what is broadcast the result is, at least."""

_Perm = tuple[int, ...]


def turn(tape: Tape) -> Tape:
    """The tape without those transposes that computed arrays can do without."""
    roots = [i for i, instr in enumerate(tape.instrs) if _is_root(tape, instr)]
    if not roots or not _is_closed(tape, roots, _cone(tape, roots)):
        return tape
    return _Turned(tape).run(set(roots))


def _is_root(tape: Tape, instr: Instr) -> bool:
    if instr.op is not st.transpose or math.prod(instr.shape) < _LARGE:
        return False
    live = [axis for axis in instr.params[0] if tape.instrs[instr.args[0]].shape[axis] != 1]
    return live != sorted(live) and _can_turn(tape, instr.args[0])


def _cone(tape: Tape, roots: Iterable[int]) -> set[int]:
    """All that the roots are computed from, up to what needs not be turned with them."""
    cone: set[int] = set()
    waiting = [tape.instrs[i].args[0] for i in roots]
    while waiting:
        j = waiting.pop()
        if j not in cone:
            cone.add(j)
            waiting += _sources(tape.instrs[j])
    return cone


def _sources(instr: Instr) -> Sequence[int]:
    """What of an instruction's operands must be turned with it."""
    return () if instr.op is st.broadcast else instr.args


def _is_closed(tape: Tape, roots: Sequence[int], cone: set[int]) -> bool:
    """Whether all in the cone can be turned, and is read by nothing else, or costs nothing."""
    readers = set(roots) | cone
    if not all(_can_turn(tape, j) for j in cone):
        return False
    costly = {j for j in cone if not _is_free(tape.instrs[j])}
    live = tape.live(tape.outputs)
    others = [instr for i, instr in enumerate(tape.instrs) if live[i] and i not in readers]
    return not costly.intersection({j for instr in others for j in instr.args} | {*tape.outputs})


def _is_free(instr: Instr) -> bool:
    return instr.op in (CONST, st.iota, st.broadcast)


def _can_turn(tape: Tape, j: int) -> bool:
    instr = tape.instrs[j]
    op = instr.op
    if op in (CONST, st.iota, st.concatenate, st.transpose) or isinstance(op, Elementwise):
        return True
    if op is st.reshape:
        return squeeze(tape.instrs[instr.args[0]].shape) == squeeze(instr.shape)
    if op is st.broadcast:
        return _SMALL * math.prod(tape.instrs[instr.args[0]].shape) <= math.prod(instr.shape)
    return (op is st.index or op in st.INDEXED) and not any(
        isinstance(slot, int) for slot in instr.params[0]
    )


class _Turned:
    """Writes the new tape; `turned` are values of the old one by how their axes are permuted."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.builder = Builder()
        self.new: dict[int, int] = {}
        self.turned: dict[tuple[int, _Perm], Value] = {}

    def run(self, roots: set[int]) -> Tape:
        for i, instr in enumerate(self.tape.instrs):
            self.builder.line = instr.line
            if i in roots:
                self.new[i] = self._turn(instr.args[0], instr.params[0]).index
            else:
                self.new[i] = self.builder.copy(instr, tuple([self.new[j] for j in instr.args]))
        outputs = [self.new[i] for i in self.tape.outputs]
        return self.builder.finish(outputs, [self.new[i] for i in self.tape.inputs])

    def _turn(self, root: int, perm: _Perm) -> Value:
        """A value with its axes in another order."""

        def needed(key: tuple[int, _Perm]) -> list[tuple[int, _Perm]]:
            return [other for other in self._needs(*key) if other not in self.turned]

        for key in operands_first((root, perm), needed):
            self.turned[key] = self._record(*key)
        return self.turned[root, perm]

    def _needs(self, j: int, perm: _Perm) -> list[tuple[int, _Perm]]:
        instr = self.tape.instrs[j]
        if instr.op is st.transpose:
            return [(instr.args[0], tuple(instr.params[0][axis] for axis in perm))]
        if instr.op is st.reshape:
            return [(instr.args[0], _before(self.tape.instrs[instr.args[0]].shape, instr, perm))]
        return [(k, perm) for k in _sources(instr)]

    def _record(self, j: int, perm: _Perm) -> Value:
        instr = self.tape.instrs[j]
        op, params = instr.op, instr.named_params
        self.builder.line = instr.line
        shape = tuple(instr.shape[axis] for axis in perm)
        if op is CONST:
            return self.builder.const(instr.params[0], shape, instr.dtype)
        operands = [self.turned[key] for key in self._needs(j, perm)]
        if op is st.transpose:
            return operands[0]
        if op is st.reshape:
            return st.reshape(operands[0], shape=shape)
        if op is st.broadcast:
            x = self.builder.value(self.new[instr.args[0]])
            wide = st.reshape(x, shape=(1,) * (len(shape) - len(x.shape)) + x.shape)
            return st.broadcast(st.transpose(wide, perm=perm), shape=shape)
        if op is st.iota:
            params = {"shape": shape, "axis": perm.index(params["axis"])}
        elif op is st.concatenate:
            params["axis"] = perm.index(params["axis"])
        elif "slots" in params:
            params["slots"] = tuple(params["slots"][axis] for axis in perm)
        return self.builder.apply(op, operands, params)


def _before(source: Shape, instr: Instr, perm: _Perm) -> _Perm:
    """The order of the operand's axes of which a reshape by axes of length 1 makes `perm`."""
    live = [axis for axis, n in enumerate(source) if n != 1]
    order = [axis for axis, n in enumerate(instr.shape) if n != 1]
    kept = [live[order.index(axis)] for axis in perm if instr.shape[axis] != 1]
    return (*kept, *(axis for axis, n in enumerate(source) if n == 1))
