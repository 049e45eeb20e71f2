"""A run -> what each operand of a turn is: of this turn, of one before, of none, or a row.

The turns of a run are the rows of a matrix, the operands of a turn its columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jitad.passes.rolling.flat import Flat
from jitad.passes.rolling.runs import LEAST_TURNS, Run


class Inner(NamedTuple):
    """What instruction `place` of the same turn computes."""

    place: int


class Carried(NamedTuple):
    """What instruction `place` computed `lag` turns before; in the first turns the `starts`."""

    place: int
    lag: int
    starts: tuple[int, ...]


class Outer(NamedTuple):
    """The same value from before the run, or constant, in every turn."""

    place: int


class Row(NamedTuple):
    """Another value from before the run, or constant, in each turn."""

    indices: tuple[int, ...]


Source = Inner | Carried | Outer | Row


@dataclass(frozen=True, eq=False)
class Turns:
    """A run whose turns read alike: for each instruction of a turn the sources of its operands."""

    run: Run
    sources: list[list[Source]]


def turns(flat: Flat, run: Run) -> Turns | None:
    """How the turns read; the first ones are left out where they differ. None: they never agree."""
    while run.turns >= LEAST_TURNS:
        matrix, places = _matrix(flat, run)
        columns: list[Source] = []
        late = 0
        for k, place in enumerate(places):
            source, first = _source(matrix[:, k], int(place), run)
            if source is not None:
                first = _from_which_turn(flat, source, run)
            late = max(late, first)
            if source is not None:
                columns.append(source)
        if not late:
            return Turns(run, _by_instruction(flat, run, columns))
        run = Run(run.start + late * run.period, run.period, run.turns - late)
    return None


def _matrix(flat: Flat, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """The operands, a row a turn; and for each column the place of its instruction in a turn."""
    first = flat.first[run.start : run.start + run.period + 1]
    width = int(first[-1] - first[0])
    low = int(flat.first[run.start])
    matrix = np.reshape(flat.args[low : low + width * run.turns], (run.turns, width))
    return matrix, np.repeat(np.arange(run.period), np.diff(first))


def _source(column: np.ndarray, place: int, run: Run) -> tuple[Source | None, int]:
    """What a column is, and from which turn on it is that."""
    start, period, count = run
    here = start + place + period * np.arange(count)
    distance = here - column
    if (column < start).all():
        if (column == column[0]).all():
            return Outer(int(column[0])), 0
        return Row(tuple(column.tolist())), 0
    shift = place - int(distance[-1])
    lag, at = -(shift // period), shift % period
    good = distance == distance[-1]
    good[:lag] = column[:lag] < start
    if good.all() and lag < count:
        if lag == 0:
            return Inner(at), 0
        return Carried(at, lag, tuple(column[:lag].tolist())), 0
    bad = np.flatnonzero(~good)
    return None, int(bad[-1]) + 1 if len(bad) else count


def _from_which_turn(flat: Flat, source: Source, run: Run) -> int:
    """From which turn on all values of a source are of one shape and dtype."""
    if isinstance(source, Row):
        types = {_type(flat, k) for k in set(source.indices)}
        return 0 if len(types) == 1 else run.turns
    if isinstance(source, Carried):
        kind = _type(flat, run.start + source.place)
        return 0 if all(_type(flat, k) == kind for k in source.starts) else source.lag
    return 0


def _type(flat: Flat, k: int) -> tuple[object, object]:
    instr = flat.instr(k)
    return instr.shape, instr.dtype


def _by_instruction(flat: Flat, run: Run, columns: Sequence[Source]) -> list[list[Source]]:
    counts = np.diff(flat.first[run.start : run.start + run.period + 1])
    ends = np.cumsum(counts)
    return [list(columns[e - n : e]) for e, n in zip(ends, counts, strict=True)]


def quietest(flat: Flat, run: Run) -> Run:
    """The same run, begun where the fewest values pass from one turn to the next."""
    start, period, count = run
    middle = start + period * (count // 2)
    low, high = int(flat.first[middle]), int(flat.first[middle + 2 * period])
    widths = np.diff(flat.first[middle : middle + 2 * period + 1])
    readers = np.repeat(np.arange(middle, middle + 2 * period), widths)
    last: dict[int, int] = {}
    for i, j in zip(readers.tolist(), flat.args[low:high].tolist(), strict=True):
        if middle <= j < middle + period:
            last[j] = i
    crossing = np.zeros(2 * period + 1, np.int64)
    for j, i in last.items():
        crossing[j - middle + 1] += 1
        crossing[i - middle + 1] -= 1
    live = np.cumsum(crossing)[: 2 * period]
    seams = live[:period] + live[period:]
    seam = int(np.argmin(seams))
    return run if seam == 0 else Run(start + seam, period, count - 1)
