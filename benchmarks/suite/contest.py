"""Problems -> contests: every peer prepared, its result checked, then all timed in turn."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import Section, Timing, check_equal, interleave, once
from benchmarks.peers import discover
from benchmarks.suite.problem import Declined, Peer, Problem, Ready
from benchmarks.suite.record import MISSING, Contest, Entry

SECONDS = {"tiny": 0.005, "quick": 0.04, "full": 0.5}
"""For each peer at each problem."""

REPEATS = {"tiny": 2, "quick": 8, "full": 25}

PATIENCE = 60.0
"""Seconds that a compiler gets for a long program."""

_TO_START = 6.0
"""Seconds more that its process gets to start."""

SLOW_TO_START = ("torch.compile",)
"""Left out of the quick runs: its first compilation in a process takes longer than the rest."""

FAILED = "failed"
_ROOT = Path(__file__).parents[2]
_UNEXPLAINED = "unexplained so far"


def contests(module: str, problems: Sequence[Problem], size: str) -> Section:
    """One contest a problem; `module` is where `problems(size)` can be found by other processes.

    Of problems that are `long`, each is longer than those before it.
    """
    found = []
    patience = _Patience(module, size)
    for k, problem in enumerate(problems):
        print(f"   {problem.name}", flush=True)
        found.append(_contest(problem, size, lambda peer, p=problem, k=k: patience.ask(peer, p, k)))
    return Section(contests=found)


def _contest(problem: Problem, size: str, ask: Callable[[Peer], None]) -> Contest:
    ready: dict[str, Ready] = {}
    first: dict[str, float] = {}
    entries: list[Entry] = []
    peers, missing = discover()
    own, *others = peers
    ready[own.name], reference, first[own.name] = _first(own, problem)
    for peer in others:
        try:
            ask(peer)
            prepared, result, seconds = _first(peer, problem)
        except Declined as reason:
            entries.append(Entry(peer.name, said=str(reason)))
            continue
        except Exception as error:  # another tool's own fault is a result as well
            entries.append(Entry(peer.name, said=f"{FAILED} with {type(error).__name__}"))
            print(f"FAILED: {peer.name} at {problem.name}: {error}", file=sys.stderr)
            continue
        what = f"{problem.name}: {peer.name} against {own.name}"
        check_equal(what, result, reference, peer.rtol or problem.rtol)
        ready[peer.name], first[peer.name] = prepared, seconds
    calls = {name: (x.function, x.args) for name, x in ready.items()}
    timings = interleave(calls, seconds=SECONDS[size], repeats=REPEATS[size])
    timed = [_entry(problem, name, timings, first) for name in timings]
    timed.sort(key=lambda entry: entry.best or 0.0)
    absent = [Entry(name, said=MISSING) for name in missing]
    return Contest(problem.name, [*timed, *entries, *absent])


def _first(peer: Peer, problem: Problem) -> tuple[Ready, Any, float]:
    """A peer's derivative, its first result, and the seconds to that."""
    start = time.perf_counter()
    ready = peer.prepare(problem)
    result = ready.read(ready.function(*ready.args))
    return ready, result, time.perf_counter() - start


class _Patience:
    """Who is asked at all, and who has taken too long to be asked for more."""

    def __init__(self, module: str, size: str) -> None:
        self.module, self.size = module, size
        self.gave_up: dict[str, str] = {}

    def ask(self, peer: Peer, problem: Problem, index: int) -> None:
        """Declined where the problem, the size of the run or a compiler's time says so."""
        if peer.name in problem.declined:
            raise Declined(problem.declined[peer.name])
        if self.size != "full" and peer.name in (*SLOW_TO_START, *problem.long):
            raise Declined("in full runs only")
        if peer.name not in problem.long:
            return
        if peer.name not in self.gave_up and not self._in_time(peer.name, index):
            self.gave_up[peer.name] = problem.name
        if peer.name in self.gave_up:
            raise Declined(f"compiled {self.gave_up[peer.name]} for over {PATIENCE:.0f} s")

    def _in_time(self, name: str, index: int) -> bool:
        """Whether a peer compiles a problem in time, in a process that can be given up."""
        code = "from benchmarks.suite.contest import prepare_alone as p; "
        code += f"p({self.module!r}, {index}, {name!r}, {self.size!r})"
        command = [sys.executable, "-c", code]
        # A group of its own, for a compiler that it has started outlives it otherwise.
        process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)  # fmt: skip
        try:
            said, _ = process.communicate(timeout=PATIENCE + _TO_START)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return False
        if process.returncode:
            raise RuntimeError(f"{name} ended with status {process.returncode}")
        return json.loads(said.splitlines()[-1]) <= PATIENCE


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
