"""The members of a tar file, in memory that does not depend on what the file says.

Names are text and nothing is unpacked, so that a name with `..` reaches nothing. Links, sparse files and devices are
refused: an image would silently be another, or missing.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

BLOCK = 512
_MOST_EXTENDED = 1 << 16  # bytes of a pax header or a long name
_PADDING = 20 * BLOCK  # with which tar fills a file up behind its end mark
_FILES, _FOLDER, _LONG_NAME, _LONG_LINK = (b"0", b"\0", b"7"), b"5", b"L", b"K"
_PAX, _GLOBAL_PAX = b"x", b"g"
_REFUSED = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a sparse file",
    b"D": "a list of a folder",
    b"M": "a part of a file",
    b"V": "a label of a volume",
}

Read = Callable[[int, int], bytes]  # (offset, count): exactly so many bytes


class Member(NamedTuple):
    """A regular file in a tar: its name, and where its bytes are."""

    name: str
    offset: int
    size: int


class Header(NamedTuple):
    """One block of 512 bytes: name, size and kind of what follows."""

    name: str
    size: int
    kind: bytes


def members(read: Read, size: int) -> Iterator[Member]:
    """Yield the regular files of a tar of `size` bytes.

    Raises
    ------
    ValueError
        It is not a tar, it is cut short, or a member is not a regular file.
    """
    at, ended = 0, False
    extended: dict[str, str] = {}
    while not ended:
        if at + BLOCK > size:
            raise ValueError(f"it is cut short: it ends after {size:,} bytes without an end mark" if at else _NO_TAR)
        block = read(at, BLOCK)
        if not any(block):
            _require_end(read, at, size)
            return
        header = parse_header(block)
        start = at + BLOCK
        length = int(extended["size"]) if "size" in extended else header.size
        if start + length > size:
            room = f"{size - start:,} bytes are left"
            raise ValueError(f"it is cut short: member {header.name!r} has {length:,} bytes, {room}")
        at = start + -(-length // BLOCK) * BLOCK
        if header.kind in (_PAX, _GLOBAL_PAX, _LONG_NAME, _LONG_LINK):
            found = _extension(read, start, header)
            extended |= found if header.kind != _GLOBAL_PAX else {}
            continue
        if header.kind in _FILES and not (header.kind == b"\0" and header.name.endswith("/")):
            yield Member(extended.get("path", header.name), start, length)
        elif header.kind not in (_FOLDER, b"\0"):
            what = _REFUSED.get(header.kind, f"of the unknown kind {header.kind!r}")
            raise ValueError(f"member {header.name!r} is {what}, expected regular files")
        extended = {}


def parse_header(block: bytes) -> Header:
    """Return what a header's block says.

    Raises
    ------
    ValueError
        It is not one: its checksum is wrong.
    """
    stored = _number(block[148:156])
    plain = sum(block) - sum(block[148:156]) + 8 * 32
    if stored != plain:
        raise ValueError(_NO_TAR)
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and block[345]:
        name = f"{_text(block[345:500])}/{name}"
    return Header(name, _number(block[124:136]), block[156:157])


_NO_TAR = "it is not a tar file, or is damaged: no header's checksum where one is expected"


def _require_end(read: Read, at: int, size: int) -> None:
    """Refuse members behind the end mark: of two tars in one file the second would be lost."""
    rest = min(size - at, _PADDING)
    if any(read(at, rest)):
        raise ValueError(f"it goes on behind the end mark at byte {at:,}: two tars in one file, or damage")


def _extension(read: Read, start: int, header: Header) -> dict[str, str]:
    """Return path and size from the header that precedes a member's own, if it has them."""
    if header.size > _MOST_EXTENDED:
        raise ValueError(f"a header of {header.size:,} bytes, expected at most {_MOST_EXTENDED:,}")
    data = read(start, header.size)
    if header.kind == _LONG_NAME:
        return {"path": _text(data)}
    return {} if header.kind == _LONG_LINK else _pax_records(data)


def _pax_records(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(data) and data[at]:
        length, space, _ = data[at : at + 20].partition(b" ")
        count = int(length) if space and length.isdigit() else 0
        record = data[at + len(length) + 1 : at + count]
        key, equals, value = record.partition(b"=")
        if not equals or not record.endswith(b"\n") or at + count > len(data):
            raise ValueError("a pax header that cannot be parsed")
        if key.startswith(b"GNU.sparse"):
            raise ValueError("a member is a sparse file, expected regular files")
        if key == b"path":
            found["path"] = _text(value[:-1])
        if key == b"size":
            if not value[:-1].isdigit() or len(value) > 19:
                raise ValueError(f"a pax header with the size {value[:-1][:40]!r}")
            found["size"] = value[:-1].decode()
        at += count
    return found


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    """Return a number in octal digits, or in binary if its first bit is set."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if digits and not all(0x30 <= digit < 0x38 for digit in digits):
        raise ValueError(_NO_TAR)
    return int(digits or b"0", 8)
