"""Orders in which instructions are written anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

_NodeT = TypeVar("_NodeT")


def operands_first(root: _NodeT, needed: Callable[[_NodeT], Sequence[_NodeT]]) -> Iterator[_NodeT]:
    """What a root needs, each after what it needs itself, then the root; without recursion.

    `needed` tells what of that is not there yet, when it is asked: whoever takes an element from
    the iterator makes it there before taking the next.
    """
    stack = [root]
    while stack:
        waiting = needed(stack[-1])
        if waiting:
            stack.append(waiting[0])
        else:
            yield stack.pop()
