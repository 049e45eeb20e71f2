"""Calls of NumPy's products of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.arrays import (
    INTS,
    LONG,
    ONE,
    TALL,
    WIDE,
    Call,
    M,
    N,
    Q,
    S,
    T,
    U,
    V,
    W,
    array,
    by,
    call,
)

SAMPLES: dict[Any, list[Call]] = {
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
}  # fmt: skip
