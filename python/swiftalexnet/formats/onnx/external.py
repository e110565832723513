"""Files of weights beside a model: only plain files in its folder, and no link is followed to them."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ...files.paths import naming
from ...files.source import SourceFile

_LONGEST_LOCATION = 4096


class Place(NamedTuple):
    """Bytes of a file, which is named relative to the model's folder."""

    location: str
    offset: int
    length: int


def place_of(entries: Mapping[str, str], tensor: str, size: int) -> Place:
    """Return the place that a tensor of `size` bytes declares.

    Raises
    ------
    ValueError
        The path could leave the model's folder, or the length is not the tensor's.
    """
    location = entries.get("location", "")
    parts = location.split("/")
    if not all(part not in ("", ".", "..") for part in parts) or "\0" in location or "\\" in location:
        raise ValueError(f"{tensor} lies in {location[:80]!r}, expected a plain path within the model's folder")
    if len(location) > _LONGEST_LOCATION:
        raise ValueError(f"{tensor} lies in a file whose path has {len(location):,} characters")
    offset, length = _number(entries, "offset", 0, tensor), _number(entries, "length", size, tensor)
    if length != size:
        raise ValueError(f"{tensor} has {length:,} bytes in {location!r}, its shape and type need {size:,}")
    return Place(location, offset, length)


@contextmanager
def opened_beside(model: Path, location: str) -> Iterator[SourceFile]:
    """Open a file in the folder of a model.

    Raises
    ------
    OSError
        It is missing, a link lies on the way, or it is not a regular file.
    ValueError
        It has more than one name: another may lie outside the folder.
    """
    path = model.parent / location
    *folders, name = location.split("/")
    with naming(path):
        folder = os.open(model.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in folders:
                within = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                os.close(folder)
                folder = within
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=folder)
        finally:
            os.close(folder)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{path} is not a regular file")
        if status.st_nlink != 1:
            raise ValueError(f"{path} has {status.st_nlink} names, expected one: no hard links")
        yield SourceFile(path, file)


def _number(entries: Mapping[str, str], key: str, default: int, tensor: str) -> int:
    text = entries.get(key, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ValueError(f"{tensor}: {key} of its external data is {text[:40]!r}, expected a number")
    return int(text)
