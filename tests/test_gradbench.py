"""The tool for GradBench, asked over its protocol, against formulas of its evals in plain NumPy.

Derivatives are closed forms, or by the complex step: Im f(x + i h) / h, exact to rounding.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradbench_formulas as formulas
import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "benchmarks" / "gradbench"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Send a message to the tool, and read its answer."""
    process = subprocess.Popen(
        [sys.executable, str(FOLDER / "tool.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdin and process.stdout
    count = 0

    def send(**message: Any) -> dict[str, Any]:
        nonlocal count
        count += 1
        process.stdin.write(json.dumps({"id": count, **message}) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert answer.pop("id") == count
        return answer

    yield send
    process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def output(ask: Ask) -> Callable[..., Any]:
    """The tool's output for a function of a module at an input."""

    def evaluate(module: str, function: str, given: Any) -> Any:
        if isinstance(given, dict):
            given = {name: _plain(x) for name, x in given.items()}
        answer = ask(kind="evaluate", module=module, function=function, input=given)
        assert answer["success"], answer
        return answer["output"]

    return evaluate


def _plain(x: Any) -> Any:
    if isinstance(x, dict):
        return {name: _plain(y) for name, y in x.items()}
    return x.tolist() if isinstance(x, np.ndarray) else x


def _close(x: Any, y: Any, rtol: float = 1e-10) -> None:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    assert x.shape == y.shape
    np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol * np.max(np.abs(y), initial=0.0))


# -- the protocol ----------------------------------------------------------------------------------


def test_protocol(ask: Ask) -> None:
    assert ask(kind="start", eval="lse") == {"tool": "jitad"}
    assert ask(kind="define", module="lse") == {"success": True}
    unknown = ask(kind="define", module="tool")
    assert not unknown["success"] and "tool" in unknown["error"]
    assert ask(kind="analysis", of=1, valid=True) == {}


def test_timings(ask: Ask) -> None:
    given = {"x": [0.0, 1.0], "min_runs": 7, "min_seconds": 0.01}
    answer = ask(kind="evaluate", module="lse", function="gradient", input=given)
    names = [timing["name"] for timing in answer["timings"]]
    assert names[0] == "compile" and set(names[1:]) == {"evaluate"} and len(names) >= 8
    assert sum(timing["nanoseconds"] for timing in answer["timings"][1:]) >= 1e7


def test_errors_are_told(ask: Ask) -> None:
    answer = ask(kind="evaluate", module="lse", function="primal", input={"x": "none"})
    assert not answer["success"] and answer["error"]
    answer = ask(kind="evaluate", module="lse", function="cost", input={"x": [1.0]})
    assert not answer["success"] and "cost" in answer["error"]


# -- sums ------------------------------------------------------------------------------------------


def test_hello(output: Any) -> None:
    assert output("hello", "square", 3.5) == 12.25
    assert output("hello", "double", 3.5) == 7.0
    assert output("hello", "double", 64) == 128.0


def test_lse(output: Any) -> None:
    x = np.random.default_rng(0).uniform(-3, 3, 50)
    _close(output("lse", "primal", {"x": x}), np.log(np.sum(np.exp(x))))
    _close(output("lse", "gradient", {"x": x}), np.exp(x) / np.sum(np.exp(x)))
    assert output("lse", "primal", {"x": [1000.0, 0.0]}) == 1000.0


def test_llsq(output: Any) -> None:
    x, n = np.random.default_rng(0).normal(size=6), 21
    t = np.linspace(-1, 1, n)
    powers = np.vander(t, 6, increasing=True)
    residual = np.where(t > 1e-12, 1.0, np.where(t < -1e-12, -1.0, 0.0)) - powers @ x
    _close(output("llsq", "primal", {"x": x, "n": n}), residual @ residual / 2)
    _close(output("llsq", "gradient", {"x": x, "n": n}), -powers.T @ residual)


def test_kmeans(output: Any) -> None:
    rng = np.random.default_rng(0)
    points, centroids = rng.uniform(size=(60, 3)), rng.uniform(size=(4, 3))
    squares = np.array([[sum((p - c) ** 2) for c in centroids] for p in points])
    given = {"points": points, "centroids": centroids}
    _close(output("kmeans", "cost", given), squares.min(axis=1).sum())
    nearest = squares.argmin(axis=1)
    means = np.array([points[nearest == j].mean(axis=0) for j in range(4)])
    _close(output("kmeans", "dir", given), centroids - means)


@pytest.mark.parametrize("size", [1, 2, 5, 7])
def test_det(output: Any, size: int) -> None:
    a = np.random.default_rng(size).normal(size=(size, size))
    given = {"A": a.ravel(), "ell": size}
    _close(output("det", "primal", given), np.linalg.det(a))
    _close(output("det", "gradient", given), (np.linalg.det(a) * np.linalg.inv(a).T).ravel())


# -- gmm -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 4])
def test_gmm(output: Any, d: int) -> None:
    rng = np.random.default_rng(0)
    k, n = 3, 8
    given = {
        "d": d, "k": k, "n": n, "m": 2, "gamma": 1.3, "x": rng.normal(size=(n, d)),
        "alpha": rng.normal(size=k), "mu": rng.uniform(size=(k, d)),
        "q": rng.normal(size=(k, d)), "l": rng.normal(size=(k, d * (d - 1) // 2)),
    }  # fmt: skip
    names = ("alpha", "mu", "q", "l")
    _close(output("gmm", "objective", given), formulas.gmm(*(given[w] for w in names), given).real)
    slopes = output("gmm", "jacobian", given)
    assert sorted(slopes) == sorted(names)
    for name in (w for w in names if given[w].size):

        def varied(x: Any, name: str = name) -> Any:
            return formulas.gmm(*({**given, name: x}[w] for w in names), given)

        _close(slopes[name], formulas.by_complex_step(varied, given[name]))


# -- ba --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [[0.3, -0.2, 0.5], [0.0, 0.0, 0.0]])
def test_ba(output: Any, turn: list[float]) -> None:
    n, m, p = 2, 3, 7
    camera, x = np.array([*turn, 0.1, 0.2, -3.0, 1.4, 0.3, 0.6, 0.2, 0.1]), np.array([0.5, 0.4, 1])
    w, feature = 0.7, np.array([0.2, -0.4])
    given = {"n": n, "m": m, "p": p, "cam": camera, "x": x, "w": w, "feat": feature}
    unknowns = np.array([*camera, *x, w])
    found = output("ba", "objective", given)
    _close(found["reproj_error"]["elements"], formulas.reprojection(unknowns, feature))
    _close(found["w_err"]["element"], 1 - w**2)
    assert found["reproj_error"]["repeated"] == found["w_err"]["repeated"] == p

    block = formulas.by_complex_step(lambda x: formulas.reprojection(x, feature), unknowns)
    dense = np.zeros((3 * p, 11 * n + 3 * m + p))
    for i in range(p):
        columns = formulas.entries(i, n, m)
        dense[np.ix_((2 * i, 2 * i + 1), columns)] = block
        dense[2 * p + i, columns[-1]] = -2 * w
    found = output("ba", "jacobian", given)
    rows = [*range(0, 30 * p + 1, 15), *range(30 * p + 1, 31 * p + 1)]
    assert found["rows"] == [*rows[:30], 31 * p]
    assert found["cols"] == [*formulas.entries(0, n, m) * 2, 11 * n + 3 * m + p - 1]
    at = [0] * 15 + [1] * 15 + [3 * p - 1], found["cols"]
    _close(found["vals"], dense[at])


# -- ht --------------------------------------------------------------------------------------------


def _hand_input(us: Any, is_mirrored: bool) -> Any:
    rng = np.random.default_rng(0)
    bones, vertices = 22, 6
    model = {
        "bone_count": bones, "bone_names": [str(k) for k in range(bones)],
        "parents": [-1, 0] + [0 if k % 4 == 2 else k - 1 for k in range(2, bones)],
        "base_relatives": np.eye(4) + 0.1 * rng.normal(size=(bones, 4, 4)),
        "inverse_base_absolutes": np.eye(4) + 0.1 * rng.normal(size=(bones, 4, 4)),
        "base_positions": np.c_[rng.normal(size=(vertices, 3)), np.ones(vertices)],
        "weights": rng.uniform(size=(vertices, bones)),
        "triangles": rng.integers(0, vertices, (5, 3)), "is_mirrored": is_mirrored,
    }  # fmt: skip
    for name in ("base_relatives", "inverse_base_absolutes"):
        model[name][:, 3] = [0, 0, 0, 1]
    data = {"model": model, "correspondences": [1, 4, 0, 4], "points": rng.normal(size=(4, 3))}
    return {"theta": 0.4 * rng.normal(size=26), "us": us, "data": data}


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_ht_to_vertices(output: Any, is_mirrored: bool) -> None:
    given = _hand_input([], is_mirrored)
    data = given["data"]

    def errors(theta: Any) -> Any:
        return (
            data["points"] - formulas.hand(theta, data["model"])[data["correspondences"]]
        ).ravel()

    _close(output("ht", "objective", given), errors(given["theta"]).real)
    _close(output("ht", "jacobian", given), formulas.by_complex_step(errors, given["theta"]))


@pytest.mark.parametrize("turn", [[0.2, -0.3, 0.1], [0.0, 0.0, 0.0]])
def test_ht_to_triangles(output: Any, turn: list[float]) -> None:
    us = np.random.default_rng(1).uniform(0, 0.5, (4, 2))
    given = _hand_input(us, False)
    given["theta"][:3] = turn
    data = given["data"]
    triangles = data["model"]["triangles"][data["correspondences"]]

    def errors(shift_and_theta: Any) -> Any:
        shift, theta = shift_and_theta[:2], shift_and_theta[2:]
        corners = formulas.hand(theta, data["model"])[triangles]
        shares = np.c_[us + shift, 1 - np.sum(us + shift, axis=1)]
        return (data["points"] - np.sum(shares[:, :, None] * corners, axis=1)).ravel()

    at = np.concatenate([np.zeros(2), given["theta"]])
    _close(output("ht", "objective", given), errors(at).real)
    _close(output("ht", "jacobian", given), formulas.by_complex_step(errors, at))


# -- over time -------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2])
def test_lstm(output: Any, layers: int) -> None:
    rng = np.random.default_rng(0)
    bits, characters = 3, 6
    main, extra = rng.normal(size=(2 * layers, 4 * bits)), rng.normal(size=(3, bits))
    state, sequence = rng.normal(size=(2 * layers, bits)), rng.integers(0, 2, (characters, bits))
    given = {"main_params": main, "extra_params": extra, "state": state, "sequence": sequence}
    params = np.concatenate([main.ravel(), extra.ravel()])

    def loss(params: Any) -> Any:
        return formulas.lstm(params, layers, state, sequence)

    _close(output("lstm", "objective", given), loss(params).real)
    _close(output("lstm", "jacobian", given), formulas.by_complex_step(loss, params))


@pytest.mark.parametrize(("n", "s"), [(1, 3), (5, 10), (12, 2)])
def test_ode(output: Any, n: int, s: int) -> None:
    x = np.random.default_rng(0).uniform(0.5, 1.5, n)
    _close(output("ode", "primal", {"x": x, "s": s}), formulas.rk4(x, s).real)
    slope = formulas.by_complex_step(lambda x: formulas.rk4(x, s)[-1], x)
    _close(output("ode", "gradient", {"x": x, "s": s}), slope)
    assert (n > 4 * s) == (not slope.any())


# -- searches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("modes", ["rr", "rf", "ff", "fr"])
def test_particle(output: Any, modes: str) -> None:
    found = formulas.descend(
        lambda w: formulas.landing(w[0]).real,
        lambda w: np.array([formulas.landing(w[0] + 1j * formulas.H).imag / formulas.H]),
        np.array([0.0]),
    )
    _close(output("particle", modes, {"w": 0.0}), found[0])


@pytest.mark.parametrize("modes", ["rr", "rf", "ff", "fr"])
@pytest.mark.parametrize("start", [[1.0, 1.0], [0.5, -2.0]])
def test_saddle(output: Any, modes: str, start: list[float]) -> None:
    """The best y is the same for all x, so that the gradient of the ridge is that of |x|^2."""

    def highest(x: Any) -> Any:
        return formulas.descend(lambda y: y @ y - x @ x, lambda y: 2 * y, np.array(start))

    def ridge(x: Any) -> Any:
        y = highest(x)
        return x @ x - y @ y

    x = formulas.descend(ridge, lambda x: 2 * x, np.array(start))
    _close(output("saddle", modes, {"start": start}), [*x, *highest(x)], rtol=1e-8)


# -- the comparison --------------------------------------------------------------------------------


def test_comparison() -> None:
    tool = f"{sys.executable} {FOLDER / 'tool.py'}"
    command = [sys.executable, "-m", "benchmarks.gradbench", "--quick", "--only", "det"]
    done = subprocess.run(
        [*command, "--tool", tool, "--seconds", "0.001"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "geometric mean" in done.stdout and "DISAGREES" not in done.stdout
