"""What all tests share: hypothesis tries the same examples in every run; two paths to code.

For a wider search: `pytest tests/test_passes.py --hypothesis-profile=search`.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

import jitad.passes.scalarize

settings.register_profile("same", derandomize=True, deadline=None, max_examples=60, database=None)
settings.register_profile("search", deadline=None, max_examples=800, database=None)
settings.load_profile("same")


@pytest.fixture(params=["scalars", "loops"])
def path(request: Any, monkeypatch: Any) -> str:
    """Which code small arrays become."""
    if request.param == "loops":
        monkeypatch.setattr(jitad.passes.scalarize, "SMALL", -(10**9))
    return request.param
