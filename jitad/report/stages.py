"""Plan -> text: a program after every pass, its loops, and its LLVM IR; what `explain` shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitad.codegen.options import DEFAULT, Options
from jitad.ir.tape import Tape
from jitad.passes.pipeline import stages
from jitad.passes.schedule import Nest, schedule
from jitad.report.paths import describe_paths
from jitad.runtime.kernel import Kernel
from jitad.runtime.paths import Tree
from jitad.runtime.plan import Plan


def describe_stages(
    plan: Plan,
    notes: Sequence[str] = (),
    trees: Sequence[Tree] = (),
    options: Options = DEFAULT,
) -> str:
    """Every stage from the tape to LLVM IR; then the paths that are known, where there are some."""
    tape = plan.tape
    parts = ["\n  ".join(["== not recorded as written", *notes])] if notes else []
    parts += ["\n  ".join(["== elimination", *plan.remarks])] if plan.remarks else []
    shown = str(tape)
    parts.append(f"== trace\n{shown}")
    for name, tape in stages(plan.tape):
        before, shown = shown, str(tape)
        parts.append(f"== {name}: as before" if shown == before else f"== {name}\n{shown}")
    program = schedule(tape)
    parts.append("== schedule\n" + "\n".join(_describe(step, tape) for step in program.steps))
    code = Kernel(plan, options).code
    parts += ["\n  ".join(["== lanes", *code.remarks])] if code.remarks else []
    parts.append(f"== llvm\n{code.text}")
    return "\n\n".join([*parts, *describe_paths(trees)])


def _describe(step: Any, tape: Tape) -> str:
    if not isinstance(step, Nest):
        return f"  call v{step.index} = {tape.instrs[step.index].op.name}"
    roots = ", ".join(f"v{root.index}" for root in step.roots)
    ends = step.ends or (None,) * len(step.space)
    pairs = zip(step.space, ends, strict=True)
    axes = [f"{n}" if end is None else f"v{end} of {n}" for n, end in pairs]
    over = " x ".join(axes) or "once"
    return f"  loop {over}: {roots}"
