"""A kernel's door to Python: a C function in LLVM IR that checks arguments, allocates and calls.

It is a METH_FASTCALL function that CPython calls directly. It checks type, dtype, shape and layout
of every argument, allocates the results, calls the kernel's body without the GIL, and returns the
result (or a tuple of several). Where an argument is not what the kernel was compiled for it
returns the int 0, and where the body reports a status, that int, with a bit that says whether the
call before ended so as well: no result is ever an int.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from jitad.codegen.body import memory_type
from jitad.codegen.llvm import Code
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
    Control,
    DType,
    Elementwise,
    Shape,
    Structural,
)
from jitad.ir.tape import Instr, Tape
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
    Text,
    dtype_object,
    numpy,
    pointer,
    python,
)
from jitad.runtime.services import STACK_ARENA, service, shelf
from jitad.runtime.wide import WIDE, Row, Tables, in_tables

MISMATCH = 0
"""The arguments are not those that the kernel was compiled for."""

_BRIEF = 1000.0
"""Operations below which the GIL is kept: a third of a microsecond."""

CALLS, MISSES, FAILURES, LAST_FAILURE, CAPTURED = 0, 1, 2, 3, 4
"""Places in the memory of a kernel's builtin: how many calls gave a result; how many since then did
not; how many from Numba's code failed, and the last one's status; from there on the addresses of
the arrays that its function closes over."""

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


def entry_text(
    name: str,
    tape: Tape,
    code: Code,
    leaves: Sequence[Leaf],
    body: int | None = None,
) -> str:
    """The LLVM IR of the C function `name`; captured arrays are where its memory says.

    With the address of a `body` that is compiled already, the function takes arrays for the results
    as further arguments, and returns None.
    """
    t = Text()
    results = [tape.instrs[i] for i in tape.outputs]
    given = len(results) if body is not None else 0
    t.require(t.line(f"icmp eq i64 %count, {len(leaves) + given}"), "refused")
    wide = len(leaves) + len(results) > WIDE
    door = (_Wide if wide else _Narrow)(t, leaves, results, body is not None)
    memory = t.field("%self", DATA, "ptr")
    if code.is_wide and isinstance(door, _Wide) and len(tape.inputs) == len(leaves) and not given:
        arguments = door.tables.as_they_are()
    else:
        arguments = door.arguments()
        for k, i in enumerate(tape.inputs[len(leaves) :], CAPTURED):
            place = t.field(memory, 8 * k, "ptr")
            arguments.append(_passed(t, place, tape.instrs[i].shape, tape.instrs[i].dtype))
        targets = door.targets()
        if body is not None:
            _check_apart(t, tape, arguments, targets)
        arguments += [f"ptr {data}" for data in targets]
        if code.is_wide:
            arguments = in_tables(t, arguments, len(tape.inputs))
    callee = f"@{code.name}" if body is None else f"inttoptr (i64 {body} to ptr)"
    status = call_body(t, tape, code, callee, arguments)
    t.do(f"switch i64 {status}, label %failed [ i64 0, label %good ]")
    t.lines.append("good:")
    # The GIL is held here, so that no other thread counts at once.
    calls, misses = (t.line(f"getelementptr i64, ptr {memory}, i64 {k}") for k in (CALLS, MISSES))
    before = t.line(f"load i64, ptr {calls}")
    t.do(f"store i64 {t.line(f'add i64 {before}, 1')}, ptr {calls}")
    t.do(f"store i64 0, ptr {misses}")
    result = door.result()
    if body is not None:
        t.do(f"call void {python('Py_IncRef')}(ptr {result})")
    t.do(f"ret ptr {result}")
    _fail(t, memory, status, door)
    t.before_leaving = door.drop
    return t.function(name, "ptr %self, ptr %args, i64 %count")


class _Narrow:
    """Few arguments and results: code for each of them."""

    def __init__(
        self, t: Text, leaves: Sequence[Leaf], results: Sequence[Instr], are_given: bool
    ) -> None:
        self.t = t
        self.results = results
        self.inputs = len(leaves)
        self.are_given = are_given
        self.made: list[tuple[str, str]] = []
        self.checked = [_argument(t, k, leaf) for k, leaf in enumerate(leaves)]

    def arguments(self) -> list[str]:
        """The arguments as the body takes them."""
        return self.checked

    def targets(self) -> list[str]:
        """Where the results' data are to be: in arrays that are given, or made here."""
        if self.are_given:
            return [_given(self.t, k, x) for k, x in enumerate(self.results, self.inputs)]
        self.made = [_result(self.t, k, instr) for k, instr in enumerate(self.results)]
        return [data for _, data in self.made]

    def result(self) -> str:
        """What the call returns."""
        return pointer(None) if self.are_given else _packed(self.t, self.results, self.made)

    def refuse(self) -> None:
        """Nothing has been made where an argument is refused."""

    def drop(self) -> None:
        """Free what was made."""
        for slot in self.t.owned:
            object_ = self.t.line(f"load ptr, ptr {slot}")
            self.t.do(f"call void {python('Py_DecRef')}(ptr {object_})")


class _Wide:
    """Many arguments and results: loops over tables."""

    def __init__(
        self, t: Text, leaves: Sequence[Leaf], results: Sequence[Instr], are_given: bool
    ) -> None:
        rows = [_row(x.shape, x.dtype, _scalar_type(x), CONTIGUOUS_ALIGNED) for x in leaves]
        flags = CONTIGUOUS_ALIGNED | WRITEABLE
        places = [
            _row(x.shape, x.dtype, None if are_given else _SCALARS[x.dtype], flags) for x in results
        ]
        self.are_given = are_given
        self.many = len(leaves), len(results)
        self.tables = Tables(t, rows + places, []) if are_given else Tables(t, rows, places)
        self.leaves = leaves

    def arguments(self) -> list[str]:
        """The arguments as the body takes them."""
        return [self._argument(self.tables.t, k, leaf) for k, leaf in enumerate(self.leaves)]

    def _argument(self, t: Text, k: int, leaf: Leaf) -> str:
        if leaf.shape != ():
            return f"ptr {self.tables.value(k, 'ptr')}"
        memory = memory_type(leaf.dtype)
        value = self.tables.value(k, memory)
        if leaf.dtype == BOOL:
            return f"i1 {t.line(f'icmp ne i8 {value}, 0')}"
        return f"{memory} {value}"

    def targets(self) -> list[str]:
        """Where the results' data are to be."""
        if not self.are_given:
            return self.tables.make()
        inputs, results = self.many
        return [self.tables.value(inputs + k, "ptr") for k in range(results)]

    def result(self) -> str:
        """What the call returns."""
        packed = self.tables.pack()
        return pointer(None) if self.are_given else packed

    def drop(self) -> None:
        """Free what was made, and the tables."""
        self.tables.drop()

    refuse = drop


def _row(shape: Shape, dtype: DType, scalar: type | None, flags: int) -> Row:
    """What an array, or a number of type `scalar`, is to be."""
    own = np.dtype(dtype.type)
    if shape == () and scalar is not None:
        return id(scalar), id(own), None, 0, dtype.itemsize
    return id(np.ndarray), id(own), shape, flags, dtype.itemsize


def _scalar_type(leaf: Leaf) -> type:
    """The type of the objects that a leaf without axes is."""
    wanted = _PYTHON.get(leaf.dtype) if leaf.weak else None
    return _SCALARS[leaf.dtype] if wanted is None else wanted


def _fail(t: Text, memory: str, status: str, door: _Narrow | _Wide) -> None:
    """What is returned where there is no result; results that were allocated are freed."""
    t.lines.append("failed:")
    door.drop()
    count = t.line(f"getelementptr i64, ptr {memory}, i64 {MISSES}")
    misses = t.line(f"load i64, ptr {count}")
    t.do(f"store i64 {t.line(f'add i64 {misses}, 1')}, ptr {count}")
    first = t.line(f"icmp eq i64 {misses}, 0")
    again = t.line(f"select i1 {first}, i64 0, i64 {LEFT_AGAIN}")
    word = t.line(f"or i64 {status}, {again}")
    t.do(f"%report = call ptr {python('PyLong_FromLongLong')}(i64 {word})")
    t.do("ret ptr %report")
    t.lines.append("mismatch:")
    door.refuse()
    t.do("br label %refused")
    t.lines.append("refused:")
    t.do(f"%zero = call ptr {python('PyLong_FromLongLong')}(i64 {MISMATCH})")
    t.do("ret ptr %zero")


def _argument(t: Text, k: int, leaf: Leaf) -> str:
    """Check argument k; how it is passed to the body."""
    place = t.line(f"getelementptr ptr, ptr %args, i64 {k}")
    x = t.line(f"load ptr, ptr {place}")
    kind = t.field(x, HEADER - 8, "ptr")
    if leaf.shape == ():
        t.require(t.line(f"icmp eq ptr {kind}, {pointer(_scalar_type(leaf))}"))
        memory = memory_type(leaf.dtype)
        value = t.field(x, HEADER, memory)
        if leaf.dtype == BOOL:
            value = t.line(f"icmp ne i8 {value}, 0")
        return f"{'i1' if leaf.dtype == BOOL else memory} {value}"
    t.require(t.line(f"icmp eq ptr {kind}, {pointer(np.ndarray)}"))
    return f"ptr {_array(t, x, leaf.shape, leaf.dtype, CONTIGUOUS_ALIGNED)}"


def _array(t: Text, x: str, shape: Shape, dtype: DType, wanted: int) -> str:
    """Check an array's type, shape and flags; its data."""
    rank = t.field(x, RANK, "i32")
    t.require(t.line(f"icmp eq i32 {rank}, {len(shape)}"))
    kind = t.field(x, DTYPE, "ptr")
    t.require(t.line(f"icmp eq ptr {kind}, {dtype_object(dtype)}"))
    flags = t.field(x, FLAGS, "i32")
    good = t.line(f"and i32 {flags}, {wanted}")
    t.require(t.line(f"icmp eq i32 {good}, {wanted}"))
    dimensions = t.field(x, DIMENSIONS, "ptr")
    for axis, n in enumerate(shape):
        t.require(t.line(f"icmp eq i64 {t.field(dimensions, 8 * axis, 'i64')}, {n}"))
    return t.field(x, DATA, "ptr")


def _given(t: Text, k: int, instr: Instr) -> str:
    """Check argument k, into which a result is written; its data."""
    x = t.line(f"load ptr, ptr {t.line(f'getelementptr ptr, ptr %args, i64 {k}')}")
    kind = t.field(x, HEADER - 8, "ptr")
    t.require(t.line(f"icmp eq ptr {kind}, {pointer(np.ndarray)}"))
    return _array(t, x, instr.shape, instr.dtype, CONTIGUOUS_ALIGNED | WRITEABLE)


def _check_apart(t: Text, tape: Tape, arguments: list[str], results: list[str]) -> None:
    """Require that the memory of each result is nobody else's."""
    pairs = zip(arguments, tape.inputs, strict=True)
    met = [(x.removeprefix("ptr "), i) for x, i in pairs if x.startswith("ptr ")]
    for result, i in zip(results, tape.outputs, strict=True):
        end = _end(t, tape, result, i)
        for other, j in met:
            below = t.line(f"icmp ule ptr {end}, {other}")
            above = t.line(f"icmp uge ptr {result}, {_end(t, tape, other, j)}")
            t.require(t.line(f"or i1 {below}, {above}"))
        met.append((result, i))


def _end(t: Text, tape: Tape, start: str, i: int) -> str:
    """The first byte after an array."""
    instr = tape.instrs[i]
    size = math.prod(instr.shape) * instr.dtype.itemsize
    return t.line(f"getelementptr i8, ptr {start}, i64 {size}")


def by_address(t: Text, x: np.ndarray) -> str:
    """An array that is bound: its data, read anew at every call."""
    return _passed(t, f"inttoptr (i64 {x.ctypes.data} to ptr)", x.shape, x.dtype)


def _passed(t: Text, place: str, shape: Shape, dtype: DType) -> str:
    """How the array in memory at `place` is passed to the body."""
    if shape != ():
        return f"ptr {place}"
    value = t.line(f"load {memory_type(dtype)}, ptr {place}")
    if dtype == BOOL:
        return f"i1 {t.line(f'icmp ne i8 {value}, 0')}"
    return f"{memory_type(dtype)} {value}"


def _result(t: Text, k: int, instr: Instr) -> tuple[str, str]:
    """Allocate result k: the array object, and its data; a scalar has no object yet."""
    if instr.shape == ():
        return "", t.line("alloca [2 x i64], align 16")
    rank = len(instr.shape)
    name = f"shape_{k}"
    sizes = ", ".join(f"i64 {n}" for n in instr.shape)
    t.globals.append(f"@{name} = private constant [{rank} x i64] [{sizes}]")
    dtype = dtype_object(instr.dtype)
    t.do(f"call void {python('Py_IncRef')}(ptr {dtype})")
    made = t.line(f"call ptr {numpy(EMPTY)}(i32 {rank}, ptr @{name}, ptr {dtype}, i32 0)")
    t.own(made)
    t.count += 1
    t.do(f"br i1 {t.line(f'icmp eq ptr {made}, null')}, label %error, label %made{k}")
    t.lines.append(f"made{k}:")
    return made, t.field(made, DATA, "ptr")


def call_body(t: Text, tape: Tape, code: Code, callee: str, arguments: list[str]) -> str:
    """Call the kernel's body, without the GIL if that is worth it; its status."""
    heap = code.arena > STACK_ARENA
    slots, room = shelf(code.arena) if heap else (0, 0)
    arena = "null"
    if heap:
        take = f"inttoptr (i64 {service('take')} to ptr)"
        arena = t.line(f"call ptr {take}(ptr inttoptr (i64 {slots} to ptr), i64 {room})")
        t.count += 1
        granted = f"granted{t.count}"
        t.do(f"br i1 {t.line(f'icmp eq ptr {arena}, null')}, label %error, label %{granted}")
        t.lines.append(f"{granted}:")
    elif code.arena:
        arena = t.line(f"alloca i8, i64 {code.arena}, align 64")
    call = f"call i64 {callee}({', '.join([*arguments, f'ptr {arena}'])})"
    if _is_brief(tape):
        status = t.line(call)
    else:
        thread = t.line(f"call ptr {python('PyEval_SaveThread')}()")
        status = t.line(call)
        t.do(f"call void {python('PyEval_RestoreThread')}(ptr {thread})")
    if heap:
        give = f"inttoptr (i64 {service('give')} to ptr)"
        place = f"ptr inttoptr (i64 {slots} to ptr)"
        t.do(f"call void {give}({place}, i64 {room}, ptr {arena})")
    return status


def _is_brief(tape: Tape) -> bool:
    """Whether the body takes about as long as to give the GIL back and take it again."""
    work = 0.0
    for instr in tape.instrs:
        op = instr.op
        if isinstance(op, Control) or (isinstance(op, Structural) and op.library is not None):
            return False
        work += math.prod(instr.shape) * (op.cost if isinstance(op, Elementwise) else 1.0)
    return work < _BRIEF


def _packed(t: Text, results: Sequence[Instr], outputs: Sequence[tuple[str, str]]) -> str:
    """The result, or a tuple of several."""
    made: list[str] = []
    for (array, data), instr in zip(outputs, results, strict=True):
        dtype = dtype_object(instr.dtype)
        made.append(array or t.line(f"call ptr {numpy(SCALAR)}(ptr {data}, ptr {dtype}, ptr null)"))
    if len(made) == 1:
        return made[0]
    result = t.line(f"call ptr {python('PyTuple_New')}(i64 {len(made)})")
    for k, x in enumerate(made):
        t.do(f"call i32 {python('PyTuple_SetItem')}(ptr {result}, i64 {k}, ptr {x})")
    return result
