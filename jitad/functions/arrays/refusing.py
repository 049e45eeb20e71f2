"""NumPy's functions that traced values refuse, with errors that teach.

Most write to an array; those that `jitad.numpy` has created can be written to, and answer these
functions by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.operands import implements
from jitad.ir.errors import TraceError, WriteError

INSTEAD: dict[Any, str] = {
    np.copyto: "np.where(mask, new, x), or np.broadcast_to(new, x.shape)",
    np.fill_diagonal: "np.where(np.eye(len(x), dtype=bool), value, x)",
    np.place: "np.where(mask, values, x)",
    np.put: "x.at[places].set(values)",
    np.put_along_axis: "x.at[index].set(values), or np.where",
    np.putmask: "np.where(mask, values, x)",
}
"""The functions, and the expressions that give a new array in their place."""


def _refusal(function: Any, instead: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise WriteError(
            f"np.{function.__name__} would write a traced value into an array that cannot hold "
            "it, or into a traced array, which is immutable",
            remedy=f"use {instead}; or write into an array made by jitad.numpy.array(x) or "
            "jitad.numpy.zeros(shape), which is mutable",
        )

    return refuse


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    raise TraceError(
        "np.real_if_close of a traced value has a dtype that depends on values",
        remedy="use np.real(x) where the imaginary part is known to be rounding",
    )


REFUSED = (*INSTEAD, np.real_if_close)
"""All of them: functions that are known, and not supported."""

for _function, _instead in INSTEAD.items():
    implements(_function)(_refusal(_function, _instead))
