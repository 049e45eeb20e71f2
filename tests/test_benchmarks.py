"""Every benchmark runs at a tiny size and leaves complete tables; nothing is timed in earnest."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
BENCHMARKS = (
    "latency",
    "compile_time",
    "cheap_gradient",
    "throughput",
    "streaming",
    "gpu",
    "many_tangents",
    "njit_loop",
    "paths",
    "loops",
    "rolling",
)
AGAINST_JAX = ("latency", "compile_time", "throughput", "loops")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the one command that runs them all writes: its rows, and under "text" RESULTS.md."""
    folder = tmp_path_factory.mktemp("benchmarks")
    rows, results = folder / "rows.json", folder / "RESULTS.md"
    command = [sys.executable, "-m", "benchmarks", "--size", "tiny"]
    command += ["--json", str(rows), "--results", str(results)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return {**json.loads(rows.read_text()), "text": results.read_text()}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_runs_and_reports(name: str, report: dict[str, Any]) -> None:
    assert f"## {name}.py" in report["text"]
    assert report[name]
    for table in report[name]:
        assert table["rows"]
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
    if name in AGAINST_JAX and importlib.util.find_spec("jax") is None:
        assert "jax" in report["text"].partition("Not installed, so not measured:")[2]
        pytest.skip(f"{name} ran without jax, which is not installed")


def test_says_where_it_was_measured(report: dict[str, Any]) -> None:
    assert report["machine"]["CPU"] in report["text"]
    assert report["machine"]["numba"] in report["text"]


def test_all_are_listed() -> None:
    found = {p.stem for p in (ROOT / "benchmarks").glob("*.py")}
    assert found - {"__init__", "__main__", "harness", "points", "programs"} == set(BENCHMARKS)
