"""A function at more points than memory holds: block after block, with progress, interruptible."""

from __future__ import annotations

import importlib
import math
import mmap
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.exceptions import TooHardError
from numpy.lib.array_utils import byte_bounds

from jitad.api import jit
from jitad.control import vmap
from jitad.frontend.operands import check_kind, normal_axis
from jitad.frontend.pytree import flatten, is_array_like, unflatten
from jitad.frontend.traceable import check_functions
from jitad.functions.control.batches import axes_of
from jitad.ir.errors import ShapeError, TraceError
from jitad.programs.recorded import compiled
from jitad.runtime.targets import targets_of

_BLOCK_BYTES = 1 << 22
"""Arguments of one block: they and the results stay in a processor's cache, or near it."""

_LEAST, _MOST = 1 << 10, 1 << 20

_WORK: Any = 10_000
"""Steps to find out whether two arrays share memory; where they do not do, the two may."""

Report = Callable[[int, int], Any]
"""Told how many points are done, and how many there are."""


def stream(
    fun: Callable[..., Any],
    *args: Any,
    in_axes: Any = 0,
    out: Any = None,
    reduce: str | Callable[[Any, Any], Any] | None = None,
    block: int | None = None,
    parallel: bool = False,
    progress: bool | Report = False,
) -> Any:
    """`vmap(fun)(*args)`, computed a block of points at a time.

    For arrays that do not fit into memory, such as `np.memmap`, of which pages are given back as
    they are done with, or data sets of HDF5, Zarr and dask; and for work that takes long: it can
    be watched, and interrupted (Ctrl-C) after each block.

    Args:
        fun: a function of one point.
        args: its arguments, of all points: arrays, or pytrees of them. Views with any strides are
            read as they are. Whatever has a shape, a dtype and slices is read by these, block by
            block.
        in_axes: as of `vmap`: the axis that the points are along, None for what all share.
        out: arrays into which the results are written, as `fun` returns them with a leading axis
            for the points, or whatever takes slices that are assigned; None for new ones. They may
            be the arguments themselves.
        reduce: "sum", "mean", "max" or "min" of the results over all points, in place of all of
            them; or a function from two results to one, such as np.multiply, of which only the
            order in which pairs are joined is not said.
        block: points in a block; by itself about 4 MiB of arguments.
        parallel: as of `jit`.
        progress: True for a bar (which needs the package rich) where it takes longer than a
            second, or a function that is called after each block with the number of points done
            and the number of all.

    Returns:
        What `vmap(fun)(*args)` does, or with `reduce` one result for all points.

    Raises:
        ShapeError: the arguments' lengths differ, or `out` does not fit.

    >>> import numpy as np, jitad
    >>> x = np.linspace(0.0, 1.0, 5)
    >>> jitad.stream(jitad.grad(lambda x: x**3), x)
    array([0.    , 0.1875, 0.75  , 1.6875, 3.    ])
    >>> jitad.stream(lambda x: x**2, x, reduce="sum")
    np.float64(1.875)
    """
    check_functions(fun)
    _check_reduce(reduce)
    points = _Points(args, in_axes)
    length = min(points.count, points.block() if block is None else _whole(block))
    mapped = vmap(fun, in_axes=points.leading)
    if reduce is not None and out is not None:
        raise ShapeError(
            "out= and reduce= in one stream", remedy="leave out= out: what is joined is returned"
        )
    with _reporter(progress) as report:
        if reduce is None:
            return _map(jit(mapped, parallel=parallel), points, length, out, report)
        if callable(reduce):
            functions, options, together = (mapped, reduce), (), jit(reduce)
        else:
            functions, options, together = (mapped,), (reduce,), partial(_two_joined, reduce)
        block_of = compiled(_rows_joined, functions, *options, parallel=parallel)
        total = _joined(block_of, together, points, length, report)
    if reduce != "mean":
        return total
    leaves, structure = flatten(total)
    return unflatten(structure, [x / points.count for x in leaves])


def _whole(block: Any) -> int:
    """A number of points."""
    if isinstance(block, (int, np.integer)) and not isinstance(block, bool) and block > 0:
        return int(block)
    raise ShapeError(
        f"block={block!r}", remedy="give the number of points in a block, an int of 1 or more"
    )


class _Points:
    """The arguments, and those of any block."""

    def __init__(self, args: tuple[Any, ...], in_axes: Any) -> None:
        self.leaves, self.structure = flatten(args)
        places = axes_of(in_axes, args, "in_axes")
        self.leaves = [
            _whole_of(x) if isinstance(x, range) or (axis is None and _is_stored(x)) else x
            for x, axis in zip(self.leaves, places, strict=True)
        ]
        for x, axis in zip(self.leaves, places, strict=True):
            _check_source(x, axis)
        pairs = zip(self.leaves, places, strict=True)
        self.axes = [None if axis is None else normal_axis(axis, len(x.shape)) for x, axis in pairs]
        self.leading = unflatten(self.structure, [None if x is None else 0 for x in self.axes])
        pairs = zip(self.leaves, self.axes, strict=True)
        self.mapped = [(x, axis) for x, axis in pairs if axis is not None]
        counts = {x.shape[axis] for x, axis in self.mapped}
        if len(counts) != 1 or 0 in counts:
            raise ShapeError(
                f"points along axes of lengths {sorted(counts)}",
                remedy="map at least one argument, and all along axes of one length",
            )
        (self.count,) = counts

    def block(self) -> int:
        """How many points to take at a time."""
        each = sum(math.prod(x.shape) * np.dtype(x.dtype).itemsize for x, _ in self.mapped)
        each //= self.count
        return min(_MOST, max(_LEAST, _BLOCK_BYTES // max(each, 1) // 64 * 64))

    def part(self, start: int, stop: int, *, copied: bool = False) -> tuple[Any, ...]:
        """The arguments of some points."""
        taken: list[Any] = []
        for x, axis in zip(self.leaves, self.axes, strict=True):
            if axis is None:
                taken.append(x)
                continue
            rows = np.asarray(x[(*(slice(None),) * axis, slice(start, stop))])
            rows = np.ascontiguousarray(np.moveaxis(rows, axis, 0))
            taken.append(rows.copy() if copied else rows)
        return unflatten(self.structure, taken)

    def release(self, start: int, stop: int) -> None:
        """Give back the memory of points in mapped files."""
        for x, axis in self.mapped:
            if isinstance(x, np.memmap):
                _release(x, np.moveaxis(x, axis, 0), start, stop)

    def check_apart(self, target: Any) -> None:
        """Refuse to write a point's results where another point's arguments are."""
        if not isinstance(target, np.ndarray):
            return
        for x, axis in zip(self.leaves, self.axes, strict=True):
            if not isinstance(x, np.ndarray) or not _may_share(x, target):
                continue
            if axis is None or not _share_points(np.moveaxis(x, axis, 0), target):
                raise ShapeError(
                    "out= shares memory with an argument, and not point by point",
                    remedy="write into another array, or into the argument itself",
                )


def _is_stored(x: Any) -> bool:
    """Whether x is read by slices, such as a data set of a file, and is no array of NumPy's."""
    return is_array_like(x) and not isinstance(x, (np.ndarray, np.generic))


def _whole_of(x: Any) -> np.ndarray:
    return np.asarray(x if isinstance(x, range) else x[...])


def _check_source(x: Any, axis: Any) -> None:
    """Refuse what has no points along an axis."""
    if isinstance(x, np.ndarray):
        check_kind(x, "an argument")
    if axis is not None and not is_array_like(x):
        raise TraceError(
            f"an argument of type {type(x).__name__} has no points",
            remedy="pass an array, or give it in_axes=None",
        )


def _may_share(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether two arrays have memory in common, or a file that both are mapped to."""
    try:
        if np.shares_memory(x, y, max_work=_WORK):
            return True
    except TooHardError:
        return True
    files = [getattr(z, "filename", None) for z in (x, y)]
    return files[0] is not None and files[0] == files[1]


def _share_points(rows: np.ndarray, target: np.ndarray) -> bool:
    """Whether whatever memory two arrays share belongs to one point in both."""
    starts = [byte_bounds(z[:1]) for z in (rows, target)]
    if not np.shares_memory(rows, target, max_work=_WORK):  # mapped to one file
        shifts: list[Any] = [getattr(z, "offset", 0) for z in (rows, target)]
        bases = [byte_bounds(_file_array(z))[0] for z in (rows, target)]
        starts = [
            (low - base + shift, high - base + shift)
            for (low, high), base, shift in zip(starts, bases, shifts, strict=True)
        ]
    (a, b), (c, d) = starts
    step = abs(rows.strides[0])
    return rows.strides[0] == target.strides[0] and max(b, d) - min(a, c) <= step


def _file_array(x: np.ndarray) -> np.ndarray:
    """The array that a view is of."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


def _map(
    function: Callable[..., Any], points: _Points, length: int, out: Any, report: Report
) -> Any:
    targets: list[Any] | None = None
    structure: Any = None
    # The last block reaches back to points that are done, as all are of one shape: its arguments
    # are read first, for the results may be written over them.
    last = points.count - length
    kept = None if out is None or last == 0 else points.part(last, points.count, copied=True)
    for start in range(0, points.count, length):
        first = min(start, last)
        given = kept if kept is not None and first == last else points.part(first, first + length)
        results, found = flatten(function(*given))
        if targets is None:
            structure = found
            targets = _targets(results, found, points, out)
        for target, result in zip(targets, results, strict=True):
            target[first : first + length] = result
            if isinstance(target, np.memmap):
                _release(target, target, first, first + length)
        points.release(first, first + length)
        report(first + length, points.count)
    assert targets is not None
    return unflatten(structure, targets) if out is None else out


def _targets(results: Sequence[Any], structure: Any, points: _Points, out: Any) -> list[Any]:
    """The arrays that the results are written to."""
    types = [((points.count, *np.shape(x)[1:]), x.dtype) for x in results]
    if out is None:
        return [np.empty(shape, dtype) for shape, dtype in types]
    targets = targets_of(out, structure, types, _array_type)
    for k, target in enumerate(targets):
        points.check_apart(target)
        for other in targets[:k]:
            both = isinstance(other, np.ndarray) and isinstance(target, np.ndarray)
            if other is target or (both and _may_share(other, target)):
                raise ShapeError(
                    "two results are written into one array", remedy="give each an array of its own"
                )
    return targets


def _array_type(x: Any) -> Any:
    """Blocks are copied into arrays of any strides, and into what can be assigned to by slices."""
    if isinstance(x, np.ndarray):
        plain = type(x) in (np.ndarray, np.memmap) and x.flags.writeable
        return (x.shape, x.dtype) if plain else None
    stored = is_array_like(x) and hasattr(x, "__setitem__")
    return (tuple(x.shape), np.dtype(x.dtype)) if stored else None


# -- one result for all points ---------------------------------------------------------------------


_NAMED: dict[str, tuple[Any, Callable[[Any, Any], Any]]] = {
    "sum": (np.sum, operator.add),
    "mean": (np.sum, operator.add),
    "max": (np.max, np.maximum),
    "min": (np.min, np.minimum),
}
"""How the rows of an array are joined, and how two results."""


def _check_reduce(reduce: Any) -> None:
    if reduce is not None and not callable(reduce) and reduce not in tuple(_NAMED):
        raise TraceError(
            f"reduce={reduce!r}",
            remedy='give "sum", "mean", "max" or "min", a function of two results, or None',
        )


def _two_joined(name: str, one: Any, other: Any) -> Any:
    """From the results of two sets of points to that of both."""
    leaves, structure = flatten(one)
    pairs = zip(leaves, flatten(other)[0], strict=True)
    return unflatten(structure, [_NAMED[name][1](x, y) for x, y in pairs])


def _rows_joined(functions: Sequence[Callable[..., Any]], options: Any, *args: Any) -> Any:
    """A block's results joined."""
    results, structure = flatten(functions[0](*args))
    if len(functions) > 1:
        return _by_pairs(vmap(functions[1]), results, structure)
    return unflatten(structure, [_NAMED[options[0]][0](x, axis=0) for x in results])


def _by_pairs(together: Callable[..., Any], results: list[Any], structure: Any) -> Any:
    """Rows joined, neighbours in pairs, and these again."""
    while results and len(results[0]) > 1:
        pairs = len(results[0]) // 2
        one, other = (unflatten(structure, [x[k : 2 * pairs : 2] for x in results]) for k in (0, 1))
        made, found = flatten(together(one, other))
        if found != structure:
            raise ShapeError(
                "the function of reduce= returns another structure than its arguments have",
                remedy="let it make of two results one like them",
            )
        rest = [x[2 * pairs :] for x in results]
        results = [np.concatenate(both) for both in zip(made, rest, strict=True)]
    return unflatten(structure, [x[0] for x in results])


def _joined(
    function: Callable[..., Any], together: Callable[[Any, Any], Any], points: _Points,
    length: int, report: Report,
) -> Any:  # fmt: skip
    total: Any = None
    for start in range(0, points.count, length):
        stop = min(start + length, points.count)
        part = function(*points.part(start, stop))
        total = part if start == 0 else together(total, part)
        points.release(start, stop)
        report(stop, points.count)
    return total


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
