"""The loops of which LLVM makes vectors: metadata that says the width, or that there is none.

Left to itself LLVM compares widths by two models of their cost, and ends the process where these
disagree, which depends on the processor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_KEEPS_FROM_VECTORS = re.compile(r"call (?!.*(@llvm\.|\) #\d+$))|label %leave\b")
"""Lines that LLVM makes no vectors of, and would say so: calls without a vector version, exits."""


def in_vectors(metadata: list[str], width: int, interleaved: int, lines: Iterable[str]) -> str:
    """What is written behind the branch that closes a loop of these lines; its metadata is added.

    LLVM makes vectors of `width` turns, if it can, and interleaves so many of them, or as many as
    it likes (0).
    """
    facts = [f'!"llvm.loop.vectorize.width", i32 {width}']
    if interleaved:
        facts.append(f'!"llvm.loop.interleave.count", i32 {interleaved}')
    if width == 1 or any(map(_KEEPS_FROM_VECTORS.search, lines)):
        facts = ['!"llvm.loop.vectorize.enable", i1 false']
    first = len(metadata)
    numbers = [f"!{k}" for k in range(first, first + 1 + len(facts))]
    metadata.append(f"{numbers[0]} = distinct !{{{', '.join(numbers)}}}")
    metadata += [f"{n} = !{{{fact}}}" for n, fact in zip(numbers[1:], facts, strict=True)]
    return f", !llvm.loop {numbers[0]}"
