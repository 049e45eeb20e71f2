"""What kernels call while they run, compiled when first needed: memory for temporaries, tables of
arguments, whether arrays that are written to lie apart from all others, questions for Ctrl-C.

Arenas are shared by all kernels of the process. Of each size a few are kept for the next call,
for to free one after each call would give its pages back, and fault them in again; together they
are bounded, and given back when the code that needed that size goes.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Callable
from functools import lru_cache

import llvmlite.binding as llvm
from numba.core.compiler_lock import global_compiler_lock

from jitad.codegen.llvm import Code
from jitad.codegen.polls import INTERRUPTS, POLL
from jitad.codegen.routine import Routine, Scalar, routine
from jitad.runtime.compile import Machine, load
from jitad.runtime.cpython import host
from jitad.runtime.interrupts import Interrupts, polling
from jitad.runtime.tables import tables
from jitad.runtime.watch import watching

STACK_ARENA = 32 * 1024
"""Bytes of temporaries up to which they stand on the stack."""

_SLOTS = 8
"""Arenas of one size that are kept: as many threads find one at once."""

_MOST_KEPT = 512 << 20
"""Bytes of arenas that the process keeps together."""

_SMALLEST, _STEPS, _OCTAVES = 15, 4, 15
"""Sizes are powers of two, from 2 to that on, and three between each and the next."""

_ALIGN = 64

_DECLARED = """
declare i64 @malloc(i64)
declare void @free(i64)
@kept = internal global i64 0
"""

FEW_PAIRS = 32
"""Pairs of an array and a result up to which a call's own code compares each; above, `apart`."""


def take(r: Routine, slots: Scalar, size: Scalar) -> None:
    """An arena that was kept, or a new one, before which stands what malloc gave; 0 for none."""
    with r.each(_SLOTS) as k:
        found = r.update("xchg", slots + k * 8, 0, "acq_rel")
        with r.when(found.differs(0)):
            r.update("sub", r.address("@kept"), size, "monotonic")
            r.leave(found)
    given = r.call("@malloc", size + 2 * _ALIGN)
    with r.when(given.equals(0)):
        r.leave(0)
    arena = (given + (2 * _ALIGN - 1)) & -_ALIGN
    (arena - 8)[0] = given
    r.leave(arena)


def drop(r: Routine, arena: Scalar) -> None:
    """Free an arena."""
    r.call("@free", (arena - 8)[0], kind="void")


def give(r: Routine, slots: Scalar, size: Scalar, arena: Scalar) -> None:
    """Keep an arena for the next call, or free it where there are enough."""
    before = r.update("add", r.address("@kept"), size, "monotonic")
    with r.when(before + size <= _MOST_KEPT), r.each(_SLOTS) as k:
        is_put = r.replace(slots + k * 8, 0, arena, "acq_rel")
        with r.when(is_put):
            r.leave()
    r.update("sub", r.address("@kept"), size, "monotonic")
    r.call("@drop", arena, kind="void")


def release(r: Routine, slots: Scalar, size: Scalar) -> None:
    """Free the arenas that are kept of one size."""
    with r.each(_SLOTS) as k:
        found = r.update("xchg", slots + k * 8, 0, "acq_rel")
        with r.when(found.differs(0)):
            r.update("sub", r.address("@kept"), size, "monotonic")
            r.call("@drop", found, kind="void")


def apart(r: Routine, stretches: Scalar, count: Scalar, written: Scalar) -> None:
    """Whether none of the last `written` stretches of memory meets one before it.

    Each is its first byte and the one after its last.
    """
    with r.each(written) as k:
        i = count - written + k
        own = stretches + i * 16
        start, end = own[0], own[1]
        with r.each(i) as j:
            other = stretches + j * 16
            r.require((end <= other[0]) | (start >= other[1]))
    r.leave(True)


def wipe(r: Routine, memory: Scalar, size: Scalar) -> None:
    """Set memory to 0."""
    r.do(f"call void @llvm.memset.p0.i64({memory.pointer()}, i8 0, {size}, i1 false)")


_slots = (ctypes.c_void_p * (_SLOTS * (_STEPS * _OCTAVES + 1)))()

ARENAS = ctypes.addressof(_slots)
"""Where the arenas stand that are kept, eight of each size."""


def _arenas() -> str:
    own = [routine(write) for write in (take, drop, give, release)]
    return "\n".join([_DECLARED, *own])


def _overlaps() -> str:
    return routine(apart)


def _tables() -> str:
    return "\n".join(
        ["declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)", routine(wipe), tables()]
    )


_MODULES: tuple[tuple[Callable[[], str], tuple[str, ...], tuple[str, ...]], ...] = (
    (_arenas, ("take", "give", "release"), ()),
    (_overlaps, ("apart",), ()),
    (_tables, ("check", "make", "pack", "drop_objects", "wipe"), ()),
    (watching, ("first_changed",), ()),
    (polling, (POLL,), (INTERRUPTS, "main_thread", "raised")),
)
"""What makes the text of a module, and the functions and variables that it has. Each is compiled
when one of these is first asked for: few programs need them all."""

_addresses: dict[str, int] = {}


@global_compiler_lock
def _load(name: str) -> None:
    if name in _addresses:
        return
    write, functions, variables = next(x for x in _MODULES if name in (*x[1], *x[2]))
    machine = load(Code(write(), functions[0], arena=0, level=0, quick=False))
    found = {name: machine.address(name) for name in functions}
    found |= {name: machine.variable(name) for name in variables}
    machine.engine.detach()  # kept for good: one has a handler of signals
    _addresses.update(found)


def service(name: str) -> int:
    """The address of one of these functions, or variables."""
    if name not in _addresses:
        _load(name)
    return _addresses[name]


@lru_cache(maxsize=16)
def service_symbol(name: str) -> str:
    """The symbol of one of these functions."""
    return host(f"service.{name}", service(name))


@lru_cache(maxsize=1)
def arenas() -> str:
    """The symbol of the place from which `shelf` counts."""
    return host("arenas", ARENAS)


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
    """For arenas with room for so many bytes: how far from `ARENAS` they are, and their size."""
    for k in range(_STEPS * _OCTAVES):
        octave, step = divmod(k, _STEPS)
        room = (_STEPS + step) * (1 << _SMALLEST + octave) // _STEPS
        if room >= size:
            return 8 * _SLOTS * k, room
    # Larger than all that is kept together.
    return 8 * _SLOTS * _STEPS * _OCTAVES, size


def release_arenas(size: int | None = None) -> None:
    """Give back the arenas that are kept; those of one size, or all."""
    if "release" not in _addresses:
        return  # nobody has asked for an arena
    release = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(service("release"))
    shelves = {shelf(size)} if size is not None else {
        shelf((_STEPS + step) * (1 << _SMALLEST + octave) // _STEPS)
        for octave in range(_OCTAVES) for step in range(_STEPS)
    }  # fmt: skip
    for place, room in shelves:
        release(ARENAS + place, room)


def release_arenas_with(machine: Machine) -> None:
    """Give back the arenas of the size that this code needs when it goes."""
    if machine.code.arena > STACK_ARENA:
        weakref.finalize(machine, release_arenas, machine.code.arena).atexit = False
