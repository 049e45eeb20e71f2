"""Streams: arguments, options, and where results go."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from bad_uses import A, X, rows
from jitad import DifferentiationError, JitadError, ShapeError, TraceError

# fmt: off
ROWS: list[Any] = [
    (lambda: jitad.stream(None, X), TraceError, 'None is not a function'),
    (lambda: jitad.stream(rows), ShapeError, 'points along axes of lengths []'),
    (lambda: jitad.stream(rows, 3.0), TraceError, 'an argument of type float has no points'),
    (lambda: jitad.stream(rows, "abc"), TraceError, 'an argument of type str has no points'),
    (lambda: jitad.stream(rows, None), ShapeError, 'points along axes of lengths []'),
    (lambda: jitad.stream(rows, X[:0]), ShapeError, 'points along axes of lengths [0]'),
    (lambda: jitad.stream(rows, (x for x in X)), TraceError, 'an argument of type generator has no points'),
    (lambda: jitad.stream(rows, range(3)), [0.0, 2.0, 4.0]),
    (lambda: jitad.stream(rows, [1.0, 2.0]), TraceError, 'an argument of type float has no points'),
    (lambda: jitad.stream(rows, {"a": X}), TypeError, "unsupported operand type(s"),
    (lambda: jitad.stream(rows, np.ma.array(X)), TraceError, 'an argument is a numpy.ma.MaskedArray: traced'),
    (lambda: jitad.stream(rows, A.view(np.matrix)), TraceError, 'an argument is a numpy.matrix: traced values'),
    (lambda: jitad.stream(rows, np.array(["a", "b"])), TraceError, 'arrays of dtype <U1 are not supported'),
    (lambda: jitad.stream(rows, np.array([None, 1.0], object)), TraceError, 'an argument is an object array'),
    (lambda: jitad.stream(lambda x, y: x * y, X, X[:2]), ShapeError, 'points along axes of lengths [2, 3]'),
    (lambda: jitad.stream(lambda x, y: x * y, X, 2.0), TraceError, 'an argument of type float has no points'),
    (lambda: jitad.stream(lambda x, y: x * y, X, 2.0, in_axes=(0, None)), [2.0, 4.0, 6.0]),
    (lambda: jitad.stream(rows, X, in_axes=1), ShapeError, 'axis 1 is out of bounds for an array of 1 axes'),
    (lambda: jitad.stream(rows, X, in_axes=None), ShapeError, 'points along axes of lengths []'),
    (lambda: jitad.stream(rows, X, in_axes="a"), ShapeError, "axis 'a' is not an integer"),
    (lambda: jitad.stream(rows, X, in_axes=(0, 0)), ShapeError, 'in_axes=(0, 0) does not fit the arguments'),
    (lambda: jitad.stream(rows, X, block=0), ShapeError, 'block=0'),
    (lambda: jitad.stream(rows, X, block=-1), ShapeError, 'block=-1'),
    (lambda: jitad.stream(rows, X, block=2.5), ShapeError, 'block=2.5'),
    (lambda: jitad.stream(rows, X, block="2"), ShapeError, "block='2'"),
    (lambda: jitad.stream(rows, X, block=True), ShapeError, 'block=True'),
    (lambda: jitad.stream(rows, X, block=2**70), [2.0, 4.0, 6.0]),
    (lambda: jitad.stream(rows, X, reduce="middle"), TraceError, "reduce='middle'"),
    (lambda: jitad.stream(rows, X, reduce=3), TraceError, 'reduce=3'),
    (lambda: jitad.stream(rows, X, reduce=lambda a: a), TypeError, '<lambda>() takes 1 positio'),
    (lambda: jitad.stream(rows, X, reduce=lambda a, b: (a, b)), ShapeError, 'the function of reduce= returns another'),
    (lambda: jitad.stream(rows, X, reduce=lambda a, b: "a"), TraceError, 'the function returned a str'),
    (lambda: jitad.stream(rows, X, reduce=lambda a, b: X), ShapeError, 'arrays of shapes (1, 3), (1,) cannot be'),
    (lambda: jitad.stream(rows, X, reduce="sum", out=np.zeros(3)), ShapeError, 'out= and reduce= in one stream'),
    (lambda: jitad.stream(rows, X, reduce=["sum"]), TraceError, "reduce=['sum']"),
    (lambda: jitad.stream(rows, X, out=np.zeros(2)), ShapeError, 'out= does not fit the result'),
    (lambda: jitad.stream(rows, X, out=np.zeros(3, np.float32)), ShapeError, 'out= does not fit the result'),
    (lambda: jitad.stream(rows, X, out="a"), ShapeError, 'out= does not fit the result'),
    (lambda: jitad.stream(rows, X, out=[np.zeros(3)]), ShapeError, 'out= does not fit the result'),
    (lambda: jitad.stream(rows, X, out=np.broadcast_to(0.0, 3)), ShapeError, 'out= does not fit the result'),
    (lambda: jitad.stream(rows, X, out=3.0), ShapeError, 'out= does not fit the result'),
    (lambda: jitad.stream(rows, np.arange(4.0)[:3], out=np.arange(4.0)[1:]), [0.0, 2.0, 4.0]),
    (lambda: jitad.stream(lambda x: (x, x), X, out=(Y := np.zeros(3), Y)), ShapeError, 'two results are written into one array'),
    (lambda: jitad.stream(lambda x: "a", X), TraceError, 'the function returned a str'),
    (lambda: jitad.stream(lambda x: None, X), None),
    (lambda: jitad.stream(lambda x: x[5], A), JitadError, 'index 5 is out of bounds for an axis of length 3'),
    (lambda: jitad.stream(rows, X, progress=lambda done: 1), TypeError, '<lambda>() takes 1 positio'),
    (lambda: jitad.stream(rows, X, parallel="no"), [2.0, 4.0, 6.0]),
    (lambda: jitad.stream(rows, X, unknown=1), TypeError, 'stream() got an unexpected'),
    (lambda: jitad.stream(jitad.grad(rows), A), DifferentiationError, 'the gradient needs a scalar result, and this'),
]
# fmt: on
