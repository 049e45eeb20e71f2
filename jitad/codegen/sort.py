"""The order of rows -> LLVM: a merge sort of keys, by which their places are moved along.

The keys are made whole numbers whose order is that of the elements, so that one function sorts all
dtypes: Knuth, The Art of Computer Programming 3, 5.2.4 (list merging), from runs sorted by straight
insertion (5.2.1).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from jitad.codegen.body import memory_type
from jitad.codegen.routine import Routine, Scalar, routine
from jitad.ir.op import FLOAT64, INT64, DType

if TYPE_CHECKING:
    from jitad.codegen.library import LibraryCall
    from jitad.codegen.writer import Writer

_LEAST = 16
"""The length of the runs that insertion sorts."""

_FUNCTION = "jitad_argsort"

_COPY = "llvm.memcpy.p0.p0.i64"


def emit_argsort(call: LibraryCall) -> None:
    """Row by row: keys into working memory, then the sort."""
    w, (shape,), (dtype,) = call.writer, call.shapes, call.dtypes
    n, kind = shape[-1] if shape else 1, memory_type(dtype)
    if _definition() not in w.globals:
        w.globals.append(_definition())
    w.declarations[_COPY] = f"declare void @{_COPY}(ptr, ptr, i64, i1)"
    keys, other_keys, other_places = (call.scratch(8 * n) for _ in range(3))
    stacks = ((call.inputs[0], n * dtype.itemsize), (call.out, 8 * n))
    with call.each(math.prod(shape[:-1]), *stacks) as (row, places):
        with w.counted(n) as i:
            x = call.body.read(call.element(row, i, kind), dtype)
            call.store(_key(w, dtype, x), call.element(keys, i, "i64"), "i64")
        pointers = ", ".join(f"ptr {p}" for p in (keys, places, other_keys, other_places))
        w.do(f"call void @{_FUNCTION}({pointers}, i64 {n})")


def _key(w: Writer, dtype: DType, x: str) -> str:
    """A whole number in the place of an element: -0.0 is 0.0, and NaN comes after all others."""
    if dtype.kind != "f":
        return w.cast(x, dtype, INT64)
    wide = w.cast(x, dtype, FLOAT64)
    # Adding +0.0 turns -0.0 into it. Below 0 the bits of a double descend as integers.
    bits = w.line(f"bitcast double {w.line(f'fadd double {wide}, 0.0')} to i64")
    flipped = w.line(f"xor i64 {bits}, {2**63 - 1}")
    ordered = w.select(w.line(f"icmp slt i64 {bits}, 0"), INT64, flipped, bits)
    return w.select(w.line(f"fcmp uno double {wide}, {wide}"), INT64, str(2**63 - 1), ordered)


@lru_cache(maxsize=1)
def _definition() -> str:
    kinds = ["ptr", "ptr", "ptr", "ptr", "i64"]
    return routine(_sort, _FUNCTION, linkage="internal", kinds=kinds, attributes="noinline")


def _sort(
    r: Routine, keys: Scalar, places: Scalar, keys2: Scalar, places2: Scalar, n: Scalar
) -> None:
    """Sort n > 0 keys, and write their places; the others are working memory. Equal ones stay in
    their order."""
    _sort_runs(r, keys, places, n)
    width, is_away = r.variable(_LEAST), r.variable(0)
    with r.each():
        with r.when(width.now >= n):
            r.stop()
        here = is_away.now.equals(0)
        read = r.choose(here, keys, keys2), r.choose(here, places, places2)
        written = r.choose(here, keys2, keys), r.choose(here, places2, places)
        double = width.now * 2
        with r.each((n + double - 1) // double) as pair:
            low = pair * double
            middle, high = _least(r, low + width.now, n), _least(r, low + double, n)
            _merge(r, read, written, (low, middle, high))
        width.now, is_away.now = double, r.choose(here, r.scalar(1), 0)
    with r.when(is_away.now.differs(0)):
        r.copy(places, places2, n * 8)
    r.leave()


def _sort_runs(r: Routine, keys: Scalar, places: Scalar, n: Scalar) -> None:
    """Number the keys, and sort each of the runs by insertion."""
    with r.each((n + (_LEAST - 1)) // _LEAST) as run:
        first = run * _LEAST
        with r.each(_least(r, n - first, r.scalar(_LEAST))) as k:
            i = first + k
            key, j = keys[i], r.variable(i)
            with r.each():
                at = j.now
                with r.when(at <= first):
                    r.stop()
                before = keys[at - 1]
                with r.when(before <= key):
                    r.stop()
                keys[at], places[at], j.now = before, places[at - 1], at - 1
            keys[j.now], places[j.now] = key, i


def _merge(
    r: Routine, read: tuple[Scalar, Scalar], written: tuple[Scalar, Scalar],
    ends: tuple[Scalar, Scalar, Scalar],
) -> None:  # fmt: skip
    """Two sorted runs, side by side, as one."""
    (keys, places), (low, middle, high) = read, ends
    first, second, place = (r.variable(x) for x in (low, middle, low))
    with r.each():
        a, b, at = first.now, second.now, place.now
        with r.when((a >= middle) | (b >= high)):
            r.stop()
        x, y = keys[a], keys[b]
        is_first = x <= y
        written[0][at] = r.choose(is_first, x, y)
        written[1][at] = places[r.choose(is_first, a, b)]
        first.now = r.choose(is_first, a + 1, a)
        second.now = r.choose(is_first, b, b + 1)
        place.now = at + 1
    rest, at = r.choose(first.now < middle, first.now, second.now), place.now
    for target, source in zip(written, read, strict=True):
        r.copy(target + at * 8, source + rest * 8, (high - at) * 8)


def _least(r: Routine, x: Scalar, y: Scalar) -> Scalar:
    return r.choose(x < y, x, y)
