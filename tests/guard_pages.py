"""Kernels on arrays that end, or begin, at a page which nobody may touch: every access is inside.

`python -m tests.guard_pages [--kinds NAME...] [--sizes N...] [--parallel]` runs every kind of
kernel at all sizes 1 to 70, by every door. Each is named before it runs, so that a crash has one.
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import mmap
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import jitad
from jitad.codegen import chunks, pieces, threads
from jitad.frontend.pytree import flatten

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
    """Stretches of memory between two pages that nobody may touch; each is used again."""

    def __init__(self, at_end: bool) -> None:
        self.at_end = at_end
        self.free: dict[int, list[int]] = {}
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


# -- kernels ---------------------------------------------------------------------------------------

Kind = tuple[Callable[..., Any], Callable[[int, np.random.Generator], tuple[Any, ...]]]


def _vector(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.5, 1.5, n),)


def _two(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.uniform(0.5, 1.5, n), rng.uniform(0.5, 1.5, n)


def _single(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.5, 1.5, n).astype(np.float32),)


def _complex(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.normal(size=n) + 1j * rng.normal(size=n),)


def _whole(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.integers(0, 9, n),)


def _truth(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.integers(0, 2, n) > 0,)


def _points(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.5, 1.5, (n, 3)),)


def _matrix(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    n = min(n, 40)
    return (rng.normal(size=(n, n)) + 2 * n * np.eye(n),)


def _chosen(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.uniform(0.5, 1.5, n), rng.integers(0, n, n)


def _distance(p: Any) -> Any:
    return np.sqrt(p[0] ** 2 + p[1] * np.exp(p[2]))


def _path(p: Any) -> Any:
    return jitad.cond(p[0] > 1, lambda: np.sin(p[1]) * p[2], lambda: p[1] / p[2])


def _while(p: Any) -> Any:
    return jitad.while_loop(lambda x: x < 4, lambda x: x * (1 + p[1]) + p[0], p[2])


def _scanned(x: Any) -> Any:
    return jitad.scan(lambda c, row: (c * 0.5 + row, np.sin(c) * row), x[0], x)


def _table(x: Any) -> Any:
    return jitad.fori_loop(0, len(x), lambda i, t: t.at[i].add(np.sin(x[i])), x * 0.0)


def _many(x: Any) -> Any:
    return tuple(np.sin((k + 1) * x) for k in range(40))


def _straight(x: Any) -> Any:
    return [np.sin(x[k]) * x[k - 1] for k in range(len(x))]


def _scattered(x: Any, i: Any) -> Any:
    y = jitad.numpy.zeros(len(x))
    y[i] = x
    return y


KINDS: dict[str, Kind] = {
    "elementwise": (lambda x, y: np.sin(x) * y + np.where(x > 1, y, x), _two),
    "single precision": (lambda x: np.exp(x) * x + np.sum(x), _single),
    "complex": (lambda z: (z * z).real + np.abs(z), _complex),
    "complex result": (lambda z: np.exp(z) / (z + 3), _complex),
    "integers": (lambda i: (i * 3 - 1, i // 2, i % 3 > 0), _whole),
    "conditions": (lambda b: (~b, b & b[::-1], np.any(b), np.sum(b)), _truth),
    "reductions": (lambda x: (np.sum(x), np.max(x), np.prod(x), np.argmax(x)), _vector),
    "reductions of rows": (lambda p: (np.sum(p, 0), np.max(p, 1), np.mean(p, 1)), _points),
    "sums so far": (lambda x: np.cumsum(x) * np.cumprod(x), _vector),
    "views": (lambda x: (x[::-1] * x, x[1:] - x[:-1], x[::2] * 2), _vector),
    "joins": (lambda x: np.concatenate([x, x[::-1] * 2, np.roll(x, 1)]), _vector),
    "columns": (lambda p: np.stack([p[:, 2], p[:, 0] * p[:, 1]], axis=1), _points),
    "stencil": (lambda x: np.convolve(np.sin(x), np.array([1.0, -2.0, 1.0]), "same"), _vector),
    "outer": (lambda x: np.exp(-np.abs(x[:, None] - x[None, :])), _vector),
    "products": (lambda a: (a @ a, a @ a[0], a[0] @ a[0]), _matrix),
    "narrow products": (lambda p: (p @ p.T, p.T @ p), _points),
    "gather": (lambda x, i: x[i] * np.sin(x), _chosen),
    "scatter": (_scattered, _chosen),
    "sort": (lambda x: (np.sort(x), np.argsort(x)), _vector),
    "factorisation": (lambda a: (np.linalg.solve(a, a[0]), np.linalg.inv(a)), _matrix),
    "points": (jitad.vmap(_distance), _points),
    "gradients at points": (jitad.vmap(jitad.grad(_distance)), _points),
    "Hessians at points": (jitad.vmap(jitad.hessian(_distance)), _points),
    "paths of points": (jitad.vmap(jitad.value_and_grad(_path)), _points),
    "loops of points": (jitad.vmap(jitad.value_and_grad(_while)), _points),
    "scan": (_scanned, _vector),
    "table": (_table, _vector),
    "many results": (_many, _vector),
    "straight line": (_straight, _vector),
}


def _with_gradient(name: str, kind: Kind) -> Iterator[tuple[str, Callable[..., Any]]]:
    """A kind's function, and its gradient where there is one."""
    f = kind[0]
    yield name, f
    if kind[1] in (_vector, _two, _single, _points, _matrix, _chosen) and "points" not in name:
        yield f"gradient of {name}", jitad.grad(lambda *args: _total(f(*args)))


def _total(results: Any) -> Any:
    leaves = [x for x in flatten(results)[0] if hasattr(x, "dtype")]
    return sum(np.sum(x * x) for x in leaves if x.dtype.kind == "f")


# -- doors -----------------------------------------------------------------------------------------


def _by_call(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    return kernel(*args)


def _by_out(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    return kernel(*args, out=_places(kernel, pages))


def _by_bind(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    return kernel.bind(*args, out=_places(kernel, pages))()


def _by_address(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    """The C function itself, whose temporaries end at such a page too."""
    out = _places(kernel, pages)
    arena = pages.address(max(kernel.code.arena, 8), 64)
    pointers = [x.ctypes.data for x in (*args, *kernel.captured, *flatten(out)[0])]
    passed = [ctypes.c_void_p(x) for x in (*pointers, arena)]
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * len(passed))(kernel.address)
    assert function(*passed) == 0
    return out


def _by_njit(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    return _tree(kernel, kernel.njit(*args))


def _by_njit_out(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    out = _places(kernel, pages)
    kernel.njit_out(*args, *flatten(out)[0])
    return out


def _by_strided(kernel: Any, args: Sequence[Any], pages: Pages) -> Any:
    """Numba's door with arguments that are not contiguous, and whose last element is the page's."""
    wide = [pages.array(np.repeat(x[..., None], 2, -1)[..., 1:])[..., 0] for x in args]
    wide = [pages.array(np.repeat(x, 2, 0)[1:])[::2] for x in args] if args[0].ndim == 1 else wide
    return _tree(kernel, kernel.njit(*wide))


def _tree(kernel: Any, results: Any) -> Any:
    leaves = results if isinstance(results, tuple) else (results,)
    return kernel.finish(leaves if len(leaves) > 1 else leaves[0])


def _places(kernel: Any, pages: Pages) -> Any:
    instrs = [kernel.tape.instrs[i] for i in kernel.tape.outputs]
    arrays = tuple(pages.array(np.zeros(x.shape, x.dtype)) for x in instrs)
    return kernel.finish(arrays if len(arrays) > 1 else arrays[0])


DOORS: dict[str, Callable[[Any, Sequence[Any], Pages], Any]] = {
    "call": _by_call,
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
            for full, f in _with_gradient(name, KINDS[name]):
                yield f"{full}, size {n}"
                kernel = jitad.compile(f, *args, parallel=parallel)
                yield from _through(kernel, args, doors)


def _through(kernel: Any, args: Sequence[Any], doors: Sequence[str]) -> Iterator[str]:
    right = flatten(kernel(*args))[0]
    for at_end in (True, False):
        pages = Pages(at_end)
        for door in doors:
            yield f"  by {door}, at a page's {'end' if at_end else 'start'}"
            guarded = [pages.array(x) for x in args]
            got = flatten(DOORS[door](kernel, guarded, pages))[0]
            same = [np.array_equal(x, y, equal_nan=True) for x, y in zip(got, right, strict=True)]
            assert all(same), "another result than on ordinary arrays"
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
    given = parser.parse_args()
    faulthandler.enable()
    if given.parallel:
        cut_small()
        jitad.set_num_threads(3)
    for text in run(given.kinds, given.sizes, given.doors, given.parallel):
        print(text, flush=True)
    print("all inside", flush=True)


if __name__ == "__main__":
    sys.exit(main())
