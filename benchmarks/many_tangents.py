"""Many tangents at once: through a straight-line program of 1,000 operations, and in a Jacobian."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from benchmarks.harness import Table, main, measure, once, peer, verdict
from benchmarks.programs import straight_line, straight_line_function, straight_line_point

_LENGTHS = {"tiny": 60, "quick": 1000, "full": 1000}
_SECONDS = {"tiny": 0.01, "quick": 0.1, "full": 2.0}
_TANGENTS = 8
_MOST = 0.5
_MOST_OF_VALUE = 2.5
_MOST_OF_JAX = 0.5


def run(size: str) -> list[Table]:
    """Eight tangents against one, and against the value; a whole Jacobian against JAX's."""
    return [_one_by_one_table(size), _beside_the_value(size), _jacobian(size)]


def _beside_the_value(size: str) -> Table:
    length = _LENGTHS[size]
    function = straight_line_function(straight_line(length))
    x = straight_line_point()
    directions = np.random.default_rng(1).standard_normal((_TANGENTS, x.size))
    calls: Any = {
        "value": (jitad.jit(function), (x,)),
        "value and tangents": (_compiled(function), (x, directions)),
    }
    timings = measure(calls, seconds=_SECONDS[size], rtol=None)
    value, both = timings["value"].best, timings["value and tangents"].best
    row = (f"{_TANGENTS} tangents", value, both, both / value,
           verdict(both / value, most=_MOST_OF_VALUE))  # fmt: skip
    columns = ("", "value (s)", "value and tangents (s)", "ratio", "bound")
    return Table(f"{_TANGENTS} tangents and the value of {length:,} operations", columns, [row])


def broyden_over(np: Any) -> Any:
    """Broyden's tridiagonal function over NumPy or jax.numpy.

    Source: More, Garbow & Hillstrom, ACM Trans. on Mathematical Software 7 (1981), 17, no. 30.
    """

    def broyden(x: Any) -> Any:
        left = np.concatenate([np.zeros(1), x[:-1]])
        right = np.concatenate([x[1:], np.zeros(1)])
        return (3 - 2 * x) * x - left - 2 * right + 1

    return broyden


def _jacobian(size: str) -> Table:
    """The dense Jacobian of n functions of n variables."""
    n = 100
    x = np.linspace(-1.0, 1.0, n)
    calls: Any = {
        "jacfwd": (jitad.jacfwd(broyden_over(np)), (x,)),
        "jacrev": (jitad.jacrev(broyden_over(np)), (x,)),
    }
    if (jax := peer("jax")) is not None:
        jax.config.update("jax_enable_x64", True)
        compiled = jax.jit(jax.jacfwd(broyden_over(jax.numpy)))
        calls["jax.jacfwd"] = (lambda x: np.asarray(compiled(x)), (x,))
    timings = measure(calls, seconds=_SECONDS[size])
    other = timings["jax.jacfwd"].best if "jax.jacfwd" in timings else None
    rows: list[Any] = []
    for name, timing in timings.items():
        ratio = None if other is None else timing.best / other
        bounded = name == "jacfwd" and ratio is not None
        rows.append((name, timing.best, ratio,
                     verdict(ratio, most=_MOST_OF_JAX) if bounded else "-"))  # fmt: skip
    columns = ("", "best (s)", "times JAX's", "bound")
    return Table(f"The dense {n} x {n} Jacobian of Broyden's tridiagonal function", columns, rows)


def _one_by_one_table(size: str) -> Table:
    """The times of compiled functions, of `jitad.jvp` itself, and of compiling."""
    length = _LENGTHS[size]
    program = straight_line(length)
    x = straight_line_point()
    directions = np.random.default_rng(1).standard_normal((_TANGENTS, x.size))
    rows: list[Any] = []
    for name, make in (("jit of jvp", _compiled), ("jvp", _direct)):
        together, single = (make(straight_line_function(program)) for _ in range(2))
        compiling = once(lambda f=together: f(x, directions)), once(lambda f=single: f(x, x))
        calls: Any = {
            "one by one": (_one_by_one, (single, x, directions)),
            "together": (together, (x, directions)),
        }
        timings = measure(calls, seconds=_SECONDS[size])
        slow, fast = timings["one by one"].best, timings["together"].best
        bound = verdict(fast / slow, most=_MOST)
        rows.append((name, fast, slow, fast / slow, bound, *compiling))
    columns = ("", f"{_TANGENTS} together (s)", f"{_TANGENTS} one by one (s)", "ratio", "bound",
               "compiling together (s)", "compiling one (s)")  # fmt: skip
    title = f"{_TANGENTS} tangents through {length:,} straight-line operations"
    return Table(title, columns, rows)


def _compiled(function: Any) -> Any:
    return jitad.jit(lambda x, v: jitad.jvp(function, (x,), (v,)))


def _direct(function: Any) -> Any:
    return lambda x, v: jitad.jvp(function, (x,), (v,))


def _one_by_one(single: Any, x: np.ndarray, directions: np.ndarray) -> tuple[Any, np.ndarray]:
    value, tangents = None, np.empty(len(directions))
    for k, v in enumerate(directions):
        value, tangents[k] = single(x, v)
    return value, tangents


if __name__ == "__main__":
    main(run, __doc__)
