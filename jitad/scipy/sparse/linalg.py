"""`scipy.sparse.linalg`, of traced values."""

from jitad.scipy.mirror import mirror
from jitad.scipy.sparse import krylov, systems

__getattr__, __dir__ = mirror("scipy.sparse.linalg", systems, krylov)
