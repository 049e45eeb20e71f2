"""The NumPy namespace for functions that create arrays and write to them.

    import jitad.numpy as np

What creates an array here (`zeros`, `array`, `arange`, ...) gives, in a function that is being
traced, an array that traced values can be written to: `out[i] = x[i] ** 2`, `out[1:] += x`,
`row = a[0]; row[:] = v` through NumPy's views, masks and integer arrays. A function that fills its
result in loops, as one written for Numba, is so differentiated as it is. Outside of a trace, and
in all else, the names are NumPy's own.

`np.array([x[0], 2 * x[1]])` joins traced values; `np.array(x)` is a copy of an argument that can
be written to, an argument itself cannot. `x += v` makes a new array where `x` is an argument or a
result, as in JAX, and writes into it where `x` was created here, as in NumPy.
"""

from __future__ import annotations

import sys as _sys
from typing import Any

import numpy as _numpy

from jitad.frontend.active import holds_traced
from jitad.functions.arrays.creation import arange as arange
from jitad.functions.arrays.creation import array as array
from jitad.functions.arrays.creation import asarray as asarray
from jitad.functions.arrays.creation import full as full
from jitad.functions.arrays.namespace import MADE as _made

__all__ = [*_numpy.__all__]  # pyright: ignore[reportUnsupportedDunderAll]  # NumPy's own names


class vectorize(_numpy.vectorize):  # pyright: ignore[reportIncompatibleVariableOverride]  # __module__
    """np.vectorize; of traced arrays, whose elements go through the function one by one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function of each element of the arguments, which broadcast."""
        if not holds_traced([*args, *kwargs.values()]):
            return super().__call__(*args, **kwargs)
        each = _numpy.vectorize(
            self.pyfunc, otypes=[object], excluded=self.excluded, signature=self.signature
        )
        return array(each(*args, **kwargs))


# `import jitad.numpy.random as npr` gives NumPy's own module, not a second copy of it.
__path__: list[str] = []
for _name in ("fft", "linalg", "random"):
    _sys.modules[f"{__name__}.{_name}"] = getattr(_numpy, _name)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'jitad.numpy' has no attribute {name!r}")
    return _made[name] if name in _made else getattr(_numpy, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_numpy)})
