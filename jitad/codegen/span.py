"""A part of a nest's outermost loop, as a thread runs it: which iterations, and its own sums."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitad.codegen.writer import Writer
from jitad.ir.op import Structural
from jitad.ir.tape import Instr
from jitad.ops import structural as st

if TYPE_CHECKING:
    from jitad.codegen.nest import NestEmitter


@dataclass(frozen=True)
class Blocks:
    """How many there are, of how many iterations all but the last, and of how many together."""

    number: int
    length: int
    total: int


@dataclass(frozen=True)
class Partials:
    """Where in a block's own memory its part of each reduction is; how many bytes that has."""

    offsets: dict[int, int]
    size: int


@dataclass(frozen=True)
class Span:
    """Registers of the first iteration, the one after the last, and the memory of its own.

    From one iteration to the next it is `step`. `blocks` are those that a CPU's threads share.
    """

    start: str
    stop: str
    own: str
    blocks: Blocks | None
    partials: Partials
    step: str = "1"

    def turns(self, w: Writer) -> str:
        """The register of how many iterations it has."""
        rest = w.line(f"sub nuw nsw i64 {self.stop}, {self.start}")
        if self.step == "1":
            return rest
        up = w.line(f"add i64 {rest}, {w.line(f'sub i64 {self.step}, 1')}")
        return w.line(f"udiv i64 {up}, {self.step}")

    def iteration(self, w: Writer, turn: str) -> str:
        """Which iteration a turn of its loop is."""
        distance = turn if self.step == "1" else w.line(f"mul nuw nsw i64 {turn}, {self.step}")
        return w.line(f"add nuw nsw i64 {self.start}, {distance}")


def reduces(instr: Instr) -> bool:
    """Whether an instruction combines elements along axes."""
    op = instr.op
    return isinstance(op, Structural) and op.combine is not None and op is not st.cumsum


def reduced_depths(nest: NestEmitter, instr: Instr) -> set[int]:
    """The counters that a reduction runs over."""
    shape = nest.tape.instrs[instr.args[0]].shape
    axes = instr.params[0] if isinstance(instr.params[0], tuple) else (instr.params[0],)
    live = [k for k, n in enumerate(shape) if n != 1]
    return {live.index(k) for k in axes if shape[k] != 1}


def first_reduced(nest: NestEmitter, instr: Instr) -> int | None:
    """The level of loops from which on a reduction runs over all; None if another is within one.

    It is the number of loops where it runs over none.
    """
    reduced = reduced_depths(nest, instr)
    inner = [bool(set(depths) & reduced) for depths, _ in nest.loops()]
    first = inner.index(True) if True in inner else len(inner)
    return first if all(inner[first:]) else None


def is_added_to(nest: NestEmitter, instr: Instr) -> bool:
    """Whether a reduction adds to memory: a loop that it does not run over is within one."""
    return first_reduced(nest, instr) is None


def partials_of(nest: NestEmitter) -> Partials:
    """The reductions that run over the outermost loop, each with room for its result."""
    outermost = set(nest.loops()[0][0])
    offsets: dict[int, int] = {}
    size = 0
    for root in nest.nest.roots:
        instr = nest.tape.instrs[root.index]
        if reduces(instr) and outermost & reduced_depths(nest, instr):
            offsets[root.index] = size
            size += -(-math.prod(instr.shape) * instr.dtype.itemsize // 64) * 64
    return Partials(offsets, size)
