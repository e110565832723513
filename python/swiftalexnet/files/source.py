"""A file to read from: regular, opened without waiting, read by offset, and its SHA-256."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .paths import as_path, naming, open_regular

_PIECE = 1 << 18  # bytes that a hash reads at a time: they stay in the inner cache


class SourceFile:
    """An open file.

    Attributes
    ----------
    path : Path
    size : int
        Bytes, when it was opened.
    """

    def __init__(self, path: Path, file: BufferedReader):
        self.path, self._file = path, file
        self.size = os.fstat(file.fileno()).st_size

    def __str__(self) -> str:
        return str(self.path)

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on.

        Raises
        ------
        ValueError
            The file has fewer.
        """
        self.require(offset, count)
        return bytes(self._fill(bytearray(count), offset))

    def array(self, offset: int, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return `count` numbers from byte `offset` on, which need not be aligned.

        Raises
        ------
        ValueError
            The file ends before.
        """
        self.require(offset, count * dtype.itemsize)
        array = np.empty(count, dtype)
        self._fill(array.view(np.uint8), offset)
        return array

    def require(self, offset: int, count: int) -> None:
        """Raise ValueError unless the file has `count` bytes from `offset` on."""
        if offset < 0 or count < 0 or offset + count > self.size:
            raise ValueError(f"it has {self.size:,} bytes, and needs {count:,} from {offset:,} on")

    def sha256(self) -> str:
        """Return the SHA-256 of the whole file in hexadecimal."""
        return self.digest("sha256")

    def digest(self, algorithm: str) -> str:
        """Return a digest of the whole file in hexadecimal: "sha256", "sha1", "md5"."""
        digest, piece = hashlib.new(algorithm, usedforsecurity=False), bytearray(min(_PIECE, self.size))
        for at in range(0, self.size, _PIECE):
            view = memoryview(piece)[: self.size - at]
            self._fill(view, at)
            digest.update(view)
        return digest.hexdigest()

    def descriptor(self) -> int:
        """Return the file's descriptor."""
        return self._file.fileno()

    def _fill(self, buffer: Any, offset: int) -> Any:
        rest = memoryview(buffer)
        while rest:
            count = os.preadv(self._file.fileno(), [rest], offset)
            if not count:
                raise ValueError("it has been cut short since it was opened")
            rest, offset = rest[count:], offset + count
        return buffer


@contextmanager
def opened_source(path: str | os.PathLike[str], operation: str) -> Iterator[SourceFile]:
    """Open a regular file to read from it by offset.

    Raises
    ------
    OSError
        It cannot be read, or is not a regular file.
    """
    source = as_path(path, "path", operation)
    with open_regular(source) as file, naming(source):
        yield SourceFile(source, file)
