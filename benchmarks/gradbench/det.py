"""The determinant of a matrix A of shape (l, l), by Laplace's expansion along its rows.

    det A = sum_j (-1)^j A[0, j] det(A without row 0 and column j)

The minors of the lower rows are named by the sets of columns that are left, and each set is reached
in many ways: every minor is computed once, l 2^(l-1) products in place of the recursion's e l!. The
polynomial is the same.
"""

from itertools import combinations

import numpy as np

import jitad


def expansion(size):
    """For each row from the last but one up, by which minors its elements are multiplied.

    Returns:
        a list of (columns, minors, signs), each of shape (sets, columns in a set): which element of
        the row, which of the minors of the rows below, and its sign.
    """
    levels, places = [], {(j,): j for j in range(size)}
    for count in range(2, size + 1):
        sets = list(combinations(range(size), count))
        below = [[places[s[:k] + s[k + 1 :]] for k in range(count)] for s in sets]
        levels.append((np.array(sets), np.array(below), (-1.0) ** np.arange(count)))
        places = {s: k for k, s in enumerate(sets)}
    return levels


def determinant(a, levels):
    """The value, of a (l, l)."""
    minors = a[-1]
    for row, (columns, below, signs) in zip(a[-2::-1], levels, strict=True):
        minors = np.sum(signs * row[columns] * minors[below], axis=1)
    return minors[0]


def _prepared(transform):
    def prepare(given):
        size = given["ell"]
        levels = expansion(size)
        a = np.array(given["A"]).reshape(size, size)
        function = transform(lambda a: determinant(a, levels))
        return lambda: function(a)

    return prepare


FUNCTIONS = {
    "primal": (_prepared(jitad.jit), float),
    "gradient": (_prepared(jitad.grad), lambda a: a.ravel().tolist()),
}
