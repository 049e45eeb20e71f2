"""NumPy's products of arrays on values: dot, matmul, inner, outer, tensordot, einsum, vdot.

Each becomes one `contract` in normal form; where nothing is to be contracted, or nothing is left
free, it becomes a product and a sum, which fuse with their neighbours.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from jitad.frontend.operands import (
    array_dtype,
    as_dtype,
    implements,
    innermost,
    lift,
)
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import FUNCTIONS, UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.contraction import contract


def _pair(a: Any, b: Any) -> tuple[Value, Value]:
    builder = innermost((a, b))
    x, y = lift(builder, a), lift(builder, b)
    dtype = array_dtype(x, y)
    return as_dtype(x, dtype), as_dtype(y, dtype)


def product(x: Value, y: Value, a: str, b: str, out: str) -> Value:
    """Sum over the labels that `out` lacks of x[a] y[b], from any labels to normal form."""
    x, a = _prepare(x, a, b, out)
    y, b = _prepare(y, b, a, out)
    sizes = _sizes(x, y, a, b)
    contracted = [label for label in a if label in b and label not in out]
    free = [label for label in out if (label in a) != (label in b)]
    if contracted and free and x.dtype.kind == "f":
        return contract(x, y, spec=f"{a},{b}->{out}")
    order = out + "".join(contracted)
    shape = tuple(sizes[label] for label in order)
    total = ew.mul(_spread(x, a, order, shape), _spread(y, b, order, shape))
    if not contracted:
        return total
    return st.reduce_sum(total, axes=tuple(range(len(out), len(order))))


def _sizes(x: Value, y: Value, a: str, b: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for label, n in [*zip(a, x.shape, strict=True), *zip(b, y.shape, strict=True)]:
        if sizes.setdefault(label, n) != n:
            raise ShapeError(
                f"operands of shapes {x.shape} and {y.shape} do not fit: an axis of {sizes[label]}"
                f" meets one of {n}",
                remedy="check the shapes; transpose an operand with x.T",
            )
    return sizes


def _prepare(x: Value, a: str, b: str, out: str) -> tuple[Value, str]:
    """Diagonals for repeated labels, sums for labels that stand nowhere else."""
    for label in dict.fromkeys(a):
        while a.count(label) > 1:
            i = a.index(label)
            j = a.index(label, i + 1)
            x = FUNCTIONS[np.diagonal](x, axis1=i, axis2=j)
            a = a[:i] + a[i + 1 : j] + a[j + 1 :] + label
    lone = tuple(i for i, label in enumerate(a) if label not in b and label not in out)
    if lone:
        x = st.reduce_sum(x, axes=lone)
        a = "".join(label for i, label in enumerate(a) if i not in lone)
    return x, a


def _spread(x: Value, a: str, order: str, shape: tuple[int, ...]) -> Value:
    """x with its axes in the order of `order`, broadcast to `shape`."""
    present = [label for label in order if label in a]
    x = st.transpose(x, perm=tuple(a.index(label) for label in present))
    sizes = dict(zip(present, x.shape, strict=True))
    x = st.reshape(x, shape=tuple(sizes.get(label, 1) for label in order))
    return st.broadcast(x, shape=shape)


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Value:
    x, y = _pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        return UFUNCS[np.multiply](x, y)
    if y.ndim == 1:
        return tensordot(x, y, axes=((-1,), (0,)))
    return tensordot(x, y, axes=((-1,), (-2,)))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Value:
    x, y = _pair(a, b)
    return product(x.reshape(-1), y.reshape(-1), "i", "i", "")


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Value:
    x, y = _pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        return UFUNCS[np.multiply](x, y)
    return tensordot(x, y, axes=((-1,), (-1,)))


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Value:
    x, y = _pair(a, b)
    return product(x.reshape(-1), y.reshape(-1), "i", "j", "ij")


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Value:
    x, y = _pair(a, b)
    if isinstance(axes, int):
        left, right = tuple(range(x.ndim - axes, x.ndim)), tuple(range(axes))
    else:
        left, right = (tuple(i) if isinstance(i, (tuple, list)) else (i,) for i in axes)
    left, right = tuple(i % x.ndim for i in left), tuple(i % y.ndim for i in right)
    names = iter(string.ascii_letters)
    of_x = [next(names) for _ in range(x.ndim)]
    of_y = [next(names) for _ in range(y.ndim)]
    for i, j in zip(left, right, strict=True):
        of_y[j] = of_x[i]
    out = [label for i, label in enumerate(of_x) if i not in left]
    out += [label for j, label in enumerate(of_y) if j not in right]
    return product(x, y, "".join(of_x), "".join(of_y), "".join(out))


def matmul(a: Any, b: Any) -> Value:
    """np.matmul: stacks of matrices broadcast."""
    x, y = _pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError("matmul of a scalar", remedy="use * for products with scalars")
    names = string.ascii_letters
    of_x = "k" if x.ndim == 1 else "ik"
    of_y = "k" if y.ndim == 1 else "kj"
    lead = max(x.ndim, y.ndim, 2) - 2
    free = [c for c in names if c not in "ijk"]
    stack = "".join(free[:lead])
    x, of_x, x_out = _stacked(x, of_x, stack)
    y, of_y, y_out = _stacked(y, of_y, stack)
    batch = "".join(label for label in stack if label in x_out or label in y_out)
    missing = [label for label in stack if label not in batch]
    out = batch + ("i" if "i" in of_x else "") + ("j" if "j" in of_y else "")
    result = product(x, y, of_x, of_y, out)
    if missing:
        sizes = iter(result.shape)
        shape = [next(sizes) if label in batch else 1 for label in stack]
        result = st.reshape(result, shape=(*shape, *sizes))
    return result


def _stacked(x: Value, core: str, stack: str) -> tuple[Value, str, str]:
    """Label the stack's axes of one operand; axes of length 1 are dropped, to broadcast."""
    count = x.ndim - len(core)
    lead = stack[len(stack) - count :] if count else ""
    kept = "".join(label for label, n in zip(lead, x.shape, strict=False) if n != 1)
    shape = tuple(n for n in x.shape[:count] if n != 1) + x.shape[count:]
    x = x if shape == x.shape else st.reshape(x, shape=shape)
    return x, kept + core, kept


UFUNCS[np.matmul] = matmul


@implements(np.einsum)
def einsum(
    subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, **_: Any
) -> Value:
    if not isinstance(subscripts, str) or out is not None:
        raise TraceError(
            "np.einsum of traced values takes a string of subscripts first, and no out=",
            remedy='write np.einsum("ij,jk->ik", a, b)',
        )
    builder = innermost(operands)
    values = [lift(builder, x) for x in operands]
    dtype = array_dtype(*values)
    values = [as_dtype(x, dtype) for x in values]
    terms, result = _subscripts(subscripts, values)
    values, terms = _drop_ones(values, terms)
    if len(values) == 1:
        return _single(values[0], terms[0], result)
    work = list(zip(values, terms, strict=True))
    for i, j in _order(work, result):
        (y, b), (x, a) = work.pop(max(i, j)), work.pop(min(i, j))
        rest = {label for _, term in work for label in term} | set(result)
        out_labels = "".join(dict.fromkeys(label for label in a + b if label in rest))
        out_labels = out_labels if work else result
        work.append((product(x, y, a, b, out_labels), out_labels))
    return work[0][0]


def _drop_ones(values: list[Value], terms: list[str]) -> tuple[list[Value], list[str]]:
    """Without the axes of length 1 whose label is longer elsewhere: they broadcast."""
    sizes: dict[str, int] = {}
    for x, term in zip(values, terms, strict=True):
        for label, n in zip(term, x.shape, strict=True):
            sizes[label] = n if sizes.get(label, 1) == 1 else sizes[label]
    kept = [
        tuple(i for i, label in enumerate(term) if x.shape[i] != 1 or sizes[label] == 1)
        for x, term in zip(values, terms, strict=True)
    ]
    values = [
        x if len(places) == x.ndim else st.reshape(x, shape=tuple(x.shape[i] for i in places))
        for x, places in zip(values, kept, strict=True)
    ]
    return values, ["".join(t[i] for i in p) for t, p in zip(terms, kept, strict=True)]


def _order(work: list[tuple[Value, str]], result: str) -> list[tuple[int, int]]:
    """NumPy's own choice of the order of pairwise contractions."""
    if len(work) == 2:
        return [(0, 1)]
    spec = ",".join(term for _, term in work) + "->" + result
    shells = [np.broadcast_to(np.float64(0), x.shape) for x, _ in work]
    path = np.einsum_path(spec, *shells, optimize="greedy")[0][1:]
    pairs: list[tuple[int, int]] = []
    count = len(work)
    for step in path:
        # A step of more than two operands is taken pair by pair.
        for _ in range(len(step) - 1):
            pairs.append(tuple(sorted(step)[:2]) if len(step) == 2 else (count - 2, count - 1))
            count -= 1
    return pairs


def _single(x: Value, a: str, out: str) -> Value:
    x, a = _prepare(x, a, "", out)
    return st.transpose(x, perm=tuple(a.index(label) for label in out))


def _subscripts(subscripts: str, values: list[Value]) -> tuple[list[str], str]:
    """The labels of each operand and of the result, with ... spelt out."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(values):
        raise ShapeError(
            f"{subscripts!r} names {len(terms)} operands, and {len(values)} are given",
            remedy="give as many operands as there are terms between the commas",
        )
    unused = [c for c in string.ascii_letters if c not in text]
    widest = 0
    for i, (term, x) in enumerate(zip(terms, values, strict=True)):
        if "..." in term:
            count = x.ndim - (len(term) - 3)
            widest = max(widest, count)
            terms[i] = term.replace("...", "".join(unused[:count][::-1]))
        if len(terms[i]) != x.ndim:
            raise ShapeError(
                f"{term!r} does not fit an operand of shape {x.shape}",
                remedy="write one letter for each axis, or ... for the rest",
            )
    dots = "".join(unused[:widest][::-1])
    if arrow:
        return terms, right.replace("...", dots)
    joined = "".join(terms)
    implicit = "".join(sorted(c for c in set(joined) if joined.count(c) == 1 and c not in dots))
    return terms, dots + implicit
