"""Files of weights beside a model: only plain files in its folder, and no link is followed to them."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

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
        It is missing, or a link lies on the way.
    ValueError
        It is not a regular file, or has more than one name: another may lie outside the folder.
    """
    path = model.parent / location
    try:
        descriptor = _descriptor(model.parent, location)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        os.close(descriptor)
        raise ValueError(f"{path}: expected a regular file of one name, without other hard links")
    with os.fdopen(descriptor, "rb") as file:
        yield SourceFile(path, file)


def _descriptor(start: Path, location: str) -> int:
    """Open a file folder by folder, so that no link is followed behind `start`."""
    *folders, name = location.split("/")
    folder = os.open(start, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            within = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = within
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


def _number(entries: Mapping[str, str], key: str, default: int, tensor: str) -> int:
    text = entries.get(key, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ValueError(f"{tensor}: {key} of its external data is {text[:40]!r}, expected a number")
    return int(text)
