"""jitad: NumPy functions in, native derivatives out.

A function written with NumPy is run once on tracers, which leaves a flat tape; forward and reverse
sweeps are tape-to-tape transforms; a tape is compiled to machine code with LLVM, through Numba.

Read the package in the order of the pipeline:

    ir/          what a program is: ops (rows), instructions, tapes, the tracer
    ops/         the instruction set, one row an op, with its elemental partials
    frontend/    Python function -> tape: tracers, guards, arrays that can be written to
    functions/   what each function of NumPy records
    transforms/  tape -> tape with a new meaning: forward, reverse, batch, split
    passes/      tape -> tape of the same meaning, and the schedule of its loops
    codegen/     tape -> LLVM IR
    runtime/     LLVM IR -> callable: compile, call, keep
    programs/    function + transform -> the tape to compile
    report/      tape -> text: evaluation traces, graphs, tables, every stage
    api.py       grad, jvp, vjp ...: the stages composed
    autograd.py  the operators that HIPS autograd has beside JAX's
    numpy.py     the NumPy namespace whose arrays can be written to while a function is traced
    testing.py   check_grads
"""

import importlib
from typing import Any

from jitad.api import (
    compile,
    explain,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    linearize,
    stop_gradient,
    trace,
    value_and_grad,
    vjp,
)
from jitad.ir.errors import (
    CacheError,
    CompileError,
    DifferentiationError,
    JitadError,
    LinearAlgebraError,
    NonFiniteError,
    ShapeError,
    TraceError,
)
from jitad.runtime.kernel import Kernel
from jitad.runtime.launch import debug_nans
from jitad.testing import check_grads

__version__ = "0.1.0"

__all__ = [
    "CacheError",
    "CompileError",
    "DifferentiationError",
    "JitadError",
    "Kernel",
    "LinearAlgebraError",
    "NonFiniteError",
    "ShapeError",
    "TraceError",
    "check_grads",
    "compile",
    "debug_nans",
    "explain",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "linearize",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
]


_AUTOGRAD = (
    *("deriv", "elementwise_grad", "grad_and_aux", "hessian_tensor_product"),
    *("hessian_vector_product", "holomorphic_grad", "make_ggnvp", "make_hvp", "make_jvp"),
    *("make_vjp", "multigrad_dict", "tensor_jacobian_product", "vector_jacobian_product"),
)
"""HIPS autograd's operators beside JAX's: `from jitad import elementwise_grad` works."""


def __getattr__(name: str) -> Any:
    """jitad.numpy, jitad.scipy and jitad.autograd's names, imported when they are first used."""
    if name in ("numpy", "scipy", "autograd"):
        return importlib.import_module(f"jitad.{name}")
    if name in _AUTOGRAD:
        return getattr(importlib.import_module("jitad.autograd"), name)
    raise AttributeError(f"module 'jitad' has no attribute {name!r}")
