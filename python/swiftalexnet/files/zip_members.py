"""The members of a zip file, for readers that need only their names, places and bytes.

The standard library's reader makes an object of half a kilobyte for each member before it is asked for one, follows
whatever the directory says, and unpacks without a limit. This one bounds the directory, refuses members that overlap
or lie outside the file, and unpacks no more than a member declares.
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from .source import SourceFile

_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENTRY, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_LONGEST_COMMENT = 1 << 16
_DIRECTORY_LIMIT = 4 << 20  # bytes
_MOST_MEMBERS = 20_000
_PIECE = 1 << 20
_STORED, _DEFLATED = 0, 8
_32_BITS, _16_BITS = 0xFFFF_FFFF, 0xFFFF


class Member(NamedTuple):
    """A file within a zip file."""

    name: str
    method: int
    crc: int
    packed: int  # bytes in the file
    size: int  # bytes when unpacked
    header: int  # offset of its local header

    @property
    def is_stored(self) -> bool:
        """Whether its bytes stand in the file as they are."""
        return self.method == _STORED and self.packed == self.size


def members_of(file: SourceFile) -> dict[str, Member]:
    """Return the members by name.

    Raises
    ------
    ValueError
        The directory is damaged or too large, repeats a name, or has a member outside the file.
    """
    count, length, offset = _directory_place(file)
    if count > _MOST_MEMBERS or length > _DIRECTORY_LIMIT:
        raise ValueError(f"its directory has {count:,} members in {length:,} bytes, expected at most {_MOST_MEMBERS:,}")
    directory = file.read(offset, length)
    members: dict[str, Member] = {}
    at = 0
    for _ in range(count):
        member, at = _entry(directory, at)
        if member.name in members:
            raise ValueError(f"its directory has {member.name!r} twice")
        file.require(member.header, 30 + member.packed)
        members[member.name] = member
    _refuse_overlaps(members)
    return members


def data_offset(file: SourceFile, member: Member) -> int:
    """Return where in the file the bytes of a member begin.

    Raises
    ------
    ValueError
        Its local header is not there, or its bytes do not fit in the file.
    """
    header = file.read(member.header, 30)
    if header[:4] != _LOCAL or _number(header, 8, 2) != member.method:
        raise ValueError(f"{member.name} is not where the directory of the file says")
    offset = member.header + 30 + _number(header, 26, 2) + _number(header, 28, 2)
    file.require(offset, member.packed)
    return offset


def pieces_of(file: SourceFile, member: Member) -> Iterator[bytes]:
    """Yield the unpacked bytes of a member, and check their number and checksum at the end.

    Raises
    ------
    ValueError
        It is packed by another method than deflate, is damaged, or has other bytes than declared.
    """
    if member.method not in (_STORED, _DEFLATED):
        raise ValueError(f"{member.name} is packed by method {member.method}, expected stored or deflated")
    offset, end = data_offset(file, member), data_offset(file, member) + member.packed
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == _DEFLATED else None
    crc = size = 0
    while offset < end:
        piece = file.read(offset, min(_PIECE, end - offset))
        offset += len(piece)
        while piece:
            unpacked, piece = _unpacked(unpacker, piece, member.name)
            crc, size = zlib.crc32(unpacked, crc), size + len(unpacked)
            if size > member.size:
                break
            if unpacked:
                yield unpacked
        if size > member.size:
            break
    if size != member.size or crc != member.crc:
        raise ValueError(f"{member.name} is damaged: its length or checksum does not match")


def read_member(file: SourceFile, member: Member, limit: int) -> bytes:
    """Return a small member.

    Raises
    ------
    ValueError
        It has more than `limit` bytes, or is damaged.
    """
    if member.size > limit:
        raise ValueError(f"{member.name} has {member.size:,} bytes, expected at most {limit:,}")
    return b"".join(pieces_of(file, member))


def _unpacked(unpacker: "zlib._Decompress | None", piece: bytes, name: str) -> tuple[bytes, bytes]:
    """Return unpacked bytes, at most a piece, and what is left to unpack."""
    if unpacker is None:
        return piece, b""
    try:
        return unpacker.decompress(piece, _PIECE), unpacker.unconsumed_tail
    except zlib.error as error:
        raise ValueError(f"{name} is damaged: {error}") from error


def _directory_place(file: SourceFile) -> tuple[int, int, int]:
    """Return the number of members, and the length and offset of the directory."""
    start = max(file.size - _LONGEST_COMMENT - 22, 0)
    tail = file.read(start, file.size - start)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise ValueError("it is cut short: the directory of its members is missing")
    count, length, offset = _number(tail, at + 10, 2), _number(tail, at + 12, 4), _number(tail, at + 16, 4)
    if (count == _16_BITS or _32_BITS in (length, offset)) and tail[max(at - 20, 0) : at][:4] == _LOCATOR64:
        record = file.read(_number(tail, at - 12, 8), 56)
        if record[:4] != _END64:
            raise ValueError("the directory of its members is not where the file says")
        return _number(record, 32, 8), _number(record, 40, 8), _number(record, 48, 8)
    return count, length, offset


def _entry(directory: bytes, at: int) -> tuple[Member, int]:
    """Return the member at a place in the directory, and the place after it."""
    if directory[at : at + 4] != _ENTRY or len(directory) < at + 46:
        raise ValueError("the directory of its members is damaged")
    flags, method = _number(directory, at + 8, 2), _number(directory, at + 10, 2)
    sizes = [_number(directory, at + place, 4) for place in (24, 20, 42)]  # unpacked, packed, header
    lengths = [_number(directory, at + place, 2) for place in (28, 30, 32)]  # name, extra, comment
    name_end = at + 46 + lengths[0]
    end = name_end + lengths[1] + lengths[2]
    if end > len(directory):
        raise ValueError("the directory of its members is damaged")
    name = directory[at + 46 : name_end].decode("utf-8", "backslashreplace")
    if flags & 1:
        raise ValueError(f"{name!r} is encrypted")
    size, packed, header = _wide(directory[name_end : name_end + lengths[1]], sizes)
    return Member(name, method, _number(directory, at + 16, 4), packed, size, header), end


def _wide(extra: bytes, sizes: list[int]) -> list[int]:
    """Return sizes, those of 64 bits taken from the extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = _number(extra, at, 2), _number(extra, at + 2, 2)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            places = iter(range(0, len(field) - 7, 8))
            return [_number(field, next(places, 0), 8) if size == _32_BITS and field else size for size in sizes]
        at += 4 + length
    return sizes


def _refuse_overlaps(members: dict[str, Member]) -> None:
    """Refuse members that share bytes, with which a small file unpacks to a large one."""
    end = 0
    for member in sorted(members.values(), key=lambda member: member.header):
        if member.header < end:
            raise ValueError(f"{member.name} overlaps the member before it")
        end = member.header + 30 + member.packed


def _number(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(data[at : at + count], "little")
