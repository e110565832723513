"""A tar file written to a descriptor: USTAR, without owners and times, so that the same files give the same bytes."""

import tarfile

from ...files.atomic import write_all
from .tar_members import BLOCK

_RECORD = 20 * BLOCK  # a tar file has whole records
_PIECE = 1 << 20


class TarWriter:
    """Appends files to an empty tar; `finish` ends it.

    Attributes
    ----------
    size : int
        Bytes so far; after `finish`, of the whole file.
    """

    def __init__(self, descriptor: int):
        self._descriptor, self._waiting = descriptor, bytearray()
        self.size = 0

    def add(self, name: str, data: bytes) -> None:
        """Append a file.

        Raises
        ------
        OSError
            It cannot be written.
        """
        member = tarfile.TarInfo(name)
        member.size = len(data)
        self._write(member.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict"), data, bytes(-len(data) % BLOCK))
        if len(self._waiting) >= _PIECE:
            self._flush()

    def finish(self) -> None:
        """Append the end mark."""
        self._write(bytes(2 * BLOCK))
        self._write(bytes(-self.size % _RECORD))
        self._flush()

    def _write(self, *parts: bytes) -> None:
        for part in parts:
            self._waiting += part
            self.size += len(part)

    def _flush(self) -> None:
        write_all(self._descriptor, memoryview(self._waiting))
        self._waiting = bytearray()


def tar_size(size: int) -> int:
    """Return the bytes that a file of `size` bytes takes in a tar."""
    return BLOCK + size + -size % BLOCK
