"""Features in a file: what a network's frozen part computes of each image and view, so that it is computed once.

An `indexed_file` of format 1. Its pieces are rows, float32 [height, width, channels], the views of an image one after
another; its index is JSON: `Contents`, and `checksums`, the CRC-32 of each row, uint32 in hexadecimal digits.
"""

import json
import os
import zlib
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer, require_memory
from ..errors import MALFORMED, CacheCorruptError
from ..files.atomic import write_all
from .indexed_file import HEADER_BYTES, IndexedFile, Kind, begin, finish, is_of_kind

Float32 = NDArray[np.float32]

_KIND = Kind(b"saxfeats", (1,), "a file of features")


class Contents(NamedTuple):
    """What a file of features holds.

    `key` says of what the features are (JSON); `shape` is that of one row, [height, width, channels]. There are `views`
    rows for each of `images` images, except those in `missing`, which could not be read. `young` has the SHA-256 of
    files that had just been modified, by name: see `data.fingerprint`.
    """

    key: dict[str, Any]
    shape: tuple[int, int, int]
    images: int
    views: int
    missing: tuple[int, ...] = ()
    young: dict[str, str] = {}  # noqa: RUF012 (never changed)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return (self.images - len(self.missing)) * self.views

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        height, width, channels = self.shape
        return 4 * height * width * channels

    @property
    def row_part(self) -> int:
        """Bytes of all rows."""
        return self.rows * self.row_bytes


class FeatureFile:
    """A file of features, open for reading; threads may share it.

    Parameters
    ----------
    file : file
        Open for reading; it is closed with this object.
    name : path
        For messages.

    Attributes
    ----------
    contents : Contents

    Raises
    ------
    OSError
        It cannot be read.
    CacheCorruptError
        It is damaged, cut short, or not such a file.
    """

    def __init__(self, file: BufferedReader, name: str | os.PathLike[str]):
        self.path = Path(name)
        self._file = IndexedFile(file, self.path, _KIND)
        self.close = self._file.close
        try:
            self.contents, self._checksums = _parse(self._file.index, self._file.index_offset - HEADER_BYTES)
        except CacheCorruptError:
            raise
        except MALFORMED as error:
            raise CacheCorruptError(f"{self.path} is damaged: {error}") from error
        there = np.ones(self.contents.images, np.bool_)
        there[list(self.contents.missing)] = False
        self.first_rows = np.where(there, (np.cumsum(there) - 1) * self.contents.views, -1)  # of each image

    def read(self, rows: NDArray[np.intp]) -> Float32:
        """Return rows, [rows, height, width, channels].

        Raises
        ------
        OSError, CacheCorruptError
            The file has become unreadable, or these rows are damaged.
        MemoryError
            They do not fit into free memory.
        """
        shape = len(rows), *self.contents.shape
        require_memory(shape, 4, f"reading {self.path}")
        features = np.empty(shape, np.float32)
        for row, values in zip(rows.tolist(), features, strict=True):
            memory = memoryview(values.reshape(-1).view(np.uint8))
            self._file.fill(memory, HEADER_BYTES + row * self.contents.row_bytes)
            if zlib.crc32(memory) != self._checksums[row]:
                raise CacheCorruptError(f"{self.path} is damaged: the checksum of row {row} does not match; delete it")
        return features

    def check(self) -> None:
        """Read every row, and raise the errors of `read`."""
        for row in range(self.contents.rows):
            self.read(np.array([row]))


class FeatureWriter:
    """Write features to an open, empty file: `add` rows in order, then `finish`."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._checksums: list[int] = []
        begin(descriptor)

    def add(self, rows: Float32) -> None:
        """Append rows [rows, height, width, channels]."""
        for row in rows:
            memory = memoryview(row.reshape(-1).view(np.uint8))
            self._checksums.append(zlib.crc32(memory))
            write_all(self._descriptor, memory)

    def finish(self, contents: Contents) -> None:
        """Append the index and fill in the header."""
        checksums = np.array(self._checksums, "<u4").tobytes().hex()
        index = json.dumps(contents._asdict() | {"checksums": checksums}).encode()
        finish(self._descriptor, _KIND, HEADER_BYTES + contents.row_part, index)


def is_feature_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a file starts like a file of features, damaged or not."""
    return is_of_kind(path, _KIND)


def _parse(text: bytes, row_part: int) -> tuple[Contents, NDArray[np.uint32]]:
    """Return contents and checksums of an index, checked; the rows have `row_part` bytes."""
    fields = json.loads(text)
    height, width, channels = (as_integer(extent, "an extent", "index", 1, 2**31) for extent in fields["shape"])
    images, views = (as_integer(fields[name], name, "index", 1, 2**40) for name in ("images", "views"))
    missing = tuple(as_integer(index, "a missing image", "index", 0, images - 1) for index in fields["missing"])
    key, young = fields["key"], fields["young"]
    if not isinstance(key, dict) or not isinstance(young, dict) or len(set(missing)) != len(missing):
        raise ValueError("its index is none")
    contents = Contents(key, (height, width, channels), images, views, missing, young)
    checksums = np.frombuffer(bytes.fromhex(fields["checksums"]), "<u4")
    if len(checksums) != contents.rows or contents.row_part != row_part:
        raise ValueError("its index has another number of rows")
    return contents, checksums
