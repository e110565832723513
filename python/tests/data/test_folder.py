"""Data sets: which folders and arrays are accepted and which are refused."""

import errno
import os

import numpy as np
import pytest
from support import CLASSES, labelled_images, photo_folder

import swiftalexnet as sa
from swiftalexnet.images.geometry import Geometry, Whole

GEOMETRY = Geometry(20, 3, "area")


def test_folder_is_sorted_and_labelled(tmp_path):
    data = sa.ImageFolder(photo_folder(tmp_path))
    assert data.classes == CLASSES and len(data) == 24
    assert data.paths == sorted(data.paths)
    assert [data.classes[label] for label in data.labels] == [path.parent.name for path in data.paths]
    assert data.image(0, GEOMETRY).shape == (20, 20, 3)


def test_folder_ignores_hidden_and_other_files_and_searches_to_any_depth(tmp_path):
    photo_folder(tmp_path, count=1)
    (tmp_path / ".cache").mkdir()
    (tmp_path / "dark" / "notes.txt").write_text("no image")
    (tmp_path / "dark" / "deeper").mkdir()
    (tmp_path / "dark" / "0.png").rename(tmp_path / "dark" / "deeper" / "0.PNG")
    data = sa.ImageFolder(tmp_path)
    assert data.classes == CLASSES and len(data) == 4


def test_a_relative_folder_is_that_of_the_working_directory(tmp_path, monkeypatch):
    absolute = sa.ImageFolder(photo_folder(tmp_path / "photos"))
    monkeypatch.chdir(tmp_path)
    data = sa.ImageFolder("photos")
    assert [path.resolve() for path in data.paths] == absolute.paths and not data.paths[0].is_absolute()
    assert np.array_equal(data.image(0, GEOMETRY), absolute.image(0, GEOMETRY))
    assert data.file_names == absolute.file_names


def test_folder_with_given_classes(tmp_path):
    photo_folder(tmp_path, count=1)
    data = sa.ImageFolder(tmp_path, classes=("top", "low", "dark", "bright", "absent"))
    assert data.classes[data.labels[0]] == "top"
    with pytest.raises(ValueError, match="holds top"):
        sa.ImageFolder(tmp_path, classes=CLASSES[:3])


def test_folders_without_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no class folders"):
        sa.ImageFolder(tmp_path)
    photo_folder(tmp_path / "some", count=1)
    (tmp_path / "some" / "empty").mkdir()
    with pytest.raises(ValueError, match="no image in .*empty"):
        sa.ImageFolder(tmp_path / "some")
    with pytest.raises(FileNotFoundError):
        sa.ImageFolder(tmp_path / "missing")
    with pytest.raises(NotADirectoryError):
        sa.ImageFolder(tmp_path / "some" / "dark" / "0.png")


def test_what_another_process_could_not_read_counts(tmp_path):
    data = sa.ImageFolder(photo_folder(tmp_path), on_error="skip", max_errors=1)
    data.note_missing(7, "cut short")
    data.note_missing(7, "another reason")
    assert (data.why_missing(7), data.skipped, data.left_out()) == ("cut short", 1, {"dark": {"broken": 1}})
    with pytest.raises(ValueError, match="2 cannot be read, max_errors allows 1"):
        data.note_missing(3, "cut short")
    with pytest.raises(IndexError, match=r"ImageFolder\.note_missing: index"):
        data.note_missing(len(data), "")


def test_why_missing_refuses_an_index_out_of_range(tmp_path):
    data = sa.ImageFolder(photo_folder(tmp_path))
    assert data.why_missing(0) == ""
    with pytest.raises(IndexError, match=r"ImageFolder\.why_missing: index"):
        data.why_missing(len(data))


def test_broken_image_raises_or_is_counted(tmp_path):
    broken = photo_folder(tmp_path) / "dark" / "0.png"
    broken.write_bytes(broken.read_bytes()[:60])
    index = sa.ImageFolder(tmp_path).paths.index(broken)
    with pytest.raises(ValueError, match="0.png"):
        sa.ImageFolder(tmp_path).image(index, GEOMETRY)
    data = sa.ImageFolder(tmp_path, on_error="skip")
    assert data.image(index, GEOMETRY) is None and data.image(index, GEOMETRY) is None
    assert data.skipped == 1 and "0.png" in data.errors[broken]


def test_cache_keeps_decoded_images(tmp_path):
    data = sa.ImageFolder(photo_folder(tmp_path), cache=True)
    first = data.image(3, GEOMETRY)
    data.paths[3].unlink()
    assert data.image(3, GEOMETRY) is first
    with pytest.raises(FileNotFoundError):
        data.image(3, Geometry(21, 3, "area"))
    anywhere = Geometry(20, 3, "area", 24, (0.2, 0.8))
    assert data.image(4, anywhere) is not data.image(4, anywhere), "such crops come but once"


def test_arrays_of_the_right_size_are_not_copied():
    images, labels = labelled_images(5, side=20)
    data = sa.ArrayDataset(images, labels)
    assert np.shares_memory(data.image(2, GEOMETRY), images)
    assert not np.array_equal(data.image(2, Geometry(20, 3, "area", 24, (0.0, 0.0))), images[2])


def test_arrays_are_resized_and_recoloured():
    images, labels = labelled_images(5, side=31)
    assert sa.ArrayDataset(images, labels).image(0, Geometry(20, 1, "area")).shape == (20, 20, 1)
    assert sa.ArrayDataset(images[..., 0], labels).image(0, GEOMETRY).shape == (20, 20, 3)
    five = np.concatenate([images, images[..., :2]], axis=-1)
    assert sa.ArrayDataset(five, labels).image(0, Geometry(20, 5, "area")).shape == (20, 20, 5)
    with pytest.raises(ValueError, match="5 channels"):
        sa.ArrayDataset(five, labels).image(0, GEOMETRY)


IMAGES, LABELS = labelled_images(4)


@pytest.mark.parametrize("kind", ["folder", "arrays"])
def test_indices_out_of_range_are_refused(tmp_path, kind):
    data = sa.ImageFolder(photo_folder(tmp_path, count=1)) if kind == "folder" else sa.ArrayDataset(IMAGES, LABELS)
    assert np.array_equal(data.image(-1, GEOMETRY), data.image(np.int64(3), GEOMETRY))
    for index in (4, -5, 10**6, 2**70):
        with pytest.raises(IndexError, match=r"\.image: index is -?\d+, expected 0 to 3"):
            data.image(index, GEOMETRY)
    for index in ("x", 2.5, None, True, slice(2), [0]):
        with pytest.raises(TypeError, match=r"\.image: index is .*expected an integer"):
            data.image(index, GEOMETRY)


@pytest.mark.parametrize(
    ("geometry", "kind"),
    [
        (None, TypeError),
        ("x", TypeError),
        ([20, 3, "area"], TypeError),
        ((20, 3, "area"), TypeError),
        (Geometry(0, 3, "area"), ValueError),
        (Geometry(2**40, 3, "area"), ValueError),
        (Geometry(20.0, 3, "area"), TypeError),
        (Geometry(20, 3, "cubic"), ValueError),
        (Geometry(20, "3", "area"), TypeError),
        (Geometry(20, 3, "area", 19), ValueError),
        (Geometry(20, 3, "area", None, (0.5, 1.1)), ValueError),
        (Geometry(20, 3, "area", None, (0.5, float("nan"))), ValueError),
        (Geometry(20, 3, "area", None, 0.5), TypeError),
        (Whole(0, 3, "area"), ValueError),
    ],
)
def test_invalid_geometries_are_refused(tmp_path, geometry, kind):
    for data in (sa.ImageFolder(photo_folder(tmp_path, count=1)), sa.ArrayDataset(IMAGES, LABELS)):
        with pytest.raises(kind, match=r"\.image: "):
            data.image(0, geometry)


def test_threads_may_be_chosen_later(tmp_path):
    data = sa.ImageFolder(photo_folder(tmp_path, count=1))
    data.workers = 3
    assert data.workers == 3
    with pytest.raises(ValueError, match="ImageFolder: workers is 0"):
        data.workers = 0


@pytest.mark.parametrize(
    ("images", "labels", "classes", "kind", "message"),
    [
        (IMAGES.astype(np.float32), LABELS, None, TypeError, "float32"),
        (IMAGES.tolist(), LABELS, None, TypeError, "list"),
        (IMAGES[0, 0], LABELS, None, ValueError, "dimensions"),
        (IMAGES[:0], LABELS[:0], None, ValueError, "at least 1"),
        (IMAGES[:, :0], LABELS, None, ValueError, "at least 1"),
        (IMAGES, LABELS[:3], None, ValueError, "3 labels"),
        (IMAGES, LABELS.astype(float), None, TypeError, "float64"),
        (IMAGES, LABELS - 5, None, ValueError, "expected 0"),
        (IMAGES, [0, 1, 2, 3], "abcd", TypeError, "names"),
        (IMAGES, [0, 1, 2, 3], ["a", "b"], ValueError, "expected 0"),
        (IMAGES, [0, 1, 0, 1], ["a", "a"], ValueError, "twice"),
        (None, LABELS, None, TypeError, "None"),
    ],
)
def test_refuses_bad_arrays(images, labels, classes, kind, message):
    with pytest.raises(kind, match=message):
        sa.ArrayDataset(images, labels, classes)


@pytest.mark.parametrize(
    "option",
    [{"on_error": "ignore"}, {"workers": 0}, {"classes": ()}, {"classes": "abc"}, {"draft": "yes"}],
)
def test_refuses_bad_options(tmp_path, option):
    photo_folder(tmp_path, count=1)
    with pytest.raises((ValueError, TypeError), match="ImageFolder"):
        sa.ImageFolder(tmp_path, **option)


@pytest.mark.parametrize("cache", [3, None, 2.5, ["file"]])
def test_refuses_a_cache_that_is_not_a_path(tmp_path, cache):
    photo_folder(tmp_path, count=1)
    with pytest.raises(TypeError):
        sa.ImageFolder(tmp_path, cache=cache)


def test_unreadable_folder_is_an_error(tmp_path, monkeypatch):
    photo_folder(tmp_path, count=1)
    scan = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("dark"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
        return scan(path)

    with monkeypatch.context() as patched, pytest.raises(PermissionError, match="dark"):
        patched.setattr(os, "scandir", refuse)
        sa.ImageFolder(tmp_path)


def test_linked_folders_below_a_class_are_not_followed(tmp_path):
    root = photo_folder(tmp_path / "photos", count=1)
    photo_folder(tmp_path / "elsewhere", count=2)
    (root / "dark" / "more").symlink_to(tmp_path / "elsewhere" / "dark")
    (root / "linked").symlink_to(tmp_path / "elsewhere" / "low")
    data = sa.ImageFolder(root)
    assert len(data) == 6 and "linked" in data.classes


def test_split_takes_any_name_and_leaves_every_class_something(tmp_path):
    photo_folder(tmp_path, count=2)
    (tmp_path / "dark" / "0.png").rename(tmp_path / "dark" / os.fsdecode(b"\xff.png"))
    data = sa.ImageFolder(tmp_path)
    for parts in (2, 3):
        train, held_out = data.split(parts)
        assert set(train.labels) == {0, 1, 2, 3} and len(train) + len(held_out) == 8
    with pytest.raises(ValueError, match="parts"):
        data.split(1)
    for share in (0, 3):
        with pytest.raises(ValueError, match="held_out"):
            data.split(3, share)


def test_split_holds_out_any_share(tmp_path):
    whole = sa.ImageFolder(photo_folder(tmp_path, count=12))
    counts = [len(whole.split(10, share)[1]) for share in range(1, 10)]
    assert counts == sorted(counts) and 1 <= counts[0] < counts[4] < counts[-1] < 48
    assert set(whole.split(10, 2)[1].paths) <= set(whole.split(10, 3)[1].paths)


def test_split_depends_on_names_only(tmp_path):
    whole = sa.ImageFolder(photo_folder(tmp_path, count=12))
    train, held_out = whole.split()
    assert sorted(train.paths + held_out.paths) == whole.paths
    assert 2 <= len(held_out) <= 18
    for part in (train, held_out):
        assert [part.classes[label] for label in part.labels] == [path.parent.name for path in part.paths]
    train.paths[0].unlink()
    assert sa.ImageFolder(tmp_path).split()[1].paths == held_out.paths
    with pytest.raises(ValueError, match="too few"):
        whole.split(parts=10**9)
