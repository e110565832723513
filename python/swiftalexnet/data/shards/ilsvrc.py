"""The archives of ILSVRC-2012 as they are downloaded, read in place.

- ILSVRC2012_img_train.tar is a tar of one tar a class, named by its synset: n01440764.tar.
- ILSVRC2012_img_val.tar holds ILSVRC2012_val_00000001.JPEG and so on; their classes are lines of
  ILSVRC2012_validation_ground_truth.txt in the development kit, numbers that its meta.mat gives to synsets.

Labels are places in the sorted list of synsets, as in an `ImageFolder` of them, in torchvision and in Caffe.
"""

import hashlib
import re
import struct
from collections.abc import Iterator
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._support.progress import Progress
from ...files.paths import as_path, open_regular
from .devkit import read_devkit
from .openers import LocalFile, read_exactly
from .tar_members import BLOCK, Member, Read, members, parse_header
from .windows import windowed

_SYNSET = re.compile(r"(?:.*/)?(n\d{8})\.tar", re.ASCII)
_VALIDATION = re.compile(r"(?:.*/)?ILSVRC2012_val_(\d{8})\.JPEG", re.ASCII)
_ROW, _PACKED = np.dtype([("offset", "<u8"), ("size", "<u4"), ("label", "<i4")]), struct.Struct("<QIi")
_LARGEST = 2**32 - 1  # bytes of an image that a row can say


class ArchiveImages:
    """The images of a tar file, or of the tar files in it."""

    def __init__(self, file: LocalFile, path: Path, classes: tuple[str, ...], rows: NDArray[Any], names_digest: str):
        self._file, self._path, self._rows = file, path, rows
        self.classes: tuple[str, ...] | None = classes
        self.labels: NDArray[np.int32] = rows["label"].astype(np.int32)
        self.names_digest = names_digest

    def __len__(self) -> int:
        return len(self._rows)

    def name(self, index: int) -> str:
        """Return the archive's name and the image's."""
        header = parse_header(self._read(int(self._rows["offset"][index]) - BLOCK, BLOCK))
        return f"{self._path.name}/{header.name}"

    def encoded(self, index: int) -> bytes:
        """Return the image's bytes."""
        offset, size, _ = self._rows[index].item()
        return self._read(offset, size)

    def _read(self, offset: int, count: int) -> bytes:
        return read_exactly(self._file, str(self._path), offset, count)


def is_tar(path: Path) -> bool:
    """Return whether a file begins as a tar does.

    Raises
    ------
    OSError
        There is nothing of this name, or it cannot be read.
    """
    if path.is_dir():
        return False
    with open_regular(path) as file:
        try:
            parse_header(file.read(BLOCK).ljust(BLOCK, b"\0"))
        except ValueError:
            return False
    return True


def open_ilsvrc(
    path: Path, labels: str | PathLike[str] | None, operation: str, progress: bool = False
) -> ArchiveImages:
    """Return the images of one of the two archives.

    Parameters
    ----------
    path : path
    labels : path, optional
        Of the validation images: the development kit, packed or not.
    operation : str
        The beginning of messages.
    progress : bool
        Show a bar while headers are read.

    Raises
    ------
    OSError
        A file cannot be read.
    ValueError
        The archive is another one or cut short, or does not fit its labels.
    """
    file = LocalFile(str(path))
    try:
        rows, groups, digest = _scan(windowed(file, str(path)), file.size, progress)
    except ValueError as error:
        raise ValueError(f"{operation}: {path}: {error}") from error
    of_training = any(_SYNSET.fullmatch(f"{group}.tar") for group in groups)
    if of_training and labels is not None:
        raise ValueError(f"{operation}: labels are for the validation images; {path} has a tar file a class")
    if not of_training and labels is None:
        raise ValueError(
            f"{operation}: {path} does not say its images' classes: labels= is the development kit, "
            "ILSVRC2012_devkit_t12.tar.gz"
        )
    if of_training:
        classes = tuple(sorted(groups))
        rows["label"] = np.array([classes.index(group) for group in groups])[rows["label"]]
        return ArchiveImages(file, path, classes, rows, digest)
    classes, truth = read_devkit(as_path(labels, "labels", operation), operation)
    numbers = np.array([int(group) for group in groups], np.int64)[rows["label"]]
    rows = rows[np.argsort(numbers)]
    if not np.array_equal(np.sort(numbers), np.arange(1, len(truth) + 1)):
        raise ValueError(f"{operation}: {path} has {len(rows)} images, the labels are of {len(truth)}, numbered from 1")
    rows["label"] = truth
    return ArchiveImages(file, path, classes, rows, digest)


def _scan(read: Read, size: int, progress: bool) -> tuple[NDArray[Any], list[str], str]:
    """Return rows of an archive's images, whose label is a place in the list that follows, and the digest of names.

    The list has the synsets of inner tar files, or the numbers of validation images.
    """
    rows, digest, groups = bytearray(), hashlib.sha256(), dict[str, int]()
    with Progress(size, progress, "headers", unit="B") as bar:
        end = 0
        for member, group in _images(read, size):
            if member.size > _LARGEST:
                raise ValueError(f"member {member.name!r} has {member.size:,} bytes, expected at most {_LARGEST:,}")
            digest.update(f"{member.name}\0{member.size}\0".encode("utf-8", "surrogateescape"))
            rows += _PACKED.pack(member.offset, member.size, groups.setdefault(group, len(groups)))
            bar.advance(member.offset + member.size - end)
            end = member.offset + member.size
    return np.frombuffer(rows, _ROW), list(groups), digest.hexdigest()


def _images(read: Read, size: int) -> Iterator[tuple[Member, str]]:
    """Yield the images of an archive, those of inner tar files with their places in the outer one, and their groups."""
    for outer in members(read, size):
        synset, number = _SYNSET.fullmatch(outer.name), _VALIDATION.fullmatch(outer.name)
        if number is not None:
            yield outer, number[1]
            continue
        if synset is None:
            raise ValueError(f"member {outer.name!r}: expected n01440764.tar or ILSVRC2012_val_00000001.JPEG")
        inside: Read = partial(_shifted, read, outer.offset)
        try:
            for member in members(inside, outer.size):
                yield member._replace(offset=outer.offset + member.offset), synset[1]
        except ValueError as error:
            raise ValueError(f"{outer.name}: {error}") from error


def _shifted(read: Read, start: int, offset: int, count: int) -> bytes:
    return read(start + offset, count)
