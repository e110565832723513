"""A format whose library is not installed names the extra that brings it; nothing else needs one."""

import sys
from pathlib import Path

import pytest
from support import tiny_model

import swiftalexnet as sa

FILES = Path(__file__).parent / "files"
LIBRARIES = ("google.protobuf", "h5py", "onnx", "scipy", "torch")


@pytest.fixture
def bare(monkeypatch):
    """No library but those of the core."""
    for name in [*sys.modules]:
        if name.split(".")[0] in ("google", "h5py", "onnx", "scipy", "torch"):
            monkeypatch.delitem(sys.modules, name)
    for library in LIBRARIES:
        monkeypatch.setitem(sys.modules, library, None)


@pytest.mark.parametrize(
    ("start", "library", "extra"),
    [
        (b"\x0a\x03net\xa2\x06\x00", "protobuf", "caffe"),
        (b"\x89HDF\r\n\x1a\n" + bytes(200), "h5py", "keras"),
        (b"\x08\x07:\x02\x0a\x00", "onnx", "onnx"),
        (b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(200), "h5py", "matlab"),
    ],
    ids=["caffe", "keras", "onnx", "matlab"],
)
def test_the_extra_is_named(bare, tmp_path, start, library, extra):
    path = tmp_path / "weights"
    path.write_bytes(start)
    for read in (sa.load, sa.inspect):
        with pytest.raises(ImportError, match=rf"needs {library}: pip install 'swiftalexnet\[{extra}\]'"):
            read(path)


@pytest.mark.parametrize(("suffix", "extra"), [(".onnx", "onnx"), (".caffemodel", "caffe"), (".h5", "keras")])
def test_the_extra_is_named_by_export(bare, tmp_path, suffix, extra):
    with pytest.raises(ImportError, match=rf"swiftalexnet\[{extra}\]"):
        tiny_model().export(tmp_path / f"m{suffix}")
    assert not list(tmp_path.iterdir())


def test_other_formats_need_none(bare):
    assert sa.load(FILES / "torch_alexnet.pth").variant == "owt"
