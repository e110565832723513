"""Files that commands write, and the commands that draw."""

import json
import os
import sys

import pytest
from command_line import refused, run
from support import needs, photo_folder, tiny_model

from swiftalexnet.cli import targets


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny_model().save("m")
    return "m"


def test_existing_files_are_kept_without_force(tmp_path):
    path = tmp_path / "file"
    assert targets.check_new(path, False) == path
    path.write_text("mine")
    assert targets.check_new(path, True) == path
    with pytest.raises(FileExistsError, match="--force"):
        targets.check_new(path, False)
    with pytest.raises(IsADirectoryError):
        targets.check_new(tmp_path, True)


def test_kernels(model, capsys):
    needs("matplotlib")
    code, out, _ = run(capsys, "kernels", model)
    assert code == 0 and out == "saved kernels.png\n"
    with open("kernels.png", "rb") as file:
        assert file.read().startswith(b"\x89PNG")
    assert "kernels.png" in refused(capsys, "kernels", model)
    assert run(capsys, "kernels", "--model", model, "--force", "--output", "kernels.png")[0] == 0
    assert run(capsys, "kernels", "--model", model, "--output", "K.PDF")[0] == 0


def test_panel(model, tmp_path, capsys):
    needs("matplotlib")
    folder = photo_folder(tmp_path / "photos")
    words = ["panel", model, "--test", folder, "--train", folder, "--layer", "relu6", "--json"]
    code, out, _ = run(capsys, *words)
    assert code == 0 and json.loads(out) == {"figure": "panel.png"}
    with open("panel.png", "rb") as file:
        assert file.read().startswith(b"\x89PNG")


@pytest.mark.parametrize("output", ["figure", "figure.xyz", "figure.", "missing/figure.png", "."])
def test_a_figure_that_cannot_be_written_is_refused_first(output, model, capsys, monkeypatch):
    needs("matplotlib")
    monkeypatch.setattr(targets, "write_atomically", lambda *_: pytest.fail("written"))
    refused(capsys, "kernels", model, "--output", output)
    assert os.listdir() == ["m"]


def test_a_missing_matplotlib_names_the_extra(model, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    assert "pip install 'swiftalexnet[plots]'" in refused(capsys, "kernels", model)
