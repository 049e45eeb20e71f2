"""LLVM takes what we write for other processors than this one; the whole: `-m tests.processors`."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from tests.processors import check

RNG = np.random.default_rng(0)


def _cross_entropy(z: Any) -> Any:
    shifted = z - np.max(z, axis=1, keepdims=True)
    return np.sum(shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True)))


def _programs() -> None:
    """Loops of each kind: those of which LLVM's vectoriser once ended the process first."""
    for n in (20, 23):
        jitad.compile(jitad.grad(np.linalg.det), RNG.normal(size=(n, n)))
    x, y, z = RNG.normal(size=40), RNG.normal(size=(100, 33)), RNG.normal(size=40) + 0j
    for f, at in (
        (jitad.grad(_cross_entropy), RNG.normal(size=(200, 10))),
        (lambda y: (np.sum(y, axis=0), np.max(y, axis=1), np.argmax(y, axis=0)), y),
        (lambda x: (np.any(x > 0), np.prod(x), np.cumsum(x), np.sort(x), x.astype(int) // 3), x),
        (lambda z: (np.sum(z * z), np.prod(z), np.exp(z), np.where(z.real > 0, z, 1)), z),
        (jitad.grad(lambda x: np.sum((x[2:] - 2 * x[1:-1] + x[:-2]) ** 2)), x),
        (lambda x: np.sum(np.sin(x) * np.tanh(x) ** 3), RNG.normal(size=40_000)),
        (lambda x: jitad.map(lambda a: np.sin(a) * a, x), x),
        (jitad.grad(lambda x: jitad.fori_loop(0, 40, lambda i, c: np.sin(c) + x[i], 0.0)), x),
    ):
        jitad.compile(f, at)
        if at.dtype == float:
            jitad.compile(f, at.astype(np.float32))


def test_llvm_takes_kernels_for_other_processors() -> None:
    count, found = check(_programs)
    assert count > 40
    assert not found, "\n".join(found)
