"""Every benchmark runs at a tiny size and leaves complete tables; nothing is timed in earnest."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BENCHMARKS = ("latency", "compile_time", "cheap_gradient", "many_tangents", "njit_loop")
AGAINST_JAX = ("latency", "compile_time")


def run(*arguments: str) -> None:
    command = [sys.executable, "-m", *arguments, "--size", "tiny"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", BENCHMARKS)
def test_runs_and_reports(name: str, tmp_path: Path) -> None:
    if name in AGAINST_JAX and importlib.util.find_spec("jax") is None:
        pytest.skip(f"{name} measures against jax, which is not installed")
    rows = tmp_path / "rows.json"
    run(f"benchmarks.{name}", "--json", str(rows))
    content = json.loads(rows.read_text())
    assert content["machine"]["CPU"]
    assert content["tables"]
    for table in content["tables"]:
        assert table["rows"]
        assert all(len(row) == len(table["columns"]) for row in table["rows"])


def test_all_are_listed() -> None:
    found = {p.stem for p in (ROOT / "benchmarks").glob("*.py")}
    assert found - {"__init__", "__main__", "harness", "programs"} == set(BENCHMARKS)


def test_one_command_writes_the_results(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    run("benchmarks", "--results", str(results))
    text = results.read_text()
    for name in BENCHMARKS:
        assert f"## {name}.py" in text
