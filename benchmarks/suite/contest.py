"""Problems -> contests: every peer prepared, its result checked, then all timed in turn."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import Section, Timing, check_equal, interleave, once
from benchmarks.peers import discover
from benchmarks.suite.problem import Declined, Peer, Problem, Ready
from benchmarks.suite.record import Contest, Entry

SECONDS = {"tiny": 0.005, "quick": 0.12, "full": 1.0}
"""For each peer at each problem."""

REPEATS = {"tiny": 2, "quick": 12, "full": 25}

PATIENCE = {"tiny": 1.0, "quick": 5.0, "full": 60.0}
"""Seconds that a compiler gets for a long program."""

SLOW_TO_START = ("torch.compile",)
"""Left out of the quick runs: its first compilation in a process takes longer than the rest."""

_ROOT = Path(__file__).parents[2]
_UNEXPLAINED = "unexplained so far"


def contests(module: str, problems: Sequence[Problem], size: str) -> Section:
    """One contest a problem; `module` is where `problems(size)` can be found by other processes."""
    found = []
    for k, problem in enumerate(problems):
        print(f"   {problem.name}", flush=True)
        found.append(_contest(module, k, problem, size))
    return Section(contests=found)


def _contest(module: str, index: int, problem: Problem, size: str) -> Contest:
    ready: dict[str, Ready] = {}
    first: dict[str, float] = {}
    reasons: dict[str, str] = {}
    peers, missing = discover()
    for peer in peers:
        try:
            _ask(peer, problem, size, module, index)
            start = time.perf_counter()
            ready[peer.name] = prepared = peer.prepare(problem)
            result = prepared.read(prepared.function(*prepared.args))
            first[peer.name] = time.perf_counter() - start
        except Declined as reason:
            reasons[peer.name] = str(reason)
            ready.pop(peer.name, None)
            continue
        if peer is peers[0]:
            reference = result
        what = f"{problem.name}: {peer.name} against {peers[0].name}"
        check_equal(what, result, reference, peer.rtol or problem.rtol)
    timings = interleave(
        {name: (x.function, x.args) for name, x in ready.items()},
        seconds=SECONDS[size],
        repeats=REPEATS[size],
    )
    entries = [_entry(problem, name, timings, first) for name in timings]
    entries.sort(key=lambda entry: entry.best or 0.0)
    entries += [Entry(name, said=reason) for name, reason in reasons.items()]
    return Contest(problem.name, entries + [Entry(name, said="not installed") for name in missing])


def _ask(peer: Peer, problem: Problem, size: str, module: str, index: int) -> None:
    """Declined where the problem, the size of the run or its compiler's time says so."""
    if peer.name in problem.declined:
        raise Declined(problem.declined[peer.name])
    if size != "full" and peer.name in SLOW_TO_START:
        raise Declined("in full runs only")
    if not (problem.long and peer.compiles):
        return
    patience = PATIENCE[size]
    code = f"from benchmarks.suite.contest import prepare_alone as p; "
    code += f"p({module!r}, {index}, {peer.name!r}, {size!r})"
    try:
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, text=True, timeout=patience + 10, check=True
        )
    except subprocess.TimeoutExpired:
        raise Declined(f"compiles for over {patience:.0f} s") from None
    if (seconds := json.loads(done.stdout.splitlines()[-1])) > patience:
        raise Declined(f"compiles for {seconds:.0f} s")


def prepare_alone(module: str, index: int, name: str, size: str) -> None:
    """Print the seconds that a peer takes to its first derivative, in this process."""
    problem = importlib.import_module(module).problems(size)[index]
    peer = next(x for x in discover()[0] if x.name == name)

    def first() -> None:
        ready = peer.prepare(problem)
        ready.function(*ready.args)

    print(json.dumps(once(first)))


def _entry(
    problem: Problem, name: str, timings: dict[str, Timing], first: dict[str, float]
) -> Entry:
    timing = timings[name]
    ratio = timing.best / timings["jitad"].best
    entry = Entry(name, timing.best, timing.median, first[name], ratio)
    if not entry.won:
        return entry
    return Entry(name, timing.best, timing.median, first[name], ratio,
                 problem.why.get(name, _UNEXPLAINED))  # fmt: skip
