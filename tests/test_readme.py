"""The README is true: its Python blocks run, in order, and print the text blocks that follow.

Where the text holds figures that vary from run to run, the line `<!-- figures vary -->` stands
before it, and every number counts as equal to every other.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"

COMMANDS = {
    "main job": "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/python -m jitad",
    "tests": "python3 -m venv .venv && .venv/bin/pip install '.[test]'"
    " && .venv/bin/python -m pytest -n 2",
}
"""Every shell block by the marker before it."""

FENCED = re.compile(
    r"^(?:<!-- (?P<marker>[^\n]+) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$", re.M | re.S
)


class Block(NamedTuple):
    """A fenced block: its language, its text, the marker before it, its first line's number."""

    language: str
    body: str
    marker: str | None
    line: int


def blocks() -> list[Block]:
    text = README.read_text(encoding="utf-8")
    found = [
        Block(match["language"], match["body"], match["marker"], _line(text, match.start("body")))
        for match in FENCED.finditer(text)
    ]
    assert 2 * len(found) == len(re.findall(r"^```", text, re.M)), "a block is not understood"
    return found


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def run(block: Block, namespace: dict[str, Any]) -> str:
    """What the block prints; its lines have the numbers that they have in the README."""
    code = compile("\n" * (block.line - 1) + block.body, str(README), "exec")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    return printed.getvalue()


def without_figures(text: str) -> list[str]:
    """The words of a text, each number replaced by #."""
    return re.sub(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?", "#", text).split()


def test_python_blocks_print_what_follows() -> None:
    namespace: dict[str, Any] = {"__name__": "readme"}
    shown: list[Block] = [block for block in blocks() if block.language in {"python", "text"}]
    assert any(block.language == "python" for block in shown)
    printed = None
    for block in shown:
        if block.language == "python":
            assert not printed, f"before README.md:{block.line}: printed but not shown: {printed}"
            printed = run(block, namespace)
        else:
            assert printed is not None, f"README.md:{block.line}: text that no block has printed"
            if block.marker == "figures vary":
                assert without_figures(printed) == without_figures(block.body)
            else:
                assert printed == block.body, f"README.md:{block.line}"
            printed = None
    assert not printed, f"printed but not shown: {printed}"


def test_shell_blocks_are_the_documented_commands() -> None:
    shell = {block.marker: block.body.strip() for block in blocks() if block.language == "sh"}
    assert shell == COMMANDS


def test_every_block_is_checked() -> None:
    assert {block.language for block in blocks()} <= {"python", "text", "sh"}


@pytest.mark.parametrize("marker", COMMANDS)
def test_markers_occur_once(marker: str) -> None:
    assert README.read_text(encoding="utf-8").splitlines().count(f"<!-- {marker} -->") == 1
