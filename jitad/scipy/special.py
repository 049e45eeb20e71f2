"""`scipy.special`, on traced values as well."""

import jitad.functions.elementwise.special  # noqa: F401  fills the registries
from jitad.scipy.mirror import mirror

__getattr__, __dir__ = mirror("scipy.special")
