"""A cache of decoded images on disk: the same pixels, and every change and damage of a file is detected."""

import errno
import hashlib
import os
import pickle
import shutil
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from cached_images import SQUARE, all_pixels, cached, odd_folder, rewrite, same
from PIL import Image
from support import dataset, fingerprint, photo_folder, quick_recipe, shared_data, tiny_model

import swiftalexnet as sa
from swiftalexnet.data import cache_update
from swiftalexnet.data.cache_file import ImageCache
from swiftalexnet.data.loader import Loader
from swiftalexnet.data.order import in_order
from swiftalexnet.images.geometry import Geometry, Whole


@pytest.fixture
def folder(tmp_path) -> Path:
    return odd_folder(tmp_path / "photos")


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "photos.images"


@pytest.mark.parametrize("resample", ["area", "bilinear"])
def test_squares_are_the_same_bits_as_without_a_cache(folder, file, resample):
    geometry = Geometry(20, 3, resample)
    expected = all_pixels(sa.ImageFolder(folder), geometry)
    data = sa.ImageFolder(folder)
    assert data.cache_to(file, side=20, resample=resample) == (0, 24, 0, 0)
    shutil.rmtree(folder)
    assert same(all_pixels(data, geometry), expected)


def test_photographs_have_the_same_bits_as_without_a_cache(tmp_path):
    root = tmp_path / "photos" / "one"
    root.mkdir(parents=True)
    for image in sorted((shared_data("clothing") / "validation" / "dress").glob("*.jpg"))[:30]:
        shutil.copy(image, root)
    for resample in ("area", "bilinear"):
        geometry = Geometry(256, 3, resample)
        plain, kept = sa.ImageFolder(root.parent), sa.ImageFolder(root.parent)
        kept.cache_to(tmp_path / resample, resample=resample)
        assert same(all_pixels(kept, geometry), all_pixels(plain, geometry))
        whole = Whole(256, 3, resample)
        assert same(all_pixels(kept, whole), all_pixels(plain, whole))


@pytest.mark.parametrize("resample", ["area", "bilinear", "opencv_bilinear", "box"])
def test_whole_images_are_the_same_bits_too(folder, file, resample):
    data = sa.ImageFolder(folder)
    data.cache_to(file, side=20, resample=resample)
    plain = sa.ImageFolder(folder)
    whole = Whole(20, 3, resample)
    assert data.image(plain.paths.index(folder / "dark" / "1.png"), whole).shape == (20, 30, 3)
    assert same(all_pixels(data, whole), all_pixels(plain, whole))


def test_crops_of_smaller_images_come_from_the_kept_pixels(folder, file):
    data, _ = cached(folder, file)
    index = data.paths.index(folder / "dark" / "1.png")
    whole = data.image(index, Whole(20, 3, "area"))
    shutil.rmtree(folder)
    assert np.array_equal(data.image(index, Geometry(16, 3, "area", 20, (1.0, 0.0))), whole[:16, -16:])
    assert data.image(index, Geometry(10, 3, "area", 15, (1.0, 0.0))).shape == (10, 10, 3)


@pytest.mark.parametrize("geometry", [Geometry(10, 3, "area"), Whole(10, 3, "area")])
def test_images_of_another_side_are_those_without_a_cache(folder, file, geometry):
    data, _ = cached(folder, file)
    with pytest.warns(UserWarning, match=r"side 20: those of side 10 are decoded from their files.*side=10") as said:
        assert same(all_pixels(data, geometry), all_pixels(sa.ImageFolder(folder), geometry))
    assert len(said) == 1


@pytest.mark.filterwarnings("ignore:.*decoded from their files:UserWarning")
def test_a_cache_of_another_side_changes_no_bit_of_a_training(folder, file):
    results = []
    for side in (None, 23, 31):
        data = sa.ImageFolder(folder)
        if side is not None:
            data.cache_to(file, side=side)
        model = sa.cifar_net("80sec", num_classes=4, image_size=20)
        model.fit(data, epochs=1, recipe=quick_recipe(), progress=False)
        results.append((fingerprint(model), model.probabilities(data.paths, dense=False).tobytes()))
    assert results[0] == results[1] == results[2]


def test_a_file_of_an_older_version_keeps_its_settings_and_is_written_anew(folder, file):
    data = sa.ImageFolder(folder)
    data.cache_to(file, side=20, resample="bilinear")
    content = file.read_bytes()
    mark, _, place, length = struct.unpack("<8sQQQ", content[:32])
    start = struct.pack("<8sQQQ", mark, 1, place, length)
    file.write_bytes(start + hashlib.sha256(start + content[place:]).digest() + content[64:])
    again = sa.ImageFolder(folder)
    assert again.cache_to(file) == (0, 24, 0, 0)
    geometry = Geometry(20, 3, "bilinear")
    assert same(all_pixels(again, geometry), all_pixels(sa.ImageFolder(folder), geometry))
    assert sa.ImageFolder(folder).cache_to(file) == (24, 0, 0, 0)


def test_settings_may_be_numbers_of_numpys(folder, file):
    data = sa.ImageFolder(folder)
    assert data.cache_to(file, side=np.uint64(20), channels=np.int8(3)).decoded == 24
    assert sa.ImageFolder(folder).cache_to(file, side=20).unchanged == 24


def test_a_cache_has_the_range_of_its_folder(tmp_path, file):
    (tmp_path / "one").mkdir()
    for number in range(2):
        Image.fromarray(np.full((30, 30), 400 * number, np.int32)).save(tmp_path / "one" / f"{number}.tif")
    data = sa.ImageFolder(tmp_path, value_range=(0, 400), cache=file)
    assert [int(data.image(index, Geometry(256, 3, "area")).mean()) for index in (0, 1)] == [0, 255]
    assert sa.ImageFolder(tmp_path, value_range=(0, 400)).cache_to(file).unchanged == 2
    assert sa.ImageFolder(tmp_path, value_range=(0, 800)).cache_to(file).decoded == 2
    with pytest.raises(TypeError, match="value_range belongs to the folder"):
        data.cache_to(file, value_range=(0, 1))


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry(21, 3, "area"),
        Geometry(16, 3, "area", 24),
        Geometry(16, 3, "bilinear", 18),
        Geometry(20, 1, "area"),
        Geometry(20, 3, "bilinear"),
        Geometry(20, 3, "area", warp=True),
        Whole(21, 3, "area"),
    ],
)
def test_other_images_than_are_kept_are_refused(folder, file, geometry):
    data, _ = cached(folder, file, on_error="skip")
    with pytest.raises(ValueError, match="stores images as"):
        data.image(0, geometry)
    assert data.skipped == 0


def test_warped_and_grey_images(folder, file):
    geometry = Geometry(20, 1, "area", warp=True)
    data = sa.ImageFolder(folder)
    data.cache_to(file, side=20, channels=1, warp=True)
    assert same(all_pixels(data, geometry), all_pixels(sa.ImageFolder(folder), geometry))


def test_an_unchanged_folder_decodes_and_writes_nothing(folder, file, monkeypatch):
    cached(folder, file)
    before = file.stat()
    monkeypatch.setattr(cache_update, "_decode", lambda *_: pytest.fail("decoded"))
    data, changes = cached(folder, file)
    assert changes == (24, 0, 0, 0) and file.stat() == before
    assert sa.ImageFolder(folder, cache=file).image(0, SQUARE) is not None
    assert data.cache_to(file, verify=True) == (24, 0, 0, 0)


def test_only_what_changed_is_decoded(folder, file, monkeypatch):
    cached(folder, file)
    rewrite(folder / "dark" / "0.png")
    (folder / "top" / "5.png").unlink()
    rewrite(folder / "low" / "new.png", 200)
    os.utime(folder / "bright" / "3.png", ns=(1, 1))  # the same content
    decoded = []
    original = cache_update._decode
    monkeypatch.setattr(cache_update, "_decode", lambda *a: decoded.append(a[1].name) or original(*a))
    data, changes = cached(folder, file)
    assert changes == (22, 2, 1, 0) and sorted(decoded) == ["0.png", "new.png"]
    assert same(all_pixels(data), all_pixels(sa.ImageFolder(folder)))
    assert cached(folder, file)[1] == (24, 0, 0, 0)


def test_a_change_that_keeps_size_and_time_is_found_by_its_content(folder, file):
    image = folder / "dark" / "0.bmp"  # its length does not depend on the colour
    (folder / "dark" / "0.png").unlink()
    rewrite(image, 10)
    an_hour_ago = time.time_ns() - 3600 * 10**9
    os.utime(image, ns=(an_hour_ago, an_hour_ago))
    cached(folder, file)
    rewrite(image, 250)
    os.utime(image, ns=(an_hour_ago, an_hour_ago))
    data, changes = cached(folder, file)
    assert changes.decoded == 0 and data.image(data.paths.index(image), SQUARE).max() == 10
    assert data.cache_to(file, verify=True) == (23, 1, 0, 0)
    assert data.image(data.paths.index(image), SQUARE).min() == 250


def test_a_young_file_that_changes_within_one_tick_is_found(folder, file):
    image = folder / "dark" / "0.bmp"
    rewrite(image, 10)
    stamp = image.stat()
    cached(folder, file)
    rewrite(image, 250)
    os.utime(image, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    data, changes = cached(folder, file)
    assert changes == (24, 1, 0, 0) and data.image(data.paths.index(image), SQUARE).min() == 250
    assert cached(folder, file)[1] == (25, 0, 0, 0)


def test_only_young_files_are_read_again(folder, file, monkeypatch):
    an_hour_ago = time.time() - 3600
    for image in sorted(folder.glob("*/*.png"))[1:]:
        os.utime(image, (an_hour_ago, an_hour_ago))
    cached(folder, file)
    opened = []
    original = cache_update.open_regular
    monkeypatch.setattr(cache_update, "open_regular", lambda path: opened.append(path) or original(path))
    assert cached(folder, file)[1] == (24, 0, 0, 0) and len(opened) == 1


def test_a_file_that_could_not_be_read_is_tried_again(folder, file, monkeypatch):
    original, closed = cache_update.open_regular, folder / "dark" / "0.png"

    def refuse(path):
        if path == closed:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return original(path)

    with monkeypatch.context() as patched:
        patched.setattr(cache_update, "open_regular", refuse)
        assert cached(folder, file)[1] == (0, 24, 0, 1)
        before = file.stat()
        assert cached(folder, file)[1] == (24, 0, 0, 1) and file.stat() == before, "nothing is written for nothing"
    assert cached(folder, file)[1] == (23, 1, 0, 0)
    assert ImageCache(file).read("dark/0.png") is not None


def test_verifying_tries_again_what_could_not_be_decoded(folder, file, monkeypatch):
    with monkeypatch.context() as patched:
        original = cache_update._decode
        patched.setattr(cache_update, "_decode", lambda *a: None if a[1].name == "1.png" else original(*a))
        assert cached(folder, file)[1] == (0, 24, 0, 4)
    assert cached(folder, file)[1] == (24, 0, 0, 4)
    assert sa.ImageFolder(folder).cache_to(file, verify=True) == (20, 4, 0, 0)


def test_other_settings_write_the_file_anew(folder, file):
    cached(folder, file)
    data = sa.ImageFolder(folder)
    assert data.cache_to(file, side=24).decoded == 24
    assert data.image(0, Geometry(24, 3, "area")).shape == (24, 24, 3)
    assert sa.ImageFolder(folder).cache_to(file).unchanged == 24, "settings that are not given are the file's"


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"side": 0}, ValueError),
        ({"side": 20.0}, TypeError),
        ({"channels": 2}, ValueError),
        ({"resample": "cubic"}, ValueError),
        ({"warp": 1}, TypeError),
        ({"sides": 3}, TypeError),
    ],
)
def test_refuses_unknown_settings(folder, file, settings, kind):
    with pytest.raises(kind):
        sa.ImageFolder(folder).cache_to(file, **settings)
    assert not file.exists()
    with pytest.raises(ValueError, match="draft"):
        sa.ImageFolder(folder, draft=True, cache=file)


def test_images_that_cannot_be_cached_are_read_from_their_files(folder, file):
    (folder / "dark" / "0.png").write_bytes(b"broken")
    (folder / "dark" / "2.png").unlink()
    (folder / "dark" / "2.png").symlink_to(folder / "nowhere")
    Image.new("RGB", (400, 31), (1, 2, 3)).save(folder / "low" / "0.png")
    _, changes = cached(folder, file)
    assert changes == (0, 24, 0, 3)
    data, changes = cached(folder, file, on_error="skip")
    assert changes == (24, 0, 0, 3)
    found = all_pixels(data)
    assert sum(pixels is None for pixels in found) == data.skipped == 2
    assert found[data.paths.index(folder / "low" / "0.png")].tolist() == [[[1, 2, 3]] * 20] * 20
    with pytest.raises(ValueError, match=r"0\.png"):
        cached(folder, file)[0].image(data.paths.index(folder / "dark" / "0.png"), SQUARE)
    rewrite(folder / "dark" / "0.png")
    assert cached(folder, file)[1] == (23, 1, 0, 2)


def test_a_folder_gets_a_file_for_every_root(folder, tmp_path):
    other = photo_folder(tmp_path / "more", count=2)
    caches = tmp_path / "caches"
    caches.mkdir()
    for root in (folder, other, folder):
        data = sa.ImageFolder(root)
        data.cache_to(caches, side=20)
        assert same(all_pixels(data), all_pixels(sa.ImageFolder(root)))
    assert sorted(path.name.partition("-")[0] for path in caches.iterdir()) == ["more", "photos"]


def test_parts_of_a_split_share_the_cache(folder, file):
    data, _ = cached(folder, file)
    expected = [all_pixels(part) for part in sa.ImageFolder(folder).split(3)]
    shutil.rmtree(folder)
    assert all(same(all_pixels(part), pixels) for part, pixels in zip(data.split(3), expected, strict=True))


def test_a_part_keeps_the_whole_folder(folder, file):
    train, held_out = sa.ImageFolder(folder).split(3)
    assert train.cache_to(file, side=20) == (0, 24, 0, 0)
    assert held_out.cache_to(file) == (24, 0, 0, 0)
    assert same(all_pixels(held_out), all_pixels(sa.ImageFolder(folder).split(3)[1]))


def test_training_and_evaluation_are_the_same_with_a_cache(folder, file):
    results = []
    for cache in (False, True, file):
        data = sa.ImageFolder(folder)
        if cache is file:
            data.cache_to(file, side=23)
        elif cache:
            data = sa.ImageFolder(folder, cache=True)
        model = tiny_model()
        model.fit(data, dataset(9), epochs=2, recipe=quick_recipe(), progress=False)
        results.append((fingerprint(model), model.evaluate(data, crops=10)))
    assert results[0] == results[1] == results[2]


@pytest.mark.filterwarnings("ignore:.*decoded from their files:UserWarning")  # for the mean
def test_scale_jitter_needs_a_side_as_large(folder, file):
    data = sa.ImageFolder(folder)
    data.cache_to(file, side=24)
    model = tiny_model()
    model.fit(data, epochs=1, recipe=quick_recipe(scale=(20, 24)), progress=False)
    with pytest.raises(ValueError, match="side=24"):
        model.fit(data, epochs=9, recipe=quick_recipe(scale=(20, 31)), progress=False)
    data.cache_to(file, side=31)
    model.fit(data, epochs=1, recipe=quick_recipe(scale=(20, 31)), progress=False)


def test_pickling_opens_the_file_again(folder, file):
    data, _ = cached(folder, file)
    again = pickle.loads(pickle.dumps(data))
    assert same(all_pixels(again), all_pixels(data))


def test_batches_and_files_are_the_same_for_any_number_of_threads(folder, file, monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 10**18)  # which a cache notes
    results = []
    for workers in (1, 5):
        data, _ = cached(folder, file, workers=workers)
        with Loader(data, in_order(24, 7), SQUARE) as loader:
            results.append([batch.images.tobytes() for batch in loader])
        results.append([file.read_bytes()])
        file.unlink()
    assert results[:2] == results[2:]
