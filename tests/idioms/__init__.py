"""Plain Python as people write it, nothing imported for it: the tests' table of idioms."""

from idioms import (
    aliases,
    changes,
    classes,
    iterating,
    language,
    numerics,
    objects,
    scipy_objects,
    scipys,
    sharing,
    stateful,
    statements,
    whole_numbers,
)
from idioms.case import IDIOMS, Idiom

__all__ = [
    "IDIOMS",
    "Idiom",
    "aliases",
    "changes",
    "classes",
    "iterating",
    "language",
    "numerics",
    "objects",
    "scipy_objects",
    "scipys",
    "sharing",
    "stateful",
    "statements",
    "whole_numbers",
]
