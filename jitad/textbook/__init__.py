"""Automatic differentiation as the textbooks teach it: pure Python, one scalar at a time.

Read in this order:

- `active` says what every operation computes and what its partial derivatives are. This is all the
  calculus there is.
- `dual` pushes tangents forward, from the inputs: a dual number is a value and its tangent.
- `tape` pulls adjoints back, from the result: a Wengert list remembers what has been computed.

A function that calls this module's `sin`, `cos`, `exp`, `log`, `sqrt` and `tanh` runs on floats, on
dual numbers and on the tape's variables alike:

>>> from jitad.textbook import dual, exp, sin, tape
>>> def f(x):
...     a = x[0] / x[1]
...     return (sin(a) + a - exp(x[1])) * (a - exp(x[1]))
>>> round(f([1.5, 0.5]), 4)
2.0166
>>> for mode in (dual, tape):
...     y, (dy_dx1, dy_dx2) = mode.value_and_gradient(f, [1.5, 0.5])
...     print(round(y, 4), round(dy_dx1, 4), round(dy_dx2, 4))
2.0166 3.0118 -13.724
2.0166 3.0118 -13.724

Sources: A. Griewank, A. Walther, Evaluating Derivatives: Principles and Techniques of Algorithmic
Differentiation, 2nd ed., SIAM 2008. For dual numbers W. K. Clifford, Preliminary sketch of
biquaternions, Proc. London Math. Soc. s1-4 (1873), pp. 381-395.
"""

from jitad.textbook.active import cos, exp, log, sin, sqrt, tanh

__all__ = ["cos", "exp", "log", "sin", "sqrt", "tanh"]
