"""`scipy.sparse.linalg`, of traced values."""

from __future__ import annotations

from jitad.scipy.mirror import mirror

__getattr__, __dir__ = mirror("scipy.sparse.linalg")
