"""Functions of the user's are run as programs, wherever one can be read; Numba's with its names."""

from __future__ import annotations

import functools

from jitad.frontend.traceable import PLAIN
from jitad.functions import overloads
from jitad.functions.compiled import NAMES
from jitad.functions.program.executor import reader

PLAIN.reader = functools.partial(reader, words=PLAIN)
NAMES.reader = overloads.read
