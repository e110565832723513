"""The commands that draw."""

import json
import sys

import pytest
from support import photo_folder, tiny_model

from swiftalexnet.cli import main


@pytest.fixture
def model(tmp_path):
    tiny_model().save(tmp_path / "m.safetensors")
    return str(tmp_path / "m.safetensors")


def test_kernels(model, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    output = tmp_path / "kernels.png"
    assert main(["kernels", "--model", model, "--output", str(output)]) == 0
    assert output.read_bytes().startswith(b"\x89PNG") and str(output) in capsys.readouterr().out


def test_panel(model, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    folder, output = str(photo_folder(tmp_path / "photos")), tmp_path / "panel.png"
    command = ["panel", "--model", model, "--test", folder, "--train", folder, "--layer", "relu6", "--json"]
    assert main([*command, "--output", str(output)]) == 0
    assert output.read_bytes().startswith(b"\x89PNG")
    assert json.loads(capsys.readouterr().out) == {"figure": str(output)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kernels", "--model", "{model}", "--layer", "conv2"], "conv2"),
        (["kernels", "--model", "{model}", "--output", "missing/k.png"], "missing"),
        (["panel", "--model", "{model}", "--test", "missing", "--train", "missing"], "missing"),
    ],
)
def test_user_errors_are_one_line_and_code_2(arguments, message, model, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([argument.format(model=model) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("swiftalexnet: ") and message in error and len(error.splitlines()) == 1


def test_a_missing_matplotlib_names_the_extra(model, monkeypatch, capsys):
    from swiftalexnet.plots import figures

    figures._figure_class.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["kernels", "--model", model]) == 2
    assert "pip install 'swiftalexnet[plots]'" in capsys.readouterr().err
