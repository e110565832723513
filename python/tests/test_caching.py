"""A cache of decoded pictures on disk: the same pixels, every change of a file noticed, every damage found."""

import errno
import os
import pickle
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fresh_process
import numpy as np
import pytest
from PIL import Image
from support import dataset, fingerprint, photo_folder, quick_recipe, shared_data, tiny_model

import swiftalexnet as sa
from swiftalexnet import caching
from swiftalexnet.loading import Loader, in_order
from swiftalexnet.picture_cache import PictureCache
from swiftalexnet.preprocessing import Geometry, Whole

SQUARE = Geometry(20, 3, "area")


@pytest.fixture
def folder(tmp_path) -> Path:
    """24 pictures of 31 × 31 pixels, two of them made longer."""
    root = photo_folder(tmp_path / "photos")
    for name, size in (("dark/1.png", (47, 31)), ("low/2.png", (31, 60))):
        noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
        Image.fromarray(noise).save(root / name)
    return root


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "photos.pictures"


def cached(folder: Path, file: Path, **options) -> tuple[sa.ImageFolder, caching.CacheChanges]:
    data = sa.ImageFolder(folder, **options)
    return data, data.cache_to(file, side=20)


def all_pixels(data: sa.ImageFolder, geometry=SQUARE) -> list[np.ndarray]:
    return [data.image(index, geometry) for index in range(len(data))]


def same(left: list, right: list) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def rewrite(picture: Path, color: int = 9) -> None:
    Image.new("RGB", (31, 31), (color,) * 3).save(picture)


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
    for picture in sorted((shared_data("clothing") / "validation" / "dress").glob("*.jpg"))[:30]:
        shutil.copy(picture, root)
    for resample in ("area", "bilinear"):
        geometry = Geometry(256, 3, resample)
        plain, kept = sa.ImageFolder(root.parent), sa.ImageFolder(root.parent)
        kept.cache_to(tmp_path / resample, resample=resample)
        assert same(all_pixels(kept, geometry), all_pixels(plain, geometry))
        wholes = zip(all_pixels(kept, Whole(256, 3, resample)), all_pixels(plain, Whole(256, 3, resample)), strict=True)
        assert max(np.mean(np.abs(a.astype(int) - b)) for a, b in wholes) < 0.2  # the square is resized alone


def test_other_geometries_come_from_the_kept_pixels(folder, file):
    data, _ = cached(folder, file)
    plain = sa.ImageFolder(folder)
    index = plain.paths.index(folder / "dark" / "1.png")
    assert (
        data.image(index, Whole(20, 3, "area")).shape == plain.image(index, Whole(20, 3, "area")).shape == (20, 30, 3)
    )
    corner = Geometry(16, 3, "area", 20, (1.0, 0.0))
    whole = data.image(index, Whole(20, 3, "area"))
    assert np.array_equal(data.image(index, corner), whole[:16, -16:])
    assert data.image(index, Geometry(10, 3, "area")).shape == (10, 10, 3)


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry(21, 3, "area"),
        Geometry(16, 3, "area", 24),
        Geometry(20, 1, "area"),
        Geometry(20, 3, "bilinear"),
        Geometry(20, 3, "area", warp=True),
        Whole(21, 3, "area"),
    ],
)
def test_other_pictures_than_are_kept_are_refused(folder, file, geometry):
    data, _ = cached(folder, file, on_error="skip")
    with pytest.raises(ValueError, match="keeps pictures as"):
        data.image(0, geometry)
    assert data.skipped == 0


def test_warped_and_grey_pictures(folder, file):
    geometry = Geometry(20, 1, "area", warp=True)
    data = sa.ImageFolder(folder)
    data.cache_to(file, side=20, channels=1, warp=True)
    assert same(all_pixels(data, geometry), all_pixels(sa.ImageFolder(folder), geometry))


def test_an_unchanged_folder_decodes_and_writes_nothing(folder, file, monkeypatch):
    cached(folder, file)
    before = file.stat()
    monkeypatch.setattr(caching, "_decode", lambda *_: pytest.fail("decoded"))
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
    original = caching._decode
    monkeypatch.setattr(caching, "_decode", lambda *a: decoded.append(a[1].name) or original(*a))
    data, changes = cached(folder, file)
    assert changes == (22, 2, 1, 0) and sorted(decoded) == ["0.png", "new.png"]
    assert same(all_pixels(data), all_pixels(sa.ImageFolder(folder)))
    assert cached(folder, file)[1] == (24, 0, 0, 0)


def test_a_change_that_keeps_size_and_time_is_found_by_its_content(folder, file):
    picture = folder / "dark" / "0.bmp"  # its length does not depend on the colour
    (folder / "dark" / "0.png").unlink()
    rewrite(picture, 10)
    cached(folder, file)
    stamp = picture.stat()
    rewrite(picture, 250)
    os.utime(picture, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    data, changes = cached(folder, file)
    assert changes.decoded == 0 and data.image(data.paths.index(picture), SQUARE).max() == 10
    assert data.cache_to(file, verify=True) == (23, 1, 0, 0)
    assert data.image(data.paths.index(picture), SQUARE).min() == 250


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
def test_refuses_settings_that_there_are_not(folder, file, settings, kind):
    with pytest.raises(kind):
        sa.ImageFolder(folder).cache_to(file, **settings)
    assert not file.exists()
    with pytest.raises(ValueError, match="draft"):
        sa.ImageFolder(folder, draft=True, cache=file)


def test_what_cannot_be_kept_is_left_to_its_file(folder, file):
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


def test_scale_jitter_needs_a_side_as_large(folder, file):
    data = sa.ImageFolder(folder)
    data.cache_to(file, side=24)
    model = tiny_model()
    model.fit(data, epochs=1, recipe=quick_recipe(scale=(20, 24)), progress=False)
    with pytest.raises(ValueError, match="side=24"):
        model.fit(data, epochs=9, recipe=quick_recipe(scale=(20, 31)), progress=False)
    data.cache_to(file, side=31)
    model.fit(data, epochs=1, recipe=quick_recipe(scale=(20, 31)), progress=False)


def test_every_truncation_is_found_and_repaired(folder, file):
    expected = all_pixels(cached(folder, file)[0])
    whole = file.read_bytes()
    for length in (8, 40, 63, 64, 65, 20_000, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(sa.CheckpointCorruptError):
            PictureCache(file)
        data, changes = cached(folder, file)
        assert changes.decoded == 24 and same(all_pixels(data), expected)


def test_a_file_that_shrinks_while_it_is_open_is_an_error(folder, file):
    data, _ = cached(folder, file, on_error="skip")
    os.truncate(file, 3000)
    with pytest.raises(sa.CheckpointCorruptError, match="cut short"):
        all_pixels(data)
    assert data.skipped == 0


def test_damaged_pixels_are_found_and_verifying_mends_them(folder, file):
    data, _ = cached(folder, file)
    content = bytearray(file.read_bytes())
    content[64 + 1200 + 7] ^= 1  # in the second picture
    file.write_bytes(content)
    data, changes = cached(folder, file)
    assert changes.unchanged == 24
    with pytest.raises(sa.CheckpointCorruptError, match=r"1\.png"):
        data.image(1, SQUARE)
    assert data.cache_to(file, verify=True) == (23, 1, 0, 0)
    assert same(all_pixels(data), all_pixels(sa.ImageFolder(folder)))


def test_somebody_elses_file_is_not_replaced(folder, file):
    for content in (b"", b"short", b"a letter of more than sixty-four bytes, which nobody should lose" * 2):
        file.write_bytes(content)
        with pytest.raises(sa.CheckpointCorruptError, match="no cache of pictures"):
            sa.ImageFolder(folder, cache=file)
        assert file.read_bytes() == content
    with pytest.raises(OSError):
        sa.ImageFolder(folder, cache="/dev/zero")
    with pytest.raises(FileNotFoundError):
        sa.ImageFolder(folder, cache=file.parent / "missing" / "file")


def test_a_full_disk_keeps_the_old_cache(folder, file, monkeypatch):
    cached(folder, file)
    before = file.read_bytes()
    rewrite(folder / "dark" / "0.png")
    write, calls = os.write, []

    def fill(descriptor, data):
        calls.append(len(data))
        if len(calls) > 9:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    with monkeypatch.context() as patched, pytest.raises(OSError) as caught:
        patched.setattr(os, "write", fill)
        cached(folder, file)
    assert caught.value.errno == errno.ENOSPC
    assert file.read_bytes() == before and list(file.parent.glob(".*")) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("swiftalexnet-decode")]


def test_ctrl_c_leaves_nothing_behind(folder, file, monkeypatch):
    def interrupt(*_):
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(caching.CacheWriter, "add", interrupt)
        cached(folder, file)
    assert not file.exists() and list(file.parent.iterdir()) == [folder]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("swiftalexnet-decode")]


KILLED = """
import os, sys
import swiftalexnet as sa
os.replace = lambda *_: os.kill(os.getpid(), 9)
sa.ImageFolder(sys.argv[1], cache=sys.argv[2])
"""


def test_a_killed_writer_leaves_the_old_cache_and_the_next_one_tidies(folder, file):
    cached(folder, file)
    before = file.read_bytes()
    rewrite(folder / "dark" / "0.png")
    with pytest.raises(AssertionError):
        fresh_process.run(KILLED, str(folder), str(file))
    assert file.read_bytes() == before and len(list(file.parent.iterdir())) == 3
    cached(folder, file)
    assert len(list(file.parent.iterdir())) == 2


def test_writers_at_once_leave_a_whole_cache(folder, file):
    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(lambda side: (side, sa.ImageFolder(folder)), [20, 24] * 4))
        for side, data in parts:
            threads.submit(data.cache_to, file, side=side)
    assert len(PictureCache(file).entries) == 24
    plain = sa.ImageFolder(folder)
    for side, data in parts:
        geometry = Geometry(side, 3, "area")
        assert same(all_pixels(data, geometry), all_pixels(plain, geometry)), "each reads the file that it opened"
    assert list(file.parent.glob(".*")) == []


FORKED = """
import os, sys
import numpy as np
import swiftalexnet as sa
from swiftalexnet.loading import Loader, in_order
from swiftalexnet.preprocessing import Geometry
data = sa.ImageFolder(sys.argv[1], cache=sys.argv[2], workers=2)
def read():
    with Loader(data, in_order(24, 5), Geometry(20, 3, "area")) as loader:
        return np.concatenate([batch.images for batch in loader])
here = read()
child = os.fork()
if not child:
    os._exit(0 if np.array_equal(read(), here) else 1)
assert np.array_equal(read(), here)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_works_after_a_fork(folder, file):
    cached(folder, file)
    assert fresh_process.run(FORKED, str(folder), str(file)) == "0"


def test_pickling_opens_the_file_again(folder, file):
    data, _ = cached(folder, file)
    again = pickle.loads(pickle.dumps(data))
    assert same(all_pixels(again), all_pixels(data))


def test_batches_are_the_same_for_any_number_of_threads(folder, file):
    results = []
    for workers in (1, 5):
        data, _ = cached(folder, file, workers=workers)
        with Loader(data, in_order(24, 7), SQUARE) as loader:
            results.append([batch.images.tobytes() for batch in loader])
        results.append([file.read_bytes()])
        file.unlink()
    assert results[:2] == results[2:]


def test_no_descriptor_is_left_open(folder, file):
    cached(folder, file)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        cached(folder, file)
        data = sa.ImageFolder(folder)
        data.cache_to(file, verify=True)
    del data
    assert len(os.listdir("/proc/self/fd")) == before
