"""Types of arguments -> the type that Numba gives a function's result, by its inference alone.

A dispatcher that is called by the function would be compiled for its type: in place of that, its
type is inferred too. What stands for functions of NumPy's, Numba keeps for later: it is compiled.
"""

from __future__ import annotations

import weakref
from typing import Any

from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager
from numba.core.dispatcher import Dispatcher
from numba.core.typed_passes import NopythonTypeInference
from numba.core.typing.templates import make_concrete_template, signature


def result_type(dispatcher: Any, args: tuple[Any, ...]) -> Any:
    """The type of dispatcher(*args)."""
    with global_compiler_lock:
        known = _known.setdefault(dispatcher, {})
        if args not in known:
            _inferred_for.append(dispatcher)
            try:
                known[args] = _inferred(dispatcher, args)
            finally:
                _inferred_for.pop()
        return known[args]


_known: weakref.WeakKeyDictionary[Any, dict[Any, Any]] = weakref.WeakKeyDictionary()
_inferred_for: list[Any] = []
"""The dispatchers that types are inferred for; changed by who holds Numba's lock."""


class _Inference(CompilerBase):
    """Numba's compiler as far as to types."""

    def define_pipelines(self) -> Any:
        passes = PassManager("inference")
        passes.passes.extend(DefaultPassBuilder.define_untyped_pipeline(self.state).passes)
        passes.add_pass(NopythonTypeInference, "nopython frontend")
        passes.finalize()
        return [passes]

    def _compile_core(self) -> Any:
        (passes,) = self.define_pipelines()
        passes.run(self.state)
        return self.state.return_type


def _inferred(dispatcher: Any, args: Any) -> Any:
    flags, target = Flags(), dispatcher.targetdescr
    target.options.parse_as_flags(flags, dispatcher.targetoptions)
    within = (target.typing_context, target.target_context)
    inference: Any = _Inference(*within, None, args, None, flags, dispatcher.locals)
    with dispatcher._compiling_counter:  # by which Numba knows a function that calls itself
        return inference.compile_extra(dispatcher.py_func)


# -- calls within what is inferred -----------------------------------------------------------------

_Dispatcher: Any = Dispatcher  # the hooks are no part of its public face
_template = _Dispatcher.get_call_template
_overload = _Dispatcher.get_overload


def _template_inferred(self: Any, args: Any, kwargs: Any) -> Any:
    python, args = self._compiler.fold_argument_types(args, kwargs)
    args = tuple(args)
    needs_code = self.is_compiling  # it calls itself with other types, which Numba looks up there
    if not _inferred_for or needs_code or args in self.overloads or not self._can_compile:
        return _template(self, args, {})
    name = self.py_func.__name__
    found = signature(result_type(self, args), *args)
    return make_concrete_template(name, name, [found]), python, args, {}


def _compiled_overload(self: Any, of: Any) -> Any:
    args = tuple(getattr(of, "args", of))
    if _inferred_for and args not in self.overloads:
        self.compile(args)
    return _overload(self, of)


_Dispatcher.get_call_template = _template_inferred
_Dispatcher.get_overload = _compiled_overload
