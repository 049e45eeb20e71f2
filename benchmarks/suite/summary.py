"""Report -> RESULTS.md, and the table that the README takes from it."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.suite.record import Contest, Report, Table, duration, markdown

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
"""What stands between these in RESULTS.md also does in the README."""

GROUPS = (
    ("JAX", ("JAX", "asdex")),
    ("PyTorch", ("PyTorch", "torch.compile")),
    ("autograd", ("autograd",)),
    ("CasADi", ("CasADi VM", "CasADi C")),
    ("Numba by hand", ("Numba by hand",)),
    ("C by hand", ("C by hand",)),
    ("Python tape", ("Python tape",)),
    ("Python dual numbers", ("Python duals",)),
)
"""The columns: the best of each group counts."""


def markdown_report(report: Report) -> str:
    """RESULTS.md: the machine, what is missing on it, the summary, and every table."""
    parts = [
        "# Measured",
        f"Written by `python -m benchmarks --size {report.size}` in {report.seconds:.0f} s; do not "
        "edit. Times are the best of interleaved repeats. [report.html](report.html) is the same "
        "on one page, [results.json](results.json) for programs.",
        ", ".join(f"{k} {v}" for k, v in report.machine.items()) + ".",
    ]
    if report.missing:
        missing = ", ".join(report.missing)
        parts.append(f"**Not installed, so not measured: {missing}.**")
    parts += ["## All tools side by side", summary(report)]
    for name, section in report.sections.items():
        parts.append(f"## {name}.py")
        tables = [*(contest.table() for contest in section.contests), *section.tables]
        parts += [markdown(table).rstrip() for table in tables]
    return "\n\n".join(parts) + "\n"


def summary(report: Report) -> str:
    """The block between the markers: a row a contest, a line for each win of another tool."""
    heads = ("derivative of", "jitad", *(name for name, _ in GROUPS))
    lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    contests = report.contests()
    for contest in contests:
        cells = [_ratio(contest, peers) for _, peers in GROUPS]
        lines.append(f"| {contest.name} | {_own(contest)} | {' | '.join(cells)} |")
    text = (
        "Time of a call from Python, and the other tools' as multiples of it; the best of "
        "JAX and, for sparse matrices, asdex; of PyTorch eager and compiled; and of CasADi's "
        "virtual machine and generated C. In bold where another tool is faster."
    )
    return "\n\n".join([BEGIN, text, "\n".join(lines), *_wins(contests), END])


def _own(contest: Contest) -> str:
    time = contest.time("jitad")
    return "-" if time is None else duration(time)


def _ratio(contest: Contest, peers: Sequence[str]) -> str:
    found = [x for x in contest.entries if x.peer in peers and x.ratio is not None]
    if not found:
        return "-"
    best = min(found, key=lambda entry: entry.ratio or 0.0)
    assert best.ratio is not None
    text = f"{multiple(best.ratio)} x"
    return f"**{text}**" if best.won else text


def multiple(ratio: float) -> str:
    """Two digits, or all before the point."""
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"


def wins(contests: Sequence[Contest]) -> list[tuple[str, str, str]]:
    """Who wins, where, and why: all that have one reason together."""
    found: dict[str, list[tuple[str, str, float]]] = {}
    for contest in contests:
        for entry in contest.entries:
            if entry.won and entry.ratio is not None:
                found.setdefault(entry.said, []).append((entry.peer, contest.name, entry.ratio))
    wins = []
    for reason, cases in found.items():
        peers, problems, ratios = zip(*cases, strict=True)
        low, high = (multiple(bound(ratios)) for bound in (min, max))
        times = f"{low} x" if low == high else f"{low} to {high} x"
        where = f"{'; '.join(dict.fromkeys(problems))} ({times})"
        wins.append((", ".join(dict.fromkeys(peers)), where, reason))
    return wins


def _wins(contests: Sequence[Contest]) -> list[str]:
    lines = [f"- {who} at {where}: {reason}." for who, where, reason in wins(contests)]
    return ["Where another tool is faster, and why:", "\n".join(lines)] if lines else []


def block(text: str) -> str:
    """What stands between the markers, with them."""
    start, end = text.index(BEGIN), text.index(END) + len(END)
    return text[start:end]


def with_block(text: str, replacement: str) -> str:
    """A text with the block between its markers replaced."""
    return text.replace(block(text), replacement)


def tables(report: Report) -> list[Table]:
    """Every table of the report."""
    return [table for section in report.sections.values() for table in section.tables]
