"""Fingerprints of data sets: equal for equal images, different for any change, none for classes of the user's own."""

import os

import numpy as np
import pytest
from support import dataset, photo_folder

import swiftalexnet as sa
from swiftalexnet.data.checks import snapshot
from swiftalexnet.data.fingerprint import fingerprint, unchanged


@pytest.fixture
def folder(tmp_path):
    root = photo_folder(tmp_path / "photos")
    for path in root.rglob("*.png"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    return root


def test_arrays():
    key = fingerprint(dataset()).key
    assert key == fingerprint(dataset()).key == fingerprint(snapshot(dataset(), "test")).key
    changed = dataset()
    changed.images[3, 4, 5, 1] ^= 1
    assert fingerprint(changed).key != key
    assert fingerprint(sa.ArrayDataset(changed.images[:, :20], changed.labels)).key != key
    labels = (np.array(dataset().labels) + 1) % 4
    assert fingerprint(sa.ArrayDataset(dataset().images, labels)).key == key  # labels are not pixels


def test_folders(folder):
    first = fingerprint(sa.ImageFolder(folder))
    assert first == fingerprint(sa.ImageFolder(folder)) and not first.young
    target = folder / "dark" / "2.png"
    changes = (
        lambda: os.utime(target, (1_600_000_001, 1_600_000_001)),
        lambda: target.write_bytes(target.read_bytes() + b"x"),
        lambda: target.rename(folder / "dark" / "9.png"),
        lambda: (folder / "dark" / "9.png").unlink(),
    )
    keys = [first.key]
    for change in changes:
        change()
        keys.append(fingerprint(sa.ImageFolder(folder)).key)
    assert len({str(key) for key in keys}) == len(keys)
    assert fingerprint(sa.ImageFolder(folder, draft=True)).key != keys[-1]


def test_young_files_are_known_by_their_bytes(folder):
    target = folder / "top" / "1.png"
    os.utime(target)
    data = sa.ImageFolder(folder)
    young = fingerprint(data).young
    assert list(young) == ["top/1.png"] and unchanged(data, young) and unchanged(data, {})
    target.write_bytes(target.read_bytes()[:-1] + b"?")
    assert not unchanged(data, young)
    for name in ("../x", "\0", "top/99.png"):
        assert not unchanged(data, {name: ""})
    assert not unchanged(dataset(), young)


def test_files_that_cannot_be_read_count_as_that(folder):
    data = sa.ImageFolder(folder)
    before = fingerprint(data).key
    (folder / "low" / "0.png").unlink()
    assert fingerprint(data).key not in (None, before)


def test_a_class_of_the_users_own_has_none():
    class Mine(sa.ArrayDataset):
        pass

    assert fingerprint(Mine(dataset().images, dataset().labels)).key is None
