"""`scipy.ndimage`, on traced values as well."""

from __future__ import annotations

from jitad.scipy.mirror import mirror

__getattr__, __dir__ = mirror("scipy.ndimage")
