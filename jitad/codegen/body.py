"""A function being written: its parameters, its registers and where each stored value lives."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from jitad.codegen.arena import Plan
from jitad.codegen.options import DEFAULT, Options
from jitad.codegen.status import GUARD_FAILED, PLACE, RAISED
from jitad.codegen.vector_math import function_attributes
from jitad.codegen.writer import TYPES, Writer
from jitad.ir.op import BOOL, DType
from jitad.ir.tape import CONST, Tape
from jitad.passes.ranges import Known, ranges
from jitad.passes.schedule import Program

WIDE = 96
"""Inputs and results, up to which a kernel's body has a parameter for each."""

_PARAMETER = re.compile(r"%(?:in\d+|out\d+|inputs|outputs|arena)\b")
_IN_TABLE = re.compile(r"%(?:in|out)\d+")


class Body:
    """A function being written: where each stored value lives.

    `exchanged` names those of its parameters whose memory another of them is given in another call.
    Within a call no two arrays overlap, but LLVM, where it has put a function into a loop, takes
    `noalias` to hold between turns too: what one turn reads lay apart from what the one before it
    wrote. Exchanged parameters are therefore without it, in functions that they are passed on to as
    well. `known` are the ranges of inputs.
    """

    def __init__(
        self,
        program: Program,
        writer: Writer,
        memory: Plan,
        options: Options = DEFAULT,
        exchanged: Collection[str] = (),
        known: Sequence[Known] | None = None,
    ) -> None:
        self.program = program
        self.known_inputs = known
        self.options = options
        self.tape: Tape = program.tape
        self.writer = writer
        self.memory = memory
        self.exchanged = exchanged
        self.registers: dict[int, str] = {}
        self.pointers: dict[int, str] = {}
        self.allocas: list[str] = []
        self.checked = False
        self.leaves = False
        # How many threads run this function at once, each with memory of its own; which this is.
        self.copies, self.copy = 1, "0"
        # Tables of what is freed when the function ends, and how many pointers each has.
        self.cleanup: list[tuple[str, int]] = []
        # Whether the parameters are so many that the caller passes them in tables.
        self.is_wide = False
        self.outer: Body | None = None
        writer.lines = []
        self.parameters = self._bind()
        self.bound = self.parameters, dict(self.registers), dict(self.pointers)

    @cached_property
    def known(self) -> list[Known]:
        """Between which numbers the integers of the tape lie."""
        return ranges(self.tape, self.known_inputs or [None] * len(self.tape.inputs))

    def is_inside(self, i: int, size: int) -> bool:
        """Whether integers are known to be places among so many."""
        known = self.known[i]
        return known is not None and known.low >= 0 and known.high < size

    def inner(self) -> Body:
        """A function that this one calls, and whose memory and parameters are the same."""
        made = copy.copy(self)
        made.outer = self
        made.parameters, registers, pointers = self.bound
        made.registers, made.pointers = dict(registers), dict(pointers)
        made.allocas, made.cleanup = [], []
        made.checked = made.leaves = False
        made.copies, made.copy = 1, "0"
        self.writer.lines = []
        return made

    def _bind(self) -> list[str]:
        """Name the parameters, and point each stored value to its memory."""
        tape, storage = self.tape, self.program.storage
        overwritten = {storage[i] for i in tape.outputs if i in storage}
        parameters: list[str] = []
        for k, i in enumerate(tape.inputs):
            instr = tape.instrs[i]
            if instr.shape == ():
                parameters.append(f"{TYPES[instr.dtype]} %in{k}")
                self.registers[i] = f"%in{k}"
            else:
                access = "" if i in overwritten else "readonly "
                parameters.append(f"ptr {self._apart(f'in{k}')}{access}%in{k}")
                self.pointers[i] = f"%in{k}"
        for k, i in enumerate(tape.outputs):
            parameters.append(f"ptr {self._apart(f'out{k}')}%out{k}")
            if i in storage and storage[i] not in tape.inputs:
                self.pointers[storage[i]] = f"%out{k}"
        return [*parameters, "ptr noalias %arena"]

    def _apart(self, parameter: str) -> str:
        return "" if parameter in self.exchanged else "noalias "

    def is_exchanged(self, i: int) -> bool:
        """Whether a stored value lies in the memory of a parameter that is exchanged."""
        home = self.program.storage.get(i, i)
        while home in self.program.within:
            whole = self.program.within[home].whole
            home = self.program.storage.get(whole, whole)
        return self.pointers.get(home, "%")[1:] in self.exchanged

    def in_arena(self, offset: int) -> str:
        """A pointer into the arena."""
        return self.writer.line(f"getelementptr i8, ptr %arena, i64 {offset}")

    def function(self, name: str, *, inline: bool = False) -> str:
        """The text of the function, which ends here and returns its status.

        `inline` is for a function with one caller, which it becomes a part of.
        """
        w = self.writer
        if self.leaves:
            w.do("br label %leave")
            w.label("leave")
        for table, count in self.cleanup:
            w.declarations["free"] = "declare void @free(ptr)"
            with self.each(count) as far:
                pointer = w.line(f"load ptr, ptr {w.offset(table, far)}")
                w.do(f"call void @free(ptr {pointer})")
        status = w.line("load i64, ptr %status") if self.checked else "0"
        w.do(f"ret i64 {status}")
        if self.is_wide and self.outer is None:
            self._load_from_tables(numbers_only=False)
            self.parameters = ["ptr %inputs", "ptr %outputs", "ptr noalias %arena"]
        # Wide vectors that are spilled would straddle cache lines on a stack aligned to 16 bytes.
        linkage, hint = ("internal ", "") if inline else ("", " noinline alignstack(64)")
        hint += "" if self.writer.device else function_attributes()
        head = f"define {linkage}i64 @{name}({', '.join(self.parameters)}) nounwind{hint} {{"
        return "\n".join([head, "entry:", *self.allocas, *self.writer.lines, "}"])

    def drop_unused(self) -> None:
        """Take only what the text, which is complete, speaks of: for a function that we call."""
        parameters = self.parameters
        if self.is_wide:
            self._load_from_tables(numbers_only=True)
            pointers = [p for p in parameters if p.startswith("ptr")]
            parameters = ["ptr %inputs", "ptr %outputs", *pointers]
        words = set(_PARAMETER.findall("\n".join([*self.allocas, *self.writer.lines])))
        self.parameters = [p for p in parameters if p.rpartition(" ")[2] in words]

    def passed(self, parameters: Sequence[str]) -> list[str]:
        """The parameters of a function that this one calls, as arguments."""
        arguments = passed_on(parameters)
        if not self.is_wide or self.outer is not None:
            return arguments
        return [
            f"ptr {self.in_table(x[5:])}" if _IN_TABLE.fullmatch(x[4:]) else x for x in arguments
        ]

    def result(self, k: int) -> str:
        """Where result k is to be."""
        return self.in_table(f"out{k}") if self.is_wide else f"%out{k}"

    def in_table(self, parameter: str) -> str:
        """The pointer that the caller's tables have for a parameter."""
        return self.writer.line(f"load ptr, ptr {self.writer.offset(*_place(parameter))}")

    def _load_from_tables(self, *, numbers_only: bool) -> None:
        """Load each parameter from its table before it is first used: where lines follow each
        other there, else at the start."""
        parted = [x.rpartition(" %") for x in self.bound[0][:-1]]
        kinds = {x: "ptr" if kind.startswith("ptr") else kind for kind, _, x in parted}
        kinds = {x: kind for x, kind in kinds.items() if kind != "ptr" or not numbers_only}
        early: list[str] = []
        lines: list[str] = []
        target = early
        for line in [*self.allocas, "", *self.writer.lines]:
            target = lines if not line else early if line.endswith(":") else target
            for word in _PARAMETER.findall(line):
                kind = kinds.pop(word[1:], None)
                if kind is not None:
                    target += _loaded(word[1:], kind)
            if line:
                lines.append(line)
        self.allocas, self.writer.lines = early, lines

    def alloca(self, kind: str, count: int = 1) -> str:
        """Memory on the stack, from the function's entry on."""
        name = f"%{self.writer.fresh('a')}"
        self.allocas.append(f"  {name} = alloca {kind}, i64 {count}, align 8")
        return name

    def table(self, count: int) -> str:
        """Pointers on the stack, null from the function's entry on, to what is freed at its end."""
        name, clear = self.alloca("ptr", count), "llvm.memset.p0.i64"
        self.writer.declarations[clear] = f"declare void @{clear}(ptr, i8, i64, i1)"
        self.allocas.append(f"  call void @{clear}(ptr {name}, i8 0, i64 {8 * count}, i1 false)")
        self.cleanup.append((name, count))
        return name

    @contextmanager
    def each(self, count: int) -> Iterator[str]:
        """Once for each entry of a table: how many bytes from its start that is."""
        if count == 1:
            yield "0"
            return
        with self.writer.counted(count) as k:
            yield self.writer.line(f"mul nuw nsw i64 {k}, 8")

    def scratch(self, size: int) -> str:
        """Bytes of the arena that live throughout; their pointer is made at the entry."""
        offset = self.memory.grow(-(-size // 8))
        name = f"%{self.writer.fresh('m')}"
        self.allocas.append(f"  {name} = getelementptr i8, ptr %arena, i64 {offset}")
        return name

    def pointer(self, i: int) -> str:
        """Where the elements of a stored value are; a scalar is spilled for whoever needs one."""
        home = self.program.storage.get(i, i)
        if home in self.pointers:
            return self.pointers[home]
        base, offset = "%arena", self.memory.offsets.get(home)
        if home in self.program.within:
            whole, start = self.program.within[home]
            base, offset = self.pointer(whole), start * self.tape.instrs[home].dtype.itemsize
        if offset is not None:
            # At the function's entry: the first to ask may stand in a loop.
            name = self.pointers[home] = f"%{self.writer.fresh('m')}"
            self.allocas.append(f"  {name} = getelementptr i8, ptr {base}, i64 {offset}")
            return name
        slot = self.alloca(memory_type(self.tape.instrs[i].dtype))
        self.store(self._register(i), slot, i)
        return slot

    def _register(self, i: int) -> str:
        instr = self.tape.instrs[i]
        is_const = instr.op is CONST
        return self.writer.number(instr.params[0], instr.dtype) if is_const else self.registers[i]

    def scalar(self, i: int) -> str:
        """The value of one element: its number, its register, or what stands in memory."""
        if self.tape.instrs[i].op is CONST or i in self.registers:
            return self._register(i)
        return self.load(self.pointer(i), i)

    def store(self, register: str, pointer: str, i: int, *, volatile: bool = False) -> None:
        """Store one element of value i."""
        word = "store volatile" if volatile or self._is_long() else "store"
        self.write(register, pointer, self.tape.instrs[i].dtype, word)

    def write(self, register: str, pointer: str, dtype: DType, word: str = "store") -> None:
        """Put a number at a pointer."""
        if dtype == BOOL:
            register = self.writer.line(f"zext i1 {register} to i8")
        self.writer.do(f"{word} {memory_type(dtype)} {register}, ptr {pointer}")

    def load(self, pointer: str, i: int, *, volatile: bool = False) -> str:
        """Load one element of value i."""
        word = "load volatile" if volatile or self._is_long() else "load"
        return self.read(pointer, self.tape.instrs[i].dtype, word)

    def read(self, pointer: str, dtype: DType, word: str = "load") -> str:
        """The number at a pointer."""
        register = self.writer.line(f"{word} {memory_type(dtype)}, ptr {pointer}")
        return self.writer.line(f"icmp ne i8 {register}, 0") if dtype == BOOL else register

    def _is_long(self) -> bool:
        """Whether this is among thousands of accesses in a row: LLVM compares those that are not
        volatile with each other, in more than linear time."""
        return self.is_wide and not self.writer.in_loop

    def flag(self, condition: str, status: int, instruction: int) -> None:
        """Note that something went wrong where `condition` holds; the first to report is kept."""
        w, noted = self.writer, self._noted()
        word = w.line(f"select i1 {condition}, i64 {self._word(status, instruction)}, i64 0")
        first = w.line(f"icmp eq i64 {noted}, 0")
        w.do(f"store i64 {w.line(f'select i1 {first}, i64 {word}, i64 {noted}')}, ptr %status")

    def leave_where(self, condition: str, status: int, instruction: int) -> None:
        """End the function at once where `condition` holds, with this status alone; with what went
        wrong before, where the function raises."""
        w = self.writer
        self._require_status()
        self.leaves = True
        bad, on = w.fresh("bad"), w.fresh("on")
        w.do(f"br i1 {condition}, label %{bad}, label %{on}{w.noted('prof')}")
        w.label(bad)
        if status == RAISED:
            self.note(str(self._word(status, instruction)))
        else:
            w.do(f"store i64 {self._word(status, instruction)}, ptr %status")
        w.do("br label %leave")
        w.label(on)

    def leave_guarded(self, condition: str, i: int) -> None:
        """End the function where a guard fails: `condition` holds."""
        is_path = self.tape.instrs[i].params[1] is None
        self.leave_where(condition, GUARD_FAILED if is_path else RAISED, i)

    def leave_on(self, status: str, bits: int = -1) -> None:
        """Note a status, and end the function at once where one of `bits` is set."""
        w = self.writer
        self.note(status)
        self.leaves = True
        status = self._noted() if bits > 0 else status
        bad = w.line(f"icmp ne i64 {w.line(f'and i64 {status}, {bits}')}, 0")
        on = w.fresh("on")
        w.do(f"br i1 {bad}, label %leave, label %{on}{w.noted('prof')}")
        w.label(on)

    def note(self, status: str) -> None:
        """Note a function's status: that of the first to report, or of a guard that failed."""
        w, noted = self.writer, self._noted()
        guard = w.line(f"icmp ne i64 {w.line(f'and i64 {status}, {GUARD_FAILED}')}, 0")
        taken = w.line(f"or i1 {guard}, {w.line(f'icmp eq i64 {noted}, 0')}")
        w.do(f"store i64 {w.line(f'select i1 {taken}, i64 {status}, i64 {noted}')}, ptr %status")

    def _word(self, status: int, instruction: int) -> int:
        """A status with the number under which the instruction stands among those that report."""
        self.writer.reported.append(self.tape.instrs[instruction])
        self.writer.words.append(status + PLACE * len(self.writer.reported))
        return self.writer.words[-1]

    def _noted(self) -> str:
        self._require_status()
        return self.writer.line("load i64, ptr %status")

    def _require_status(self) -> None:
        if not self.checked:
            self.checked = True
            self.allocas.append("  %status = alloca i64, align 8")
            self.allocas.append("  store i64 0, ptr %status")


def _place(parameter: str) -> tuple[str, int]:
    """The table that has a parameter, and how far in; each has 16 bytes."""
    name = "inputs" if parameter.startswith("in") else "outputs"
    return f"%{name}", 16 * int(parameter.lstrip("inout"))


def _loaded(parameter: str, kind: str) -> list[str]:
    """Lines that load a parameter from its table."""
    table, offset = _place(parameter)
    place = f"  %{parameter}_place = getelementptr i8, ptr {table}, i64 {offset}"
    if kind != "i1":
        return [place, f"  %{parameter} = load volatile {kind}, ptr %{parameter}_place"]
    byte = f"  %{parameter}_byte = load i8, ptr %{parameter}_place"
    return [place, byte, f"  %{parameter} = icmp ne i8 %{parameter}_byte, 0"]


def passed_on(parameters: Sequence[str]) -> list[str]:
    """A function's parameters as arguments of a call: without what is said of the pointers."""
    return [p.replace("noalias ", "").replace("readonly ", "") for p in parameters]


def memory_type(dtype: object) -> str:
    """The LLVM type of an array's element."""
    return "i8" if dtype == BOOL else TYPES[dtype]  # type: ignore[index]  # a dtype
