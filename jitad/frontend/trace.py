"""Python function + arguments -> Tape: run the function once on tracers that record."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

import jitad.frontend.mutable_operators
import jitad.frontend.printing  # noqa: F401  what Python asks of traced values
from jitad.frontend.active import depth, enter, innermost_trace, leave
from jitad.frontend.effects import Effects
from jitad.frontend.exceptions import note_recording
from jitad.frontend.operands import check_kind, lift, number_dtype, supported
from jitad.frontend.pytree import Structure, flatten
from jitad.ir.builder import Builder, Machine
from jitad.ir.errors import JitadError, TraceError, user_line
from jitad.ir.op import DType, Shape
from jitad.ir.tape import INPUT, Tape
from jitad.ir.value import Value

_NUMBERS = (bool, int, float, complex)

TRACEABLE = (Value, np.ndarray, np.generic, *_NUMBERS)
"""What becomes an input of the tape; an argument of another type is a constant."""


def is_number(x: Any) -> bool:
    """Whether an argument becomes an input: members of an enumeration are constants."""
    return isinstance(x, TRACEABLE) and not isinstance(x, Enum)


@dataclass(frozen=True)
class Leaf:
    """The type of one argument.

    `weak` where it is a Python number, `fortran` where its first axis runs fastest in memory.
    """

    shape: Shape
    dtype: DType
    weak: bool = False
    fortran: bool = False

    def __str__(self) -> str:
        if self.weak:
            return f"Python's {np.dtype(self.dtype).type(0).item().__class__.__name__}"
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]" if self.shape else f"{self.dtype}"


@dataclass(frozen=True, eq=False)
class Traced:
    """What a trace leaves: a tape whose inputs are the leaves of the arguments, then `captured`.

    `captured` are the arrays (or values of an outer trace) that the function closes over, held
    by reference; `structure` is the pytree of the results. It is `derived` where derivatives of
    other functions are part of it. `effects` are what the function does outside of itself.
    """

    tape: Tape
    captured: tuple[Any, ...]
    structure: Structure
    leaves: tuple[Leaf, ...]
    derived: bool = False
    effects: Effects | None = None


def leaf_type(x: Any) -> Leaf:
    """The type of an argument; an error where it cannot be traced."""
    if isinstance(x, np.ndarray):
        check_kind(x, "an argument")
        if x.dtype == object:
            raise TraceError(
                "an argument is an object array",
                remedy="arguments are arrays of float64, float32, complex128, complex64, int64, "
                "int32 or bool",
            )
        return Leaf(x.shape, supported(x.dtype), False, x.ndim > 1 and x.flags.fnc)
    if isinstance(x, Value):
        return Leaf(x.shape, x.dtype, x.weak)
    if isinstance(x, np.generic):  # before float, which np.float64 is too
        return Leaf((), supported(x.dtype))
    if isinstance(x, _NUMBERS):
        return Leaf((), number_dtype(x), True)
    raise TraceError(
        f"an argument of type {type(x).__name__} cannot be traced",
        remedy="arguments are arrays, numbers, and dicts, lists, tuples or dataclasses of them; "
        "close over what is not",
    )


def trace(
    function: Callable[[Sequence[Any]], Any],
    arguments: Sequence[Any],
    names: Sequence[str],
    *,
    machine: Machine | None = None,
) -> Traced:
    """Run `function` on tracers that stand for `arguments` (arrays, numbers or outer values).

    Where it asks for concrete values these are the arguments'. What is asked of loops is computed
    by `machine`, by itself that of the trace around this one.
    """
    outer = innermost_trace()
    builder = Builder(locate=user_line, level=depth() + 1)
    builder.machine = outer.machine if machine is None and outer is not None else machine
    leaves = tuple(leaf_type(x) for x in arguments)
    try:
        outputs, structure = _recorded(function, builder, arguments, leaves, names)
        captured = tuple(x for x, _ in builder.captured.values())
    finally:  # its values hold the builder: arrays in it would wait for the garbage collector
        builder.captured, builder.concrete, builder.constants = {}, {}, {}
        builder.sums = {}
        builder.raised.clear()
    tape = _inputs_first(builder.finish(outputs))
    return Traced(tape, captured, structure, leaves, builder.derived)


@contextmanager
def uncollected() -> Iterator[None]:
    """What makes a tape, or code of it, keeps nearly all that it makes: to look for garbage there
    would take as long."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _recorded(
    function: Callable[[Sequence[Any]], Any],
    builder: Builder,
    arguments: Sequence[Any],
    leaves: Sequence[Leaf],
    names: Sequence[str],
) -> tuple[list[int], Structure]:
    """Run the function on the builder's tape; the places of its results, and their structure."""
    enter(builder)
    try:
        inputs: list[Value] = []
        for x, leaf, name in zip(arguments, leaves, names, strict=True):
            value = builder.input(name, leaf.shape, leaf.dtype, weak=leaf.weak)
            builder.concrete[value.index] = x
            if leaf.fortran:
                builder.fortran.add(value.index)
            inputs.append(value)
        results, structure = flatten(_run(function, inputs))
        return [_output(builder, x).index for x in results], structure
    finally:
        builder.tracing = False
        builder.closed = True
        leave()


note_recording(_recorded.__code__)


def _run(function: Callable[[Sequence[Any]], Any], inputs: Sequence[Any]) -> Any:
    """Call the function; where NumPy reports our error as one of its own, ours is raised."""
    try:
        return function(inputs)
    except (TypeError, ValueError) as error:
        cause = error.__cause__
        if isinstance(cause, JitadError) and not isinstance(error, JitadError):
            raise cause from None
        raise
    except Exception as error:
        # SciPy's solvers in C report what goes wrong in the user's function as an error of theirs.
        if not type(error).__module__.startswith(("scipy.", "_minpack", "_quadpack", "_odepack")):
            raise
        raise TraceError(
            f"a solver of SciPy's met a traced value: {error}",
            remedy="use jitad.implicit.root, jitad.implicit.argmin or jitad.implicit.fixed_point",
        ) from error


def _output(builder: Builder, x: Any) -> Value:
    if isinstance(x, (Value, np.ndarray, np.generic, *_NUMBERS)):
        return lift(builder, x)
    if inspect.iscoroutine(x):
        x.close()
        raise TraceError("the function is async", remedy="trace a plain function, with def alone")
    raise TraceError(
        f"the function returned a {type(x).__name__}",
        remedy="return arrays, numbers, and dicts, lists or tuples of them",
    )


def _inputs_first(tape: Tape) -> Tape:
    """The same tape with its inputs before all other instructions."""
    order = [*tape.inputs, *(i for i, x in enumerate(tape.instrs) if x.op is not INPUT)]
    return tape if order == list(range(len(order))) else tape.reordered(order)
