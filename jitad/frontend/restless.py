"""What answers otherwise each time that it is asked: random numbers, clocks, iterators.

A kernel would repeat the first answer. A function that asks is therefore traced at each call.
"""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from jitad.ir.errors import TraceError
from jitad.ir.value import Value

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

_MAKERS = (
    *("default_rng", "RandomState", "SeedSequence", "PCG64", "PCG64DXSM", "MT19937", "Philox"),
    *("SFC64", "Random", "SystemRandom"),
)
"""What makes a generator that starts anywhere, where it is called without a seed."""

_RANDOM = "draws random numbers"


def asked_of(f: Any, args: Any, kwargs: Any) -> str | None:
    """What a call does that has another answer each time; None where it has not."""
    name, owner = getattr(f, "__name__", None), getattr(f, "__self__", None)
    is_new = name in _MAKERS and not args and not kwargs
    if is_new or isinstance(owner, random.SystemRandom):
        return _RANDOM
    module = getattr(owner if isinstance(owner, type) else f, "__module__", None)
    return f"calls {module}.{name}" if name in _ASKED.get(str(module), ()) else None


def is_source(x: Any) -> bool:
    """Whether x draws random numbers and has a state that says whether it has."""
    return isinstance(x, (np.random.Generator, np.random.RandomState, random.Random))


_DRAWS = {
    **dict.fromkeys(("normal", "laplace", "logistic", "gumbel"), "loc + scale * {0}.{1}(size=...)"),
    **dict.fromkeys(("exponential", "rayleigh"), "scale * {0}.{1}(size=...)"),
    "uniform": "low + (high - low) * {0}.uniform(size=...)",
    "lognormal": "np.exp(mean + sigma * {0}.normal(size=...))",
    "gamma": "scale * {0}.gamma(shape, size=...), of a shape that is a plain number",
    "weibull": "{0}.exponential(size=...) ** (1 / a)",
    "pareto": "np.expm1({0}.exponential(size=...) / a)",
    "power": "{0}.uniform(size=...) ** (1 / a)",
    "multivariate_normal": "mean + np.linalg.cholesky(cov) @ {0}.normal(size=len(mean))",
}
"""How numbers of a distribution are made of standard ones."""


def check_draw(f: Any, args: Any, kwargs: dict[str, Any]) -> None:
    """Refuse to draw random numbers whose distribution has traced parameters."""
    source, name = getattr(f, "__self__", None), getattr(f, "__name__", "")
    if not isinstance(source, (np.random.Generator, np.random.RandomState)) or name not in _DRAWS:
        return
    parameters = (*args, *(x for key, x in kwargs.items() if key != "size"))
    if any(isinstance(x, Value) and x.dtype.kind == "f" for x in parameters):
        called = "np.random" if source is getattr(np.random.normal, "__self__", None) else "rng"
        raise TraceError(
            f"{called}.{name} draws by parameters that are traced",
            remedy=f"draw standard numbers and transform them: {_DRAWS[name].format(called, name)}",
        )


class Sources:
    """Sources of random numbers, and the states that they were in."""

    def __init__(self) -> None:
        self._states = [(np.random, _state(np.random)), (random, _state(random))]

    def add(self, source: Any) -> None:
        """Note the state of one more."""
        self._states.append((source, _state(source)))

    def drawn(self) -> str | None:
        """That random numbers have been drawn since; None where they have not."""
        drew = any(_state(source) != state for source, state in self._states)
        return _RANDOM if drew else None


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
