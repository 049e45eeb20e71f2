"""`scipy.linalg`, on traced values as well."""

from __future__ import annotations

import jitad.scipy.linalg.construction
import jitad.scipy.linalg.decompositions
import jitad.scipy.linalg.equations
import jitad.scipy.linalg.functions
import jitad.scipy.linalg.solving
from jitad.scipy.mirror import mirror

__getattr__, __dir__ = mirror("scipy.linalg")
