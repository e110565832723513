"""Photographs are read, and nothing else that Pillow knows."""

import numpy as np
import pytest
from PIL import Image

import swiftalexnet as sa
from swiftalexnet.decoding import read_picture
from swiftalexnet.picture_formats import extensions, readable
from swiftalexnet.preprocessing import Geometry

PICTURE = Image.fromarray(np.full((20, 20, 3), 90, np.uint8))
NO_PHOTOGRAPHS = {".eps", ".ps", ".pdf", ".mpg", ".mpeg", ".wmf", ".emf", ".bufr", ".grib", ".h5", ".hdf", ".fits"}


def test_documents_films_and_data_are_left_out():
    assert not extensions() & NO_PHOTOGRAPHS
    assert {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".webp", ".mpo"} <= extensions()
    assert not set(readable()) & {"EPS", "PDF", "MPEG", "WMF", "BUFR", "GRIB", "HDF5", "FPX", "MIC", "FITS"}


def test_a_folder_does_not_list_them(tmp_path):
    (tmp_path / "cat").mkdir()
    PICTURE.save(tmp_path / "cat" / "1.png")
    for extension in ("eps", "pdf"):
        PICTURE.save(tmp_path / "cat" / f"1.{extension}")
    assert [path.name for path in sa.ImageFolder(tmp_path).paths] == ["1.png"]


@pytest.mark.parametrize("form", ["eps", "pcx", "sgi"])
def test_content_counts_not_the_name(tmp_path, form):
    PICTURE.save(tmp_path / "photo.jpg", form)
    if form == "eps":
        with pytest.raises(ValueError, match=r"photo.jpg cannot be decoded"):
            read_picture(tmp_path / "photo.jpg", Geometry(16, 3, "area"))
    else:
        assert (read_picture(tmp_path / "photo.jpg", Geometry(16, 3, "area")) == 90).all()
