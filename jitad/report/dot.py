"""Tape, EvaluationTrace -> DOT: the computational graph, for Graphviz.

The linearised graph carries the elemental partials on its edges: a derivative is the sum, over all
paths, of the products along each (Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008,
section 2.2; Bauer, Computational graphs and rounding error, SIAM J. Numer. Anal. 11 (1974)).
"""

from __future__ import annotations

from collections.abc import Iterable

from jitad.ir.tape import CONST, Tape, type_name
from jitad.report.evaluation import EvaluationTrace
from jitad.report.expression import equations


def to_dot(tape: Tape) -> str:
    """The computational graph of a tape, with the names that `print(tape)` gives."""
    lines: list[str] = []
    for i in tape.inputs:
        instr = tape.instrs[i]
        lines.append(_node(str(i), f"{instr.params[0]}: {type_name(instr)}", "box"))
    results = set(tape.outputs)
    for i, name, right in equations(tape):
        lines.append(_node(str(i), f"{name} = {right}", "ellipse", 1 + (i in results)))
        operands = dict.fromkeys(tape.instrs[i].args)
        lines += [_edge(str(j), str(i)) for j in operands if tape.instrs[j].op is not CONST]
    return _digraph(lines)


def to_linearised_dot(trace: EvaluationTrace) -> str:
    """The linearised computational graph: values in the nodes, elemental partials on the edges."""
    lines: list[str] = []
    results = {row.index for row in trace.rows if row.kind == "result"}
    for row in trace.rows:
        if row.kind != "result":
            shape = "box" if row.kind == "argument" else "ellipse"
            label = f"{row.name} = {row.primal}"
            label += f"\n{row.value:.6g}" if isinstance(row.value, float) else ""
            lines.append(_node(row.name, label, shape, 1 + (row.index in results)))
    for edge in trace.partials:
        label = "" if edge.value is None else f"{edge.value:.6g}"
        if edge.symbol and edge.symbol != label:
            label = f"{edge.symbol} = {label}"
        lines.append(_edge(edge.by, edge.of, label))
    return _digraph(lines)


def _digraph(lines: Iterable[str]) -> str:
    return "\n".join(["digraph tape {", "  rankdir=LR;", *lines, "}"])


def _node(name: str, label: str, shape: str, peripheries: int = 1) -> str:
    outline = f", peripheries={peripheries}" if peripheries > 1 else ""
    return f"  {_quoted(name)} [label={_quoted(label)}, shape={shape}{outline}];"


def _edge(source: str, target: str, label: str = "") -> str:
    attributes = f" [label={_quoted(label)}]" if label else ""
    return f"  {_quoted(source)} -> {_quoted(target)}{attributes};"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
