"""x^2 and its derivative, of a number x."""

import jitad


def square(x):
    """x^2, x a number."""
    return x * x


_square, _double = jitad.jit(square), jitad.grad(square)

FUNCTIONS = {
    "square": (lambda x: lambda: _square(float(x)), float),
    "double": (lambda x: lambda: _double(float(x)), float),
}
