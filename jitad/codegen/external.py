"""A function of a Cython module -> an LLVM function of doubles that calls it.

A Cython module tells the address and the C signature of each of its functions. Parameters may be
doubles, integers (which arrive as doubles here and are truncated), a trailing flag of Cython's,
and pointers through which several results come back.
"""

from __future__ import annotations

import ctypes
import importlib
import re
from functools import lru_cache
from typing import Any, NamedTuple

import llvmlite.binding as llvm
from numba.extending import get_cython_function_address

from jitad.ir.errors import CompileError

_INTEGERS = ("long", "Py_ssize_t")


class External(NamedTuple):
    """An LLVM function of doubles: its name and text, and the declaration of what it calls."""

    name: str
    text: str
    target: str
    declaration: str


@lru_cache(maxsize=1024)
def cython_symbol(module: str, name: str) -> str:
    """A C function that a Cython module offers, under a name that compiled code can call."""
    symbol = f"jitad_{module.replace('.', '_')}_{name}"
    llvm.add_symbol(symbol, get_cython_function_address(module, name))
    return symbol


@lru_cache(maxsize=1024)
def external(module: str, function: str, arity: int, result: int, whole: bool) -> External:
    """The function of that many operands; `result` says which of several results it returns.

    `whole` asks for the overload that takes as many integers as any: SciPy's overloads on doubles
    in their place are deprecated, and call Python to say so.
    """
    symbol, kinds = _overload(module, function, arity, whole)
    target = cython_symbol(module, symbol)
    return _wrapped(f"{target}_{result}", target, kinds, result)


def _overload(module: str, function: str, arity: int, whole: bool) -> tuple[str, list[str]]:
    """The symbol and the kinds of parameters of the overload with the fewest or most integers."""
    capsules: dict[str, Any] = importlib.import_module(module).__pyx_capi__
    pattern = re.compile(rf"(__pyx_fuse(_\d+)+)?{re.escape(function)}")
    found: list[tuple[int, str, list[str]]] = []
    for symbol, capsule in capsules.items():
        if pattern.fullmatch(symbol):
            kinds = _parameters(capsule)
            operands = [k for k in kinds if k in ("double", *_INTEGERS)]
            if kinds and len(operands) == arity:
                count = sum(k in _INTEGERS for k in operands)
                found.append((-count if whole else count, symbol, kinds))
    if not found:
        raise CompileError(
            f"{module} has no {function} of {arity} numbers of double precision",
            remedy="use a release of the library that has it",
        )
    _, symbol, kinds = min(found)
    return symbol, kinds


_get_name = ctypes.pythonapi.PyCapsule_GetName
_get_name.restype = ctypes.c_char_p
_get_name.argtypes = [ctypes.py_object]


def _parameters(capsule: Any) -> list[str]:
    """The C types of the parameters; none where one of them is not of double precision."""
    signature = _get_name(capsule).decode()
    head, _, tail = signature.partition("(")
    kinds = [part.strip() for part in tail.rstrip(")").split(",")]
    kinds = ["int" if kind.startswith("int ") else kind for kind in kinds]
    known = ("double", "double *", "int", *_INTEGERS)
    if head.strip() not in ("double", "void") or any(kind not in known for kind in kinds):
        return []
    return kinds


def _wrapped(name: str, target: str, kinds: list[str], result: int) -> External:
    """Convert the operands, make room for several results, call, and return one result.

    NaN in the place of an integer is the result.
    """
    body: list[str] = []
    given: list[str] = []
    arity = slots = 0
    for kind in kinds:
        if kind == "int":
            given.append("i32 0")
        elif kind == "double *":
            body.append(f"  %slot{slots} = alloca double")
            given.append(f"ptr %slot{slots}")
            slots += 1
        elif kind == "double":
            given.append(f"double %x{arity}")
            arity += 1
        else:
            body.append(f"  %n{arity} = call i64 @llvm.fptosi.sat.i64.f64(double %x{arity})")
            given.append(f"i64 %n{arity}")
            arity += 1
    call = f"@{target}({', '.join(given)})"
    if slots:
        body += [f"  call void {call}", f"  %v = load double, ptr %slot{result}"]
    else:
        body.append(f"  %v = call double {call}")
    last = "%v"
    for k in (k for k in range(arity) if f"i64 %n{k}" in given):
        body.append(f"  %known{k} = fcmp ord double %x{k}, 0.0")
        body.append(f"  %v{k} = select i1 %known{k}, double {last}, double %x{k}")
        last = f"%v{k}"
    head = ", ".join(f"double %x{k}" for k in range(arity))
    lines = [f"define internal double @{name}({head}) #0 {{", *body, f"  ret double {last}", "}"]
    types = ", ".join(part.split()[0] for part in given)
    effects = "memory(argmem: readwrite)" if slots else "memory(none)"
    declaration = (
        f"declare {'void' if slots else 'double'} @{target}({types}) nounwind willreturn {effects}"
    )
    return External(name, "\n".join(lines), target, declaration)
