"""The tape: a flat, single-assignment, typed list of instructions; what every layer reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple, cast

import numpy as np

from jitad.ir.errors import SourceLine
from jitad.ir.op import SHORT_NAMES, STORED, Control, DType, Op, Shape, Structural

_NAMES = {**SHORT_NAMES, **STORED}


class Instr(NamedTuple):
    """One instruction: v_i = op(v_j, ...; params), its shape and dtype, and the user's line."""

    op: Op
    args: tuple[int, ...]
    params: tuple[Any, ...]
    shape: Shape
    dtype: DType
    line: SourceLine | None

    @property
    def named_params(self) -> dict[str, Any]:
        """The static parameters by name, as rules take them."""
        return dict(zip(self.op.params, self.params, strict=True))

    def with_args(self, args: tuple[int, ...]) -> Instr:
        """The same of other arguments; itself where they are the same."""
        if args == self.args:
            return self
        op, _, params, shape, dtype, line = self
        return instruction((op, args, params, shape, dtype, line))


instruction: Callable[[Any], Instr] = partial(cast("Any", tuple).__new__, Instr)
"""An instruction of its parts, in half the time of its own `__new__`."""


@dataclass(frozen=True, eq=False)
class Tape:
    """Instructions in order; `inputs` and `outputs` are indices of instructions.

    Arguments are indices of earlier instructions. Printing a tape shows v_i = phi_i(v_j, ...) as
    the textbooks do, with each instruction's type and the user's line.
    """

    instrs: tuple[Instr, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.instrs)

    def __str__(self) -> str:
        return "\n".join(format_tape(self))

    def __repr__(self) -> str:
        signature = ", ".join(type_name(self.instrs[i]) for i in self.inputs)
        results = ", ".join(type_name(self.instrs[i]) for i in self.outputs)
        return f"<Tape ({signature}) -> ({results}), {len(self.instrs)} instructions>"

    def live(self, outputs: Iterable[int]) -> list[bool]:
        """For each instruction whether these results, or an effect such as a guard, need it."""
        return self.needed([*outputs, *self.effects])

    @cached_property
    def effects(self) -> tuple[int, ...]:
        """The instructions that count even where nobody reads them."""
        return tuple([i for i, instr in enumerate(self.instrs) if has_effect(instr)])

    def needed(self, outputs: Iterable[int], through: Sequence[bool] | None = None) -> list[bool]:
        """For each instruction whether these results are computed from it, or are it: by way of
        those flagged in `through` alone, where that is given."""
        needed = [False] * len(self.instrs)
        for i in outputs:
            needed[i] = True
        for i in range(len(self.instrs) - 1, -1, -1):
            if needed[i] and (through is None or through[i]):
                for j in self.instrs[i].args:
                    needed[j] = True
        return needed

    def reached(self, inputs: Iterable[int]) -> list[bool]:
        """For each instruction whether it is computed from these values, or is one."""
        reached = [False] * len(self.instrs)
        for i in inputs:
            reached[i] = True
        for i, instr in enumerate(self.instrs):
            reached[i] = reached[i] or any([reached[j] for j in instr.args])
        return reached

    def reordered(self, order: Sequence[int]) -> Tape:
        """A tape of these instructions alone, in this order, which names operands before users."""
        new = {i: place for place, i in enumerate(order)}
        chosen = [self.instrs[i] for i in order]
        return Tape(
            tuple([instr._replace(args=tuple([new[j] for j in instr.args])) for instr in chosen]),
            tuple([new[i] for i in self.inputs]),
            tuple([new[i] for i in self.outputs]),
        )

    def users(self) -> list[int]:
        """For each instruction, how many arguments and outputs read it."""
        counts = [0] * len(self.instrs)
        for instr in self.instrs:
            for j in instr.args:
                counts[j] += 1
        for j in self.outputs:
            counts[j] += 1
        return counts


def has_effect(instr: Instr) -> bool:
    """Whether an instruction counts even where nobody reads it: guards, and what holds some."""
    if isinstance(instr.op, Control):
        return any(tape.effects for tape in instr.op.tapes(instr.params[0]))
    return instr.op.effect


def _no_evaluation(*_: object, **__: object) -> Any:
    raise TypeError("an input has no value of its own")


def _input_type(name: str) -> tuple[Shape, DType]:
    raise TypeError("the type of an input is declared")


def _const_type(value: float, shape: Shape, dtype: DType) -> tuple[Shape, DType]:
    return shape, dtype


def _full(value: float, shape: Shape, dtype: DType) -> Any:
    return np.full(shape, value, dtype)


def _zero(*_: object, **__: object) -> None:
    return None


def _keep_const(operands: Sequence[Any], batched: Sequence[bool], size: int, **params: Any) -> Any:
    raise AssertionError("a constant has no batched operands")


INPUT = Structural(
    "input",
    ("name",),
    infer=_input_type,
    evaluate=_no_evaluation,
    jvp=_zero,
    batch=_keep_const,
)
"""An input of the tape: an argument, or an array that the function closes over."""

CONST = Structural(
    "const",
    ("value", "shape", "dtype"),
    infer=_const_type,
    evaluate=_full,
    jvp=_zero,
    batch=_keep_const,
)
"""One number in every element."""


def type_name(instr: Instr) -> str:
    """The type of a result, such as `f64[3,4]`."""
    shape = f"[{','.join(map(str, instr.shape))}]" if instr.shape else ""
    return _NAMES.get(instr.dtype, str(instr.dtype)) + shape


def format_param(value: Any) -> str:
    """A static parameter as `print(tape)` shows it."""
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        return f"({', '.join(map(format_param, items))}{',' if len(items) == 1 else ''})"
    if isinstance(value, (float, complex)):
        return f"{value:g}"
    return _NAMES.get(value, str(value))


def format_tape(tape: Tape) -> Iterable[str]:
    """The lines of `print(tape)`: stable, one an instruction, constants in place."""
    names: dict[int, str] = {}
    body: list[tuple[str, str, str]] = []
    inner: dict[int, list[Tape]] = {}
    for i, instr in enumerate(tape.instrs):
        if instr.op is INPUT:
            names[i] = instr.params[0]
        elif instr.op is CONST:
            names[i] = format_param(instr.params[0])
        else:
            names[i] = f"v{i}"
            operands = ", ".join(names[j] for j in instr.args)
            params = ", ".join(f"{k}={format_param(v)}" for k, v in instr.named_params.items())
            call = f"{instr.op.name}({operands}{'; ' if params else ''}{params})"
            line = f"# {instr.line}" if instr.line else ""
            if isinstance(instr.op, Control):
                inner[len(body)] = instr.op.tapes(instr.params[0])
            body.append((f"{names[i]}: {type_name(instr)}", call, line))
    inputs = ", ".join(f"{names[i]}: {type_name(tape.instrs[i])}" for i in tape.inputs)
    yield f"tape({inputs}):"
    left = max((len(row[0]) for row in body), default=0)
    middle = max((len(row[1]) for row in body if len(row[1]) <= 60), default=0)
    for k, (result, call, line) in enumerate(body):
        yield f"  {result:<{left}} = {call:<{middle}}  {line}".rstrip()
        for held in inner.get(k, ()):
            yield from (f"      {row}" for row in format_tape(held))
    yield f"  return {', '.join(names[i] for i in tape.outputs)}"
