"""Function -> Plan of its second derivatives, with what they are made from, in one sweep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from jitad.frontend.pytree import Structure, flatten, unflatten
from jitad.ir.builder import inline, same_inputs
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.contraction import contract
from jitad.programs.call import (
    Argnums,
    Call,
    Function,
    check_field,
    differentiate,
    finish_with,
    seedable,
)
from jitad.programs.gradient import scalar_gradient
from jitad.programs.jacobian import jacobian_forward, lanes, one_hot
from jitad.runtime.launch import Build
from jitad.runtime.plan import Plan
from jitad.transforms.batch import batch
from jitad.transforms.forward import forward


def value_grad_hessian(fun: Function, argnums: Argnums, has_aux: bool) -> Build:
    """(value, gradient, Hessian), or ((value, aux), gradient, Hessian)."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call = differentiate(fun, argnums, leaves, structure)
        check_field([call.traced.leaves[k].dtype for k in call.active], "an argument", False)
        call, tape, aux, count = scalar_gradient(call, has_aux, False)
        first, kept = tape.outputs[: 1 + count], tape.outputs[1 + count :]
        tape = Tape(tape.instrs, tape.inputs, (*kept, *first, *kept))
        inner = replace(call, traced=replace(call.traced, tape=tape))
        shapes = _shapes(call)
        moved = jacobian_forward(inner, len(kept), shapes, shapes)
        blocks = len(kept) ** 2
        outputs = (*moved.outputs[blocks:], *moved.outputs[:blocks])
        gradient = unflatten(call.selected, [0] * len(kept))
        value: Any = (0, unflatten(aux, [0] * aux.num_leaves)) if has_aux else 0
        result = value, gradient, unflatten(call.selected, [gradient] * len(kept))
        return call.plan(Tape(moved.instrs, moved.inputs, outputs), flatten(result)[1], 1)

    return build


def hessian_diagonal(fun: Function, argnums: Argnums) -> Build:
    """The second derivatives by each element alone: forward mode of forward mode, a lane each."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call = differentiate(fun, argnums, leaves, structure)
        check_field([call.traced.leaves[k].dtype for k in call.active], "an argument", False)
        scalar_gradient(call, False, False)
        tape = forward(forward(call.tape, call.active), call.active)
        tape = Tape(tape.instrs, tape.inputs, tape.outputs[3:])
        first, shapes = len(call.tape.inputs), _shapes(call)
        total = sum(map(math.prod, shapes))
        tape = batch(tape, range(first, len(tape.inputs)), total, [0])
        builder, inputs = same_inputs(tape, first)
        units = one_hot(builder, shapes, [call.traced.leaves[k].dtype for k in call.active])
        (row,) = inline(builder, tape, [*inputs, *units, *units])
        parts = [
            st.reshape(st.index(row, slots=((start, math.prod(shape), 1),)), shape=shape)
            for start, shape in _starts(shapes)
        ]
        return call.plan(finish_with(builder, parts), call.selected, 1)

    return build


def gauss_newton(fun: Function, argnums: Argnums) -> Build:
    """J^T J: all tangents in one sweep, and their products with each other."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call = differentiate(fun, argnums, leaves, structure)
        kept = call.traced.structure.num_leaves
        seedable(call.tape, kept)
        results = [call.tape.instrs[i] for i in call.tape.outputs]
        check_field([call.traced.leaves[k].dtype for k in call.active], "an argument", False)
        check_field([x.dtype for x in results], "a result", False)
        builder, outputs = lanes(call, _shapes(call))
        products: list[Value] = []
        for x in outputs[kept:]:
            rows = st.reshape(x, shape=(x.shape[0], math.prod(x.shape[1:])))
            products.append(contract(rows, rows, spec="ai,bi->ab"))
        total = reduce(ew.add, products)
        shapes = _shapes(call)
        blocks = [
            st.reshape(_block(total, i, s, j, t), shape=(*s, *t))
            for i, s in _starts(shapes)
            for j, t in _starts(shapes)
        ]
        row = unflatten(call.selected, [0] * len(shapes))
        result = unflatten(call.selected, [row] * len(shapes))
        return call.plan(finish_with(builder, blocks), flatten(result)[1], kept)

    return build


def _shapes(call: Call) -> list[Any]:
    return [call.traced.leaves[k].shape for k in call.active]


def _starts(shapes: Sequence[Any]) -> list[tuple[int, Any]]:
    """Each shape with where its elements begin among all."""
    sizes = [math.prod(shape) for shape in shapes]
    return [(sum(sizes[:k]), shape) for k, shape in enumerate(shapes)]


def _block(total: Value, i: int, rows: Any, j: int, columns: Any) -> Value:
    slots = (i, math.prod(rows), 1), (j, math.prod(columns), 1)
    return st.index(total, slots=slots)
