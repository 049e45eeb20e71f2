"""Arguments of a call -> leaves as kernels take them, and the structure of all else."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, MappingView
from typing import Any, NamedTuple

import numpy as np

from jitad.frontend.pytree import Structure, apart_in_order, flatten, odd_keys, with_statics
from jitad.frontend.trace import Leaf, is_number
from jitad.ir.errors import TraceError
from jitad.ir.op import COMPLEX128, FLOAT64, native


class Arguments(NamedTuple):
    """The numbers and arrays among the arguments; all else (strings, functions) is structure.

    `order` tells structures apart that differ in the order of the keys of dicts, or in their types.
    """

    leaves: list[Any]
    structure: Structure
    order: Any


def take_apart(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    """The arguments of a call, checked."""
    leaves, structure = flatten((args, kwargs))
    tree: Any = (args, kwargs)
    if not all(map(is_number, leaves)):
        for x in leaves:
            if not is_number(x):
                _check_constant(x)
        tree = with_statics(tree, is_number)
        leaves, structure = flatten(tree)
    if are_leaves(structure):
        return Arguments(leaves, structure, None)
    return Arguments(leaves, structure, (apart_in_order(tree)[1], *odd_keys(tree)))


def _check_constant(x: Any) -> None:
    """Refuse what is neither a number nor stays what it is."""
    name = type(x).__name__
    if isinstance(x, Iterator):
        raise TraceError(
            f"an argument is an iterator ({name}), which can be read only once",
            remedy="pass list(...) of it, or np.fromiter(...)",
        )
    if isinstance(x, MappingView):
        raise TraceError(
            f"an argument is a view of a dict ({name}), whose contents may change",
            remedy="pass list(...) of it, or the dict",
        )
    if isinstance(x, memoryview) or any(hasattr(type(x), word) for word in _ARRAY_LIKE):
        raise TraceError(
            f"an argument of type {name} is like an array, and none of NumPy's",
            remedy="pass np.asarray(...) of it, or its .to_numpy()",
        )
    if not isinstance(x, Hashable):
        raise TraceError(
            f"an argument of type {name} is neither a number nor hashable",
            remedy="arguments are arrays, numbers, pytrees of them, and constants, which hash; "
            "close over what is none of these",
        )


_ARRAY_LIKE = ("__array__", "__array_interface__", "__array_struct__", "__dlpack__")


def are_leaves(structure: Structure) -> bool:
    """Whether arguments of this structure are positional, and each is one leaf."""
    positional, named = structure.children()
    return not named.children() and all(child.is_leaf() for child in positional.children())


def canonical(x: Any) -> Any:
    """An argument as the entry takes it: contiguous, aligned, a NumPy scalar for 0-d."""
    if isinstance(x, np.ndarray):
        own = native(x.dtype)
        if x.dtype is not own:
            # What was unpickled has a dtype object of its own; the entry compares identity.
            x = x.view(own) if x.dtype == own else x.astype(own)
        return x[()] if x.shape == () else np.require(np.asarray(x), requirements=["C", "A"])
    if isinstance(x, np.generic):
        own = native(x.dtype)
        return x if type(x) is own.type else own.type(x)
    if isinstance(x, bool):
        return np.bool_(x)
    if isinstance(x, int):
        return np.int64(x)
    plain = float if isinstance(x, float) else complex
    return x if type(x) is plain else plain(x)


def fitted(x: Any, leaf: Leaf) -> Any:
    """A float or complex number as Python's or NumPy's, whichever a kernel was compiled for."""
    if isinstance(x, np.ndarray):
        x = x[()] if x.shape == () else x
    if leaf.shape or leaf.dtype.kind not in "fc":
        return x
    if isinstance(x, np.generic):
        known = native(x.dtype)
    elif isinstance(x, (float, complex)):
        known = FLOAT64 if isinstance(x, float) else COMPLEX128
    else:
        return x
    if known != leaf.dtype:
        return x
    number = leaf.dtype.type(x)
    return number.item() if leaf.weak else number
