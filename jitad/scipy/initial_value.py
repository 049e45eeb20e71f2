"""The op of initial value problems: SciPy's integrators, with their derivatives as problems again.

A state z(t) follows z' = f(z, t, args) between the times t_0 .. t_{T-1}. At each t_i its first r
components are reset to `resets[i]`, and `jumps[i]` is added to the others, which begin as zeros.
The result has the state *before* each t_i, shape (T, n), with zeros at t_0. A plain problem has no
resets, and jumps only once, by y0 at t_0. The linearised and the adjoint problem are of the same
form (their coefficients follow the stored states, as resets), and so are those of every order.

Source: Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, section I.14; Cao, Li,
Petzold & Serban, Adjoint sensitivity analysis, SIAM J. Sci. Comput. 24 (2003).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from jitad.codegen.status import GUARD_FAILED
from jitad.implicit.problem import matrix_of, with_inputs
from jitad.ir.builder import Builder, inline
from jitad.ir.errors import DifferentiationError, TraceError
from jitad.ir.op import DType, Shape, Structural
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.structural import spread
from jitad.runtime.compute import kernel_of
from jitad.runtime.kernel import Kernel
from jitad.transforms.batch import batch
from jitad.transforms.forward import forward
from jitad.transforms.reverse import reverse

Solve = Callable[[Callable[..., Any], Callable[..., Any], np.ndarray, np.ndarray], np.ndarray]
"""From f(z, t), its matrix of derivatives by z, z at the first time and all times to z at all
times, shape (T, n)."""


@dataclass(frozen=True, eq=False)
class System:
    """z' = f(z, t, args): a tape of these inputs, how it is integrated, how many z are reset.

    `active` are the positions of the arguments that may have derivatives.
    """

    tape: Tape
    solve: Solve
    resets: int
    active: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of components of z."""
        return self.tape.instrs[self.tape.inputs[0]].shape[0]

    @cached_property
    def kernel(self) -> Kernel:
        """f as machine code."""
        return kernel_of(self.tape)

    @cached_property
    def matrix(self) -> Kernel:
        """The derivatives of f by z as machine code."""
        builder, inputs = with_inputs(self.tape)
        return kernel_of(builder.finish([matrix_of(self.tape, inputs).index]))

    @cached_property
    def adjoint(self) -> System:
        """The adjoint problem: one object, so that equal calls of it are merged."""
        return _adjoint(self)

    @cached_property
    def linearised(self) -> System:
        """The linearised problem, in the directions of all active arguments."""
        return _linearised(self)

    @lru_cache(maxsize=8)  # noqa: B019  an equal call is merged only if its system is the same
    def stacked(self, size: int, batched: tuple[bool, ...]) -> System:
        """Several of the problems as one."""
        return _stacked(self, size, batched)

    def __repr__(self) -> str:
        return f"<system of {self.size}>"


def _infer(
    resets: Any, jumps: Any, times: Any, *arguments: Any, system: System
) -> tuple[Shape, DType]:
    return (times.shape[0], system.size), times.dtype


def _np_integrate(
    resets: np.ndarray, jumps: np.ndarray, times: np.ndarray, *arguments: Any, system: System
) -> np.ndarray:
    """One call of the integrator where nothing happens in between, else one for each interval."""
    scalars = [x[()] if np.ndim(x) == 0 else x for x in arguments]

    def compiled(kernel: Callable[[], Kernel]) -> Callable[..., np.ndarray]:
        def f(z: np.ndarray, t: float) -> np.ndarray:
            result = kernel().entry(np.ascontiguousarray(z), np.float64(t), *scalars)
            if type(result) is not int:
                return result
            if not result & GUARD_FAILED:
                raise kernel().failure(result)
            raise TraceError(
                "the slope of an initial value problem branches on its state or time",
                remedy="use np.where in the place of if",
            )

        return f

    f, matrix = compiled(lambda: system.kernel), compiled(lambda: system.matrix)
    result = np.zeros((len(times), system.size))
    if not system.resets and not np.any(jumps[1:]):
        result[1:] = system.solve(f, matrix, jumps[0], times)[1:]
        return result
    for i in range(len(times) - 1):
        start = np.concatenate([resets[i], result[i, system.resets :] + jumps[i]])
        result[i + 1] = system.solve(f, matrix, start, times[i : i + 2])[-1]
    return result


def _starts(resets: Value, jumps: Value, before: Value, r: int) -> Value:
    """The states right after the events."""
    rest = before[:, r:]
    return np.concatenate([resets, ew.add(rest, jumps)], axis=1)  # type: ignore[arg-type]  # traced


def _slopes(system: System, states: Value, times: Value, arguments: Sequence[Value]) -> Value:
    """f at all times at once."""
    tape = batch(system.tape, (0, 1), states.shape[0], (0,))
    return inline(states.builder, tape, [states, times, *arguments])[0]


def _jvp(operands: Any, before: Any, tangents: Any, system: System) -> Any:
    resets, jumps, times, *arguments = operands
    d_resets, d_jumps, d_times, *d_arguments = tangents
    d_resets, d_jumps = st.or_zeros(d_resets, resets, before), st.or_zeros(d_jumps, jumps, before)
    arriving: Any = None
    if d_times is not None:
        # An interval that ends later ends further along the slope, and one that begins later has
        # come less far.
        arriving = _arriving(system, before, times, arguments) * d_times[:, None]
        starts = _starts(resets, jumps, before, system.resets)
        leaving = _slopes(system, starts, times, arguments) * d_times[:, None]
        d_resets = d_resets - leaving[:, : system.resets]
        d_jumps = d_jumps + (arriving - leaving)[:, system.resets :]
    directions = [st.or_zeros(d_arguments[k], arguments[k], before) for k in system.active]
    result = integrate(
        np.concatenate([resets, d_resets], axis=1),
        np.concatenate([jumps, d_jumps], axis=1),
        times,
        *arguments,
        *directions,
        system=system.linearised,
    )
    n, r = system.size, system.resets
    moved = np.concatenate([result[:, r : 2 * r], result[:, n + r :]], axis=1)
    return moved if arriving is None else moved + arriving


def _arriving(system: System, before: Value, times: Value, arguments: Sequence[Value]) -> Any:
    """The slopes at which the states arrive at the times; at the first, none arrives."""
    slopes = _slopes(system, before, times, arguments)
    return np.concatenate([st.zeros(slopes, (1, slopes.shape[1]), slopes.dtype), slopes[1:]])  # type: ignore[arg-type]  # traced


def _linearised(system: System) -> System:
    """(z, s)' = (f, f_z s + f_args dargs), the components that are reset first."""
    n, r = system.size, system.resets
    tape = forward(system.tape, [0, *(k + 2 for k in system.active)])
    builder = Builder()
    both, time, *rest = _inputs(builder, system.tape, 2 * n)
    z = st.concatenate(both[:r], both[2 * r : n + r], axis=0)
    s = st.concatenate(both[r : 2 * r], both[n + r :], axis=0)
    directions = [builder.input(f"d{k}", rest[k].shape, rest[k].dtype) for k in system.active]
    dz, ds = inline(builder, tape, [z, time, *rest, s, *directions])
    slope = st.concatenate(dz[:r], ds[:r], dz[r:], ds[r:], axis=0)
    active = (*system.active, *range(len(rest), len(rest) + len(directions)))
    return System(builder.finish([slope.index]), system.solve, 2 * r, active)


def _inputs(builder: Builder, tape: Tape, size: int) -> list[Value]:
    """The inputs of a system, with a state of another size."""
    instrs = [tape.instrs[i] for i in tape.inputs]
    shapes = [(size,), *(x.shape for x in instrs[1:])]
    return [
        builder.input(x.params[0], shape, x.dtype) for x, shape in zip(instrs, shapes, strict=True)
    ]


def _pullback(j: int, operands: Any, before: Any, v_bar: Any, system: System) -> Any:
    """The adjoint problem, backwards; each operand asks for it anew, and equal ones are merged."""
    resets, jumps, times, *arguments = operands
    n, r = system.size, system.resets
    after: Any
    padding = sum(arguments[k].size for k in system.active)
    zeros = v_bar.builder.const(0, (times.shape[0], padding), v_bar.dtype)
    result = integrate(
        np.concatenate([before, v_bar[:, :r]], axis=1)[::-1],
        np.concatenate([v_bar[:, r:], zeros], axis=1)[::-1],
        times[::-1],
        *arguments,
        system=system.adjoint,
    )[::-1]
    after = result[:, n : 2 * n]
    if j == 0:
        return after[:, :r]
    if j == 1:
        return after[:, r:]
    if j == 2:
        rest = np.concatenate([v_bar[:, :r], v_bar[:, r:] + after[:, r:]], axis=1)
        arriving = rest * _arriving(system, before, times, arguments)
        starts = _starts(resets, jumps, before, r)
        leaving = after * _slopes(system, starts, times, arguments)
        return np.sum(arriving - leaving, axis=1)
    start = 2 * n + sum(arguments[k].size for k in system.active if k < j - 3)
    operand = operands[j]
    return st.reshape(result[0, start : start + operand.size], shape=operand.shape)


def _adjoint(system: System) -> System:
    """(z, mu, g)' = (f, -f_z^T mu, -f_args^T mu): z and the first part of mu are reset."""
    n = system.size
    places = [k + 2 for k in system.active]
    shapes = [system.tape.instrs[system.tape.inputs[k]].shape for k in places]
    tape = reverse(system.tape, [0, *places], [0])
    builder = Builder()
    both, time, *rest = _inputs(builder, system.tape, 2 * n + sum(map(math.prod, shapes)))
    dz, *shares = inline(builder, tape, [both[:n], time, *rest, both[n : 2 * n]])
    flat = [ew.neg(st.reshape(x, shape=(x.size,))) for x in shares]
    slope = st.concatenate(dz, *flat, axis=0)
    tape = builder.finish([slope.index])
    return System(tape, system.solve, n + system.resets, system.active)


def _batch(operands: Any, batched: Any, size: int, system: System) -> Any:
    """All problems as one, whose state has the components that are reset of all of them first."""
    if batched[2]:
        raise DifferentiationError(
            "initial value problems at times of their own, as of a Jacobian by the times",
            remedy="use jvp or vjp, one direction at a time; or scale the time of each problem",
        )
    n, r = system.size, system.resets
    resets, jumps = (
        st.reshape(
            st.transpose(spread(x, flag, size), perm=(1, 0, 2)),
            shape=(x.shape[-2], size * x.shape[-1]),
        )
        for x, flag in zip(operands[:2], batched[:2], strict=True)
    )
    result = integrate(
        resets, jumps, *operands[2:], system=system.stacked(size, tuple(batched[3:]))
    )
    parts = result[:, : size * r], result[:, size * r :]
    rows = [
        st.reshape(x, shape=(x.shape[0], size, k)) for x, k in zip(parts, (r, n - r), strict=True)
    ]
    return st.transpose(st.concatenate(*rows, axis=2), perm=(1, 0, 2))


def _stacked(system: System, size: int, batched: tuple[bool, ...]) -> System:
    """`size` problems side by side; the arguments marked in `batched` differ among them."""
    n, r = system.size, system.resets
    places = [k + 2 for k, flag in enumerate(batched) if flag]
    tape = batch(system.tape, [0, *places], size, [0])
    builder = Builder()
    instrs = [tape.instrs[i] for i in tape.inputs]
    shapes = [(size * n,), *(x.shape for x in instrs[1:])]
    whole, *rest = (
        builder.input(x.params[0], shape, x.dtype) for x, shape in zip(instrs, shapes, strict=True)
    )
    first = st.reshape(whole[: size * r], shape=(size, r))
    second = st.reshape(whole[size * r :], shape=(size, n - r))
    slopes = inline(builder, tape, [st.concatenate(first, second, axis=1), *rest])[0]
    flat = [x.reshape(-1) for x in (slopes[:, :r], slopes[:, r:])]
    joined = st.concatenate(*flat, axis=0)
    return System(builder.finish([joined.index]), system.solve, size * r, system.active)


integrate = Structural(
    "integrate",
    ("system",),
    infer=_infer,
    evaluate=_np_integrate,
    jvp=_jvp,
    pullback=_pullback,
    batch=_batch,
    library=lambda call, system: call.call_back(),
)
"""integrate(resets (T, r), jumps (T, n - r), times (T,), *args; system) -> (T, n)."""
