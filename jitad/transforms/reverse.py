"""Tape -> Tape: reverse mode; after the values a return sweep that accumulates their adjoints.

v_bar_j += v_bar_i c_ij, from the last instruction to the first (Griewank & Walther, Evaluating
Derivatives, 2nd ed., SIAM 2008, section 3.2).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from jitad.ir.builder import Builder, extend, inline
from jitad.ir.op import BY_TANGENT, Control, Elementwise, Structural
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.control import Transforms, part
from jitad.ops.control.parts import type_of, without_inputs
from jitad.ops.elementwise import increment
from jitad.ops.partials import added, dense, is_nothing, partial, pull, shaped, typed
from jitad.ops.structural import Slot, guard, joined_slots, reshape
from jitad.ops.structural import index as indexed
from jitad.transforms.counters import counters
from jitad.transforms.flow import depends_outputs, varied, varied_outputs
from jitad.transforms.lost import lost_derivative
from jitad.transforms.origins import at_origins
from jitad.transforms.shield import shield
from jitad.transforms.spectra import with_spectra
from jitad.transforms.split import split


def reverse(tape: Tape, active: Collection[int], seeds: Collection[int]) -> Tape:
    """The tape of values and of the adjoints of the inputs at positions `active`.

    Inputs: those of `tape`, then the adjoints of the outputs at positions `seeds`. Outputs: those
    of `tape`, then the adjoints of the active inputs.
    """
    swept = _swept(tape, active, seeds, None)
    return shield(swept, range(len(tape.inputs), len(swept.inputs)), active)


def _swept(
    tape: Tape, active: Collection[int], seeds: Collection[int], fixed: Collection[int] | None
) -> Tape:
    return _with_sweep(counters(at_origins(with_spectra(tape))), active, seeds, fixed)


def _with_sweep(
    tape: Tape, active: Collection[int], seeds: Collection[int], fixed: Collection[int] | None
) -> Tape:
    builder = extend(tape)
    differentiated = {tape.inputs[k] for k in active}
    reached = varied(tape, [i in differentiated for i in tape.inputs])
    both = None if fixed is None else {tape.inputs[k] for k in fixed}
    adjoints = _Adjoints(builder, reached, both)
    for k in seeds:
        i = tape.outputs[k]
        seed = builder.input(f"y{k}_bar", tape.instrs[i].shape, tape.instrs[i].dtype)
        if reached[i]:
            adjoints.add(i, seed)
    for i in range(len(tape.instrs) - 1, -1, -1):
        instr = tape.instrs[i]
        builder.line = instr.line
        if instr.op is guard and reached[instr.args[0]]:
            raise lost_derivative(instr)
        if isinstance(instr.op, Control):
            adjoints.pull_control(instr, i)
        elif instr.args and reached[i]:
            v_bar = adjoints.known(i)
            if v_bar is not None:
                adjoints.pull(instr, i, v_bar)
    results = [
        dense(adjoints.known(i), tape.instrs[i], builder).index
        for i in (tape.inputs[k] for k in active)
    ]
    return builder.finish([*tape.outputs, *results])


def _transposed(
    op: Structural, operands: Sequence[Value], v: Value, v_bar: Value, wanted: Sequence[int],
    params: dict[str, Any],
) -> list[Value]:  # fmt: skip
    """The wanted operands' shares of an op's adjoint: the transpose of its tangent."""
    builder = Builder()
    builder.line = v.builder.line
    assert op.jvp is not None
    known = [builder.input(f"x{k}", *type_of(x)) for k, x in enumerate((*operands, v))]
    seeds = {k: builder.input(f"d{k}", *type_of(operands[k])) for k in wanted}
    dv = op.jvp(known[:-1], known[-1], [seeds.get(k) for k in range(len(operands))], **params)
    if dv is None:
        return []
    first, last = len(known), len(known) + len(wanted)
    swept = _with_sweep(builder.finish([dv.index]), range(first, last), [0], None)
    kept, outputs = [*range(first), last], range(1, len(swept.outputs))
    return inline(v.builder, without_inputs(swept, kept, outputs), [*operands, v, v_bar])


def _told(
    tape: Tape, active: Collection[int], seeds: Collection[int], fixed: Collection[int] = ()
) -> Tape:
    """The same for a tape that is then split, after which nothing can be told of origins.

    The inputs at positions `fixed` both halves have.
    """
    return at_origins(_swept(tape, active, seeds, fixed))


class _Adjoints:
    """The adjoints of a return sweep, summed as they come.

    A reshape has the elements of its operand in their order: shares of its adjoint are added to
    its operand's, so that whatever reads one array, in whichever shape, adds to one sum; so does
    what reads a part of a part. Shares of single parts are `waiting` until somebody asks for the
    sum: added one after the other they may overlap, as those of a stencil do. `bundles` are the
    adjoints of a control op's results, `fixed` the inputs that both halves of the tape
    have, or None where it is not cut in two.
    """

    def __init__(self, builder: Builder, varied: list[bool], fixed: set[int] | None) -> None:
        self.builder = builder
        self.varied = varied
        self.fixed = fixed
        self.sums: dict[int, Value] = {}
        self.waiting: dict[int, list[tuple[Instr, Value, tuple[Slot, ...]]]] = {}
        self.bundles: dict[int, dict[int, Value]] = {}

    def add(self, j: int, share: Value) -> None:
        """Add to the adjoint of instruction j."""
        j = self._home(j)
        share = shaped(share, self.builder.instrs[j].shape)
        known = self.sums.get(j)
        self.sums[j] = share if known is None else added(known, share)

    def known(self, j: int) -> Value | None:
        """All that has been added to the adjoint of instruction j."""
        line = self.builder.line
        for instr, share, slots in self.waiting.pop(j, ()):
            self.builder.line = instr.line
            x = self.builder.value(j)
            assert indexed.accumulate is not None
            self.sums[j] = indexed.accumulate(self.sums.get(j), share, x, slots=slots)
        self.builder.line = line
        return self.sums.get(j)

    def _home(self, j: int) -> int:
        """The array that instruction j is, perhaps in another shape."""
        while self.builder.instrs[j].op is reshape:
            (j,) = self.builder.instrs[j].args
        return j

    def pull(self, instr: Instr, index: int, v_bar: Value) -> None:
        """Add to the adjoints of an instruction's operands their shares of its adjoint."""
        op = instr.op
        if op is part:
            bundle, k = self.bundles.setdefault(instr.args[0], {}), instr.params[0]
            bundle[k] = increment(bundle[k], v_bar) if k in bundle else v_bar
            return
        operands = [self.builder.value(j) for j in instr.args]
        if isinstance(op, Structural):
            self._pull_structural(op, instr, index, v_bar, operands)
            return
        assert isinstance(op, Elementwise)
        result = self.builder.value(index)
        for k, j in enumerate(instr.args):
            if self.varied[j]:
                share = pull(partial(op, k, operands, result), v_bar)
                share = typed(share, operands[k].dtype)
                if share is not None:
                    self.add(j, share)

    def _pull_structural(
        self, op: Structural, instr: Instr, index: int, v_bar: Value, operands: list[Value]
    ) -> None:
        params = instr.named_params
        if op.accumulate is not None:
            j = instr.args[0]
            while op is indexed and (below := self.builder.instrs[j]).op is indexed:
                (j,), slots = below.args, joined_slots(below.params[0], params["slots"])
                operands, params = [self.builder.value(j)], {"slots": slots}
            if self.varied[j]:
                home = self._home(j)
                if op is indexed and self.builder.instrs[home].shape == operands[0].shape:
                    self.waiting.setdefault(home, []).append((instr, v_bar, params["slots"]))
                    return
                known = self.known(home)
                known = None if known is None else shaped(known, operands[0].shape)
                total = op.accumulate(known, v_bar, *operands, **params)
                self.sums[home] = shaped(total, self.builder.instrs[home].shape)
            return
        result, rest = self.builder.value(index), list[int]()
        for k, j in enumerate(instr.args):
            if not self.varied[j]:
                continue
            share: Any = BY_TANGENT
            if op.pullback is not None:
                share = op.pullback(k, operands, result, v_bar, **params)
            if share is BY_TANGENT:
                rest.append(k)
            else:
                self._share(j, share)
        shares = _transposed(op, operands, result, v_bar, rest, params) if rest else []
        for k, share in zip(rest, shares, strict=False):
            self._share(instr.args[k], share)

    def _share(self, j: int, share: Value | None) -> None:
        """Add to the adjoint of instruction j what there is."""
        if share is not None and not is_nothing(share):
            self.add(j, share)

    def pull_control(self, instr: Instr, index: int) -> None:
        """Have a control op keep what its sweep reads, and record that sweep."""
        bars = self.bundles.pop(index, None)
        if bars is None:
            return
        op, form = instr.op, instr.params[0]
        assert isinstance(op, Control)
        operands = [self.builder.value(j) for j in instr.args]
        known = self.fixed
        fixed = [known is None or self._home(j) in known for j in instr.args]
        transforms = Transforms(_told, split, varied_outputs, depends_outputs, fixed)
        flags = [self.varied[j] for j in instr.args]
        sums = self._sums(instr)
        pulled = op.pullback(form, operands, bars, flags, transforms, sums)
        self.builder.instrs[index] = instr._replace(params=(pulled.form,))
        types = op.results(pulled.form, *operands)

        def result(k: int) -> Value:
            shape, dtype = types[k]
            return part(self.builder.value(index), k=k, shape=shape, dtype=dtype)

        for k, (j, share) in enumerate(zip(instr.args, pulled.shares(result), strict=True)):
            if k in pulled.summed:
                del self.sums[self._home(j)]
            if self.varied[j]:
                self._share(j, share)

    def _sums(self, instr: Instr) -> dict[int, Value]:
        """What is known of the adjoints of an instruction's array operands, each array once."""
        found: dict[int, Value] = {}
        seen: set[int] = set()
        for k, j in enumerate(instr.args):
            home = self._home(j)
            known, operand = self.known(home), self.builder.instrs[j]
            if known is not None and operand.shape and home not in seen:
                found[k] = shaped(known, operand.shape)
            seen.add(home)
        return found
