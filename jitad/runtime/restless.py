"""What answers otherwise each time that it is asked: random numbers, clocks, iterators.

A kernel would repeat the first answer. A function that asks is therefore traced at each call.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from types import BuiltinFunctionType, ModuleType
from typing import Any

import numpy as np

_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")
_CLOCKS = (*_CLOCKS, *(f"{name}_ns" for name in _CLOCKS), "localtime", "gmtime", "ctime")

_ASKED = {
    "time": frozenset(_CLOCKS),
    "datetime": frozenset(("now", "today", "utcnow")),
    "secrets": frozenset(("randbits", "randbelow", "choice", "token_bytes", "token_hex")),
    "uuid": frozenset(("uuid1", "uuid4")),
    "os": frozenset(("urandom",)),
    "posix": frozenset(("urandom",)),
    "nt": frozenset(("urandom",)),
}
"""Functions and methods by the names of modules."""

MAKERS = (
    *("default_rng", "RandomState", "SeedSequence", "PCG64", "PCG64DXSM", "MT19937", "Philox"),
    *("SFC64", "Random", "SystemRandom"),
)
"""What makes a generator that starts anywhere, where it is called without a seed."""

RANDOM = "draws random numbers"


def asked_of(x: Any, words: tuple[str, ...]) -> str | None:
    """What code does that speaks of x and of these attributes; None where x keeps still."""
    if isinstance(x, BuiltinFunctionType):
        module = str(getattr(x, "__module__", None))
        return f"calls {module}.{x.__name__}" if x.__name__ in _ASKED.get(module, ()) else None
    if isinstance(x, Iterator):
        return f"reads an iterator ({type(x).__name__}), which moves on"
    if not isinstance(x, (type, ModuleType)):
        return None
    module = x.__module__ if isinstance(x, type) else x.__name__
    called = _ASKED.get(str(module), frozenset()).intersection(words)
    return f"calls {module}.{min(called)}" if called else None


def is_source(x: Any) -> bool:
    """Whether x draws random numbers and has a state that says whether it has."""
    return isinstance(x, (np.random.Generator, np.random.RandomState, random.Random))


class Sources:
    """Sources of random numbers, and the states that they were in."""

    def __init__(self) -> None:
        self._states = [(np.random, _state(np.random)), (random, _state(random))]

    def add(self, source: Any) -> None:
        """Note the state of one more."""
        self._states.append((source, _state(source)))

    def drew(self) -> bool:
        """Whether random numbers have been drawn since."""
        return any(_state(source) != state for source, state in self._states)


def _state(source: Any) -> Any:
    """A state as something that compares."""
    if isinstance(source, random.SystemRandom):
        return object()  # never the same
    if isinstance(source, random.Random) or source is sys.modules["random"]:
        return source.getstate()
    if isinstance(source, np.random.Generator):
        return _comparable(source.bit_generator.state)
    return _comparable(source.get_state(legacy=False))


def _comparable(state: Any) -> Any:
    if isinstance(state, dict):
        return tuple((k, _comparable(v)) for k, v in state.items())
    return state.tobytes() if isinstance(state, np.ndarray) else state
