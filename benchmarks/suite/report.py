"""Report -> one HTML page that stands alone: charts, a table, who wins and why; light and dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.suite.charts import growth, median, short, strip
from benchmarks.suite.record import Contest, Entry, Report, Table, duration, is_own
from benchmarks.suite.summary import tables, wins

CHART, PAGE = (Path(__file__).with_name(name) for name in ("chart.css", "report.css"))
COLOURS = ("jitad", "JAX", "PyTorch", "CasADi C", "CasADi VM", "autograd", "Python tape")
"""The tools with a colour of their own in the curves."""

DASH = "\N{EN DASH}"
PYTHON = {"Python tape": "a tape", "Python duals": "dual numbers"}

ALSO = ("startup", "accuracy")
"""Sections whose tables the page shows as they are."""


def html(report: Report) -> str:
    """The page, which is also well-formed XML."""
    contests = report.contests()
    order = peers_by_speed(contests)
    colours = {peer: k for k, peer in enumerate(COLOURS)}
    curves = [
        f"<figure><figcaption>{escape(x.title)}</figcaption>{growth(x, colours)}</figure>"
        for section in report.sections.values()
        for x in section.growths
    ]
    parts = [
        f"<h1>How tools for automatic differentiation compare</h1>{_lead(report, contests, order)}",
        _part("Time over jitad's, every problem a dot", strip(contests, order[1:])),
        _part("Every problem, every tool", _matrix(contests, order)),
        _part("Where another tool is faster, and why", _why(contests)),
        _part("How times grow", f'<div class="panels">{"".join(curves)}</div>') if curves else "",
        _also(report),
        _part("How it was measured", _method(report)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml"><head>'
        '<meta charset="utf-8"/><meta name="viewport" content="width=device-width"/>'
        "<title>jitad and its peers</title>"
        f"<style>\n{CHART.read_text()}{PAGE.read_text()}</style></head>\n"
        f"<body><main>\n{chr(10).join(part for part in parts if part)}\n</main></body></html>\n"
    )


def picture(report: Report) -> str:
    """The page's first chart as an SVG file of its own."""
    contests = report.contests()
    chart = strip(contests, peers_by_speed(contests)[1:])
    style = f"<style>\n{escape(CHART.read_text())}</style>"
    head, end, rest = chart.partition(">")
    return (
        head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"') + end + style + rest + "\n"
    )


def peers_by_speed(contests: Sequence[Contest]) -> list[str]:
    """jitad, and the others that were measured, by their median ratio."""
    ratios: dict[str, list[float]] = {}
    for contest in contests:
        for entry in contest.entries:
            ratios.setdefault(entry.peer, [])
            if entry.ratio is not None:
                ratios[entry.peer].append(entry.ratio)
    ratios.pop("jitad", None)
    middles = {peer: median(found) for peer, found in ratios.items()}
    measured = [peer for peer, middle in middles.items() if middle is not None]
    return ["jitad", *sorted(measured, key=lambda peer: middles[peer] or 0.0)]


def _part(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{content}</section>"


def _lead(report: Report, contests: Sequence[Contest], order: Sequence[str]) -> str:
    """The answer in two sentences, and on what machine it was found."""
    lost = [contest for contest in contests if any(entry.won for entry in contest.entries)]
    machine = report.machine
    thousand = next((x for x in contests if "(1,000 operations)" in x.name), None)
    python = "" if thousand is None else _against_python(thousand)
    first = (
        f"Derivatives of {len(contests)} problems by {len(order)} tools, called from Python: "
        f"jitad is the fastest, or level, in {len(contests) - len(lost)}.{python}"
    )
    where = f"{machine['CPU']}, {machine['cores']} cores, {machine['date']}."
    absent = {entry.peer for contest in contests for entry in contest.entries} - set(order)
    missing = f" <b>Not measured: {escape(', '.join(sorted(absent)))}.</b>" if absent else ""
    return f"<p class='lead'>{escape(first)}{missing}</p><p class='small'>{escape(where)}</p>"


def _against_python(contest: Contest) -> str:
    """The sentence on automatic differentiation in pure Python."""
    ratios = {entry.peer: entry.ratio for entry in contest.entries if entry.ratio is not None}
    found = [(ratios[peer], what) for peer, what in PYTHON.items() if peer in ratios]
    if not found:
        return ""
    times = " and ".join(f"{short(ratio)} times that of {what}" for ratio, what in found)
    return f" On a function of 1,000 scalar operations its speed is {times} in pure Python."


def _matrix(contests: Sequence[Contest], order: Sequence[str]) -> str:
    heads = "".join(f"<th><span>{escape(peer)}</span></th>" for peer in order)
    rows = []
    for contest in contests:
        entries = {entry.peer: entry for entry in contest.entries}
        own = contest.time("jitad")
        cells = f"<td class='own'>{DASH if own is None else duration(own)}</td>"
        cells += "".join(_cell(entries.get(peer)) for peer in order[1:])
        rows.append(f"<tr><th>{escape(contest.name)}</th>{cells}</tr>")
    return (
        f"<div class='wide'><table class='matrix'><thead><tr><th></th>{heads}</tr></thead>\n"
        f"<tbody>{chr(10).join(rows)}</tbody></table></div>"
        "<p class='small'>jitad's time of a call; for the others multiples of it. "
        f"{DASH} : not asked, for the reason that RESULTS.md gives.</p>"
    )


def _cell(entry: Entry | None) -> str:
    if entry is None or entry.ratio is None:
        said = "" if entry is None else f' title="{escape(entry.said)}"'
        return f"<td class='none'{said}>{DASH}</td>"
    bounds = (0.95, 3, 30, 1000)
    shade = sum(entry.ratio >= bound for bound in bounds)
    shade = max(shade, 1) if is_own(entry.peer) else shade
    return f"<td class='h{shade}'>{short(entry.ratio)}</td>"


def _why(contests: Sequence[Contest]) -> str:
    found = wins(contests)
    if not found:
        return "<p>Nowhere.</p>"
    items = (
        f"<li><b>{escape(who)}</b> at {escape(where)}: {_prose(reason)}.</li>"
        for who, where, reason in found
    )
    return f"<ul>{''.join(items)}</ul>"


def _prose(text: str) -> str:
    """A sentence of Markdown, in which names of code may stand."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _also(report: Report) -> str:
    found = [
        table for name in ALSO if name in report.sections for table in report.sections[name].tables
    ]
    if not found:
        return ""
    return f'<div class="tables">{"".join(_table(table) for table in found)}</div>'


def _table(table: Table) -> str:
    heads = "".join(f"<th>{escape(head)}</th>" for head in table.heads())
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.cells()
    )
    note = f"<p class='small'>{escape(table.note)}</p>" if table.note else ""
    return (
        f"<section><h2>{escape(table.title)}</h2><table class='plain'><thead><tr>{heads}</tr>"
        f"</thead><tbody>{rows}</tbody></table>{note}</section>"
    )


def _method(report: Report) -> str:
    cells = [
        str(cell) for table in tables(report) for row in table.rows for cell in (*row, table.note)
    ]
    kept, missed = (sum(text.count(word) for text in set(cells)) for word in (": met", ": MISSED"))
    versions = ", ".join(
        f"{k} {v}" for k, v in report.machine.items() if k not in ("date", "CPU", "cores")
    )
    return (
        "<p>Each problem in one process, all tools in turn, the best of the repeats; results were "
        "compared with jitad's before anything was timed. Float64, every library's own number of "
        "threads. Tools get the form that their documentation recommends for speed: jit for JAX, "
        "bound buffers for CasADi. A time counts from NumPy arrays to NumPy arrays.</p>"
        f"<p>jitad's own bounds: {kept} met, {missed} missed; they are in RESULTS.md.</p>"
        f"<p class='small'>{escape(versions)}. python -m benchmarks --size {report.size}: "
        f"{report.seconds:.0f} s.</p>"
    )
