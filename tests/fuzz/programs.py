"""Random Python functions: loops, branches, ways out, arrays that they write to, helpers, functions
made within, exceptions, contexts, names for one of several objects, lists that grow and shrink.

Values are compared with the function as it is, gradients with dual numbers, on the same path. One
function of jitad's serves all points; Numba's door, points at once and NumPy have to agree with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import numba
import numpy as np

import jitad
from jitad.runtime.interpret import interpret
from jitad.textbook import dual
from tests.fuzz.fuzzer import Fuzzer, register

Node = tuple[Any, ...]
"""A statement: a line, or a head with the statements below it, and below its `else`.

What stands in place of that `else` may be said last.
"""

N = 4  # elements of the argument and of arrays
POINTS = 3

HELPERS = """
def helper(p, q):
    if p > q:
        return p - 0.5 * q
    for j in range(3):
        p = p + 0.2 * q
        if p > 1.0:
            return p * q
    return 0.3 * p


def fill(a, p):
    for j in range(len(a)):
        if a[j] < p:
            a[j] = a[j] + 0.1 * p


def checked(p):
    if p > 0.4:
        raise KeyError("large")
    return p


@contextlib.contextmanager
def halved(p):
    yield 0.5 * p


def squared(p):
    return 0.5 * p * p


def found(p, q):
    if p < q:
        return None
    return p - q
"""

WITHIN = {
    "shifted(": """
    def shifted(p):
        nonlocal s
        s = 0.5 * s + 0.1 * p
        return s - p
""",
    "counted(": """
    def counted(p):
        nonlocal k, u
        if p > t:
            k, u = (k + 1) % 3, 0.5 * u + p
        return p * u + 0.1 * k
""",
    "scaled(": """
    def scaled(p):
        return 0.5 * p * t + 0.1 * k
""",
}
"""Functions that a program makes if it calls them."""

ITEMS = ("    h = [v for v in x if v > -9.0]", " + sum((i + 1) * v for i, v in enumerate(h))")
"""A list of as many items as data says, and what becomes of it, if a program names it."""


class _Maker:
    """Writes statements at random."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.loops = self.tries = 0
        self.budget = 14
        self.has_items = rng.random() < 0.3

    def pick(self, *items: Any) -> Any:
        return items[self.rng.integers(len(items))]

    def number(self) -> str:
        return self.pick("s", "t", "u", f"x[{self.index()}]", f"a[{self.index()}]",
                         f"b[{self.index()}]", self.pick("0.5", "1.0", "-0.25"),
                         *([f"h[{self.index()}]"] if self.has_items else []))  # fmt: skip

    def integer(self) -> str:
        return self.pick("k", *(f"i{n}" for n in range(1, self.loops + 1)), "2")

    def index(self) -> str:
        return self.pick(f"{self.integer()} % {N}", str(self.rng.integers(N)))

    def expression(self) -> str:
        p, q = self.number(), self.number()
        form = self.pick("0.5 * {p} + 0.3 * {q}", "{p} * {q} / (1.0 + {p} * {p})",
                         "{p} - 0.2 * {q}",
                         "0.4 * {p} * {q}", "({p} if {c} else {q})", "abs({p}) * 0.5",
                         "max({p}, 0.3 * {q})", "min({p}, {q}, 0.8)", "0.5 * helper({p}, {q})",
                         "0.1 * {p} * {i}", "shifted({p})", "scaled({p})", "counted({p})",
                         "(lambda p: 0.5 * p * s)({p})",
                         "0.2 * sum(x[j] * {p} for j in range(3))",
                         "0.2 * sum([v * t for v in x]) - {p}",
                         "0.3 * sum({w}[{r}])", "{p} - 0.1 * sum({w}[{r}])",
                         "0.1 * max(x[{j}:]) + 0.1 * len({w}[{r}])",
                         "({p} if o is None else 0.5 * o)", "g({p})",
                         "0.1 * sum(kept)", "(kept[-1] if kept else {p})",
                         "0.1 * sum(w * {p} for w in kept if w > 0.2)",
                         "{{'a': 0.5, 'b': -0.4, 'c': 1.0}}[word] * {p}")  # fmt: skip
        if self.tries and self.rng.random() < 0.15:
            form = "checked({p}) * 0.5"
        return form.format(p=p, q=q, c=self.condition(), i=self.integer(), j=self.index(),
                           w=self.pick("x", "a", "b", "c"), r=self.slice())  # fmt: skip

    def slice(self) -> str:
        """Of arrays and lists alike; of arrays it is a view, which is read at once."""
        form = self.pick("{i}:{i} + 2", "{i} - 1:{i} + 1", ":{i}", "{i}:", "{i} - 1:", "{i}:{j}",
                         "2 * {i}:2 * {i} + 2", "-{i}:", "{i}::-1", ":{j}:2")  # fmt: skip
        return form.format(i=self.integer(), j=self.integer())

    def condition(self) -> str:
        p, q, i = self.number(), self.number(), self.integer()
        form = self.pick("{p} < {q}", "{p} > 0.3", "{i} % 2 == 0", "k == 1", "not {p} > {q}",
                         "{p} > 0.1 and {q} < 0.6", "{p} > {q} or {i} == 1",
                         "-0.5 < {p} < 0.7", "(w := {p}) > 0.2 and w < {q}",
                         "o is None", "o is not None and o < {q}", "o is None or {p} < o",
                         "word == 'a'", "word in ('b', 'c')", "g is abs")  # fmt: skip
        return form.format(p=p, q=q, i=i)

    def block(self, depth: int) -> tuple[Node, ...]:
        return tuple(self.statement(depth) for _ in range(self.rng.integers(1, 4)))

    def statement(self, depth: int) -> Node:
        self.budget -= 1
        kind = self.rng.random()
        if depth and self.budget > 0:
            if kind < 0.2:
                rest = self.block(depth - 1) if self.rng.random() < 0.6 else ()
                return (f"if {self.condition()}:", self.block(depth - 1), rest)
            if kind < 0.4 and self.loops < 3:
                return self.loop(depth)
            if kind < 0.5:
                return self.guarded(depth)
        if kind < 0.55 and (self.tries or self.rng.random() < 0.06):
            return (f"if {self.condition()}:", ((f"raise {self.pick(*_RAISED)}",),), ())
        if kind < 0.5 and self.loops:
            return (f"if {self.condition()}:", ((self.pick("break", "continue"),),), ())
        if kind < 0.53:
            return (f"if {self.condition()}:", ((f"return {self.expression()}",),), ())
        return (self.line(),)

    def line(self) -> str:
        name, array = self.pick("s", "t", "u"), self.pick("a", "b", "c")
        form = self.pick("{v} = {e}", "{v} = {e}", "{v} = 0.5 * {v} + {e}", "{w}[{j}] = {e}",
                         "{w}[{j}] = 0.5 * {w}[{j}] + {e}", "{v} += 0.3 * {e}",
                         "k = (2 * k + 1) % 3",
                         "k = k + 1 if {q} else 0", "fill({w}, {e})", "s, t = t, s",
                         "{w}[{j}] += 0.2 * {e}", "o = {e}", "o = None",
                         "o = {e} if {q} else None", "o = found({v}, {e})",
                         "word = 'b' if {q} else word", "word = 'c' if word == 'b' else 'a'",
                         "g = squared if {q} else abs",
                         "kept.append(0.5 * {e})", "kept.append({e}) if {q} else None",
                         "{v} = kept.pop() if kept else {e}",
                         *(_OF_ITEMS if self.has_items else ()))  # fmt: skip
        return form.format(v=name, w=array, e=self.expression(), j=self.index(), q=self.condition())

    def guarded(self, depth: int) -> Node:
        """Statements that something is done after, however they end."""
        if self.rng.random() < 0.3:
            context = self.pick(
                "np.errstate(all='ignore')",
                *([f"halved({self.number()}) as u"] if depth == 3 else []),
            )
            return (f"with {context}:", self.block(depth - 1), ())
        tail = self.pick("except ValueError:", "except (ValueError, KeyError) as error:",
                         "except Exception:", "finally:")  # fmt: skip
        self.tries += tail != "finally:"
        body = self.block(depth - 1)
        self.tries -= tail != "finally:"
        return ("try:", body, tuple((self.line(),) for _ in range(2)), tail)

    def loop(self, depth: int) -> Node:
        self.loops += 1
        name = f"i{self.loops}"
        head = self.pick(f"for {name} in range({self.rng.integers(1, 8)}):",
                         f"for {name} in range(k, {N} + 2):",
                         f"for {name} in range({N} - 1, -1, -1):",
                         f"for {name}, v in enumerate(x):")  # fmt: skip
        body = self.block(depth - 1)
        self.loops -= 1
        rest = self.block(0) if self.rng.random() < 0.2 else ()
        return (head, body, rest)


_OF_ITEMS = (
    "h[{j}] = {e}", "h[{j}] = 0.2 * h[{j}] + {e}", "h.append(h.pop({j}))", "h.append(h.pop({j}))",
    "h.insert({j}, h.pop())", "h[{j}], h[0] = h[0], h[{j}]", "h.insert({j}, 0.5 * h.pop({j}))",
)  # fmt: skip

_RAISED = ("ValueError", "ValueError('no', 2)", "KeyError('no')")


def _make(rng: np.random.Generator) -> Node:
    maker = _Maker(rng)
    return tuple(maker.statement(3) for _ in range(rng.integers(1, 5)))


def _lines(nodes: Iterable[Node], indent: int) -> Iterator[str]:
    space = "    " * indent
    for node in nodes:
        yield space + node[0]
        if len(node) > 1:
            yield from _lines(node[1], indent + 1)
            if node[2]:
                yield space + (node[3] if len(node) > 3 else "else:")
                yield from _lines(node[2], indent + 1)


def source(program: Node) -> str:
    """The function, as Python."""
    begin = ["def f(x):", "    a, b = zeros(x), zeros(x)", "    c = a",
             "    s, t, u, k = x[0], 0.5, 0.0, 0", "    i1 = i2 = i3 = 0",
             "    o, word, g, kept = None, 'a', abs, []",
             "    b[0] = x[1]"]  # fmt: skip
    body = "\n".join(_lines(program, 1))
    items, sums = ITEMS if "h[" in body or "h." in body else ("", "")
    begin.append(items)
    within = [text for name, text in WITHIN.items() if name in body]
    last = "    return s + 0.7 * t - u + 0.1 * k + a[0] + 0.3 * a[1] - b[2] + c[3]"
    last += " + (0.1 if o is None else 0.2 * o) + (0.05 if word == 'a' else 0.1)"
    last += " + 0.1 * len(kept) + 0.2 * sum(kept)" + sums
    return "\n".join([HELPERS, *begin, *within, body, last])


def _function(program: Node, zeros: Any) -> Any:
    names: dict[str, Any] = {"zeros": zeros, "np": np, "contextlib": contextlib}
    exec(compile(source(program), "<program>", "exec"), names)
    return names["f"]


def _list(x: Any) -> list[float]:
    return [0.0] * len(x)


def _array(x: Any) -> Any:
    return np.zeros(len(x))


def _check(program: Node) -> str:
    plain, f = _function(program, _list), _function(program, _array)
    value, gradient = jitad.jit(f), jitad.grad(f)
    rng = np.random.default_rng(len(repr(program)))
    points = rng.normal(size=(POINTS, N)).round(3)
    right: list[list[float]] = []
    for x in points:
        try:
            want, slopes = dual.value_and_gradient(plain, x.tolist())
        except UnboundLocalError:
            return ""
        except (KeyError, ValueError) as error:  # what nobody handles
            if any(_raised(call, x) != (type(error), error.args) for call in (value, gradient)):
                return f"at {x.tolist()}: {error!r} is to be raised"
            continue
        got, found = value(x), gradient(x)
        if not np.allclose(got, want, rtol=1e-11, atol=1e-12):
            return f"at {x.tolist()}: {got}, right is {want}"
        if not np.allclose(found, slopes, rtol=1e-9, atol=1e-10):
            return f"at {x.tolist()}: slopes {found.tolist()}, right are {slopes}"
        right.append(slopes)
    if len(repr(program)) % 4 or len(right) < POINTS:  # the other doors take most of the time
        return ""
    if not np.allclose(jitad.vmap(gradient)(points), right, rtol=1e-9, atol=1e-10):
        return f"points at once: {jitad.vmap(gradient)(points).tolist()}, right are {right}"
    try:
        return _at_other_doors(gradient, f, points, right)
    except jitad.TraceError:
        # Which exception is raised, and where a context is left, may be a path for itself.
        if any(word in repr(program) for word in ("raise", "checked(", "halved(")):
            return ""
        raise


def _raised(call: Any, x: np.ndarray) -> Any:
    try:
        return call(x)
    except (KeyError, ValueError) as error:
        return type(error), error.args


def _at_other_doors(gradient: Any, f: Any, points: np.ndarray, right: list[list[float]]) -> str:
    x, wanted = points[0], np.array(right)
    if not np.allclose(jitad.jacfwd(f)(x), wanted[0], rtol=1e-9, atol=1e-10):
        return f"forward: {jitad.jacfwd(f)(x).tolist()}, right is {right[0]}"
    for x, slopes in zip(points, right, strict=True):
        found = interpret(gradient.plan(x), [x])
        if not np.allclose(found, slopes, rtol=1e-9, atol=1e-10):
            return f"in NumPy, at {x.tolist()}: {found.tolist()}, right is {slopes}"
    kernel = jitad.compile(gradient, points[0]).njit
    each = numba.njit(lambda xs: [kernel(x) for x in xs])
    found = np.array(each(points))
    return "" if np.allclose(found, wanted, rtol=1e-9, atol=1e-10) else f"njit: {found.tolist()}"


def _smaller(program: Node) -> Iterator[Node]:
    """Without a statement, with what stands below one in its place, or with less below it."""
    for k, node in enumerate(program):
        before, after = program[:k], program[k + 1 :]
        if before or after:
            yield (*before, *after)
        if len(node) > 1:
            if not node[0].startswith(("for", "while", "try")):
                yield (*before, *node[1], *after)
                if node[2]:
                    yield (*before, *node[2], *after)
            if node[2] and len(node) == 3:
                yield (*before, (node[0], node[1], ()), *after)
            for place in (1, 2):
                for less in _smaller(node[place]):
                    changed = (*node[:place], less, *node[place + 1 :])
                    yield (*before, changed, *after)


programs = register(Fuzzer("programs", _make, _check, _smaller))
