"""A file to read from by offset."""

import hashlib

import numpy as np
import pytest

from swiftalexnet.files.source import opened_source


@pytest.fixture
def path(tmp_path):
    (tmp_path / "file").write_bytes(bytes(range(256)) * 5)
    return tmp_path / "file"


def test_bytes_numbers_and_hash(path):
    with opened_source(path, "test") as file:
        assert file.size == 1280 and str(file) == str(path)
        assert file.read(255, 3) == b"\xff\x00\x01"
        assert file.array(1, 2, np.dtype("<u2")).tolist() == [0x0201, 0x0403]
        assert file.sha256() == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("place", [(1280, 1), (-1, 2), (0, -1), (0, 2**63), (2**63, 1)])
def test_outside(path, place):
    with opened_source(path, "test") as file, pytest.raises(ValueError, match="it has 1,280 bytes, and needs"):
        file.read(*place)


def test_a_file_that_is_cut_short_while_it_is_open(path):
    with opened_source(path, "test") as file:
        path.write_bytes(b"short")
        with pytest.raises(ValueError, match="cut short"):
            file.read(100, 100)
