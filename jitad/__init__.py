"""jitad: NumPy functions in, native derivatives out.

A function written with NumPy is read as a program, from its bytecode, and run once on tracers,
which leaves a flat tape; forward and reverse sweeps are tape-to-tape transforms; a tape is compiled
to machine code with LLVM, through Numba.

Read the package in the order of the pipeline:

    ir/          what a program is: ops (rows), instructions, tapes, the tracer
    ops/         the instruction set, one row an op, with its elemental partials
    frontend/    Python function -> tape: tracers, guards, arrays that can be written to
    functions/   what each function of NumPy records
    transforms/  tape -> tape with a new meaning: forward, reverse, batch, split
    passes/      tape -> tape of the same meaning, and the schedule of its loops
    sparse/      tape -> tape of the entries of a sparse Jacobian, and their pattern
    codegen/     tape -> LLVM IR
    runtime/     LLVM IR -> callable: compile, call, keep
    programs/    function + transform -> the tape to compile
    report/      tape -> text: evaluation traces, graphs, tables, every stage
    api.py       grad, jvp, vjp, jit: the stages composed
    matrices.py  jacobian, hessian, hvp, sparsity, laplacian
    higher.py    second and higher order: value_grad_hess, gauss_newton, taylor
    kernels.py   compile, trace, explain: a kernel, a tape, every stage
    control.py   scan, while_loop, cond ...: structured control flow
    callbacks.py callback, extend: functions that Python runs, meanings of those of libraries
    streaming.py points in blocks: mapped files, progress
    custom.py    custom_jvp, custom_vjp, elemental: functions that bring their own derivatives
    implicit/    roots, fixed points and minima, by the implicit function theorem
    autograd.py  the operators that HIPS autograd has beside JAX's
    numpy.py     the NumPy namespace whose arrays can be written to while a function is traced
    scipy/       SciPy's modules for traced values, by the names that SciPy has for them
    reference.py the table of all functions that take traced values
    testing.py   check_grads
    __main__.py  the command `jitad`; demo.py is what it does without arguments
    textbook/    dual numbers and a reverse sweep in pure Python, to learn from

To add a function of NumPy, look at functions/; an operation with a derivative of its own, at ops/.
Branches and loops: functions/program/ reads functions as programs, frontend/guards.py and
runtime/paths.py are for what Python decides itself, ops/control/ and functions/control/ for
structured control flow, functions/compiled.py and inference.py for functions of Numba's,
frontend/selected.py and functions/arrays/selections.py for x[mask] and x[:i], slices.py and sums.py
of frontend/ for bounds. Which arrays have memory, and which are changed where they are, as those
that loops carry: passes/stored.py, share_memory.py and in_place.py, reads_first.py for the order;
what a sweep has back by undoing writes: ops/control/restore.py, and what it reads in the end:
finals.py and accesses.py of passes/ and ops/control/final.py; how much of an array anybody asks
for: extents.py, and of the rows that a sweep reads: limit_rows.py and single_elements.py; what
integers may be: passes/ranges.py, and of which sums places are: ops/affine.py; what turns need not
wait for: apart.py and distribute.py.
Calls of a function by itself as its last step: functions/program/again.py. Functions that Python
runs: functions/control/opaque.py, under callbacks.py.
Many points: passes/components.py for what becomes of their arrays, passes/if_convert.py of their
branches, codegen/lanes.py and records.py for vectors, threads.py and runtime/team.py for cores,
codegen/cuda.py and device.py for GPUs. A call from Python: runtime/launch.py, kernel.py, doors.py
and entry.py, bound.py for one without arguments; services.py and interrupts.py for memory and
Ctrl-C, by codegen/routine.py. Object code on disk: runtime/compile.py asks disk.py for it.
What a function reads from outside: frontend/reads.py by roads.py, unseen.py and restless.py;
whether it is still the same: runtime/surroundings.py and watch.py. What
it writes to arguments: runtime/writes.py, to other objects: frontend/effects.py; what it raises:
functions/program/raising.py and ir/raised.py. Where plain rules are not enough:
transforms/shield.py for what was not taken, sizes.py, points.py, origins.py and slopes.py for sizes
at 0, kinks.py for kinks that cancel, spectra.py for repeated eigenvalues.
Whole matrices: programs/jacobian.py, those of small programs by transforms/eliminate.py, in an
order of orders.py; sparse ones by sparse/accumulate.py, whose terms.py says what a derivative is
there; sums of second derivatives: transforms/laplacian.py, derivatives of any order: taylor.py;
programs/second.py has second derivatives with what they are made from, report/extended.py the chain
rule as one sparse system.
Equations: implicit/unknown.py for x as a vector, problem.py for solvers that Python calls,
newton.py and elimination.py for those that are compiled.
SciPy's own names in a function: functions/program/mirrors.py, frontend/stand_ins.py for its
objects; scipy/states.py says of each name what it is for traced values, scipy/optimize/supplied.py
gives SciPy's solvers derivatives outside of traces, scipy/iterations.py runs its iterative ones.
"""

import importlib
from typing import TYPE_CHECKING, Any

from jitad.api import grad, jit, jvp, linearize, stop_gradient, value_and_grad, vjp
from jitad.autograd import (
    deriv,
    elementwise_grad,
    grad_and_aux,
    hessian_tensor_product,
    hessian_vector_product,
    holomorphic_grad,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_vjp,
    multigrad_dict,
    tensor_jacobian_product,
    vector_jacobian_product,
)
from jitad.callbacks import callback, extend
from jitad.control import checkpoint, cond, fori_loop, map, scan, switch, vmap, while_loop
from jitad.custom import custom_jvp, custom_vjp, elemental
from jitad.higher import (
    gauss_newton,
    gauss_newton_product,
    hessian_diagonal,
    taylor,
    value_grad_hess,
    value_grad_hvp,
)
from jitad.ir.errors import (
    CompileError,
    DifferentiationError,
    JitadError,
    LinearAlgebraError,
    NonFiniteError,
    ShapeError,
    TraceError,
    ZeroDerivativeWarning,
)
from jitad.kernels import compile, explain, trace
from jitad.matrices import (
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    laplacian,
    sparsity,
    value_and_laplacian,
)
from jitad.runtime.keeping import clear_caches, debug_nans
from jitad.runtime.kernel import Kernel
from jitad.runtime.paths import set_max_paths
from jitad.runtime.team import get_num_threads, set_num_threads
from jitad.sparse.pattern import Pattern
from jitad.streaming import stream
from jitad.testing import check_grads

__version__ = "0.1.0"

__all__ = [
    "CompileError",
    "DifferentiationError",
    "JitadError",
    "Kernel",
    "LinearAlgebraError",
    "NonFiniteError",
    "Pattern",
    "ShapeError",
    "TraceError",
    "ZeroDerivativeWarning",
    "callback",
    "check_grads",
    "checkpoint",
    "clear_caches",
    "compile",
    "cond",
    "custom_jvp",
    "custom_vjp",
    "debug_nans",
    "deriv",
    "elemental",
    "elementwise_grad",
    "explain",
    "extend",
    "fori_loop",
    "gauss_newton",
    "gauss_newton_product",
    "get_num_threads",
    "grad",
    "grad_and_aux",
    "hessian",
    "hessian_diagonal",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "laplacian",
    "linearize",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_vjp",
    "map",
    "multigrad_dict",
    "scan",
    "set_max_paths",
    "set_num_threads",
    "sparsity",
    "stop_gradient",
    "stream",
    "switch",
    "taylor",
    "tensor_jacobian_product",
    "trace",
    "value_and_grad",
    "value_and_laplacian",
    "value_grad_hess",
    "value_grad_hvp",
    "vector_jacobian_product",
    "vjp",
    "vmap",
    "while_loop",
]


if TYPE_CHECKING:
    from jitad import implicit as implicit
    from jitad import numpy as numpy
    from jitad import scipy as scipy
else:

    def __getattr__(name: str) -> Any:
        """jitad.numpy, jitad.scipy and jitad.implicit, imported when they are first used."""
        if name in ("implicit", "numpy", "scipy"):
            return importlib.import_module(f"jitad.{name}")
        raise AttributeError(f"module 'jitad' has no attribute {name!r}")
