"""The bytes that HDF5's library reads, as a file object that checks what the library does not."""

import io
from typing import Any

from ..source import SourceFile

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
MATLAB_BLOCK = 512  # bytes that MATLAB's files have before


class FilePart(io.RawIOBase):
    """Bytes of a file as a file; the library is given all that it asks for, or an error.

    Attributes
    ----------
    base : int
        Where HDF5 begins: the library's places count from there.

    Raises
    ------
    ValueError
        The bytes do not begin as HDF5 files with places and lengths of 64 bits do.
    """

    def __init__(self, file: SourceFile, offset: int, size: int):
        super().__init__()
        self._file, self._offset, self._size, self._at = file, offset, size, 0
        self.base = 0
        head = file.read(offset, min(size, 16))
        if not head.startswith(_SIGNATURE) and size > MATLAB_BLOCK + 16:
            self.base, head = MATLAB_BLOCK, file.read(offset + MATLAB_BLOCK, 16)
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
            The file has fewer bytes, which the library would not notice.
        """
        view = memoryview(buffer).cast("B")
        if self._at < 0 or self._at + len(view) > self._size:
            raise ValueError(f"it needs byte {self._at + len(view):,} of {self._size:,}")
        view[:] = self._file.read(self._offset + self._at, len(view))
        self._at += len(view)
        return len(view)
