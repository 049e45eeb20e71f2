"""A branch on a traced value -> a switch between its sides, up to where they join.

Both sides are recorded first, and their types are unified afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import cache, partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitad.frontend.active import noted_for_good
from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import PYTHON_NUMBERS, as_dtype, lift
from jitad.frontend.parts import is_copy, is_new, note_copied
from jitad.frontend.regions import NeedsNumber, Region
from jitad.frontend.storage import Storage
from jitad.functions.control.blocks import Block, block
from jitad.functions.program import growing, holders
from jitad.functions.program.aliases import NOTHING, Known, Others, known_in
from jitad.functions.program.buffers import varies
from jitad.functions.program.choices import as_data, is_known
from jitad.functions.program.data import (
    UNBOUND,
    Chosen,
    Kind,
    Names,
    Place,
    Somewhere,
    current,
    labels_of,
    same,
)
from jitad.functions.program.forms import (
    Node,
    Options,
    Rows,
    TakenApart,
    apart,
    apart_as,
    common,
    containers,
    fitted_to,
    keep,
    rebuilt,
)
from jitad.functions.program.forms import kinds as all_kinds
from jitad.functions.program.graph import EXIT
from jitad.functions.program.owners import identity
from jitad.functions.program.raising import end_with, raise_where
from jitad.functions.program.switches import switched, write
from jitad.ir.op import INT64
from jitad.ir.raised import Raised
from jitad.ir.value import UFUNCS, Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


class Left(NamedTuple):
    """What a side leaves under a name.

    Attributes:
        x: the object.
        apart: how it is made of outputs of the side.
        copied: what there is in it that could be changed, and was there before.
        is_argument: whether an array in it is one; `is_kept` whether a list has one, too.
        is_plain: whether a number in it stands in the code.
        known: what there is in it that was there before.
    """

    x: Any
    apart: TakenApart
    copied: list[Any]
    is_argument: bool
    is_kept: bool
    is_plain: bool
    known: Known = NOTHING


class Side(NamedTuple):
    """What a side of a branch leaves.

    Attributes:
        place: where it ends.
        names: what each name is bound to there; of lists from around what has been appended, and
            of what has other parts these.
        arrays: arrays from around that it has written to.
        lists: lists from around that have grown, by names for what has been appended to them.
        changed: containers and objects from around that have other parts, and the keys of all.
        block: its tape, whose outputs are the label, the leaves of the names, and those arrays.
        error: what it raises.
    """

    place: Place
    names: dict[str, Left]
    arrays: list[Storage]
    lists: dict[str, list[Any]]
    changed: dict[int, tuple[Any, tuple[Any, ...]]]
    block: Block
    error: Raised | None = None


def fork(
    frame: Frame,
    condition: Value,
    ways: tuple[Place, Place],
    names: Names,
    stops: Collection[int],
    given: Sequence[Names],
) -> tuple[Place, Names]:
    """Both sides of a branch up to their join, to the stops, or to where one begins that the other
    leads to; where the condition does not hold comes first. `given` is what names are bound to on
    each."""
    no, yes = ways
    starts = labels_of(yes) | labels_of(no)
    if len(starts) == 1:
        return yes, names
    program = frame.program
    apart = noted_for_good(fork)  # branches whose ways do not agree where they meet
    branch = program, starts
    if branch not in apart and program.met(starts, stops):
        region = program.ends(starts, stops, meets=True)
        try:
            return _fork(frame, condition, ways, names, region, given)
        except NeedsNumber:
            apart.add(branch)
    region = program.ends(starts, stops, meets=False)
    return _fork(frame, condition, ways, names, region, given)


def _fork(
    frame: Frame,
    condition: Value,
    ways: tuple[Place, Place],
    names: Names,
    region: tuple[set[int], set[int]],
    given: Sequence[Names],
) -> tuple[Place, Names]:
    """The same up to where the region ends; what it ends at, and its blocks."""
    ends, blocks = region
    program = frame.program
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
    number = as_dtype(lift(current(), taken), INT64)
    return _joined(frame, number, sides, names, program.living(ends))


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
    results = [side.names[result].x if result in side.names else UNBOUND for side in sides]
    for side, x in zip(sides, results, strict=True):
        if x is not UNBOUND and is_known(x):
            del side.names[result]  # type: ignore[arg-type]  # found there
    before = Names({v: x for v, x in names.items() if v != result})
    number = as_dtype(lift(current(), index), INT64)
    return _joined(frame, number, sides, before, names.keys())[1], results


def _side(go: Callable[[Names], tuple[Place, Names]], names: Names, needed: Any) -> Side:
    """Run one side, on a tape of its own."""
    left: dict[str, Any] = {}

    def run() -> list[Any]:
        region = Region(current())
        try:
            try:
                where, after = go(Names(names))
            except (Exception, SystemExit, NeedsNumber) as error:
                left.update(place=EXIT, names={}, arrays=[], lists={}, changed={})
                left["error"] = end_with(error)
                return []
            outputs: list[Any] = [where.label if isinstance(where, Somewhere) else where]
            found = Names({v: after[v] for v in needed(labels_of(where)) if v in after})
            lists = growing.appended(region)
            found |= {v: tuple(items) for v, (_, items) in lists.items()}
            for x, before in region.changed():
                found |= holders.other_parts(x, before)
            known = known_in(found, region)
            left["names"] = {
                v: _put_out(as_data(x), outputs)._replace(known=known[v]) for v, x in found.items()
            }
            outputs += [storage.contents() for storage in region.arrays]
            left.update(place=where, arrays=region.arrays)
            left["lists"] = {v: x for v, (x, _) in lists.items()}
            left["changed"] = {id(x): (x, holders.keys_of(x)) for x, _ in region.changed()}
            return outputs
        finally:
            region.release()

    made = block(run, (), current(), "x")
    return Side(block=made, **left)


def _left(x: Any, found: TakenApart, copied: Sequence[Any] = ()) -> Left:
    arrays = [leaf for leaf in found.leaves if isinstance(leaf, MutableArray)]
    return Left(
        x,
        found,
        [*copied, *(y for y in containers(x) if not is_new(y))],
        any(leaf.is_argument for leaf in arrays),
        any(leaf.is_kept for leaf in arrays),
        any(isinstance(leaf, PYTHON_NUMBERS) for leaf in found.leaves),
    )


def _put_out(x: Any, outputs: list[Any]) -> Left:
    """Have the leaves of x among the outputs, as they are now: some are written to later."""
    left, first = _left(x, apart(x)), len(outputs)
    outputs += [leaf.freeze() if isinstance(leaf, Value) else leaf for leaf in left.apart.leaves]
    return left._replace(apart=TakenApart(left.apart.form, list(range(first, len(outputs)))))


def _joined(
    frame: Frame, index: Value, sides: list[Side], names: Names, living: Collection[str]
) -> tuple[Place, Names]:
    """The switch, and what names are bound to behind it, where some are living."""
    possible = frozenset[int]().union(*(labels_of(side.place) for side in sides))
    kinds = [Kind((), INT64, False)] * (len(possible) > 1)
    # Of each side its outputs, or what is in their place.
    columns: list[list[Any]] = [[0] * len(kinds) for _ in sides]
    lists = {v: x for side in sides for v, x in side.lists.items()}
    changed = {k: x for side in sides for k, (x, _) in side.changed.items()}
    keys = {k: holders.keys_of_all(x, [side.changed.get(k) for side in sides])
            for k, x in changed.items()}  # fmt: skip
    if not changed.keys().isdisjoint(map(id, lists.values())):
        raise varies(next(x for x in lists.values() if id(x) in changed))
    after, moved = _unified(frame, sides, names, living, lists, kinds, columns)
    arrays = _arrays_of(sides)
    for storage in arrays:
        kinds.append(Kind(storage.shape, storage.dtype, False))
        for side, column in zip(sides, columns, strict=True):
            own = len(side.block.tape.outputs) - len(side.arrays)
            known = [x is storage for x in side.arrays]
            column.append(own + known.index(True) if any(known) else storage.contents())
    results = switched(index, [side.block for side in sides], kinds, columns)
    rest = iter(results)
    label = next(rest) if len(possible) > 1 else None
    for v, (form, as_copy, is_argument, is_kept) in moved.items():
        after[v] = x = rebuilt(form, rest, as_copy=as_copy, is_argument=is_argument)
        if is_kept:
            keep(x)
        frame.chooses |= type(x) is Chosen
    for storage, contents in zip(arrays, rest, strict=True):
        write(storage, contents)
    for v, x in lists.items():
        growing.append(x, after.pop(v))
    for k, x in changed.items():
        holders.change_all(x, keys[k], after)
    place = min(possible) if label is None else Somewhere(label, possible)
    return place, after


def _unified(
    frame: Frame,
    sides: list[Side],
    names: Names,
    living: Collection[str],
    lists: dict[str, list[Any]],
    kinds: list[Kind],
    columns: list[list[Any]],
) -> tuple[Names, dict[str, _Moved]]:
    """The names behind the sides, and by name how the values that a switch op moves are made again
    there; the types of their leaves are added to `kinds`, the leaves of each side to `columns`."""
    after, moved = Names(names), dict[str, _Moved]()
    places = cache(lambda: holders.places(frame, names, living))
    kept = {v for v in living if not any(v in side.names for side in sides)}
    having = Others(sides, cache(lambda: holders.places(frame, names, kept)))
    for v in sorted({v for side in sides for v in side.names}):
        before = () if v in lists else holders.bound_to(v, names)
        otherwise = before if v in lists or isinstance(v, holders.Slot) else UNBOUND
        found = [side.names[v].x if v in side.names else otherwise for side in sides]
        bound = [x for x in found if x is not UNBOUND]  # on a side without it, nobody reads it
        if len(bound) == 1 and (same(bound[0], before) or _is_one(v, sides)):
            after[v] = bound[0]
        elif all(same(x, found[0]) for x in found):
            after[v] = found[0]
        else:
            if v in lists and len({len(x) for x in bound}) > 1:  # type: ignore[arg-type]  # tuples
                raise varies(lists[v])
            having.check(v, before)
            moved[v] = _column(v, sides, otherwise, kinds, columns, places)
    return after, moved


def _is_one(v: str, sides: list[Side]) -> bool:
    """Whether a name that one side alone binds is bound to the same object at all values."""
    form = next(side.names[v].apart.form for side in sides if v in side.names)
    return type(form) is Options and len(form.options) == 1 and form.data is None


def _arrays_of(sides: list[Side]) -> list[Storage]:
    found: dict[int, Storage] = {}
    for side in sides:
        found.update((id(storage), storage) for storage in side.arrays)
    return list(found.values())


class _Moved(NamedTuple):
    """How what a name is bound to is made behind a switch."""

    form: Any
    as_copy: bool
    is_argument: bool
    is_kept: bool


def _column(
    v: str,
    sides: list[Side],
    otherwise: Any,
    kinds: list[Kind],
    columns: list[list[Any]],
    places: Callable[[], Counter[int]],
) -> _Moved:
    """Enter the leaves of a name; how it is put together again.

    Where one side does not bind the name, it has zeros there, which nobody reads.
    """
    found = [side.names.get(v) for side in sides]
    forms = [x.apart.form for x in found if x is not None]
    like = next((form for form in forms if type(form) in (Node, Rows)), None)
    found = [_as_before(like, otherwise) if x is None else _like(like, x) for x in found]
    given = [x for x in found if x is not None]
    form = reduce(partial(common, v), [x.apart.form for x in given])
    copied = [y for x in given for y in x.copied if is_copy(y) or places()[identity(y)] != 1]
    if current().region is None and (_differ(given) or copied):
        what = "object" if copied else "dtype"
        raise NeedsNumber(f"{v} is of another {what} on each side of a branch")
    for x in copied:
        note_copied(x)
    kinds += (own := all_kinds(form))
    for x, column in zip(found, columns, strict=True):
        column += [None] * len(own) if x is None else fitted_to(form, x.apart)
    is_argument, is_kept = any(x.is_argument for x in given), any(x.is_kept for x in given)
    return _Moved(form, bool(copied), is_argument, is_kept)


def _as_before(like: Any, x: Any) -> Left | None:
    if x is UNBOUND:
        return None
    copied: list[Any] = []
    left = _left(x, apart_as(like, x, copied), [*copied, *containers(x)])
    values = [lift(current(), leaf) for leaf in left.apart.leaves]
    return left._replace(apart=TakenApart(left.apart.form, values))


def _like(like: Any, left: Left) -> Left:
    """What has been there before as a copy, where something new is on another side."""
    if type(left.apart.form) is not Options or type(left.x) is Chosen:
        return left
    return _as_before(like, left.x) or left


def _differ(found: list[Left]) -> bool:
    """Whether values have other dtypes: a number that stands in the code goes with any."""
    if any(x.is_plain for x in found):
        return False
    dtypes = [[k.dtype for k in all_kinds(x.apart.form)] for x in found]
    return any(len(ks) == len(dtypes[0]) and ks != dtypes[0] for ks in dtypes)
