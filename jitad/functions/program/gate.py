"""Functions of the user's are run as programs, wherever one can be read; Numba's with its names."""

from __future__ import annotations

import functools

from jitad.frontend.traceable import PLAIN, Vocabulary
from jitad.functions.compiled import NAMES
from jitad.functions.program.executor import reader


def _open(vocabulary: Vocabulary) -> None:
    vocabulary.reader = functools.partial(reader, words=vocabulary)


_open(PLAIN)
_open(NAMES)
