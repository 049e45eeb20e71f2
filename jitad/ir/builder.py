"""A tape under construction: ops called on its values append instructions to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from jitad.ir.errors import (
    OUTSIDE,
    LinearAlgebraError,
    OutOfBoundsError,
    OutsideError,
    ShapeError,
    SourceLine,
    TraceError,
)
from jitad.ir.op import NUMBERS, STORED, Control, DType, Op, Shape
from jitad.ir.tape import CONST, INPUT, Instr, Tape, instruction
from jitad.ir.value import Value

MOST_ELEMENTS = 1 << 38
"""Elements of an array: to compute as many takes minutes, even where they need no memory."""

Machine = Callable[[Tape], Callable[[Sequence[Any]], "list[Any] | None"]]
"""From a tape to a function of arrays in machine code; None is its result where a guard fails."""


class Builder:
    """Appends instructions; frozen into a `Tape` by `finish`.

    `line` is the user's of what is appended: a transform sets it to that of the instruction that it
    works on, a program to its own. Where it is None `locate` is asked, where that is given.
    While a function is traced, `level` is the depth of nesting, `captured` holds the arrays and
    outer values that it closes over with their inputs, `concrete` the arrays behind the values,
    and `inner` is the tape of a function that is traced within it, which records in its place;
    `fortran` are the inputs whose first axis runs fastest in memory; `region` is what is recorded,
    where that is a side of a branch or a turn of a loop, and `raising` where all of that leads to
    an exception; `raised` are those that a trace may raise, with where they are. `writes` is
    whether the function's writes to its arguments are ones to the caller's arrays, and `stored`
    whether there is a dtype that nothing is computed in; `sums` has what is known of integers. It
    is `derived` where derivatives are part of what is traced.
    """

    __slots__ = (
        *(
            "captured",
            "closed",
            "concrete",
            "constants",
            "derived",
            "fortran",
            "inner",
            "inputs",
            "instrs",
            "level",
            "line",
            "locate",
            "machine",
            "raised",
            "raising",
            "region",
            "stored",
            "sums",
            "tracing",
            "writes",
        ),
    )

    def __init__(
        self, *, locate: Callable[[], SourceLine | None] | None = None, level: int = 0
    ) -> None:
        self.instrs: list[Instr] = []
        self.inputs: list[int] = []
        self.locate = locate
        self.line: SourceLine | None = None
        self.level = level
        self.tracing = locate is not None
        self.closed = False
        self.machine: Machine | None = None
        self.inner: Builder | None = None
        self.region: Any = None
        self.raising: Any = None
        self.writes = False
        self.derived = False
        self.raised: list[tuple[Value, Any]] = []
        self.captured: dict[Any, tuple[Any, Value]] = {}
        self.concrete: dict[int, Any] = {}
        self.constants: dict[Any, int] = {}
        self.fortran: set[int] = set()
        self.sums: dict[int, Any] = {}
        self.stored = False

    @property
    def recording(self) -> Builder:
        """This tape, or that of the innermost function which is being traced within it."""
        builder = self
        while builder.inner is not None:
            builder = builder.inner
        return builder

    @contextmanager
    def resumed(self) -> Generator[None]:
        """Within the block this tape records, also while a function is traced within it."""
        inner, self.inner = self.inner, None
        try:
            yield
        finally:
            self.inner = inner

    def enclose(self, x: Value) -> Value:
        """A value of a tape around this one as an input; anew what is made of no operands."""
        instr = x.builder.instrs[x.index]
        if not instr.args and instr.op is not INPUT:
            return Value(self, self.copy(instr, ()), x.shape, x.dtype, x.weak)
        key = (id(x.builder), x.index)
        known = self.captured.get(key)
        if known is None:
            value = self.input(f"c{len(self.captured)}", x.shape, x.dtype, weak=x.weak)
            self.concrete[value.index] = x
            known = self.captured[key] = (x, value)
        found = known[1]
        if found.weak == x.weak:
            return found
        return Value(self, found.index, found.shape, found.dtype, x.weak)

    def append(
        self, op: Op, args: tuple[int, ...], params: tuple[Any, ...], shape: Shape, dtype: DType
    ) -> int:
        """Append an instruction of known type; its index."""
        if shape and math.prod(shape) > MOST_ELEMENTS:
            raise ShapeError(
                f"{op.name} would give {math.prod(shape)} elements, of shape {shape}",
                remedy="let loops, jitad.vmap or jitad.stream go over parts of it",
            )
        line = self.line
        if line is None and self.locate is not None:
            line = self.locate()
        instrs = self.instrs
        instrs.append(instruction((op, args, params, shape, dtype, line)))
        return len(instrs) - 1

    def value(self, index: int) -> Value:
        """The value that instruction `index` computes."""
        instr = self.instrs[index]
        return Value(self, index, instr.shape, instr.dtype)

    def input(self, name: str, shape: Shape, dtype: DType, *, weak: bool = False) -> Value:
        """A new input of the tape."""
        self.stored = self.stored or dtype in STORED
        index = self.append(INPUT, (), (name,), shape, dtype)
        self.inputs.append(index)
        return Value(self, index, shape, dtype, weak)

    def const(self, number: Any, shape: Shape, dtype: DType) -> Value:
        """One number in every element of an array of that shape and dtype."""
        # Zeros have signs, which are equal: they are recorded anew, and complex numbers by digits.
        key: Any = None
        if self.tracing and number:
            digits = repr(number) if dtype.kind == "c" else number
            key = (digits, type(number), shape, dtype)
        self.stored = self.stored or dtype in STORED
        index = self.constants.get(key) if key is not None else None
        if index is None:
            index = self.append(CONST, (), (_item(number, dtype), shape, dtype), shape, dtype)
            if key is not None:
                self.constants[key] = index
        return Value(self, index, shape, dtype)

    def apply(self, op: Op, operands: Sequence[Any], params: dict[str, Any]) -> Value:
        """Record `op(*operands, **params)`; a number takes the dtype and shape of its peers."""
        if self.closed:
            raise TraceError(
                "a traced value was used after the function that it belongs to had ended",
                remedy="return what is needed from the function in place of storing it elsewhere",
            )
        if self.inner is not None:
            inner = self.recording
            lifted = [
                inner.enclose(x) if isinstance(x, Value) and x.builder is not inner else x
                for x in operands
            ]
            return inner.apply(op, lifted, params)
        for operand in operands:
            if type(operand) is not Value and isinstance(operand, NUMBERS):
                operands = self._lift_numbers(operands)
                break
        if self.stored and not _moves(op):
            _refuse_stored(op, operands)
        shape, dtype = op.infer(*operands, **params)
        args = tuple([operand.index for operand in operands])
        ordered = tuple([params[name] for name in op.params]) if op.params else ()
        return Value(self, self.append(op, args, ordered, shape, dtype), shape, dtype)

    def _lift_numbers(self, operands: Sequence[Any]) -> list[Value]:
        peer = next(x for x in reversed(operands) if not isinstance(x, NUMBERS))
        return [
            self.const(x, peer.shape, peer.dtype) if isinstance(x, NUMBERS) else x for x in operands
        ]

    def copy(self, instr: Instr, args: tuple[int, ...]) -> int:
        """Append an instruction of another tape with arguments of this one."""
        instrs = self.instrs
        instrs.append(instr.with_args(args))
        index = len(instrs) - 1
        if instr.op is INPUT:
            self.inputs.append(index)
        return index

    def finish(self, outputs: Sequence[int], inputs: Sequence[int] | None = None) -> Tape:
        """The tape, with these results; `inputs` sets another order of the inputs."""
        inputs = self.inputs if inputs is None else inputs
        return Tape(tuple(self.instrs), tuple(inputs), tuple(outputs))


_MOVING = ("cast", "where", "stop_gradient", "gather", "concatenate", "part", "index_set")
"""Ops that take every dtype which arrays may have in memory, beside views and control ops."""


def _moves(op: Op) -> bool:
    return op.is_view or isinstance(op, Control) or op.name in _MOVING


def _refuse_stored(op: Op, operands: Sequence[Any]) -> None:
    for x in operands:
        if isinstance(x, Value) and x.dtype in STORED:
            raise TraceError(
                f"{op.name} of {x.dtype}: jitad does not compute in this dtype",
                remedy="cast first, x.astype(int) or x.astype(float)",
            )


def _item(number: Any, dtype: DType) -> Any:
    """A number as Python's, rounded to the dtype."""
    try:
        return dtype.type(number).item()
    except OverflowError as error:
        raise TraceError(
            f"the integer {number} has no room in {dtype}",
            remedy=f"use float({number}), or a smaller one",
        ) from error


def extend(tape: Tape) -> Builder:
    """A builder that goes on where `tape` ends: its instructions keep their indices."""
    builder = Builder()
    builder.instrs = list(tape.instrs)
    builder.inputs = list(tape.inputs)
    return builder


def inline(builder: Builder, tape: Tape, inputs: Sequence[Value]) -> list[Value]:
    """Record the instructions of `tape` on `builder`, its inputs bound to `inputs`; the results."""
    bound = dict(zip(tape.inputs, (x.index for x in inputs), strict=True))
    renamed: list[int] = []
    for i, instr in enumerate(tape.instrs):
        if i in bound:
            renamed.append(bound[i])
        else:
            renamed.append(builder.copy(instr, tuple([renamed[j] for j in instr.args])))
    return [builder.value(renamed[i]) for i in tape.outputs]


def same_inputs(tape: Tape, count: int) -> tuple[Builder, list[Value]]:
    """A new tape with the first `count` inputs of another."""
    builder = Builder()
    return builder, [builder.value(builder.copy(tape.instrs[i], ())) for i in tape.inputs[:count]]


def with_constants(tape: Tape, seeds: Sequence[float]) -> Tape:
    """The tape with its last inputs bound to numbers."""
    count = len(tape.inputs) - len(seeds)
    builder, inputs = same_inputs(tape, count)
    for i, number in zip(tape.inputs[count:], seeds, strict=True):
        instr = tape.instrs[i]
        inputs.append(builder.const(number, instr.shape, instr.dtype))
    return builder.finish([x.index for x in inline(builder, tape, inputs)])


def evaluate(tape: Tape, arrays: Sequence[Any]) -> list[np.ndarray]:
    """Run the tape in NumPy, instruction by instruction: slow, and the tests' reference."""
    bound = dict(zip(tape.inputs, arrays, strict=True))
    results: list[Any] = []
    for i, instr in enumerate(tape.instrs):
        results.append(np.asarray(bound[i]) if i in bound else run(instr, results))
    return [results[i] for i in tape.outputs]


def run(instr: Instr, results: Any) -> Any:
    """One instruction in NumPy, its operands from `results` by index; of a control op a list."""
    operands = [results[j] for j in instr.args]
    try:
        with np.errstate(all="ignore"):
            result = instr.op.evaluate(*operands, **instr.named_params)
    except LinearAlgebraError:  # of an instruction within
        raise
    except OutsideError as error:
        what, remedy = OUTSIDE
        raise OutOfBoundsError(what, remedy=remedy, line=instr.line) from error
    except np.linalg.LinAlgError as error:
        raise LinearAlgebraError(f"{instr.op.name}: {error}", line=instr.line) from error
    if isinstance(instr.op, Control):
        return result
    return np.asarray(result, dtype=instr.dtype)
