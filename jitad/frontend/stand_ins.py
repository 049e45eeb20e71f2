"""Objects of ours that stand for those of a library where these meet traced values."""

from __future__ import annotations

import sys
from typing import Any


class StandIn:
    """What an object of SciPy's is in a program: of the same name, or what `scipys` says.

    Its methods are read as the user's are: they are written with NumPy's functions.
    """

    def scipys(self) -> Any:
        """The class of SciPy's that it stands for."""
        kinds = type(self).__mro__
        name = ".".join(kinds[0].__module__.removeprefix("jitad.").split(".")[:2])
        public = vars(sys.modules[name])
        return next((public[k.__name__] for k in kinds if k.__name__ in public), kinds[0])
