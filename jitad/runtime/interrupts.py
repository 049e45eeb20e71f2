"""Ctrl-C while a kernel runs: what its loops ask, in LLVM IR, and what they are told.

Loops ask `poll`. In the main thread it has Python run the handlers of signals that have come, some
ten times a second; the kernel ends where one raises. Other threads, in which Python runs no
handlers, look at a count of interrupts: from the first question on our handler of SIGINT stands
before Python's, counts and passes on. They end where Python's own handler is the one that raises
KeyboardInterrupt.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading

from jitad.runtime.cpython import pointer, python

_EVERY = 100
"""Milliseconds between two questions of Python."""

_CLOCK = (
    """
define internal i64 @now() nounwind {
  %ticks = call i64 @GetTickCount64()
  ret i64 %ticks
}
declare i64 @GetTickCount64()
"""
    if sys.platform == "win32"
    else """
declare i32 @clock_gettime(i32, ptr)

; 6 is the coarse monotonic clock of Linux, the monotonic one of macOS.
define internal i64 @now() nounwind {
  %time = alloca [2 x i64]
  %failed = call i32 @clock_gettime(i32 6, ptr %time)
  %seconds = load i64, ptr %time
  %rest_place = getelementptr i64, ptr %time, i64 1
  %rest = load i64, ptr %rest_place
  %thousands = mul i64 %seconds, 1000
  %small = sdiv i64 %rest, 1000000
  %sum = add i64 %thousands, %small
  ret i64 %sum
}
"""
)


def raises_by_default() -> bool:
    """Whether an interrupt is to raise KeyboardInterrupt."""
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


def polling() -> str:
    """The functions that loops call."""
    number, call = int(signal.SIGINT), python("PyObject_CallFunctionObjArgs")
    return f"""
{_CLOCK}
@jitad_interrupts = global i64 0
@ended = internal global i64 0
@main_thread = global i64 0
@last = internal global i64 0
@last_other = internal global i64 0
@raised = global [3 x ptr] zeroinitializer
@previous = internal global ptr null

define internal void @on_interrupt(i32 %number) nounwind {{
  %before = atomicrmw add ptr @jitad_interrupts, i64 1 seq_cst
  %handler = load volatile ptr, ptr @previous
  call void %handler(i32 %number)
  ret void
}}

define internal i1 @is_due(ptr %last) nounwind {{
  %now = call i64 @now()
  %then = load atomic i64, ptr %last monotonic, align 8
  %since = sub i64 %now, %then
  %due = icmp ugt i64 %since, {_EVERY}
  br i1 %due, label %note, label %done
note:
  store atomic i64 %now, ptr %last monotonic, align 8
  br label %done
done:
  ret i1 %due
}}

define i64 @jitad_poll(i64 %seen) nounwind {{
entry:
  %self = call i64 {python("PyThread_get_thread_ident")}()
  %main = load i64, ptr @main_thread
  %is_main = icmp eq i64 %self, %main
  br i1 %is_main, label %in_main, label %in_other
in_main:
  %main_due = call i1 @is_due(ptr @last)
  br i1 %main_due, label %ask, label %go_on
ask:
  %gil = call i32 {python("PyGILState_Ensure")}()
  %told = call i32 {python("PyErr_CheckSignals")}()
  %raises = icmp ne i32 %told, 0
  br i1 %raises, label %keep, label %quiet
keep:
  %value_place = getelementptr ptr, ptr @raised, i64 1
  %trace_place = getelementptr ptr, ptr @raised, i64 2
  call void {python("PyErr_Fetch")}(ptr @raised, ptr %value_place, ptr %trace_place)
  %ending = load atomic i64, ptr @jitad_interrupts seq_cst, align 8
  store atomic i64 %ending, ptr @ended seq_cst, align 8
  call void {python("PyGILState_Release")}(i32 %gil)
  ret i64 1
quiet:
  call void {python("PyGILState_Release")}(i32 %gil)
  br label %go_on
in_other:
  %end = load atomic i64, ptr @ended monotonic, align 8
  %is_over = icmp ugt i64 %end, %seen
  br i1 %is_over, label %over, label %look
look:
  %other_due = call i1 @is_due(ptr @last_other)
  br i1 %other_due, label %install, label %go_on
install:
  %handler = call ptr {python("PyOS_getsig")}(i32 {number})
  %is_ours = icmp eq ptr %handler, @on_interrupt
  %word = ptrtoint ptr %handler to i64
  %is_none = icmp ule i64 %word, 1
  %is_set = or i1 %is_ours, %is_none
  br i1 %is_set, label %count, label %set
set:
  store volatile ptr %handler, ptr @previous
  %old = call ptr {python("PyOS_setsig")}(i32 {number}, ptr @on_interrupt)
  br label %count
count:
  %interrupts = load atomic i64, ptr @jitad_interrupts seq_cst, align 8
  %is_new = icmp ugt i64 %interrupts, %seen
  br i1 %is_new, label %ask_other, label %go_on
ask_other:
  %gil_other = call i32 {python("PyGILState_Ensure")}()
  %asked = call ptr (ptr, ...) {call}(ptr {pointer(raises_by_default)}, ptr null)
  %is_true = icmp eq ptr %asked, {pointer(True)}
  call void {python("Py_DecRef")}(ptr %asked)
  call void {python("PyErr_Clear")}()
  call void {python("PyGILState_Release")}(i32 %gil_other)
  br i1 %is_true, label %all_end, label %go_on
all_end:
  store atomic i64 %interrupts, ptr @ended seq_cst, align 8
  br label %over
over:
  ret i64 1
go_on:
  ret i64 0
}}
"""


class Interrupts:
    """The variables of that code."""

    def __init__(self, main_thread: int, raised: int) -> None:
        self.main = ctypes.c_int64.from_address(main_thread)
        self.raised = (ctypes.c_void_p * 3).from_address(raised)
        self.main.value = threading.main_thread().ident or 0

    def take(self) -> BaseException:
        """What has ended the kernel: what a handler of signals raised in the main thread."""
        error = tuple(self.raised)
        if threading.get_ident() != self.main.value or error[0] is None:
            return KeyboardInterrupt()
        self.raised[:] = (None, None, None)
        restore = ctypes.pythonapi.PyErr_Restore
        restore.restype, restore.argtypes = None, [ctypes.c_void_p] * 3
        try:
            restore(*error)
        except BaseException as raised:  # for whoever called the kernel to raise
            return raised
        return KeyboardInterrupt()

    def after_fork(self) -> None:
        """The thread that forked is the child's main one."""
        self.main.value = threading.get_ident()
