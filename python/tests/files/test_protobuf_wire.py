"""Scanning protocol buffers for the places of their fields."""

from pathlib import Path

import pytest

from swiftalexnet.files.protobuf_wire import FIXED32, FIXED64, LENGTH, VARINT, Field, WireScanner, header, varint
from swiftalexnet.files.source import opened_source


def fields_of(path: Path, data: bytes, start: int = 0, stop: int | None = None, **limits: int) -> list[Field]:
    """Return the fields of a message."""
    path.write_bytes(data)
    with opened_source(path, "test") as file:
        return list(WireScanner(file, **limits).fields(start, len(data) if stop is None else stop))


def test_every_wire_type(tmp_path: Path) -> None:
    data = b"\x08\x96\x01" + b"\x11" + bytes(8) + header(3, 5) + b"hello" + b"\x25" + bytes(4)
    assert fields_of(tmp_path / "m", data) == [
        Field(1, VARINT, 0, 1, 2, 150),
        Field(2, FIXED64, 3, 4, 8, 0),
        Field(3, LENGTH, 12, 14, 5, 0),
        Field(4, FIXED32, 19, 20, 4, 0),
    ]


@pytest.mark.parametrize("value", [0, 1, 127, 128, 2**31, 2**63, 2**64 - 1])
def test_numbers(tmp_path: Path, value: int) -> None:
    (field,) = fields_of(tmp_path / "m", b"\x08" + varint(value))
    assert field.value == value
    assert field.signed == (value if value < 2**63 else value - 2**64)


def test_a_long_message_is_read_in_windows_and_content_is_skipped(tmp_path: Path) -> None:
    data = b"".join(header(5, size) + bytes(size) for size in (0, 1, 4090, 4096, 100_000, 3)) + b"\x08\x01" * 5000
    found = fields_of(tmp_path / "m", data)
    assert [field.length for field in found[:6]] == [0, 1, 4090, 4096, 100_000, 3] and len(found) == 5006
    assert found[-1].end == len(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x08", "does not end"),
        (b"\x08" + b"\x80" * 20, "does not end"),
        (b"\x08" + b"\xff" * 9 + b"\x7f", "more than 64 bits"),
        (b"\x00\x01", "a field of number 0"),
        (b"\x0b", "wire type 3"),
        (b"\x0f", "wire type 7"),
        (header(1, 5) + b"four", "ends behind its message"),
        (header(1, 2**63), "ends behind its message"),
        (b"\x0d\x00", "ends behind its message"),
    ],
)
def test_what_is_no_message(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fields_of(tmp_path / "m", data)


def test_a_message_ends_where_the_outer_one_says(tmp_path: Path) -> None:
    data = header(1, 3) + b"\x08\x96\x01" + b"\x10\x05"
    (outer, _) = fields_of(tmp_path / "m", data)
    (inner,) = fields_of(tmp_path / "m", data, outer.offset, outer.end)
    assert inner.value == 150
    with pytest.raises(ValueError, match="ends behind|does not end"):
        fields_of(tmp_path / "m", data, outer.offset, outer.end - 1)
    with pytest.raises(ValueError, match="needs"):
        fields_of(tmp_path / "m", data, 0, len(data) + 1)


def test_the_number_of_fields_is_bounded_over_all_messages(tmp_path: Path) -> None:
    assert len(fields_of(tmp_path / "m", b"\x08\x01" * 10, at_most=10)) == 10
    with pytest.raises(ValueError, match="more than 10 fields"):
        fields_of(tmp_path / "m", b"\x08\x01" * 11, at_most=10)


def test_content_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(header(1, 5) + b"hello")
    with opened_source(tmp_path / "m", "test") as file:
        scanner = WireScanner(file)
        (field,) = scanner.fields(0, file.size)
        assert scanner.content(field, 5) == b"hello"
        with pytest.raises(ValueError, match="has 5 bytes"):
            scanner.content(field, 4)
