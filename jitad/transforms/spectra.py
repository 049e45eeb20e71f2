"""Tape -> Tape: say what is a function of a matrix by its eigenvalues, before its derivative.

sum(g(eigvalsh(A))), V g(w) V^T and sums of functions of singular values are smooth where some
eigenvalues are equal, though the eigenvalues and their vectors are not. Such values are recognised
here, however they are written in elementwise ops, views, sums and products of matrices, and get a
law: an op of `ops/linalg/spectral_functions.py`, which is differentiated in the value's place.

What is no such function, such as one eigenvalue, is differentiated as it stands.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from jitad.ir.builder import Builder
from jitad.ir.op import FLOAT32, FLOAT64, Elementwise
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.contraction import contract, labels
from jitad.ops.linalg import matrices as mx
from jitad.ops.linalg.determinants import determinant, value_of_determinant
from jitad.ops.linalg.divided_differences import even, odd
from jitad.ops.linalg.lu import lu
from jitad.ops.linalg.singular import svd, svdvals
from jitad.ops.linalg.spectral import eigh, eigvalsh
from jitad.ops.linalg.spectral_functions import (
    LOWER,
    SINGULAR,
    UPPER,
    governed,
    spectral_function,
    spectral_trace,
)
from jitad.transforms.spectral_kinds import (
    Elements,
    Flat,
    Known,
    Numbers,
    Packed,
    Spectrum,
    Vectors,
)
from jitad.transforms.spectral_views import VIEWS

_DECOMPOSITIONS = (eigh, eigvalsh, svd, svdvals)
_REAL = (FLOAT32, FLOAT64)


def with_spectra(tape: Tape) -> Tape:
    """The tape, in which functions of matrices by their eigenvalues have their law."""
    if not any(instr.op in _DECOMPOSITIONS for instr in tape.instrs):
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
        self.made: dict[Any, int] = {}

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
        if op in _DECOMPOSITIONS:
            x = builder.instrs[instr.args[0]]
            if x.dtype not in _REAL or not all(x.shape[-2:]):
                return None
            source = SINGULAR if op in (svd, svdvals) else LOWER if instr.params[0] else UPPER
            of = Spectrum(instr.args[0], source, x.shape[:-2])
            return Packed(of) if op in (eigh, svd) else self._eigenvalues(of, i)
        operands = [self.known.get(j) for j in instr.args]
        spectra = {k.of for k in operands if k is not None}
        if len(spectra) != 1:
            return None
        (of,) = spectra
        if op in VIEWS:
            found = VIEWS[op](builder.instrs, instr, i, operands)
            if isinstance(found, Numbers) and isinstance(operands[0], Packed):
                self.eigenvalues.add(i)
            return found
        if op is st.reduce_sum:
            return self._summed(instr, operands)
        if op is contract:
            return self._contracted(instr, operands)
        if isinstance(op, Elementwise):
            if any(isinstance(k, Elements) for k in operands):
                return self._of_elements(instr, operands, of)
            return self._elementwise(instr, operands, of, i)
        return None

    def _eigenvalues(self, of: Spectrum, i: int) -> Numbers:
        self.eigenvalues.add(i)
        return Numbers(of, -1, i)

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
        key = (instr.op, instr.params, *factors)
        if key not in self.made:
            values = [self.builder.value(j) for j in factors]
            self.made[key] = instr.op(*values, **instr.named_params).index
            self.vectors.add(self.made[key])
        return self.made[key]

    def _ones(self, of: Spectrum, instr: Instr) -> int:
        return self.builder.const(1.0, (*of.lead, self._count(of)), instr.dtype).index

    def _factor(self, j: int, of: Spectrum) -> int | None:
        """What is the same for all eigenvalues of a matrix, as a vector; None what is not."""
        instr = self.builder.instrs[j]
        shape = (*of.lead, self._count(of))
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

    def _of_elements(
        self, instr: Instr, operands: list[Known | None], of: Spectrum
    ) -> Known | Value | None:
        """A sum or product of different elements, or a function of the same ones."""
        parts = [k for k in operands if isinstance(k, Elements)]
        first, last = parts[0], parts[-1]
        if len(parts) < len(operands) and self._is_neutral(instr, operands):
            return first
        if any(not isinstance(k, (Elements, type(None))) for k in operands):
            return None
        apart = len(parts) == len(operands) == 2 and all(
            s.isdisjoint(t) for s, t in zip(first.sets, last.sets, strict=False)
        )
        op = ew.add if instr.op is ew.increment else instr.op
        if apart and op in (ew.add, ew.mul):
            if first.g != last.g or not {first.op, last.op} <= {None, op}:
                return None
            sets = tuple(s | t for s, t in zip(first.sets, last.sets, strict=True))
            return self._complete(replace(first, op=op, sets=sets), instr)
        if any(k.op is not None or k.sets != first.sets for k in parts):
            return None
        factors = [
            k.g if isinstance(k, Elements) else self._constant(j, of)
            for k, j in zip(operands, instr.args, strict=True)
        ]
        if None in factors:
            return None
        return replace(first, g=self._applied(instr, factors, of))

    def _is_neutral(self, instr: Instr, operands: list[Known | None]) -> bool:
        """Whether 0 is added, or 1 multiplied, as sums and products begin."""
        neutral = 0 if instr.op in (ew.add, ew.increment) else 1 if instr.op is ew.mul else None
        others = [
            self.builder.instrs[j] for k, j in zip(operands, instr.args, strict=True) if not k
        ]
        return all(other.op is CONST and other.params[0] == neutral for other in others)

    def _constant(self, j: int, of: Spectrum) -> int | None:
        """A number, or one for each matrix, as a vector."""
        instr, shape = self.builder.instrs[j], (*of.lead, self._count(of))
        key = (instr.params, instr.dtype) if instr.op is CONST else j
        if key not in self.made:
            if instr.op is CONST:
                self.made[key] = self.builder.const(instr.params[0], shape, instr.dtype).index
            elif instr.shape == of.lead:
                self.made[key] = mx.along_columns(self.builder.value(j), shape).index
        return self.made.get(key)

    def _complete(self, known: Elements, instr: Instr) -> Known | Value:
        """The law of a sum or product of all elements."""
        every = frozenset(range(self._count(known.of)))
        if known.sets != (every,):
            return known
        law = self._trace(known.of, known.g)
        if known.op is ew.mul:
            law = self._product(known.of, known.g)
        return st.reshape(law, shape=instr.shape)

    def _product(self, of: Spectrum, g: int) -> Value:
        """Of eigenvalues the determinant of g(A), of singular values exp of the logarithms' sum."""
        if of.source != SINGULAR:
            a = self._function(of, g, ("", ""))
            factors = lu(a)
            return determinant(value_of_determinant(factors), factors, a)
        sizes = ew.log(ew.absolute(self.builder.value(g)))
        self.vectors.update((self.builder.instrs[sizes.index].args[0], sizes.index))
        signs = ew.sign(self.builder.value(g))
        odd_count = mx.total(ew.cast(ew.lt(signs, 0.0), dtype=signs.dtype))
        sign = ew.cos(ew.mul(odd_count, math.pi))
        return ew.mul(ew.stop_gradient(sign), ew.exp(self._trace(of, sizes.index)))

    def _count(self, of: Spectrum) -> int:
        return min(self.builder.instrs[of.matrix].shape[-2:])

    # -- sums and products -------------------------------------------------------------------------

    def _summed(self, instr: Instr, operands: list[Known | None]) -> Known | Value | None:
        """A sum over the eigenvalues."""
        known, axes = operands[0], instr.params[0]
        rank = len(self.builder.instrs[instr.args[0]].shape)
        if isinstance(known, Elements) and axes == (rank - 1,) and known.op in (None, ew.add):
            union = frozenset[int]().union(*known.sets)
            if len(union) == sum(map(len, known.sets)):
                return self._complete(replace(known, op=ew.add, sets=(union,)), instr)
            return None
        if not isinstance(known, Numbers) or rank != len(known.of.lead) + 1:
            return None
        if rank - 1 not in axes or instr.dtype not in _REAL:
            return None
        total = self._trace(known.of, known.g)
        rest = tuple(axis for axis in axes if axis != rank - 1)
        return st.reduce_sum(total, axes=rest) if rest else total

    def _contracted(self, instr: Instr, operands: list[Known | None]) -> Any:
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
            product = ew.mul(self.builder.value(first.g), self.builder.value(second.g)).index
            self.vectors.add(product)
            return self._trace(first.of, product) if is_sum else None
        if isinstance(second, Vectors) and not isinstance(first, Vectors):
            first, second, a, b = second, first, b, a
        if not isinstance(first, Vectors):
            return None
        if isinstance(second, (Packed, Flat, Elements)):
            return None
        shared, g = a[first.axis], self._joined(first.g, second.g)
        if isinstance(second, Vectors):
            if b[second.axis] != shared or shared in out or len({*a, *b}) != 3:
                return None
            one, two = first.side, second.side
            straight = out.index(a[-3 - first.axis]) == 0
            return self._function(first.of, g, (one, two) if straight else (two, one))
        if len(out) != 2 or shared not in b:
            return None
        if isinstance(second, Numbers):
            return replace(first, axis=out.index(shared) - 2, g=g) if shared in out else None
        return replace(first, axis=out.index(b.replace(shared, "")) - 2, g=g)

    def _joined(self, g: int | None, h: int | None) -> int | None:
        if g is None or h is None:
            return h if g is None else g
        product = ew.mul(self.builder.value(g), self.builder.value(h)).index
        self.vectors.add(product)
        return product

    def _trace(self, of: Spectrum, g: int) -> Value:
        tape, constants = self._extracted(of, g)
        x = self.builder.value(of.matrix)
        return spectral_trace(x, *constants, tape=tape, source=of.source)

    def _function(self, of: Spectrum, g: int | None, sides: tuple[str, str]) -> Value:
        """V g(w) V^T; of singular values U g(s) V^T, which an odd function has in its corner, or
        with U or V on both sides, which an even one has on its diagonal."""
        x = self.builder.value(of.matrix)
        g = self._ones(of, self.builder.instrs[of.matrix]) if g is None else g
        tape, constants = self._extracted(of, g)
        if of.source != SINGULAR:
            return spectral_function(x, *constants, tape=tape, order=0, source=of.source)
        tape = odd(tape) if sides[0] != sides[1] else even(tape)
        whole = spectral_function(x, *constants, tape=tape, order=0, source=of.source)
        n, m = x.shape[-2:]
        rows, columns = ((n, m, 1) if side == "u" else (0, n, 1) for side in sides)
        return mx.part(whole, rows, columns)

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
