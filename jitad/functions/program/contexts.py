"""Contexts that say what NumPy and Python do about plain numbers, and not about traced ones.

One may be entered and left on sides of branches and in turns of loops, where it does nothing: it
is left then when the function ends.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from jitad.frontend.exceptions import may_catch
from jitad.functions.program.data import current
from jitad.ir.errors import TraceError

HARMLESS = (np.errstate, warnings.catch_warnings)
"""Their types."""


def entered(frame: Any, x: Any) -> tuple[Any, Any]:
    """What leaves a context, and what it is known as within."""
    if isinstance(x, np.errstate):
        _check_raising(frame, x)
    if isinstance(x, HARMLESS) and not frame.program.is_generator:
        context = Entered(x)
        frame.entered.append(context)
        return context, context.value
    frame.outside_of_regions("a context is entered")
    leave = frame.attribute(x, "__exit__")

    def left(*error: Any) -> Any:
        frame.outside_of_regions("a context is left")
        frame.within.pop()
        return frame.call(leave, error, {})

    value = frame.call(frame.attribute(x, "__enter__"), (), {})
    frame.within.append(x)
    return left, value


def _check_raising(frame: Any, x: np.errstate) -> None:
    """Refuse to raise what is caught: no operation on traced values looks at what it gives."""
    found = vars(x).values() if hasattr(x, "__dict__") else [getattr(x, k, None) for k in _KINDS]
    caught = "FloatingPointError" in frame.function.__code__.co_names
    if "raise" in str([*found]) and (caught or may_catch(FloatingPointError)):
        raise TraceError(
            "np.errstate has traced values raise nothing, and a FloatingPointError is caught",
            remedy="ask np.isfinite of what is computed",
        )


_KINDS = ("_all", "_divide", "_over", "_under", "_invalid")


class Entered:
    """One that has been entered; it is called where it is left."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.is_left = current().region is not None
        self.value = context if self.is_left else context.__enter__()

    def __call__(self, *error: Any) -> None:
        if current().region is None:
            self.leave(*error)

    def leave(self, *error: Any) -> None:
        """Leave it, if it is not left yet."""
        if not self.is_left:
            self.is_left = True
            self.context.__exit__(*error)
