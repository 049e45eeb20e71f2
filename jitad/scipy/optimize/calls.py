"""A call of SciPy's solvers -> its arguments by name, and what all of them record alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize
from scipy.optimize import OptimizeResult

from jitad.frontend.active import holds_traced, innermost_trace
from jitad.frontend.traceable import check_functions
from jitad.implicit.problem import Problem
from jitad.implicit.solvers import answer
from jitad.ir.errors import TraceError
from jitad.ir.value import Value

Named = dict[str, Any]
"""The arguments of a call by their names, with SciPy's defaults."""

PLAIN = object()
"""What is recorded where nothing is traced: SciPy's own function answers then."""


def function_of(
    name: str, record: Callable[[Named], Any], supplied: Any = None
) -> Callable[..., Any]:
    """The function of that name of SciPy's, of traced values what is recorded of its arguments;
    outside of traces what `supplied` makes of them, if that is given."""
    original = getattr(scipy.optimize, name)
    signature = inspect.signature(original)

    def function(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if innermost_trace() is None:
            return original(*args, **kwargs) if supplied is None else supplied(bound.arguments)
        check_functions(next(iter(bound.arguments.values())))
        found = record(dict(bound.arguments))
        return original(*args, **kwargs) if found is PLAIN else found

    function.__name__ = function.__qualname__ = name
    function.__module__ = "jitad.scipy.optimize"
    function.__doc__ = f"As scipy.optimize.{name}, of traced values as well."
    function.__dict__["__signature__"] = signature
    return function


_INSTEAD = {
    "constraints": "give bounds=, or solve the equations of the multipliers by jitad.implicit.root",
    "loss": "write the loss into a function for scipy.optimize.minimize",
}


def refuse(given: Named, name: str, **usual: Any) -> None:
    """An error where an option is another than the usual one."""
    for option, wanted in usual.items():
        if given.get(option, wanted) is not wanted and given[option] != wanted:
            raise TraceError(
                f"scipy.optimize.{name}(..., {option}=) of traced values",
                remedy=_INSTEAD.get(option, "leave it out: it belongs to one run of the solver"),
            )


def given_args(given: Named) -> tuple[Any, ...]:
    args = given.get("args") or ()
    return args if isinstance(args, tuple) else (args,)


def vector(x: Any) -> Any:
    """A first guess as one axis of floats."""
    x = np.stack(list(x)) if isinstance(x, (list, tuple)) and holds_traced(x) else x
    return np.reshape(x if isinstance(x, Value) else np.asarray(x, np.float64), (-1,)) * 1.0


def options_of(given: Named, *others: str) -> Named:
    gone = ("full_output", "disp", *others)
    return {name: x for name, x in given.items() if name not in gone and x is not None}


def solve_by(problem: Problem, start: np.ndarray, args: Sequence[Any]) -> np.ndarray:
    """`solver(f, start, slope)` of the residual and its matrix."""
    functions, solver = problem.functions, problem.solver
    assert solver is not None
    found = solver(
        lambda x: functions.residual.call([np.asarray(x, float), *args]),
        start,
        lambda x: functions.matrix.call([np.asarray(x, float), *args]),
    )
    return answer(found, start, problem.name)


def result(x: Any, **more: Any) -> OptimizeResult:
    done = {"success": True, "status": 1, "message": "The solution converged."}
    return OptimizeResult(x=x, **done, **more)


def as_array(x: Any) -> Any:
    return np.stack(list(x)) if isinstance(x, (list, tuple)) else x
