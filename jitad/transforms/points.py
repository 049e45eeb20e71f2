"""Tape -> Tape: sizes of one point, also of a multiple of it, have the derivative of the first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import Op
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops.contraction import contract
from jitad.ops.control.parts import rewritten
from jitad.ops.elementwise import absolute, add, div, hypot, mul, neg, root, sub
from jitad.ops.joins import concatenate, pack
from jitad.ops.linalg.spectral_functions import governed
from jitad.ops.structural import broadcast, reduce_sum, reshape
from jitad.transforms.slopes import numbers

SIZES = (absolute, hypot, root)
"""Ops whose results are sizes."""

_SMALL = 64

Factors = frozenset[tuple[Op, int | float]]
"""What all coordinates of a point are multiplied with, or divided by: a number, or where it is."""


def of_one_point(tape: Tape) -> Tape:
    """The tape, in which sizes of one point have the derivative of the first of them."""
    first, same = dict[Any, tuple[int, Factors]](), dict[int, tuple[int, Factors, Factors]]()
    if sum(instr.op in SIZES for instr in tape.instrs) < 2:
        return tape
    subs = dict[tuple[int, ...], int]()
    for i, instr in enumerate(tape.instrs):
        if instr.op is sub:
            subs.setdefault(instr.args, i)
        point = _point(tape.instrs, i, subs) if instr.op in SIZES else None
        if point is not None:
            k, others = first.setdefault(point[0], (i, point[1]))
            own, others = point[1] - others, others - point[1]
            if k != i and all(op is div or isinstance(c, float) for op, c in others):
                same[i] = k, own, others
    new = list[int]()

    def rule(builder: Builder, i: int, instr: Instr) -> int | None:
        if i not in same:
            return None
        k, own, others = same[i]
        value, law = builder.copy(instr, instr.args), builder.value(new[k])
        for factors, turned in ((own, False), (others, True)):
            for op, c in factors:
                scale = _scale(builder, c, new, law)
                law = mul(law, scale) if (op is mul) != turned else div(law, scale)
        return governed(builder.value(value), law).index

    return rewritten(tape, rule, new) if same else tape


def _scale(builder: Builder, c: int | float, new: Sequence[int], size: Value) -> Value:
    if isinstance(c, float):
        return builder.const(abs(c), size.shape, size.dtype)
    return broadcast(absolute(builder.value(new[c])), shape=size.shape)


def _point(
    instrs: Sequence[Instr], i: int, subs: Mapping[tuple[int, ...], int]
) -> tuple[Any, Factors] | None:
    """What identifies the coordinates of a size, those of one number by their elements; and their
    common factors."""
    alone = not instrs[i].shape
    found: list[tuple[int, Factors]] = []
    stack = [(j, instrs[i].op is not root) for j in instrs[i].args]
    while stack:
        j, is_coordinate = stack.pop()
        op, args = instrs[j].op, instrs[j].args
        if is_coordinate:
            if instrs[j].dtype.kind != "f":
                return None
            found.append(_bare(instrs, j, subs))
        elif (op is mul and args[0] == args[1]) or (
            alone and op is contract and args[0] == args[1] and not instrs[j].shape
        ):
            stack.append((args[0], True))
        elif op is add or (alone and op is reduce_sum):
            stack += [(k, False) for k in args]
        else:
            return None
    if len({factors for _, factors in found}) != 1:
        return None
    names: list[int] = []
    for j, _ in found:
        small = alone and math.prod(instrs[j].shape) <= _SMALL
        names += np.ravel(_elements(instrs, j)).tolist() if small else [-1 - j]
    return (instrs[i].shape, tuple(sorted(names))), found[0][1]


def _bare(
    instrs: Sequence[Instr], i: int, subs: Mapping[tuple[int, ...], int]
) -> tuple[int, Factors]:
    """A coordinate without its sign, and without factors that are one for all its elements."""
    factors = set[tuple[Op, int | float]]()
    while True:
        op, args = instrs[i].op, instrs[i].args
        if op is neg:
            (i,) = args
            continue
        if op is sub:
            return min(subs[args], subs.get(args[::-1], i)), frozenset(factors)
        known = [_factor(instrs, j) for j in args] if op in (mul, div) else []
        if op is add and args[0] == args[1]:
            op, known = mul, [None, 2.0]
        k = next((k for k in (1, 0) if k < len(known) and known[k] is not None), 0)
        c = known[k] if known else None
        if c is None or (op is div and k == 0) or (op, c) in factors:
            return i, frozenset(factors)
        factors.add((op, c))
        i = args[1 - k]


def _factor(instrs: Sequence[Instr], i: int) -> int | float | None:
    """A number that is not 0, or where a value of one element stands that fills an array."""
    if instrs[i].op is CONST and instrs[i].params[0] != 0:
        return float(instrs[i].params[0])
    filled = i
    while instrs[i].op is broadcast or instrs[i].op is reshape:
        (i,) = instrs[i].args
    return i if not instrs[i].shape and i != filled else None


def _elements(instrs: Sequence[Instr], i: int) -> np.ndarray:
    """A number for each element of a value: of the instruction that it comes from, and its place
    there."""
    instr = instrs[i]
    if instr.op is neg:
        return _elements(instrs, *instr.args)
    parts = instr.args if instr.op.is_view or instr.op in (concatenate, pack) else ()
    if parts and all(math.prod(instrs[j].shape) <= _SMALL for j in parts):
        found = instr.op.evaluate(*(_elements(instrs, j) for j in parts), **instr.named_params)
        return np.asarray(found)
    return i * 2**32 + numbers(instr.shape)
