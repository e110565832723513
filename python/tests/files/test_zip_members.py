"""Members of zip files: what the standard library writes is read, and nothing else."""

import io
import struct
import zipfile

import numpy as np
import pytest

from swiftalexnet.files.source import opened_source
from swiftalexnet.files.zip_members import data_offset, members_of, pieces_of, read_member


def zipped(method=zipfile.ZIP_STORED, **members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return bytearray(buffer.getvalue())


def reading(tmp_path, data, read):
    path = tmp_path / "zip"
    path.write_bytes(data)
    with opened_source(path, "test") as file:
        return read(file, members_of(file))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated(tmp_path, method):
    content = {"a": b"", "b": b"text", "c": bytes(3 << 20)}

    def read(file, members):
        return {name: b"".join(pieces_of(file, member)) for name, member in members.items()}

    assert reading(tmp_path, zipped(method, **content), read) == content


def test_where_stored_bytes_lie(tmp_path):
    data = zipped(a=b"12345", b=b"678")
    assert reading(tmp_path, data, lambda file, m: file.read(data_offset(file, m["b"]), 3)) == b"678"


def test_sizes_of_64_bits(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file, file.open("a", "w", force_zip64=True) as member:
        member.write(b"12345")
    assert reading(tmp_path, buffer.getvalue(), lambda file, m: read_member(file, m["a"], 5)) == b"12345"


def test_longer_than_allowed(tmp_path):
    with pytest.raises(ValueError, match="a has 5 bytes, expected at most 4"):
        reading(tmp_path, zipped(a=b"12345"), lambda file, m: read_member(file, m["a"], 4))


def test_a_bomb_ends_at_its_declared_size(tmp_path):
    data = zipped(zipfile.ZIP_DEFLATED, a=bytes(50 << 20))
    directory = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, directory + 24, 1000)  # it declares 1000 bytes

    def read(file, members):
        total = 0
        with pytest.raises(ValueError, match="length or checksum"):
            for piece in pieces_of(file, members["a"]):
                total += len(piece)
        return total

    assert reading(tmp_path, data, read) <= 1 << 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-10], "directory"),
        (lambda data: data.replace(b"PK\x01\x02", b"PK\x01\x03"), "directory of its members is damaged"),
        (lambda data: data.replace(b"12345", b"12346"), "length or checksum"),
        (
            lambda data: (
                data[: data.rindex(b"PK\x01\x02") + 42]
                + struct.pack("<I", 2**31)
                + data[data.rindex(b"PK\x01\x02") + 46 :]
            ),
            "needs",
        ),
        (
            lambda data: data[: data.rindex(b"PK\x01\x02") + 8] + b"\x01" + data[data.rindex(b"PK\x01\x02") + 9 :],
            "encrypted",
        ),
    ],
    ids=["cut", "no entry", "other bytes", "outside", "encrypted"],
)
def test_damage(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        reading(tmp_path, change(zipped(a=b"12345")), lambda file, m: read_member(file, m["a"], 5))


def test_two_of_one_name_and_members_that_overlap(tmp_path):
    data = zipped(a=b"12345", b=b"67890")
    with pytest.raises(ValueError, match="'a' twice"):
        at = data.rindex(b"PK\x01\x02") + 46
        reading(tmp_path, data[:at] + b"a" + data[at + 1 :], lambda file, m: m)
    second = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, second + 42, 1)
    with pytest.raises(ValueError, match="overlaps"):
        reading(tmp_path, data, lambda file, m: m)


def test_a_directory_of_many_members_is_refused_before_it_is_read(tmp_path):
    data = zipped(a=b"1")
    struct.pack_into("<HH", data, data.rindex(b"PK\x05\x06") + 8, 60_000, 60_000)
    with pytest.raises(ValueError, match="60,000 members"):
        reading(tmp_path, data, lambda file, m: m)


def test_what_numpy_writes(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(5))
    with opened_source(tmp_path / "a.npz", "test") as file:
        member = members_of(file)["x.npy"]
        assert read_member(file, member, 1 << 20).startswith(b"\x93NUMPY")
