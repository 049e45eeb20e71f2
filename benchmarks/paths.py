"""Python's branches: a known path against the same code without the branch, and paths in turn.

Gradients, called from Python. The code without the branch is what the path comes to; for paths in
turn two calls at points on one path are compared with two at points on different ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import jitad
from benchmarks.harness import Call, Table, main, measure, verdict

_SECONDS = {"tiny": 0.01, "quick": 0.1, "full": 1.0}
_MOST_OF_PLAIN = 1.3
_MOST_OF_ONE = 2.0


def _one_branch(x: Any) -> Any:
    return np.sin(x) * x if x > 0 else np.cos(x) * x


def _first(x: Any) -> Any:
    return np.sin(x) * x


def _branch_on_element(x: Any) -> Any:
    return np.sum(np.sin(x) * x) if x[0] > 0 else np.sum(np.cos(x) * x)


def _sum_of_first(x: Any) -> Any:
    return np.sum(np.sin(x) * x)


def _many_branches(x: Any) -> Any:
    total = 0.0
    for k in range(x.shape[0]):
        total = total + (np.sin(x[k]) * x[k] if x[k] > 0 else -np.cos(x[k]))
    return total


def _terms(x: Any) -> Any:
    total = 0.0
    for k in range(x.shape[0]):
        total = total + np.sin(x[k]) * x[k]
    return total


def _while(x: Any) -> Any:
    y = np.sum(x**2)
    while y > 1.0:
        y = 0.5 * y + 0.1 * np.sin(y)
    return y


def _seven_times(x: Any) -> Any:
    y = np.sum(x**2)
    for _ in range(7):
        y = 0.5 * y + 0.1 * np.sin(y)
    return y


class _Case(NamedTuple):
    title: str
    branching: Callable[..., Any]
    plain: Callable[..., Any]
    here: Any
    there: Any


def _cases() -> list[_Case]:
    ten, many = np.linspace(0.1, 1.0, 10), np.linspace(0.1, 1.0, 10_000)
    long = ten * np.sqrt(100.0 / np.sum(ten**2))
    return [
        _Case("a branch on a number", _one_branch, _first, 0.7, -0.7),
        _Case("a branch on x[0], n = 10", _branch_on_element, _sum_of_first, ten, -ten),
        _Case("a branch on x[0], n = 10,000", _branch_on_element, _sum_of_first, many, -many),
        _Case("ten branches, n = 10", _many_branches, _terms, ten, -ten),
        _Case("a while loop of 7 turns, n = 10", _while, _seven_times, long, 2 * long),
    ]


def run(size: str) -> list[Table]:
    """Known paths, then paths in turn."""
    seconds = _SECONDS[size]
    known: list[Any] = []
    turns: list[Any] = []
    for case in _cases():
        branching, plain = jitad.grad(case.branching), jitad.grad(case.plain)
        for x in (case.there, case.here, case.here, case.here):
            branching(x)
        known.append(_known(case, branching, plain, seconds))
        turns.append(_in_turn(case, branching, seconds))
    columns = ("gradient of", "known path (s)", "without branch (s)", "ratio", "bound")
    in_turn = ("gradient of", "two paths in turn (s)", "one path twice (s)", "ratio", "bound")
    return [
        Table("A known path against the same code without the branch", columns, known),
        Table("Two known paths in turn against one of them", in_turn, turns),
    ]


def _known(case: _Case, branching: Any, plain: Any, seconds: float) -> list[Any]:
    calls: dict[str, Call] = {"branch": (branching, (case.here,)), "plain": (plain, (case.here,))}
    timings = measure(calls, seconds=seconds)
    branch, without = timings["branch"].best, timings["plain"].best
    ratio = branch / without
    return [case.title, branch, without, ratio, verdict(ratio, most=_MOST_OF_PLAIN)]


def _in_turn(case: _Case, branching: Any, seconds: float) -> list[Any]:
    def twice(x: Any, y: Any) -> None:
        branching(x)
        branching(y)

    calls: dict[str, Call] = {
        "turn": (twice, (case.here, case.there)),
        "here": (twice, (case.here, case.here)),
        "there": (twice, (case.there, case.there)),
    }
    timings = measure(calls, seconds=seconds, rtol=None)
    turn = timings["turn"].best
    # One path may cost more than the other by itself.
    one = (timings["here"].best + timings["there"].best) / 2
    return [case.title, turn, one, turn / one, verdict(turn / one, most=_MOST_OF_ONE)]


if __name__ == "__main__":
    main(run, __doc__)
