"""Python's arithmetic errors in traced functions: raised where one of these may catch them.

Elsewhere the division of a Python number by zero is NumPy's, infinite or NaN, as it is in compiled
code, and costs nothing.
"""

from __future__ import annotations

import builtins
import contextlib
import dis
import functools
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CellType, CodeType, FrameType, FunctionType, GeneratorType
from typing import Any, Protocol

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
            f = run(frame)
            named = named or (f is not None and _ends(f, names))
        elif not is_internal(code.co_filename):
            named = named or _names(code, names, (frame.f_locals, frame.f_globals))
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


def _names(code: CodeType, names: set[str] | None, spaces: _Spaces) -> bool:
    handles, caught, paths = _caught(code)
    if names is None or not handles:
        return handles
    return not names.isdisjoint(caught) or any(_leads_to(p, names, spaces) for p in paths)


class Handling(Protocol):
    """A function that is at a statement which may handle exceptions, and contexts it is within."""

    function: Any
    within: list[Any]


def _ends(f: Handling, names: set[str] | None) -> bool:
    if _names(f.function.__code__, names, _spaces(f.function)):
        return True
    return names is not None and any(_swallows(context, names) for context in f.within)


def _swallows(context: Any, names: set[str]) -> bool:
    """Whether a context may keep one of these exceptions from those around it."""
    if isinstance(context, contextlib.suppress):
        kinds = context._exceptions  # type: ignore[attr-defined]  # what it was made of
        return any(kind.__name__ in names for kind in kinds)
    if isinstance(context, contextlib.ExitStack):
        inner = [getattr(f, "__self__", None) for _, f in context._exit_callbacks]  # type: ignore[attr-defined]  # its contexts
        return any(_swallows(x, names) for x in inner)
    generator = getattr(context, "gen", None)
    if isinstance(generator, GeneratorType):
        at = generator.gi_frame
        return at is not None and _names(generator.gi_code, names, (at.f_locals, at.f_globals))
    return _gives_something(getattr(type(context).__exit__, "__code__", None))


@functools.lru_cache(maxsize=4096)
def _gives_something(code: CodeType | None) -> bool:
    """Whether code may return something true; that of C does not."""
    if code is None:
        return False
    steps = [s for s in dis.get_instructions(code) if s.opname not in ("CACHE", "NOP")]
    given = [s for s in steps if s.opname == "RETURN_CONST"]
    given += [x for x, y in itertools.pairwise(steps) if y.opname == "RETURN_VALUE"]
    return any(not s.opname.endswith("CONST") or s.argval for s in given)


_Spaces = Iterable[Mapping[str, Any]]
"""Where the names in code are looked up, in that order, before those that are built in."""


def _spaces(f: FunctionType) -> _Spaces:
    cells = zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if cell != CellType()}, f.__globals__


def _leads_to(path: tuple[str, ...], names: set[str], spaces: _Spaces) -> bool:
    """Whether what a handler is of, `E` or `module.E`, is one of these kinds, or is not known."""
    name, *attributes = path
    found = next((space[name] for space in (*spaces, vars(builtins)) if name in space), None)
    for name in attributes:
        found = getattr(found, name, None)
    kinds = found if isinstance(found, tuple) else (found,)
    return any(not isinstance(kind, type) or kind.__name__ in names for kind in kinds)


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


_RUNNING: dict[int, Callable[[FrameType], Handling | None]] = {}
"""By the id of code of ours that runs the user's functions: which a frame is at, where that has a
handler there."""


def note_handlers(code: CodeType, of: Callable[[FrameType], Handling | None]) -> None:
    """Have frames of this code stand for the user's functions that they run."""
    _RUNNING[id(code)] = of
    _note(code)


def _note(code: CodeType) -> None:
    _NOTED.add(code.co_filename)
    _PASSED.discard(code.co_filename)
    _OTHERS.discard(id(code))


@functools.lru_cache(maxsize=4096)
def _caught(code: CodeType) -> tuple[bool, frozenset[str], frozenset[tuple[str, ...]]]:
    """Whether code handles exceptions; the names in it by which it may catch them, `except:` being
    of all; and what its handlers are of, by name and attributes."""
    steps = [s for s in dis.get_instructions(code) if s.opname not in ("CACHE", "EXTENDED_ARG")]
    begins = {s.argval for s in steps if s.opname == "SETUP_FINALLY"}  # Python 3.10
    begins |= {s.offset + 2 for s in steps if s.opname == "PUSH_EXC_INFO"}
    bare = any(s.opname == "POP_TOP" and s.offset in begins for s in steps)
    handles = begins or any(s.opname.startswith("SETUP_") for s in steps)
    names = (*code.co_names, "BaseException") if bare else code.co_names
    matches = [k for k, s in enumerate(steps) if s.opname in _MATCHES]
    paths = (path for k in matches for path in _paths(steps[:k]))
    return bool(handles), frozenset(names), frozenset(paths)


_MATCHES = ("CHECK_EXC_MATCH", "JUMP_IF_NOT_EXC_MATCH")


def _paths(steps: list[dis.Instruction]) -> Iterator[tuple[str, ...]]:
    """The names, with attributes, that an expression at the end of these steps is made of."""
    path: tuple[str, ...] = ()
    for step in reversed(steps):
        if step.opname == "LOAD_ATTR":
            path = (step.argval, *path)
        elif step.opname.startswith("LOAD_"):
            yield str(step.argval), *path
            path = ()
        elif not step.opname.startswith(("BUILD_", "LIST_")):
            if step.opname.startswith("CALL"):  # of which nothing is known
                yield "", *path
            return


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
