"""What a fuzzer is, and the search for the smallest program that is still wrong."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tests.fuzz

FUZZERS: dict[str, Fuzzer] = {}


@dataclass(frozen=True)
class Fuzzer:
    """A kind of random program.

    make     random numbers -> a program, as plain data whose repr can be read
    check    a program -> what is wrong with jitad's answer, or "" where it is right
    smaller  a program -> programs a step smaller, the smallest first
    """

    name: str
    make: Callable[[np.random.Generator], Any]
    check: Callable[[Any], str]
    smaller: Callable[[Any], Iterable[Any]]

    def fault(self, program: Any) -> str:
        """What is wrong with a program; an exception is, whichever it is."""
        try:
            return self.check(program)
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    def program(self, seed: int, number: int) -> Any:
        """Program `number` of a seed: each can be made again alone."""
        return self.make(np.random.default_rng((seed, number)))

    def shrink(self, program: Any, tries: int = 400) -> tuple[Any, str]:
        """The smallest wrong program found in that many tries, and what is wrong with it."""
        said, searching = self.fault(program), True
        while searching:
            searching = False
            for candidate in self.smaller(program):
                tries -= 1
                fault = self.fault(candidate) if tries >= 0 else ""
                if fault:
                    program, said, searching = candidate, fault, True
                    break
        return program, said


def register(fuzzer: Fuzzer) -> Fuzzer:
    """Enter a fuzzer into the table, by its name."""
    FUZZERS[fuzzer.name] = fuzzer
    return fuzzer


def load() -> dict[str, Fuzzer]:
    """The table of all fuzzers: each module of this folder."""
    for module in pkgutil.iter_modules(tests.fuzz.__path__):
        if module.name not in ("__main__", "fuzzer", "hyperdual"):
            importlib.import_module(f"tests.fuzz.{module.name}")
    return FUZZERS
