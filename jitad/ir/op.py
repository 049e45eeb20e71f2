"""What an instruction can be: an `Op` is one row of the instruction set, with every fact about it.

An elementwise op states its elemental partials c_ij = dphi_i/dv_j (Griewank & Walther, Evaluating
Derivatives, 2nd ed., SIAM 2008, section 2.2); both modes follow from them. A structural op states
its tangent and its pullback as calls of other ops.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, final

import numpy as np

if TYPE_CHECKING:
    from jitad.ir.value import Value

Shape = tuple[int, ...]
DType = np.dtype[Any]
Rule = Callable[..., Any]

FLOAT64: DType = np.dtype(np.float64)
FLOAT32: DType = np.dtype(np.float32)
COMPLEX128: DType = np.dtype(np.complex128)
COMPLEX64: DType = np.dtype(np.complex64)
INT64: DType = np.dtype(np.int64)
INT32: DType = np.dtype(np.int32)
BOOL: DType = np.dtype(np.bool_)

SHORT_NAMES = {
    FLOAT64: "f64",
    FLOAT32: "f32",
    COMPLEX128: "c128",
    COMPLEX64: "c64",
    INT64: "i64",
    INT32: "i32",
    BOOL: "bool",
}

STORED: dict[DType, str] = {
    np.dtype(np.int8): "i8",
    np.dtype(np.int16): "i16",
    np.dtype(np.uint8): "u8",
    np.dtype(np.uint16): "u16",
    np.dtype(np.uint32): "u32",
    np.dtype(np.uint64): "u64",
    np.dtype(np.float16): "f16",
}
"""Dtypes that arrays may have in memory, and that are moved about and cast, not computed in."""

_NATIVE: dict[DType, DType] = {}


def native(dtype: DType) -> DType:
    """A dtype in this machine's order of bytes: of one that tapes have, their own object."""
    found = _NATIVE.get(dtype)
    if found is None:
        text: Any = dtype.str  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        plain: DType = np.dtype(f"={text[1:]}")
        found = _NATIVE[dtype] = next(
            (known for known in (*SHORT_NAMES, *STORED) if known == plain), dtype
        )
    return found


COMPLEX_OF = {FLOAT64: COMPLEX128, FLOAT32: COMPLEX64}
"""The complex dtype whose parts have that dtype."""

REAL_OF = {COMPLEX128: FLOAT64, COMPLEX64: FLOAT32}
"""The dtype of a complex number's parts."""

NUMBERS = (float, complex, int, bool, np.generic)
"""Types that a rule may pass to an op in place of a value; they take its dtype and shape."""


@dataclass(frozen=True, eq=False)
class Op:
    """Abstract: the facts that every op has. Whoever makes one enters it into the registry.

    `infer(*operands, **params)` gives (shape, dtype) from operands that have `.shape`, `.dtype`;
    `evaluate(*arrays, **params)` is the op in NumPy, for the interpreter and the tests' oracle.
    """

    name: str
    params: tuple[str, ...]
    infer: Rule
    evaluate: Rule
    effect: ClassVar[bool] = False  # structural ops may say otherwise

    def __post_init__(self) -> None:
        if self.name in TABLE:
            raise ValueError(f"there is an op {self.name!r} already")
        TABLE[self.name] = self

    def __call__(self, *operands: Any, **params: Any) -> Value:
        """Record the op on the tape that its operands belong to."""
        try:
            builder = operands[0].builder
        except (AttributeError, IndexError):
            traced = [x for x in operands if not isinstance(x, NUMBERS)]
            if not traced:
                raise TypeError(f"{self.name} was called without a traced value") from None
            builder = traced[0].builder
        return builder.apply(self, operands, params)

    def __repr__(self) -> str:
        return self.name

    @property
    def is_view(self) -> bool:
        """Whether the elements of a result are elements of the operand, in other places."""
        return isinstance(self, Structural) and self.index_map is not None

    def __reduce__(self) -> tuple[object, ...]:
        return find, (self.name, self.infer.__module__)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Elementwise(Op):
    """An op on operands of one shape, element by element.

    `partials[j](*operands, result)` is c_j: a value, the number 1, -1 or 0 (a structural zero
    costs nothing), a `Mask`, a `RealLinear`, or `None` in place of the function where it is zero
    everywhere.
    `emit(writer, type, *registers)` writes LLVM instructions and returns the result's register.
    `cost` is in units of one addition; `domain` is where the tests sample each operand:
    bounds of floats, of ints (integers, both ends included) or of bools. `seams` are points where
    the rules change form, beyond the small whole numbers and ties that are tested of every row.
    """

    partials: tuple[Rule | None, ...]
    emit: Rule
    cost: float = 1.0
    domain: tuple[tuple[Any, Any], ...] = ()
    seams: tuple[tuple[float, ...], ...] = ()


@final
@dataclass(frozen=True, eq=False, repr=False)
class Structural(Op):
    """An op that moves, combines or builds whole arrays.

    `jvp(operands, result, tangents, **params)`: the tangent, from tangents of which some are None.
    `pullback(j, operands, result, adjoint, **params)`: operand j's share of the adjoint; without
    it, and where it is BY_TANGENT, that is by the transpose of the tangent.
    `accumulate(total, adjoint, operand, **params)`, where given, adds the share of operand 0 to
    the total in place (total is None at first).
    `batch(operands, batched, size, **params)`: the op over a new leading axis.
    `index_map(indices, shape, **params)`: for a view, where in the operand an element comes from.
    `scalars(operands, **params)`: the op on object arrays of scalar values, for small arrays.
    `combine`: for a reduction, the elementwise op that joins two elements.
    `effect`: the instruction counts even where nobody reads its result.
    `library(call)`: for work that a library does on whole arrays in memory, how it is called; the
    vocabulary is `LibraryCall` of codegen/library.py.
    `lowered(*operands, **params)`: what is recorded in the op's place before it is compiled.
    """

    jvp: Rule | None = None
    pullback: Rule | None = None
    accumulate: Rule | None = None
    batch: Rule | None = None
    index_map: Rule | None = None
    scalars: Rule | None = None
    combine: Elementwise | None = None
    effect: bool = False  # type: ignore[misc]  # one for each op, where others share one
    library: Rule | None = None
    lowered: Rule | None = None


@final
@dataclass(frozen=True, eq=False, repr=False)
class Control(Op):
    """An op that holds sub-tapes; `part` instructions take its several results out of it.

    Its one parameter is a `form`: frozen data with the sub-tapes. A rule is given the transform
    that it applies to these, and `flow`, which says what in a sub-tape depends on what.

    `results(form, *operands)`: shape and dtype of each result; `infer` gives a token's.
    `tapes(form)` and `with_tapes(form, tapes)`: the sub-tapes, and the form with others.
    `flow(form, flags, flow)`: which results depend on the operands that are flagged.
    `forward(form, operands, tangents, forward, flow)`: the results, and their tangents or None.
    `pullback(form, operands, adjoints, varied, transforms, sums)`: the `Pulled`; `sums` are what
    is known of the adjoints of array operands, by place, to which it may add in their memory.
    `batch(form, operands, batched, size, batch, flow)`: the results, and which of them are batched.
    `simplify(form, operands, used, builder)`: the op without what nobody uses, a `Simplified`.
    """

    results: Rule
    tapes: Rule
    with_tapes: Rule
    flow: Rule
    forward: Rule
    pullback: Rule
    batch: Rule
    simplify: Rule


BY_TANGENT = object()
"""A pullback's answer for an operand whose share follows from the tangent."""


class Pulled(NamedTuple):
    """A control op's reverse sweep: the form that keeps what the sweep reads, and the shares.

    Results of `form` are those of the old one, then what is kept; `result(k)` is number k of them.
    `shares(result)` records the sweep and gives each operand's share of the adjoint, or None; of
    the operands `summed` it gives what was known of the adjoint together with the share.
    """

    form: Any
    shares: Rule
    summed: Collection[int] = ()


DYNAMIC = -1
"""In the place of the first axis of a stack that grows as a loop runs; only loops read those."""


def is_differentiable(dtype: DType) -> bool:
    """Whether numbers of that dtype have derivatives: real or complex, beyond half precision."""
    return dtype.kind in "fc" and dtype.itemsize > 2


class RealLinear(NamedTuple):
    """An elemental map that is linear over the reals, though no product with a complex number.

    `tangent(dx)` is the map itself; `adjoint(v_bar)` its transpose with respect to the pairing
    Re(v_bar v), which is JAX's convention: products have their own factor, not its conjugate.
    """

    tangent: Rule
    adjoint: Rule


class Mask(NamedTuple):
    """An elemental partial that is structurally 0 where `condition` does not equal `keep`.

    Elsewhere it is `weight`, or 1. The modes select with it and do not multiply with 0, so a NaN on
    the side not taken stays there.
    """

    condition: Value
    keep: bool
    weight: Value | None = None


TABLE: dict[str, Op] = {}
"""The op registry: every op by its name."""


ON_DEMAND: list[Callable[[], Any]] = []
"""What enters further rows, where a name is asked for that no row has yet."""


def find(name: str, module: str = __name__) -> Op:
    """The op of that name, which may be entered only when its module is imported."""
    if name not in TABLE:
        importlib.import_module(module)
        for load in ON_DEMAND:
            load()
    return TABLE[name]
