"""Make the index of shards: read the headers and classes of each once, and check later that it is still the same."""

import hashlib
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._support.progress import Progress
from ..._support.threads import map_ahead
from ...images.formats import extensions
from .index import ROW, Index, ShardState
from .openers import Opened, OpenShard, read_exactly
from .patterns import base_name, is_address
from .samples import Contents, samples
from .tar_members import BLOCK, members, parse_header
from .windows import windowed

_AT_ONCE = 4  # shards: waiting for a disk or the web takes most of the time
_WINDOW_OF_WEB = 1 << 20  # bytes that are asked for at once
_OF_IMAGE = 1 << 16  # bytes of an image that its shard's digest covers
_LARGEST = 2**32 - 1  # bytes of an image that a row can say
_ROW = struct.Struct("<IQIi")


class _Scanned(NamedTuple):
    """One shard's part of the index; `names` are the bytes that the digest of names covers."""

    state: ShardState
    rows: NDArray[Any]
    names: bytes
    classes: tuple[str, ...] | None
    without_image: Counter[int]


def scan(opened: Opened, progress: bool) -> Index:
    """Return the index of shards, read from their headers.

    Raises
    ------
    OSError
        A shard is missing, or cannot be read.
    ValueError
        A shard is no sound tar file, or holds something other than images with their classes; or there is no image.
    """
    known = frozenset(extension[1:] for extension in extensions())
    found: list[_Scanned] = []
    names, classes, without = hashlib.sha256(), None, Counter[int]()
    numbers = range(len(opened.names))
    work: Callable[[int], _Scanned] = lambda number: _scan_shard(opened, number, known)  # noqa: E731
    with (
        Progress(len(numbers), progress, "index", unit=" shards") as bar,
        closing(map_ahead(work, numbers, _AT_ONCE)) as each,
    ):
        for shard in each:
            names.update(shard.names)
            without.update(shard.without_image)
            if None not in (classes, shard.classes) and classes != shard.classes:
                raise ValueError(f"{shard.state.name} names other classes than a shard before it")
            classes = classes or shard.classes
            found.append(shard._replace(names=b""))
            bar.advance(1)
    rows = np.concatenate([shard.rows for shard in found])
    if not len(rows):
        others = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise ValueError(f"ShardedDataset: no image in {opened.names[0]}{others}")
    return Index(tuple(shard.state for shard in found), rows, names.hexdigest(), classes, dict(without))


def require_same(opened: Opened, index: Index, origin: str) -> None:
    """Raise unless an index is that of some shards: their names, sizes and some of their images are compared.

    Raises
    ------
    OSError
        A shard is missing, or cannot be read.
    ValueError
        The index belongs to other shards, or a shard is cut short or has changed.
    """
    names = tuple(map(base_name, opened.names))
    indexed = tuple(shard.name for shard in index.shards)
    if names != indexed:
        count = f"{len(indexed)} shards, {indexed[0]} to {indexed[-1]}"
        raise ValueError(f"{origin} is the index of {count}; got {len(names)}, {names[0]} to {names[-1]}{_WAY_OUT}")
    first = np.cumsum([0, *(shard.images for shard in index.shards)])

    def check(number: int) -> None:
        shard, state, name = opened.shard(number), index.shards[number], opened.names[number]
        if shard.size != state.bytes:
            what = "is cut short" if shard.size < state.bytes else "has changed"
            raise ValueError(f"{name} {what}: it has {shard.size:,} bytes, {origin} says {state.bytes:,}{_WAY_OUT}")
        if _spots(shard, name, index.rows[first[number] : first[number + 1]]) != state.spots:
            raise ValueError(f"{name} holds other images than {origin} says{_WAY_OUT}")

    with closing(map_ahead(check, range(len(names)), _AT_ONCE)) as checks:
        for _ in checks:
            pass


_WAY_OUT = "; rescan=True makes the index anew"


def _scan_shard(opened: Opened, number: int, known: frozenset[str]) -> _Scanned:
    name, shard = opened.names[number], opened.shard(number)
    read = windowed(shard, name, _WINDOW_OF_WEB) if is_address(name) else windowed(shard, name)
    contents, rows, names, without = Contents(), bytearray(), bytearray(), Counter[int]()
    try:
        for sample in samples(members(read, shard.size), read, known, contents):
            label = sample.label or 0
            if sample.image is None:
                without[label] += 1
                continue
            if sample.image.size > _LARGEST:
                raise ValueError(
                    f"member {sample.image.name!r} has {sample.image.size:,} bytes, expected at most {_LARGEST:,}"
                )
            rows += _ROW.pack(number, sample.image.offset, sample.image.size, label)
            names += f"{sample.image.name}\0{sample.image.size}\0".encode("utf-8", "surrogateescape")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    table = np.frombuffer(bytes(rows), ROW)
    state = ShardState(base_name(name), shard.size, len(table), _spots(shard, name, table))
    return _Scanned(state, table, bytes(names), contents.classes, without)


def _spots(shard: OpenShard, name: str, rows: NDArray[Any]) -> str:
    """Return the SHA-256 of headers and beginnings of a shard's first, middle and last image."""
    digest = hashlib.sha256()
    for row in rows[sorted({0, len(rows) // 2, len(rows) - 1})] if len(rows) else rows:
        start, count = int(row["offset"]) - BLOCK, BLOCK + min(int(row["size"]), _OF_IMAGE)
        digest.update(read_exactly(shard, name, start, count))
    return digest.hexdigest()


def require_header(block: bytes, size: int, name: str) -> str:
    """Return the name of an image from the header before it.

    Raises
    ------
    ValueError
        There is no header of an image of this size: the shard has changed since its index was checked.
    """
    try:
        header = parse_header(block)
    except ValueError:
        header = None
    if header is None or header.size != size:
        raise ValueError(f"{name} has changed since its index was made: an image is not where it was{_WAY_OUT}")
    return header.name
