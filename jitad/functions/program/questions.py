"""What is asked of a value: its class, whether it has an attribute, whether it is a scalar.

The answer is that of the array or number which the value stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.mutable import MutableArray
from jitad.frontend.stand_ins import StandIn
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
