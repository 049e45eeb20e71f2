"""GradBench's protocol: a line of JSON in, a line of JSON out; `python tool.py` is the whole tool.

A message has an `id` and a `kind`. To `define` the answer says whether there is a module of that
name beside this file, to `evaluate` it has the output and how long each run took. Reading the input
and making lists of the output are outside the clock; the first call, which traces and compiles, is
reported as "compile".
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

EVALS = (
    "hello",
    "gmm",
    "ba",
    "ht",
    "lstm",
    "kmeans",
    "lse",
    "llsq",
    "ode",
    "particle",
    "saddle",
    "det",
)


def main() -> None:
    """Answer each line of the standard input."""
    for line in sys.stdin:
        message = json.loads(line)
        print(json.dumps({"id": message["id"], **answer(message)}), flush=True)


def answer(message: Mapping[str, Any]) -> dict[str, Any]:
    """What the answer to one message says beside its id."""
    kind = message["kind"]
    if kind == "start":
        return {"tool": "jitad"}
    if kind == "define":
        return define(message["module"])
    if kind == "evaluate":
        try:
            return evaluate(message)
        except Exception as error:  # the eval is told, and goes on to its next input
            return {"success": False, "error": f"{type(error).__name__}: {error}"}
    return {}


def define(module: str) -> dict[str, Any]:
    """Whether there is such a module."""
    if module in EVALS:
        return {"success": True}
    return {"success": False, "error": f"there is no eval {module!r}"}


def evaluate(message: Mapping[str, Any]) -> dict[str, Any]:
    """Output and timings of a function of a module at an input."""
    given = message["input"]
    functions = importlib.import_module(message["module"]).FUNCTIONS
    prepare, output = functions[message["function"]]
    options = given if isinstance(given, dict) else {}
    call = prepare(given)
    result, compiling = timed(call)
    timings = [{"name": "compile", "nanoseconds": compiling}]
    runs, total = 0, 0
    at_least, nanoseconds = options.get("min_runs", 1), options.get("min_seconds", 0) * 1e9
    while runs < at_least or total < nanoseconds:
        result = None  # its memory serves the next
        result, spent = timed(call)
        timings.append({"name": "evaluate", "nanoseconds": spent})
        runs, total = runs + 1, total + spent
    return {"success": True, "output": output(result), "timings": timings}


def timed(call: Callable[[], Any]) -> tuple[Any, int]:
    """A call's result, and how long it took."""
    start = time.perf_counter_ns()
    result = call()
    return result, time.perf_counter_ns() - start


if __name__ == "__main__":
    main()
