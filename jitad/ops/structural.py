"""The structural ops: views and joins, reductions and running sums, gathers, guards.

Each is linear in its array operands, or says its tangent and pullback as calls of other ops.
"""

from jitad.ops.gathers import (
    equals,
    gather,
    gather_final,
    guard,
    iota,
    iota_on,
    is_path,
    scatter_add,
    scatter_set,
)
from jitad.ops.joins import JOINS, assemble, concatenate, concatenate_slots, join_slots, pack
from jitad.ops.reductions import (
    argmax,
    argmin,
    cumsum,
    drop_axes,
    expand,
    keep_axes,
    neutral,
    reduce_all,
    reduce_any,
    reduce_max,
    reduce_min,
    reduce_sum,
)
from jitad.ops.sorting import argsort
from jitad.ops.views import (
    Slot,
    are_disjoint,
    as_range,
    broadcast,
    every_place,
    index,
    index_add,
    index_set,
    joined_slots,
    linear,
    map_slots,
    or_zeros,
    reshape,
    slot_shape,
    spread,
    stretch,
    strided,
    transpose,
    zeros,
)

INDEXED = (index_add, index_set)
SCATTERS = (scatter_add, scatter_set)
"""Updates at a basic index, and at integers that are computed."""

UPDATES = (*INDEXED, *SCATTERS)
"""Ops whose result is operand 0 but for some places: computed in its memory where that is free."""

PLACES = (argmax, argmin)
"""Reductions whose result is where an element stands."""
