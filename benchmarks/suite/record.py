"""What a benchmark leaves behind, as data: tables, contests, curves, and the control; JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Cell = str | float | bool | None

MISSING = "not installed"

WON = 0.95
"""A peer that takes less than this part of jitad's time has won the row."""


def is_own(peer: str) -> bool:
    """Whether a peer is a way to call jitad."""
    return peer.startswith("jitad")


@dataclass(frozen=True)
class Table:
    """Rows under named columns. Cells of columns that end in "(s)" are seconds; None is "-"."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    repeated: bool = True
    """Whether its times are the best of repeats, so that runs can be compared by them."""

    def cells(self) -> list[list[str]]:
        """The rows as text."""
        return [
            [formatted(c, x) for c, x in zip(self.columns, row, strict=True)] for row in self.rows
        ]

    def heads(self) -> list[str]:
        """The columns' names without their units, which each cell carries."""
        return [c.removesuffix(" (s)") for c in self.columns]


@dataclass(frozen=True)
class Entry:
    """One peer's part in a contest: seconds, or the reason why there are none."""

    peer: str
    best: float | None = None
    median: float | None = None
    first: float | None = None
    """From the function to its first derivative."""

    ratio: float | None = None
    """Its time over jitad's."""

    said: str = ""
    """Why it did not take part; or, where it won, why it did."""

    @property
    def won(self) -> bool:
        """Whether it beats jitad, and is another tool."""
        return self.ratio is not None and self.ratio < WON and not is_own(self.peer)


@dataclass(frozen=True)
class Contest:
    """One problem, every peer."""

    name: str
    entries: Sequence[Entry]

    def time(self, peer: str) -> float | None:
        """A peer's best time."""
        return next((entry.best for entry in self.entries if entry.peer == peer), None)

    def table(self) -> Table:
        """For RESULTS.md."""
        columns = ("derivative by", "best (s)", "median (s)", "times jitad's", "first call (s)", "")
        rows = [
            (x.peer, x.best, x.median, x.ratio, x.first, f"**wins**: {x.said}" if x.won else x.said)
            for x in self.entries
        ]
        return Table(self.name, columns, rows)


@dataclass(frozen=True)
class Curve:
    """How one peer's time grows: seconds at each n, and p of t = c n^p at the end."""

    peer: str
    sizes: Sequence[int]
    seconds: Sequence[float]

    @property
    def exponent(self) -> float | None:
        """Least squares in logarithms over the last three points; None where there are fewer."""
        points = [
            (math.log(n), math.log(t)) for n, t in zip(self.sizes, self.seconds, strict=True)
        ][-3:]
        if len(points) < 3:
            return None
        x_mean, y_mean = (sum(values) / len(points) for values in zip(*points, strict=True))
        over = sum((x - x_mean) * (y - y_mean) for x, y in points)
        return over / sum((x - x_mean) ** 2 for x, _ in points)


@dataclass(frozen=True)
class Growth:
    """Curves over one axis."""

    title: str
    axis: str
    curves: Sequence[Curve]


@dataclass(frozen=True)
class Section:
    """All that one benchmark found."""

    tables: Sequence[Table] = ()
    contests: Sequence[Contest] = ()
    growths: Sequence[Growth] = ()
    control: dict[str, float] = field(default_factory=dict)
    """Best and median seconds of the same loop, timed in between."""

    seconds: float = 0.0
    """How long all of it took."""


def section_of(content: dict[str, Any]) -> Section:
    """A section from what `json.loads` made of it."""
    return Section(
        [Table(**x) for x in content["tables"]],
        [Contest(x["name"], [Entry(**y) for y in x["entries"]]) for x in content["contests"]],
        [
            Growth(x["title"], x["axis"], [Curve(**y) for y in x["curves"]])
            for x in content["growths"]
        ],
        content["control"],
        content["seconds"],
    )


@dataclass(frozen=True)
class Report:
    """A whole run."""

    machine: dict[str, str]
    missing: list[str]
    size: str
    seconds: float
    sections: dict[str, Section]

    def contests(self) -> list[Contest]:
        """Of all sections."""
        return [contest for section in self.sections.values() for contest in section.contests]

    def write(self, path: Path) -> None:
        """As JSON, times in seconds."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def read(path: Path) -> Report:
    """A report from its JSON."""
    content = json.loads(path.read_text())
    sections = {name: section_of(x) for name, x in content.pop("sections").items()}
    return Report(**content, sections=sections)


def duration(seconds: float) -> str:
    """A time with its unit, to three digits."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def formatted(column: str, x: Cell) -> str:
    """A cell as text."""
    if x is None:
        return "-"
    if isinstance(x, (str, bool)):
        return str(x)
    if column.endswith(" (s)"):
        return duration(x)
    return f"{x:,.2f}" if isinstance(x, float) else f"{x:,}"


def markdown(table: Table) -> str:
    """A table in Markdown."""
    lines = [f"### {table.title}", "", f"| {' | '.join(table.heads())} |"]
    lines.append(f"| --- |{' ---: |' * (len(table.columns) - 1)}")
    lines += [f"| {' | '.join(row)} |" for row in table.cells()]
    return "\n".join([*lines, *(["", table.note] if table.note else []), ""])
