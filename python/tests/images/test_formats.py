"""Photographs are read, and nothing else that Pillow knows."""

import sys
import types

import numpy as np
import pytest
from PIL import Image

import swiftalexnet as sa
from swiftalexnet.images import formats as image_formats
from swiftalexnet.images.decoding import read_image
from swiftalexnet.images.formats import extensions, readable
from swiftalexnet.images.geometry import Geometry

IMAGE = Image.fromarray(np.full((20, 20, 3), 90, np.uint8))
NO_PHOTOGRAPHS = {".eps", ".ps", ".pdf", ".mpg", ".mpeg", ".wmf", ".emf", ".bufr", ".grib", ".h5", ".hdf", ".fits"}


def test_documents_films_and_data_are_left_out():
    assert not extensions() & NO_PHOTOGRAPHS
    assert {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".webp", ".mpo"} <= extensions()
    assert not set(readable()) & {"EPS", "PDF", "MPEG", "WMF", "BUFR", "GRIB", "HDF5", "FPX", "MIC", "FITS"}


def test_a_folder_does_not_list_them(tmp_path):
    (tmp_path / "cat").mkdir()
    IMAGE.save(tmp_path / "cat" / "1.png")
    for extension in ("eps", "pdf"):
        IMAGE.save(tmp_path / "cat" / f"1.{extension}")
    assert [path.name for path in sa.ImageFolder(tmp_path).paths] == ["1.png"]


@pytest.mark.parametrize("form", ["eps", "pcx", "sgi"])
def test_content_counts_not_the_name(tmp_path, form):
    IMAGE.save(tmp_path / "photo.jpg", form)
    if form == "eps":
        with pytest.raises(ValueError, match=r"photo.jpg cannot be decoded"):
            read_image(tmp_path / "photo.jpg", Geometry(16, 3, "area"))
    else:
        assert (read_image(tmp_path / "photo.jpg", Geometry(16, 3, "area")) == 90).all()


HEADS = {
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "HEIC, by its kind": b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
    "JPEG XL": b"\xff\x0a" + bytes(40),
    "JPEG XL, in a box": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40),
}


@pytest.mark.parametrize("name", HEADS)
def test_photographs_that_need_a_plug_in_name_it(tmp_path, monkeypatch, name):
    monkeypatch.setattr(image_formats, "FORMATS", ("JPEG", "PNG"))
    form = name.partition(",")[0]
    (tmp_path / "x.jpg").write_bytes(HEADS[name])
    with pytest.raises(ValueError, match=rf"x.jpg cannot be decoded: {form} needs a plug-in: pip install pillow-"):
        read_image(tmp_path / "x.jpg", Geometry(16, 3, "area"))


@pytest.mark.parametrize("content", [b"", b"text", b"%PDF-1.4", bytes(100)])
def test_the_message_for_other_files_lists_the_formats(tmp_path, content):
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"x.jpg cannot be decoded: it is broken or not an image, expected one of JPEG, PNG"
    ):
        read_image(tmp_path / "x.jpg", Geometry(16, 3, "area"))


def test_an_installed_plug_in_is_used(monkeypatch):
    registered = []
    plug_in = types.ModuleType("pillow_heif")
    plug_in.register_heif_opener = lambda: registered.append(True)
    monkeypatch.setitem(sys.modules, "pillow_heif", plug_in)
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)  # not installed
    image_formats._load_plugins.cache_clear()
    image_formats.readable()
    assert registered == [True]


def test_a_broken_plug_in_is_ignored(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", types.ModuleType("pillow_heif"))
    image_formats._load_plugins.cache_clear()
    assert "JPEG" in image_formats.readable()
