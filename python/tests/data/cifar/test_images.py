"""CIFAR-10 as image files: damaged ones, and the cache of decoded ones."""

import errno
import random
import zipfile
import zlib

import cifar_files as made
import numpy as np
import pytest

import swiftalexnet as sa
from swiftalexnet.data.cifar import images as cifar_images

NAME = "train/bird/0001.jpg"


@pytest.fixture(params=["zip", "folder"])
def write(request, tmp_path):
    """Return a function that writes files as a zip archive or as a folder."""
    if request.param == "zip":
        return lambda files: made.write_zip(tmp_path / "c.zip", files)
    return lambda files: made.write_folder(tmp_path / "folder", files)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be decoded"),
        (b"no image", "cannot be decoded"),
        (made.jpegs()[NAME][:300], "cannot be decoded"),
        (made.encoded(np.zeros((32, 33, 3), np.uint8)), "33 × 32 pixels, expected 32 × 32"),
        (b"\0" * 100_000, "more than"),
        (made.encoded(np.zeros((32, 32, 3), np.uint8), "GIF"), "cannot be decoded"),
    ],
)
def test_an_invalid_image_is_named(write, content, message):
    with pytest.raises(ValueError, match=f"{NAME}.*{message}"):
        sa.cifar10(write({**made.jpegs(), NAME: content}))


def test_other_files_are_left_out(write):
    extra = {"README.txt": b"text", "train/bird/notes.txt": b"text", "train/bird/deep/0000.jpg": b"no image"}
    assert len(sa.cifar10(write({**made.jpegs(), **extra}))[0]) == made.TRAIN


def test_grey_and_png_images_become_rgb(write):
    grey = np.full((32, 32), 77, np.uint8)
    train, _ = sa.cifar10(write({**made.jpegs(), "train/airplane/0000.png": made.encoded(grey, "PNG")}))
    assert (train.images[1] == 77).all() and len(train) == made.TRAIN + 1


def test_both_parts_have_the_same_classes(write):
    files = {name: content for name, content in made.jpegs().items() if not name.startswith("test/cat")}
    with pytest.raises(ValueError, match="4 classes in train and 3 in test"):
        sa.cifar10(write(files))


def test_a_damaged_zip(tmp_path):
    whole = made.write_zip(tmp_path / "whole.zip", made.jpegs()).read_bytes()
    at = whole.index(made.jpegs()[NAME]) + 400
    (tmp_path / "damaged.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    with pytest.raises(ValueError, match=r"damaged\.zip is not a complete zip"):
        sa.cifar10(tmp_path / "damaged.zip")
    (tmp_path / "part.zip").write_bytes(whole[:-50])
    with pytest.raises(ValueError, match="part.zip"):
        sa.cifar10(tmp_path / "part.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_common_methods_of_packing(method, tmp_path):
    with zipfile.ZipFile(tmp_path / "c.zip", "w", method) as archive:
        for name, content in made.jpegs().items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=r"c\.zip has t.*compressed by a method"):
        sa.cifar10(tmp_path / "c.zip")


def test_damage_within_a_packed_image_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.jpegs().items():
            archive.writestr(name, content)
        start = archive.getinfo(NAME).header_offset + 30 + len(NAME)
    whole = bytearray((tmp_path / "c.zip").read_bytes())
    whole[start : start + 40] = b"\xff" * 40
    (tmp_path / "c.zip").write_bytes(whole)
    with pytest.raises(ValueError, match=rf"c\.zip is not a complete zip archive: {NAME}: "):
        sa.cifar10(tmp_path / "c.zip")


def test_every_damage_to_a_zip_is_an_error_or_other_pixels(tmp_path):
    whole = made.write_zip(tmp_path / "c.zip", made.jpegs()).read_bytes()
    directory = whole.index(b"PK\x01\x02")
    generator = random.Random(0)
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[generator.randrange(directory, len(whole))] = generator.randrange(256)
        (tmp_path / "damaged.zip").write_bytes(damaged)
        try:
            sa.cifar10(tmp_path / "damaged.zip")
        except ValueError as error:
            assert "damaged.zip" in str(error)


def test_cache_is_used_while_the_files_are_the_same(write, tmp_path, monkeypatch):
    cache = tmp_path / "cache.npz"
    path = write(made.jpegs())
    first = sa.cifar10(path, cache=cache)
    decode = cifar_images._decode
    monkeypatch.setattr(cifar_images, "_decode", lambda *_: pytest.fail("decoded again"))
    second = sa.cifar10(path, cache=cache)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.labels, other.labels)
        assert one.classes == other.classes
    monkeypatch.setattr(cifar_images, "_decode", decode)
    changed = write({**made.jpegs(), NAME: made.encoded(np.full((32, 32, 3), 200, np.uint8))})
    train, _ = sa.cifar10(changed, cache=cache)
    assert sum((image == 200).all() for image in train.images) == 1


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 broken"])
def test_a_damaged_cache_is_replaced(content, tmp_path):
    cache = tmp_path / "cache.npz"
    cache.write_bytes(content)
    path = made.write_zip(tmp_path / "c.zip", made.jpegs())
    sa.cifar10(path, cache=cache)
    assert np.load(cache)["train_images"].shape == (made.TRAIN, 32, 32, 3)


def test_a_cache_with_other_arrays_is_replaced(tmp_path):
    cache, path = tmp_path / "cache.npz", made.write_zip(tmp_path / "c.zip", made.jpegs())
    expected = sa.cifar10(path, cache=cache)[0].images
    held = dict(np.load(cache))
    beyond = np.where(held["train_labels"] == 0, 7, held["train_labels"]).astype(np.int32)
    for other in (
        {"train_images": held["train_images"][:3]},
        {"train_labels": np.int32(0)},
        {"train_labels": held["train_labels"][:, None]},
        {"train_labels": beyond},
        {"train_labels": -beyond},
        {"test_images": held["test_images"][:0], "test_labels": held["test_labels"][:0]},
    ):
        np.savez(cache, **{**held, **other})
        np.testing.assert_array_equal(sa.cifar10(path, cache=cache)[0].images, expected)
        assert sa.cifar10(path, cache=cache)[0].labels.max() == 3


@pytest.mark.parametrize(
    "error", [zlib.error("damaged"), NotImplementedError("method"), OSError(errno.EINVAL, "seek"), MemoryError("shape")]
)
def test_an_error_of_the_cache_is_not_one_of_the_archive(error, tmp_path, monkeypatch):
    cache, path = tmp_path / "cache.npz", made.write_zip(tmp_path / "c.zip", made.jpegs())
    sa.cifar10(path, cache=cache)

    def load(*_, **__):
        raise error

    monkeypatch.setattr(np, "load", load)
    assert len(sa.cifar10(path, cache=cache)[0]) == made.TRAIN


def test_every_damaged_bit_of_a_cache_means_decoding_anew(tmp_path):
    cache, path = tmp_path / "cache.npz", made.write_zip(tmp_path / "c.zip", made.jpegs())
    train, _ = sa.cifar10(path, cache=cache)
    whole = cache.read_bytes()
    generator = random.Random(0)
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        cache.write_bytes(damaged)
        np.testing.assert_array_equal(sa.cifar10(path, cache=cache)[0].images, train.images)
