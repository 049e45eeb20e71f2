"""The one multilinear op: a sum of products of two arrays, which BLAS computes.

Dot, matmul, tensordot, outer and einsum all become it. In normal form every label stands once in
an operand and in at least two of the two operands and the result, so that each pullback is the
same op with the labels exchanged.
"""

from __future__ import annotations

import string
from functools import lru_cache
from typing import Any

import numpy as np

from jitad.ir.errors import ShapeError
from jitad.ir.op import DType, Shape, Structural
from jitad.ops import elementwise as ew
from jitad.ops.structural import reduce_sum


@lru_cache(maxsize=4096)
def labels(spec: str) -> tuple[str, str, str]:
    """The labels of both operands and of the result: "ij,jk->ik" gives ("ij", "jk", "ik")."""
    operands, out = spec.split("->")
    a, b = operands.split(",")
    return a, b, out


def _infer(x: Any, y: Any, spec: str) -> tuple[Shape, DType]:
    a, b, out = labels(spec)
    sizes = dict(zip(a, x.shape, strict=True))
    for label, n in zip(b, y.shape, strict=True):
        if sizes.setdefault(label, n) != n:
            raise ShapeError(f"operands of shapes {x.shape} and {y.shape} do not fit {spec!r}")
    if x.dtype != y.dtype:
        raise ShapeError(f"operands of dtypes {x.dtype} and {y.dtype}")
    return tuple(sizes[label] for label in out), x.dtype


def _pullback(j: int, xs: Any, v: Any, v_bar: Any, spec: str) -> Any:
    a, b, out = labels(spec)
    if j == 0:
        return contract(v_bar, xs[1], spec=f"{out},{b}->{a}")
    return contract(xs[0], v_bar, spec=f"{a},{out}->{b}")


def _jvp(xs: Any, v: Any, tangents: Any, spec: str) -> Any:
    x, y = xs
    dx, dy = tangents
    terms = [] if dx is None else [contract(dx, y, spec=spec)]
    terms += [] if dy is None else [contract(x, dy, spec=spec)]
    return terms[0] if len(terms) == 1 else ew.add(*terms)


def _batch(xs: Any, batched: Any, size: int, spec: str) -> Any:
    a, b, out = labels(spec)
    new = next(letter for letter in string.ascii_letters if letter not in spec)
    a, b = new * batched[0] + a, new * batched[1] + b
    return contract(*xs, spec=f"{a},{b}->{new}{out}")


def _scalars(x: np.ndarray, y: np.ndarray, spec: str) -> np.ndarray:
    a, b, out = labels(spec)
    sizes = {**dict(zip(a, x.shape, strict=True)), **dict(zip(b, y.shape, strict=True))}
    inner = [label for label in a if label not in out]
    order = [*out, *inner]
    products = np.empty([sizes[label] for label in order], dtype=object)
    for place in np.ndindex(products.shape):
        at = dict(zip(order, place, strict=True))
        products[place] = ew.mul(
            x[tuple(at[label] for label in a)], y[tuple(at[label] for label in b)]
        )
    axes = tuple(range(len(out), len(order)))
    reduce = reduce_sum.scalars
    assert reduce is not None
    return reduce(products, axes=axes) if axes else products


contract = Structural(
    "contract",
    ("spec",),
    infer=_infer,
    evaluate=lambda x, y, spec: np.einsum(spec, x, y, optimize=True),
    jvp=_jvp,
    pullback=_pullback,
    batch=_batch,
    scalars=_scalars,
    library=lambda call, spec: call.contract(spec),
)
"""out[...] = sum over the labels not in the result of x[...] * y[...]; `spec` as in einsum."""
