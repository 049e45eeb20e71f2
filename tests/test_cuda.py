"""The GPU target: its kernels' logic run on the CPU, thread by thread; PTX; and a GPU, if any.

The executor compiles the same LLVM IR for the host: the functions that kernels run, without the
kernels around them, which ask the GPU which thread they are; libdevice's names are libm's.
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import oracle
import pytest
import scipy.special
from llvmlite import binding as llvm

import jitad
from jitad.codegen.cuda import SUMMING
from jitad.frontend.pytree import flatten
from jitad.runtime.cuda import CudaKernel, object_code
from jitad.runtime.cuda_function import CudaFunction

_rng = np.random.default_rng(0)
POINTS = _rng.uniform(0.5, 1.5, (700, 5))
MATRIX = _rng.normal(size=(40, 70))
LONG = _rng.normal(size=3 * SUMMING + 17)


def on_host(text: str) -> Any:
    """The machine code of a module whose kernels are left out."""
    text = re.sub(r"define ptx_kernel .*?\n}\n", "", text + "\n", flags=re.DOTALL)
    text = text.replace("define internal i64", "define i64").replace("@__nv_", "@")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=1, jit=True)
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine


def run_on_host(kernel: CudaKernel, *args: Any, threads: int = 13) -> list[np.ndarray]:
    """The results of the kernel's parts, each run by so many threads, one after the other."""
    engine = on_host(kernel.code.text)
    leaves = [*flatten((args, {}))[0], *kernel.plan.captured]
    inputs = [np.asarray(x, order="C") for x in leaves]
    instrs = [kernel.tape.instrs[i] for i in kernel.tape.outputs]
    outputs = [np.empty(instr.shape, instr.dtype) for instr in instrs]
    arena = np.full(kernel.code.arena + 64, 0xAB, np.uint8)
    passed: list[Any] = [_passed(x) for x in inputs]
    passed += [ctypes.c_void_p(x.ctypes.data) for x in (*outputs, arena)]
    for launch in kernel.launches:
        count = launch.threads if launch.threads <= SUMMING else threads
        part = ctypes.CFUNCTYPE(ctypes.c_int64)(engine.get_function_address(launch.name + "_part"))
        for first in range(count):
            status = part(*passed, ctypes.c_int64(first), ctypes.c_int64(count))
            assert status == 0
    return outputs


def _passed(x: np.ndarray) -> Any:
    if x.shape:
        return ctypes.c_void_p(x.ctypes.data)
    kinds = {
        "f8": ctypes.c_double, "f4": ctypes.c_float, "i8": ctypes.c_int64, "i4": ctypes.c_int32,
        "b1": ctypes.c_bool,
    }  # fmt: skip
    return kinds[x.dtype.str[1:]](x.item())


def formula(x: Any) -> Any:
    a, e = x[0] / x[1], np.exp(x[1])
    return (np.sin(a) + a - e) * (a - e)


def price(p: Any) -> Any:
    root = p[4] * np.sqrt(p[2])
    d = (np.log(p[0] / p[1]) + (p[3] + 0.5 * p[4] ** 2) * p[2]) / root
    cdf = [0.5 * (1 + scipy.special.erf(x / np.sqrt(2.0))) for x in (d, d - root)]
    return p[0] * cdf[0] - p[1] * np.exp(-p[3] * p[2]) * cdf[1]


def points(x: Any) -> Any:
    return jitad.vmap(jitad.value_and_grad(formula))(x)


def options(x: Any) -> Any:
    return jitad.vmap(jitad.value_and_grad(price))(x)


def jacobians(x: Any) -> Any:
    return jitad.vmap(jitad.jacfwd(lambda p: np.stack([p[0] * p[1], np.tanh(p[2]), p[3] ** p[4]])))(
        x
    )


def totals(x: Any) -> Any:
    y = np.exp(-x * x)
    return np.sum(y), np.max(x), np.min(x * 2.0) + np.sum(x), np.sum(y) * x[:3]


def rows(x: Any) -> Any:
    y = np.exp(x - np.max(x, axis=1, keepdims=True))
    return y / np.sum(y, axis=1, keepdims=True), x > 0.5, (x * 3).astype(np.int64)


def updates(x: Any) -> Any:
    y = jitad.numpy.array(x)
    y[3:9] *= 2.0
    y[::2] += 1.0
    return y, x[::-1] + np.arange(len(x))


def branches(x: Any) -> Any:
    """Each point takes its own path; some iterate."""

    def at(p: Any) -> Any:
        if p[0] > 1.0:
            return np.log(p[0]) * p[1]
        y = p[2]
        while y > 0.7:
            y = y * 0.9
        return y * p[1]

    return jitad.vmap(jitad.value_and_grad(at))(x)


def orders(x: Any) -> Any:
    """Running sums and places along a point's own axis, which one thread can follow."""

    def at(p: Any) -> Any:
        if p[0] > 1.0:
            return np.sum(np.cumsum(np.sin(p)) ** 2)
        return np.where(np.argmax(p) == 1, p[1], p[2])

    return jitad.map(jitad.value_and_grad(at), x)


def turns(x: Any) -> Any:
    def at(p: Any) -> Any:
        if p[1] > 1.0:
            return p
        return jitad.fori_loop(0, 5, lambda i, y: np.sin(y) * p, p)

    return jitad.map(at, x)


PROGRAMS: dict[Callable[..., Any], np.ndarray] = {
    **dict.fromkeys((points, options, jacobians, branches, orders, turns), POINTS),
    totals: LONG, rows: MATRIX, updates: LONG,
}  # fmt: skip
every = pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
kinds = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def compiled(f: Callable[..., Any], x: np.ndarray) -> CudaKernel:
    return jitad.compile(f, x, target="cuda", arch="sm_90")


@every
@kinds
def test_logic(f: Callable[..., Any], dtype: Any) -> None:
    x = PROGRAMS[f].astype(dtype)
    got = run_on_host(compiled(f, x), x)
    tolerance = 1e-11 if dtype is np.float64 else 2e-4
    for a, b in zip(got, oracle.leaves(jitad.jit(f)(x)), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max())


def test_numbers_and_captured_arrays() -> None:
    weights = np.array([1.0, 2.0, 3.0, 4.0, 5.0])

    def f(x: Any, scale: Any) -> Any:
        return jitad.vmap(lambda p: np.sum(p * weights) * scale)(x)

    kernel = jitad.compile(f, POINTS, 2.0, target="cuda", arch="sm_90")
    (got,) = run_on_host(kernel, POINTS, 2.0)
    np.testing.assert_allclose(got, POINTS @ weights * 2.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "x", "words"),
    [
        (lambda x: x @ x.T, MATRIX, "contract.*library"),
        (lambda x: np.cumsum(x), LONG, "cumsum.*order"),
        (lambda x: np.sum(x, axis=0), MATRIX.T.repeat(40, 1), "sum.*axis"),
        (lambda x: scipy.special.j0(x), LONG, "no GPU version"),
        (lambda x: jitad.scan(lambda c, y: (c + y, c), 0.0, x)[0], LONG, "loop.*library"),
    ],
)
def test_what_a_gpu_is_not_given(f: Callable[..., Any], x: Any, words: str) -> None:
    with pytest.raises(jitad.CompileError, match=words):
        compiled(f, x)


def test_cuda_core_is_given_the_code_itself() -> None:
    """Not a file's name, which a text is to it; it needs no GPU to be made."""
    core = pytest.importorskip("cuda.core")
    kernel = jitad.compile(jitad.vmap(np.sin), POINTS[:, 0], target="cuda", arch="sm_90")
    module = object_code(kernel)
    assert module.code_type == "ptx"
    assert module.code == kernel.inspect_ptx().encode()
    launch = core.LaunchConfig(grid=7, block=128)
    assert (tuple(launch.grid), tuple(launch.block)) == ((7, 1, 1), (128, 1, 1))


def test_without_a_gpu_it_says_so() -> None:
    kernel = compiled(points, POINTS)
    if _has_gpu():
        pytest.skip("there is a GPU here")
    with pytest.raises(jitad.CompileError, match=r"no GPU|not installed"):
        kernel(POINTS)
    with pytest.raises(jitad.ShapeError, match="out="):
        kernel(POINTS, out=(np.empty(3), np.empty(POINTS.shape)))
    with pytest.raises(jitad.CompileError, match="target"):
        jitad.compile(points, POINTS, target="tpu")


@every
def test_ptx_is_assembled(f: Callable[..., Any]) -> None:
    """By NVIDIA's own linker, which needs no GPU."""
    if importlib.util.find_spec("cuda") is None:
        pytest.skip(
            "numba-cuda is not installed: PTX is neither linked with libdevice nor assembled"
        )
    from cuda.bindings import nvjitlink

    kernel = compiled(f, PROGRAMS[f])
    ptx = kernel.inspect_ptx().encode()
    assert b".target sm_90" in ptx
    assert all(f".entry {launch.name}".encode() in ptx for launch in kernel.launches)
    handle = nvjitlink.create(1, ["-arch=sm_90"])
    nvjitlink.add_data(handle, nvjitlink.InputType.PTX, ptx, len(ptx), f.__name__)
    nvjitlink.complete(handle)
    assert nvjitlink.get_linked_cubin_size(handle) > 1000
    nvjitlink.destroy(handle)


# -- functions for kernels of the user's -----------------------------------------------------------


def turned(x: Any, scale: Any, is_long: Any) -> Any:
    """Loops and branches that a vmap has no GPU code for."""
    y = jitad.scan(lambda c, p: (np.sin(c) * scale + p, c), x[0], x)[0]
    return np.where(is_long, y, x[1] * y), np.argmax(x), np.cumsum(x)


def device_function(f: Callable[..., Any], *args: Any) -> CudaFunction:
    return jitad.compile(f, *args, target="cuda", device=True, arch="sm_90")


FUNCTIONS: dict[Callable[..., Any], tuple[Any, ...]] = {
    jitad.value_and_grad(formula): (POINTS[0],),
    jitad.hessian(price): (POINTS[1],),
    turned: (POINTS[2], 0.7, True),
    jitad.grad(lambda x, scale: turned(x, scale, False)[0], (0, 1)): (POINTS[3], 0.6),
    lambda x, n: x * n: (POINTS[4].astype(np.float32), np.int32(3)),
}


@pytest.mark.parametrize("f", FUNCTIONS)
def test_logic_of_a_device_function(f: Callable[..., Any]) -> None:
    args = FUNCTIONS[f]
    function = device_function(f, *args)
    engine = on_host(function.code.text)
    outputs = [np.empty(shape, dtype) for shape, dtype in function.results]
    passed = [ctypes.c_int32(x) if isinstance(x, bool) else _passed(np.asarray(x)) for x in args]
    passed += [ctypes.c_void_p(x.ctypes.data) for x in outputs]
    ctypes.CFUNCTYPE(None)(engine.get_function_address(function.code.name))(*passed)
    for got, want in zip(outputs, oracle.leaves(jitad.jit(f)(*args)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6 if want.dtype == np.float32 else 1e-12)


def test_a_device_function_in_a_kernel() -> None:
    """Numba compiles a kernel that calls it; NVIDIA's linker puts the two together."""
    if importlib.util.find_spec("cuda") is None:
        pytest.skip("numba-cuda is not installed: nothing is linked")
    from cuda.bindings import nvjitlink
    from numba import cuda
    from numba.core.errors import TypingError
    from numba.cuda import types

    function = device_function(jitad.value_and_grad(formula), POINTS[0])
    slope = function.jit

    def kernel(x: Any, values: Any, gradients: Any) -> None:
        i = cuda.grid(1)
        if i < x.shape[0]:
            values[i] = slope(x[i], gradients[i])

    def wrong(x: Any, values: Any) -> None:
        values[0] = slope(x[0])

    rows, numbers = types.Array(types.float64, 2, "C"), types.Array(types.float64, 1, "C")
    ptx, _ = cuda.compile(kernel, (rows, numbers, rows), cc=(9, 0), device=False, abi="numba")
    assert f".extern .func {function.code.name}" in ptx
    handle = nvjitlink.create(1, ["-arch=sm_90"])
    for name, text in (("kernel", ptx.encode()), ("function", function.inspect_ptx().encode())):
        nvjitlink.add_data(handle, nvjitlink.InputType.PTX, text, len(text), name)
    nvjitlink.complete(handle)
    assert nvjitlink.get_linked_cubin_size(handle) > 1000
    nvjitlink.destroy(handle)
    with pytest.raises(TypingError, match="then 1 arrays for results; it was given 1 in all"):
        cuda.compile(wrong, (rows, numbers), cc=(9, 0), device=False, abi="numba")
    single = types.Array(types.float32, 2, "C")
    with pytest.raises(TypingError, match=r"argument 0 .* compiled for float64\[5\], contiguous"):
        cuda.compile(kernel, (single, numbers, rows), cc=(9, 0), device=False, abi="numba")


def test_what_a_device_function_refuses() -> None:
    weights = np.arange(5.0)
    with pytest.raises(jitad.CompileError, match="arguments"):
        device_function(lambda x: x @ weights, POINTS[0])
    with pytest.raises(jitad.CompileError, match="no GPU version"):
        device_function(lambda x: scipy.special.j0(x), POINTS[0])
    with pytest.raises(jitad.CompileError, match="cuda"):
        jitad.compile(formula, POINTS[0], device=True)


@pytest.mark.gpu
def test_a_device_function_on_a_gpu() -> None:
    if not _has_gpu():
        pytest.skip("no CUDA device")
    from numba import cuda

    slope = jitad.compile(jitad.value_and_grad(formula), POINTS[0], target="cuda", device=True).jit

    @cuda.jit
    def kernel(x: Any, values: Any, gradients: Any) -> None:
        i = cuda.grid(1)
        if i < x.shape[0]:
            values[i] = slope(x[i], gradients[i])

    values, gradients = np.empty(len(POINTS)), np.empty_like(POINTS)
    kernel[-(-len(POINTS) // 64), 64](POINTS, values, gradients)
    want = jitad.jit(points)(POINTS)
    np.testing.assert_allclose(values, want[0], rtol=1e-11)
    np.testing.assert_allclose(gradients, want[1], rtol=1e-11)


# -- where there is a GPU --------------------------------------------------------------------------


def _has_gpu() -> bool:
    from jitad.runtime.cuda import _present

    return _present() is not None


@pytest.mark.gpu
@every
@kinds
def test_on_a_gpu(f: Callable[..., Any], dtype: Any) -> None:
    if not _has_gpu():
        pytest.skip("no CUDA device")
    x = PROGRAMS[f].astype(dtype)
    kernel = jitad.compile(f, x, target="cuda")
    tolerance = 1e-11 if dtype is np.float64 else 2e-4
    for a, b in zip(oracle.leaves(kernel(x)), oracle.leaves(jitad.jit(f)(x)), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max())
