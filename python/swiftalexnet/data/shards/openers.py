"""Opened shards: bytes by their place, from the disk, the web, or wherever a caller's opener finds them."""

import os
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from ..._support.shown import shown
from ...files.paths import naming, open_regular
from .patterns import is_address

MOST_OPEN = 256  # shards, and descriptors of this process


class OpenShard(Protocol):
    """The interface that reading needs of an opened shard.

    Threads share it, and processes after a fork. It is closed by whoever made it when nobody holds it any longer.
    """

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer where the shard ends."""


Opener = Callable[[str], OpenShard]


class LocalFile:
    """A regular file, read by place."""

    def __init__(self, path: str):
        file = open_regular(path)
        self._path, self._descriptor = path, file.fileno()
        self.close = weakref.finalize(self, file.close)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer where the file ends."""
        with naming(self._path):
            data = os.pread(self._descriptor, count, offset)
            while len(data) < count and (more := os.pread(self._descriptor, count - len(data), offset + len(data))):
                data += more
        return data


def open_shard(name: str) -> OpenShard:
    """Open a local file, or one on the web.

    Raises
    ------
    OSError
        It is not there, or cannot be read.
    """
    if not is_address(name):
        return LocalFile(name)
    from ...files.web_file import WebFile  # slow to import

    return WebFile(name)


class Opened:
    """The shards of a data set, each opened when it is first read, and the least recently opened ones dropped.

    No lock is held, so that a fork at any moment leaves a child that can go on.
    """

    def __init__(self, names: tuple[str, ...], opener: Opener):
        self.names, self._opener = names, opener
        self._shards: dict[int, OpenShard] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_shards": {}}

    def shard(self, number: int) -> OpenShard:
        """Return an opened shard."""
        shard = self._shards.get(number)
        if shard is None:
            shard = checked_shard(self._opener(self.names[number]), self.names[number])
            for old in list(self._shards)[: max(0, len(self._shards) - MOST_OPEN + 1)]:
                self._shards.pop(old, None)
            self._shards[number] = shard
        return shard

    def read(self, number: int, offset: int, count: int) -> bytes:
        """Return bytes of a shard.

        Raises
        ------
        ValueError
            There are fewer: it has been cut short.
        OSError
            They cannot be read.
        """
        return read_exactly(self.shard(number), self.names[number], offset, count)


def read_exactly(shard: OpenShard, name: str, offset: int, count: int) -> bytes:
    """Return so many bytes of a shard.

    Raises
    ------
    TypeError, ValueError
        A caller's opener gives no bytes; there are fewer.
    """
    data = shard.read(offset, count)
    if not isinstance(data, bytes):
        raise TypeError(f"{name}: read gave {type(data).__name__}, expected bytes")
    if len(data) != count:
        raise ValueError(f"{name} is cut short: it has {len(data):,} bytes at {offset:,}, expected {count:,}")
    return data


def checked_shard(shard: Any, name: str) -> OpenShard:
    """Return what an opener made, if it can be read.

    Raises
    ------
    TypeError
        It has no `size` or `read`.
    """
    size = getattr(shard, "size", None)
    if not isinstance(size, int) or size < 0 or not callable(getattr(shard, "read", None)):
        raise TypeError(f"{name}: the opener gave {shown(shard)}, expected an object with size and read(offset, count)")
    opened: OpenShard = shard
    return opened
