"""The threads that kernels with `parallel=True` share: how many, and the code that keeps them.

A call borrows as many as it needs and gives them back when it is done; who finds too few starts
more. So any number of callers run side by side, kernels within kernels too. A thread that has
nothing to do looks out for work for a while, then sleeps: one that sleeps costs nothing, and one
that looks out begins at once.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import warnings
from functools import lru_cache, partial

import llvmlite.binding as llvm
from numba.core.compiler_lock import global_compiler_lock

from jitad.codegen.llvm import Code
from jitad.codegen.routine import Routine, Scalar, routine
from jitad.codegen.threads import LINE, MOST_THREADS, RUN
from jitad.ir.errors import CompileError
from jitad.runtime.compile import load
from jitad.runtime.cpython import host

_LOOKS = 20_000
"""How often a thread looks out for work before it sleeps: half a millisecond, or about."""

_ROUND = 32
"""Looks after which it lets another thread have the core that waits for one."""


def _available() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _at_first() -> int:
    """The threads that the environment asks for; as many as there are cores where it does not."""
    wish = os.environ.get("JITAD_NUM_THREADS", "").strip()
    if wish.isascii() and wish.isdigit() and 1 <= int(wish[:9]) <= MOST_THREADS:
        return int(wish)
    most = min(_available(), MOST_THREADS)
    if wish not in ("", "0"):
        warnings.warn(
            f"JITAD_NUM_THREADS={wish!r} is no number of threads, and {most} are used: write a "
            f"whole number from 1 to {MOST_THREADS}, or leave it out",
            RuntimeWarning,
            stacklevel=2,
        )
    return most


_count = ctypes.c_int64(_at_first())


def get_num_threads() -> int:
    """On how many threads kernels with `parallel=True` run.

    At first as many as this process may use cores, or the environment's JITAD_NUM_THREADS.

    >>> import jitad
    >>> jitad.get_num_threads() >= 1
    True
    """
    return _count.value


def set_num_threads(count: int) -> None:
    """Set on how many threads kernels with `parallel=True` run; results are the same bits.

    Raises:
        ValueError: the count is not between 1 and 256.

    >>> import jitad
    >>> jitad.set_num_threads(jitad.get_num_threads())
    """
    if not isinstance(count, int) or not 1 <= count <= MOST_THREADS:
        raise ValueError(f"{count!r} threads: give a number between 1 and {MOST_THREADS}")
    _count.value = count


def provide_threads() -> None:
    """Let kernels find the function that runs their blocks on threads.

    Raises:
        CompileError: there are no POSIX threads.
    """
    if sys.platform == "win32":
        raise CompileError(
            "parallel=True needs POSIX threads, which Windows has not",
            remedy="compile without it, and call the kernel from threads of your own: it releases "
            "the GIL",
        )
    _load()


@global_compiler_lock
@lru_cache(maxsize=1)
def _load() -> None:
    machine = load(Code(_team(), RUN, arena=0, level=2, quick=False))
    llvm.add_symbol(RUN, machine.address(RUN))
    members = machine.variable("jitad_members")
    if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
        os.register_at_fork(after_in_child=partial(ctypes.memset, members, 0, _ALL))
    machine.engine.detach()  # kept for good: threads may be looking out as the process ends


_PAUSE = {
    "x86_64": "call void @llvm.x86.sse2.pause()",
    "aarch64": "call void @llvm.aarch64.hint(i32 1)",
    "arm64": "call void @llvm.aarch64.hint(i32 1)",
}.get(platform.machine(), "")
"""A thread that looks out leaves the core's units to the one that it shares the core with."""

_WORK, _RESULT, _MEMBER = LINE, 4 * LINE, 8 * LINE
"""Where in a member its two gates are, through which its work and then its result come; its bytes.
At its start: whether it is borrowed, whether it has a thread, the worker and what that shares."""

_ALL = MOST_THREADS * _MEMBER

_DECLARED = f"""
declare i32 @pthread_create(i64, i64, i64, i64)
declare i32 @pthread_detach(i64)
declare i32 @pthread_mutex_init(i64, i64)
declare i32 @pthread_mutex_lock(i64)
declare i32 @pthread_mutex_unlock(i64)
declare i32 @pthread_cond_init(i64, i64)
declare i32 @pthread_cond_wait(i64, i64)
declare i32 @pthread_cond_signal(i64)
declare i32 @sched_yield()
declare void @llvm.x86.sse2.pause()
declare void @llvm.aarch64.hint(i32)
@jitad_members = global [{_ALL} x i8] zeroinitializer, align {LINE}
"""


def _team() -> str:
    inner = [routine(x, linkage="internal") for x in (make, open_, close, pass_, serve, borrow)]
    return "\n".join([_DECLARED, *inner, routine(run, RUN)])


# A gate is whether it is open, a mutex and a condition. One thread opens it; another that waits
# before it goes through, and closes it behind itself. Who has opened it may close it again before.


def make(r: Routine, gate: Scalar) -> None:
    """A gate that is closed."""
    gate[0] = 0
    r.call("@pthread_mutex_init", gate + LINE, 0, kind="i32")
    r.call("@pthread_cond_init", gate + 2 * LINE, 0, kind="i32")


def open_(r: Routine, gate: Scalar) -> None:
    """Open a gate, and wake who waits."""
    r.call("@pthread_mutex_lock", gate + LINE, kind="i32")
    r.store(gate, 1, "release")
    r.call("@pthread_cond_signal", gate + 2 * LINE, kind="i32")
    r.call("@pthread_mutex_unlock", gate + LINE, kind="i32")


def close(r: Routine, gate: Scalar) -> None:
    """Close a gate; whether it was open."""
    r.leave(r.replace(gate, 1, 0, "acquire"))


def pass_(r: Routine, gate: Scalar) -> None:
    """Go through a gate when it opens: look out for a while, then sleep."""
    with r.each(_LOOKS) as k:
        is_open = r.load(gate, order="monotonic").differs(0)
        with r.when(is_open), r.when(r.call("@close", gate, kind="i1")):
            r.leave()
        r.do(_PAUSE)
        with r.when((k % _ROUND).equals(_ROUND - 1)):
            r.call("@sched_yield", kind="i32")
    r.call("@pthread_mutex_lock", gate + LINE, kind="i32")
    with r.each():
        with r.when(r.call("@close", gate, kind="i1")):
            r.stop()
        r.call("@pthread_cond_wait", gate + 2 * LINE, gate + LINE, kind="i32")
    r.call("@pthread_mutex_unlock", gate + LINE, kind="i32")


def serve(r: Routine, member: Scalar) -> None:
    """What a thread does for good: its work, whenever there is some."""
    with r.each():
        r.call("@pass", member + _WORK, kind="void")
        r.call(member[2], member[3], kind="void")
        r.call("@open", member + _RESULT, kind="void")


def borrow(r: Routine, member: Scalar, worker: Scalar, shared: Scalar) -> None:
    """Have a member run a worker, if it is free and has, or can have, a thread; whether it does."""
    r.require(r.replace(member, 0, 1, "acquire"))
    with r.when(member[1].equals(0)):
        r.call("@make", member + _WORK, kind="void")
        r.call("@make", member + _RESULT, kind="void")
        thread = r.room(8)
        refused = r.call("@pthread_create", thread, 0, r.address("@serve"), member, kind="i32")
        with r.when(refused.differs(0)):
            r.store(member, 0, "release")
            r.leave(False)
        r.call("@pthread_detach", thread[0], kind="i32")
        member[1] = 1
    member[2], member[3] = worker, shared
    r.call("@open", member + _WORK, kind="void")
    r.leave(True)


def run(r: Routine, worker: Scalar, shared: Scalar, blocks: Scalar) -> None:
    """Deal out the shares of the blocks, have the others begin, do one's own, and wait for theirs.

    Where a thread cannot be had, or has not begun when all is done, the others have done its work.
    """
    borrowed, counters = r.room(8 * MOST_THREADS), r.room(MOST_THREADS * LINE, align=LINE)
    wanted = r.load(r.address(host("threads", ctypes.addressof(_count))), order="monotonic")
    threads = r.choose(blocks < wanted, blocks, wanted)
    shared[1], shared[2] = threads, counters
    with r.each(threads) as k:
        (counters + k * LINE)[0] = k * blocks // threads
    found = r.variable(0)
    with r.each(MOST_THREADS) as k:
        with r.when(found.now >= threads - 1):
            r.stop()
        member = r.address("@jitad_members") + k * _MEMBER
        with r.when(r.call("@borrow", member, worker, shared, kind="i1")):
            borrowed[found.now] = member
            found.now += 1
    r.call(worker, shared, kind="void")
    with r.each(found.now) as k:
        helper = borrowed[k]
        has_begun = r.call("@close", helper + _WORK, kind="i1").equals(0)
        with r.when(has_begun):
            r.call("@pass", helper + _RESULT, kind="void")
        r.store(helper, 0, "release")
