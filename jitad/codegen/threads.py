"""A loop nest on several threads: LLVM that hands out its blocks, and joins their results.

How a nest is cut into blocks depends on its size alone, and the blocks' sums are added in order, so
that results have the same bits on any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

from jitad.codegen.accumulator import combined, identity
from jitad.codegen.body import Body, memory_type, passed_on
from jitad.codegen.lanes import lanes_of
from jitad.codegen.loops import emit_turns
from jitad.codegen.memory import fill, initialise
from jitad.codegen.nest import NestEmitter
from jitad.codegen.region import EmitSteps
from jitad.codegen.routine import Routine, Scalar, routine
from jitad.codegen.span import Blocks, Span, is_added_to, partials_of, reduced_depths, reduces
from jitad.codegen.status import AT_ONCE, INTERRUPTED, OUT_OF_MEMORY
from jitad.ir.tape import INPUT, Instr
from jitad.ops import structural as st
from jitad.ops.control import part
from jitad.passes.schedule import Nest

_WORTH = 1 << 19
"""Operations in a nest from which it is cut; less is done before a thread is awake."""

_BLOCK = 1 << 16
"""Operations in a block, at least: small enough that all cores end at about one time."""

_MOST_BLOCKS = 256

_ALIGN = 64
"""Iterations of a block are a multiple of it: no two write to one cache line of results."""

MOST_THREADS = 256

LINE = 64
"""Bytes of a cache line: each thread's counter has one to itself."""

RUN = "jitad_on_threads"
"""The function `void (worker, shared, blocks)` that runs a worker on several threads at once."""

_SEPARATE = 1 << 16
"""Bytes of sums that each block may have to itself."""


def _blocks(nest: NestEmitter) -> Blocks | None:
    """How a nest is cut, or None where it is not worth it or not possible."""
    space = nest.nest.space
    instrs = [nest.tape.instrs[root.index] for root in nest.nest.roots]
    if not space or 0 in space or any(_has_order(nest, instr) for instr in instrs):
        return None
    if partials_of(nest).size > _SEPARATE:
        return None
    loops = nest.loops()
    lanes = lanes_of(nest, loops) if len(loops) == 1 else None
    least = 1 if lanes is None else lanes.width
    return _cut(loops[0][1], math.prod(space) * len(nest.reader.order), least)


def _cut(total: int, work: int, least: int = 1) -> Blocks | None:
    """So many iterations of so much work together as blocks, each of so many at least: lanes that
    are left over begin before the end, and not before the block."""
    if work < _WORTH:
        return None
    length = -(-total // min(_MOST_BLOCKS, work // _BLOCK))
    length = -(-length // _ALIGN) * _ALIGN if total >= 2 * _ALIGN else max(length, least)
    number = total // length
    return Blocks(number, length, total) if number > 1 else None


def _has_order(nest: NestEmitter, instr: Instr) -> bool:
    """Whether one iteration must come after another, or all share a place in memory."""
    if instr.op in (st.cumsum, st.scatter_add, st.scatter_set, st.guard):
        return True
    if instr.op in st.PLACES:
        return bool(reduced_depths(nest, instr).intersection(nest.loops()[0][0]))
    if instr.op in st.UPDATES and math.prod(instr.shape) == 1:
        return True
    return instr.op in (st.reduce_any, st.reduce_all)


def emit_threads(body: Body, step: int, nest: Nest, name: str) -> list[str] | None:
    """Write a nest that is run in blocks; the texts of its functions, or None if it is not cut."""
    nest = Nest(nest.space, nest.roots)  # threads share all turns, whatever ends them
    probe = NestEmitter(body, nest, step)
    blocks = _blocks(probe)
    if blocks is None:
        return None
    partials = partials_of(probe)
    for root in nest.roots:
        instr = body.tape.instrs[root.index]
        if instr.op in st.UPDATES:
            initialise(body, root.index, instr)
        elif reduces(instr) and root.index not in partials.offsets and is_added_to(probe, instr):
            neutral = identity(instr.op, instr.dtype)
            fill(body, body.pointer(root.index), instr, neutral)
    read = {i for i, _ in probe.reader.order}

    def write(inner: Body) -> list[str]:
        NestEmitter(inner, nest, step, Span("%start", "%stop", "%own", blocks, partials)).emit()
        return []

    functions, own = _spread(body, name, blocks, partials.size, read, write)
    for i, offset in partials.offsets.items():
        _join(body, i, own, offset, partials.size, blocks)
    return functions


def emit_loop_threads(body: Body, index: int, name: str, emit_steps: EmitSteps) -> list[str] | None:
    """Write a loop whose turns are apart, such as one over points; None if it is not cut."""
    instr = body.tape.instrs[index]
    parts = [x for x in body.tape.instrs if x.op is part and x.args == (index,)]
    if not instr.params[0].is_apart or len({x.params for x in parts}) < len(parts):
        return None
    blocks = _cut(instr.params[0].count, instr.params[0].count * len(instr.params[0].body))
    if blocks is None:
        return None

    def write(inner: Body) -> list[str]:
        block = inner.writer.line(f"udiv i64 %start, {blocks.length}")
        inner.copies, inner.copy = blocks.number, block
        return emit_turns(inner, index, f"{name}_turn", emit_steps, ("%start", "%stop", "1"))

    return _spread(body, name, blocks, 0, set(instr.args), write)[0]


def _spread(
    body: Body,
    name: str,
    blocks: Blocks,
    size: int,
    read: Collection[int],
    write: Callable[[Body], list[str]],
) -> tuple[list[str], str]:
    """Have blocks run what `write` writes; functions, and where the blocks' own memory begins.

    `size` are the bytes of that of each block, `read` what it reads.
    """
    crossing = _crossing(body, read)
    for i, offset in crossing.items():
        body.store(body.registers[i], body.in_arena(offset), i)
    shared = body.scratch(16 * (4 + len(body.parameters)))
    own = body.scratch(max(16, size * blocks.number))
    statuses = body.scratch(8 * blocks.number)
    body.writer.clear(statuses, 8 * blocks.number)  # of blocks that are not run
    outer = body.writer.lines
    inner = body.inner()
    for i, offset in crossing.items():
        inner.registers[i] = inner.load(inner.in_arena(offset), i)
    functions = write(inner)
    inner.drop_unused()
    parameters = passed_on(inner.parameters)
    inner.parameters += ["i64 %start", "i64 %stop", "ptr %own"]
    functions += [inner.function(name), _worker(name, parameters, blocks, size)]
    body.writer.lines = outer
    _start(body, name, parameters, shared, own, statuses, blocks)
    if inner.checked:
        with body.writer.counted(blocks.number) as block:
            place = body.writer.line(f"getelementptr i64, ptr {statuses}, i64 {block}")
            body.note(body.writer.line(f"load i64, ptr {place}"))
    if inner.leaves:
        body.leave_on("0", AT_ONCE)
    return functions, own


def _crossing(body: Body, read: Collection[int]) -> dict[int, int]:
    """Scalars in registers that blocks read, and where in the arena they are passed."""
    held = [i for i in read if i in body.registers and body.tape.instrs[i].op is not INPUT]
    return {i: body.memory.grow(2) for i in sorted(held)}


def _start(
    body: Body,
    name: str,
    parameters: list[str],
    shared: str,
    own: str,
    statuses: str,
    blocks: Blocks,
) -> None:
    """Fill in what the threads share, and run them."""
    w = body.writer
    w.do(f"store i64 0, ptr {shared}")
    values = [f"ptr {own}", f"ptr {statuses}", *body.passed(parameters)]
    for k, value in enumerate(values, 2):
        w.do(f"store {value}, ptr {w.offset(shared, 16 * k)}")
    w.declarations[RUN] = f"declare void @{RUN}(ptr, ptr, i64)"
    w.do(f"call void @{RUN}(ptr @{name}_worker, ptr {shared}, i64 {blocks.number})")


def _worker(name: str, parameters: list[str], blocks: Blocks, size: int) -> str:
    """What each thread runs: the blocks of its own share, one after the other, then what others
    have left of theirs. A share is a stretch of memory, which stays near the core that works on it.
    """

    def worker(r: Routine, shared: Scalar) -> None:
        me = r.update("add", shared, 1, "monotonic")
        threads, counters, all_own, statuses = shared[1], shared[2], shared[4], shared[6]
        kinds = [parameter.rpartition(" ")[0] for parameter in parameters]
        passed = [r.load(shared + 16 * k, kind) for k, kind in enumerate(kinds, 4)]
        with r.each(threads) as visited:
            whose = (me + visited) % threads
            limit = (whose + 1) * blocks.number // threads
            with r.each():
                block = r.update("add", counters + whose * LINE, 1, "monotonic")
                with r.when(block >= limit):
                    r.stop()
                start, own = block * blocks.length, all_own + block * size
                is_inner = block < blocks.number - 1
                stop = r.choose(is_inner, start + blocks.length, blocks.total)
                status = r.call(f"@{name}", *passed, start, stop, own.pointer())
                statuses[block] = status
                with r.when((status & (INTERRUPTED | OUT_OF_MEMORY)).differs(0)):
                    r.leave()

    return routine(worker, f"{name}_worker", linkage="internal")


def _join(body: Body, i: int, own: str, offset: int, size: int, blocks: Blocks) -> None:
    """Combine the blocks' results of a reduction, in order."""
    w, instr = body.writer, body.tape.instrs[i]
    count, kind = math.prod(instr.shape), memory_type(instr.dtype)
    total = body.alloca(kind) if count == 1 else body.pointer(i)
    if count == 1:
        body.store(identity(instr.op, instr.dtype), total, i)
    else:
        fill(body, total, instr, identity(instr.op, instr.dtype))
    with w.counted(blocks.number) as block:
        at = w.offset(w.offset(own, w.line(f"mul i64 {block}, {size}")), offset)
        with w.counted(count) as place:
            target = w.line(f"getelementptr {kind}, ptr {total}, i64 {place}")
            own_part = body.load(w.line(f"getelementptr {kind}, ptr {at}, i64 {place}"), i)
            body.store(combined(w, instr, body.load(target, i), own_part), target, i)
    if count == 1:
        body.registers[i] = body.load(total, i)
