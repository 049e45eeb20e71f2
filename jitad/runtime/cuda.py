"""Tape -> PTX, and a kernel that runs it on an NVIDIA GPU: `compile(..., target="cuda")`.

LLVM's own NVPTX backend writes the PTX; NVIDIA's libdevice has the elementary functions. Both need
no GPU. Launching goes through cuda.core, which numba-cuda (the extra `cuda`) brings along.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba.core.compiler_lock import global_compiler_lock

from jitad.codegen.cuda import Launch, emit_device
from jitad.codegen.options import DEFAULT, Options
from jitad.codegen.status import GUARD_FAILED, PLACE
from jitad.frontend.pytree import flatten, unflatten
from jitad.frontend.trace import leaf_type
from jitad.ir.errors import CompileError, ShapeError
from jitad.passes.pipeline import optimise
from jitad.passes.schedule import schedule
from jitad.runtime.compile import run_passes
from jitad.runtime.failure import failure
from jitad.runtime.plan import Plan
from jitad.runtime.targets import dense, targets_of

_BLOCK = 128
"""Threads in a block."""

_TRIPLE = "nvptx64-nvidia-cuda"


def cuda_module(name: str) -> Any:
    """A module of NVIDIA's that the extra brings; an error that says so where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise CompileError(
            f'target="cuda" needs the module {name}, which is not installed',
            remedy="pip install jitad[cuda], or numba-cuda[cu13]",
        ) from error


@lru_cache(maxsize=1)
def _libdevice() -> bytes:
    """NVIDIA's elementary functions as LLVM bitcode."""
    found = cuda_module("cuda.pathfinder").find_bitcode_lib("device")
    return Path(found).read_bytes()


@lru_cache(maxsize=1)
def _target() -> Any:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        return llvm.Target.from_triple(_TRIPLE)
    except RuntimeError as error:
        raise CompileError("this build of llvmlite has no backend for NVIDIA's GPUs") from error


@global_compiler_lock
def _device_ptx(text: str, arch: str, names: Collection[str]) -> str:
    """The PTX of a module for GPUs of that architecture, such as "sm_90", and later ones.

    `names` are the functions that others call.
    """
    machine = _target().create_target_machine(cpu=arch, opt=3)
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = _TRIPLE, str(machine.target_data)
    if "@__nv_" in text:
        library = llvm.parse_bitcode(_libdevice())
        library.triple, library.data_layout = module.triple, module.data_layout
        module.link_in(library)
    for function in module.functions:
        if not function.is_declaration and function.name not in names:
            function.linkage = "internal"
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    run_passes(module, machine, options)
    return machine.emit_assembly(module)


class Ptx:
    """LLVM IR for a GPU, compiled to PTX when it is first asked for.

    Attributes:
        arch: the architecture that it is compiled for.
    """

    def __init__(self, text: str, names: Collection[str], arch: str | None) -> None:
        self._text, self._names = text, names
        self.arch = arch or _present() or "sm_90"

    def inspect_llvm(self) -> str:
        """The LLVM IR, before LLVM's passes."""
        return self._text

    def inspect_ptx(self) -> str:
        """The PTX."""
        return self._ptx

    @cached_property
    def _ptx(self) -> str:
        return _device_ptx(self._text, self.arch, self._names)


class CudaKernel(Ptx):
    """A function at fixed shapes and dtypes on a GPU.

    Call it with arrays on the device, of any library that has `__cuda_array_interface__` (CuPy,
    PyTorch, Numba), and it returns arrays on the device that have it too, or writes into those of
    `out`; with NumPy arrays, and they are copied there and back.

    Attributes:
        launches: the kernels that run one after the other, and how many threads each has.
        arch: the architecture that it was compiled for.
    """

    def __init__(self, plan: Plan, options: Options = DEFAULT, arch: str | None = None) -> None:
        self.plan = plan
        self.options = options
        self.tape = optimise(plan.tape)
        self.code = emit_device(schedule(self.tape), options)
        self.launches: Sequence[Launch] = self.code.launches
        super().__init__(self.code.text, {launch.name for launch in self.launches}, arch)

    @cached_property
    def _loaded(self) -> _Loaded:
        return _Loaded(self)

    def __call__(self, *args: Any, out: Any = None) -> Any:
        """The result for arguments of the shapes and dtypes that were compiled."""
        leaves, _ = flatten((args, {}))
        targets = None
        if out is not None:
            instrs = [self.tape.instrs[i] for i in self.tape.outputs]
            types = [(instr.shape, instr.dtype) for instr in instrs]
            targets = targets_of(out, self.plan.structure, types, _target_type)
        results = self._loaded.run(leaves, targets)
        return out if out is not None else unflatten(self.plan.structure, results)

    def __reduce__(self) -> tuple[Any, ...]:
        plan = replace(self.plan, companion=None)
        return (CudaKernel, (plan, self.options, self.arch))

    def __repr__(self) -> str:
        return f"<CudaKernel for {self.arch} {self.plan.tape!r}>"


def device() -> Any:
    """The GPU at hand, made current; an error that says why there is none."""
    core = cuda_module("cuda.core")
    try:
        found = core.Device()
        found.set_current()
    except Exception as error:  # no driver, or no device: what they raise differs by version
        raise CompileError(
            f"there is no GPU that can be used here: {error}",
            remedy='use target="cpu"; inspect_ptx() needs no GPU',
        ) from error
    return found


def _present() -> str | None:
    """The architecture of the GPU that is at hand."""
    try:
        return f"sm_{device().arch}"
    except CompileError:
        return None


def object_code(kernel: CudaKernel) -> Any:
    """A kernel's PTX as cuda.core takes it: bytes, for a text is the name of a file to it."""
    return cuda_module("cuda.core").ObjectCode.from_ptx(kernel.inspect_ptx().encode())


class _Loaded:
    """A kernel's module on the device, and the memory that its steps share."""

    def __init__(self, kernel: CudaKernel) -> None:
        self.kernel = kernel
        self.core = cuda_module("cuda.core")
        self.device = device()
        self.stream = self.device.default_stream
        module = object_code(kernel)
        self.kernels = [module.get_kernel(launch.name) for launch in kernel.launches]
        self.arena = self.device.allocate(max(kernel.code.arena, 8), stream=self.stream)
        self.word = self.device.allocate(8, stream=self.stream)

    def run(self, leaves: Sequence[Any], targets: Sequence[Any] | None) -> list[Any]:
        """The results of flat arguments: on the device if one of these is, else on the host."""
        kernel, keep = self.kernel, list[Any]()
        self._check(leaves)
        passed = [self._argument(x, keep) for x in (*leaves, *kernel.plan.captured)]
        instrs = [kernel.tape.instrs[i] for i in kernel.tape.outputs]
        made = [
            _DeviceArray(self, instr.shape, instr.dtype) if x is None or isinstance(x, np.ndarray)
            else x
            for x, instr in zip(targets or [None] * len(instrs), instrs, strict=True)
        ]  # fmt: skip
        passed += [np.uintp(_pointer(x)) for x in made]
        zero = np.zeros(1, np.uint64)
        self._copy_in(self.word.handle, zero)
        shared = (np.uintp(int(self.arena.handle)), np.uintp(int(self.word.handle)))
        for launch, entry in zip(kernel.launches, self.kernels, strict=True):
            config = self.core.LaunchConfig(grid=-(-launch.threads // _BLOCK), block=_BLOCK)
            self.core.launch(self.stream, config, entry, *passed, *shared)
        self._copy_out(zero, self.word.handle)
        self._raise(int(zero[0]))
        on_device = any(hasattr(x, "__cuda_array_interface__") for x in leaves)
        results: list[Any] = []
        for x, y in zip(made, targets or [None] * len(made), strict=True):
            if isinstance(y, np.ndarray):
                self._copy_out(y, x.pointer)
            results.append(x if on_device else y if y is not None else x.copy_to_host())
        return results

    def _check(self, leaves: Sequence[Any]) -> None:
        wanted = self.kernel.plan.leaves
        given = [(tuple(np.shape(x)), np.dtype(_dtype(x))) for x in leaves]
        if given != [(leaf.shape, leaf.dtype) for leaf in wanted]:
            raise ShapeError(
                f"the kernel was compiled for ({', '.join(map(str, wanted))}) and called with "
                f"({', '.join(f'{dtype}{list(shape)}' for shape, dtype in given)})"
            )

    def _argument(self, x: Any, keep: list[Any]) -> Any:
        if hasattr(x, "__cuda_array_interface__"):
            return np.uintp(_pointer(x))
        array = np.asarray(x, order="C")
        if np.ndim(x) == 0:
            return array[()]
        copy = _DeviceArray(self, array.shape, array.dtype)
        keep.append(copy)
        self._copy_in(copy.pointer, array)
        return np.uintp(copy.pointer)

    def _copy_in(self, pointer: Any, array: np.ndarray) -> None:
        driver = cuda_module("cuda.bindings.driver")
        _succeed(driver.cuMemcpyHtoD(int(pointer), array.ctypes.data, array.nbytes))

    def _copy_out(self, array: np.ndarray, pointer: Any) -> None:
        driver = cuda_module("cuda.bindings.driver")
        self.stream.sync()
        _succeed(driver.cuMemcpyDtoH(array.ctypes.data, int(pointer), array.nbytes))

    def _raise(self, status: int) -> None:
        if not status:
            return
        instr = self.kernel.code.reported[status // PLACE - 1] if status >= PLACE else None
        guard = "compile the function for them, or use np.where"
        raise failure(status % PLACE, instr, guard if status & GUARD_FAILED else "")


class _DeviceArray:
    """Memory of the GPU as an array that other libraries take: `__cuda_array_interface__`."""

    def __init__(self, owner: _Loaded, shape: tuple[int, ...], dtype: Any) -> None:
        self.owner, self.shape, self.dtype = owner, shape, np.dtype(dtype)
        size = max(int(np.prod(shape)) * self.dtype.itemsize, 8)
        self.buffer = owner.device.allocate(size, stream=owner.stream)
        self.pointer = int(self.buffer.handle)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape, "typestr": self.dtype.str, "data": (self.pointer, False),
            "version": 3, "strides": None, "stream": None,
        }  # fmt: skip

    def copy_to_host(self) -> Any:
        """The numbers as a NumPy array; of no axes, as a NumPy number."""
        array = np.empty(self.shape, self.dtype)
        self.owner._copy_out(array, self.pointer)
        return array[()] if self.shape == () else array


def _pointer(x: Any) -> int:
    """Where the data of an array on the device is; it must be dense, in C order."""
    if isinstance(x, _DeviceArray):
        return x.pointer
    face = x.__cuda_array_interface__
    itemsize, dense = np.dtype(face["typestr"]).itemsize, []
    for n in reversed(face["shape"]):
        dense.insert(0, itemsize)
        itemsize *= n
    if face.get("strides") not in (None, tuple(dense)):
        raise ShapeError(
            "an array on the device is not contiguous", remedy="pass a contiguous copy"
        )
    return int(face["data"][0])


def _target_type(x: Any) -> Any:
    """The type of a dense array of the device or the host that may be changed."""
    if not hasattr(x, "__cuda_array_interface__"):
        return dense(x)
    _pointer(x)  # which refuses what is not dense
    face = x.__cuda_array_interface__
    return None if face["data"][1] else (tuple(face["shape"]), np.dtype(face["typestr"]))


def _dtype(x: Any) -> Any:
    if hasattr(x, "__cuda_array_interface__"):
        return x.__cuda_array_interface__["typestr"]
    return leaf_type(x).dtype


def _succeed(result: Any) -> None:
    """An error where a call of the driver has failed."""
    code = result[0]
    if int(code) != 0:
        raise CompileError(f"the CUDA driver reports {code!r}")
