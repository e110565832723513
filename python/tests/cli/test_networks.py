"""The commands `summary`, `memory` and `profile`; see test_cli.py for the errors that all commands share."""

import json

import pytest
from support import tiny_model

from swiftalexnet.cli import main


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "tiny.safetensors"
    tiny_model().save(path)
    return str(path)


def run(capsys, *arguments):
    code = main(arguments)
    return code, capsys.readouterr()


def test_memory_of_a_variant_and_of_a_file(model_file, capsys):
    code, text = run(capsys, "memory", "cifar-18pct", "--batch", "8", "--training")
    assert code == 0 and "a training step on 8 pictures" in text.out and "gradients" in text.out
    code, text = run(capsys, "memory", model_file, "--batch", "8", "--json")
    use = json.loads(text.out)
    assert code == 0 and use["total"] == tiny_model().memory(8).total


def test_profile_writes_table_and_picture(model_file, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "profile.png"
    code, text = run(capsys, "profile", model_file, "--batch", "4", "--repeats", "1", "--output", str(picture))
    assert code == 0 and "conv1 + relu1" in text.out and f"saved {picture}" in text.out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_profile_as_json(model_file, capsys):
    code, text = run(capsys, "profile", model_file, "--batch", "4", "--repeats", "1", "--training", "--json")
    result = json.loads(text.out)
    assert code == 0 and result["training"] and result["batch"] == 4
    assert {row["direction"] for row in result["rows"]} == {"forward", "backward"}


@pytest.mark.parametrize("command", ["memory", "profile"])
def test_bad_numbers_are_one_line(model_file, capsys, command):
    code, text = run(capsys, command, model_file, "--batch", "0")
    assert code == 2 and text.err.startswith("swiftalexnet: ") and "batch" in text.err


def test_a_picture_that_cannot_be_written_is_refused_first(model_file, capsys):
    code, text = run(capsys, "profile", model_file, "--output", "/no/such/folder/profile.png")
    assert code == 2 and "/no/such/folder" in text.err
