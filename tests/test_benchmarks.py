"""Every benchmark runs at a tiny size and leaves complete records; nothing is timed in earnest."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES
from benchmarks.suite.contest import FAILED
from benchmarks.suite.record import Report, read
from benchmarks.suite.summary import BEGIN, END

ROOT = Path(__file__).parent.parent
TOOLS = ("autograd", "casadi", "jax", "torch")
CONTESTS = ("latency", "elementwise", "arrays", "straight_line", "recurrences", "matrices")
OTHERS = {"__init__", "__main__", "harness", "points", "programs"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one command that runs them all has written."""
    folder = tmp_path_factory.mktemp("benchmarks")
    command = [sys.executable, "-m", "benchmarks", "--size", "tiny"]
    command += ["--results", str(folder / "RESULTS.md")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    return read(folder / "results.json")


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "RESULTS.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_runs_and_reports(name: str, report: Report, text: str) -> None:
    section = report.sections[name]
    assert f"## {name}.py" in text
    assert section.tables or section.contests
    assert section.control["best"] > 0
    for table in section.tables:
        assert table.rows or table.note
        assert all(len(row) == len(table.columns) for row in table.rows)


@pytest.mark.parametrize("name", CONTESTS)
def test_every_tool_is_measured_or_says_why_not(name: str, report: Report) -> None:
    for contest in report.sections[name].contests:
        assert contest.time("jitad")
        assert all(entry.best or entry.said for entry in contest.entries)
        assert not any(entry.said.startswith(FAILED) for entry in contest.entries)


def test_missing_tools_are_named(report: Report, text: str) -> None:
    missing = [name for name in TOOLS if importlib.util.find_spec(name) is None]
    assert set(missing) <= set(report.missing)
    assert all(name in text for name in missing)
    if missing:
        pytest.skip(f"ran without {', '.join(missing)}, which are not installed")


def test_says_where_it_was_measured(report: Report, text: str) -> None:
    assert report.machine["CPU"] in text
    assert report.machine["numba"] in text


def test_page_stands_alone(folder: Path, report: Report) -> None:
    page = (folder / "report.html").read_text()
    root = ElementTree.fromstring(page)
    assert not {"script", "link", "img"} & {x.tag.rpartition("}")[2] for x in root.iter()}
    assert "http" not in page.replace("http://www.w3.org/1999/xhtml", "")
    assert all(contest.name in "".join(root.itertext()) for contest in report.contests())


def test_summary_stands_between_the_markers(text: str) -> None:
    assert text.count(BEGIN) == text.count(END) == 1


def test_all_are_listed() -> None:
    found = {p.stem for p in (ROOT / "benchmarks").glob("*.py")}
    assert found - OTHERS == set(NAMES)
