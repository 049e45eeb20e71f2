"""What a kernel's body returns: 0, or bits that say what went wrong."""

OUT_OF_BOUNDS = 1
"""An integer-array index lies outside of its axis."""

GUARD_FAILED = 2
"""A guard found another value than the one that the trace was made for."""
