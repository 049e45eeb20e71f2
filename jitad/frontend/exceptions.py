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

from jitad.frontend.active import depth, innermost_trace, is_in_region
from jitad.ir.errors import is_internal
from jitad.ir.value import UFUNCS


def may_catch(*kinds: type[BaseException]) -> bool:
    """Whether a function that is being traced names one of these exceptions, or a base of one.

    What it raises in vain, it would raise without us as well.
    """
    return _is_named({x.__name__ for kind in kinds for x in kind.__mro__ if x is not object})


def may_catch_any() -> bool:
    """Whether a function that is being traced handles exceptions here, whatever they are."""
    return _is_named(None)


def _is_named(names: set[str] | None) -> bool:
    frame: FrameType | None = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]  # as logging
    waiting, named = depth(), False
    while frame is not None and waiting:
        code = frame.f_code
        # Most are passed: nests of regions make stacks deep.
        if code.co_filename in _PASSED or id(code) in _OTHERS:
            frame = frame.f_back
            continue
        run = _RUNNING.get(id(code))
        if run is not None:
            code = run(frame)
            named = named or (code is not None and _names(code, names))
        elif not is_internal(code.co_filename):
            named = named or _names(code, names)
        elif id(code) in _RECORDING:
            if named:
                return True
            waiting -= 1
        elif code.co_filename in _NOTED:
            _OTHERS.add(id(code))
        else:
            _PASSED.add(code.co_filename)
        frame = frame.f_back
    return False


def _names(code: CodeType, names: set[str] | None) -> bool:
    caught = _caught(code)
    return bool(caught) if names is None else not names.isdisjoint(caught)


_NOTED: set[str] = set()
"""Files with code of the two kinds below."""

_PASSED: set[str] = set()
"""Files of ours without."""

_OTHERS: set[int] = set()
"""The ids of other code in files with; it lives as long as its module."""


_RECORDING: set[int] = set()
"""The ids of code of ours below whose frames a function is being traced."""


def note_recording(code: CodeType) -> None:
    """Have frames of this code stand for the beginning of a trace."""
    _RECORDING.add(id(code))
    _note(code)


_RUNNING: dict[int, Callable[[FrameType], CodeType | None]] = {}
"""By the id of code of ours that runs the user's: which a frame is at, where that has a handler."""


def note_handlers(code: CodeType, of: Callable[[FrameType], CodeType | None]) -> None:
    """Have frames of this code stand for the user's code that they run."""
    _RUNNING[id(code)] = of
    _note(code)


def _note(code: CodeType) -> None:
    _NOTED.add(code.co_filename)
    _PASSED.discard(code.co_filename)
    _OTHERS.discard(id(code))


@functools.lru_cache(maxsize=4096)
def _caught(code: CodeType) -> frozenset[str]:
    """The names in code by which it may catch exceptions, if it does; `except:` is of all."""
    steps = [s for s in dis.get_instructions(code) if s.opname != "CACHE"]
    begins = {s.argval for s in steps if s.opname == "SETUP_FINALLY"}  # Python 3.10
    begins |= {s.offset + 2 for s in steps if s.opname == "PUSH_EXC_INFO"}
    bare = any(s.opname == "POP_TOP" and s.offset in begins for s in steps)
    handles = begins or any(s.opname.startswith("SETUP_") for s in steps)
    names = (*code.co_names, "BaseException") if bare else code.co_names
    return frozenset(names) if handles else frozenset()


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


def check_matrix(holds: Callable[[], Any], message: str) -> None:
    """Raise LinAlgError where `holds` is not true of a matrix, if that may be caught."""
    if may_catch(np.linalg.LinAlgError) and not holds():
        raise np.linalg.LinAlgError(message)


def check_bounds(index: Any, n: int, axis: int) -> None:
    """Raise IndexError where a traced index is out of bounds of an axis, if that may be caught.

    Who catches all that there is would have every loop around unrolled: an index out of bounds is
    an error of the kernel there.
    """
    builder = innermost_trace()
    if builder is not None and is_in_region(builder):
        asked = _is_named({"IndexError", "LookupError"})
    else:
        asked = may_catch(IndexError)
    if asked and not UFUNCS[np.logical_and](index >= -n, index < n).all():
        raise IndexError(f"index is out of bounds for axis {axis} with size {n}")


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
