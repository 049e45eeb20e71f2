"""A table as a product of two thin factors, by gradient descent on both of them.

The best possible factors leave the squares of the singular values that are cut off (Eckart and
Young), and so does the fit.
"""

import jitad.numpy as np
from jitad import grad

rng = np.random.RandomState(9)
rows, columns, rank = 15, 10, 2
table = np.dot(rng.randn(rows, rank), rng.randn(rank, columns)) + 0.2 * rng.randn(rows, columns)


def loss(left, right):
    return np.sum((np.dot(left, right.T) - table) ** 2)


by_left, by_right = grad(loss, 0), grad(loss, 1)
by_both = grad(loss, (0, 1))
start = 0.3 * rng.randn(rows, rank), 0.3 * rng.randn(columns, rank)


def descend(left, right, steps=400, rate=0.01):
    """Both factors by turns, each with the other's newest values."""
    for _ in range(steps):
        left = left - rate * by_left(left, right)
        right = right - rate * by_right(left, right)
    return left, right


def main():
    left, right = descend(*start)
    print(f"loss {loss(*start):.4f} -> {loss(left, right):.6f}")
    least = np.sum(np.linalg.svd(table, compute_uv=False)[rank:] ** 2)
    print(f"the singular values that are cut off leave {least:.6f}")
    residual = np.dot(start[0], start[1].T) - table
    expected = 2 * residual @ start[1], 2 * residual.T @ start[0]
    difference = max(np.abs(x - y).max() for x, y in zip(by_both(*start), expected, strict=True))
    print(f"\nCheck: the gradients differ from those by hand by {difference:.1e}, and", end=" ")
    print(f"the loss from the least one by {abs(loss(left, right) - least):.1e}")


if __name__ == "__main__":
    main()
