"""The format of caches: any invalid content raises only one kind of error."""

import hashlib
import json
import os
import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import swiftalexnet as sa
from swiftalexnet.data.cache_file import CacheWriter, ImageCache, Settings, Source
from swiftalexnet.files.atomic import replacing

HEADER = struct.Struct("<8sQQQ")
SETTINGS = Settings(4, 3, "area", False)
PIXELS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
SOURCE = Source(10, 20, "30")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("cache") / "file"


def write(path) -> bytes:
    with replacing(path) as descriptor:
        writer = CacheWriter(descriptor, SETTINGS)
        writer.add("a/1.png", SOURCE, PIXELS)
        writer.add(os.fsdecode(b"a/\xff.png"), SOURCE._replace(bytes=-1), None)
        writer.finish()
    return path.read_bytes()


def seal(index: bytes, place: int | None = None, form: int = 2, mark: bytes = b"saxpixel") -> bytes:
    """Return a file with this index and a correct checksum."""
    start = HEADER.pack(mark, form, 64 + PIXELS.size if place is None else place, len(index))
    return start + hashlib.sha256(start + index).digest() + PIXELS.tobytes() + index


def index_of(*rows, word: str = "images", **changes) -> bytes:
    began_ns = changes.pop("began_ns", 5)
    return json.dumps({"settings": SETTINGS._asdict() | changes, "began_ns": began_ns, word: rows}).encode()


def test_written_images_are_read_back(path):
    content = write(path)
    cache = ImageCache(path)
    assert cache.settings == SETTINGS and len(cache.entries) == 2 and cache.began_ns <= time.time_ns()
    assert np.array_equal(cache.read("a/1.png"), PIXELS)
    assert cache.read(os.fsdecode(b"a/\xff.png")) is None and cache.read("unknown") is None
    assert cache.entries["a/1.png"].source == SOURCE
    assert content[64 : 64 + PIXELS.size] == PIXELS.tobytes()


@pytest.fixture(scope="module")
def sound(path) -> bytes:
    return write(path)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_every_changed_byte_is_found(path, sound, data):
    content = bytearray(sound)
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(sa.CacheCorruptError):
        ImageCache(path).read("a/1.png")


@settings(max_examples=200, deadline=None)
@given(header=st.binary(max_size=80), rest=st.binary(max_size=80))
def test_any_bytes_are_refused(path, header, rest):
    for content in (header + rest, b"saxpixel" + header + rest):
        path.write_bytes(content)
        with pytest.raises(sa.CacheCorruptError):
            ImageCache(path)


@settings(max_examples=200, deadline=None)
@given(st.tuples(*[st.integers(0, 2**64 - 1)] * 3))
def test_any_numbers_in_the_header_are_refused(path, numbers):
    start = HEADER.pack(b"saxpixel", *numbers)
    path.write_bytes(start + hashlib.sha256(start).digest() + bytes(100))
    with pytest.raises(sa.CacheCorruptError):
        ImageCache(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)
NUMBERS = st.integers(-3, 80) | st.integers(-(2**70), 2**70)
ROWS = st.tuples(st.text(max_size=3), NUMBERS, NUMBERS, st.text(max_size=3), NUMBERS, NUMBERS, NUMBERS, NUMBERS)
PARTS = {"settings": st.just(SETTINGS._asdict()), "began_ns": NUMBERS, "images": st.lists(ROWS | JSON)}


@settings(max_examples=400, deadline=None)
@given(JSON | st.fixed_dictionaries(PARTS))
def test_any_index_gives_pixels_of_the_file_or_an_error(path, index):
    path.write_bytes(seal(json.dumps(index).encode()))
    try:
        cache = ImageCache(path)
    except sa.CacheCorruptError:
        return
    for name, entry in cache.entries.items():
        try:
            pixels = cache.read(name)
        except sa.CacheCorruptError:
            continue
        assert (pixels is None) == (entry.height == 0)


GOOD = ("a", 10, 20, "30", 4, 6, 64, 0)


@pytest.mark.parametrize(
    "content",
    [
        seal(b""),
        seal(b"["),
        seal(b"[" * 100_000),
        seal(b"1" * 5000),
        seal(b"\xff"),
        seal(b"[]"),
        seal(index_of(GOOD, GOOD)),
        seal(index_of(GOOD[:7])),
        seal(index_of((*GOOD, 0))),
        seal(index_of((*GOOD[:4], 4, 6, 63, 0))),
        seal(index_of((*GOOD[:4], 4, 6, 65, 0))),
        seal(index_of((*GOOD[:4], 4, 7, 64, 0))),
        seal(index_of((*GOOD[:4], 5, 5, 64, 0))),
        seal(index_of((*GOOD[:4], 4, 2**62, 64, 0))),
        seal(index_of((*GOOD[:4], 4.0, 6, 64, 0))),
        seal(index_of((*GOOD[:4], True, 6, 64, 0))),
        seal(index_of((*GOOD[:4], -1, 6, 64, 0))),
        seal(index_of(GOOD, warp=True)),
        seal(index_of(GOOD, warp=1)),
        seal(index_of(GOOD, side=0)),
        seal(index_of(GOOD, side="4")),
        seal(index_of(GOOD, channels=2)),
        seal(index_of(GOOD, channels=4)),
        seal(index_of(GOOD, resample="cubic")),
        seal(index_of(GOOD, more=1)),
        seal(index_of(GOOD, value_range=[1, 0])),
        seal(index_of(GOOD, value_range="01")),
        seal(index_of(GOOD, value_range=3)),
        seal(index_of(GOOD, began_ns="5")),
        seal(index_of(GOOD, began_ns=2**63)),
        seal(index_of(GOOD), place=63),
        seal(index_of(GOOD), place=0),
        seal(index_of(GOOD), place=2**63),
        seal(index_of(GOOD), form=3),
        seal(index_of(GOOD), mark=b"saxPixel"),
        seal(index_of(GOOD)) + b"x",
    ],
)
def test_invalid_content_with_a_correct_checksum_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(sa.CacheCorruptError):
        ImageCache(path)


@pytest.mark.parametrize("word", ["images", "pictures"])  # older files have the latter
def test_the_good_row_of_these_tests_is_taken(path, word):
    path.write_bytes(seal(index_of(GOOD, word=word)))
    cache = ImageCache(path)
    assert cache.entries["a"].width == 6
    with pytest.raises(sa.CacheCorruptError, match="checksum"):
        cache.read("a")


def test_of_an_older_file_only_the_settings_are_read(path):
    settings = {"side": 4, "channels": 3, "resample": "bilinear", "warp": False}
    index = json.dumps({"settings": settings, "began_ns": 5, "images": [GOOD]}).encode()
    path.write_bytes(seal(index, form=1))
    cache = ImageCache(path)
    assert cache.is_old and cache.settings == Settings(4, 3, "bilinear") and not cache.entries
    assert cache.read("a") is None


def test_an_index_beyond_the_memory_is_refused_before_it_is_read(path):
    with path.open("wb") as file:
        start = HEADER.pack(b"saxpixel", 1, 64, 1 << 43)
        file.write(start + bytes(32))
        file.truncate(64 + (1 << 43))  # takes no room on the disk
    with pytest.raises(MemoryError, match="index"):
        ImageCache(path)
