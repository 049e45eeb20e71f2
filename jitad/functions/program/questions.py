"""What is asked of a value: its class, whether it has an attribute, whether it is a scalar.

The answer is that of the array or number which the value stands for. And what is asked of the call
that is being run: its globals, what a text means in it.
"""

from __future__ import annotations

from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.mutable import MutableArray
from jitad.frontend.reads import note_global, note_met
from jitad.frontend.stand_ins import StandIn
from jitad.frontend.unseen import names_in, note_all
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


def stands_for(x: Value) -> type:
    """The class of what a traced value is outside of a trace."""
    if isinstance(x, MutableArray) or x.shape:
        return np.ndarray
    return type(x.dtype.type(0).item()) if x.weak else x.dtype.type


def is_instance(x: Any, kinds: Any) -> bool:
    """isinstance(x, kinds)"""
    isinstance(None, kinds)  # says what is no class
    if not isinstance(x, Value):
        return isinstance(x, kinds) or (isinstance(x, StandIn) and issubclass(x.scipys(), kinds))
    asked = kinds if isinstance(kinds, tuple) else (kinds,)
    return issubclass(stands_for(x), kinds) or Value in asked  # which asks for the tracer itself


def class_of(x: Any, *rest: Any) -> Any:
    """type(x), or a new class"""
    if isinstance(x, StandIn) and not rest:
        return x.scipys()
    return stands_for(x) if isinstance(x, Value) else type(x, *rest)


def has_attribute(frame: Frame, x: Any, name: str) -> bool:
    """hasattr(x, name)"""
    if isinstance(x, Value):
        return hasattr(stands_for(x), name)
    try:
        frame.attribute(x, name)
    except AttributeError:
        return False
    return True


def is_scalar(x: Any) -> bool:
    """np.isscalar(x)"""
    return not issubclass(stands_for(x), np.ndarray) if isinstance(x, Value) else np.isscalar(x)


# -- of the call itself ----------------------------------------------------------------------------


def globals_of(frame: Frame) -> dict[str, Any]:
    """globals()"""
    note_met(frame.function.__globals__)
    return frame.function.__globals__


def _note_text(frame: Frame, source: Any, mode: str) -> None:
    """A text is run, of which no program is made."""
    code = source if isinstance(source, CodeType) else compile(source, "<text>", mode)
    file, table = frame.function.__code__.co_filename, frame.function.__globals__
    for name in names_in(code) & table.keys():
        note_global(file, table, name, table[name])
        note_all(table[name])


def evaluated(frame: Frame, source: Any, within: Any = None, names: Any = None) -> Any:
    """eval(source), whose text is no program: Python runs it."""
    if within is not None or names is not None:
        return eval(source, within, names)
    _note_text(frame, source, "eval")
    return eval(source, frame.function.__globals__, frame.locally())


def executed(frame: Frame, source: Any, within: Any = None, names: Any = None) -> None:
    """exec(source), which binds no names of the function's."""
    frame.outside_of_regions("a text is executed")
    if within is not None or names is not None:
        exec(source, within, names)
    else:
        _note_text(frame, source, "exec")
        exec(source, frame.function.__globals__, frame.locally())
