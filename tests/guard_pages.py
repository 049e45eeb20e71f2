"""Kernels on arrays that end, or begin, at a page which nobody may touch: every access is inside.

`python -m tests.guard_pages [--kinds NAME...] [--sizes N...] [--doors NAME...] [--parallel]` runs
every kind of kernel at all sizes 1 to 70, by every door, and then streams in blocks. Each is named
before it runs, so that a crash has one.
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import mmap
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

import jitad
from jitad.codegen import chunks, pieces, threads
from jitad.frontend.pytree import flatten, unflatten
from tests.guarded_kinds import KINDS, STREAMS, forms

# -- memory ----------------------------------------------------------------------------------------

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
]  # fmt: skip
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_NOBODY = 0


class Pages:
    """Stretches of memory between two pages that nobody may touch; each is used again, by all, for
    a process may have 65,530 of them."""

    free: ClassVar[dict[int, list[int]]] = {}

    def __init__(self, at_end: bool) -> None:
        self.at_end = at_end
        self.used: list[tuple[int, int]] = []

    def address(self, size: int, align: int) -> int:
        """Memory of that many bytes, which ends (or begins) at such a page."""
        pages = max(1, -(-size // PAGE))
        known = self.free.setdefault(pages, [])
        start = known.pop() if known else _stretch(pages)
        self.used.append((pages, start))
        return start + (pages * PAGE - -(-size // align) * align if self.at_end else 0)

    def array(self, x: Any) -> np.ndarray:
        """A copy of an array in such memory."""
        array = np.asarray(x)
        address = self.address(array.nbytes, max(1, array.itemsize))
        memory = (ctypes.c_char * array.nbytes).from_address(address)
        copy = np.frombuffer(memory, array.dtype).reshape(array.shape)
        copy[...] = array
        return copy

    def give_back(self) -> None:
        """Let all of it be used again."""
        for pages, start in self.used:
            self.free[pages].append(start)
        self.used.clear()


def _stretch(pages: int) -> int:
    size = (pages + 2) * PAGE
    start = _libc.mmap(
        None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0
    )
    assert start not in (None, 2**64 - 1)
    for edge in (start, start + size - PAGE):
        assert _libc.mprotect(edge, PAGE, _NOBODY) == 0
    return start + PAGE


# -- doors -----------------------------------------------------------------------------------------


def _by_call(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    return kernel(*args)


def _by_views(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    """Python's door with arguments that lie backwards, or transposed."""
    return kernel(*[pages.array(x.T).T if x.ndim > 1 else _backwards(pages, x) for x in args])


def _backwards(pages: Pages, x: Any) -> Any:
    return pages.array(x[::-1])[::-1] if x.ndim else x


def _by_out(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    return kernel(*args, out=_places(kernel, pages))


def _by_bind(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    return kernel.bind(*args, out=_places(kernel, pages))()


def _by_address(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    """The C function itself, whose temporaries end at such a page too."""
    out = _places(kernel, pages)
    arena = pages.address(max(kernel.code.arena, 8), 64)
    inputs, results = [*args, *kernel.captured], flatten(out)[0]
    if kernel.code.is_wide:
        numbers = [x.tobytes() if x.ndim == 0 else _place(x) for x in inputs]
        tables = [_table(numbers, pages), _table([_place(x) for x in results], pages)]
        passed = [*(x.ctypes.data_as(ctypes.c_void_p) for x in tables), ctypes.c_void_p(arena)]
    else:
        passed = [ctypes.c_void_p(x.ctypes.data) for x in (*inputs, *results)]
        passed.append(ctypes.c_void_p(arena))
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *map(type, passed))(kernel.address)
    assert function(*passed) == 0
    return out


def _place(x: np.ndarray) -> bytes:
    return x.ctypes.data.to_bytes(8, "little")


def _table(values: Sequence[bytes], pages: Pages) -> np.ndarray:
    """Sixteen bytes for each: a number, or where an array's data are."""
    rows = b"".join(x.ljust(16, b"\0") for x in values)
    return pages.array(np.frombuffer(rows, np.uint8))


def _by_njit(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    return _tree(kernel, kernel.njit(*args))


def _by_njit_out(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    out = _places(kernel, pages)
    kernel.njit_out(*args, *flatten(out)[0])
    return out


def _by_strided(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    """Numba's door with arguments that are not contiguous, and whose last element is the page's."""
    return _tree(kernel, kernel.njit(*[_wide(x, pages) for x in args]))


def _wide(x: np.ndarray, pages: Pages) -> np.ndarray:
    if x.ndim == 1:
        return pages.array(np.repeat(x, 2, 0)[1:])[::2]
    return pages.array(np.repeat(x[..., None], 2, -1)[..., 1:])[..., 0]


def _tree(kernel: Any, results: Any) -> Any:
    leaves = results if isinstance(results, tuple) else (results,)
    return kernel.finish(leaves if len(leaves) > 1 else leaves[0])


def _places(kernel: Any, pages: Pages) -> Any:
    instrs = [kernel.tape.instrs[i] for i in kernel.tape.outputs]
    arrays = tuple(pages.array(np.zeros(x.shape, x.dtype)) for x in instrs)
    return kernel.finish(arrays if len(arrays) > 1 else arrays[0])


DOORS: dict[str, Callable[[Any, Sequence[Any], Pages], Any]] = {
    "call": _by_call,
    "call, views": _by_views,
    "out=": _by_out,
    "bind": _by_bind,
    "address": _by_address,
    "njit": _by_njit,
    "njit_out": _by_njit_out,
    "njit, strided": _by_strided,
}
QUICK = ("call", "address")
"""Doors that need no code of their own."""


# -- all of it -------------------------------------------------------------------------------------


def run(
    kinds: Sequence[str], sizes: Sequence[int], doors: Sequence[str], parallel: bool
) -> Iterator[str]:
    """Say what comes, and do it."""
    for name in kinds:
        for n in sizes:
            args = KINDS[name][1](n, np.random.default_rng(n))
            for full, f in forms(name):
                yield f"{full}, size {n}"
                kernel = jitad.compile(f, *args, parallel=parallel)
                yield from _through(kernel, args, doors)


def _through(kernel: Any, args: Sequence[Any], doors: Sequence[str]) -> Iterator[str]:
    right = kernel(*args)
    for at_end in (True, False):
        pages = Pages(at_end)
        for door in doors:
            yield f"  by {door}, at a page's {'end' if at_end else 'start'}"
            guarded = [pages.array(x) for x in args]
            _compare(DOORS[door](kernel, guarded, pages), right)
            pages.give_back()


def _compare(got: Any, right: Any, tolerance: float = 0.0) -> None:
    pairs = zip(flatten(got)[0], flatten(right)[0], strict=True)
    same = [np.allclose(x, y, tolerance, 0.0, equal_nan=True) for x, y in pairs]
    assert all(same), "another result than on ordinary arrays"


def run_streams(sizes: Sequence[int], parallel: bool) -> Iterator[str]:
    """Streams in blocks, whose arguments and results end, or begin, at such a page."""
    for name, (f, make) in STREAMS.items():
        for n in sizes:
            args = make(n, np.random.default_rng(n))
            yield f"stream of {name}, size {n}"
            right = jitad.vmap(f)(*args)
            for at_end in (True, False):
                pages = Pages(at_end)
                for block in {1, 3, 8, n}:
                    yield f"  in blocks of {block}, at a page's {'end' if at_end else 'start'}"
                    leaves, structure = flatten(right)
                    out = unflatten(structure, [pages.array(np.zeros_like(x)) for x in leaves])
                    given = [pages.array(x) for x in args]
                    jitad.stream(f, *given, out=out, block=block, parallel=parallel)
                    _compare(out, right, 1e-6)  # functions of vectors round otherwise
                    pages.give_back()


def cut_small() -> None:
    """Have threads, chunks and pieces cut what is small, so that small arrays meet their edges."""
    threads._WORTH, threads._BLOCK, threads._ALIGN = 64, 32, 8
    chunks.CHUNK, chunks._LOOPS, pieces.MOST = 24, 8, 4


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--sizes", nargs="*", type=int, default=list(range(1, 71)))
    parser.add_argument("--doors", nargs="*", default=list(DOORS))
    parser.add_argument("--parallel", action="store_true", help="on threads, in small pieces")
    parser.add_argument("--no-streams", action="store_true", help="kernels alone")
    given = parser.parse_args()
    faulthandler.enable()
    if given.parallel:
        cut_small()
        jitad.set_num_threads(3)
    warnings.simplefilter("ignore")  # of what is slow, or of eigenvalues that meet
    for text in run(given.kinds, given.sizes, given.doors, given.parallel):
        print(text, flush=True)
    for text in run_streams([] if given.no_streams else given.sizes, given.parallel):
        print(text, flush=True)
    print("all inside", flush=True)


if __name__ == "__main__":
    sys.exit(main())
