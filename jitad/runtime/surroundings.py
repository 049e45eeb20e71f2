"""What a function read from outside of itself when it was traced, and whether that is still so.

Where what was read (jitad/frontend/reads.py) is another object since, or a container holds other
items, the function is traced again. What arrays hold is no matter where traced values meet them:
they are inputs by reference. An array whose numbers the function asked for is compared.

Before a call a table is compared in C (watch.py). Where a row is not as it was Python looks, for a
number or a text that is another object and equal to the one before is the same.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from types import ModuleType
from typing import Any

import numpy as np

from jitad.frontend.roads import CONTAINERS, Read
from jitad.runtime.cpython import make_function
from jitad.runtime.services import service
from jitad.runtime.watch import FIELDS, NEVER, NOTHING, WORD, rows_of

_HELD = (ModuleType, type, np.ndarray, *CONTAINERS, *weakref.ProxyTypes)
"""What is looked at and has no part in what the reads are kept with; all else is held weakly."""

_OF_NONE = -1


class Surroundings:
    """What a function saw outside of itself when it was traced.

    Attributes:
        first_changed: a builtin that gives the first row of the table that is not as it was, None
            where all are. The first row says whether all lives that is looked at, the last one
            whether something is left to Python.
    """

    def __init__(self, reads: Sequence[Read]) -> None:
        found = [rows_of(read) for read in reads]
        ends = np.cumsum([1, *map(len, found)]).tolist()
        self._places = [slice(*pair) for pair in pairwise(ends)]
        self._reads_of = [_OF_NONE, *chain(*([k] * len(rows) for k, rows in enumerate(found)))]
        self._kept: list[Any] = list(found)
        self._left: list[int] = []
        numbers = np.zeros((ends[-1] + 1, FIELDS), np.int64)
        made = make_function(
            service("first_changed"),
            "jitad_first_changed",
            None,
            [len(numbers), *numbers.ravel().tolist()],
            takes_arguments=False,
        )
        self.first_changed: Callable[[], int | None] = made
        self._table = table = np.asarray(made.__self__)[1:].reshape(-1, FIELDS)
        table[0, :2] = WORD, table[0, 2:].ctypes.data
        table[-1, 0] = NOTHING

        def end(_: Any = None) -> None:
            table[0, 2] = 1

        self._holders = [_holder(read.x, end) for read in reads]
        self._reads = [read._replace(x=None) for read in reads]
        for k, rows in enumerate(found):
            self._write(k, rows)
        if not all(read.holds() for read in reads):  # not one of them since its row was made
            end()

    @property
    def reads(self) -> list[Read]:
        """What was read."""
        return [self._read(k) for k in range(len(self._reads))]

    def _read(self, k: int) -> Read:
        return self._reads[k]._replace(x=self._holders[k]())

    def watched(self) -> set[tuple[Any, ...]]:
        """What is looked at, whatever it was."""
        return {read.key for read in self.reads}

    def hold(self) -> bool:
        """Whether all of it is as it was."""
        try:
            before = _OF_NONE
            while (row := self.first_changed()) is not None and row < len(self._reads_of):
                k = self._reads_of[row]
                if k == _OF_NONE or not self._renew(k, is_left=k == before):
                    return False
                before = k
            return row is None or all(self._read(k).holds() for k in self._left)
        except Exception:  # a cell emptied by `del`, a property that raises
            return False

    def _renew(self, k: int, is_left: bool) -> bool:
        """Whether what a row finds changed is like what it was; it is looked for from now on."""
        read = self._read(k)
        now = read._replace(content=read.of(read.x, read.name))
        rows = [] if is_left else rows_of(now)
        if not read.holds():
            return False
        self._write(k, rows)
        self._reads[k] = now._replace(x=None)  # what C compares with is there, before and after
        return True

    def _write(self, k: int, rows: list[Any]) -> None:
        """Put rows for what was read into the table, or leave it to Python from now on."""
        place = self._places[k]
        if rows and len(rows) == place.stop - place.start:
            self._table[place] = [[*row[:-1], _number(row[-1])] for row in rows]
            self._kept[k] = rows
            return
        self._table[place, 0] = NOTHING
        self._left.append(k)
        self._table[-1, 0] = NEVER


def _number(x: Any) -> int:
    return x.ctypes.data if isinstance(x, np.ndarray) else x


def _holder(x: Any, end: Callable[[Any], None]) -> Callable[[], Any]:
    """What gives x, for as long as it lives; `end` is called when it goes."""
    if not isinstance(x, _HELD):
        try:
            return weakref.ref(x, end)
        except TypeError:
            pass
    return lambda: x
