"""The threads that kernels with `parallel=True` share: how many, and the LLVM that keeps them.

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
from jitad.codegen.threads import LINE, MOST_THREADS, RUN
from jitad.ir.errors import CompileError
from jitad.runtime.compile import load

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
    machine = load(Code(_TEAM, RUN, arena=0, level=2, quick=False))
    llvm.add_symbol(RUN, machine.address(RUN))
    members = machine.variable("jitad_members")
    if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
        os.register_at_fork(after_in_child=partial(ctypes.memset, members, 0, _ALL))
    machine.engine.detach()  # kept for good: threads may be looking out as the process ends


_PAUSE, _DECLARED = {
    "x86_64": ("call void @llvm.x86.sse2.pause()", "declare void @llvm.x86.sse2.pause()"),
    "aarch64": ("call void @llvm.aarch64.hint(i32 1)", "declare void @llvm.aarch64.hint(i32)"),
    "arm64": ("call void @llvm.aarch64.hint(i32 1)", "declare void @llvm.aarch64.hint(i32)"),
}.get(platform.machine(), ("", ""))
"""A thread that looks out leaves the core's units to the one that it shares the core with."""

_WORK, _RESULT, _MEMBER = LINE, 4 * LINE, 8 * LINE
"""Where in a member its two gates are, through which its work and then its result come; its bytes.
At its start: whether it is borrowed, whether it has a thread, the worker and what that shares."""

_ALL = MOST_THREADS * _MEMBER

_TEAM = f"""
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_detach(i64)
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_signal(ptr)
declare i32 @sched_yield()
{_DECLARED}

@jitad_members = global [{_ALL} x i8] zeroinitializer, align {LINE}

; A gate is whether it is open, a mutex and a condition. One thread opens it; another that waits
; before it goes through, and closes it behind itself. Who has opened it may close it again before.

define internal void @make(ptr %gate) nounwind {{
  store i64 0, ptr %gate
  %mutex = getelementptr i8, ptr %gate, i64 {LINE}
  %condition = getelementptr i8, ptr %gate, i64 {2 * LINE}
  %1 = call i32 @pthread_mutex_init(ptr %mutex, ptr null)
  %2 = call i32 @pthread_cond_init(ptr %condition, ptr null)
  ret void
}}

define internal void @open(ptr %gate) nounwind {{
  %mutex = getelementptr i8, ptr %gate, i64 {LINE}
  %condition = getelementptr i8, ptr %gate, i64 {2 * LINE}
  %1 = call i32 @pthread_mutex_lock(ptr %mutex)
  store atomic i64 1, ptr %gate release, align 8
  %2 = call i32 @pthread_cond_signal(ptr %condition)
  %3 = call i32 @pthread_mutex_unlock(ptr %mutex)
  ret void
}}

define internal i1 @close(ptr %gate) nounwind {{
  %changed = cmpxchg ptr %gate, i64 1, i64 0 acquire monotonic, align 8
  %was_open = extractvalue {{ i64, i1 }} %changed, 1
  ret i1 %was_open
}}

define internal void @pass(ptr %gate) nounwind {{
entry:
  br label %look
look:
  %looks = phi i64 [ 0, %entry ], [ %more, %again ], [ %more, %yield ]
  %seen = load atomic i64, ptr %gate monotonic, align 8
  %closed = icmp eq i64 %seen, 0
  br i1 %closed, label %again, label %try
try:
  %is_through = call i1 @close(ptr %gate)
  br i1 %is_through, label %through, label %again
again:
  {_PAUSE}
  %more = add i64 %looks, 1
  %round = urem i64 %more, {_ROUND}
  %is_round = icmp eq i64 %round, 0
  br i1 %is_round, label %yield, label %look
yield:
  %yielded = call i32 @sched_yield()
  %tired = icmp uge i64 %more, {_LOOKS}
  br i1 %tired, label %sleep, label %look
sleep:
  %mutex = getelementptr i8, ptr %gate, i64 {LINE}
  %condition = getelementptr i8, ptr %gate, i64 {2 * LINE}
  %0 = call i32 @pthread_mutex_lock(ptr %mutex)
  br label %check
check:
  %is_open = call i1 @close(ptr %gate)
  br i1 %is_open, label %awake, label %wait
wait:
  %1 = call i32 @pthread_cond_wait(ptr %condition, ptr %mutex)
  br label %check
awake:
  %2 = call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %through
through:
  ret void
}}

define internal ptr @serve(ptr %member) nounwind {{
entry:
  %worker_place = getelementptr i8, ptr %member, i64 16
  %shared_place = getelementptr i8, ptr %member, i64 24
  %work = getelementptr i8, ptr %member, i64 {_WORK}
  %result = getelementptr i8, ptr %member, i64 {_RESULT}
  br label %next
next:
  call void @pass(ptr %work)
  %worker = load ptr, ptr %worker_place
  %shared = load ptr, ptr %shared_place
  call void %worker(ptr %shared)
  call void @open(ptr %result)
  br label %next
}}

define internal i1 @borrow(ptr %member, ptr %worker, ptr %shared) nounwind {{
entry:
  %handle = alloca i64
  %has_thread_place = getelementptr i8, ptr %member, i64 8
  %work = getelementptr i8, ptr %member, i64 {_WORK}
  %result = getelementptr i8, ptr %member, i64 {_RESULT}
  %taken = cmpxchg ptr %member, i64 0, i64 1 acquire monotonic, align 8
  %is_ours = extractvalue {{ i64, i1 }} %taken, 1
  br i1 %is_ours, label %ours, label %no
ours:
  %has_thread = load i64, ptr %has_thread_place
  %is_there = icmp ne i64 %has_thread, 0
  br i1 %is_there, label %give, label %create
create:
  call void @make(ptr %work)
  call void @make(ptr %result)
  %failed = call i32 @pthread_create(ptr %handle, ptr null, ptr @serve, ptr %member)
  %refused = icmp ne i32 %failed, 0
  br i1 %refused, label %return, label %created
return:
  store atomic i64 0, ptr %member release, align 8
  br label %no
created:
  %thread = load i64, ptr %handle
  %0 = call i32 @pthread_detach(i64 %thread)
  store i64 1, ptr %has_thread_place
  br label %give
give:
  %worker_place = getelementptr i8, ptr %member, i64 16
  %shared_place = getelementptr i8, ptr %member, i64 24
  store ptr %worker, ptr %worker_place
  store ptr %shared, ptr %shared_place
  call void @open(ptr %work)
  ret i1 true
no:
  ret i1 false
}}

; Deal out the shares of the blocks, have the others begin, do one's own, and wait for theirs. Where
; a thread cannot be had, or has not begun when all is done, the others have done its work.

define void @{RUN}(ptr %worker, ptr %shared, i64 %blocks) nounwind {{
entry:
  %borrowed = alloca ptr, i64 {MOST_THREADS}
  %counters = alloca i8, i64 {MOST_THREADS * LINE}, align {LINE}
  %wanted = load atomic i64, ptr inttoptr (i64 {ctypes.addressof(_count)} to ptr) monotonic, align 8
  %few = icmp slt i64 %blocks, %wanted
  %threads = select i1 %few, i64 %blocks, i64 %wanted
  %others = sub i64 %threads, 1
  %threads_place = getelementptr i8, ptr %shared, i64 8
  store i64 %threads, ptr %threads_place
  %counters_place = getelementptr i8, ptr %shared, i64 16
  store ptr %counters, ptr %counters_place
  br label %deal
deal:
  %k = phi i64 [ 0, %entry ], [ %k1, %deal ]
  %portion = mul i64 %k, %blocks
  %first = udiv i64 %portion, %threads
  %line = mul i64 %k, {LINE}
  %counter = getelementptr i8, ptr %counters, i64 %line
  store i64 %first, ptr %counter
  %k1 = add i64 %k, 1
  %dealt = icmp eq i64 %k1, %threads
  br i1 %dealt, label %ask, label %deal
ask:
  %asked = phi i64 [ 0, %deal ], [ %asked1, %answered ]
  %found = phi i64 [ 0, %deal ], [ %found1, %answered ]
  %enough = icmp sge i64 %found, %others
  %all = icmp eq i64 %asked, {MOST_THREADS}
  %ready = or i1 %enough, %all
  br i1 %ready, label %work, label %one
one:
  %offset = mul i64 %asked, {_MEMBER}
  %member = getelementptr i8, ptr @jitad_members, i64 %offset
  %lent = call i1 @borrow(ptr %member, ptr %worker, ptr %shared)
  br i1 %lent, label %keep, label %answered
keep:
  %place = getelementptr ptr, ptr %borrowed, i64 %found
  store ptr %member, ptr %place
  br label %answered
answered:
  %lent_one = zext i1 %lent to i64
  %found1 = add i64 %found, %lent_one
  %asked1 = add i64 %asked, 1
  br label %ask
work:
  call void %worker(ptr %shared)
  br label %join
join:
  %joined = phi i64 [ 0, %work ], [ %joined1, %free ]
  %finished = icmp sge i64 %joined, %found
  br i1 %finished, label %done, label %next
next:
  %helper_place = getelementptr ptr, ptr %borrowed, i64 %joined
  %helper = load ptr, ptr %helper_place
  %order = getelementptr i8, ptr %helper, i64 {_WORK}
  %is_idle = call i1 @close(ptr %order)
  br i1 %is_idle, label %free, label %wait
wait:
  %result = getelementptr i8, ptr %helper, i64 {_RESULT}
  call void @pass(ptr %result)
  br label %free
free:
  store atomic i64 0, ptr %helper release, align 8
  %joined1 = add i64 %joined, 1
  br label %join
done:
  ret void
}}
"""
