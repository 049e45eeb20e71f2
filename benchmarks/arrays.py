"""Array programs: logistic regression, a perceptron, the likelihood of a Gaussian process."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from benchmarks.harness import Section, main
from benchmarks.suite.contest import contests
from benchmarks.suite.problem import Function, Problem

_ROWS = {"tiny": 20, "quick": 1000, "full": 1000}
_BATCH = {"tiny": 4, "quick": 128, "full": 128}
_SAMPLES = {"tiny": 8, "quick": 60, "full": 60}
_INPUTS, _HIDDEN, _OUTPUTS = 32, 64, 4
_NOISE = 0.01
_TANGENTS = "thousands of tangents through every operation"


def problems(size: str) -> list[Problem]:
    """Three, of sizes that people fit on one core."""
    return [_logistic(_ROWS[size]), _perceptron(_BATCH[size]), _gaussian_process(_SAMPLES[size])]


def run(size: str) -> Section:
    """The contests."""
    return contests("benchmarks.arrays", problems(size), size)


# -- logistic regression ---------------------------------------------------------------------------


def _logistic(rows: int) -> Problem:
    rng = np.random.default_rng(0)
    data, label = rng.standard_normal((rows, 30)), rng.integers(0, 2, rows) * 2.0 - 1.0
    signed = -label[:, None] * data

    def arrays(np: Any) -> Function:
        z = np.array(signed)
        zero = np.array(0.0 * label)
        return lambda w: np.mean(np.logaddexp(zero, z @ w)) + 0.01 * np.sum(w * w)

    def scalars(math: Any) -> Function:
        listed = signed.tolist()

        def loss(w: Any) -> Any:
            total = 0.0
            for row in listed:
                score = sum(a * b for a, b in zip(w, row, strict=True))
                total = total + math.log(1 + math.exp(score))
            return total / rows + 0.01 * sum(a * a for a in w)

        return loss

    def numpy(w: np.ndarray) -> tuple[Any, np.ndarray]:
        score = signed @ w
        e = np.exp(-np.abs(score))
        value = np.mean(np.maximum(score, 0) + np.log1p(e)) + 0.01 * w @ w
        weight = np.where(score > 0, 1, e) / (1 + e)
        return value, signed.T @ weight / rows + 0.02 * w

    def casadi(casadi: Any) -> Any:
        w = casadi.MX.sym("w", 30)
        score = casadi.mtimes(casadi.DM(signed), w)
        total = casadi.sum1(casadi.fmax(score, 0) + casadi.log1p(casadi.exp(-casadi.fabs(score))))
        y = total / rows + 0.01 * casadi.sumsqr(w)
        return w, y

    return Problem(f"logistic regression, {rows:,} x 30", rng.standard_normal(30) / 10,
                   arrays=arrays, scalars=scalars, numpy=numpy, casadi=casadi)  # fmt: skip


# -- a perceptron ----------------------------------------------------------------------------------


def _perceptron(batch: int) -> Problem:
    rng = np.random.default_rng(1)
    data, target = rng.standard_normal((batch, _INPUTS)), rng.standard_normal((batch, _OUTPUTS))
    cut, size = _INPUTS * _HIDDEN, _INPUTS * _HIDDEN + _HIDDEN * _OUTPUTS

    def arrays(np: Any) -> Function:
        x, t = np.array(data), np.array(target)

        def loss(w: Any) -> Any:
            first, second = w[:cut].reshape(_INPUTS, _HIDDEN), w[cut:].reshape(_HIDDEN, _OUTPUTS)
            return np.mean((np.tanh(x @ first) @ second - t) ** 2)

        return loss

    def numpy(w: np.ndarray) -> tuple[Any, np.ndarray]:
        first, second = w[:cut].reshape(_INPUTS, _HIDDEN), w[cut:].reshape(_HIDDEN, _OUTPUTS)
        hidden = np.tanh(data @ first)
        error = hidden @ second - target
        bar = 2 / error.size * error
        inner = (bar @ second.T) * (1 - hidden * hidden)
        return np.mean(error * error), np.concatenate(
            [(data.T @ inner).ravel(), (hidden.T @ bar).ravel()]
        )

    def casadi(casadi: Any) -> Any:
        w = casadi.MX.sym("w", size)
        first = casadi.reshape(w[:cut], _HIDDEN, _INPUTS).T
        second = casadi.reshape(w[cut:], _OUTPUTS, _HIDDEN).T
        hidden = casadi.tanh(casadi.mtimes(casadi.DM(data), first))
        error = casadi.mtimes(hidden, second) - casadi.DM(target)
        y = casadi.sumsqr(error) / (batch * _OUTPUTS)
        return w, y

    x = rng.standard_normal(size) / 8
    return Problem(
        f"perceptron {_INPUTS}-{_HIDDEN}-{_OUTPUTS}, batch of {batch}", x,
        arrays=arrays, scalars=_perceptron_of_scalars(data, target), numpy=numpy, casadi=casadi,
        declined={"Python duals": _TANGENTS},
    )  # fmt: skip


def _perceptron_of_scalars(data: np.ndarray, target: np.ndarray) -> Any:
    """The same, one scalar at a time."""

    def scalars(math: Any) -> Function:
        rows, targets = data.tolist(), target.tolist()
        cut = _INPUTS * _HIDDEN

        def loss(w: Any) -> Any:
            columns = [w[k:cut:_HIDDEN] for k in range(_HIDDEN)]
            outputs = [w[cut + k :: _OUTPUTS] for k in range(_OUTPUTS)]
            total = 0.0
            for row, wanted in zip(rows, targets, strict=True):
                hidden = [math.tanh(_dot(column, row)) for column in columns]
                for output, t in zip(outputs, wanted, strict=True):
                    error = _dot(output, hidden) - t
                    total = total + error * error
            return total / target.size

        return loss

    return scalars


def _dot(xs: Any, ys: Any) -> Any:
    return sum(x * y for x, y in zip(xs, ys, strict=True))


# -- a Gaussian process ----------------------------------------------------------------------------


def _gaussian_process(n: int) -> Problem:
    """Minus the log marginal likelihood by log length, log amplitude and log noise.

    Source: C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press
    2006, equations 2.30 and 5.9.
    """
    at = np.sort(np.random.default_rng(2).uniform(0, 5, n))
    y = np.sin(at) + 0.1 * np.cos(7 * at)
    apart = (at[:, None] - at[None, :]) ** 2
    diagonal, constant = np.eye(n), float(n / 2 * np.log(2 * np.pi))

    def arrays(np: Any) -> Function:
        squared, target, identity = np.array(apart), np.array(y), np.array(diagonal)

        def loss(p: Any) -> Any:
            k = np.exp(2 * p[1] - 0.5 * squared * np.exp(-2 * p[0]))
            factor = np.linalg.cholesky(k + (np.exp(2 * p[2]) + _NOISE) * identity)
            z = np.lower_solve(factor, target)
            return 0.5 * np.sum(z * z) + np.sum(np.log(np.diag(factor))) + constant

        return loss

    def numpy(p: np.ndarray) -> tuple[Any, np.ndarray]:
        k = np.exp(2 * p[1] - 0.5 * apart * np.exp(-2 * p[0]))
        noise = np.exp(2 * p[2])
        factor = scipy.linalg.cho_factor(k + (noise + _NOISE) * np.eye(n), lower=True)
        alpha = scipy.linalg.cho_solve(factor, y)
        value = 0.5 * y @ alpha + np.sum(np.log(np.diagonal(factor[0]))) + constant
        # d/dp = tr((K^-1 - alpha alpha^T) dK/dp) / 2
        bar = 0.5 * (scipy.linalg.cho_solve(factor, np.eye(n)) - np.outer(alpha, alpha))
        weighted = bar * k
        by_length = np.sum(weighted * apart) * np.exp(-2 * p[0])
        return value, np.array([by_length, 2 * np.sum(weighted), 2 * noise * np.trace(bar)])

    return Problem(
        f"Gaussian process likelihood, {n} samples", np.array([0.1, 0.2, -2.0]), arrays=arrays,
        scalars=_process_of_scalars(apart, y, constant), numpy=numpy,
        casadi=_process_of_casadi(apart, y, constant),
        long=("CasADi C",), rtol=1e-7,
    )  # fmt: skip


def _process_of_casadi(apart: np.ndarray, y: np.ndarray, constant: float) -> Any:
    """The same as an expression graph of scalars."""
    n = len(y)

    def casadi(casadi: Any) -> Any:
        p = casadi.SX.sym("p", 3)
        k = casadi.exp(2 * p[1] - 0.5 * casadi.DM(apart) * casadi.exp(-2 * p[0]))
        upper = casadi.chol(k + (casadi.exp(2 * p[2]) + _NOISE) * casadi.SX.eye(n))
        z = casadi.solve(upper.T, casadi.DM(y))
        value = 0.5 * casadi.sumsqr(z) + casadi.sum1(casadi.log(casadi.diag(upper))) + constant
        return p, value

    return casadi


def _process_of_scalars(apart: np.ndarray, y: np.ndarray, constant: float) -> Any:
    """The same, Cholesky's factorisation written out."""
    n = len(y)

    def scalars(math: Any) -> Function:
        def loss(p: Any) -> Any:
            scale, amplitude, noise = math.exp(-2 * p[0]), 2 * p[1], math.exp(2 * p[2]) + _NOISE
            rows: list[list[Any]] = []
            total, solved = constant, []
            for i in range(n):
                row: list[Any] = []
                for j in range(i + 1):
                    k = math.exp(amplitude - 0.5 * float(apart[i, j]) * scale)
                    k = k + noise if i == j else k
                    known = rows[j] if j < i else row
                    for a, b in zip(row, known[:j], strict=True):
                        k = k - a * b
                    row.append(math.sqrt(k) if i == j else k / known[j])
                rows.append(row)
                z = float(y[i])
                for a, b in zip(row, solved, strict=False):
                    z = z - a * b
                solved.append(z / row[i])
                total = total + 0.5 * solved[i] * solved[i] + math.log(row[i])
            return total

        return loss

    return scalars


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
