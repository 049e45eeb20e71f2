"""Ops: orthogonal polynomials; by the argument the degree falls by one and the parameters rise.

Each comes twice, as SciPy has it: of whole degrees by recurrence, and of any degree. Operands: the
degree n, parameters, the argument x; result v. Source: Abramowitz & Stegun, Handbook of
Mathematical Functions, section 22.8 and the relations in 22.5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import scipy.special as sp

from jitad.ir.op import Elementwise
from jitad.ops import elementwise as ew
from jitad.ops.elementwise import add, mul, neg, sub, where
from jitad.ops.special.rows import WHOLE, Undefined, call, of_whole, row

UNIT, POSITIVE, REAL = ew.UNIT, ew.POSITIVE, ew.REAL
BETWEEN = (0.1, 0.9)

Slope = Callable[..., Any]
"""d/dx as a function of (family, n, k, *parameters, x), with k = n - 1."""


def _ultraspherical(p: Any, k: Any, a: float, x: Any) -> Any:
    return p["eval_gegenbauer"](k, ew.like(a, x), x)


def _shifted(x: Any) -> Any:
    return sub(mul(2.0, x), 1.0)


def _jacobi(p: Any, n: Any, k: Any, a: Any, b: Any, x: Any) -> Any:
    factor = mul(0.5, add(add(n, add(a, b)), 1.0))
    return mul(factor, p["eval_jacobi"](k, add(a, 1.0), add(b, 1.0), x))


_FAMILIES: tuple[tuple[Any, Slope, tuple[Any, ...]], ...] = (
    (sp.eval_jacobi, _jacobi, (WHOLE, WHOLE, UNIT)),
    (sp.eval_sh_jacobi, lambda p, n, k, a, b, x:
        mul(n, p["eval_sh_jacobi"](k, add(a, 2.0), add(b, 1.0), x)),
        ((3.0, 4.0), (1.0, 3.0), BETWEEN)),
    (sp.eval_gegenbauer, lambda p, n, k, a, x:
        mul(mul(2.0, a), p["eval_gegenbauer"](k, add(a, 1.0), x)), ((1.0, 4.0), UNIT)),
    (sp.eval_genlaguerre, lambda p, n, k, a, x:
        neg(p["eval_genlaguerre"](k, add(a, 1.0), x)), (WHOLE, POSITIVE)),
    (sp.eval_legendre, lambda p, n, k, x: _ultraspherical(p, k, 1.5, x), (UNIT,)),
    (sp.eval_chebyu, lambda p, n, k, x: mul(2.0, _ultraspherical(p, k, 2.0, x)), (UNIT,)),
    (sp.eval_chebyt, lambda p, n, k, x: mul(n, p["eval_chebyu"](k, x)), (UNIT,)),
    (sp.eval_chebys, lambda p, n, k, x: _ultraspherical(p, k, 2.0, mul(0.5, x)), (UNIT,)),
    (sp.eval_chebyc, lambda p, n, k, x: mul(n, p["eval_chebys"](k, x)), (UNIT,)),
    (sp.eval_sh_legendre, lambda p, n, k, x:
        mul(2.0, _ultraspherical(p, k, 1.5, _shifted(x))), (BETWEEN,)),
    (sp.eval_sh_chebyu, lambda p, n, k, x:
        mul(4.0, _ultraspherical(p, k, 2.0, _shifted(x))), (BETWEEN,)),
    (sp.eval_sh_chebyt, lambda p, n, k, x:
        mul(mul(2.0, n), p["eval_sh_chebyu"](k, x)), (BETWEEN,)),
    (sp.eval_laguerre, lambda p, n, k, x:
        neg(p["eval_genlaguerre"](k, ew.like(1.0, x), x)), (POSITIVE,)),
    (sp.eval_hermite, lambda p, n, k, x: mul(mul(2.0, n), p["eval_hermite"](k, x)), (REAL,)),
    (sp.eval_hermitenorm, lambda p, n, k, x: mul(n, p["eval_hermitenorm"](k, x)), (REAL,)),
)  # fmt: skip


def _lower(family: dict[str, Elementwise], slope: Slope) -> Callable[..., Any]:
    """The partial by the argument; 0 for the constant polynomial."""

    def partial(n: Any, *rest: Any) -> Any:
        *operands, _ = rest
        constant = ew.eq(n, 0.0)
        k = sub(where(constant, 1.0, n), 1.0)
        return where(constant, 0.0, slope(family, n, k, *operands))

    return partial


def _rows(*, whole: bool) -> dict[str, Elementwise]:
    """The families by SciPy's names, of whole degrees or of any."""
    family: dict[str, Elementwise] = {}
    for ufunc, slope, domain in _FAMILIES:
        name = ufunc.__name__
        if not whole and len(ufunc.types) == 1:
            continue  # SciPy has it for whole degrees only
        parameters = (Undefined(name, "a parameter"),) * (len(domain) - 1)
        family[name] = row(
            f"{name}_whole" if whole else name,
            of_whole(ufunc, 0) if whole else ufunc,
            Undefined(name, "the degree"),
            *parameters,
            _lower(family, slope),
            domain=(WHOLE, *domain),
            emit=call(name, whole=whole),
        )
    return family


ANY_DEGREE = _rows(whole=False)
WHOLE_DEGREE = {getattr(sp, name): op for name, op in _rows(whole=True).items()}
