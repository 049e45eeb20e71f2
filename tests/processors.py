"""Kernels through LLVM's passes for processors that are not here: `python -m tests.processors`.

llvmlite's LLVM carries its assertions: where two of its models disagree, it ends the process, on
one processor and not on another. What codegen writes for a family of processors goes to files, and
child processes run LLVM on them. Exit status 0 where no child ends, or says anything.

What is done is noted in the folder that `--folder` names: the same command goes on from there.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import os
import platform
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
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


_NUMBERS = re.compile(r"0x[0-9A-F]+|_[0-9a-f]{24}\b|-?\d+\.\d+(?:e[+-]\d+)?")
"""What two programs may differ in that are one to LLVM: floating constants, and the name."""


class Collection:
    """Writes each program that is compiled, for every family, into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: set[str] = set()

    def emit(self, program: Any, options: Any) -> Any:
        """What stands in for codegen's `emit`."""
        for family in FEATURES:
            with on(family):
                code = emit_here(program, options)
            digest = hashlib.sha256(_NUMBERS.sub("", code.text).encode()).hexdigest()[:24]
            path = self.folder / f"{family}-{digest}.ll"
            if not path.exists():
                path.write_text(f"; level {code.level}\n{code.text}")
            self.written.add(path.name)
        return emit_here(program, options)

    @contextlib.contextmanager
    def collecting(self) -> Iterator[None]:
        """Within the block, whatever is compiled is written."""
        with mock.patch.object(compiling, "emit", self.emit):
            yield


# -- LLVM on what was written ----------------------------------------------------------------------

BATCH = 400
"""Programs that a child process takes at once."""


@cache
def _machine(name: str) -> Any:
    triple = next(x.triple for x in PROCESSORS if x.name == name)
    return llvm.Target.from_triple(triple).create_target_machine(cpu=name, opt=2)


def run_llvm(work: Iterable[str]) -> None:
    """Run LLVM's passes on files, each line a processor's name and a path, telling where it is."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    for line in work:
        print(f"at {line}", flush=True)
        processor, path = line.split()
        text, machine = Path(path).read_text(), _machine(processor)
        level = int(text.split("\n", 1)[0].split()[-1])
        with (
            llvm.create_context() as context,
            compiling.optimised_module(text, machine, level, context) as module,
        ):
            module.verify()
            machine.emit_object(module)
        print(f"done {line}", file=sys.stderr, flush=True)


def _child(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.processors", *arguments]
    here = Path(__file__).parent.parent
    return subprocess.run(
        command, input=given, capture_output=True, text=True, cwd=here, check=False
    )


def _batch(waiting: Sequence[str]) -> list[str]:
    """What LLVM says of these, or on which of them it ends its process."""
    found: list[str] = []
    while waiting:
        done = _child("--llvm", given="\n".join(waiting))
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


def faults(folder: Path, jobs: int = 1) -> tuple[int, list[str]]:
    """How many pairs of a processor and a file there are, and those that LLVM does not take."""
    notes = folder / "pairs"
    noted = notes.read_text().splitlines() if notes.exists() else []
    known = {line for line in noted if not line.startswith("FAULT ")}
    pairs = [
        f"{processor.name} {path}"
        for processor in PROCESSORS
        for path in sorted(folder.glob(f"{processor.family}-*.ll"))
    ]
    waiting = [x for x in pairs if x not in known]
    batches = [waiting[k : k + BATCH] for k in range(0, len(waiting), BATCH)]
    found = [line[6:] for line in noted if line.startswith("FAULT ")]
    with ThreadPoolExecutor(jobs) as pool, notes.open("a") as file:
        for batch, said in zip(batches, pool.map(_batch, batches), strict=True):
            print(*batch, *(f"FAULT {x}" for x in said), sep="\n", file=file, flush=True)
            found += said
    return len(pairs), found


# -- programs --------------------------------------------------------------------------------------

TABLES = ("test_elementwise_table", "test_structural_table", "test_linalg", "test_sorting",
          "test_lanes", "test_components", "test_complex", "test_gradbench", "test_cases",
          "test_control_flow", "test_vector_math", "test_passes", "test_special", "test_math",
          "test_control_random", "test_updates", "test_if_convert")  # fmt: skip
SLICE = 25
"""Random programs of a kind that a child process compiles at once."""


def table(name: str) -> None:
    """Compile the kernels of a file of tests."""
    import pytest

    path = str(Path(__file__).parent / f"{name}.py")
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", path])


def random_programs(kind: str, seed: int, first: int) -> None:
    """Compile random programs of a kind; whether their answers are right is not asked here."""
    from tests.fuzz.fuzzer import load

    fuzzer = load()[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(first, first + SLICE):
            fuzzer.fault(fuzzer.program(seed, number))


def parts(count: int, seed: int, with_tables: bool) -> list[str]:
    """What children compile: files of tests, and slices of random programs, `count` in all."""
    from tests.fuzz.fuzzer import load

    kinds = load()
    slices = -(-count // (len(kinds) * SLICE))
    random = [f"{kind}:{seed}:{k * SLICE}" for k in range(slices) for kind in kinds]
    return [*(TABLES if with_tables else ()), *random]


def collect(part: str, folder: Path) -> None:
    """Write the programs of a part into a folder, and note that this is done."""
    collection = Collection(folder)
    with collection.collecting():
        if ":" in part:
            kind, seed, first = part.split(":")
            random_programs(kind, int(seed), int(first))
        else:
            table(part)
    (folder / f"{part}.part").write_text(f"{len(collection.written)}\n")


def collect_all(chosen: Sequence[str], folder: Path, jobs: int) -> list[str]:
    """Compile all that is not noted as done, in children; those that ended before they were."""
    missing = [part for part in chosen if not (folder / f"{part}.part").exists()]
    with ThreadPoolExecutor(jobs) as pool:
        run = partial(_child, "--folder", str(folder), "--collect")
        for part, done in zip(missing, pool.map(run, missing), strict=True):
            print(f"{part}: {done.stdout.splitlines()[-1:]}", flush=True)
    return [part for part in missing if not (folder / f"{part}.part").exists()]


def check(compile_programs: Callable[[], None]) -> tuple[int, list[str]]:
    """How many files were written for these programs; what LLVM does not take on a processor."""
    with tempfile.TemporaryDirectory() as name:
        collection = Collection(Path(name))
        with collection.collecting():
            compile_programs()
        return len(collection.written), faults(Path(name))[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.processors", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="random programs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-tables", action="store_true", help="random programs alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="child processes")
    parser.add_argument("--folder", type=Path, help="where programs, and what is done, are kept")
    parser.add_argument("--collect", help="write the programs of this part alone")
    parser.add_argument("--llvm", action="store_true", help="run LLVM as the standard input says")
    options = parser.parse_args()
    if options.llvm:
        run_llvm(sys.stdin.read().splitlines())
        return 0
    if options.collect:
        collect(options.collect, options.folder)
        return 0
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        chosen = parts(options.count, options.seed, not options.no_tables)
        ended = collect_all(chosen, folder, options.jobs)
        pairs, found = faults(folder, options.jobs)
    print(f"{len(chosen)} parts, of which ended early: {ended}")
    print(f"{pairs} pairs of a program and a processor, {len(found)} faults", *found, sep="\n")
    return int(bool(ended or found))


if __name__ == "__main__":
    sys.exit(main())
