"""Eigenvalues and eigenvectors of matrices without symmetry.

Source: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008), section 3.1; the vectors keep the length and the phase that LAPACK gives
them: their 2-norm is 1 and, of complex ones, the largest component is real.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import REAL_OF, DType, Shape, Structural
from jitad.ops import elementwise as ew
from jitad.ops.gathers import iota_on
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.lu import inverse_transposed, lu
from jitad.ops.reductions import argmax
from jitad.ops.views import zeros

# -- the call --------------------------------------------------------------------------------------


def _emit_geev(call: Any, a: str, values: str, vectors: str | None) -> None:
    """geev of a matrix, which it overwrites."""
    n, dtype, info = call.shapes[0][-1], call.dtype, call.int_slot()
    size = 66 * n
    work = call.scratch(size * dtype.itemsize)
    rest = call.scratch(2 * n * dtype.itemsize)  # imaginary parts, or what zgeev works with
    jobs = ("N", "N" if vectors is None else "V")
    out = values if vectors is None else vectors
    before = (*jobs, n, a, n, values)
    after = (values, n, out, n, work, size)
    good = _all_finite(call, a, n * n)
    with call.when(good):  # LAPACK prints what it thinks of others
        if dtype.kind == "c":
            call.lapack("geev", *before, *after, rest, info)
        else:
            call.lapack("geev", *before, rest, *after, info)
        call.refuse_unless_zero(info)
    call.refuse_where(call.writer.line(f"xor i1 {good}, true"))
    if dtype.kind != "c":
        w, kind = call.writer, call.writer.type(dtype)
        with w.counted(n) as i:
            x = call.load(call.element(rest, i, kind), kind)
            call.refuse_complex(w.line(f"fcmp one {kind} {x}, 0.0"))


def _all_finite(call: Any, matrix: str, count: int) -> str:
    """Whether all elements are finite."""
    w, dtype = call.writer, call.dtype
    part = REAL_OF[dtype] if dtype.kind == "c" else dtype
    kind, slot = w.type(part), call.body.alloca("i1")
    w.do(f"store i1 true, ptr {slot}")
    with w.counted(count * call.dtype.itemsize // part.itemsize) as i:
        x = call.load(call.element(matrix, i, kind), kind)
        limit = w.number(np.inf, part)
        size = w.intrinsic("llvm.fabs", part, x)
        finite = w.both(call.load(slot, "i1"), w.line(f"fcmp olt {kind} {size}, {limit}"))
        w.do(f"store i1 {finite}, ptr {slot}")
    return call.load(slot, "i1")


def _call_eig(call: Any) -> None:
    n, item, w = call.shape[-1], call.dtype.itemsize, call.writer
    copy = call.scratch(n * n * item)
    stacks = ((call.inputs[0], n * n * item), (call.out, (n + 1) * n * item))
    with call.each(math.prod(call.shape[:-2]), *stacks) as (a, vectors):
        w.copy(copy, a, n * n * item)
        _emit_geev(call, copy, w.offset(vectors, n * n * item), vectors)


def _call_eigvals(call: Any) -> None:
    n, item = call.shape[-1], call.dtype.itemsize
    copy = call.scratch(n * n * item)
    stacks = ((call.inputs[0], n * n * item), (call.out, n * item))
    with call.each(math.prod(call.shape[:-1]), *stacks) as (a, values):
        call.writer.copy(copy, a, n * n * item)
        _emit_geev(call, copy, values, None)


def _np_eig(x: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eig(np.swapaxes(x, -1, -2))
    packed = np.concatenate([np.swapaxes(vectors, -1, -2), values[..., None, :]], axis=-2)
    if x.dtype.kind == "c":
        return packed
    if np.any(np.imag(packed)):
        raise np.linalg.LinAlgError("the eigenvalues of this real matrix are complex")
    return np.real(packed)


# -- rules -----------------------------------------------------------------------------------------


def _infer_eig(x: Any) -> tuple[Shape, DType]:
    return (*x.shape[:-2], x.shape[-1] + 1, x.shape[-1]), x.dtype


def _inverse(vectors: Any) -> Any:
    """V^-1, of vectors as rows V^T."""
    return inverse_transposed(lu(vectors), vectors)


def _largest(vectors: Any) -> Any:
    """Whether an element is the largest of its row."""
    re, im = ew.real(vectors), ew.imag(vectors)
    place = argmax(ew.add(ew.mul(re, re), ew.mul(im, im)), axis=len(vectors.shape) - 1)
    column = iota_on(vectors, vectors.shape, len(vectors.shape) - 1)
    return ew.eq(column, mx.along_columns(place, vectors.shape))


def _inverse_of_largest(vectors: Any) -> Any:
    """1 / x for the largest element of each row, 0 for the others."""
    largest = _largest(vectors)
    nothing = zeros(vectors, vectors.shape, vectors.dtype)
    return ew.where(largest, ew.div(1.0, ew.where(largest, vectors, 1.0)), nothing)


def _kept_in_length(vectors: Any, turn: Any) -> Any:
    """The change of vectors (as rows) less what would change their length or their phase."""
    if turn.dtype.kind != "c":
        along = mx.total(ew.mul(vectors, turn))
        return ew.sub(turn, ew.mul(mx.along_columns(along, turn.shape), vectors))
    length = ew.real(mx.total(ew.mul(ew.conj(vectors), turn)))
    phase = ew.imag(mx.total(ew.mul(_inverse_of_largest(vectors), turn)))
    along = ew.pair(length, phase)
    return ew.sub(turn, ew.mul(mx.along_columns(along, turn.shape), vectors))


def _jvp_eig(xs: Any, v: Any, tangents: Any) -> Any:
    """With P = V^-1 dA V: dw = diag P, dV = V (F * P), F_ij = 1 / (w_j - w_i)."""
    vectors, w = mx.eigen_parts(v)
    p = mx.product(mx.product(_inverse(vectors), tangents[0], "ij,kj->ik"), vectors, "ij,kj->ik")
    turn = mx.product(ew.mul(mx.difference_quotients(w, w), p), vectors, "ij,ik->jk")
    return mx.stacked(_kept_in_length(vectors, turn), mx.as_row(mx.diagonal(p)))


eig = Structural(
    "eig",
    (),
    infer=_infer_eig,
    evaluate=_np_eig,
    jvp=_jvp_eig,
    batch=mx.batch_of_one(lambda: eig),
    library=_call_eig,
)
"""Of the transpose of x: the eigenvectors as rows, then a row of the eigenvalues. Those of a real
matrix must be real."""


def _jvp_eigvals(xs: Any, v: Any, tangents: Any) -> Any:
    vectors, _ = mx.eigen_parts(eig(xs[0]))
    left = mx.product(_inverse(vectors), tangents[0], "ij,kj->ik")
    return mx.total(ew.mul(left, vectors))


eigvals = Structural(
    "eigvals",
    (),
    infer=lambda x: (x.shape[:-1], x.dtype),
    evaluate=lambda x: _parts_of_values(_np_eig(x)),
    jvp=_jvp_eigvals,
    batch=mx.batch_of_one(lambda: eigvals),
    library=_call_eigvals,
)
"""The eigenvalues alone; their derivatives need the vectors, but no differences of eigenvalues."""


def _parts_of_values(packed: np.ndarray) -> np.ndarray:
    return packed[..., -1, :]
