"""Sparse Jacobians and Hessians: their values against dense ones, their patterns as counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sparse_programs as sp

import jitad
from jitad import DifferentiationError, ShapeError


def _differences(function: Any, x: Any, *rest: Any) -> Any:
    """Central differences of NumPy's own values, a column for each element of x."""
    columns = []
    h = 1e-6 if x.dtype == np.float64 else 1e-2
    for k in range(x.size):
        step = np.zeros(x.size, x.dtype)
        step[k] = h
        step = step.reshape(x.shape)
        with np.errstate(invalid="ignore"):
            above, below = (np.ravel(function(x + s, *rest)) for s in (step, -step))
        columns.append((above - below) / (2 * h))
    rows = np.size(function(x, *rest))
    return np.stack(columns, axis=1) if columns else np.zeros((rows, 0))


@pytest.mark.parametrize("name", sp.JACOBIANS)
def test_a_jacobian_has_the_values_and_the_entries(name: str) -> None:
    function, (x, *rest), entries = sp.JACOBIANS[name]
    found = jitad.jacobian(function, sparse=True)(x, *rest)
    assert isinstance(found, scipy.sparse.csr_array)
    assert found.dtype == np.asarray(function(x, *rest)).dtype
    assert found.has_sorted_indices and found.has_canonical_format
    tolerance = 1e-6 if x.dtype == np.float64 else 2e-2
    np.testing.assert_allclose(
        found.toarray(), _differences(function, x, *rest), rtol=tolerance, atol=tolerance
    )
    if entries is not None:
        assert found.nnz == entries
    pattern = jitad.sparsity(function, x, *rest)
    assert (pattern.shape, pattern.nnz) == (found.shape, found.nnz)


@pytest.mark.parametrize("name", sp.HESSIANS)
def test_a_hessian_has_the_values_and_the_entries(name: str) -> None:
    function, (x,), entries = sp.HESSIANS[name]
    found = jitad.hessian(function, sparse=True)(x)
    dense = _differences(jitad.grad(function), x)
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-5, atol=1e-5)
    if entries is not None:
        assert found.nnz == entries
    assert jitad.sparsity(function, x, order=2).nnz == found.nnz


@pytest.mark.parametrize(
    "name", ["broyden", "stencil_by_pad", "stencil_by_cells", "roots_of_cells", "summed_at"]
)
def test_values_are_the_same_by_every_door(name: str) -> None:
    function, (x, *rest), _ = sp.JACOBIANS[name]
    derivative = jitad.jacobian(function, sparse=True)
    wanted = derivative(x, *rest)
    kernel = jitad.compile(derivative, x, *rest)
    np.testing.assert_array_equal(kernel(x, *rest).toarray(), wanted.toarray())
    np.testing.assert_array_equal(kernel.njit(x, *rest), wanted.data)
    data = np.empty(wanted.nnz)
    kernel.njit_out(x, *rest, data)
    np.testing.assert_array_equal(data, wanted.data)
    kept = derivative(x, *rest)
    if not rest:
        kept.data[:] = 0.0
        assert kernel.bind(x, out=kept)() is kept
        np.testing.assert_array_equal(kept.data, wanted.data)
    kernel(x, *rest, out=kept)
    np.testing.assert_array_equal(kept.toarray(), wanted.toarray())
    kept.indices[:1] += 1
    with pytest.raises(ShapeError, match="does not fit"):
        kernel(x, *rest, out=kept)


def test_several_arguments_and_results() -> None:
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    found = jitad.jacobian(sp.two_results, (0, 1), sparse=True)(x, y)
    np.testing.assert_array_equal(found["product"][0].toarray(), np.diag(y))
    np.testing.assert_array_equal(found["product"][1].toarray(), np.diag(x))
    np.testing.assert_array_equal(found["sum"][0].toarray(), np.ones((1, 2)))
    assert found["sum"][1].nnz == 0 and found["sum"][1].shape == (1, 2)
    result = jitad.hessian(lambda d: np.sum(d["a"] ** 2 * d["b"]), sparse=True)({"a": x, "b": y})
    np.testing.assert_array_equal(result["a"]["b"].toarray(), np.diag(2 * x))
    assert result["b"]["b"].nnz == 0


def test_aux_is_returned_beside() -> None:
    def function(x: Any) -> Any:
        return x**2, {"sum": np.sum(x)}

    matrix, aux = jitad.jacobian(function, has_aux=True, sparse=True)(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(matrix.toarray(), np.diag([2.0, 4.0]))
    assert aux["sum"] == 3.0

    def scalar(x: Any) -> Any:
        return np.sum(x**3), np.max(x)

    matrix, aux = jitad.hessian(scalar, has_aux=True, sparse=True)(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(matrix.toarray(), np.diag([6.0, 12.0]))
    assert aux == 2.0


def test_other_places_are_another_pattern() -> None:
    derivative = jitad.jacobian(lambda x, i: x[i] ** 2, sparse=True)
    x = np.arange(1.0, 5.0)
    for i in ([0, 1], [3, 3], [2, 0]):
        found = derivative(x, np.array(i)).toarray()
        wanted = np.zeros((2, 4))
        wanted[[0, 1], i] = 2 * x[i]
        np.testing.assert_array_equal(found, wanted)
    kernel = jitad.compile(derivative, x, np.array([0, 1]))
    with pytest.raises(jitad.JitadError):
        kernel.njit(x, np.array([1, 1]))


def test_both_sides_of_a_branch_are_one_pattern() -> None:
    derivative = jitad.jacobian(sp.either_side, sparse=True)
    x = np.arange(1.0, 5.0)
    for p in (1.0, -1.0):
        found = derivative(x, p)
        assert found.nnz == 6
        np.testing.assert_allclose(found.toarray(), _differences(sp.either_side, x, p), atol=1e-8)


def test_a_matrix_belongs_to_who_asked_for_it() -> None:
    derivative = jitad.jacobian(sp.broyden, sparse=True)
    x = np.linspace(0.0, 1.0, 6)
    first = derivative(x)
    kept = first.toarray()
    first.data[:] = 0.0
    first.eliminate_zeros()
    np.testing.assert_array_equal(derivative(x).toarray(), kept)


def test_a_pattern_can_be_given() -> None:
    x = np.array([3.0, 1.0, 2.0])
    diagonal = jitad.Pattern.of([0, 1, 2], [0, 1, 2], (3, 3))
    found = jitad.jacobian(lambda x: np.sort(x) ** 2, sparse=diagonal)(np.sort(x))
    np.testing.assert_array_equal(found.toarray(), np.diag(2 * np.sort(x)))
    with pytest.raises(ShapeError, match="a pattern of"):
        jitad.jacobian(lambda x: x[:2], sparse=diagonal)(x)


def test_within_functions_that_are_differentiated() -> None:
    x, v = np.linspace(0.5, 1.5, 5), np.arange(5.0)

    def through(x: Any) -> Any:
        return np.sum(jitad.jacobian(sp.broyden, sparse=True)(x) @ v)

    def dense(x: Any) -> Any:
        return np.sum(jitad.jacobian(sp.broyden)(x) @ v)

    np.testing.assert_allclose(jitad.grad(through)(x), jitad.grad(dense)(x), rtol=1e-12)

    def turned(x: Any) -> Any:
        return jitad.jacobian(sp.broyden, sparse=True)(x).T @ v

    np.testing.assert_allclose(jitad.jit(turned)(x), jitad.vjp(sp.broyden, x)[1](v)[0])
    whole = jitad.jit(lambda x: jitad.jacobian(sp.broyden, sparse=True)(x).toarray())
    np.testing.assert_array_equal(whole(x), jitad.jacobian(sp.broyden)(x))
    many = jitad.vmap(lambda x: jitad.jacobian(sp.broyden, sparse=True)(x).data)(np.stack([x, v]))
    np.testing.assert_array_equal(many[1], jitad.jacobian(sp.broyden, sparse=True)(v).data)


def test_what_is_stopped_has_no_entry() -> None:
    x = np.array([3.0, 2.0])
    found = jitad.jacobian(lambda x: jitad.stop_gradient(x) * x, sparse=True)(x)
    np.testing.assert_array_equal(found.toarray(), np.diag(x))
    found = jitad.hessian(lambda x: np.sum(jitad.stop_gradient(x) * x**2), sparse=True)(x)
    np.testing.assert_array_equal(found.toarray(), np.diag(2 * x))
    found = jitad.jacobian(lambda x: jitad.stop_gradient(x[:1]) * x[1:], sparse=True)(x)
    np.testing.assert_array_equal(found.toarray(), [[0.0, 3.0]])


def test_what_is_infinite_is_that_in_its_place_alone() -> None:
    found = jitad.jacobian(lambda x: np.sort(np.sqrt(x)), sparse=True)(np.array([4.0, 0.0, 1.0]))
    wanted = [[0.0, np.inf, 0.0], [0.0, 0.0, 0.5], [0.25, 0.0, 0.0]]
    np.testing.assert_array_equal(found.toarray(), wanted)


@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
def test_the_format_is_scipys(format: str) -> None:
    x, y = np.linspace(0.0, 1.0, 7), np.ones(3)
    kind = getattr(scipy.sparse, f"{format}_array")
    transforms = jitad.jacobian, jitad.jacfwd, jitad.jacrev
    for transform in transforms:
        derivative = transform(sp.broyden, sparse=True, format=format)
        found = derivative(x)
        assert type(found) is kind
        np.testing.assert_array_equal(found.toarray(), jitad.jacobian(sp.broyden)(x))
    found = jitad.hessian(sp.rosenbrock, sparse=True, format=format)(y)
    assert type(found) is kind
    np.testing.assert_array_equal(
        jitad.jit(lambda y: jitad.hessian(sp.rosenbrock, sparse=True, format=format)(y) @ y)(y),
        found @ y,
    )


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: jitad.jacobian(np.sin, sparse=True, format="bsr"), "format='bsr'"),
        (lambda: jitad.hessian(np.sin, format="csc"), "of a dense matrix"),
        (
            lambda: jitad.compile(
                jitad.jacobian(np.sin, sparse=True, format="csc"), np.ones(3)
            ).bind(np.ones(3)),
            "a csc_array to be written into",
        ),
        (lambda: jitad.jacobian(np.sin, sparse="csr"), "sparse='csr'"),
        (lambda: jitad.jacobian(np.sin, sparse=True, holomorphic=True), "complex"),
        (lambda: jitad.jacobian(np.sin, sparse=True)(3), "int64"),
        (lambda: jitad.jacobian(lambda x: x > 0, sparse=True)(np.ones(2)), "bool"),
        (lambda: jitad.hessian(np.sin, sparse=True)(np.ones(2)), "scalar"),
        (lambda: jitad.jacobian(lambda x: np.fft.fft(x), sparse=True)(np.ones(4)), "complex"),
        (lambda: jitad.jacobian(np.sort, sparse=True)(np.ones(10**5)), "entries"),
        (
            lambda: jitad.hessian(lambda x: np.sum(sp.roots_of_cells(x)), sparse=True)(np.ones(2)),
            "ends when",
        ),
        (lambda: jitad.sparsity(np.sin, np.ones(2), order=3), "order=3"),
        (lambda: jitad.Pattern.of([0], [5], (2, 2)), "column"),
    ],
)
def test_what_is_refused(ask: Any, said: str) -> None:
    with pytest.raises((ShapeError, DifferentiationError), match=said):
        ask()


def test_a_large_pattern_is_drawn_small() -> None:
    text = str(jitad.sparsity(sp.broyden, np.ones(1000)))
    assert text.splitlines()[0] == "1000 x 1000, 2998 entries, a character for 32 x 32"
    assert len(text.splitlines()) == 33
