"""A kernel with its arguments and results bound -> a function of nothing, which checks nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jitad.codegen.llvm import Code
from jitad.ir.tape import Tape
from jitad.runtime.compile import load
from jitad.runtime.cpython import Text, make_function, pointer, python
from jitad.runtime.entry import by_address, call_body
from jitad.runtime.wide import in_tables


def bound(
    tape: Tape,
    code: Code,
    body: int,
    inputs: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    result: object,
    on_failure: Callable[[int], Any],
) -> Callable[[], Any]:
    """A builtin that calls the code at `body` with the memory of these arrays; returns `result`.

    Where the body reports a status, it returns what `on_failure` does with that.
    """
    t = Text()
    arguments = [by_address(t, x) for x in inputs]
    arguments += [f"ptr inttoptr (i64 {x.ctypes.data} to ptr)" for x in targets]
    if code.is_wide:
        arguments = in_tables(t, arguments, len(inputs))
    status = call_body(t, tape, code, f"inttoptr (i64 {body} to ptr)", arguments)
    t.do(f"switch i64 {status}, label %failed [ i64 0, label %good ]")
    t.lines.append("good:")
    t.do(f"call void {python('Py_IncRef')}(ptr {pointer(result)})")
    t.do(f"ret ptr {pointer(result)}")
    t.lines.append("failed:")
    word = t.line(f"call ptr {python('PyLong_FromLongLong')}(i64 {status})")
    call = f"call ptr (ptr, ...) {python('PyObject_CallFunctionObjArgs')}"
    answer = t.line(f"{call}(ptr {pointer(on_failure)}, ptr {word}, ptr null)")
    t.do(f"call void {python('Py_DecRef')}(ptr {word})")
    t.do(f"ret ptr {answer}")
    machine = load(replace(code, text=""), t.function("bound", "ptr %self, ptr %nothing"))
    keep = (machine, tuple(inputs), tuple(targets), result, on_failure)
    return make_function(machine.address("bound"), "jitad_bound", keep, takes_arguments=False)
