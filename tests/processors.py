"""Kernels through LLVM's passes for processors that are not here: `python -m tests.processors`.

llvmlite's LLVM carries its assertions: where two of its models disagree, it ends the process, on
one processor and not on another. What codegen writes for a family of processors goes to files, and
a child process runs LLVM on them. Exit status 0 where no child ends, or says anything.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import platform
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import llvmlite.binding as llvm

from jitad.codegen import lanes, packs, vector_math
from jitad.codegen.llvm import emit as emit_here
from jitad.runtime import compile as compiling

X86, ARM, APPLE = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "arm64-apple-macosx"


class Processor(NamedTuple):
    """What LLVM calls a processor, and the family that code is written for."""

    triple: str
    name: str
    family: str


PROCESSORS = (
    Processor(X86, "x86-64-v2", "sse2"),
    Processor(X86, "x86-64-v3", "avx2"),
    Processor(X86, "haswell", "avx2"),
    Processor(X86, "skylake-avx512", "avx512"),
    Processor(X86, "sapphirerapids", "avx512"),
    Processor(X86, "znver3", "avx2"),
    Processor(X86, "znver4", "avx512"),
    Processor(X86, "znver5", "avx512"),
    Processor(APPLE, "apple-m1", "neon"),
    Processor(ARM, "neoverse-v1", "neon"),
)
FEATURES: dict[str, tuple[str, ...]] = {
    "sse2": (), "avx2": ("avx2", "fma"), "avx512": ("avx2", "fma", "avx512f"), "neon": (),
}  # fmt: skip
_CACHED = (lanes.vector_bytes, vector_math._library, vector_math._widths, vector_math.has_fma,
           vector_math.vector_variants, packs._has_vectors)  # fmt: skip


class _Libmvec:
    """A library with the vector functions of this machine's, by the names of another's."""

    def __init__(self) -> None:
        try:
            self._here: Any = ctypes.CDLL("libmvec.so.1")
        except OSError:
            self._here = None

    def __getattr__(self, symbol: str) -> str:
        here = symbol.replace("_ZGVnN", "_ZGVbN")
        if self._here is None or not hasattr(self._here, here):
            raise AttributeError(symbol)
        return symbol


@contextlib.contextmanager
def on(family: str) -> Iterator[None]:
    """Codegen writes for a family of processors."""
    features = dict.fromkeys(FEATURES[family], True)
    machine = "aarch64" if family == "neon" else "x86_64"
    library = _Libmvec()
    with (
        mock.patch.object(llvm, "get_host_cpu_features", lambda: features),
        mock.patch.object(platform, "machine", lambda: machine),
        mock.patch.object(vector_math, "_library", lambda: library),
    ):
        _forget()
        yield
    _forget()


def _forget() -> None:
    for function in _CACHED:
        if hasattr(function, "cache_clear"):
            function.cache_clear()


class Collection:
    """Writes each program that is compiled, for every family, into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def emit(self, program: Any, options: Any) -> Any:
        """What stands in for codegen's `emit`."""
        for family in FEATURES:
            with on(family):
                code = emit_here(program, options)
            text = f"; level {code.level}\n{code.text}"
            digest = hashlib.sha256(code.text.encode()).hexdigest()[:24]
            path = self.folder / f"{family}-{digest}.ll"
            self.count += not path.exists()
            path.write_text(text)
        return emit_here(program, options)

    @contextlib.contextmanager
    def collecting(self) -> Iterator[None]:
        """Within the block, whatever is compiled is written."""
        with mock.patch.object(compiling, "emit", self.emit):
            yield


# -- LLVM on what was written ----------------------------------------------------------------------


def run_llvm(work: Iterable[str]) -> None:
    """Run LLVM's passes on files, each line a processor's name and a path, telling where it is."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triples = {x.name: x.triple for x in PROCESSORS}
    for line in work:
        print(f"at {line}", flush=True)
        processor, path = line.split()
        text = Path(path).read_text()
        target = llvm.Target.from_triple(triples[processor])
        machine = target.create_target_machine(cpu=processor, opt=2)
        level = int(text.split("\n", 1)[0].split()[-1])
        machine.emit_object(compiling.optimised_module(text, machine, level))
        print(f"done {line}", file=sys.stderr, flush=True)


def faults(folder: Path) -> list[str]:
    """The processors and files on which LLVM ends its process, or says something."""
    waiting = [
        f"{processor.name} {path}"
        for processor in PROCESSORS
        for path in sorted(folder.glob(f"{processor.family}-*.ll"))
    ]
    found: list[str] = []
    while waiting:
        command = [sys.executable, "-m", "tests.processors", "--llvm"]
        done = subprocess.run(command, input="\n".join(waiting), capture_output=True, text=True)
        said: list[str] = []
        for line in done.stderr.splitlines():
            if not line.startswith("done "):
                said.append(line)
            elif said:
                found.append(f"{line[5:]}: {said[-1][:200]}")
                said = []
        if done.returncode == 0:
            break
        at = [line[3:] for line in done.stdout.splitlines() if line.startswith("at ")][-1]
        found.append(f"{at}: ended with {done.returncode} {said[-1:]}")
        waiting = waiting[waiting.index(at) + 1 :]
    return found


# -- programs --------------------------------------------------------------------------------------

TABLES = ("test_elementwise_table", "test_structural_table", "test_linalg", "test_sorting",
          "test_lanes", "test_components", "test_complex", "test_gradbench", "test_cases",
          "test_control_flow", "test_vector_math", "test_passes")  # fmt: skip


def tables() -> None:
    """Compile the kernels of all tables."""
    import pytest

    here = Path(__file__).parent
    files = [str(here / f"{name}.py") for name in TABLES]
    pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *files])


def random_programs(count: int, seed: int = 0) -> None:
    """Compile random programs of each kind, `count` in all."""
    from tests.fuzz.fuzzer import load

    fuzzers = load()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, fuzzer in fuzzers.items():
            for number in range(-(-count // len(fuzzers))):
                said = fuzzer.check(fuzzer.program(seed, number))
                if said:
                    print(f"{name} {number}: {said}"[:300], flush=True)


def check(compile_programs: Callable[[], None]) -> tuple[int, list[str]]:
    """How many files were written for these programs; what LLVM does not take on a processor."""
    with tempfile.TemporaryDirectory() as name:
        collection = Collection(Path(name))
        with collection.collecting():
            compile_programs()
        return collection.count, faults(Path(name))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.processors", description=__doc__)
    parser.add_argument("--programs", type=int, default=2000, help="random programs")
    parser.add_argument("--no-tables", action="store_true", help="random programs alone")
    parser.add_argument("--llvm", action="store_true", help="run LLVM as the standard input says")
    options = parser.parse_args()
    if options.llvm:
        run_llvm(sys.stdin.read().splitlines())
        return 0

    def programs() -> None:
        if not options.no_tables:
            tables()
        random_programs(options.programs)

    count, found = check(programs)
    print(f"{count} kernels, {len(PROCESSORS)} processors, {len(found)} faults", *found, sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
