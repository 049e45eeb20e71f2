"""Ratios and curves -> SVG, in colours that the page's style names: no scripts, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from benchmarks.suite.record import WON, Contest, Growth, duration, is_own

TIMES = "\N{MULTIPLICATION SIGN}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEFT, _RIGHT, _ROW, _WIDTH = 150, 150, 26, 860
_PANEL_WIDTH, _PANEL_HEIGHT = 380, 310


def power(exponent: int) -> str:
    """A power of ten as text; small ones as numbers."""
    if -2 < exponent < 4:
        return f"{10.0**exponent:,.15g}"
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def text(x: float, y: float, content: str, *, anchor: str = "start", kind: str = "") -> str:
    """A text element."""
    attributes = f' class="{kind}"' if kind else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attributes}>{escape(content)}</text>'
    )


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
        label = "jitad" if exponent == 0 else f"{power(exponent)} {TIMES}"
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
    peer: str, found: Sequence[tuple[str, float]], y: float, place: Callable[[float], float]
) -> Iterator[str]:
    yield text(_LEFT - 12, y + 4, peer, anchor="end")
    limit = 0.0 if is_own(peer) else WON
    for name, ratio in found:
        kind = "dot won" if ratio < limit else "dot"
        title = escape(f"{name}: {ratio:.3g} times jitad's time")
        yield (
            f'<circle cx="{place(ratio):.1f}" cy="{y:.1f}" r="4.5" class="{kind}">'
            f"<title>{title}</title></circle>"
        )
    middle = median([ratio for _, ratio in found])
    assert middle is not None, "only tools that were measured have a row"
    x = place(middle)
    yield _line(x, y - 9, x, y + 9, "median")
    wins = sum(ratio < limit for _, ratio in found)
    said = f"{short(middle)} {TIMES}" + (f", wins {wins} of {len(found)}" if wins else "")
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


@dataclass(frozen=True)
class _Axes:
    """Logarithmic axes: which range lies between which pixels."""

    low_x: float
    high_x: float
    low_y: float
    high_y: float
    left: float = 52
    right: float = _PANEL_WIDTH - 160
    top: float = 12
    bottom: float = _PANEL_HEIGHT - 42

    def x(self, n: float) -> float:
        part = (math.log10(n) - self.low_x) / max(self.high_x - self.low_x, 1e-9)
        return self.left + part * (self.right - self.left)

    def y(self, t: float) -> float:
        part = (math.log10(t) - self.low_y) / max(self.high_y - self.low_y, 1e-9)
        return self.bottom - part * (self.bottom - self.top)

    def parts(self, name: str) -> Iterator[str]:
        """Grid lines and labels."""
        for exponent in range(math.ceil(self.low_y), math.floor(self.high_y) + 1):
            y = self.y(10.0**exponent)
            yield _line(self.left, y, self.right, y, "grid")
            yield text(self.left - 6, y + 4, duration(10.0**exponent), anchor="end", kind="tick")
        for exponent in range(math.ceil(self.low_x), math.floor(self.high_x) + 1):
            x = self.x(10.0**exponent)
            yield text(x, self.bottom + 17, power(exponent), anchor="middle", kind="tick")
        middle = (self.left + self.right) / 2
        yield text(middle, self.bottom + 35, name, anchor="middle", kind="tick")


def growth(found: Growth, colours: Mapping[str, int]) -> str:
    """Time against n, both logarithmic; on the right the names, with the exponents."""
    curves = [curve for curve in found.curves if curve.sizes]
    sizes = [math.log10(n) for curve in curves for n in curve.sizes]
    seconds = [math.log10(t) for curve in curves for t in curve.seconds]
    axes = _Axes(min(sizes), max(sizes), min(seconds), max(seconds))
    parts = list(axes.parts(found.axis))
    ends = {curve.peer: axes.y(curve.seconds[-1]) for curve in curves}
    heights = _apart(ends, axes.bottom)
    for curve in curves:
        colour = colours.get(curve.peer, len(colours))
        points = list(zip(curve.sizes, curve.seconds, strict=True))
        path = " ".join(f"{axes.x(n):.1f},{axes.y(t):.1f}" for n, t in points)
        x, y, height = axes.x(points[-1][0]), ends[curve.peer], heights[curve.peer]
        parts.append(f'<polyline points="{path}" class="curve c{colour}"/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="c{colour} end"/>')
        parts.append(_line(x, y, axes.right + 6, height, f"curve c{colour} leader"))
        exponent = "" if curve.exponent is None else f"  n^{curve.exponent:.2f}"
        label = f"{curve.peer}{exponent}"
        parts.append(text(axes.right + 10, height + 4, label, kind=f"f{colour}"))
    return _svg(_PANEL_WIDTH, _PANEL_HEIGHT, found.title, parts)


def _apart(places: Mapping[str, float], bottom: float, least: float = 15.0) -> dict[str, float]:
    """The labels' heights: as near to the curves' ends as they get without overlap."""
    names = sorted(places, key=lambda name: places[name])
    room = bottom - least * (len(names) - 1)
    moved: dict[str, float] = {}
    above = -math.inf
    for k, name in enumerate(names):
        above = moved[name] = min(max(places[name], above + least), room + least * k)
    return moved
