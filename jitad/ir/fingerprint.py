"""Tape -> digest of every field of it: two tapes of one digest are one program, bit by bit.

Numbers count with their types and all their bits (0.0 and -0.0, 1 and True differ), arrays with
their elements, sub-tapes with theirs. What is none of these counts by identity, and has to live as
long as the digest is used.
"""

from __future__ import annotations

import dataclasses
import hashlib
import marshal
from types import FunctionType
from typing import Any, NamedTuple, cast

import numpy as np

from jitad.ir.op import SHORT_NAMES, DType, Op
from jitad.ir.tape import Tape


class Fingerprint(NamedTuple):
    """A digest; it is `pure` where it holds for programs of other processes, no identity in it."""

    digest: bytes
    pure: bool


def fingerprint(tape: Tape, *further: object) -> Fingerprint:
    """The fingerprint of a tape, and of what else a program is made of."""
    reader = _Reader()
    read = [reader.of(tape), *map(reader.of, further)]
    return Fingerprint(_digest(read), reader.pure)


def _digest(x: Any) -> bytes:
    # Of later versions what is written depends on who else holds the objects.
    return hashlib.blake2b(marshal.dumps(x, 2), digest_size=20).digest()


_PLAIN = frozenset((float, complex, int, bool, str, bytes, type(None)))
"""What is written as it is, with its type and all its bits."""


class _Reader:
    """Objects -> nested tuples of numbers and text, which are equal where the objects are."""

    def __init__(self) -> None:
        self.pure = True
        self.tapes: dict[int, object] = {}

    def of(self, x: Any) -> object:
        """What stands for x."""
        if type(x) in _PLAIN:
            return x
        if isinstance(x, tuple):
            kind = type(cast("object", x)).__name__
            return (kind, *map(self.of, cast("tuple[Any, ...]", x)))
        if isinstance(x, Tape):
            return self._tape(x)
        if isinstance(x, Op):
            return "op", x.name
        return self._object(x)

    def _object(self, x: Any) -> object:
        kind: str = type(x).__name__
        if isinstance(x, np.dtype):
            return "dtype", _name(cast("DType", x))
        if isinstance(x, (np.ndarray, np.generic)):
            array = cast("np.ndarray[Any, DType]", np.asarray(cast("Any", x)))
            if array.dtype.kind != "O":
                return kind, _name(array.dtype), array.shape, array.tobytes()
        elif isinstance(x, type) and x.__module__ == "builtins":
            return "type", x.__name__
        elif isinstance(x, slice):
            return "slice", repr(cast("object", x))
        elif dataclasses.is_dataclass(x) and not isinstance(x, type):
            return kind, *(self.of(getattr(x, field.name)) for field in dataclasses.fields(x))
        elif (
            isinstance(x, FunctionType) and x.__module__.startswith("jitad.") and not x.__closure__
        ):
            return "function", x.__module__, x.__qualname__
        self.pure = False
        return "object", id(cast("object", x))

    def _tape(self, tape: Tape) -> object:
        """The digest of a tape: a sub-tape that many ops hold is read once."""
        found = self.tapes.get(id(tape))
        if found is None:
            of, read = self.of, list[object]()
            for op, args, params, shape, dtype, line in tape.instrs:
                given = [x if type(x) in _PLAIN else of(x) for x in params]
                read += op.name, args, given, shape, _name(dtype), line and tuple(line)
            found = "tape", _digest([read, tape.inputs, tape.outputs])
            self.tapes[id(tape)] = found
        return found


def _name(dtype: DType) -> str:
    """NumPy takes longer to name a dtype than a whole instruction does."""
    return SHORT_NAMES.get(dtype) or str(dtype)
