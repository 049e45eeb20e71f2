"""Tape -> machine code: optimise, schedule, emit, and compile with LLVM for this processor."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite.binding.ffi import ObjectRef
from llvmlite.binding.newpassmanagers import NewPassManager
from llvmlite.binding.object_file import ObjectFileRef
from numba.core.compiler_lock import global_compiler_lock

from jitad.codegen.llvm import Code, emit
from jitad.codegen.options import DEFAULT, Options
from jitad.ir.errors import CompileError
from jitad.ir.tape import Tape
from jitad.passes.pipeline import optimise
from jitad.passes.schedule import schedule
from jitad.runtime import disk
from jitad.runtime.cpython import HOST


@dataclass(frozen=True, eq=False)
class Machine:
    """Machine code in memory, for as long as this object lives; and what it was made from."""

    code: Code
    engine: Any

    def address(self, name: str) -> int:
        """The address of a function."""
        return self.engine.get_function_address(name)

    def variable(self, name: str) -> int:
        """The address of a global variable."""
        return self.engine.get_global_value_address(name)


def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


@lru_cache(maxsize=2)
def generator(quick: bool) -> Any:
    """LLVM's code generator for this processor: one for all modules, as it has tables of 0.7 MiB.

    It is used by one thread at a time.
    """
    target = _target()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=0 if quick else 1,  # 2 takes an eighth longer, to all but the same code
        reloc="static" if target.name.startswith("x86") else "default",
        codemodel="jitdefault",
        jit=True,
    )


@lru_cache(maxsize=1)
def _compiler() -> tuple[str, ...]:
    """What object code follows from, beside its text: LLVM, and this processor."""
    features = llvm.get_host_cpu_features().flatten()
    version = ".".join(map(str, llvm.llvm_version_info))
    return llvmlite.__version__, version, llvm.get_host_cpu_name(), features


def lower(tape: Tape, options: Options = DEFAULT) -> tuple[Tape, Code]:
    """The optimised tape and its LLVM IR."""
    optimised = optimise(tape)
    return optimised, emit(schedule(optimised), options)


def optimised_module(text: str, machine: Any, level: int, context: Any) -> Any:
    """Parse LLVM IR and run LLVM's passes of that level on it: at 0 none, at 1 no unrolling."""
    try:
        module = llvm.parse_assembly(text, context)
    except RuntimeError as error:
        raise CompileError(f"LLVM refused generated code: {error}") from error
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    if level:
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        options.loop_vectorization = True  # of loops of which codegen says the width
        options.slp_vectorization = False
        options.loop_unrolling = level > 1
        run_passes(module, machine, options)
    return module


def run_passes(module: Any, machine: Any, options: Any) -> None:
    """Run LLVM's passes on a module, and free what they leave."""
    builder = llvm.create_pass_builder(machine, options)
    manager = builder.getModulePassManager()
    manager.run(module, builder)
    # llvmlite's managers inherit a `_dispose` that does nothing, before the one that frees them.
    if type(manager)._dispose is ObjectRef._dispose:
        NewPassManager._dispose(manager)
        manager.detach()


@contextlib.contextmanager
def _optimised(text: str, quick: bool, level: int) -> Iterator[Any]:
    """A module after LLVM's passes, in a context of its own: one for all keeps every constant."""
    with (
        llvm.create_context() as context,
        optimised_module(text, generator(quick), level, context) as module,
    ):
        yield module


@global_compiler_lock
def image(text: str, quick: bool = False, level: int = 0) -> bytes:
    """The object file of a module."""
    text = _with_symbols(text)
    kept = disk.place(text, level, quick, *_compiler())
    found = None if kept is None else disk.read(kept)
    if found is None:
        with _optimised(text, quick, level) as module:
            found = generator(quick).emit_object(module)
        if kept is not None:
            disk.write(kept, found)
    return found


@global_compiler_lock
def load(code: Code, door: bytes = b"") -> Machine:
    """Compile a module, and make it executable; with the object file of a door to it."""
    images = [image(code.text, code.quick, code.level)] if code.text else []
    # An engine is made of a module, which it would compile if it still had that in the end, and of
    # a code generator, which has no tables until it is used.
    empty = llvm.parse_assembly("")
    engine = llvm.create_mcjit_compiler(empty, _target().create_target_machine())
    engine.remove_module(empty)
    for found in (*images, *([door] if door else ())):
        engine.add_object_file(ObjectFileRef.from_data(found))
    engine.finalize_object()
    return Machine(code, engine)


_HOST = re.compile(re.escape(HOST) + r"[\w.]+")


def _with_symbols(text: str) -> str:
    """A module with the symbols of what it finds in this process."""
    symbols = sorted(set(_HOST.findall(text))) if HOST in text else ()
    return text + "".join(f"{name} = external global i8\n" for name in symbols)


@global_compiler_lock
def module_llvm(code: Code) -> str:
    """A kernel's LLVM IR after LLVM's passes."""
    with _optimised(code.text, code.quick, code.level) as module:
        return str(module)


@global_compiler_lock
def module_asm(code: Code) -> str:
    """A kernel's assembly on this processor."""
    with _optimised(code.text, code.quick, code.level) as module:
        return generator(code.quick).emit_assembly(module)
