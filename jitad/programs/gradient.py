"""Function -> Plan of its value and gradient: one reverse sweep from a scalar result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitad.frontend.pytree import Structure, flatten, shown, unflatten
from jitad.ir.builder import with_constants
from jitad.ir.errors import DifferentiationError
from jitad.ir.tape import Tape
from jitad.programs.call import Argnums, Call, Function, check_field, differentiate
from jitad.runtime.launch import Build
from jitad.runtime.plan import Plan
from jitad.transforms.reverse import reverse


def value_and_gradient(fun: Function, argnums: Argnums, has_aux: bool, holomorphic: bool) -> Build:
    """(value, gradient), or ((value, aux), gradient)."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call, tape, aux, _ = scalar_gradient(
            differentiate(fun, argnums, leaves, structure), has_aux, holomorphic
        )
        value: Any = (0, unflatten(aux, [0] * aux.num_leaves)) if has_aux else 0
        gradient = unflatten(call.selected, [0] * call.selected.num_leaves)
        return call.plan(tape, flatten((value, gradient))[1], 1, len(call.tape))

    return build


def gradient(fun: Function, argnums: Argnums, has_aux: bool, holomorphic: bool) -> Build:
    """The gradient, or (gradient, aux)."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call, tape, aux, count = scalar_gradient(
            differentiate(fun, argnums, leaves, structure), has_aux, holomorphic
        )
        outputs = tape.outputs[1 + count :] + tape.outputs[1 : 1 + count]
        result: Any = unflatten(call.selected, [0] * call.selected.num_leaves)
        if has_aux:
            result = (result, unflatten(aux, [0] * aux.num_leaves))
        return call.plan(
            Tape(tape.instrs, tape.inputs, outputs), flatten(result)[1], 1, len(call.tape)
        )

    return build


def scalar_gradient(
    call: Call, has_aux: bool, holomorphic: bool
) -> tuple[Call, Tape, Structure, int]:
    """The call, the tape of (value, aux..., gradients...), aux's structure and its length."""
    result = call.traced.structure
    aux, count = flatten(())[1], 0
    if has_aux:
        parts = result.children()
        if len(parts) != 2 or not parts[0].is_leaf():
            raise DifferentiationError(
                "with has_aux=True the function must return a pair (scalar, aux)",
                remedy="return the pair, or leave has_aux=True out",
            )
        aux, count = parts[1], parts[1].num_leaves
    elif not result.is_leaf():
        raise DifferentiationError(
            f"the gradient needs a function with one scalar result, not {shown(result)}",
            remedy="return the scalar alone, or use has_aux=True, or jacrev",
        )
    value = call.tape.instrs[call.tape.outputs[0]]
    if value.shape != ():
        raise DifferentiationError(
            f"the gradient needs a scalar result, and this one has shape {value.shape}",
            remedy="sum it, or use jacrev, jacfwd or vjp",
        )
    check_field([value.dtype], "the result", holomorphic)
    if holomorphic:
        check_field((call.traced.leaves[k].dtype for k in call.active), "the argument", True)
    tape = with_constants(reverse(call.tape, call.active, [0]), [1.0])
    return call, tape, aux, count
