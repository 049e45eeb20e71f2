"""Function -> Plan of its value and its Laplacian, by one forward sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitad.frontend.pytree import Structure, flatten, unflatten
from jitad.ir.builder import inline, same_inputs
from jitad.programs.call import Argnums, Function, check_field, differentiate, finish_with, seedable
from jitad.programs.jacobian import one_hot
from jitad.runtime.launch import Build
from jitad.runtime.plan import Plan
from jitad.transforms.laplacian import laplacian as swept


def laplacian(fun: Function, argnums: Argnums, has_aux: bool, with_value: bool) -> Build:
    """The Laplacian, (value, Laplacian) or either with aux."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call = differentiate(fun, argnums, leaves, structure)
        parts = call.traced.structure.children() if has_aux else [call.traced.structure]
        kept, count = parts[0].num_leaves, call.traced.structure.num_leaves
        seedable(call.tape, kept)
        arguments = [call.traced.leaves[k] for k in call.active]
        check_field([x.dtype for x in arguments], "an argument", False)
        tape = swept(call.tape, call.active)
        builder, inputs = same_inputs(tape, len(call.tape.inputs))
        units = one_hot(builder, [x.shape for x in arguments], [x.dtype for x in arguments])
        found = inline(builder, tape, [*inputs, *units])
        values, second = found[:kept], found[count : count + kept]
        one: Any = unflatten(parts[0], [0] * kept)
        result = (one, one) if with_value else one
        if has_aux:
            result = (result, unflatten(parts[1], [0] * parts[1].num_leaves))
        outputs = [*(values if with_value else ()), *second, *found[kept:count]]
        return call.plan(finish_with(builder, outputs), flatten(result)[1], kept)

    return build
