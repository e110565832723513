"""Image files from the names of files and folders: in order, and only images below a folder."""

import os

import pytest
from support import photo_folder

import swiftalexnet as sa
from swiftalexnet.cli.image_files import ImageFiles, image_files
from swiftalexnet.images.geometry import Geometry


def test_a_folder_gives_the_files_of_image_folder(tmp_path):
    folder = photo_folder(tmp_path / "photos", count=12)
    for name in ("deeper/z.jpg", "deeper/.hidden.jpg", "notes.txt", ".hidden/x.jpg", "B.JPEG"):
        path = folder / "dark" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    with pytest.warns(UserWarning, match=r"photos: 1 of extension \.txt"):
        found = image_files([str(folder)])
    assert found == [str(path) for path in sa.ImageFolder(folder).paths]
    assert sum("dark" in name for name in found) == 14


def test_a_file_is_taken_whatever_its_name(tmp_path):
    (tmp_path / "image").write_bytes(b"")
    assert image_files([str(tmp_path / "image")] * 2) == [str(tmp_path / "image")] * 2


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        image_files([str(tmp_path / "missing.jpg")])
    with pytest.raises(ValueError, match="no images"):
        image_files([str(tmp_path)])


def test_an_unreadable_folder_is_not_an_empty_one(tmp_path, monkeypatch):
    folder = photo_folder(tmp_path / "photos")
    scan = os.scandir

    def locked(path):
        if str(path).endswith("low"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(PermissionError, match="low"):
        image_files([str(folder)])


def test_broken_files_are_recorded_or_raise(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"broken")
    geometry, names = Geometry(20, 3, "area"), [str(tmp_path / "broken.png"), str(tmp_path / "missing.png")]
    data = ImageFiles(names, True)
    assert [data.image(index, geometry) for index in (0, 1)] == [None, None]
    assert data.skipped == 2 and isinstance(data.errors[1], OSError)
    with pytest.raises(ValueError, match="broken"):
        ImageFiles(names, False).image(0, geometry)
