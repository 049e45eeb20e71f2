"""Check derivatives numerically: `check_grads`, for any function and to any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitad.api import jvp, vjp
from jitad.frontend.pytree import flatten, unflatten
from jitad.ir.errors import DifferentiationError, ShapeError

_TOLERANCE = {8: 1e-6, 4: 2e-2}
_STEP = {8: 1e-3, 4: 3e-2}


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Compare derivatives with finite differences and with each other, along random directions.

    Args:
        f: a function of arrays, numbers and pytrees of them, all of floating point.
        args: its arguments, a tuple.
        order: derivatives up to this order are checked.
        modes: "fwd" checks J v against central differences with Richardson extrapolation, "rev"
            checks <y_bar, J v> = <J^T y_bar, v>, alone with differences in the place of J v.
        atol, rtol: tolerances; by default 1e-6 in float64, 2e-2 in float32.
        eps: the step of the differences; by default 1e-3 in float64, 3e-2 in float32.

    Raises:
        AssertionError: a derivative is wrong; the message says which, and by how much.
        DifferentiationError: an argument is not of floating point.

    >>> import numpy as np, jitad
    >>> jitad.check_grads(lambda x: np.sin(x) * x, (1.5,), order=3)
    """
    if not isinstance(args, (tuple, list)):
        raise ShapeError("check_grads takes a tuple of arguments", remedy="write (x,) for one")
    for mode in modes:
        if mode not in ("fwd", "rev"):
            raise ValueError(f'check_grads has modes "fwd" and "rev", not {mode!r}')
    _check(f, tuple(args), order, tuple(modes), (atol, rtol, eps), np.random.default_rng(0))


def _check(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    order: int,
    modes: tuple[str, ...],
    settings: tuple[float | None, float | None, float | None],
    random: np.random.Generator,
) -> None:
    leaves, structure = flatten(args)
    leaves = [_real(x) for x in leaves]
    args = unflatten(structure, leaves)
    direction = unflatten(structure, [_direction(x, random) for x in leaves])
    width = min((np.finfo(x.dtype).bits // 8 for x in leaves), default=8)
    expected = _difference(f, args, direction, settings[2] or _STEP[width])
    value, tangent = jvp(f, args, direction) if "fwd" in modes else (f(*args), expected)
    results, results_structure = flatten(value)
    seeds = [_direction(np.asarray(y), random) for y in results]
    y_bar = unflatten(results_structure, seeds)
    if "fwd" in modes:
        _compare(tangent, expected, f"J v of order {order}", width, settings)
    if "rev" in modes:
        x_bar = vjp(f, *args)[1](y_bar)
        left = _pairing(seeds, flatten(tangent)[0])
        right = _pairing(flatten(x_bar)[0], flatten(direction)[0])
        _compare(
            right, left, f"<J^T y_bar, v> against <y_bar, J v>, order {order}", width, settings
        )
    if order > 1 and "fwd" in modes:
        _check(lambda *xs: jvp(f, xs, direction)[1], args, order - 1, modes, settings, random)
    if order > 1 and "rev" in modes:
        _check(lambda *xs: vjp(f, *xs)[1](y_bar), args, order - 1, modes, settings, random)


def _real(x: Any) -> Any:
    array = np.asarray(x)
    if array.dtype.kind not in "fc":
        raise DifferentiationError(
            f"check_grads needs arguments of floating point, real or complex, not {array.dtype}",
            remedy="pass 1.0 in place of 1",
        )
    return array[()]


def _direction(x: Any, random: np.random.Generator) -> Any:
    """A random direction of x's shape and dtype, with entries that are short in binary."""
    re, im = random.integers(-8, 9, (2, *np.shape(x))) / 8 + 1 / 16
    return np.asarray(re + 1j * im if x.dtype.kind == "c" else re, x.dtype)[()]


def _pairing(left: Sequence[Any], right: Sequence[Any]) -> Any:
    """The real part of the sum of products: how adjoints of complex numbers pair with tangents."""
    return sum(np.real(np.sum(a * b)) for a, b in zip(left, right, strict=True))


def _difference(f: Callable[..., Any], args: Any, direction: Any, eps: float) -> Any:
    """Central differences at two steps, extrapolated: the error is of order eps^4."""
    coarse, fine = (_central(f, args, direction, h) for h in (eps, eps / 2))
    leaves, structure = flatten(coarse)
    pairs = zip(leaves, flatten(fine)[0], strict=True)
    return unflatten(structure, [(4 * b - a) / 3 for a, b in pairs])


def _central(f: Callable[..., Any], args: Any, direction: Any, h: float) -> Any:
    leaves, structure = flatten(args)
    directions = flatten(direction)[0]
    moved = [
        [np.asarray(x + s * h * v, x.dtype)[()] for x, v in zip(leaves, directions, strict=True)]
        for s in (1, -1)
    ]
    ahead, behind = (flatten(f(*unflatten(structure, point))) for point in moved)
    pairs = zip(ahead[0], behind[0], strict=True)
    return unflatten(ahead[1], [(np.asarray(a) - np.asarray(b)) / (2 * h) for a, b in pairs])


def _compare(
    got: Any,
    expected: Any,
    what: str,
    width: int,
    settings: tuple[float | None, float | None, float | None],
) -> None:
    default = _TOLERANCE[width]
    atol = default if settings[0] is None else settings[0]
    rtol = default if settings[1] is None else settings[1]
    for a, b in zip(flatten(got)[0], flatten(expected)[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=what)
