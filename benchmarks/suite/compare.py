"""Two reports -> what has become slower: more than 20 % beyond what the control says of noise.

Every process of a run times one fixed loop in between its measurements. Where that loop's best
differs between the runs, or its median is far from its best, the machine was not the same, or not
quiet: a row must be that much slower still to count.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.suite.record import Report, Section, Table

ALLOWED = 1.2
OWN = "jitad"
_ONCE = ("first call", "compiling", "writing")
"""Columns of what is timed once."""


def compare(now: Report, before: Report) -> tuple[Table, set[str]]:
    """A table of what changed, and the names of the rows that regressed."""
    rows = []
    slower: set[str] = set()
    for name, section in now.sections.items():
        if name not in before.sections:
            continue
        old = dict(times(before.sections[name]))
        noise = noise_of(section.control, before.sections[name].control)
        for what, seconds in times(section):
            if what not in old:
                continue
            ratio = seconds / old[what]
            regressed = ratio > ALLOWED * noise
            where = f"{name}: {what}"
            if regressed:
                slower.add(where)
            if regressed or ratio * ALLOWED * noise < 1:
                said = "SLOWER" if regressed else "faster"
                rows.append((where, old[what], seconds, ratio, noise, said))
    rows.sort(key=lambda row: -row[3])
    columns = ("row", "before (s)", "now (s)", "ratio", "noise", "")
    note = "" if rows else "Nothing has changed beyond the noise."
    return Table("Against the earlier run", columns, rows, note), slower


def noise_of(now: dict[str, float], before: dict[str, float]) -> float:
    """The factor by which the machine alone may have changed a time: at least 1."""
    ratio = now["best"] / before["best"]
    spread = max(x["median"] / x["best"] for x in (now, before))
    return max(ratio, 1 / ratio, spread)


def times(section: Section) -> Iterator[tuple[str, float]]:
    """jitad's own times by what they are of: those of the contests, and cells in seconds."""
    for contest in section.contests:
        time = contest.time(OWN)
        if time is not None:
            yield contest.name, time
    for table in (table for table in section.tables if table.repeated):
        for row in table.rows:
            for column, cell in zip(table.columns, row, strict=True):
                where = f"{table.title}, {row[0]}, {column.removesuffix(' (s)')}"
                once = column.startswith(_ONCE)
                if (
                    column.endswith(" (s)")
                    and not once
                    and isinstance(cell, float)
                    and _is_own(where)
                ):
                    yield where, cell


def _is_own(where: str) -> bool:
    """Whether a cell says anything of jitad: neither its row nor its column is another tool's."""
    return not any(name in where.lower() for name in ("jax", "by hand", "torch", "casadi"))
