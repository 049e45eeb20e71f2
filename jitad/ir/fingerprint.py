"""Tape -> digest of every field of it: two tapes of one digest are one program, bit by bit.

Numbers count with their types and all their bits (0.0 and -0.0, 1 and True differ), arrays with
their elements, sub-tapes with theirs. What is none of these counts by identity, and has to live as
long as the digest is used.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from types import FunctionType
from typing import Any, NamedTuple, cast

import numpy as np

from jitad.ir.op import Op
from jitad.ir.tape import Tape


class Fingerprint(NamedTuple):
    """A digest; it is `pure` where it holds for programs of other processes, no identity in it."""

    digest: bytes
    pure: bool


def fingerprint(tape: Tape, *further: object) -> Fingerprint:
    """The fingerprint of a tape, and of what else a program is made of."""
    reader = _Reader()
    text = repr([reader.of(tape), *map(reader.of, further)])
    return Fingerprint(hashlib.blake2b(text.encode(), digest_size=20).digest(), reader.pure)


class _Reader:
    """Objects -> nested tuples of text and ints, which are equal where the objects are the same."""

    def __init__(self) -> None:
        self.pure = True
        self.tapes: dict[int, object] = {}

    def of(self, x: object) -> object:
        """What stands for x."""
        read = _READERS.get(type(x))
        if read is not None:
            return read(x)
        if isinstance(x, tuple):
            return (type(x).__name__, *map(self.of, cast("tuple[Any, ...]", x)))
        if isinstance(x, Tape):
            return self._tape(x)
        if isinstance(x, Op):
            return "op", x.name
        if isinstance(x, np.dtype):
            return "dtype", x.str
        if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind != "O":
            array = cast("np.ndarray[Any, Any]", np.asarray(x))
            return type(x).__name__, array.dtype.str, array.shape, array.tobytes()
        if dataclasses.is_dataclass(x) and not isinstance(x, type):
            fields = [self.of(getattr(x, field.name)) for field in dataclasses.fields(x)]
            return type(x).__name__, *fields
        if isinstance(x, FunctionType) and x.__module__.startswith("jitad.") and not x.__closure__:
            return "function", x.__module__, x.__qualname__
        self.pure = False
        return "object", id(x)

    def _tape(self, tape: Tape) -> object:
        """The digest of a tape: a sub-tape that many ops hold is read once."""
        found = self.tapes.get(id(tape))
        if found is None:
            of = self.of
            instrs = [
                (x.op.name, x.args, [of(p) for p in x.params], x.shape, x.dtype.str, x.line)
                for x in tape.instrs
            ]
            text = repr((instrs, tape.inputs, tape.outputs))
            digest = hashlib.blake2b(text.encode(), digest_size=20).digest()
            found = self.tapes[id(tape)] = ("tape", digest)
        return found


def _float(x: Any) -> object:
    return struct.pack("d", x)


def _complex(x: Any) -> object:
    return struct.pack("dd", x.real, x.imag)


def _itself(x: Any) -> object:
    return x


_READERS: dict[type, Any] = {
    float: _float,
    complex: _complex,
    **dict.fromkeys((int, bool, str, bytes, type(None)), _itself),
    slice: lambda x: ("slice", x.start, x.stop, x.step),
}
