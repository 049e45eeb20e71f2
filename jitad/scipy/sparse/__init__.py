"""`scipy.sparse`, of traced values: matrices of a constant pattern.

The modules here are read as the user's functions are, and are written with NumPy's.
"""

from jitad.scipy.mirror import mirror
from jitad.scipy.sparse import construction, krylov, systems
from jitad.sparse.arrays import of_scipys

OBJECTS = {
    "_spbase": of_scipys,
    "SuperLU": systems.of_lu,
    "LinearOperator": krylov.of_operator,
}
"""The functions from objects of SciPy's, by their classes, to what stands for them."""

__getattr__, __dir__ = mirror("scipy.sparse", construction)
