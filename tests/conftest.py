"""What all tests share: hypothesis tries the same examples in every run; two paths to code.

What collecting the tests makes stays: Python's own collector does not look at it.

For a wider search: `pytest tests/test_passes.py --hypothesis-profile=search`.
"""

from __future__ import annotations

import gc
import os
from typing import Any

import pytest
from hypothesis import settings

import jitad.passes.scalarize

gc.disable()
os.environ["JITAD_CACHE_DIR"] = "off"  # what is tested is compiled here and now
settings.register_profile("same", derandomize=True, deadline=None, max_examples=60, database=None)
settings.register_profile("search", deadline=None, max_examples=800, database=None)
settings.load_profile("same")


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(params=["scalars", "loops"])
def path(request: Any, monkeypatch: Any) -> str:
    """Which code small arrays become."""
    if request.param == "loops":
        monkeypatch.setattr(jitad.passes.scalarize, "SMALL", -(10**9))
    return request.param
