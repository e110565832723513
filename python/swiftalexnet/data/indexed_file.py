"""Files of many pieces, then an index: what the caches of images and of features have in common.

| bytes | what |
|---|---|
| 8 | magic bytes |
| 3 × 8 | little-endian: format, offset of the index, length of the index |
| 32 | SHA-256 of the 32 bytes before it and of the index |
| … | pieces |
| to the end | the index |

Such a file is read, not mapped into memory: if another process truncated a mapped file, this process would be killed.
"""

import hashlib
import os
import struct
import weakref
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from .._support.arrays import require_memory
from ..errors import CacheCorruptError
from ..files.atomic import check_size, write_all
from ..files.paths import naming, open_regular

_START = struct.Struct("<8sQQQ")  # the first bytes that the checksum covers
HEADER_BYTES = _START.size + hashlib.sha256().digest_size


class Kind(NamedTuple):
    """A kind of such files: its magic bytes, the formats that are read, the last one being written, and its name."""

    mark: bytes
    formats: tuple[int, ...]
    name: str


class IndexedFile:
    """Such a file, open for reading; threads may share it, and processes after a fork.

    Parameters
    ----------
    file : file
        Closed with this object.
    path : path
        For messages.
    kind : Kind

    Attributes
    ----------
    format : int
    index : bytes
    index_offset : int

    Raises
    ------
    OSError
        It cannot be read.
    CacheCorruptError
        It is damaged, cut short, or not such a file.
    """

    def __init__(self, file: BufferedReader, path: Path, kind: Kind):
        self.path, self.close = path, weakref.finalize(self, file.close)
        self._descriptor = file.fileno()
        size = os.fstat(self._descriptor).st_size
        header = bytearray(HEADER_BYTES)
        if size < HEADER_BYTES:
            raise CacheCorruptError(f"{path} is not {kind.name} ({size} bytes)")
        self.fill(memoryview(header), 0)
        start, checksum = header[: _START.size], bytes(header[_START.size :])
        mark, self.format, self.index_offset, length = _START.unpack(start)
        if mark != kind.mark:
            raise CacheCorruptError(f"{path} is not {kind.name}")
        if self.format not in kind.formats:
            raise CacheCorruptError(f"{path} has format {self.format}, this version reads format {kind.formats[-1]}")
        if self.index_offset < HEADER_BYTES or self.index_offset + length != size:
            raise CacheCorruptError(f"{path} is damaged or cut short ({size} bytes)")
        require_memory((length,), 10, f"reading the index of {path}")  # Python's objects are larger than JSON
        index = bytearray(length)
        self.fill(memoryview(index), self.index_offset)
        if hashlib.sha256(start + index).digest() != checksum:
            raise CacheCorruptError(f"{path} is damaged: the checksum of its index does not match")
        self.index = bytes(index)

    def fill(self, buffer: memoryview, offset: int) -> None:
        """Read until the buffer is full."""
        with naming(self.path):
            while buffer:
                count = os.preadv(self._descriptor, [buffer], offset)
                if not count:
                    raise CacheCorruptError(f"{self.path} has been cut short since it was opened")
                buffer, offset = buffer[count:], offset + count


def begin(descriptor: int) -> None:
    """Leave room for the header of an empty file."""
    write_all(descriptor, bytes(HEADER_BYTES))


def finish(descriptor: int, kind: Kind, offset: int, index: bytes) -> None:
    """Append the index, which begins at `offset`, and fill in the header."""
    start = _START.pack(kind.mark, kind.formats[-1], offset, len(index))
    write_all(descriptor, index)
    os.lseek(descriptor, 0, os.SEEK_SET)
    write_all(descriptor, start + hashlib.sha256(start + index).digest())
    check_size(descriptor, offset + len(index))


def is_of_kind(path: str | os.PathLike[str], kind: Kind) -> bool:
    """Return whether a file starts like one of a kind, damaged or not."""
    with open_regular(path) as file:
        return file.read(len(kind.mark)) == kind.mark
