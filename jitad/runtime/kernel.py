"""A compiled tape: callable from Python on flat arguments, from Numba code, and by address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jitad.codegen.options import DEFAULT, Options
from jitad.codegen.status import GUARD_FAILED, PLACE, RAISED
from jitad.frontend.pytree import Nodes, Structure, shown, unflatten
from jitad.frontend.trace import leaf_type
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import native
from jitad.ir.tape import Instr
from jitad.ir.value import Value
from jitad.runtime.arguments import canonical, fitted, take_apart
from jitad.runtime.bound import bound
from jitad.runtime.compile import load, module_asm, module_llvm
from jitad.runtime.cpython import make_function
from jitad.runtime.debug import check_finite
from jitad.runtime.doors import door_of
from jitad.runtime.entry import BODY, CALLS, FAILURES, LAST_FAILURE, MISMATCH
from jitad.runtime.failure import failure, said_by
from jitad.runtime.plan import Plan
from jitad.runtime.shared import compiled
from jitad.runtime.targets import dense, targets_of
from jitad.runtime.team import provide_threads


class Kernel:
    """Machine code for one function at fixed shapes and dtypes.

    Call it with the arguments that it was compiled for (arrays, numbers, pytrees of them).
    Attributes:
        njit: the kernel as a Numba function, for use in `@njit` code. It takes the leaves of the
            arguments and returns the leaves of the result (one, or a tuple), newly allocated.
        njit_out: the same, with an array for each leaf of the result as further arguments, into
            which it is written; returns None.
        debug: whether results are checked, so that infinite and NaN ones raise NonFiniteError.
        on_failure: what the Numba functions do where there is no result: "raise", or "nan" and
            leave it to `failures` and `last_failure` to say so.
        address: the address of the C function `int64 body(inputs..., outputs..., arena)`; of more
            than 96 inputs and outputs, `int64 body(inputs, outputs, arena)`, tables of them with
            16 bytes for each.
    """

    def __init__(
        self,
        plan: Plan,
        options: Options = DEFAULT,
        *,
        debug: bool = False,
        arguments: tuple[Structure, Any] | None = None,
        on_failure: str = "raise",
        function: Callable[..., Any] | None = None,
    ) -> None:
        self.plan = plan
        self._function = function
        self.on_failure = on_failure
        self.arguments = arguments
        self.options = options
        self.debug = debug
        if options.parallel:
            provide_threads()
        self.captured = tuple(_by_reference(x) for x in plan.captured)
        shared = compiled(plan.tape, plan.leaves, options)
        self.tape, self.code, self._machine = shared.tape, shared.code, shared.machine
        address = self._machine.address("entry")
        self.entry = make_function(address, "jitad_kernel", (shared, *self.captured), self._memory)
        self._entry_out: Any = None
        self._doors: dict[str, Any] = {}
        self.is_plain = plan.effects is None and _is_plain(plan.structure)
        known = arguments is not None and arguments[1] is None
        self._is_direct = known and not debug and plan.writes is None

    def __call__(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        """The result for arguments of the shapes and dtypes that were compiled.

        `out` are arrays, as the result is made of, into which it is written; they are returned.
        They must be contiguous and share no memory with the arguments, nor with each other.
        """
        # The entries check what they are given, and refuse what they cannot take as it is.
        if self._is_direct and not kwargs:
            if out is None:
                result = self.entry(*args)
                if type(result) is not int:
                    return result if self.is_plain else self.finish(result)
                if result != MISMATCH:
                    raise self.failure(result, args)
            elif self.is_plain:
                targets = out if type(out) is tuple else (out,)
                result = (self._entry_out or self._make_entry_out())(*args, *targets)
                if result is None:
                    return out
                if result != MISMATCH:
                    raise self.failure(result, args)
        given = self._leaves(args, kwargs)
        leaves = [fitted(x, leaf) for x, leaf in zip(given, self.plan.leaves, strict=False)]
        result = self.call(leaves) if out is None else self._call_out(leaves, out)
        if type(result) is not int:
            if self.debug:
                check_finite(result, self.plan, leaves)
            writes = self.plan.writes
            return result if writes is None else writes.put(given, *result)
        if result & GUARD_FAILED:
            self._fail(result)
        raise self._mismatch(leaves)

    def _mismatch(self, leaves: Sequence[Any]) -> ShapeError:
        got = ", ".join(str(leaf_type(x)) for x in leaves)
        want = ", ".join(str(leaf) for leaf in self.plan.leaves)
        return ShapeError(
            f"the kernel was compiled for ({want}) and called with ({got})",
            remedy="pass arguments of those shapes and dtypes, compile another kernel for these, "
            "or call jitad.jit(f), which compiles as it must",
        )

    def _leaves(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The leaves of arguments that have the structure which was compiled for."""
        leaves, structure, order = take_apart(args, kwargs)
        if self.arguments is None or (structure, order) == self.arguments:
            for x in leaves:
                if isinstance(x, Value):
                    raise TraceError(
                        "a kernel was called with a traced value: it is machine code, and is not "
                        "traced",
                        remedy="call the function itself, or jitad.jit of it",
                    )
                leaf_type(x)
            return leaves
        if structure == self.arguments[0]:
            raise ShapeError(
                "the kernel was compiled for dicts whose keys came in another order, or were of "
                "other types, and the function may see that",
                remedy="pass dicts and named arguments in the order that was compiled for",
            )
        raise ShapeError(
            f"the kernel was compiled for the arguments {_called(self.arguments[0])} and called "
            f"with {_called(structure)}",
            remedy="pass as many arguments, positional or named, as it was compiled for",
        )

    def bind(self, *args: Any, out: Any = None, **kwargs: Any) -> Callable[[], Any]:
        """The call with these very arrays as a function of nothing, for loops that change them.

        Args:
            args, kwargs: contiguous arrays of the types that were compiled for, and numbers. What
                is to change from call to call is an array, of shape () for a number.
            out: arrays, as the result is made of, into which each call writes; by itself new ones.

        Returns:
            A function that reads the arrays as they are then, and returns `out`. It neither checks
            nor allocates anything.

        >>> import numpy as np, jitad
        >>> x = np.array([1.0, 2.0])
        >>> gradient = jitad.compile(jitad.grad(lambda x: np.sum(x**2)), x).bind(x)
        >>> for _ in range(3):
        ...     x -= 0.25 * gradient()
        >>> x
        array([0.125, 0.25 ])
        """
        if self.plan.writes is not None:
            raise ShapeError(
                "bind of a function that writes to its arguments",
                remedy="let it return what it writes, or call the kernel",
            )
        leaves = self._leaves(args, kwargs)
        types = [(x.shape, native(x.dtype)) for x in map(np.asarray, leaves)]
        if types != [(leaf.shape, leaf.dtype) for leaf in self.plan.leaves]:
            raise self._mismatch(leaves)
        inputs = [x if isinstance(x, np.ndarray) else np.array(canonical(x)) for x in leaves]
        if not all(x.flags.c_contiguous and x.flags.aligned and x.dtype.isnative for x in inputs):
            raise ShapeError(
                "bind takes arrays whose elements lie side by side, in this machine's order of "
                "bytes, for it makes no copies",
                remedy="pass np.ascontiguousarray(x, x.dtype.newbyteorder('='))",
            )
        if out is None:
            instrs = [self.tape.instrs[i] for i in self.tape.outputs]
            out = unflatten(self.plan.structure, [np.zeros(x.shape, x.dtype) for x in instrs])
        targets = self._targets(out, inputs)
        arrays = [*inputs, *self.captured]
        return bound(self.tape, self.code, self.address, arrays, targets, out, self._fail)

    def _fail(self, status: int) -> None:
        """Raise what a status says."""
        raise self.failure(status)

    def call(self, leaves: Sequence[Any], function: Callable[..., Any] | None = None) -> Any:
        """The result of flat arguments, or the int MISMATCH, or a status with GUARD_FAILED."""
        result = self.entry(*(canonical(x) for x in leaves))
        if type(result) is not int:
            return self.finish(result)
        if result == MISMATCH or result & GUARD_FAILED:
            return result
        raise self.failure(result, leaves, function)

    def _call_out(self, leaves: Sequence[Any], out: Any) -> Any:
        """`call` into arrays that are given, which are the result."""
        arrays = [canonical(x) for x in leaves]
        targets = self._targets(out, arrays)
        result = (self._entry_out or self._make_entry_out())(*arrays, *targets)
        if result is None:
            return out
        if result == MISMATCH or result & GUARD_FAILED:
            return result
        raise self.failure(result, arrays)

    def _targets(self, out: Any, arguments: Sequence[Any]) -> list[np.ndarray]:
        """The leaves of `out`, which fit the result and share memory with nothing else."""
        instrs = [self.tape.instrs[i] for i in self.tape.outputs]
        types = [(instr.shape, instr.dtype) for instr in instrs]
        targets = targets_of(out, self.plan.structure, types, dense)
        others = [x for x in (*arguments, *self.captured) if isinstance(x, np.ndarray)]
        for k, x in enumerate(targets):
            if any(np.may_share_memory(x, y) for y in (*others, *targets[:k])):
                raise ShapeError(
                    "out= shares memory with an argument, an array that is closed over, or another "
                    "result",
                    remedy="write into another array, and copy",
                )
        return [np.asarray(x) for x in targets]

    def _make_entry_out(self) -> Any:
        """The entry that takes arrays for the results."""
        door = door_of(self.tape, self.code, self.plan.leaves, are_given=True)
        machine = load(replace(self.code, text=""), door)
        keep = (machine, self._machine, self.captured)
        self._entry_out = make_function(
            machine.address("entry"), "jitad_kernel_out", keep, self._memory
        )
        return self._entry_out

    @property
    def _memory(self) -> list[int]:
        """What the memory of an entry begins with."""
        return [0] * BODY + [self.address, *(x.ctypes.data for x in self.captured)]

    @property
    def calls(self) -> int:
        """How many calls from Python have given a result."""
        return int(self.entry.__self__[CALLS])

    @property
    def failures(self) -> int:
        """How many calls from Numba's code, by `njit` and `njit_out`, have failed."""
        return int(self.entry.__self__[FAILURES])

    @property
    def last_failure(self) -> BaseException | None:
        """What the last such call would raise, or has raised; None where none has failed."""
        status = int(self.entry.__self__[LAST_FAILURE])
        return self.failure(status) if status else None

    def reporter(self, status: int) -> Instr | None:
        """The instruction that a status names, if it does."""
        return self.code.reported[status // PLACE - 1] if status >= PLACE else None

    def failure(
        self,
        status: int,
        leaves: Sequence[Any] | None = None,
        function: Callable[..., Any] | None = None,
    ) -> BaseException:
        """What the body reports, as an exception; of those leaves, what the function says."""
        instr, function = self.reporter(status), function or self._function
        asked = self.plan.asked
        if status & RAISED and function is not None and asked is not None and leaves is not None:
            assert instr is not None
            return said_by(instr.params[1], function, asked, leaves)
        return failure(status % PLACE, instr)

    def finish(self, result: Any) -> Any:
        """The result's pytree from what the entry returns."""
        if self.is_plain:
            return result
        many = len(self.tape.outputs) != 1
        return self.plan.result(result if many else (result,))

    @property
    def njit(self) -> Any:
        return self._door("njit")

    @property
    def njit_out(self) -> Any:
        return self._door("njit_out")

    def _door(self, name: str) -> Any:
        """The Numba function of that name, made once."""
        from jitad.runtime.numba_kernel import numba_function

        if name not in self._doors:
            self._doors[name] = numba_function(self, allocate=name == "njit")
        return self._doors[name]

    @property
    def address(self) -> int:
        return self._machine.address(self.code.name)

    def inspect_llvm(self) -> str:
        """The LLVM IR after LLVM's own optimisation."""
        return module_llvm(self.code)

    def inspect_asm(self) -> str:
        """The assembly of the kernel on this processor."""
        return module_asm(self.code)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        plan = replace(self.plan, companion=None)
        given = None if self.arguments is None else self.arguments[0]
        nodes = Nodes(plan.structure, given)
        options = {"debug": self.debug, "on_failure": self.on_failure, "arguments": self.arguments}
        return (_kernel, (nodes, plan, self.options, options))

    def __repr__(self) -> str:
        return f"<Kernel {self.plan.tape!r}>"


def _kernel(nodes: None, plan: Plan, code: Options, options: dict[str, Any]) -> Kernel:
    return Kernel(plan, code, **options)


def _by_reference(x: np.ndarray) -> np.ndarray:
    """A captured array, which the kernel reads where it lies."""
    if not x.dtype.isnative:
        raise TraceError(
            f"the function closes over an array of {x.dtype}, another order of bytes",
            remedy="close over x.astype(x.dtype.newbyteorder('=')), or pass x as an argument",
        )
    if not x.flags.aligned:
        raise TraceError(
            f"the function closes over an array of shape {x.shape} whose elements are not aligned",
            remedy="close over x.copy(), or pass x as an argument",
        )
    return x


def _called(structure: Structure) -> str:
    args, kwargs = map(shown, structure.children())
    return args if kwargs == "{}" else f"{args} and {kwargs}"


def _is_plain(structure: Structure) -> bool:
    """Whether the entry's result is the result: a leaf, or a tuple of leaves."""
    if structure.is_leaf():
        return True
    children = structure.children()
    return structure.type is tuple and len(children) > 1 and all(c.is_leaf() for c in children)
