"""Kernel -> the object file of its door to Python: one for all kernels of the same types."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from jitad.codegen.llvm import Code
from jitad.frontend.trace import Leaf
from jitad.ir.op import Control, Elementwise, Structural
from jitad.ir.tape import Tape
from jitad.runtime.compile import image
from jitad.runtime.entry import Door, door_text
from jitad.runtime.wide import roomy

MOST = 256
"""Doors that are kept, the most recently used; each has a few KiB."""

_BRIEF = 1000.0
"""Operations below which the GIL is kept: a third of a microsecond."""


def door_of(tape: Tape, code: Code, leaves: Sequence[Leaf], are_given: bool = False) -> bytes:
    """The object file of a kernel's door: the C function that checks the arguments `leaves`, and
    makes the results, or takes arrays for them where these `are_given`."""
    captured, results = (
        tuple([Leaf(tape.instrs[i].shape, tape.instrs[i].dtype) for i in places])
        for places in (tape.inputs[len(leaves) :], tape.outputs)
    )
    arena = roomy(code.arena)
    return _image(
        Door(tuple(leaves), captured, results, arena, is_brief(tape), code.is_wide, are_given)
    )


@lru_cache(MOST)
def _image(door: Door) -> bytes:
    return image(door_text(door))


forget_doors = _image.cache_clear


def is_brief(tape: Tape) -> bool:
    """Whether the body takes about as long as to give the GIL back and take it again."""
    work = 0.0
    for instr in tape.instrs:
        op = instr.op
        if isinstance(op, Control) or (isinstance(op, Structural) and op.library is not None):
            return False
        work += math.prod(instr.shape) * (op.cost if isinstance(op, Elementwise) else 1.0)
    return work < _BRIEF
