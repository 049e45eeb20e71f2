"""Calls of np.einsum."""

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
        call("ij,jk,kl->il", M, N, M, optimize=["einsum_path", (1, 2), (0, 1)]),
        call("i,i", INTS[0], INTS[1], dtype=float),
        # operands and sublists of labels in turn
        call(M, [0, 1], N, [1, 2], [0, 2]), call(M, [0, 1], N, [1, 2]), call(Q, [3, 3]),
        call(T, [..., 0, 1], N, [1, 30], [..., 30, 0]), call(V, [5], W, [2]),
    ],
    np.einsum_path: [by(lambda x: x * len(np.einsum_path("ij,jk,kl", x, x, x)[0]), Q)],
}  # fmt: skip
