"""How an idiom is written down: a plain function of one argument, and where it is tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

X = np.array([0.7, 1.3, 2.1, 0.4])
A = np.array(
    [[4.0, 1.0, 0.0, 0.5], [1.0, 3.0, 0.2, 0.0], [0.0, 0.2, 5.0, 1.0], [0.5, 0.0, 1.0, 6.0]]
)


class Idiom(NamedTuple):
    """A function and an argument; the function is tried at a tenth more of it, too."""

    function: Callable[[Any], Any]
    x: np.ndarray


IDIOMS: list[Idiom] = []


def case(given: Any) -> Any:
    """Enter a function, at X or at the array given."""
    if not isinstance(given, np.ndarray):
        IDIOMS.append(Idiom(given, X))
        return given

    def enter(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        IDIOMS.append(Idiom(f, given))
        return f

    return enter
