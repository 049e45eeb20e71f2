"""A node of Numba's IR -> a statement: what it reads and binds, and a function that does it.

One function a kind of statement, and one a kind of expression. They see a call of the function (a
`Frame`) and what its names are bound to, and work on objects of Python's, traced or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numba.core import ir

from jitad.functions.program.iterators import iterator

Names = dict[str, Any]
Do = Callable[[Any, Names], Any]


class Statement(NamedTuple):
    """`bound` to what `do` gives is one name, or none; `line` is the user's.

    `advances` is the iterator, if the statement asks one for its next item.
    """

    bound: str | None
    reads: tuple[str, ...]
    do: Do
    line: int
    advances: str | None = None


class Unreadable(Exception):
    """Numba's IR has something here that programs do not know."""


def statement(node: Any) -> Statement:
    """The statement of a node that is no end of a block."""
    line = node.loc.line
    match node:
        case ir.Assign():
            do, reads = expression(node.value)
            advances = reads[0] if getattr(node.value, "op", "") == "iternext" else None
            return Statement(node.target.name, reads, do, line, advances)
        case ir.SetItem():
            return _set_item(node, lambda names, i=node.index.name: names[i], (node.index.name,))
        case ir.StaticSetItem():
            return _set_item(node, lambda names, i=node.index: i, ())
        case ir.SetAttr():
            return _set_attribute(node)
        case ir.Del():
            return Statement(None, (), lambda frame, names: None, line)
        case _:
            raise Unreadable(type(node).__name__)


def _set_item(node: Any, index: Callable[[Names], Any], reads: tuple[str, ...]) -> Statement:
    target, value = node.target.name, node.value.name

    def do(frame: Any, names: Names) -> None:
        frame.set_item(names[target], index(names), names[value])

    return Statement(None, (target, value, *reads), do, node.loc.line)


def _set_attribute(node: Any) -> Statement:
    target, value, name = node.target.name, node.value.name, node.attr

    def do(frame: Any, names: Names) -> None:
        frame.outside_of_regions(f"an attribute {name!r} is set")
        setattr(names[target], name, names[value])

    return Statement(None, (target, value), do, node.loc.line)


def expression(x: Any) -> tuple[Do, tuple[str, ...]]:
    """What computes an expression, and the names that it reads."""
    match x:
        case ir.Var(name=name):
            return (lambda frame, names: names[name]), (name,)
        case ir.Arg(index=place):
            return (lambda frame, names: frame.args[place]), ()
        case ir.Const(value=value):
            return (lambda frame, names: value), ()
        case ir.Global(name=name):
            return (lambda frame, names: frame.globally(name)), ()
        case ir.FreeVar(index=place, name=name):
            return (lambda frame, names: frame.free(place, name)), ()
        case ir.Expr(op=op) if op in EXPRESSIONS:
            return EXPRESSIONS[op](x)
        case _:
            raise Unreadable(str(x))


def _binary(e: Any) -> tuple[Do, tuple[str, ...]]:
    a, b = e.lhs.name, e.rhs.name
    return (lambda frame, names: frame.binary(e.fn, names[a], names[b])), (a, b)


def _in_place(e: Any) -> tuple[Do, tuple[str, ...]]:
    a, b = e.lhs.name, e.rhs.name
    return (lambda frame, names: frame.in_place(e.fn, e.immutable_fn, names[a], names[b])), (a, b)


def _unary(e: Any) -> tuple[Do, tuple[str, ...]]:
    a = e.value.name
    return (lambda frame, names: frame.call(e.fn, (names[a],), {})), (a,)


def _item(e: Any) -> tuple[Do, tuple[str, ...]]:
    a, i = e.value.name, e.index.name
    return (lambda frame, names: frame.item(names[a], names[i])), (a, i)


def _static_item(e: Any) -> tuple[Do, tuple[str, ...]]:
    a = e.value.name
    return (lambda frame, names: frame.item(names[a], e.index)), (a,)


def _attribute(e: Any) -> tuple[Do, tuple[str, ...]]:
    a = e.value.name
    return (lambda frame, names: frame.attribute(names[a], e.attr)), (a,)


def _build(make: Callable[[list[Any]], Any]) -> Callable[[Any], tuple[Do, tuple[str, ...]]]:
    def build(e: Any) -> tuple[Do, tuple[str, ...]]:
        reads = tuple(v.name for v in e.items)
        return (lambda frame, names: make([names[v] for v in reads])), reads

    return build


def _map(e: Any) -> tuple[Do, tuple[str, ...]]:
    pairs = [(k.name, v.name) for k, v in e.items]
    reads = tuple(name for pair in pairs for name in pair)
    return (lambda frame, names: {names[k]: names[v] for k, v in pairs}), reads


def _cast(e: Any) -> tuple[Do, tuple[str, ...]]:
    a = e.value.name
    return (lambda frame, names: names[a]), (a,)


def _exhaust(e: Any) -> tuple[Do, tuple[str, ...]]:
    a, count = e.value.name, e.count

    def do(frame: Any, names: Names) -> Any:
        items = iterator(names[a]).all()
        if len(items) != count:
            few = "not enough" if len(items) < count else "too many"
            raise ValueError(f"{few} values to unpack (expected {count})")
        return tuple(items)

    return do, (a,)


def _get_iterator(e: Any) -> tuple[Do, tuple[str, ...]]:
    a = e.value.name
    return (lambda frame, names: iterator(names[a])), (a,)


def _next(e: Any) -> tuple[Do, tuple[str, ...]]:
    a = e.value.name

    def do(frame: Any, names: Names) -> Any:
        item, names[a] = iterator(names[a]).next()
        return item

    return do, (a,)


def _first(e: Any) -> tuple[Do, tuple[str, ...]]:
    a = e.value.name
    return (lambda frame, names: names[a][0] if names[a] else None), (a,)


def _second(e: Any) -> tuple[Do, tuple[str, ...]]:
    a = e.value.name
    return (lambda frame, names: bool(names[a])), (a,)


def _call(e: Any) -> tuple[Do, tuple[str, ...]]:
    f, given = e.func.name, tuple(v.name for v in e.args)
    named = tuple((k, v.name) for k, v in dict(e.kws).items())
    if e.varkwarg is not None:
        raise Unreadable("a call with **")
    rest = None if e.vararg is None else e.vararg.name

    def do(frame: Any, names: Names) -> Any:
        args = [names[v] for v in given]
        if rest is not None:
            args += names[rest]
        return frame.call(names[f], args, {k: names[v] for k, v in named})

    return do, (f, *given, *(v for _, v in named), *(() if rest is None else (rest,)))


def _function(e: Any) -> tuple[Do, tuple[str, ...]]:
    """A function that closes over nothing."""
    if e.closure is not None or e.defaults is not None:
        raise Unreadable("a function that closes over names")
    return (lambda frame, names: frame.function_of(e.code)), ()


EXPRESSIONS: dict[str, Callable[[Any], tuple[Do, tuple[str, ...]]]] = {
    "binop": _binary,
    "inplace_binop": _in_place,
    "unary": _unary,
    "getitem": _item,
    "static_getitem": _static_item,
    "getattr": _attribute,
    "build_tuple": _build(tuple),
    "build_list": _build(list),
    "build_set": _build(set),
    "build_map": _map,
    "cast": _cast,
    "exhaust_iter": _exhaust,
    "getiter": _get_iterator,
    "iternext": _next,
    "pair_first": _first,
    "pair_second": _second,
    "call": _call,
    "make_function": _function,
}


# -- ends of blocks --------------------------------------------------------------------------------


class End(NamedTuple):
    """How a block ends: with the `result`, an exception `raised`, or at one of `after`.

    Of two the first is meant where `condition` holds.
    """

    reads: tuple[str, ...]
    after: tuple[int, ...] = ()
    condition: str | None = None
    result: str | None = None
    raised: str | None = None
    line: int = 0


def end(node: Any) -> End:
    """The end of a block."""
    line = node.loc.line
    match node:
        case ir.Return():
            return End((node.value.name,), result=node.value.name, line=line)
        case ir.Jump():
            return End((), (node.target,), line=line)
        case ir.Branch():
            name = node.cond.name
            return End((name,), (node.truebr, node.falsebr), condition=name, line=line)
        case ir.Raise() if node.exception is not None:
            return End((node.exception.name,), raised=node.exception.name, line=line)
        case _:
            raise Unreadable(type(node).__name__)
