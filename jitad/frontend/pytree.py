"""Pytrees of arguments and results -> flat lists of leaves, through optree.

dict, list, tuple, namedtuple, OrderedDict, deque, dataclasses and None are nodes; the rest leaves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import optree

NAMESPACE = "jitad"
Structure = optree.PyTreeSpec

_known: set[type] = set()


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves in order, and the structure that `unflatten` takes them back into."""
    leaves, structure = nodes_apart(tree)
    for leaf in leaves:
        if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type):
            _register(type(leaf))
            return flatten(tree)
    return leaves, structure


def nodes_apart(tree: Any) -> tuple[list[Any], Structure]:
    """`flatten` where dataclasses that were not met before may be leaves: for structures known."""
    return optree.tree_flatten(tree, namespace=NAMESPACE)


@dataclasses.dataclass(frozen=True)
class Static:
    """An argument that is no number, as a node without leaves: part of the structure."""

    item: Any


_register_node: Any = optree.register_pytree_node
_register_node(Static, lambda x: ((), x), lambda x, _: x, namespace=NAMESPACE)


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


def _register(kind: type) -> None:
    """Make a dataclass a node, its fields the children."""
    if kind in _known:
        return
    names = tuple(field.name for field in dataclasses.fields(kind))

    def take_apart(x: Any) -> tuple[tuple[Any, ...], None, tuple[str, ...]]:
        return tuple(getattr(x, name) for name in names), None, names

    def put_together(_: None, children: Any) -> Any:
        made = object.__new__(kind)
        for name, child in zip(names, children, strict=True):
            object.__setattr__(made, name, child)
        return made

    register: Any = optree.register_pytree_node
    register(kind, take_apart, put_together, namespace=NAMESPACE)
    _known.add(kind)
