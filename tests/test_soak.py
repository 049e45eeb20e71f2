"""The loads of `python -m tests.soak` that fill no caches, a few turns of each: memory is flat."""

from __future__ import annotations

import sys

import pytest

from tests import soak

NAMES = [x for x in soak.LOADS if x.startswith(("calls", "errors", "paths_in", "programs_written"))]


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
@pytest.mark.parametrize("name", NAMES)
def test_memory_is_flat(name: str) -> None:
    count, before, after = soak.soak(name, 0.02 if name.startswith("programs") else 0.0005)
    assert soak.is_flat(name, count, after - before)
