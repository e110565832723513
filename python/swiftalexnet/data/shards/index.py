"""The index of a set of shards: where each image is and its class, 20 bytes an image, in a file of its own.

The file is one of `indexed_file`: the rows of all images, then JSON about the shards.
"""

import hashlib
import json
import os
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._support.arrays import as_integer, require_memory
from ...errors import MALFORMED, CacheCorruptError
from ...files.atomic import replacing, write_all
from ...files.paths import as_path, open_regular
from ..checks import as_class_names
from ..indexed_file import HEADER_BYTES, IndexedFile, Kind, begin, finish
from .tar_members import BLOCK

ROW = np.dtype([("shard", "<u4"), ("offset", "<u8"), ("size", "<u4"), ("label", "<i4")])
_KIND = Kind(b"SASHARDS", (1,), "an index of shards")


class ShardState(NamedTuple):
    """What a shard must still be for its rows to hold: `spots` is the digest of some of its images."""

    name: str
    bytes: int
    images: int
    spots: str


class Index(NamedTuple):
    """Where the images of some shards are.

    Attributes
    ----------
    shards : tuple of ShardState
    rows : array of ROW, [images]
        In the order of the shards and of the images in them.
    names : str
        SHA-256 of the names and sizes of all images.
    classes : tuple of str or None
        Names that a member of the shards gives.
    without_image : dict
        Numbers of samples without a readable kind of image, by class.
    """

    shards: tuple[ShardState, ...]
    rows: NDArray[Any]
    names: str
    classes: tuple[str, ...] | None
    without_image: dict[int, int]


def write_index(path: str | os.PathLike[str], index: Index) -> None:
    """Write an index atomically.

    Raises
    ------
    OSError
        It cannot be written; an existing file is unchanged.
    """
    parts = {
        "shards": [list(shard) for shard in index.shards],
        "rows (SHA-256)": _digest(index.rows),
        "names (SHA-256)": index.names,
        "classes": index.classes,
        "without image": sorted(index.without_image.items()),
    }
    with replacing(path) as descriptor:
        begin(descriptor)
        write_all(descriptor, memoryview(index.rows.view(np.uint8)))
        finish(descriptor, _KIND, HEADER_BYTES + index.rows.nbytes, json.dumps(parts).encode())


def read_index(path: str | os.PathLike[str]) -> Index:
    """Read an index.

    Raises
    ------
    OSError
        It cannot be read.
    CacheCorruptError
        It is damaged, cut short, or not an index of shards.
    """
    where = as_path(path, "index", "ShardedDataset")
    return index_in(open_regular(where), where)


def index_in(opened: BufferedReader, where: Path) -> Index:
    """Return the index in an open file, which is closed; errors are those of `read_index`, and name it `where`."""
    file = IndexedFile(opened, where, _KIND)
    try:
        size = file.index_offset - HEADER_BYTES
        if size % ROW.itemsize:
            raise ValueError(f"{size:,} bytes of rows of {ROW.itemsize}")
        require_memory((size,), 1, f"reading {where}")
        rows = np.empty(size // ROW.itemsize, ROW)
        file.fill(memoryview(rows.view(np.uint8)), HEADER_BYTES)
        return _parse(json.loads(file.index), rows)
    except CacheCorruptError:
        raise
    except MALFORMED as error:
        raise CacheCorruptError(f"{where} is damaged: {error}") from error
    finally:
        file.close()


def _parse(parts: dict[str, Any], rows: NDArray[Any]) -> Index:
    """Check an index: every image must lie within its shard."""
    if not len(rows):
        raise ValueError("it has no images")
    if _digest(rows) != parts["rows (SHA-256)"]:
        raise ValueError("the checksum of its rows does not match")
    shards = tuple(
        ShardState(
            str(name), as_integer(size, "bytes", "index", 0), as_integer(images, "images", "index", 0), str(spots)
        )
        for name, size, images, spots in parts["shards"]
    )
    if sum(shard.images for shard in shards) != len(rows):  # before numbers that are only said take memory
        raise ValueError("its rows are not those of its shards")
    expected = np.repeat(np.arange(len(shards)), [shard.images for shard in shards])
    ends = np.array([shard.bytes for shard in shards], np.uint64)
    if not (
        np.array_equal(rows["shard"], expected)
        and np.all((rows["offset"] >= BLOCK) & (rows["offset"] <= ends[expected]))
        and np.all(rows["size"] <= ends[expected] - rows["offset"])
        and np.all(rows["label"] >= 0)
    ):
        raise ValueError("its rows do not fit its shards")
    classes = None if parts["classes"] is None else as_class_names(parts["classes"], "index")
    without = {
        as_integer(label, "a class", "index", 0): as_integer(count, "a number", "index", 1)
        for label, count in parts["without image"]
    }
    return Index(shards, rows, str(parts["names (SHA-256)"]), classes, without)


def _digest(rows: NDArray[Any]) -> str:
    return hashlib.sha256(rows.view(np.uint8)).hexdigest()
