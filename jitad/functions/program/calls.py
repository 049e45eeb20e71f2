"""What a call means in a program.

A user's function is entered; one of Python's that asks values for numbers is one that does not; and
what might do something else than compute is not called in branches and loops.
"""

from __future__ import annotations

import builtins
import copy
import dataclasses
import functools
import math
import operator
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numba.np.ufunc.parallel import get_thread_id

from jitad.frontend.active import holds_traced
from jitad.frontend.effects import note_bound
from jitad.frontend.mutable_functions import answer, at_once
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.parts import DICTS, SEQUENCES, is_plain_class, made
from jitad.frontend.reads import is_known, note_met
from jitad.frontend.roads import LEAVES
from jitad.frontend.texts import holds_text, read, reads, writes, written
from jitad.frontend.traceable import is_users, traceable
from jitad.frontend.unseen import CHANGING, note_all, note_call, note_result
from jitad.functions.arrays.creation import array
from jitad.functions.arrays.selections import is_of_all, of_all
from jitad.functions.control.each import over_elements
from jitad.functions.mathematics import as_integer
from jitad.functions.program import keyed, lists, orders, varying
from jitad.functions.program.buffers import is_growing, is_varying
from jitad.functions.program.carried import whole
from jitad.functions.program.data import current, made_by, owned
from jitad.functions.program.folds import collected, fold, truth
from jitad.functions.program.generators import Generated
from jitad.functions.program.growing import check_whole, length
from jitad.functions.program.holders import (
    change,
    construct,
    copied,
    deeply_copied,
    is_holder,
    with_others,
)
from jitad.functions.program.iterators import (
    counted,
    elements,
    every_element,
    in_turn,
    indices,
    iterator,
    native,
    reverse,
    zipped,
)
from jitad.functions.program.library import PROGRAMS, advanced, decided
from jitad.functions.program.mirrors import as_program, met, of_scipy
from jitad.functions.program.native import run_natively, uncached
from jitad.functions.program.pure import is_program, pure
from jitad.functions.program.questions import (
    class_of,
    evaluated,
    executed,
    globals_of,
    has_attribute,
    is_instance,
    is_scalar,
    stands_for,
)
from jitad.functions.program.specials import called
from jitad.ir.value import FUNCTIONS, Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


def call(frame: Frame, f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """f(*args, **kwargs), as a program means it."""
    kind = type(f)
    if kind is np.ufunc and not kwargs:
        result = frame.at_its_line(at_once, f, args)
        if result is not None:
            return result
    elif kind is _NUMPYS or (kind is MethodType and isinstance(f.__self__, Value)):
        items = (*args, *kwargs.values())
        if all(map(_holds_nothing, items)):
            if kind is MethodType:
                return owned(frame.at_its_line(f, *args, **kwargs))
            if f in FUNCTIONS and holds_traced(items):
                return frame.at_its_line(answer, f, args, kwargs)
    if args and type(getattr(f, "__self__", None)) in keyed.KINDS:
        args = tuple([collected(x) if isinstance(x, Generated) and x.is_new() else x for x in args])
    f, args = called(f, args)
    if holds_traced([*args, *kwargs.values()]):
        f, args, kwargs = met(frame, uncached(f), args, kwargs)
    if is_users(getattr(f, "__func__", f)):
        return _run(frame, traceable(f, frame.words), args, kwargs)
    # Read once, for a generator gives its items but once.
    args = tuple([_collected(f, _of_keyed(frame, f, x)) for x in args])
    if any(map(is_varying, args)):
        args = tuple([varying.taken(f, x, args, kwargs) for x in args])
    is_writing = writes(f)
    if not is_writing and holds_text((*args, *kwargs.values())) and reads(f, args):
        args, kwargs = read(args), read(kwargs)
    asked = note_call(f, args, kwargs)
    meaning = _meaning(frame, f, args, kwargs)
    if is_writing:
        args = [whole(x) for x in args]
        result = written(functools.partial(_written, f, tuple(kwargs)), *args, *kwargs.values())
    elif meaning is None:
        result = _run(frame, traceable(of_scipy(f, args, kwargs), frame.words), args, kwargs)
    else:
        result = meaning()
    if asked:
        note_result(asked, result)
    return result


def _written(f: Any, names: tuple[str, ...], *xs: Any) -> Any:
    count = len(xs) - len(names)
    return f(*xs[:count], **dict(zip(names, xs[count:], strict=True)))


_NUMPYS = type(np.sum)
"""The class of NumPy's functions that ask their arguments what they mean."""


def _holds_nothing(x: Any) -> bool:
    """Whether an argument is a value, a number or a text, or a list of such that is not from
    outside: there is nothing in it that is to be watched, or recorded as a program."""
    if isinstance(x, LEAVES):
        return True
    return type(x) in (tuple, list) and all(map(_holds_nothing, x)) and not is_known(x)


def _run(frame: Frame, f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a function as it is: a program, or what Python runs."""
    if current().region is not None:
        f = pure(frame, f)
    if is_program(f):
        own = (f.__self__,) if isinstance(f, MethodType) else ()
        return owned(getattr(f, "__func__", f).__dict__["program"](*own, *args, **kwargs))
    check_whole(getattr(f, "__self__", None))
    args = [whole(x) for x in args]
    if is_users(getattr(f, "__func__", f)):  # which cannot be read
        note_met(f)
        note_all(f, *args, *kwargs.values())
    args = [_given(frame, f, x) for x in args]
    kwargs = {name: _given(frame, f, whole(x)) for name, x in kwargs.items()}
    result = made_by(f, run_natively(f, args, kwargs), [*args, *kwargs.values()])
    is_new = any(f is kind for kind in _MAKERS) or getattr(f, "__name__", "") in _COPIES
    return made(result) if is_new or hasattr(type(result), "__next__") else result


_COPIES = ("copy", "_asdict", "tolist")
_MAKERS = (*SEQUENCES, *DICTS, set)
"""What makes a container that nobody has yet."""


def _meaning(frame: Frame, f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What Python's and NumPy's functions, and classes, are called for; None: as they are."""
    owner = getattr(f, "__self__", None)
    if isinstance(owner, Value):
        return lambda: owned(frame.at_its_line(_of_value, f, args, kwargs))
    found = _of_list(frame, f, owner, args, kwargs)
    if found is not None:
        return found
    if (
        (f is any or f is all)
        and args
        and isinstance(args[0], Generated)
        and args[0].frame.program.shared
    ):
        return lambda: decided(frame, f, args[0])
    args = [x if is_varying(x) and varying.goes_over(f) else whole(x) for x in args]
    kwargs = {name: whole(x) for name, x in kwargs.items()}
    if is_of_all(f, args) and not kwargs:
        found = of_all(f, args[0])
        if found is not NotImplemented:
            return lambda: found
    try:
        if f in ALWAYS:
            return lambda: ALWAYS[f](*args, **kwargs)
        if f in PROGRAMS:
            return lambda: PROGRAMS[f](frame, *args, **kwargs)
        if f in OF_FRAME:
            return lambda: OF_FRAME[f](frame, *args, **kwargs)
        folded = fold(f, args, kwargs)
    except TypeError:  # no key
        folded = None
    if folded is not None:
        return folded
    if is_plain_class(f):
        return lambda: construct(frame, f, args, kwargs)
    traced = holds_traced([*args, *kwargs.values()])
    if (f is max or f is min) and (traced or "key" in kwargs):
        return lambda: orders.extreme(frame, f, *args, **kwargs)
    meaning = _of_traced(frame, f, owner, args) if traced else None
    return meaning and (lambda: meaning(*args, **kwargs))


def _of_list(frame: Frame, f: Any, owner: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What stands for a method of a container, or for a function of a list whose length depends on
    data; None where the call is made as it is written."""
    if is_varying(owner) and f.__name__ in varying.METHODS and not kwargs:
        return lambda: varying.METHODS[f.__name__](owner, *args)
    own = lists.meaning(frame, f, owner, args, kwargs)
    if own is not None:
        return own
    if is_holder(owner) and f.__name__ in CHANGING and f.__name__ != "sort":
        return lambda: _changed(owner, f, args, kwargs)
    if type(owner) is list and f.__name__ == "sort" and not is_growing(owner):
        return lambda: orders.sort(frame, owner, *args, **kwargs)
    if len(args) == 1 and is_growing(args[0]) and f in _OF_LENGTH:
        return lambda: _OF_LENGTH[f](length(args[0]))
    if args and is_varying(args[0]) and f in (list, max, min) and kwargs.keys() <= {"default"}:
        found = varying.made_of(f, args[0], *kwargs.values())
        if found is not None:
            return lambda: found
    return None


def _changed(owner: Any, f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What a method gives that changes the container it is of."""
    if is_varying(owner):
        whole(owner)
    change(owner)
    if f.__name__ == "update" and all(isinstance(x, (dict, list, tuple)) for x in args):
        note_bound(owner, *dict(*args, **kwargs))
    return f(*[native(whole(x)) for x in args], **kwargs)


def _of_keyed(frame: Frame, f: Any, x: Any) -> Any:
    """An argument: of a container of which traced values say what it has, the list of its items."""
    if type(x) not in keyed.KINDS or keyed.within(x) is None or f is isinstance or f is type:
        return keyed.listed(f, x)
    return frame.call(keyed.method(x, "__iter__"), (), {})


def _collected(f: Any, x: Any) -> Any:
    """An argument: a generator that f goes over to the end is a list of its items."""
    if type(getattr(f, "__self__", None)) is str:
        return list(iterator(x).all()) if f.__name__ == "join" else x
    to_the_end = isinstance(x, Generated) and f in _TO_THE_END and x.is_new()
    return collected(x) if to_the_end else x


def _given(frame: Frame, f: Any, x: Any) -> Any:
    """An argument as f takes it, which is not a program: what it may call runs as a trace does."""
    if callable(x) and not isinstance(x, type):
        found = traceable(as_program(of_scipy(x)), frame.words)
        if found is x and is_users(getattr(f, "__func__", f)):
            note_all(x)
        return found
    return native(x)


def _of_value(f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    return f(*[native(x) for x in args], **kwargs)


def _of_traced(frame: Frame, f: Any, owner: Any, args: Any) -> Any:
    """What f means where an argument is traced; None where that is what it says."""
    if type(owner) is np.ndarray:
        # NumPy looks at no argument of an array's method.
        return functools.partial(_method, frame, owner, f.__name__)
    if isinstance(f, FunctionType) and "dispatch" in f.__dict__ and isinstance(args[0], Value):
        # By functools.singledispatch, which would ask for the class.
        chosen = f.__dict__["dispatch"](stands_for(args[0]))
        return lambda *xs, **named: frame.call(chosen, xs, named)
    if isinstance(f, np.vectorize) and not f.excluded and f.signature is None:
        return functools.partial(_vectorized, frame, f)
    try:
        meaning = OF_TRACED.get(f)
        # SciPy's are the mirror's, which knows what they take.
        known = f in FUNCTIONS and of_scipy(f) is f
        if meaning is None and known and not any(map(callable, args)):
            meaning = functools.partial(_numpys, frame, f)
    except TypeError:  # no key
        return None
    return meaning


def _attribute(frame: Frame, x: Any, name: Any, *default: Any) -> Any:
    """getattr(x, name, default)"""
    try:
        return frame.attribute(x, name)
    except AttributeError:
        if not default:
            raise
        return default[0]


def _numpys(frame: Frame, f: Any, *args: Any, **kwargs: Any) -> Any:
    args = tuple([native(x) for x in args])
    return frame.at_its_line(answer, f, args, kwargs)


def _method(frame: Frame, owner: np.ndarray, name: str, *args: Any, **kwargs: Any) -> Any:
    return owned(getattr(lift(current(), owner), name)(*args, **kwargs))


def _vectorized(frame: Frame, f: np.vectorize, *args: Any, **kwargs: Any) -> Any:
    """A function by np.vectorize: of each element."""
    several = False

    def element(*xs: Any) -> tuple[Any, ...]:
        nonlocal several
        named = dict(zip(kwargs, xs[len(args) :], strict=True))
        found = frame.call(f.pyfunc, xs[: len(args)], named)
        several = isinstance(found, tuple)
        return found if several else (found,)

    operands = [*args, *kwargs.values()]
    found = over_elements(element, operands, [0] * len(operands))
    if f.otypes is not None:
        found = [as_dtype(x, np.dtype(kind)) for x, kind in zip(found, f.otypes, strict=True)]
    return tuple(map(owned, found)) if several else owned(found[0])


# -- what Python's functions mean ------------------------------------------------------------------


def _not(x: Any) -> Any:
    return np.logical_not(truth(x))


_OF_LENGTH: dict[Any, Any] = {
    len: lambda n: n,
    bool: lambda n: n > 0,
    operator.not_: lambda n: n == 0,
}
"""What is said of a list that grows in a loop by its length."""

_TO_THE_END = (list, tuple, max, min, sorted, set, frozenset, np.fromiter, math.fsum, math.prod)
"""Functions that go over all that they are given, in order."""


def _from_items(items: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Any:
    """np.fromiter(...)"""
    found = list(native(items))
    if count > len(found):
        raise ValueError("iterator too short")
    return array(found if count < 0 else found[:count], dtype)


# -- what asks for the function that it is called in -----------------------------------------------


OF_FRAME: dict[Any, Any] = {
    next: advanced,
    globals: globals_of,
    locals: lambda frame: frame.locally(),
    vars: lambda frame, *x: frame.attribute(*x, "__dict__") if x else frame.locally(),
    dir: lambda frame, *x: dir(*x) if x else sorted(frame.locally()),
    getattr: _attribute,
    hasattr: has_attribute,
    sorted: orders.in_order,
    dataclasses.replace: with_others,
    eval: evaluated,
    exec: executed,
}
"""What asks for the function that it is called in."""

ALWAYS: dict[Any, Any] = {
    builtins.__build_class__: builtins.__build_class__,
    range: counted,
    numba.prange: counted,
    get_thread_id: lambda: 0,  # a program's loops are one thread's
    zip: zipped,
    np.ndindex: indices,
    np.ndenumerate: elements,
    iter: in_turn,
    reversed: reverse,
    bool: truth,
    copy.copy: copied,
    copy.deepcopy: deeply_copied,
}
"""What programs mean by names, whatever the arguments."""

OF_TRACED: dict[Any, Any] = {
    operator.not_: _not,
    int: as_integer,
    round: round,
    np.nditer: every_element,
    np.fromiter: _from_items,
    isinstance: is_instance,
    type: class_of,
    np.isscalar: is_scalar,
}
"""What they mean where an argument is traced."""
