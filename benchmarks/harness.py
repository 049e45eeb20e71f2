"""Callables -> tables of timings: interleaved repeats in one process, results checked first."""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import platform
import statistics
import sys
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import jitad
from benchmarks.suite.record import Section, Table, markdown

__all__ = ["Section", "Table", "main", "markdown", "measure"]

SIZES = ("tiny", "quick", "full")
"""tiny only shows that a script runs; the published figures are `full`."""

_PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "jax", "autograd", "torch", "casadi", "asdex")


# -- measuring -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timing:
    """Seconds a call: the best and the median of the repeats."""

    best: float
    median: float


Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its positional arguments."""


def measure(
    calls: Mapping[str, Call], *, seconds: float, repeats: int = 15, rtol: float | None = 1e-9
) -> dict[str, Timing]:
    """Time calls that do the same work, taking turns so that a disturbance meets them all.

    Args:
        calls: by name; the first is the reference for the results.
        seconds: how long to measure each of them, in all repeats together.
        repeats: how often each gets its turn.
        rtol: how far results may differ, relative to the largest element; None where they are
            not comparable.
    """
    results = {name: function(*args) for name, (function, args) in calls.items()}
    if rtol is not None:
        reference = next(iter(results))
        for name, result in results.items():
            check_equal(f"{name} against {reference}", result, results[reference], rtol)
    return interleave(calls, seconds=seconds, repeats=repeats)


def interleave(
    calls: Mapping[str, Call], *, seconds: float, repeats: int = 15
) -> dict[str, Timing]:
    """As `measure`, without looking at the results.

    A call that takes longer than its share has fewer turns: about three times `seconds` in all.
    """
    timers = {name: _timer(*call) for name, call in calls.items()}
    loops, turns = {}, {}
    for name, timer in timers.items():
        loops[name], single = _loops(timer, seconds / repeats)
        turns[name] = max(1, min(repeats, round(3 * seconds / max(single * loops[name], 1e-9))))
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats):
        _CONTROL.append(_control_sample())
        for name, timer in timers.items():
            if turn < turns[name]:
                samples[name].append(timer.timeit(loops[name]) / loops[name])
    return {name: Timing(min(x), statistics.median(x)) for name, x in samples.items()}


_CONTROL: list[float] = []
"""Seconds of a loop that never changes, in between all others: what the machine does to times."""

_CONTROL_LOOPS = 20
_control_arrays = {"np": np, "x": np.cos(np.arange(1000.0)), "y": np.ones(1000)}
_control_timer = timeit.Timer("np.exp(x, out=y); y.sort()", globals=_control_arrays)


def _control_sample() -> float:
    """The best of three, for the first meets the caches that others have left."""
    return min(_control_timer.repeat(3, _CONTROL_LOOPS)) / _CONTROL_LOOPS


def control() -> dict[str, float]:
    """Best and median of the control in this process, and how often it was timed."""
    if not _CONTROL:
        _CONTROL.extend(_control_sample() for _ in range(15))
    return {"best": min(_CONTROL), "median": statistics.median(_CONTROL), "count": len(_CONTROL)}


def _timer(function: Callable[..., Any], args: tuple[Any, ...]) -> timeit.Timer:
    """A timer whose loop holds the bare call, without a wrapper of Python around it."""
    names = {f"a{k}": x for k, x in enumerate(args)}
    return timeit.Timer(f"function({', '.join(names)})", globals={"function": function, **names})


def _loops(timer: timeit.Timer, seconds: float) -> tuple[int, float]:
    """How many calls fill a repeat, and the seconds of one."""
    count = 1
    while (taken := timer.timeit(count)) < seconds / 4 and count < 1 << 24:
        count *= 2
    return max(1, round(count * seconds / max(taken, 1e-9))), taken / count


def once(function: Callable[[], Any]) -> float:
    """Seconds of a single call, for what happens only once, such as compiling.

    What is there before is not searched for garbage, then or ever after: a user's process has less.
    """
    gc.collect()
    gc.freeze()
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def check_equal(what: str, result: Any, reference: Any, rtol: float) -> None:
    """An error where two results, arrays or nested tuples of them, are not close."""
    if isinstance(reference, (tuple, list)):
        if len(result) != len(reference):
            raise AssertionError(f"{what}: {len(result)} results, not {len(reference)}")
        for k, (x, y) in enumerate(zip(result, reference, strict=True)):
            check_equal(f"{what}, result {k}", x, y, rtol)
        return
    x, y = np.asarray(result), np.asarray(reference)
    if x.shape != y.shape or not np.isfinite(y).all():
        raise AssertionError(f"{what}: shapes {x.shape} and {y.shape}, or not finite")
    error = np.max(np.abs(x - y), initial=0.0)
    if not error <= rtol * max(1.0, float(np.max(np.abs(y), initial=0.0))):
        raise AssertionError(f"{what}: the results differ by {error:g}")


# -- peers and the machine -------------------------------------------------------------------------


def peer(name: str) -> ModuleType | None:
    """A competitor's module, or None, said on stderr, where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"MISSING: {name} is not installed; its rows say so", file=sys.stderr)
        return None


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    found = {"date": time.strftime("%Y-%m-%d"), "CPU": _cpu(), "cores": str(os.cpu_count())}
    found["Python"] = platform.python_version()
    found["jitad"] = jitad.__version__
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


# -- tables ----------------------------------------------------------------------------------------


def verdict(value: float, *, least: float | None = None, most: float | None = None) -> str:
    """The bound that a figure has to keep, and whether it does."""
    kept = value >= least if least is not None else most is None or value <= most
    bound = f"at least {least:g}" if least is not None else f"at most {most:g}"
    return f"{bound}: {'met' if kept else 'MISSED'}"


def show(table: Table) -> None:
    """Print a table, with rich where it is installed."""
    try:
        from rich.console import Console
        from rich.table import Table as Rich
    except ImportError:
        print(f"\n{markdown(table)}")
        return
    rich = Rich(title=table.title, caption=table.note or None, title_justify="left")
    for k, head in enumerate(table.heads()):
        rich.add_column(head, justify="left" if k == 0 else "right")
    for row in table.cells():
        rich.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 120).print(rich)


# -- the command line ------------------------------------------------------------------------------

Run = Callable[[str], "Section | Sequence[Table]"]
"""What a benchmark is: from a size to what it found."""


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", choices=SIZES, default="full", help="how much to measure")
    parser.add_argument("--json", type=Path, help="write what was found and the machine to a file")
    return parser


def main(run: Run, description: str | None, *, one_core: bool = False) -> None:
    """Run one benchmark from the command line, on one core or on all."""
    options = arguments(description).parse_args()
    if one_core:
        _confine()
    finish(run(options.size), options)


_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def pin(cores: int) -> None:
    """Let this process run on so many cores only."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])


def thread_limits(cores: int) -> dict[str, str]:
    """Environment variables that have libraries start as many threads."""
    return dict.fromkeys(_THREADS, str(cores))


def _confine() -> None:
    """Start this program again on one core, where no library starts a second thread of its own.

    Libraries count cores as they are imported, so that now is too late for that.
    """
    if os.environ.get(_THREADS[0]) == "1":
        return
    pin(1)
    module = sys.modules["__main__"].__spec__
    assert module is not None, "start it as python -m benchmarks.<name>"
    command = [sys.executable, "-m", module.name, *sys.argv[1:]]
    os.execve(sys.executable, command, {**os.environ, **thread_limits(1)})


def finish(found: Section | Sequence[Table], options: argparse.Namespace) -> None:
    """Show what was found, and write it where the options say so."""
    section = found if isinstance(found, Section) else Section(tables=found)
    section = replace(section, control=control())
    print(", ".join(f"{k} {v}" for k, v in machine().items()))
    for table in [*(contest.table() for contest in section.contests), *section.tables]:
        show(table)
    if options.json is not None:
        content = {"machine": machine(), **asdict(section)}
        options.json.write_text(json.dumps(content, indent=1) + "\n")
