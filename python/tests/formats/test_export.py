"""The door for writing other formats."""

import pytest
from support import tiny_model

from swiftalexnet.formats.export import WRITERS


def test_the_format_is_named_or_follows_from_the_suffix(tmp_path):
    model = tiny_model()
    with pytest.raises(
        ValueError, match=r"unknown suffix '.pt', expected one of .onnx, .safetensors, .caffemodel, .h5"
    ):
        model.export(tmp_path / "m.pt")
    with pytest.raises(ValueError, match="unknown format 'onxx'.*did you mean 'onnx'"):
        model.export(tmp_path / "m", "onxx")
    with pytest.raises(TypeError, match="export: preprocessing: torchvision takes no options"):
        model.export(tmp_path / "m", "torchvision", preprocessing=True)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_told_before_any_work(tmp_path):
    with pytest.raises(FileNotFoundError):
        tiny_model().export(tmp_path / "folder" / "m.onnx")


def test_every_writer_has_a_suffix_of_its_own():
    assert len({writer.suffix for writer in WRITERS.values()}) == len(WRITERS)
