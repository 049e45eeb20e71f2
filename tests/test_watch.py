"""What was read is compared in C: what became another is found, and what is equal again is not."""

from __future__ import annotations

import abc
import collections
import enum
import gc
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from jitad.frontend import roads
from jitad.frontend.roads import Read
from jitad.runtime.surroundings import Surroundings
from jitad.runtime.watch import rows_of


class Case(NamedTuple):
    """Something that is read; what leaves it as it was, or equal; what changes it."""

    x: Any
    of: Callable[[Any, Any], Any]
    name: Any
    same: tuple[Callable[[], Any], ...]
    other: Callable[[], Any]
    is_in_c: bool = True


ROWS: list[Callable[[], Case]] = []


def row(make: Callable[[], Case]) -> Callable[[], Case]:
    ROWS.append(make)
    return make


def large(x: float) -> float:
    """A number that is a new object each time."""
    return x * 1.0


@row
def cell() -> Case:
    k = 2.5

    def reads() -> float:
        return k

    assert reads.__closure__
    c = reads.__closure__[0]
    same = (lambda: setattr(c, "cell_contents", large(2.5)),)
    return Case(c, roads.contents_of, "k", same, lambda: setattr(c, "cell_contents", 3.5))


@row
def cell_emptied() -> Case:
    c = types.CellType(2.5)
    same = (lambda: setattr(c, "cell_contents", large(2.5)),)
    return Case(c, roads.contents_of, "k", same, lambda: delattr(c, "cell_contents"))


@row
def name_in_a_dict() -> Case:
    d: dict[Any, Any] = {"k": 1234.5}
    same = (
        lambda: d.update(j=1),
        lambda: d.update({str(i): i for i in range(100)}),
        lambda: d.update(k=large(1234.5)),
        lambda: d.pop("j"),
    )
    return Case(d, roads.item_of, "k", same, lambda: d.pop("k"))


@row
def name_that_is_not_there() -> Case:
    d: dict[Any, Any] = {1: 2}
    same = (lambda: d.update(j=1),)
    return Case(d, roads.item_of, (1, "k"), same, lambda: d.update({(1, "k"): None}))


@row
def code() -> Case:
    def f() -> float:
        return 1.0

    return Case(
        f,
        roads.attribute_of,
        "__code__",
        (lambda: setattr(f, "a", 1),),
        lambda: setattr(f, "__code__", (lambda: 2.0).__code__),
    )


@row
def defaults() -> Case:
    def f(x: Any = 1) -> Any:
        return x

    return Case(f, roads.attribute_of, "__defaults__", (), lambda: setattr(f, "__defaults__", (2,)))


@row
def no_defaults() -> Case:
    def f(*, x: Any) -> Any:
        return x

    same = (lambda: setattr(f, "__defaults__", (2,)),)
    return Case(
        f,
        roads.attribute_of,
        "__kwdefaults__",
        same,
        lambda: setattr(f, "__kwdefaults__", {"x": 2}),
    )


class Plain:
    """An object with a dict."""

    k = 2.5

    def __init__(self) -> None:
        self.j = 1.5


class Slotted:
    """An object without."""

    __slots__ = ("__weakref__", "k")

    def __init__(self) -> None:
        self.k = 2.5


@row
def dict_of_an_object() -> Case:
    x = Plain()
    same = (lambda: setattr(x, "k", 3.5),)
    return Case(
        x,
        roads.attribute_of,
        "__dict__",
        same,
        lambda: setattr(x, "__dict__", {"j": 1.5, "k": 3.5}),
    )


@row
def class_of_an_object() -> Case:
    class Other(Plain):
        pass

    x = Plain()
    return Case(
        x,
        roads.attribute_of,
        "__class__",
        (lambda: setattr(x, "k", 3.5),),
        lambda: setattr(x, "__class__", Other),
    )


@row
def attribute_of_an_object() -> Case:
    x = Plain()
    same = (lambda: setattr(x, "j", 3.5), lambda: setattr(x, "k", large(2.5)))
    return Case(x, roads.attribute_of, "k", same, lambda: setattr(x, "k", 4.5))


@row
def slot() -> Case:
    x = Slotted()
    same = (lambda: setattr(x, "k", large(2.5)),)
    return Case(x, roads.attribute_of, "k", same, lambda: delattr(x, "k"))


@row
def attribute_that_is_not_there() -> Case:
    x = Plain()
    return Case(x, roads.attribute_of, "z", (lambda: setattr(x, "j", 3),),
                lambda: setattr(x, "z", None))  # fmt: skip


@row
def attribute_of_a_class() -> Case:
    class A:
        k = 2.5

    class B(A):
        pass

    class C(A):
        k = 2.5

    same = (
        lambda: setattr(A, "j", 3.5),
        lambda: setattr(B, "__bases__", (C,)),
        lambda: setattr(C, "k", large(2.5)),
        *[lambda: setattr(A, "j", []) for _ in range(1100)],  # CPython counts up to 1,000
    )
    return Case(B, roads.attribute_of, "k", same, lambda: setattr(C, "k", 4.5))


@row
def attribute_that_a_class_has_not() -> Case:
    class A:
        pass

    same = (lambda: setattr(A, "j", 3.5),)
    return Case(A, roads.attribute_of, "__len__", same, lambda: setattr(A, "__len__", len))


@row
def constructor() -> Case:
    class A:
        def __init__(self) -> None:
            pass

    def other(self: Any) -> None:
        pass

    return Case(A, roads.attribute_of, "__init__", (), lambda: setattr(A, "__init__", other))


@row
def attribute_of_the_class_of_a_class() -> Case:
    class Kind(abc.ABCMeta):
        k = 2.5

    class A(metaclass=Kind):
        pass

    same = (lambda: setattr(Kind, "k", large(2.5)), lambda: setattr(A, "k", large(2.5)))
    return Case(
        A, roads.attribute_of, "k", same, lambda: setattr(Kind, "k", property(lambda self: 3.5))
    )


@row
def name_of_a_class() -> Case:
    class A:
        pass

    same = (lambda: setattr(A, "__name__", "A"),)
    return Case(A, roads.attribute_of, "__name__", same, lambda: setattr(A, "__name__", "B"), False)


@row
def member_of_an_enumeration() -> Case:
    class Colour(enum.Enum):
        RED = 2.5

    is_in_c = not hasattr(enum.EnumMeta, "__getattr__")  # before Python 3.12
    other = "BLUE", 2.5
    return Case(
        Colour, roads.attribute_of, "BLUE", (), lambda: setattr(Colour, *other), is_in_c=is_in_c
    )


@row
def attribute_that_code_answers() -> Case:
    class Answering:
        a = 1.5

        def __getattribute__(self, name: str) -> Any:
            return Answering.a if name == "k" else object.__getattribute__(self, name)

    same = (lambda: setattr(Answering, "a", large(1.5)),)
    return Case(
        Answering(),
        roads.attribute_of,
        "k",
        same,
        lambda: setattr(Answering, "a", 3.5),
        is_in_c=False,
    )


@row
def bound_method() -> Case:
    """It is another object whenever it is asked for: left to Python at last."""

    class A:
        def f(self) -> float:
            return 1.5

    x = A()
    return Case(
        x,
        roads.attribute_of,
        "f",
        (lambda: setattr(x, "j", 1),),
        lambda: setattr(A, "f", lambda self: 2.5),
    )


@row
def item_of_a_list() -> Case:
    x = [1.5, 2.5, 3.5]
    same = (lambda: x.__setitem__(0, 9.0), lambda: x.__setitem__(-1, large(3.5)))
    return Case(x, roads.item_of, -1, same, lambda: x.append(4.5))


@row
def item_of_a_list_that_grows() -> Case:
    x = [1.5, 2.5]
    same = (lambda: x.append(4.5), lambda: x.extend(range(100)), lambda: x.__delitem__(slice(2, 9)))
    return Case(x, roads.item_of, 1, same, lambda: x.__delitem__(slice(1, None)))


@row
def items_of_a_list() -> Case:
    x: list[Any] = [(i, 2.5) for i in range(50)]
    x += [1234.5]
    same = (lambda: x.__setitem__(-1, large(1234.5)), lambda: x.extend(()), x.reverse, x.reverse)
    return Case(x, roads.items_of, None, same[:2], lambda: x.__setitem__(7, (9, 9)))


@row
def items_of_a_list_in_another_order() -> Case:
    x = [1.5, 2.5]
    return Case(
        x,
        roads.items_of,
        None,
        (x.sort,),
        x.reverse,
    )


@row
def no_items() -> Case:
    x: list[Any] = []
    return Case(x, roads.items_of, None, (x.clear,), lambda: x.append(None))


@row
def items_of_a_dict() -> Case:
    x: dict[Any, Any] = {(i, "k"): i * 1.5 for i in range(20)}

    def as_before() -> None:
        x["j"] = 1
        del x["j"]

    same = (lambda: x.update({(1, "k"): 1.5}), as_before)
    return Case(x, roads.items_of, None, same, lambda: x.update({(1, "k"): 2.0}))


@row
def items_of_a_dict_fewer() -> Case:
    x = {i: i * 1.5 for i in range(20)}
    return Case(x, roads.items_of, None, (), lambda: x.pop(19))


@row
def items_of_a_dict_more() -> Case:
    x: dict[int, float] = {}
    return Case(x, roads.items_of, None, (), lambda: x.update({1: 2.0}))


@row
def items_of_a_dict_in_another_order() -> Case:
    x = {"a": 1, "b": 1}
    return Case(x, roads.items_of, None, (), lambda: x.update(a=x.pop("a")))


@row
def items_of_a_set() -> Case:
    x: set[Any] = {1.5, "k"}
    return Case(x, roads.items_of, None, (lambda: x.add("k"),), lambda: x.remove("k"))


@row
def items_of_what_is_made_of_a_list() -> Case:
    class Doubled(list[Any]):
        def __iter__(self) -> Any:
            return (2 * x for x in self.part)

    x = Doubled([1.5])
    x.part = [1.5]  # type: ignore[attr-defined]
    return Case(x, roads.items_of, None, (lambda: x.append(1.0),),
                lambda: x.part.append(1), is_in_c=False)  # type: ignore[attr-defined]  # fmt: skip


@row
def items_of_a_deque() -> Case:
    x = collections.deque([1.5])
    return Case(x, roads.items_of, None, (), lambda: x.append(2.5), is_in_c=False)


@row
def layout() -> Case:
    x = np.zeros((2, 3))
    return Case(
        x,
        roads.layout_of,
        None,
        (lambda: x.fill(1.0),),
        lambda: x.resize((3, 2)),
    )


@row
def layout_of_a_number() -> Case:
    x = np.array(2.5)
    return Case(x, roads.layout_of, None, (), lambda: setattr(x, "dtype", np.int64))


@row
def numbers() -> Case:
    x = np.arange(12.0)
    same = (lambda: x.__imul__(1.0),)
    return Case(x, roads.numbers_of, None, same, lambda: x.__setitem__(0, -0.0))


@row
def numbers_by_columns() -> Case:
    x = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    return Case(x, roads.numbers_of, None, (), lambda: x.__setitem__((1, 2), 9.0))


@row
def numbers_of_every_other() -> Case:
    x = np.arange(12.0)
    same = (lambda: x.__setitem__(1, 9.0),)
    return Case(x[::2], roads.numbers_of, None, same, lambda: x.__setitem__(2, 9.0), is_in_c=False)


@row
def element() -> Case:
    x = np.arange(12.0).reshape(3, 4)[::2, ::-1]
    same = (lambda: x.__setitem__((0, 0), 9.0),)
    return Case(x, roads.item_of, (1, -2), same, lambda: x.__setitem__((1, -2), 7.5))


@row
def element_in_another_order_of_bytes() -> Case:
    x = np.arange(12, dtype=">i4")
    same = (lambda: x.__setitem__(4, 9),)
    return Case(x, roads.item_of, 3, same, lambda: x.__setitem__(3, 7))


@pytest.mark.parametrize("make", ROWS, ids=lambda make: make.__name__)
def test_what_is_another_is_found(make: Callable[[], Case]) -> None:
    case = make()
    read = Read(case.x, case.of, case.name, case.of(case.x, case.name))
    assert bool(rows_of(read)) == case.is_in_c
    seen = Surroundings([read, Read(ROWS, roads.items_of, None, roads.items_of(ROWS))])
    assert seen.hold()
    for change in case.same:
        change()
        assert seen.hold() and seen.hold()
    case.other()
    assert not seen.hold() and not seen.hold()


def test_what_is_equal_again_is_not_looked_at_twice() -> None:
    x = {"k": 1234.5}
    seen = Surroundings([Read(x, roads.item_of, "k", x["k"])])
    x["k"] = large(x["k"])
    assert seen.first_changed() is not None
    assert seen.hold()
    assert seen.first_changed() is None


def test_an_object_that_is_gone_is_no_more_what_it_was() -> None:
    x = Plain()
    seen = Surroundings([Read(x, roads.attribute_of, "j", 1.5)])
    assert seen.hold()
    del x
    gc.collect()
    assert seen.first_changed() == 0
    assert not seen.hold()


def test_nothing_is_kept_of_what_is_no_more_looked_at() -> None:
    x = Plain()
    counted = len(gc.get_referrers(x.__dict__))
    seen = Surroundings([Read(x, roads.attribute_of, "__dict__", x.__dict__)])
    assert len(gc.get_referrers(x.__dict__)) > counted
    del seen
    assert len(gc.get_referrers(x.__dict__)) == counted
