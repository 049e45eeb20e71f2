"""Tape -> text: a result in infix notation, written with the names of what it is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from jitad.ir.op import Op
from jitad.ir.tape import CONST, INPUT, Instr, Tape, format_param
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

RELATION, SUM, PRODUCT, ATOM = range(4)
"""How tightly the outermost operator of a term binds."""

_RELATIONS: dict[Op, str] = {
    **{ew.lt: "<", ew.le: "<=", ew.gt: ">", ew.ge: ">=", ew.eq: "==", ew.ne: "!="},
    **{ew.logical_and: "&", ew.logical_or: "|", ew.logical_xor: "^"},
}


@dataclass(frozen=True)
class Term:
    """A term: its text without the sign, its sign, and how tightly the text holds together."""

    text: str
    negative: bool = False
    binding: int = ATOM

    def __str__(self) -> str:
        return f"-{self.text}" if self.negative else self.text

    def within(self, binding: int) -> str:
        """The term, sign included, as an operand of an operator that binds like that."""
        alone = self.binding >= binding and not (self.negative and binding >= PRODUCT)
        return str(self) if alone else f"({self})"

    def unsigned(self, binding: int) -> str:
        """The same without the sign, for a place that takes the sign out."""
        return replace(self, negative=False).within(binding)


def number(value: object) -> Term:
    """A constant."""
    if isinstance(value, complex):
        return Term(f"({format_param(value)})")
    negative = isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0
    return Term(format_param(-value if negative else value), negative)  # type: ignore[operator]  # a number here


def sum_of(terms: Sequence[Term]) -> Term:
    """The sum of some terms."""
    return reduce(_plus, terms)


def expression(tape: Tape, index: int, names: Mapping[int, str]) -> Term:
    """What instruction `index` computes, down to inputs, constants and what has one of `names`."""
    if index in names:
        return Term(names[index])
    instr = tape.instrs[index]
    if instr.op is INPUT:
        return Term(instr.params[0])
    if instr.op is CONST:
        return number(instr.params[0])
    return applied(instr, [expression(tape, j, names) for j in instr.args])


_SIZES: dict[Op, str] = {ew.root: "sqrt", ew.side: "sign"}
"""How ops of sizes are written, which are others but at the origin."""


def applied(instr: Instr, operands: Sequence[Term]) -> Term:
    """The instruction's operation written with these operands."""
    op = instr.op
    if op is ew.add or op is ew.increment:
        return _plus(*operands)
    if op is ew.sub:
        return _plus(operands[0], _negated(operands[1]))
    if op is ew.neg:
        return _negated(operands[0])
    if op is ew.mul:
        return _times(*operands)
    if op in (ew.div, ew.unit, ew.over):
        return _over(*operands)
    if op is ew.bell:
        return Term(f"1 / cosh({operands[0]})**2", binding=PRODUCT)
    if op in _SIZES:
        return Term(f"{_SIZES[op]}({operands[0]})")
    if op in _RELATIONS:
        left, right = (x.within(SUM) for x in operands)
        return Term(f"{left} {_RELATIONS[op]} {right}", binding=RELATION)
    if op is ew.cast:
        return Term(f"{format_param(instr.dtype)}({operands[0]})")
    if op is st.index:
        return Term(f"{operands[0].within(ATOM)}[{', '.join(map(_slot, instr.params[0]))}]")
    params = ", ".join(f"{k}={format_param(v)}" for k, v in instr.named_params.items())
    arguments = ", ".join(map(str, operands))
    return Term(f"{op.name}({arguments}{'; ' if params else ''}{params})")


def _slot(slot: st.Slot) -> str:
    if isinstance(slot, int):
        return str(slot)
    start, length, step = slot
    stop = start + length * step
    return f"{start}:{stop if stop >= 0 else ''}{'' if step == 1 else f':{step}'}"


def _negated(x: Term) -> Term:
    if x.binding <= SUM:
        return Term(f"({x})", negative=True)
    return replace(x, negative=not x.negative)


def _plus(x: Term, y: Term) -> Term:
    if x == y and x.binding == PRODUCT:
        return _times(Term("2"), x)
    sign = "-" if y.negative else "+"
    return Term(f"{x.within(SUM)} {sign} {y.unsigned(PRODUCT)}", binding=SUM)


def _times(x: Term, y: Term) -> Term:
    negative = x.negative != y.negative
    left, right = x.unsigned(PRODUCT), y.unsigned(PRODUCT)
    if left.startswith("1 / "):
        return Term(f"{right} / {left.removeprefix('1 / ')}", negative, PRODUCT)
    if right.startswith("1 / "):
        return Term(f"{left} / {right.removeprefix('1 / ')}", negative, PRODUCT)
    return Term(f"{left} * {right}", negative, PRODUCT)


def _over(x: Term, y: Term) -> Term:
    negative = x.negative != y.negative
    return Term(f"{x.unsigned(PRODUCT)} / {y.unsigned(ATOM)}", negative, PRODUCT)


def equations(tape: Tape) -> Iterator[tuple[int, str, Term]]:
    """For each operation of a tape its index, the name `print(tape)` gives it, and its right side.

    >>> import numpy as np, jitad
    >>> tape = jitad.trace(lambda x, y: np.log(x) + x * y, 2.0, 5.0).tape
    >>> [f"{name} = {right}" for _, name, right in equations(tape)]
    ['v2 = log(x0)', 'v3 = x0 * x1', 'v4 = v2 + v3']
    """
    names: dict[int, str] = {}
    for i, instr in enumerate(tape.instrs):
        if instr.op is not INPUT and instr.op is not CONST:
            yield i, f"v{i}", applied(instr, [expression(tape, j, names) for j in instr.args])
            names[i] = f"v{i}"
