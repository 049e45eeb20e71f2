"""The derivatives of throughput.py on a GPU, arrays staying there: against JAX on the same card.

Where there is none, the table says so, and the time to write their PTX is all that is measured.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import scipy.special

import jitad
from benchmarks.harness import Table, main, measure, once, peer, verdict
from benchmarks.points import PROBLEMS, Library
from jitad.runtime.cuda import device

_SECONDS = {"tiny": 0.01, "quick": 0.3, "full": 1.5}
_SHARE = {"tiny": 1000, "quick": 1, "full": 1}
_LEAST_OF_JAX = 1.5
_LEAST_OF_COPY = 0.6


def run(size: str) -> list[Table]:
    """One table: with times where there is a GPU."""
    found = _device()
    library = Library(np, scipy.special.erf, jitad.value_and_grad, jitad.jacfwd, jitad.jacrev)
    rows: list[Any] = []
    copy = _copy_rate(size) if found else None
    for problem in PROBLEMS:
        points = problem.draw(max(64, problem.count // _SHARE[size]))
        function = jitad.vmap(next(iter(problem.ways(library).values())))
        kernels: list[Any] = []

        def compiled(f: Any = function, x: Any = points, made: list[Any] = kernels) -> None:
            arch = None if found else "sm_90"
            made.append(jitad.compile(f, *x, target="cuda", arch=arch))
            made[0].inspect_llvm()

        compiling = once(compiled)
        own, other, rate = _times(kernels[0], problem, points, size) if found else (None,) * 3
        ratio = other / own if own and other else None
        share = rate / copy if rate and copy else None
        per_point = own / len(points[0]) * 1e9 if own else None
        rows.append((problem.name, len(points[0]), compiling, per_point, ratio,
                     verdict(ratio, least=_LEAST_OF_JAX) if ratio else "-", share,
                     verdict(share, least=_LEAST_OF_COPY) if share else "-"))  # fmt: skip
    columns = ("at each point", "points", "writing its code (s)", "ns a point", "JAX's time / ours",
               "aim", "part of a copy's rate", "aim where memory is the limit")  # fmt: skip
    note = "" if found else "No GPU was at hand when this was written: nothing was run on one."
    return [Table(f"On a GPU: {found or 'none'}", columns, rows, note)]


def _device() -> str | None:
    """The name of the GPU at hand."""
    try:
        return device().name
    except jitad.CompileError as error:
        print(f"MISSING: {error.what}; its rows say so", file=sys.stderr)
        return None


def _times(kernel: Any, problem: Any, points: Any, size: str) -> tuple[Any, Any, Any]:
    """Seconds of ours and JAX's, arrays on the device; GB/s that ours moves."""
    jax = peer("jax")
    results = kernel(*points)
    leaves = results if isinstance(results, tuple) else (results,)
    moved = sum(x.nbytes for x in (*points, *leaves))
    if jax is None:
        return None, None, None
    jax.config.update("jax_enable_x64", True)
    card = jax.devices()[0]
    arrays = tuple(jax.device_put(x, card) for x in points)
    other = Library(jax.numpy, jax.scipy.special.erf, jax.value_and_grad, jax.jacfwd, jax.jacrev)
    calls: Any = {"jitad": (kernel, arrays)}
    for way, f in problem.ways(other).items():
        compiled = jax.jit(jax.vmap(f))
        calls[f"jax {way}"] = (lambda *x, g=compiled: jax.block_until_ready(g(*x)), arrays)
    best = {k: t.best for k, t in measure(calls, seconds=_SECONDS[size], rtol=None).items()}
    own = best.pop("jitad")
    return own, min(best.values()), moved / own / 1e9


def _copy_rate(size: str) -> float | None:
    """GB/s, read and written, of a copy on the device."""
    jax = peer("jax")
    if jax is None:
        return None
    x = jax.device_put(np.zeros((1 << 28) // _SHARE[size], np.float32))
    copied = jax.jit(lambda x: x + 1)
    call: Any = {"copy": (lambda: jax.block_until_ready(copied(x)), ())}
    return 2 * x.nbytes / measure(call, seconds=_SECONDS[size], rtol=None)["copy"].best / 1e9


if __name__ == "__main__":
    main(run, __doc__)
