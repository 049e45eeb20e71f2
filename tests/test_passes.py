"""Every pass preserves what a tape means, is idempotent and leaves a legal tape; so does codegen.

Random programs are traced, differentiated, and judged by the interpreter, `evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from plain_programs.nests import insertion_sort

import jitad
from jitad.frontend.trace import trace
from jitad.ir.builder import evaluate
from jitad.ir.op import Control
from jitad.ir.tape import Tape
from jitad.ir.verify import IllegalTape, verify
from jitad.ops import elementwise as ew
from jitad.passes import pipeline
from jitad.passes.dce import dce
from jitad.passes.pipeline import PASSES, own_outputs
from jitad.runtime import compile as compiling
from jitad.runtime.kernel import Kernel, Plan
from jitad.transforms.batch import batch
from jitad.transforms.forward import forward
from jitad.transforms.reverse import reverse
from tests.fuzz.fuzzer import load

_rng = np.random.default_rng(3)
INPUTS = (_rng.normal(size=(3, 4)), _rng.normal(size=4), np.asarray(_rng.normal()))
WIDE = (_rng.normal(size=(30, 40)), _rng.normal(size=40), np.asarray(_rng.normal()))

Step = tuple[int, int, int]
MOST = 1500
"""Elements of the largest array that a program makes."""

# Smooth and bounded, so that another order of rounding stays rounding.
ONE: tuple[Callable[[Any], Any], ...] = (
    np.sin,
    np.tanh,
    np.arctan,
    np.negative,
    np.abs,
    lambda x: np.sqrt(np.abs(x) + 1),
    lambda x: np.exp(np.tanh(x)),
    lambda x: x + 0.0,
    lambda x: 0.0 - x,
    lambda x: x * 1.0,
    lambda x: -1.0 * x,
    lambda x: x * 2.0 * 4.0,
    lambda x: x / 4.0,
    lambda x: np.negative(-x),
    lambda x: x**3 / (1 + x**2),
    lambda x: np.where(x > 0.123, x, 0.0),
    lambda x: np.where(~(x > 0.123), 2.0, x),
    lambda x: x.astype(np.float32).astype(float) * 0 + x,
    lambda x: jitad.stop_gradient(x) * x,
    lambda x: x.T,
    lambda x: x.T.T,
    lambda x: x.reshape(-1),
    lambda x: x.reshape(-1, 1),
    lambda x: x[..., ::-1] if x.ndim else x,
    lambda x: x[1:] if x.ndim and len(x) > 1 else x,
    lambda x: x[..., ::2] if x.ndim else x,
    lambda x: x[0] if x.ndim else x,
    lambda x: x[[0, -1, 0]] if x.ndim else x,
    lambda x: np.sum(x, axis=0) if x.ndim else x,
    lambda x: np.sum(x, axis=-1, keepdims=True) if x.ndim else x,
    lambda x: np.mean(x),
    lambda x: np.max(x, axis=-1) if x.ndim else x,
    lambda x: np.cumsum(x, axis=-1) / 4 if x.ndim else x,
    lambda x: np.broadcast_to(x, (2, *x.shape)) if x.ndim < 3 else x,
    lambda x: np.stack([x, -x]) if x.ndim < 3 else x,
    lambda x: x[1:] - x[:-1] if x.ndim and len(x) > 1 else x,
)
TWO: tuple[Callable[[Any, Any], Any], ...] = (
    np.add,
    np.subtract,
    np.multiply,
    np.maximum,
    np.hypot,
    lambda x, y: np.where(x > y + 0.0123, x, y),
    lambda x, y: x + 0 * y,
    lambda x, y: x - -y,
    lambda x, y: -x * -y,
)
JOIN: tuple[Callable[[Any, Any], Any], ...] = (
    lambda x, y: np.concatenate([x.reshape(-1), y.reshape(-1)]),
    lambda x, y: np.outer(x, y),
    lambda x, y: np.tanh(np.tensordot(x, x, x.ndim)) * y,
    lambda x, y: np.einsum("...i,...j->ij", x, x) if x.ndim else x + y,
    lambda x, y: x @ x.T if x.ndim == 2 else np.sum(x) * y,
)


def _apply(step: Step, pool: list[Any]) -> Any:
    kind, left, right = step
    x, y = pool[left % len(pool)], pool[right % len(pool)]
    if kind < len(ONE):
        return ONE[kind](x)
    kind -= len(ONE)
    if kind < len(TWO):
        try:
            np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            y = np.sum(y)
        return TWO[kind](x, y)
    return JOIN[kind - len(TWO)](x, y)


def _program(steps: Sequence[Step]) -> Callable[[Sequence[Any]], Any]:
    """The function of these steps on a growing pool of values; it returns the last three."""

    def run(values: Sequence[Any]) -> Any:
        pool = list(values)
        for step in steps:
            if all(pool[k % len(pool)].size <= 40 for k in step[1:]) or step[0] < len(ONE):
                made = _apply(step, pool)
                if made.size <= MOST:
                    pool.append(made)
        return tuple(pool[-3:])

    return run


KINDS = range(len(ONE) + len(TWO) + len(JOIN))
places = some.integers(0, 99)
steps = some.lists(
    some.tuples(some.integers(0, KINDS[-1]), places, places), min_size=1, max_size=12
)
# Of many kinds each comes as often as the others.
mixed = some.tuples(
    some.permutations(KINDS), some.lists(some.tuples(places, places), min_size=6, max_size=14)
).map(lambda drawn: [(kind, *read) for kind, read in zip(*drawn, strict=False)])
modes = some.sampled_from(["plain", "forward", "reverse", "both", "batch"])


def _tape(program: Any, mode: str, inputs: Sequence[Any]) -> tuple[Tape, list[np.ndarray]]:
    """The program's tape under a transform, and arguments for it."""
    traced = trace(program, inputs, ["x", "y", "z"])
    tape, arrays = traced.tape, [*inputs, *traced.captured]
    active, results = range(3), range(len(tape.outputs))
    if mode in ("reverse", "both"):
        tape = reverse(tape, active, results)
    if mode in ("forward", "both"):
        tape = forward(tape, active)
    if mode == "batch":
        tape = batch(tape, [0, 2], 2, results)
        arrays[0], arrays[2] = np.stack([arrays[0], arrays[0] + 1]), np.stack([arrays[2]] * 2)
    seeds = np.random.default_rng(4)
    for i in tape.inputs[len(arrays) :]:
        arrays.append(seeds.normal(size=tape.instrs[i].shape))
    return verify(tape), arrays


def _same(got: Sequence[Any], want: Sequence[Any]) -> None:
    assert len(got) == len(want)
    for x, y in zip(got, want, strict=True):
        assert np.shape(x) == np.shape(y)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        scale = float(np.max(np.abs(y), initial=1.0))
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-9 * scale)


@pytest.fixture(autouse=True, scope="module")
def short_sums() -> Iterator[None]:
    """Axes are taken apart however few elements that leaves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jitad.passes.short_axes, "LONG", 2)
        yield


@given(mixed, modes)
def test_every_pass_preserves_meaning(steps: Sequence[Step], mode: str) -> None:
    tape, arrays = _tape(_program(steps), mode, INPUTS)
    want = evaluate(tape, arrays)
    for run in PASSES:
        once = verify(run(tape))
        assert len(once.inputs) == len(tape.inputs)
        _same(evaluate(once, arrays), want)
        tape = once
    _same(evaluate(verify(own_outputs(tape)), arrays), want)


@pytest.mark.parametrize("run", dict.fromkeys(PASSES), ids=lambda run: run.__name__)
@given(steps=steps, mode=modes)
def test_every_pass_is_idempotent(run: Any, steps: Sequence[Step], mode: str) -> None:
    tape, arrays = _tape(_program(steps), mode, INPUTS)
    once = verify(run(tape))
    _same(evaluate(once, arrays), evaluate(tape, arrays))
    assert str(dce(run(once))) == str(dce(once))  # what is rewritten leaves dead code


@pytest.mark.parametrize("inputs", [INPUTS, WIDE], ids=["small", "wide"])
@given(steps=steps, mode=modes)
def test_compiled_code_equals_the_interpreter(
    inputs: Sequence[Any], steps: Sequence[Step], mode: str
) -> None:
    tape, arrays = _tape(_program(steps), mode, inputs)
    _check_compiled(tape, arrays)


def _check_compiled(tape: Tape, arrays: Sequence[Any]) -> None:
    def replay(values: Sequence[Any]) -> Any:
        builder = values[0].builder
        return tuple(jitad.ir.builder.inline(builder, tape, values))

    traced = trace(replay, arrays, [f"x{k}" for k in range(len(arrays))])
    kernel = Kernel(Plan(traced.tape, traced.leaves, traced.captured, traced.structure))
    _same(kernel(*arrays), evaluate(tape, arrays))


@given(steps)
def test_loops_equal_the_interpreter_on_small_arrays(steps: Sequence[Step]) -> None:
    tape, arrays = _tape(_program(steps), "both", INPUTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jitad.passes.scalarize, "SMALL", -(10**9))
        _check_compiled(tape, arrays)


def test_sums_of_a_sweep_are_fused_and_those_of_a_function_are_not() -> None:
    def f(x: Any) -> Any:
        return x[0] * x[1] * x[3] - x[0] * x[2] * x[3]

    tape = pipeline.optimise(jitad.value_and_grad(f).plan(np.ones(4)).tape)
    ops = [instr.op for instr in tape.instrs]
    assert (ops.count(ew.fma), ops.count(ew.sub)) == (1, 2)  # of x[3] the products are needed
    assert ew.increment not in ops


def test_verify_refuses_illegal_tapes() -> None:
    tape = trace(lambda v: v[0] * v[1] + v[2], INPUTS, ["x", "y", "z"]).tape
    verify(tape)
    last = tape.instrs[-1]
    broken = {
        "reads a value": last._replace(args=(len(tape) - 1, 0)),
        "is declared": last._replace(shape=(4, 3)),
        "has dtype": last._replace(dtype=np.dtype(np.longdouble)),
        "has parameters": last._replace(params=(1,)),
        "has shape": last._replace(shape=(3, -4)),
    }
    for words, instr in broken.items():
        with pytest.raises(IllegalTape, match=words):
            verify(Tape((*tape.instrs[:-1], instr), tape.inputs, tape.outputs))
    with pytest.raises(IllegalTape, match="inputs"):
        verify(Tape(tape.instrs, tape.inputs[:-1], tape.outputs))
    with pytest.raises(IllegalTape, match="no such value"):
        verify(Tape(tape.instrs, tape.inputs, (99,)))


def _of_the_positive(x: Any) -> Any:
    s = 0.0
    for i in range(x.size):
        if x[i] > 0:
            s = np.sin(s) + x[i] ** 2
    return s


def _prefixes(x: Any) -> Any:
    y = x.copy()
    for i in range(1, x.size):
        y[:i] = np.sin(y[:i]) * x[i]
    return np.sum(y)


@numba.njit
def _powers(x: Any) -> Any:
    s = 0.0
    for i in range(20):
        s += x ** (2 * i - 9)
    return s


def test_every_pass_fires_in_random_programs(monkeypatch: Any) -> None:
    """The fuzzer of arrays reaches them all; so few of its programs do that these are known."""
    fuzzer, silent = load()["arrays"], {run.__name__ for run in (*PASSES, own_outputs)}

    def optimise(tape: Tape) -> Tape:
        for name, after in pipeline.stages(tape):
            if str(after) != str(tape):
                silent.discard(name)
            tape = after
        return tape

    monkeypatch.setattr(compiling, "optimise", optimise)
    jitad.hessian(lambda a: np.sum(np.linalg.eigvalsh(a) ** 3))(np.eye(2))  # is lowered
    jitad.grad(_of_the_positive)(np.ones(40))  # loops and branches
    jitad.grad(_prefixes)(np.ones(40))  # rows of which some elements are read
    jitad.grad(insertion_sort)(np.array([2.0, 1.0, 3.0]))  # elements that say which branch to take
    jitad.grad(_powers)(1.5)  # whole powers of known size
    jitad.jacfwd(lambda x: np.concatenate([np.zeros(1), x[:-1]]) - x * x)(np.ones(60))  # by columns
    with np.errstate(all="ignore"):
        for number in (12, 13, 44, 99, *range(200)):
            assert not fuzzer.fault(fuzzer.program(0, number))
            if not silent:
                return
    raise AssertionError(f"passes that nothing reaches: {silent}")


def test_verify_enters_what_control_ops_hold() -> None:
    tape = trace(lambda v: jitad.cond(v[2] > 0, np.sin, np.cos, v[2]), INPUTS, ["x", "y", "z"]).tape
    verify(tape)
    k = next(i for i, instr in enumerate(tape.instrs) if isinstance(instr.op, Control))
    op, form = tape.instrs[k].op, tape.instrs[k].params[0]
    first, second = op.tapes(form)
    bad = Tape(first.instrs, (), first.outputs)
    for words, inner in (
        ("inputs", bad),
        ("no such value", Tape(first.instrs, first.inputs, (9,))),
    ):
        instrs = list(tape.instrs)
        instrs[k] = instrs[k]._replace(params=(op.with_tapes(form, [inner, second]),))
        with pytest.raises(IllegalTape, match=words):
            verify(Tape(tuple(instrs), tape.inputs, tape.outputs))
    part = tape.instrs[k + 1]
    instrs = list(tape.instrs)
    instrs[k + 1] = part._replace(params=(7, *part.params[1:]))
    with pytest.raises(IllegalTape, match="missing"):
        verify(Tape(tuple(instrs), tape.inputs, tape.outputs))


@pytest.mark.parametrize("dtype", [bool, np.int32, float, complex])
def test_outputs_of_any_dtype_become_their_own(dtype: Any) -> None:
    x = np.array([1, 0, 1], dtype)
    tape = own_outputs(trace(lambda v: (v, v), [x], ["x"]).tape)
    assert len({*tape.outputs, *tape.inputs}) == 3
    assert all(np.array_equal(found, x) for found in evaluate(tape, [x]))
