"""Programs whose arguments and results vary: pytrees, float32, integers and flags that decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import jitad
import jitad.numpy as jnp
from control_flow.program import program

SINGLE = np.float32


@program(
    positive=({"w": np.array([1.0, 2.0]), "b": 0.5}, np.array([1.0, 1.5])),
    negative=({"w": np.array([-1.0, -2.0]), "b": 0.5}, np.array([1.0, 1.5])),
    saturated=({"w": np.array([4.0, 2.0]), "b": 3.5}, np.array([1.0, 1.5])),
)
def dictionary_of_parameters(params: Any, x: Any) -> Any:
    z = params["w"] @ x + params["b"]
    if z > 8.0:
        return {"loss": np.log(z), "active": params["w"] * 0.5}
    if z > 0:
        return {"loss": z * z, "active": params["w"] * x}
    return {"loss": np.exp(z), "active": params["w"]}


class Pair(NamedTuple):
    low: Any
    high: Any


@program(
    apart=(Pair(1.0, 2.0), Pair(3.0, 4.0)),
    overlap=(Pair(1.0, 3.5), Pair(3.0, 4.0)),
    nested=(Pair(1.0, 5.0), Pair(3.0, 4.0)),
    reverse=(Pair(6.0, 7.0), Pair(3.0, 4.0)),
)
def union_of_intervals(a: Any, b: Any) -> Any:
    """One interval or two: the structure of the result belongs to the path."""
    first, second = (a, b) if a.low < b.low else (b, a)
    if first.high < second.low:
        return [first, second]
    return [Pair(first.low**2, max(first.high, second.high) ** 2)]


@dataclass
class Tree:
    value: Any
    left: Tree | None = None
    right: Tree | None = None


def insert(tree: Tree | None, x: Any) -> Tree:
    if tree is None:
        return Tree(x)
    if x < tree.value:
        return Tree(tree.value, insert(tree.left, x), tree.right)
    return Tree(tree.value, tree.left, insert(tree.right, x))


def weigh(tree: Tree | None, depth: int) -> Any:
    if tree is None:
        return 0.0
    return depth * tree.value**2 + weigh(tree.left, depth + 1) + weigh(tree.right, depth + 1)


@program(
    balanced=(np.array([2.0, 1.0, 3.0]),),
    chain=(np.array([1.0, 2.0, 3.0]),),
    zigzag=(np.array([3.0, 1.0, 2.0]),),
)
def search_tree(x: Any) -> Any:
    tree = None
    for v in x:
        tree = insert(tree, v)
    return weigh(tree, 1)


@dataclass
class Spring:
    stiffness: Any
    length: Any


@program(
    slack=(Spring(2.0, 1.0), 0.5),
    stretched=(Spring(2.0, 1.0), 1.5),
    broken=(Spring(2.0, 1.0), 4.0),
)
def dataclass_as_argument(spring: Any, length: Any) -> Any:
    extension = length - spring.length
    if extension < 0:
        return Spring(0.0 * length, spring.length)
    if spring.stiffness * extension > 3.0:
        return Spring(spring.stiffness * 0.1, spring.length * length)
    return Spring(spring.stiffness * extension**2, length)


@program(
    positive=(np.array([0.5, 1.5], SINGLE), SINGLE(2.0)),
    negative=(np.array([-0.5, -1.5], SINGLE), SINGLE(2.0)),
    large=(np.array([3.5, 4.5], SINGLE), SINGLE(2.0)),
)
def single_precision(x: Any, y: Any) -> Any:
    if x.sum() > 4:
        return np.sqrt(x * y)
    return x**2 * y if x[0] > 0 else np.exp(x) + y


@program(
    mixed=(np.array([0.5, 1.5], SINGLE), 2.0, np.float64(0.5)),
    other=(np.array([0.5, 1.5], SINGLE), -2.0, np.float64(0.5)),
)
def promotion_depends_on_the_path(x: Any, weak: Any, strong: Any) -> Any:
    """float32 on one path, float64 on the other."""
    return x * weak if weak > 0 else x * strong


@program(off=(0, 1.5), positive=(2, 1.5), negative=(-3, 1.5))
def integer_decides(n: Any, x: Any) -> Any:
    if not n:
        return x
    return np.sin(n * x) if n > 0 else x**-n


@program(
    both=(True, np.array([True, False, True]), np.array([1.0, 2.0, 3.0])),
    none=(False, np.array([True, False, True]), np.array([1.0, 2.0, 3.0])),
    other=(True, np.array([True, True, True]), np.array([1.0, 2.0, 3.0])),
)
def flags_decide(flag: Any, mask: Any, x: Any) -> Any:
    if flag and mask.all():
        return np.prod(x)
    return np.sum(x[mask] ** 3) if flag else np.sum(x)


@program(
    few=(np.array([0.5, 1.25]), np.array([0, 1, 1])),
    other=(np.array([0.5, 1.25]), np.array([1, 0, 1])),
    repeated=(np.array([0.5, 1.25]), np.array([0, 0, 0])),
)
def integers_as_places(x: Any, places: Any) -> Any:
    total = 0.0
    for k in places:
        total = total * 0.5 + x[int(k)] ** 2
    return total


@program(0, small=(2.5,), large=(7.5,), negative=(-3.5,))
def counts_as_results(x: Any) -> Any:
    """Only integers and flags come out."""
    n, bits = abs(int(x)), 0
    while n:
        bits, n = bits + (n & 1), n >> 1
    return {"bits": bits, "negative": x < 0, "half": int(x) // 2}


@program(
    rows=(np.array([[1.0, 2.0], [3.0, 4.0]]),),
    one_row=(np.array([[1.0, 2.0], [-3.0, 4.0]]),),
    none=(np.array([[-1.0, 2.0], [-3.0, 4.0]]),),
)
def shape_depends_on_the_path(a: Any) -> Any:
    kept = [row * row for row in a if row[0] > 0]
    return np.stack(kept) if kept else np.zeros((0, 2)) + np.sum(a)


@program(
    two_pieces=(3.4,),
    none=(0.5,),
    four=(5.5,),
)
def array_that_is_written_to(x: Any) -> Any:
    n = int(x)
    out = jnp.zeros(6)
    for k in range(n):
        out[k] = x**k / (k + 1)
        if out[k] > 5.0:
            out[k:] = x
            break
    return out


@program(
    upper=(np.array([[2.0, 1.0], [0.5, -3.0]]),),
    lower=(np.array([[-2.0, 1.0], [0.5, 3.0]]),),
    both=(np.array([[2.0, 1.0], [0.5, 3.0]]),),
)
def views_that_are_written_to(a: Any) -> Any:
    b = a.copy()
    for row in b:
        if row[0] + row[1] > 0:
            row *= row[1]
            row[0] += 1.0
    return b


def cube_or_square(y: Any) -> Any:
    return y**3 if abs(y) > 1.0 else y * y


@program(convex=(1.5,), concave=(-1.5,), flat=(0.25,))
def gradient_decides(x: Any) -> Any:
    """A branch on the derivative of a function that has a branch itself."""
    slope = jitad.grad(cube_or_square)(x)
    if slope > 1.0:
        return slope * x if x > 0 else slope + x
    return np.exp(slope)


def product_or_sum(x: Any, y: Any) -> Any:
    return x * y if x > y else x + y * y


@program(inside=(0.5, 2.0), outside=(3.5, 2.0), below=(2.5, 2.0))
def compiled_function_within(x: Any, y: Any) -> Any:
    value, tangent = jitad.jvp(product_or_sum, (x, y), (1.0, 0.5))
    compiled = jitad.jit(product_or_sum)(x * x, 4.0 * y)
    return value * tangent + compiled * compiled


@program(none=(0.5, None), low=(0.5, "low"), high=(0.5, "high"), high_above=(2.5, "high"))
def optional_argument(x: Any, kind: str | None) -> Any:
    if kind is None:
        return x * x
    if kind == "low":
        return min(x, 1.0)
    return max(x * x, 1.0) * x
