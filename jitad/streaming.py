"""A function at more points than memory holds: block after block, with progress, interruptible."""

from __future__ import annotations

import importlib
import mmap
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optree

from jitad.api import jit
from jitad.control import vmap
from jitad.frontend.pytree import NAMESPACE, flatten, unflatten
from jitad.ir.errors import ShapeError, TraceError
from jitad.programs.recorded import compiled
from jitad.runtime.targets import targets_of

_BLOCK_BYTES = 1 << 22
"""Arguments of one block: they and the results stay in a processor's cache, or near it."""

_LEAST, _MOST = 1 << 10, 1 << 20

Report = Callable[[int, int], Any]
"""Told how many points are done, and how many there are."""


def stream(
    fun: Callable[..., Any],
    *args: Any,
    in_axes: Any = 0,
    out: Any = None,
    reduce: str | None = None,
    block: int | None = None,
    parallel: bool = False,
    progress: bool | Report = False,
) -> Any:
    """`vmap(fun)(*args)`, computed a block of points at a time.

    For arrays that do not fit into memory, such as `np.memmap`, of which pages are given back as
    they are done with; and for work that takes long: it can be watched, and interrupted (Ctrl-C)
    after each block.

    Args:
        fun: a function of one point.
        args: its arguments, of all points: arrays, or pytrees of them. Views with any strides are
            read as they are.
        in_axes: as of `vmap`: the axis that the points are along, None for what all share.
        out: arrays into which the results are written, as `fun` returns them with a leading axis
            for the points; None for new ones.
        reduce: "sum" for the sum of the results over all points, in place of all of them.
        block: points in a block; by itself about 4 MiB of arguments.
        parallel: as of `jit`.
        progress: True for a bar (which needs the package rich) where it takes longer than a
            second, or a function that is called after each block with the number of points done
            and the number of all.

    Returns:
        What `vmap(fun)(*args)` does, or with `reduce` its sum over the points.

    Raises:
        ShapeError: the arguments' lengths differ, or `out` does not fit.

    >>> import numpy as np, jitad
    >>> x = np.linspace(0.0, 1.0, 5)
    >>> jitad.stream(jitad.grad(lambda x: x**3), x)
    array([0.    , 0.1875, 0.75  , 1.6875, 3.    ])
    >>> jitad.stream(lambda x: x**2, x, reduce="sum")
    np.float64(1.875)
    """
    if reduce not in (None, "sum"):
        raise TraceError(f"reduce={reduce!r}", remedy='give "sum", or None for all results')
    points = _Points(args, in_axes)
    length = min(points.count, block or points.block())
    mapped = vmap(fun, in_axes=points.leading)
    with _reporter(progress) as report:
        if reduce is None:
            return _map(jit(mapped, parallel=parallel), points, length, out, report)
        return _sum(compiled(_summed, (mapped,), parallel=parallel), points, length, report)


class _Points:
    """The arguments, and those of any block."""

    def __init__(self, args: tuple[Any, ...], in_axes: Any) -> None:
        self.leaves, self.structure = flatten(args)
        tree: Any = args
        axes = optree.broadcast_prefix(in_axes, tree, none_is_leaf=True, namespace=NAMESPACE)
        self.rows = [
            None if axis is None else np.moveaxis(np.asanyarray(x), axis, 0)
            for x, axis in zip(self.leaves, axes, strict=True)
        ]
        self.leading = unflatten(self.structure, [None if x is None else 0 for x in self.rows])
        counts = {len(x) for x in self.rows if x is not None}
        if len(counts) != 1 or 0 in counts:
            raise ShapeError(
                f"points along axes of lengths {sorted(counts)}",
                remedy="map at least one argument, and all along axes of one length",
            )
        (self.count,) = counts

    def block(self) -> int:
        """How many points to take at a time."""
        rows = [x for x in self.rows if x is not None]
        each = sum(x.itemsize * x[0].size for x in rows)
        return min(_MOST, max(_LEAST, _BLOCK_BYTES // max(each, 1) // 64 * 64))

    def part(self, start: int, stop: int) -> tuple[Any, ...]:
        """The arguments of some points."""
        pairs = zip(self.leaves, self.rows, strict=True)
        taken = [leaf if x is None else np.ascontiguousarray(x[start:stop]) for leaf, x in pairs]
        return unflatten(self.structure, taken)

    def release(self, start: int, stop: int) -> None:
        """Give back the memory of points in mapped files."""
        for leaf, x in zip(self.leaves, self.rows, strict=True):
            if x is not None and isinstance(leaf, np.memmap):
                _release(leaf, x, start, stop)


def _map(
    function: Callable[..., Any], points: _Points, length: int, out: Any, report: Report
) -> Any:
    targets: list[np.ndarray] | None = None
    structure: Any = None
    for start in range(0, points.count, length):
        # The last block reaches back to points that are done: all are of one shape.
        first = min(start, points.count - length)
        results, found = flatten(function(*points.part(first, first + length)))
        if targets is None:
            structure = found
            targets = _targets(results, found, points.count, out)
        for target, result in zip(targets, results, strict=True):
            target[first : first + length] = result
            if isinstance(target, np.memmap):
                _release(target, target, first, first + length)
        points.release(first, first + length)
        report(first + length, points.count)
    assert targets is not None
    return unflatten(structure, targets) if out is None else out


def _targets(results: Sequence[Any], structure: Any, count: int, out: Any) -> list[np.ndarray]:
    """The arrays that the results are written to."""
    shapes = [(count, *np.shape(x)[1:]) for x in results]
    if out is None:
        return [np.empty(shape, x.dtype) for shape, x in zip(shapes, results, strict=True)]
    types = [(shape, x.dtype) for shape, x in zip(shapes, results, strict=True)]
    return targets_of(out, structure, types, _array_type)


def _array_type(x: Any) -> Any:
    """Blocks are copied into arrays of any strides."""
    return (x.shape, x.dtype) if isinstance(x, np.ndarray) else None


def _summed(functions: Sequence[Callable[..., Any]], _: Any, *args: Any) -> Any:
    results, structure = flatten(functions[0](*args))
    return unflatten(structure, [np.sum(x, axis=0) for x in results])


def _sum(function: Callable[..., Any], points: _Points, length: int, report: Report) -> Any:
    totals: list[Any] = []
    structure: Any = None
    for start in range(0, points.count, length):
        stop = min(start + length, points.count)
        results, structure = flatten(function(*points.part(start, stop)))
        pairs = zip(totals, results, strict=True)
        totals = [x + y for x, y in pairs] if totals else list(results)
        points.release(start, stop)
        report(stop, points.count)
    return unflatten(structure, totals)


def _release(array: np.memmap, rows: np.ndarray, start: int, stop: int) -> None:
    """Give back the pages of rows of a mapped file; what was written stays in the file."""
    file: Any = array
    while isinstance(file, np.ndarray):
        file = file.base
    spread_out = not rows.flags.c_contiguous  # over the whole file
    private = array.mode == "c"  # pages hold what was written to them
    if spread_out or private or not isinstance(file, mmap.mmap) or sys.platform == "win32":
        return
    base = np.frombuffer(file, np.uint8).__array_interface__["data"][0]
    first = rows.__array_interface__["data"][0] - base
    row = rows.strides[0]
    low = (first + start * row) // mmap.PAGESIZE * mmap.PAGESIZE
    high = min((first + stop * row) // mmap.PAGESIZE * mmap.PAGESIZE, len(file))
    if high > low:
        file.madvise(mmap.MADV_DONTNEED, low, high - low)


@contextmanager
def _reporter(progress: bool | Report) -> Iterator[Report]:
    if callable(progress):
        yield progress
        return
    if not progress:
        yield lambda done, total: None
        return
    try:
        bar = importlib.import_module("rich.progress")
    except ImportError as error:
        raise TraceError(
            "progress=True draws with the package rich, which is not installed",
            remedy="pip install rich, or pass a function of (done, total)",
        ) from error
    columns = (*bar.Progress.get_default_columns(), bar.TimeElapsedColumn())
    console = importlib.import_module("rich.console").Console(stderr=True)
    with bar.Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("points", visible=False)

        def report(done: int, total: int) -> None:
            long = (shown.tasks[task].elapsed or 0.0) > 1.0
            shown.update(task, completed=done, total=total, visible=long)

        yield report
