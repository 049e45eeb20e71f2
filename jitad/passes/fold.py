"""Tape -> Tape: constant folding and algebraic simplification.

No rule changes a result, NaN and infinity included; only the sign of a zero may change (x + 0).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from jitad.ir.builder import Builder, run
from jitad.ir.op import Elementwise, Op
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

Rewrite = Callable[[Builder, Instr], int | None]


def fold(tape: Tape) -> Tape:
    """The tape with constants computed and identities removed."""
    builder = Builder()
    new: list[int] = []
    for instr in tape.instrs:
        op, args, params, shape, dtype, line = instr
        moved = Instr(op, tuple([new[j] for j in args]), params, shape, dtype, line)
        builder.line = line
        rewritten = _simplest(builder, moved) if args else None
        new.append(builder.copy(moved, moved.args) if rewritten is None else rewritten)
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


def _simplest(builder: Builder, instr: Instr) -> int | None:
    """The rewritten instruction, itself rewritten as long as a rule applies."""
    result: int | None = None
    while instr.args:
        count = len(builder.instrs)
        rewritten = _rewrite(builder, instr)
        if rewritten is None:
            return result
        result = rewritten
        if result < count:
            return result
        instr = builder.instrs[result]
    return result


def _rewrite(builder: Builder, instr: Instr) -> int | None:
    op = instr.op
    if builder.instrs[instr.args[0]].op is CONST and all(
        builder.instrs[j].op is CONST for j in instr.args
    ):
        folded = _fold_constants(builder, instr)
        if folded is not None:
            return folded
    rule = _RULES.get(op)
    return rule(builder, instr) if rule is not None else None


def _fold_constants(builder: Builder, instr: Instr) -> int | None:
    """An op on constants, where the result has the same number in every element."""
    if instr.op in _MOVES:
        number = builder.instrs[instr.args[0]].params[0]
    elif isinstance(instr.op, Elementwise):
        scalars = [
            np.asarray(builder.instrs[j].params[0], builder.instrs[j].dtype) for j in instr.args
        ]
        number = run(instr, dict(zip(instr.args, scalars, strict=True))).item()
    else:
        return None
    return builder.const(number, instr.shape, instr.dtype).index


_MOVES: tuple[Op, ...] = (st.broadcast, st.reshape, st.transpose, st.index)


def _number(builder: Builder, index: int) -> float | None:
    """The number that a constant has in every element."""
    instr = builder.instrs[index]
    return instr.params[0] if instr.op is CONST else None


def _is_zero(number: float | None) -> bool:
    return number == 0


def _add(builder: Builder, instr: Instr) -> int | None:
    x, y = instr.args
    if instr.dtype.kind == "b":
        return None
    if _is_zero(_number(builder, x)):
        return y
    if _is_zero(_number(builder, y)):
        return x
    if x == y:
        return _scaled(builder, x, 2, instr)
    left, right = builder.instrs[x], builder.instrs[y]
    if _adds_to_zeros(builder, right):
        return _added(builder, x, right)
    if _adds_to_zeros(builder, left):
        return _added(builder, y, left)
    if left.op is ew.where and right.op is ew.where and left.args[0] == right.args[0]:
        return _join_masks(builder, left, right)
    if right.op is ew.neg:
        return ew.sub(builder.value(x), builder.value(right.args[0])).index
    if left.op is ew.neg:
        return ew.sub(builder.value(y), builder.value(left.args[0])).index
    return None


def _adds_to_zeros(builder: Builder, instr: Instr) -> bool:
    """Whether a value is zeros but for rows that are added to it."""
    return instr.op is st.scatter_add and _is_zero(_number(builder, instr.args[0]))


def _added(builder: Builder, x: int, update: Instr) -> int:
    """x + scatter_add(0, i, u) is scatter_add(x, i, u), which need not pass over all of x."""
    return st.scatter_add(*(builder.value(j) for j in (x, *update.args[1:]))).index


def _join_masks(builder: Builder, left: Instr, right: Instr) -> int | None:
    """where(c, x, 0) + where(c, 0, y) is where(c, x, y)."""
    c, x, zero = left.args
    _, zero2, y = right.args
    if _is_zero(_number(builder, x)) and _is_zero(_number(builder, y)):
        (x, zero), (zero2, y) = right.args[1:], left.args[1:]
    if _is_zero(_number(builder, zero)) and _is_zero(_number(builder, zero2)):
        return ew.where(builder.value(c), builder.value(x), builder.value(y)).index
    return None


def _sub(builder: Builder, instr: Instr) -> int | None:
    x, y = instr.args
    if _is_zero(_number(builder, y)):
        return x
    if _is_zero(_number(builder, x)):
        return ew.neg(builder.value(y)).index
    if builder.instrs[y].op is ew.neg:
        return ew.add(builder.value(x), builder.value(builder.instrs[y].args[0])).index
    return None


def _mul(builder: Builder, instr: Instr) -> int | None:
    if instr.dtype.kind == "b":
        return None
    for x, y in (instr.args, instr.args[::-1]):
        number = _number(builder, y)
        if number == 1:
            return x
        if number == -1:
            return ew.neg(builder.value(x)).index
        inner = builder.instrs[x]
        if number is not None and inner.op is ew.neg:
            return _scaled(builder, inner.args[0], -number, instr)
        if number is not None and inner.op is ew.mul and _joins(builder, inner, number):
            return _scaled(builder, x, number, instr)
        if inner.op is ew.neg:
            # One negation, outermost, where it meets the next product or sum.
            product = ew.mul(builder.value(inner.args[0]), builder.value(y))
            return _neg_of(builder, product.index)
    return None


def _fma(builder: Builder, instr: Instr) -> int | None:
    """A product that needs no rounding is none: by 1 or -1, or with nothing to be added."""
    x, y, z = (builder.value(j) for j in instr.args)
    if _is_zero(_number(builder, z.index)):
        return ew.mul(x, y).index
    for factor, other in ((x, y), (y, x)):
        if _number(builder, factor.index) == 1:
            return ew.add(other, z).index
        if _number(builder, factor.index) == -1:
            return ew.sub(z, other).index
    return None


def _neg_of(builder: Builder, index: int) -> int:
    """-x, with another negation undone: both factors of a product were negated."""
    instr = builder.instrs[index]
    if instr.op is ew.mul:
        for x, y in (instr.args, instr.args[::-1]):
            inner = builder.instrs[x]
            if inner.op is ew.neg:
                return ew.mul(builder.value(inner.args[0]), builder.value(y)).index
    return ew.neg(builder.value(index)).index


def _joins(builder: Builder, product: Instr, number: float) -> bool:
    """Whether a product has a constant factor that `number` can be joined with exactly."""
    others = [_number(builder, j) for j in product.args]
    return any(_joined(product, x, number) is not None for x in others)


def _joined(product: Instr, other: float | None, number: float) -> float | None:
    """other * number, where (x * other) * number is exactly x * (other * number)."""
    if other is None or not (_exact(number) or _exact(other)):
        return None
    joined = other * number
    if product.dtype.kind in "fc" and joined != 0:
        # No overflow, and no loss of digits near 0.
        limits = np.finfo(product.dtype)
        if not limits.tiny <= abs(joined) <= limits.max:
            return None
    return joined


def _scaled(builder: Builder, index: int, number: float, instr: Instr) -> int:
    """x * number, joined with a product with another number below it."""
    inner = builder.instrs[index]
    if inner.op is ew.mul:
        for u, w in (inner.args, inner.args[::-1]):
            joined = _joined(inner, _number(builder, w), number)
            if joined is not None:
                index, number = u, joined
                break
    factor = builder.const(number, instr.shape, instr.dtype)
    return ew.mul(builder.value(index), factor).index


def _exact(number: float) -> bool:
    """Whether products with it are exact: a power of two."""
    return (
        type(number) is not complex
        and math.isfinite(number)
        and abs(math.frexp(number)[0]) == 0.5
        and abs(number) < 2**20
    )


def _div(builder: Builder, instr: Instr) -> int | None:
    x, y = instr.args
    number = _number(builder, y)
    if number == 1:
        return x
    if number is not None and _exact(number) and abs(number) > 2.0**-20:
        return _scaled(builder, x, 1 / number, instr)
    return None


def _neg(builder: Builder, instr: Instr) -> int | None:
    inner = builder.instrs[instr.args[0]]
    if inner.op is ew.neg:
        return inner.args[0]
    if inner.op is ew.sub and instr.dtype.kind in "fc":
        x, y = inner.args
        return ew.sub(builder.value(y), builder.value(x)).index
    return None


def _where(builder: Builder, instr: Instr) -> int | None:
    c, x, y = instr.args
    number = _number(builder, c)
    if number is not None:
        return x if number else y
    if x == y:
        return x
    condition = builder.instrs[c]
    if condition.op is ew.logical_not:
        operands = (condition.args[0], y, x)
        return ew.where(*(builder.value(j) for j in operands)).index
    return None


def _cast(builder: Builder, instr: Instr) -> int | None:
    return instr.args[0] if builder.instrs[instr.args[0]].dtype == instr.dtype else None


def _stop_gradient(builder: Builder, instr: Instr) -> int:
    """Derivatives have been taken before this pass: what is left is the value itself."""
    return instr.args[0]


def _reshape(builder: Builder, instr: Instr) -> int | None:
    inner = builder.instrs[instr.args[0]]
    if inner.shape == instr.shape:
        return instr.args[0]
    if inner.op is st.reshape:
        return st.reshape(builder.value(inner.args[0]), shape=instr.shape).index
    return None


def _broadcast(builder: Builder, instr: Instr) -> int | None:
    inner = builder.instrs[instr.args[0]]
    if inner.shape == instr.shape:
        return instr.args[0]
    if inner.op is st.broadcast:
        return st.broadcast(builder.value(inner.args[0]), shape=instr.shape).index
    return None


def _transpose(builder: Builder, instr: Instr) -> int | None:
    (perm,) = instr.params
    if perm == tuple(range(len(perm))):
        return instr.args[0]
    inner = builder.instrs[instr.args[0]]
    if inner.op is st.transpose:
        (first,) = inner.params
        joined = tuple(first[i] for i in perm)
        return st.transpose(builder.value(inner.args[0]), perm=joined).index
    return None


def _index(builder: Builder, instr: Instr) -> int | None:
    (slots,) = instr.params
    inner = builder.instrs[instr.args[0]]
    if _is_full(slots, inner.shape):
        return instr.args[0]
    if inner.op in (st.index_add, st.index_set):
        return _index_of_update(builder, instr.args[0], slots)
    if inner.op is st.index:
        return _joined_index(builder, inner, slots)
    return None


_FAR = 300
"""How many updates an index is looked for behind: their number times this bounds the work."""


def _index_of_update(builder: Builder, last: int, slots: tuple[st.Slot, ...]) -> int | None:
    """An index of an array after updates of other elements, or the very one that was written."""
    x = _behind(builder, last, slots)
    update = builder.instrs[x]
    written = update.op in (st.index_add, st.index_set) and update.params[0] == slots
    if written and (update.op is st.index_set or _is_zero(_number(builder, update.args[0]))):
        return update.args[1]
    return None if x == last else st.index(builder.value(x), slots=slots).index


def _behind(builder: Builder, x: int, slots: tuple[st.Slot, ...]) -> int:
    """The array before all updates that do not touch the elements at `slots`."""
    for _ in range(_FAR):
        update = builder.instrs[x]
        if update.op not in (st.index_add, st.index_set):
            break
        if not st.are_disjoint(update.params[0], slots):
            break
        x = update.args[0]
    return x


def _joined_index(builder: Builder, inner: Instr, slots: tuple[st.Slot, ...]) -> int:
    """x[a][b] as one index."""
    remaining = iter(slots)
    joined: list[st.Slot] = []
    for slot in inner.params[0]:
        if isinstance(slot, int):
            joined.append(slot)
            continue
        start, _, step = slot
        outer = next(remaining)
        if isinstance(outer, int):
            joined.append(start + step * outer)
        else:
            joined.append((start + step * outer[0], outer[1], step * outer[2]))
    return st.index(builder.value(inner.args[0]), slots=tuple(joined)).index


def _is_full(slots: tuple[st.Slot, ...], shape: tuple[int, ...]) -> bool:
    return all(slot == (0, n, 1) for slot, n in zip(slots, shape, strict=True))


def _index_add(builder: Builder, instr: Instr) -> int | None:
    x, u = (builder.value(j) for j in instr.args)
    (slots,) = instr.params
    if _is_full(slots, instr.shape):
        return u.index if _is_zero(_number(builder, x.index)) else ew.add(x, u).index
    inner = builder.instrs[x.index]
    if inner.op in (st.index_add, st.index_set) and inner.params == instr.params:
        first, earlier = (builder.value(j) for j in inner.args)
        return inner.op(first, ew.add(earlier, u), slots=slots).index
    return x.index if _is_zero(_number(builder, u.index)) else None


def _index_set(builder: Builder, instr: Instr) -> int | None:
    x, u = (builder.value(j) for j in instr.args)
    (slots,) = instr.params
    if _is_full(slots, instr.shape):
        return u.index
    inner, new = builder.instrs[x.index], builder.instrs[u.index]
    if inner.op in (st.index_add, st.index_set) and inner.params == instr.params:
        return st.index_set(builder.value(inner.args[0]), u, slots=slots).index
    if new.op is st.index and new.params == instr.params:
        return x.index if new.args[0] == _behind(builder, x.index, slots) else None
    number = _number(builder, u.index)
    same = number is not None and repr(number) == repr(_number(builder, x.index))
    return x.index if same else None


def _sum(builder: Builder, instr: Instr) -> int | None:
    (axes,) = instr.params
    source = builder.instrs[instr.args[0]]
    lengths: list[int] = [source.shape[i] for i in axes]
    count = math.prod(lengths)
    if count == 1:
        return st.reshape(builder.value(instr.args[0]), shape=instr.shape).index
    number = _number(builder, instr.args[0])
    if number is not None:
        return builder.const(number * count, instr.shape, instr.dtype).index
    return None


_RULES: dict[Op, Rewrite] = {
    ew.add: _add,
    ew.sub: _sub,
    ew.mul: _mul,
    ew.fma: _fma,
    ew.div: _div,
    ew.neg: _neg,
    ew.where: _where,
    ew.cast: _cast,
    ew.stop_gradient: _stop_gradient,
    st.reshape: _reshape,
    st.broadcast: _broadcast,
    st.transpose: _transpose,
    st.index: _index,
    st.index_add: _index_add,
    st.index_set: _index_set,
    st.reduce_sum: _sum,
}
