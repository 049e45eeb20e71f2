"""Program -> LLVM for a GPU: a kernel for each step, in which every thread takes its iterations.

The steps are the CPU's and so is their emitter; what differs is who runs which iterations of the
outermost loop (thread t takes t, t + T, t + 2 T, ...), where numbers pass from step to step (all
through the arena), and the names of the elementary functions (libdevice's). A sum over the
outermost loop is one of each thread's, then of those in two stages, always in the same order.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from jitad.codegen.accumulator import combined, identity
from jitad.codegen.arena import Plan, plan
from jitad.codegen.body import Body, memory_type, passed_on
from jitad.codegen.loops import emit_turns
from jitad.codegen.nest import NestEmitter
from jitad.codegen.options import Options
from jitad.codegen.span import Partials, Span, is_added_to, partials_of, reduces
from jitad.codegen.steps import emit_steps
from jitad.codegen.writer import Writer
from jitad.ir.errors import CompileError
from jitad.ir.op import BOOL
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops import structural as st
from jitad.ops.control import loop
from jitad.passes.schedule import EXCLUSIVE, Call, Nest, Program, stored_below

SUMMING = 1 << 14
"""Threads that a reduction is spread over."""

_RESIDENT = 1 << 16
"""Threads, at most, of which each has memory of its own."""

STAGE = 128
"""How many of their results one thread of the next stage takes."""


@dataclass(frozen=True)
class Launch:
    """One kernel: its name, and how many threads have work, at most."""

    name: str
    threads: int


@dataclass(frozen=True)
class DeviceCode:
    """A module's text, its kernels in order, how many bytes of arena they share.

    All kernels take the same parameters: the inputs (arrays by pointer, numbers by value), pointers
    to the outputs, the arena, and a word in which what went wrong is noted. The function that a
    kernel runs has its name and `_part`, and takes further the first iteration and how far it is to
    the next.
    """

    text: str
    launches: tuple[Launch, ...]
    arena: int
    parameters: tuple[str, ...]
    reported: tuple[Instr, ...]


def emit_device(program: Program, options: Options) -> DeviceCode:
    """The module of a program whose steps are all loops; an error where some are not."""
    return _Device(program, options).emit()


class _Device:
    def __init__(self, program: Program, options: Options) -> None:
        self.program = program
        self.tape: Tape = program.tape
        self.options = options
        self.writer = Writer(fast=options.fastmath, device=True)
        self.memory: Plan = plan(program)
        self.slots = {i: self.memory.grow(2) for i in program.position if i not in program.storage}
        self.functions: list[str] = []
        self.launches: list[Launch] = []
        self.parameters: list[str] = []

    def emit(self) -> DeviceCode:
        for k, step in enumerate(self.program.steps):
            if isinstance(step, Call):
                self._emit_points(k, step.index)
            elif step.space:
                self._emit_nest(k, step)
            else:
                self._emit_scalars(k, step)
        self._emit_results()
        text = self.writer.module(self.functions)
        name = f"jitad_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        return DeviceCode(
            text.replace(_NAME, name),
            tuple(Launch(x.name.replace(_NAME, name), x.threads) for x in self.launches),
            self.memory.size,
            tuple(self.parameters),
            tuple(self.writer.reported),
        )

    # -- kernels -----------------------------------------------------------------------------------

    def _body(self) -> Body:
        """A function that reads numbers where earlier steps have left them."""
        body = Body(self.program, self.writer, self.memory, self.options)
        if not self.parameters:
            self.parameters = passed_on(body.parameters)
        return body

    def _finish(self, body: Body, name: str, threads: int) -> None:
        """Close a part, and write the kernel whose threads run it."""
        body.parameters += ["i64 %first", "i64 %step"]
        self.functions.append(body.function(name + "_part", inline=True))
        self.functions.append(_kernel(name, self.parameters, threads))
        self.launches.append(Launch(name, threads))

    def _reads(self, roots: set[int], step: int) -> set[int]:
        """What earlier steps have stored that these, at a step, are computed from."""
        operands = [j for i in roots for j in self.tape.instrs[i].args]
        return set(stored_below(self.program, operands, step)) - roots

    def _load(self, body: Body, indices: set[int]) -> None:
        for i in sorted(indices):
            if i in self.slots and i not in body.registers:
                body.registers[i] = body.load(body.in_arena(self.slots[i]), i)

    def _emit_scalars(self, k: int, nest: Nest) -> None:
        """Numbers are computed by one thread."""
        body = self._body()
        own = {root.index for root in nest.roots}
        self._load(body, self._reads(own, k))
        NestEmitter(body, nest, k).emit()
        for i in sorted(own):
            if i in self.slots and i in body.registers:  # a guard is in none
                body.store(body.registers[i], body.in_arena(self.slots[i]), i)
        self._finish(body, f"{_NAME}_{k}", 1)

    def _emit_nest(self, k: int, nest: Nest) -> None:
        probe = NestEmitter(self._body(), nest, k)
        count = probe.loops()[0][1]
        partials = partials_of(probe)
        for root in nest.roots:
            instr = self.tape.instrs[root.index]
            _check(probe, instr)
            if instr.op in st.UPDATES:
                self._emit_start(f"{_NAME}_{k}_{root.index}_start", root.index, instr)
        threads = min(count, SUMMING) if partials.offsets else count
        own = self.memory.grow(threads * partials.size // 8) if partials.size else 0
        body = self._body()
        roots = {root.index for root in nest.roots}
        self._load(body, self._reads(roots, k))
        place = body.in_arena(own)
        if partials.size:
            place = body.writer.offset(place, body.writer.line(f"mul i64 %first, {partials.size}"))
        span = Span("%first", str(count), place, None, partials, "%step")
        NestEmitter(body, nest, k, span).emit()
        self._finish(body, f"{_NAME}_{k}", threads)
        if partials.offsets:
            self._emit_stage(f"{_NAME}_{k}_stage", partials, own, threads, 1)
            self._emit_stage(f"{_NAME}_{k}_sum", partials, own, threads, STAGE)

    def _emit_points(self, k: int, index: int) -> None:
        """A loop over points that take paths of their own: each thread has some of them."""
        instr = self.tape.instrs[index]
        if instr.op is not loop or not instr.params[0].is_apart:
            raise _refused(instr, "is computed by a library, or turn by turn")
        count = instr.params[0].count
        threads = min(count, _RESIDENT)
        body = self._body()
        self._load(body, self._reads({index}, k))
        body.copies, body.copy = threads, "%first"
        name = f"{_NAME}_{k}"
        own = ("%first", str(count), "%step")
        self.functions += emit_turns(body, index, f"{name}_turn", emit_steps, own)
        for i in self.program.position:
            if i in self.slots and i in body.registers and self.tape.instrs[i].args == (index,):
                body.store(body.registers[i], body.in_arena(self.slots[i]), i)
        self._finish(body, name, threads)

    def _emit_start(self, name: str, i: int, instr: Instr) -> None:
        """What an update is based on: each thread copies some elements of it."""
        base, home = instr.args[0], self.program.storage
        if home.get(base, base) == home.get(i, i):
            return
        count = math.prod(instr.shape)
        source = self.tape.instrs[base]
        body, kind = self._body(), memory_type(instr.dtype)
        w = body.writer
        span = Span("%first", str(count), "", None, Partials({}, 0), "%step")
        with w.counted(span.turns(w)) as turn:
            place = span.iteration(w, turn)
            if source.op is CONST:
                element = w.number(source.params[0], source.dtype)
            else:
                start = body.pointer(base)
                element = body.load(w.line(f"getelementptr {kind}, ptr {start}, i64 {place}"), base)
            target = w.line(f"getelementptr {kind}, ptr {body.pointer(i)}, i64 {place}")
            body.store(element, target, i)
        self._finish(body, name, count)

    def _emit_stage(
        self, name: str, partials: Partials, own: int, threads: int, distance: int
    ) -> None:
        """Add up the results of `STAGE` threads that lie `distance` apart; at last of all."""
        last = distance > 1
        results = -(-threads // STAGE) if not last else 1
        body = self._body()
        w = body.writer
        for i, offset in partials.offsets.items():
            instr = self.tape.instrs[i]
            total = body.alloca(memory_type(instr.dtype))
            body.store(identity(instr.op, instr.dtype), total, i)
            first = "0" if last else w.line(f"mul i64 %first, {STAGE}")
            count = str(-(-threads // STAGE))
            if not last:
                rest = w.line(f"sub i64 {threads}, {first}")
                few = w.line(f"icmp slt i64 {rest}, {STAGE}")
                count = w.line(f"select i1 {few}, i64 {rest}, i64 {STAGE}")
            with w.counted(count) as turn:
                which = w.line(f"add i64 {first}, {w.line(f'mul i64 {turn}, {distance}')}")
                place = w.offset(body.in_arena(own), w.line(f"mul i64 {which}, {partials.size}"))
                part = body.load(w.offset(place, offset), i)
                body.store(combined(w, instr, body.load(total, i), part), total, i)
            found = body.load(total, i)
            if last:
                body.store(found, body.in_arena(self.slots[i]), i)
            else:
                place = w.offset(body.in_arena(own), w.line(f"mul i64 {first}, {partials.size}"))
                body.store(found, w.offset(place, offset), i)
        self._finish(body, name, results)

    def _emit_results(self) -> None:
        """Results that are numbers go where the caller wants them."""
        wanted = [(k, i) for k, i in enumerate(self.tape.outputs) if i in self.slots]
        if not wanted:
            return
        body = self._body()
        for k, i in wanted:
            body.store(body.load(body.in_arena(self.slots[i]), i), f"%out{k}", i)
        self._finish(body, f"{_NAME}_results", 1)


_NAME = "jitad_device"


def _check(nest: NestEmitter, instr: Instr) -> None:
    """An error for what one thread cannot do without the others."""
    if instr.op in EXCLUSIVE:
        raise _refused(instr, "needs its elements in order")
    if instr.op is st.guard:
        raise _refused(instr, "is a branch on the values of an array")
    if instr.op in st.UPDATES and math.prod(instr.shape) == 1:
        raise _refused(instr, "changes one element of an array in a loop")
    if reduces(instr) and (is_added_to(nest, instr) or instr.dtype == BOOL):
        raise _refused(instr, "runs over an axis before the last ones, or over conditions")


def _refused(instr: Instr, why: str) -> CompileError:
    return CompileError(
        f"`{instr.op.name}` {why}, which this compiler has no GPU code for",
        remedy="compile the function of one point by vmap, and combine results on the host; or "
        'use target="cpu"',
        line=instr.line,
    )


def _kernel(name: str, parameters: list[str], threads: int) -> str:
    """A kernel: each of its threads runs a part, if there is work for it, and notes its status."""
    arguments = ", ".join([*parameters, "i64 %thread", "i64 %step"])
    return f"""define ptx_kernel void @{name}({", ".join([*parameters, "ptr %word"])}) {{
entry:
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %ntid = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %ctaid = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %nctaid = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()
  %tid64 = zext i32 %tid to i64
  %ntid64 = zext i32 %ntid to i64
  %ctaid64 = zext i32 %ctaid to i64
  %nctaid64 = zext i32 %nctaid to i64
  %before = mul i64 %ctaid64, %ntid64
  %thread = add i64 %before, %tid64
  %launched = mul i64 %nctaid64, %ntid64
  %fewer = icmp ult i64 %launched, {threads}
  %step = select i1 %fewer, i64 %launched, i64 {threads}
  %works = icmp ult i64 %thread, {threads}
  br i1 %works, label %work, label %done
work:
  %status = call i64 @{name}_part({arguments})
  %bad = icmp ne i64 %status, 0
  br i1 %bad, label %report, label %done
report:
  %noted = atomicrmw umax ptr %word, i64 %status monotonic
  br label %done
done:
  ret void
}}"""
