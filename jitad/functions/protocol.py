"""What NumPy asks of a traced value -> the record that answers, or an error that teaches.

A ufunc comes with the method of it that was called (`np.add.reduce`) and its keyword arguments;
rows that need SciPy are imported when one of SciPy's ufuncs first meets a traced value.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import numpy as np

from jitad.frontend.mutable import MutableArray
from jitad.frontend.operands import as_dtype, innermost, lift, normal_axes, normal_axis
from jitad.functions.arrays.indexing import part_of
from jitad.functions.arrays.updates import ufunc_at
from jitad.functions.readable import as_program
from jitad.functions.reductions.accumulations import accumulate, reduce_with
from jitad.ir.errors import TraceError, WriteError, is_internal
from jitad.ir.op import INT64, ON_DEMAND, STORED
from jitad.ir.value import FUNCTIONS, UFUNCS, Value

# -- ufuncs ----------------------------------------------------------------------------------------


def answer_ufunc(ufunc: Any, method: str, operands: tuple[Any, ...], options: Any) -> Any:
    """What `ufunc` or a method of it gives for traced operands."""
    # axis=None has a meaning of its own: all axes.
    options = {k: given for k, given in options.items() if given is not None or k == "axis"}
    if "out" in options:
        raise WriteError(
            f"np.{ufunc.__name__}(..., out=) of a traced value",
            remedy="use the result that is returned, or write into an array that "
            "jitad.numpy.zeros or jitad.numpy.empty has made",
        )
    return _METHODS[method](ufunc, *operands, **options)


def _load_special() -> None:
    """Enter the rows that need SciPy, and what SciPy's ufuncs record."""
    importlib.import_module("jitad.functions.elementwise.special")


ON_DEMAND.append(_load_special)


def find_ufunc(ufunc: Any) -> Callable[..., Any]:
    """The record of a ufunc; SciPy's are looked up when SciPy is there."""
    record = UFUNCS.get(ufunc)
    if record is None and "scipy.special" in sys.modules:
        _load_special()
        record = UFUNCS.get(ufunc)
    if record is None:
        special = sys.modules.get("scipy.special")
        if special is not None and getattr(special, ufunc.__name__, None) is ufunc:
            refused = importlib.import_module("jitad.scipy.mirror").refusal
            raise refused("special", ufunc.__name__)
        raise TraceError(
            f"{ufunc.__name__} of a traced value is not supported",
            remedy=_nearest(ufunc.__name__, (known.__name__ for known in UFUNCS)),
        )
    return record


def _call(
    ufunc: Any, *operands: Any, where: Any = True, dtype: Any = None, casting: str = "same_kind",
    order: str = "K", subok: bool = True, **options: Any,
) -> Any:  # fmt: skip
    if ufunc.types and all(set(loop) <= set("O->") for loop in ufunc.types):
        # From np.frompyfunc: a Python function of the elements.
        return ufunc(
            *(x.__array__(np.dtype(object)) if isinstance(x, Value) else x for x in operands)
        )
    record = find_ufunc(ufunc)
    if where is not True:
        raise TraceError(
            f"np.{ufunc.__name__}(..., where=) without out= leaves elements undefined",
            remedy=f"use np.where(mask, np.{ufunc.__name__}(...), other)",
        )
    if "signature" in options or "sig" in options or (options and ufunc.signature is None):
        raise TraceError(
            f"np.{ufunc.__name__}(..., {next(iter(options))}=) of a traced value is not supported",
            remedy="cast the operands with x.astype first",
        )
    if dtype is not None:
        builder = innermost(operands)
        operands = tuple(as_dtype(lift(builder, x), np.dtype(dtype)) for x in operands)
    return record(*operands, **options)


_REDUCTIONS: dict[Any, Any] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
"""The NumPy functions that reduce by a ufunc: their sums are loops, not trees."""


def _reduce(
    ufunc: Any, array: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False,
    initial: Any = np._NoValue, where: Any = True,
) -> Any:  # fmt: skip
    known = _REDUCTIONS.get(ufunc)
    if known is not None:
        options: dict[str, Any] = {} if where is True else {"where": where}
        if initial is not np._NoValue:
            options["initial"] = initial
        if dtype is not None:
            options["dtype"] = dtype
        return FUNCTIONS[known](array, axis=axis, keepdims=keepdims, **options)
    if where is not True:
        raise TraceError(
            f"np.{ufunc.__name__}.reduce(..., where=) of a traced value is not supported",
            remedy="reduce np.where(mask, x, neutral) in its place",
        )
    x = lift(innermost((array, initial)), array)
    x = x if dtype is None else as_dtype(x, np.dtype(dtype))
    axes = normal_axes(axis, x.ndim)
    result = reduce_with(ufunc, x, axes)
    if initial is not np._NoValue:
        result = find_ufunc(ufunc)(initial, result)
    return np.expand_dims(result, axes) if keepdims else result


def _accumulate(ufunc: Any, array: Any, axis: int = 0, dtype: Any = None) -> Any:
    x = lift(innermost((array,)), array)
    x = x if dtype is None else as_dtype(x, np.dtype(dtype))
    place = normal_axis(axis, x.ndim)
    if ufunc is np.add:
        return FUNCTIONS[np.cumsum](x, axis=place, dtype=x.dtype)
    return accumulate(ufunc, x, place)


def _outer(ufunc: Any, a: Any, b: Any, **options: Any) -> Any:
    builder = innermost((a, b))
    x, y = lift(builder, a), lift(builder, b)
    return _call(ufunc, x.reshape(*x.shape, *(1,) * y.ndim), y, **options)


def _reduceat(ufunc: Any, array: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    x = lift(innermost((array,)), array)
    place = normal_axis(axis, x.ndim)
    starts = [int(i) for i in np.asarray(indices).tolist()]
    stops = [*starts[1:], x.shape[place]]
    parts = [
        _reduce(ufunc, part_of(x, slice(i, j), place), place, dtype)
        if i < j
        else part_of(x, i, place)
        for i, j in zip(starts, stops, strict=True)
    ]
    return np.stack(parts, axis=place)


def _at(ufunc: Any, array: Any, *rest: Any) -> Any:
    if not isinstance(array, Value) or isinstance(array, MutableArray):
        return ufunc_at(ufunc, array, *rest)
    raise WriteError(
        f"np.{ufunc.__name__}.at would change a traced array in place",
        remedy="write x = x.at[i].add(v), or work on a copy made by jitad.numpy.array(x)",
    )


_METHODS: dict[str, Callable[..., Any]] = {
    "__call__": _call,
    "reduce": _reduce,
    "accumulate": _accumulate,
    "outer": _outer,
    "reduceat": _reduceat,
    "at": _at,
}


# -- functions -------------------------------------------------------------------------------------


def answer_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a NumPy function gives for traced arguments."""
    record = FUNCTIONS.get(function) or as_program(function)
    if record is None:
        name = _public_name(function)
        raise TraceError(
            f"{name} of a traced value is not supported",
            remedy=_nearest(name, (_public_name(known) for known in FUNCTIONS)),
        )
    x = args[0] if args and function in _WIDENED else None
    if isinstance(x, Value) and x.dtype in _SMALL:
        # Integers of 8, 16 and 32 bits are reduced as those of 64, and are then as NumPy has them.
        small, wide = x.dtype, as_dtype(x, INT64)
        result = answer_function(function, (wide, *args[1:]), kwargs)
        return result if "dtype" in kwargs else as_dtype(result, function(np.ones(1, small)).dtype)
    try:
        return record(*args, **kwargs)
    except TypeError as error:
        if isinstance(error, TraceError) or f"{record.__name__}()" not in str(error):
            raise
        _check_arguments(function, args, kwargs)
        raise TraceError(
            f"{_public_name(function)} of a traced value: {error}",
            remedy="leave out the arguments that are not supported on traced values",
        ) from error


def _check_arguments(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Refuse what NumPy's function does not take itself."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{function.__name__}() {error}") from None


_SMALL = frozenset(t for t in STORED if t.kind in "iu" and t.itemsize < 8)
_WIDENED = frozenset(
    (
        *(np.sum, np.prod, np.cumsum, np.cumprod, np.max, np.min, np.amax, np.amin, np.mean),
        *(np.var, np.std, np.sort, np.argsort, np.argmax, np.argmin, np.any, np.all),
        np.count_nonzero,
    )
)


def _public_name(function: Any) -> str:
    """np.sum, np.linalg.inv, scipy.linalg.expm: as a user writes it."""
    module = getattr(function, "__module__", None) or "numpy"
    parts = [part for part in module.split(".") if not part.startswith("_")]
    return ".".join([*parts, function.__name__]).replace("numpy", "np", 1)


def _nearest(name: str, known: Iterable[str]) -> str:
    """A remedy that names what is supported and spelt alike."""
    close = difflib.get_close_matches(name, sorted(set(known)), 3, 0.75)
    other = f"supported are {', '.join(close)}; or " if close else ""
    return f"{other}write it with functions that have a derivative rule, or compute it outside"


# -- conversions to plain arrays -------------------------------------------------------------------


_SOLVERS = {
    "root": "root", "root_scalar": "root", "fsolve": "root", "newton": "root", "brentq": "root",
    "brenth": "root", "bisect": "root", "ridder": "root", "toms748": "root",
    "fixed_point": "fixed_point", "minimize": "argmin", "minimize_scalar": "argmin",
    "least_squares": "argmin", "curve_fit": "argmin", "fmin": "argmin", "fmin_bfgs": "argmin",
}  # fmt: skip
"""SciPy's solvers, and the functions of jitad.implicit that find what they find."""


_FAMILIES = {
    "Normal": "norm, with loc for mu and scale for sigma",
    "Uniform": "uniform, with loc for a and scale for b - a",
}
"""SciPy's distributions with parameters of other names, and those that take traced values."""


def in_place_of(name: str) -> str:
    """What to write in the place of a function of SciPy's."""
    module, _, function = name.rpartition(".")
    if module == "scipy.fft" and hasattr(np.fft, function):
        return f"use np.fft.{function}"
    if module == "scipy.optimize" and function in _SOLVERS:
        return f"use jitad.implicit.{_SOLVERS[function]}, which has derivatives, with any solver"
    if module == "scipy.stats" and function in _FAMILIES:
        return f"use scipy.stats.{_FAMILIES[function]}, which has densities on traced values"
    states = importlib.import_module("jitad.scipy.states")
    reason = states.declared().get(module.removeprefix("scipy."), {}).get(function)
    if reason is not None:
        return reason
    original = getattr(sys.modules.get(module), function, None)
    try:
        mirror = importlib.import_module(f"jitad.{module}")
    except ImportError:
        mirror = None
    known = UFUNCS if isinstance(original, np.ufunc) else FUNCTIONS
    own = getattr(mirror, function, None)
    if mirror is not None and (known.get(original) or (own is not original and _is_own(own))):
        return f"use jitad.{name}, which has the same arguments and records on traced values"
    return (
        "write it with NumPy's functions; or compute it outside of the function, or in one that "
        "jitad.custom_jvp gives a derivative"
    )


def _is_own(function: Any) -> bool:
    """Whether a function of a mirror of SciPy's modules is more than a mirror image."""
    return function is not None and not hasattr(function, "__wrapped__") and callable(function)


_ELEMENTWISE = ("_get_ufunc_and_otypes", "_vectorize_call", "_vectorize_call_with_signature")
"""Where np.vectorize converts its arguments: it calls a Python function on their elements."""


def _is_elementwise(frame: FrameType | None) -> bool:
    """Whether the conversion was asked for in np.vectorize, or a comprehension there."""
    for _ in range(2):
        if frame is not None and frame.f_code.co_name in _ELEMENTWISE:
            return True
        frame = frame and frame.f_back
    return False


def answer_array(x: Value, dtype: Any) -> np.ndarray:
    """An object array of the elements, where one is asked for; else an error that teaches."""
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]  # the way that logging walks
    as_objects = dtype is None and (x.shape == () or _is_elementwise(frame))
    if as_objects or (dtype is not None and np.dtype(dtype) == np.dtype(object)):
        boxed = np.empty(x.shape, dtype=object)
        for place in np.ndindex(x.shape):
            boxed[place] = x[place] if x.shape else x
        return boxed
    name = _converting_function()
    if name is not None and name.startswith("scipy."):
        told = name.replace(_SOMETHING, "...")
        raise TraceError(
            f"{told} turns a traced value into a plain array inside", remedy=in_place_of(name)
        )
    owner = _owner()
    if owner is not None:
        raise TraceError(
            f"{owner[0]} met a traced value, which it knows nothing of", remedy=owner[1]
        )
    remedy = "leave out np.asarray and np.array: traced values answer to NumPy's functions"
    if name in (None, "np.take") and x.dtype.kind in "bi":
        remedy = "to look up places i in a plain array a, write jitad.numpy.array(a)[i]"
    elif name in (None, "np.array"):
        remedy = f"to join several, use np.stack or jitad.numpy.array; else {remedy}"
    raise TraceError(
        f"{name or 'NumPy'} was to turn a traced {x!r} into a plain array", remedy=remedy
    )


_SOMETHING = "<of its own>"
"""A function of a package that has no public name, or a class."""


def _converting_function() -> str | None:
    """The public NumPy or SciPy function, called by the user, that asked for the conversion."""
    found: str | None = None
    frame: FrameType | None = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]  # as logging
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        package = ".".join(module.split(".")[:2]) if module.startswith("scipy.") else "numpy"
        function = frame.f_code.co_name
        if module.startswith(("scipy.", "numpy.")):
            if function in getattr(sys.modules.get(package), "__all__", ()):
                found = f"{package}.{function}".replace("numpy", "np", 1)
            elif (
                package.startswith("scipy.") and found is None and not package.startswith("scipy._")
            ):
                found = f"{package}.{_SOMETHING}"
        elif not module.startswith("jitad"):
            return found
        frame = frame.f_back
    return found


_OWNERS = {
    "scipy.sparse": ("a sparse matrix", "use its .toarray(), or a function of jitad.custom_jvp"),
    "numpy.ma": ("a masked array", "use x.data with np.where, and np.ma.getmaskarray(x)"),
    "numpy.matrixlib": ("np.matrix", "use np.asarray(...) of it, and write @ for products"),
    "pandas": ("pandas", "use the .to_numpy() of what you have, outside of the function"),
}
"""Packages that have arrays of their own, how they are called, and what to write instead."""


def _owner() -> tuple[str, str] | None:
    """The package, called by the user, that asked for the conversion, if it is one of those."""
    frame: FrameType | None = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]  # as logging
    while frame is not None and is_internal(frame.f_code.co_filename):
        module = frame.f_globals.get("__name__", "")
        for package, told in _OWNERS.items():
            if module == package or module.startswith(f"{package}."):
                return told
        frame = frame.f_back
    return None
