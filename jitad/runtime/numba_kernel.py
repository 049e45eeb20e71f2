"""A kernel as a Numba function: a door to its machine code, callable from @njit code.

Shapes are checked in compiled code, arrays that are not contiguous copied beside the temporaries,
results allocated there or passed in; neither Python nor the GIL is needed. Where there is no
result, what was to hold it is NaN, the failure is counted, and an error is raised if it is to be:
Numba loses errors of what its parallel loops call.

The code holds addresses, so Numba, which is told of them, keeps no function that calls it on disk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np import arrayobj
from numba.np.numpy_support import from_dtype

from jitad.codegen.status import OUT_OF_MEMORY, PLACE, RAISED, SHARED_MEMORY, WRONG_SHAPE
from jitad.frontend.trace import Leaf
from jitad.ir.errors import JitadError
from jitad.ir.op import BOOL, DType, Shape
from jitad.ir.tape import Instr
from jitad.runtime.entry import FAILURES, LAST_FAILURE
from jitad.runtime.failure import as_constants
from jitad.runtime.numba_types import (
    I1,
    I8,
    I64,
    POINTER,
    as_i1,
    itemsize,
    nbytes,
    pointer,
    result_type,
    scalar,
)
from jitad.runtime.services import ARENAS, FEW_PAIRS, STACK_ARENA, service, shelf

if TYPE_CHECKING:
    from jitad.runtime.kernel import Kernel

_ALIGN = 64
_MOST_ERRORS = 32
"""Errors of a kernel that differ by their lines, up to which each is raised with its own."""


def numba_function(kernel: Kernel, *, allocate: bool = True) -> Any:
    """A Numba dispatcher of the kernel; with `allocate` False, results are written to arguments."""
    emitter = _Emitter(kernel, allocate)

    @intrinsic
    def call(typing_context: Any, args: Any) -> Any:  # type: ignore[no-untyped-def]  # typed by Numba
        emitter.check_types(args.types)
        return emitter.return_type()(args), emitter.emit

    @numba.njit(nogil=True)
    def kernel_function(*args: Any) -> Any:
        return call(args)  # pyright: ignore[reportCallIssue]  # the context is Numba's

    return kernel_function


class _Emitter:
    """Types the call, and emits it into the module that Numba is building."""

    def __init__(self, kernel: Kernel, allocate: bool) -> None:
        self.kernel = kernel
        self.code = kernel.code
        self.leaves: Sequence[Leaf] = kernel.plan.leaves
        self.results: list[Instr] = [kernel.tape.instrs[i] for i in kernel.tape.outputs]
        self.allocate = allocate

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Emitter, (self.kernel, self.allocate))

    # -- types -------------------------------------------------------------------------------------

    def check_types(self, given: Sequence[Any]) -> None:
        """A TypingError where the arguments are not of the kernel's types."""
        wanted = [(leaf.shape, leaf.dtype) for leaf in self.leaves]
        if not self.allocate:
            wanted += [(instr.shape, instr.dtype) for instr in self.results]
        if len(given) != len(wanted):
            raise TypingError(f"the kernel takes {len(wanted)} arguments, not {len(given)}")
        for k, (kind, (shape, dtype)) in enumerate(zip(given, wanted, strict=True)):
            scalar = shape == () and k < len(self.leaves)
            if scalar and isinstance(kind, (types.Number, types.Boolean)):
                continue
            is_array = isinstance(kind, types.Array) and kind.dtype == from_dtype(dtype)
            if not is_array or (not scalar and kind.ndim != len(shape)):
                raise TypingError(
                    f"argument {k} of the kernel is {kind}; it was compiled for an array of "
                    f"shape {shape} and dtype {dtype}"
                )
            fits = kind.layout == "C" and kind.mutable and kind.aligned
            if k >= len(self.leaves) and not fits:
                raise TypingError(f"argument {k} of the kernel receives a result: {kind} cannot")

    def return_type(self) -> Any:
        """One result, a tuple of several, or None where they are written to arguments."""
        if not self.allocate:
            return types.none
        kinds = [result_type(instr) for instr in self.results]
        return kinds[0] if len(kinds) == 1 else types.Tuple(kinds)

    def emit(self, context: Any, builder: Any, signature: Any, args: Any) -> Any:
        """Numba's code generator for the call."""
        given = cgutils.unpack_tuple(builder, args[0])
        return _KernelCall(self, context, builder).emit(signature, given)


class _KernelCall:
    """Writes one call of a kernel."""

    def __init__(self, emitter: _Emitter, context: Any, builder: Any) -> None:
        self.emitter = emitter
        self.kernel = emitter.kernel
        self.context = context
        self.builder = builder
        self.fits: Any = I1(1)
        self.size = -(-emitter.code.arena // _ALIGN) * _ALIGN
        self.strided: list[tuple[int, Any]] = []

    def emit(self, signature: Any, given: list[Any]) -> Any:
        """The call; its results."""
        emitter, b = self.emitter, self.builder
        kinds, count = list(signature.args[0].types), len(emitter.leaves)
        self._own()
        sources = [
            self._source(leaf.shape, kind, x)
            for leaf, kind, x in zip(emitter.leaves, kinds, given, strict=False)
        ]
        made = [self._allocate(instr) for instr in emitter.results] if emitter.allocate else []
        targets, arguments_fit = [data for _, data in made], self.fits
        if not emitter.allocate:
            self.fits = I1(1)
            places = zip(emitter.results, kinds[count:], given[count:], strict=True)
            targets = [self._array(instr.shape, kind, x) for instr, kind, x in places]
        self.targets_fit = I1(1) if emitter.allocate else self.fits
        self.fits = b.and_(arguments_fit, self.targets_fit)
        status = cgutils.alloca_once_value(b, I64(0))
        self._refuse_where(status, b.not_(self.fits), WRONG_SHAPE)
        for (array, data), instr in zip(made, emitter.results, strict=False):
            if array is not None and math.prod(instr.shape):
                self._refuse_where(status, cgutils.is_null(b, data), OUT_OF_MEMORY)
        with b.if_then(b.icmp_signed("==", b.load(status), I64(0)), likely=True):
            self._run(status, sources, targets)
        with b.if_then(b.icmp_signed("!=", b.load(status), I64(0)), likely=False):
            self._fail(b.load(status), made, targets, list(zip(kinds, given, strict=True)))
        if not emitter.allocate:
            return self.context.get_dummy_value()
        values = [
            array._getvalue() if array is not None else self._loaded(instr.dtype, data)
            for instr, (array, data) in zip(emitter.results, made, strict=True)
        ]
        return values[0] if len(values) == 1 else self.context.make_tuple(
            b, signature.return_type, values
        )  # fmt: skip

    def _own(self) -> None:
        """Have the compiled function keep the kernel, and Numba keep it in memory only."""
        library = self.context.active_code_library
        vars(library).setdefault("jitad_kernels", []).append(self.kernel)
        self.body = self.context.add_dynamic_addr(self.builder, self.kernel.address, "jitad")

    # -- arguments ---------------------------------------------------------------------------------

    def _source(self, shape: Shape, kind: Any, value: Any) -> tuple[Any, Any, Any]:
        """An argument: its type, and its value or where its data lie; what is not contiguous is
        copied to an offset in the arena."""
        if not isinstance(kind, types.Array):
            return kind, value, None
        pointer = self._array(shape, kind, value)
        if shape == () or (kind.layout == "C" and kind.aligned):
            return kind, pointer, None
        offset = self.size
        self.size += -(-math.prod(shape) * itemsize(kind) // _ALIGN) * _ALIGN
        return kind, pointer, (offset, shape, self._strides(kind, value))

    def _array(self, shape: Shape, kind: Any, value: Any) -> Any:
        """The data of an array, whose shape is checked."""
        b = self.builder
        array = self.context.make_array(kind)(self.context, b, value)
        sizes = cgutils.unpack_tuple(b, array.shape)
        for size, n in zip(sizes, shape, strict=False):
            self.fits = b.and_(self.fits, b.icmp_signed("==", size, size.type(n)))
        if kind.ndim != len(shape):  # one element where a number is wanted
            for size in sizes:
                self.fits = b.and_(self.fits, b.icmp_signed("==", size, size.type(1)))
        return b.bitcast(array.data, POINTER)

    def _strides(self, kind: Any, value: Any) -> list[Any]:
        array = self.context.make_array(kind)(self.context, self.builder, value)
        return cgutils.unpack_tuple(self.builder, array.strides)

    def _passed(self, leaf: Leaf, source: tuple[Any, Any, Any], arena: Any) -> Any:
        """How an argument is passed to the body."""
        b, (kind, value, copy) = self.builder, source
        if copy is not None:
            offset, shape, strides = copy
            target = b.gep(arena, [I64(offset)])
            self._copy(target, value, shape, strides, itemsize(kind))
            value = target
        if leaf.shape != ():
            return value
        if isinstance(kind, types.Array):
            return self._loaded(leaf.dtype, value)
        scalar = self.context.cast(b, value, kind, from_dtype(leaf.dtype))
        return as_i1(b, scalar) if leaf.dtype == BOOL else scalar

    def _copy(self, target: Any, source: Any, shape: Shape, strides: list[Any], size: int) -> None:
        """Copy an array of any strides, element by element, to contiguous memory."""
        b, word = self.builder, ir.IntType(8 * min(size, 8)).as_pointer()
        with cgutils.loop_nest(b, [I64(n) for n in shape], I64) as indices:
            place, step = source, I64(0)
            for i, n, stride in zip(indices, shape, strides, strict=True):
                place = b.gep(place, [b.mul(i, stride)])
                step = b.add(b.mul(step, I64(n)), i)
            into = b.gep(target, [b.mul(step, I64(size))])
            for start in range(0, size, 8):
                read = b.bitcast(b.gep(place, [I64(start)]), word)
                b.store(b.load(read, align=1), b.bitcast(b.gep(into, [I64(start)]), word))

    # -- the call ----------------------------------------------------------------------------------

    def _run(self, status: Any, sources: list[Any], targets: list[Any]) -> None:
        """Call the body with memory for its temporaries; store its status."""
        b = self.builder
        arena = self._arena()
        if self.size > STACK_ARENA:
            self._refuse_where(status, cgutils.is_null(b, arena), OUT_OF_MEMORY)
        with b.if_then(b.icmp_signed("==", b.load(status), I64(0)), likely=True):
            leaves = zip(self.emitter.leaves, sources, strict=True)
            passed = [self._passed(leaf, source, arena) for leaf, source in leaves]
            passed += [self._captured(x) for x in self.kernel.captured]
            if not self.emitter.allocate:
                self._refuse_where(status, b.not_(self._apart(passed, targets)), SHARED_MEMORY)
            with b.if_then(b.icmp_signed("==", b.load(status), I64(0)), likely=True):
                arguments = [*passed, *targets, arena]
                if self.emitter.code.is_wide:
                    arguments = [self._table(passed), self._table(targets), arena]
                kind = ir.FunctionType(I64, [x.type for x in arguments])
                b.store(b.call(b.bitcast(self.body, kind.as_pointer()), arguments), status)
            if self.size > STACK_ARENA:
                place, room = shelf(self.size)
                slots = pointer(ARENAS + place)
                self._service("give", ir.VoidType(), slots, I64(room), arena)

    def _table(self, values: list[Any]) -> Any:
        """Numbers and pointers in a table of 16 bytes for each."""
        b = self.builder
        table = cgutils.alloca_once(b, I8, size=I64(16 * len(values)))
        for k, x in enumerate(values):
            x = b.zext(x, I8) if x.type == I1 else x
            b.store(x, b.bitcast(b.gep(table, [I64(16 * k)]), x.type.as_pointer()), align=1)
        return table

    def _arena(self) -> Any:
        b = self.builder
        if self.size > STACK_ARENA:
            place, room = shelf(self.size)
            return self._service("take", POINTER, pointer(ARENAS + place), I64(room))
        # As one array it would be filled with zeros, by as many stores as there are bytes.
        stack = b.ptrtoint(cgutils.alloca_once(b, I8, size=I64(self.size + _ALIGN)), I64)
        return b.inttoptr(b.and_(b.add(stack, I64(_ALIGN - 1)), I64(-_ALIGN)), POINTER)

    def _service(self, name: str, result: Any, *arguments: Any) -> Any:
        kind = ir.FunctionType(result, [x.type for x in arguments]).as_pointer()
        address = cgutils.alloca_once_value(self.builder, I64(service(name)))
        function = self.builder.inttoptr(self.builder.load(address), kind)
        return self.builder.call(function, arguments)

    def _apart(self, passed: list[Any], targets: list[Any]) -> Any:
        """Whether the memory of each result is nobody else's."""
        b, tape = self.builder, self.kernel.tape
        instrs = [tape.instrs[i] for i in (*tape.inputs, *tape.outputs)]
        pairs = zip([*passed, *targets], instrs, strict=True)
        met = [(x, nbytes(instr)) for x, instr in pairs if x.type == POINTER]
        if len(met) * len(targets) <= FEW_PAIRS:
            return self._few_apart(met, len(met) - len(targets))
        table = cgutils.alloca_once(b, POINTER, size=I64(2 * len(met)))
        for k, (x, size) in enumerate(met):
            b.store(x, b.gep(table, [I64(2 * k)]))
            b.store(b.gep(x, [I64(size)]), b.gep(table, [I64(2 * k + 1)]))
        return self._service("apart", I1, table, I64(len(met)), I64(len(targets)))

    def _few_apart(self, met: list[tuple[Any, int]], first: int) -> Any:
        """The same, each pair by itself, so that a loop over calls asks once."""
        b, good = self.builder, I1(1)
        ends = [(b.ptrtoint(x, I64), I64(size)) for x, size in met]
        for k in range(first, len(ends)):
            start, size = ends[k]
            for other, length in ends[:k]:
                below = b.icmp_unsigned("<=", b.add(start, size), other)
                above = b.icmp_unsigned("<=", b.add(other, length), start)
                good = b.and_(good, b.or_(below, above))
        return good

    def _captured(self, x: np.ndarray) -> Any:
        data = pointer(x.ctypes.data)
        return data if x.shape != () else self._loaded(x.dtype, data)

    def _loaded(self, dtype: DType, pointer: Any) -> Any:
        place = self.builder.bitcast(pointer, scalar(dtype).as_pointer())
        loaded = self.builder.load(place, align=1)
        return as_i1(self.builder, loaded) if dtype == BOOL else loaded

    def _allocate(self, instr: Instr) -> tuple[Any, Any]:
        """A result: a new array, or None for a number; and where its data lie."""
        b, context = self.builder, self.context
        if instr.shape == ():
            return None, b.bitcast(cgutils.alloca_once(b, scalar(instr.dtype)), POINTER)
        kind = result_type(instr)
        align = ir.IntType(32)(context.get_preferred_array_alignment(kind.dtype))
        meminfo = context.nrt.meminfo_alloc_aligned_unchecked(b, I64(nbytes(instr)), align)
        data = cgutils.alloca_once_value(b, POINTER(None))
        with b.if_then(cgutils.is_not_null(b, meminfo), likely=True):
            b.store(context.nrt.meminfo_data(b, meminfo), data)
        array = context.make_array(kind)(context, b)
        size, strides = instr.dtype.itemsize, list[int]()
        for n in reversed(instr.shape):
            strides.insert(0, size)
            size *= n
        data = b.load(data)
        arrayobj.populate_array(
            array,
            data=b.bitcast(data, context.get_data_type(kind.dtype).as_pointer()),
            shape=cgutils.pack_array(b, [I64(n) for n in instr.shape], ty=I64),
            strides=cgutils.pack_array(b, [I64(n) for n in strides], ty=I64),
            itemsize=I64(instr.dtype.itemsize),
            meminfo=meminfo,
        )
        return array, data

    # -- failures ----------------------------------------------------------------------------------

    def _refuse_where(self, status: Any, condition: Any, bit: int) -> None:
        b = self.builder
        b.store(b.select(condition, I64(bit), b.load(status)), status)

    def _fail(
        self,
        status: Any,
        made: list[tuple[Any, Any]],
        targets: list[Any],
        arguments: list[tuple[Any, Any]],
    ) -> None:
        """Note a status; no results; raise what it says, unless it is to be silent."""
        b = self.builder
        memory = self.kernel.entry.__self__.ctypes.data
        b.atomic_rmw("add", pointer(memory + 8 * FAILURES, I64), I64(1), "monotonic")
        b.store(status, pointer(memory + 8 * LAST_FAILURE, I64))
        for instr, data in zip(self.emitter.results, targets, strict=True):
            with b.if_then(b.and_(self.targets_fit, cgutils.is_not_null(b, data))):
                fill = I8(0xFF if instr.dtype.kind in "fc" else 0)
                cgutils.memset(b, data, I64(nbytes(instr)), fill)
        silent = self.kernel.on_failure == "nan"
        no_memory = b.icmp_signed("==", status, I64(OUT_OF_MEMORY))
        with b.if_then(no_memory if silent else I1(1), likely=False):
            for instr, (array, _) in zip(self.emitter.results, made, strict=False):
                if array is not None:
                    self.context.nrt.decref(b, result_type(instr), array._getvalue())
            # Numba's own code would let go of them only where nothing is raised.
            for kind, x in arguments:
                self.context.nrt.decref(b, kind, x)
            self._raise(status)

    def _raise(self, status: Any) -> None:
        """Raise what a status says: Numba has the errors that code raises in it as constants."""
        b, code = self.builder, self.kernel.code
        lines = len({instr.line for instr in code.reported}) <= _MOST_ERRORS
        errors: dict[str, tuple[Any, list[int]]] = {}
        for word in (*code.words, WRONG_SHAPE, SHARED_MEMORY, OUT_OF_MEMORY):
            instr = self.kernel.reporter(word) if lines or word & RAISED else None
            error = as_constants(word % PLACE, instr)
            errors.setdefault(repr(error), (error, []))[1].append(word)
        unknown = b.append_basic_block()
        switch = b.switch(status, unknown)
        for (kind, given), known in errors.values():
            block = b.append_basic_block()
            for word in known:
                switch.add_case(I64(word), block)
            b.position_at_end(block)
            self.context.call_conv.return_user_exc(b, kind, given)
        b.position_at_end(unknown)
        self.context.call_conv.return_user_exc(b, JitadError, ("the kernel has failed",))
