"""Files of a folder: images, other files, and folders that are parts of a data set instead of classes."""

import warnings

import pytest
from support import photo_folder

import swiftalexnet as sa


@pytest.mark.parametrize("parts", [("train", "validation"), ("Train", "Test"), ("train", "val", "test"), ("train",)])
def test_folders_named_like_parts_of_a_data_set_are_a_warning(tmp_path, parts):
    for part in parts:
        photo_folder(tmp_path / part, count=1)
    with pytest.warns(
        UserWarning, match=r"which become the classes.*give one of them, ImageFolder\('.*[Tt](rain|est)'\)"
    ):
        assert len(sa.ImageFolder(tmp_path).classes) == len(parts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sa.ImageFolder(tmp_path, classes=parts)  # somebody who says so means it
        sa.ImageFolder(tmp_path / parts[0])


def test_classes_that_are_called_so_are_classes(tmp_path):
    photo_folder(tmp_path, count=1)
    (tmp_path / "dark").rename(tmp_path / "train")
    (tmp_path / "train" / "deeper").mkdir()
    (tmp_path / "low").rename(tmp_path / "test")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "train" in sa.ImageFolder(tmp_path).classes


def test_a_class_of_files_that_cannot_be_read_names_the_way(tmp_path):
    folder = photo_folder(tmp_path, count=1)
    (folder / "phone").mkdir()
    for number in range(3):
        (folder / "phone" / f"{number}.HEIC").write_bytes(b"")
    (folder / "phone" / "list.txt").write_text("")
    message = r"no image in .*phone; 3 files of extension .heic \(HEIC needs a plug-in: pip install pillow-heif\)"
    with pytest.raises(ValueError, match=message):
        sa.ImageFolder(folder)
    with pytest.raises(ValueError, match=message):
        sa.ImageFolder(folder, classes=("bright", "dark", "low", "top", "phone"))
    for path in (folder / "phone").glob("*.HEIC"):
        path.unlink()
    assert len(sa.ImageFolder(folder, classes=("bright", "dark", "low", "top", "phone"))) == 4


def test_others_are_named_by_class(tmp_path):
    folder = photo_folder(tmp_path, count=1)
    (folder / "dark" / "deeper").mkdir()
    for name in ("b.txt", "a", "deeper/c.JXL"):
        (folder / "dark" / name).write_bytes(b"")
    (folder / "dark" / ".hidden").write_bytes(b"")
    data = sa.ImageFolder(folder)
    assert [path.name for path in data.others["dark"]] == ["a", "b.txt", "c.JXL"] and len(data.others) == 1
    reasons = data.left_out()["dark"]
    assert reasons.pop("of extension .jxl (JPEG XL needs a plug-in: pip install pillow-jxl-plugin)") == 1
    assert reasons == {"without extension": 1, "of extension .txt": 1}
