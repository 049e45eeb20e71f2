"""Updates of some elements: JAX's `x.at[i].add(v)`, NumPy's `np.add.at`, `np.put` and their kin.

Where an index names an element several times, each naming updates it once more, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.active import innermost_trace
from jitad.frontend.mutable import WRITERS, MutableArray, mutable, static
from jitad.frontend.operands import as_dtype, check_casting, innermost, lift
from jitad.frontend.places import places_of
from jitad.frontend.storage import FEW
from jitad.ir.errors import ShapeError, TraceError, WriteError
from jitad.ir.value import Value
from jitad.ops import structural as st

_ROUNDS = 64
"""How often an index may name one element, in an update that is not a sum."""

# -- x.at ------------------------------------------------------------------------------------------


class At:
    """`x.at`: indexed, it says where; see `Place`."""

    __slots__ = ("x",)

    def __init__(self, x: Value) -> None:
        self.x = x

    def __getitem__(self, index: Any) -> Place:
        return Place(self.x, index)


class Place:
    """`x.at[index]`: its methods give a new array that differs from x there; x stays as it is.

    The index is whatever NumPy takes: ints, slices, integer arrays, masks. As in NumPy, and other
    than in JAX, an index that is out of bounds is an error.
    """

    __slots__ = ("index", "x")

    def __init__(self, x: Value, index: Any) -> None:
        self.x = x
        self.index = index

    def get(self) -> Any:
        """x[index]."""
        return self.x[self.index]

    def set(self, values: Any, *, indices_are_sorted: bool = False, unique_indices: bool = False,
            mode: Any = None) -> Value:  # fmt: skip
        """x with `values` there; where an element is named several times the last one stays."""
        _check_mode(mode)
        result = self._copy(values)
        result[self.index] = values
        return result.freeze()

    def apply(self, function: Callable[[Any], Any]) -> Value:
        """x with `function` of each element there."""
        return self.set(function(self.get()))

    def _combine(self, ufunc: Any, values: Any, mode: Any) -> Value:
        _check_mode(mode)
        result = self._copy(values)
        combine(result, self.index, ufunc, values)
        return result.freeze()

    def _copy(self, values: Any) -> MutableArray:
        """A copy of x, on the tape of the innermost function that is being traced."""
        builder = innermost_trace()
        if builder is None:  # a rule of a transform, which works on a tape of its own
            index = self.index if isinstance(self.index, tuple) else (self.index,)
            builder = innermost((self.x, values, *index))
        return mutable(builder, lift(builder, self.x))


def _check_mode(mode: Any) -> None:
    if mode not in (None, "promise_in_bounds"):
        raise TraceError(
            f"x.at[...] with mode={mode!r}",
            remedy="bring the indices into range yourself, with np.clip or a mask",
        )


def _method(ufunc: Any, text: str) -> Callable[..., Value]:
    def method(
        self: Place,
        values: Any,
        *,
        indices_are_sorted: bool = False,
        unique_indices: bool = False,
        mode: Any = None,
    ) -> Value:
        return self._combine(ufunc, values, mode)

    method.__doc__ = f"x with {text} there."
    return method


for _name, _ufunc, _text in (
    ("add", np.add, "`values` added"),
    ("subtract", np.subtract, "`values` subtracted"),
    ("multiply", np.multiply, "its elements times `values`"),
    ("mul", np.multiply, "its elements times `values`"),
    ("divide", np.true_divide, "its elements divided by `values`"),
    ("power", np.power, "its elements to the power of `values`"),
    ("min", np.minimum, "the smaller of its elements and `values`"),
    ("max", np.maximum, "the larger of its elements and `values`"),
):
    setattr(Place, _name, _method(_ufunc, _text))

# -- updates in place ------------------------------------------------------------------------------


def combine(target: MutableArray, index: Any, ufunc: Any, values: Any) -> None:
    """target[index] = ufunc(target[index], values), once for each time that it names an element."""
    target.check_writable()
    key = static(index)
    if key is None:
        _combine_traced(target, index, ufunc, values)
        return
    places = np.asarray(target.places[key])
    if places.size == np.unique(places).size:
        target[key] = ufunc(target[key], values)
        return
    x = target.lifted(values, places.shape)
    if ufunc in _SUMS and places.size > FEW:
        flat = lift(target.builder, places.copy())
        target.storage.scatter(flat, _SUMS[ufunc](x), st.scatter_add)
        return
    whole = MutableArray(target.storage, target.storage.order)
    order, turns = places.ravel(), _turns(places.ravel())
    if turns.max() >= _ROUNDS:
        raise _too_often(ufunc)
    elements = x.reshape(-1)
    for turn in range(int(turns.max()) + 1):
        chosen = np.flatnonzero(turns == turn)
        whole[order[chosen]] = ufunc(whole[order[chosen]], elements[chosen])


_SUMS: dict[Any, Callable[[Value], Value]] = {
    np.add: lambda x: x,
    np.subtract: lambda x: -x,  # type: ignore[operator]  # traced
}
"""The updates of which many are one op, and what they add."""


def _turns(places: np.ndarray) -> np.ndarray:
    """For each place how many equal ones stand before it."""
    by_place = np.argsort(places, kind="stable")
    ordered = places[by_place]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    counts = np.diff(np.r_[starts, places.size])
    turns = np.empty_like(places)
    turns[by_place] = np.arange(places.size) - np.repeat(starts, counts)
    return turns


def _too_often(ufunc: Any) -> TraceError:
    return TraceError(
        f"np.{ufunc.__name__}.at names an element {_ROUNDS} times or more",
        remedy="np.add.at and np.subtract.at may do so; update groups of distinct places",
    )


def _combine_traced(target: MutableArray, index: Any, ufunc: Any, values: Any) -> None:
    items = index if isinstance(index, tuple) else (index,)
    arrays = [x for x in items if isinstance(x, (Value, np.ndarray))]
    if all(x.shape == () or x.dtype.kind == "b" for x in arrays):
        target[index] = ufunc(target[index], values)
        return
    rows = places_of(target.storage, target.places, index)
    x = target.lifted(values, rows.shape)
    if ufunc in _SUMS:
        target.storage.scatter(rows.at, _SUMS[ufunc](x), st.scatter_add)
        return
    places = rows.elements()
    if places.size > _ROUNDS:
        raise TraceError(
            f"np.{ufunc.__name__}.at with a traced index of {places.size} elements",
            remedy="up to 64 may be traced; np.add.at and np.subtract.at take any number",
        )
    flat, elements = places.reshape(-1), x.reshape(-1)
    whole = MutableArray(target.storage, target.storage.order)
    for k in range(places.size):
        whole[flat[k]] = ufunc(whole[flat[k]], elements[k])


def ufunc_at(ufunc: Any, a: Any, indices: Any, b: Any = None) -> None:
    """np.add.at and its kin; a ufunc of one operand takes no b."""
    if not isinstance(a, MutableArray):
        raise WriteError(
            f"np.{ufunc.__name__}.at of an array that jitad.numpy did not create",
            remedy="write x = x.at[i].add(v), or work on a copy made by jitad.numpy.array(x)",
        )
    if ufunc.nin == 1:
        a[indices] = ufunc(a[indices])
        return
    kind = b.dtype if isinstance(b, (Value, np.ndarray, np.generic)) else np.result_type(b)
    weak = isinstance(b, (bool, int, float)) or getattr(b, "weak", False)
    other = b if weak and not isinstance(b, Value) else kind
    check_casting(ufunc.__name__, np.result_type(a.dtype, other), a.dtype)
    combine(a, indices, ufunc, b)


# -- NumPy's functions that write to their first argument ------------------------------------------


def writes(function: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register what a NumPy function does to a mutable array."""

    def register(record: Callable[..., None]) -> Callable[..., None]:
        WRITERS[function] = record
        return record

    return register


@writes(np.copyto)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    source = src.dtype if isinstance(src, (Value, np.ndarray, np.generic)) else None
    if source is not None:
        check_casting("copyto", source, dst.dtype, casting)
    dst[...] = src if where is True else np.where(where, src, dst)


@writes(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    if mode != "raise":
        places = np.asarray(ind)
        ind = places % a.size if mode == "wrap" else np.clip(places, 0, a.size - 1)
    index = ind if isinstance(ind, Value) else np.asarray(ind)
    a.flat[index.reshape(-1)] = _repeated(a, v, index.size)


@writes(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    flat = _flat_mask(arr, mask)
    values = _flat_values(arr, vals)
    rank = np.cumsum(flat) - 1
    chosen = values[np.where(flat, rank, 0) % values.shape[0]]
    arr[...] = np.where(flat, chosen, arr.reshape(-1)).reshape(arr.shape)


@writes(np.putmask)
def putmask(a: Any, /, mask: Any, values: Any) -> None:
    flat = _flat_mask(a, mask)
    a[...] = np.where(flat, _repeated(a, values, a.size), a.reshape(-1)).reshape(a.shape)


@writes(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        raise ShapeError(
            f"np.fill_diagonal of an array of shape {a.shape}",
            remedy="it has two axes, or more of equal lengths",
        )
    if a.ndim == 2:
        step, end = a.shape[1] + 1, None if wrap else a.shape[1] * a.shape[1]
    else:
        step, end = 1 + int(np.cumprod(a.shape[:-1]).sum()), None
    places = slice(None, end, step)
    a.flat[places] = _repeated(a, val, len(range(*places.indices(a.size))))


@writes(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    if axis is None:
        arr.flat[indices] = values
        return
    place, ndim = axis % arr.ndim, arr.ndim
    index = indices if isinstance(indices, Value) else np.asarray(indices)
    key: list[Any] = [
        np.arange(n).reshape([-1 if i == k else 1 for i in range(ndim)])
        for k, n in enumerate(arr.shape)
    ]
    key[place] = index
    arr[tuple(key)] = values


def _flat_mask(a: Any, mask: Any) -> Any:
    """The mask of an array's elements in C order."""
    mask = mask if isinstance(mask, Value) else np.asarray(mask)
    if mask.size != a.size:
        raise ShapeError(
            f"a mask of shape {mask.shape} for an array of shape {a.shape}",
            remedy="a mask has the shape of the array",
        )
    return mask.reshape(-1) != 0


def _flat_values(a: MutableArray, values: Any) -> Value:
    x = as_dtype(lift(a.builder, values), a.dtype).reshape(-1)
    if x.size == 0:
        raise ShapeError("there are no values to write", remedy="give one value at least")
    return x


def _repeated(a: MutableArray, values: Any, count: int) -> Value:
    """As many values, which start again where there are fewer."""
    x = _flat_values(a, values)
    return x if x.size == count else x[np.arange(count) % x.size]
