"""Loop -> loops: functions of libm that no turn waits for are computed of all turns at once.

What depends on no carry is computed before the loop that carries, in rows; what only sums depend on
after it, and then the sums. (Loop distribution: Kennedy and McKinley, SC 1990.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from jitad.ir.builder import Builder
from jitad.ir.op import Elementwise
from jitad.ir.tape import CONST, INPUT, Instr
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Loop, loop, record
from jitad.ops.control.loop import grouped

_COSTLY = 20.0
"""What functions of libm cost, and what computes as much as one."""


_MOST = 1 << 22
"""Numbers that are handed over from loop to loop, at most."""

Together = Callable[[Loop, list[Value], Builder], "list[Value] | None"]
"""The results of a loop of whose turns none needs another, of all at once; None if it cannot be."""


def distributed(form: Loop, operands: Sequence[Value], together: Together) -> list[Value] | None:
    """The results of a loop, of loops in its place; None where nothing is gained."""
    parts = _Parts(form, together)
    handed = len(parts.rows) + len(parts.between) + len(parts.addends)
    if not (parts.early or parts.late) or handed * (form.count or 0) > _MOST:
        return None
    return parts.run(list(operands))


class _Parts:
    """What of a body is computed when.

    `early` are those that depend on no carry and on a function of libm, or are one; `late` those on
    which only `sums` depend, and that depend on such a function; `rows` and `between` what is
    handed over from what comes before.
    """

    def __init__(self, form: Loop, together: Together) -> None:
        self.form, self.tape, self.together = form, form.body, together
        self.builder: Builder
        tape, first = form.body, 1 + form.consts
        self.carried = tape.inputs[first : first + form.carries]
        self.ahead = self._ahead()
        self.early = self._from_costly([i for i in range(len(tape.instrs)) if self.ahead[i]])
        outputs = {*tape.outputs}
        self.rows = sorted(i for i in self.early if i in outputs or self._has_reader(i, self.early))
        sums = self._sums()
        kept = [i for k, i in enumerate(tape.outputs[: form.carries]) if k not in sums]
        fixed = [i for i, instr in enumerate(tape.instrs) if not self._moves(instr)]
        needed = tape.needed([*kept, *fixed])
        totals = {tape.outputs[k] for k in sums}
        free = [i for i, x in enumerate(needed) if not (x or self.ahead[i] or i in totals)]
        self.late = self._from_costly(free)
        self.sums = [k for k in sums if sums[k] in self.late]
        self.late -= {i for k, i in enumerate(tape.outputs) if k in sums and k not in self.sums}
        self.addends = [sums[k] for k in self.sums]
        read = {j for i in self._cone(self.late) for j in tape.instrs[i].args}
        self.between = sorted(j for j in read if j not in self.late and not self.ahead[j])

    def _moves(self, instr: Instr) -> bool:
        """Whether a turn's instruction may run apart from the rest of the turn."""
        if instr.op in (INPUT, CONST):
            return True
        if instr.op is st.gather:
            return not instr.shape and self.ahead[instr.args[0]]
        return not instr.shape and (isinstance(instr.op, Elementwise) or instr.op is st.reshape)

    def _ahead(self) -> list[bool]:
        """What depends on no carry."""
        self.ahead: list[bool] = []
        for i, instr in enumerate(self.tape.instrs):
            if instr.op is INPUT:
                self.ahead.append(i not in self.carried)
                continue
            known = all(self.ahead[j] for j in instr.args)
            is_view = instr.op is st.reshape
            self.ahead.append(known and (is_view or self._moves(instr)))
        return self.ahead

    def _from_costly(self, among: Collection[int]) -> set[int]:
        found: set[int] = set()
        allowed = set(among)
        for i in sorted(allowed):
            instr = self.tape.instrs[i]
            is_costly = isinstance(instr.op, Elementwise) and instr.op.cost >= _COSTLY
            is_costly = is_costly and instr.dtype.kind == "f" and not instr.shape
            if is_costly or any(j in found for j in instr.args):
                found.add(i)
        return found

    def _has_reader(self, i: int, among: Collection[int]) -> bool:
        """Whether what is not among these reads a value."""
        instrs = self.tape.instrs
        return any(i in x.args for k, x in enumerate(instrs) if k not in among)

    def _sums(self) -> dict[int, int]:
        """The carries to which turns add, and what these do."""
        tape, uses = self.tape, self.tape.users()
        found: dict[int, int] = {}
        for k, i in enumerate(tape.outputs[: self.form.carries]):
            instr, start = tape.instrs[i], self.carried[k]
            if instr.op in (ew.add, ew.increment) and start in instr.args and not instr.shape:
                other = instr.args[1 - instr.args.index(start)]
                if uses[start] == uses[i] == 1 and other != start:
                    found[k] = other
        return found

    def _cone(self, values: Collection[int]) -> list[int]:
        """What is computed where these are."""
        given = {*self.rows, *self.tape.inputs}
        found, work = set[int](), list(values)
        while work:
            i = work.pop()
            inside = i in self.late or (self.ahead[i] and i not in given)
            if inside and i not in found:
                found.add(i)
                work += self.tape.instrs[i].args
        return sorted(found)

    # -- the loops ---------------------------------------------------------------------------------

    def run(self, operands: list[Value]) -> list[Value]:
        """Record them; the results of the loop."""
        form, tape = self.form, self.tape
        self.builder = operands[0].builder
        consts, carries, xs, _ = grouped(form, operands)
        turn, own = tape.inputs[0], [*tape.inputs[1 : 1 + form.consts]]
        stacks = [*tape.inputs[1 + form.consts + form.carries :]]
        known: dict[int, Value] = {}
        if self.rows:
            known.update(self._rows([turn, *own, *stacks], self.rows, [*consts, *xs]))
        kept = [k for k in range(form.carries) if k not in self.sums]
        outputs = [i for i in tape.outputs[form.carries :] if i not in known and i not in self.late]
        outputs = [*dict.fromkeys([*outputs, *self.between])]
        given = [turn, *own, *(self.carried[k] for k in kept), *stacks, *self.rows]
        ends: dict[int, Value] = {}
        if kept or outputs or tape.effects:
            last = [tape.outputs[k] for k in kept]
            args = [*consts, *(carries[k] for k in kept), *xs, *(known[i] for i in self.rows)]
            found = self._loop(given, [*last, *outputs], args, len(kept), effects=True)
            ends = dict(zip(kept, found, strict=False))
            known.update(zip(outputs, found[len(kept) :], strict=True))
        if self.late:
            after = [*self.rows, *(i for i in self.between if i not in self.rows)]
            wanted = [i for i in tape.outputs[form.carries :] if i in self.late]
            wanted = [*dict.fromkeys([*wanted, *self.addends])]
            args = [*consts, *xs, *(known[i] for i in after)]
            known.update(self._rows([turn, *own, *stacks, *after], wanted, args))
        if self.sums:
            given = [turn, *(self.carried[k] for k in self.sums), *dict.fromkeys(self.addends)]
            args = [carries[k] for k in self.sums]
            args += [known[i] for i in dict.fromkeys(self.addends)]
            last = [tape.outputs[k] for k in self.sums]
            found = self._loop(given, last, args, len(last), consts=0)
            ends.update(zip(self.sums, found, strict=True))
        rows = [known[i] for i in tape.outputs[form.carries :]]
        return [*(ends[k] for k in range(form.carries)), *rows]

    def _rows(
        self, given: Sequence[int], wanted: Sequence[int], args: Sequence[Value]
    ) -> dict[int, Value]:
        """A loop without carries: the rows of its results."""
        return dict(zip(wanted, self._loop(given, wanted, args, 0), strict=True))

    def _loop(
        self, given: Sequence[int], wanted: Sequence[int], args: Sequence[Value], carries: int,
        consts: int | None = None, effects: bool = False,
    ) -> list[Value]:  # fmt: skip
        """A loop that computes some of the turn, and what else counts, of some of it."""
        builder, tape = Builder(), self.tape
        new: dict[int, int] = {}
        for k, i in enumerate(given):
            instr = tape.instrs[i]
            new[i] = builder.input(f"x{k}", instr.shape, instr.dtype).index
        work = [*wanted, *(tape.effects if effects else ())]
        needed = tape.needed(work, [i not in new for i in range(len(tape.instrs))])
        for i, instr in enumerate(tape.instrs):
            if needed[i] and i not in new:
                builder.line = instr.line
                new[i] = builder.copy(instr, tuple([new[j] for j in instr.args]))
        body = builder.finish([new[i] for i in wanted], [new[i] for i in given])
        consts = self.form.consts if consts is None else consts
        form = replace(self.form, body=body, consts=consts, carries=carries)
        found = self.together(form, list(args), self.builder)
        return record(self.builder, loop, args, form) if found is None else found
