"""Files of features: rows come back with their bits; damage and impossible indices are refused."""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest

import swiftalexnet as sa
from swiftalexnet.data.feature_file import Contents, FeatureFile, FeatureWriter, is_feature_file
from swiftalexnet.files.atomic import replacing
from swiftalexnet.files.paths import open_regular

CONTENTS = Contents({"weights": "abc"}, (2, 3, 4), 6, 2, (1, 4), {"a/b.png": "00"})
ROWS = np.random.default_rng(0).standard_normal((8, 2, 3, 4)).astype(np.float32)


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "some.features"
    with replacing(path) as descriptor:
        writer = FeatureWriter(descriptor)
        writer.add(ROWS[:3])
        writer.add(ROWS[3:])
        writer.finish(CONTENTS)
    return path


def opened(path: Path) -> FeatureFile:
    return FeatureFile(open_regular(path), path)


def test_rows_and_contents_come_back(path):
    file = opened(path)
    assert file.contents == CONTENTS and is_feature_file(path)
    assert file.first_rows.tolist() == [0, -1, 2, 4, -1, 6]
    for rows in ([0], [7, 0, 3], [], [5, 5]):
        assert file.read(np.array(rows, np.intp)).tobytes() == ROWS[rows].tobytes()
    file.check()


def test_every_flipped_bit_and_every_end_is_noticed(path):
    whole = path.read_bytes()
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        with pytest.raises(sa.CacheCorruptError, match="is damaged|is not a file of features|has format"):
            opened(path).check()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(sa.CacheCorruptError):
            opened(path)


def test_a_file_that_is_cut_after_it_was_opened(path):
    file = opened(path)
    with open(path, "r+b") as target:
        target.truncate(200)
    with pytest.raises(sa.CacheCorruptError, match="has been cut short since it was opened"):
        file.check()


def rebuilt(path: Path, change) -> None:
    """Change the index, and bring the checksum up to date."""
    data = path.read_bytes()
    mark, form, place, _ = struct.unpack("<8sQQQ", data[:32])
    fields = json.loads(data[place:])
    change(fields)
    index = json.dumps(fields).encode()
    start = struct.pack("<8sQQQ", mark, form, place, len(index))
    path.write_bytes(start + hashlib.sha256(start + index).digest() + data[64:place] + index)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [2, 3]},
        {"shape": [2, 3, 0]},
        {"shape": [2**31, 2**31, 2**31]},
        {"shape": [2, 3, 5]},
        {"images": 7},
        {"images": 2**40},
        {"images": -1},
        {"images": True},
        {"views": 0},
        {"views": 3},
        {"missing": [1]},
        {"missing": [1, 1]},
        {"missing": [1, 6]},
        {"missing": 3},
        {"key": []},
        {"young": None},
        {"checksums": "zz"},
        {"checksums": "00"},
        {"checksums": ""},
        {"checksums": 5},
    ],
)
def test_impossible_indices_are_refused(change, path):
    rebuilt(path, lambda fields: fields.update(change))
    with pytest.raises(sa.CacheCorruptError, match="is damaged"):
        opened(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "diary"
    for text in (b"", b"dear diary", b"saxpixel" + bytes(100)):
        path.write_bytes(text)
        assert not is_feature_file(path)
        with pytest.raises(sa.CacheCorruptError, match="is not a file of features"):
            opened(path)
