"""The op that sorts: the order of the elements along the last axis, computed by a merge sort.

The keys are made whole numbers whose order is that of the elements, so that one function sorts all
dtypes: Knuth, The Art of Computer Programming 3, 5.2.4 (list merging), from runs sorted by straight
insertion (5.2.1).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.ir.op import INT64, DType, Shape, Structural
from jitad.ops.reductions import refuse_complex

_LEAST = 16
"""The length of the runs that insertion sorts."""

_FUNCTION = "jitad_argsort"

_DEFINITION = f"""
define internal void @{_FUNCTION}(ptr noalias %k0, ptr noalias %p0, ptr noalias %k1,
                                  ptr noalias %p1, i64 %n) noinline nounwind {{
entry:
  br label %run
run:
  %first = phi i64 [ 0, %entry ], [ %limit, %placed.all ]
  %full = add i64 %first, {_LEAST}
  %limit = call i64 @llvm.smin.i64(i64 %full, i64 %n)
  br label %insert
insert:
  %i = phi i64 [ %first, %run ], [ %i.next, %placed ]
  %i.at = getelementptr i64, ptr %k0, i64 %i
  %key = load i64, ptr %i.at
  br label %shift
shift:
  %j = phi i64 [ %i, %insert ], [ %j.before, %move ]
  %at.start = icmp eq i64 %j, %first
  br i1 %at.start, label %placed, label %compare
compare:
  %j.before = sub i64 %j, 1
  %before.at = getelementptr i64, ptr %k0, i64 %j.before
  %before = load i64, ptr %before.at
  %greater = icmp sgt i64 %before, %key
  br i1 %greater, label %move, label %placed
move:
  %j.at = getelementptr i64, ptr %k0, i64 %j
  store i64 %before, ptr %j.at
  %before.place.at = getelementptr i64, ptr %p0, i64 %j.before
  %before.place = load i64, ptr %before.place.at
  %j.place.at = getelementptr i64, ptr %p0, i64 %j
  store i64 %before.place, ptr %j.place.at
  br label %shift
placed:
  %key.at = getelementptr i64, ptr %k0, i64 %j
  store i64 %key, ptr %key.at
  %place.at = getelementptr i64, ptr %p0, i64 %j
  store i64 %i, ptr %place.at
  %i.next = add i64 %i, 1
  %run.done = icmp eq i64 %i.next, %limit
  br i1 %run.done, label %placed.all, label %insert
placed.all:
  %all.runs = icmp eq i64 %limit, %n
  br i1 %all.runs, label %pass, label %run

pass:
  %width = phi i64 [ {_LEAST}, %placed.all ], [ %double, %pass.done ]
  %ks = phi ptr [ %k0, %placed.all ], [ %kd, %pass.done ]
  %ps = phi ptr [ %p0, %placed.all ], [ %pd, %pass.done ]
  %kd = phi ptr [ %k1, %placed.all ], [ %ks, %pass.done ]
  %pd = phi ptr [ %p1, %placed.all ], [ %ps, %pass.done ]
  %double = shl i64 %width, 1
  %sorted = icmp sge i64 %width, %n
  br i1 %sorted, label %finish, label %pair
pair:
  %low = phi i64 [ 0, %pass ], [ %high, %pair.done ]
  %low.mid = add i64 %low, %width
  %mid = call i64 @llvm.smin.i64(i64 %low.mid, i64 %n)
  %low.high = add i64 %low, %double
  %high = call i64 @llvm.smin.i64(i64 %low.high, i64 %n)
  br label %ends
ends:
  %a = phi i64 [ %low, %pair ], [ %a.next, %merge ]
  %b = phi i64 [ %mid, %pair ], [ %b.next, %merge ]
  %o = phi i64 [ %low, %pair ], [ %o.next, %merge ]
  %a.left = icmp slt i64 %a, %mid
  %b.left = icmp slt i64 %b, %high
  %both.left = and i1 %a.left, %b.left
  br i1 %both.left, label %merge, label %rest
merge:
  %a.key.at = getelementptr i64, ptr %ks, i64 %a
  %a.key = load i64, ptr %a.key.at
  %b.key.at = getelementptr i64, ptr %ks, i64 %b
  %b.key = load i64, ptr %b.key.at
  %a.first = icmp sle i64 %a.key, %b.key
  %taken.key = select i1 %a.first, i64 %a.key, i64 %b.key
  %taken = select i1 %a.first, i64 %a, i64 %b
  %taken.at = getelementptr i64, ptr %ps, i64 %taken
  %taken.place = load i64, ptr %taken.at
  %o.key.at = getelementptr i64, ptr %kd, i64 %o
  store i64 %taken.key, ptr %o.key.at
  %o.place.at = getelementptr i64, ptr %pd, i64 %o
  store i64 %taken.place, ptr %o.place.at
  %a.step = zext i1 %a.first to i64
  %a.next = add i64 %a, %a.step
  %b.step = sub i64 1, %a.step
  %b.next = add i64 %b, %b.step
  %o.next = add i64 %o, 1
  br label %ends
rest:
  %remaining = select i1 %a.left, i64 %a, i64 %b
  %count = sub i64 %high, %o
  %bytes = shl i64 %count, 3
  %k.from = getelementptr i64, ptr %ks, i64 %remaining
  %k.to = getelementptr i64, ptr %kd, i64 %o
  call void @llvm.memcpy.p0.p0.i64(ptr %k.to, ptr %k.from, i64 %bytes, i1 false)
  %p.from = getelementptr i64, ptr %ps, i64 %remaining
  %p.to = getelementptr i64, ptr %pd, i64 %o
  call void @llvm.memcpy.p0.p0.i64(ptr %p.to, ptr %p.from, i64 %bytes, i1 false)
  br label %pair.done
pair.done:
  %all.pairs = icmp eq i64 %high, %n
  br i1 %all.pairs, label %pass.done, label %pair
pass.done:
  br label %pass

finish:
  %in.place = icmp eq ptr %ps, %p0
  br i1 %in.place, label %end, label %take
take:
  %all.bytes = shl i64 %n, 3
  call void @llvm.memcpy.p0.p0.i64(ptr %p0, ptr %ps, i64 %all.bytes, i1 false)
  br label %end
end:
  ret void
}}
"""
"""Sorts n keys k0 and writes their places to p0; k1 and p1 are working memory. Stable; n > 0."""


def _key(w: Any, dtype: DType, x: str) -> str:
    """A whole number in the place of an element: -0.0 is 0.0, and NaN comes after all others."""
    if dtype.kind != "f":
        return w.cast(x, dtype, INT64)
    wide = w.cast(x, dtype, np.dtype(np.float64))
    # Adding +0.0 turns -0.0 into it. Below 0 the bits of a double descend as integers.
    bits = w.line(f"bitcast double {w.line(f'fadd double {wide}, 0.0')} to i64")
    flipped = w.line(f"xor i64 {bits}, {2**63 - 1}")
    ordered = w.select(w.line(f"icmp slt i64 {bits}, 0"), INT64, flipped, bits)
    return w.select(w.line(f"fcmp uno double {wide}, {wide}"), INT64, str(2**63 - 1), ordered)


def _call_argsort(call: Any) -> None:
    """Row by row: keys into working memory, then the sort."""
    w, (shape,), (dtype,) = call.writer, call.shapes, call.dtypes
    n = shape[-1] if shape else 1
    kind = {"b": "i8"}.get(dtype.kind, w.type(dtype))
    if _DEFINITION not in w.globals:
        w.globals.append(_DEFINITION)
    w.declarations["llvm.smin.i64"] = "declare i64 @llvm.smin.i64(i64, i64)"
    copy = "llvm.memcpy.p0.p0.i64"
    w.declarations[copy] = f"declare void @{copy}(ptr, ptr, i64, i1)"
    keys, other_keys, other_places = (call.scratch(8 * n) for _ in range(3))
    count = math.prod(shape[:-1])
    stacks = ((call.inputs[0], n * dtype.itemsize), (call.out, 8 * n))
    with call.each(count, *stacks) as (row, places):
        with w.counted(n) as i:
            element = w.line(f"getelementptr {kind}, ptr {row}, i64 {i}")
            x = w.line(f"load {kind}, ptr {element}")
            x = w.line(f"icmp ne i8 {x}, 0") if dtype.kind == "b" else x
            target = w.line(f"getelementptr i64, ptr {keys}, i64 {i}")
            w.do(f"store i64 {_key(w, dtype, x)}, ptr {target}")
        pointers = ", ".join(f"ptr {p}" for p in (keys, places, other_keys, other_places))
        w.do(f"call void @{_FUNCTION}({pointers}, i64 {n})")


def _infer_argsort(x: Any) -> tuple[Shape, DType]:
    refuse_complex("sort", x)
    return x.shape, INT64


argsort = Structural(
    "argsort",
    (),
    infer=_infer_argsort,
    evaluate=lambda x: np.argsort(x, axis=-1, kind="stable"),
    jvp=lambda *_, **__: None,
    batch=lambda xs, batched, size: argsort(xs[0]),
    library=_call_argsort,
)
"""The places of the elements in ascending order along the last axis: stable, NaN last."""
