"""Every function in the table of NumPy's functions, on a table of calls: one check for all of them.

Each call is compiled twice: spelt out in scalars where it is small enough, and as loops.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import oracle
import pytest

import jitad
import jitad.passes.scalarize
from jitad.frontend.pytree import flatten, unflatten
from jitad.ir.value import FUNCTIONS

_rng = np.random.default_rng(7)


def array(*shape: int) -> np.ndarray:
    """Random numbers, all different, exact in float32, none near 0."""
    x = _rng.normal(size=shape).astype(np.float32).astype(float)
    return np.asarray(x + 0.25 * np.sign(x))


S, V, W = array(), array(5), array(5)
M, N, Q = array(3, 4), array(4, 3), array(4, 4)
T, U = array(2, 3, 4), array(2, 4, 2)
EMPTY, THIN, ONE = array(0), array(3, 0, 2), array(1, 3, 1)
LONG, WIDE, TALL = array(1001), array(37, 53), array(53, 29)
INTS, FLAGS = np.arange(12).reshape(3, 4) * 5 % 7, np.arange(12).reshape(3, 4) % 3 == 0
PLACES = np.array([[2, 0], [-1, 2]])


class Call(NamedTuple):
    """f(*args, **kwargs), differentiated by every array of floating point among the arguments."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    function: Callable[..., Any] | None = None


def call(*args: Any, **kwargs: Any) -> Call:
    return Call(args, kwargs)


def by(function: Callable[..., Any], *args: Any) -> Call:
    """A call through an expression of the user's."""
    return Call(args, {}, function)


def axes(*more: Any, **kwargs: Any) -> list[Call]:
    """Every form of axis=, with and without keepdims=."""
    return [
        call(S, *more, **kwargs),
        call(V, *more, **kwargs),
        call(T, *more, **kwargs),
        call(V, *more, axis=0, **kwargs),
        call(M, *more, axis=1, **kwargs),
        call(T, *more, axis=-2, **kwargs),
        call(T, *more, axis=(0, 2), **kwargs),
        call(T, *more, axis=(-1, 0), keepdims=True, **kwargs),
        call(T, *more, axis=1, keepdims=True, **kwargs),
        call(T, *more, keepdims=True, **kwargs),
        call(T, *more, axis=(), **kwargs),
        call(ONE, *more, axis=0, **kwargs),
        call(ONE, *more, axis=(0, 2), **kwargs),
        call(THIN, *more, axis=0, **kwargs),
        call(LONG, *more, **kwargs),
        call(WIDE, *more, axis=0, **kwargs),
        call(WIDE, *more, axis=1, **kwargs),
        call([[S, S], [array(), array()]], *more, axis=0, **kwargs),
    ]


def places() -> list[Call]:
    """The forms of axis= of argmax and argmin."""
    return [
        call(V),
        call(T),
        call(T, axis=1),
        call(T, axis=-1, keepdims=True),
        call(T, keepdims=True),
        call(ONE, axis=0),
        call(INTS, axis=0),
        call(FLAGS, axis=1),
        call(THIN, axis=0),
        call(np.array([1.0, np.nan, 3.0, np.nan])),
        call(np.array([2.0, 5.0, 5.0, 2.0])),
        call(LONG),
        call(WIDE, axis=0),
        call(WIDE, axis=1),
    ]


EMPTY_SUMS = [call(EMPTY), call(THIN), call(THIN, axis=1), call(THIN, axis=(1, 2), keepdims=True)]

SAMPLES: dict[Any, list[Call]] = {
    np.sum: [
        *axes(),
        *EMPTY_SUMS,
        call(INTS, axis=0),
        call(INTS.astype(np.int32)),
        call(FLAGS),
        call(M, dtype=np.float32),
        by(lambda x: x.sum(axis=-1), M),
    ],
    np.mean: [*axes(), call(INTS, axis=0), call(FLAGS), by(lambda x: x.mean(), M)],
    np.prod: [
        *axes(),
        *EMPTY_SUMS,
        call(INTS, axis=0),
        call(array(7)),
        call(np.array([2.0, 0.0, 3.0])),
        call(np.array([2.0, 0.0, 0.0, 3.0])),
        by(lambda x: x.prod(axis=0), M),
    ],
    np.var: [*axes(), call(T, axis=1, ddof=1), call(INTS), by(lambda x: x.var(axis=0), M)],
    np.std: [
        *[c for c in axes() if flatten(c.args)[0][0].size > 1 and c.kwargs.get("axis") != ()
          and c.args[0] is not ONE],
        call(ONE, axis=1),
        call(T, axis=(0, 1), ddof=1, keepdims=True),
    ],
    np.max: [*axes(), call(INTS, axis=1), call(FLAGS, axis=0), by(lambda x: x.max(1), M)],
    np.min: [*axes(), call(INTS, axis=1), call(FLAGS, axis=0), by(lambda x: x.min(1), M)],
    np.any: [*axes(), *EMPTY_SUMS, call(FLAGS, axis=0), by(lambda x: (x > 0).any(axis=0), M)],
    np.all: [*axes(), *EMPTY_SUMS, call(FLAGS, axis=0), by(lambda x: (x > -9).all(), M)],
    np.argmax: places(),
    np.argmin: places(),
    np.cumsum: [
        call(S),
        call(V),
        call(M),
        call(M, axis=0),
        call(T, axis=-2),
        call(INTS, axis=1),
        call(FLAGS),
        call(EMPTY),
        call(THIN, axis=1),
        call(ONE, axis=1),
        call(LONG),
        call(WIDE, axis=0),
        by(lambda x: x.cumsum(axis=0), M),
    ],
    np.count_nonzero: [call(INTS, axis=0), call(FLAGS), call(M, axis=1, keepdims=True)],
    np.diff: [call(V), call(M), call(M, axis=0), call(T, n=2, axis=1), call(V, n=0), call(LONG)],
    # shapes
    np.reshape: [
        call(M, (2, 6)),
        call(M, -1),
        call(M, (2, -1, 3)),
        call(M, (4, 3), order="F"),
        call(S, (1, 1)),
        call(array(1), ()),
        call(THIN, (0, 5)),
        call(WIDE, (53, 37)),
        by(lambda x: x.reshape(6, 2), M),
        by(lambda x: x.reshape((2, 6)), M),
        by(lambda x: x.flatten(), M),
    ],
    np.ravel: [call(M), call(S), call(T, order="F"), by(lambda x: x.ravel(), THIN)],
    np.transpose: [
        call(S),
        call(V),
        call(M),
        call(T, (1, 2, 0)),
        call(T, (-1, 0, 1)),
        call(THIN),
        call(WIDE),
        by(lambda x: x.T @ x, M),
        by(lambda x: x.transpose(1, 0, 2), T),
        by(lambda x: x.transpose(), T),
        by(lambda x: x.mT, T),
    ],
    np.matrix_transpose: [call(T)],
    np.swapaxes: [call(T, 0, 2), call(T, -1, 1), by(lambda x: x.swapaxes(0, 1), M)],
    np.moveaxis: [call(T, 0, -1), call(T, (0, 1), (2, 0)), call(T, [-1], [0])],
    np.squeeze: [call(ONE), call(ONE, axis=0), call(ONE, axis=(0, -1)), call(M), call(S)],
    np.expand_dims: [call(S, 0), call(M, -1), call(M, (0, 2)), call(M, 1)],
    np.broadcast_to: [
        call(S, (2, 3)),
        call(V, (4, 5)),
        call(ONE, (2, 1, 3, 4)),
        call(V, (0, 5)),
        call(array(1), 3),
    ],
    np.broadcast_arrays: [call(V, array(3, 1), S), call(M, M)],
    np.atleast_1d: [call(S), call(M), call(S, V)],
    np.atleast_2d: [call(S), call(V), call(T), call(S, V)],
    # joins
    np.concatenate: [
        call([V, W]),
        call([M, M], axis=1),
        call([T, array(2, 1, 4), T], axis=-2),
        call([M, S.reshape(1, 1)], axis=None),
        call([EMPTY, V]),
        call([M]),
        call([V, INTS[0]]),
        call([LONG, V]),
        call([WIDE, WIDE[:1]]),
        call(T),
        by(lambda x: np.concatenate([x, np.ones(2, np.float32)]), V),
    ],
    np.stack: [
        call([S, S, array()]),
        call([V, W]),
        call([M, M, M], axis=1),
        call([M, M], axis=-1),
        call([S]),
        call(M),
        by(lambda x: np.stack([x[0], 2.0, x[1]]), V),
        by(lambda x: np.array([x[0], x[1] * x[2]]), V),
        by(lambda x: np.array([[x[0], 1.0], [x[1], x[2]]]) @ x[:2], V),
    ],
    np.vstack: [call([V, W]), call([M, array(1, 4)]), call([S, S])],
    np.hstack: [call([V, W]), call([M, array(3, 1)]), call([S, S])],
    np.dstack: [call([V, W]), call([M, M]), call([S, T[:1, :1]])],
    np.column_stack: [call([V, W]), call([array(3), M])],
    # choices
    np.where: [
        call(FLAGS, M, M * 2),
        call(FLAGS, S, array(4)),
        call(INTS, M, 0.0),
        call(FLAGS[:, :1], M, INTS),
        by(lambda x: np.where(x > 0, x, -2 * x), M),
        by(lambda x: np.where(x > 0, np.log(np.abs(x)), 0.0), LONG),
        by(lambda x: np.where(x > 0, 1, 0), M),
    ],
    np.clip: [
        call(M, -0.5, 0.5),
        call(M, None, 0.25),
        call(M, array(4), None),
        call(M, -1.0, array(3, 1)),
        call(INTS, 2, 4),
        by(lambda x: x.clip(-0.5, 0.5), LONG),
    ],
    np.nan_to_num: [
        call(M),
        call(INTS),
        by(lambda x: np.nan_to_num(x / np.where(FLAGS, 0.0, 1.0), posinf=3.0, neginf=2.0), M),
        by(lambda x: np.nan_to_num(np.where(FLAGS, np.nan, x), nan=7.0), M),
    ],
    np.sinc: [call(M), call(S), call(np.array([0.0, 1e-3, 0.0099, 0.0101, 1.0])), call(LONG)],
    np.round: [
        call(M),
        call(array(3) * 2**9, -1),
        call(np.array([1.21875, -3.125, 7.0]), 1),
        call(INTS),
        by(lambda x: x.round(), M),
    ],
    np.copy: [call(M), by(lambda x: x.copy(), M)],
    # constants of the same shape
    np.zeros_like: [call(M), call(INTS), call(M, dtype=int), by(lambda x: np.zeros_like(x) + x, V)],
    np.ones_like: [call(M), by(lambda x: np.ones_like(x, shape=3) * x[:3], V)],
    np.empty_like: [by(lambda x: np.empty_like(x) * 0 + x, V)],
    np.full_like: [call(M, 3), by(lambda x: np.full_like(x, x[0]) * x, V)],
    np.shape: [by(lambda x: x * np.shape(x)[0], V)],
    np.ndim: [by(lambda x: x * np.ndim(x), M)],
    np.size: [by(lambda x: x * np.size(x) + np.size(x, 1), M)],
    np.result_type: [by(lambda x: x.astype(np.result_type(x, np.float64)), V)],
    # triangles and diagonals
    np.tril: [call(M), call(Q, 1), call(T, -1), call(WIDE, 5)],
    np.triu: [call(M), call(Q, 1), call(T, -1), call(INTS)],
    np.diagonal: [
        call(Q),
        call(M, 1),
        call(N, -2),
        call(T, 0, 0, 2),
        call(T, 1, axis1=-1, axis2=0),
        call(M, 9),
        call(WIDE, -3),
        by(lambda x: x.diagonal(1), M),
    ],
    np.diag: [call(V), call(V, 2), call(V, -1), call(M), call(N, -1), call(EMPTY), call(LONG[:40])],
    np.diagflat: [call(M), call(S, 1)],
    np.trace: [call(M), call(T), call(T, 1, 1, 2), call(INTS), by(lambda x: x.trace(), Q)],
    # parts
    np.flip: [call(V), call(T), call(T, 1), call(T, (0, -1)), call(S), call(LONG), call(THIN)],
    np.split: [call(M, 2, axis=1), call(V, [1, 3]), call(V, [2, 2, 9])],
    np.array_split: [call(V, 3), call(M, 2)],
    np.roll: [
        call(V, 2),
        call(M, -3),
        call(M, 1, axis=0),
        call(T, (1, -1), axis=(0, 2)),
        call(T, 1, axis=(1, 2)),
        call(V, 12),
        call(EMPTY, 1),
    ],
    np.take: [
        call(V, 3),
        call(V, -1),
        call(M, [1, 5, 5]),
        call(M, PLACES, axis=0),
        call(T, np.array([0, 2, 0]), axis=-2),
        call(LONG, np.arange(0, 1001, 3)),
        by(lambda x: x.take([0, 1], axis=1), M),
    ],
    operator.getitem: [
        *(
            call(V, key)
            for key in (
                2, -1, np.int64(3), slice(None), slice(1, 4), slice(None, None, -1),
                slice(4, 0, -2), slice(-2, 99), slice(3, 3), slice(-1, 0),
                None, ..., (), (None, 1), (..., 1),
                [0, 3, 3], np.array([4, -5, 0]), PLACES, np.array([], int), [], np.array(2),
                np.array([True, False, True, True, False]), True, False,
                [True, False, True, True, False],
            )
        ),
        *(
            call(T, key)
            for key in (
                1, -2, (1, 2), (1, 2, 3), (..., 0), (0, ..., 0), (slice(None), 1),
                (slice(None), slice(None, None, -2), slice(3, 0, -1)), (None, 0, None, ..., None),
                (slice(0), 1), (slice(None), [2, 0, 0]), (slice(None), slice(None), PLACES),
                ([0, 1], [2, -1]), ([0, 1], slice(None), [3, 0]), ([[0], [1]], [0, 1, 2]),
                (0, [1, 2]), (0, slice(None), [1, 3]), ([1, 0], 2),
                (PLACES[:, :1] % 2, ..., PLACES),
                (slice(None), [0, 1], [1, 2]), (slice(None), 1, [1, 2]), ([0, 1], None, [0, 1]),
                (None, [1, 1, 0]), (slice(None, None, -1), [0, 2], slice(1, 3)),
                (slice(None), None, [0, 2], [1, 1]), ([0], [0], [0]),
                np.arange(24).reshape(2, 3, 4) % 2 == 0,
                (slice(None), FLAGS), (np.array([True, False]), slice(None), [1, 2, 0]),
                (0, FLAGS), (..., np.array([True, False, True, True])), (FLAGS[:2, :3], 1),
                (np.zeros((2, 3), bool), slice(1, 3)), (..., None, PLACES), (1, ..., [1, 2]),
            )
        ),
        call(S, ()),
        call(S, None),
        call(S, ...),
        call(THIN, (slice(1, 3), [], 0)),
        call(THIN, ([0, 1], slice(None), 1)),
        call(INTS, (slice(None), [0, 1])),
        call(LONG, slice(None, None, -3)),
        call(WIDE, (slice(2, 30, 4), slice(None, None, -1))),
        call(WIDE, (np.arange(90) % 37, np.arange(90) % 53)),
        by(lambda x: x[x > 0], M),
        by(lambda x: x[x > 0] ** 2, LONG),
        by(lambda x: x[:, x[0] > 0], M),
        by(lambda x: x[np.argmax(x)], V),
        by(lambda x: x[np.argmax(x, axis=0), np.arange(4)], M),
        by(lambda x: x[np.arange(3), np.argmin(x, axis=1)], M),
        by(lambda x: x[(x > 0).astype(int)], V),
        by(lambda x, i: x[i], V, PLACES),
        by(lambda x, i: x[i, :, i], T, PLACES[0] % 2),
        by(lambda x, m: x[m], M, FLAGS),
        by(lambda x: [row[0] for row in x], M),
        by(lambda x: x.tolist()[1][2] + x.item(3), M),
        by(lambda x: x[int(np.argmax(x))] * len(x), V),
    ],
    # products
    np.dot: [
        call(V, W), call(M, N), call(M, V[:4]), call(V[:3], M), call(S, M), call(2.0, M),
        call(T, N), call(T, U), call(T, V[:4]), call(M[:, :0], N[:0]), call(WIDE, TALL),
        call(INTS, INTS.T), call(INTS, N), by(lambda x: x.dot(x), V),
    ],
    np.vdot: [call(V, W), call(M, N), call(S, S), call(LONG, LONG[::-1].copy())],
    np.inner: [call(V, W), call(M, Q), call(T, M), call(S, V), call(V[:4], T)],
    np.outer: [call(V, W), call(M, V), call(S, V), call(LONG[:40], V)],
    np.tensordot: [
        call(M, N, 1), call(T, T, 3), call(V, W, 0), call(T, U, axes=([0, 2], [0, 1])),
        call(T, N, axes=(-1, 0)), call(T, array(4, 3), axes=([1, 2], [1, 0])), call(M, M),
        call(M[:, :0], N[:0], 1),
    ],
    np.matmul: [
        call(V, W), call(M, N), call(M, V[:4]), call(V[:3], M), call(T, U), call(T, N),
        call(M, U), call(T, V[:4]), call(V[:3], T), call(array(3, 1, 2, 4), array(2, 4, 3)),
        call(array(1, 2, 3), array(5, 3, 2)), call(array(2, 1, 3, 4), array(1, 3, 4, 2)),
        call(array(1, 1, 2), array(1, 2, 1)), call(M[:, :0], N[:0]), call(M[:0], N),
        call(array(0, 2, 3), array(3, 2)), call(array(3, 1), array(1, 4)), call(WIDE, TALL),
        call(array(9, 20, 5), array(5, 7)), call(WIDE, LONG[:53]), call(LONG[:37], WIDE),
        call(INTS, INTS.T), call(M.astype(np.float32), N), by(lambda x: x @ x @ x, Q),
        by(lambda x: x.T @ x, WIDE), by(lambda x: [1.0, 2.0, 3.0] @ x, M),
    ],
    np.einsum: [
        *(
            call(spec, *operands)
            for spec, *operands in (
                ("ij,jk->ik", M, N), ("ij,jk", M, N), ("ij,jk->ki", M, N), ("ij,jk->", M, N),
                ("ij->ji", M), ("ij->", M), ("ij->j", M), ("ji", M), ("ii->i", Q), ("ii->", Q),
                ("ii", Q), ("i,i->i", V, W), ("i,i", V, W), ("i,j->ij", V, W), ("i,j->ji", V, W),
                ("i,j->", V, W), ("ijk,ikl->ijl", T, U), ("...ij,...jk->...ik", T, N),
                ("...ij,...jk", T, U), ("...j,j->...", T, V[:4]), ("i...->...i", T),
                ("...->...", M), ("...", M), ("i...,i...->...", M, M), ("ij,...j->i...", M, T),
                ("bij,bjk,bkl->bil", T, U, U[:, :2]), ("ij,jk,kl->il", M, N, M),
                ("i,j,k->ijk", V, W, V), ("ij,j,i->", M, V[:4], V[:3]), ("ii,ij->j", Q, Q),
                ("iij,jk->ik", array(3, 3, 4), N), ("i,->i", V, S), (",->", S, S),
                (" i j , j k -> k ", M, N), ("ij,ij->ij", M, M), ("ab,cb,ac->", M, M, array(3, 3)),
                ("ij,jk,kl,lm->im", M, N, M, N), ("...i,...i->...", M, ONE[0, :1] * V[:4]),
                ("ij,jk->ik", M[:, :0], N[:0]), ("ijk,lk->jil", WIDE[None], TALL.T[:, :53]),
                ("ij,j->i", WIDE, LONG[:53]), ("BA,B->A", M, V[:3]),
            )
        ),
        call("ij,jk->ik", INTS, INTS.T),
        call("ij,jk->ik", M, N, optimize=True),
        call("ij,j", M, INTS[0]),
    ],
    # powers by numbers, which become products
    np.power: [
        *(call(np.abs(V), k) for k in (-3, -1, 0, 1, 2, 3, 7, 8, 9, 0.5, -0.5, 2.5, 2.0)),
        *(call(V, k) for k in (-2, 0, 1, 2, 5, 8)),
        call(INTS, 3),
        call(INTS, 2.0),
        call(INTS, 11),
        call(2.0, V),
        call(3, V),
        by(lambda x: x**2 + x**-1 + 2**x, V),
        by(lambda x: 2.0 ** x[0] * x.sum() ** 3, LONG),
    ],
    # broadcasting of operands, and dtypes that meet
    np.add: [
        call(S, V), call(M, V[:4]), call(M, array(3, 1)), call(ONE, T[:, :1]), call(V, 2),
        call(V, INTS[0, :1]), call(array(3, 1), array(4)), call(EMPTY, S), call(THIN, array(2)),
        call(array(1), EMPTY), call(FLAGS, M), call(WIDE, LONG[:53]), call(array(37, 1), WIDE),
        by(lambda x: x + np.float32(2) + np.float64(3) + 1 + True, V),
        by(lambda x: -x + +x - abs(x) + x // 1 + x % 1, V),
        by(lambda x: divmod(x, 0.75), V),
        by(lambda x: 1 - x, V), by(lambda x: 1 / (3 + x), V), by(lambda x: [1.0, 2.0] * x[:2], V),
        by(lambda x: x.astype(int) + 1, V), by(lambda x: (x > 0) & (x < 1) | ~(x == 0), V),
    ],
}  # fmt: skip

SAME = {np.amax: np.max, np.amin: np.min, np.around: np.round, np.permute_dims: np.transpose}
"""Other names of functions in the table."""

CALLS = [
    pytest.param(c.function or function, c, id=f"{function.__name__}{k}")
    for function, calls in SAMPLES.items()
    for k, c in enumerate(calls)
]


def test_every_function_has_calls() -> None:
    covered = {*SAMPLES, *(other for other, name in SAME.items() if name in SAMPLES)}
    assert not set(FUNCTIONS) - covered


def _of_floats(function: Callable[..., Any], c: Call) -> tuple[Any, list[np.ndarray]]:
    """The call as a function of its arrays of floating point, and these arrays."""
    leaves, structure = flatten((c.args, c.kwargs))
    places = [k for k, x in enumerate(leaves) if _is_active(x)]

    def of_floats(*floats: Any) -> Any:
        filled = list(leaves)
        for k, x in zip(places, floats, strict=True):
            filled[k] = x
        args, kwargs = unflatten(structure, filled)
        return function(*args, **kwargs)

    return of_floats, [leaves[k] for k in places]


def _is_active(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype == np.float64


@pytest.fixture(params=["scalars", "loops"])
def path(request: Any, monkeypatch: Any) -> str:
    """Which code small arrays become."""
    if request.param == "loops":
        monkeypatch.setattr(jitad.passes.scalarize, "SMALL", -(10**9))
    return request.param


@pytest.mark.parametrize(("function", "c"), CALLS)
def test_call(function: Callable[..., Any], c: Call, path: str) -> None:
    f, xs = _of_floats(function, c)
    if any(x.size > 1000 for x in xs) and path == "loops":
        pytest.skip("large arrays are loops as they are")
    if not xs:
        _check_integers(function, c)
        return
    oracle.check_all(f, [np.asarray(x) for x in xs])


def _check_integers(function: Callable[..., Any], c: Call) -> None:
    """A call without operands of floating point: its arrays are the traced arguments."""
    leaves, structure = flatten((c.args, c.kwargs))
    places = [k for k, x in enumerate(leaves) if isinstance(x, np.ndarray)]

    def of_arrays(*arrays: Any) -> Any:
        filled = list(leaves)
        for k, x in zip(places, arrays, strict=True):
            filled[k] = x
        args, kwargs = unflatten(structure, filled)
        return function(*args, **kwargs)

    oracle.check_value(of_arrays, [leaves[k] for k in places])


@pytest.mark.parametrize(
    "key", [5, -6, (0, 1), [0, 5], [-6, 0], np.array([[7]]), np.ones(4, bool), 1.0, "a"]
)
def test_an_index_that_does_not_fit_is_an_error(key: Any, path: str) -> None:
    def f(x: Any) -> Any:
        return x[key]

    with pytest.raises(IndexError):
        f(V)
    with pytest.raises(jitad.JitadError):
        jitad.jit(f)(V)


@pytest.mark.parametrize("places", [[0, 5], [-6, 0]])
def test_a_traced_index_out_of_bounds_is_an_error(places: Any, path: str) -> None:
    def one(x: Any, i: Any) -> Any:
        return x[i]

    def several(x: Any, i: Any) -> Any:
        return x[i % 3, i]

    good, bad = np.array([0, 4]), np.array(places)
    f, g = jitad.jit(one), jitad.jit(several)
    np.testing.assert_array_equal(f(V, good), V[good])
    square = array(5, 5)
    np.testing.assert_array_equal(g(square, good), square[good % 3, good])
    for function, x in ((f, V), (g, square)):
        with pytest.raises(jitad.ShapeError):
            function(x, bad)
    gradient = jitad.grad(lambda x, i: np.sum(x[i]))
    np.testing.assert_array_equal(gradient(V, good), [1, 0, 0, 0, 1])
    with pytest.raises(jitad.ShapeError):
        gradient(V, bad)
