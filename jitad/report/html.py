"""Tape, rows of text -> HTML tables, as notebooks show them."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Sequence

from jitad.ir.errors import SourceLine
from jitad.ir.tape import Tape, type_name
from jitad.report.expression import equations, expression

_SYMBOL = re.compile(r"\b(d?)([vy])(-?\d+)?(_bar)?(?![\w(])")
_DOT, _BAR = "\u0307", "\u0304"


def with_symbols(text: str) -> str:
    """Text in HTML, with v1, dv1 and v1_bar as the textbooks print them."""

    def typeset(match: re.Match[str]) -> str:
        tangent, letter, place, adjoint = match.groups()
        accent = (_DOT if tangent else "") + (_BAR if adjoint else "")
        below = f"<sub>{place}</sub>" if place else ""
        return f"<i>{letter}{accent}</i>{below}"

    return _SYMBOL.sub(typeset, html.escape(text))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], ruled: Collection[int]) -> str:
    """A table of cells that are HTML already; the rows at `ruled` have a line above them."""
    lines = ["<table>", _line("th", [html.escape(x) for x in headings])]
    lines += [_line("td", row, k in ruled) for k, row in enumerate(rows)]
    return "\n".join([*lines, "</table>"])


def _line(tag: str, cells: Sequence[str], ruled: bool = False) -> str:
    rule = "; border-top: 1px solid" if ruled else ""
    style = f' style="text-align: left{rule}"'
    return f"<tr>{''.join(f'<{tag}{style}>{cell}</{tag}>' for cell in cells)}</tr>"


def to_html(tape: Tape) -> str:
    """The tape as a table: inputs, operations with the user's lines, results."""
    rows: list[tuple[str, ...]] = []
    for i in tape.inputs:
        instr = tape.instrs[i]
        rows.append((html.escape(instr.params[0]), type_name(instr), "input", ""))
    ruled = [len(rows)]
    names = {i: str(expression(tape, i, {})) for i in tape.inputs}
    for i, name, right in equations(tape):
        instr, names[i] = tape.instrs[i], name
        rows.append(
            (with_symbols(name), type_name(instr), with_symbols(str(right)), _place(instr.line))
        )
    ruled.append(len(rows))
    for i in tape.outputs:
        text = names.get(i) or str(expression(tape, i, {}))
        rows.append((with_symbols(text), type_name(tape.instrs[i]), "result", ""))
    return table(["", "type", "operation", "line"], rows, ruled)


def _place(line: SourceLine | None) -> str:
    return html.escape(str(line)) if line else ""
