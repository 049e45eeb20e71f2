"""A branch on a traced value -> a switch between its sides, up to where they join.

Both sides are recorded first, and their types are unified afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitad.frontend.mutable import MutableArray, mutable
from jitad.frontend.operands import PYTHON_NUMBERS, as_dtype, lift
from jitad.frontend.regions import NeedsNumber, Region
from jitad.frontend.storage import Storage
from jitad.functions.control.blocks import Block, as_weak, block
from jitad.functions.control.branches import aligned
from jitad.functions.program import growing
from jitad.functions.program.choices import (
    Form,
    Renamed,
    as_data,
    common,
    fitted_to,
    form_of,
    is_known,
    renamed,
)
from jitad.functions.program.data import (
    UNBOUND,
    Chosen,
    Kind,
    Names,
    Place,
    Somewhere,
    current,
    holds_tracers,
    is_data,
    is_reference,
    labels_of,
    leaves,
    owned,
    rebuilt,
    same,
)
from jitad.functions.program.graph import EXIT
from jitad.functions.program.raising import end_with, raise_where
from jitad.ir.builder import extend
from jitad.ir.op import INT64
from jitad.ir.raised import Raised
from jitad.ir.tape import has_effect
from jitad.ir.value import UFUNCS, Value
from jitad.ops import control
from jitad.ops.control.parts import record
from jitad.ops.control.switch import only_where

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


class Side(NamedTuple):
    """What a side of a branch leaves.

    Attributes:
        place: where it ends.
        names: what each name is bound to there.
        arrays: arrays from around that it has written to.
        lists: lists from around that have changed, by names for what has been appended to them, or
            for all their items.
        block: its tape, whose outputs are the label, the leaves of `data`, and those arrays.
        data: for each name that is bound to data, which of the outputs its leaves are.
        error: what it raises.
    """

    place: Place
    names: Names
    arrays: list[Storage]
    lists: dict[str, list[Any]]
    block: Block
    data: dict[str, range]
    error: Raised | None = None


def fork(
    frame: Frame,
    condition: Value,
    ways: tuple[Place, Place],
    names: Names,
    stops: Collection[int],
    given: Sequence[Names],
) -> tuple[Place, Names]:
    """Both sides of a branch up to their join, or to the stops; where the condition does not hold
    comes first. `given` is what names are bound to on each."""
    no, yes = ways
    starts = labels_of(yes) | labels_of(no)
    if len(starts) == 1:
        return yes, names
    program = frame.program
    ends, blocks = program.ends(starts, stops)
    errors = {h.label: h.error for h in program.handlers(blocks)}
    bound = program.bound(blocks)

    def needed(where: frozenset[int]) -> list[str]:
        """The names that are bound before, and read from there on."""
        found = {errors[label] for label in where if label in errors}
        return sorted(bound & program.living(where) | found)

    taken = condition if condition.dtype.kind == "b" else UFUNCS[np.not_equal](condition, 0)
    sides: list[Side] = []
    for k, (place, before) in enumerate(zip(ways, given, strict=True)):
        side = _side(partial(frame.run, place, stops=ends), before, needed)
        if side.error is not None:
            met = taken if k else UFUNCS[np.logical_not](taken)
            raise_where(frame, met, side.block, side.error)
            return ways[1 - k], given[1 - k]
        sides.append(side)
    return _joined(frame, as_dtype(lift(current(), taken), INT64), sides, names)


def each_side(
    frame: Frame,
    index: Value,
    given: Sequence[Names],
    names: Names,
    bound: Collection[str],
    result: str | None,
    go: Callable[[Names], Names],
) -> tuple[Names, list[Any]]:
    """Go on from each of several beginnings, as the number says: what names are bound to then, and
    what `result` is on each side; only where that is data it is joined."""
    sides = [_side(lambda n: (EXIT, go(n)), before, lambda _: sorted(bound)) for before in given]
    if any(side.error is not None for side in sides):
        raise NeedsNumber("what is done to one of several objects raises an exception")
    results = [side.names.get(result, UNBOUND) if result else UNBOUND for side in sides]
    for side, x in zip(sides, results, strict=True):
        if x is not UNBOUND and is_known(x):
            del side.names[result]  # type: ignore[arg-type]  # found there
    before = Names({v: x for v, x in names.items() if v != result})
    return _joined(frame, as_dtype(lift(current(), index), INT64), sides, before)[1], results


def _side(go: Callable[[Names], tuple[Place, Names]], names: Names, needed: Any) -> Side:
    """Run one side, on a tape of its own."""
    left: dict[str, Any] = {}

    def run() -> list[Any]:
        region = Region(current())
        try:
            try:
                where, after = go(Names(names))
            except (Exception, SystemExit, NeedsNumber) as error:
                left.update(place=EXIT, names=names, arrays=[], lists={}, data={})
                left["error"] = end_with(error)
                return []
            outputs: list[Any] = [where.label if isinstance(where, Somewhere) else where]
            found = Names({v: after[v] for v in needed(labels_of(where)) if v in after})
            lists = growing.changed(region)
            found |= {v: tuple(items) for v, (_, items) in lists.items()}
            _check_references(found, names)
            data: dict[str, range] = {}
            for v, x in found.items():
                found[v] = x = as_data(x)
                if is_data(x):
                    first = len(outputs)
                    outputs += [_now(leaf) for leaf in leaves(x)]
                    data[v] = range(first, len(outputs))
            outputs += [storage.contents() for storage in region.arrays]
            left.update(place=where, names=found, arrays=region.arrays, data=data)
            left["lists"] = {v: x for v, (x, _) in lists.items()}
            return outputs
        finally:
            region.release()

    made = block(run, (), current(), "x")
    return Side(block=made, **left)


def _now(x: Any) -> Any:
    """A leaf as it is now, whatever is written to it later."""
    return x.freeze() if isinstance(x, Value) else x


def _check_references(found: Names, before: Names) -> None:
    """Refuse arrays that would be another one behind the join: they have a second name. Nobody
    writes to an argument, by none of its names.
    """
    seen: set[int] = set()
    for v, x in found.items():
        if same(x, before.get(v, UNBOUND)):
            continue
        for leaf in leaves(x):
            if not isinstance(leaf, MutableArray) or leaf.is_argument:
                continue
            is_window = not leaf.storage.has_elements
            if is_window or leaf.builder is not current() or id(leaf.storage) in seen:
                raise NeedsNumber(f"{v} is another name of an array, on one side of a branch")
            seen.add(id(leaf.storage))


def _joined(frame: Frame, index: Value, sides: list[Side], names: Names) -> tuple[Place, Names]:
    """The switch, and what names are bound to behind it."""
    possible = frozenset[int]().union(*(labels_of(side.place) for side in sides))
    kinds: list[Kind] = []
    # Of each side its outputs, or what is in their place.
    columns: list[list[Any]] = [[] for _ in sides]
    if len(possible) > 1:
        kinds.append(Kind((), INT64, False))
        for column in columns:
            column.append(0)
    after, moved, arguments = Names(names), {}, set[str]()
    lists = {v: x for side in sides for v, x in side.lists.items()}
    if len(set(map(id, lists.values()))) < len(lists):
        raise NeedsNumber("a list grows on one side of a branch, and has other items on another")
    for v in sorted({v for side in sides for v in side.names}):
        otherwise = growing.unchanged(v, lists[v]) if v in lists else UNBOUND
        found = [side.names.get(v, otherwise) for side in sides]
        bound = [x for x in found if x is not UNBOUND]  # where it is not, nobody reads it
        if len(bound) == 1 and (same(bound[0], names.get(v, UNBOUND)) or _is_constant(bound[0])):
            after[v] = bound[0]
            continue
        if all(same(x, found[0]) for x in found):
            after[v] = found[0]
            continue
        moved[v] = _column(v, sides, found, kinds, columns)
        if any(isinstance(x, MutableArray) and x.is_argument for x in bound):
            arguments.add(v)
    arrays = _arrays_of(sides)
    for storage in arrays:
        kinds.append(Kind(storage.shape, storage.dtype, False))
        for side, column in zip(sides, columns, strict=True):
            own = len(side.block.tape.outputs) - len(side.arrays)
            known = [x is storage for x in side.arrays]
            column.append(own + known.index(True) if any(known) else storage.contents())
    results = _switch(index, sides, kinds, columns)
    rest = iter(results)
    label = next(rest) if len(possible) > 1 else None
    for v, (pattern, is_array) in moved.items():
        x = rebuilt(pattern, rest)
        after[v] = mutable(current(), x, is_argument=v in arguments) if is_array else x
        frame.chooses |= type(x) is Chosen
    for storage, contents in zip(arrays, rest, strict=True):
        write(storage, contents)
    for v, x in lists.items():
        growing.change(v, x, [owned(item) for item in after.pop(v)])
    place = min(possible) if label is None else Somewhere(label, possible)
    return place, after


def _is_constant(x: Any) -> bool:
    return not is_data(x) and not holds_tracers(x)


def write(storage: Storage, contents: Value) -> None:
    """What a control op has made of an array."""
    if storage.builder is not current():
        current().region.adopt(storage)
    storage.become(contents)


def _arrays_of(sides: list[Side]) -> list[Storage]:
    found: dict[int, Storage] = {}
    for side in sides:
        found.update((id(storage), storage) for storage in side.arrays)
    return list(found.values())


def _column(
    v: str, sides: list[Side], found: list[Any], kinds: list[Kind], columns: list[list[Any]]
) -> tuple[Any, bool]:
    """Enter the leaves of a name; how data is made of them, and whether it is an array to write to.

    Where one side does not bind the name, it has zeros there, which nobody reads.
    """
    bound = [x for x in found if x is not UNBOUND]
    forms = [form_of(v, x) for x in bound]
    if v.startswith((growing.APPENDED, growing.ITEMS)) and any(
        f.pattern != forms[0].pattern for f in forms
    ):
        raise NeedsNumber("a list has another structure on each side of a branch")
    common_form = reduce(partial(common, v), forms)
    if current().region is None and _differ(forms, bound):
        raise NeedsNumber(f"{v} has another dtype on each side of a branch")
    kinds += common_form.kinds
    for side, x, column in zip(sides, found, columns, strict=True):
        if x is UNBOUND:
            column += [None] * len(common_form.kinds)
        else:
            column += fitted_to(common_form, x, side.data.get(v, list(leaves(x))))
    pattern = common_form.pattern
    return pattern, pattern is None and any(map(is_reference, bound))


def _differ(forms: list[Form], found: list[Any]) -> bool:
    """Whether values have other dtypes: a number that stands in the code goes with any."""
    if any(isinstance(leaf, PYTHON_NUMBERS) for x in found for leaf in leaves(x)):
        return False
    return any(
        f.pattern == forms[0].pattern
        and [k.dtype for k in f.kinds] != [k.dtype for k in forms[0].kinds]
        for f in forms
    )


def _switch(
    index: Value, sides: list[Side], kinds: list[Kind], columns: list[list[Any]]
) -> list[Value]:
    """Record the switch whose results are of these kinds."""
    builder = current()
    if not kinds:
        for k, side in enumerate(sides):  # which raises an exception, perhaps
            if any(map(has_effect, side.block.tape.instrs)):
                captured = [lift(builder, x) for x in side.block.captured]
                only_where(UFUNCS[np.equal](index, k), side.block.tape, captured)
        return []
    blocks = [_completed(side.block, column, kinds)
              for side, column in zip(sides, columns, strict=True)]  # fmt: skip
    shared = {x.index: x for b in blocks for x in b.captured}
    places = {i: k for k, i in enumerate(shared)}
    dtypes = [k.dtype for k in kinds]
    tapes = tuple(aligned(b, 0, places, shared, dtypes) for b in blocks)
    results = record(builder, control.switch, [index, *shared.values()], control.Switch(tapes))
    return [as_weak(x, k.weak) for x, k in zip(results, kinds, strict=True)]


def _completed(b: Block, column: list[Any], kinds: list[Kind]) -> Block:
    """A side with these outputs: of its own by number, values from around, zeros for None."""
    builder, captured = extend(b.tape), list(b.captured)
    first = len(b.tape.inputs) - len(captured)
    outputs: list[int] = []
    for x, wanted in zip(column, kinds, strict=True):
        if x is None:
            value = builder.const(0, wanted.shape, wanted.dtype)
        elif isinstance(x, Renamed):
            value = renamed(builder.value(b.tape.outputs[x.item]), x.table)
        elif isinstance(x, int):
            value = builder.value(b.tape.outputs[x])
        else:
            x = lift(current(), x)
            known = [y.index for y in captured]
            if x.index not in known:
                captured.append(x)
                builder.input(f"c{len(captured)}", x.shape, x.dtype)
                known.append(x.index)
            value = builder.value(builder.inputs[first + known.index(x.index)])
        outputs.append(as_dtype(value, wanted.dtype).index)
    tape = builder.finish(outputs)
    return Block(tape, captured, b.structure, [k.weak for k in kinds])
