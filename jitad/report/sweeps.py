"""Elementary -> EvaluationTrace: run both sweeps, and write down what they did in symbols.

Numbers come from `forward` and `reverse` on the whole tape, symbols from the same transforms on
one instruction at a time. An adjoint is the result's derivative by a perturbation of a value:
v_i = phi_i(...) + e_i at e_i = 0 (Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008,
section 3.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jitad.ir.builder import Builder, evaluate, with_constants
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops.elementwise import add
from jitad.passes.fold import fold
from jitad.report.elementary import Array, Elementary
from jitad.report.evaluation import EvaluationRow, EvaluationTrace, Partial
from jitad.report.expression import Term, expression, sum_of
from jitad.transforms.forward import forward
from jitad.transforms.reverse import reverse


def evaluation_trace(
    program: Elementary,
    mode: str = "both",
    direction: Sequence[Any] | None = None,
    weights: Sequence[Any] | None = None,
) -> EvaluationTrace:
    """The evaluation trace of a program.

    Args:
        program: what `elementary` makes of a tape, at the arguments' values.
        mode: "forward" for tangents, "reverse" for adjoints, or "both".
        direction: the tangents of the program's inputs; the first unit direction if left out.
        weights: the adjoints of the program's results; the first unit direction if left out.
    """
    tape = program.tape
    seeds = tape.inputs[: program.count]
    dx = _first_unit([tape.instrs[i] for i in seeds]) if direction is None else direction
    y_bar = _first_unit([tape.instrs[i] for i in tape.outputs]) if weights is None else weights
    values, tangents = _tangents(program, dx)
    rows = _rows(program, values)
    if mode != "reverse":
        rows = _with_tangents(program, rows, tangents)
    if mode != "forward":
        rows = _with_adjoints(program, rows, _adjoints(program, y_bar), y_bar)
    return EvaluationTrace(mode, tuple(rows), tuple(_partials(program, values)))


# -- numbers ---------------------------------------------------------------------------------------


def _first_unit(instrs: Sequence[Instr]) -> list[Array]:
    """Zeros, but for a one at the first element of floating point."""
    seeds = [np.zeros(instr.shape, instr.dtype) for instr in instrs]
    for seed in seeds:
        if seed.dtype.kind == "f" and seed.size:
            seed.flat[0] = 1
            break
    return seeds


def _tangents(program: Elementary, direction: Sequence[Any]) -> tuple[list[Array], list[Array]]:
    """The value and the tangent of every instruction."""
    tape = program.tape
    active = [k for k in range(program.count) if _is_float(tape.instrs[tape.inputs[k]])]
    every = Tape(tape.instrs, tape.inputs, tuple(range(len(tape))))
    seeds = [direction[k] for k in active]
    numbers = evaluate(forward(every, active), [*program.arrays, *seeds])
    return numbers[: len(tape)], numbers[len(tape) :]


def _adjoints(program: Elementary, weights: Sequence[Any]) -> dict[int, Array]:
    """The adjoint of every instruction of floating point."""
    tape = program.tape
    builder = Builder()
    new: list[int] = []
    perturbations: dict[int, int] = {}
    for i, instr in enumerate(tape.instrs):
        index = builder.copy(instr, tuple([new[j] for j in instr.args]))
        if _is_float(instr) and instr.op is not CONST:
            e = builder.input(f"e{i}", instr.shape, instr.dtype)
            perturbations[i] = e.index
            index = add(builder.value(index), e).index
        new.append(index)
    inputs = [i for i in builder.inputs if i not in perturbations.values()]
    perturbed = builder.finish([new[i] for i in tape.outputs], [*inputs, *perturbations.values()])
    active = range(len(inputs), len(perturbed.inputs))
    seeded = [k for k, i in enumerate(tape.outputs) if _is_float(tape.instrs[i])]
    # -0.0 is the neutral element of addition: 0.0 would change the sign of -0.0.
    zeros = [np.full(tape.instrs[i].shape, -0.0, tape.instrs[i].dtype) for i in perturbations]
    arrays = [*program.arrays, *zeros, *(weights[k] for k in seeded)]
    numbers = evaluate(reverse(perturbed, active, seeded), arrays)
    return dict(zip(perturbations, numbers[len(tape.outputs) :], strict=True))


def _is_float(instr: Instr) -> bool:
    return instr.dtype.kind == "f"


def _plain(x: Array) -> Any:
    return x.item() if x.ndim == 0 else x


# -- rows ------------------------------------------------------------------------------------------


def _rows(program: Elementary, values: Sequence[Array]) -> list[EvaluationRow]:
    """The primal columns: arguments, operations, results."""
    tape, rows = program.tape, []
    for i, label in zip(tape.inputs, program.labels, strict=False):
        rows.append(EvaluationRow("argument", program.names[i], label, _plain(values[i]), index=i))
    for i, name in program.names.items():
        instr = tape.instrs[i]
        if instr.op is not INPUT:
            text, value = str(program.right_side(i)), _plain(values[i])
            rows.append(EvaluationRow("operation", name, text, value, index=i, line=instr.line))
    for name, i in zip(_result_names(tape), tape.outputs, strict=True):
        rows.append(EvaluationRow("result", name, str(program.term(i)), _plain(values[i]), index=i))
    return rows


def _result_names(tape: Tape) -> list[str]:
    many = len(tape.outputs) != 1
    return [f"y{k + 1}" if many else "y" for k in range(len(tape.outputs))]


def _with_tangents(
    program: Elementary, rows: Sequence[EvaluationRow], tangents: Sequence[Array]
) -> list[EvaluationRow]:
    result: list[EvaluationRow] = []
    for row in rows:
        if not _is_float(program.tape.instrs[row.index]):
            result.append(row)
            continue
        symbol = f"d{row.primal}"
        if row.kind == "operation":
            symbol = str(_tangent_term(program, row.index))
        elif row.kind == "result" and row.index not in program.names:
            symbol = "0"
        result.append(replace(row, tangent_expression=symbol, tangent=_plain(tangents[row.index])))
    return result


def _with_adjoints(
    program: Elementary,
    rows: Sequence[EvaluationRow],
    adjoints: dict[int, Array],
    weights: Sequence[Any],
) -> list[EvaluationRow]:
    shares = _adjoint_terms(program)
    seeds = iter(weights)
    result: list[EvaluationRow] = []
    for row in rows:
        seed = next(seeds) if row.kind == "result" else None
        if not _is_float(program.tape.instrs[row.index]):
            result.append(row)
        elif seed is not None:
            result.append(replace(row, adjoint=_plain(np.asarray(seed))))
        else:
            terms = shares.get(row.index)
            symbol = str(sum_of(terms)) if terms else "0"
            number = _plain(adjoints[row.index])
            result.append(replace(row, adjoint_expression=symbol, adjoint=number))
    return result


# -- symbols: the transforms on one instruction at a time ------------------------------------------


def _alone(program: Elementary, i: int) -> tuple[Tape, list[int], list[int]]:
    """Instruction i as a tape of its own; its operands; the positions of those with derivatives."""
    builder = Builder()
    instrs, new = program.tape.instrs, dict[int, int]()
    operands = [j for j in dict.fromkeys(instrs[i].args) if instrs[j].op is not CONST]
    for j in dict.fromkeys(instrs[i].args):
        if instrs[j].op is CONST:
            new[j] = builder.copy(instrs[j], ())
        else:
            new[j] = builder.input(str(program.term(j)), instrs[j].shape, instrs[j].dtype).index
    result = builder.copy(instrs[i], tuple([new[j] for j in instrs[i].args]))
    active = [k for k, j in enumerate(operands) if j in program.names and _is_float(instrs[j])]
    return builder.finish([result]), operands, active


def _term(program: Elementary, i: int, tape: Tape, output: int) -> Term:
    """An output of a transform of instruction i alone; it may use the name of i's result."""
    result = tape.outputs[0]
    kept = tape.instrs[result].op is program.tape.instrs[i].op
    return expression(tape, tape.outputs[output], {result: program.names[i]} if kept else {})


def _tangent_term(program: Elementary, i: int) -> Term:
    tape, _, active = _alone(program, i)
    return _term(program, i, fold(forward(tape, active)), 1)


def _adjoint_terms(program: Elementary) -> dict[int, list[Term]]:
    """For each instruction the terms of its adjoint, in the order of the return sweep."""
    tape = program.tape
    shares: dict[int, list[Term]] = {}
    for name, i in zip(_result_names(tape), tape.outputs, strict=True):
        shares.setdefault(i, []).append(Term(f"{name}_bar"))
    for i in reversed(program.names):
        if tape.instrs[i].op is INPUT or not _is_float(tape.instrs[i]) or i not in shares:
            continue
        alone, operands, active = _alone(program, i)
        swept = fold(_with_input(reverse(alone, active, [0]), f"{program.names[i]}_bar"))
        for position, k in enumerate(active):
            term = _term(program, i, swept, 1 + position)
            if term.text != "0":
                shares.setdefault(operands[k], []).append(term)
    return shares


def _with_input(tape: Tape, name: str) -> Tape:
    """The tape with its last input renamed."""
    last = tape.inputs[-1]
    renamed = tape.instrs[last]._replace(params=(name,))
    return Tape((*tape.instrs[:last], renamed, *tape.instrs[last + 1 :]), tape.inputs, tape.outputs)


def _partials(program: Elementary, values: Sequence[Array]) -> Iterator[Partial]:
    """The edges between the operations and their operands."""
    instrs = program.tape.instrs
    for i, name in program.names.items():
        if instrs[i].op is INPUT or not _is_float(instrs[i]):
            continue
        tape, operands, active = _alone(program, i)
        for k in active:
            by = program.names[operands[k]]
            if not program.is_split:
                yield Partial(name, by)
                continue
            partial = fold(with_constants(forward(tape, [k]), [1.0]))
            number = evaluate(partial, [values[j] for j in operands])[1].item()
            yield Partial(name, by, str(_term(program, i, partial, 1)), number)
