"""Function -> Plan of its value and its tangents in one direction or many: a forward sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.pytree import Structure, flatten, shown, unflatten
from jitad.frontend.trace import leaf_type
from jitad.ir.builder import Builder, inline
from jitad.ir.errors import ShapeError
from jitad.ir.tape import Tape
from jitad.ops import elementwise as ew
from jitad.programs.call import (
    Function,
    check_pair,
    check_real,
    differentiable,
    finish_with,
    trace_call,
    zeros_of,
)
from jitad.runtime.launch import Build
from jitad.runtime.plan import Plan
from jitad.transforms.batch import batch
from jitad.transforms.forward import forward


def tangent(fun: Function, has_aux: bool) -> Build:
    """(value, tangent), or (value, tangent, aux), of the arguments (*primals, *tangents)."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        children = _primals(structure)
        count = sum(child.num_leaves for child in children)
        primals = tuple(unflatten(child, [0] * child.num_leaves) for child in children)
        args = flatten((primals, {}))[1]
        directions = _directions(leaves[:count], leaves[count:])
        active = differentiable(leaves[:count])
        traced = trace_call(fun, leaves[:count], args)
        if has_aux:
            check_pair(traced)
        tape = forward(traced.tape, active)
        result = traced.structure
        kept = result.children()[0].num_leaves if has_aux else result.num_leaves
        total = result.num_leaves
        outputs = range(kept), range(total, total + kept), range(kept, total)
        first = len(traced.tape.inputs)
        if directions is not None:
            batched = range(first, first + len(active))
            tape = batch(tape, batched, directions, range(total, 2 * total))
        tape = seed_inputs(tape, leaves, count, active, len(traced.captured))
        order = tuple(tape.outputs[k] for part in outputs for k in part)
        value = result.children()[0] if has_aux else result
        out: list[Any] = [unflatten(value, [0] * kept)] * 2
        out += [unflatten(result.children()[1], [0] * (total - kept))] if has_aux else []
        types = tuple(leaf_type(x) for x in leaves)
        tape = Tape(tape.instrs, tape.inputs, order)
        zeros = zeros_of(traced, active, kept, every=True)
        known = traced.captured, flatten(tuple(out))[1]
        return Plan(tape, types, *known, asked=args, zeros=zeros, effects=traced.effects)

    return build


def _primals(structure: Structure) -> Sequence[Structure]:
    """The structures of the primals, which are those of the tangents as well."""
    children = structure.children()[0].children()
    half = len(children) // 2
    pairs = list(zip(children[:half], children[half:], strict=True))
    if any(x != y for x, y in pairs):
        raise ShapeError(
            "primals and tangents differ in structure: "
            + ", ".join(f"{shown(x)} and {shown(y)}" for x, y in pairs if x != y),
            remedy="give each argument a tangent of its own structure",
        )
    return children[:half]


def _directions(primals: Sequence[Any], tangents: Sequence[Any]) -> int | None:
    """K of K directions, None of one."""
    sizes: set[int | None] = set()
    for x, dx in zip(primals, tangents, strict=True):
        dtype = leaf_type(x).dtype
        check_real(leaf_type(dx).dtype, dtype, "a tangent")
        if np.shape(dx) == np.shape(x):
            sizes.add(None)
        elif np.shape(dx)[1:] == np.shape(x):
            sizes.add(np.shape(dx)[0])
        else:
            raise ShapeError(
                f"a tangent of shape {np.shape(dx)} for an argument of shape {np.shape(x)}",
                remedy="tangents have the argument's shape, or that with a leading axis of K",
            )
    if len(sizes) > 1:
        raise ShapeError(
            "some tangents have a leading axis, and others not, or another one",
            remedy="give all tangents the same leading axis, or none",
        )
    return sizes.pop() if sizes else None


def seed_inputs(
    tape: Tape, leaves: Sequence[Any], count: int, active: Sequence[int], captured: int
) -> Tape:
    """Inputs in the order primals, all tangents, captured; tangents cast to the primals' dtypes."""
    builder = Builder()
    types = [leaf_type(x) for x in leaves]
    primals = [builder.value(builder.copy(tape.instrs[i], ())) for i in tape.inputs[:count]]
    tangents = [
        builder.input(f"dx{k}", leaf.shape, leaf.dtype) for k, leaf in enumerate(types[count:])
    ]
    rest = [
        builder.value(builder.copy(tape.instrs[i], ()))
        for i in tape.inputs[count : count + captured]
    ]
    seeds = [
        tangents[k]
        if tangents[k].dtype == primals[k].dtype
        else ew.cast(tangents[k], dtype=primals[k].dtype)
        for k in active
    ]
    results = inline(builder, tape, [*primals, *rest, *seeds])
    return finish_with(builder, results)
