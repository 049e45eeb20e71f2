"""The tracer: a `Value` stands for an array in a function being traced, and records what it meets.

It answers to NumPy's protocols (`__array_ufunc__`, `__array_function__`), indexing and methods;
operators are ir/operators.py's. `UFUNCS` and `FUNCTIONS`, which the frontend fills, say what each
of NumPy's functions records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from jitad.ir.errors import MissingAttributeError, TraceError, WriteError
from jitad.ir.op import DType, Shape

if TYPE_CHECKING:
    from jitad.ir.builder import Builder

UFUNCS: dict[Any, Callable[..., Any]] = {}
"""What a NumPy (or SciPy) ufunc records."""

FUNCTIONS: dict[Any, Callable[..., Any]] = {}
"""What a NumPy function records."""


@dataclass(frozen=True)
class Frontend:
    """What is done for a value by those who know what NumPy means: `ufunc`, `function` and `array`,
    which NumPy's protocols ask for; `guard`, for a number of Python's; indexing, methods, text."""

    ufunc: Callable[..., Any]
    function: Callable[..., Any]
    array: Callable[..., Any]
    guard: Callable[..., Any]
    division: Callable[..., Any]
    getitem: Callable[..., Any]
    at: Callable[..., Any]
    astype: Callable[..., Any]
    copy: Callable[..., Any]
    describe: Callable[..., str]
    format: Callable[..., str]


class Value:
    """A traced array: its place on the tape, its shape and its dtype.

    `weak` marks what came from a Python number, which takes the dtype of what it meets (NEP 50).
    """

    __slots__ = ("builder", "dtype", "index", "shape", "weak")

    frontend: ClassVar[Frontend]
    """Set once, by `jitad.functions`, with the two tables."""

    def __init__(
        self, builder: Builder, index: int, shape: Shape, dtype: DType, weak: bool = False
    ) -> None:
        self.builder = builder
        self.index = index
        self.shape = shape
        self.dtype = dtype
        self.weak = weak

    # -- NumPy's protocols ---------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return self.frontend.ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return self.frontend.function(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.frontend.array(self, dtype)

    # -- concrete values: what Python control flow asks for ------------------------------------

    def __bool__(self) -> bool:
        return bool(self.frontend.guard(self, bool))

    def __int__(self) -> int:
        return int(self.frontend.guard(self, int))

    def __index__(self) -> int:
        if self.dtype.kind == "b" and self.weak:  # Python's bool, which is an index, as 0 and 1
            return int(self.frontend.guard(self, bool))
        if self.dtype.kind not in "iu":
            raise TraceError(f"a traced {self!r} was used as an index", remedy="use int(x)")
        return int(self.frontend.guard(self, int))

    def __hash__(self) -> int:
        if self.shape == () and self.dtype.kind in "ib":
            return hash(int(self))  # as a key: what it is equal to is a question of its own
        raise TraceError(
            f"a traced {self!r} was to be the key of a dict or set, or the argument of a cache",
            remedy="use int(x), whose value is then that of the path",
        )

    def __float__(self) -> float:
        return float(self.frontend.guard(self, float))

    def __complex__(self) -> complex:
        return complex(self.frontend.guard(self, complex))

    def __floor__(self) -> Any:
        return self._rounded(np.floor)

    def __ceil__(self) -> Any:
        return self._rounded(np.ceil)

    def __trunc__(self) -> Any:
        return self._rounded(np.trunc)

    def __round__(self, ndigits: int | None = None) -> Any:
        return self._rounded(np.rint) if ndigits is None else FUNCTIONS[round](self, ndigits)

    def _rounded(self, ufunc: Any) -> Value:
        """A Python int that is traced: no guard on it, so that it may differ from call to call."""
        if self.shape:
            raise TypeError(f"only an array of no axes is rounded to a Python int, not {self!r}")
        x = self.frontend.astype(UFUNCS[ufunc](self), np.dtype(np.int64))
        return Value(x.builder, x.index, (), x.dtype, weak=True)

    def item(self, *index: int) -> Value:
        """The element at `index`, or the only one, as a Python number."""
        x = self.reshape(-1)[index[0]] if len(index) == 1 else self[index].reshape(())
        return x.tolist()

    def tolist(self) -> Any:
        """Nested lists of traced Python numbers."""
        if self.shape:
            return [row.tolist() for row in self]
        x = self.frontend.astype(self, np.asarray(self.dtype.type(0).item()).dtype)
        return Value(x.builder, x.index, (), x.dtype, weak=True)

    # -- the array's face ----------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.itemsize

    @property
    def T(self) -> Any:
        """The array with its axes reversed."""
        return np.transpose(self)  # type: ignore[call-overload]  # traced

    @property
    def mT(self) -> Any:
        """The array with its last two axes swapped."""
        return np.swapaxes(self, -1, -2)  # type: ignore[arg-type]  # traced

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self)  # type: ignore[call-overload]  # traced

    @property
    def imag(self) -> Any:
        """The imaginary part; zeros where the array is real."""
        return np.imag(self)  # type: ignore[call-overload]  # traced

    @property
    def flat(self) -> Any:
        """The elements in C order."""
        return self.reshape(-1)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Value]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    def __getitem__(self, index: Any) -> Value:
        return self.frontend.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise WriteError(
            "assignment to elements of a traced array that is an argument or a result",
            remedy="write to a copy, y = jitad.numpy.array(x) or y = x.copy(), and return it; "
            "or write x = x.at[i].set(v)",
        )

    @property
    def at(self) -> Any:
        """JAX's updates that leave x as it is: `x.at[i].set(v)`, `.add`, `.multiply`, `.max` ..."""
        return self.frontend.at(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"a traced array has no attribute {name!r}")
        if self.weak:
            kind: type = self.dtype.type(0).item().__class__
            if hasattr(kind, name):
                return getattr(self.frontend.guard(self, kind), name)
        what, remedy = _ABSENT.get(name, ("", ""))
        raise MissingAttributeError(
            f"a traced array has no attribute {name!r}{what}",
            remedy=remedy or "use NumPy's functions of it, or compute with it outside",
        )

    def __repr__(self) -> str:
        return self.frontend.describe(self)

    def __str__(self) -> str:
        return self.frontend.format(self, "")

    def __format__(self, spec: str) -> str:
        return self.frontend.format(self, spec)

    def freeze(self) -> Value:
        """The value as it is now: itself, unless it can be written to."""
        return self

    def astype(self, dtype: Any, **_: Any) -> Value:
        """The value cast to `dtype`."""
        return self.frontend.astype(self, np.dtype(dtype))

    def copy(self, order: str = "C") -> Any:
        """A copy that can be written to."""
        return self.frontend.copy(self)

    def __init_subclass__(cls) -> None:
        type.__setattr__(cls, "__name__", _CALLED)

    def __reduce__(self) -> Any:
        raise TraceError(
            "a traced value was to be pickled", remedy="return it, and pickle what the call gives"
        )

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """The array in another shape."""
        target = shape[0] if len(shape) == 1 else shape
        return np.reshape(self, target, order=order)  # type: ignore[call-overload]  # traced

    def transpose(self, *axes: Any) -> Any:
        """The array with its axes permuted."""
        single = len(axes) == 1 and not isinstance(axes[0], int)
        order: Any = axes[0] if single else axes or None
        return np.transpose(self, order)  # type: ignore[arg-type]  # traced

    def flatten(self, order: str = "C") -> Any:
        """The array as one axis."""
        return np.ravel(self, order=order)  # type: ignore[call-overload]  # traced


_CALLED = "traced value"
"""What Python's own messages call it."""

Value.__name__ = _CALLED

_MEMORY = (": it has no memory while the function is traced", "ask it of the argument, outside")
_BYTES = (": it has no bytes while the function is traced", "return it, and write the result out")
_ABSENT = {
    **dict.fromkeys(("flags", "base", "data", "ctypes", "strides", "setflags"), _MEMORY),
    **dict.fromkeys(("tobytes", "tofile", "dump", "dumps", "byteswap", "getfield"), _BYTES),
    "ptp": ("", "use np.ptp(x)"),
    "itemset": ("", "use x = x.at[i].set(v)"),
    "newbyteorder": _BYTES,
}
"""What arrays of NumPy's have and traced ones have not, and what to write instead."""
