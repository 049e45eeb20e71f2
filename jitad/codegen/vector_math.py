"""Vectorised elementary functions: glibc's libmvec, where it is there (exp is our own).

LLVM's loop vectoriser turns a call of `exp` into a call of libmvec's `_ZGVdN4v_exp` where the call
carries the attribute "vector-function-abi-variant" (x86-64 Vector Function ABI, "libmvec"; that of
Arm's 64-bit processors has other letters, and vectors of 16 bytes).
"""

from __future__ import annotations

import ctypes
import platform
from functools import lru_cache
from typing import NamedTuple

import llvmlite.binding as llvm


class Variant(NamedTuple):
    """A vector version of a scalar function: how many lanes, its symbol, its mapping for LLVM."""

    lanes: int
    symbol: str
    mangled: str


_MACHINES = ("x86_64", "aarch64")


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    """libmvec, made visible to compiled code; None where the platform has none."""
    if platform.system() != "Linux" or platform.machine() not in _MACHINES:
        return None
    try:
        library = ctypes.CDLL("libmvec.so.1")
    except OSError:
        return None
    llvm.load_library_permanently("libmvec.so.1")
    return library


@lru_cache(maxsize=1)
def _widths() -> tuple[tuple[str, int], ...]:
    """The vector ABI's letter and width in bytes, for what this processor can run."""
    if platform.machine() == "aarch64":
        return (("n", 16),)
    features = llvm.get_host_cpu_features()
    widths: list[tuple[str, int]] = []
    if features.get("avx2"):
        widths.append(("d", 32))
    if features.get("avx512f"):
        widths.append(("e", 64))
    return tuple(widths) or (("b", 16),)


@lru_cache(maxsize=1)
def has_fma() -> bool:
    """Whether products and sums that are rounded once are instructions of this processor."""
    return platform.machine() in ("aarch64", "arm64") or bool(
        llvm.get_host_cpu_features().get("fma")
    )


def function_attributes() -> str:
    """What functions are marked with: Arm's vectors are of 16 bytes, as libmvec's, and LLVM is not
    to look for those whose length it does not know."""
    return ' "target-features"="-sve"' if platform.machine() in ("aarch64", "arm64") else ""


def lane_counts(size: int) -> tuple[int, ...]:
    """How many numbers of that many bytes the vectors of libmvec have; none without it."""
    return tuple(width // size for _, width in _widths()) if _library() is not None else ()


@lru_cache(maxsize=256)
def vector_variants(name: str, arity: int) -> tuple[Variant, ...]:
    """libmvec's versions of a function (`exp`, `expf`) for this processor; none is fine."""
    library = _library()
    if library is None:
        return ()
    size = 4 if name.endswith("f") and name != "erf" else 8
    found: list[Variant] = []
    for letter, width in _widths():
        lanes = width // size
        shape = f"N{lanes}{'v' * arity}_{name}"
        symbol = f"_ZGV{letter}{shape}"
        if hasattr(library, symbol):
            found.append(Variant(lanes, symbol, f"_ZGV_LLVM_{shape}({symbol})"))
    return tuple(found)
