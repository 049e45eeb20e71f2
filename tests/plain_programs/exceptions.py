"""Loops in which exceptions are raised and handled, and contexts entered."""

from __future__ import annotations

import contextlib
import warnings

import numpy as np

from plain_programs.program import program


@program()
def skipped_by_an_exception(x):
    s = 0.0
    for i in range(len(x)):
        try:
            if x[i] < 0:
                raise ValueError("negative")
            s += 2.0 * x[i] * x[i]
        except ValueError:
            s += x[i] ** 3
        else:
            s += x[i]
        finally:
            s *= 1.01
    return s


@program()
def loop_that_raises(x):
    s = 1.0
    try:
        for i in range(len(x)):
            s += x[i] ** 2
            if s > 4.0:
                raise OverflowError
        s += 1.0
    except OverflowError:
        s = s * x[0]
    return s


@program()
def handler_by_kind(x):
    s = 0.0
    for i in range(len(x)):
        try:
            if x[i] < -0.5:
                raise ValueError("negative", 2)
            if x[i] > 1.0:
                raise KeyError("large")
            s += x[i]
        except (KeyError, TypeError):
            s += x[i] * x[i]
        except ValueError as error:
            s += x[i] * error.args[1]
    return s


@program()
def raised_again(x):
    s = 0.0
    for i in range(len(x)):
        try:
            try:
                if x[i] > 0:
                    raise ValueError("positive")
                s += x[i] * x[0]
            except ValueError:
                s += 1.0
                raise
        except Exception:
            s += x[i] ** 2
    return s


@program()
def ways_out_of_try(x):
    s = 0.0
    for i in range(len(x)):
        try:
            if x[i] < -1.0:
                continue
            if x[i] > 2.0:
                break
            if s > 5.0:
                return s * x[0]
            s += x[i] * x[i]
        finally:
            s += 0.5 * x[i]
    return s


@program()
def handler_that_breaks(x):
    s = 0.0
    for i in range(len(x)):
        try:
            if x[i] < -1.0:
                raise ValueError
            s += x[i] * x[i]
        except ValueError:
            break
    else:
        s *= 2.0
    return s


@program()
def missing_keys(x):
    table, s = {0: 2.0}, 0.0
    for i in range(len(x)):
        try:
            s += table["none"] * x[i]
        except KeyError:
            s += x[i] ** 2
        assert len(table) == 1, "it grew"
    return s


@program()
def asserted(x):
    s = 0.0
    for i in range(len(x)):
        try:
            assert x[i] > 0, f"{i!r:>3}"
            s += x[i] * x[i]
        except AssertionError:
            s -= x[i]
    return s


@contextlib.contextmanager
def _doubled(v):
    yield 2.0 * v


@program()
def contexts(x):
    s = 0.0
    with warnings.catch_warnings(), _doubled(x[0]) as w:
        warnings.simplefilter("ignore")
        for i in range(len(x)):
            with np.errstate(all="ignore"):
                s += w * x[i] * x[i]
    return s


@program()
def suppressed(x):
    s = 0.0
    with contextlib.suppress(KeyError):
        for i in range(len(x)):
            if x[i] > 0:
                s += x[i] * x[i]
        s = s * 2.0
        raise KeyError("never mind")
    return s * x[0]


@program()
def matched(x):
    s = 0.0
    match {"a": 2.0, "b": (1, 3.0)}:
        case {"a": scale, "b": [_, shift], **rest} if not rest:
            for i in range(len(x)):
                if x[i] > 0:
                    s += scale * x[i] ** 2
                else:
                    s += shift * x[i]
    match x[0]:
        case float() | np.floating():
            return s * x[0]
    return s


@program()
def imported(x):
    import math as m
    from math import sin

    s = 0.0
    for i in range(len(x)):
        s += m.cos(x[i]) * sin(x[i])
    return s


@program(sizes=(5, 12))
def refused_where_turns_compute_the_same(x):
    s = 3.0 + x[0] ** 2
    for k in range(7):
        for v in x:
            t = 0.0
            if x[k % 3] > 0.0:
                if s < 2.0:
                    raise ValueError("never")
                t = np.sin(x[k % 3] * k)
            s = s + t * t * v * v
    return s
