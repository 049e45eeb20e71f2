"""Trees of paths -> text: what each known path expects at each branch, and how often it ran."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from jitad.runtime.paths import Guard, Path, Tree


def describe_paths(trees: Sequence[Tree]) -> list[str]:
    """A section for each state of the surroundings in which a branch was met."""
    sections: list[str] = []
    for tree in trees:
        if len(tree.paths) < 2 and not any(path.guards for path in tree.paths):
            continue
        title = "== paths" if tree.holds() else "== paths, where the surroundings were others"
        parts = [_describe(k, path) for k, path in enumerate(tree.paths, 1)]
        if tree.interpreted:
            parts.append(f"run in NumPy {_times(tree.interpreted)}")
        sections.append("\n".join([title, *parts]))
    return sections


def _describe(number: int, path: Path) -> str:
    lines = [f"path {number}, run {_times(path.calls)}"]
    for (place, value), group in groupby(map(_texts, path.steps())):
        count = len(list(group))
        often = f", {_times(count)} in a row" if count > 1 else ""
        lines.append(f"  {place} -> {value}{often}")
    return "\n".join(lines)


def _texts(step: Guard) -> tuple[str, str]:
    line, expected, dtype = step
    place = line.quote() if line is not None else "a branch"
    numbers = np.frombuffer(expected, dtype)
    if numbers.size == 1:
        return place, str(numbers.item())
    return place, np.array2string(numbers, threshold=20, separator=", ")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
