"""NumPy's functions that write to an array: no call has a result; test_arrays.py has the errors."""

from __future__ import annotations

from typing import Any

from jitad.functions.arrays.refusing import INSTEAD
from samples.arrays import Call

SAMPLES: dict[Any, list[Call]] = {function: [] for function in INSTEAD}
