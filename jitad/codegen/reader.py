"""What a nest reads and writes, symbolically: every (value, index) that its body computes."""

from __future__ import annotations

import math
from collections.abc import Mapping

from jitad.codegen.body import Body
from jitad.codegen.index import Index, Loaded, Loop, Quotient, Remainder, as_index, flat, strides
from jitad.codegen.within import Within
from jitad.ir.errors import CompileError
from jitad.ir.op import Elementwise, Shape, Structural
from jitad.ir.tape import CONST, INPUT, Instr
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.passes.schedule import Root
from jitad.passes.stored import is_root

At = tuple[Index, ...]
Key = tuple[int, At]
"""An element of a value: the instruction's index, and where in its array."""


class Reader:
    """Walks from roots to what is stored; `order` is what must be computed, operands first.

    `needs` are the elements that each of these is computed from. `accesses` are the distances from
    the start of each array that is read or written; `opaque` says that some index is not affine, so
    that loops may not be joined. `asking` is for each place that is looked up the first
    instruction to do so. `ends` are of counters the scalars at which their loops end.
    """

    def __init__(self, body: Body, step: int, ends: Mapping[int, int] | None = None) -> None:
        self.body = body
        self.tape = body.tape
        self.step = step
        self.within = Within(self, ends or {})
        self.order: list[Key] = []
        self.seen: set[Key] = set()
        self.needs: dict[Key, list[Key]] = {}
        self.accesses: list[Index] = []
        self.asking: dict[Loaded, int] = {}
        self.opaque = False

    def clear(self) -> None:
        """Forget what was walked."""
        self.order.clear()
        self.seen.clear()
        self.needs.clear()
        self.accesses.clear()

    def collect(self, root: Root) -> None:
        """Note all that a root reads and writes."""
        instr = self.tape.instrs[root.index]
        for key in self.reads(root, instr):
            self.visit(key)
        target = self.target(root, instr)
        if target is not None:
            self.accesses.append(flat(target, strides(instr.shape)))
        if instr.op in (st.cumsum, *st.PLACES):
            self.opaque = True

    def at(self, shape: Shape) -> At:
        """The loops' counters as an index into an array whose squeezed shape is the space."""
        live = 0
        result: list[Index] = []
        for n in shape:
            if n == 1:
                result.append(Index(0))
            else:
                result.append(Index(0, ((Loop(live, n), 1),)))
                live += 1
        return tuple(result)

    def reads(self, root: Root, instr: Instr) -> list[Key]:
        """What a root needs computed at the loops' place."""
        if not is_root(instr.op):
            return [(root.index, self.at(instr.shape))]
        part = root.part if instr.op in st.JOINS else len(instr.args) - 1
        j = instr.args[part]
        at = self.at(self.tape.instrs[j].shape)
        if instr.op is st.cumsum and instr.params[1]:
            axis = instr.params[0]
            back = Index(instr.shape[axis] - 1) + at[axis] * -1
            at = (*at[:axis], back, *at[axis + 1 :])
        if instr.op in st.SCATTERS:
            return [(j, at), *self.loaded_atoms((self.written(root.index),))]
        return [(j, at)]

    def written(self, i: int) -> Index:
        """The row that a scatter writes to."""
        instr = self.tape.instrs[i]
        _, index, u = instr.args
        at = self.at(self.tape.instrs[u].shape)[: len(self.tape.instrs[index].shape)]
        return self._looked_up(i, index, at, instr.shape[0])

    def target(self, root: Root, instr: Instr) -> At | None:
        """Where a root stores, in its own index space; None for what stays in registers."""
        if math.prod(instr.shape) == 1 or instr.op is st.guard:
            return None
        if not is_root(instr.op):
            return self.at(instr.shape)
        key = self.reads(root, instr)[0]
        at, source = key[1], self.tape.instrs[key[0]]
        if instr.op in st.JOINS:
            slots = self.body.program.slots[root.index][root.part]
            return tuple(as_index(x) for x in st.map_slots(at, slots))
        if instr.op in st.INDEXED:
            return tuple(as_index(x) for x in st.map_slots(at, instr.params[0]))
        if instr.op in st.SCATTERS:
            rank = len(self.tape.instrs[instr.args[1]].shape)
            return (self.written(root.index), *at[rank:])
        if instr.op is st.cumsum:
            return at
        axes = instr.params[0] if isinstance(instr.params[0], tuple) else (instr.params[0],)
        return tuple(x for k, x in enumerate(at) if k not in axes and k < len(source.shape))

    def visit(self, key: Key) -> None:
        """Depth-first over what (value, index) is computed from; iterative, for long chains."""
        stack: list[tuple[Key, bool]] = [(key, False)]
        while stack:
            current, expanded = stack.pop()
            if current in self.seen:
                continue
            if expanded:
                self.seen.add(current)
                self.order.append(current)
                continue
            stack.append((current, True))
            self.needs[current] = self.children(current)
            stack.extend((child, False) for child in self.needs[current])

    def levels(self, level_of: Mapping[int, int], deepest: int) -> list[list[Key]]:
        """`order` by the level of loops that each element needs: none, the outermost, and so on.

        What stays the same in a loop is not left for LLVM to find: it does not know that what is
        stored there lies elsewhere. `level_of` is the level of each counter's loop.
        """
        level: dict[Key, int] = {}
        found: list[list[Key]] = [[] for _ in range(deepest + 1)]
        for key in self.order:
            i, at = key
            is_own = self.is_loaded(i) or self.tape.instrs[i].op is st.iota
            # What is chosen is chosen within the loops, of which there may be no turn.
            own = at if is_own or self.within.chosen(i, at) is not None else ()
            counters = [level_of[depth] for index in own for depth in index.depths()]
            level[key] = max([*counters, *(level[child] for child in self.needs[key])], default=0)
            found[level[key]].append(key)
        return found

    def children(self, key: Key) -> list[Key]:
        i, at = key
        instr = self.tape.instrs[i]
        if self.is_loaded(i):
            if i not in self.body.registers:
                self.accesses.append(flat(at, strides(instr.shape)))
            return self.loaded_atoms(at)
        if instr.op is CONST or instr.op is st.iota:
            self.opaque = self.opaque or instr.op is st.iota
            return self.loaded_atoms(at)
        if isinstance(instr.op, Elementwise):
            chosen = self.within.chosen(i, at)
            return [(j, at) for j in instr.args] if chosen is None else [chosen]
        if instr.op is st.gather:
            x, place = self.gathered(i, at)
            return [*self.loaded_atoms(place[:1]), (x, place)]
        return [self.source(instr, at)]

    def gathered(self, i: int, at: At) -> Key:
        """The element of x that gather i reads."""
        x, index = self.tape.instrs[i].args
        rank = len(self.tape.instrs[index].shape)
        place = self._looked_up(i, index, at[:rank], self.tape.instrs[x].shape[0])
        return (x, (place, *at[rank:]))

    def _looked_up(self, i: int, index: int, at: At, rows: int) -> Index:
        """The place that instruction i looks up in an array of integers."""
        if self.body.is_inside(index, rows) or self.within.is_inside(index, at, rows):
            place = self._counted(index, at, i)
            if place is not None:
                return place
        atom = Loaded(index, at, rows)
        self.asking.setdefault(atom, i)
        return Index(0, ((atom, 1),))

    def _counted(self, j: int, at: At, i: int) -> Index | None:
        """An element of what counts, as an index: the loops' counters, and numbers that are the
        same in all of them. Instruction i asks."""
        instr, known = self.tape.instrs[j], self.body.known[j]
        if instr.op is CONST:
            return Index(int(instr.params[0]))
        if math.prod(instr.shape) == 1 and known is not None and known.low >= 0:
            atom = Loaded(j, (Index(0),) * len(instr.shape), known.high + 1)
            self.asking.setdefault(atom, i)
            return Index(0, ((atom, 1),))
        if self.is_loaded(j):
            return None
        if instr.op is st.iota:
            return at[instr.params[1]]
        if instr.op.is_view:
            return self._counted(*self.source(instr, at), i)
        chosen = self.within.chosen(j, at)
        if chosen is not None:
            return self._counted(*chosen, i)
        if instr.op not in (ew.add, ew.sub, ew.mul):
            return None
        x, y = (self._counted(k, at, i) for k in instr.args)
        if x is None or y is None:
            return None
        if instr.op is not ew.mul:
            return x + y * (1 if instr.op is ew.add else -1)
        if x.terms and y.terms:
            return None
        return y * x.const if not x.terms else x * y.const

    def source(self, instr: Instr, at: At) -> Key:
        """The operand's element that a view shows."""
        op = instr.op
        assert isinstance(op, Structural)
        if op.index_map is None:
            raise CompileError(f"{op.name} cannot be computed element by element")
        (j,) = instr.args
        source = self.tape.instrs[j].shape
        mapped = op.index_map(at, source, **instr.named_params)
        result = tuple(as_index(x) for x in mapped)
        for index in result:
            self.opaque = self.opaque or any(
                isinstance(atom, (Quotient, Remainder)) for atom, _ in index.terms
            )
        return (j, result)

    def loaded_atoms(self, at: At) -> list[Key]:
        """The integers that an index needs computed first."""
        return [(atom.value, atom.at) for atom in self.lookups(at)]

    def lookups(self, at: At) -> list[Loaded]:
        """The places that an index looks up."""
        found: list[Loaded] = []
        stack = list(at)
        while stack:
            for atom, _ in stack.pop().terms:
                if isinstance(atom, Loaded):
                    found.append(atom)
                elif isinstance(atom, (Quotient, Remainder)):
                    stack.append(atom.of)
        return found

    def is_loaded(self, i: int) -> bool:
        """Whether a value is at hand in memory or a register, complete before this nest."""
        instr = self.tape.instrs[i]
        if instr.op is INPUT or i in self.body.registers:
            return True
        position = self.body.program.position.get(i)
        if position is None or instr.op is CONST:
            return False
        if position < self.step:
            return True
        return is_root(instr.op)
