"""Ctrl-C while a kernel runs: what its loops ask, and what they are told.

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

from jitad.codegen.polls import POLL
from jitad.codegen.routine import Routine, Scalar, routine
from jitad.runtime.cpython import host, python

_EVERY = 100
"""Milliseconds between two questions of Python."""


def now(r: Routine) -> None:
    """Milliseconds since some moment: by the coarse monotonic clock of Linux, or macOS's."""
    if sys.platform == "win32":
        r.leave(r.call("@GetTickCount64"))
        return
    time = r.room(16)
    r.call("@clock_gettime", 6, time, kind="i32")
    r.leave(time[0] * 1000 + time[1] // 1_000_000)


def raises_by_default() -> bool:
    """Whether an interrupt is to raise KeyboardInterrupt."""
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


_DECLARED = """
declare i64 @GetTickCount64()
declare i32 @clock_gettime(i64, i64)
@jitad_interrupts = global i64 0
@ended = internal global i64 0
@main_thread = global i64 0
@last = internal global i64 0
@last_other = internal global i64 0
@raised = global [3 x i64] zeroinitializer
@previous = internal global i64 0
"""


def polling() -> str:
    """The functions that loops call."""
    inner = [routine(x, linkage="internal") for x in (now, on_interrupt, is_due, in_main_thread)]
    return "\n".join([_DECLARED, *inner, routine(poll, POLL)])


def on_interrupt(r: Routine, number: Scalar) -> None:
    """Our handler of SIGINT: count, and pass on."""
    r.update("add", r.address("@jitad_interrupts"), 1, "seq_cst")
    r.call(r.load(r.address("@previous"), order="monotonic"), number, kind="void")


def is_due(r: Routine, last: Scalar) -> None:
    """Whether it is time to ask again; notes that it is done."""
    time = r.call("@now")
    since = time - r.load(last, order="monotonic")
    due = (since > _EVERY) | (since < 0)
    with r.when(due):
        r.store(last, time, "monotonic")
    r.leave(due)


def in_main_thread(r: Routine) -> None:
    """Have Python run the handlers of signals; 1 where one raises, which is kept."""
    lock = r.call(python("PyGILState_Ensure"), kind="i32")
    raises = r.call(python("PyErr_CheckSignals"), kind="i32").differs(0)
    with r.when(raises):
        raised = r.address("@raised")
        r.call(python("PyErr_Fetch"), raised, raised + 8, raised + 16, kind="void")
        count = r.load(r.address("@jitad_interrupts"), order="seq_cst")
        r.store(r.address("@ended"), count, "seq_cst")
    r.call(python("PyGILState_Release"), lock, kind="void")
    r.leave(raises)


def poll(r: Routine, seen: Scalar) -> None:
    """1 where a loop is to end that has begun after so many interrupts."""
    this = r.call(python("PyThread_get_thread_ident"))
    with r.when(this.equals(r.address("@main_thread")[0])):
        due = r.call("@is_due", r.address("@last"), kind="i1")
        with r.when(due), r.when(r.call("@in_main_thread", kind="i1")):
            r.leave(1)
        r.leave(0)
    with r.when(r.load(r.address("@ended"), order="monotonic") > seen):
        r.leave(1)
    with r.when(r.call("@is_due", r.address("@last_other"), kind="i1")):
        _install(r)
        count = r.load(r.address("@jitad_interrupts"), order="seq_cst")
        with r.when(count > seen), r.when(_python_raises(r)):
            r.store(r.address("@ended"), count, "seq_cst")
            r.leave(1)
    r.leave(0)


def _install(r: Routine) -> None:
    """Have our handler stand before the one there is, if there is one."""
    number = int(signal.SIGINT)
    ours, handler = r.address("@on_interrupt"), r.call(python("PyOS_getsig"), number, kind="ptr")
    with r.when(handler.differs(ours) & handler.differs(0) & handler.differs(1)):
        r.store(r.address("@previous"), handler, "monotonic")
        r.call(python("PyOS_setsig"), number, ours, kind="ptr")


def _python_raises(r: Routine) -> Scalar:
    """Whether an interrupt raises KeyboardInterrupt, which Python is asked."""
    lock = r.call(python("PyGILState_Ensure"), kind="i32")
    asked = host("raises_by_default", id(raises_by_default))
    answer = r.call(python("PyObject_CallFunctionObjArgs"), asked, 0, kind="ptr (ptr, ...)")
    r.call(python("Py_DecRef"), answer, kind="void")
    r.call(python("PyErr_Clear"), kind="void")
    r.call(python("PyGILState_Release"), lock, kind="void")
    return answer.equals(host("True", id(True)))


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
