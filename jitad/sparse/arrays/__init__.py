"""Sparse matrices of traced values, within a function that is traced: SciPy's, in a program.

They are read as the user's classes are, and are written with NumPy's functions. A pattern is
constant: entries that are 0 by their values stay entries, which SciPy drops from some results.
"""

from jitad.sparse.arrays.products import SparseArray, as_sparse, of_scipys, placed

__all__ = ["SparseArray", "as_sparse", "of_scipys", "placed"]
