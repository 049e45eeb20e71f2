"""Compiled code on disk: the next process finds it, and nobody believes a file unseen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import jitad
from jitad.__main__ import main
from jitad.runtime import disk

ROOT = Path(__file__).parents[1]

PROGRAM = """
import numpy as np

import jitad

x, a = np.linspace(0.5, 1.5, 9), np.linspace(-1.0, 1.0, 12).reshape(3, 4)
many = tuple(float(k) for k in range(12))


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def settled(x):
    steps = 0
    while np.sum(x**2) > 1e-3:
        x, steps = x / 2, steps + 1
    return x, steps


def checked(x):
    if x < 0:
        raise ValueError("below zero")
    return np.sqrt(x)


for function, *args in (
    (jitad.value_and_grad(rosenbrock), x),
    (jitad.value_and_grad(rosenbrock), np.ones(20_000)),
    (jitad.hessian(rosenbrock), x),
    (jitad.hessian(rosenbrock, sparse=True), x),
    (settled, x),
    (checked, 2.0),
    (lambda *xs: (sum(xs), [2 * x for x in xs]), *many),
    (lambda z, n, b: (z * z, n // 2, ~b), 1 + 2j, 7, np.array([True, False])),
    (lambda x: (np.sort(x), np.argsort(x), x > 1, x.astype(np.float32)), x),
    (jitad.grad(lambda a: np.sum(np.linalg.inv(a @ a.T + np.eye(3)))), a),
    (jitad.jit(jitad.vmap(jitad.grad(np.tanh)), parallel=True), np.linspace(-1.0, 1.0, 50_000)),
):
    print(jitad.jit(function)(*args) if function is not checked else jitad.grad(checked)(*args))
try:
    jitad.jit(checked)(-1.0)
except ValueError as error:
    print(error)
"""
"""Results of every kind: few and many, numbers and arrays, of small arenas and large, of threads,
after an error."""

CALLED_BACK = """
import numpy as np

import jitad

print(jitad.jit(np.fft.fft)(np.arange(7.0)))
"""
"""A kernel that calls Python back."""


def run(program: str, where: Path) -> str:
    environment = {**os.environ, disk.VARIABLE: str(where)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(where: Path) -> set[str]:
    return {path.name for path in where.iterdir()}


def test_another_process_compiles_nothing(tmp_path: Path) -> None:
    first = run(PROGRAM, tmp_path)
    written = files(tmp_path)
    assert len(written) > 10
    before = {name: (tmp_path / name).stat().st_ino for name in written}
    assert run(PROGRAM, tmp_path) == first
    assert {name: (tmp_path / name).stat().st_ino for name in files(tmp_path)} == before


def test_what_calls_python_back_belongs_to_its_process(tmp_path: Path) -> None:
    first = run(CALLED_BACK, tmp_path)
    written = files(tmp_path)
    assert len(written) == 1  # the door, which kernels of the same types share
    assert run(CALLED_BACK, tmp_path) == first
    assert files(tmp_path) == written


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, for this process."""
    where = tmp_path / "cache"
    monkeypatch.setenv(disk.VARIABLE, str(where))
    return where


def derivative() -> float:
    """A derivative that is compiled, or found: nothing is kept in memory."""
    jitad.clear_caches()
    return float(jitad.grad(lambda x: np.sin(x) * x)(0.7))


RIGHT = np.sin(0.7) + 0.7 * np.cos(0.7)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def random(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def linked(path: Path) -> None:
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def for_all(path: Path) -> None:
    path.chmod(0o666)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, mode=0o600)


DAMAGES = [cut, emptied, flipped, random, linked, for_all, *([piped] * hasattr(os, "mkfifo"))]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_written_anew(folder: Path, damage: Callable[[Path], None]) -> None:
    assert derivative() == pytest.approx(RIGHT, rel=1e-14)
    paths = list(folder.iterdir())
    for path in paths:
        damage(path)
    assert derivative() == pytest.approx(RIGHT, rel=1e-14)
    for path in paths:
        assert not path.is_symlink()
        assert disk.read(path), path


def test_files_that_have_changed_names_are_written_anew(folder: Path) -> None:
    assert derivative() == pytest.approx(RIGHT, rel=1e-14)
    first, second = folder.iterdir()
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert derivative() == pytest.approx(RIGHT, rel=1e-14)
    assert first.read_bytes() != second.read_bytes()
    assert disk.read(first)
    assert disk.read(second)


def test_folders_of_a_file_s_name_are_done_without(folder: Path) -> None:
    assert derivative() == pytest.approx(RIGHT, rel=1e-14)
    for path in folder.iterdir():
        path.unlink()
        path.mkdir()
    assert derivative() == pytest.approx(RIGHT, rel=1e-14)


def test_a_folder_that_cannot_be_had_is_done_without(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.write_text("a file where the folder should be")
    assert derivative() == pytest.approx(RIGHT, rel=1e-14)
    assert "cannot be kept" in caplog.text


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no modes of files")
def test_a_folder_that_others_may_write_to_is_not_used(folder: Path) -> None:
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert derivative() == pytest.approx(RIGHT, rel=1e-14)
    assert not files(folder)


def test_the_oldest_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MOST", 1000)
    monkeypatch.setattr(disk, "_KEPT", 700)
    folder.mkdir(mode=0o700)
    for k in range(10):
        path = folder / f"{k}.o"
        path.write_bytes(bytes(200))
        os.utime(path, (k, k))
    disk._bound(folder)
    assert files(folder) == {"7.o", "8.o", "9.o"}


def test_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(disk.VARIABLE, "OFF")
    assert derivative() == pytest.approx(RIGHT, rel=1e-14)
    assert not folder.exists()


def test_many_processes_at_once(tmp_path: Path) -> None:
    program = "import jitad; print(jitad.grad(lambda x: x**3)(2.0))"
    environment = {**os.environ, disk.VARIABLE: str(tmp_path)}
    command = [sys.executable, "-c", program]
    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert {process.communicate()[0] for process in started} == {"12.0\n"}
    assert all(name.endswith(".o") for name in files(tmp_path))


def test_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    derivative()
    count = len(files(folder))
    assert main(["cache", "info"]) == 0
    assert capsys.readouterr().out.startswith(f"{count} files, ")
    assert main(["cache", "clear"]) == 0
    assert not files(folder)
    assert main(["cache", "path"]) == 0
    assert capsys.readouterr().out.endswith(f"{folder}\n")
