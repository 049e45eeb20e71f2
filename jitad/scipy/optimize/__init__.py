"""`scipy.optimize`: its own solvers, with derivatives supplied, and differentiated as a whole.

Outside of traced functions the functions here are SciPy's, given the derivatives that they ask for
(`supplied.py`); what is given by hand wins. A number to minimise, residuals and constraints are
differentiated by their first argument, through `args` and all that they close over.
Within one, what they find is differentiated by the implicit function theorem: SciPy's solver finds
it, on compiled functions, and its derivatives are those of the equation that it solves. What was
found belongs to any data, so a solver that fails raises `jitad.implicit.ConvergenceError`.

Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 15.
"""

from jitad.scipy.mirror import mirror
from jitad.scipy.optimize.minima import curve_fit, least_squares, minimize, minimize_scalar
from jitad.scipy.optimize.roots import (
    bisect,
    brenth,
    brentq,
    fixed_point,
    fsolve,
    newton,
    ridder,
    root,
    root_scalar,
    toms748,
)

__getattr__, __dir__ = mirror("scipy.optimize")
