"""Tracebacks that show the lines of a program, in place of ours that run them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import CodeType, TracebackType

from jitad.frontend.active import frames
from jitad.ir.errors import SourceLine, is_internal
from jitad.ir.raised import Place, raised_at

HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def as_called(error: Exception, code: CodeType, line: SourceLine | None) -> Exception:
    """The error with a traceback as though the code had been run by Python, at that line."""
    below = _without_ours(error.__traceback__)
    if line is None:
        return error.with_traceback(below)
    here = raised_at(line, code.co_name)
    return error.with_traceback(TracebackType(below, here.tb_frame, here.tb_lasti, here.tb_lineno))


def places_of(error: BaseException) -> Iterator[Place]:
    """The lines of the user's that an exception comes from."""
    for frame in frames():
        line = frame.line_of(error)
        if line is not None:  # else it is a function of ours
            yield line, frame.function.__code__.co_name
    below = _without_ours(error.__traceback__)
    while below is not None:
        code = below.tb_frame.f_code
        if not is_internal(code.co_filename):
            yield SourceLine(code.co_filename, below.tb_lineno), code.co_name
        below = below.tb_next


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    kept: list[TracebackType] = []
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(HERE):
            kept.append(traceback)
        traceback = traceback.tb_next
    found: TracebackType | None = None
    for t in reversed(kept):
        found = TracebackType(found, t.tb_frame, t.tb_lasti, t.tb_lineno)
    return found
