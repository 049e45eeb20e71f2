"""A Python function -> a block: a tape of its own within the function that is being traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jitad.frontend.active import innermost_trace
from jitad.frontend.operands import PYTHON_NUMBERS, as_dtype, lift
from jitad.frontend.pytree import Structure, flatten, shown, unflatten
from jitad.frontend.trace import trace
from jitad.ir.builder import Builder, inline
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import structural as st
from jitad.ops.control.parts import rewired
from jitad.passes.cse import cse
from jitad.passes.dce import dce


@dataclass(frozen=True, eq=False)
class Block:
    """A traced function: its tape takes the arguments' leaves, then what it closes over.

    `captured` are these values on the tape around it; `structure` is the pytree of its results,
    of which those are `weak` that Python's numbers alone have gone into.
    """

    tape: Tape
    captured: list[Value]
    structure: Structure
    weak: list[bool]

    @property
    def results(self) -> list[Instr]:
        """The instructions of its results, for their types."""
        return [self.tape.instrs[i] for i in self.tape.outputs]


def current() -> Builder:
    """The tape that control flow is recorded on."""
    builder = innermost_trace()
    if builder is None:
        raise TraceError("control flow is recorded only while a function is traced")
    return builder


def are_plain(values: Sequence[Value]) -> bool:
    """Whether values on the tape are numbers, and arrays that functions close over: not traced."""
    builder = current()
    arrays = {x.index for a, x in builder.captured.values() if not isinstance(a, Value)}
    return all(x.index in arrays or builder.instrs[x.index].op is CONST for x in values)


def block(
    function: Callable[..., Any],
    trees: Sequence[Any],
    builder: Builder,
    names: str,
    *,
    in_turns: bool = False,
) -> Block:
    """Trace `function(*trees)`, whose leaves are values on `builder` or plain numbers.

    What is run once asks its guards before it is run, on `builder`; what is run `in_turns` keeps
    them.
    """
    leaves, structure = flatten(tuple(trees))
    weak: list[bool] = []

    def flat(values: Sequence[Any]) -> Any:
        result = function(*unflatten(structure, values))
        weak[:] = [is_weak(x) for x in flatten(result)[0]]
        return result

    labels = [f"{names}{k}" for k in range(len(leaves))]
    traced = trace(flat, leaves, labels)
    captured = [lift(builder, x) for x in traced.captured]
    tape = dce(cse(traced.tape))
    guards = tuple([i for i, instr in enumerate(tape.instrs) if st.is_path(instr)])
    if guards and not in_turns:
        asked = Tape(tape.instrs, tape.inputs, guards)
        inline(builder, asked, [*(lift(builder, x) for x in leaves), *captured])
        tape = _unguarded(tape)
    return Block(tape, captured, traced.structure, weak)


def _unguarded(tape: Tape) -> Tape:
    """The tape without guards of its path, which nobody reads."""
    builder = Builder()
    new: list[int] = []
    for instr in tape.instrs:
        kept = not st.is_path(instr)
        new.append(builder.copy(instr, tuple([new[j] for j in instr.args])) if kept else -1)
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


def captured_by(blocks: Iterable[Block]) -> dict[int, Value]:
    """What any of the blocks closes over, by its place on the tape around them."""
    return {x.index: x for b in blocks for x in b.captured}


def with_captured(b: Block, shared: dict[int, Value]) -> Tape:
    """A block's tape that takes, after its arguments, all of `shared`."""
    count = len(b.tape.inputs) - len(b.captured)
    own = {x.index: count + k for k, x in enumerate(b.captured)}
    rest = [own.get(i, (x.shape, x.dtype)) for i, x in shared.items()]
    return rewired(b.tape, [*range(count), *rest], range(len(b.tape.outputs)))


def lifted(builder: Builder, tree: Any) -> tuple[list[Value], Structure]:
    """The leaves of a tree as values on the tape."""
    leaves, structure = flatten(tree)
    return [lift(builder, x) for x in leaves], structure


def first_row(x: Value) -> Value:
    """A row of x, while a function of one is traced; zeros where there is none."""
    if x.shape[0] == 0:
        return x.builder.const(0, x.shape[1:], x.dtype)
    return st.index(x, slots=(0, *((0, n, 1) for n in x.shape[1:])))


def is_weak(x: Any) -> bool:
    """Whether x is a Python number, or a traced value that stands for one."""
    if isinstance(x, Value):
        return x.weak
    return isinstance(x, PYTHON_NUMBERS) and not isinstance(x, np.generic)


def as_weak(x: Value, weak: bool) -> Value:
    """The same value, weak or not."""
    return x if x.weak == weak else Value(x.builder, x.index, x.shape, x.dtype, weak)


def matched(init: Sequence[Value], traced: Block, what: str) -> list[Value] | None:
    """None where results have the types of what they follow; else `init` with the results' types.

    Only a Python number takes another type; anything else is an error.
    """
    results: list[Value] = []
    for k, (x, y, weak) in enumerate(zip(init, traced.results, traced.weak, strict=False)):
        if x.shape != y.shape or (x.dtype != y.dtype and not x.weak):
            raise ShapeError(
                f"{what} {k} is {y.dtype}{list(y.shape)} after a turn and {x.dtype}"
                f"{list(x.shape)} before it",
                remedy="give it the shape and dtype that the function returns: np.zeros(shape), "
                "np.float64(0), or x.astype(dtype) in what is returned",
            )
        results.append(as_weak(as_dtype(x, y.dtype), x.weak and weak))
    same = all(x is y for x, y in zip(init, results, strict=True))
    return None if same else results


def same_structure(got: Structure, wanted: Structure, what: str) -> None:
    """An error where a function returns another tree than it is given, or than another does."""
    if got != wanted:
        raise ShapeError(
            f"{what} returns {shown(got)}, and {shown(wanted)} is needed",
            remedy="return a tree of the same structure",
        )
