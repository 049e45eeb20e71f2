"""A call of a library on whole arrays: the vocabulary in which rows say how they are computed.

BLAS and LAPACK are those that SciPy brings along (scipy.linalg.cython_blas, cython_lapack). What no
library offers to compiled code is computed by the row's own NumPy function, called back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jitad.codegen.blas import emit_contract
from jitad.codegen.body import Body, memory_type
from jitad.codegen.callback import callback
from jitad.codegen.external import cython_symbol
from jitad.codegen.sort import emit_argsort
from jitad.codegen.status import CALLBACK_FAILED, COMPLEX_RESULT, LINEAR_ALGEBRA
from jitad.ir.op import REAL_OF, Structural

_PREFIX = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}


class LibraryCall:
    """Writes the call that computes one instruction.

    `inputs` are pointers to the operands, `out` to the result, all dense in C order; `shapes` and
    `dtypes` are the operands', `shape` and `dtype` the result's.
    """

    def __init__(self, body: Body, i: int) -> None:
        self.body = body
        self.writer = body.writer
        self.index = i
        self.instr = body.tape.instrs[i]
        self.shape, self.dtype = self.instr.shape, self.instr.dtype
        operands = [body.tape.instrs[j] for j in self.instr.args]
        self.shapes = [x.shape for x in operands]
        self.dtypes = [x.dtype for x in operands]
        self.inputs = [body.pointer(j) for j in self.instr.args]
        self.stored = i in body.program.storage
        self.out = body.pointer(i) if self.stored else body.alloca(memory_type(self.dtype))

    def emit(self) -> None:
        """Write all of it."""
        op = self.instr.op
        assert isinstance(op, Structural) and op.library is not None
        if math.prod(self.shape):
            op.library(self, **self.instr.named_params)
        if not self.stored:
            self.body.registers[self.index] = self.body.load(self.out, self.index)

    # -- what Fortran is passed: everything by reference -------------------------------------------

    def _constant(self, kind: str, literal: str) -> str:
        clean = "".join(c if c.isalnum() else "_" for c in f"{kind}_{literal}")
        text = f"@library_{clean} = private constant {kind} {literal}"
        if text not in self.writer.globals:
            self.writer.globals.append(text)
        return f"@library_{clean}"

    def int_slot(self) -> str:
        """An INTEGER that is written."""
        return self.body.alloca("i32")

    def scratch(self, size: int) -> str:
        """A pointer to that many bytes of working memory."""
        return self.body.in_arena(self.body.memory.grow(-(-size // 8)))

    # -- elements of arrays ------------------------------------------------------------------------

    def element(self, pointer: str, place: int | str, kind: str) -> str:
        """A pointer to an element of an array of an LLVM type."""
        return self.writer.line(f"getelementptr {kind}, ptr {pointer}, i64 {place}")

    def load(self, pointer: str, kind: str) -> str:
        """What stands at a pointer."""
        return self.writer.line(f"load {kind}, ptr {pointer}")

    def store(self, register: str, pointer: str, kind: str) -> None:
        """Put a register's value at a pointer."""
        self.writer.do(f"store {kind} {register}, ptr {pointer}")

    def reals(self, matrix: str, row: int, n: int) -> tuple[str, str, int]:
        """A row of a matrix of n columns, as real parts: a pointer, their type, their distance."""
        item = self.dtypes[0].itemsize
        part = REAL_OF.get(self.dtypes[0], self.dtypes[0])
        pointer = self.writer.offset(matrix, row * n * item)
        return pointer, self.writer.type(part), item // part.itemsize

    # -- calls -------------------------------------------------------------------------------------

    def blas(self, routine: str, *arguments: str | int | float) -> None:
        """Call a routine of BLAS, named without the letter of its type."""
        self._call("scipy.linalg.cython_blas", routine, arguments)

    def lapack(self, routine: str, *arguments: str | int | float) -> None:
        """Call a routine of LAPACK, named without the letter of its type."""
        self._call("scipy.linalg.cython_lapack", routine, arguments)

    def _call(self, module: str, routine: str, arguments: Sequence[str | int | float]) -> None:
        symbol = cython_symbol(module, _PREFIX[self.dtype.name] + routine)
        passed = [f"ptr {self._passed(x)}" for x in arguments]
        types = ", ".join(["ptr"] * len(passed))
        self.writer.declarations[symbol] = f"declare void @{symbol}({types})"
        self.writer.do(f"call void @{symbol}({', '.join(passed)})")

    def _passed(self, x: str | int | float) -> str:
        """Where Fortran finds an INTEGER, a number of the op's dtype, a letter; or a pointer."""
        if isinstance(x, int):
            return self._constant("i32", str(x))
        if isinstance(x, float):
            kind = self.writer.type(self.dtype)
            return self._constant(kind, self.writer.number(x, self.dtype))
        return self._constant("i8", str(ord(x))) if len(x) == 1 else x

    def refuse_where(self, condition: str) -> None:
        """Report a matrix that has no such factorisation or solution."""
        self.body.flag(condition, LINEAR_ALGEBRA, self.index)

    def refuse_complex(self, condition: str) -> None:
        """Report a result that is not real."""
        self.body.flag(condition, COMPLEX_RESULT, self.index)

    def refuse_unless_zero(self, info: str) -> None:
        """Report what LAPACK refuses: its `info` is not zero."""
        self.refuse_where(self.writer.line(f"icmp ne i32 {self.load(info, 'i32')}, 0"))

    def call_back(self) -> None:
        """Have the row's own NumPy function compute it: the GIL is taken for the time."""
        op, params = self.instr.op, self.instr.named_params
        address, kept = callback(op, params, self.shapes, self.dtypes, self.shape, self.dtype)
        self.writer.kept_objects.append(kept)
        w = self.writer
        table = self.body.alloca("ptr", len(self.inputs) + 1)
        for k, pointer in enumerate([*self.inputs, self.out]):
            w.do(f"store ptr {pointer}, ptr {w.offset(table, 8 * k)}")
        status = w.line(f"call i64 inttoptr (i64 {address} to ptr)(ptr {table})")
        self.body.flag(w.line(f"icmp ne i64 {status}, 0"), CALLBACK_FAILED, self.index)

    def contract(self, spec: str) -> None:
        """The products of a contraction."""
        emit_contract(self, spec)

    def argsort(self) -> None:
        """The order of the elements along the last axis."""
        emit_argsort(self)

    # -- stacks and conditions ---------------------------------------------------------------------

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """What is done only where a condition holds."""
        w = self.writer
        then, after = w.fresh("then"), w.fresh("after")
        w.do(f"br i1 {condition}, label %{then}, label %{after}")
        w.label(then)
        yield
        w.do(f"br label %{after}")
        w.label(after)

    @contextmanager
    def each(self, count: int, *stacks: tuple[str, int]) -> Iterator[list[str]]:
        """Once for each of `count` matrices; a stack is (pointer, bytes from one to the next)."""
        if count == 1:
            yield [pointer for pointer, _ in stacks]
            return
        w = self.writer
        with w.counted(count) as counter:
            yield [
                w.offset(pointer, w.line(f"mul nuw nsw i64 {counter}, {step}"))
                for pointer, step in stacks
            ]
