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
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import jitad

SIZES = ("tiny", "quick", "full")
"""tiny only shows that a script runs; the published figures are `full`."""

_PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "jax", "jaxlib", "autograd")

Cell = str | float | bool | None


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
            _check_equal(f"{name} against {reference}", result, results[reference], rtol)
    timers = {name: _timer(*call) for name, call in calls.items()}
    loops = {name: _loops(timer, seconds / repeats) for name, timer in timers.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, timer in timers.items():
            samples[name].append(timer.timeit(loops[name]) / loops[name])
    return {name: Timing(min(x), statistics.median(x)) for name, x in samples.items()}


def _timer(function: Callable[..., Any], args: tuple[Any, ...]) -> timeit.Timer:
    """A timer whose loop holds the bare call, without a wrapper of Python around it."""
    names = {f"a{k}": x for k, x in enumerate(args)}
    return timeit.Timer(f"function({', '.join(names)})", globals={"function": function, **names})


def _loops(timer: timeit.Timer, seconds: float) -> int:
    """How many calls fill a repeat."""
    count = 1
    while (taken := timer.timeit(count)) < seconds / 4 and count < 1 << 24:
        count *= 2
    return max(1, round(count * seconds / max(taken, 1e-9)))


def once(function: Callable[[], Any]) -> float:
    """Seconds of a single call, for what happens only once, such as compiling."""
    gc.collect()
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _check_equal(what: str, result: Any, reference: Any, rtol: float) -> None:
    """An error where two results, arrays or nested tuples of them, are not close."""
    if isinstance(reference, (tuple, list)):
        if len(result) != len(reference):
            raise AssertionError(f"{what}: {len(result)} results, not {len(reference)}")
        for k, (x, y) in enumerate(zip(result, reference, strict=True)):
            _check_equal(f"{what}, result {k}", x, y, rtol)
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


@dataclass(frozen=True)
class Table:
    """Rows under named columns. Cells of columns that end in "(s)" are seconds; None is "-"."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def cells(self) -> list[list[str]]:
        """The rows as text."""
        return [
            [_format(c, x) for c, x in zip(self.columns, row, strict=True)] for row in self.rows
        ]

    def heads(self) -> list[str]:
        """The columns' names without their units, which each cell carries."""
        return [c.removesuffix(" (s)") for c in self.columns]


def verdict(value: float, *, least: float | None = None, most: float | None = None) -> str:
    """The bound that a figure has to keep, and whether it does."""
    kept = value >= least if least is not None else most is None or value <= most
    bound = f"at least {least:g}" if least is not None else f"at most {most:g}"
    return f"{bound}: {'met' if kept else 'MISSED'}"


def _format(column: str, x: Cell) -> str:
    if x is None:
        return "-"
    if isinstance(x, (str, bool)):
        return str(x)
    if not column.endswith(" (s)"):
        return f"{x:,.2f}" if isinstance(x, float) else f"{x:,}"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if x >= scale:
            return f"{x / scale:.3g} {unit}"
    return f"{x * 1e9:.3g} ns"


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


def markdown(table: Table) -> str:
    """A table in Markdown."""
    lines = [f"### {table.title}", "", f"| {' | '.join(table.heads())} |"]
    lines.append(f"| --- |{' ---: |' * (len(table.columns) - 1)}")
    lines += [f"| {' | '.join(row)} |" for row in table.cells()]
    return "\n".join([*lines, *(["", table.note] if table.note else []), ""])


# -- the command line ------------------------------------------------------------------------------

Run = Callable[[str], Sequence[Table]]
"""What a benchmark is: from a size to its tables."""


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", choices=SIZES, default="full", help="how much to measure")
    parser.add_argument("--json", type=Path, help="write the rows and the machine to this file")
    return parser


def write_json(path: Path, tables: Sequence[Table]) -> None:
    """The rows, with times in seconds, and the machine."""
    content = {"machine": machine(), "tables": [asdict(table) for table in tables]}
    path.write_text(json.dumps(content, indent=1) + "\n")


def main(run: Run, description: str | None) -> None:
    """Run one benchmark from the command line."""
    options = arguments(description).parse_args()
    finish(run(options.size), options)


def finish(tables: Sequence[Table], options: argparse.Namespace) -> None:
    """Show the tables, and write them where the options say so."""
    print(", ".join(f"{k} {v}" for k, v in machine().items()))
    for table in tables:
        show(table)
    if options.json is not None:
        write_json(options.json, tables)
