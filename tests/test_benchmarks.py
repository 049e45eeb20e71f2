"""Every benchmark runs at a tiny size and leaves complete records; nothing is timed in earnest."""

from __future__ import annotations

import importlib
import importlib.util
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES, missing_of, write
from benchmarks.harness import arguments, finish, machine
from benchmarks.suite.contest import FAILED
from benchmarks.suite.record import Report, Section, read, section_of
from benchmarks.suite.summary import BEGIN, END

ROOT = Path(__file__).parent.parent
TOOLS = ("autograd", "casadi", "jax", "torch")
OTHERS = {"__init__", "__main__", "harness", "points", "programs"}
OTHERS |= {"branching_loops", "loop_programs", "jax_loops"}  # plain_loops runs them


def run(name: str, folder: Path) -> Report:
    """What `python -m benchmarks` does, in this process, which has jitad and Numba already."""
    rows = folder / "rows.json"
    found = importlib.import_module(f"benchmarks.{name}").run("tiny")
    finish(found, arguments(None).parse_args(["--size", "tiny", "--json", str(rows)]))
    sections = {name: section_of(json.loads(rows.read_text()))}
    write(Report(machine(), missing_of(sections), "tiny", 0.0, sections), folder / "RESULTS.md")
    return read(folder / "results.json")


@pytest.mark.filterwarnings("ignore")  # of other tools
@pytest.mark.parametrize("name", NAMES)
def test_runs_and_reports(name: str, tmp_path: Path) -> None:
    report = run(name, tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert f"## {name}.py" in text
    assert text.count(BEGIN) == text.count(END) == 1
    assert report.machine["CPU"] in text
    assert report.machine["numba"] in text
    check_section(report.sections[name])
    check_page(tmp_path / "report.html", report)
    missing = {tool for tool in TOOLS if importlib.util.find_spec(tool) is None}
    if report.contests():
        assert missing <= set(report.missing)
        assert all(tool in text.partition("Not installed")[2] for tool in missing)
    if missing:
        pytest.skip(f"ran without {', '.join(sorted(missing))}, which are not installed")


def check_section(section: Section) -> None:
    """Tables are whole; every tool was measured, or says why not; the control was timed."""
    assert section.tables or section.contests
    assert section.control["best"] > 0
    for table in section.tables:
        assert table.rows or table.note
        assert all(len(row) == len(table.columns) for row in table.rows)
    for contest in section.contests:
        assert contest.time("jitad")
        assert all(entry.best or entry.said for entry in contest.entries)
        assert not any(entry.said.startswith(FAILED) for entry in contest.entries)


def check_page(path: Path, report: Report) -> None:
    """It is well-formed, fetches nothing, runs nothing, and names every problem."""
    page = path.read_text()
    root = ElementTree.fromstring(page)
    assert not {"script", "link", "img"} & {x.tag.rpartition("}")[2] for x in root.iter()}
    assert "http" not in page.replace("http://www.w3.org/1999/xhtml", "")
    assert all(contest.name in "".join(root.itertext()) for contest in report.contests())


def test_all_are_listed() -> None:
    found = {p.stem for p in (ROOT / "benchmarks").glob("*.py")}
    assert found - OTHERS == set(NAMES)
