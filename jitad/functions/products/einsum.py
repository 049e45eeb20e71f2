"""np.einsum on values: the subscripts are read, pairs of operands contracted in a good order."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from jitad.frontend.conversion import as_arrays, refuse_out
from jitad.frontend.operands import array_dtype, as_dtype, implements
from jitad.functions.products.contractions import prepare, product
from jitad.ir.errors import ShapeError
from jitad.ir.value import Value
from jitad.ops import structural as st


@implements(np.einsum)
def einsum(
    *operands: Any,
    out: Any = None,
    dtype: Any = None,
    order: str = "K",
    casting: str = "safe",
    optimize: Any = False,
) -> Value:
    refuse_out(out)
    subscripts, arrays = _text_first(operands)
    values = as_arrays(*arrays)
    target = array_dtype(*values) if dtype is None else np.dtype(dtype)
    values = [as_dtype(x, target) for x in values]
    terms, result = _subscripts(subscripts, values)
    values, terms = _drop_ones(values, terms)
    if len(values) == 1:
        return _single(values[0], terms[0], result)
    work = list(zip(values, terms, strict=True))
    for i, j in _order(work, result, optimize):
        (y, b), (x, a) = work.pop(max(i, j)), work.pop(min(i, j))
        rest = {label for _, term in work for label in term} | set(result)
        out_labels = "".join(dict.fromkeys(label for label in a + b if label in rest))
        out_labels = out_labels if work else result
        work.append((product(x, y, a, b, out_labels), out_labels))
    return work[0][0]


def _text_first(operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The subscripts as text, and the operands; also of the form (a, [0, 1], b, [1, 2], [0, 2])."""
    if operands and isinstance(operands[0], str):
        return operands[0], operands[1:]
    paired = len(operands) // 2 * 2
    text = ",".join(_letters(labels) for labels in operands[1:paired:2])
    if paired < len(operands):
        text += "->" + _letters(operands[-1])
    return text, operands[:paired:2]


def _letters(labels: Any) -> str:
    names = string.ascii_uppercase + string.ascii_lowercase
    try:
        return "".join("..." if i is Ellipsis else names[i] for i in labels)
    except (TypeError, IndexError) as error:
        raise ShapeError(
            f"np.einsum with the labels {labels!r}",
            remedy='write np.einsum("ij,jk->ik", a, b) or np.einsum(a, [0, 1], b, [1, 2], [0, 2])',
        ) from error


def _drop_ones(values: list[Value], terms: list[str]) -> tuple[list[Value], list[str]]:
    """Without the axes of length 1 whose label is longer elsewhere: they broadcast."""
    sizes: dict[str, int] = {}
    for x, term in zip(values, terms, strict=True):
        for label, n in zip(term, x.shape, strict=True):
            known = sizes.get(label, 1)
            if 1 not in (known, n) and known != n:
                raise ShapeError(
                    f"np.einsum: axes of {known} and of {n} elements have one label",
                    remedy="axes of one label are of equal lengths, or 1",
                )
            sizes[label] = n if known == 1 else known
    kept = [
        tuple(i for i, label in enumerate(term) if x.shape[i] != 1 or sizes[label] == 1)
        for x, term in zip(values, terms, strict=True)
    ]
    values = [
        x if len(places) == x.ndim else st.reshape(x, shape=tuple(x.shape[i] for i in places))
        for x, places in zip(values, kept, strict=True)
    ]
    return values, ["".join(t[i] for i in p) for t, p in zip(terms, kept, strict=True)]


def _order(work: list[tuple[Value, str]], result: str, optimize: Any) -> list[tuple[int, int]]:
    """The order of pairwise contractions: the one that is given, or else NumPy's own choice."""
    if len(work) == 2:
        return [(0, 1)]
    spec = ",".join(term for _, term in work) + "->" + result
    shells = [np.broadcast_to(np.float64(0), x.shape) for x, _ in work]
    chosen = "greedy" if isinstance(optimize, bool) else optimize
    path = np.einsum_path(spec, *shells, optimize=chosen)[0][1:]
    pairs: list[tuple[int, int]] = []
    count = len(work)
    for step in path:
        # A step of more than two operands is taken pair by pair.
        for _ in range(len(step) - 1):
            pairs.append(tuple(sorted(step)[:2]) if len(step) == 2 else (count - 2, count - 1))
            count -= 1
    return pairs


def _single(x: Value, a: str, out: str) -> Value:
    x, a = prepare(x, a, "", out)
    return st.transpose(x, perm=tuple(a.index(label) for label in out))


def _subscripts(subscripts: str, values: list[Value]) -> tuple[list[str], str]:
    """The labels of each operand and of the result, with ... spelt out."""
    text = subscripts.replace(" ", "")
    odd = sorted(set(text.replace("...", "").replace("->", "")) - {*string.ascii_letters, ","})
    if odd:
        raise ShapeError(
            f"{subscripts!r} has the characters {''.join(odd)!r}",
            remedy="write letters, commas, one -> and ... alone",
        )
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
        return terms, _checked(subscripts, terms, right.replace("...", dots))
    joined = "".join(terms)
    implicit = "".join(sorted(c for c in set(joined) if joined.count(c) == 1 and c not in dots))
    return terms, dots + implicit


def _checked(subscripts: str, terms: list[str], result: str) -> str:
    """The labels of the result, each of which stands once there, and in an operand."""
    if len(set(result)) < len(result) or not set(result) <= set("".join(terms)):
        raise ShapeError(
            f"{subscripts!r} has a label in the result twice, or one that no operand has",
            remedy="each label after -> stands there once, and in an operand",
        )
    return result


@implements(np.einsum_path)
def einsum_path(
    *operands: Any, optimize: Any = "greedy", einsum_call: bool = False
) -> tuple[list[Any], str]:
    shells = [np.broadcast_to(0.0, x.shape) if isinstance(x, Value) else x for x in operands]
    return np.einsum_path(*shells, optimize=optimize)
