"""Tape, rows of text -> HTML tables, as notebooks show them."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Sequence

from jitad.ir.tape import INPUT, Tape, format_call, format_names, type_name

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
