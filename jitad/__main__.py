"""`jitad` and `python -m jitad`: the demonstration, or one of the tools at a function of yours."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import inspect
import platform
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import jitad
from jitad.codegen.lanes import vector_bytes
from jitad.codegen.vector_math import lane_counts
from jitad.runtime import disk

_PACKAGES = ("jitad", "numba", "llvmlite", "numpy", "scipy", "optree")
_OPTIONAL = ("rich", "numba-cuda", "jax", "casadi", "autograd", "torch", "asdex")

_OURS = str(Path(__file__).parent)

_EXAMPLE = """\
examples:
  jitad                                               the demonstration
  jitad trace model.py:loss --at 1.5,0.5              what the function did, and its derivatives
  jitad trace model.py:loss --at [1,2,3] --html page.html
  jitad explain package.model:loss --at [1,2,3] --grad
  jitad check package.model:loss --arg x=points.npy --order 2
  jitad info                                          versions, processor, what is missing
  jitad cache clear                                   forget what other processes have compiled
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status: 1 where `check` has found a wrong derivative."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command is None:
        return _demo(given)
    try:
        return given.run(given)
    except _Unusable as error:
        parser.error(str(error))
    except jitad.JitadError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    except Exception as error:  # of the user's function: its own frames, without ours
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if not frame.filename.startswith((_OURS, "<frozen"))]
        print("".join(traceback.format_list(own)), end="", file=sys.stderr)
        print(*traceback.format_exception_only(error), sep="", end="", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "jitad",
        description="Derivatives of functions that are written with NumPy.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"jitad {jitad.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("demo", help="a trace, a fit and a comparison").set_defaults(run=_demo)
    commands.add_parser("info", help="versions, processor, what is missing").set_defaults(run=_info)
    cache = commands.add_parser("cache", help="compiled code that is kept on disk")
    cache.add_argument("action", choices=("info", "clear", "path"),
                       help="what there is; remove it; where it is")  # fmt: skip
    cache.set_defaults(run=_cache)
    trace = _of_function(commands, "trace", _trace, "the evaluation trace at a point")
    trace.add_argument("--mode", choices=("forward", "reverse", "both"), default="both",
                       help="which derivatives stand beside the values")  # fmt: skip
    trace.add_argument("--html", type=Path, metavar="FILE", help="write a page in place of text")
    trace.add_argument("--dot", type=Path, metavar="FILE", help="write the graph for Graphviz")
    explain = _of_function(commands, "explain", _explain, "every stage from the tape to LLVM IR")
    explain.add_argument("--grad", action="store_true", help="of the gradient")
    check = _of_function(commands, "check", _check, "compare derivatives with differences")
    check.add_argument("--order", type=int, default=2, help="up to which order (2)")
    return parser


def _of_function(commands: Any, name: str, run: Callable[[Any], int], says: str) -> Any:
    parser = commands.add_parser(name, help=says, description=f"{says[0].upper()}{says[1:]}.")
    parser.add_argument("function", help="module:function, or file.py:function")
    parser.add_argument("--at", default="", metavar="ARGUMENTS",
                        help="numbers and lists, as in a call: 1.5,[1,2,3]")  # fmt: skip
    parser.add_argument("--arg", action="append", default=[], metavar="NAME=VALUE",
                        help="an argument by name: a number, a list, or a file.npy")  # fmt: skip
    parser.set_defaults(run=run)
    return parser


class _Unusable(Exception):
    """What was given cannot be used; the parser says so, with the usage."""


# -- what is given ---------------------------------------------------------------------------------


def _function(name: str) -> Callable[..., Any]:
    place, colon, attribute = name.rpartition(":")
    if not colon or not place or not attribute:
        raise _Unusable(f"{name!r} names no function: write module:function or file.py:function")
    module = _module(place)
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            known = ", ".join(n for n, f in vars(module).items() if callable(f) and n[0] != "_")
            raise _Unusable(f"{place} has no {attribute!r}; it has {known or 'no function'}")
        found = getattr(found, part)
    if not callable(found):
        raise _Unusable(f"{name} is no function, but a {type(found).__name__}")
    return found


def _module(place: str) -> Any:
    sys.path.insert(0, str(Path(place).resolve().parent if place.endswith(".py") else Path.cwd()))
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{place}.".startswith(f"{error.name}."):
                raise  # what the module itself imports
            raise _Unusable(f"there is no module {place!r} here") from error
    spec = importlib.util.spec_from_file_location(Path(place).stem, place)
    if spec is None or spec.loader is None or not Path(place).exists():
        raise _Unusable(f"there is no file {place!r}")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _call(given: Any) -> tuple[Callable[..., Any], list[Any], dict[str, Any]]:
    """The function and its arguments, which are those that it takes."""
    function = _function(given.function)
    placed, named = _arguments(given)
    try:
        inspect.signature(function).bind(*placed, **named)
    except TypeError as error:
        signature = f"{given.function}{inspect.signature(function)}"
        raise _Unusable(
            f"{signature}: {error}; write --at 1.5,2 for two numbers, --at [1.5,2] for one array"
        ) from error
    except ValueError:  # of what has no signature, a ufunc, the call itself will say so
        pass
    return function, placed, named


def _arguments(given: Any) -> tuple[list[Any], dict[str, Any]]:
    placed = [_value(x) for x in _literal(f"[{given.at}]", given.at)]
    named: dict[str, Any] = {}
    for text in given.arg:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise _Unusable(f"--arg {text!r}: write --arg name=value")
        named[name] = _loaded(value) if value.endswith(".npy") else _value(_literal(value, value))
    return placed, named


def _loaded(path: str) -> Any:
    try:
        return np.load(path)
    except OSError as error:
        raise _Unusable(f"{path} cannot be read: {error}") from error


def _literal(text: str, shown: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError) as error:
        raise _Unusable(f"{shown!r} is no number and no list of numbers") from error


def _value(x: Any) -> Any:
    """Numbers and lists of them are floats, for derivatives are taken by them; the rest stays."""
    if isinstance(x, bool) or not isinstance(x, (int, float, complex, list)):
        return x
    array = np.array(x)
    return (array.astype(np.float64) if array.dtype.kind == "i" else array)[()]


# -- what is done ----------------------------------------------------------------------------------


def _demo(given: Any) -> int:
    from jitad.demo import demo  # scipy.optimize, which nothing else here needs

    demo()
    return 0


def _trace(given: Any) -> int:
    function, placed, named = _call(given)
    trace = jitad.trace(function, *placed, **named)
    if given.html is not None:
        _write(given.html, trace.to_html())
    if given.dot is not None:
        _write(given.dot, trace.to_dot())
    if given.html is None and given.dot is None:
        print(trace.evaluation_trace(mode=given.mode))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _Unusable(f"{path} cannot be written: {error}") from error
    print(f"wrote {path}")


def _explain(given: Any) -> int:
    function, placed, named = _call(given)
    print(jitad.explain(jitad.grad(function) if given.grad else function, *placed, **named))
    return 0


def _check(given: Any) -> int:
    function, placed, named = _call(given)
    try:
        jitad.check_grads(lambda *args: function(*args, **named), placed, order=given.order)
    except AssertionError as error:
        print(f"{given.function}: {error}")
        return 1
    print(f"{given.function}: derivatives of order 1 to {given.order} agree with differences")
    return 0


def _info(given: Any) -> int:
    lanes = lane_counts(8)
    rows = [("Python", f"{platform.python_version()}, {platform.platform()}")]
    rows += [(name, _version(name)) for name in _PACKAGES]
    rows += [
        ("processor", f"{platform.machine()}, vectors of {8 * vector_bytes()} bits"),
        ("vector math", f"libmvec, {max(lanes)} lanes" if lanes else "missing: one by one"),
        ("threads", f"{jitad.get_num_threads()}, of kernels with parallel=True"),
        ("cache", str(disk.directory() or "off")),
    ]
    rows += [(name, _version(name)) for name in _OPTIONAL]
    for name, value in rows:
        print(f"{name:12} {value}")
    return 0


def _cache(given: Any) -> int:
    if given.action == "path":
        print(disk.directory() or "off")
        return 0
    found = disk.clear() if given.action == "clear" else disk.usage()
    if found.path is None:
        print(f"nothing is kept: {disk.VARIABLE} is off")
        return 0
    removed = "removed from" if given.action == "clear" else "in"
    print(f"{found.files} files, {found.bytes / 2**20:.1f} MiB, {removed} {found.path}")
    return 0


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())
