"""`python -m jitad` shows what it says, in time."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import OptimizeResult

import jitad
from jitad import demo as job


@pytest.fixture(scope="module")
def shown() -> str:
    """What the job prints; a warning is an error in it."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "jitad"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_evaluation_trace(shown: str) -> None:
    assert re.search(r"primal +value +tangent +adjoint", shown)
    assert "2.0167" in shown
    assert "3.0118" in shown
    value = re.search(r"y = (\d\.\d{6}), dy/dx1 = (\d\.\d{6})", shown)
    assert value
    assert float(value[1]) == pytest.approx(2.0167, abs=1e-4)
    assert float(value[2]) == pytest.approx(3.0118, abs=5e-5)


def test_fit(shown: str) -> None:
    loss = re.search(r"final loss +(\d\.\d+)", shown)
    right = re.search(r"held-out accuracy +(\d\.\d+) \((\d+) of 113\)", shown)
    assert loss and 0.05 < float(loss[1]) < 0.1
    assert right and float(right[1]) > 0.95
    assert float(right[1]) == pytest.approx(int(right[2]) / 113, abs=1e-4)
    assert re.search(r"wall time +\d+\.\d+ s", shown)


def test_progress_where_there_is_no_terminal(shown: str) -> None:
    losses = [float(x) for x in re.findall(r"^iteration +\d+  loss (\d\.\d+)", shown, re.M)]
    assert len(losses) >= 2
    assert losses == sorted(losses, reverse=True)


def test_comparison(shown: str) -> None:
    rows = re.findall(
        r"n = \d+ +(\d+\.\d+) +(\d+\.\d+) +\((\d+) x\) +(\d+\.\d+) +\((\d+) x\)", shown
    )
    assert len(rows) == len(job.contests())
    for own, dual, dual_ratio, tape, tape_ratio in rows:
        assert float(dual) / float(own) == pytest.approx(float(dual_ratio), rel=0.05, abs=1)
        assert float(tape) / float(own) == pytest.approx(float(tape_ratio), rel=0.05, abs=1)


def test_time(shown: str) -> None:
    seconds = re.search(r"All of it took (\d+\.\d) s", shown)
    assert seconds and float(seconds[1]) < 30


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    progress = job.Progress()
    progress(OptimizeResult(fun=0.5))
    progress(OptimizeResult(fun=0.25))
    progress.close()
    text = terminal.getvalue()
    assert text.count("\r") == 2
    assert text.count("\n") == 1
    assert text.endswith("\n")


def test_split_is_fixed_and_disjoint() -> None:
    data, again = job.split_data(), job.split_data()
    assert all(np.array_equal(a, b) for a, b in zip(data, again, strict=True))
    assert (len(data.x), len(data.x_test)) == (456, 113)
    assert data.x[:, 1:].mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert data.x[:, 1:].std(axis=0) == pytest.approx(1)
    assert len(np.unique(np.vstack([data.x, data.x_test]), axis=0)) == 569


def test_gradient_of_the_loss_in_closed_form() -> None:
    data = job.split_data()
    weights = np.linspace(-1, 1, data.x.shape[1])
    gradient = jitad.grad(job.logistic_loss)(weights, data.x, data.y, 0.01)
    residuals = 1 / (1 + np.exp(-data.x @ weights)) - data.y
    expected = data.x.T @ residuals / len(data.y) + 0.02 * weights * (np.arange(31) > 0)
    assert gradient == pytest.approx(expected, rel=1e-10)


def test_differing_gradients_are_refused() -> None:
    with pytest.raises(SystemExit, match="differ"):
        job._check_equal("f", [(1.0, [1.0]), (1.0, [1.0 + 1e-6])])


SAME_CODE = """
import hashlib, sys
sys.path.insert(0, "tests")
import jitad, numpy as np
from plain_programs.slices import reflected

x = np.random.default_rng(0).normal(size=(5, 5))
text = jitad.compile(jitad.grad(lambda x: np.sum(reflected(x))), x).inspect_llvm()
print(hashlib.sha256(text.encode()).hexdigest(), len(text) > 1000)
"""


def test_code_is_the_same_in_all_processes() -> None:
    command = [sys.executable, "-W", "ignore", "-c", SAME_CODE]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        for _ in range(2)
    )
    assert first.stdout == second.stdout and "True" in first.stdout, first.stderr
