"""Scripts written for autograd run with only their import lines changed, and are right.

Every script in examples/from_autograd/ compares what it finds with an independent value (a closed
form, SciPy, complex steps) in its last line. Where autograd is installed, the same text with the
import lines changed back gives the same derivatives, so that nothing else has been changed.
"""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "from_autograd"
SCRIPTS = sorted(FOLDER.glob("*.py"))
IMPORT = re.compile(r"^(import|from) jitad\b", re.M)

DERIVATIVES: dict[str, Callable[[Any], Any]] = {
    "bundle_adjustment": lambda s: s.jacobian(s.errors)(s.start),
    "censored_regression": lambda s: s.value_and_grad(s.negative_log_likelihood)(s.start),
    "gaussian_process": lambda s: s.value_and_grad(s.objective)(s.start),
    "hidden_markov_model": lambda s: s.value_and_grad(s.objective)(s.start),
    "kalman_filter": lambda s: s.value_and_grad(s.objective)(s.start),
    "laplace_approximation": lambda s: (s.gradient(s.start), s.curvature(s.start)),
    "logistic_regression": lambda s: s.training_gradient(np.array([0.1, -0.2, 0.3, 0.4])),
    "matrix_factorization": lambda s: (s.by_left(*s.start), s.by_both(*s.start)),
    "mixture_model": lambda s: s.value_and_grad(s.objective)(s.start),
    "negative_binomial": lambda s: s.value_and_grad(s.objective)(s.start),
    "neural_network": lambda s: s.grad(s.objective)(s.start),
    "ode_fit": lambda s: s.value_and_grad(s.misfit)(s.start),
    "optimal_control": lambda s: s.value_and_grad(s.cost)(np.linspace(-1, 1, s.horizon)),
    "recurrent_network": lambda s: s.grad(s.loss)(s.start),
    "variational_inference": lambda s: s.grad(s.objective)(s.start, s.first_samples),
}
"""Of each script, a derivative that it uses, from the names that it defines."""


def imports(script: Path) -> int:
    """How many lines name jitad: all of them are imports at the top."""
    text = script.read_text(encoding="utf-8")
    found = IMPORT.findall(text)
    assert len(found) == len(re.findall("jitad", text))
    return len(found)


def test_two_lines_change() -> None:
    """A third line changes only where a script uses autograd.scipy."""
    assert {script.stem for script in SCRIPTS} == set(DERIVATIVES)
    counts = [imports(script) for script in SCRIPTS]
    assert counts.count(2) >= 10
    for script, count in zip(SCRIPTS, counts, strict=True):
        assert count == 2 + ("jitad.scipy" in script.read_text(encoding="utf-8"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(script), run_name="__main__")
    _, found, check = capsys.readouterr().out.rpartition("\nCheck:")
    assert found, "a script ends with a line that says what it has checked"
    assert "nan" not in check
    differences = [float(number) for number in re.findall(r"\d\.\de[-+]\d+", check)]
    assert differences
    assert max(differences) < 1e-6


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_autograd_agrees(script: Path) -> None:
    pytest.importorskip("autograd")
    derivative = DERIVATIVES[script.stem]
    text = script.read_text(encoding="utf-8")
    ours, theirs = (
        derivative(definitions(source, script))
        for source in (text, IMPORT.sub(r"\1 autograd", text))
    )
    pairs = list(zip(leaves(ours), leaves(theirs), strict=True))
    assert any(np.any(expected) for _, expected in pairs)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def definitions(source: str, script: Path) -> SimpleNamespace:
    """The names that a script's text defines; its main function is not run."""
    names: dict[str, Any] = {"__name__": script.stem}
    exec(compile(source, str(script), "exec"), names)
    return SimpleNamespace(**names)


def leaves(tree: Any) -> list[Any]:
    """The arrays and numbers of nested dicts, lists and tuples."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, (list, tuple)):
        return [leaf for part in tree for leaf in leaves(part)]
    return [tree]
