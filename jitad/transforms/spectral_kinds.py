"""What a value can be, as a function of a matrix by its eigenvalues or its singular values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from jitad.ir.op import Op, Shape


class Spectrum(NamedTuple):
    """A decomposition: the instruction of its matrix, its source, and the shape of its stack.

    `turned` says that its values stand in the other order, or in that of an instruction.
    """

    matrix: int
    source: str
    lead: Shape
    turned: bool | int = False


@dataclass(frozen=True)
class Numbers:
    """g(w_i) along one axis, counted from the end, the same along the other; `g` is a vector."""

    of: Spectrum
    axis: int
    g: int


@dataclass(frozen=True)
class Vectors:
    """Eigenvectors, each times g(w_i) where `g` is given: i counts along `axis`.

    Of a singular value decomposition `side` says whether they are those of U or of V.
    """

    of: Spectrum
    axis: int
    g: int | None
    side: str = ""


@dataclass(frozen=True)
class Packed:
    """What `eigh` or `svd` gives."""

    of: Spectrum


@dataclass(frozen=True)
class Flat:
    """Vectors of U or V as they lie in what `svd` gives."""

    of: Spectrum
    side: str


@dataclass(frozen=True)
class Diagonal:
    """g(w_i) on the diagonal of a matrix, which may lie flat."""

    of: Spectrum
    g: int


@dataclass(frozen=True)
class Elements:
    """Numbers g(w_i) one by one: at each place, or alone, the sum or product of some of them."""

    of: Spectrum
    g: int
    op: Op | None
    sets: tuple[frozenset[int], ...]


Known = Numbers | Vectors | Packed | Flat | Diagonal | Elements
