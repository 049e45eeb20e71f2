"""GradBench's evals by our tool and by others, in turns: `--tool "COMMAND"` for each other one.

Every tool is a process that speaks GradBench's protocol. The answers must agree; times are the best
of the runs that a tool reports as "evaluate", which leaves out what it compiles.
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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gradbench.inputs import Case, full, quick
from benchmarks.harness import Table, show

_TOOL = Path(__file__).parent / "tool.py"
_TURNS = 3
_LOOSE = {"saddle": 1e-4}
"""Where a search ends is found to the tolerance of its last step."""


class Tool:
    """A process that answers GradBench's messages."""

    def __init__(self, command: str, cores: Sequence[int]) -> None:
        count = str(len(cores))
        environment = {**os.environ, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}
        self._process = subprocess.Popen(
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment, preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )  # fmt: skip
        self._count = 0
        self.name: str = self.ask(kind="start", eval="hello")["tool"]

    def ask(self, **message: Any) -> dict[str, Any]:
        """The answer to a message."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"id": self._count, **message}) + "\n")
        self._process.stdin.flush()
        self._count += 1
        while line := self._process.stdout.readline():
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"{self._process.args} ended with {self._process.wait()}")

    def close(self) -> None:
        """End the process by the end of its input."""
        self._process.communicate()


def plain(x: Any) -> Any:
    """Without NumPy's types, for JSON."""
    if isinstance(x, dict):
        return {name: plain(value) for name, value in x.items()}
    return x.tolist() if isinstance(x, np.ndarray) else x


def compare(tools: Sequence[Tool], case: Case, seconds: float) -> tuple[list[Any], str]:
    """Best seconds of each tool, None where it has no answer, and what went wrong."""
    given = plain(case.given)
    if isinstance(given, dict):
        given |= {"min_runs": 3, "min_seconds": seconds / _TURNS}
    best: list[Any] = [None] * len(tools)
    reference, wrong = None, []
    for turn in range(_TURNS):
        for k, tool in enumerate(tools):
            if turn and best[k] is None:
                continue
            answer = tool.ask(kind="evaluate", module=case.eval, function=case.function,
                              input=given, description=case.size)  # fmt: skip
            if not answer["success"]:
                wrong.append(f"{tool.name}: {answer.get('error', '')[:200]}")
                continue
            reference = answer["output"] if reference is None else reference
            if not agrees(answer["output"], reference, _LOOSE.get(case.eval, 1e-6)):
                wrong.append(f"{tool.name} DISAGREES")
            times = [x["nanoseconds"] for x in answer["timings"] if x["name"] == "evaluate"]
            best[k] = min(times) / 1e9 if best[k] is None else min(best[k], min(times) / 1e9)
    return best, "; ".join(dict.fromkeys(wrong))


def agrees(x: Any, y: Any, rtol: float) -> bool:
    """Whether two outputs are close, relative to the largest element of each array."""
    if isinstance(y, dict):
        return x.keys() == y.keys() and all(agrees(x[name], y[name], rtol) for name in y)
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    scale = np.max(np.abs(y), initial=1e-12)
    return x.shape == y.shape and bool(np.max(np.abs(x - y), initial=0.0) <= rtol * scale)


def table(tools: Sequence[Tool], cases: Sequence[Case], seconds: float, title: str) -> Table:
    """A row for each case, and the geometric means of other tools' times over ours."""
    rows: list[Any] = []
    ratios: list[list[float]] = [[] for _ in tools[1:]]
    notes = []
    for case in cases:
        best, wrong = compare(tools, case, seconds)
        if wrong:
            notes.append(f"{case.eval} {case.function} {case.size}: {wrong}.")
        parts: list[float | None] = []
        for k, time in enumerate(best[1:]):
            parts.append(time / best[0] if time and best[0] else None)
            if parts[-1]:
                ratios[k].append(parts[-1])
        rows.append((f"{case.eval} {case.function} {case.size}".strip(), *best, *parts))
        print(f"{rows[-1][0]}: {best} {parts} {wrong}", file=sys.stderr, flush=True)
    means = [math.exp(statistics.fmean(map(math.log, x))) if x else None for x in ratios]
    rows.append(("geometric mean", *[None] * len(tools), *means))
    names = [tool.name for tool in tools]
    columns = ("function", *(f"{name} (s)" for name in names),
               *(f"{name}'s / {names[0]}'s" for name in names[1:]))  # fmt: skip
    return Table(title, columns, rows, " ".join(notes))


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", action="append", default=[], help="another tool's command")
    parser.add_argument("--quick", action="store_true", help="small inputs")
    parser.add_argument("--cores", type=int, default=1, help="how many cores a tool may use")
    parser.add_argument("--only", default="", help="only cases whose names contain this")
    parser.add_argument("--seconds", type=float, help="of measuring, for each function and tool")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[: options.cores]
    tools = [Tool(x, cores) for x in (f"{sys.executable} {_TOOL}", *options.tool)]
    cases = [case for case in (quick() if options.quick else full())
             if options.only in f"{case.eval} {case.function} {case.size}"]  # fmt: skip
    seconds = options.seconds or (0.03 if options.quick else 1.0)
    plural = "s" if len(cores) > 1 else ""
    show(table(tools, cases, seconds, f"GradBench's functions, on {len(cores)} core{plural}"))
    for tool in tools:
        tool.close()


if __name__ == "__main__":
    main()
