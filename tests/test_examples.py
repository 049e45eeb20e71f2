"""Every script in examples/ runs, says what it has checked, and is right."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.py"))


def test_there_are_examples() -> None:
    assert len(SCRIPTS) >= 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_example(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(script), run_name="__main__")
    _, found, check = capsys.readouterr().out.rpartition("\nCheck:")
    assert found, "a script ends with a line that says what it has checked"
    differences = [float(number) for number in re.findall(r"\d\.\de[-+]\d+", check)]
    assert differences
    assert max(differences) < 1e-6
