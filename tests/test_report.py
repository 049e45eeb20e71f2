"""Traces, graphs and tables: every number in them is right, and every formula gives its number."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, NamedTuple

import numpy as np
import pytest

import jitad
from jitad.ir.op import TABLE, Elementwise
from jitad.ops import elementwise as ew
from jitad.report import EvaluationRow, EvaluationTrace, Trace

OPS = [
    op
    for op in TABLE.values()
    if isinstance(op, Elementwise)
    and op.domain
    and any(op.partials)
    and not op.params
    and any(op is row for row in vars(ew).values())  # SciPy's rows have no short formulas
    and op not in (ew.real, ew.imag, ew.conj, ew.pair)  # evaluation traces are of real numbers
    and op not in (ew.fma, ew.term, ew.increment)  # made by a pass or a sweep, and by no function
]
NAMESPACE = {op.name: op.evaluate for op in TABLE.values() if isinstance(op, Elementwise)}


def lecture(x1: Any, x2: Any) -> Any:
    return (np.sin(x1 / x2) + x1 / x2 - np.exp(x2)) * (x1 / x2 - np.exp(x2))


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def branches(x: Any) -> Any:
    return np.where(x > 0.5, np.abs(x) ** 3, np.minimum(x, -x)).sum() if x[0] > 0 else x[1]


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


class Case(NamedTuple):
    f: Callable[..., Any]
    args: tuple[Any, ...]


CASES = {
    "lecture": Case(lecture, (1.5, 0.5)),
    "rosenbrock": Case(rosenbrock, (np.array([0.3, -1.2, 2.0]),)),
    "logarithm": Case(lambda x, y: np.log(x) + x * y - np.sin(y), (2.0, 5.0)),
    "speelpenning": Case(np.prod, (np.linspace(0.5, 1.5, 7),)),
    "branches": Case(branches, (np.array([0.25, 0.75, -1.0]),)),
    "softmax": Case(softmax, (np.array([0.1, -0.4, 0.7]),)),
    "matrix": Case(lambda a, x: np.tanh(a @ x), (np.array([[1.0, 2.0], [3.0, -1.0]]), np.ones(2))),
    "negations": Case(lambda x, y: -(x - y) * -(x + y) / -(y * 3) - 2 / x, (0.5, 4.0)),
    "gradient": Case(jitad.grad(rosenbrock), (np.array([0.3, -1.2, 2.0]),)),
    "argument": Case(lambda x, y: (y, x), (1.0, 2.0)),
}

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def evaluated(text: str, numbers: dict[str, Any]) -> Any:
    """The value of a formula, names such as v-1, dv0, v2_bar having the given values."""

    def literal(match: re.Match[str]) -> str:
        return f"numbers[{match[0]!r}]"

    code = re.sub(r"\b(dv-?\d+|v-?\d+_bar|v-?\d+|y\d*_bar)", literal, text)
    names = {**NAMESPACE, "f64": np.float64, "numbers": numbers, "inf": np.inf}
    return eval(code, {"__builtins__": {"True": True, "False": False}}, names)


def numbers_of(trace: EvaluationTrace) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for row in trace.rows:
        numbers[row.name] = row.value
        numbers[f"d{row.name}"] = row.tangent
        numbers[f"{row.name}_bar"] = row.adjoint
    return numbers


def operations(trace: EvaluationTrace) -> list[EvaluationRow]:
    return [row for row in trace.rows if row.kind == "operation"]


def check_formulas(trace: EvaluationTrace) -> None:
    numbers = numbers_of(trace)
    for row in trace.rows:
        if row.kind == "operation":
            assert evaluated(row.primal, numbers) == pytest.approx(row.value, rel=1e-6)
            if row.tangent is not None:
                tangent = evaluated(row.tangent_expression, numbers)
                assert tangent == pytest.approx(row.tangent, rel=1e-5, abs=1e-12)
        if row.kind != "result" and row.adjoint is not None:
            adjoint = evaluated(row.adjoint_expression, numbers)
            assert adjoint == pytest.approx(row.adjoint, rel=1e-5, abs=1e-12)
    for partial in trace.partials:
        assert evaluated(partial.symbol, numbers) == pytest.approx(partial.value, rel=1e-5)


# -- evaluation traces -----------------------------------------------------------------------------


@each_case
def test_formulas_give_the_numbers_beside_them(case: Case) -> None:
    check_formulas(jitad.trace(case.f, *case.args).evaluation_trace())


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_formulas_of_every_op(op: Elementwise) -> None:
    point = [low + 0.7 * (high - low) - 0.1 * k for k, (low, high) in enumerate(op.domain)]
    check_formulas(jitad.trace(lambda *xs: 1.5 * op.evaluate(*xs), *point).evaluation_trace())


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_partials_are_written_with_numpys_functions(op: Elementwise) -> None:
    if not hasattr(np, op.name):
        return
    point = [low + 0.7 * (high - low) - 0.1 * k for k, (low, high) in enumerate(op.domain)]
    rows = jitad.trace(lambda *xs: op.evaluate(*xs), *point).evaluation_trace().rows
    texts = [text for row in rows for text in (row.tangent_expression, row.adjoint_expression)]
    names = {name for text in texts for name in re.findall(r"([a-z]\w*)\(", text)}
    assert all(hasattr(np, name) for name in names), names


@each_case
def test_sweeps_are_linear_in_the_partials(case: Case) -> None:
    """dv_i = sum_j c_ij dv_j, and v_bar_j = sum_i c_ij v_bar_i + what the results bring."""
    trace = jitad.trace(case.f, *case.args).evaluation_trace()
    numbers = numbers_of(trace)
    tangents = {row.name: 0.0 for row in trace.rows if row.tangent is not None}
    adjoints = dict(tangents)
    for row in trace.rows:
        if row.kind == "argument" and row.tangent is not None:
            tangents[row.name] = row.tangent
        if row.kind == "result" and row.primal in adjoints:
            adjoints[row.primal] += row.adjoint
    for edge in trace.partials:
        tangents[edge.of] += edge.value * numbers[f"d{edge.by}"]
        adjoints[edge.by] += edge.value * numbers[f"{edge.of}_bar"]
    for row in trace.rows:
        if row.kind != "result" and row.tangent is not None:
            assert row.tangent == pytest.approx(tangents[row.name], rel=1e-12, abs=1e-12)
            assert row.adjoint == pytest.approx(adjoints[row.name], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("f", "point", "value", "derivatives"),
    [
        (lambda x1, x2: np.log(x1) + x1 * x2 - np.sin(x2), (2.0, 5.0), 11.652, (5.5, 1.716)),
        (lecture, (1.5, 0.5), 2.016647, (3.011843, -13.723962)),
        (lambda x, y: x**2 * np.exp(x + np.cos(y)), (2, np.pi / 2), 29.556, (59.112, -29.556)),
        (lambda a, b, c: (a + 2 * b) * c, (3.0, 1.0, -2.0), -10, (-2, -4, 5)),
    ],
)
def test_known_values(f: Any, point: Any, value: float, derivatives: tuple[float, ...]) -> None:
    point = tuple(map(float, point))
    trace = jitad.trace(f, *point)
    rows = trace.evaluation_trace().rows
    digits = 5e-4 if value != 2.016647 else 5e-7
    assert rows[-1].value == pytest.approx(value, abs=digits)
    adjoints = [row.adjoint for row in rows if row.kind == "argument"]
    assert adjoints == pytest.approx(derivatives, abs=digits)
    for k, derivative in enumerate(derivatives):
        direction = tuple(np.eye(len(point))[k])
        forward = trace.evaluation_trace("forward", tangents=direction)
        assert forward.rows[-1].tangent == pytest.approx(derivative, abs=digits)


def test_the_textbooks_numbering() -> None:
    trace = jitad.trace(lecture, 1.5, 0.5).evaluation_trace()
    assert [row.name for row in trace.rows] == ["v-1", "v0", *(f"v{k}" for k in range(1, 8)), "y"]
    assert [row.primal for row in trace.rows[:4]] == ["x1", "x2", "v-1 / v0", "sin(v1)"]
    assert trace.rows[-1].primal == "v7"


def test_speelpennings_product_has_a_short_trace() -> None:
    x = np.linspace(0.5, 2.0, 20)
    trace = jitad.trace(np.prod, x).evaluation_trace("reverse")
    assert len(operations(trace)) == 19
    adjoints = [row.adjoint for row in trace.rows if row.kind == "argument"]
    assert adjoints == pytest.approx(np.prod(x) / x)


def test_modes_show_their_columns() -> None:
    trace = jitad.trace(lecture, 1.5, 0.5)
    forward, reverse = trace.evaluation_trace("forward"), trace.evaluation_trace("reverse")
    assert "tangent" in str(forward) and "adjoint" not in str(forward)
    assert "adjoint" in str(reverse) and "tangent" not in str(reverse)
    assert all(row.adjoint is None for row in forward.rows)
    assert all(row.tangent is None for row in reverse.rows)
    both = str(trace.evaluation_trace())
    assert "tangent" in both and "adjoint" in both
    assert max(map(len, both.splitlines())) <= 80


def test_long_arrays_stay_whole() -> None:
    x, dx = np.linspace(-1, 1, 3000), np.cos(np.arange(3000.0))
    trace = jitad.trace(rosenbrock, x).evaluation_trace(tangents=(dx,))
    assert trace.rows[0].value.shape == (3000,)
    assert trace.rows[1].primal == "v0[0:2999]"
    assert trace.rows[0].adjoint == pytest.approx(jitad.grad(rosenbrock)(x))
    value, tangent = jitad.jvp(rosenbrock, (x,), (dx,))
    assert trace.rows[-1].value == pytest.approx(value)
    assert trace.rows[-1].tangent == pytest.approx(tangent)
    assert len(str(trace).splitlines()) < 20
    assert {edge.value for edge in trace.partials} == {None}


@dataclass
class Model:
    weights: Any
    bias: Any


def test_pytrees_captured_arrays_and_integers() -> None:
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])

    def f(model: Model, power: int, *, scales: dict[str, Any]) -> Any:
        return {"out": (rows @ model.weights + model.bias) * power * scales["all"]}

    trace = jitad.trace(f, Model(np.ones(2), 0.5), 3, scales={"all": 2.0})
    evaluation = trace.evaluation_trace(
        tangents=(Model(np.array([1.0, 2.0]), 0.0), 0), adjoint={"out": np.array([1.0, 10.0])}
    )
    arguments = {row.primal: row for row in evaluation.rows if row.kind == "argument"}
    assert list(arguments) == [
        *("model.weights[0]", "model.weights[1]", "model.bias", "power", "scales['all']"),
    ]
    assert arguments["power"].tangent is None
    assert arguments["power"].adjoint is None
    assert [row.tangent for row in evaluation.rows[-2:]] == [30.0, 66.0]
    assert [arguments[f"model.weights[{k}]"].adjoint for k in (0, 1)] == [186.0, 252.0]
    assert any("3 * v" in row.primal for row in evaluation.rows)
    check_formulas(trace.evaluation_trace())


def test_parameters_without_names() -> None:
    assert jitad.trace(lambda *xs: xs[0] * xs[1], 1.0, 2.0).labels == ("xs[0]", "xs[1]")
    assert jitad.trace(np.multiply, 1.0, 2.0).labels[0].startswith("x")


def test_float32_is_shown_in_its_own_precision() -> None:
    trace = jitad.trace(lambda x: x * x + 1, np.float32(0.1)).evaluation_trace()
    assert trace.rows[-1].value == float(np.float32(0.1) * np.float32(0.1) + np.float32(1))


@pytest.mark.parametrize("x", [3, True, np.arange(3)])
def test_arguments_without_tangents_are_refused(x: Any) -> None:
    with pytest.raises(jitad.DifferentiationError, match="none of which has a tangent"):
        jitad.trace(lambda x: x * 1.5, x).evaluation_trace()
    mixed = jitad.trace(lambda x, n: x * n, 0.5, 3).evaluation_trace("forward")
    assert [row.tangent for row in mixed.rows][::3] == [1.0, 3.0]


@pytest.mark.parametrize(
    "arguments",
    [
        {"mode": "sideways"},
        {"tangents": (1.0,)},
        {"tangents": (np.ones(2), 0.0)},
        {"adjoint": [1.0]},
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any]) -> None:
    trace = jitad.trace(lecture, 1.5, 0.5)
    with pytest.raises(jitad.ShapeError) as caught:
        trace.evaluation_trace(**arguments)
    assert caught.value.line is not None
    assert caught.value.line.file == __file__


# -- graphs, tables, stages ------------------------------------------------------------------------

NODE = re.compile(r'^  ("(?:[^"\\]|\\.)*") \[label=("(?:[^"\\]|\\.)*"), shape=\w+.*\];$')
EDGE = re.compile(r'^  ("[^"]*") -> ("[^"]*")(?: \[label="[^"]*"\])?;$')


@each_case
@pytest.mark.parametrize("partials", [False, True])
def test_dot(case: Case, partials: bool) -> None:
    trace = jitad.trace(case.f, *case.args)
    first, direction, *lines, last = trace.to_dot(partials=partials).splitlines()
    assert (first, direction.strip(), last) == ("digraph tape {", "rankdir=LR;", "}")
    nodes = [match[1] for line in lines if (match := NODE.match(line))]
    edges = [match.groups() for line in lines if (match := EDGE.match(line))]
    assert len(nodes) + len(edges) == len(lines)
    assert len(set(nodes)) == len(nodes)
    assert {end for edge in edges for end in edge} <= set(nodes)


def test_dot_carries_partials_where_asked() -> None:
    trace = jitad.trace(lecture, 1.5, 0.5)
    assert '"v1" -> "v2" [label="cos(v1) = -0.989992"];' in trace.to_dot(partials=True)
    assert "cos" not in trace.to_dot()
    assert trace.to_dot().count("peripheries=2") == 1


class Cells(HTMLParser):
    """The cells of a table, row by row; every tag must be closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@each_case
def test_html(case: Case) -> None:
    trace = jitad.trace(case.f, *case.args)
    evaluation = trace.evaluation_trace()
    for text in (trace.to_html(), evaluation._repr_html_()):
        rows = Cells(text).rows
        assert len({len(row) for row in rows}) == 1
    assert len(Cells(evaluation._repr_html_()).rows) == 1 + len(evaluation.rows)


def test_html_is_escaped_and_typeset() -> None:
    text = jitad.trace(lambda x: np.where(x < 1, x, 2 * x), 0.5).evaluation_trace()._repr_html_()
    assert "<i>v</i><sub>0</sub> &lt; 1" in text
    assert "<i>v\u0307</i><sub>0</sub>" in text


def test_a_trace_is_its_tape_with_views() -> None:
    trace = jitad.trace(lecture, 1.5, 0.5)
    assert isinstance(trace, Trace)
    assert str(trace) == str(trace.tape)
    assert len(trace) == len(trace.tape.instrs)
    assert "9 instructions" in repr(trace)
    assert trace._repr_html_() == trace.to_html()
    assert "test_report.py" in trace.to_html()


def test_explain_shows_every_stage_in_order() -> None:
    text = jitad.explain(rosenbrock, np.zeros(4))
    lines = [line for line in text.splitlines() if line.startswith("== ")]
    titles = [line[3:].removesuffix(": as before") for line in lines]
    assert titles[0] == "trace"
    assert titles[-2:] == ["schedule", "llvm"]
    assert {"fold", "cse", "dce", "scalarize"} <= set(titles)
    assert "define" in text.partition("== llvm")[2]
