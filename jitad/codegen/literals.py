"""Numbers as LLVM writes them."""

from __future__ import annotations

import math
import struct


def float_literal(x: float) -> str:
    """A floating-point literal that is exact: the bits of the double."""
    if math.isfinite(x) and x == int(x) and abs(x) < 1e15:
        return f"{x:.1f}"
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"
