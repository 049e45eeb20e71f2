"""Faults planted in the package, and which tests catch them: `python -m tests.mutants`.

Each row of a table is a mistake that a change could make: a piece of source text and what stands in
its place. A table is for one folder of the package.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[2] / "jitad"


class Mutant(NamedTuple):
    """A fault: what it breaks, its file, the text that is there and the one that is planted.

    `tests` are pytest's arguments, one run after another, the first of which is to catch it.
    """

    breaks: str
    file: str
    text: str
    planted: str
    tests: tuple[str, ...]

    def source(self) -> str:
        """The file with the fault in it; an error where the text is not there once."""
        source = (PACKAGE / self.file).read_text()
        count = source.count(self.text)
        if count != 1:
            raise ValueError(f"{self.file} has {count} times the text of {self.breaks!r}")
        if self.text == self.planted:
            raise ValueError(f"{self.breaks!r} changes nothing")
        return source.replace(self.text, self.planted)


def load() -> list[Mutant]:
    """The rows of all tables."""
    found: list[Mutant] = []
    for module in pkgutil.iter_modules(__path__):
        if module.name not in ("__main__", "trials"):
            table = importlib.import_module(f"{__name__}.{module.name}").ROWS
            found += [Mutant(*row[:4], tests=tuple(row[4:])) for row in table]
    return found
