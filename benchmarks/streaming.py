"""Points in a mapped file that is not read into memory: rate, and how much memory it takes.

`jitad.stream` computes the gradient at each of them, into another mapped file, or their sum.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import Table, main, verdict

_BYTES = {"tiny": 1 << 22, "quick": 1 << 28, "full": 4 << 30}
_MOST_MEGABYTES = 300.0
_REPEATS = {"tiny": 1, "quick": 2, "full": 2}

_PROGRAM = """
import json, sys, time
import numpy as np, jitad

folder, rows, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def resident():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000
def point(p):
    return p[0] * p[1] + np.sin(p[2]) * p[3]
x = np.memmap(folder + "/points", np.float64, "r", shape=(rows, 4))
out = np.memmap(folder + "/gradients", np.float64, "w+", shape=(rows, 4))
options = {"out": out} if kind == "all" else {"reduce": "sum"}
function = (lambda p: p + 0.5) if kind == "copy" else jitad.grad(point)
options = {"out": out} if kind == "copy" else options
jitad.stream(function, x[:1 << 18], **({} if kind != "sum" else {"reduce": "sum"}))
del x
x = np.memmap(folder + "/points", np.float64, "r", shape=(rows, 4))
most, before = 0.0, resident()
def watch(done, total):
    global most
    most = max(most, resident())
start = time.perf_counter()
jitad.stream(function, x, progress=watch, **options)
seconds = time.perf_counter() - start
print(json.dumps([seconds, most - before]))
"""

_FILL = """
import sys
import numpy as np
folder, rows = sys.argv[1], int(sys.argv[2])
x = np.memmap(folder + "/points", np.float64, "w+", shape=(rows, 4))
for start in range(0, rows, 1 << 18):
    x[start : start + (1 << 18)] = np.random.default_rng(start).random((1 << 18, 4))[: rows - start]
"""


def run(size: str) -> list[Table]:
    """The sum of all gradients; all gradients; and a copy, which computes next to nothing."""
    rows = _BYTES[size] // 32
    with tempfile.TemporaryDirectory() as folder:
        _call(_FILL, folder, str(rows))
        kinds = {"the sum of all gradients": "sum", "all gradients, to a file": "all",
                 "a copy, to a file": "copy"}  # fmt: skip
        table: list[Any] = []
        for name, kind in kinds.items():
            runs = [_run(folder, rows, kind) for _ in range(_REPEATS[size])]
            seconds, megabytes = min(x for x, _ in runs), max(x for _, x in runs)
            moved = _BYTES[size] * (1 if kind == "sum" else 2)
            bound = verdict(megabytes, most=_MOST_MEGABYTES)
            table.append((name, rows, seconds, moved / seconds / 1e9, megabytes, bound))
    columns = ("of", "points", "time (s)", "GB/s read and written", "MB of memory", "bound")
    title = f"Points in a file of {_BYTES[size] / (1 << 30):.3g} GiB, which is mapped"
    return [Table(title, columns, table, repeated=False)]


def _run(folder: str, rows: int, kind: str) -> tuple[float, float]:
    """Seconds and megabytes; what the run before has left to be written to the disk is written."""
    os.sync()
    seconds, megabytes = json.loads(_call(_PROGRAM, folder, str(rows), kind))
    (Path(folder) / "gradients").unlink()
    return seconds, megabytes


def _call(program: str, *args: str) -> str:
    command = [sys.executable, "-c", program, *args]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    main(run, __doc__)
