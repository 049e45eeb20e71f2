"""The locks that compiling takes, and what becomes of them in a fork.

A child has only the thread that forked. What another thread was in the middle of would stay so for
good, and its locks taken: a fork therefore waits until nobody compiles.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from llvmlite.binding import ffi
from numba.core.compiler_lock import global_compiler_lock

LOCK = threading.RLock()
"""Held for the moment in which what functions and the process keep is changed."""

# In the order in which one is taken while another is held.
_LOCKS: tuple[Any, ...] = (global_compiler_lock, LOCK, ffi.lib._lock)


def _take() -> None:
    for lock in _LOCKS:
        lock.__enter__()


def _give() -> None:
    for lock in reversed(_LOCKS):
        lock.__exit__(None, None, None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_take, after_in_parent=_give, after_in_child=_give)
