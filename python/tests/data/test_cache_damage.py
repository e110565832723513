"""Faults around a cache of decoded images: damage, full disks, Ctrl-C, killed processes, concurrent writers."""

import errno
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fresh_process
import pytest
from cached_images import SQUARE, all_pixels, cached, odd_folder, rewrite, same

import swiftalexnet as sa
from swiftalexnet.data import cache_update
from swiftalexnet.data.cache_file import ImageCache
from swiftalexnet.images.geometry import Geometry


@pytest.fixture
def folder(tmp_path) -> Path:
    return odd_folder(tmp_path / "photos")


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "photos.images"


def test_every_truncation_is_found_and_repaired(folder, file):
    expected = all_pixels(cached(folder, file)[0])
    whole = file.read_bytes()
    for length in (8, 40, 63, 64, 65, 20_000, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(sa.CacheCorruptError):
            ImageCache(file)
        data, changes = cached(folder, file)
        assert changes.decoded == 24 and same(all_pixels(data), expected)


def test_a_file_that_shrinks_while_it_is_open_is_an_error(folder, file):
    data, _ = cached(folder, file, on_error="skip")
    os.truncate(file, 3000)
    with pytest.raises(sa.CacheCorruptError, match="cut short"):
        all_pixels(data)
    assert data.skipped == 0


def test_damaged_pixels_are_found_and_verifying_mends_them(folder, file):
    data, _ = cached(folder, file)
    content = bytearray(file.read_bytes())
    content[64 + 1200 + 7] ^= 1  # in the second image
    file.write_bytes(content)
    data, changes = cached(folder, file)
    assert changes.unchanged == 24
    with pytest.raises(sa.CacheCorruptError, match=r"1\.png"):
        data.image(1, SQUARE)
    assert data.cache_to(file, verify=True) == (23, 1, 0, 0)
    assert same(all_pixels(data), all_pixels(sa.ImageFolder(folder)))


def test_another_programs_file_is_not_replaced(folder, file):
    for content in (b"", b"short", b"a letter of more than sixty-four bytes, which nobody should lose" * 2):
        file.write_bytes(content)
        with pytest.raises(sa.CacheCorruptError, match="not a cache of images"):
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
        patched.setattr(cache_update.CacheWriter, "add", interrupt)
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


def test_concurrent_writers_leave_a_complete_cache(folder, file):
    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(lambda side: (side, sa.ImageFolder(folder)), [20, 24] * 4))
        for side, data in parts:
            threads.submit(data.cache_to, file, side=side)
    assert len(ImageCache(file).entries) == 24
    plain = sa.ImageFolder(folder)
    for side, data in parts:
        geometry = Geometry(side, 3, "area")
        assert same(all_pixels(data, geometry), all_pixels(plain, geometry)), "each reads the file that it opened"
    assert list(file.parent.glob(".*")) == []


FORKED = """
import os, sys
import numpy as np
import swiftalexnet as sa
from swiftalexnet.data.loader import Loader; from swiftalexnet.data.order import in_order
from swiftalexnet.images.geometry import Geometry
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


def test_no_descriptor_is_left_open(folder, file):
    cached(folder, file)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        cached(folder, file)
        data = sa.ImageFolder(folder)
        data.cache_to(file, verify=True)
    del data
    assert len(os.listdir("/proc/self/fd")) == before
