"""Tape -> a function that `@cuda.jit` code calls: `compile(..., target="cuda", device=True)`.

Its PTX is linked into the kernel that calls it. Each thread computes the whole of the function.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from llvmlite import ir

from jitad.codegen.device import emit_function
from jitad.codegen.options import DEFAULT, Options
from jitad.ir.errors import CompileError
from jitad.ir.op import BOOL, DType, Shape
from jitad.passes.pipeline import optimise
from jitad.passes.schedule import schedule
from jitad.runtime.cuda import Ptx, cuda_module
from jitad.runtime.plan import Plan


class CudaFunction(Ptx):
    """A function at fixed shapes and dtypes, for one thread of a GPU.

    Attributes:
        arch: the architecture that it was compiled for.
        inputs, results: the shapes and dtypes of the arguments and the results.
        jit: a function to be called in `@cuda.jit` code, with the arguments and then, for each
            result that is an array, an array to write it to; it returns the results that are
            numbers. Arrays must be contiguous, of the dtypes and, which nobody checks, of the
            lengths that it was compiled for. A branch on values that was not compiled stops the
            kernel, whose launch then fails.
    """

    def __init__(self, plan: Plan, options: Options = DEFAULT, arch: str | None = None) -> None:
        if plan.captured:
            raise CompileError(
                "a device function cannot read arrays of the host that the function closes over",
                remedy="pass them as arguments",
            )
        self.tape = optimise(plan.tape)
        self.code = emit_function(schedule(self.tape), options)
        super().__init__(self.code.text, [self.code.name], arch)
        self.inputs = [(leaf.shape, leaf.dtype) for leaf in plan.leaves]
        self.results = [
            (self.tape.instrs[i].shape, self.tape.instrs[i].dtype) for i in self.tape.outputs
        ]

    @cached_property
    def jit(self) -> Any:
        """A function to be called in `@cuda.jit` code."""
        emitter = _DeviceEmitter(
            self, cuda_module("numba.cuda").PTXSource(self.inspect_ptx().encode())
        )

        @cuda_module("numba.cuda.extending").intrinsic
        def call(typing_context: Any, *args: Any) -> Any:  # type: ignore[no-untyped-def]  # by Numba
            emitter.check_types(args)
            return emitter.return_type()(emitter.types.StarArgTuple(args)), emitter.emit

        return call

    def __repr__(self) -> str:
        return f"<CudaFunction for {self.arch} {self.tape!r}>"


class _DeviceEmitter:
    """Types the call, and emits it into the module that numba-cuda is building."""

    def __init__(self, function: CudaFunction, linked: Any) -> None:
        self.name, self.linked = function.code.name, linked
        self.inputs, self.results = function.inputs, function.results
        self.types = cuda_module("numba.cuda.types")
        self.tools = cuda_module("numba.cuda.cgutils")
        self.errors = cuda_module("numba.cuda.core.errors")
        self.from_dtype = cuda_module("numba.cuda.np.numpy_support").from_dtype

    def check_types(self, given: Any) -> None:
        """An error where the arguments are not of the function's types."""
        arrays = [(shape, dtype) for shape, dtype in self.results if shape]
        wanted = [*self.inputs, *arrays]
        if len(given) != len(wanted):
            said = f"the function takes {len(self.inputs)} arguments, then {len(arrays)} arrays"
            raise self.errors.TypingError(f"{said} for results; it was given {len(given)} in all")
        for k, (kind, (shape, dtype)) in enumerate(zip(given, wanted, strict=True)):
            if not (self._is_array(kind, shape, dtype) if shape else self._is_number(kind)):
                raise self.errors.TypingError(
                    f"argument {k} of the function is {kind}; it was compiled for {dtype}"
                    f"{list(shape)}, contiguous"
                )

    def _is_array(self, kind: Any, shape: Shape, dtype: DType) -> bool:
        is_array = isinstance(kind, self.types.Array) and kind.dtype == self.from_dtype(dtype)
        return is_array and kind.ndim == len(shape) and kind.layout == "C"

    def _is_number(self, kind: Any) -> bool:
        return isinstance(kind, (self.types.Number, self.types.Boolean))

    def return_type(self) -> Any:
        """The numbers among the results: none, one, or a tuple."""
        numbers = [self.from_dtype(dtype) for shape, dtype in self.results if not shape]
        if not numbers:
            return self.types.none
        return numbers[0] if len(numbers) == 1 else self.types.Tuple(numbers)

    def emit(self, context: Any, builder: Any, signature: Any, args: Any) -> Any:
        """The code generator of the call."""
        context.active_code_library.add_linking_file(self.linked)
        kinds = signature.args[0].types
        given = list(zip(kinds, self.tools.unpack_tuple(builder, args[0]), strict=True))
        passed = [
            self._data(context, builder, *x) if shape else self._number(context, builder, dtype, *x)
            for x, (shape, dtype) in zip(given, self.inputs, strict=False)
        ]
        arrays = iter(given[len(self.inputs) :])
        slots: list[Any] = []
        for shape, dtype in self.results:
            if shape:
                passed.append(self._data(context, builder, *next(arrays)))
                continue
            kind = context.get_data_type(self.from_dtype(dtype))
            slots.append(self.tools.alloca_once(builder, kind))
            passed.append(builder.bitcast(slots[-1], _POINTER))
        called = ir.FunctionType(ir.VoidType(), [x.type for x in passed])
        builder.call(self.tools.get_or_insert_function(builder.module, called, self.name), passed)
        numbers = [dtype for shape, dtype in self.results if not shape]
        found = [
            context.unpack_value(builder, self.from_dtype(dtype), slot)
            for dtype, slot in zip(numbers, slots, strict=True)
        ]
        if not found:
            return context.get_dummy_value()
        if len(found) == 1:
            return found[0]
        return context.make_tuple(builder, signature.return_type, found)

    def _data(self, context: Any, builder: Any, kind: Any, value: Any) -> Any:
        return builder.bitcast(context.make_array(kind)(context, builder, value).data, _POINTER)

    def _number(self, context: Any, builder: Any, dtype: DType, kind: Any, value: Any) -> Any:
        cast = context.cast(builder, value, kind, self.from_dtype(dtype))
        return builder.zext(cast, ir.IntType(32)) if dtype == BOOL else cast


_POINTER = ir.IntType(8).as_pointer()
