"""Function -> Plan of its Taylor coefficients along a line: one forward sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.pytree import Structure, flatten, shown, unflatten
from jitad.frontend.trace import leaf_type
from jitad.ir.errors import ShapeError
from jitad.programs.call import (
    Function,
    check_real,
    differentiable,
    seedable,
    trace_call,
    zeros_of,
)
from jitad.programs.tangent import seed_inputs
from jitad.runtime.launch import Build
from jitad.runtime.plan import Plan
from jitad.transforms.taylor import taylor as swept


def taylor(fun: Function, order: int) -> Build:
    """The coefficients of t -> fun(x + t v), of the arguments (x, v)."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        x, v = structure.children()[0].children()
        if x != v:
            raise ShapeError(
                f"x and v differ in structure: {shown(x)} and {shown(v)}",
                remedy="give v the structure of x",
            )
        count = x.num_leaves
        for a, b in zip(leaves[:count], leaves[count:], strict=True):
            check_real(leaf_type(b).dtype, leaf_type(a).dtype, "a direction")
            if np.shape(a) != np.shape(b):
                raise ShapeError(
                    f"a direction of shape {np.shape(b)} for an argument of shape {np.shape(a)}",
                    remedy="give v the shapes of x; for many directions write jitad.vmap",
                )
        args = flatten(((unflatten(x, [0] * count),), {}))[1]
        active = differentiable(leaves[:count])
        traced = trace_call(fun, leaves[:count], args)
        seedable(traced.tape, traced.structure.num_leaves)
        tape = swept(traced.tape, active, order)
        tape = seed_inputs(tape, leaves, count, active, len(traced.captured))
        types = tuple(leaf_type(x) for x in leaves)
        zeros = zeros_of(traced, active, traced.structure.num_leaves, every=True)
        known = traced.captured, traced.structure
        return Plan(tape, types, *known, asked=args, zeros=zeros, effects=traced.effects)

    return build
