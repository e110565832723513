"""What stands beside shards: their index, and the names of their classes."""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

from ...files.paths import as_path
from .index import Index, index_in, read_index, write_index
from .openers import Opened, open_shard
from .patterns import beside, default_index, is_address
from .samples import NAMES_FILES, class_names_of
from .scanning import require_same, scan

_MOST_NAMES = 1 << 24  # bytes of a file of classes' names
_MOST_INDEX = 1 << 30  # bytes, of 50 million images
_PIECE = 1 << 20  # bytes of an index that are asked for at once


def index_of(opened: Opened, path: Any, rescan: bool, progress: bool) -> Index:
    """Return the index of some shards, checked against them: from its file, or made and written to it."""
    given = None if path is None else os.fspath(as_path(path, "index", "ShardedDataset"))
    file = given or default_index(opened.names)
    found = None if rescan else _index_on_web(file) if is_address(file) else _index_on_disk(file)
    if found is not None:
        require_same(opened, found, file)
        return found
    index = scan(opened, progress)
    if is_address(file):
        warnings.warn("ShardedDataset: the index is made each time; index='FILE' keeps it", UserWarning, stacklevel=3)
        return index
    try:
        write_index(file, index)
    except OSError as error:
        if given is not None:
            raise
        why = f"the index cannot be kept ({error}) and is made each time; index='FILE' keeps it elsewhere"
        warnings.warn(f"ShardedDataset: {why}", UserWarning, stacklevel=3)
    return index


def _index_on_disk(path: str) -> Index | None:
    return read_index(path) if os.path.exists(path) else None


def _index_on_web(address: str) -> Index | None:
    """Return an index that somebody has put beside the shards, if there is one."""
    try:
        file = open_shard(address)
    except (FileNotFoundError, PermissionError):
        return None
    if file.size > _MOST_INDEX:
        raise ValueError(f"ShardedDataset: {address} has {file.size} bytes, expected an index of at most {_MOST_INDEX}")
    with tempfile.TemporaryFile() as copy:
        for at in range(0, file.size, _PIECE):
            copy.write(file.read(at, _PIECE))
        copy.flush()
        return index_in(os.fdopen(os.dup(copy.fileno()), "rb"), Path(address))


def names_beside(shard: str) -> tuple[str, ...] | None:
    """Return the names of classes in a file beside a shard, if there is one."""
    for each in NAMES_FILES:
        name = beside(shard, each)
        try:
            file = open_shard(name)
        except (FileNotFoundError, PermissionError):
            continue
        return class_names_of(file.read(0, min(file.size, _MOST_NAMES)).decode("utf-8", "replace"), name)
    return None
