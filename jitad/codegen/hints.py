"""What LLVM makes of a loop: metadata that says the width of vectors, or that there are none.

Left to itself LLVM compares widths by two models of their cost, and ends the process where these
disagree, which depends on the processor. It also writes turns out as often as its limits allow: a
loop around others gains nothing by that, and takes a multiple of the time to compile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NOTES = {"prof": '!{!"branch_weights", i32 1, i32 100000}', "unpredictable": "!{}"}
"""Of a branch: its first target is hardly ever taken; of a choice: it is to be no branch."""

_KEEPS_FROM_VECTORS = re.compile(r"call (?!.*(@llvm\.|\) #\d+$))|label %leave\b")
"""Lines that LLVM makes no vectors of, and would say so: calls without a vector version, exits."""


def hint(
    metadata: list[str], width: int, interleaved: int, lines: Iterable[str], unrolled: bool
) -> str:
    """What is written behind the branch that closes a loop of these lines; its metadata is added.

    LLVM makes vectors of `width` turns, if it can, and interleaves so many of them, or as many as
    it likes (0), as for the width. It writes turns out only where they are to be `unrolled`.
    """
    facts = [f'!"llvm.loop.vectorize.width", i32 {width}'] if width else []
    if interleaved:
        facts.append(f'!"llvm.loop.interleave.count", i32 {interleaved}')
    if width == 1 or any(map(_KEEPS_FROM_VECTORS.search, lines)):
        facts = ['!"llvm.loop.vectorize.enable", i1 false']
    if not unrolled:
        facts.append('!"llvm.loop.unroll.disable"')
    if not facts:
        return ""
    first = len(metadata)
    numbers = [f"!{k}" for k in range(first, first + 1 + len(facts))]
    metadata.append(f"{numbers[0]} = distinct !{{{', '.join(numbers)}}}")
    metadata += [f"{n} = !{{{fact}}}" for n, fact in zip(numbers[1:], facts, strict=True)]
    return f", !llvm.loop {numbers[0]}"
