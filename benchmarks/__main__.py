"""All benchmarks, one after another: `python -m benchmarks --size quick` writes RESULTS.md.

Each runs in a process of its own, so that none meets the threads or the memory of another's peers.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import Table, arguments, machine, markdown, show

NAMES = (
    "latency",
    "compile_time",
    "cheap_gradient",
    "throughput",
    "streaming",
    "gpu",
    "many_tangents",
    "njit_loop",
    "paths",
    "loops",
    "rolling",
)

_HERE = Path(__file__).parent
_MISSING = "missing"


def main() -> None:
    """Run all, show and write their tables."""
    parser = arguments(__doc__)
    parser.add_argument("--quick", action="store_const", const="quick", dest="size")
    parser.add_argument("--results", type=Path, default=_HERE / "RESULTS.md")
    options = parser.parse_args()
    tables: dict[str, list[Table]] = {}
    for name in NAMES:
        print(f"-- {name}", flush=True)
        tables[name] = _run(name, options.size)
        for table in tables[name]:
            show(table)
    options.results.write_text(_report(tables, options.size))
    print(f"wrote {options.results}")
    if options.json is not None:
        content = {k: [vars(table) for table in x] for k, x in tables.items()}
        options.json.write_text(json.dumps({"machine": machine(), **content}, indent=1) + "\n")


def _run(name: str, size: str) -> list[Table]:
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", "--size", size, "--json", str(rows)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=_HERE.parent)
        content: dict[str, Any] = json.loads(rows.read_text())
    return [Table(**table) for table in content["tables"]]


def _report(tables: dict[str, list[Table]], size: str) -> str:
    """RESULTS.md: the machine, what is missing on it, and every table."""
    found = machine()
    missing = [name for name, version in found.items() if version == _MISSING]
    parts = [
        "# Measured",
        f"Written by `python -m benchmarks --size {size}`; do not edit. "
        "Times are the best of interleaved repeats.",
        ", ".join(f"{k} {v}" for k, v in found.items()) + ".",
    ]
    if missing:
        parts.append(f"**Not installed, so not measured: {', '.join(missing)}.**")
    for name, found_tables in tables.items():
        parts.append(f"## {name}.py")
        parts += [markdown(table).rstrip() for table in found_tables]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
