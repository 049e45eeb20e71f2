"""A nest's loops of which LLVM makes vectors: of how many turns, and how many are interleaved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitad.codegen.index import flat, strides
from jitad.codegen.lanes import vector_bytes
from jitad.codegen.reader import Key
from jitad.codegen.span import is_added_to, reduces
from jitad.ir.op import REAL_OF, Elementwise
from jitad.ops import structural as st
from jitad.passes.schedule import Root

if TYPE_CHECKING:
    from jitad.codegen.nest import NestEmitter

LEAST = 16
"""Turns of an innermost loop from which LLVM makes vectors of it."""

_KEPT = 64
"""Turns from which a loop around short ones stays a loop."""

_DEEP = 24
"""Operations that wait for each other in a row, from which iterations are interleaved."""

_MOST = ((120, 4), (400, 2))
"""Up to how many values in a body how many iterations are interleaved."""


def vectors_of(nest: NestEmitter, level: int) -> tuple[int, int]:
    """Of how many turns LLVM makes vectors of a loop that is the innermost, or becomes so when
    short ones within it are written out; and how many of them it interleaves (0: it knows).

    The operations of one turn of a long body wait for each other; those of several do not.
    """
    loops, tape = nest.loops(), nest.tape
    depths, count = loops[level]
    innermost = level == len(loops) - 1
    known = all(_is_known(nest, root, depths[-1], innermost) for root in nest.nest.roots)
    if not known or count < (LEAST if innermost else _KEPT):
        return 1, 0
    dtypes = {tape.instrs[i].dtype for i, _ in nest.reader.order}
    dtypes |= {tape.instrs[root.index].dtype for root in nest.nest.roots}
    width = vector_bytes() // max(REAL_OF.get(dtype, dtype).itemsize for dtype in dtypes)
    while width > count:
        width //= 2
    row: dict[Key, int] = {}
    for i, at in nest.reader.order:
        if isinstance(tape.instrs[i].op, Elementwise):
            row[i, at] = 1 + max(row.get((j, at), 0) for j in tape.instrs[i].args)
    if max(row.values(), default=0) < _DEEP:
        return width, 0
    values = len(nest.reader.order)
    return width, next((turns for most, turns in _MOST if values <= most), 1)


def _is_known(nest: NestEmitter, root: Root, depth: int, innermost: bool) -> bool:
    """Whether LLVM's vectoriser knows how turns of a loop write a root.

    Copies and numbers that are stored side by side become calls of memcpy and memset, of which it
    makes no vectors: loops of them within a loop, and what one turn stores.
    """
    instr = nest.tape.instrs[root.index]
    if instr.op in (*st.PLACES, st.cumsum, st.guard):
        return False
    if reduces(instr) and not is_added_to(nest, instr):
        if instr.op in (st.reduce_any, st.reduce_all) and nest.ends:
            return False  # of which LLVM makes branches
        return instr.dtype.kind != "c" or instr.op is st.reduce_sum
    target, (i, _) = nest.reader.target(root, instr), nest.reader.reads(root, instr)[0]
    if target is None or not (innermost or isinstance(nest.tape.instrs[i].op, Elementwise)):
        return False
    step = flat(target, strides(instr.shape)).step(depth)
    return abs(step) == 1 if innermost else step != 0
