"""Loops over the arguments and results of a call from Python, see runtime/wide.py.

`rows` say what objects are to be: for each its type, its dtype, how many axes it has (-1 of a
number), where in `sizes` its sizes are, flags, and the bytes of an element. `values` has 16 bytes
for each, where its data are, or the number itself.
"""

from __future__ import annotations

from jitad.codegen.routine import Routine, Scalar, routine
from jitad.runtime.cpython import (
    DATA,
    DIMENSIONS,
    DTYPE,
    EMPTY,
    FLAGS,
    HEADER,
    RANK,
    SCALAR,
    numpy,
    python,
)


def tables() -> str:
    """The functions that read tables."""
    return "\n".join(routine(write) for write in (check, make, pack, drop_objects))


def _row(rows: Scalar, k: Scalar) -> list[Scalar]:
    row = rows + k * 48
    return [row[field] for field in range(6)]


def check(
    r: Routine, objects: Scalar, rows: Scalar, sizes: Scalar, count: Scalar, values: Scalar
) -> None:
    """Require that objects are as the rows say; where their data are."""
    with r.each(count) as k:
        x, value = objects[k], values + k * 16
        kind, dtype, rank, offset, flags, size = _row(rows, k)
        r.require(r.load(x + (HEADER - 8)).equals(kind))
        with r.when(rank < 0):
            r.copy(value, x + HEADER, size)
        with r.when(rank >= 0):
            r.require(r.load(x + RANK, "i32").word().equals(rank))
            r.require(r.load(x + DTYPE).equals(dtype))
            r.require((r.load(x + FLAGS, "i32").word() & flags).equals(flags))
            own, wanted = r.load(x + DIMENSIONS), sizes + offset
            with r.each(rank) as axis:
                r.require(own[axis].equals(wanted[axis]))
            value[0] = r.load(x + DATA)
    r.leave(True)


def make(
    r: Routine,
    rows: Scalar,
    sizes: Scalar,
    count: Scalar,
    objects: Scalar,
    values: Scalar,
    numbers: Scalar,
) -> None:
    """Make the arrays among the results; where the data of each result are to be."""
    with r.each(count) as k:
        value = values + k * 16
        _, dtype, rank, offset, _, _ = _row(rows, k)
        with r.when(rank < 0):
            objects[k] = 0
            value[0] = numbers + k * 16
        with r.when(rank >= 0):
            r.call(python("Py_IncRef"), dtype, kind="void")
            made = r.call(numpy(EMPTY), rank, sizes + offset, dtype, 0)
            r.require(made.differs(0))
            objects[k] = made
            value[0] = r.load(made + DATA)
    r.leave(True)


def pack(
    r: Routine, rows: Scalar, sizes: Scalar, count: Scalar, objects: Scalar, values: Scalar
) -> None:
    """Make a tuple of the results; 0 where there is no memory."""
    packed = r.call(python("PyTuple_New"), count)
    with r.when(packed.equals(0)):
        r.leave(0)
    with r.each(count) as k:
        with r.when(objects[k].equals(0)):
            _, dtype, *_ = _row(rows, k)
            objects[k] = r.call(numpy(SCALAR), (values + k * 16)[0], dtype, 0)
        r.call(python("PyTuple_SetItem"), packed, k, objects[k], kind="i32")
    r.leave(packed)


def drop_objects(r: Routine, objects: Scalar, count: Scalar) -> None:
    """Free what was made."""
    with r.each(count) as k:
        r.call(python("Py_DecRef"), objects[k], kind="void")
