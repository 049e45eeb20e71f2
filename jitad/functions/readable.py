"""NumPy's functions that are written with its others: they are read as programs, as the user's are.

Those of the table record what a record of ours would. Of others the same holds as far as it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from jitad.frontend.traceable import PLAIN
from jitad.ir.value import FUNCTIONS

_WRITING = ("_npyio_impl.py", "arrayprint.py")
"""Where NumPy's functions are that write files and texts."""


def as_program(function: Any) -> Callable[..., Any] | None:
    """A function of NumPy's as one that runs as a program; None where it cannot be read."""
    plain = getattr(function, "__wrapped__", None)
    if not isinstance(plain, FunctionType) or plain.__code__.co_filename.endswith(_WRITING):
        return None
    return PLAIN.reader(plain)


def _read(function: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: PLAIN.reader(function.__wrapped__)(*args, **kwargs)


READ = (
    *(np.allclose, np.common_type, np.fft.fftshift),
    *(np.fft.hfft, np.fft.ifftshift, np.fft.ihfft, np.fliplr, np.flipud, np.iscomplex),
    *(np.isreal, np.linalg.diagonal, np.linalg.matmul, np.linalg.matrix_norm, np.linalg.tensordot),
    *(np.linalg.tensorinv, np.linalg.trace, np.linalg.vecdot, np.linalg.vector_norm, np.nanstd),
    *(np.polyfit, np.resize, np.rollaxis, np.unique_values, np.unwrap),
)
"""Those of which tests know that they are right when they are read, with derivatives."""

FUNCTIONS.update({function: _read(function) for function in READ})

PLAIN.add(
    np.asarray_chkfinite, lambda *xs, **named: PLAIN.reader(np.asarray_chkfinite)(*xs, **named)
)  # type: ignore[arg-type]
