"""The public transforms: each composes trace, transforms and kernels, and holds no logic of its own.

Names and semantics are JAX's. Functions take and return arrays, numbers, and pytrees of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from jitad.frontend.operands import innermost, lift
from jitad.frontend.pytree import Structure, flatten, unflatten
from jitad.frontend.trace import Traced
from jitad.frontend.trace import trace as record
from jitad.ir.builder import Builder, inline
from jitad.ir.errors import DifferentiationError, ShapeError, TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.passes.cse import cse
from jitad.passes.dce import dce
from jitad.passes.pipeline import stages
from jitad.passes.schedule import Nest, schedule
from jitad.runtime.kernel import Kernel, Plan
from jitad.runtime.launch import Transformed
from jitad.transforms.batch import batch
from jitad.transforms.forward import forward
from jitad.transforms.reverse import reverse
from jitad.transforms.split import split

Function = Callable[..., Any]
Argnums = int | Sequence[int]


# -- the stages that the transforms share ----------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Call:
    """A function traced at given arguments, and which of them are differentiated."""

    traced: Traced
    args: tuple[Any, ...]
    active: tuple[int, ...]
    selected: Structure
    """Pytree of the differentiated arguments."""

    @property
    def tape(self) -> Tape:
        return self.traced.tape

    def plan(self, tape: Tape, structure: Structure) -> Plan:
        """A program of the same inputs."""
        return Plan(tape, self.traced.leaves, self.traced.captured, structure)


def _trace(fun: Function, leaves: Sequence[Any], structure: Structure) -> Traced:
    """Trace `fun(*args, **kwargs)`, the leaves of (args, kwargs) being inputs."""
    names = _names(structure)

    def flat(values: Sequence[Any]) -> Any:
        args, kwargs = unflatten(structure, values)
        return fun(*args, **kwargs)

    traced = record(flat, leaves, names)
    simple = dce(cse(traced.tape))
    return Traced(simple, traced.captured, traced.structure, traced.leaves)


def _names(structure: Structure) -> list[str]:
    """Names of the inputs for printing: x0, x1, or x0_2 for the leaves of a pytree."""
    args, kwargs = structure.children()
    names: list[str] = []
    for k, child in enumerate(args.children()):
        names += [f"x{k}"] if child.is_leaf() else [f"x{k}_{i}" for i in range(child.num_leaves)]
    return names + [f"k{i}" for i in range(kwargs.num_leaves)]


def _differentiate(
    fun: Function, argnums: Argnums, leaves: Sequence[Any], structure: Structure
) -> _Call:
    traced = _trace(fun, leaves, structure)
    args_structure, _ = structure.children()
    children = args_structure.children()
    starts = np.cumsum([0, *(child.num_leaves for child in children)])
    chosen = [argnums] if isinstance(argnums, int) else list(argnums)
    active: list[int] = []
    for k in chosen:
        if not -len(children) <= k < len(children):
            raise ShapeError(
                f"argnums={argnums} for a function called with {len(children)} positional arguments"
            )
        k %= len(children)
        active += range(int(starts[k]), int(starts[k + 1]))
    for i in active:
        _check_float(traced.leaves[i].dtype, "an argument to differentiate")
    args, _ = unflatten(structure, list(range(len(leaves))))
    picked = args[chosen[0]] if isinstance(argnums, int) else tuple(args[k] for k in chosen)
    return _Call(traced, args, tuple(active), flatten(picked)[1])


def _check_float(dtype: Any, what: str) -> None:
    if dtype.kind != "f":
        raise DifferentiationError(
            f"{what} has dtype {dtype}, and only float64 and float32 have derivatives",
            remedy="pass a float (1.0 in place of 1), use x.astype(float), or choose other argnums",
        )


def _with_constants(tape: Tape, seeds: Sequence[float]) -> Tape:
    """The tape with its last inputs bound to numbers."""
    builder = Builder()
    count = len(tape.inputs) - len(seeds)
    inputs = [builder.value(builder.copy(tape.instrs[i], ())) for i in tape.inputs[:count]]
    for i, number in zip(tape.inputs[count:], seeds, strict=True):
        instr = tape.instrs[i]
        inputs.append(builder.const(number, instr.shape, instr.dtype))
    return builder.finish([x.index for x in inline(builder, tape, inputs)])


@lru_cache(maxsize=1024)
def _cached(make: Callable[..., Transformed], fun: Function, options: Any) -> Transformed:
    return make(fun, *options)


def _shared(make: Callable[..., Transformed], fun: Function, *options: Any) -> Transformed:
    """The same transformed function, with its kernels, for the same request."""
    if not callable(fun):
        raise TraceError(
            f"{fun!r} is not a function", remedy="pass the function itself, not its result"
        )
    try:
        hash(fun)
    except TypeError:
        return make(fun, *options)
    return _cached(make, fun, options)


def _static(argnums: Argnums) -> Argnums:
    return argnums if isinstance(argnums, int) else tuple(int(k) for k in argnums)


# -- reverse mode ----------------------------------------------------------------------------------


def grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Transformed:
    """The gradient of a scalar function, by reverse mode.

    Args:
        fun: takes arrays, numbers or pytrees of them; returns a scalar of floating point (with
            `has_aux`, a pair of it and anything else).
        argnums: which positional arguments to differentiate; of a tuple, a tuple of gradients.
        has_aux: `fun` returns `(value, aux)`; the result is then `(gradient, aux)`.

    Returns:
        A function of the same arguments; its result has the argument's structure, shapes, dtypes.

    Raises:
        DifferentiationError: the result is not a scalar of floating point, or the argument is one
            of integers.

    Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 3.

    >>> import numpy as np, jitad
    >>> jitad.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return _shared(_make_grad, fun, _static(argnums), bool(has_aux))


def value_and_grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Transformed:
    """A scalar function's value and gradient together; arguments as of `grad`.

    Returns:
        A function whose result is `(value, gradient)`, with `has_aux` `((value, aux), gradient)`.

    >>> import numpy as np, jitad
    >>> jitad.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """
    return _shared(_make_value_and_grad, fun, _static(argnums), bool(has_aux))


def _scalar_gradient(
    fun: Function, argnums: Argnums, has_aux: bool, leaves: Sequence[Any], structure: Structure
) -> tuple[_Call, Tape, Structure, int]:
    """The call, the tape of (value, aux..., gradients...), aux's structure and its length."""
    call = _differentiate(fun, argnums, leaves, structure)
    result = call.traced.structure
    aux, count = flatten(())[1], 0
    if has_aux:
        parts = result.children()
        if len(parts) != 2 or not parts[0].is_leaf():
            raise DifferentiationError(
                "with has_aux=True the function must return a pair (scalar, aux)"
            )
        aux, count = parts[1], parts[1].num_leaves
    elif not result.is_leaf():
        raise DifferentiationError(
            f"the gradient needs a function with one scalar result, not {result}",
            remedy="return the scalar alone, or use has_aux=True, or jacrev",
        )
    value = call.tape.instrs[call.tape.outputs[0]]
    if value.shape != ():
        raise DifferentiationError(
            f"the gradient needs a scalar result, and this one has shape {value.shape}",
            remedy="sum it, or use jacrev, jacfwd or vjp",
        )
    _check_float(value.dtype, "the result")
    tape = _with_constants(reverse(call.tape, call.active, [0]), [1.0])
    return call, tape, aux, count


def _make_value_and_grad(fun: Function, argnums: Argnums, has_aux: bool) -> Transformed:
    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call, tape, aux, _ = _scalar_gradient(fun, argnums, has_aux, leaves, structure)
        value: Any = (0, unflatten(aux, [0] * aux.num_leaves)) if has_aux else 0
        gradient = unflatten(call.selected, [0] * call.selected.num_leaves)
        return call.plan(tape, flatten((value, gradient))[1])

    return Transformed(fun, build, (value_and_grad, (fun, argnums, has_aux)))


def _make_grad(fun: Function, argnums: Argnums, has_aux: bool) -> Transformed:
    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call, tape, aux, count = _scalar_gradient(fun, argnums, has_aux, leaves, structure)
        outputs = tape.outputs[1 + count :] + tape.outputs[1 : 1 + count]
        result: Any = unflatten(call.selected, [0] * call.selected.num_leaves)
        if has_aux:
            result = (result, unflatten(aux, [0] * aux.num_leaves))
        return call.plan(Tape(tape.instrs, tape.inputs, outputs), flatten(result)[1])

    return Transformed(fun, build, (grad, (fun, argnums, has_aux)))


# -- compiling as it is ----------------------------------------------------------------------------


def jit(fun: Function) -> Transformed:
    """The function itself, compiled: traced at new shapes and paths, then run as machine code.

    >>> import numpy as np, jitad
    >>> jitad.jit(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2)(np.float64(0.3))
    np.float64(1.0)
    """
    return _shared(_make_jit, fun)


def _make_jit(fun: Function) -> Transformed:
    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        traced = _trace(fun, leaves, structure)
        return Plan(traced.tape, traced.leaves, traced.captured, traced.structure)

    return Transformed(fun, build, (jit, (fun,)))


# -- tangents and adjoints of given directions -----------------------------------------------------


def jvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """Value and directional derivative, by forward mode: J v.

    Args:
        fun: any function of arrays, numbers and pytrees of them.
        primals: its arguments, a tuple or list.
        tangents: for each argument a direction of its structure, shapes and dtypes; or, for many
            directions at once, arrays with one more, leading, axis of K: the values and elemental
            partials are then computed once, and K linear sweeps.
        has_aux: `fun` returns `(value, aux)`, and aux is returned undifferentiated.

    Returns:
        `(value, tangent)`, with `has_aux` `(value, tangent, aux)`; of K directions the tangent
        has a leading axis of K.

    Source: Griewank & Walther, Evaluating Derivatives, section 3.1 (vector mode).

    >>> import jitad
    >>> jitad.jvp(lambda x: x**3, (2.0,), (1.0,))
    (np.float64(8.0), np.float64(12.0))
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ShapeError(
            "jvp takes tuples of primals and tangents", remedy="write jvp(f, (x,), (v,))"
        )
    if len(primals) != len(tangents):
        raise ShapeError(f"{len(primals)} primals and {len(tangents)} tangents")
    return _shared(_make_jvp, fun, bool(has_aux))(*primals, *tangents)


def _make_jvp(fun: Function, has_aux: bool) -> Transformed:
    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        children = structure.children()[0].children()
        half = len(children) // 2
        if children[:half] != children[half:]:
            raise ShapeError(
                f"primals and tangents differ in structure: {children[:half]}, {children[half:]}"
            )
        count = sum(child.num_leaves for child in children[:half])
        primals = tuple(unflatten(child, [0] * child.num_leaves) for child in children[:half])
        args = flatten((primals, {}))[1]
        traced = _trace(fun, leaves[:count], args)
        directions = _directions(leaves[:count], leaves[count:])
        active = [i for i in range(count) if traced.leaves[i].dtype.kind == "f"]
        tape = forward(traced.tape, active)
        result = traced.structure
        kept = result.children()[0].num_leaves if has_aux else result.num_leaves
        total = result.num_leaves
        outputs = range(kept), range(total, total + kept), range(kept, total)
        first = len(traced.tape.inputs)
        if directions is not None:
            batched = range(first, first + len(active))
            tape = batch(tape, batched, directions, range(total, 2 * total))
        tape = _seed_inputs(tape, leaves, count, active, len(traced.captured))
        order = tuple(tape.outputs[k] for part in outputs for k in part)
        value = result.children()[0] if has_aux else result
        out: list[Any] = [unflatten(value, [0] * kept)] * 2
        out += [unflatten(result.children()[1], [0] * (total - kept))] if has_aux else []
        types = record(lambda _: (), leaves, [""] * len(leaves)).leaves
        tape = Tape(tape.instrs, tape.inputs, order)
        return Plan(tape, types, traced.captured, flatten(tuple(out))[1])

    return Transformed(fun, build, (_make_jvp, (fun, has_aux)))


def _directions(primals: Sequence[Any], tangents: Sequence[Any]) -> int | None:
    """K of K directions, None of one."""
    sizes: set[int | None] = set()
    for x, dx in zip(primals, tangents, strict=True):
        if np.shape(dx) == np.shape(x):
            sizes.add(None)
        elif np.shape(dx)[1:] == np.shape(x):
            sizes.add(np.shape(dx)[0])
        else:
            raise ShapeError(
                f"a tangent of shape {np.shape(dx)} for an argument of shape {np.shape(x)}",
                remedy="tangents have the argument's shape, or that with a leading axis of K",
            )
    if len(sizes) > 1:
        raise ShapeError("some tangents have a leading axis, and others not, or another one")
    return sizes.pop() if sizes else None


def _seed_inputs(
    tape: Tape, leaves: Sequence[Any], count: int, active: Sequence[int], captured: int
) -> Tape:
    """Inputs in the order primals, all tangents, captured; tangents cast to the primals' dtypes."""
    builder = Builder()
    types = record(lambda _: (), leaves, [""] * len(leaves)).leaves
    primals = [builder.value(builder.copy(tape.instrs[i], ())) for i in tape.inputs[:count]]
    tangents = [
        builder.input(f"dx{k}", leaf.shape, leaf.dtype) for k, leaf in enumerate(types[count:])
    ]
    rest = [
        builder.value(builder.copy(tape.instrs[i], ()))
        for i in tape.inputs[count : count + captured]
    ]
    seeds = [
        tangents[k]
        if tangents[k].dtype == primals[k].dtype
        else ew.cast(tangents[k], dtype=primals[k].dtype)
        for k in active
    ]
    results = inline(builder, tape, [*primals, *rest, *seeds])
    return builder.finish([x.index for x in results])


def vjp(fun: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Value and pullback: a function from the result's adjoint to the arguments' adjoints.

    Args:
        fun: any function of arrays, numbers and pytrees of them.
        primals: its arguments.
        has_aux: `fun` returns `(value, aux)`, and aux is returned undifferentiated.

    Returns:
        `(value, pullback)`, with `has_aux` `(value, pullback, aux)`; `pullback(y_bar)` is a tuple
        of one adjoint for each argument. The values that it needs are kept, not computed again.

    Source: Griewank & Walther, Evaluating Derivatives, section 3.2.

    >>> import numpy as np, jitad
    >>> value, pullback = jitad.vjp(np.sin, 0.0)
    >>> pullback(2.0)
    (np.float64(2.0),)
    """
    (value, residuals, aux), plan = _shared(_make_vjp, fun, bool(has_aux)).run(primals, {})
    pullback = Pullback(plan.companion, residuals, value)
    return (value, pullback, aux) if has_aux else (value, pullback)


def linearize(fun: Function, *primals: Any) -> tuple[Any, Linear]:
    """Value and linear map: the derivative at `primals` as a function of tangents.

    Returns:
        `(value, linear)`; `linear(*tangents)` is J v, from values that are kept.

    >>> import jitad
    >>> value, linear = jitad.linearize(lambda x: x**2, 3.0)
    >>> linear(1.0)
    np.float64(6.0)
    """
    (value, residuals, _), plan = _shared(_make_linearize, fun).run(primals, {})
    return value, Linear(plan.companion, residuals, primals)


@dataclass(frozen=True, eq=False, repr=False)
class Pullback:
    """What `vjp` returns: from the result's adjoint to a tuple of the arguments' adjoints."""

    _program: Any
    _residuals: tuple[Any, ...]
    _value: Any

    def __call__(self, y_bar: Any) -> tuple[Any, ...]:
        """The adjoints of the arguments, for the adjoint `y_bar` of the result."""
        return self._program(self._residuals, _matched(y_bar, self._value, "the adjoint"))


@dataclass(frozen=True, eq=False, repr=False)
class Linear:
    """What `linearize` returns: from tangents of the arguments to the result's tangent."""

    _program: Any
    _residuals: tuple[Any, ...]
    _primals: tuple[Any, ...]

    def __call__(self, *tangents: Any) -> Any:
        """J v for the tangents `v` of the arguments."""
        return self._program(self._residuals, _matched(tangents, self._primals, "the tangent"))


def _matched(given: Any, like: Any, what: str) -> Any:
    """`given` as a tree like another: same structure, shapes, and dtypes (ints become floats)."""
    leaves, structure = flatten(given)
    models, wanted = flatten(like)
    if structure != wanted:
        raise ShapeError(f"{what} has the structure {structure}, and {wanted} is needed")
    result: list[Any] = []
    for x, model in zip(leaves, models, strict=True):
        if np.shape(x) != np.shape(model):
            raise ShapeError(f"{what} has shape {np.shape(x)}, and {np.shape(model)} is needed")
        dtype = model.dtype if isinstance(model, (Value, np.ndarray, np.generic)) else FLOAT64
        if isinstance(x, Value) or dtype.kind != "f":
            result.append(x)
        else:
            result.append(np.asarray(x, dtype)[()])
    return unflatten(structure, result)


def _replay(tape: Tape, structure: Structure) -> Transformed:
    """A tape as a function of (residuals, tree of the other inputs)."""

    def function(residuals: Any, tree: Any) -> Any:
        operands = [*residuals, *flatten(tree)[0]]
        builder = innermost(operands)
        return unflatten(structure, inline(builder, tape, [lift(builder, x) for x in operands]))

    return _make_jit(function)


def _two_stages(
    traced: Traced, tape: Tape, late: Sequence[int], results: Sequence[int], has_aux: bool,
    structure: Structure,
) -> Plan:  # fmt: skip
    """(value, residuals, aux) as a program, and its companion: the results from the residuals."""
    first, second = split(tape, late, results)
    total = traced.structure.num_leaves
    parts = traced.structure.children() if has_aux else [traced.structure, flatten(())[1]]
    kept = parts[0].num_leaves
    value, aux = (unflatten(part, [0] * part.num_leaves) for part in parts)
    residuals = (0,) * (len(first.outputs) - total)
    outputs = first.outputs[:kept] + first.outputs[total:] + first.outputs[kept:total]
    return Plan(
        Tape(first.instrs, first.inputs, outputs),
        traced.leaves,
        traced.captured,
        flatten((value, residuals, aux))[1],
        _replay(second, structure),
    )


def _make_vjp(fun: Function, has_aux: bool) -> Transformed:
    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        traced = _trace(fun, leaves, structure)
        total = traced.structure.num_leaves
        kept = traced.structure.children()[0].num_leaves if has_aux else total
        everything = range(len(leaves))
        seeds = range(kept)
        tape = _seedable(traced.tape, kept)
        active = [k for k in everything if traced.leaves[k].dtype.kind == "f"]
        tape = reverse(tape, active, seeds)
        first = len(traced.tape.inputs)
        tape = _fill_in(tape, traced, active, total)
        late, results = range(first, first + kept), range(total, total + len(leaves))
        args = structure.children()[0]
        return _two_stages(traced, tape, late, results, has_aux, args)

    return Transformed(fun, build, (_make_vjp, (fun, has_aux)))


def _seedable(tape: Tape, kept: int) -> Tape:
    for i in tape.outputs[:kept]:
        _check_float(tape.instrs[i].dtype, "the result of a function under vjp")
    return tape


def _fill_in(tape: Tape, traced: Traced, active: Sequence[int], total: int) -> Tape:
    """Zero adjoints for the arguments that are not of floating point."""
    if len(active) == len(traced.leaves):
        return tape
    builder = Builder()
    inputs = [builder.value(builder.copy(tape.instrs[i], ())) for i in tape.inputs]
    results = inline(builder, tape, inputs)
    adjoints = iter(results[total:])
    filled = [
        next(adjoints) if k in active else builder.const(0.0, leaf.shape, FLOAT64)
        for k, leaf in enumerate(traced.leaves)
    ]
    return builder.finish([x.index for x in (*results[:total], *filled)])


def _make_linearize(fun: Function) -> Transformed:
    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        traced = _trace(fun, leaves, structure)
        for leaf in traced.leaves:
            _check_float(leaf.dtype, "an argument of linearize")
        total, first = traced.structure.num_leaves, len(traced.tape.inputs)
        tape = forward(traced.tape, range(len(leaves)))
        late, results = range(first, first + len(leaves)), range(total, 2 * total)
        return _two_stages(traced, tape, late, results, False, traced.structure)

    return Transformed(fun, build, (_make_linearize, (fun,)))


# -- whole Jacobians and Hessians ------------------------------------------------------------------


def jacfwd(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Transformed:
    """The Jacobian by forward mode: one tangent for each element of the argument, all at once.

    Args:
        fun: returns arrays of floating point, in any pytree (with `has_aux` a pair of it and aux).
        argnums: which positional arguments to differentiate.
        has_aux: the result is then `(jacobian, aux)`.

    Returns:
        A function of the same arguments. For a result of shape s and an argument of shape t its
        result has shape s + t; pytrees nest as in JAX: the result's structure outside.

    >>> import numpy as np, jitad
    >>> jitad.jacfwd(lambda x: np.stack([x[0] * x[1], x[0]]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 0.]])
    """
    return _shared(_make_jacobian, fun, _static(argnums), bool(has_aux), "forward")


def jacrev(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Transformed:
    """The Jacobian by reverse mode: one adjoint for each element of the result, all at once.

    Arguments and result as of `jacfwd`.

    >>> import numpy as np, jitad
    >>> jitad.jacrev(lambda x: np.stack([x[0] * x[1], x[0]]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 0.]])
    """
    return _shared(_make_jacobian, fun, _static(argnums), bool(has_aux), "reverse")


def jacobian(
    fun: Function, argnums: Argnums = 0, has_aux: bool = False, mode: str = "auto"
) -> Transformed:
    """The Jacobian by the mode that costs less, or the one that is asked for.

    Arguments and result as of `jacfwd`. `mode` is "forward", "reverse" or "auto": forward costs
    about n sweeps, for n elements of the arguments, and reverse about 1.5 m, for m of the result.

    >>> import numpy as np, jitad
    >>> jitad.jacobian(np.sin)(0.0)
    np.float64(1.0)
    """
    if mode not in ("auto", "forward", "reverse"):
        raise ShapeError(f"jacobian has no mode {mode!r}", remedy="auto, forward or reverse")
    return _shared(_make_jacobian, fun, _static(argnums), bool(has_aux), mode)


def _make_jacobian(fun: Function, argnums: Argnums, has_aux: bool, mode: str) -> Transformed:
    def build(leaves: Sequence[Any], structure: Structure) -> Plan:
        call = _differentiate(fun, argnums, leaves, structure)
        parts = call.traced.structure.children() if has_aux else [call.traced.structure]
        kept = parts[0].num_leaves
        _seedable(call.tape, kept)
        shapes = [call.traced.leaves[k].shape for k in call.active]
        results = [call.tape.instrs[i].shape for i in call.tape.outputs[:kept]]
        n, m = (sum(math.prod(s) for s in group) for group in (shapes, results))
        chosen = mode
        if mode == "auto":
            chosen = "forward" if n <= 1.5 * m else "reverse"
        compute = _jacobian_forward if chosen == "forward" else _jacobian_reverse
        tape = compute(call, kept, shapes, results)
        block = unflatten(call.selected, [0] * call.selected.num_leaves)
        result: Any = unflatten(parts[0], [block] * kept)
        if has_aux:
            result = (result, unflatten(parts[1], [0] * parts[1].num_leaves))
        return call.plan(tape, flatten(result)[1])

    recipe = (jacobian, (fun, argnums, has_aux, mode))
    return Transformed(fun, build, recipe)


def _one_hot(builder: Builder, shapes: Sequence[Any], dtypes: Sequence[Any]) -> list[Value]:
    """The unit vectors of a space of several arrays, split among them: each (N, *shape)."""
    sizes = [math.prod(shape) for shape in shapes]
    total, seeds, start = sum(sizes), [], 0
    anchor = builder.const(0, (), FLOAT64)
    for size, shape, dtype in zip(sizes, shapes, dtypes, strict=True):
        row = st.iota_on(anchor, (total, size), 0)
        column = ew.add(st.iota_on(anchor, (total, size), 1), start)
        unit = ew.cast(ew.eq(row, column), dtype=dtype)
        seeds.append(st.reshape(unit, shape=(total, *shape)))
        start += size
    return seeds


def _jacobian_forward(call: _Call, kept: int, shapes: list[Any], results: list[Any]) -> Tape:
    total = sum(math.prod(shape) for shape in shapes)
    tape = forward(call.tape, call.active)
    first, count = len(call.tape.inputs), len(call.tape.outputs)
    tangents = range(count, count + kept)
    tape = batch(tape, range(first, len(tape.inputs)), total, range(count, 2 * count))
    builder, inputs = _same_inputs(tape, first)
    dtypes = [call.traced.leaves[k].dtype for k in call.active]
    outputs = inline(builder, tape, [*inputs, *_one_hot(builder, shapes, dtypes)])
    blocks: list[Value] = []
    for k, result in zip(tangents, results, strict=True):
        start = 0
        for shape in shapes:
            size = math.prod(shape)
            slots = ((start, size, 1), *((0, n, 1) for n in result))
            rows = st.index(outputs[k], slots=slots)
            turned = st.transpose(rows, perm=(*range(1, len(result) + 1), 0))
            blocks.append(st.reshape(turned, shape=(*result, *shape)))
            start += size
    return _finish(builder, [*blocks, *outputs[kept:count]])


def _jacobian_reverse(call: _Call, kept: int, shapes: list[Any], results: list[Any]) -> Tape:
    total = sum(math.prod(shape) for shape in results)
    tape = reverse(call.tape, call.active, range(kept))
    first, count = len(call.tape.inputs), len(call.tape.outputs)
    adjoints = range(count, len(tape.outputs))
    tape = batch(tape, range(first, len(tape.inputs)), total, adjoints)
    builder, inputs = _same_inputs(tape, first)
    dtypes = [call.tape.instrs[i].dtype for i in call.tape.outputs[:kept]]
    outputs = inline(builder, tape, [*inputs, *_one_hot(builder, results, dtypes)])
    blocks: list[Value] = []
    start = 0
    for result in results:
        size = math.prod(result)
        for k, shape in zip(adjoints, shapes, strict=True):
            slots = ((start, size, 1), *((0, n, 1) for n in shape))
            blocks.append(st.reshape(st.index(outputs[k], slots=slots), shape=(*result, *shape)))
        start += size
    return _finish(builder, [*blocks, *outputs[kept:count]])


def _same_inputs(tape: Tape, count: int) -> tuple[Builder, list[Value]]:
    """A new tape with the first `count` inputs of another."""
    builder = Builder()
    return builder, [builder.value(builder.copy(tape.instrs[i], ())) for i in tape.inputs[:count]]


def _finish(builder: Builder, results: Sequence[Value]) -> Tape:
    return builder.finish([x.index for x in results])


def hessian(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Transformed:
    """The matrix of second derivatives, forward over reverse.

    Arguments as of `jacfwd`. For a scalar function of an argument of shape t the result has
    shape t + t.

    >>> import numpy as np, jitad
    >>> jitad.hessian(lambda x: x[0] ** 2 * x[1])(np.array([2.0, 3.0]))
    array([[6., 4.],
           [4., 0.]])
    """
    return jacfwd(jacrev(fun, argnums, has_aux), argnums, has_aux)


def hvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any], argnums: Argnums = 0
) -> Any:
    """The Hessian of a scalar function times a vector, without the Hessian: forward over reverse.

    Args:
        fun: a scalar function.
        primals: its arguments.
        tangents: a direction for each argument, or K of them along a leading axis, as in `jvp`.
        argnums: the arguments whose gradient is differentiated.

    Returns:
        The derivative of `grad(fun, argnums)` at `primals` in the direction `tangents`.

    Source: Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994).

    >>> import numpy as np, jitad
    >>> jitad.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    array([6., 0.])
    """
    return jvp(grad(fun, argnums), primals, tangents)[1]


# -- a look inside ---------------------------------------------------------------------------------


def stop_gradient(x: Any) -> Any:
    """`x` with derivative zero; any pytree.

    >>> import jitad
    >>> jitad.grad(lambda x: x * jitad.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    leaves, structure = flatten(x)
    stopped = [ew.stop_gradient(leaf) if isinstance(leaf, Value) else leaf for leaf in leaves]
    return unflatten(structure, stopped)


def compile(fun: Function, *args: Any, **kwargs: Any) -> Kernel:
    """A kernel for arguments of these shapes and dtypes.

    Args:
        fun: a function, plain or made by a transform such as `value_and_grad(f)`.
        args, kwargs: example arguments.

    Returns:
        A `Kernel`: callable from Python; `kernel.njit` is callable from Numba code.

    >>> import numpy as np, jitad
    >>> kernel = jitad.compile(jitad.grad(lambda x: np.sum(x**2)), np.zeros(3))
    >>> kernel(np.ones(3))
    array([2., 2., 2.])
    """
    return jit(fun).kernel(*args, **kwargs)


def trace(fun: Function, *args: Any, **kwargs: Any) -> Tape:
    """The tape that the function leaves when it is run at these arguments.

    >>> import numpy as np, jitad
    >>> print(jitad.trace(lambda x, y: np.log(x) + x * y, 2.0, 5.0))  # doctest: +ELLIPSIS
    tape(x0: f64, x1: f64):
      v2: f64 = log(x0)...
      v3: f64 = mul(x0, x1)...
      v4: f64 = add(v2, v3)...
      return v4
    """
    return jit(fun).plan(*args, **kwargs).tape


def explain(fun: Function, *args: Any, **kwargs: Any) -> str:
    """Every stage from the tape to LLVM IR, as text."""
    tape = trace(fun, *args, **kwargs)
    parts = [f"== trace\n{tape}"]
    for name, tape in stages(tape):
        parts.append(f"== {name}\n{tape}")
    program = schedule(tape)
    parts.append("== schedule\n" + "\n".join(_describe(step, tape) for step in program.steps))
    kernel = compile(fun, *args, **kwargs)
    parts.append(f"== llvm\n{kernel.code.text}")
    return "\n\n".join(parts)


def _describe(step: Any, tape: Tape) -> str:
    if not isinstance(step, Nest):
        return f"  call v{step.index} = {tape.instrs[step.index].op.name}"
    roots = ", ".join(f"v{root.index}" for root in step.roots)
    over = " x ".join(map(str, step.space)) or "once"
    return f"  loop {over}: {roots}"
