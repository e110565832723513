"""Attributes of HDF5 that are texts, without the library, which is not safe with damaged ones.

It takes the gigabytes that a damaged length says before it looks at the text, and loops for ever on a damaged heap
(HDFGroup/hdf5#1707).
Format: "HDF5 File Format Specification Version 3.0", III.E and IV.A.2, for places and lengths of 64 bits.
"""

import math
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...errors import UnsupportedError

_CONTINUATION, _ATTRIBUTE, _ATTRIBUTE_INFO = 0x10, 0x0C, 0x15
_TEXT, _VARIABLE = 3, 9  # classes of types
_MOST_BLOCKS = 100  # of a header
_MOST_TEXTS = 10_000
_TEXT_LIMIT = 4 << 20  # bytes of an attribute
_HEADER_LIMIT = 1 << 20  # bytes of a header, in all its blocks

Read = Callable[[int, int], bytes]  # `read(place, count)` returns bytes, or raises ValueError


class _Message(NamedTuple):
    kind: int
    flags: int
    data: bytes


class TextAttributes:
    """The attributes of the objects of a file, read by `read`.

    `texts` raises ValueError where the file is damaged, and UnsupportedError where it is of a form that neither Keras
    nor MATLAB writes.
    """

    def __init__(self, read: Read):
        self._read = read
        self._heaps: dict[int, dict[int, tuple[int, int]]] = {}

    def texts(self, header: int, name: str) -> list[str] | None:
        """Return the texts of the attribute `name` of the object at a place; None if it has no such attribute."""
        for message in self._messages(header):
            if message.kind == _ATTRIBUTE_INFO and message.data[_info_place(message.data) :][:8] != b"\xff" * 8:
                raise UnsupportedError("its attributes lie in a heap, where this package does not read them")
            if message.kind == _ATTRIBUTE and not message.flags & 2:
                found, kind, space, data = _parts(message.data)
                if found == name:
                    return self._values(kind, _count(space), data)
        return None

    def _messages(self, header: int) -> Iterator[_Message]:
        """Yield the messages of an object's header, of version 1 or 2."""
        start = self._read(header, 16)
        if start[:4] == b"OHDR":
            flags = start[5]
            place = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
            width = 1 << (flags & 3)
            size = int.from_bytes(self._read(header + place, width), "little")
            blocks, form = [(header + place + width, size)], "<BHBH" if flags & 4 else "<BHB"
        elif start[0] == 1:
            blocks, form = [(header + 16, int.from_bytes(start[8:12], "little"))], "<HHB3x"
        else:
            raise ValueError("a header of an object is damaged")
        total = 0
        for done, (place, size) in enumerate(blocks):  # which grows
            total += size
            if done > _MOST_BLOCKS or total > _HEADER_LIMIT:
                raise ValueError(
                    f"a header of an object has more than {_MOST_BLOCKS} blocks or {_HEADER_LIMIT:,} bytes"
                )
            for message in _split(self._read(place, size), form):
                if message.kind == _CONTINUATION:
                    place, size = struct.unpack_from("<QQ", message.data)
                    # Version 2 has a signature before and a checksum after the messages.
                    blocks.append((place, size) if form == "<HHB3x" else (place + 4, size - 8))
                else:
                    yield message

    def _values(self, kind: bytes, count: int, data: bytes) -> list[str]:
        if count == 0:
            return []
        if count > _MOST_TEXTS:
            raise ValueError(f"it has {count:,} texts, expected at most {_MOST_TEXTS:,}")
        code, size = kind[0] & 15, int.from_bytes(kind[4:8], "little")
        if code == _TEXT and size * count <= len(data):
            return [_decoded(data[at : at + size]) for at in range(0, size * count, size or 1)]
        if code != _VARIABLE or kind[1] & 15 != 1 or len(data) < 16 * count:
            raise ValueError("it holds no texts")
        places = list(struct.iter_unpack("<IQI", data[: 16 * count]))
        if (total := sum(length for length, _, _ in places)) > _TEXT_LIMIT:
            raise ValueError(f"its texts have {total:,} bytes, expected at most {_TEXT_LIMIT:,}")
        return [_decoded(self._in_heap(*place)) if place[0] else "" for place in places]

    def _in_heap(self, length: int, heap: int, index: int) -> bytes:
        """Return a text of a global heap."""
        if heap not in self._heaps:
            self._heaps[heap] = dict(self._objects(heap))
        place, size = self._heaps[heap].get(index, (0, -1))
        if length > size:
            raise ValueError(f"a text of {length:,} bytes is not in its heap")
        return self._read(place, length)

    def _objects(self, heap: int) -> Iterator[tuple[int, tuple[int, int]]]:
        """Yield number, place and size of the objects of a global heap."""
        start = self._read(heap, 16)
        end = heap + int.from_bytes(start[8:16], "little")
        if start[:4] != b"GCOL":
            raise ValueError("a heap of texts is damaged")
        at = heap + 16
        for _ in range(2 * _MOST_TEXTS):
            if at + 16 > end:
                return
            index, size = struct.unpack("<H6xQ", self._read(at, 16))
            if index == 0:  # the free space, which is the last
                return
            yield index, (at + 16, size)
            at += 16 + -(-size // 8) * 8
        raise ValueError(f"a heap has more than {2 * _MOST_TEXTS:,} texts")


def _split(block: bytes, form: str) -> Iterator[_Message]:
    """Yield the messages of a block of a header."""
    at, width = 0, struct.calcsize(form)
    while at + width <= len(block):
        kind, size, flags = struct.unpack_from(form, block, at)[:3]
        if at + width + size > len(block):
            raise ValueError("a header of an object is damaged")
        yield _Message(kind, flags, block[at + width : at + width + size])
        at += width + size


def _parts(data: bytes) -> tuple[str, bytes, bytes, bytes]:
    """Return name, type, space and values of an attribute."""
    version, flags, *sizes = struct.unpack_from("<BBHHH", data)
    if version not in (1, 2, 3) or (version > 1 and flags & 3):
        raise UnsupportedError(f"an attribute of version {version} whose type lies elsewhere")
    at, parts = 9 if version == 3 else 8, []
    for size in sizes:
        parts.append(data[at : at + size])
        at += -(-size // 8) * 8 if version == 1 else size
    if at > len(data) or min(sizes) < 2 or sizes[1] < 8:
        raise ValueError("an attribute is damaged")
    return parts[0].split(b"\0")[0].decode("utf-8", "replace"), parts[1], parts[2], data[at:]


def _count(space: bytes) -> int:
    """Return the number of elements of a space."""
    version, rank = space[0], space[1]
    first = 8 if version == 1 else 4
    if version not in (1, 2) or len(space) < first + 8 * rank:
        raise ValueError("the space of an attribute is damaged")
    if version == 2 and space[3] == 2:
        return 0
    return math.prod(struct.unpack_from(f"<{rank}Q", space, first))


def _info_place(data: bytes) -> int:
    """Return where the message on attributes has the place of their heap."""
    return 4 if data[1:2] and data[1] & 1 else 2


def _decoded(text: bytes) -> str:
    return text.split(b"\0")[0].decode("utf-8", "surrogateescape")
