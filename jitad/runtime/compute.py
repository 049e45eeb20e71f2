"""What a trace has computed for it: tapes run as machine code at concrete values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jitad.codegen.status import GUARD_FAILED
from jitad.frontend.pytree import flatten
from jitad.frontend.trace import Leaf
from jitad.ir.tape import Tape
from jitad.ops.control.parts import input_types
from jitad.runtime.arguments import canonical
from jitad.runtime.kernel import Kernel
from jitad.runtime.plan import Plan


def kernel_of(tape: Tape) -> Kernel:
    """A tape as machine code, of its inputs."""
    leaves = tuple(Leaf(*t) for t in input_types(tape))
    result = [0] * len(tape.outputs) if len(tape.outputs) != 1 else 0
    return Kernel(Plan(tape, leaves, (), flatten(result)[1]))


def compiled(tape: Tape) -> Callable[[Sequence[Any]], list[Any] | None]:
    """A tape as a function of arrays; None is its result where a guard fails."""
    kernel = kernel_of(tape)

    def run(arrays: Sequence[Any]) -> list[Any] | None:
        pairs = zip(arrays, kernel.plan.leaves, strict=True)
        result = kernel.call([canonical(leaf.dtype.type(x)) if leaf.shape == () else canonical(x)
                              for x, leaf in pairs])  # fmt: skip
        if type(result) is int:
            assert result & GUARD_FAILED, "a kernel refused what it was compiled for"
            return None
        return result if len(tape.outputs) != 1 else [result]

    return run
