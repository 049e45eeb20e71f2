"""The command line does what its help says, and says what is wrong with what it is given."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from jitad.__main__ import main

MODEL = """
import jitad
import numpy as np

threshold = 3.0


def product(x1, x2):
    return np.log(x1) + x1 * x2 - np.sin(x2)


def total(x, scale=1.0):
    return scale * np.sum(x**2)


@jitad.custom_jvp
def wrong(x):
    return np.sin(x)


wrong.defjvp(lambda primals, tangents: (wrong(*primals), tangents[0]))


def failing(x):
    return np.no_such_function(x)


def refused(x):
    return np.sort_complex(x)
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with functions, in the folder in which the commands are run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    np.save(tmp_path / "x.npy", np.array([1.0, 2.0]))
    return "model.py"


def test_trace(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", f"{model}:product", "--at", "2,5"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"v5 +v3 - v4 +11\.6521", text)
    assert re.search(r"primal +value +tangent +adjoint", text)


def test_trace_of_lists_and_files(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", f"{model}:total", "--at", "[1,2]", "--mode", "reverse"]) == 0
    by_list = capsys.readouterr().out
    command = ["trace", f"{model}:total", "--arg", "x=x.npy", "--arg", "scale=1"]
    assert main([*command, "--mode", "reverse"]) == 0
    by_file = capsys.readouterr().out
    assert "y" in by_list and "5" in by_list and "5" in by_file


def test_pages_and_graphs(model: str, tmp_path: Path) -> None:
    assert (
        main(["trace", f"{model}:product", "--at", "2,5", "--html", "a.html", "--dot", "a.dot"])
        == 0
    )
    assert "log" in (tmp_path / "a.html").read_text()
    assert (tmp_path / "a.dot").read_text().startswith("digraph")


@pytest.mark.parametrize("options", [[], ["--grad"]])
def test_explain(model: str, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", f"{model}:total", "--at", "[1,2,3]", *options]) == 0
    text = capsys.readouterr().out
    assert "== trace" in text and "define" in text


def test_check(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{model}:product", "--at", "2,5", "--order", "3"]) == 0
    assert "order 1 to 3 agree" in capsys.readouterr().out
    assert main(["check", f"{model}:wrong", "--at", "0.5", "--order", "1"]) == 1
    assert "model.py:wrong: " in capsys.readouterr().out


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    for name in ("Python", "jitad", "numpy", "processor", "threads", "torch"):
        assert re.search(rf"^{name} +\S", text, re.M)


def test_what_jitad_refuses(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", f"{model}:refused", "--at", "[1,2]"]) == 2
    assert "complex numbers" in capsys.readouterr().err


def test_what_the_function_raises(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", f"{model}:failing", "--at", "[1,2]"]) == 2
    said = capsys.readouterr().err
    assert "no_such_function" in said and "model.py" in said
    assert len(said.splitlines()) < 10, said


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("trace product --at 1,2", "names no function"),
        ("trace nowhere:product --at 1,2", "no module 'nowhere'"),
        ("trace nowhere.py:product --at 1,2", "no file 'nowhere.py'"),
        ("trace model.py:products --at 1,2", "no 'products'; it has product"),
        ("trace model.py:threshold --at 1,2", "is no function, but a float"),
        ("trace model.py:product --at 1,b", "'1,b' is no number"),
        ("trace model.py:product --at 2", "missing a required argument: 'x2'"),
        ("check model.py:product", "write --at 1.5,2 for two numbers"),
        ("explain model.py:total --at 1,2,3", "--at [1.5,2] for one array"),
        ("trace model.py:total --at 1 --arg size=2", "unexpected keyword argument 'size'"),
        ("trace model.py:total --at 1 --html none/page.html", "page.html cannot be written"),
        ("trace model.py:total --arg x", "write --arg name=value"),
        ("trace model.py:total --arg x=y.npy", "y.npy cannot be read"),
        ("trace model.py:total --at 1 --mode sideways", "invalid choice"),
        ("nonsense", "invalid choice"),
    ],
)
@pytest.mark.usefixtures("model")
def test_what_cannot_be_used(command: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
