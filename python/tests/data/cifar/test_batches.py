"""Binary and Python batches that are truncated, damaged or malicious."""

import gzip
import tarfile

import cifar_files as made
import numpy as np
import pytest

import swiftalexnet as sa
from swiftalexnet.data.cifar import batches as cifar_batches


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(cifar_batches, "RECORDS", made.RECORDS)


@pytest.fixture(params=["binary", "python"])
def files(request):
    return made.binary_files() if request.param == "binary" else made.python_files()


def test_a_missing_batch_is_named(files, tmp_path):
    name = next(name for name in files if name.startswith("data_batch_3"))
    del files[name]
    with pytest.raises(ValueError, match=f"has no {name}"):
        sa.cifar10(made.write_tar(tmp_path / "c.tar.gz", files, "x"))
    with pytest.raises(FileNotFoundError, match=name):
        sa.cifar10(made.write_folder(tmp_path / "folder", files))


def test_a_batch_cut_short_is_named(files, tmp_path):
    name = next(name for name in files if name.startswith("test_batch"))
    for part in (0, 1, 1000, len(files[name]) - 1):
        with pytest.raises(ValueError, match=name):
            sa.cifar10(made.write_folder(tmp_path, {**files, name: files[name][:part]}))


def test_an_archive_cut_short(files, tmp_path):
    whole = made.write_tar(tmp_path / "whole.tar.gz", files, "x").read_bytes()
    for part in (0, 5, len(whole) // 2, len(whole) - 9):
        (tmp_path / "part.tar.gz").write_bytes(whole[:part])
        with pytest.raises(ValueError, match=r"part\.tar\.gz"):
            sa.cifar10(tmp_path / "part.tar.gz")


def test_damaged_bytes_are_errors_or_other_pixels(files, tmp_path):
    whole = made.write_tar(tmp_path / "whole.tar.gz", files, "x").read_bytes()
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(40):
        damaged = bytearray(whole)
        damaged[generator.integers(len(whole))] ^= 1 << generator.integers(8)
        (tmp_path / "damaged.tar.gz").write_bytes(damaged)
        try:
            sa.cifar10(tmp_path / "damaged.tar.gz")
        except ValueError:
            refused += 1
    assert refused > 30  # a .gz has a checksum; a few of its bits mean nothing


def test_labels_beyond_the_classes(tmp_path):
    files = made.binary_files()
    files["data_batch_2.bin"] = b"\x09" + files["data_batch_2.bin"][1:]
    with pytest.raises(ValueError, match=r"data_batch_2\.bin has labels beyond the 4 classes"):
        sa.cifar10(made.write_folder(tmp_path, files))


def test_class_names_must_differ(tmp_path):
    with pytest.raises(ValueError, match="exactly once"):
        sa.cifar10(made.write_folder(tmp_path, {**made.binary_files(), "batches.meta.txt": b"cat\ncat\n"}))


def test_sizes_are_checked_before_reading(files, tmp_path, monkeypatch):
    name = next(name for name in files if name.startswith("test_batch"))
    archive = made.write_tar(tmp_path / "c.tar.gz", {**files, name: b"\0" * 2_000_000}, "x")
    with pytest.raises(ValueError, match="expected at most"):
        sa.cifar10(archive)
    other = made.write_tar(tmp_path / "other.tar.gz", {**files, "other": b"\0" * 2_000_000}, "x")
    assert len(sa.cifar10(other)[0]) == made.TRAIN
    monkeypatch.setattr(cifar_batches, "_UNPACKED_LIMIT", 1_000_000)
    with pytest.raises(ValueError, match="unpacks to more than 1,000,000"):
        sa.cifar10(other)


def block(kind: bytes, content: bytes, **header) -> bytes:
    """Return a member of a .tar file."""
    member = tarfile.TarInfo("data_batch_1.bin")
    member.type, member.size = kind, len(content)
    return member.tobuf(tarfile.GNU_FORMAT) + content + b"\0" * (-len(content) % tarfile.BLOCKSIZE)


def pax_record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    return str(len(rest) + len(str(len(rest) + 2))).encode() + rest


@pytest.mark.parametrize(
    "content",
    [
        block(tarfile.GNUTYPE_LONGNAME, b"a\0") * 5_000,  # tarfile recurses once a header
        block(tarfile.XHDTYPE, pax_record(b"size", b"-1")),
        block(tarfile.XHDTYPE, pax_record(b"size", b"9" * 30)),
        block(tarfile.XHDTYPE, pax_record(b"GNU.sparse.map", b"1,2,x")),
        block(tarfile.XHDTYPE, pax_record(b"GNU.sparse.size", b"x")),
        block(tarfile.XHDTYPE, pax_record(b"GNU.sparse.realsize", b"-3")),
        block(tarfile.XHDTYPE, pax_record(b"GNU.sparse.major", b"1") + pax_record(b"GNU.sparse.minor", b"0")),
    ],
    ids=["long names", "size -1", "size huge", "map", "sparse size", "real size", "sparse 1.0"],
)
def test_hostile_headers_are_value_errors(content, tmp_path):
    path = tmp_path / "hostile.tar.gz"
    path.write_bytes(gzip.compress(content + block(tarfile.REGTYPE, b"\0" * 512) + b"\0" * 1024))
    with pytest.raises(ValueError, match=r"hostile\.tar\.gz "):  # what of it is read depends on the release of tarfile
        sa.cifar10(path)


def test_only_regular_files_of_an_archive_are_read(tmp_path):
    path = tmp_path / "link.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in made.binary_files():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
    with pytest.raises(ValueError, match="has no data_batch_1"):
        sa.cifar10(path)
