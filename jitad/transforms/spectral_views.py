"""What views show of a function of a matrix by its eigenvalues: one rule an op.

A rule is given all instructions, the one that it is for, its place, and what is known of operands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from jitad.ir.op import Op
from jitad.ir.tape import CONST, Instr
from jitad.ops import structural as st
from jitad.ops.gathers import gather
from jitad.ops.joins import concatenate
from jitad.ops.linalg.spectral_functions import SINGULAR
from jitad.ops.sorting import argsort
from jitad.ops.views import Slot
from jitad.transforms.spectral_kinds import (
    Diagonal,
    Elements,
    Flat,
    Known,
    Numbers,
    Packed,
    Vectors,
)

Instrs = Sequence[Instr]
Rule = Callable[[Instrs, Instr, int, Sequence[Known | None]], Known | None]


def is_vector(instrs: Instrs, known: Known, i: int) -> bool:
    """Whether a value has the axis of eigenvalues alone, beside those of the stack."""
    return isinstance(known, Numbers) and len(instrs[i].shape) == len(known.of.lead) + 1


def _indexed(
    instrs: Instrs, instr: Instr, i: int, operands: Sequence[Known | None]
) -> Known | None:
    """The eigenvalues or vectors of a packed decomposition; either in the other order."""
    known, slots = operands[0], instr.params[0]
    source = instrs[instr.args[0]].shape
    if known is None or len(instr.shape) < len(known.of.lead):
        return None
    rank = len(known.of.lead)
    if slots[:rank] != tuple((0, size, 1) for size in known.of.lead):
        return None
    if isinstance(known, Packed):
        return _part(instrs, known, instr, i, slots[rank:])
    if isinstance(known, Elements):
        return replace(known, sets=_chosen(known.sets, slots[-1])) if len(slots) > rank else None
    whole = [(0, n, 1) for n in source[rank:]]
    back = [(n - 1, n, -1) for n in source[rank:]]
    turned = known.of._replace(turned=not known.of.turned)
    if isinstance(known, Numbers) and is_vector(instrs, known, instr.args[0]):
        if list(slots[rank:]) == back:
            return Numbers(turned, -1, i)
        every = tuple(frozenset((place,)) for place in range(source[-1]))
        return Elements(known.of, known.g, None, _chosen(every, slots[-1]))
    if isinstance(known, Vectors):
        wanted = [back[k] if k - 2 == known.axis else whole[k] for k in (0, 1)]
        return replace(known, of=turned) if list(slots[rank:]) == wanted else None
    return None


def _chosen(sets: tuple[frozenset[int], ...], slot: Slot) -> tuple[frozenset[int], ...]:
    """Those at one place, or in a range of them."""
    if isinstance(slot, int):
        return (sets[slot],)
    start, count, step = slot
    return tuple(sets[start + step * place] for place in range(count))


def _part(
    instrs: Instrs, known: Packed, instr: Instr, i: int, slots: tuple[object, ...]
) -> Known | None:
    n, m = instrs[known.of.matrix].shape[-2:]
    if known.of.source != SINGULAR:
        whole = (0, n, 1)
        if slots == (n, whole):
            return Numbers(known.of, -1, i)
        return Vectors(known.of, -2, None) if slots == (whole, whole) else None
    total = instrs[instr.args[0]].shape[-1]
    k = min(n, m)
    of_u, of_v = (0, k * m, 1), (k * m, k * n, 1)
    if total != k * (m + n + 1):  # vectors that complete a basis have no eigenvalue
        return Numbers(known.of, -1, i) if slots == ((total - k, k, 1),) else None
    found: dict[object, Known] = {
        (of_u,): Flat(known.of, "u"),
        (of_v,): Flat(known.of, "v"),
        ((total - k, k, 1),): Numbers(known.of, -1, i),
    }
    return found.get(slots)


def _transposed(
    instrs: Instrs, instr: Instr, i: int, operands: Sequence[Known | None]
) -> Known | None:
    known, rank = operands[0], len(instr.shape)
    (perm,) = instr.params
    plain = tuple(range(rank))
    if perm == plain:
        return _copied(instrs, known, i)
    if isinstance(known, (Numbers, Vectors)) and rank == len(known.of.lead) + 2:
        if perm == (*plain[:-2], rank - 1, rank - 2):
            return replace(known, axis=-3 - known.axis)
        return None
    return known if isinstance(known, Diagonal) and rank == 2 else None


def _copied(instrs: Instrs, known: Known | None, i: int) -> Known | None:
    """A copy of what is known: a vector is its own."""
    if isinstance(known, Numbers) and is_vector(instrs, known, i):
        return replace(known, g=i)
    return known


def _reshaped(
    instrs: Instrs, instr: Instr, i: int, operands: Sequence[Known | None]
) -> Known | None:
    """A vector as a matrix of one row or one column; what lies flat as a matrix."""
    known, (j,) = operands[0], instr.args
    before, after = instrs[j].shape, instr.shape
    if before == after:
        return _copied(instrs, known, i)
    if isinstance(known, Elements):
        return known if after in (known.of.lead, (*known.of.lead, len(known.sets))) else None
    if isinstance(known, Flat):
        n, m = instrs[known.of.matrix].shape[-2:]
        k = min(n, m)
        as_matrix = (k, m) if known.side == "u" else (n, k)
        axis = -2 if known.side == "u" else -1
        is_matrix = after == (*known.of.lead, *as_matrix)
        return Vectors(known.of, axis, None, known.side) if is_matrix else None
    if isinstance(known, Diagonal):
        n = math.isqrt(math.prod(before))
        return known if after == (n, n) else None
    if not isinstance(known, Numbers) or not is_vector(instrs, known, j):
        return None
    lead, n = known.of.lead, before[-1]
    if after == (*lead, 1, n):
        return known
    return replace(known, axis=-2) if after == (*lead, n, 1) else None


def _broadcast(
    instrs: Instrs, instr: Instr, i: int, operands: Sequence[Known | None]
) -> Known | None:
    known, (j,) = operands[0], instr.args
    before, after = instrs[j].shape, instr.shape
    if before == after:
        return _copied(instrs, known, i)
    if not isinstance(known, Numbers) or len(after) != len(known.of.lead) + 2:
        return None
    same_stack = after[:-2] == known.of.lead and (len(before) == len(after) or not after[:-2])
    return known if same_stack and before[known.axis] == after[known.axis] else None


def _placed(instrs: Instrs, instr: Instr, i: int, operands: Sequence[Known | None]) -> Known | None:
    """A vector on the diagonal of zeros, as np.diag writes it."""
    zero, known = instrs[instr.args[0]], operands[1]
    if not isinstance(known, Numbers) or known.of.lead or zero.op is not CONST:
        return None
    n = instrs[instr.args[1]].shape[-1]
    on_diagonal = instr.shape == (n * n,) and instr.params[0] == ((0, n, n + 1),)
    return Diagonal(known.of, known.g) if on_diagonal and zero.params[0] == 0 else None


def _sorted(instrs: Instrs, instr: Instr, i: int, operands: Sequence[Known | None]) -> Known | None:
    """A vector in an order of its own, in which it meets no other."""
    known, (_, places) = operands[0], instr.args
    if not isinstance(known, Numbers) or known.of.lead or instrs[places].op is not argsort:
        return None
    return Numbers(known.of._replace(turned=i), -1, i)


def _joined(instrs: Instrs, instr: Instr, i: int, operands: Sequence[Known | None]) -> Known | None:
    """Elements of the same vector, one after the other."""
    parts = [known for known in operands if isinstance(known, Elements)]
    ops = {known.op for known in parts} - {None}
    if len(parts) < len(operands) or len(ops) > 1 or len({known.g for known in parts}) > 1:
        return None
    sets = tuple(places for known in parts for places in known.sets)
    return replace(parts[0], op=ops.pop() if ops else None, sets=sets)


VIEWS: dict[Op, Rule] = {
    st.index: _indexed,
    st.transpose: _transposed,
    st.reshape: _reshaped,
    st.broadcast: _broadcast,
    st.index_add: _placed,
    concatenate: _joined,
    st.pack: _joined,
    gather: _sorted,
}
