"""The bytes that HDF5's library reads, as a file object that checks what the library does not."""

import io
from typing import Any

from .source import SourceFile

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAP, _HEAP_HEADER, _OBJECT_HEADER = b"GCOL", 16, 16  # bytes, with lengths of 8
_ALIGNMENT = 8


class FilePart(io.RawIOBase):
    """Bytes of a file as a file; the library is given all that it asks for, or an error.

    Raises
    ------
    ValueError
        The bytes do not begin as HDF5 files with places and lengths of 64 bits do.
    """

    def __init__(self, file: SourceFile, offset: int, size: int):
        super().__init__()
        self._file, self._offset, self._size, self._at = file, offset, size, 0
        head = file.read(offset, min(size, 16))
        # Version 0 and 1 of the superblock, then 2 and 3.
        sizes = head[13:15] if head[8:9] in (b"\0", b"\1") else head[9:11]
        if not head.startswith(_SIGNATURE) or sizes != b"\x08\x08":
            raise ValueError("it does not begin as an HDF5 file with places of 64 bits")

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place, which may lie behind the end."""
        self._at = place + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from the place on.

        Raises
        ------
        ValueError
            The file has fewer bytes, or what was read would let the library loop without an end.
        """
        view = memoryview(buffer).cast("B")
        if self._at < 0 or self._at + len(view) > self._size:
            raise ValueError(f"it needs byte {self._at + len(view):,} of {self._size:,}")
        view[:] = self._file.read(self._offset + self._at, len(view))
        self._at += len(view)
        if view[:4] == _HEAP:
            self._check_heap(self._at - len(view), view)
        return len(view)

    def _check_heap(self, at: int, start: memoryview) -> None:
        """Check a whole heap before the library has its start; it asks for the rest when it has read the size."""
        size = int.from_bytes(start[8:16], "little")
        if not _HEAP_HEADER <= size <= self._size - at:
            raise ValueError(f"a heap of {size:,} bytes does not lie in the file")
        _check_objects(start if size <= len(start) else memoryview(self._file.read(self._offset + at, size)), size)


def _check_objects(heap: memoryview, end: int) -> None:
    """Refuse a global heap with a free space of no bytes, at which the library stays for ever (HDFGroup/hdf5#1707)."""
    at = _HEAP_HEADER
    while at + _OBJECT_HEADER <= end:
        index, size = int.from_bytes(heap[at : at + 2], "little"), int.from_bytes(heap[at + 8 : at + 16], "little")
        step = _OBJECT_HEADER + -(-size // _ALIGNMENT) * _ALIGNMENT if index else size
        if step < _OBJECT_HEADER or at + step > end:
            raise ValueError("a heap of texts is damaged")
        at += step
