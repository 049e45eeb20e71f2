"""A function being written: its parameters, its registers and where each stored value lives."""

from __future__ import annotations

from jitad.codegen.arena import Plan
from jitad.codegen.status import PLACE
from jitad.codegen.writer import TYPES, Writer
from jitad.ir.op import BOOL
from jitad.ir.tape import Tape
from jitad.passes.schedule import Program


class Body:
    """A function being written: where each stored value lives."""

    def __init__(self, program: Program, writer: Writer, memory: Plan) -> None:
        self.program = program
        self.tape: Tape = program.tape
        self.writer = writer
        self.memory = memory
        self.registers: dict[int, str] = {}
        self.pointers: dict[int, str] = {}
        self.allocas: list[str] = []
        self.checked = False
        writer.lines = []
        self.parameters = self._bind()

    def _bind(self) -> list[str]:
        """Name the parameters, and point each stored value to its memory."""
        tape, storage = self.tape, self.program.storage
        parameters: list[str] = []
        for k, i in enumerate(tape.inputs):
            instr = tape.instrs[i]
            if instr.shape == ():
                parameters.append(f"{TYPES[instr.dtype]} %in{k}")
                self.registers[i] = f"%in{k}"
            else:
                parameters.append(f"ptr noalias readonly %in{k}")
                self.pointers[i] = f"%in{k}"
        for k, i in enumerate(tape.outputs):
            parameters.append(f"ptr noalias %out{k}")
            if i in storage:
                self.pointers[storage[i]] = f"%out{k}"
        return [*parameters, "ptr noalias %arena"]

    def in_arena(self, offset: int) -> str:
        """A pointer into the arena."""
        return self.writer.line(f"getelementptr i8, ptr %arena, i64 {offset}")

    def function(self, name: str) -> str:
        """The text of the function, which ends here and returns its status."""
        status = self.writer.line("load i64, ptr %status") if self.checked else "0"
        self.writer.do(f"ret i64 {status}")
        head = f"define i64 @{name}({', '.join(self.parameters)}) nounwind noinline {{"
        return "\n".join([head, "entry:", *self.allocas, *self.writer.lines, "}"])

    def alloca(self, kind: str, count: int = 1) -> str:
        """Memory on the stack, from the function's entry on."""
        name = f"%{self.writer.fresh('a')}"
        self.allocas.append(f"  {name} = alloca {kind}, i64 {count}, align 8")
        return name

    def pointer(self, i: int) -> str:
        """Where the elements of a stored value are; a scalar is spilled for whoever needs one."""
        home = self.program.storage.get(i, i)
        if home in self.pointers:
            return self.pointers[home]
        offset = self.memory.offsets.get(home)
        if offset is not None:
            # At the function's entry: the first to ask may stand in a loop.
            name = self.pointers[home] = f"%{self.writer.fresh('m')}"
            self.allocas.append(f"  {name} = getelementptr i8, ptr %arena, i64 {offset}")
            return name
        instr = self.tape.instrs[i]
        slot = self.alloca(memory_type(instr.dtype))
        self.store(self.registers[i], slot, i)
        return slot

    def store(self, register: str, pointer: str, i: int, *, volatile: bool = False) -> None:
        """Store one element of value i."""
        word = "store volatile" if volatile else "store"
        dtype = self.tape.instrs[i].dtype
        if dtype == BOOL:
            register = self.writer.line(f"zext i1 {register} to i8")
        self.writer.do(f"{word} {memory_type(dtype)} {register}, ptr {pointer}")

    def load(self, pointer: str, i: int, *, volatile: bool = False) -> str:
        """Load one element of value i."""
        word = "load volatile" if volatile else "load"
        dtype = self.tape.instrs[i].dtype
        register = self.writer.line(f"{word} {memory_type(dtype)}, ptr {pointer}")
        return self.writer.line(f"icmp ne i8 {register}, 0") if dtype == BOOL else register

    def flag(self, condition: str, status: int, instruction: int | None = None) -> None:
        """Note that something went wrong where `condition` holds, and in which instruction."""
        if instruction is not None:
            # The first to report keeps its place: a later one would mix the bits.
            word = status + PLACE * (instruction + 1)
            earlier = self.writer.line(f"icmp uge i64 {self._noted()}, {PLACE}")
            code = self.writer.line(f"select i1 {earlier}, i64 {status}, i64 {word}")
        else:
            code = str(status)
        self.note(self.writer.line(f"select i1 {condition}, i64 {code}, i64 0"))

    def note(self, status: str) -> None:
        """Note a status."""
        noted = self._noted()
        self.writer.do(f"store i64 {self.writer.line(f'or i64 {noted}, {status}')}, ptr %status")

    def _noted(self) -> str:
        if not self.checked:
            self.checked = True
            self.allocas.append("  %status = alloca i64, align 8")
            self.allocas.append("  store i64 0, ptr %status")
        return self.writer.line("load i64, ptr %status")


def memory_type(dtype: object) -> str:
    """The LLVM type of an array's element."""
    return "i8" if dtype == BOOL else TYPES[dtype]  # type: ignore[index]  # a dtype
