"""Scalars that one function makes of independent operands -> one call of its vector version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from jitad.codegen.body import Body
from jitad.codegen.elements import Elements
from jitad.codegen.vector_math import lane_counts
from jitad.codegen.writer import TYPES, Writer
from jitad.ir.op import DType, Elementwise
from jitad.ir.tape import CONST, Tape
from jitad.passes.group_calls import FEWEST, is_call
from jitad.passes.schedule import Root


def packs(body: Body, roots: Sequence[Root]) -> Iterator[list[Root]]:
    """The roots in order, those together that one call computes."""
    if body.writer.device:
        yield from ([root] for root in roots)
        return
    pack: list[Root] = []
    for root in roots:
        if pack and not _joins(body.tape, pack, root):
            yield from _cut(body, pack)
            pack = []
        pack.append(root)
    if pack:
        yield from _cut(body, pack)


def _joins(tape: Tape, pack: Sequence[Root], root: Root) -> bool:
    """Whether a root is the same function as those before it, of what is none of them."""
    last, instr = tape.instrs[pack[-1].index], tape.instrs[root.index]
    if not is_call(instr) or instr.op is not last.op or instr.dtype != last.dtype:
        return False
    return not {x.index for x in pack}.intersection(instr.args)


def _cut(body: Body, pack: list[Root]) -> Iterator[list[Root]]:
    """As many at once as a vector has lanes; few are left one by one."""
    instr = body.tape.instrs[pack[0].index]
    counts = _counts(body, instr.dtype) if len(pack) >= FEWEST else ()
    if not counts or not _has_vectors(instr.op, instr.dtype, counts[-1]):
        yield from ([root] for root in pack)
        return
    most = counts[-1]
    for start in range(0, len(pack), most):
        part = pack[start : start + most]
        if len(part) >= FEWEST:
            yield part
        else:
            yield from ([root] for root in part)


def _counts(body: Body, dtype: DType) -> tuple[int, ...]:
    """The lanes that calls have: where bits must not depend on it, one number."""
    counts = lane_counts(dtype.itemsize)
    return counts[:1] if body.writer.uniform else counts


@lru_cache(maxsize=256)
def _has_vectors(op: Elementwise, dtype: DType, lanes: int) -> bool:
    """Whether an op is written on vectors as such, and not lane by lane."""
    writer = Writer()
    with writer.in_lanes(lanes):
        op.emit(writer, dtype, dtype, *(f"%x{k}" for k in range(len(op.partials))))
    return not any("extractelement" in line for line in writer.lines)


def emit_pack(body: Body, elements: Elements, pack: Sequence[Root]) -> bool:
    """Write one call for all; whether that could be done: where all operands are registers."""
    tape, w = body.tape, body.writer
    instrs = [tape.instrs[root.index] for root in pack]
    op, dtype = instrs[0].op, instrs[0].dtype
    assert isinstance(op, Elementwise)
    rows = [[_register(body, elements, j) for j in instr.args] for instr in instrs]
    lanes = next(n for n in _counts(body, dtype) if n >= len(pack))
    rows += [rows[0]] * (lanes - len(rows))
    scalar = TYPES[dtype]
    kind = f"<{lanes} x {scalar}>"
    vectors: list[str] = []
    for column in zip(*rows, strict=True):
        vector = "poison"
        for k, x in enumerate(column):
            if x is None:
                return False
            vector = w.line(f"insertelement {kind} {vector}, {scalar} {x}, i64 {k}")
        vectors.append(vector)
    with w.in_lanes(lanes):
        result = op.emit(w, dtype, dtype, *vectors)
    for k, root in enumerate(pack):
        body.registers[root.index] = w.line(f"extractelement {kind} {result}, i64 {k}")
    return True


def _register(body: Body, elements: Elements, j: int) -> str | None:
    """An operand, if it is in a register, or a number."""
    instr = body.tape.instrs[j]
    return elements.literal(instr) if instr.op is CONST else body.registers.get(j)
