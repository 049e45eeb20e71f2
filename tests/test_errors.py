"""Errors name what happened, the user's line, and what to write instead."""

from __future__ import annotations

import inspect
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jitad
from jitad import DifferentiationError, JitadError, ShapeError, TraceError

X = np.array([1.0, 2.0, 3.0])


def _unsupported_function(x: Any) -> Any:
    return np.packbits(x)  # here


def _unsupported_ufunc(x: Any) -> Any:
    return np.spacing(x)  # here


def _shapes(x: Any) -> Any:
    return np.sum(x + np.ones(4))  # here


def _matmul_shapes(x: Any) -> Any:
    return np.ones((2, 4)) @ x  # here


def _reshape(x: Any) -> Any:
    return x.reshape(2, 2)  # here


def _axis(x: Any) -> Any:
    return np.sum(x, axis=1)  # here


def _out_of_bounds(x: Any) -> Any:
    return x[3]  # here


def _assign(x: Any) -> Any:
    x[0] = 1.0  # here
    return x


def _truth(x: Any) -> Any:
    return x if x > 0 else -x  # here


def _sum_out(x: Any) -> Any:
    return np.sum(x, out=X)  # here


def _at(x: Any) -> Any:
    np.add.at(x, [0], 1.0)  # here
    return x


def _undefined(x: Any) -> Any:
    return np.add(x, 1.0, where=x > 2)  # here


def _text(x: Any) -> Any:
    return x + np.array(["a", "b", "c"], object)  # here


def _depends_on_values(x: Any) -> Any:
    return np.real_if_close(x * 1j)  # here


def _kept(x: Any) -> Any:
    thread = threading.Thread(target=_LEAKED.append, args=(x,))  # whose effects nobody sees
    thread.start()
    thread.join()
    return x


_LEAKED: list[Any] = []

CASES: list[tuple[Callable[..., Any], type[JitadError], str]] = [
    (_unsupported_function, TraceError, "np.packbits"),
    (_unsupported_ufunc, TraceError, "spacing"),
    (_shapes, ShapeError, r"\(3,\) and \(4,\)"),
    (_matmul_shapes, ShapeError, "4 meets one of 3"),
    (_reshape, ShapeError, "reshape"),
    (_axis, ShapeError, "axis 1"),
    (_out_of_bounds, ShapeError, "index 3"),
    (_assign, TraceError, "jitad.numpy.array"),
    (_truth, TraceError, "ambiguous"),
    (_sum_out, TraceError, "out="),
    (_at, TraceError, "in place"),
    (_undefined, TraceError, "np.where"),
    (_text, TraceError, "str"),
    (_depends_on_values, TraceError, "depends on values"),
]


@pytest.mark.parametrize("transform", [jitad.jit, jitad.grad], ids=["jit", "grad"])
@pytest.mark.parametrize(("function", "kind", "words"), CASES, ids=[f.__name__ for f, *_ in CASES])
def test_errors_of_tracing(
    function: Callable[..., Any], kind: Any, words: str, transform: Any
) -> None:
    if function in (_assign, _at) and transform is jitad.jit:  # which writes to the caller's array
        transform = jitad.jacfwd
    with pytest.raises(kind, match=words) as caught:
        transform(function)(X)
    _names_the_line(caught.value, function)


def _names_the_line(error: Exception, function: Callable[..., Any]) -> None:
    lines, start = inspect.getsourcelines(function)
    (place,) = (start + k for k, text in enumerate(lines) if "# here" in text)
    assert f'File "{__file__}", line {place}' in str(error)
    assert "Remedy: " in str(error)


def _check_call(kind: Any, words: str, call: Callable[[], Any]) -> None:
    """The call is at fault: the line is the one that calls the transformed function."""
    with pytest.raises(kind, match=words) as caught:
        call()
    assert __file__ in str(caught.value)
    assert "Remedy: " in str(caught.value)


def test_errors_of_differentiation() -> None:
    _check_call(DifferentiationError, "shape", lambda: jitad.grad(lambda x: x * 2)(X))
    _check_call(DifferentiationError, "int64", lambda: jitad.grad(np.sum)(np.arange(3)))
    _check_call(DifferentiationError, "int64", lambda: jitad.grad(lambda x: x * x)(3))
    _check_call(DifferentiationError, "bool", lambda: jitad.jacfwd(np.sum)(np.ones(3, bool)))
    _check_call(DifferentiationError, "int64", lambda: jitad.grad(np.argmax)(X))
    _check_call(DifferentiationError, "bool", lambda: jitad.vjp(lambda x: x > 0, X))
    _check_call(DifferentiationError, "one scalar", lambda: jitad.grad(lambda x: (x[0], 1.0))(X))
    _check_call(DifferentiationError, "pair", lambda: jitad.grad(np.sum, has_aux=True)(X))


def test_errors_of_arguments() -> None:
    _check_call(TraceError, "object", lambda: jitad.grad(np.sum)(np.array(["a", "b"], object)))
    _check_call(TraceError, "<U1", lambda: jitad.grad(np.sum)(np.array(["a", "b"])))
    _check_call(DifferentiationError, "str", lambda: jitad.grad(np.sum)("abc"))
    _check_call(TraceError, "set", lambda: jitad.jit(lambda x, y: x)(1.0, {1.0}))
    _check_call(DifferentiationError, "complex128", lambda: jitad.grad(np.sum)(X * 1j))
    _check_call(DifferentiationError, "real", lambda: jitad.jacfwd(np.real)(X * 1j))
    _check_call(DifferentiationError, "complex", lambda: jitad.grad(np.sum, holomorphic=True)(X))
    _check_call(TraceError, "complex", lambda: jitad.trace(np.exp, 1j).evaluation_trace())
    _check_call(DifferentiationError, "float16", lambda: jitad.grad(np.sum)(X.astype(np.float16)))
    _check_call(TraceError, "not a function", lambda: jitad.grad(3.0))
    _check_call(ShapeError, "argnums", lambda: jitad.grad(np.sum, 2)(X))
    _check_call(ShapeError, "tuples", lambda: jitad.jvp(np.sum, X, X))
    _check_call(ShapeError, "shape", lambda: jitad.jvp(np.sum, (X,), (X[:2],)))
    _check_call(ShapeError, "structure", lambda: jitad.jvp(np.sum, (X,), ([X],)))
    _, pullback = jitad.vjp(lambda x: x * 2, X)
    _check_call(ShapeError, "shape", lambda: pullback(np.ones(2)))
    _check_call(ShapeError, "structure", lambda: pullback((X,)))
    _check_call(ShapeError, "mode", lambda: jitad.jacobian(np.sin, mode="sideways"))


def test_errors_of_results() -> None:
    _check_call(TraceError, "str", lambda: jitad.jit(lambda x: "text")(X))
    _check_call(TraceError, "returned", lambda: jitad.jit(lambda x: {1, 2})(X))


def test_a_value_kept_from_an_ended_trace() -> None:
    jitad.jit(_kept)(X)
    _check_call(TraceError, "ended", lambda: jitad.jit(lambda y: y + _LEAKED[0])(X))


def test_errors_of_users_pass_through() -> None:
    def f(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        jitad.grad(f)(X)
    assert jitad.grad(np.sum)(X).tolist() == [1.0, 1.0, 1.0]


def test_errors_pickle() -> None:
    with pytest.raises(JitadError) as caught:
        jitad.jit(_shapes)(X)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)


def test_kinds_of_errors_are_also_pythons_own() -> None:
    assert issubclass(TraceError, TypeError)
    assert issubclass(ShapeError, ValueError)
    assert issubclass(DifferentiationError, TypeError)
