"""Random programs of each kind give what an independent oracle gives.

For a wider search: `python -m tests.fuzz KIND --seed 1 --count 20000`.
"""

from __future__ import annotations

import warnings

import pytest

from tests.fuzz.fuzzer import load

FUZZERS = load()
COUNT, BLOCK = 20, 10  # in blocks, so that several processes share a kind; .ci/run has 120 more


@pytest.mark.parametrize("first", range(0, COUNT, BLOCK))
@pytest.mark.parametrize("kind", FUZZERS)
def test_random_programs(kind: str, first: int) -> None:
    fuzzer = FUZZERS[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(first, first + BLOCK):
            fault = fuzzer.fault(fuzzer.program(0, number))
            assert not fault, f"python -m tests.fuzz {kind} --first {number} --count 1: {fault}"
