"""Function -> its blocks, as Numba reads them: the one module that knows Numba's private parts."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from numba.core import ir
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.compiler import run_frontend


def blocks_of(f: FunctionType) -> dict[int, Any] | None:
    """Blocks of Numba's IR by label; None where Numba cannot read the function."""
    try:
        return _chained(run_frontend(f).blocks)
    except Exception:  # its reader refuses by errors of every kind
        return None


def _chained(blocks: dict[int, Any]) -> dict[int, Any]:
    """The same with one block for those that only lead from one to the next.

    So the header of a `for` asks for the next item, however many bytes its jump takes.
    """
    graph = compute_cfg_from_blocks(blocks)
    for label in list(graph.topo_order()):
        while label in blocks and isinstance(blocks[label].terminator, ir.Jump):
            target = blocks[label].terminator.target
            if len(list(graph.predecessors(target))) != 1 or target == graph.entry_point():
                break
            blocks[label].body = [*blocks[label].body[:-1], *blocks.pop(target).body]
    return blocks


def loops_of(blocks: dict[int, Any]) -> tuple[int, dict[int, frozenset[int]], list[int]]:
    """The first label, the blocks of each loop by the label of its header, and an order in which
    blocks come before those that they lead to."""
    graph = compute_cfg_from_blocks(blocks)
    loops = {header: frozenset(loop.body) for header, loop in graph.loops().items()}
    return graph.entry_point(), loops, list(graph.topo_order())
