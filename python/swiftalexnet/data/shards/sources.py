"""What shards are written from: encoded images with classes, read in any order."""

import hashlib
import os
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...files.paths import as_path, open_regular
from ..folder import ImageFolder
from .ilsvrc import is_tar, open_ilsvrc
from .parquet import ParquetImages, parquet_files


class EncodedImages(Protocol):
    """The interface that writing needs; a `ShardedDataset` has it, too."""

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes by label, if they have names."""

    @property
    def labels(self) -> NDArray[np.int32]:
        """Class of each image, [count]."""

    @property
    def names_digest(self) -> str:
        """SHA-256 of what tells these images from others: their names and sizes."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """Return an image's name."""

    def encoded(self, index: int) -> bytes:
        """Return the bytes of an image's file."""


class FolderImages:
    """The files of an `ImageFolder`."""

    def __init__(self, folder: ImageFolder):
        self._folder, self.classes, self.labels = folder, folder.classes, folder.labels
        digest = hashlib.sha256()
        for path, name in zip(folder.paths, folder.file_names, strict=True):
            digest.update(b"%s\0%d\0" % (name, os.stat(path).st_size))
        self.names_digest = digest.hexdigest()

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, index: int) -> str:
        """Return the path."""
        return str(self._folder.paths[index])

    def encoded(self, index: int) -> bytes:
        """Return the file's bytes."""
        with open_regular(self._folder.paths[index]) as file:
            return file.read()


def as_encoded_images(source: Any, labels: Any, operation: str, progress: bool = False) -> EncodedImages:
    """Return the images of a source.

    Parameters
    ----------
    source : path, ImageFolder or ShardedDataset
        A folder of class folders, files of parquet or a folder of them, or an archive of ILSVRC-2012.
    labels : path, optional
        Of the validation archive: the development kit.
    operation : str
        The beginning of messages.
    progress : bool
        Show a bar where this takes long.

    Raises
    ------
    TypeError, ValueError, OSError
        Not such a source, or it cannot be read.
    """
    if isinstance(source, ImageFolder):
        found: EncodedImages = FolderImages(source)
    elif all(hasattr(source, name) for name in ("encoded", "names_digest", "labels", "classes")):
        found = source
    elif files := parquet_files(source, operation):
        found = ParquetImages(files, operation)
    else:
        path = as_path(source, "source", operation)
        if is_tar(path):
            return open_ilsvrc(path, labels, operation, progress)
        found = FolderImages(ImageFolder(path))
    if labels is not None:
        raise ValueError(f"{operation}: labels are for ILSVRC2012_img_val.tar, this source has its own")
    return found
