"""The faults of tests/mutants can be planted; whether tests catch them says `-m tests.mutants`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.mutants import load

MUTANTS = load()
FOLDERS = ("codegen", "ir", "ops", "passes", "runtime", "transforms")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_fault_can_be_planted(folder: str) -> None:
    planted = [x for x in MUTANTS if x.file.startswith(f"{folder}/")]
    assert len(planted) >= 8
    here = Path(__file__).parent
    for x in planted:
        compile(x.source(), x.file, "exec")
        assert x.tests
        assert all((here / test.split(" ")[0].split("::")[0]).exists() for test in x.tests), x.tests


def test_every_fault_is_in_a_folder_and_of_its_own() -> None:
    assert {x.file.partition("/")[0] for x in MUTANTS} == set(FOLDERS)
    assert not [text for text, n in Counter(x.breaks for x in MUTANTS).items() if n > 1]
