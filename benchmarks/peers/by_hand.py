"""Derivatives written by hand, where a problem has them: in NumPy, in Numba, in C."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numba
import numpy as np

from benchmarks.suite.problem import Declined, Peer, Problem, Ready

FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")


def peers() -> list[Peer]:
    """Three; C where there is a compiler."""
    found = [
        Peer("NumPy by hand", np.__version__, lambda problem: _python(problem, problem.numpy)),
        Peer("Numba by hand", numba.__version__, lambda problem: _python(problem, problem.numba)),
    ]
    try:
        said = subprocess.run(["gcc", "-dumpfullversion"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return found
    return [*found, Peer("C by hand", f"gcc {said.stdout.decode().strip()}", _c)]


def _python(problem: Problem, function: Any) -> Ready:
    if function is None:
        raise Declined("not written")
    return Ready(function, (problem.x,))


def _c(problem: Problem) -> Ready:
    """Called through ctypes with pointers that are bound once, so that results are overwritten."""
    if problem.c is None:
        raise Declined("not written")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "f.c"), Path(folder, "f.so")
        source.write_text(problem.c)
        command = ["gcc", *FLAGS, str(source), "-o", str(library), "-lm"]
        subprocess.run(command, check=True)
        function = ctypes.CDLL(str(library)).f
    function.restype = None
    value, gradient = np.zeros(1), np.zeros_like(problem.x)
    pointers = (ctypes.c_void_p(array.ctypes.data) for array in (problem.x, value, gradient))
    args = (ctypes.c_long(problem.x.size), *pointers)
    return Ready(function, args, lambda _: (value[0], gradient))
