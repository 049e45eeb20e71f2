"""A contraction -> calls of BLAS, which SciPy brings along: gemm and gemv, over stacks as well.

The pass `contractions` has put the operands in one of the layouts (stack, rows, inner) or
(stack, inner, rows), so that every operand is a stack of dense matrices.
"""

from __future__ import annotations

import math
from functools import lru_cache

import llvmlite.binding as llvm
from numba.extending import get_cython_function_address

from jitad.codegen.body import Body
from jitad.ir.op import FLOAT64
from jitad.ops.contraction import labels


@lru_cache(maxsize=8)
def _symbol(name: str) -> str:
    """A BLAS routine of scipy.linalg.cython_blas under a name that compiled code can call."""
    symbol = f"jitad_{name}"
    llvm.add_symbol(symbol, get_cython_function_address("scipy.linalg.cython_blas", name))
    return symbol


def emit_contract(body: Body, i: int) -> None:
    """Write the calls that compute instruction i."""
    tape, w = body.tape, body.writer
    instr = tape.instrs[i]
    x, y = instr.args
    a, b, out = labels(instr.params[0])
    sizes = dict(zip(a, tape.instrs[x].shape, strict=True))
    sizes.update(zip(b, tape.instrs[y].shape, strict=True))
    stack = [label for label in out if label in a and label in b]
    inner = [label for label in a if label in b and label not in out]
    rows = [label for label in out if label not in b]
    columns = [label for label in out if label not in a]
    if columns and rows and out.index(columns[0]) < out.index(rows[0]):
        # The result's rows come from the second operand: exchange the roles.
        x, y, a, b, rows, columns = y, x, b, a, columns, rows
    count = math.prod(sizes[label] for label in stack)
    m, n, k = (math.prod(sizes[label] for label in g) for g in (rows, columns, inner))
    of_x, of_y = body.pointer(x), body.pointer(y)
    slot = body.pointer(i) if i in body.program.storage else body.alloca(w.type(instr.dtype))
    call = _Product(body, m, n, k, instr.dtype == FLOAT64)
    call.x_rows_first = _leads(a, rows, inner)
    call.y_inner_first = _leads(b, inner, columns)
    if m * n * k * count == 0:
        size = m * n * count * instr.dtype.itemsize
        name = "llvm.memset.p0.i64"
        w.declarations[name] = f"declare void @{name}(ptr, i8, i64, i1)"
        w.do(f"call void @{name}(ptr {slot}, i8 0, i64 {size}, i1 false)")
    elif count == 1:
        call.emit(of_x, of_y, slot)
    else:
        _over_stack(body, call, count, (of_x, of_y, slot), instr.dtype.itemsize)
    if i not in body.program.storage:
        body.registers[i] = body.load(slot, i)


def _leads(order: str, first: list[str], second: list[str]) -> bool:
    """Whether one group of labels stands before the other in an operand."""
    if not first or not second:
        return True
    return order.index(first[0]) < order.index(second[0])


def _over_stack(
    body: Body, call: _Product, count: int, pointers: tuple[str, str, str], itemsize: int
) -> None:
    """One product for each matrix of the stack."""
    w = body.writer
    before, head, after = w.fresh("stack"), w.fresh("stack"), w.fresh("stack")
    w.do(f"br label %{before}")
    w.label(before)
    w.do(f"br label %{head}")
    w.label(head)
    counter, following = w.fresh("i"), w.fresh("i")
    w.do(f"%{counter} = phi i64 [ 0, %{before} ], [ %{following}, %{head} ]")
    places: list[str] = []
    for pointer, size in zip(
        pointers, (call.m * call.k, call.k * call.n, call.m * call.n), strict=True
    ):
        offset = w.line(f"mul nuw nsw i64 %{counter}, {size * itemsize}")
        places.append(w.line(f"getelementptr i8, ptr {pointer}, i64 {offset}"))
    x, y, out = places
    call.emit(x, y, out)
    w.do(f"%{following} = add nuw nsw i64 %{counter}, 1")
    done = w.line(f"icmp eq i64 %{following}, {count}")
    w.do(f"br i1 {done}, label %{after}, label %{head}")
    w.label(after)


class _Product:
    """out (m, n) = x (m, k) y (k, n), each in C order, x and y possibly stored transposed."""

    def __init__(self, body: Body, m: int, n: int, k: int, double: bool) -> None:
        self.body = body
        self.w = body.writer
        self.m, self.n, self.k = m, n, k
        self.kind = "double" if double else "float"
        self.prefix = "d" if double else "s"
        self.x_rows_first = True
        self.y_inner_first = True

    def emit(self, x: str, y: str, out: str) -> None:
        """BLAS is column-major: out^T = y^T x^T, and a C-ordered matrix is its transpose there."""
        if self.n == 1:
            self._matrix_vector(x, y, out, self.m, self.x_rows_first)
        elif self.m == 1:
            self._matrix_vector(y, x, out, self.n, not self.y_inner_first)
        else:
            self._matrix_matrix(x, y, out)

    def _matrix_matrix(self, x: str, y: str, out: str) -> None:
        of_y = ("N", self.n) if self.y_inner_first else ("T", self.k)
        of_x = ("N", self.k) if self.x_rows_first else ("T", self.m)
        self._call(
            "gemm",
            self._char(of_y[0]), self._char(of_x[0]),
            self._int(self.n), self._int(self.m), self._int(self.k),
            self._real(1.0), y, self._int(of_y[1]), x, self._int(of_x[1]),
            self._real(0.0), out, self._int(self.n),
        )  # fmt: skip

    def _matrix_vector(self, matrix: str, vector: str, out: str, m: int, rows_first: bool) -> None:
        # Stored (m, k) in C order, the matrix is (k, m) to BLAS, and "T" multiplies by (m, k).
        rows, columns = (self.k, m) if rows_first else (m, self.k)
        self._call(
            "gemv",
            self._char("T" if rows_first else "N"), self._int(rows), self._int(columns),
            self._real(1.0), matrix, self._int(rows), vector, self._int(1),
            self._real(0.0), out, self._int(1),
        )  # fmt: skip

    def _call(self, routine: str, *pointers: str) -> None:
        symbol = _symbol(self.prefix + routine)
        self.w.declarations[symbol] = (
            f"declare void @{symbol}({', '.join(['ptr'] * len(pointers))})"
        )
        self.w.do(f"call void @{symbol}({', '.join(f'ptr {p}' for p in pointers)})")

    def _constant(self, kind: str, literal: str) -> str:
        """Fortran passes everything by reference: a constant in memory."""
        name = f"blas_{kind}_{literal}".replace(".", "_").replace("-", "m")
        text = f"@{name} = private constant {kind} {literal}"
        if text not in self.w.globals:
            self.w.globals.append(text)
        return f"@{name}"

    def _char(self, letter: str) -> str:
        return self._constant("i8", str(ord(letter)))

    def _int(self, number: int) -> str:
        return self._constant("i32", str(number))

    def _real(self, number: float) -> str:
        return self._constant(self.kind, f"{number:.1f}")
