"""GradBench's evals by our tool and by others, in turns: `--tool "COMMAND"` for each other one.

Every tool is a process that speaks GradBench's protocol. The answers must agree; times are the best
of the runs that a tool reports as "evaluate", so that compiling is left out.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gradbench.inputs import Case, full, quick
from benchmarks.harness import Table, finish, machine, pin, thread_limits
from benchmarks.suite.record import markdown

_ROOT = Path(__file__).parents[2]
_OWN = shlex.join([sys.executable, str(_ROOT / "benchmarks" / "gradbench" / "tool.py")])
_TURNS = 3
_VALUES = ("square", "objective", "primal", "cost")
"""The functions that are no derivatives."""

_TOLERANCE = 1e-6
_LOOSE = {"saddle": 1e-4}
"""Where a search stops depends on rounding: it is found to a part of its last step."""


class Tool:
    """A process that answers GradBench's messages."""

    def __init__(self, command: str, cores: int) -> None:
        path = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(_ROOT)])
        self._process = subprocess.Popen(
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": path, **thread_limits(cores)},
            preexec_fn=partial(pin, cores),
        )  # fmt: skip
        self._count = 0
        self._defined: dict[str, bool] = {}
        self.name: str = self.ask(kind="start", eval="hello").get("tool", command)

    def ask(self, **message: Any) -> dict[str, Any]:
        """The answer to a message; lines that are no JSON are passed over."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"id": self._count, **message}) + "\n")
        self._process.stdin.flush()
        self._count += 1
        while line := self._process.stdout.readline():
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"{self._process.args} ended with {self._process.wait()}")

    def defines(self, module: str) -> bool:
        """Whether the tool has a module; some compile it at the first question."""
        if module not in self._defined:
            self._defined[module] = self.ask(kind="define", module=module)["success"]
        return self._defined[module]

    def close(self) -> None:
        """End the process by the end of its input."""
        self._process.communicate()


# -- one function ----------------------------------------------------------------------------------


def compare(tools: Sequence[Tool], case: Case, seconds: float) -> tuple[list[float | None], str]:
    """Best seconds of each tool, None where it has no answer, and what went wrong."""
    given = _plain(case.given)
    if isinstance(given, dict):
        given |= {"min_runs": 3, "min_seconds": seconds / _TURNS}
    message = {"module": case.eval, "function": case.function, "input": given}
    times: list[list[float]] = [[] for _ in tools]
    reference, wrong = None, {}
    for turn in range(_TURNS):
        for k, tool in enumerate(tools):
            if (turn and not times[k]) or not tool.defines(case.eval):
                continue
            answer = tool.ask(kind="evaluate", description=case.size, **message)
            if not answer["success"]:
                wrong[f"{tool.name}: {answer.get('error', '')[:100]}"] = True
                continue
            reference = answer["output"] if reference is None else reference
            if not agrees(answer["output"], reference, _LOOSE.get(case.eval, _TOLERANCE)):
                wrong[f"{tool.name} DISAGREES"] = True
            times[k] += _evaluations(answer)
    return [min(x) if x else None for x in times], "; ".join(wrong)


def _evaluations(answer: Mapping[str, Any]) -> list[float]:
    """Seconds of each run."""
    return [x["nanoseconds"] / 1e9 for x in answer["timings"] if x["name"] == "evaluate"]


def _plain(x: Any) -> Any:
    """Without NumPy's types, for JSON."""
    if isinstance(x, dict):
        return {name: _plain(value) for name, value in x.items()}
    return x.tolist() if isinstance(x, np.ndarray) else x


def agrees(x: Any, y: Any, rtol: float) -> bool:
    """Whether two outputs are close, relative to the largest element of each array."""
    if isinstance(y, dict):
        return x.keys() == y.keys() and all(agrees(x[name], y[name], rtol) for name in y)
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    scale = np.max(np.abs(y), initial=0.0)
    return x.shape == y.shape and bool(np.max(np.abs(x - y), initial=0.0) <= rtol * scale)


# -- all of them -----------------------------------------------------------------------------------


def table(tools: Sequence[Tool], cases: Sequence[Case], seconds: float, title: str) -> Table:
    """A row for each case, and the geometric means of other tools' times over ours."""
    rows: list[Any] = []
    notes: list[str] = []
    for case in cases:
        name = f"{case.eval} {case.function} {case.size}".strip()
        best, wrong = compare(tools, case, seconds)
        ratios = [x / best[0] if x and best[0] else None for x in best[1:]]
        rows.append((name, *best, *ratios))
        notes += [f"{name}: {wrong}."] if wrong else []
        print(f"{name}: {best} {ratios} {wrong}", file=sys.stderr, flush=True)
    columns = list(zip(*rows, strict=True))[1 + len(tools) :]
    found = [[x for x in column if x] for column in columns]
    means = [math.exp(statistics.fmean(map(math.log, x))) if x else None for x in found]
    rows.append(("geometric mean", *[None] * len(tools), *means))
    names = [tool.name for tool in tools]
    heads = ("function", *(f"{x} (s)" for x in names), *(f"{x}'s / ours" for x in names[1:]))
    return Table(title, heads, rows, " ".join(notes))


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", action="append", default=[], help="another tool's command")
    parser.add_argument("--quick", action="store_true", help="small inputs")
    parser.add_argument("--cores", type=int, default=1, help="how many cores a tool may use")
    parser.add_argument("--only", default="", help="only functions whose rows have this in them")
    parser.add_argument("--seconds", type=float, help="of measuring, for each function and tool")
    parser.add_argument("--json", type=Path, help="write the rows and the machine to this file")
    parser.add_argument("--results", type=Path, help="add the tables to this file, in Markdown")
    options = parser.parse_args()
    tools = [Tool(x, options.cores) for x in (_OWN, *options.tool)]
    cases = [
        case
        for case in (quick() if options.quick else full())
        if options.only in f"{case.eval} {case.function} {case.size}"
    ]
    seconds = options.seconds or (0.03 if options.quick else 1.0)
    where = f"on {options.cores} core{'s' if options.cores > 1 else ''}"
    parts = {
        f"GradBench's derivatives, {where}": [x for x in cases if x.function not in _VALUES],
        f"GradBench's values, {where}": [x for x in cases if x.function in _VALUES],
    }
    tables = [table(tools, x, seconds, title) for title, x in parts.items() if x]
    finish(tables, options)
    if options.results is not None:
        said = ", ".join(f"{name} {x}" for name, x in machine().items())
        with options.results.open("a") as file:
            file.write("\n".join([f"{said}.\n", *map(markdown, tables)]))
    for tool in tools:
        tool.close()


if __name__ == "__main__":
    main()
