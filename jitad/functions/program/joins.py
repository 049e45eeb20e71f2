"""A branch on a traced value -> a switch between its sides, up to where they join.

Both sides are recorded first, and their types are unified afterwards.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitad.frontend.mutable import MutableArray, mutable
from jitad.frontend.operands import PYTHON_NUMBERS, as_dtype, lift
from jitad.frontend.regions import NeedsNumber, Region
from jitad.frontend.storage import Storage
from jitad.functions.control.blocks import Block, as_weak, block
from jitad.functions.control.branches import aligned
from jitad.functions.program.data import (
    UNBOUND,
    Kind,
    Names,
    Place,
    Somewhere,
    current,
    form,
    holds_tracers,
    is_data,
    is_reference,
    kind,
    labels_of,
    leaves,
    rebuilt,
    same,
    wider,
)
from jitad.ir.builder import extend
from jitad.ir.op import INT64
from jitad.ir.value import UFUNCS, Value
from jitad.ops import control
from jitad.ops.control.parts import record

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


class Side(NamedTuple):
    """What a side of a branch leaves.

    Attributes:
        place: where it ends.
        names: what each name is bound to there.
        arrays: arrays from around that it has written to.
        block: its tape, whose outputs are the label, the leaves of `data`, and those arrays.
        data: for each name that is bound to data, which of the outputs its leaves are.
    """

    place: Place
    names: Names
    arrays: list[Storage]
    block: Block
    data: dict[str, range]


def fork(
    frame: Frame, condition: Value, yes: Place, no: Place, names: Names, stops: Collection[int]
) -> tuple[Place, Names]:
    """Both sides of a branch up to their join, or to the stops."""
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
    sides = [_side(frame, place, names, ends, needed) for place in (no, yes)]
    return _joined(as_dtype(lift(current(), taken), INT64), sides, names)


def _side(frame: Frame, place: Place, names: Names, ends: Collection[int], needed: Any) -> Side:
    """Run one side, on a tape of its own."""
    left: dict[str, Any] = {}

    def run() -> list[Any]:
        region = Region(current())
        try:
            where, after = frame.run(place, Names(names), ends)
            outputs: list[Any] = [where.label if isinstance(where, Somewhere) else where]
            found = Names({v: after[v] for v in needed(labels_of(where)) if v in after})
            _check_references(found, names)
            data: dict[str, range] = {}
            for v, x in found.items():
                if is_data(x):
                    first = len(outputs)
                    outputs += [_now(leaf) for leaf in leaves(x)]
                    data[v] = range(first, len(outputs))
            outputs += [storage.contents() for storage in region.arrays]
            left.update(place=where, names=found, arrays=region.arrays, data=data)
            return outputs
        finally:
            region.release()

    made = block(run, (), current(), "x")
    return Side(block=made, **left)


def _now(x: Any) -> Any:
    """A leaf as it is now, whatever is written to it later."""
    return x.freeze() if isinstance(x, Value) else x


def _check_references(found: Names, before: Names) -> None:
    """Refuse arrays that would be another one behind the join: they have a second name."""
    seen: set[int] = set()
    for v, x in found.items():
        if same(x, before.get(v, UNBOUND)):
            continue
        for leaf in leaves(x):
            if not isinstance(leaf, MutableArray):
                continue
            is_window = leaf.storage.root is not leaf.storage
            if is_window or leaf.builder is not current() or id(leaf.storage) in seen:
                raise NeedsNumber(f"{v} is another name of an array, on one side of a branch")
            seen.add(id(leaf.storage))


def _joined(index: Value, sides: list[Side], names: Names) -> tuple[Place, Names]:
    """The switch, and what names are bound to behind it."""
    possible = frozenset[int]().union(*(labels_of(side.place) for side in sides))
    kinds: list[Kind] = []
    # Of each side its outputs, or what is in their place.
    columns: list[list[Any]] = [[] for _ in sides]
    if len(possible) > 1:
        kinds.append(Kind((), INT64, False))
        for column in columns:
            column.append(0)
    after, moved = Names(names), {}
    for v in sorted({v for side in sides for v in side.names}):
        found = [side.names.get(v, UNBOUND) for side in sides]
        bound = [x for x in found if x is not UNBOUND]  # where it is not, nobody reads it
        if len(bound) == 1 and (same(bound[0], names.get(v, UNBOUND)) or _is_constant(bound[0])):
            after[v] = bound[0]
            continue
        if same(*found):
            after[v] = found[0]
            continue
        moved[v] = _column(v, sides, found, kinds, columns)
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
        after[v] = mutable(current(), x) if is_array else x
    for storage, contents in zip(arrays, rest, strict=True):
        write(storage, contents)
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
    if not all(map(is_data, bound)):
        raise NeedsNumber(f"{v} is another object on each side of a branch")
    pattern = form(bound[0])
    if any(form(x) != pattern for x in bound):
        raise NeedsNumber(f"{v} has another structure on each side of a branch")
    lists = [None if x is UNBOUND else list(leaves(x)) for x in found]
    for k in range(len(next(xs for xs in lists if xs is not None))):
        types = [kind(xs[k]) for xs in lists if xs is not None]
        if current().region is None and _differ(types, [xs[k] for xs in lists if xs is not None]):
            raise NeedsNumber(f"{v} has another dtype on each side of a branch")
        common = types[0] if len(types) == 1 else wider(*types)
        kinds.append(common)
        for side, xs, column in zip(sides, lists, columns, strict=True):
            column.append(side.data[v][k] if xs is not None else None)
    return pattern, pattern is None and any(map(is_reference, bound))


def _differ(types: list[Kind], found: list[Any]) -> bool:
    """Whether values have other dtypes: a number that stands in the code goes with any."""
    numbers = any(isinstance(x, PYTHON_NUMBERS) for x in found)
    return types[0].dtype != types[-1].dtype and not numbers


def _switch(
    index: Value, sides: list[Side], kinds: list[Kind], columns: list[list[Any]]
) -> list[Value]:
    """Record the switch whose results are of these kinds."""
    if not kinds:
        return []
    builder = current()
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
