"""The suite's own parts: comparison of runs, tools that are missing, what is published."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.__main__ import main
from benchmarks.suite.compare import compare, noise_of
from benchmarks.suite.record import Contest, Curve, Entry, Report, Section, Table, read
from benchmarks.suite.report import html, picture
from benchmarks.suite.summary import block, markdown_report, wins, with_block

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT / "benchmarks" / "results.json"

WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(["autograd", "casadi", "jax", "torch"]))
import json
from benchmarks.peers import discover
found, missing = discover()
print(json.dumps([[peer.name for peer in found], sorted(missing)]))
"""


def run(best: float, *, control: float = 1.0, spread: float = 1.02, cell: float = 1.0) -> Report:
    """A run with one contest and one table."""
    entries = [Entry("jitad", best, best, 0.1, 1.0), Entry("JAX", 5.0, 5.0, 0.1, 5.0 / best)]
    table = Table("Stages", ("of", "time (s)", "JAX (s)"), [("all", cell, 9.0 * best)])
    measured = {"best": control, "median": control * spread, "count": 15}
    section = Section([table], [Contest("a < b & c", entries)], [], measured)
    return Report({"CPU": "any", "cores": "2", "date": "today"}, [], "tiny", 1.0, {"one": section})


@pytest.mark.parametrize("factor", [0.5, 0.95, 1.0, 1.15])
def test_noise_is_no_regression(factor: float) -> None:
    assert not compare(run(factor), run(1.0))[1]


def test_slower_by_more_than_a_fifth_is_one() -> None:
    table, slower = compare(run(1.3), run(1.0))
    assert slower == {"one: a < b & c"}
    assert [row[-1] for row in table.rows] == ["SLOWER"]


def test_cells_in_seconds_count_unless_they_are_another_tools() -> None:
    slower = compare(run(1.0, cell=1.5), run(1.0))[1]
    assert slower == {"one: Stages, all, time"}


def test_a_slower_machine_is_no_regression() -> None:
    assert not compare(run(1.4, control=1.4, cell=1.4), run(1.0))[1]
    assert compare(run(2.0, control=1.4, cell=1.4), run(1.0))[1]


def test_a_noisy_machine_is_no_regression() -> None:
    assert not compare(run(1.4, spread=1.3), run(1.0))[1]
    assert noise_of({"best": 1.0, "median": 1.3}, {"best": 2.0, "median": 2.0}) == 2.0


def test_command_fails_on_a_regression(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against itself made quicker, or slower; a second run may differ from a first."""
    command = ["--size", "tiny", "--only", "njit_loop", "--results", str(tmp_path / "RESULTS.md")]
    subprocess.run([sys.executable, "-m", "benchmarks", *command], cwd=ROOT, check=True)
    found = json.loads((tmp_path / "results.json").read_text())
    for factor, status, more in ((1e3, 0, ["--render"]), (1e-3, 1, [])):
        earlier = copy.deepcopy(found)
        for table in earlier["sections"]["njit_loop"]["tables"]:
            for row in table["rows"]:
                row[1:4] = [cell * factor for cell in row[1:4]]
        (tmp_path / "earlier.json").write_text(json.dumps(earlier))
        against = ["--against", str(tmp_path / "earlier.json"), *more]
        monkeypatch.setattr(sys, "argv", ["benchmarks", *command, *against])
        assert main() == status


def test_reports_survive_json(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    run(1.0).write(path)
    assert html(read(path)) == html(run(1.0))


def test_missing_tools_are_said_to_be() -> None:
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found, missing = json.loads(done.stdout)
    assert found[0] == "jitad"
    assert {"Python tape", "Python duals", "differences", "Numba by hand"} <= set(found)
    assert missing == ["asdex", "autograd", "casadi", "jax", "torch"]
    assert done.stderr.count("MISSING") == 5


def test_wins_are_grouped_by_their_reason() -> None:
    entry = Entry("C by hand", 0.5, 0.5, 0.1, 0.5, "it is short")
    both = [Contest("p", [entry]), Contest("q", [entry, Entry("jitad", 1.0, 1.0, 0.1, 1.0)])]
    assert wins(both) == [("C by hand", "p; q (0.5 x)", "it is short")]


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_exponents_are_fitted(power: float) -> None:
    sizes = (1, 10, 100, 1000)
    assert Curve("any", sizes, [3 * n**power for n in sizes]).exponent == pytest.approx(power)


def test_blocks_are_replaced() -> None:
    old, new = (block(markdown_report(run(best))) for best in (1.0, 2.0))
    assert old != new
    assert with_block(f"a\n{old}\nb", new) == f"a\n{new}\nb"


def test_readme_has_the_published_figures() -> None:
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text()
    assert block((ROOT / "README.md").read_text()) == block(results)
    assert markdown_report(read(PUBLISHED)) == results


def test_published_page_is_of_the_published_figures() -> None:
    assert (PUBLISHED.with_name("report.html")).read_text() == html(read(PUBLISHED))
    chart = PUBLISHED.with_name("comparison.svg").read_text()
    assert chart == picture(read(PUBLISHED))
    assert ElementTree.fromstring(chart).tag.endswith("svg")


def test_every_published_win_has_its_reason() -> None:
    reasons = [reason for *_, reason in wins(read(PUBLISHED).contests())]
    assert all(reason and "unexplained" not in reason for reason in reasons)
