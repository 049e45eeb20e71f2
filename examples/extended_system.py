"""The chain rule as one triangular system, and dual numbers as matrices: what the modes solve.

The function is Griewank & Walther's, Evaluating Derivatives, 2nd ed., SIAM 2008, equation (1.2);
the extended system is that of section 2.2.
"""

import numpy as np
from scipy.linalg import expm

import jitad
from jitad.textbook import exp
from jitad.textbook.dual import Dual, VectorDual


def f(x1, x2):
    return (np.sin(x1 / x2) + x1 / x2 - np.exp(x2)) * (x1 / x2 - np.exp(x2))


point = (1.5, 0.5)
extended = jitad.trace(f, *point).extended_jacobian()
print("Each v_i is an equation phi_i(v_j) - v_i = 0. The Jacobian of all of them, C - I:\n")
print(extended)

compiled = np.array([jitad.jacobian(f, argnums=(0, 1))(*point)])
b, lower, r, t = extended.blocks()
inner = np.eye(lower.shape[0]) - lower.toarray()

print("\nForward mode solves (I - L) X = B from the first row on, and gives R + T X:")
tangents = np.linalg.solve(inner, b.toarray())
forward = r + t @ tangents
print(forward.round(6))

print("\nReverse mode solves (I - L)^T Y = T^T from the last row back, and gives R + Y^T B:")
adjoints = np.linalg.solve(inner.T, t.toarray().T)
reverse = r + adjoints.T @ b
print(reverse.round(6))

factors = extended.factors()
print(f"\nThe product of {len(factors)} factors, one for each operation, each the identity but for")
print("one row:")
print(extended.product().round(6))

x, y = Dual(1.5, 1.0), Dual(0.5, 0.0)
print("\nA dual number v + d eps is the matrix [[v, d], [0, v]]. A quotient, and its matrices':\n")
print(np.array((x / y).matrix()))
print(np.array(x.matrix()) @ np.linalg.inv(y.matrix()))
block = VectorDual(0.5, [1.0, 0.0, 2.0])
print("\nWith three tangents it is a block; the exponential of one is that of the other:\n")
print(np.array(exp(block).matrix()).round(6))

differences = {
    "Schur complement": np.abs(extended.jacobian() - compiled).max(),
    "forward": np.abs(forward - compiled).max(),
    "reverse": np.abs(reverse - compiled).max(),
    "product": np.abs(extended.product() - compiled).max(),
    "exponential of the block": np.abs(expm(block.matrix()) - exp(block).matrix()).max(),
}
print("\nCheck:", ", ".join(f"{name} {x:.1e}" for name, x in differences.items()))
