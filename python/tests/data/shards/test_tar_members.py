"""Members of tar files, sound and hostile."""

import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shard_files import tar_bytes

from swiftalexnet.data.shards.tar_members import BLOCK, members, parse_header

FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def listed(data, most=None):
    """Return the members; no reading may be outside the file or larger than `most`."""

    def read(offset, count):
        assert offset >= 0 and offset + count <= len(data)
        assert most is None or count <= most
        return data[offset : offset + count]

    return [(member.name, data[member.offset : member.offset + member.size]) for member in members(read, len(data))]


def changed(header, start, text):
    """Return a header with other bytes and the checksum that belongs to them."""
    block = bytearray(header)
    block[start : start + len(text)] = text
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def header(kind=b"0", size=b"00000000000\0", name=b"a.jpg"):
    """Return a member's header with a sound checksum."""
    return changed(changed(changed(bytes(BLOCK), 0, name), 124, size), 156, kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_members_are_those_of_the_standard_library(kind):
    long = "folder/" + "x" * 150 + ".jpg" if kind != tarfile.USTAR_FORMAT else "folder/" * 20 + "x.jpg"
    files = [("a.jpg", b"1" * 1000), ("é.cls", b"3"), (long, b""), ("../../etc/passwd", b"x"), ("/b.jpg", b"2" * 512)]
    assert listed(tar_bytes(files, kind)) == files


@given(
    st.lists(
        st.tuples(st.text("ab./é", min_size=1, max_size=120).map(lambda name: f"n{name}"), st.binary(max_size=1200))
    ),
    st.sampled_from(FORMATS[1:]),
)
def test_any_members(files, kind):
    files = [(name.rstrip("/") or "n", data) for name, data in files]
    assert listed(tar_bytes(files, kind)) == files


@given(st.data())
def test_damage_is_an_error_or_other_members(data):
    sound = tar_bytes([("a.jpg", b"1" * 700), ("b" * 90, b"22")], data.draw(st.sampled_from(FORMATS)))
    damaged = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, 4 * BLOCK))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(sound)))]
    with suppress(ValueError):
        listed(bytes(damaged), most=1 << 16)


def test_every_cut_is_noticed():
    sound = tar_bytes([("a.jpg", b"1" * 700), ("a.cls", b"2")])
    assert len(listed(sound)) == 2
    end = 6 * BLOCK  # behind the first block of the end mark everything is padding
    for size in range(0, end, 64):
        with pytest.raises(ValueError, match=r"cut short|not a tar"):
            listed(sound[:size])


@pytest.mark.parametrize(
    ("kind", "what"),
    [(b"1", "hard link"), (b"2", "symbolic"), (b"S", "sparse"), (b"3", "device"), (b"?", "unknown kind")],
)
def test_what_is_no_file_is_refused(kind, what):
    with pytest.raises(ValueError, match=what):
        listed(header(kind) + bytes(20 * BLOCK))


@pytest.mark.parametrize("size", [b"77777777777\0", b"\x80" + b"\xff" * 11, b"\x80\0\0\0" + b"\xff" * 8])
@pytest.mark.parametrize("kind", [b"0", b"x", b"L", b"g"])
def test_sizes_beyond_the_file(size, kind):
    with pytest.raises(ValueError, match="cut short"):
        listed(header(kind, size) + bytes(20 * BLOCK), most=BLOCK)


def test_numbers_that_are_none():
    for size in (b"-0000000001\0", b"0x000000001\0", b"\xff" * 12, b"99999999999\0"):
        with pytest.raises(ValueError, match="not a tar"):
            listed(header(size=size) + bytes(20 * BLOCK))


def test_long_headers_are_refused():
    with pytest.raises(ValueError, match="header of 1,048,576 bytes, expected at most"):
        listed(header(b"x", b"00004000000\0") + bytes(1 << 20) + bytes(20 * BLOCK), most=1 << 16)


@pytest.mark.parametrize(
    "record",
    [
        b"22 GNU.sparse.major=1\n",
        b"99 path=a\n",
        b"0 path=a\n",
        b"path\n",
        b"12 size=1e9\n",
        b"-5 path=a\n",
        b"9999999999999999999999 path=a\n",
    ],
)
def test_pax_headers_that_mean_nothing(record):
    data = record.ljust(BLOCK, b"\0")
    with pytest.raises(ValueError, match=r"pax|sparse"):
        listed(header(b"x", b"%011o\0" % len(record)) + data + header() + bytes(20 * BLOCK))


def test_two_tars_in_one_file():
    one = tar_bytes([("a.jpg", b"1")])
    with pytest.raises(ValueError, match="goes on behind the end mark"):
        listed(one[: 3 * BLOCK] + one)


def test_folders_are_passed_over():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    assert listed(buffer.getvalue()) == []


def test_a_header():
    block = tarfile.TarInfo("a.jpg").tobuf()
    assert parse_header(block) == ("a.jpg", 0, b"0")
    with pytest.raises(ValueError, match="checksum"):
        parse_header(block[:10] + b"x" + block[11:])
