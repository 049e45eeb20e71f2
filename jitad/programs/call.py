"""Function + arguments -> Call: trace it, and say which leaves are differentiated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from types import FunctionType, MethodType
from typing import Any

import numpy as np

import jitad.functions  # noqa: F401  fills the registries
from jitad.frontend.active import depth, uncopied, undoing
from jitad.frontend.effects import Effects
from jitad.frontend.mutable import mutable
from jitad.frontend.pytree import Structure, flatten, statics_of, unflatten, without_statics
from jitad.frontend.reads import note_special
from jitad.frontend.regions import Changed, Raises, Unrecorded
from jitad.frontend.trace import Traced, leaf_type
from jitad.frontend.trace import trace as record
from jitad.frontend.traceable import traceable
from jitad.functions.control.blocks import current
from jitad.functions.program.carried import whole
from jitad.functions.program.choices import settled
from jitad.functions.program.pure import is_program
from jitad.functions.program.varying import whole_in
from jitad.ir.builder import Builder
from jitad.ir.errors import DifferentiationError, ShapeError, TraceError, WriteError, quoted
from jitad.ir.op import DType, is_differentiable
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.passes.bounded import bounded
from jitad.passes.cse import cse
from jitad.passes.dce import dce
from jitad.passes.finals import finals
from jitad.runtime.compute import compiled
from jitad.runtime.failure import said_by
from jitad.runtime.launch import Build
from jitad.runtime.plan import Plan
from jitad.runtime.writes import Writes, same_arrays
from jitad.transforms.hidden import hidden

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def static(argnums: Argnums) -> Argnums:
    """The places of arguments, as Python's own int or a tuple of them."""
    if type(argnums) is int:
        return argnums
    is_array = isinstance(argnums, np.ndarray)
    several = isinstance(argnums, (tuple, list, range)) or (is_array and argnums.ndim == 1)
    places: Any = argnums if several else (argnums,)
    whole = all(isinstance(k, (int, np.integer)) and not isinstance(k, bool) for k in places)
    if not whole or not len(places):
        raise ShapeError(
            f"argnums={argnums!r}",
            remedy="give the place of an argument, an int, or a tuple of them",
        )
    return tuple(int(k) for k in places) if several else int(places[0])


@dataclass(frozen=True, eq=False)
class Call:
    """A function traced at given arguments, and which of them are differentiated."""

    traced: Traced
    active: tuple[int, ...]
    selected: Structure
    """Pytree of the differentiated arguments."""
    structure: Structure
    """Pytree of (args, kwargs)."""

    @property
    def tape(self) -> Tape:
        return self.traced.tape

    def plan(self, tape: Tape, structure: Structure, kept: int, values: int | None = None) -> Plan:
        """A program of the same inputs, of the derivatives of the first results; `values` of its
        instructions come before them."""
        traced = self.traced
        zeros = zeros_of(traced, self.active, kept)
        known = traced.leaves, traced.captured, structure, None, values, self.structure
        return Plan(tape, *known, zeros=zeros, effects=traced.effects)


def trace_call(fun: Function, leaves: Sequence[Any], structure: Structure) -> Traced:
    """Trace `fun(*args, **kwargs)`, the leaves of (args, kwargs) being inputs.

    The value of a function that returns None and writes to arguments is what it writes: a tuple of
    these arguments, or the only one.
    """
    refused = None
    try:
        traced = _traced(fun, leaves, structure)
        if traced.structure.num_leaves:
            return traced
    except WriteError as error:
        refused = error
    traced, writes = _writing(fun, leaves, structure, tuple(range(len(leaves))))
    value, written = traced.structure.children()
    if value.num_leaves and refused is not None:
        raise refused
    if len(writes.places) == 1:
        (written,) = written.children()
    return replace(traced, structure=written if writes.places else value)


def _writing(
    fun: Function, leaves: Sequence[Any], structure: Structure, same: tuple[int, ...]
) -> tuple[Traced, Writes]:
    """A function that may write to its arguments: (its result, their new elements), and which;
    `same` says which of them are one array."""
    places: list[int] = []

    def write(values: Sequence[Any], call: Callable[[Any], Any]) -> Any:
        arrays: list[Any] = []
        for k, (x, first) in enumerate(zip(values, same, strict=True)):
            made = mutable(x.builder, x) if x.shape else x
            arrays.append(made if first == k else arrays[first])
        result, before = call(arrays), [x.index for x in values]
        changed = [k for k, x in enumerate(arrays) if same[k] == k and x.index != before[k]]
        places[:] = [k for k in changed if arrays[k].size]  # nothing is written to an empty array
        return result, tuple([arrays[k].freeze() for k in places])

    traced = _traced(fun, leaves, structure, write)
    return traced, Writes(tuple(places), same)


def _traced(
    fun: Function, leaves: Sequence[Any], structure: Structure, around: Any = None,
    writes: bool = False,
) -> Traced:  # fmt: skip
    """The trace of a function; `around` calls it, of the leaves that it makes of these."""

    def flat(values: Sequence[Any]) -> Any:
        run = traceable(_called(fun))
        seen = _as_it_is if is_program(run) else traceable
        args, kwargs = without_statics(unflatten(structure, values), seen)
        return run(*args, **kwargs)

    def recorded() -> Traced:
        def begun(values: Sequence[Any]) -> Any:
            current().writes = writes
            result = flat(values) if around is None else around(values, flat)
            return result, effects.end(current(), lambda x: whole_in(whole(settled(x))))

        with undoing(Effects()) as effects:
            traced = record(begun, leaves, _names(structure), machine=compiled)
        return _apart(traced, effects)

    try:
        try:
            traced = recorded()
        except Changed:
            with uncopied():
                traced = recorded()
    except Raises as error:
        if depth():  # who calls the function that is traced around it, says what it raises
            raise
        raise said_by(error.what, fun, structure, leaves) from None
    except Unrecorded as error:
        if depth():  # a loop or branch around may be recorded in another way
            raise
        raise _unrecorded(error) from None
    simple = finals(bounded(dce(cse(traced.tape))))
    return replace(traced, tape=simple)


def _unrecorded(error: Unrecorded) -> TraceError:
    """What is said of a function whose loops or branches nobody knows how to record."""
    said = str(error) or "what it makes or changes there differs from side to side, or turn to turn"
    return TraceError(
        f"a branch or a loop on traced values is not recorded: {said}",
        remedy="write the step with np.where, or that loop with jitad.scan or while_loop",
        line=error.line,
    )


def _apart(traced: Traced, effects: Effects) -> Traced:
    """A trace of (result, what is stored outside) as one of the result, with effects."""
    result, tape = traced.structure.children()[0], traced.tape
    own = Tape(tape.instrs, tape.inputs, tape.outputs[: result.num_leaves])
    if not effects.is_any():
        return replace(traced, tape=own, structure=result)
    stored = Tape(tape.instrs, tape.inputs, tape.outputs[result.num_leaves :])
    effects.tape = dce(cse(stored))
    return replace(traced, tape=own, structure=result, effects=effects)


def _as_it_is(x: Any) -> Any:
    return x


def _called(fun: Function) -> Function:
    """The function itself; of an object that is called the method that this runs."""
    call = vars(type(fun)).get("__call__")
    if not isinstance(call, FunctionType):
        return fun
    note_special(fun, "__call__")
    return MethodType(call, fun)


def zeros_of(traced: Traced, active: Sequence[int], kept: int, *, every: bool = False) -> str:
    """What is to be said of derivatives of the first results that are 0, by an input, or by every
    one of them."""
    if traced.derived:  # derivatives have steps of their own
        return ""
    found = list(hidden(traced.tape, active, kept))
    for k, line in found if not every or len(found) == len(active) else ():
        name = traced.tape.instrs[traced.tape.inputs[k]].params[0]
        return (
            f"has the derivative 0 by {name}, which reaches the result only through conditions or "
            f"whole numbers, first here{quoted(line)}\n  Remedy: what a search finds has the "
            "derivative of jitad.implicit.root, fixed_point or argmin; where 0 is meant, write "
            "jitad.stop_gradient(x)"
        )
    return ""


def _names(structure: Structure) -> list[str]:
    """Names of the inputs for printing: x0, x1, or x0_2 for the leaves of a pytree."""
    args, kwargs = structure.children()
    names: list[str] = []
    for k, child in enumerate(args.children()):
        names += [f"x{k}"] if child.is_leaf() else [f"x{k}_{i}" for i in range(child.num_leaves)]
    return names + [f"k{i}" for i in range(kwargs.num_leaves)]


def differentiate(
    fun: Function, argnums: Argnums, leaves: Sequence[Any], structure: Structure
) -> Call:
    """Trace a function whose arguments at `argnums` are to be differentiated."""
    picked = _selected(argnums, structure)
    active, selected = flatten(picked)
    for item in statics_of(picked):
        raise DifferentiationError(
            f"an argument to differentiate is or holds a {type(item).__name__}",
            remedy="pass it as another argument, or choose other argnums",
        )
    for k, i in enumerate(active):
        dtype = leaf_type(leaves[i]).dtype
        if not is_differentiable(dtype) and not selected.is_leaf():
            place = selected.accessors()[k].codify("")
            check_float(dtype, f"the leaf {place} of what is to differentiate", _OTHER)
        check_float(dtype, "an argument to differentiate")
    traced = trace_call(fun, leaves, structure)
    return Call(traced, tuple(active), selected, structure)


def _selected(argnums: Argnums, structure: Structure) -> Any:
    """The arguments at `argnums`, with the places of their leaves in the place of these."""
    args, _ = unflatten(structure, list(range(structure.num_leaves)))
    chosen = [argnums] if isinstance(argnums, int) else list(argnums)
    for k in chosen:
        if not -len(args) <= k < len(args):
            raise ShapeError(
                f"argnums={argnums} for a function called with {len(args)} positional arguments",
                remedy="count positional arguments from 0, or from -1 backwards",
            )
    return args[chosen[0]] if isinstance(argnums, int) else tuple(args[k] for k in chosen)


_OTHER = "pass it as another argument, which is not differentiated, or close over it"


def check_float(dtype: Any, what: str, other: str = "choose other argnums") -> None:
    """Refuse what has no derivative; `other` is what to write beside floats."""
    if not is_differentiable(dtype):
        raise DifferentiationError(
            f"{what} has dtype {dtype}, and only float64, float32, complex128 and complex64 have "
            "derivatives",
            remedy=f"pass a float (1.0 in place of 1), use x.astype(float), or {other}",
        )


def differentiable(leaves: Iterable[Any]) -> list[int]:
    """The places of what has derivatives: not of integers; half precision is refused."""
    found: list[int] = []
    for k, dtype in enumerate(leaf_type(x).dtype for x in leaves):
        if dtype.kind == "f":
            check_float(dtype, "an argument to differentiate")
        if is_differentiable(dtype):
            found.append(k)
    return found


def check_pair(traced: Traced) -> None:
    """Refuse another result than a pair, where one of it is asked for."""
    if len(traced.structure.children()) != 2:
        raise DifferentiationError(
            "with has_aux=True the function must return a pair (value, aux)",
            remedy="return the pair, or leave has_aux=True out",
        )


def check_real(given: DType, wanted: DType, what: str) -> None:
    """Refuse a complex direction of what is real: its imaginary part would be lost."""
    if given.kind == "c" and wanted.kind != "c":
        raise DifferentiationError(
            f"{what} is {given}, and what it belongs to is {wanted}",
            remedy="derivatives are linear: give its real and its imaginary part apart",
        )


def check_field(dtypes: Iterable[Any], what: str, holomorphic: bool) -> None:
    """Refuse complex numbers without `holomorphic`, and real ones with it."""
    for dtype in dtypes:
        check_float(dtype, what)
        if holomorphic and dtype.kind != "c":
            raise DifferentiationError(
                f"with holomorphic=True {what} must be complex, and it is {dtype}",
                remedy="leave holomorphic=True out, or pass complex numbers",
            )
        if not holomorphic and dtype.kind == "c":
            raise DifferentiationError(
                f"{what} is {dtype}: a derivative in all directions of the complex plane is one "
                "number only for a holomorphic function",
                remedy="use holomorphic=True where the function is; else differentiate its real "
                "and imaginary parts, or use jvp or vjp",
            )


def finish_with(builder: Builder, results: Sequence[Value]) -> Tape:
    """The builder's tape with these results."""
    return builder.finish([x.index for x in results])


def plain(fun: Function) -> Build:
    """The function itself as a program."""

    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        writes = None
        try:
            traced = _traced(fun, leaves, structure, writes=True)
        except WriteError:
            traced, writes = _writing(fun, leaves, structure, same_arrays(leaves))
        tape = traced.tape
        known = traced.leaves, traced.captured, traced.structure
        values, effects = len(tape), traced.effects
        return Plan(tape, *known, values=values, asked=structure, writes=writes, effects=effects)

    return build


def seedable(tape: Tape, kept: int) -> Tape:
    """The tape, whose first `kept` outputs are of floating point."""
    for i in tape.outputs[:kept]:
        check_float(tape.instrs[i].dtype, "a result to differentiate")
    return tape
