"""Points in blocks: results, layouts, mapped files in bounded memory, progress, interruption."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jitad

X = np.random.default_rng(0).normal(size=(1003, 3))


def f(x: Any) -> Any:
    return np.sin(x[0] * x[1]) + x[2] ** 2


def both(x: Any, w: Any) -> Any:
    return {"value": f(x) * w, "first": x[0] * w + 1.0}


def test_blocks_are_one_vmap() -> None:
    want = jitad.vmap(jitad.value_and_grad(f))(X)
    for block in (None, 1, 64, 100, 1003, 5000):
        got = jitad.stream(jitad.value_and_grad(f), X, block=block)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("layout", ["columns", "strided", "read-only", "reversed", "swapped"])
def test_layouts(layout: str) -> None:
    x, axis = X.copy(), 0
    if layout == "columns":
        x, axis = np.ascontiguousarray(X.T), 1
    elif layout == "strided":
        x = np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3]
    elif layout == "read-only":
        x.flags.writeable = False
    elif layout == "reversed":
        x = X[::-1].copy()[::-1]
    else:
        x = np.asfortranarray(X)
    got = jitad.stream(jitad.grad(f), x, in_axes=axis, block=128)
    np.testing.assert_allclose(got, jitad.vmap(jitad.grad(f))(X), rtol=1e-12, atol=1e-12)
    direct = jitad.vmap(jitad.grad(f), in_axes=axis)(x)
    np.testing.assert_allclose(direct, got, rtol=1e-12, atol=1e-12)


def test_shared_arguments_and_trees() -> None:
    got = jitad.stream(both, X, 2.0, in_axes=(0, None), block=100)
    want = jitad.vmap(both, in_axes=(0, None))(X, 2.0)
    assert got.keys() == want.keys()
    for name in want:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-12, atol=1e-12)


def test_sums() -> None:
    got = jitad.stream(jitad.grad(f), X, reduce="sum", block=100)
    np.testing.assert_allclose(got, np.sum(jitad.vmap(jitad.grad(f))(X), axis=0), rtol=1e-12)


def test_what_is_joined() -> None:
    value, gradient = jitad.vmap(jitad.value_and_grad(f))(X)
    for name, plain in {"mean": np.mean, "max": np.max, "min": np.min, "sum": np.sum}.items():
        got = jitad.stream(jitad.value_and_grad(f), X, reduce=name, block=100)
        np.testing.assert_allclose(got[0], plain(value), rtol=1e-12)
        np.testing.assert_allclose(got[1], plain(gradient, axis=0), rtol=1e-11, atol=1e-12)
    count = jitad.stream(lambda x: x[0] > 0, X, reduce="sum", block=100)
    assert count == np.sum(X[:, 0] > 0)
    assert jitad.stream(lambda n: n, np.arange(7), reduce="mean", block=3) == 3.0


def test_a_function_joins() -> None:
    def longer(one: Any, other: Any) -> Any:
        """The point with the larger value."""
        return jitad.cond(one["f"] >= other["f"], lambda: one, lambda: other)

    got = jitad.stream(lambda x: {"f": f(x), "x": x}, X, reduce=longer, block=100)
    values = np.array([f(x) for x in X])
    np.testing.assert_array_equal(got["x"], X[np.argmax(values)])
    letters = jitad.stream(lambda x: x, X[:7], reduce=lambda a, b: a * 2 + b, block=7)
    assert letters.shape == (3,)
    product = jitad.stream(lambda x: 1 + x[0] / 100, X, reduce=np.multiply, block=64)
    np.testing.assert_allclose(product, np.prod(1 + X[:, 0] / 100), rtol=1e-12)


@dataclasses.dataclass
class Stored:
    """A data set of a file, as libraries have them: read and written by slices alone."""

    data: Any

    def __post_init__(self) -> None:
        self.most = 0

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)

    def __getitem__(self, key: Any) -> Any:
        part = self.data[key].copy()
        self.most = max(self.most, part.size)
        return part

    def __setitem__(self, key: Any, value: Any) -> None:
        self.data[key] = value


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_what_is_read_by_slices(axis: int) -> None:
    source = Stored(np.ascontiguousarray(X.T) if axis else X.copy())
    target = Stored(np.empty((1003, 3)))
    want = jitad.vmap(jitad.grad(f))(X)
    got = jitad.stream(jitad.grad(f), source, in_axes=axis, block=100)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    assert jitad.stream(jitad.grad(f), source, in_axes=axis, block=100, out=target) is target
    np.testing.assert_allclose(target.data, want, rtol=1e-12, atol=1e-12)
    assert source.most == 300
    shared = jitad.stream(both, X, Stored(np.array(2.0)), in_axes=(0, None), block=100)
    np.testing.assert_allclose(shared["value"][3], f(X[3]) * 2.0)


@pytest.mark.parametrize("kind", ["whole", "column", "stored", "reversed", "file"])
def test_results_over_the_arguments(kind: str, tmp_path: Path) -> None:
    x = np.arange(10.0)
    if kind == "column":
        x = np.zeros((10, 3))[:, 1]
        x[:] = np.arange(10.0)
    elif kind == "reversed":
        x = x[::-1].copy()[::-1]
    elif kind == "file":
        x = np.memmap(tmp_path / "x", np.float64, "w+", shape=(10,))
        x[:] = np.arange(10.0)
    target: Any = Stored(x) if kind == "stored" else x
    if kind == "file":
        target = np.memmap(tmp_path / "x", np.float64, "r+", shape=(10,))
    source = target if kind == "stored" else x
    for block in (4, 3, 10, 1):
        x[:] = np.arange(10.0)
        jitad.stream(lambda v: v + 100, source, out=target, block=block)
        np.testing.assert_array_equal(x, np.arange(10.0) + 100)


def test_results_over_other_points_arguments() -> None:
    x = np.arange(12.0)
    for source, target in ((x[:10], x[2:]), (x, x[::-1]), (x[::2], x[:6])):
        with pytest.raises(jitad.ShapeError, match="point by point"):
            jitad.stream(lambda v: v + 100, source, out=target, block=4)
    with pytest.raises(jitad.ShapeError, match="point by point"):
        jitad.stream(lambda v, w: v + w[0], x, x, in_axes=(0, None), out=x)
    with pytest.raises(jitad.ShapeError, match="one array"):
        jitad.stream(lambda v: (v, v), x, out=(x, x))
    table = np.zeros((10, 3))
    jitad.stream(lambda v: v[0] + 1, table[:, :2], out=table[:, 1], block=4)
    np.testing.assert_array_equal(table[:, 1], np.ones(10))


def test_results_into_arrays() -> None:
    value, gradient = np.empty(1003), np.empty((1003, 3))
    got = jitad.stream(jitad.value_and_grad(f), X, out=(value, gradient), block=100)
    assert got[0] is value and got[1] is gradient
    np.testing.assert_allclose(gradient, jitad.vmap(jitad.grad(f))(X), rtol=1e-12, atol=1e-12)
    for wrong in (np.empty(1003), (np.empty(1002), gradient), (value.astype("f4"), gradient)):
        with pytest.raises(jitad.ShapeError, match="out="):
            jitad.stream(jitad.value_and_grad(f), X, out=wrong)


def test_what_does_not_fit() -> None:
    with pytest.raises(jitad.ShapeError, match="lengths"):
        jitad.stream(lambda x, y: x[0] * y, X, np.ones(5))
    with pytest.raises(jitad.ShapeError, match="lengths"):
        jitad.stream(f, X[:0])
    with pytest.raises(jitad.TraceError, match="reduce"):
        jitad.stream(f, X, reduce="middle")
    for block in (0, -1, 2.5, "3", True):
        with pytest.raises(jitad.ShapeError, match="block"):
            jitad.stream(f, X, block=block)
    for in_axes in (2, "a", (0, 0)):
        with pytest.raises(jitad.ShapeError):
            jitad.stream(f, X, in_axes=in_axes)
    for given in (3.0, "abc", (x for x in X), [1.0, 2.0], None):
        with pytest.raises(jitad.JitadError):
            jitad.stream(f, given)


def test_progress_is_told(capsys: Any) -> None:
    seen: list[tuple[int, int]] = []
    jitad.stream(f, X, block=400, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(400, 1003), (800, 1003), (1003, 1003)]
    pytest.importorskip("rich")
    jitad.stream(f, X, block=400, progress=True)
    assert capsys.readouterr().out == ""


def test_interruption() -> None:
    """An exception after a block, as Ctrl-C raises one, ends it there."""
    seen: list[int] = []

    def interrupt(done: int, total: int) -> None:
        seen.append(done)
        if done >= 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jitad.stream(f, X, block=100, progress=interrupt)
    assert seen == [100, 200]


def test_threads() -> None:
    x = np.random.default_rng(1).normal(size=(200_000, 3))
    got = jitad.stream(jitad.grad(f), x, block=150_000, parallel=True)
    np.testing.assert_array_equal(got, jitad.vmap(jitad.grad(f))(x))


MEMORY = """
import resource, sys
import numpy as np, jitad

folder, rows = sys.argv[1], int(sys.argv[2])
x = np.memmap(folder + "/x", np.float64, "w+", shape=(rows, 4))
for start in range(0, rows, 1 << 16):
    x[start:start + (1 << 16)] = 0.5
x.flush()
x = np.memmap(folder + "/x", np.float64, "r", shape=(rows, 4))
out = np.memmap(folder + "/y", np.float64, "w+", shape=(rows, 4))
f = lambda p: p[0] * p[1] + np.sin(p[2]) * p[3]
jitad.stream(jitad.grad(f), x[:5000])
def resident():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
del x
x = np.memmap(folder + "/x", np.float64, "r", shape=(rows, 4))
before, most = resident(), 0.0
def watch(done, total):
    global most
    most = max(most, resident())
jitad.stream(jitad.grad(f), x, out=out, progress=watch)
assert np.all(out[-5:, 0] == 0.5) and np.allclose(out[:5, 3], np.sin(0.5), rtol=1e-14)
print(most - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_mapped_files_need_little_memory(tmp_path: Path) -> None:
    """256 MiB in, as much out, in a small part of that: pages are given back as they are done."""
    rows = (256 << 20) // 32
    command = [sys.executable, "-c", MEMORY, str(tmp_path), str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 64.0
