"""A sweep from few kept states -> loops: run on from the last state kept, keep some on the way, and
go one turn back; until the first turn is reversed.

Source: Griewank & Walther, Algorithm 799: Revolve, ACM Trans. Math. Software 26 (2000) 19-45.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jitad.ir.builder import Builder, inline
from jitad.ir.errors import SourceLine
from jitad.ir.op import INT64, DType, Shape
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control.loop import Loop, loop
from jitad.ops.control.parts import output_types, record, type_of
from jitad.ops.control.revolve import Revolve, operands_of
from jitad.ops.control.switch import Type


def rerun(form: Revolve, line: SourceLine | None) -> Tape:
    """The sweep as a program of loops, of the same operands."""
    builder = Builder()
    builder.line = line
    operands = operands_of(form, builder)
    first, types = form.loop, output_types(form.back)
    start, middle = first.consts, first.consts + first.carries
    after = middle + first.xs
    last = after + form.adjoints
    end, held, zero = (builder.const(n, (), INT64) for n in (first.count, 1, 0))

    def room(count: int, shape: Shape, dtype: DType) -> Value:
        return builder.const(0, (count, *shape), dtype)

    kept = [room(form.snapshots + 1, (), INT64)]
    for x in operands[start:middle]:
        kept.append(_put(room(form.snapshots + 1, *type_of(x)), zero, x))
    rows = [room(first.count, *kind) for kind in types[form.adjoints :]]
    fixed, bars = [*operands[:start], *operands[middle:after]], operands[last:]
    consts = [*fixed, *bars]

    def goes_on(xs: Sequence[Value]) -> list[Value]:
        return [ew.gt(xs[len(consts)], 0)]

    def sweep(_: Value, xs: Sequence[Value]) -> list[Value]:
        return _one_back(form, xs[: len(fixed)], xs[len(fixed) : len(consts)], xs[len(consts) :])

    found = _loop(sweep, consts, [end, held, *kept, *operands[after:last], *rows], goes_on)
    return builder.finish([x.index for x in found[2 + len(kept) :]])


def _one_back(
    form: Revolve, fixed: Sequence[Value], bars: Sequence[Value], carries: Sequence[Value]
) -> list[Value]:
    """One turn reversed, from the last state kept."""
    first, count = form.loop, 1 + form.loop.carries
    end, held, *rest = carries
    kept, adjoints = rest[:count], rest[count : count + form.adjoints]
    top = _within(ew.sub(held, 1), form.snapshots)
    at, *state = (st.gather(x, top) for x in kept)

    def goes_on(xs: Sequence[Value]) -> list[Value]:
        end, at = xs[len(fixed) :][:2]
        return [ew.gt(ew.sub(end, at), 1)]

    def run_on(_: Value, xs: Sequence[Value]) -> list[Value]:
        return _run_on(form, xs[: len(fixed)], xs[len(fixed)], xs[len(fixed) + 1 :])

    _, held, *again = _loop(run_on, [*fixed, end], [at, held, *kept, *state], goes_on)
    kept, state = again[:count], again[count:]
    end = ew.sub(end, 1)
    place = _row(form, end)
    xs, bars = ([st.gather(x, place) for x in stacks] for stacks in (fixed[first.consts :], bars))
    args = [place, *fixed[: first.consts], *state, *xs, *adjoints, *bars]
    results = inline(end.builder, form.back, args)
    written = zip(rest[count + form.adjoints :], results[form.adjoints :], strict=True)
    rows = [_put(x, place, y) for x, y in written]
    top = _within(ew.sub(held, 1), form.snapshots)
    gone = ew.ge(st.gather(kept[0], top), end)
    held = ew.sub(held, ew.cast(gone, dtype=INT64))
    return [end, held, *kept, *results[: form.adjoints], *rows]


def _run_on(
    form: Revolve, fixed: Sequence[Value], end: Value, carries: Sequence[Value]
) -> list[Value]:
    """Run to the next state that is to be kept, or to the last turn."""
    first = form.loop
    at, held, places, *rest = carries
    kept, state = rest[: first.carries], rest[first.carries :]
    left, free = ew.sub(end, at), ew.sub(form.snapshots + 1, held)
    is_last = ew.eq(free, 1)
    steps = ew.where(is_last, ew.sub(left, 1), _next_kept(free, left))

    def turn(k: Value, xs: Sequence[Value]) -> list[Value]:
        place = _row(form, ew.add(xs[len(fixed)], k))
        read = [st.gather(x, place) for x in xs[first.consts : len(fixed)]]
        args = [place, *xs[: first.consts], *xs[len(fixed) + 1 :], *read]
        return inline(k.builder, first.body, args)

    state = _loop(turn, [*fixed, at], state, turns=steps) if state else []
    at = ew.add(at, steps)
    # What needs not be kept is written behind what is.
    place = _within(held, form.snapshots)
    kept = [_put(x, place, y) for x, y in zip((places, *kept), (at, *state), strict=True)]
    return [at, ew.where(is_last, held, ew.add(held, 1)), *kept, *state]


def _next_kept(states: Value, left: Value) -> Value:
    """After how many of the turns that are left the next state is kept.

    With s states and r repetitions C(s + r, s) turns can be reversed: the part after that state
    must be within C(s - 1 + r, r) turns, and the part before it at least C(s + r - 2, s) long.
    """

    def goes_on(xs: Sequence[Value]) -> list[Value]:
        _, left, _, reach = xs
        return [ew.lt(reach, left)]

    def more(_: Value, xs: Sequence[Value]) -> list[Value]:
        s, _, r, reach = xs
        r = ew.add(r, 1)
        return [r, ew.int_floor_divide(ew.mul(reach, ew.add(s, r)), r)]

    start = [states.builder.const(1, (), INT64), ew.add(states, 1)]
    r, reach = _loop(more, [states, left], start, goes_on)
    total = ew.add(states, r)
    after = ew.int_floor_divide(ew.mul(reach, states), total)
    before = ew.int_floor_divide(ew.mul(reach, r), total)
    before = ew.int_floor_divide(ew.mul(before, ew.sub(r, 1)), ew.sub(total, 1))
    return ew.maximum(ew.sub(left, after), ew.maximum(before, 1))


def _row(form: Revolve, turn: Value) -> Value:
    """The place of a turn's rows: a loop backwards began with the last."""
    last = form.loop.count - 1
    return _within(ew.sub(last, turn) if form.loop.backward else turn, last)


def _within(place: Value, last: int) -> Value:
    """A place, which nobody need ask whether it is inside."""
    return ew.minimum(ew.maximum(place, 0), last)


def _put(rows: Value, place: Value, x: Value) -> Value:
    return st.scatter_set(rows, place, x, apart=True)


Turn = Callable[[Value, Sequence[Value]], list[Value]]
"""The carries after a turn, from its number, consts and carries."""


def _loop(
    turn: Turn, consts: Sequence[Value], carries: Sequence[Value],
    goes_on: Callable[[Sequence[Value]], list[Value]] | None = None, turns: Value | None = None,
) -> list[Value]:  # fmt: skip
    """Record a loop as long as a condition holds, or of so many turns; its carries at the end."""
    builder, types = carries[0].builder, [type_of(x) for x in (*consts, *carries)]

    def traced(function: Callable[[Sequence[Value]], list[Value]], kinds: list[Type]) -> Tape:
        inner = Builder()
        inner.line = builder.line
        inputs = [inner.input(f"x{k}", *kind) for k, kind in enumerate(kinds)]
        return inner.finish([x.index for x in function(inputs)])

    body = traced(lambda xs: turn(xs[0], xs[1:]), [((), INT64), *types])
    condition = None if goes_on is None else traced(goes_on, types)
    form = Loop(body, len(consts), len(carries), condition=condition)
    args = [*consts, *carries, *([] if turns is None else [turns])]
    return record(builder, loop, args, form)[: len(carries)]
