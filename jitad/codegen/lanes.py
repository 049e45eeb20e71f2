"""The innermost loop of a nest on vectors: each lane is one of W neighbouring iterations.

The last vector overlaps the one before it, where W does not divide the number of iterations: what
it stores again is the same, and what it would add again is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import llvmlite.binding as llvm

from jitad.codegen.body import Body
from jitad.codegen.index import Atom, Index, Loaded, Loop, Quotient, Remainder, flat, strides
from jitad.codegen.memory import overwrites
from jitad.codegen.reader import At, Key
from jitad.codegen.records import (
    RecordAccess,
    Scattered,
    load_records,
    load_scattered,
    store_records,
)
from jitad.codegen.span import Span, is_added_to, reduced_depths, reduces
from jitad.codegen.writer import TYPES
from jitad.ir.op import BOOL, DType, Elementwise
from jitad.ir.tape import CONST, Instr
from jitad.ops import structural as st
from jitad.ops.elementwise import exp
from jitad.passes.schedule import Root
from jitad.passes.stored import is_root

if TYPE_CHECKING:
    from jitad.codegen.nest import NestEmitter

_LONG = 48
"""Values in a body from which LLVM's own vectoriser is not relied upon."""

_UNROLLED = 32
"""Iterations that LLVM would write out one by one, before it looks for vectors."""

_PLACES_LOOKED_UP = 4
"""Elements that a body looks up, up to which LLVM's gathers are as fast."""

_FEW = 16
"""Up to so many vectors, what LLVM's vectoriser leaves over, one by one, would be a good part."""

_APART = 64
"""Elements up to which a row that overwrites an operand is kept apart until it is whole."""

_REDUCTIONS = (st.reduce_sum, st.reduce_max, st.reduce_min, st.reduce_any, st.reduce_all)


@lru_cache(maxsize=1)
def vector_bytes() -> int:
    """The width of this processor's vector registers."""
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx2") else 16


class Lanes:
    """Emits the innermost body of a nest for `width` iterations at once.

    `depth` is that of the innermost counter, `count` how many iterations there are.
    """

    def __init__(self, nest: NestEmitter, depth: int, count: int, width: int) -> None:
        self.nest = nest
        self.writer = nest.writer
        self.tape = nest.tape
        self.depth = depth
        self.count = count
        self.width = width
        self.values: dict[Key, str] = {}
        self.splats: dict[Key, str] = {}
        self.stores: list[tuple[RecordAccess, str]] = []
        self.fresh = ""
        self.origins: dict[Index, str] = {}
        self.safe: dict[Loaded, str] = {}

    def turns(self, span: Span | None) -> int | str:
        """How many vectors there are."""
        if span is None:
            return -(-self.count // self.width)
        w = self.writer
        up = w.line(f"add i64 {span.turns(w)}, {self.width - 1}")
        return w.line(f"udiv i64 {up}, {self.width}")

    def first(self, turn: str, span: Span | None) -> str:
        """The iteration of lane 0. Notes which lanes are new, where the last vector overlaps."""
        w, width = self.writer, self.width
        start = w.line(f"mul nuw nsw i64 {turn}, {width}")
        if span is not None:
            start = w.line(f"add nuw nsw i64 {start}, {span.start}")
        blocks = None if span is None else span.blocks
        if self.count % width == 0 and (blocks is None or blocks.length % width == 0):
            return start
        stop = self.count if span is None else span.stop
        name = "llvm.umin.i64"
        w.declarations[name] = f"declare i64 @{name}(i64, i64)"
        latest = w.line(f"sub i64 {stop}, {width}")
        first = w.line(f"call i64 @{name}(i64 {start}, i64 {latest})")
        again = self.splat(w.line(f"sub i64 {start}, {first}"), "i64")
        numbers = ", ".join(f"i64 {k}" for k in range(width))
        self.fresh = w.line(f"icmp uge <{width} x i64> <{numbers}>, {again}")
        return first

    # -- values ------------------------------------------------------------------------------------

    def run(self, keys: Sequence[Key]) -> None:
        """Compute the elements that differ from lane to lane."""
        waiting = list(keys)
        while waiting:
            waiting = self._run_some(waiting)

    def _run_some(self, keys: Sequence[Key]) -> list[Key]:
        """Load what can be, and compute what needs no more; what waits for elements looked up."""
        reader, elements = self.nest.reader, self.nest.elements
        late = set(keys)
        here, there = {}, {}
        for key in keys:
            if reader.is_loaded(key[0]) and not late.intersection(reader.loaded_atoms(key[1])):
                scattered = self._scattered(*key)
                if scattered is None:
                    here[key] = self._access(*key)
                else:
                    there[key] = scattered
        self.values.update(load_records(elements, here, self.width))
        self.values.update(load_scattered(elements, there, self.width))
        late.difference_update(self.values)
        waiting: list[Key] = []
        for key in keys:
            if key in self.values:
                continue
            if reader.is_loaded(key[0]) or late.intersection(reader.needs[key]):
                waiting.append(key)
                continue
            self.values[key] = self._compute(key)
            late.discard(key)
        return waiting

    def _scattered(self, i: int, at: At) -> Scattered | None:
        """Where the lanes' elements are, if lanes have looked up where."""
        place = flat(at, strides(self.tape.instrs[i].shape))
        sizes = [c for atom, c in place.terms if self._is_looked_up(atom)]
        if not sizes:
            return None
        size = sizes[0]
        field = place.const % size
        origin = Index(place.const - field, place.terms)
        low, high = origin.bounds()
        if low < 0 or high + size > math.prod(self.tape.instrs[i].shape):
            origin, size, field = place, 1, 0
        return Scattered(i, self._rows(origin), size, field)

    def _is_looked_up(self, atom: Atom) -> bool:
        return isinstance(atom, Loaded) and (atom.value, atom.at) in self.values

    def _rows(self, origin: Index) -> str:
        """An index in every lane, of which some terms have been looked up."""
        if origin not in self.origins:
            w, kind = self.writer, f"<{self.width} x i64>"
            rest = tuple(term for term in origin.terms if not self._is_looked_up(term[0]))
            total = self._numbers(Index(origin.const, rest))
            for atom, c in origin.terms:
                if isinstance(atom, Loaded) and self._is_looked_up(atom):
                    found = self._safe(atom)
                    scaled = w.line(f"mul nsw {kind} {found}, splat (i64 {c})")
                    total = w.line(f"add nsw {kind} {total}, {scaled}")
            self.origins[origin] = total
        return self.origins[origin]

    def _safe(self, atom: Loaded) -> str:
        """The places that lanes have looked up: 0 where they are out of bounds."""
        if atom not in self.safe:
            w, kind = self.writer, f"<{self.width} x i64>"
            found, asking = self.values[(atom.value, atom.at)], self.nest.reader.asking[atom]
            if self.nest.body.is_inside(atom.value, atom.size):
                return found
            outside = w.line(f"icmp uge {kind} {found}, splat (i64 {atom.size})")
            name = f"llvm.vector.reduce.or.v{self.width}i1"
            w.declarations[name] = f"declare i1 @{name}(<{self.width} x i1>)"
            some = w.line(f"call i1 @{name}(<{self.width} x i1> {outside})")
            self.nest.elements.refuse(some, asking)
            select = f"select <{self.width} x i1> {outside}, {kind} zeroinitializer, {kind} {found}"
            self.safe[atom] = w.line(select)
        return self.safe[atom]

    def _access(self, i: int, at: At) -> RecordAccess:
        """Where the lanes' elements of a stored value are."""
        place = flat(at, strides(self.tape.instrs[i].shape))
        return RecordAccess(i, place, place.step(self.depth))

    def vector(self, key: Key) -> str:
        """The register of an element in every lane."""
        if key in self.values:
            return self.values[key]
        if key not in self.splats:
            instr = self.tape.instrs[key[0]]
            if instr.op is CONST:
                self.splats[key] = self._literal(instr)
            else:
                scalar = self.nest.elements.values[key]
                self.splats[key] = self.splat(scalar, self.writer.type(instr.dtype))
        return self.splats[key]

    def _literal(self, instr: Instr) -> str:
        with self.writer.in_lanes(self.width):
            return self.nest.elements.literal(instr)

    def splat(self, register: str, scalar: str) -> str:
        """The same number in every lane."""
        w, kind = self.writer, f"<{self.width} x {scalar}>"
        one = w.line(f"insertelement {kind} poison, {scalar} {register}, i64 0")
        zeros = f"<{self.width} x i32> zeroinitializer"
        return w.line(f"shufflevector {kind} {one}, {kind} poison, {zeros}")

    def _compute(self, key: Key) -> str:
        i, at = key
        instr = self.tape.instrs[i]
        chosen = self.nest.reader.within.chosen(i, at)
        if chosen is not None:
            return self.vector(chosen)
        if isinstance(instr.op, Elementwise):
            operands = [self.vector((j, at)) for j in instr.args]
            source = self.tape.instrs[instr.args[-1]].dtype
            with self.writer.in_lanes(self.width):
                return instr.op.emit(self.writer, source, instr.dtype, *operands)
        if instr.op is st.gather:
            return self.vector(self.nest.reader.gathered(i, at))
        if instr.op is CONST:
            for atom in self.nest.reader.lookups(at):  # they may be out of bounds
                self._safe(atom) if self._is_looked_up(atom) else self.nest.elements.atom(atom)
            return self._literal(instr)
        if instr.op is st.iota:
            return self._numbers(at[instr.params[1]])
        return self.vector(self.nest.reader.source(instr, at))

    def counters(self, depth: int) -> str:
        """The iteration that every lane is, of the loop of that depth."""
        return self._numbers(Index(0, ((Loop(depth, self.count), 1),)))

    def _numbers(self, index: Index) -> str:
        """An index in every lane."""
        if any(self._is_looked_up(atom) for atom, _ in index.terms):
            return self._rows(index)
        w, step = self.writer, index.step(self.depth)
        numbers = ", ".join(f"i64 {k * step}" for k in range(self.width))
        first = self.splat(self.nest.elements.index(index), "i64")
        return w.line(f"add <{self.width} x i64> {first}, <{numbers}>")

    # -- results -----------------------------------------------------------------------------------

    def store(self, i: int, target: At, key: Key) -> None:
        """Note that a root's elements are to be stored."""
        self.stores.append((self._access(i, target), self.vector(key)))

    def change(self, i: int, target: At, key: Key) -> None:
        """Store elements of an update of what is there, but in lanes that were computed before."""
        w, instr, value = self.writer, self.tape.instrs[i], self.vector(key)
        place, kind = self.nest.elements.place(i, target), self.type(instr.dtype)
        known = w.line(f"load {kind}, ptr {place}, align {instr.dtype.itemsize}")
        with w.in_lanes(self.width):
            total = value if instr.op is st.index_set else w.plus(known, value, instr.dtype)
            if self.fresh:
                total = w.select(self.fresh, instr.dtype, total, known)
        w.do(f"store {kind} {total}, ptr {place}, align {instr.dtype.itemsize}")

    def finish(self) -> None:
        """Store what was noted."""
        store_records(self.nest.elements, self.stores, self.width)

    def new(self, register: str, dtype: DType, identity: str) -> str:
        """What a reduction takes in: the identity in lanes that were computed before."""
        if not self.fresh:
            return register
        with self.writer.in_lanes(self.width):
            return self.writer.select(self.fresh, dtype, register, self.literal(identity, dtype))

    def type(self, dtype: DType) -> str:
        """The LLVM type of a vector."""
        return f"<{self.width} x {TYPES[dtype]}>"

    def literal(self, identity: str, dtype: DType) -> str:
        """A literal in every lane."""
        return f"splat ({TYPES[dtype]} {identity})"


# -- where lanes are used --------------------------------------------------------------------------


def lanes_of(nest: NestEmitter, loops: Sequence[tuple[list[int], int]]) -> Lanes | None:
    """The lanes of a nest whose body is long, which reads records, or whose rows are short.

    None leaves it to LLVM, which knows better how often to repeat a short body.
    """
    if nest.writer.device:
        return None
    depths, count = loops[-1]
    depth = depths[-1]
    keys = [key for key in nest.reader.order if not _is_uniform(key, set(depths))]
    dtypes = {nest.tape.instrs[i].dtype for i, _ in keys}
    if not dtypes or not all(dtype.kind in "fib" for dtype in dtypes):
        return None
    size = max(dtype.itemsize for dtype in dtypes)
    width = vector_bytes() // size
    if width < 2 or count < width:
        return None
    if not all(_has_lanes(nest, root, depth) for root in nest.nest.roots):
        return None
    indices = [index for _, at in nest.reader.order for index in at]
    atoms = [atom for index in indices for atom, _ in index.terms]
    if any(isinstance(atom, (Quotient, Remainder)) for atom in atoms):
        return None
    steps = {abs(index.step(depth)) for index in nest.reader.accesses}
    wanted = len(keys) >= _LONG or max(steps, default=0) > 1
    wanted = wanted or _looks_up_rows(nest, depth)
    ragged = count % width and count <= _FEW * width and _has_calls(nest, keys)
    # Adding up lanes takes as long as a short row.
    short = count <= _UNROLLED and not any(
        reduces(nest.tape.instrs[root.index]) for root in nest.nest.roots
    )
    ops = [nest.tape.instrs[root.index].op for root in nest.nest.roots]
    # LLVM's vectoriser does not know these.
    places = count >= 2 * width and any(op in st.PLACES for op in ops)
    if depth in nest.ends and len(keys) < _LONG and not places:
        return None  # LLVM's vectors end where the loop does
    return Lanes(nest, depth, count, width) if wanted or ragged or short or places else None


def _looks_up_rows(nest: NestEmitter, depth: int) -> bool:
    """Whether lanes read along a row that was looked up, or several places of rows of their own."""
    scattered = 0
    for index in nest.reader.accesses:
        for atom, _ in index.terms:
            if isinstance(atom, Loaded):
                own = any(depth in place.depths() for place in atom.at)
                if not own and abs(index.step(depth)) == 1:
                    return True
                scattered += own
    return scattered >= _PLACES_LOOKED_UP


def _has_calls(nest: NestEmitter, keys: Sequence[Key]) -> bool:
    """Whether elements are functions of libm, or cost as much."""
    ops = [nest.tape.instrs[i].op for i, _ in keys]
    return any(isinstance(op, Elementwise) and op.cost >= exp.cost for op in ops)


def _is_uniform(key: Key, depths: set[int]) -> bool:
    """Whether an element's own index is without the innermost counter."""
    return not any(depths.intersection(index.depths()) for index in key[1])


def changes(body: Body, i: int) -> bool:
    """Whether a root changes elements of what is in its memory, which it must not do twice."""
    instr, home = body.tape.instrs[i], body.program.storage.get(i, i)
    return instr.op in st.INDEXED and (home != i or not overwrites(body, instr))


def is_set_aside(nest: NestEmitter, root: Root) -> bool:
    """Whether a short row that overwrites an operand, which lanes may read again, is kept apart
    until it is whole."""
    loops, instr = nest.loops(), nest.tape.instrs[root.index]
    return (
        nest.body.program.storage.get(root.index, root.index) != root.index
        and isinstance(instr.op, Elementwise)
        and instr.dtype.kind in "fi"
        and nest.span is None
        and len(loops) == 1
        and loops[0][1] == math.prod(instr.shape) <= _APART
    )


def _has_lanes(nest: NestEmitter, root: Root, depth: int) -> bool:
    """Whether a root can be computed for several iterations at once, and computed again."""
    body, i = nest.body, root.index
    instr = nest.tape.instrs[i]
    home = body.program.storage.get(i, i)
    if instr.op in st.PLACES:
        source = nest.tape.instrs[instr.args[0]]
        return source.dtype != BOOL and depth in reduced_depths(nest, instr)
    if instr.op in _REDUCTIONS:
        if not is_added_to(nest, instr):
            return depth in reduced_depths(nest, instr)
        target = None if instr.dtype == BOOL else nest.reader.target(root, instr)
        return target is not None and flat(target, strides(instr.shape)).step(depth) == 1
    if instr.dtype == BOOL and instr.op in st.UPDATES:
        return False
    if instr.op in st.INDEXED:
        target = nest.reader.target(root, instr)
        aligned = target is not None and flat(target, strides(instr.shape)).step(depth) == 1
        return aligned or not changes(body, i)
    if home != i:
        return is_set_aside(nest, root)
    return not is_root(instr.op) or instr.op in st.JOINS
