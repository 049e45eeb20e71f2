"""What a trace has computed for it: tapes run as machine code at concrete values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jitad.codegen.status import GUARD_FAILED
from jitad.frontend.pytree import flatten
from jitad.frontend.trace import Leaf
from jitad.ir.tape import Tape
from jitad.runtime.arguments import canonical
from jitad.runtime.kernel import Kernel
from jitad.runtime.plan import Plan


def compiled(tape: Tape) -> Callable[[Sequence[Any]], list[Any] | None]:
    """A tape as a function of arrays; None is its result where a guard fails."""
    instrs = [tape.instrs[i] for i in tape.inputs]
    leaves = tuple(Leaf(x.shape, x.dtype) for x in instrs)
    many = (0,) * len(tape.outputs)
    kernel = Kernel(Plan(tape, leaves, (), flatten(many)[1]))

    def run(arrays: Sequence[Any]) -> list[Any] | None:
        pairs = zip(arrays, leaves, strict=True)
        result = kernel.call([canonical(leaf.dtype.type(x)) if leaf.shape == () else canonical(x)
                              for x, leaf in pairs])  # fmt: skip
        if type(result) is int:
            assert result & GUARD_FAILED, "a kernel refused what it was compiled for"
            return None
        return list(result)

    return run
