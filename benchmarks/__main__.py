"""All benchmarks, one after another: `python -m benchmarks --quick` writes RESULTS.md.

Each runs in a process of its own, so that none meets the threads or the memory of another's peers.
Beside RESULTS.md it writes report.html, comparison.svg and results.json, and the README's figures.
With `--against earlier.json` it ends with status 1 where jitad has become more than 20 % slower,
beyond the noise that a control measures.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.harness import arguments, machine, show
from benchmarks.suite.compare import compare
from benchmarks.suite.record import MISSING, Report, Section, read, section_of
from benchmarks.suite.report import html, picture
from benchmarks.suite.summary import block, markdown_report, with_block

NAMES = (
    # the same problems given to every tool
    "latency",
    "elementwise",
    "arrays",
    "straight_line",
    "recurrences",
    "matrices",
    "growth",
    "startup",
    "accuracy",
    # what was promised of jitad
    "compile_time",
    "cheap_gradient",
    "throughput",
    "streaming",
    "gpu",
    "sparse",
    "elimination",
    "many_tangents",
    "njit_loop",
    "watched",
    "paths",
    "loops",
    "carried",
    "plain_loops",
    "runge_kutta",
)

_HERE = Path(__file__).parent
_RESULTS, _README = _HERE / "RESULTS.md", _HERE.parent / "README.md"


def main() -> int:
    """Run all, show and write what they found; the exit status."""
    options = _options()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    before = None if options.against is None else read(options.against)
    if options.render:
        report = read(options.results.with_name("results.json"))
    else:
        report = _measure(options.size, tuple(options.only or NAMES))
    write(report, options.results, options.json)
    if options.results == _RESULTS:
        text = _README.read_text()
        _README.write_text(with_block(text, block(_RESULTS.read_text())))
    if before is None:
        return 0
    table, slower = compare(report, before)
    show(table)
    if slower and not options.render:
        print("Measuring again what was slower: a regression is slower twice.")
        names = tuple(name for name in NAMES if any(row.startswith(f"{name}: ") for row in slower))
        slower &= compare(_measure(options.size, names), before)[1]
    for row in sorted(slower):
        print(f"REGRESSION: {row}")
    return int(bool(slower))


def _options() -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.add_argument("--quick", action="store_const", const="quick", dest="size")
    parser.add_argument("--only", nargs="+", choices=NAMES, help="a part of the suite")
    parser.add_argument("--results", type=Path, default=_RESULTS,
                        help="where RESULTS.md goes, with the others beside it; the README's "
                        "figures are replaced only where this is not given")  # fmt: skip
    parser.add_argument("--render", action="store_true",
                        help="measure nothing, write anew what results.json has")  # fmt: skip
    parser.add_argument("--against", type=Path, help="the JSON of an earlier run to compare with")
    return parser.parse_args()


def _measure(size: str, names: tuple[str, ...]) -> Report:
    start = time.perf_counter()
    sections: dict[str, Section] = {}
    with _progress(len(names)) as advance:
        for name in names:
            advance(name)
            sections[name] = _run(name, size)
        advance("")
    for name, section in sections.items():
        print(f"-- {name}")
        for table in [*(contest.table() for contest in section.contests), *section.tables]:
            show(table)
    return Report(machine(), missing_of(sections), size, time.perf_counter() - start, sections)


def missing_of(sections: dict[str, Section]) -> list[str]:
    """The tools that no contest has found."""
    entries = [
        entry
        for section in sections.values()
        for contest in section.contests
        for entry in contest.entries
    ]
    return sorted({entry.peer for entry in entries if entry.said == MISSING})


def write(report: Report, results: Path, rows: Path | None = None) -> None:
    """RESULTS.md, and beside it report.html, comparison.svg and, or elsewhere, results.json."""
    page, chart = results.with_name("report.html"), results.with_name("comparison.svg")
    rows = rows or results.with_name("results.json")
    results.write_text(markdown_report(report))
    page.write_text(html(report))
    chart.write_text(picture(report))
    report.write(rows)
    print(f"wrote {results}, {page}, {chart} and {rows}")


def _run(name: str, size: str) -> Section:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", "--size", size, "--json", str(rows)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=_HERE.parent)
        if done.returncode:
            raise SystemExit(f"{name} failed:\n{done.stdout}\n{done.stderr}")
        section = section_of(json.loads(rows.read_text()))
    return replace(section, seconds=time.perf_counter() - start)


@contextlib.contextmanager
def _progress(count: int) -> Iterator[Callable[[str], None]]:
    """A bar with rich, lines without; what is yielded is called before each step and at the end."""
    try:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
    except ImportError:
        yield lambda name: print(f"-- {name}", flush=True)
        return
    columns = "{task.description:16}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns) as progress:
        task = progress.add_task("", total=count, completed=-1)
        yield lambda name: progress.update(task, description=name, advance=1)


if __name__ == "__main__":
    raise SystemExit(main())
