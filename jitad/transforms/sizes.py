"""Tape -> Tape: sizes stand where they are read, before they are differentiated.

What a size is multiplied with says what its derivative is at the origin, so both are to be seen
together: a join of sizes is the size of a join, and bodies of control ops are given, and give, what
sizes are of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import DYNAMIC, Control, Op
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.control import block, loop, part, switch
from jitad.ops.elementwise import hypot, where
from jitad.ops.gathers import gather, gather_final, scatter_set
from jitad.ops.joins import concatenate, join_slots, pack
from jitad.ops.partials import is_zeros
from jitad.ops.structural import index_set
from jitad.transforms.points import SIZES, of_one_point

_UPDATES = (index_set, scatter_set)
_LOOKS_UP = (gather, gather_final)
_WIDE = 1024
"""Arrays of more elements are not taken into each turn of a loop as what they are sizes of."""


def with_sizes(tape: Tape) -> Tape:
    """The tape, in which sizes meet what they are multiplied with, and are one where they can."""
    return of_one_point(_Sizes(tape, {}).finish()) if _has_sizes(tape) else tape


def _has_sizes(tape: Tape) -> bool:
    for instr in tape.instrs:
        if instr.op in SIZES:
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
    """A tape being rewritten: `sizes` are, of its new instructions, the size that one is a view of;
    `given` those results of a control op that are of sizes, with their op; `moving` sizes go on
    from view to view; `stores` are the ops of sizes that arrays of other numbers are given."""

    def __init__(self, tape: Tape, entering: Mapping[int, Op]) -> None:
        self.builder = Builder()
        self.tape = tape
        self.new: list[int] = []
        self.sizes: dict[int, int] = {}
        self.given: dict[int, dict[int, Op]] = {}
        self.moving = set[int]()
        self.stores = set[Op]()
        ops = {tape.inputs[k]: op for k, op in entering.items()}
        self.inputs = dict[int, int]()
        for i, instr in enumerate(tape.instrs):
            self.builder.line = instr.line
            k = self._moved(instr)
            if i in ops:
                self.inputs[i] = k
                k = self._size(ops[i], self.builder.value(k))
            self.new.append(k)

    def size(self, k: int) -> Op | None:
        """The op of output k, where it is a size of one operand."""
        return self._op(self.new[self.tape.outputs[k]])

    def is_read(self, k: int, leaving: Sequence[int]) -> bool:
        """Whether the size that input k is given as is read as such."""
        tape = self.finish(leaving)
        live, size = set(tape.outputs), self.new[self.tape.inputs[k]]
        for i in range(len(tape.instrs) - 1, size, -1):
            if i in live:
                live.update(tape.instrs[i].args)
        return size in live

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
        if op in _UPDATES and (own := self._stored(args[0], args[-1])):
            inner = [builder.value(j) for j in args]
            for n in (0, -1):
                inner[n] = self._under(args[n])[0] if args[n] in self.sizes else inner[n]
            return self._size(own, op(*inner, **instr.named_params))
        k = builder.copy(instr, args)
        if op in SIZES and instr.dtype.kind == "f":
            self.sizes[k] = k
        elif (instr.op.is_view or op in _LOOKS_UP) and args[0] in self.sizes:
            self.sizes[k] = self.sizes[args[0]]
            if args[0] in self.moving:
                own = builder.instrs[self.sizes[k]].op
                k = self._size(own, *self._under(k))
        elif op is part and instr.params[0] in self.given.get(args[0], {}):
            k = self._size(self.given[args[0]][instr.params[0]], builder.value(k))
        return k

    def _size(self, op: Op, x: Value) -> int:
        k = op(x).index
        self.sizes[k] = k
        self.moving.add(k)
        return k

    def _stored(self, x: int, u: int) -> Op | None:
        """The op of sizes u that are stored among others, or zeros."""
        own, others = self._op(u), self._op(x)
        if own is not None and not others and not is_zeros(self.builder.instrs[x]):
            self.stores.add(own)
        either = own or others
        known = all(self._op(k) is either or is_zeros(self.builder.instrs[k]) for k in (x, u))
        return either if known else None

    def _op(self, k: int) -> Op | None:
        """The op of a size of one operand, or of a view of one."""
        op = self.builder.instrs[self.sizes[k]].op if k in self.sizes else None
        return None if op is hypot else op

    def _under(self, k: int) -> list[Value]:
        """What a size, or a view of one, is the size of."""
        builder, size = self.builder, self.sizes[k]
        if k == size:
            return [builder.value(j) for j in builder.instrs[k].args]
        instr = builder.instrs[k]
        rest = [builder.value(j) for j in instr.args[1:]]
        return [instr.op(x, *rest, **instr.named_params) for x in self._under(instr.args[0])]

    def _joined(self, instr: Instr, args: tuple[int, ...]) -> int:
        """A join of sizes, by the sizes of joins."""
        builder, dtype = self.builder, instr.dtype

        def ones(j: int) -> Value:
            return builder.const(1.0, builder.instrs[j].shape, dtype)

        ops = [builder.instrs[self.sizes[j]].op if j in self.sizes else None for j in args]
        total = builder.value(builder.copy(instr, args))
        slots = join_slots(instr.op, [builder.value(j) for j in args], instr.params)
        for op in SIZES:
            if op not in ops:
                continue
            columns = [
                self._under(j) if own is op else [ones(j)] for j, own in zip(args, ops, strict=True)
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
            k: own for k, j in enumerate(args) if k in ports.inputs[0] and (own := self._op(j))
        }  # fmt: skip
        bodies = _Bodies(op, form, ports, entering)
        self.stores |= bodies.stores()
        if op is loop:
            bodies = self._with_tables(bodies, args)
        made, leaving = bodies.finish()
        args = tuple(
            self._under(j)[0].index if k in bodies.entering and j in self.sizes else j
            for k, j in enumerate(args)
        )
        token = builder.copy(instr._replace(params=(made,)), args)
        self.given[token] = leaving
        return token

    def _with_tables(self, bodies: _Bodies, args: tuple[int, ...]) -> _Bodies:
        """The bodies of a loop whose carries are tables of sizes, that begin as such, or as zeros,
        and are written to, and handed on, but not read as a whole."""
        form, instrs = bodies.form, self.builder.instrs
        if len(stores := bodies.stores() | {own for j in args if (own := self._op(j))}) != 1:
            return bodies
        (own,) = stores
        tables = [
            k for k in range(form.consts, form.consts + form.carries)
            if instrs[args[k]].dtype.kind == "f" and instrs[args[k]].shape
            and (self._op(args[k]) is own or is_zeros(instrs[args[k]]))
        ]  # fmt: skip
        while tables:
            tried = bodies.with_tables(own, tables)
            kept = [k for k in tables if tried.hands_on(k, own)]
            if kept == tables:
                return tried
            tables = kept
        return bodies


class _Bodies:
    """The sub-tapes of a control op, which are given the operands `entering` as what these are
    sizes of, with their op."""

    def __init__(self, op: Control, form: Any, ports: _Ports, entering: dict[int, Op]) -> None:
        self.op = op
        self.form = form
        self.ports = ports
        self.entering = entering
        self.tapes = [
            _Sizes(tape, {inputs[k]: own for k, own in entering.items() if k in inputs})
            for tape, inputs in zip(op.tapes(form), ports.inputs, strict=True)
        ]
        found = {k: _leaving(self.tapes, ports, k) for k in ports.outputs[0]}
        self.leaving = {k: own for k, own in found.items() if own}

    def stores(self) -> set[Op]:
        """The ops of sizes that arrays of other numbers are given."""
        return set[Op]().union(*(tape.stores for tape in self.tapes))

    def with_tables(self, own: Op, tables: Sequence[int]) -> _Bodies:
        """The bodies that take and give these carries, too, as what they are sizes of."""
        first = self.form.consts
        inputs = [x | {k: k + 1 - n for k in tables} for n, x in enumerate(self.ports.inputs)]
        outputs = [{k - first: k - first for k in tables} | self.ports.outputs[0]]
        ports = _Ports(inputs, outputs + self.ports.outputs[1:])
        return _Bodies(self.op, self.form, ports, self.entering | dict.fromkeys(tables, own))

    def hands_on(self, k: int, own: Op) -> bool:
        """Whether a loop gives carry k as what it was given, and never reads the size."""
        if self.leaving.get(k - self.form.consts) is not own:
            return False
        reads = (
            tape.is_read(inputs[k], self._gives(outputs))
            for tape, inputs, outputs in zip(self.tapes, *self.ports, strict=True)
        )
        return not any(reads)

    def _gives(self, outputs: dict[int, int]) -> list[int]:
        return [outputs[k] for k in self.leaving if k in outputs]

    def finish(self) -> tuple[Any, dict[int, Op]]:
        """The new form, and the results that are what sizes are of, with their op."""
        tapes = [
            tape.finish(self._gives(outputs))
            for tape, outputs in zip(self.tapes, self.ports.outputs, strict=True)
        ]
        return self.op.with_tapes(self.form, tapes), self.leaving


def _leaving(tapes: list[_Sizes], ports: _Ports, k: int) -> Op | None:
    """The op of result k, where all sub-tapes that give it give a size."""
    pairs = [(t, o[k]) for t, o in zip(tapes, ports.outputs, strict=True) if k in o]
    ops = {t.size(j) for t, j in pairs if not t.is_nothing(j)}
    return ops.pop() if len(ops) == 1 else None
