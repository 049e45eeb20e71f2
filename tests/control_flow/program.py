"""How a program with branches is written down: a function, and a point on each of its paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Function = Callable[..., Any]


class Program(NamedTuple):
    """A function, and by the name of a path the arguments that take it.

    Every positional argument is either made of floats alone, which are differentiated, or of
    integers, flags and constants, which decide. No two points take the same path, and none lies at
    a kink. `order` is that of the derivatives that are compared. `defect` says what is wrong where
    the comparison is known to fail. `within` says that the paths are those of a loop's turns, which
    one trace may find together.
    """

    function: Function
    points: dict[str, tuple[Any, ...]]
    order: int
    defect: str
    within: bool = False

    @property
    def name(self) -> str:
        return self.function.__name__

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


def program(
    order: int = 2, defect: str = "", /, **points: tuple[Any, ...]
) -> Callable[[Function], Program]:
    """A function as an entry of the table, which is all programs that stand in these modules."""
    return lambda function: Program(function, points, order, defect)


def turns(defect: str = "", /, **points: tuple[Any, ...]) -> Callable[[Function], Program]:
    """The same of a function whose loops branch in their turns."""
    return lambda function: Program(function, points, 2, defect, within=True)
