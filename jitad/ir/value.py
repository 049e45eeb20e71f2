"""The tracer: a `Value` stands for an array in a function being traced, and records what it meets.

It answers to NumPy's protocols (`__array_ufunc__`, `__array_function__`), operators, indexing and
methods; `UFUNCS` and `FUNCTIONS`, which the frontend fills, say what each of them records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from jitad.ir.errors import MissingAttributeError, TraceError
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
        return int(np.prod(self.shape, dtype=np.int64))

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
        raise TraceError(
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
        what, remedy = _ABSENT.get(name, ("", ""))
        raise MissingAttributeError(
            f"a traced array has no attribute {name!r}{what}",
            remedy=remedy or "use NumPy's functions of it, or compute with it outside",
        )

    def __repr__(self) -> str:
        return self.frontend.describe(self)

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


def _is_python_number(x: Any) -> bool:
    """Whether x is a number of Python's own; np.float64 is a float, and is none."""
    return isinstance(x, (int, float, complex)) and not isinstance(x, np.generic)


def _counted(x: Value, ufunc: Any = None) -> Value:
    """A bool of Python's as the int that it is to arithmetic; NumPy's are no numbers."""
    if not x.weak or x.dtype.kind != "b" or ufunc in _LOGICAL:
        return x
    whole = x.frontend.astype(x, np.dtype(np.int64))
    return Value(whole.builder, whole.index, (), whole.dtype, weak=True)


_LOGICAL = (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.equal, np.not_equal)


def _binary(ufunc: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: Value, other: Any) -> Any:
        self = _counted(self, ufunc) if self.weak else self
        result = UFUNCS[ufunc](self, other)
        if self.weak and (_is_python_number(other) or getattr(other, "weak", False)):
            result.weak = True
        return result

    def reflected(self: Value, other: Any) -> Any:
        self = _counted(self, ufunc) if self.weak else self
        result = UFUNCS[ufunc](other, self)
        result.weak = self.weak and _is_python_number(other)
        return result

    return forward, reflected


def _dividing(ufunc: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operators whose like on Python numbers knows an error, division by zero."""
    operator, swapped = _binary(ufunc)

    def forward(self: Value, other: Any) -> Any:
        if self.weak and (_is_python_number(other) or getattr(other, "weak", False)):
            self.frontend.division(ufunc, self, other)
        return operator(self, other)

    def reflected(self: Value, other: Any) -> Any:
        if self.weak and _is_python_number(other):
            self.frontend.division(ufunc, other, self)
        return swapped(self, other)

    return forward, reflected


def _unary(ufunc: Any) -> Callable[..., Any]:
    def method(self: Value) -> Any:
        self = _counted(self) if self.weak else self
        result = UFUNCS[ufunc](self)
        result.weak = self.weak
        return result

    return method


def _elementwise(ufunc: Any) -> Callable[..., Any]:
    return lambda *operands: UFUNCS[ufunc](*operands)


def _method(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def method(self: Value, *args: Any, **kwargs: Any) -> Any:
        return self.__array_function__(function, (), (self, *args), kwargs)

    method.__name__ = name
    method.__doc__ = f"As `np.{name}` of this array."
    return method


def _refusal(name: str, instead: str) -> Callable[..., Any]:
    def method(self: Value, *args: Any, **kwargs: Any) -> Any:
        raise TraceError(
            f"x.{name}(...) of a traced array would change it, or show its bytes",
            remedy=f"use {instead}, or a copy that can be written to, jitad.numpy.array(x)",
        )

    method.__name__ = name
    method.__doc__ = f"An error: use {instead}."
    return method


BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
_DIVISIONS = ("truediv", "floordiv", "mod", "pow")

COMPARISONS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}
"""Python's operators by the names of their methods, and the ufuncs that answer them."""

for _name, _ufunc in BINARY.items():
    _operators = _dividing if _name in _DIVISIONS else _binary
    _forward, _reflected = _operators(_ufunc)
    setattr(Value, f"__{_name}__", _forward)
    setattr(Value, f"__r{_name}__", _reflected)
for _name, _ufunc in COMPARISONS.items():
    setattr(Value, f"__{_name}__", _binary(_ufunc)[0])
for _name, _ufunc in UNARY.items():
    setattr(Value, f"__{_name}__", _unary(_ufunc))


def _or_repeated(method: Callable[..., Any]) -> Callable[..., Any]:
    """Of a whole number and a sequence the sequence repeated, as NumPy's and Python's ints do."""

    def times(self: Value, other: Any) -> Any:
        if self.dtype.kind == "i" and not self.shape and isinstance(other, _SEQUENCES):
            return cast(Any, other) * self.__index__()
        return method(self, other)

    return times


_SEQUENCES = (list, tuple, str, bytes)

for _name in ("__mul__", "__rmul__"):
    setattr(Value, _name, _or_repeated(getattr(Value, _name)))
Value.__divmod__ = lambda self, other: (self // other, self % other)  # type: ignore[attr-defined]  # added here
Value.__rdivmod__ = lambda self, other: (other // self, other % self)  # type: ignore[attr-defined]  # added here
for _name in (
    *("sum", "prod", "mean", "var", "std", "max", "min", "any", "all", "argmax", "argmin"),
    *("cumsum", "ravel", "swapaxes", "squeeze", "clip", "dot", "trace", "diagonal", "take"),
    *("repeat", "round", "argsort", "argpartition", "cumprod", "searchsorted", "compress"),
    *("choose", "nonzero"),
):
    setattr(Value, _name, _method(_name))
for _name, _instead in {
    "fill": "np.full_like(x, value)",
    "put": "x.at[places].set(values)",
    "sort": "np.sort(x)",
    "partition": "np.partition(x, kth)",
    "resize": "np.resize(x, shape)",
    "view": "x.astype(dtype)",
}.items():
    setattr(Value, _name, _refusal(_name, _instead))
# NumPy calls these methods on the elements of an object array of traced scalars.
for _name in (
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh"),
    *("arccosh", "arctanh", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt"),
    *("cbrt", "square", "reciprocal", "floor", "ceil", "rint", "trunc", "sign", "fabs"),
    *("deg2rad", "rad2deg", "isnan", "isinf", "isfinite", "arctan2", "hypot", "fmod"),
    *("logaddexp", "logaddexp2", "copysign", "heaviside"),
):
    setattr(Value, _name, _elementwise(getattr(np, _name)))
Value.conjugate = Value.conj = _unary(np.conjugate)  # type: ignore[attr-defined]  # added here
