"""Numbers in members of a zip file, stored or packed; checksums are compared when a member is read to its end."""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files.source import SourceFile
from ..files.zip_members import Member, data_offset, pieces_of


class StoredNumbers:
    """Numbers that stand in the file as they are, after `skipped`, the bytes of the member before them."""

    def __init__(self, file: SourceFile, member: Member, dtype: np.dtype[Any], skipped: bytes = b""):
        self._file, self._member, self._dtype = file, member, dtype
        self._offset, self._first = data_offset(file, member), len(skipped)
        self._start_crc = zlib.crc32(skipped)
        self._at, self._crc = self._first, self._start_crc  # bytes that were read one after another, their checksum

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return numbers from `start` to `stop`."""
        first, last = (self._first + place * self._dtype.itemsize for place in (start, stop))
        numbers = self._file.array(self._offset + first, stop - start, self._dtype)
        if start == 0:
            self._at, self._crc = self._first, self._start_crc
        if first == self._at:
            self._crc, self._at = zlib.crc32(numbers.view(np.uint8), self._crc), last
            if last == self._member.size and self._crc != self._member.crc:
                raise ValueError(f"{self._member.name} is damaged: its checksum does not match")
        return numbers


class PackedNumbers:
    """Numbers that are unpacked one after another; to go back is to begin again."""

    def __init__(self, file: SourceFile, member: Member, dtype: np.dtype[Any], skipped: bytes = b""):
        self._file, self._member, self._dtype, self._first = file, member, dtype, len(skipped)
        self._begin()

    def _begin(self) -> None:
        self._pieces: Iterator[bytes] = pieces_of(self._file, self._member)
        self._at, self._rest = 0, memoryview(b"")  # bytes behind, and those unpacked already

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return numbers from `start` to `stop`."""
        first, last = (self._first + place * self._dtype.itemsize for place in (start, stop))
        if first < self._at:
            self._begin()
        numbers = np.empty(stop - start, self._dtype)
        target = memoryview(numbers.view(np.uint8))
        while self._at < last:
            if not self._rest:
                self._rest = memoryview(next(self._pieces, b""))
                if not self._rest:
                    raise ValueError(f"{self._member.name} is damaged: it ends too early")
            count = min(len(self._rest), last - self._at)
            if (wanted := self._at + count - first) > 0:
                begin = max(first - self._at, 0)
                target[wanted - (count - begin) : wanted] = self._rest[begin:count]
            self._rest, self._at = self._rest[count:], self._at + count
        if last == self._member.size and not self._rest:
            next(self._pieces, None)  # its end, where the checksum is compared
        return numbers
