"""CPython's and NumPy's C interfaces in LLVM IR, and functions of LLVM as Python's builtins."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from jitad.ir.op import DType

EMPTY, SCALAR = 184, 60
"""PyArray_Empty and PyArray_Scalar in NumPy's table."""

HEADER = object.__basicsize__
DATA, RANK, DIMENSIONS = HEADER, HEADER + 8, HEADER + 16
DTYPE, FLAGS = HEADER + 40, HEADER + 48
CONTIGUOUS_ALIGNED, WRITEABLE = 0x0001 | 0x0100, 0x0400


@lru_cache(maxsize=1)
def _numpy_api() -> Any:
    """NumPy's table of C functions."""
    from numpy._core import _multiarray_umath  # pyright: ignore  # C module, no stub

    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = get(_multiarray_umath._ARRAY_API, None)
    return ctypes.cast(address, ctypes.POINTER(ctypes.c_void_p))


def python(name: str) -> str:
    """A function of CPython's C interface as a pointer literal."""
    address = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
    return f"inttoptr (i64 {address} to ptr)"


def numpy(slot: int) -> str:
    """A function of NumPy's C interface, by its fixed place in the table."""
    return f"inttoptr (i64 {_numpy_api()[slot]} to ptr)"


def dtype_object(dtype: DType) -> str:
    """NumPy's own object for a dtype, which an unpickled dtype is not, as a pointer literal."""
    return pointer(np.dtype(dtype.type))


def pointer(x: object) -> str:
    """An immortal object as a pointer literal: types, dtypes."""
    return f"inttoptr (i64 {id(x)} to ptr)"


class Text:
    """The LLVM IR of a C function that CPython calls, being written.

    It goes on at the label "mismatch" where something is not as required, at "error" where there
    is no memory; `before_leaving` writes what is to be done there first.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.globals: list[str] = []
        self.owned: list[str] = []
        self.count = 0
        self.before_leaving: Callable[[], None] = lambda: None

    def line(self, text: str) -> str:
        """An instruction with a result; its register."""
        self.count += 1
        self.lines.append(f"  %e{self.count} = {text}")
        return f"%e{self.count}"

    def do(self, text: str) -> None:
        """An instruction without a result."""
        self.lines.append(f"  {text}")

    def function(self, name: str, parameters: str) -> str:
        """The text of the function with what it needs."""
        self.lines.append("error:")
        self.before_leaving()
        self.do("br label %none")
        self.lines.append("none:")
        self.do(f"%memory = call ptr {python('PyErr_NoMemory')}()")
        self.do("ret ptr null")
        self.globals.append("declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
        head = f"define ptr @{name}({parameters}) {{\nentry:"
        slots = [f"  {slot} = alloca ptr\n  store ptr null, ptr {slot}" for slot in self.owned]
        return "\n".join([*self.globals, head, *slots, *self.lines, "}"]) + "\n"

    def own(self, made: str) -> None:
        """Have an object, which may be null, freed where there is no memory for what follows."""
        self.owned.append(f"%owned{len(self.owned)}")
        self.do(f"store ptr {made}, ptr {self.owned[-1]}")

    def require(self, condition: str, otherwise: str = "mismatch") -> None:
        """Go on where the condition holds; else at a label."""
        self.count += 1
        self.do(f"br i1 {condition}, label %ok{self.count}, label %{otherwise}")
        self.lines.append(f"ok{self.count}:")

    def field(self, struct: str, offset: int, kind: str) -> str:
        """The field of a C struct that begins so many bytes in."""
        place = self.line(f"getelementptr i8, ptr {struct}, i64 {offset}")
        return self.line(f"load {kind}, ptr {place}")


class _MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("method", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_METH_NOARGS, _METH_FASTCALL = 0x0004, 0x0080


class _Memory(np.ndarray):
    """Numbers that a C function reads and writes, and what lives as long as the function."""

    owner: object


def make_function(
    address: int,
    name: str,
    owner: object,
    numbers: Sequence[int] = (),
    *,
    takes_arguments: bool = True,
) -> Any:
    """A Python builtin around a C function; it keeps the code's `owner` alive.

    That is `f(self, args, count)`, or `f(self, null)` where it takes no arguments. Its `__self__`
    is an array of int64, `numbers` at first, which belongs to this builtin alone.
    """
    flags = _METH_FASTCALL if takes_arguments else _METH_NOARGS
    definition = _MethodDef(name.encode(), address, flags, None)
    memory = np.array(numbers, np.int64).view(_Memory)
    memory.owner = owner, definition
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    return new(ctypes.addressof(definition), memory, None)
