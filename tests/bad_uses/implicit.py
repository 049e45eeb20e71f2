"""Roots, minima, and initial value problems."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from bad_uses import A, X, Z, f
from jitad import LinearAlgebraError, ShapeError, TraceError
from jitad.implicit import ConvergenceError

# fmt: off
ROWS: list[Any] = [
    (lambda: jitad.implicit.root(None, 1.0), TraceError, 'None is not a function'),
    (lambda: jitad.implicit.root(lambda x: x - 1, "a"), TraceError, 'an operand of type str met a traced value'),
    (lambda: jitad.implicit.root(lambda x: x - 1, None), TypeError, "unsupported operand type(s"),
    (lambda: jitad.implicit.root(lambda x: x - 1, 1j), TraceError, 'root of complex unknowns'),
    (lambda: jitad.implicit.root(lambda x: "a", 1.0), TraceError, 'an operand of type str met a traced value'),
    (lambda: jitad.implicit.root(lambda x: None, 1.0), ShapeError, 'a problem of no numbers'),
    (lambda: jitad.implicit.root(lambda x: (x, x), 1.0), ShapeError, 'the function of root returns 2 numbers, and 1'),
    (lambda: jitad.implicit.root(lambda x: x[:2], X), ShapeError, 'the function of root returns 2 numbers, and 3'),
    (lambda: jitad.implicit.root(lambda x, a: x - a, 1.0), TypeError, '<lambda>() missing 1 requi'),
    (lambda: jitad.implicit.root(lambda x: x - 1, 1.0, 2.0), TypeError, '<lambda>() takes 1 positio'),
    (lambda: jitad.implicit.root(lambda x: x**2 + 1, 1.0), ConvergenceError, 'the solver did not converge: The iteration is'),
    (lambda: jitad.implicit.root(lambda x: x * np.nan, 1.0), ConvergenceError, 'the solver did not converge: The iteration is'),
    (lambda: jitad.implicit.root(lambda x: x - 1, 1.0, solver=3), TraceError, '3 is not a function'),
    (lambda: jitad.implicit.root(lambda x: x - 1, 1.0, solver=lambda f, x0, jac: None), ConvergenceError, 'the solver of root returned infinite values or'),
    (lambda: jitad.implicit.root(lambda x: x - 1, 1.0, solver=lambda f, x0, jac: "a"), ConvergenceError, 'the solver of root returned a str'),
    (lambda: jitad.implicit.root(lambda x: x - 1, 1.0, solver=lambda f, x0, jac: X), ConvergenceError, 'the solver of root returned an array of shape'),
    (lambda: jitad.implicit.root(lambda x: x - 1, 1.0, solver=lambda f, x0, jac: x0 * np.nan), ConvergenceError, 'the solver of root returned infinite values or'),
    (lambda: jitad.implicit.root(lambda x: x - 1, 1.0, solver=lambda f, x0: x0), TypeError, '<lambda>() got an unexpect'),
    (lambda: jitad.implicit.root(lambda x: x - 1, 1.0, linear_solver=3), TraceError, '3 is not a function'),
    (lambda: jitad.grad(lambda a: jitad.implicit.root(lambda x, a: x - a, 1.0, a, linear_solver=lambda A, b: None))(1.0), ConvergenceError, 'the solver of linear system of root returned'),
    (lambda: jitad.grad(lambda a: jitad.implicit.root(lambda x, a: (x - a) ** 2, 1.0, a))(1.0), LinearAlgebraError, 'lu_solve: the matrix is singular, is not'),
    (lambda: jitad.implicit.fixed_point(lambda x: 2 * x + 1, 1.0), ConvergenceError, 'x, g(x), g(g(x)) ... has no limit, or is not'),
    (lambda: jitad.implicit.fixed_point(lambda x: (x, x), 1.0), ShapeError, 'the function of fixed_point returns 2 numbers,'),
    (lambda: jitad.implicit.fixed_point(lambda x: x * np.nan, 1.0), ConvergenceError, 'x, g(x), g(g(x)) ... has no limit, or is not'),
    (lambda: jitad.implicit.fixed_point(None, 1.0), TraceError, 'None is not a function'),
    (lambda: jitad.implicit.argmin(lambda x: -(x**2), 1.0), ConvergenceError, 'the slope is zero where the function is -0.0,'),
    (lambda: jitad.implicit.argmin(lambda x: x, X), ShapeError, 'the function of argmin returns 3 numbers, and 1'),
    (lambda: jitad.implicit.argmin(lambda x: None, 1.0), ShapeError, 'a problem of no numbers'),
    (lambda: jitad.implicit.argmin(None, 1.0), TraceError, 'None is not a function'),
    (lambda: jitad.implicit.argmin(lambda x: (x - 1) ** 2, "a"), TraceError, 'an operand of type str met a traced value'),
    (lambda: jitad.implicit.nothing, AttributeError, "module 'jitad.implicit' ha"),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.odeint(None, y0, X))(1.0), TraceError, 'None is not a function'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.odeint(lambda y, t: "a", y0, X))(1.0), ShapeError, 'the slope is a str of 1 elements, and the state'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.odeint(lambda y, t: X, y0, X))(1.0), ShapeError, 'the slope is an array of 3 elements, and the'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.odeint(lambda y, t: y, y0, X))(A), ShapeError, 'an initial state of shape (3, 3)'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.odeint(lambda y, t: y, y0, X, full_output=1)[0])(1.0), TraceError, 'odeint(..., full_output=) of traced values'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), y0).y)(X), TraceError, 'the function returned a UnknownSteps'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), y0).y[:, 1])(X), TraceError, 'without t_eval the steps of solve_ivp are not'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), y0).t[1:])(X), TraceError, 'without t_eval the steps of solve_ivp are not'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), y0, t_eval=[0, 2]).y)(X), ShapeError, 'the times in t_eval are not within t_span'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), y0, t_eval=[1, 0]).y)(X), ShapeError, 'the times in t_eval are not in order'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), y0, t_eval=[]).y)(X), ShapeError, 'the times in t_eval are not within t_span'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), y0, "RK4").y[:, -1])(X), ValueError, "`method` must be one of {'"),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), y0, events=f).y[:, -1])(X), TraceError, 'solve_ivp with events= of traced values'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), y0).y[:, -1])(Z), ShapeError, 'an initial state of complex numbers'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y[:2], (0, 1), y0).y[:, -1])(X), ShapeError, 'the slope is an array of 2 elements, and the'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: -y, 1.0, y0).y[:, -1])(X), ShapeError, 't_span=1.0'),
    (lambda: jitad.jit(lambda y0: jitad.scipy.integrate.solve_ivp(lambda t, y: y**2, (0, 9), y0).y[:, -1])(X), ConvergenceError, 'solve_ivp: Required step size is less than'),
]
# fmt: on
