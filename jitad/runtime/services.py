"""What kernels call while they run, in LLVM IR that is compiled once: memory for temporaries, and
whether arrays that are written to lie apart from all others.

Arenas are shared by all kernels of the process. Of each size a few are kept for the next call,
for to free one after each call would give its pages back, and fault them in again; together they
are bounded, and given back when the code that needed that size goes.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from functools import lru_cache

import llvmlite.binding as llvm
from numba.core.compiler_lock import global_compiler_lock

from jitad.codegen.llvm import Code
from jitad.codegen.polls import INTERRUPTS, POLL
from jitad.runtime.compile import Machine, load
from jitad.runtime.interrupts import Interrupts, polling
from jitad.runtime.tables import tables

STACK_ARENA = 32 * 1024
"""Bytes of temporaries up to which they stand on the stack."""

_SLOTS = 8
"""Arenas of one size that are kept: as many threads find one at once."""

_MOST_KEPT = 512 << 20
"""Bytes of arenas that the process keeps together."""

_SMALLEST, _STEPS, _OCTAVES = 15, 4, 15
"""Sizes are powers of two, from 2 to that on, and three between each and the next."""

_ALIGN = 64

_FUNCTIONS = (
    "take",
    "give",
    "release",
    "apart",
    "check",
    "make",
    "pack",
    "drop_objects",
    "wipe",
    POLL,
)
_VARIABLES = (INTERRUPTS, "main_thread", "raised")

_DECLARED = """
declare ptr @malloc(i64)
declare void @free(ptr)
declare ptr @llvm.ptrmask.p0.i64(ptr, i64)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""

_ARENAS = f"""
@kept = internal global i64 0

; The start of what malloc gave stands before an arena.

define ptr @take(ptr %slots, i64 %size) nounwind {{
entry:
  br label %look
look:
  %k = phi i64 [ 0, %entry ], [ %k1, %on ]
  %slot = getelementptr ptr, ptr %slots, i64 %k
  %found = atomicrmw xchg ptr %slot, ptr null acq_rel
  %none = icmp eq ptr %found, null
  br i1 %none, label %on, label %got
got:
  %before = atomicrmw sub ptr @kept, i64 %size monotonic
  ret ptr %found
on:
  %k1 = add i64 %k, 1
  %all = icmp uge i64 %k1, {_SLOTS}
  br i1 %all, label %new, label %look
new:
  %more = add i64 %size, {2 * _ALIGN}
  %raw = call ptr @malloc(i64 %more)
  %failed = icmp eq ptr %raw, null
  br i1 %failed, label %nothing, label %made
made:
  %above = getelementptr i8, ptr %raw, i64 {2 * _ALIGN - 1}
  %arena = call ptr @llvm.ptrmask.p0.i64(ptr %above, i64 -{_ALIGN})
  %place = getelementptr i8, ptr %arena, i64 -8
  store ptr %raw, ptr %place
  ret ptr %arena
nothing:
  ret ptr null
}}

define internal void @drop(ptr %arena) nounwind {{
  %place = getelementptr i8, ptr %arena, i64 -8
  %raw = load ptr, ptr %place
  call void @free(ptr %raw)
  ret void
}}

define void @give(ptr %slots, i64 %size, ptr %arena) nounwind {{
entry:
  %before = atomicrmw add ptr @kept, i64 %size monotonic
  %now = add i64 %before, %size
  %many = icmp ugt i64 %now, {_MOST_KEPT}
  br i1 %many, label %full, label %look
look:
  %k = phi i64 [ 0, %entry ], [ %k1, %on ]
  %slot = getelementptr ptr, ptr %slots, i64 %k
  %changed = cmpxchg ptr %slot, ptr null, ptr %arena acq_rel monotonic
  %put = extractvalue {{ ptr, i1 }} %changed, 1
  br i1 %put, label %done, label %on
on:
  %k1 = add i64 %k, 1
  %all = icmp uge i64 %k1, {_SLOTS}
  br i1 %all, label %full, label %look
full:
  %back = atomicrmw sub ptr @kept, i64 %size monotonic
  call void @drop(ptr %arena)
  ret void
done:
  ret void
}}

define void @release(ptr %slots, i64 %size) nounwind {{
entry:
  br label %look
look:
  %k = phi i64 [ 0, %entry ], [ %k1, %on ]
  %slot = getelementptr ptr, ptr %slots, i64 %k
  %found = atomicrmw xchg ptr %slot, ptr null acq_rel
  %none = icmp eq ptr %found, null
  br i1 %none, label %on, label %got
got:
  %before = atomicrmw sub ptr @kept, i64 %size monotonic
  call void @drop(ptr %found)
  br label %on
on:
  %k1 = add i64 %k, 1
  %all = icmp uge i64 %k1, {_SLOTS}
  br i1 %all, label %done, label %look
done:
  ret void
}}

"""

_APART = """
; Stretches of memory, each its first byte and the one after its last: whether none of the `written`
; ones, the last of them, meets one before it.

define i1 @apart(ptr %stretches, i64 %count, i64 %written) nounwind {
entry:
  %first = sub i64 %count, %written
  br label %each
each:
  %i = phi i64 [ %first, %entry ], [ %i1, %next ]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %own, label %good
own:
  %mine = getelementptr [2 x ptr], ptr %stretches, i64 %i
  %start = load ptr, ptr %mine
  %end_place = getelementptr ptr, ptr %mine, i64 1
  %end = load ptr, ptr %end_place
  br label %other
other:
  %j = phi i64 [ 0, %own ], [ %j1, %clear ]
  %is_other = icmp slt i64 %j, %i
  br i1 %is_other, label %compare, label %next
compare:
  %theirs = getelementptr [2 x ptr], ptr %stretches, i64 %j
  %their_start = load ptr, ptr %theirs
  %their_end_place = getelementptr ptr, ptr %theirs, i64 1
  %their_end = load ptr, ptr %their_end_place
  %below = icmp ule ptr %end, %their_start
  %above = icmp uge ptr %start, %their_end
  %is_clear = or i1 %below, %above
  br i1 %is_clear, label %clear, label %bad
clear:
  %j1 = add i64 %j, 1
  br label %other
next:
  %i1 = add i64 %i, 1
  br label %each
good:
  ret i1 true
bad:
  ret i1 false
}
"""

_slots = (ctypes.c_void_p * (_SLOTS * (_STEPS * _OCTAVES + 1)))()


_addresses: dict[str, int] = {}


@global_compiler_lock
def _load() -> None:
    if _addresses:
        return
    text = "\n".join([_DECLARED, _ARENAS, _APART, tables(), polling()])
    machine = load(Code(text, "take", arena=0, level=0, quick=True))
    found = {name: machine.address(name) for name in _FUNCTIONS}
    found |= {name: machine.variable(name) for name in _VARIABLES}
    machine.engine.detach()  # kept for good: it has a handler of signals
    _addresses.update(found)


def service(name: str) -> int:
    """The address of one of these functions, or variables."""
    if not _addresses:
        _load()
    return _addresses[name]


@global_compiler_lock
@lru_cache(maxsize=1)
def interrupts() -> Interrupts:
    """What loops ask; from here on code that asks can be loaded."""
    for name in (POLL, INTERRUPTS):
        llvm.add_symbol(name, service(name))
    made = Interrupts(service("main_thread"), service("raised"))
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=made.after_fork)
    return made


def shelf(size: int) -> tuple[int, int]:
    """Where arenas are kept that have room for so many bytes, and how large they are."""
    for k in range(_STEPS * _OCTAVES):
        octave, step = divmod(k, _STEPS)
        room = (_STEPS + step) * (1 << _SMALLEST + octave) // _STEPS
        if room >= size:
            return ctypes.addressof(_slots) + 8 * _SLOTS * k, room
    # Larger than all that is kept together.
    return ctypes.addressof(_slots) + 8 * _SLOTS * _STEPS * _OCTAVES, size


def release_arenas(size: int | None = None) -> None:
    """Give back the arenas that are kept; those of one size, or all."""
    release = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(service("release"))
    shelves = {shelf(size)} if size is not None else {
        shelf((_STEPS + step) * (1 << _SMALLEST + octave) // _STEPS)
        for octave in range(_OCTAVES) for step in range(_STEPS)
    }  # fmt: skip
    for slots, room in shelves:
        release(slots, room)


def release_arenas_with(machine: Machine) -> None:
    """Give back the arenas of the size that this code needs when it goes."""
    if machine.code.arena > STACK_ARENA:
        weakref.finalize(machine, release_arenas, machine.code.arena).atexit = False
