"""Tape -> Tape: sizes stand where they are read, before they are differentiated.

What a size is multiplied with says what its derivative is at the origin, so both are to be seen
together: a join of sizes is the size of a join, and bodies of control ops are given, and give, what
sizes are of. Sizes of one point, also of a multiple of it, have the derivative of the first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import DYNAMIC, Control, Op
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops.contraction import contract
from jitad.ops.control import block, loop, part, switch
from jitad.ops.elementwise import absolute, add, div, hypot, mul, neg, root, sub, where
from jitad.ops.joins import concatenate, join_slots, pack
from jitad.ops.linalg.spectral_functions import governed
from jitad.ops.structural import broadcast, index_set, reduce_sum, reshape
from jitad.transforms.linear import is_zeros
from jitad.transforms.slopes import is_view, numbers

_SIZES = (absolute, hypot, root)
_SMALL = 64
_WIDE = 1024
"""Arrays of more elements are not taken into each turn of a loop as what they are sizes of."""


def with_sizes(tape: Tape) -> Tape:
    """The tape, in which sizes meet what they are multiplied with, and are one where they can."""
    return _of_one_point(_Sizes(tape, {}).finish()) if _has_sizes(tape) else tape


def _has_sizes(tape: Tape) -> bool:
    for instr in tape.instrs:
        if instr.op in _SIZES:
            return True
        if isinstance(instr.op, Control) and any(map(_has_sizes, instr.op.tapes(instr.params[0]))):
            return True
    return False


# -- what joins and control ops take and give ------------------------------------------------------


class _Ports(NamedTuple):
    """How a control op hands values on: of each sub-tape, by the number of an operand, that of its
    input, and by the number of a result, that of its output; of those that it hands on as they are,
    or row by row."""

    inputs: list[dict[int, int]]
    outputs: list[dict[int, int]]


def _ports(op: Control, form: Any, args: Sequence[Instr]) -> _Ports | None:
    if op is block or op is switch:
        first = int(op is switch)
        tapes = op.tapes(form)
        inputs = {first + k: k for k in range(len(tapes[0].inputs))}
        outputs = {k: k for k in range(len(tapes[0].outputs))}
        return _Ports([inputs] * len(tapes), [outputs] * len(tapes))
    if op is not loop:
        return None
    consts = [k for k in range(form.consts) if math.prod(args[k].shape) <= _WIDE]
    rows = range(form.consts + form.carries, form.consts + form.carries + form.xs)
    skipped = int(form.count is None)
    stacks = () if form.length == DYNAMIC else range(form.carries, len(form.body.outputs))
    inputs = [{k: k + 1 for k in [*consts, *rows]}]
    outputs = [{k + skipped: k for k in stacks}]
    if form.condition is not None:
        inputs.append({k: k for k in consts})
        outputs.append({})
    return _Ports(inputs, outputs)


class _Sizes:
    """A tape being rewritten: `sizes` are, of its new instructions, the size that one is a view of,
    and `given` those results of a control op that are of sizes, with their op."""

    def __init__(self, tape: Tape, entering: Mapping[int, Op]) -> None:
        self.builder = Builder()
        self.tape = tape
        self.new: list[int] = []
        self.sizes: dict[int, int] = {}
        self.given: dict[int, dict[int, Op]] = {}
        ops = {tape.inputs[k]: op for k, op in entering.items()}
        self.inputs = dict[int, int]()
        for i, instr in enumerate(tape.instrs):
            self.builder.line = instr.line
            k = self._moved(instr)
            if i in ops:
                self.inputs[i] = k
                k = ops[i](self.builder.value(k)).index
                self.sizes[k] = k
            self.new.append(k)

    def size(self, k: int) -> Op | None:
        """The op of output k, where it is a size of one operand."""
        i = self.sizes.get(self.new[self.tape.outputs[k]])
        op = None if i is None else self.builder.instrs[i].op
        return None if op is hypot else op

    def is_nothing(self, k: int) -> bool:
        """Whether output k is 0, which is its own size."""
        return is_zeros(self.builder.instrs[self.new[self.tape.outputs[k]]])

    def finish(self, leaving: Sequence[int] = ()) -> Tape:
        """The new tape, which gives what the outputs `leaving` are sizes of."""
        outputs = [self.new[i] for i in self.tape.outputs]
        for k in leaving:
            if not self.is_nothing(k):
                outputs[k] = self._under(outputs[k])[0].index
        return self.builder.finish(
            outputs, [self.inputs.get(i, self.new[i]) for i in self.tape.inputs]
        )

    def _moved(self, instr: Instr) -> int:
        op, builder, args = instr.op, self.builder, tuple([self.new[j] for j in instr.args])
        if isinstance(op, Control):
            return self._control(op, instr, args)
        if (op is concatenate or op is pack) and any(j in self.sizes for j in args):
            return self._joined(instr, args)
        k = builder.copy(instr, args)
        if op in _SIZES and instr.dtype.kind == "f":
            self.sizes[k] = k
        elif is_view(instr) and args[0] in self.sizes:
            self.sizes[k] = self.sizes[args[0]]
        elif op is part and instr.params[0] in self.given.get(args[0], {}):
            k = self.given[args[0]][instr.params[0]](builder.value(k)).index
            self.sizes[k] = k
        return k

    def _under(self, k: int) -> list[Value]:
        """What a size, or a view of one, is the size of."""
        builder, size = self.builder, self.sizes[k]
        if k == size:
            return [builder.value(j) for j in builder.instrs[k].args]
        instr = builder.instrs[k]
        return [instr.op(x, **instr.named_params) for x in self._under(*instr.args)]

    def _joined(self, instr: Instr, args: tuple[int, ...]) -> int:
        """A join of sizes, by the sizes of joins."""
        builder, dtype = self.builder, instr.dtype

        def ones(j: int) -> Value:
            return builder.const(1.0, builder.instrs[j].shape, dtype)

        ops = [builder.instrs[self.sizes[j]].op if j in self.sizes else None for j in args]
        total = builder.value(builder.copy(instr, args))
        slots = join_slots(instr.op, [builder.value(j) for j in args], instr.params)
        for op in _SIZES:
            if op not in ops:
                continue
            columns = [
                self._under(j)
                if own is op
                else [builder.const(1.0, builder.instrs[j].shape, dtype)]
                for j, own in zip(args, ops, strict=True)
            ]
            count = max(map(len, columns))
            columns = [column * (count // len(column)) for column in columns]
            size = op(*(instr.op(*xs, **instr.named_params) for xs in zip(*columns, strict=True)))
            self.sizes[size.index] = size.index
            if all(own is op for own in ops):
                return size.index
            mask = builder.const(False, instr.shape, np.dtype(bool))
            for own, place, j in zip(ops, slots, args, strict=True):
                if own is op:
                    true = builder.const(True, builder.instrs[j].shape, np.dtype(bool))
                    mask = index_set(mask, true, slots=place)
            total = where(mask, size, total)
        return total.index

    def _control(self, op: Control, instr: Instr, args: tuple[int, ...]) -> int:
        (form,), builder = instr.params, self.builder
        ports = _ports(op, form, [builder.instrs[j] for j in args])
        if ports is None:
            return builder.copy(instr, args)
        entering = {
            k: own for k, j in enumerate(args)
            if j in self.sizes and k in ports.inputs[0]
            and (own := builder.instrs[self.sizes[j]].op) is not hypot
        }  # fmt: skip
        tapes = [
            _Sizes(tape, {inputs[k]: own for k, own in entering.items()})
            for tape, inputs in zip(op.tapes(form), ports.inputs, strict=True)
        ]
        leaving = {k: own for k in ports.outputs[0] if (own := _leaving(tapes, ports, k))}
        form = op.with_tapes(form, [
            tape.finish([outputs[k] for k in leaving if k in outputs])
            for tape, outputs in zip(tapes, ports.outputs, strict=True)
        ])  # fmt: skip
        args = tuple(self._under(j)[0].index if k in entering else j for k, j in enumerate(args))
        token = builder.copy(instr._replace(params=(form,)), args)
        self.given[token] = leaving
        return token


def _leaving(tapes: list[_Sizes], ports: _Ports, k: int) -> Op | None:
    """The op of result k, where all sub-tapes that give it give a size."""
    pairs = [(t, o[k]) for t, o in zip(tapes, ports.outputs, strict=True) if k in o]
    ops = {t.size(j) for t, j in pairs if not t.is_nothing(j)}
    return ops.pop() if len(ops) == 1 else None


# -- sizes of one point ----------------------------------------------------------------------------

Factors = frozenset[tuple[Op, Any]]
"""What all coordinates of a point are multiplied with, or divided by: a number, or where it is."""


def _of_one_point(tape: Tape) -> Tape:
    """The tape, in which sizes of one point have the derivative of the first of them."""
    first, same = dict[Any, tuple[int, Factors]](), dict[int, tuple[int, Factors, Factors]]()
    if sum(instr.op in _SIZES for instr in tape.instrs) < 2:
        return tape
    for i, instr in enumerate(tape.instrs):
        point = _point(tape.instrs, i) if instr.op in _SIZES else None
        if point is not None:
            k, others = first.setdefault(point[0], (i, point[1]))
            own, others = point[1] - others, others - point[1]
            if k != i and all(op is div or isinstance(c, float) for op, c in others):
                same[i] = k, own, others
    if not same:
        return tape
    builder, new = Builder(), list[int]()
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        value = builder.copy(instr, tuple([new[j] for j in instr.args]))
        if i in same:
            k, own, others = same[i]
            law = builder.value(new[k])
            for op, c in [*own, *((mul if op is div else div, c) for op, c in others)]:
                law = op(law, _scale(builder, c, new, law))
            value = governed(builder.value(value), law).index
        new.append(value)
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


def _scale(builder: Builder, c: Any, new: Sequence[int], size: Value) -> Value:
    if isinstance(c, float):
        return builder.const(abs(c), size.shape, size.dtype)
    return broadcast(absolute(builder.value(new[c])), shape=size.shape)


def _point(instrs: Sequence[Instr], i: int) -> tuple[Any, Factors] | None:
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
            found.append(_bare(instrs, j))
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


def _bare(instrs: Sequence[Instr], i: int) -> tuple[int, Factors]:
    """A coordinate without its sign, and without factors that are one for all its elements."""
    factors = set[tuple[Op, Any]]()
    while True:
        op, args = instrs[i].op, instrs[i].args
        if op is neg:
            (i,) = args
            continue
        if op is sub:
            turned = (j for j in range(i) if instrs[j].op is sub and instrs[j].args == args[::-1])
            return next(turned, i), frozenset(factors)
        known = [_factor(instrs, j) for j in args] if op in (mul, div) else []
        k = next((k for k in (1, 0) if k < len(known) and known[k] is not None), None)
        if k is None or (op is div and k == 0) or (op, known[k]) in factors:
            return i, frozenset(factors)
        factors.add((op, known[k]))
        i = args[1 - k]


def _factor(instrs: Sequence[Instr], i: int) -> Any:
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
    parts = instr.args if is_view(instr) or instr.op in (concatenate, pack) else ()
    if parts and all(math.prod(instrs[j].shape) <= _SMALL for j in parts):
        found = instr.op.evaluate(*(_elements(instrs, j) for j in parts), **instr.named_params)
        return np.asarray(found)
    return i * 2**32 + numbers(instr.shape)
