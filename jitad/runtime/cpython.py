"""CPython's and NumPy's C interfaces in LLVM IR, and functions of LLVM as Python's builtins.

What lives elsewhere in every process has a symbol: machine code holds its name, not its address.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
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


def pointer(address: int) -> str:
    """An address as a pointer literal: code that has one belongs to this process."""
    return f"inttoptr (i64 {address} to ptr)"


HOST = "@host."
"""How the symbols begin of what machine code finds in its process."""


def host(name: str, address: int) -> str:
    """The symbol of an address that is valid as long as this process is."""
    llvm.add_symbol(f"{HOST[1:]}{name}", address)
    return f"{HOST}{name}"


@lru_cache(maxsize=64)
def python(name: str) -> str:
    """A function of CPython's C interface."""
    function = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p)
    assert function.value
    return host(name, function.value)


@lru_cache(maxsize=8)
def numpy(slot: int) -> str:
    """A function of NumPy's C interface, by its fixed place in the table."""
    return host(f"numpy.{slot}", _numpy_api()[slot])


@lru_cache(maxsize=32)
def own_dtype(dtype: DType) -> str:
    """NumPy's own object for a dtype, which an unpickled dtype is not."""
    return host(f"dtype.{dtype.type.__name__}", id(np.dtype(dtype.type)))


@lru_cache(maxsize=32)
def own_type(kind: type) -> str:
    """A type of Python's or NumPy's."""
    return host(f"type.{kind.__module__}.{kind.__qualname__}", id(kind))


@lru_cache(maxsize=1)
def none() -> str:
    """Python's None."""
    return host("None", id(None))


class _MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("method", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_METH_NOARGS, _METH_FASTCALL = 0x0004, 0x0080


class _Owned(np.ndarray):
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
    memory = np.array(numbers, np.int64).view(_Owned)
    memory.owner = owner, definition
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    return new(ctypes.addressof(definition), memory, None)
