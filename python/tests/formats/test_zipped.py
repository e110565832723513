"""Numbers in members of zip files, read in any order; checksums are compared."""

import zipfile

import numpy as np
import pytest

from swiftalexnet.files.source import opened_source
from swiftalexnet.files.zip_members import members_of
from swiftalexnet.formats.zipped import PackedNumbers, StoredNumbers

NUMBERS = np.random.default_rng(0).integers(0, 50, 700_000).astype(np.float32)  # more than a piece
START = b"a header"
KINDS = {StoredNumbers: zipfile.ZIP_STORED, PackedNumbers: zipfile.ZIP_DEFLATED}


def written(path, method) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("numbers", START + NUMBERS.tobytes())


@pytest.mark.parametrize("kind", KINDS)
def test_places(kind, tmp_path):
    written(tmp_path / "zip", KINDS[kind])
    with opened_source(tmp_path / "zip", "test") as file:
        reader = kind(file, members_of(file)["numbers"], NUMBERS.dtype, START)
        places = [
            (0, 700_000),
            (0, 1),
            (1, 3),
            (400_000, 400_000),
            (300_000, 600_000),
            (5, 9),
            (699_999, 700_000),
            (0, 0),
        ]
        for start, stop in [*places, *((at, min(at + 90_001, 700_000)) for at in range(0, 700_000, 90_001))]:
            np.testing.assert_array_equal(reader.read(start, stop), NUMBERS[start:stop])


@pytest.mark.parametrize("kind", KINDS)
def test_checksums(kind, tmp_path):
    written(tmp_path / "zip", KINDS[kind])
    data = bytearray((tmp_path / "zip").read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 16] ^= 1
    (tmp_path / "zip").write_bytes(data)
    with opened_source(tmp_path / "zip", "test") as file:
        reader = kind(file, members_of(file)["numbers"], NUMBERS.dtype, START)
        reader.read(0, 600_000)
        with pytest.raises(ValueError, match="checksum"):
            reader.read(600_000, 700_000)
        with pytest.raises(ValueError, match="checksum"):
            reader.read(0, 700_000)
