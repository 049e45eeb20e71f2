"""What an evaluation trace is: every v_i with its value, tangent and adjoint; prints as a table.

The table is Griewank & Walther's (Evaluating Derivatives, 2nd ed., SIAM 2008, tables 1.2 to 1.4),
in the side-by-side form of Baydin, Pearlmutter, Radul & Siskind, Automatic differentiation in
machine learning: a survey, JMLR 18 (2018), tables 2 and 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jitad.ir.errors import SourceLine
from jitad.report.html import table, with_symbols

MODES = ("forward", "reverse", "both")


@dataclass(frozen=True)
class EvaluationRow:
    """One line of an evaluation trace: an "argument", an "operation", or a "result".

    `index` is the place of the value on the elementary tape, `line` the user's line. Values are
    floats (arrays, where the program is too long to be spelt out in scalars); tangents and
    adjoints are None where the mode does not ask for them, and for integers and booleans.
    """

    kind: str
    name: str
    primal: str
    value: Any
    index: int
    tangent_expression: str = ""
    tangent: Any = None
    adjoint_expression: str = ""
    adjoint: Any = None
    line: SourceLine | None = None


@dataclass(frozen=True)
class Partial:
    """An edge of the linearised computational graph: c = d(of)/d(by), in symbols and as a number.

    Between arrays, where it is a matrix, it is left out.
    """

    of: str
    by: str
    symbol: str = ""
    value: float | None = None


@dataclass(frozen=True)
class EvaluationTrace:
    """The rows of an evaluation trace, and the partials between them. Prints as a table.

    `mode` is "forward", with tangents; "reverse", with adjoints, to be read upward; or "both".
    """

    mode: str
    rows: tuple[EvaluationRow, ...]
    partials: tuple[Partial, ...]

    def columns(self) -> tuple[str, ...]:
        """The names of the rows' fields that this mode shows."""
        shown: tuple[str, ...] = ("name", "primal", "value")
        if self.mode != "reverse":
            shown += ("tangent_expression", "tangent")
        if self.mode == "reverse":
            shown += ("adjoint_expression",)
        return shown + (() if self.mode == "forward" else ("adjoint",))

    def __str__(self) -> str:
        columns = self.columns()
        cells = [_headings(columns)]
        cells += [[_cell(getattr(row, name)) for name in columns] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [_aligned(row, columns, widths) for row in cells]
        ruler = "-" * (sum(widths) + 2 * len(widths) - 2)
        for place in reversed(_boundaries(self.rows)):
            lines.insert(place + 1, ruler)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        columns = self.columns()
        rows = [
            [with_symbols(_cell(getattr(row, name), 200)) for name in columns] for row in self.rows
        ]
        return table(_headings(columns), rows, _boundaries(self.rows))


def _headings(columns: Sequence[str]) -> list[str]:
    """A heading for each column; of an expression and its number the first has it."""
    result: list[str] = []
    for name in columns:
        heading = "" if name == "name" else name.removesuffix("_expression")
        result.append("" if heading in result else heading)
    return result


def _cell(x: Any, limit: int = 60) -> str:
    if x is None:
        return ""
    if isinstance(x, str):
        return x if len(x) <= limit else f"{x[: limit - 4]} ..."
    if np.ndim(x) == 0:
        return f"{x + 0.0:.6g}" if isinstance(x, float) else str(x)
    text = np.array2string(x, precision=4, threshold=4, edgeitems=1, max_line_width=1000)
    return " ".join(text.split())


def _aligned(cells: Sequence[str], columns: Sequence[str], widths: Sequence[int]) -> str:
    numbers = ("value", "tangent", "adjoint")
    padded = [
        cell.rjust(width) if column in numbers else cell.ljust(width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _boundaries(rows: Sequence[EvaluationRow]) -> list[int]:
    """Where the arguments, the operations and the results begin."""
    kinds = [row.kind for row in rows]
    return [k for k, kind in enumerate(kinds) if k == 0 or kinds[k - 1] != kind]
