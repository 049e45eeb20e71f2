"""What scan, map, fori_loop and while_loop record: one `loop`, whatever the number of turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import index
from typing import Any

import numpy as np

from jitad.frontend.operands import as_dtype, as_value, common_dtype, lift
from jitad.frontend.pytree import flatten, unflatten
from jitad.frontend.sums import note_range, sum_of
from jitad.frontend.traceable import traceable
from jitad.functions.control.blocks import (
    Block,
    as_weak,
    block,
    current,
    first_row,
    is_weak,
    lifted,
    matched,
    same_structure,
)
from jitad.functions.control.guarded import guard_of, one_by_one, stacked
from jitad.ir.builder import Builder
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import BOOL, INT64
from jitad.ir.tape import Tape
from jitad.ir.value import UFUNCS, Value
from jitad.ops import elementwise as ew
from jitad.ops.affine import Sum
from jitad.ops.control import Loop, loop, record, snapshots
from jitad.ops.control.parts import rewired


def scan(
    f: Callable[..., Any],
    init: Any,
    xs: Any,
    length: int | None,
    reverse: bool,
    policy: str | int | None = None,
) -> tuple[Any, Any]:
    """(carry, ys) of `carry, y = f(carry, x)` over the rows of xs."""
    builder = current()
    function = traceable(f)
    rows, row_structure = lifted(builder, xs)
    count = _length(rows, length)
    first = unflatten(row_structure, list(map(first_row, rows)))

    def body(i: Any, carry: Any, x: Any) -> Any:
        result = function(carry, x)
        if not isinstance(result, tuple) or len(result) != 2:
            raise TraceError(
                "the function of a scan must return a pair (carry, y)",
                remedy="return (carry, None) where there is nothing to stack",
            )
        return result

    kept = None if policy is None or count < 2 else _snapshots(policy, count)
    loop = _Loop(builder, body, init, rows, (first,), has_rows=True)
    return loop.record(count=count, backward=reverse, kept=kept)


def fori_loop(lower: Any, upper: Any, f: Callable[..., Any], init: Any) -> Any:
    """The carry after `carry = f(i, carry)` for i in range(lower, upper)."""
    builder = current()
    function = traceable(f)
    first, last = _integer(builder, lower), _integer(builder, upper)
    start = first if isinstance(lower, Value) else int(lower)
    loop = _Loop(builder, lambda i, carry: function(i + start, carry), init)
    if isinstance(lower, Value) or isinstance(upper, Value):
        is_zero = not isinstance(lower, Value) and int(lower) == 0
        turns = UFUNCS[np.maximum](last, 0) if is_zero else _between(first, last)
        return loop.record(turns=turns)[0]
    return loop.record(count=_countable(max(0, int(upper) - int(lower))))[0]


def stacking_loop(count: int, f: Callable[..., Any], init: Any) -> tuple[Any, Any]:
    """(carry, ys) of `carry, y = f(i, carry)` for i in range(count)."""
    return _Loop(current(), traceable(f), init, has_rows=True).record(count=_countable(count))


def while_loop(condition: Callable[..., Any], f: Callable[..., Any], init: Any) -> Any:
    """The carry after `carry = f(carry)` for as long as `condition(carry)`."""
    function = traceable(f)
    loop = _Loop(current(), lambda i, carry: function(carry), init)
    return loop.record(condition=condition)[0]


def _snapshots(policy: str | int, count: int) -> int:
    """How many states of a scan reverse mode may keep."""
    named = policy in ("sqrt", "binomial")
    if not named and not (isinstance(policy, (int, np.integer)) and policy > 0):
        raise ShapeError(
            f"checkpoint={policy!r}",
            remedy='write "binomial", "sqrt", or the number of states that may be kept',
        )
    return snapshots(policy, count)


def _integer(builder: Builder, x: Any) -> Value:
    value = None if x is None or isinstance(x, str) else lift(builder, x)
    if value is None or value.dtype.kind not in "iu" or value.shape != ():
        raise TraceError(f"a bound of fori_loop is {x!r}, which is no integer", remedy="use int(x)")
    bound = as_dtype(value, INT64)
    # Of uint64, what has no room in int64 has become negative.
    return ew.where(ew.lt(bound, 0), _ENDLESS, bound) if value.dtype == np.uint64 else bound


_ENDLESS = 2**63 - 1
"""Turns that no loop comes to the end of."""


def _between(first: Value, last: Value) -> Value:
    """How many turns there are from one bound to the other; more than 64 bits count are endless."""
    turns = ew.sub(last, first)
    turns = ew.where(ew.lt(turns, 0), _ENDLESS, turns)
    return ew.where(ew.lt(first, last), turns, 0)


def _last(turns: Any) -> Sum:
    """The number of the last turn, where there is one."""
    if isinstance(turns, Value):
        instr = turns.builder.instrs[turns.index]
        if instr.op is ew.maximum and sum_of(turns.builder.value(instr.args[1])) == Sum(0):
            turns = turns.builder.value(instr.args[0])
    return sum_of(turns).plus(Sum(-1))


def _known_integer(length: Any) -> int:
    try:
        return index(length)
    except TypeError as error:
        raise ShapeError(
            f"the length of a scan is {length!r}, which is no integer",
            remedy="give an int that is known while the function is traced",
        ) from error


def _countable(turns: int) -> int:
    if turns >= 2**63:
        raise TraceError(
            f"a loop of {turns} turns, more than 64 bits can count",
            remedy="write fewer, or a while_loop that ends by itself",
        )
    return turns


def _length(rows: Sequence[Value], length: int | None) -> int:
    """How many rows all stacks have."""
    for x in rows:
        if x.shape == ():
            raise ShapeError(
                f"scan over {x!r}, which has no axis",
                remedy="give arrays whose rows are the turns: np.array(xs) for a list of numbers",
            )
    lengths = {x.shape[0] for x in rows}
    if length is not None:
        lengths.add(_countable(_known_integer(length)))
    if len(lengths) != 1 or min(lengths) < 0:
        found = ", ".join(map(str, sorted(lengths))) or "none"
        raise ShapeError(
            f"the number of turns of a scan is not one: {found}",
            remedy="give arrays with leading axes of one length, or length=n without any",
        )
    return lengths.pop()


class _Loop:
    """A loop being recorded: `body` takes (i, carry, *rest) and returns the carry, or (carry, ys).

    A carry that began as a Python number takes the type that a turn gives it.
    """

    def __init__(
        self,
        builder: Builder,
        body: Callable[..., Any],
        init: Any,
        rows: Sequence[Value] = (),
        rest: tuple[Any, ...] = (),
        *,
        has_rows: bool = False,
    ) -> None:
        self.builder = builder
        self.body = body
        self.init, self.structure = lifted(builder, init)
        self.rows = rows
        self.rest = rest
        self.has_rows = has_rows

    def record(
        self,
        *,
        count: int | None = None,
        turns: Value | None = None,
        condition: Callable[..., Any] | None = None,
        backward: bool = False,
        kept: int | None = None,
    ) -> tuple[Any, Any]:
        """Record the loop; the last carry, and the stacks."""
        self.last = None if condition else _last(count if turns is None else turns)
        traced = self._trace()
        asked = None if condition is None else self._ask(condition)
        guard = guard_of(traced.tape) or (asked and guard_of(asked.tape))
        if guard is not None:
            order: Any = one_by_one(count if turns is None else int(turns), "turn", guard)
            return self._turn_by_turn(traced, [*order][::-1] if backward else order, condition)
        body, consts, tape = _with_condition(traced, asked, len(self.init))
        form = Loop(body, len(consts), len(self.init), count, tape, backward, kept)
        operands = [*consts, *self.init, *self.rows, *([] if turns is None else [turns])]
        results = record(self.builder, loop, operands, form)
        n = len(self.init)
        last = [as_weak(x, init.weak) for x, init in zip(results, self.init, strict=False)]
        carry = unflatten(self.structure, last)
        stacks = results[n + (count is None) :]
        ys = unflatten(traced.structure.children()[1], stacks) if self.has_rows else None
        return carry, ys

    def _turn_by_turn(
        self,
        traced: Block,
        order: Iterable[int],
        condition: Callable[..., Any] | None,
    ) -> tuple[Any, Any]:
        """Run each turn by itself: the function asks for numbers, which turns differ in."""
        goes_on = condition and traceable(condition)
        carry, stacks = unflatten(self.structure, self.init), dict[int, list[Any]]()
        for i in order:
            if goes_on and not goes_on(carry):
                break
            rest = [unflatten(flatten(x)[1], [row[i] for row in self.rows]) for x in self.rest]
            result = self._settled(i, carry, *rest)
            carry, ys = result if self.has_rows else (result, None)
            stacks[i] = flatten(ys)[0]
        if not self.has_rows:
            return carry, None
        tree = traced.structure.children()[1]
        kinds = traced.results[len(self.init) :]
        columns = [[stacks[i][k] for i in sorted(stacks)] for k in range(len(kinds))]
        return carry, unflatten(tree, stacked(self.builder, columns, kinds))

    def _trace(self) -> Block:
        """Trace the body until its carries have the types that they begin with.

        A carry becomes a wider number, or one that is weak no more: each time one of few steps.
        """
        while True:
            trees = (0, unflatten(self.structure, self.init), *self.rest)
            traced = block(self._settled, trees, self.builder, "x", in_turns=True)
            found = matched(self.init, traced, "carry")
            if found is None:
                return traced
            self.init = found

    def _settled(self, i: Any, carry: Any, *xs: Any) -> Any:
        """The body, of whose results numbers take the dtypes of the carries that they follow."""
        if isinstance(i, Value):
            note_range(i, self.last)
        result = self.body(i, carry, *xs)
        after, ys = result if self.has_rows else (result, None)
        leaves, found = flatten(after)
        same_structure(found, self.structure, "the function of a loop")
        pairs = zip(leaves, self.init, strict=True)
        after = unflatten(self.structure, [_like(x, y) for x, y in pairs])
        return (after, ys) if self.has_rows else after

    def _ask(self, condition: Callable[..., Any]) -> Block:
        trees = (unflatten(self.structure, self.init),)
        asked = block(traceable(condition), trees, self.builder, "c", in_turns=True)
        if len(asked.results) != 1 or asked.results[0].shape != ():
            raise ShapeError(
                "the condition of a while_loop must return one bool",
                remedy="use np.any(x) or np.all(x)",
            )
        if asked.results[0].dtype != BOOL:
            raise ShapeError(
                f"the condition of a while_loop is {asked.results[0].dtype}, not a bool",
                remedy="compare, for example x != 0",
            )
        return asked


def _like(x: Any, before: Value) -> Any:
    """A Python number in the dtype of the carry that it follows, if that has room for it."""
    if not is_weak(x) or before.weak or common_dtype(x, before) != before.dtype:
        return x
    return as_dtype(as_value(x), before.dtype) if isinstance(x, Value) else before.dtype.type(x)


def _with_condition(
    traced: Block, asked: Block | None, carries: int
) -> tuple[Tape, list[Value], Tape | None]:
    """The body and the condition as tapes of what either closes over, and that."""
    consts, extra = traced.captured, [] if asked is None else asked.captured
    inner = traced.tape
    total, first = len(inner.inputs), len(inner.inputs) - len(consts)
    types = [(x.shape, x.dtype) for x in extra]
    order = [0, *range(first, total), *types, *range(1, first)]
    body = rewired(inner, order, range(len(inner.outputs)))
    if asked is None:
        return body, [*consts], None
    types = [(x.shape, x.dtype) for x in consts]
    places = [*types, *range(carries, len(asked.tape.inputs)), *range(carries)]
    return body, [*consts, *extra], rewired(asked.tape, places, [0])
