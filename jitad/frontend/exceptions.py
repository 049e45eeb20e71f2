"""Python's arithmetic errors in traced functions: raised where one of these may catch them.

Elsewhere the division of a Python number by zero is NumPy's, infinite or NaN, as it is in compiled
code, and costs nothing.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import numpy as np

from jitad.frontend.active import depth
from jitad.frontend.trace import RECORDING
from jitad.ir.errors import is_internal
from jitad.ir.value import UFUNCS


def may_catch(*kinds: type[Exception]) -> bool:
    """Whether a function that is being traced names one of these exceptions, or a base of one.

    What it raises in vain, it would raise without us as well.
    """
    names = {base.__name__ for kind in kinds for base in kind.__mro__ if base is not object}
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # as logging
    waiting, named = depth(), False
    while frame is not None and waiting:
        code = frame.f_code
        run = _RUNNING.get(code)
        if run is not None:
            code = run(frame)
            named = named or (code is not None and not names.isdisjoint(_caught(code)))
        elif not is_internal(code.co_filename):
            named = named or not names.isdisjoint(_caught(code))
        elif code is RECORDING:
            if named:
                return True
            waiting -= 1
        frame = frame.f_back
    return False


_RUNNING: dict[CodeType, Callable[[FrameType], CodeType | None]] = {}
"""Code of ours that runs the user's, and which a frame of it is at, where that has a handler."""


def note_handlers(code: CodeType, of: Callable[[FrameType], CodeType | None]) -> None:
    """Have frames of this code stand for the user's code that they run."""
    _RUNNING[code] = of


@functools.lru_cache(maxsize=4096)
def _caught(code: CodeType) -> frozenset[str]:
    """The names in code by which it may catch exceptions; `except:` is of all."""
    steps = [s for s in dis.get_instructions(code) if s.opname != "CACHE"]
    begins = {s.argval for s in steps if s.opname == "SETUP_FINALLY"}  # Python 3.10
    begins |= {s.offset + 2 for s in steps if s.opname == "PUSH_EXC_INFO"}
    bare = any(s.opname == "POP_TOP" and s.offset in begins for s in steps)
    return frozenset((*code.co_names, *(["BaseException"] if bare else [])))


def check_division(ufunc: Any, x: Any, y: Any) -> None:
    """Raise ZeroDivisionError where Python's operator on x and y would, if that may be caught.

    `ufunc` is what the operator stands for.
    """
    if not may_catch(ZeroDivisionError):
        return
    if ufunc is not np.power:
        if y == 0:
            raise ZeroDivisionError("division by zero")
    elif x == 0 and y < 0:
        raise ZeroDivisionError("zero to a negative power")


_OVERFLOWING = ("exp", "exp2", "expm1", "cosh", "sinh", "pow", "ldexp", "gamma", "lgamma")


def check_domain(name: str, result: Any, operands: Any) -> None:
    """Raise ValueError or OverflowError where `math.<name>` would, if that may be caught."""
    if not may_catch(ValueError, OverflowError):
        return
    isnan, isinf = UFUNCS[np.isnan], UFUNCS[np.isinf]
    if isnan(result) and not any(isnan(x) for x in operands):
        raise ValueError("math domain error")
    if isinf(result) and not any(isinf(x) for x in operands):
        if name in _OVERFLOWING and not _at_pole(name, operands):
            raise OverflowError("math range error")
        raise ValueError("math domain error")


def _at_pole(name: str, operands: Any) -> bool:
    """Whether a function that can overflow is infinite because it has a pole there."""
    x = operands[0]
    if name == "pow":
        return bool(x == 0)
    return name in ("gamma", "lgamma") and bool(x <= 0)
