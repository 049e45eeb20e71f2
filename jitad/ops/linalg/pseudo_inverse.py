"""Pseudo-inverses of matrices whose rank stays the same.

Source: Golub & Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems
whose variables separate (SIAM J. Numer. Anal. 10, 1973), equation 4.12. No singular values are
compared, so that equal ones do no harm.
"""

from __future__ import annotations

from typing import Any

from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.lu import ruled


def _outside(p: Any, a: Any) -> tuple[Any, Any]:
    """1 - A P and 1 - P A."""
    projections = mx.product(a, p), mx.product(p, a)
    first, second = (ew.sub(mx.eye(x, x.shape, x.dtype), x) for x in projections)
    return first, second


def _jvp(xs: Any, p: Any, da: Any) -> Any:
    """dP = -P dA P + P P^T dA^T (1 - A P) + (1 - P A) dA^T P^T P."""
    left, right = _outside(p, xs[-1])
    inner = mx.product(mx.product(p, da), p)
    first = mx.product(mx.product(mx.product(p, p, "ij,kj->ik"), da, "ij,kj->ik"), left)
    second = mx.product(mx.product(right, da, "ij,kj->ik"), mx.product(p, p, "ki,kj->ij"))
    return ew.sub(ew.add(first, second), inner)


pseudo_inverse = ruled("pseudo_inverse", 2, _jvp)
"""The pseudo-inverse, of (its value, A)."""
