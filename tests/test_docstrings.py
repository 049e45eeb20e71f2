"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import jitad


def module_names() -> list[str]:
    """jitad and all that is in it; a package that cannot be imported is an error."""

    def fail(name: str) -> None:
        raise ImportError(f"{name} cannot be imported")

    inside = pkgutil.walk_packages(jitad.__path__, "jitad.", onerror=fail)
    return ["jitad", *(module.name for module in inside)]


@pytest.mark.parametrize("name", module_names())
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} does not say what it is"
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    report: list[str] = []
    for example in finder.find(module, name):
        runner.run(example, out=report.append)
    assert not runner.failures, "".join(report)
