"""A kernel's door to Python: a C function in LLVM IR that checks arguments, allocates and calls.

It is a METH_FASTCALL function that CPython calls directly. It checks type, dtype, shape and layout
of every argument, allocates the results, calls the kernel's body without the GIL, and returns the
result (or a tuple of several). Where an argument is not what the kernel was compiled for it
returns the int 0, and where the body reports a status, that int, with a bit that says whether the
call before ended so as well: no result is ever an int.
"""

from __future__ import annotations

import ctypes
import math
import weakref
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from jitad.codegen.body import memory_type
from jitad.codegen.llvm import Code
from jitad.codegen.status import LEFT_AGAIN
from jitad.frontend.trace import Leaf
from jitad.ir.op import BOOL, COMPLEX64, COMPLEX128, FLOAT32, FLOAT64, INT32, INT64, DType, Shape
from jitad.ir.tape import Instr, Tape
from jitad.runtime.compile import Machine

MISMATCH = 0
"""The arguments are not those that the kernel was compiled for."""

_HEADER = object.__basicsize__
_DATA, _RANK, _DIMENSIONS = _HEADER, _HEADER + 8, _HEADER + 16
_DTYPE, _FLAGS = _HEADER + 40, _HEADER + 48
_CONTIGUOUS_ALIGNED, _WRITEABLE = 0x0001 | 0x0100, 0x0400
_STACK_ARENA = 32 * 1024

CALLS = "calls"
"""The global variable that counts the calls which gave a result."""

MISSES = "misses"
"""The global variable that counts the calls without a result since the last one with one."""

KEPT_ARENA = "kept_arena"
"""The global variable that holds a kernel's arena between calls."""
_SCALARS: dict[DType, type] = {
    FLOAT64: np.float64,
    FLOAT32: np.float32,
    COMPLEX128: np.complex128,
    COMPLEX64: np.complex64,
    INT64: np.int64,
    INT32: np.int32,
    BOOL: np.bool_,
}


_PYTHON = {FLOAT64: float, COMPLEX128: complex}
"""Python's numbers whose C struct has the number where NumPy's scalars have it."""


@lru_cache(maxsize=1)
def _numpy_api() -> Any:
    """NumPy's table of C functions."""
    from numpy._core import _multiarray_umath  # pyright: ignore  # C module, no stub

    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = get(_multiarray_umath._ARRAY_API, None)
    return ctypes.cast(address, ctypes.POINTER(ctypes.c_void_p))


def _python(name: str) -> str:
    """A function of CPython's C interface as a pointer literal."""
    address = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
    return f"inttoptr (i64 {address} to ptr)"


def _numpy(slot: int) -> str:
    """A function of NumPy's C interface, by its fixed place in the table."""
    return f"inttoptr (i64 {_numpy_api()[slot]} to ptr)"


def _dtype(dtype: DType) -> str:
    """NumPy's own object for a dtype, which an unpickled dtype is not, as a pointer literal."""
    return _object(np.dtype(dtype.type))


def _object(x: object) -> str:
    """An immortal object as a pointer literal: types, dtypes."""
    return f"inttoptr (i64 {id(x)} to ptr)"


_EMPTY, _SCALAR = 184, 60


class _Text:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.globals: list[str] = []
        self.count = 0

    def line(self, text: str) -> str:
        self.count += 1
        self.lines.append(f"  %e{self.count} = {text}")
        return f"%e{self.count}"

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def require(self, condition: str) -> None:
        """Go on where the condition holds; else it is a mismatch."""
        self.count += 1
        self.do(f"br i1 {condition}, label %ok{self.count}, label %mismatch")
        self.lines.append(f"ok{self.count}:")

    def field(self, pointer: str, offset: int, kind: str) -> str:
        place = self.line(f"getelementptr i8, ptr {pointer}, i64 {offset}")
        return self.line(f"load {kind}, ptr {place}")


def entry_text(
    name: str,
    tape: Tape,
    code: Code,
    leaves: Sequence[Leaf],
    captured: Any,
    body: int | None = None,
) -> str:
    """The LLVM IR of the C function `name`; captured arrays are bound by address.

    With the address of a `body` that is compiled already, the function takes arrays for the results
    as further arguments, and returns None.
    """
    t = _Text()
    given = len(tape.outputs) if body is not None else 0
    t.require(t.line(f"icmp eq i64 %count, {len(leaves) + given}"))
    arguments = [_argument(t, k, leaf) for k, leaf in enumerate(leaves)]
    arguments += [_captured(t, x) for x in captured]
    if body is None:
        outputs = [_result(t, tape, k, i) for k, i in enumerate(tape.outputs)]
    else:
        places = enumerate(tape.outputs, len(leaves))
        outputs = [("", _given(t, k, tape.instrs[i])) for k, i in places]
        _check_apart(t, tape, arguments, [data for _, data in outputs])
    arguments += [f"ptr {data}" for _, data in outputs]
    callee = f"@{code.name}" if body is None else f"inttoptr (i64 {body} to ptr)"
    status = _call_body(t, code, callee, arguments)
    t.do(f"switch i64 {status}, label %failed [ i64 0, label %good ]")
    t.lines.append("good:")
    # The GIL is held here, so that no other thread counts at once.
    t.globals += [f"@{CALLS} = global i64 0", f"@{MISSES} = global i64 0"]
    before = t.line(f"load i64, ptr @{CALLS}")
    t.do(f"store i64 {t.line(f'add i64 {before}, 1')}, ptr @{CALLS}")
    t.do(f"store i64 0, ptr @{MISSES}")
    if body is None:
        _return(t, tape, outputs)
    else:
        t.do(f"call void {_python('Py_IncRef')}(ptr {_object(None)})")
        t.do(f"ret ptr {_object(None)}")
    _fail(t, status, [made for made, _ in outputs if made])
    t.globals.append("declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
    head = f"define ptr @{name}(ptr %self, ptr %args, i64 %count) {{\nentry:"
    return "\n".join([*t.globals, head, *t.lines, "}"]) + "\n"


def _fail(t: _Text, status: str, made: Sequence[str]) -> None:
    """What is returned where there is no result; results that were allocated are freed."""
    t.lines.append("failed:")
    for array in made:
        t.do(f"call void {_python('Py_DecRef')}(ptr {array})")
    misses = t.line(f"load i64, ptr @{MISSES}")
    t.do(f"store i64 {t.line(f'add i64 {misses}, 1')}, ptr @{MISSES}")
    first = t.line(f"icmp eq i64 {misses}, 0")
    again = t.line(f"select i1 {first}, i64 0, i64 {LEFT_AGAIN}")
    word = t.line(f"or i64 {status}, {again}")
    t.do(f"%report = call ptr {_python('PyLong_FromLongLong')}(i64 {word})")
    t.do("ret ptr %report")
    t.lines.append("mismatch:")
    t.do(f"%zero = call ptr {_python('PyLong_FromLongLong')}(i64 {MISMATCH})")
    t.do("ret ptr %zero")
    t.lines.append("error:")
    t.do(f"%memory = call ptr {_python('PyErr_NoMemory')}()")
    t.do("ret ptr null")


def _argument(t: _Text, k: int, leaf: Leaf) -> str:
    """Check argument k; how it is passed to the body."""
    place = t.line(f"getelementptr ptr, ptr %args, i64 {k}")
    x = t.line(f"load ptr, ptr {place}")
    kind = t.field(x, _HEADER - 8, "ptr")
    if leaf.shape == ():
        wanted = _PYTHON.get(leaf.dtype) if leaf.weak else None
        wanted = _SCALARS[leaf.dtype] if wanted is None else wanted
        t.require(t.line(f"icmp eq ptr {kind}, {_object(wanted)}"))
        memory = memory_type(leaf.dtype)
        value = t.field(x, _HEADER, memory)
        if leaf.dtype == BOOL:
            value = t.line(f"icmp ne i8 {value}, 0")
        return f"{'i1' if leaf.dtype == BOOL else memory} {value}"
    t.require(t.line(f"icmp eq ptr {kind}, {_object(np.ndarray)}"))
    return f"ptr {_array(t, x, leaf.shape, leaf.dtype, _CONTIGUOUS_ALIGNED)}"


def _array(t: _Text, x: str, shape: Shape, dtype: DType, wanted: int) -> str:
    """Check an array's type, shape and flags; its data."""
    rank = t.field(x, _RANK, "i32")
    t.require(t.line(f"icmp eq i32 {rank}, {len(shape)}"))
    kind = t.field(x, _DTYPE, "ptr")
    t.require(t.line(f"icmp eq ptr {kind}, {_dtype(dtype)}"))
    flags = t.field(x, _FLAGS, "i32")
    good = t.line(f"and i32 {flags}, {wanted}")
    t.require(t.line(f"icmp eq i32 {good}, {wanted}"))
    dimensions = t.field(x, _DIMENSIONS, "ptr")
    for axis, n in enumerate(shape):
        t.require(t.line(f"icmp eq i64 {t.field(dimensions, 8 * axis, 'i64')}, {n}"))
    return t.field(x, _DATA, "ptr")


def _given(t: _Text, k: int, instr: Instr) -> str:
    """Check argument k, into which a result is written; its data."""
    x = t.line(f"load ptr, ptr {t.line(f'getelementptr ptr, ptr %args, i64 {k}')}")
    kind = t.field(x, _HEADER - 8, "ptr")
    t.require(t.line(f"icmp eq ptr {kind}, {_object(np.ndarray)}"))
    return _array(t, x, instr.shape, instr.dtype, _CONTIGUOUS_ALIGNED | _WRITEABLE)


def _check_apart(t: _Text, tape: Tape, arguments: list[str], results: list[str]) -> None:
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


def _end(t: _Text, tape: Tape, start: str, i: int) -> str:
    """The first byte after an array."""
    instr = tape.instrs[i]
    size = math.prod(instr.shape) * instr.dtype.itemsize
    return t.line(f"getelementptr i8, ptr {start}, i64 {size}")


def _captured(t: _Text, x: np.ndarray) -> str:
    """An array that the function closes over: its data, read anew at every call."""
    pointer = f"inttoptr (i64 {x.ctypes.data} to ptr)"
    if x.shape != ():
        return f"ptr {pointer}"
    value = t.line(f"load {memory_type(x.dtype)}, ptr {pointer}")
    if x.dtype == BOOL:
        return f"i1 {t.line(f'icmp ne i8 {value}, 0')}"
    return f"{memory_type(x.dtype)} {value}"


def _result(t: _Text, tape: Tape, k: int, i: int) -> tuple[str, str]:
    """Allocate result k: the array object, and its data; a scalar has no object yet."""
    instr = tape.instrs[i]
    if instr.shape == ():
        return "", t.line("alloca [2 x i64], align 16")
    rank = len(instr.shape)
    name = f"shape_{k}"
    sizes = ", ".join(f"i64 {n}" for n in instr.shape)
    t.globals.append(f"@{name} = private constant [{rank} x i64] [{sizes}]")
    dtype = _dtype(instr.dtype)
    t.do(f"call void {_python('Py_IncRef')}(ptr {dtype})")
    made = t.line(f"call ptr {_numpy(_EMPTY)}(i32 {rank}, ptr @{name}, ptr {dtype}, i32 0)")
    t.count += 1
    t.do(f"br i1 {t.line(f'icmp eq ptr {made}, null')}, label %error, label %made{k}")
    t.lines.append(f"made{k}:")
    return made, t.field(made, _DATA, "ptr")


def _call_body(t: _Text, code: Code, callee: str, arguments: list[str]) -> str:
    """Call the kernel's body without the GIL; its status."""
    heap = code.arena > _STACK_ARENA
    if code.arena == 0:
        arena = raw = "null"
    elif heap:
        raw, arena = _take_arena(t, code.arena)
    else:
        arena = raw = t.line(f"alloca i8, i64 {code.arena}, align 64")
    thread = t.line(f"call ptr {_python('PyEval_SaveThread')}()")
    status = t.line(f"call i64 {callee}({', '.join([*arguments, f'ptr {arena}'])})")
    t.do(f"call void {_python('PyEval_RestoreThread')}(ptr {thread})")
    if heap:
        # Of two threads in the kernel at once, one finds the other's arena kept, and frees it.
        other = t.line(f"atomicrmw xchg ptr @{KEPT_ARENA}, ptr {raw} acq_rel")
        t.do(f"call void {_python('PyMem_RawFree')}(ptr {other})")
    return status


def _take_arena(t: _Text, size: int) -> tuple[str, str]:
    """The arena kept from the last call, or a new one; and where in it the data begin.

    To free it after each call would give the pages back, and fault them in again at the next.
    """
    t.globals.append(f"@{KEPT_ARENA} = global ptr null")
    t.do("br label %take")
    t.lines.append("take:")
    kept = t.line(f"atomicrmw xchg ptr @{KEPT_ARENA}, ptr null acq_rel")
    t.do(f"br i1 {t.line(f'icmp eq ptr {kept}, null')}, label %allocate, label %granted")
    t.lines.append("allocate:")
    new = t.line(f"call ptr {_python('PyMem_RawMalloc')}(i64 {size + 64})")
    t.do(f"br i1 {t.line(f'icmp eq ptr {new}, null')}, label %error, label %granted")
    t.lines.append("granted:")
    raw = t.line(f"phi ptr [ {kept}, %take ], [ {new}, %allocate ]")
    above = t.line(f"getelementptr i8, ptr {raw}, i64 63")
    return raw, t.line(f"call ptr @llvm.ptrmask.p0.i64(ptr {above}, i64 -64)")


def _return(t: _Text, tape: Tape, outputs: list[tuple[str, str]]) -> None:
    """Return the result, or a tuple of several."""
    made: list[str] = []
    for (array, data), i in zip(outputs, tape.outputs, strict=True):
        dtype = _dtype(tape.instrs[i].dtype)
        made.append(
            array or t.line(f"call ptr {_numpy(_SCALAR)}(ptr {data}, ptr {dtype}, ptr null)")
        )
    if len(made) == 1:
        t.do(f"ret ptr {made[0]}")
        return
    result = t.line(f"call ptr {_python('PyTuple_New')}(i64 {len(made)})")
    for k, x in enumerate(made):
        t.do(f"call i32 {_python('PyTuple_SetItem')}(ptr {result}, i64 {k}, ptr {x})")
    t.do(f"ret ptr {result}")


def call_counter(machine: Machine) -> ctypes.c_int64:
    """The counter of a kernel's calls, which lies in its machine code's memory."""
    return ctypes.c_int64.from_address(machine.variable(CALLS))


def free_arena_with(machine: Machine) -> None:
    """Free the arena that a kernel keeps between calls when its machine code goes."""
    if machine.code.arena > _STACK_ARENA:
        place = ctypes.c_void_p.from_address(machine.variable(KEPT_ARENA))
        weakref.finalize(machine, _free, place, machine.engine)


def _free(place: ctypes.c_void_p, engine: Any) -> None:
    """`engine` is an argument so that the variable is still there."""
    free = ctypes.pythonapi.PyMem_RawFree
    free.restype, free.argtypes = None, [ctypes.c_void_p]
    free(place.value)


class _MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("method", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_METH_FASTCALL = 0x0080


def make_function(address: int, name: str, owner: object) -> Callable[..., Any]:
    """A Python builtin around a METH_FASTCALL function; it keeps the code's `owner` alive."""
    definition = _MethodDef(name.encode(), address, _METH_FASTCALL, None)
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    return new(ctypes.addressof(definition), (owner, definition), None)
