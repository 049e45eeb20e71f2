"""A kernel as a Numba function: its LLVM IR inside an intrinsic, callable from @njit code.

Shapes are checked in compiled code, results allocated there or passed in; neither Python nor the
GIL is needed. Arrays that the function closes over are read where they lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np import arrayobj
from numba.np.numpy_support import from_dtype

from jitad.codegen.llvm import Code
from jitad.codegen.status import GUARD_FAILED, OUT_OF_BOUNDS
from jitad.frontend.trace import Leaf
from jitad.ir.errors import LinearAlgebraError, ShapeError, TraceError
from jitad.ir.op import BOOL, REAL_OF, Shape
from jitad.ir.tape import Instr, Tape

_STACK_ARENA = 32 * 1024
_I64 = ir.IntType(64)
_POINTER = ir.IntType(8).as_pointer()


def numba_function(
    tape: Tape,
    code: Code,
    leaves: Sequence[Leaf],
    captured: Sequence[Any],
    *,
    allocate: bool = True,
) -> Any:
    """A Numba dispatcher of the kernel; with `allocate` False, results are written to arguments."""
    results = [tape.instrs[i] for i in tape.outputs]
    emitter = _Emitter(code, leaves, captured, results, allocate)

    @intrinsic
    def call(typing_context: Any, args: Any) -> Any:  # type: ignore[no-untyped-def]  # typed by Numba
        emitter.check_types(args.types)
        return emitter.return_type()(args), emitter.emit

    @numba.njit(nogil=True)
    def kernel(*args: Any) -> Any:
        return call(args)  # pyright: ignore[reportCallIssue]  # the context is Numba's

    return kernel


class _Emitter:
    """Types the call, and emits it into the module that Numba is building."""

    def __init__(
        self,
        code: Code,
        leaves: Sequence[Leaf],
        captured: Sequence[Any],
        results: Sequence[Instr],
        allocate: bool,
    ) -> None:
        self.code = code
        self.leaves = leaves
        self.captured = captured
        self.results = results
        self.allocate = allocate

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
            if k >= len(self.leaves) and (kind.layout != "C" or not kind.mutable):
                raise TypingError(f"argument {k} of the kernel receives a result: {kind} cannot")

    def return_type(self) -> Any:
        """One result, a tuple of several, or None where they are written to arguments."""
        if not self.allocate:
            return types.none
        kinds = [self._result_type(instr) for instr in self.results]
        return kinds[0] if len(kinds) == 1 else types.Tuple(kinds)

    def _result_type(self, instr: Instr) -> Any:
        scalar = from_dtype(instr.dtype)
        return types.Array(scalar, len(instr.shape), "C") if instr.shape else scalar

    # -- code --------------------------------------------------------------------------------------

    def emit(self, context: Any, builder: Any, signature: Any, args: Any) -> Any:
        """Numba's code generator for the call."""
        given = cgutils.unpack_tuple(builder, args[0])
        kinds = list(signature.args[0].types)
        count = len(self.leaves)
        passed = [
            self._argument(context, builder, leaf, kind, value)
            for leaf, kind, value in zip(self.leaves, kinds, given, strict=False)
        ]
        passed += [self._captured(builder, x) for x in self.captured]
        made: list[tuple[Any, Any]] = []
        if self.allocate:
            made = [self._allocate(context, builder, instr) for instr in self.results]
            passed += [pointer for _, pointer in made]
        else:
            for instr, kind, value in zip(self.results, kinds[count:], given[count:], strict=True):
                passed.append(self._array(context, builder, instr.shape, kind, value))
        self._call(context, builder, passed)
        if not self.allocate:
            return context.get_dummy_value()
        values = [
            self._loaded(builder, instr, array, pointer)
            for instr, (array, pointer) in zip(self.results, made, strict=True)
        ]
        if len(values) == 1:
            return values[0]
        return context.make_tuple(builder, signature.return_type, values)

    def _argument(self, context: Any, builder: Any, leaf: Leaf, kind: Any, value: Any) -> Any:
        if leaf.shape != ():
            return self._array(context, builder, leaf.shape, kind, value)
        if isinstance(kind, types.Array):
            pointer = self._array(context, builder, (), kind, value)
            return self._load_scalar(builder, leaf.dtype, pointer)
        wanted = from_dtype(leaf.dtype)
        scalar = context.cast(builder, value, kind, wanted)
        return _as_i1(builder, scalar) if leaf.dtype == BOOL else scalar

    def _array(self, context: Any, builder: Any, shape: Shape, kind: Any, value: Any) -> Any:
        """The data of an array argument whose shape has been checked; contiguous."""
        if kind.layout != "C":
            contiguous = types.Array(kind.dtype, kind.ndim, "C")
            value = context.compile_internal(builder, _contiguous, contiguous(kind), [value])
            kind = contiguous
        array = context.make_array(kind)(context, builder, value)
        sizes = cgutils.unpack_tuple(builder, array.shape)
        good = ir.Constant(ir.IntType(1), 1)
        for size, n in zip(sizes, shape, strict=False):
            good = builder.and_(good, builder.icmp_signed("==", size, size.type(n)))
        with builder.if_then(builder.not_(good), likely=False):
            message = f"a kernel compiled for an array of shape {shape} was given another shape"
            context.call_conv.return_user_exc(builder, ShapeError, (message,))
        return builder.bitcast(array.data, _POINTER)

    def _captured(self, builder: Any, x: np.ndarray) -> Any:
        pointer = builder.inttoptr(_I64(x.ctypes.data), _POINTER)
        return pointer if x.shape != () else self._load_scalar(builder, x.dtype, pointer)

    def _load_scalar(self, builder: Any, dtype: Any, pointer: Any) -> Any:
        loaded = builder.load(builder.bitcast(pointer, _scalar(dtype).as_pointer()))
        return _as_i1(builder, loaded) if dtype == BOOL else loaded

    def _allocate(self, context: Any, builder: Any, instr: Instr) -> tuple[Any, Any]:
        if instr.shape == ():
            slot = cgutils.alloca_once(builder, _scalar(instr.dtype))
            return None, builder.bitcast(slot, _POINTER)
        sizes = [context.get_constant(types.intp, n) for n in instr.shape]
        kind = self._result_type(instr)
        array = arrayobj._empty_nd_impl(context, builder, kind, sizes)
        return array._getvalue(), builder.bitcast(array.data, _POINTER)

    def _loaded(self, builder: Any, instr: Instr, array: Any, pointer: Any) -> Any:
        if array is not None:
            return array
        loaded = builder.load(builder.bitcast(pointer, _scalar(instr.dtype).as_pointer()))
        return _as_i1(builder, loaded) if instr.dtype == BOOL else loaded

    def _call(self, context: Any, builder: Any, passed: list[Any]) -> None:
        """Link the kernel's module in, call its body, and raise where it reports a status."""
        library = context.active_code_library
        library.add_llvm_module(llvm.parse_assembly(self.code.text))
        arena = self._arena(context, builder)
        kind = ir.FunctionType(_I64, [x.type for x in passed] + [_POINTER])
        body = cgutils.get_or_insert_function(builder.module, kind, self.code.name)
        status = builder.call(body, [*passed, arena])
        if self.code.arena > _STACK_ARENA:
            context.nrt.free(builder, arena)
        with builder.if_then(builder.icmp_signed("!=", status, _I64(0)), likely=False):
            guard = builder.icmp_signed("==", builder.and_(status, _I64(GUARD_FAILED)), _I64(0))
            with builder.if_then(guard, likely=False):
                bounds = builder.and_(status, _I64(OUT_OF_BOUNDS))
                with builder.if_then(builder.icmp_signed("!=", bounds, _I64(0))):
                    message = "an integer-array index is out of bounds"
                    context.call_conv.return_user_exc(builder, ShapeError, (message,))
                message = "a factorisation failed: the matrix is singular or not as it must be"
                context.call_conv.return_user_exc(builder, LinearAlgebraError, (message,))
            message = (
                "the arguments take another path through the function's branches than the one "
                "that was compiled"
            )
            context.call_conv.return_user_exc(builder, TraceError, (message,))

    def _arena(self, context: Any, builder: Any) -> Any:
        if self.code.arena > _STACK_ARENA:
            return context.nrt.allocate(builder, _I64(self.code.arena))
        kind = ir.ArrayType(ir.IntType(64), -(-max(self.code.arena, 8) // 8))
        return builder.bitcast(cgutils.alloca_once(builder, kind), _POINTER)


def _contiguous(x: Any) -> Any:
    return np.ascontiguousarray(x)


def _scalar(dtype: Any) -> Any:
    """The LLVM type of an element in memory."""
    if dtype.kind == "c":
        part = _scalar(REAL_OF[dtype])
        return ir.LiteralStructType([part, part])
    if dtype.kind == "f":
        return ir.DoubleType() if dtype.itemsize == 8 else ir.FloatType()
    return ir.IntType(dtype.itemsize * 8)


def _as_i1(builder: Any, x: Any) -> Any:
    """A condition as one bit."""
    return x if x.type == ir.IntType(1) else builder.icmp_signed("!=", x, x.type(0))
