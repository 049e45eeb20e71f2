"""Function + its program -> callable: traces at new shapes, keeps the kernels, calls them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import MethodType
from typing import Any, Generic, ParamSpec, TypeVar

from jitad.codegen.options import DEFAULT, Options
from jitad.codegen.status import GUARD_FAILED, RAISED
from jitad.frontend.active import depth, note_derivatives, reading, with_room
from jitad.frontend.operands import innermost, lift
from jitad.frontend.pytree import Structure, apart_in_order, rearranged, statics_of, unflatten
from jitad.frontend.reads import Reads
from jitad.frontend.restless import Sources
from jitad.frontend.roads import Read, Reader
from jitad.frontend.trace import leaf_type, uncollected
from jitad.ir import errors
from jitad.ir.builder import inline
from jitad.ir.errors import CompileError, TraceError, ZeroDerivativeWarning, users_level
from jitad.ir.value import Value
from jitad.runtime.arguments import Arguments, take_apart
from jitad.runtime.debug import check_finite, is_debugging
from jitad.runtime.entry import MISMATCH
from jitad.runtime.interpret import interpret
from jitad.runtime.keeping import Known, Recent, known_of
from jitad.runtime.kernel import Kernel
from jitad.runtime.paths import Tree, decided_otherwise, same_state, too_many
from jitad.runtime.pickling import by_name
from jitad.runtime.plan import Plan, with_effects
from jitad.runtime.surroundings import Surroundings
from jitad.runtime.writes import same_arrays

Build = Callable[[Sequence[Any], Structure], Plan]
"""From the leaves of the arguments and the structure of (args, kwargs) to a program."""

P = ParamSpec("P")
R = TypeVar("R")

MAX_KERNELS = 128
"""Shapes for which a function keeps kernels; the longest unused one goes first."""

RECENT = 4
"""Kernels that a call tries in turn before it looks its arguments' types up."""

MAX_STATES = 8
"""States of the surroundings for which a function keeps kernels for one shape."""


class Transformed(Reader, Generic[P, R]):
    """A function under a transform; compiled when it is called, once for every shape and path.

    For each shape trees of paths are kept, one for each state of its surroundings.

    Where an argument belongs to a function that is being traced, the transformed program becomes
    part of that function's tape; one that is `direct` calls its function there.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        program: Callable[..., Build],
        options: tuple[Any, ...] = (),
        code: Options = DEFAULT,
        direct: bool = False,
        known: Known | None = None,
    ) -> None:
        self.__wrapped__ = function
        self.__doc__ = function.__doc__
        self.reads = (function,)
        self._recipe = (function, program, options, code, direct)
        self.known = Known() if known is None else known

    @property
    def options(self) -> Options:
        """How its code is generated."""
        return self._recipe[3]

    @property
    def __name__(self) -> str:
        """The function's name."""
        return getattr(self.__wrapped__, "__name__", type(self.__wrapped__).__name__)

    def _build(self, leaves: Sequence[Any], structure: Structure) -> Plan:
        """The program for arguments like these, with what the function stores outside."""
        plan = self._program(leaves, structure)
        if plan.effects is not None:
            self._say(plan.effects.said_of_calls())
        return with_effects(plan)

    def _without_effects(self, leaves: Sequence[Any], structure: Structure) -> tuple[Plan, Any]:
        """The program as it is compiled, which only computes; what a call would do beside."""
        with reading(Reads(self._recipe[0])):
            plan = self._program(leaves, structure)
        effects = plan.effects
        return (plan if effects is None else replace(plan, effects=None)), effects

    def _program(self, leaves: Sequence[Any], structure: Structure) -> Plan:
        function, program, options, *_ = self._recipe
        with with_room(self.known.room), uncollected():
            return program(function, *options)(leaves, structure)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if not kwargs:
            for entry, finish, seen, place in self.known.recent:
                if seen is not None and seen.first_changed() is not None and not seen.hold():
                    continue
                result = entry(*args)
                if type(result) is not int:
                    return result if finish is None else finish(result)
                if result & GUARD_FAILED:
                    (path, tree), again = place, None
                    if others := path.others.get(result):
                        other = others[0]
                        again = other.entry(*args)
                        if type(again) is not int:
                            tree.second = other
                            return again if other.finish is None else other.finish(again)
                    other, result = tree.search(path, result, args, again)
                    if type(result) is int:
                        return self.run(args, kwargs, tree)[0]
                    if tree.first is not path:
                        self._remember(tree)
                    return result if other.finish is None else other.finish(result)
                if result != MISMATCH and not result & RAISED:
                    raise place[0].kernel.failure(result, args, self._recipe[0])
        if self.known.nested:
            leaves, structure = apart_in_order((args, kwargs))
            for shape, order, (entry, finish, seen, place) in self.known.nested:
                if shape == structure and (
                    seen is None or seen.first_changed() is None or seen.hold()
                ):
                    given = leaves if order is None else map(leaves.__getitem__, order)
                    result = entry(*given)
                    if type(result) is not int:
                        return result if finish is None else finish(result)
                    if result != MISMATCH and not result & (GUARD_FAILED | RAISED):
                        raise place[0].kernel.failure(result, leaves, self._recipe[0])
        function, *_, direct = self._recipe
        if direct and depth():
            return function(*args, **kwargs)
        return self.run(args, kwargs)[0]

    def run(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], left: Tree | None = None
    ) -> tuple[Any, Plan]:
        """The result, and the program that computed it; no path in the tree `left` is right."""
        given = take_apart(args, kwargs)
        while True:
            try:
                result, plan = self._run(given, left)
                break
            except errors.RoomError:
                if not self.known.make_room():
                    raise
        return result if plan.writes is None else plan.writes.put(given.leaves, *result), plan

    def _run(self, given: Arguments, left: Tree | None) -> tuple[Any, Plan]:
        leaves, structure, _ = given
        if any(isinstance(x, Value) for x in leaves):
            plan = self._build(leaves, structure)
            self._say(plan.zeros, ZeroDerivativeWarning)
            return self._inline(plan, leaves), plan
        key = self._key(given)
        for tree in tuple(self.known.trees.get(key, ())):
            if tree is left or not tree.holds():
                continue
            path, result = tree.run(leaves)
            kernel = path.kernel
            if type(result) is not int:
                result = kernel.finish(result)
                self._check(result, kernel.plan, leaves)
                self._keep(key, tree)
                return result, kernel.plan
            if result == MISMATCH:
                raise CompileError(f"a kernel refused arguments that it was compiled for: {key}")
            if not result & GUARD_FAILED:
                raise kernel.failure(result, leaves, self._recipe[0])
        return self._trace(key, leaves, structure)

    def _key(self, given: Arguments) -> tuple[Any, ...]:
        """All that a kernel depends on of its arguments."""
        key = given.structure, given.order, tuple([leaf_type(x) for x in given.leaves])
        return (*key, same_arrays(given.leaves)) if self.known.writes else key

    def _trace(self, key: Any, leaves: list[Any], structure: Structure) -> tuple[Any, Plan]:
        """Trace the function anew; its program is compiled, or run in NumPy."""
        statics = () if key[1] is None else statics_of(unflatten(structure, leaves))
        found = Reads(self._recipe[0], statics, Sources())
        with reading(found):
            plan = self._build(leaves, structure)
        if any(isinstance(x, Value) for x in plan.captured):
            return self._inline(plan, leaves), plan
        if plan.writes is not None and not self.known.writes:
            self.known.writes = True
            self.known.forget_recent()
            key = (*key, plan.writes.same)
        self._say(plan.zeros, ZeroDerivativeWarning)
        restless = found.restlessness()  # asked before the call, in which SciPy itself may draw
        changing = found.changed() if restless is None else None
        if changing is not None:
            restless = f"reads and changes {changing}"
        if restless is not None:
            # A kernel would give the same numbers again.
            if changing is None or self.known.has_changed:
                warnings.warn(
                    f"{self.__name__} {restless}, and so is traced and compiled at each call; "
                    "pass what it gets there, or get it outside of the function",
                    RuntimeWarning,
                    stacklevel=users_level(),
                )
            self.known.has_changed = changing is not None  # once: it keeps what it has computed
            tree = Tree(None)
            result = self._run_new(tree, plan, leaves)
        else:
            self.known.has_changed = False
            seen = found.settle(plan.captured)
            tree = self._tree(key, Surroundings(seen) if seen else None)
            try:
                result = self._run_new(tree, plan, leaves)
            finally:
                if tree.paths:  # also where the call raises: another will not compile again
                    self._keep(key, tree)
        self._check(result, plan, leaves)
        return result, plan

    def _tree(self, key: Any, seen: Surroundings | None) -> Tree:
        """The tree of these surroundings, which hold."""
        for tree in self.known.trees.get(key, ()):
            if tree.holds() and same_state(tree.seen, seen):
                return tree
        return Tree(seen)

    def _run_new(self, tree: Tree, plan: Plan, leaves: list[Any]) -> Any:
        """The result of a path that was just traced: known after all, new, or one too many."""
        known = tree.find(plan)
        if known is None and tree.is_full():
            self._warn(tree)
        else:
            path = known or tree.add(Kernel(plan, self.options))
            result = self._call_new(path.kernel, leaves)
            if type(result) is not int:
                return result
            self._say(decided_otherwise(path.kernel.reporter(result)))
        tree.interpreted += 1
        return interpret(plan, leaves)

    def _call_new(self, kernel: Kernel, leaves: Sequence[Any]) -> Any:
        """The result of arguments for which a kernel's program was traced; its status where it
        refuses.

        Machine code rounds otherwise than NumPy, which the trace asked. Where a guard is so close
        that the two disagree, what the trace has seen counts.
        """
        result = kernel.call(leaves, self._recipe[0])
        if type(result) is int and result == MISMATCH:
            raise CompileError("a new kernel refused the arguments that it was compiled for")
        return result

    def _warn(self, tree: Tree) -> None:
        """Say, once for each branch, that it makes more paths than are compiled."""
        if not tree.has_warned:
            tree.has_warned = True
            self._say(too_many(tree))

    def _say(self, what: str, kind: type[Warning] = RuntimeWarning) -> None:
        """Warn, once in these words, of what the function does, if there is anything to say."""
        if what and what not in self.known.warned:
            self.known.warned.add(what)
            warnings.warn(f"{self.__name__} {what}", kind, stacklevel=users_level())

    def _check(self, result: Any, plan: Plan, leaves: Sequence[Any]) -> None:
        if is_debugging():
            check_finite(result, plan, leaves)

    def _keep(self, key: Any, tree: Tree) -> None:
        """Make a tree the first to be tried for its shapes, and evict what is long unused."""
        known = self.known
        with known.lock:
            others = (x for x in known.trees.get(key, ()) if x is not tree)
            known.trees[key] = [tree, *others][:MAX_STATES]
            known.trees.move_to_end(key)
            while len(known.trees) > MAX_KERNELS:
                known.trees.popitem(last=False)
            # A kernel for a Python int takes an np.int64 too, which promotes otherwise, and one for
            # an array whose first axis runs fastest takes one whose last does.
            leaves = key[2]
            strict = all(
                not leaf.fortran and (leaf.dtype.kind in "fc" or not leaf.weak) for leaf in leaves
            )
            if not strict or is_debugging() or known.writes:
                return
            # The entry sees leaves only: f((x,)) and f(x) would be one to it.
            order = key[1]
            if order is None:
                self._remember(tree)
            elif len(order) == 1:
                places = rearranged(order[0])
                moved = None if places == tuple(range(len(places))) else places
                rest = (item for item in known.nested if item[2][3][1] is not tree)
                known.nested = ((order[0], moved, _recent(tree)), *rest)[:RECENT]

    def _remember(self, tree: Tree) -> None:
        """Have the next call begin with the first path of this tree."""
        others = (recent for recent in self.known.recent if recent[3][1] is not tree)
        self.known.recent = (_recent(tree), *others)[:RECENT]

    def trees(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Sequence[Tree]:
        """The paths known for arguments like these, in each state of the surroundings."""
        return tuple(self.known.trees.get(self._key(take_apart(args, kwargs)), ()))

    def kernel(self, args: tuple[Any, ...], kwargs: dict[str, Any], **options: Any) -> Kernel:
        """The kernel for arguments like these, with options of `Kernel`'s."""
        given = take_apart(args, kwargs)
        plan, effects = self._without_effects(given.leaves, given.structure)
        self._say(plan.zeros, ZeroDerivativeWarning)
        if effects is not None:
            self._say(effects.said_of_kernels())
        return Kernel(plan, self.options, arguments=given[1:], function=self._recipe[0], **options)

    def plan(self, *args: Any, **kwargs: Any) -> Plan:
        """The program for arguments like these, before any pass."""
        given = take_apart(args, kwargs)
        return self._without_effects(given.leaves, given.structure)[0]

    def watched(self) -> Iterator[Read]:
        """What the function has read, in every state of its surroundings that is now."""
        for trees in tuple(self.known.trees.values()):
            for tree in trees:
                if tree.seen is not None and tree.holds():
                    yield from tree.seen.reads

    # -- within another trace ----------------------------------------------------------------------

    def _inline(self, plan: Plan, leaves: list[Any]) -> Any:
        """Put the program onto the tape that the arguments or captured values belong to."""
        operands = [*leaves, *plan.captured]
        if any(isinstance(x, Value) and x.builder.closed for x in leaves):
            raise TraceError(
                "an argument is a traced value of a function that has ended",
                remedy="return what is needed from the function in place of storing it elsewhere",
            )
        builder = innermost(operands)
        if plan.values != len(plan.tape):
            note_derivatives()
        results = inline(builder, plan.tape, [lift(builder, x) for x in operands])
        return plan.result(results)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: bound to the instance."""
        return self if instance is None else MethodType(self, instance)

    def __eq__(self, other: object) -> bool:
        """As an argument, or a part of one, it is what is known of its function."""
        return isinstance(other, Transformed) and other.known is self.known

    def __hash__(self) -> int:
        return hash(self.known)

    def __reduce__(self) -> tuple[Any, ...]:
        return by_name(self, self.__wrapped__) or (Transformed, self._recipe)

    def __repr__(self) -> str:
        function, program, *_ = self._recipe
        return f"<{program.__name__} of {function!r}>"


def transformed(
    function: Callable[..., Any],
    program: Callable[..., Build],
    options: tuple[Any, ...] = (),
    code: Options = DEFAULT,
    *,
    direct: bool = False,
    owner: Callable[..., Any] | None = None,
    request: Any = None,
) -> Transformed[..., Any]:
    """A function under a transform, with what is known of it from earlier requests.

    `owner`, where it is not the function itself, is the user's function that all is kept with; the
    `request` then says what the function makes of it.
    """
    if not callable(function):
        raise TraceError(
            f"{function!r} is not a function", remedy="pass the function itself, not its result"
        )
    holder: Any = function if owner is None else owner
    holder = holder.known if type(holder) is Transformed else holder
    # The usual options are not part of the request: to hash them takes as long as all else.
    known = known_of(holder, (program, options, code is DEFAULT or code, request))
    return Transformed(function, program, options, code, direct, known)


def _recent(tree: Tree) -> Recent:
    """The first path of a tree as it is called at once."""
    path = tree.first
    return path.entry, path.finish, tree.seen, (path, tree)
