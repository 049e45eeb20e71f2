"""Code generation: what crosses functions, what is looked up, complex numbers, bits."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from cases import case

X = np.random.default_rng(0).random(9)


@case
def gather_from_a_constant() -> Any:
    return jitad.jit(lambda x: np.ones_like(x)[np.argsort(x)])(X), np.ones(9)
