"""Codes -> runs: stretches of a tape that repeat what they do, turn after turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

WINDOW = 6
"""Codes in a row that are looked up together, to find where they come again."""

LEAST_TURNS = 16
"""Fewer turns are left as they are."""

LEAST_LENGTH = 500
"""Shorter stretches are left as they are."""

_CANDIDATES = 8


class Run(NamedTuple):
    """`turns` turns of `period` instructions from `start` on."""

    start: int
    period: int
    turns: int

    @property
    def stop(self) -> int:
        return self.start + self.period * self.turns


def find_runs(code: np.ndarray) -> list[Run]:
    """Disjoint runs in order: the longest first, then what is beside it."""
    found: list[Run] = []
    stack = [(0, len(code))]
    while stack:
        low, high = stack.pop()
        run = _longest(code[low:high])
        if run is not None:
            run = Run(run.start + low, run.period, run.turns)
            found.append(run)
            stack += [(low, run.start), (run.stop, high)]
    return sorted(found)


def _longest(code: np.ndarray) -> Run | None:
    """The run that covers most, and of these the one of the shortest period."""
    if len(code) < LEAST_LENGTH:
        return None
    best: Run | None = None
    for period in sorted(_periods(code)):
        start, length = _stretch(code, period)
        run = Run(start, period, (length + period) // period)
        covered = run.period * run.turns
        if run.turns < LEAST_TURNS or covered < LEAST_LENGTH:
            continue
        if best is None or covered > 1.1 * best.period * best.turns:
            best = run
    return best


def _periods(code: np.ndarray) -> Iterator[int]:
    """The distances at which windows of codes most often come again."""
    mixed = np.zeros(len(code) - WINDOW + 1, np.uint64)
    for k in range(WINDOW):
        part = code[k : len(code) - WINDOW + 1 + k].astype(np.uint64)
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + part
    order = np.argsort(mixed, kind="stable")
    same = mixed[order][1:] == mixed[order][:-1]
    distances = np.diff(order)[same]
    values, counts = np.unique(distances, return_counts=True)
    # By what they would cover: the window at the seam of an outer loop comes once in its period.
    for k in np.argsort(-counts * values, kind="stable")[:_CANDIDATES]:
        yield int(values[k])


def _stretch(code: np.ndarray, period: int) -> tuple[int, int]:
    """The longest stretch in which each code is the one a period later: start and length."""
    same = np.flatnonzero(code[:-period] != code[period:])
    edges = np.concatenate([[-1], same, [len(code) - period]])
    gaps = np.diff(edges) - 1
    k = int(np.argmax(gaps))
    return int(edges[k] + 1), int(gaps[k])
