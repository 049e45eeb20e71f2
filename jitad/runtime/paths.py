"""The known paths through a function's branches, as a tree over the guards that they pass.

Paths that agree on their first k guards run the same code up to guard k. So where a path fails at
its guard k, only those that agree with it before k, and expect another value there, can be the one
that the arguments take; where one of them fails further on, the search goes on from there. No path
is tried twice in a call.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from jitad.codegen.status import GUARD_FAILED, LEFT_AGAIN, PLACE
from jitad.ir.errors import SourceLine, quoted
from jitad.ir.op import BOOL, DType
from jitad.ir.tape import Instr, Tape
from jitad.ops.structural import is_path
from jitad.runtime.arguments import canonical
from jitad.runtime.kernel import Kernel
from jitad.runtime.locks import LOCK
from jitad.runtime.plan import Plan
from jitad.runtime.surroundings import Surroundings

MAX_PATHS = 64
"""Paths that are kept for one shape, unless `set_max_paths` says otherwise."""


class _Limit:
    """The number of paths that every function keeps for one shape."""

    def __init__(self) -> None:
        self.paths = MAX_PATHS


_limit = _Limit()


def set_max_paths(count: int) -> int:
    """Set how many paths through its branches a function keeps compiled for one shape.

    A call that takes a further path is traced and run in NumPy: slow, and right. A warning names
    the branch that makes the paths so many.

    Args:
        count: at least 1; 64 at first. Paths that are known stay, also where they are more.

    Returns:
        The count before.

    >>> import jitad
    >>> before = jitad.set_max_paths(200)
    >>> jitad.set_max_paths(before)
    200
    """
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"a function has at least one path, a whole number, not {count!r}")
    before, _limit.paths = _limit.paths, int(count)
    return before


class Path:
    """One way through a function's branches, compiled.

    Attributes:
        guards: what each guard expects, as bytes, in the order in which the kernel checks them.
        common: for every other path of the tree on how many first guards the two agree.
        finish: what makes the result's pytree of what the entry returns; None for nothing.
        others: for a status with which the kernel has ended the paths to try then, in turn.
    """

    __slots__ = ("_places", "common", "entry", "finish", "guards", "kernel", "lock", "others")

    def __init__(self, kernel: Kernel, lock: threading.RLock) -> None:
        self.lock = lock  # the tree's: a path does not hold its tree, which so goes with its holder
        self.kernel = kernel
        self.entry = kernel.entry
        self.finish = None if kernel.is_plain else kernel.finish
        guards: list[bytes] = []
        self._places: list[int] = []
        for instr in kernel.code.reported:
            self._places.append(len(guards) if is_path(instr) else -1)
            if is_path(instr):
                guards.append(instr.params[0])
        self.guards = tuple(guards)
        self.common: dict[Path, int] = {}
        self.others: dict[int, tuple[Path, ...]] = {}

    @property
    def calls(self) -> int:
        """How often the path has been run to its end."""
        return self.kernel.calls

    def steps(self) -> list[Guard]:
        """The guards in the order in which the function asks."""
        return guards_of(self.kernel.plan.tape)

    def place(self, status: int) -> int:
        """Which of the guards a status names."""
        return self._places[status // PLACE - 1]

    def after(self, status: int) -> tuple[Path, ...]:
        """For each value that a guard has had instead, a path that goes on from it."""
        status &= ~LEFT_AGAIN
        found = self.others.get(status)
        if found is not None:
            return found
        with self.lock:
            found, place = (), self.place(status)
            for other, common in reversed(self.common.items()):
                if common == place and all(x.common[other] <= place for x in found):
                    found = (*found, other)
            self.others[status] = found
            return found

    def prefer(self, status: int, path: Path) -> None:
        """Try this one first, and for the value that it expects, after that status."""
        found, place = self.after(status), self.place(status)
        if found[0] is not path:
            with self.lock:
                rest = [x for x in found if x is not path and x.common[path] <= place]
                self.others[status & ~LEFT_AGAIN] = (path, *rest)

    def meet(self, other: Path) -> None:
        """Note on how many first guards the two agree."""
        pairs = zip(self.guards, other.guards, strict=False)
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        self.common[other] = other.common[self] = common
        self.others, other.others = {}, {}


class Tree:
    """The known paths of a function at one shape, in one state of its surroundings.

    A call begins with `first`. Another path takes its place when it has been the right one twice in
    a row, so that paths in turn do not change places at every call; `second` is the one that was
    right when `first` was left last.
    """

    def __init__(self, seen: Surroundings | None) -> None:
        self.seen = seen
        self.paths: list[Path] = []
        self.first: Path
        self.interpreted = 0
        self.has_warned = False
        self.second: Path | None = None
        self.lock = LOCK

    def holds(self) -> bool:
        """Whether the surroundings are what they were."""
        return self.seen is None or self.seen.hold()

    def is_full(self) -> bool:
        """Whether no further path is to be compiled."""
        return len(self.paths) >= _limit.paths

    def add(self, kernel: Kernel) -> Path:
        """A new path, with which the next call begins; or the old one that is the same."""
        with self.lock:
            known = self.find(kernel.plan)
            if known is not None:
                return known
            path = Path(kernel, self.lock)
            for other in self.paths:
                path.meet(other)
            self.paths.append(path)
            self.first, self.second = path, None
            self.has_warned = False
            return path

    def find(self, plan: Plan) -> Path | None:
        """The path that has passed the guards of a trace, if it is known."""
        wanted = _expected(plan.tape)
        return next((x for x in self.paths if _expected(x.kernel.plan.tape) == wanted), None)

    def run(self, leaves: Sequence[Any]) -> tuple[Path, Any]:
        """The path that these flat arguments take, and what its entry returns."""
        args = [canonical(x) for x in leaves]
        first = self.first
        result = first.entry(*args)
        if type(result) is int and result & GUARD_FAILED:
            return self.search(first, result, args)
        return first, result

    def search(
        self, path: Path, status: int, args: Sequence[Any], known: Any = None
    ) -> tuple[Path, Any]:
        """The path that arguments take which `path` has left with this status, and the result.

        The result is an int where no path is theirs (GUARD_FAILED is set) or where it fails.
        `known` is what the first path to try has given, if it has been tried.
        """
        place, others = path.place(status), iter(path.after(status))
        while (other := next(others, None)) is not None:
            result = other.entry(*args) if known is None else known
            known = None
            if type(result) is not int:
                path.prefer(status, other)
                self._won(other, status)
                return other, result
            if not result & GUARD_FAILED:
                return other, result
            further = other.place(result)
            if further > place:
                place, others = further, iter(other.after(result))
        return path, status

    def _won(self, path: Path, status: int) -> None:
        """Put a path first that has been the right one twice in a row."""
        if path is self.second and status & LEFT_AGAIN:
            self.first, self.second = path, None
        else:
            self.second = path

    def proliferating(self) -> tuple[SourceLine | None, DType]:
        """The user's line at which paths part most often, and the dtype of what it guards."""
        count: dict[tuple[SourceLine | None, DType], int] = {}
        known: list[list[Guard]] = []
        for path in self.paths:
            steps = path.steps()
            shared = 0
            for other in known:
                pairs = zip(steps, other, strict=False)
                shared = max(shared, sum(1 for _ in takewhile(_agree, pairs)))
            if known and shared < len(steps):
                line, _, dtype = steps[shared]
                count[line, dtype] = count.get((line, dtype), 0) + 1
            known.append(steps)
        return max(count, key=lambda branch: count[branch], default=(None, BOOL))


Guard = tuple[SourceLine | None, bytes, DType]
"""The line of a guard, what it expects as bytes, and of which dtype."""


def _agree(pair: tuple[Guard, Guard]) -> bool:
    return pair[0][1] == pair[1][1]


def guards_of(tape: Tape) -> list[Guard]:
    """The guards of a tape in the order in which the function asks."""
    return [
        (instr.line, instr.params[0], tape.instrs[instr.args[0]].dtype)
        for instr in tape.instrs
        if is_path(instr)
    ]


def _expected(tape: Tape) -> list[bytes]:
    """What tells the paths of a function apart."""
    return [expected for _, expected, _ in guards_of(tape)]


def same_state(one: Surroundings | None, other: Surroundings | None) -> bool:
    """Whether two surroundings that both hold look at the same things, and so are one state."""
    if one is None or other is None:
        return one is other
    return one.watched() == other.watched()


def decided_otherwise(guard: Instr | None) -> str:
    """What is said where compiled code decides a branch otherwise than the trace."""
    return (
        "decides by a number that compiled code rounds otherwise than NumPy; a call with such "
        f"arguments is run in NumPy, which is slow{quoted(guard and guard.line)}\n"
        "  Remedy: compare with a margin, or use jitad.cond, jitad.while_loop or np.where"
    )


def too_many(tree: Tree) -> str:
    """What is said where a branch makes more paths than are compiled."""
    line, dtype = tree.proliferating()
    remedy = "use jitad.cond, jitad.while_loop or np.where"
    if dtype.kind == "f":
        remedy = (
            "the branch is a traced value that became a number of Python's: use the value "
            "itself, and jitad.numpy.zeros in place of np.zeros where elements are assigned"
        )
    return (
        f"takes more than {len(tree.paths)} paths through its branches, most of which part "
        f"here; a call that takes a new one is slow{quoted(line)}\n"
        f"  Remedy: {remedy}, or allow more by jitad.set_max_paths"
    )
