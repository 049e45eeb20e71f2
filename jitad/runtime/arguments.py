"""Arguments of a call -> leaves as kernels take them, and the structure of all else."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from jitad.frontend.pytree import Structure, flatten, with_statics
from jitad.frontend.trace import TRACEABLE
from jitad.ir.errors import TraceError


def take_apart(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Structure]:
    """The numbers and arrays among the arguments; all else (strings, functions) is structure."""
    leaves, structure = flatten((args, kwargs))
    if all(isinstance(x, TRACEABLE) for x in leaves):
        return leaves, structure
    for x in leaves:
        if not isinstance(x, (*TRACEABLE, Hashable)):
            raise TraceError(
                f"an argument of type {type(x).__name__} is neither a number nor hashable",
                remedy="arguments are arrays, numbers, pytrees of them, and constants, which hash; "
                "close over what is none of these",
            )
    return flatten(with_statics((args, kwargs), lambda x: isinstance(x, TRACEABLE)))


def are_leaves(structure: Structure) -> bool:
    """Whether arguments of this structure are positional, and each is one leaf."""
    positional, named = structure.children()
    return not named.children() and all(child.is_leaf() for child in positional.children())


def canonical(x: Any) -> Any:
    """An argument as the entry takes it: contiguous, aligned, a NumPy scalar for 0-d."""
    if isinstance(x, np.ndarray):
        if x.shape == ():
            return x[()]
        x = np.require(np.asarray(x), requirements=["C", "A"])
        # An array that was unpickled has a dtype object of its own; the entry compares identity.
        own = np.dtype(x.dtype.type)
        return x if x.dtype is own else x.view(own)
    if isinstance(x, bool):
        return np.bool_(x)
    return np.int64(x) if isinstance(x, int) else x
