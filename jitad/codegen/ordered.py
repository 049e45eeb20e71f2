"""Elements of a nest that come one after the other: running sums, and guards of whole arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jitad.codegen.index import flat, strides
from jitad.codegen.reader import At
from jitad.ir.tape import Instr

if TYPE_CHECKING:
    from jitad.codegen.nest import NestEmitter


def add_up(nest: NestEmitter, i: int, instr: Instr, register: str, at: At) -> None:
    """One element of a running sum: the one before it, which is stored already, plus x."""
    axis, backward = instr.params
    if math.prod(instr.shape) == 1:
        nest.body.registers[i] = register
        return
    w = nest.writer
    counter = nest.reader.at(instr.shape)[axis]
    first = w.line(f"icmp eq i64 {nest.elements.index(counter)}, 0")
    before = at[axis] + (1 if backward else -1)
    step = nest.elements.index(flat((*at[:axis], before, *at[axis + 1 :]), strides(instr.shape)))
    here = nest.elements.index(flat(at, strides(instr.shape)))
    safe = w.line(f"select i1 {first}, i64 {here}, i64 {step}")
    previous = nest.body.load(nest.elements.element(i, safe), i)
    zero = w.number(0, instr.dtype)
    previous = w.select(first, instr.dtype, zero, previous)
    total = w.plus(previous, register, instr.dtype)
    nest.body.store(total, nest.elements.element(i, here), i)


def check(nest: NestEmitter, i: int, register: str, at: At) -> None:
    """Compare with the bytes that the trace was made for; leave, or do so after the loops."""
    instr = nest.tape.instrs[i]
    source = nest.tape.instrs[instr.args[0]]
    w, dtype = nest.writer, source.dtype
    expected = np.frombuffer(instr.params[0], dtype)
    bits = {"f": f"i{dtype.itemsize * 8}", "i": w.type(dtype), "b": "i1"}[dtype.kind]
    if dtype.kind == "f":
        register = w.line(f"bitcast {w.type(dtype)} {register} to {bits}")
        expected = expected.view(np.int64 if dtype.itemsize == 8 else np.int32)
    if expected.size == 1:
        literal = str(int(expected[0])) if dtype.kind != "b" else str(bool(expected[0])).lower()
    else:
        place = flat(at, strides(source.shape))
        literal = nest.elements.table_entry(expected, dtype, bits, place)
    differs = w.line(f"icmp ne {bits} {register}, {literal}")
    if i not in nest.differing:
        nest.body.leave_guarded(differs, i)
        return
    slot = nest.differing[i]
    earlier = w.line(f"load i1, ptr {slot}")
    w.do(f"store i1 {w.line(f'or i1 {earlier}, {differs}')}, ptr {slot}")
