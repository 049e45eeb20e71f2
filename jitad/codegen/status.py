"""What a kernel's body returns: 0, or a bit that says what went wrong, and where.

The first that goes wrong is reported, except that a guard that fails comes before all else.
"""

OUT_OF_BOUNDS = 1
"""An integer-array index lies outside of its axis."""

GUARD_FAILED = 2
"""A guard found another value than the one that the trace was made for."""

LINEAR_ALGEBRA = 4
"""LAPACK refused: a singular or indefinite matrix, or an iteration that did not converge."""

CALLBACK_FAILED = 8
"""A NumPy function that was called back raised; codegen/callback.py keeps what."""

COMPLEX_RESULT = 16
"""A result that must be real is not: the eigenvalues of this matrix are complex."""

OUT_OF_MEMORY = 32
"""There is no memory for what a loop of unknown length keeps."""

WRONG_SHAPE = 64
"""An array that Numba's code passes has another shape than the one that was compiled for."""

LEFT_AGAIN = 128
"""The call before this one gave no result either; added where a kernel is called from Python."""

INTERRUPTED = 512
"""The user, or a handler of signals, has asked that the kernel end."""

SHARED_MEMORY = 256
"""An array that receives a result has memory of an argument, or of another result."""

RAISED = 1024
"""The function raises an exception of its own at these values."""

PLACE = 2048
"""Above these bits stands, plus 1, which of `Code.reported` it was."""

AT_ONCE = GUARD_FAILED | OUT_OF_MEMORY | INTERRUPTED | RAISED
"""What ends a kernel where it is found; of all else the first is reported at the end."""
