"""Tape -> Tape: say what is a function of a matrix by its eigenvalues, before its derivative.

sum(g(eigvalsh(A))), V g(w) V^T and sums of functions of singular values are smooth where some
eigenvalues are equal, though the eigenvalues and their vectors are not. Such values are recognised
here, however they are written in elementwise ops, views, sums and products of matrices, and get a
law: an op of `ops/linalg/spectral_functions.py`, which is differentiated in the value's place.

What is no such function, such as one eigenvalue, is differentiated as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import FLOAT32, FLOAT64, Elementwise, Shape
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.contraction import contract, labels
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.singular import svdvals
from jitad.ops.linalg.spectral import eigh, eigvalsh
from jitad.ops.linalg.spectral_functions import (
    LOWER,
    SINGULAR,
    UPPER,
    governed,
    spectral_function,
    spectral_trace,
)

_REAL = (FLOAT32, FLOAT64)


class Spectrum(NamedTuple):
    """A decomposition: the instruction of its matrix, its source, and the shape of its stack."""

    matrix: int
    source: str
    lead: Shape


@dataclass(frozen=True)
class Numbers:
    """g(w_i) along one axis, counted from the end, the same along the other; `g` is a vector."""

    of: Spectrum
    axis: int
    g: int


@dataclass(frozen=True)
class Vectors:
    """Eigenvectors, each times g(w_i) where `g` is given: i counts along `axis`."""

    of: Spectrum
    axis: int
    g: int | None


@dataclass(frozen=True)
class Packed:
    """What `eigh` gives."""

    of: Spectrum


@dataclass(frozen=True)
class Diagonal:
    """g(w_i) on the diagonal of a matrix, which may lie flat."""

    of: Spectrum
    g: int


Known = Numbers | Vectors | Packed | Diagonal


def with_spectra(tape: Tape) -> Tape:
    """The tape, in which functions of matrices by their eigenvalues have their law."""
    if not any(instr.op in (eigh, eigvalsh, svdvals) for instr in tape.instrs):
        return tape
    spectra = _Spectra()
    for instr in tape.instrs:
        spectra.move(instr)
    new = spectra.new
    return spectra.builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


class _Spectra:
    """The new tape, and what is known of its values, by its own instructions."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.new: list[int] = []
        self.known: dict[int, Known] = {}
        self.eigenvalues: set[int] = set()
        self.vectors: set[int] = set()

    def move(self, instr: Instr) -> None:
        """Copy the old tape's next instruction; give its value a law where it has one."""
        builder = self.builder
        builder.line = instr.line
        args = tuple([self.new[j] for j in instr.args])
        i = builder.copy(instr, args)
        found = self._of(builder.instrs[i], i) if instr.dtype.kind in "fb" else None
        if isinstance(found, Value):
            i = governed(builder.value(i), found).index
        elif found is not None:
            self.known[i] = found
            if isinstance(found, Numbers):
                self.vectors.add(found.g)
        self.new.append(i)

    def _of(self, instr: Instr, i: int) -> Known | Value | None:
        """What an instruction is, or its law."""
        op, builder = instr.op, self.builder
        if op in (eigh, eigvalsh, svdvals):
            x = builder.instrs[instr.args[0]]
            if x.dtype not in _REAL or not all(x.shape[-2:]):
                return None
            source = SINGULAR if op is svdvals else LOWER if instr.params[0] else UPPER
            of = Spectrum(instr.args[0], source, x.shape[:-2])
            return Packed(of) if op is eigh else self._eigenvalues(of, i)
        operands = [self.known.get(j) for j in instr.args]
        spectra = {k.of for k in operands if k is not None}
        if len(spectra) != 1:
            return None
        (of,) = spectra
        rule = _VIEWS.get(op)
        if rule is not None:
            return rule(self, instr, operands, i)
        if isinstance(op, Elementwise):
            return self._elementwise(instr, operands, of, i)
        return None

    def _eigenvalues(self, of: Spectrum, i: int) -> Numbers:
        self.eigenvalues.add(i)
        return Numbers(of, -1, i)

    # -- views -------------------------------------------------------------------------------------

    def indexed(self, instr: Instr, operands: list[Known | None], i: int) -> Known | None:
        """The eigenvalues or the vectors of a packed decomposition."""
        packed, slots = operands[0], instr.params[0]
        if not isinstance(packed, Packed) or not instr.shape:
            return None
        lead, n = instr.shape[:-1], instr.shape[-1]
        whole = (0, n, 1)
        rank = len(packed.of.lead)
        if slots[:rank] != tuple((0, size, 1) for size in packed.of.lead):
            return None
        if slots[rank:] == (n, whole) and lead == packed.of.lead:
            return self._eigenvalues(packed.of, i)
        return Vectors(packed.of, -2, None) if slots[rank:] == (whole, whole) else None

    def transposed(self, instr: Instr, operands: list[Known | None], i: int) -> Known | None:
        known, rank = operands[0], len(instr.shape)
        (perm,) = instr.params
        plain = tuple(range(rank))
        if perm == plain:
            return self._as(known, i)
        if not isinstance(known, (Numbers, Vectors)) or rank != len(known.of.lead) + 2:
            return known if isinstance(known, Diagonal) and rank == 2 else None
        if perm == (*plain[:-2], rank - 1, rank - 2):
            return replace(known, axis=-3 - known.axis)
        return None

    def _as(self, known: Known | None, i: int) -> Known | None:
        """A copy of what is known: a vector is its own."""
        is_vector = isinstance(known, Numbers) and self._is_vector(known, i)
        return replace(known, g=i) if is_vector else known  # type: ignore[type-var]  # Numbers

    def _is_vector(self, known: Numbers, i: int) -> bool:
        return len(self.builder.instrs[i].shape) == len(known.of.lead) + 1

    def reshaped(self, instr: Instr, operands: list[Known | None], i: int) -> Known | None:
        """A vector as a matrix of one row or one column; a diagonal as a matrix."""
        known, (j,) = operands[0], instr.args
        before, after = self.builder.instrs[j].shape, instr.shape
        if before == after:
            return self._as(known, i)
        n = after[-1]
        if isinstance(known, Diagonal):
            return known if after == (n, n) else None
        if not isinstance(known, Numbers) or not self._is_vector(known, j):
            return None
        lead, n = known.of.lead, before[-1]
        if after == (*lead, 1, n):
            return known
        return replace(known, axis=-2) if after == (*lead, n, 1) else None

    def broadcasted(self, instr: Instr, operands: list[Known | None], i: int) -> Known | None:
        known, (j,) = operands[0], instr.args
        before, after = self.builder.instrs[j].shape, instr.shape
        if before == after:
            return self._as(known, i)
        if not isinstance(known, Numbers) or len(after) != len(known.of.lead) + 2:
            return None
        same_stack = after[:-2] == known.of.lead and (len(before) == len(after) or not after[:-2])
        same_axis = before[known.axis] == after[known.axis]
        return known if same_stack and same_axis and after[-1] == after[-2] else None

    def placed(self, instr: Instr, operands: list[Known | None], i: int) -> Known | None:
        """A vector on the diagonal of zeros, as np.diag writes it."""
        zero, known = self.builder.instrs[instr.args[0]], operands[1]
        n = self.builder.instrs[instr.args[1]].shape[-1]
        if not isinstance(known, Numbers) or known.of.lead or zero.op is not CONST:
            return None
        on_diagonal = instr.shape == (n * n,) and instr.params[0] == ((0, n, n + 1),)
        return Diagonal(known.of, known.g) if on_diagonal and zero.params[0] == 0 else None

    # -- elementwise -------------------------------------------------------------------------------

    def _elementwise(
        self, instr: Instr, operands: list[Known | None], of: Spectrum, i: int
    ) -> Known | None:
        """A function of the eigenvalues, or vectors times one."""
        vectors = [k for k in operands if isinstance(k, Vectors)]
        numbers = [k for k in operands if isinstance(k, Numbers)]
        axes = {k.axis for k in (*vectors, *numbers)}
        if len(vectors) + len(numbers) != sum(k is not None for k in operands) or len(axes) != 1:
            return None
        factors: list[Any] = []
        for k, j in zip(operands, instr.args, strict=True):
            factor = k.g if isinstance(k, (Numbers, Vectors)) else self._factor(j, of)
            if factor is None and not isinstance(k, Vectors):
                return None
            factors.append(factor)
        if not vectors:
            is_vector = len(instr.shape) == len(of.lead) + 1
            return Numbers(of, axes.pop(), i if is_vector else self._applied(instr, factors, of))
        linear = instr.op in (ew.mul, ew.neg) or (instr.op is ew.div and operands[0] in vectors)
        if len(vectors) != 1 or not linear:
            return None
        if all(g is None for g in factors):
            factors = [self._ones(of, instr)] * len(factors)
        known = [self._ones(of, instr) if g is None else g for g in factors]
        return replace(vectors[0], g=self._applied(instr, known, of))

    def _applied(self, instr: Instr, factors: list[Any], of: Spectrum) -> int:
        values = [self.builder.value(j) for j in factors]
        g = instr.op(*values, **instr.named_params).index
        self.vectors.add(g)
        return g

    def _ones(self, of: Spectrum, instr: Instr) -> int:
        n = self.builder.instrs[of.matrix].shape[-1]
        return self.builder.const(1.0, (*of.lead, n), instr.dtype).index

    def _factor(self, j: int, of: Spectrum) -> int | None:
        """What is the same for all eigenvalues of a matrix, as a vector; None what is not."""
        instr = self.builder.instrs[j]
        n = min(self.builder.instrs[of.matrix].shape[-2:])
        shape = (*of.lead, n)
        if instr.op is CONST:
            return self.builder.const(instr.params[0], shape, instr.dtype).index
        if instr.op is not st.broadcast:
            return None
        source = self.builder.instrs[instr.args[0]].shape
        last = source[len(source) - (len(instr.shape) - len(of.lead)) :]
        if any(size != 1 for size in last) and len(source) > 0:
            return None
        trailing = len(instr.shape) - len(of.lead)
        one = mx.part(self.builder.value(j), *([0] * trailing))
        return mx.along_columns(one, shape).index if shape else None

    # -- sums and products -------------------------------------------------------------------------

    def summed(self, instr: Instr, operands: list[Known | None], i: int) -> Value | None:
        """A sum over the eigenvalues."""
        known, axes = operands[0], instr.params[0]
        rank = len(self.builder.instrs[instr.args[0]].shape)
        if not isinstance(known, Numbers) or rank != len(known.of.lead) + 1:
            return None
        if rank - 1 not in axes or instr.dtype not in _REAL:
            return None
        total = self._trace(known.of, known.g)
        rest = tuple(axis for axis in axes if axis != rank - 1)
        return st.reduce_sum(total, axes=rest) if rest else total

    def contracted(self, instr: Instr, operands: list[Known | None], i: int) -> Any:
        """A product of vectors with vectors is a function of the matrix, or a sum of numbers."""
        first, second = operands
        a, b, out = labels(instr.params[0])
        if first is None or second is None:
            return None
        rank = len(first.of.lead)
        if not (a[:rank] == b[:rank] == out[:rank]):
            return None
        a, b, out = a[rank:], b[rank:], out[rank:]
        if isinstance(first, Numbers) and isinstance(second, Numbers):
            is_sum = len(a) == 1 and a == b and not out
            return self._trace(first.of, self._joined(first.g, second.g)) if is_sum else None
        if isinstance(second, Vectors) and not isinstance(first, Vectors):
            first, second, a, b = second, first, b, a
        if not isinstance(first, Vectors):
            return None
        if isinstance(second, Packed):
            return None
        shared, g = a[first.axis], self._joined(first.g, second.g)
        if isinstance(second, Vectors):
            is_matrix = b[second.axis] == shared and shared not in out and len(out) == 2
            return self._function(first.of, g) if is_matrix and len({*a, *b}) == 3 else None
        if isinstance(second, Numbers) and b == shared and len(out) == 2:
            return Vectors(first.of, out.index(shared) - 2, g)
        if isinstance(second, Diagonal) and shared in b and shared not in out and len(out) == 2:
            return Vectors(first.of, out.index(b.replace(shared, "")) - 2, g)
        return None

    def _joined(self, g: int | None, h: int | None) -> int | None:
        if g is None or h is None:
            return h if g is None else g
        product = ew.mul(self.builder.value(g), self.builder.value(h)).index
        self.vectors.add(product)
        return product

    def _trace(self, of: Spectrum, g: int | None) -> Value | None:
        assert g is not None
        tape, constants = self._extracted(of, g)
        x = self.builder.value(of.matrix)
        return spectral_trace(x, *constants, tape=tape, source=of.source)

    def _function(self, of: Spectrum, g: int | None) -> Value | None:
        x = self.builder.value(of.matrix)
        g = self._ones(of, self.builder.instrs[of.matrix]) if g is None else g
        tape, constants = self._extracted(of, g)
        return spectral_function(x, *constants, tape=tape, order=0, source=of.source)

    def _extracted(self, of: Spectrum, g: int) -> tuple[Tape, list[Value]]:
        """The function of one eigenvalue that a vector is, and the constants that it reads."""
        builder, instrs = self.builder, self.builder.instrs
        needed, stack = {g}, [g]
        while stack:
            i = stack.pop()
            if i in self.vectors and i not in self.eigenvalues:
                more = [j for j in instrs[i].args if j not in needed]
                needed.update(more)
                stack.extend(more)
        dtype = instrs[of.matrix].dtype
        sub, constants, values = Builder(), list[Value](), dict[int, Value]()
        x = sub.input("x", (), dtype)
        for i in sorted(needed):
            instr = instrs[i]
            if i in self.eigenvalues:
                values[i] = x
            elif instr.op is CONST:
                values[i] = sub.const(instr.params[0], (), instr.dtype)
            elif i not in self.vectors:
                values[i] = sub.input(f"c{len(constants)}", (), instr.dtype)
                constants.append(mx.part(builder.value(i), 0))
            elif isinstance(instr.op, Elementwise):
                values[i] = instr.op(*(values[j] for j in instr.args), **instr.named_params)
            else:  # a view that is a copy
                values[i] = values[instr.args[0]]
        return sub.finish([values[g].index]), constants


_VIEWS: dict[Any, Any] = {
    st.index: _Spectra.indexed,
    st.transpose: _Spectra.transposed,
    st.reshape: _Spectra.reshaped,
    st.broadcast: _Spectra.broadcasted,
    st.index_add: _Spectra.placed,
    st.reduce_sum: _Spectra.summed,
    contract: _Spectra.contracted,
}
"""How views, sums and products read what is known of their operands."""
