"""The op that sorts: the order of the elements along the last axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.ir.op import INT64, DType, Shape, Structural
from jitad.ops.reductions import refuse_complex


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
    library=lambda call: call.argsort(),
)
"""The places of the elements in ascending order along the last axis: stable, NaN last."""
