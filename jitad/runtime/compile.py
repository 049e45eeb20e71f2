"""Tape -> machine code: optimise, schedule, emit, and compile with LLVM for this processor."""

from __future__ import annotations

import re
import weakref
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite.binding.ffi import ObjectRef
from llvmlite.binding.newpassmanagers import NewPassManager
from numba.core.compiler_lock import global_compiler_lock

from jitad.codegen.llvm import Code, emit
from jitad.codegen.options import DEFAULT, Options
from jitad.ir.errors import CompileError
from jitad.ir.tape import Tape
from jitad.passes.pipeline import optimise
from jitad.passes.schedule import schedule


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


@lru_cache(maxsize=1)
def _host() -> tuple[str, str]:
    """This processor's name and features, for LLVM, which is made ready for it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def target_machine(code: Code) -> Any:
    """LLVM's code generator for this processor; an engine takes it over, so each gets its own."""
    cpu, features = _host()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=cpu,
        features=features,
        opt=0 if code.quick else 2,
        reloc="static" if target.name.startswith("x86") else "default",
        codemodel="jitdefault",
        jit=True,
    )


def lower(tape: Tape, options: Options = DEFAULT) -> tuple[Tape, Code]:
    """The optimised tape and its LLVM IR."""
    optimised = optimise(tape)
    return optimised, emit(schedule(optimised), options)


def optimised_module(text: str, machine: Any, level: int, context: Any = None) -> Any:
    """Parse LLVM IR and run LLVM's passes of that level on it."""
    try:
        # In a context of its own, which ends with it: one for all keeps every constant for ever.
        module = llvm.parse_assembly(text, context or llvm.create_context())
    except RuntimeError as error:
        raise CompileError(f"LLVM refused generated code: {error}") from error
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = True  # of loops of which codegen says the width
    options.slp_vectorization = False
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


@global_compiler_lock
def load(code: Code, extra: str = "") -> Machine:
    """Compile a module, with `extra` LLVM IR linked in, and make it executable."""
    machine, context = target_machine(code), llvm.create_context()
    module = optimised_module(_joined(code.text, extra), machine, code.level, context)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    loaded = Machine(code, engine)
    weakref.finalize(loaded, _free, engine, context).atexit = False
    return loaded


def _free(engine: Any, context: Any) -> None:
    """Free machine code, then what its module lives in: a collector of cycles knows no order."""
    engine.close()
    context.close()


_DECLARED = re.compile(r"^declare [^@\n]*@([^(\n]+)\(.*\n?", re.MULTILINE)


def _joined(text: str, extra: str) -> str:
    """One module of two texts; LLVM takes what both declare once."""
    known = set(_DECLARED.findall(text))
    return text + _DECLARED.sub(lambda found: "" if found[1] in known else found[0], extra)


@global_compiler_lock
def module_llvm(code: Code) -> str:
    """A kernel's LLVM IR after LLVM's passes."""
    return str(optimised_module(code.text, target_machine(code), code.level))


@global_compiler_lock
def module_asm(code: Code) -> str:
    """A kernel's assembly on this processor."""
    machine = target_machine(code)
    return machine.emit_assembly(optimised_module(code.text, machine, code.level))
