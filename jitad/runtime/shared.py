"""Tape -> machine code with its door to Python; programs that are the same share it.

It is found again for as long as a kernel has it, and a while longer: a function that is written
out at every call, `vmap(lambda v: ...)(x)`, is traced each time and compiled once.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from jitad.codegen.llvm import Code
from jitad.codegen.options import Options
from jitad.codegen.polls import POLL
from jitad.frontend.trace import Leaf, uncollected
from jitad.ir.fingerprint import fingerprint
from jitad.ir.tape import Tape
from jitad.passes.cse import cse
from jitad.passes.dce import dce
from jitad.runtime.compile import Machine, load, lower
from jitad.runtime.doors import door_of, forget_doors
from jitad.runtime.locks import LOCK
from jitad.runtime.services import interrupts, release_arenas_with

MOST, MOST_TEXT = 64, 1 << 24
"""Of the programs used last so many are kept, and so many bytes of their LLVM IR."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """A program's optimised tape, its code, and that in memory; nothing that a user closes over."""

    tape: Tape
    code: Code
    machine: Machine


class _Store:
    """All programs by their fingerprints, and those used last."""

    def __init__(self) -> None:
        self.known: weakref.WeakValueDictionary[bytes, Compiled] = weakref.WeakValueDictionary()
        self.recent: OrderedDict[bytes, Compiled] = OrderedDict()
        self.text = 0
        self.lock = LOCK

    def keep(self, digest: bytes, compiled: Compiled, pure: bool) -> None:
        """Note that a program is used; what holds objects of the user's is not kept longer."""
        with self.lock:
            self.known[digest] = compiled
            if not pure:
                return
            if self.recent.pop(digest, None) is None:
                self.text += len(compiled.code.text)
            self.recent[digest] = compiled
            while len(self.recent) > MOST or (self.text > MOST_TEXT and len(self.recent) > 1):
                _, oldest = self.recent.popitem(last=False)
                self.text -= len(oldest.code.text)

    def forget(self) -> None:
        """Keep nothing but what kernels have."""
        with self.lock:
            self.recent.clear()
            self.text = 0


_store = _Store()


def forget_unused() -> None:
    """Keep of programs what kernels have, and of doors nothing."""
    _store.forget()
    forget_doors()


def compiled(tape: Tape, leaves: Sequence[Leaf], options: Options) -> Compiled:
    """Machine code for a tape whose first inputs are `leaves`."""
    with uncollected():
        # A sweep leaves what nobody reads, and what is there already: a trace of it does not.
        tape = dce(cse(tape))
        digest, pure = fingerprint(tape, tuple(leaves), options)
    found = _store.known.get(digest) or _made(tape, leaves, options)
    _store.keep(digest, found, pure)
    return found


def _made(tape: Tape, leaves: Sequence[Leaf], options: Options) -> Compiled:
    with uncollected():
        simple, code = lower(tape, options)
    if POLL in code.text:
        interrupts()
    machine = load(code, door_of(simple, code, leaves))
    release_arenas_with(machine)
    return Compiled(simple, code, machine)
