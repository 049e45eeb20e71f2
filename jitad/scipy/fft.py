"""`scipy.fft`, on traced values as well: the transforms that `numpy.fft` has, too."""

from __future__ import annotations

import numpy as np
import scipy.fft

from jitad.ir.value import FUNCTIONS
from jitad.scipy.mirror import mirror

for _name in np.fft.__all__:
    if _name.endswith(("fft", "fft2", "fftn")):
        FUNCTIONS[getattr(scipy.fft, _name)] = FUNCTIONS[getattr(np.fft, _name)]

__getattr__, __dir__ = mirror("scipy.fft")
