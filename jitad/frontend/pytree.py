"""Pytrees of arguments and results -> flat lists of leaves, through optree.

dict, list, tuple, namedtuple, OrderedDict, deque, dataclasses and None are nodes; the rest leaves.
The leaves of a dict are in the order of its keys; that in which they were entered is kept, for a
function sees it, but structures that differ in nothing else are equal.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np
import optree

NAMESPACE = "jitad"
Structure = optree.PyTreeSpec

_IN_ORDER = "jitad, dicts as entered"
"""The namespace in which dicts that were entered in another order have other structures."""

_in_order = optree.dict_insertion_ordered(True, namespace=_IN_ORDER)
_in_order.__enter__()  # for good: nobody else uses that namespace

_known: dict[type, frozenset[str]] = {}
"""The dataclasses that are nodes, and which of their attributes, beside fields, are whole numbers:
those of the first one met."""


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves in order, and the structure that `unflatten` takes them back into."""
    leaves, structure = nodes_apart(tree)
    for leaf in leaves:
        if _is_node(leaf):
            _register(type(leaf), _whole_numbers(leaf))
            return flatten(tree)
    return leaves, structure


def shown(structure: Structure) -> str:
    """A structure as the user would write such a tree, with `array` for its leaves."""
    if structure.is_leaf():
        return "an array"
    kind: Any = structure.type
    inner = ["array" if x.is_leaf() else shown(x) for x in structure.children()]
    names = structure.entries()
    if kind is Static:
        return repr(unflatten(structure, ()).item)
    if kind is type(None):
        return "None"
    if kind is dict:
        return f"{{{', '.join(f'{k!r}: {x}' for k, x in zip(names, inner, strict=True))}}}"
    if kind is tuple or kind is list:
        left, right = "()" if kind is tuple else "[]"
        comma = "," if kind is tuple and len(inner) == 1 else ""
        return f"{left}{', '.join(inner)}{comma}{right}"
    if all(isinstance(name, str) for name in names):
        inner = [f"{name}={x}" for name, x in zip(names, inner, strict=True)]
    return f"{kind.__name__}({', '.join(inner)})"


def is_array_like(x: Any) -> bool:
    """Whether x has elements of one dtype that can be asked for by slices: an array, or a data set
    in a file."""
    return all(hasattr(x, name) for name in ("shape", "dtype", "__getitem__"))


def _is_node(x: Any) -> bool:
    """Whether x is a dataclass that holds other things, and is no array itself."""
    return dataclasses.is_dataclass(x) and not isinstance(x, type) and not is_array_like(x)


def nodes_apart(tree: Any) -> tuple[list[Any], Structure]:
    """`flatten` where dataclasses that were not met before may be leaves: for structures known."""
    return optree.tree_flatten(tree, namespace=NAMESPACE)


def apart_in_order(tree: Any) -> tuple[list[Any], Structure]:
    """`nodes_apart` with the leaves of dicts in the order in which these were filled."""
    return optree.tree_flatten(tree, namespace=_IN_ORDER)


def rearranged(structure: Structure) -> tuple[int, ...]:
    """Of a structure of `apart_in_order` the places of its leaves in the order of `flatten`."""
    return tuple(flatten(unflatten(structure, range(structure.num_leaves)))[0])


def odd_keys(tree: Any) -> Iterator[type]:
    """The types of the keys of dicts that are not str: 1, 1.0 and True are one key to a dict."""
    children: Iterable[Any] = ()
    if isinstance(tree, dict):
        yield from (type(key) for key in tree if type(key) is not str)
        children = tree.values()
    elif isinstance(tree, (list, tuple, deque)):
        children = tree
    elif type(tree) in _known:
        children = _attributes(tree).values()
    for item in children:
        yield from odd_keys(item)


# -- what is no number -----------------------------------------------------------------------------


class Static:
    """An argument that is no number, as a node without leaves: part of the structure.

    Two are equal where no function can tell their items apart: texts and numbers of one type with
    the same digits; of all else the object itself counts, whatever its `__eq__` says.
    """

    __slots__ = ("item", "token")

    def __init__(self, item: Any) -> None:
        self.item = item
        self.token = _token(item)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and self.token == other.token

    def __hash__(self) -> int:
        return hash(self.token)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Static, (self.item,))

    def __repr__(self) -> str:
        return f"Static({self.item!r})"


_BY_DIGITS = (
    *(int, float, complex, decimal.Decimal, fractions.Fraction, range, slice, np.dtype, uuid.UUID),
    *(pathlib.PurePath, datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo),
)
"""Kinds of which all that can be seen is in the representation."""


def _token(x: Any) -> Any:
    if isinstance(x, (str, bytes)):
        return type(x), x
    if isinstance(x, enum.Enum):
        return id(x)
    if isinstance(x, _BY_DIGITS):
        return type(x), repr(x)
    if isinstance(x, frozenset):
        return type(x), frozenset(map(_token, x))
    if isinstance(x, MethodType):
        return MethodType, id(x.__func__), id(x.__self__)
    return id(x)


def register(kind: type, take_apart: Any, put_together: Any) -> None:
    """Make a type a node, by what optree's `register_pytree_node` takes."""
    enter: Any = optree.register_pytree_node
    for namespace in (NAMESPACE, _IN_ORDER):
        enter(kind, take_apart, put_together, namespace=namespace)


register(Static, lambda x: ((), x), lambda x, _: x)


def with_statics(tree: Any, is_leaf: Callable[[Any], bool]) -> Any:
    """The tree with what `is_leaf` refuses made static: strings, functions, objects that hash."""
    return optree.tree_map(lambda x: x if is_leaf(x) else Static(x), tree, namespace=NAMESPACE)


def statics_of(tree: Any) -> list[Any]:
    """The items of the static nodes in a tree."""
    nodes = optree.tree_leaves(tree, is_leaf=lambda x: isinstance(x, Static), namespace=NAMESPACE)
    return [x.item for x in nodes if isinstance(x, Static)]


def without_statics(tree: Any, seen_as: Callable[[Any], Any]) -> Any:
    """The tree with what `seen_as` makes of the items in the place of static nodes."""
    return optree.tree_map(
        lambda x: seen_as(x.item) if isinstance(x, Static) else x,
        tree,
        is_leaf=lambda x: isinstance(x, Static),
        namespace=NAMESPACE,
    )


def unflatten(structure: Structure, leaves: Any) -> Any:
    """The tree of that structure with these leaves."""
    return optree.tree_unflatten(structure, leaves)


# -- dataclasses -----------------------------------------------------------------------------------


_FIXED = (str, bytes, type, enum.Enum, FunctionType, BuiltinFunctionType, MethodType)
"""Attributes of dataclasses that belong to the structure."""


def _attributes(x: Any) -> dict[str, Any]:
    """A dataclass's fields, then what else it holds, as `__post_init__` sets it."""
    kind = type(x)
    found = {f.name: getattr(x, f.name) for f in dataclasses.fields(kind) if hasattr(x, f.name)}
    rest = getattr(x, "__dict__", None)
    if rest is not None and not rest.keys() <= found.keys():
        whole = _known.get(kind, ())
        for name, item in rest.items():
            # What is computed when it is asked for is computed anew, of traced values.
            if name not in found and not isinstance(getattr(kind, name, None), cached_property):
                fixed = name in whole and isinstance(item, (bool, int, float, np.generic))
                found[name] = Static(item) if fixed else item
    return found


def _whole_numbers(x: Any) -> frozenset[str]:
    fields = {field.name for field in dataclasses.fields(x)}
    return frozenset(
        name
        for name, item in _attributes(x).items()
        if name not in fields and isinstance(item, (bool, int, np.integer))
    )


def _register(kind: type, whole: frozenset[str]) -> None:
    """Make a dataclass a node, its attributes the children; those of no number are structure."""
    if kind in _known:
        return

    def take_apart(x: Any) -> tuple[tuple[Any, ...], Any, tuple[str, ...]]:
        found = _attributes(x)
        fixed = {name: item for name, item in found.items() if isinstance(item, (*_FIXED, Static))}
        names = tuple(name for name in found if name not in fixed)
        statics = tuple(
            (name, x if isinstance(x, Static) else Static(x)) for name, x in fixed.items()
        )
        return tuple(found[name] for name in names), (names, statics), names

    def put_together(made_of: Any, children: Any) -> Any:
        names, statics = made_of
        made = object.__new__(kind)
        for name, child in zip(names, children, strict=True):
            object.__setattr__(made, name, child)
        for name, static in statics:
            object.__setattr__(made, name, static.item)
        return made

    register(kind, take_apart, put_together)
    _known[kind] = whole


class Nodes:
    """The dataclasses of structures that are pickled: before these are read, they are made nodes.

    It stands before the structures in what is pickled.
    """

    def __init__(self, *structures: Structure | None) -> None:
        self.kinds: dict[type, frozenset[str]] = {}
        stack = [x for x in structures if x is not None]
        while stack:
            spec = stack.pop()
            if spec.type in _known:
                self.kinds[spec.type] = _known[spec.type]
            stack += spec.children()

    def __reduce__(self) -> tuple[Any, ...]:
        return (_make_nodes, (self.kinds,))


def _make_nodes(kinds: dict[type, frozenset[str]]) -> None:
    for kind, whole in kinds.items():
        _register(kind, whole)
