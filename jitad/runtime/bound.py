"""A kernel with its arguments and results bound -> a function of nothing, which checks nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jitad.codegen.llvm import Code
from jitad.codegen.routine import Routine, Scalar, routine
from jitad.ir.tape import Tape
from jitad.runtime.compile import load
from jitad.runtime.cpython import make_function, pointer, python
from jitad.runtime.doors import is_brief
from jitad.runtime.entry import call_body, passed
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

    def call(r: Routine, this: Scalar, nothing: Scalar) -> None:
        places = [r.scalar(x.ctypes.data).pointer() for x in (*inputs, *targets)]
        pairs = zip(inputs, places, strict=False)
        arguments = [passed(r, place, x.shape, x.dtype) for x, place in pairs]
        arguments += places[len(inputs) :]
        if code.is_wide:
            arguments = in_tables(r, arguments, len(inputs))
        status = call_body(r, code.arena, is_brief(tape), pointer(body), arguments)
        with r.when(status.differs(0)):
            word = r.call(python("PyLong_FromLongLong"), status)
            function = python("PyObject_CallFunctionObjArgs")
            answer = r.call(function, id(on_failure), word, 0, kind="i64 (i64, ...)")
            r.call(python("Py_DecRef"), word, kind="void")
            r.leave(answer)
        r.call(python("Py_IncRef"), id(result), kind="void")
        r.leave(id(result))
        with r.place("error"):
            r.leave(r.call(python("PyErr_NoMemory")))

    machine = load(replace(code, text=routine(call, "bound")))
    keep = (machine, tuple(inputs), tuple(targets), result, on_failure)
    return make_function(machine.address("bound"), "jitad_bound", keep, takes_arguments=False)
