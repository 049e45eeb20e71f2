"""A kernel's door to Python: a C function that checks arguments, allocates and calls.

It is a METH_FASTCALL function that CPython calls directly. It checks type, dtype, shape and layout
of every argument, allocates the results, calls the kernel's body without the GIL, and returns the
result (or a tuple of several). Where an argument is not what the kernel was compiled for it
returns the int 0, and where the body reports a status, that int, with a bit that says whether the
call before ended so as well: no result is ever an int. It depends on types alone: where the body
is, its memory says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import and_
from typing import NamedTuple

import numpy as np

from jitad.codegen.body import memory_type
from jitad.codegen.routine import Routine, Scalar, Variable, routine
from jitad.codegen.status import LEFT_AGAIN
from jitad.frontend.trace import Leaf
from jitad.ir.op import (
    BOOL,
    COMPLEX64,
    COMPLEX128,
    FLOAT32,
    FLOAT64,
    INT32,
    INT64,
    STORED,
    DType,
    Shape,
)
from jitad.runtime.cpython import (
    CONTIGUOUS_ALIGNED,
    DATA,
    DIMENSIONS,
    DTYPE,
    EMPTY,
    FLAGS,
    HEADER,
    RANK,
    SCALAR,
    WRITEABLE,
    none,
    numpy,
    own_dtype,
    own_type,
    python,
)
from jitad.runtime.services import FEW_PAIRS, service_symbol
from jitad.runtime.wide import WIDE, Row, Tables, give_arena, in_tables, take_arena

MISMATCH = 0
"""The arguments are not those that the kernel was compiled for."""

_AS_IT_STANDS = "noinline optnone"
"""LLVM could do nothing for checks and calls, and would take a good part of its time for that."""

CALLS, MISSES, FAILURES, LAST_FAILURE, BODY, CAPTURED = range(6)
"""Places in the memory of a kernel's builtin: how many calls gave a result; how many since then did
not; how many from Numba's code failed, and the last one's status; the address of the kernel's body;
from there on those of the arrays that its function closes over."""

_SCALARS: dict[DType, type] = {
    FLOAT64: np.float64,
    FLOAT32: np.float32,
    COMPLEX128: np.complex128,
    COMPLEX64: np.complex64,
    INT64: np.int64,
    INT32: np.int32,
    BOOL: np.bool_,
    **{dtype: dtype.type for dtype in STORED},
}


_PYTHON = {FLOAT64: float, COMPLEX128: complex}
"""Python's numbers whose C struct has the number where NumPy's scalars have it."""


class Door(NamedTuple):
    """What a door depends on: the types of arguments, of what the function closes over, and of
    results; the arena, whether the GIL is kept, how the body is called.

    Where results `are_given`, their arrays are further arguments, and the door returns None.
    """

    leaves: tuple[Leaf, ...]
    captured: tuple[Leaf, ...]
    results: tuple[Leaf, ...]
    arena: int
    is_brief: bool
    is_wide: bool
    are_given: bool


def door_text(door: Door) -> str:
    """The LLVM IR of the C function."""
    kind = _Wide if len(door.leaves) + len(door.results) > WIDE else _Narrow

    def entry(r: Routine, this: Scalar, args: Scalar, count: Scalar) -> None:
        given = len(door.results) if door.are_given else 0
        r.require(count.equals(len(door.leaves) + given), "refused")
        memory = r.load(this + DATA, "ptr")
        values = kind(r, args, door.leaves, door.results, door.are_given)
        arguments = _arguments(r, door, values, memory)
        body = r.load(memory + 8 * BODY, "ptr").text
        status = call_body(r, door.arena, door.is_brief, body, arguments)
        r.require(status.equals(0), "failed")
        # The GIL is held here, so that no other thread counts at once.
        memory[CALLS] += 1
        memory[MISSES] = 0
        r.leave(values.result())
        with r.place("failed"):
            _fail(r, memory, status, values)
        _places(r, values)

    return routine(entry, kinds=("ptr", "ptr", "i64"), attributes=_AS_IT_STANDS)


def _arguments(r: Routine, door: Door, values: _Narrow | _Wide, memory: Scalar) -> list[Scalar]:
    """What the body is given, checked."""
    is_tables = isinstance(values, _Wide) and not door.captured and not door.are_given
    if door.is_wide and isinstance(values, _Wide) and is_tables:
        return values.tables.as_they_are()
    arguments = values.arguments()
    for k, leaf in enumerate(door.captured, CAPTURED):
        arguments.append(passed(r, r.load(memory + 8 * k, "ptr"), leaf.shape, leaf.dtype))
    targets = values.targets()
    inputs = len(arguments)
    arguments += targets
    if door.are_given:
        _check_apart(r, (*door.leaves, *door.captured, *door.results), arguments, len(targets))
    return in_tables(r, arguments, inputs) if door.is_wide else arguments


class _Narrow:
    """Few arguments and results: code for each of them."""

    def __init__(
        self,
        r: Routine,
        args: Scalar,
        leaves: Sequence[Leaf],
        results: Sequence[Leaf],
        are_given: bool,
    ) -> None:
        self.r = r
        self.args = args
        self.results = results
        self.inputs = len(leaves)
        self.are_given = are_given
        self.owned = [r.variable(0) for x in results if x.shape != () and not are_given]
        self.made: list[tuple[Scalar, Scalar]] = []
        self.checked = [_argument(r, r.load(args + 8 * k, "ptr"), x) for k, x in enumerate(leaves)]

    def arguments(self) -> list[Scalar]:
        """The arguments as the body takes them."""
        return self.checked

    def targets(self) -> list[Scalar]:
        """Where the results' data are to be: in arrays that are given, or made here."""
        if not self.are_given:
            owned = iter(self.owned)
            self.made = [_result(self.r, leaf, owned) for leaf in self.results]
            return [data for _, data in self.made]
        given = [
            self.r.load(self.args + 8 * (self.inputs + k), "ptr") for k in range(len(self.results))
        ]
        flags = CONTIGUOUS_ALIGNED | WRITEABLE
        return [
            _array(self.r, x, leaf.shape, leaf.dtype, flags)
            for x, leaf in zip(given, self.results, strict=True)
        ]

    def result(self) -> Scalar:
        """What the call returns."""
        return _nothing(self.r) if self.are_given else self._packed()

    def _packed(self) -> Scalar:
        """The result, or a tuple of several."""
        r = self.r
        made = [
            r.call(numpy(SCALAR), data, own_dtype(leaf.dtype), 0, kind="ptr")
            if leaf.shape == ()
            else array
            for (array, data), leaf in zip(self.made, self.results, strict=True)
        ]
        if len(made) == 1:
            return made[0]
        result = r.call(python("PyTuple_New"), len(made), kind="ptr")
        for k, x in enumerate(made):
            r.call(python("PyTuple_SetItem"), result, k, x, kind="i32")
        return result

    def refuse(self) -> None:
        """Nothing has been made where an argument is refused."""

    def drop(self) -> None:
        """Free what was made."""
        for owned in self.owned:
            self.r.call(python("Py_DecRef"), owned.now, kind="void")


class _Wide:
    """Many arguments and results: loops over tables."""

    def __init__(
        self,
        r: Routine,
        args: Scalar,
        leaves: Sequence[Leaf],
        results: Sequence[Leaf],
        are_given: bool,
    ) -> None:
        rows = [_row(x.shape, x.dtype, _scalar_type(x), CONTIGUOUS_ALIGNED) for x in leaves]
        flags = CONTIGUOUS_ALIGNED | WRITEABLE
        places = [
            _row(x.shape, x.dtype, None if are_given else _SCALARS[x.dtype], flags) for x in results
        ]
        self.r = r
        self.are_given = are_given
        self.many = len(leaves), len(results)
        given, made = (rows + places, []) if are_given else (rows, places)
        self.tables = Tables(r, args, given, made)
        self.leaves = leaves

    def arguments(self) -> list[Scalar]:
        """The arguments as the body takes them."""
        return [self._argument(k, leaf) for k, leaf in enumerate(self.leaves)]

    def _argument(self, k: int, leaf: Leaf) -> Scalar:
        place = self.tables.memory + 16 * k
        return _number(self.r, place, leaf.dtype) if leaf.shape == () else self.r.load(place, "ptr")

    def targets(self) -> list[Scalar]:
        """Where the results' data are to be."""
        if not self.are_given:
            return self.tables.make()
        inputs, results = self.many
        places = [self.tables.memory + 16 * (inputs + k) for k in range(results)]
        return [self.r.load(place, "ptr") for place in places]

    def result(self) -> Scalar:
        """What the call returns."""
        packed = self.tables.pack()
        return _nothing(self.r) if self.are_given else packed

    def drop(self) -> None:
        """Free what was made, and the tables."""
        self.tables.drop()

    refuse = drop


def _row(shape: Shape, dtype: DType, scalar: type | None, flags: int) -> Row:
    """What an array, or a number of type `scalar`, is to be."""
    if shape == () and scalar is not None:
        return own_type(scalar), own_dtype(dtype), None, 0, dtype.itemsize
    return own_type(np.ndarray), own_dtype(dtype), shape, flags, dtype.itemsize


def _scalar_type(leaf: Leaf) -> type:
    """The type of the objects that a leaf without axes is."""
    wanted = _PYTHON.get(leaf.dtype) if leaf.weak else None
    return _SCALARS[leaf.dtype] if wanted is None else wanted


def _nothing(r: Routine) -> Scalar:
    """None, as a result."""
    r.call(python("Py_IncRef"), none(), kind="void")
    return r.address(none())


def _fail(r: Routine, memory: Scalar, status: Scalar, values: _Narrow | _Wide) -> None:
    """Return a status; results that were allocated are freed."""
    values.drop()
    misses = memory[MISSES]
    memory[MISSES] = misses + 1
    again = r.choose(misses.equals(0), r.scalar(0), LEFT_AGAIN)
    r.leave(r.call(python("PyLong_FromLongLong"), status | again, kind="ptr"))


def _places(r: Routine, values: _Narrow | _Wide) -> None:
    """What is done where arguments are not as required, and where there is no memory."""
    with r.place("mismatch"):
        values.refuse()
        r.go("refused")
    with r.place("refused"):
        r.leave(r.call(python("PyLong_FromLongLong"), MISMATCH, kind="ptr"))
    with r.place("error"):
        values.drop()
        r.go("none")
    with r.place("none"):
        r.leave(r.call(python("PyErr_NoMemory"), kind="ptr"))


def _argument(r: Routine, x: Scalar, leaf: Leaf) -> Scalar:
    """Check an argument; how it is passed to the body."""
    if leaf.shape != ():
        return _array(r, x, leaf.shape, leaf.dtype, CONTIGUOUS_ALIGNED)
    kind = r.load(x + (HEADER - 8), "ptr")
    r.require(kind.equals(own_type(_scalar_type(leaf))), "mismatch")
    return _number(r, x + HEADER, leaf.dtype)


def _number(r: Routine, place: Scalar, dtype: DType) -> Scalar:
    """A number in memory as the body takes it."""
    value = r.load(place, memory_type(dtype))
    return value.differs(0) if dtype == BOOL else value


def _array(r: Routine, x: Scalar, shape: Shape, dtype: DType, wanted: int) -> Scalar:
    """Check that an object is an array of a type and shape, and its flags; its data."""
    kind = r.load(x + (HEADER - 8), "ptr")
    r.require(kind.equals(own_type(np.ndarray)), "mismatch")
    rank, own = r.load(x + RANK, "i32"), r.load(x + DTYPE, "ptr")
    flags = r.load(x + FLAGS, "i32") & wanted
    same = rank.equals(len(shape)) & own.equals(own_dtype(dtype)) & flags.equals(wanted)
    r.require(same, "mismatch")
    if shape:
        sizes = r.load(x + DIMENSIONS, "ptr")
        r.require(reduce(and_, (sizes[k].equals(n) for k, n in enumerate(shape))), "mismatch")
    return r.load(x + DATA, "ptr")


def _check_apart(r: Routine, types: Sequence[Leaf], places: Sequence[Scalar], results: int) -> None:
    """Require that the memory of each of the last ones, the results, is nobody else's."""
    met: list[tuple[Scalar, Scalar]] = []
    for x, leaf in zip(places, types, strict=True):
        if x.kind == "ptr":
            met.append((x, x + math.prod(leaf.shape) * leaf.dtype.itemsize))
    if len(met) * results > FEW_PAIRS:
        table = r.room(16 * len(met))
        for k, place in enumerate(place for pair in met for place in pair):
            r.store(table + 8 * k, place)
        apart = r.call(service_symbol("apart"), table, len(met), results, kind="i1")
        r.require(apart, "mismatch")
        return
    for k in range(len(met) - results, len(met)):
        for start, end in met[:k]:
            r.require((met[k][1] <= start) | (met[k][0] >= end), "mismatch")


def passed(r: Routine, place: Scalar, shape: Shape, dtype: DType) -> Scalar:
    """How the array in memory at `place` is passed to the body."""
    return place if shape != () else _number(r, place, dtype)


def _result(r: Routine, leaf: Leaf, owned: Iterator[Variable]) -> tuple[Scalar, Scalar]:
    """Allocate a result: the array object, and its data, which a number has alone as yet."""
    if leaf.shape == ():
        data = r.room(16, align=16)
        return data, data
    dtype = own_dtype(leaf.dtype)
    r.call(python("Py_IncRef"), dtype, kind="void")
    rank, sizes = len(leaf.shape), r.constants(leaf.shape)
    array = r.call(numpy(EMPTY), rank, sizes, dtype, 0, kind="ptr")
    next(owned).now = array
    r.require(array.differs(0), "error")
    return array, r.load(array + DATA, "ptr")


def call_body(
    r: Routine, size: int, is_brief: bool, callee: str, arguments: Sequence[Scalar]
) -> Scalar:
    """Call a kernel's body with an arena, without the GIL if that is worth it; its status."""
    arena = take_arena(r, size, "error")
    if is_brief:
        status = r.call(callee, *arguments, arena)
    else:
        thread = r.call(python("PyEval_SaveThread"), kind="ptr")
        status = r.call(callee, *arguments, arena)
        r.call(python("PyEval_RestoreThread"), thread, kind="void")
    give_arena(r, size, arena)
    return status
