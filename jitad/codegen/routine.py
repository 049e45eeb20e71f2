"""Routines: LLVM IR that stands beside kernels, written as Python that runs once.

A Python function is called with a `Routine` and a `Scalar` for each parameter. What it does with
them becomes the code, so that this one is the sum of numbers in memory:

    def total(r: Routine, numbers: Scalar, count: Scalar) -> None:
        so_far = r.variable(0)
        with r.each(count) as k:
            so_far.now += numbers[k]
        r.leave(so_far.now)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


def _binary(instruction: str, kind: str = "") -> Callable[[Scalar, Given], Scalar]:
    def apply(x: Scalar, y: Given) -> Scalar:
        text = x.routine.line(f"{instruction} {x.kind} {x.text}, {x.like(y)}")
        return Scalar(x.routine, text, kind or x.kind)

    return apply


@dataclass(frozen=True, eq=False)
class Scalar:
    """A value in a register: a number of 64 bits, or of another kind, as LLVM names them.

    Addresses are numbers, or "ptr", conditions "i1". Comparisons are of signed numbers, quotients
    and remainders of numbers from 0 on. `x[k]` is the k-th number of 64 bits in memory from x on.
    """

    routine: Routine
    text: str
    kind: str = "i64"

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"

    def like(self, other: Given) -> str:
        """Another value's text beside this one."""
        if self.kind == "ptr":
            return self.routine.scalar(other).pointer().text
        return self.routine.scalar(other).text

    def __add__(self, other: Scalar | int) -> Scalar:
        text = f"add {self}, {self.like(other)}"
        if self.kind == "ptr":
            text = f"getelementptr i8, {self}, {self.routine.scalar(other)}"
        return Scalar(self.routine, self.routine.line(text), self.kind)

    __sub__, __mul__ = _binary("sub"), _binary("mul")
    __floordiv__, __mod__ = _binary("udiv"), _binary("urem")
    __and__, __or__ = _binary("and"), _binary("or")
    __lt__, __le__ = _binary("icmp slt", "i1"), _binary("icmp sle", "i1")
    __gt__, __ge__ = _binary("icmp sgt", "i1"), _binary("icmp sge", "i1")
    equals, differs = _binary("icmp eq", "i1"), _binary("icmp ne", "i1")  # == is Python's own

    def __getitem__(self, k: Scalar | int) -> Scalar:
        return self.routine.load(self + k * 8)

    def __setitem__(self, k: Scalar | int, value: Scalar | int) -> None:
        self.routine.store(self + k * 8, value)

    def pointer(self) -> Scalar:
        """The address as LLVM's instructions take it."""
        if self.kind == "ptr":
            return self
        if self.text.isdigit():
            literal = f"inttoptr (i64 {self.text} to ptr)" if int(self.text) else "null"
            return Scalar(self.routine, literal, "ptr")
        return Scalar(self.routine, self.routine.line(f"inttoptr {self} to ptr"), "ptr")

    def word(self) -> Scalar:
        """A smaller whole number as one of 64 bits."""
        return Scalar(self.routine, self.routine.line(f"sext {self} to i64"))


Given = Scalar | int | str
"""What a routine is written with: a value, a number of Python's, or a symbol, for its address."""


class Variable:
    """A number that changes: `now` is what it is at that place of the code."""

    def __init__(self, place: Scalar) -> None:
        self._place = place

    @property
    def now(self) -> Scalar:
        return self._place[0]

    @now.setter
    def now(self, value: Scalar | int) -> None:
        self._place[0] = value


class Routine:
    """One function, being written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tables: list[str] = []
        self._lines: list[str] = []
        self._slots: list[str] = []
        self._count = 0
        self._ends: list[str] = []
        self.result = "void"

    def line(self, text: str) -> str:
        """An instruction with a result; its register."""
        self._count += 1
        self._lines.append(f"  %t{self._count} = {text}")
        return f"%t{self._count}"

    def do(self, text: str) -> None:
        """An instruction without a result."""
        self._lines.append(f"  {text}")

    def _labels(self, *stems: str) -> list[str]:
        self._count += 1
        return [f"{stem}{self._count}" for stem in stems]

    def _start(self, label: str) -> None:
        self._lines.append(f"{label}:")

    # -- numbers and memory ------------------------------------------------------------------------

    def scalar(self, x: Given) -> Scalar:
        """A number of Python's, the address of a symbol, or what is here already."""
        if isinstance(x, Scalar):
            return x
        return Scalar(self, x, "ptr") if isinstance(x, str) else Scalar(self, str(x))

    def address(self, name: str) -> Scalar:
        """The address of a global variable or a function."""
        return Scalar(self, name, "ptr")

    def constants(self, numbers: Sequence[int | str]) -> Scalar:
        """The address of a table of constants, numbers or addresses of symbols."""
        name = f"@constants{len(self._tables)}_{self.name}"
        listed = ", ".join(
            f"i64 ptrtoint (ptr {n} to i64)" if isinstance(n, str) else f"i64 {n}" for n in numbers
        )
        self._tables.append(f"{name} = private constant [{len(numbers)} x i64] [{listed}]")
        return self.address(name)

    def choose(self, condition: Scalar, x: Scalar, y: Scalar | int) -> Scalar:
        """x where the condition holds, else y."""
        return Scalar(self, self.line(f"select {condition}, {x}, {self.scalar(y)}"), x.kind)

    def room(self, size: int, align: int = 8) -> Scalar:
        """The address of that many bytes on the stack."""
        self._count += 1
        slot = f"%slot{self._count}"
        self._slots.append(f"  {slot} = alloca i8, i64 {size}, align {align}")
        return self.address(slot)

    def variable(self, value: Scalar | int) -> Variable:
        """A variable, and what it is at first."""
        made = Variable(self.room(8))
        made.now = value
        return made

    def load(self, place: Scalar, kind: str = "i64", order: str = "") -> Scalar:
        """A value in memory; atomic, where an order is given."""
        at = f"{place.pointer()} {order}, align 8" if order else place.pointer()
        return Scalar(self, self.line(f"load {'atomic ' * bool(order)}{kind}, {at}"), kind)

    def store(self, place: Scalar, value: Scalar | int, order: str = "") -> None:
        """Write a value; atomic, where an order is given."""
        at = f"{place.pointer()} {order}, align 8" if order else place.pointer()
        self.do(f"store {'atomic ' * bool(order)}{self.scalar(value)}, {at}")

    def copy(self, target: Scalar, source: Scalar, size: Scalar) -> None:
        """Copy so many bytes."""
        ends = f"{target.pointer()}, {source.pointer()}, {size}"
        self.do(f"call void @llvm.memcpy.p0.p0.i64({ends}, i1 false)")

    def update(self, word: str, place: Scalar, value: Scalar | int, order: str) -> Scalar:
        """Atomically exchange ("xchg"), add to, or subtract from a number; what was there."""
        pointer = place.pointer()
        text = self.line(f"atomicrmw {word} {pointer}, {self.scalar(value)} {order}")
        return Scalar(self, text)

    def replace(self, place: Scalar, old: int, new: Scalar | int, order: str) -> Scalar:
        """Atomically write `new` where `old` is; whether it was there."""
        numbers = f"i64 {old}, {self.scalar(new)} {order} monotonic"
        pair = self.line(f"cmpxchg {place.pointer()}, {numbers}, align 8")
        return Scalar(self, self.line(f"extractvalue {{ i64, i1 }} {pair}, 1"), "i1")

    def call(self, callee: str | Scalar, *given: Given, kind: str = "i64") -> Scalar:
        """Call a function; what it returns, of that kind, which of "..." functions says so."""
        function = callee.pointer().text if isinstance(callee, Scalar) else callee
        text = f"call {kind} {function}({', '.join(str(self.scalar(x)) for x in given)})"
        kind = kind.split(" ")[0]
        if kind == "void":
            self.do(text)
            return Scalar(self, "poison")
        return Scalar(self, self.line(text), kind)

    # -- control -----------------------------------------------------------------------------------

    @contextmanager
    def when(self, condition: Scalar) -> Iterator[None]:
        """What is done only where the condition holds."""
        inside, after = self._labels("when", "after")
        self.do(f"br {condition}, label %{inside}, label %{after}")
        self._start(inside)
        yield
        self.do(f"br label %{after}")
        self._start(after)

    @contextmanager
    def each(self, count: Scalar | int | None = None) -> Iterator[Scalar]:
        """A loop over 0, 1, ... up to a count, or, without one, until it is left."""
        before, head, turn, latch, end = self._labels("before", "head", "turn", "latch", "end")
        self.do(f"br label %{before}")
        self._start(before)
        self.do(f"br label %{head}")
        self._start(head)
        k = Scalar(self, f"%k_{head}")
        self.do(f"{k.text} = phi i64 [ 0, %{before} ], [ {k.text}_next, %{latch} ]")
        goes_on = "i1 true" if count is None else k < count
        self.do(f"br {goes_on}, label %{turn}, label %{end}")
        self._start(turn)
        self._ends.append(end)
        yield k
        self._ends.pop()
        self.do(f"br label %{latch}")
        self._start(latch)
        self.do(f"{k.text}_next = add i64 {k.text}, 1")
        self.do(f"br label %{head}")
        self._start(end)

    def stop(self) -> None:
        """Leave the innermost loop."""
        self.do(f"br label %{self._ends[-1]}")
        self._start(*self._labels("never"))

    def leave(self, value: Given | None = None) -> None:
        """Return from the function; True and False are conditions."""
        if isinstance(value, bool):
            value = Scalar(self, str(int(value)), "i1")
        self.result = "void" if value is None else self.scalar(value).kind
        self.do("ret void" if value is None else f"ret {self.scalar(value)}")
        self._start(*self._labels("never"))

    def go(self, name: str) -> None:
        """Go on at a place of that name."""
        self.do(f"br label %{name}")
        self._start(*self._labels("never"))

    def require(self, condition: Scalar, otherwise: str = "") -> None:
        """Go on where the condition holds; else at a place of that name, or return False."""
        (on,) = self._labels("on")
        other = otherwise or f"refuse{self._count}"
        self.do(f"br {condition}, label %{on}, label %{other}")
        if not otherwise:
            self._start(other)
            self.do("ret i1 false")
        self._start(on)

    @contextmanager
    def place(self, name: str) -> Iterator[None]:
        """What is done where something is not as required; it ends by leaving, or going on."""
        self.do("unreachable")
        self._start(name)
        yield

    def function(self, head: str) -> str:
        """The text of the whole."""
        end = "  ret void" if self.result == "void" else "  unreachable"
        lines = [*self._tables, f"{head} {{", "entry:", *self._slots, *self._lines, end, "}", ""]
        return "\n".join(lines)


def routine(
    write: Callable[..., Any],
    name: str = "",
    *,
    linkage: str = "",
    kinds: Sequence[str] = (),
    attributes: str = "",
) -> str:
    """The text of the function that `write` writes, under its name or another.

    `kinds` are those of the parameters, where these are not numbers.
    """
    called, code = name or write.__name__.rstrip("_"), write.__code__
    made, names = Routine(called), code.co_varnames[1 : code.co_argcount]
    pairs = zip(names, kinds or ["i64"] * len(names), strict=True)
    given = [Scalar(made, f"%{x}", kind) for x, kind in pairs]
    write(made, *given)
    parameters = ", ".join(map(str, given))
    attributes = f"nounwind {attributes}".rstrip()
    return made.function(f"define {linkage} {made.result} @{called}({parameters}) {attributes}")
