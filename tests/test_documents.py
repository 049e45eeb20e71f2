"""The documents are true: their Python blocks run, in order, and print the text that follows.

Where a text holds figures that vary from run to run, the line `<!-- figures vary -->` stands before
it, and every number counts as equal to every other. Links to files lead to files.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "examples").glob("*.md"))]

COMMANDS = {
    "main job": "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/python -m jitad",
    "tests": "python3 -m venv .venv && .venv/bin/pip install '.[test]'"
    " && .venv/bin/python -m pytest -n 2",
}
"""The README's shell blocks, each by the marker before it."""

FENCED = re.compile(
    r"^(?:<!-- (?P<marker>[^\n]+) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$", re.M | re.S
)


class Block(NamedTuple):
    """A fenced block: its language, its text, the marker before it, its first line's number."""

    language: str
    body: str
    marker: str | None
    line: int


def blocks(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    found = [
        Block(match["language"], match["body"], match["marker"], _line(text, match.start("body")))
        for match in FENCED.finditer(text)
    ]
    assert 2 * len(found) == len(re.findall(r"^```", text, re.M)), "a block is not understood"
    return found


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def run(block: Block, document: Path, namespace: dict[str, Any]) -> str:
    """What the block prints; its lines have the numbers that they have in the document."""
    code = compile("\n" * (block.line - 1) + block.body, str(document), "exec")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    return printed.getvalue()


def without_figures(text: str) -> list[str]:
    """The words of a text, each number replaced by #."""
    return re.sub(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?", "#", text).split()


def each_document(test: Any) -> Any:
    names = [str(document.relative_to(ROOT)) for document in DOCUMENTS]
    return pytest.mark.parametrize("document", DOCUMENTS, ids=names)(test)


@each_document
def test_python_blocks_print_what_follows(document: Path) -> None:
    namespace: dict[str, Any] = {"__name__": document.stem}
    printed = ""
    for block in blocks(document):
        where = f"{document.name}:{block.line}"
        if block.language == "python":
            assert not printed, f"before {where}: printed but not shown: {printed}"
            printed = run(block, document, namespace)
        elif block.language == "text":
            assert printed, f"{where}: text that no block has printed"
            if block.marker == "figures vary":
                assert without_figures(printed) == without_figures(block.body)
            else:
                assert printed == block.body, where
            printed = ""
    assert not printed, f"{document.name}: printed but not shown: {printed}"


@each_document
def test_links_lead_to_files(document: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", document.read_text(encoding="utf-8"))
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert not [link for link in links if not (document.parent / link).exists()]


@each_document
def test_every_block_is_checked(document: Path) -> None:
    languages = {"python", "text", "sh"} if document.parent == ROOT else {"python", "text"}
    assert {block.language for block in blocks(document)} <= languages


def test_the_index_has_all_examples() -> None:
    index = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    found = {path for path in (ROOT / "examples").rglob("*") if path.suffix in {".py", ".md"}}
    shown = {ROOT / "examples" / link for link in re.findall(r"\]\(([^)]+)", index)}
    assert shown == found - {ROOT / "examples" / "README.md"}


def test_shell_blocks_are_the_documented_commands() -> None:
    shell = {block.marker: block.body.strip() for block in blocks(README) if block.language == "sh"}
    assert shell == COMMANDS


@pytest.mark.parametrize("marker", COMMANDS)
def test_markers_occur_once(marker: str) -> None:
    assert README.read_text(encoding="utf-8").splitlines().count(f"<!-- {marker} -->") == 1
