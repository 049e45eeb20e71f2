"""SciPy's functions, classes and objects: what they are for traced values.

`jitad.scipy` mirrors modules of SciPy; on plain arrays its functions are SciPy's own. It stands
above this package, and is imported, by name, where a program first calls something that it has.
A class that is called with traced values is ours of that name; an object that meets one, a matrix
in a product or a spline at a point, has a stand-in, which reads what the object holds.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import re
import sys
from types import FunctionType, MappingProxyType, MethodType
from typing import TYPE_CHECKING, Any

from numba import typeof
from numba.core.types import WrapperAddressProtocol
from numba.extending import get_cython_function_address

from jitad.frontend.active import holds_traced
from jitad.frontend.printing import logged
from jitad.frontend.restless import check_draw
from jitad.frontend.stand_ins import StandIn
from jitad.frontend.traceable import PLAIN
from jitad.functions.program.data import holds_tracers
from jitad.ir.errors import package
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame

MODULES = frozenset(
    (
        *("fft", "integrate", "interpolate", "linalg", "ndimage", "signal", "sparse"),
        *("optimize", "sparse.linalg", "spatial.distance", "spatial.transform", "special", "stats"),
    )
)
"""Those that jitad.scipy mirrors."""

_OBJECTS = ("scipy.interp", "scipy.sparse", "scipy.spatial.transform")
"""Where classes are defined of which objects have stand-ins."""

_OF_CLASSES = frozenset(("interpolate", "sparse", "sparse.linalg", "spatial.transform"))
"""Modules of classes, whose functions take objects: they are ours only of traced values."""


def of_scipy(f: Any, args: Any = (), kwargs: Any = MappingProxyType({})) -> Any:
    """What a function of SciPy's is in a program; anything else is what it is.

    What is written in Python, and has no meaning of ours, is read if it is given traced values.
    """
    module = getattr(f, "__module__", None)
    if type(module) is not str or not module.startswith("scipy."):
        return f
    owner = getattr(f, "__self__", None)
    inside = owner is not None and f.__name__.startswith("_")
    known = None if inside else _mirrored(f if owner is None else owner)
    if known is not None:
        f = known if owner is None else getattr(known, f.__name__)
    if not str(getattr(f, "__module__", None)).startswith("scipy."):
        return f
    inner = _within().get(f"{f.__module__}.{getattr(f, '__qualname__', '').split('[')[0]}")
    if inner is not None:
        return inner
    # What only asks for the kind of an array is asked of ours too, though nothing in it is traced.
    holds = holds_traced if f.__module__.startswith("scipy._lib") else holds_tracers
    given = holds_tracers(owner) or holds([*args, *kwargs.values()])
    return as_program(f) if given else f


def _within() -> dict[str, Any]:
    """What stands for functions that SciPy's own call."""
    return importlib.import_module("jitad.scipy.within").INTERNAL


def as_program(f: Any) -> Any:
    """A function of SciPy's, or a method, as one that runs as a program, if it can be read."""
    if type(f) is MethodType:
        return MethodType(as_program(f.__func__), f.__self__)
    call = getattr(type(f), "__call__", None)  # noqa: B004  a class of SciPy's, if it has one
    if _is_pythons(call):
        return MethodType(as_program(call), f)
    return (PLAIN.reader(f) if _is_pythons(f) else None) or f


def _is_pythons(f: Any) -> bool:
    """Whether f is a function of SciPy's that is written in Python."""
    return type(f) is FunctionType and package(f.__code__.co_filename) == "scipy"


def _mirrored(x: Any) -> Any:
    """What mirrors a function or a distribution of SciPy's that has a public name; else None."""
    module = _module_of(getattr(x, "__module__", None) or type(x).__module__)
    if module is None or module in _OF_CLASSES:
        return None
    return _by_name(module, x)


def _module_of(name: str) -> str | None:
    """The module of SciPy's that is mirrored and has what is defined in one of that name."""
    library, *parts = name.replace("scipy._lib._sparse", "scipy.sparse").split(".")
    found = (".".join(parts[:count]) for count in (2, 1)) if library == "scipy" else ()
    return next((module for module in found if module in MODULES), None)


def _by_name(module: str, x: Any) -> Any:
    """What mirrors a thing of a module's that has a public name there; else None."""
    name = getattr(x, "__name__", None) or getattr(x, "name", None)
    name = name or type(x).__name__.removesuffix("_gen")  # of distributions of vectors
    public = sys.modules.get(f"scipy.{module}")
    if not isinstance(name, str) or getattr(public, name, None) is not x:
        return None
    return getattr(importlib.import_module(f"jitad.scipy.{module}"), name, None)


# -- classes and objects ---------------------------------------------------------------------------


def met(frame: Frame, f: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
    """What is called in place of f(*args, **kwargs) where a traced value is among the arguments, if
    f is a class, an object or a method of SciPy's, or a function that takes objects; of a
    function of module logging its message, filled in."""
    owner = getattr(f, "__self__", None)
    x = owner if is_object(owner) else f
    found = None
    if isinstance(f, (type, FunctionType)):
        module = _module_of(str(f.__module__))
        found = _by_name(module, f) if module in _OF_CLASSES else None
    elif is_object(x):
        found = x
    given = [*args, *kwargs.values()]
    if found is None or not (holds_tracers(given) or any(isinstance(y, StandIn) for y in given)):
        check_draw(f, args, kwargs)
        return f, logged(f, args), kwargs
    if found is f and isinstance(f, type):
        refused = importlib.import_module("jitad.scipy.mirror").refusal
        raise refused(_module_of(str(f.__module__)), f.__name__)
    if found is x:
        name = "__call__" if x is f else f.__name__
        return frame.attribute(stand_in(frame, x), name), args, kwargs
    named = {name: stand_ins(frame, y) for name, y in kwargs.items()}
    return found, tuple([stand_ins(frame, y) for y in args]), named


def stand_ins(frame: Frame, x: Any) -> Any:
    """An argument with stand-ins in place of objects, in lists and tuples too."""
    if type(x) in (list, tuple):
        return type(x)([stand_ins(frame, item) for item in x])
    return stand_in(frame, x) if is_object(x) else x


def operands(frame: Frame, a: Any, b: Any) -> tuple[Any, Any]:
    """The operands of an operator, an object in which a traced value meets as a stand-in."""
    if isinstance(a, (Value, StandIn)) and is_object(b):
        return a, stand_in(frame, b)
    if isinstance(b, (Value, StandIn)) and is_object(a):
        return stand_in(frame, a), b
    return a, b


def is_object(x: Any) -> bool:
    """Whether x is an object of SciPy's that has a stand-in."""
    name = _home(type(x))
    if x is None or type(name) is not str or not name.startswith(_OBJECTS):
        return False
    return _maker(type(x)) is not None


def _home(kind: type) -> Any:
    """The module of a class, which is none of SciPy's factors of sparse matrices."""
    known = (kind.__module__, kind.__name__) == ("builtins", "SuperLU")
    return "scipy.sparse.linalg" if known else kind.__module__


def stand_in(frame: Frame, x: Any) -> Any:
    """What stands for an object of SciPy's: it holds the arrays that the object holds."""
    return frame.call(_maker(type(x)), (x,), {})


@functools.cache
def _maker(kind: type) -> Any:
    """The function from an object of that class to its stand-in; None where there is none."""
    module = _module_of(_home(kind))
    if module is None:
        return None
    table = importlib.import_module(f"jitad.scipy.{module.split('.')[0]}").OBJECTS
    return next((table[base.__name__] for base in kind.__mro__ if base.__name__ in table), None)


# -- by addresses ----------------------------------------------------------------------------------

BY_ADDRESS = (WrapperAddressProtocol, ctypes.CFUNCTYPE(None).__mro__[1])
"""The classes of functions that Numba calls by their addresses."""


def at_address(x: Any) -> tuple[Any, Any]:
    """The mirror of what SciPy exports to C at a function's address, None of others; its types."""
    if isinstance(x, WrapperAddressProtocol):
        address, signature = x.__wrapper_address__(), x.signature()
    else:
        kind: Any = typeof(x)
        address, signature = ctypes.cast(x, ctypes.c_void_p).value, kind.sig
    name = _exported().get(address or 0)
    if name is None:
        return None, signature
    return getattr(importlib.import_module("jitad.scipy.special"), name), signature


@functools.lru_cache(maxsize=1)
def _exported() -> dict[int, str]:
    """The names of `scipy.special` by addresses; of a name for several types, each has its own."""
    module = importlib.import_module("scipy.special.cython_special")
    names = {name: re.sub(r"^__pyx_fuse_(\d_?)+", "", name) for name in module.__pyx_capi__}
    public = importlib.import_module("scipy.special").__all__
    return {
        get_cython_function_address(module.__name__, exported): name
        for exported, name in names.items()
        if name in public
    }
