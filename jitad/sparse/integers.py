"""Tape -> integers and conditions that it computes of constants, and of inputs that are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from jitad.ir.builder import run
from jitad.ir.op import Control
from jitad.ir.tape import INPUT, Tape
from jitad.ops.control import part


class Integers:
    """What instructions compute; `given` has inputs by their positions, which are constants of the
    tape where they are `fixed`."""

    def __init__(self, tape: Tape, given: Mapping[int, np.ndarray], fixed: bool = False) -> None:
        self.tape = tape
        self.found: dict[int, np.ndarray | None] = dict.fromkeys(tape.inputs)
        self.found.update({tape.inputs[k]: x for k, x in given.items()})
        self.constant: list[bool] = []
        for i, instr in enumerate(tape.instrs):
            if instr.op is INPUT:
                self.constant.append(fixed and self.found[i] is not None)
            else:
                is_plain = not isinstance(instr.op, Control) and instr.op is not part
                self.constant.append(is_plain and all(self.constant[j] for j in instr.args))

    def of(self, i: int) -> np.ndarray | None:
        """What instruction i computes, None where that is not known."""
        waiting, order = [i], list[int]()
        while waiting:
            j = waiting.pop()
            if j in self.found:
                continue
            instr = self.tape.instrs[j]
            if isinstance(instr.op, Control) or instr.op is part:
                self.found[j] = None
                continue
            order.append(j)
            waiting += instr.args
        for j in sorted(set(order)):
            instr = self.tape.instrs[j]
            is_known = all(self.found[k] is not None for k in instr.args)
            self.found[j] = run(instr, self.found) if is_known else None
        return self.found[i]

    def constant_of(self, i: int) -> np.ndarray | None:
        """The same of what no input decides."""
        return self.of(i) if self.constant[i] else None
