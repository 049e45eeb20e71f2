"""One function in every mode: its trace, forward and reverse sweeps, and machine code.

The function is Griewank & Walther's, Evaluating Derivatives, 2nd ed., SIAM 2008, equation (1.2).
"""

import numpy as np
from numba import njit

import jitad


def f(x1, x2):
    return (np.sin(x1 / x2) + x1 / x2 - np.exp(x2)) * (x1 / x2 - np.exp(x2))


def by_hand(x1, x2):
    """The gradient of f, by pencil and paper."""
    a, b = x1 / x2, np.exp(x2)
    by_a = (np.cos(a) + 1) * (a - b) + (np.sin(a) + a - b)
    by_b = -(a - b) - (np.sin(a) + a - b)
    return np.array([by_a / x2, -by_a * a / x2 + by_b * b])


point = (1.5, 0.5)

print("What NumPy did, instruction by instruction:\n")
trace = jitad.trace(f, *point)
print(trace)

print("\nForward mode: tangents, in the direction x1.\n")
print(trace.evaluation_trace("forward"))

print("\nReverse mode: adjoints, to be read from the bottom up.\n")
print(trace.evaluation_trace("reverse"))

print("\nThe first lines of the graph, for Graphviz, with the elemental partials:\n")
print("\n".join(trace.to_dot(partials=True).splitlines()[:6]))

value, tangent = jitad.jvp(f, point, (1.0, 0.0))
print(f"\njvp             y = {value:.6f}   dy = {tangent:.6f} in the direction (1, 0)")

value, pullback = jitad.vjp(f, *point)
adjoints = np.array(pullback(1.0))
print(f"vjp             y = {value:.6f}   adjoints {adjoints.round(6)}")

kernel = jitad.compile(jitad.value_and_grad(f, argnums=(0, 1)), *point)
value, gradient = kernel(*point)
print(f"compiled        y = {value:.6f}   gradient {np.round(gradient, 6)}")

native = kernel.njit


@njit
def mean_slope(count):
    """The mean of dy/dx1 over a line of points: the kernel in a loop of Numba's."""
    total = 0.0
    for k in range(count):
        _, by_x1, _ = native(1.0 + k / count, 0.5)
        total += by_x1
    return total / count


count = 100_000
print(f"in a Numba loop mean dy/dx1 = {mean_slope(count):.6f} over {count} points")

(second,) = (jitad.hessian(lambda x: f(x[0], x[1]))(np.array(point)),)
print(f"hessian         {second.round(4).tolist()}")

exact = by_hand(*point)
print("\nCheck: the largest difference from the gradient by hand")
print(f"       forward {abs(tangent - exact[0]):.1e}, reverse {abs(adjoints - exact).max():.1e}")
