"""Formats are recognised by content, whatever the name."""

import re
import zipfile

import numpy as np
import pytest
from small_weights import torchvision_alexnet
from support import tiny_model

import swiftalexnet as sa
from swiftalexnet.files.source import opened_source
from swiftalexnet.formats.recognition import recognize


def kind(path):
    with opened_source(path, "test") as file:
        return recognize(file)


def zipped(path, *names):
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, b"")
    return path


def test_by_the_first_bytes(tmp_path):
    path = tmp_path / "misleading.png"
    tiny_model().save(path)
    assert kind(path) == "swiftalexnet"
    with open(path, "wb") as file:
        np.savez(file, **torchvision_alexnet())
    assert kind(path) == "numpy"
    for start, expected in (
        (b"\x89HDF\r\n\x1a\n", "keras"),
        (b"MATLAB 5.0 MAT-file", "matconvnet"),
        (b"MATLAB 7.3 MAT-file" + bytes(493) + b"\x89HDF\r\n\x1a\n", "matconvnet"),
        (b"\x93NUMPY\x01\x00", "numpy"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "torch"),
        (b"\x08\x07:\x02\x0a\x00", "onnx"),
        (b"\x0a\x03net\xa2\x06\x00", "caffe"),
    ):
        path.write_bytes(start)
        assert kind(path) == expected, start
    assert kind(zipped(path, "archive/data.pkl", "archive/data/0")) == "torch"
    assert kind(zipped(path, "config.json", "model.weights.h5")) == "keras"


@pytest.mark.parametrize(
    "data", [b"", b"x", b"GIF89a", b"{}", bytes(4096), b"\x0a\x05ab", b"name: 'CaffeNet'\nlayer {"]
)
def test_anything_else_is_refused_with_what_is_read(data, tmp_path):
    path = tmp_path / "m.pth"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"m\.pth is none of the formats that this package reads: .*PyTorch"):
        sa.load(path)
    with pytest.raises(ValueError, match=r"m\.pth is none of the formats"):
        sa.inspect(path)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4a\nsize 553507836\n",
            "a pointer of Git LFS: `git lfs",
        ),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>404", "a page of the web"),
        (b'name: "CaffeNet"\ninput: "data"\n', "its .caffemodel with prototxt="),
        (b'layer {\n  name: "data"', "its .caffemodel with prototxt="),
    ],
)
def test_what_is_often_handed_over_instead_of_weights(data, hint, tmp_path):
    (tmp_path / "m.pth").write_bytes(data)
    with pytest.raises(ValueError, match=re.escape(hint)):
        sa.load(tmp_path / "m.pth")


def test_a_zip_of_other_things(tmp_path):
    with pytest.raises(ValueError, match="neither PyTorch, Keras nor numpy: it has a.txt"):
        sa.load(zipped(tmp_path / "m", "a.txt"))


def test_folders_pipes_and_missing_files(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe")
    for path, error in (
        (tmp_path, IsADirectoryError),
        (tmp_path / "pipe", OSError),
        (tmp_path / "no", FileNotFoundError),
    ):
        with pytest.raises(error):
            sa.load(path)
