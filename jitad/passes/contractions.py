"""Tape -> Tape: contractions in the layouts that BLAS takes; tiny and outer ones as products.

BLAS sees stacks of dense matrices: operands labelled (stack, rows, inner) or (stack, inner, rows),
results (stack, rows, columns) or (stack, columns, rows). Transposed operands are absorbed into
the labels; what still does not fit is transposed by a copy.
"""

from __future__ import annotations

import math

from jitad.ir.builder import Builder
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.contraction import contract, labels
from jitad.ops.control.parts import rewritten
from jitad.passes.short_axes import LONG

_TINY = 128
"""Products of at most that many multiplications are not worth a library call."""

_SMALL = 256
"""Nor are those of a long stack where each has so few: they become lanes' work."""


def contractions(tape: Tape) -> Tape:
    """The tape with every contraction ready for BLAS."""
    if not any(instr.op is contract for instr in tape.instrs):
        return tape
    return rewritten(tape, _lowered)


def _lowered(builder: Builder, _: int, instr: Instr) -> int | None:
    if instr.op is not contract:
        return None
    a, b, out = labels(instr.params[0])
    x, a = _absorb(builder, builder.value(instr.args[0]), a)
    y, b = _absorb(builder, builder.value(instr.args[1]), b)
    sizes = dict(zip(a + b, x.shape + y.shape, strict=True))
    stack = "".join(label for label in out if label in a and label in b)
    inner = [label for label in a if label in b and label not in out]
    rows = "".join(label for label in out if label not in b)
    columns = "".join(label for label in out if label not in a)
    every = math.prod(sizes.values())
    each = every // math.prod(sizes[label] for label in stack)
    tiny = every <= _TINY or (each <= _SMALL and every >= LONG * each)
    if not inner or not (rows or columns) or tiny:
        return _product(x, y, a, b, out, "".join(inner), sizes).index
    k = next(
        (order for order in (_inner(a, inner), _inner(b, inner)) if _fits(a, b, stack, order, out)),
        _inner(a, inner),
    )
    x, a = _arrange(x, a, stack, rows, k)
    y, b = _arrange(y, b, stack, columns, k)
    good = out in (stack + rows + columns, stack + columns + rows)
    target = out if good else stack + rows + columns
    result = contract(x, y, spec=f"{a},{b}->{target}")
    if not good:
        result = st.transpose(result, perm=tuple(target.index(label) for label in out))
    return result.index


def _absorb(builder: Builder, x: Value, a: str) -> tuple[Value, str]:
    """A transposed operand is its source with other labels."""
    instr = builder.instrs[x.index]
    if instr.op is not st.transpose:
        return x, a
    source = [""] * len(a)
    for label, axis in zip(a, instr.params[0], strict=True):
        source[axis] = label
    return _absorb(builder, builder.value(instr.args[0]), "".join(source))


def _inner(a: str, inner: list[str]) -> str:
    return "".join(label for label in a if label in inner)


def _fits(a: str, b: str, stack: str, k: str, out: str) -> bool:
    return all(
        _layout(term, stack, "".join(c for c in out if c in term and c not in stack), k) == term
        for term in (a, b)
    )


def _layout(a: str, stack: str, free: str, k: str) -> str:
    """The layout of an operand: as it is where it fits, else (stack, free, inner)."""
    return a if a in (stack + free + k, stack + k + free) else stack + free + k


def _arrange(x: Value, a: str, stack: str, free: str, k: str) -> tuple[Value, str]:
    wanted = _layout(a, stack, free, k)
    if wanted == a:
        return x, a
    return st.transpose(x, perm=tuple(a.index(label) for label in wanted)), wanted


def _product(
    x: Value, y: Value, a: str, b: str, out: str, inner: str, sizes: dict[str, int]
) -> Value:
    order = out + inner
    shape = tuple(sizes[label] for label in order)
    factors: list[Value] = []
    for value, term in ((x, a), (y, b)):
        present = [label for label in order if label in term]
        perm = tuple(term.index(label) for label in present)
        value = value if perm == tuple(range(len(perm))) else st.transpose(value, perm=perm)
        value = st.reshape(value, shape=tuple(sizes[c] if c in term else 1 for c in order))
        factors.append(st.broadcast(value, shape=shape))
    if not inner:
        return ew.mul(*factors)
    return st.reduce_sum(ew.term(*factors), axes=tuple(range(len(out), len(order))))
