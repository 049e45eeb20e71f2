"""What functions compiled by Numba record of traced values: the Python functions they were made of.

A dispatcher that is called with a type of argument which it has no code for asks Numba to compile
some; where that argument is traced, its Python function is run in place of that. This holds for
every way in which a dispatcher is reached. In that function NumPy is `jitad.numpy`, whose arrays
can be written to; `prange` is `range`; `numba.float64(x)` is a cast; and the arrays that it reads
from outside are inputs by reference, as in any traced function, though Numba freezes them.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Sequence
from inspect import CO_VARARGS
from types import FunctionType
from typing import Any

import numba
import numba.typed
import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher, OmittedArg
from numba.core.registry import cpu_target
from numba.np.numpy_support import from_dtype
from numba.np.ufunc.dufunc import DUFunc
from numba.np.ufunc.gufunc import GUFunc
from numba.np.ufunc.sigparse import parse_signature

from jitad.frontend.active import holds_traced, innermost_trace
from jitad.frontend.conversion import as_array_on
from jitad.frontend.guards import guard_array
from jitad.frontend.mutable import MutableArray, mutable, renewed
from jitad.frontend.operands import as_dtype, lift, supported
from jitad.frontend.traceable import PLAIN, Vocabulary, traceable
from jitad.functions import mathematics  # noqa: F401  enters names, which are extended here
from jitad.functions.arrays.namespace import MADE
from jitad.functions.control.each import over_elements
from jitad.functions.inference import result_type
from jitad.functions.program.data import DECLARED
from jitad.functions.program.mirrors import BY_ADDRESS, at_address
from jitad.ir.errors import ShapeError, TraceError, WriteError, is_internal
from jitad.ir.op import SHORT_NAMES
from jitad.ir.value import Value

# -- arguments -------------------------------------------------------------------------------------


def _read_only(x: np.ndarray | Value) -> Any:
    """An array whose elements are read, by traced indices too; what is computed of it is new."""
    builder = innermost_trace()
    assert builder is not None
    if isinstance(x, np.ndarray):
        if x.dtype not in SHORT_NAMES:
            return x
        if x.dtype.kind in "ib":
            # Integers are counts and indices, which Python asks for: they are guarded all at once.
            known = guard_array(lift(builder, x)).copy()
            known.flags.writeable = False
            return known
    return mutable(builder, lift(builder, x), is_argument=True)


def _passed(x: Any) -> Any:
    """An argument as the Python function gets it: what the caller may write to, it may."""
    if isinstance(x, OmittedArg):
        return x.value
    if isinstance(x, (list, tuple)):
        items = [_passed(item) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    if isinstance(x, MutableArray) or not isinstance(x, (np.ndarray, Value)) or not x.shape:
        return x
    return _read_only(x)


# -- names -----------------------------------------------------------------------------------------


def _by_address(x: Any) -> Any:
    """A function by its address: SciPy's of that address, of the types that Numba calls it with."""
    known, signature = at_address(x)
    if known is None:
        return x

    def function(*args: Any) -> Any:
        cast = [MADE[t.name](x) for t, x in zip(signature.args, args, strict=True)]
        return MADE[signature.return_type.name](known(*cast))

    return function


NAMES = Vocabulary(converted=BY_ADDRESS, convert=_by_address, wraps=True)
"""What is called in place of what in a function that Numba has compiled."""


class _List(list[Any]):
    """`numba.typed.List`, whose elements may be traced."""

    @classmethod
    def empty_list(cls, *_: Any, **__: Any) -> Any:
        return cls()


class _Dict(dict[Any, Any]):
    """`numba.typed.Dict`, whose values may be traced."""

    @classmethod
    def empty(cls, *_: Any, **__: Any) -> Any:
        return cls()


def _enter_names() -> None:
    for name, made in MADE.items():
        PLAIN.add(getattr(np, name), made)
    for name in ("float64", "float32", "complex128", "complex64", "int64", "int32", "intp"):
        PLAIN.add(getattr(types, name), MADE[name])
    PLAIN.add(numba.prange, range)
    PLAIN.add(numba.typed.List, _List)
    PLAIN.add(numba.typed.Dict, _Dict)
    NAMES.extend(PLAIN)


_enter_names()

# -- dispatchers -----------------------------------------------------------------------------------

_Dispatcher: Any = Dispatcher  # the hooks are no part of its public face
_compile = _Dispatcher._compile_for_args
_typeof = _Dispatcher.typeof_pyval
_CALLS = {kind: kind.__call__ for kind in (DUFunc, GUFunc)}


def call_traced(function: Any, *args: Any) -> Any:
    """Run the Python function of a compiled one on traced values."""
    code = function.__code__
    if is_internal(code.co_filename) or _OWN.intersection(code.co_names + code.co_varnames):
        raise TraceError(
            f"traced values were passed to {code.co_name!r} of Numba's own, which is compiled",
            remedy="in place of a jitclass, use a dataclass or a namedtuple of arrays; in place of "
            "a kernel, the function that it was made of",
        )
    return traceable(function, NAMES)(*map(_passed, args))


_OWN = frozenset(("__numba_self_", "__numba_cls_"))
"""What the functions are written with that Numba generates for the members of a jitclass."""


def _call_folded(dispatcher: Any, *args: Any) -> Any:
    """The same with arguments as Numba passes them on: `*rest` is one tuple."""
    function = dispatcher.py_func
    if dispatcher.locals:
        DECLARED[function.__code__] = dispatcher.locals
    flat = args
    if function.__code__.co_flags & CO_VARARGS:
        flat = (*args[:-1], *args[-1])
    result = call_traced(function, *flat)
    return _unified(result, dispatcher, args) if _has_integers(result) else result


# -- types of results ------------------------------------------------------------------------------


def _has_integers(result: Any) -> bool:
    if isinstance(result, tuple):
        return any(map(_has_integers, result))
    if isinstance(result, (Value, np.generic)):
        return result.shape == () and result.dtype.kind == "i"
    return type(result) is int


def _unified(result: Any, dispatcher: Any, args: tuple[Any, ...]) -> Any:
    """`return 0` beside `return x` is a float: a result has one type for all branches, Numba's."""
    kinds = tuple(types.Omitted(x.value) if isinstance(x, OmittedArg) else numba_type(x)
                  for x in args)  # fmt: skip
    found = [s.return_type for s in dispatcher.nopython_signatures if s.args == kinds]
    if not found and dispatcher._can_compile:
        found = [result_type(dispatcher, kinds)]
    # Of explicit signatures one is enough: Numba would cast the arguments to it.
    found = found or [s.return_type for s in dispatcher.nopython_signatures]
    return _converted(result, found[0]) if len(set(found)) == 1 else result


def numba_type(x: Any) -> Any:
    """The type that Numba has for a value, traced or not."""
    if isinstance(x, tuple):
        return types.BaseTuple.from_types(list(map(numba_type, x)), type(x))
    if isinstance(x, list):
        return types.List(numba_type(x[0]), reflected=True)
    if isinstance(x, FunctionType):
        context: Any = cpu_target.typing_context
        return context.resolve_value_type(inspect.unwrap(x))
    if not isinstance(x, Value):
        return numba.typeof(x)
    scalar = from_dtype(x.dtype)
    return types.Array(scalar, x.ndim, "C") if x.shape else scalar


def _converted(result: Any, kind: Any) -> Any:
    """Integers in a result as the floats or complex numbers that Numba's type has there."""
    if isinstance(kind, types.BaseTuple):
        kinds: Any = kind
        items = map(_converted, result, kinds)
        return type(result)(*items) if hasattr(result, "_fields") else tuple(items)
    inexact = isinstance(kind, (types.Float, types.Complex))
    return MADE[kind.name](result) if inexact and _has_integers(result) else result


def _compile_or_trace(self: Any, *args: Any, **kwargs: Any) -> Any:
    """What Numba's dispatcher calls with the arguments: machine code for them, or the trace."""
    if innermost_trace() is None or not holds_traced(args):
        return _compile(self, *args, **kwargs)
    if self in _opened:
        _opened.remove(self)
        self._can_compile = False
    return functools.partial(_call_folded, self)


_opened: set[Any] = set()
"""Dispatchers of explicit signatures that are being called with traced values: Numba would say that
none of the signatures fits before it asked to compile."""


def _typeof_or_object(self: Any, x: Any) -> Any:
    if not holds_traced((x,)):
        return _typeof(self, x)
    if not self._can_compile and innermost_trace() is not None:
        self._can_compile = True
        _opened.add(self)
    return types.pyobject


def _at_element(self: Any, *args: Any, **kwargs: Any) -> Any:
    if innermost_trace() is None or not holds_traced([*args, *kwargs.values()]):
        return _CALLS[type(self)](self, *args, **kwargs)
    return _call_elements(self, *args, **kwargs)


_Dispatcher._compile_for_args = _compile_or_trace
_Dispatcher.typeof_pyval = _typeof_or_object
DUFunc.__call__ = GUFunc.__call__ = _at_element

# -- ufuncs ----------------------------------------------------------------------------------------


def _call_elements(ufunc: Any, *args: Any, out: Any = None, **options: Any) -> Any:
    """A `@vectorize` or `@guvectorize` function: its Python function of every element."""
    if options:
        raise TraceError(
            f"{ufunc.__name__}(..., {next(iter(options))}=) of a traced value is not supported",
            remedy="leave it out",
        )
    inputs, outs = args[: ufunc.ufunc.nin], list(args[ufunc.ufunc.nin :])
    if out is not None:
        outs += out if isinstance(out, tuple) else (out,)
    found = (_scalars if isinstance(ufunc, DUFunc) else _cores)(ufunc, inputs, outs)
    for place, result in zip(outs, found, strict=False):
        if not isinstance(place, MutableArray):
            raise WriteError(
                f"{ufunc.__name__} writes its result into an array that jitad.numpy did not create",
                remedy="create it by jitad.numpy.empty or jitad.numpy.zeros",
            )
        place[...] = result
    results = [*outs, *found[len(outs) :]]
    if any(isinstance(x, MutableArray) for x in inputs):
        results = [renewed(x) for x in results]
    return results[0] if len(results) == 1 else tuple(results)


def _scalars(ufunc: Any, inputs: Sequence[Any], outs: Sequence[Any]) -> list[Value]:
    operands, dtypes = _cast(ufunc, inputs, ufunc._frozen)
    dispatcher = _dispatchers.get(ufunc)
    if dispatcher is None:
        dispatcher: Any = numba.njit(ufunc._dispatcher.py_func)
        _dispatchers[ufunc] = dispatcher

    def element(*xs: Any) -> Any:
        if not ufunc._frozen:
            return [_call_folded(dispatcher, *xs)]
        return [MADE[dtypes[0].name](call_traced(dispatcher.py_func, *xs))]

    return _each(element, operands, [0] * len(operands))


_dispatchers: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
"""To ask ufuncs for types: a ufunc's own dispatcher compiles what it is then called with."""


def _cores(ufunc: Any, inputs: Sequence[Any], outs: Sequence[Any]) -> list[Value]:
    builder = ufunc.gufunc_builder
    given, results = parse_signature(builder.signature)
    operands, dtypes = _cast(ufunc, inputs, not ufunc.is_dynamic)
    if ufunc.is_dynamic:
        dtypes = [x.dtype for x in outs]
    sizes: dict[str, int] = {}
    for x, axes in zip(operands, given, strict=True):
        if x.ndim < len(axes):
            raise ShapeError(
                f"{ufunc.__name__}{builder.signature} of an array of shape {x.shape}",
                remedy="give arrays of as many axes as the signature says, or more",
            )
        sizes.update(zip(axes, x.shape[x.ndim - len(axes) :], strict=True))

    signature = next(iter(builder._sigs), None)

    def element(*xs: Any) -> Any:
        if signature is not None:  # by which a number is an array of one element, perhaps
            are_arrays = [isinstance(kind, types.Array) for kind in signature.args]
            xs = tuple(
                np.reshape(x, 1) if is_array and not axes else x
                for x, is_array, axes in zip(xs, are_arrays, given, strict=False)
            )
        # A result of no axes is written to the one element of an array.
        made = [MADE["zeros"](tuple(_size(sizes, axis) for axis in axes) or 1, dtype)
                for axes, dtype in zip(results, dtypes, strict=True)]  # fmt: skip
        call_traced(builder.py_func, *xs, *made)
        return [x if axes else x[0] for x, axes in zip(made, results, strict=True)]

    return _each(element, operands, list(map(len, given)))


def _size(sizes: dict[str, int], axis: str) -> int:
    return sizes[axis] if axis in sizes else int(axis)


def _cast(
    ufunc: Any, inputs: Sequence[Any], declared: bool
) -> tuple[list[Value], list[np.dtype[Any]]]:
    """The operands as values, of the types that the function was declared for; its results'."""
    builder = innermost_trace()
    assert builder is not None
    raw = ufunc.ufunc
    operands = [as_array_on(builder, x) for x in inputs]
    if not declared:
        return operands, []
    resolved = raw.resolve_dtypes((*(x.dtype for x in operands), *(None,) * raw.nout))
    return (
        [as_dtype(x, supported(t)) for x, t in zip(operands, resolved, strict=False)],
        [supported(t) for t in resolved[raw.nin :]],
    )


def _each(function: Callable[..., Any], operands: list[Value], cores: list[int]) -> list[Value]:
    """Where there are no loop axes, the function's branches are the caller's own."""
    if any(x.ndim > core for x, core in zip(operands, cores, strict=True)):
        return over_elements(function, operands, cores)
    return [as_array_on(operands[0].builder, x) for x in function(*operands)]
