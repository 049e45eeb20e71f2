"""Functions that store outside of themselves what they compute: the table of test_effects.py."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

Program = tuple[Callable[[Any], Any], Callable[[], Any]]
"""A function, and what asks for the state that it leaves."""

PROGRAMS: dict[str, Callable[[], Program]] = {}


def program(make: Callable[[], Program]) -> Callable[[], Program]:
    """Enter what makes a program with a state of its own."""
    PROGRAMS[make.__name__] = make
    return make


@program
def history_of_points() -> Program:
    history: list[Any] = []

    def f(x: Any) -> Any:
        history.append(x.copy())
        return np.sum(x**2)

    return f, lambda: history


@program
def history_of_values() -> Program:
    seen = SimpleNamespace(values=[], last=None)

    def f(x: Any) -> Any:
        y = np.sum(np.sin(x))
        seen.values.append(float(y))
        seen.last = y
        return y * x[0]

    return f, lambda: (seen.values, seen.last)


@program
def parameters_of_a_model() -> Program:
    class Model:
        def __init__(self) -> None:
            self.a = self.b = 0.0
            self.name = "new"

        def loss(self, p: Any) -> Any:
            self.a, self.b = p
            self.name = "fitted"
            return self.predict(2.0) ** 2

        def predict(self, t: float) -> Any:
            return self.a * t + self.b

    model = Model()
    return model.loss, lambda: (model.a, model.b, model.name)


@program
def a_state_of_its_own_class() -> Program:
    @dataclass
    class State:
        position: Any
        trail: list[Any]

    holder: dict[str, Any] = {}

    def f(x: Any) -> Any:
        state = State(x * 2, [])
        for k in range(2):
            state.trail.append((k, state.position[k]))
        holder["state"] = state
        return np.sum(state.position)

    def asked() -> Any:
        state = holder.get("state")
        return None if state is None else (type(state).__name__, state.position, state.trail)

    return f, asked


@program
def best_so_far() -> Program:
    best = SimpleNamespace(value=np.inf, point=None)

    def f(x: Any) -> Any:
        y = np.sum((x - 1) ** 2)
        if y < best.value:
            best.value, best.point = y, x.copy()
        return y

    return f, lambda: (best.value, best.point)


@program
def total_of_losses() -> Program:
    total = [0.0]

    def f(x: Any) -> Any:
        y = np.sum(x**2)
        total[0] += y
        return y

    return f, lambda: total


@program
def last_few() -> Program:
    recent: deque[Any] = deque(maxlen=2)

    def f(x: Any) -> Any:
        recent.append(np.sum(x))
        return x[0]

    return f, lambda: list(recent)


@program
def stack_from_the_left() -> Program:
    recent: deque[Any] = deque()
    first: list[Any] = [0.0]

    def f(x: Any) -> Any:
        recent.appendleft(x[1])
        first.insert(0, x[0])
        return x[0]

    return f, lambda: (list(recent), first)


@program
def kept_by_name() -> Program:
    kept: dict[str, Any] = {"gone": 1.0}
    order: OrderedDict[str, Any] = OrderedDict()
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    marks: set[str] = {"old"}

    def f(x: Any) -> Any:
        kept["x"] = x
        kept.pop("gone", None)
        order.update(first=x[0], second=x[1])
        groups["all"].append(x[0])
        marks.add("new")
        marks.discard("old")
        return np.sum(kept["x"])

    return f, lambda: (kept, order, groups, marks)


@program
def appended_in_a_loop() -> Program:
    trace: list[Any] = []

    def f(x: Any) -> Any:
        y = x[0]
        for v in x:
            y = y * v + 1
            trace.append(y)
        return y

    return f, lambda: trace


@program
def of_a_class_and_a_module() -> Program:
    class Shared:
        last: Any = None

    def f(x: Any) -> Any:
        Shared.last = x[0]
        globals()["_of_this_module"] = x[1]
        return x[0] * x[1]

    globals()["_of_this_module"] = None
    return f, lambda: (Shared.last, _of_this_module)


_of_this_module: Any = None


@program
def globals_by_their_names() -> Program:
    def f(x: Any) -> Any:
        global _of_this_module
        _of_this_module = x * 3
        return np.sum(_of_this_module)

    def begun() -> Program:
        global _of_this_module
        _of_this_module = None
        return f, lambda: _of_this_module

    return begun()


@program
def attribute_deleted() -> Program:
    holder = SimpleNamespace(old=1.0, new=None)

    def f(x: Any) -> Any:
        holder.new = x[0]
        if hasattr(holder, "old"):
            del holder.old
        return x[0] ** 2

    return f, lambda: vars(holder)


@program
def one_of_two_texts() -> Program:
    holder = SimpleNamespace(side="none")

    def f(x: Any) -> Any:
        side = "left" if x[0] > 1 else "right"
        holder.side = side
        return x[0] ** 2

    return f, lambda: holder.side


@program
def kept_from_the_first_call() -> Program:
    class Model:
        scale: Any = None

        def loss(self, x: Any) -> Any:
            if self.scale is None:
                self.scale = np.array([1.0, 2.0])
            return np.sum(self.scale * x)

    model = Model()
    return model.loss, lambda: model.scale


@program
def time_that_goes_on() -> Program:
    clock = SimpleNamespace(t=0.0)

    def f(x: Any) -> Any:
        clock.t += 0.5
        return np.sum(x) * clock.t

    return f, lambda: clock.t
