"""Tape -> Tape: values with their Taylor coefficients along a curve, to any order, in one sweep.

On the curve x(t) every value is a series z(t) = z_0 + z_1 t + z_2 t^2 + ... Its tangent rule, which
forward mode follows too, says z' = J(x, z) x' for any op, and J is a short program of other ops: so
the coefficients of z are those of that program on series, each divided by its order. An op's
coefficient k asks its rule for coefficient k - 1 alone. Series are therefore lazy, and the same op
of the same series is one series: the rule of a sine reads the cosine, and that of the cosine the
same sine. No op has a row of its own here; what is known of a rule makes three kinds cheaper:

    linear      z_k = J x_k                                   where J does not read what moves
    bilinear    z_k = sum_m phi(x_m, y_{k-m})                 where each operand's J reads the other
    inverse     z_k = phi(x_k, y) + sum_m J_y(y_m, z_{k-m})   quotients and solutions of equations

A loop or branch carries the coefficients of what moves as one array, along its first axis.

Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, sections 13.2 and 13.3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from jitad.ir.builder import Builder, inline
from jitad.ir.op import Control, Elementwise, Op, Structural, is_differentiable
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Loop, custom, part, record
from jitad.ops.control.custom import Custom
from jitad.ops.control.parts import alone, input_types, type_of
from jitad.ops.linalg.banded import band_solve
from jitad.ops.linalg.lu import lu_solve
from jitad.ops.linalg.triangular import triangular_solve
from jitad.ops.partials import dense, is_active, is_nothing, plus, tangent
from jitad.ops.structural import guard
from jitad.ops.views import full_slot
from jitad.transforms.flow import varied_outputs
from jitad.transforms.forward import forward
from jitad.transforms.lost import lost_derivative
from jitad.transforms.origins import at_origins
from jitad.transforms.spectra import with_spectra

_INVERSES: dict[Op, int] = {ew.div: 0, triangular_solve: 1, lu_solve: 2, band_solve: 1}
"""Ops whose result z solves an equation that is bilinear in z and the other operands, and which of
the operands is the right-hand side."""

_SIZES = (ew.absolute, ew.root, ew.hypot)
"""Ops whose results have a kink where they are 0."""

Term = Callable[[int], "Value | None"]


def taylor(tape: Tape, active: Sequence[int], order: int) -> Tape:
    """The tape of values and coefficients 1 .. `order`, along straight lines.

    Inputs: those of `tape`, then the directions of those at positions `active`. Outputs: for each
    of `tape`'s its value and all coefficients, along a leading axis.
    """
    sweep = _Sweep(order)
    builder = sweep.builder
    inputs = [builder.input(f"x{k}", *kind) for k, kind in enumerate(input_types(tape))]
    seeds = {k: builder.input(f"d{k}", inputs[k].shape, inputs[k].dtype) for k in active}
    series = [Series(x, _alone(seeds[k]) if k in seeds else None) for k, x in enumerate(inputs)]
    results = sweep.run(tape, series)
    rows = [_joined([sweep.dense(x, k) for k in range(order + 1)], 0) for x in results]
    return builder.finish([x.index for x in rows])


def _alone(direction: Value) -> Term:
    return lambda k: direction if k == 1 else None


class Series:
    """A value and its coefficients, each computed when it is first asked for; None is 0.

    `term(k)` gives coefficient k > 0; without it the value is constant. `first` is coefficient 0,
    or zeros of its type where that is None in `known`. `stacks` are arrays that hold all others, by
    the axis that counts them; `rate` is the derivative by t, where that has been asked for.
    """

    def __init__(self, first: Value, term: Term | None, is_zero: bool = False) -> None:
        self.first, self.term = first, term
        self.known: list[Value | None] = [None if is_zero else first]
        self.stacks: dict[int, Value] = {}
        self.rate: Series | None = None

    def __getitem__(self, k: int) -> Value | None:
        if k and self.term is None:
            return None
        while len(self.known) <= k:
            assert self.term is not None
            self.known.append(self.term(len(self.known)))
        return self.known[k]


class _Sweep:
    """One new tape: series of it by the op and the series that they are computed from."""

    def __init__(self, order: int) -> None:
        self.builder, self.order = Builder(), order
        self.series: dict[Any, tuple[list[Series], Sequence[Series]]] = {}
        self.tangents: dict[Any, Tape | None] = {}
        self.kinds: dict[Any, str] = {}

    def run(self, tape: Tape, inputs: Sequence[Series]) -> list[Series]:
        """The series of a tape's outputs, all coefficients being computed in order."""
        return self.evaluate(at_origins(with_spectra(tape)), inputs, self.order)

    def evaluate(self, tape: Tape, inputs: Sequence[Series], order: int = 0) -> list[Series]:
        """The series of a tape's outputs, computed up to an order at once."""
        bound = dict(zip(tape.inputs, inputs, strict=True))
        found: list[list[Series]] = []
        for i, instr in enumerate(tape.instrs):
            if i in bound:
                found.append([bound[i]])
            elif instr.op is part:
                found.append([found[instr.args[0]][instr.params[0]]])
            else:
                self.builder.line = instr.line or self.builder.line
                found.append(self._apply(instr, [found[j][0] for j in instr.args]))
                for x, k in itertools.product(found[-1], range(1, order + 1)):
                    x[k]  # in order: a rule then asks the next one for one coefficient, not for k
        return [found[i][0] for i in tape.outputs]

    def dense(self, x: Series, k: int) -> Value:
        """A coefficient, with explicit zeros in the place of None."""
        return dense(x[k], self.builder.instrs[x.first.index], self.builder)

    # -- ops ---------------------------------------------------------------------------------------

    def _apply(self, instr: Instr, operands: Sequence[Series]) -> list[Series]:
        """The series of an op's results: those that there are, where it has been applied before."""
        params = instr.params if instr.args else (repr(instr.params), instr.shape, instr.dtype)
        key = instr.op, params, tuple(map(id, operands))
        if key not in self.series:
            made = self._bundle if isinstance(instr.op, Control) else self._single
            self.series[key] = made(instr, operands), operands  # kept, for their ids
        return self.series[key][0]

    def _single(self, instr: Instr, operands: Sequence[Series]) -> list[Series]:
        builder, moving = self.builder, _moving(operands)
        if moving and instr.op is guard:
            raise lost_derivative(instr)
        has_rule = moving and is_active(instr) and self._tangent(instr, operands, moving)
        kind = self._kind(instr, operands, moving) if has_rule else ""
        nothing = [j for j in moving if operands[j].known[0] is None]
        if (
            (kind == "linear" and nothing == moving)
            or (kind == "bilinear" and nothing)
            or (instr.op in _INVERSES and _INVERSES[instr.op] in nothing)
        ):
            made = Series(builder.const(0, instr.shape, instr.dtype), None, is_zero=True)
        else:
            index = builder.copy(instr, tuple([x.first.index for x in operands]))
            made = Series(builder.value(index), None)
        if has_rule:
            term = partial(getattr(self, f"_{kind}"), instr, operands, made)
            made.term = partial(self._of_size, made, term) if instr.op in _SIZES else term
        return [made]

    def _tangent(
        self, instr: Instr, operands: Sequence[Series], moving: Sequence[int]
    ) -> Tape | None:
        """An op's tangent, as a tape of its operands, its result, and tangents of those that move;
        None where there is none."""
        types = tuple([type_of(x.first) for x in operands])
        key = instr.op, instr.params, types, tuple(moving)
        if key not in self.tangents:
            self.tangents[key] = _tangent_of(instr, types, moving)
        return self.tangents[key]

    def _kind(self, instr: Instr, operands: Sequence[Series], moving: Sequence[int]) -> str:
        """What the op's tangent reads of what moves, the result being one operand more."""

        def reads(tangents: Sequence[int], by: Collection[int]) -> bool:
            tape = self._tangent(instr, operands, tangents)
            if tape is None:
                return False
            return varied_outputs(tape, [j in by for j in range(len(tape.inputs))])[0]

        result = len(operands)
        if not reads(moving, [*moving, result]):
            return "linear"
        if instr.op in _INVERSES:
            return "quotient" if instr.op is ew.div else "inverse"
        if len(moving) == 2 and not any(reads([j], [j, result]) for j in moving):
            return "bilinear"
        return "general"

    def _product(
        self, instr: Instr, operands: Sequence[Series], made: Series, tangents: dict[int, Value],
        others: dict[int, Value],
    ) -> Value:  # fmt: skip
        """The tangent in some directions, with others in the place of operands or the result."""
        tape = self._tangent(instr, operands, list(tangents))
        assert tape is not None
        values = [x.first for x in (*operands, made)]
        values = [others.get(k, x) for k, x in enumerate(values)]
        return inline(self.builder, tape, [*values, *tangents.values()])[0]

    def _of_size(self, made: Series, term: Term, k: int) -> Value | None:
        """Coefficient k of a size: NaN for k = 2 where that is 0, and so in all that read it."""
        found = term(k)
        if k != 2:
            return found
        found = dense(found, self.builder.instrs[made.first.index], self.builder)
        return ew.where(ew.eq(made.first, 0.0), math.nan, found)

    def _linear(self, instr: Instr, operands: Sequence[Series], made: Series, k: int) -> Any:
        found = {j: operands[j][k] for j in _moving(operands)}
        given = {j: dx for j, dx in found.items() if dx is not None}
        return self._product(instr, operands, made, given, {}) if given else None

    def _bilinear(self, instr: Instr, operands: Sequence[Series], made: Series, k: int) -> Any:
        i, j = _moving(operands)
        total: Value | None = None
        for m in range(k + 1):
            x, y = operands[i][m], operands[j][k - m]
            if x is not None and y is not None:
                total = plus(total, self._product(instr, operands, made, {i: x}, {j: y}))
        return total

    def _inverse(self, instr: Instr, operands: Sequence[Series], made: Series, k: int) -> Any:
        side, moving = _INVERSES[instr.op], _moving(operands)
        b = operands[side][k]
        total = None if b is None else self._product(instr, operands, made, {side: b}, {})
        for j, m in itertools.product(moving, range(1, k + 1)):
            x, z = operands[j][m], made[k - m]
            if j != side and x is not None and z is not None:
                more = self._product(instr, operands, made, {j: x}, {len(operands): z})
                total = plus(total, more)
        return total

    def _quotient(self, instr: Instr, operands: Sequence[Series], made: Series, k: int) -> Any:
        """An inverse whose right-hand sides are added before they are divided."""
        y, total = operands[1], operands[0][k]
        for m in range(1, k + 1):
            c, z = y[m], made[k - m]
            if c is not None and z is not None:
                product = ew.mul(c, z)
                total = ew.neg(product) if total is None else ew.sub(total, product)
        return None if total is None else ew.div(total, y.first)

    def _general(self, instr: Instr, operands: Sequence[Series], made: Series, k: int) -> Any:
        if made.rate is None:
            moving = _moving(operands)
            tape = self._tangent(instr, operands, moving)
            assert tape is not None
            moved = [self._rate(operands[j]) for j in moving]
            (made.rate,) = self.evaluate(tape, [*operands, made, *moved])
        return _over(made.rate[k - 1], k)

    def _rate(self, x: Series) -> Series:
        """x', of the coefficients k x_k."""
        first = x[1]  # before x.rate is looked at: this may set it
        if x.rate is None:

            def term(k: int) -> Value | None:
                c = x[k + 1]
                return None if c is None else ew.mul(float(k + 1), c)

            x.rate = Series(self.dense(x, 1), term, is_zero=first is None)
        return x.rate

    # -- control ops -------------------------------------------------------------------------------

    def _bundle(self, instr: Instr, operands: Sequence[Series]) -> list[Series]:
        op, form, builder = instr.op, instr.params[0], self.builder
        assert isinstance(op, Control)
        moving, values = _moving(operands), [x.first for x in operands]
        if isinstance(form, Custom) and form.rule is not None and moving:
            return self._ruled(instr, operands, moving)
        if not moving or not self.order:
            return [Series(x, None) for x in record(builder, op, values, form)]
        rows = form.xs if isinstance(form, Loop) else 0
        first = len(operands) - rows - (isinstance(form, Loop) and form.counted)
        axes = [int(first <= j < first + rows) for j in range(len(operands))]
        moved = [
            self._stack(x, axis) if x.term else None for x, axis in zip(operands, axes, strict=True)
        ]
        results, moved = op.forward(form, values, moved, self._inner, varied_outputs)
        made = [Series(x, None) for x in results]
        left = len(form.body.outputs) - form.carries if isinstance(form, Loop) else 0
        for k, (x, stack) in enumerate(zip(made, moved, strict=True)):
            if stack is not None and is_differentiable(x.first.dtype):
                _fill(x, stack, int(k >= len(made) - left))  # a row for each turn comes first
        return made

    def _ruled(
        self, instr: Instr, operands: Sequence[Series], moving: Sequence[int]
    ) -> list[Series]:
        """The results of a function with a rule of its own, which says their derivatives by t."""
        types = [type_of(x.first) for x in operands]
        tape = forward(alone(instr.op, instr.named_params, types), moving)
        count = len(tape.outputs) // 2
        values = [x.first for x in operands]
        made = [Series(x, None) for x in record(self.builder, custom, values, instr.params[0])]

        def term(z: Series, k: int) -> Value | None:
            if z.rate is None:
                moved = [self._rate(operands[j]) for j in moving]
                found = self.evaluate(tape, [*operands, *moved])
                for x, rate in zip(made, found[count:], strict=True):
                    x.rate = rate
            assert z.rate is not None
            return _over(z.rate[k - 1], k)

        for z in made:
            if is_differentiable(z.first.dtype):
                z.term = partial(term, z)
        return made

    def _stack(self, x: Series, axis: int) -> Value:
        """All coefficients but the first, along a new axis."""
        if axis not in x.stacks:
            rows = [self.dense(x, k) for k in range(1, self.order + 1)]
            x.stacks[axis] = _joined(rows, axis)
        return x.stacks[axis]

    def _inner(self, tape: Tape, active: Sequence[int]) -> Tape:
        """A sub-tape with coefficients: they are inputs after the old ones, and results after the
        old ones, of all that moves or not."""
        sweep = _Sweep(self.order)
        builder = sweep.builder
        inputs = [builder.input(f"x{k}", *kind) for k, kind in enumerate(input_types(tape))]
        series = [Series(x, None) for x in inputs]
        for k in active:
            x = inputs[k]
            _fill(series[k], builder.input(f"d{k}", (self.order, *x.shape), x.dtype), 0)
        found = sweep.run(tape, series)
        moved = [sweep._stack(x, 0) for x in found]
        return builder.finish([x.index for x in (*(x.first for x in found), *moved)])


def _moving(operands: Sequence[Series]) -> list[int]:
    return [j for j, x in enumerate(operands) if x.term is not None]


def _tangent_of(instr: Instr, types: Sequence[Any], moving: Sequence[int]) -> Tape | None:
    builder, op = Builder(), instr.op
    operands = [builder.input(f"x{j}", *kind) for j, kind in enumerate(types)]
    result = builder.input("v", instr.shape, instr.dtype)
    moved: list[Value | None] = [None] * len(types)
    for j in moving:
        moved[j] = builder.input(f"d{j}", *types[j])
    if isinstance(op, Elementwise):
        found = tangent(op, operands, result, moved)
    else:
        assert isinstance(op, Structural) and op.jvp is not None
        found = op.jvp(operands, result, moved, **instr.named_params)
    return None if found is None or is_nothing(found) else builder.finish([found.index])


def _over(x: Value | None, k: int) -> Value | None:
    return x if x is None or k == 1 else ew.mul(1.0 / k, x)


def _fill(x: Series, stack: Value, axis: int) -> None:
    """Give a series the coefficients that an array holds along an axis."""
    slots = [full_slot(n) for n in stack.shape]

    def term(k: int) -> Value | None:
        places: list[Any] = [*slots[:axis], k - 1, *slots[axis + 1 :]]
        return st.index(stack, slots=tuple(places)) if k <= stack.shape[axis] else None

    x.stacks[axis], x.term = stack, term


def _joined(rows: Sequence[Value], axis: int) -> Value:
    """Arrays along a new axis."""
    shape = rows[0].shape
    wide = [st.reshape(x, shape=(*shape[:axis], 1, *shape[axis:])) for x in rows]
    return st.concatenate(*wide, axis=axis)
