"""What a data set's images are, as a short value: two data sets with equal fingerprints give equal pixels."""

import hashlib
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from ..files.paths import open_regular
from .array import ArrayDataset
from .cache_update import TICK_NS
from .checks import source
from .dataset import Dataset
from .folder import ImageFolder
from .shards.dataset import ShardedDataset


class Fingerprint(NamedTuple):
    """The fingerprint of a data set.

    `key` is JSON; None for a data set of a class of the user's own, whose images only it knows. `young` has the SHA-256
    of the files that had been modified less than two seconds before.
    """

    key: dict[str, Any] | None
    young: dict[str, str]


def fingerprint(data: Dataset) -> Fingerprint:
    """Return the fingerprint of a data set: of the pixels of arrays; of names, sizes and times of files; of shards.

    A file that cannot be read counts as that.
    """
    own = source(data)
    if type(own) is ArrayDataset:
        shape = list(own.images.shape)
        return Fingerprint({"shape": shape, "pixels (SHA-256)": _digest_of_array(own)}, {})
    if type(own) is ShardedDataset:
        digests = {"names (SHA-256)": own.names_digest, "shards (SHA-256)": own.bytes_digest}
        return Fingerprint({"images": len(own), **digests, **_reading(own)}, {})
    if type(own) is not ImageFolder:
        return Fingerprint(None, {})
    began, found, young = time.time_ns(), hashlib.sha256(), dict[str, str]()
    for path, name in zip(own.paths, own.file_names, strict=True):
        size, mtime = _state(path)
        found.update(b"%s\0%d %d\0" % (name, size, mtime))
        if mtime >= began - TICK_NS:
            young[os.fsdecode(name)] = digest_of_file(path)
    return Fingerprint({"images": len(own), "files (SHA-256)": found.hexdigest(), **_reading(own)}, young)


def unchanged(data: Dataset, young: dict[str, str]) -> bool:
    """Return whether the files that were young when the fingerprint was taken still have the same bytes."""
    folder = source(data)
    if not young or not isinstance(folder, ImageFolder):
        return not young
    known = set(map(os.fsdecode, folder.file_names))
    return all(name in known and digest_of_file(folder.root / name) == digest for name, digest in young.items())


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, "" if it cannot be read."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _reading(data: ImageFolder | ShardedDataset) -> dict[str, Any]:
    """Return what else decides the pixels."""
    return {"draft": data.draft, "value_range": data.value_range and list(data.value_range)}


def _digest_of_array(data: ArrayDataset) -> str:
    return hashlib.sha256(data.images.reshape(-1)).hexdigest()


def _state(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return -1, 0
    return status.st_size, status.st_mtime_ns
