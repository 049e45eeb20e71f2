"""Addresses -> tiles: a long list of places, row by row, as few blocks that grow by equal steps.

The rows of a band, and those of the inner points of a grid, are read alike, each a step further.
Such rows are a block, and blocks that come again, as the lines of a grid, a tile: its values are
slices of the terms, joined, so that one loop computes and writes them in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from jitad.sparse.places import Places

NONE = -(1 << 50)
"""The address of nothing."""

FAR = 1 << 40
"""How far arrays are apart: element k of array n has the address n * FAR + k."""

_NO_STEP = np.zeros((), np.int64)
_MOST_BLOCKS, _MOST_PIECES, _LONGEST_PERIOD = 20_000, 200, 4


class Block(NamedTuple):
    """Rows that are alike: entry j of row r is the sum of what is at `first[:, j] + r *
    steps[:, j]`."""

    rows: int
    first: Places
    steps: Places

    def is_like(self, other: Block) -> bool:
        """Whether this is another block at other places of the same arrays."""
        return (
            self.rows == other.rows
            and np.array_equal(self.steps, other.steps)
            and np.array_equal(self.first // FAR, other.first // FAR)
        )


class Tile(NamedTuple):
    """Blocks that follow each other a number of times; each time block b is `apart[b]` further."""

    times: int
    blocks: Sequence[Block]
    apart: Sequence[Places]

    def places(self, b: int) -> Places:
        """The places of block b: (times, rows, layers, entries of a row)."""
        block = self.blocks[b]
        turn, row, _, _ = np.ogrid[: self.times, : block.rows, :1, :1]
        return block.first + turn * self.apart[b] + row * block.steps


def tiles(addresses: Places, starts: Places) -> list[Tile] | None:
    """The tiles of addresses (layers, entries), whose rows start there; None where there are too
    many. Where each row differs from the next, several are one row."""
    if not addresses.size:
        return None
    for together in range(1, _LONGEST_PERIOD + 1):
        found = _blocks(addresses, starts[::together])
        if found is not None:
            made = list(_tiles(found))
            pieces = sum(block.first.size for tile in made for block in tile.blocks)
            return made if pieces <= _MOST_PIECES else None
    return None


def _blocks(addresses: Places, starts: Places) -> list[Block] | None:
    """The rows as blocks; None where these would be many."""
    count = addresses.shape[1]
    lengths = np.diff(starts, append=count)
    below = np.minimum(np.arange(count) + np.repeat(lengths, lengths), count - 1)
    arrays, steps = addresses // FAR, addresses[:, below] - addresses
    is_near = np.all(arrays[:, below] == arrays, axis=0)
    is_even = np.all(steps[:, below] == steps, axis=0)
    linked = np.logical_and.reduceat(is_near, starts)
    linked &= lengths == np.append(lengths[1:], 0)
    goes_on = linked & np.append(linked[1:], False) & np.logical_and.reduceat(is_even, starts)
    ends = np.flatnonzero(~goes_on)
    if len(ends) > _MOST_BLOCKS:
        return None
    found: list[Block] = []
    row = 0
    while row < len(starts):
        last = int(ends[np.searchsorted(ends, row)]) + 1 if linked[row] else row
        own = slice(starts[row], starts[row] + lengths[row])
        step = steps[:, own] if last > row else _NO_STEP
        found.append(Block(last + 1 - row, addresses[:, own], step))
        row = last + 1
    return found


def _tiles(blocks: Sequence[Block]) -> Iterator[Tile]:
    k = 0
    while k < len(blocks):
        found = [_tile(blocks, k, period) for period in range(1, _LONGEST_PERIOD + 1)]
        best = max(found, key=lambda tile: tile.times * len(tile.blocks))
        yield best
        k += best.times * len(best.blocks)


def _tile(blocks: Sequence[Block], k: int, period: int) -> Tile:
    """Block k and those behind it, as far as they come again after so many; itself if they do
    not."""
    own, following = blocks[k : k + period], blocks[k + period : k + 2 * period]
    alone = Tile(1, blocks[k : k + 1], [np.zeros_like(blocks[k].first)])
    if len(following) < period or not all(map(Block.is_like, own, following)):
        return alone
    apart = [y.first - x.first for x, y in zip(own, following, strict=True)]
    end = k + 2 * period
    while end < len(blocks):
        before, step = blocks[end - period], apart[(end - k) % period]
        if not blocks[end].is_like(before) or np.any(blocks[end].first - before.first != step):
            break
        end += 1
    times = (end - k) // period
    return Tile(times, own, apart) if times > 2 else alone
