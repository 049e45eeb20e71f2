"""Tracebacks that show the lines of a program, in place of ours that run them."""

from __future__ import annotations

import os
from types import CodeType, TracebackType

from jitad.ir.errors import SourceLine

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def as_called(error: Exception, code: CodeType, line: SourceLine | None) -> Exception:
    """The error with a traceback as though the code had been run by Python, at that line."""
    below = _without_ours(error.__traceback__)
    if line is None:
        return error.with_traceback(below)
    here = _raised_at(line, code.co_name)
    return error.with_traceback(TracebackType(below, here.tb_frame, here.tb_lasti, here.tb_lineno))


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    kept: list[TracebackType] = []
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(_HERE):
            kept.append(traceback)
        traceback = traceback.tb_next
    found: TracebackType | None = None
    for t in reversed(kept):
        found = TracebackType(found, t.tb_frame, t.tb_lasti, t.tb_lineno)
    return found


def _raised_at(line: SourceLine, name: str) -> TracebackType:
    """A traceback of one frame, at that line of a function of that name."""
    code = compile("raise Exception", line.file, "exec")
    there = code.replace(co_name=name, co_firstlineno=line.line)
    try:
        exec(there, {})
    except Exception as error:
        assert error.__traceback__ is not None
        assert error.__traceback__.tb_next is not None
        return error.__traceback__.tb_next
    raise AssertionError("code that raises has raised nothing")
