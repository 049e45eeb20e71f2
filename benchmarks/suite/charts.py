"""Ratios and curves -> SVG, in colours that the page's style names: no scripts, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from benchmarks.suite.record import WON, Contest, Growth, duration

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEFT, _RIGHT, _ROW, _WIDTH = 150, 150, 26, 860
_PANEL_WIDTH, _PANEL_HEIGHT = 420, 300


def power(exponent: int) -> str:
    """A power of ten as text; small ones as numbers."""
    if -2 < exponent < 4:
        return f"{10.0**exponent:,.15g}"
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def text(x: float, y: float, content: str, *, anchor: str = "start", kind: str = "") -> str:
    """A text element."""
    attributes = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attributes}>{escape(content)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _svg(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label={quoteattr(label)}>'
    return "\n".join([head, *parts, "</svg>"])


def strip(contests: Sequence[Contest], order: Sequence[str]) -> str:
    """A row a tool: a dot for each problem at its time over jitad's, a bar at the median."""
    dots = {peer: list(_ratios(contests, peer)) for peer in order}
    logs = [math.log10(ratio) for found in dots.values() for _, ratio in found] or [0.0]
    low, high = min(-0.5, math.floor(2 * min(logs)) / 2), max(1.0, math.ceil(2 * max(logs)) / 2)
    height = _ROW * len(order) + 34
    scale = (_WIDTH - _LEFT - _RIGHT) / (high - low)

    def place(ratio: float) -> float:
        return _LEFT + (math.log10(ratio) - low) * scale

    parts = [_shade(place(1.0), height)]
    for exponent in range(math.ceil(low), math.floor(high) + 1):
        x = place(10.0**exponent)
        parts.append(_line(x, 4, x, height - 28, "one" if exponent == 0 else "grid"))
        label = "jitad" if exponent == 0 else f"{power(exponent)} ×"
        parts.append(text(x, height - 10, label, anchor="middle", kind="tick"))
    for k, (peer, found) in enumerate(dots.items()):
        parts += _strip_row(peer, found, 6 + _ROW * (k + 0.5), place)
    return _svg(_WIDTH, height, "Times of each tool over jitad's", parts)


def _shade(one: float, height: float) -> str:
    """The side where jitad loses."""
    width = one - _LEFT
    return f'<rect x="{_LEFT}" y="4" width="{width:.1f}" height="{height - 32}" class="lost"/>'


def _ratios(contests: Sequence[Contest], peer: str) -> Iterator[tuple[str, float]]:
    for contest in contests:
        for entry in contest.entries:
            if entry.peer == peer and entry.ratio:
                yield contest.name, entry.ratio


def _strip_row(
    peer: str, found: Sequence[tuple[str, float]], y: float, place: object
) -> Iterator[str]:
    assert callable(place)
    yield text(_LEFT - 12, y + 4, peer, anchor="end")
    for name, ratio in found:
        kind = "dot won" if ratio < WON else "dot"
        title = escape(f"{name}: {ratio:.3g} times jitad's time")
        yield (
            f'<circle cx="{place(ratio):.1f}" cy="{y:.1f}" r="4.5" class="{kind}">'
            f"<title>{title}</title></circle>"
        )
    middle = median([ratio for _, ratio in found])
    if middle is None:
        yield text(_WIDTH - _RIGHT + 14, y + 4, "missing", kind="tick")
        return
    x = place(middle)
    yield _line(x, y - 9, x, y + 9, "median")
    wins = sum(ratio < WON for _, ratio in found)
    said = f"{short(middle)} ×" + (f", wins {wins} of {len(found)}" if wins else "")
    yield text(_WIDTH - _RIGHT + 14, y + 4, said, kind="won" if wins else "tick")


def median(ratios: Sequence[float]) -> float | None:
    """The geometric one."""
    if not ratios:
        return None
    logs = sorted(math.log(ratio) for ratio in ratios)
    half = len(logs) // 2
    return math.exp(logs[half] if len(logs) % 2 else (logs[half - 1] + logs[half]) / 2)


def short(ratio: float) -> str:
    """Two digits; thousands in words of one letter."""
    if ratio >= 99_500:
        return f"{ratio / 1000:,.0f}k"
    return f"{ratio:,.0f}" if ratio >= 9.95 else f"{ratio:.2g}"


def growth(found: Growth, colours: Mapping[str, int]) -> str:
    """Time against n, both logarithmic; each curve named at its end, with its exponent."""
    curves = [curve for curve in found.curves if curve.sizes]
    sizes = [math.log10(n) for curve in curves for n in curve.sizes]
    seconds = [math.log10(t) for curve in curves for t in curve.seconds]
    left, right, top, bottom = 58, 150, 8, 40
    low_x, high_x, low_y, high_y = min(sizes), max(sizes), min(seconds), max(seconds)
    wide = (_PANEL_WIDTH - left - right) / max(high_x - low_x, 1e-9)
    tall = (_PANEL_HEIGHT - top - bottom) / max(high_y - low_y, 1e-9)

    def at(n: float, t: float) -> tuple[float, float]:
        y = _PANEL_HEIGHT - bottom - (math.log10(t) - low_y) * tall
        return left + (math.log10(n) - low_x) * wide, y

    parts = []
    for exponent in range(math.ceil(low_y), math.floor(high_y) + 1):
        _, y = at(10**low_x, 10.0**exponent)
        parts.append(_line(left, y, _PANEL_WIDTH - right, y, "grid"))
        parts.append(text(left - 6, y + 4, duration(10.0**exponent), anchor="end", kind="tick"))
    for exponent in range(math.ceil(low_x), math.floor(high_x) + 1):
        x, _ = at(10.0**exponent, 10**low_y)
        label = power(exponent)
        parts.append(text(x, _PANEL_HEIGHT - bottom + 18, label, anchor="middle", kind="tick"))
    middle = (left + _PANEL_WIDTH - right) / 2
    parts.append(text(middle, _PANEL_HEIGHT - 4, found.axis, anchor="middle", kind="tick"))
    ends = {}
    for curve in curves:
        points = [at(n, t) for n, t in zip(curve.sizes, curve.seconds, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        kind = f"curve c{colours.get(curve.peer, 7)}"
        parts.append(f'<polyline points="{path}" class="{kind}"/>')
        exponent = "" if curve.exponent is None else f"  n^{curve.exponent:.2f}"
        ends[curve.peer] = (*points[-1], f"{curve.peer}{exponent}")
    for peer, y in _apart({peer: end[1] for peer, end in ends.items()}).items():
        x, _, label = ends[peer]
        kind = f"f{colours.get(peer, 7)}"
        parts.append(text(max(x, 0) + 6, y + 4, label, kind=f"end {kind}"))
    return _svg(_PANEL_WIDTH, _PANEL_HEIGHT, found.title, parts)


def _apart(places: Mapping[str, float], least: float = 15.0) -> dict[str, float]:
    """The labels' heights, moved up where two would overlap; the lowest stays."""
    moved: dict[str, float] = {}
    below = math.inf
    for name, y in sorted(places.items(), key=lambda item: -item[1]):
        below = moved[name] = min(y, below - least)
    return moved
