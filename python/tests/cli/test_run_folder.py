"""A run's folder: whatever is in it is either refused with a typed error or resumed."""

import json
import os

import pytest
from command_line import refused, run
from support import tiny_model

import swiftalexnet as sa
from swiftalexnet.cli.run_folder import OPTIONS_NAME, RunFolder


@pytest.fixture
def stopped(photos, stop, capsys):
    """Create a stopped run; return a function that changes its file of options."""
    stop(2)
    assert run(capsys, "train", "photos", "--epochs", 2, "--batch-size", 8, "--quiet")[0] == 130
    path = photos.parent / "model.run" / OPTIONS_NAME

    def change(**options):
        content = json.loads(path.read_text())
        content["options"] |= options
        path.write_text(json.dumps(content))

    change.path = path
    return change


def test_it_is_next_to_the_output(tmp_path):
    for output, folder in (("a.safetensors", "a.run"), ("b", "b.run"), ("c.bin", "c.bin.run")):
        assert RunFolder.beside(tmp_path / output).path == tmp_path / folder


def test_the_options_are_readable_and_hold_from_every_folder(stopped):
    content = json.loads(stopped.path.read_text())
    assert content["swiftalexnet run"] == 1
    assert content["options"]["epochs"] == 2 and os.path.isabs(content["options"]["folder"])
    assert "resume" not in content["options"] and "force" not in content["options"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"swiftalexnet run": 2, "options": {}}',
        b'{"swiftalexnet run": 1}', b'{"swiftalexnet run": 1, "options": []}',
        b'{"swiftalexnet run": [1], "options": {}}',
        b'{"swiftalexnet run": 1, "options": {}}', b" " * (1 << 20) + b"{}", b"1" * 5000,
    ],
    ids=range(13),
)  # fmt: skip
def test_a_damaged_file_is_one_line(stopped, content, capsys):
    stopped.path.write_bytes(content)
    assert "model.run" in refused(capsys, "resume", "model.run")
    with pytest.raises(sa.CheckpointCorruptError):
        if RunFolder("model.run").read() == {}:
            raise sa.CheckpointCorruptError  # a file of options that says nothing is whole


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 0}, {"epochs": "many"}, {"epochs": 1e400}, {"epochs": None}, {"epochs": [1]}, {"epochs": True},
        {"epochs": {"a": 1}}, {"variant": "papr"}, {"learning_rate": -1}, {"seed": "--help"}, {"resume": "model.run"},
        {"help": True}, {"run": "os.system"}, {"no_validation": 1}, {"no_validation": False}, {"hold_out": "0/0"},
        {"folder": "-h"}, {"folder": ["photos"]}, {"folder": "a\0b"}, {"output": "a\0b"},
        {"no_validation": True, "validation": "x"},
        {"force": True}, {"precision": "double"}, {"cache": "yes"}, {"batch_size": 10**4000}, {"x" * 10_000: 1},
    ],
    ids=str,
)  # fmt: skip
def test_invalid_options_are_one_line(stopped, options, capsys):
    stopped(**options)
    refused(capsys, "resume", "model.run")


def test_a_link_or_a_pipe_instead_is_not_a_run(stopped, capsys):
    stopped.path.unlink()
    os.mkfifo(stopped.path)
    refused(capsys, "resume", "model.run")


def test_a_file_instead_of_the_folder_is_refused(photos, capsys):
    (photos.parent / "model.run").write_text("mine")
    assert "model.run" in refused(capsys, "train", "photos", "--epochs", 1)


def test_a_run_of_fit_is_resumed_with_typed_options(photos, stop, capsys):
    options = {"recipe": sa.recipe("paper", batch_size=8, epochs=2, schedule=sa.ConstantSchedule())}
    stop(2)
    with pytest.raises(KeyboardInterrupt):
        tiny_model().fit(sa.ImageFolder("photos"), checkpoint="kept", progress=False, **options)
    typed = ["--no-validation", "--batch-size", 8, "--epochs", 2, "--quiet", "--resume", "kept"]
    assert "kept" in refused(capsys, "train", *typed)
    assert run(capsys, "train", "photos", *typed)[0] == 0
    assert sa.load("model.safetensors").num_classes == 4 and os.path.exists("kept/checkpoint.safetensors")
